"""One device of several fits: pulses or retention say which model, reads and I-V curves add to any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from htm.pick import BadInput, one_line, pick

from ..model import DeviceModel
from ..models import MODELS
from .result import Estimate, Fit

_CHOOSERS = ("pulses", "retention")
_BEST = {"read": "reads", "rtn": "reads", "flicker": "reads", "iv": "iv", "drift": "retention", "leak": "retention",
         "activation": "retention", "relaxation": "retention"}  # fmt: skip
"""The measurement made for the parameters whose name begins so: it holds where another also has a guess."""


def device_of(fits: Sequence[Fit], names: Sequence[str] = ()) -> DeviceModel:
    """Device with the parameters of all fits.

    A field that several fits give is taken from the one whose data determine it. Where two do, their 95 %
    intervals must overlap, and the narrower holds.

    Parameters
    ----------
    fits : of one device, of different kinds
    names : of their files, for complaints; none: their kinds

    Raises
    ------
    BadInput
        Where no fit chooses a model, or two contradict each other.
    """
    names = list(names) or [fit.kind for fit in fits]
    model = pick(MODELS, _model(fits, names), "model")
    held: dict[str, int] = {}
    for at, fit in enumerate(fits):
        for key in fit.values:
            if key not in model.model_fields:
                raise BadInput(f"{names[at]}: found {key}, which the model {_word(model)} has not")
            held[key] = at if key not in held else _chosen(key, fits, held[key], at, names)
    values: dict[str, Any] = {key: fits[at].values[key] for key, at in held.items()}
    missing = [key for key, field in model.model_fields.items() if field.is_required() and key not in values]
    if missing and all(fit.kind != "pulses" for fit in fits):
        raise BadInput(
            f"{', '.join(names)}: no device of the model {_word(model)} without {', '.join(missing)}; "
            "add a file of pulses"
        )
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise BadInput(f"{', '.join(names)}: {one_line('', error, model=model)}") from None


def _word(model: type[DeviceModel]) -> str:
    return next(word for word, known in MODELS.items() if known is model)


def _model(fits: Sequence[Fit], names: Sequence[str]) -> str:
    """The model that all fits fit into; that of the pulses, if there is a choice."""
    choosing = [(name, fit) for name, fit in zip(names, fits, strict=True) if fit.model]
    choosing.sort(key=lambda one: _rank(one[1]))
    if not choosing:
        raise BadInput(
            f"{', '.join(names)}: drift, reads and I-V curves alone make no device; add a file of pulses"
        )
    for _, candidate in choosing:
        fields = pick(MODELS, candidate.model, "model").model_fields
        if all(fit.model == candidate.model or _own(fit) <= fields.keys() for _, fit in choosing):
            return candidate.model
    (first, one), (second, other) = (
        choosing[0],
        next(pair for pair in choosing[1:] if pair[1].model != choosing[0][1].model),
    )
    strange = ", ".join(sorted(_own(other) - pick(MODELS, one.model, "model").model_fields.keys()))
    raise BadInput(
        f"{first} fits the model {one.model} and {second} the model {other.model}, and neither has all of the other's "
        f"parameters ({one.model} lacks {strange}); choose one for both: --model NAME"
    )


def _rank(fit: Fit) -> int:
    return _CHOOSERS.index(fit.kind) if fit.kind in _CHOOSERS else len(_CHOOSERS)


def _own(fit: Fit) -> set[str]:
    return set(fit.values)


def _chosen(key: str, fits: Sequence[Fit], first: int, second: int, names: Sequence[str]) -> int:
    """Which of two fits a field is taken from."""
    one, other = fits[first], fits[second]
    if one.values[key] == other.values[key]:
        return first
    known, also = _estimates(one, key), _estimates(other, key)
    if not (known and also):
        if known or also:
            return first if known else second
        return first if _rank(one) <= _rank(other) else second
    for name in known.keys() & also.keys():
        low, high = max(known[name].low, also[name].low), min(known[name].high, also[name].high)
        if low > high:
            raise BadInput(
                f"{names[first]} and {names[second]} disagree on {name}: {_shown(known[name])} and "
                f"{_shown(also[name])}; fit one of them alone, or leave one out"
            )
    best = next((kind for start, kind in _BEST.items() if key.startswith(start)), "")
    if best in (one.kind, other.kind):
        return first if one.kind == best else second
    return first if _width(known) <= _width(also) else second


def _estimates(fit: Fit, key: str) -> Mapping[str, Estimate]:
    """Identified estimates of a field, or of the parts of a nested one, by name."""
    return {
        one.name: one
        for one in fit.estimates
        if one.identified and one.name.partition(".")[0].partition("[")[0] == key
    }


def _width(estimates: Mapping[str, Estimate]) -> float:
    return sum(one.high - one.low for one in estimates.values())


def _shown(one: Estimate) -> str:
    return f"{one.value:.4g} [{one.low:.4g}, {one.high:.4g}] {one.unit}".rstrip()
