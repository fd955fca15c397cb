"""Pulse trains: which model, and its fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np

from htm.pick import BadInput, nearest

from ..measurements import PulseTrains
from .binary import fit_binary_vcm
from .exp_step import fit_exp_step, fit_one_sided_pcm
from .linear_step import fit_linear_step
from .neurosim import fit_neurosim
from .result import Fit
from .soft_bounds import fit_soft_bounds

PULSED: dict[str, Callable[[PulseTrains], Fit]] = {
    "soft_bounds": fit_soft_bounds,
    "linear_step": fit_linear_step,
    "exp_step": fit_exp_step,
    "neurosim": fit_neurosim,
    "one_sided_pcm": fit_one_sided_pcm,
    "binary_vcm": fit_binary_vcm,
}
"""Models that pulse trains are fitted with, and how."""

TRIED = ("soft_bounds", "linear_step", "exp_step")
"""Models that are tried where none is named. A `neurosim` course is a `linear_step` in other words, and what
`one_sided_pcm` leaves out of its likelihood (all RESETs) keeps it from being compared."""
FEW = 4
"""Cells on which they are tried."""


def fit_pulses(data: PulseTrains, model: str | None = None) -> Fit:
    """Fit a model of `PULSED`; where none is named, `binary_vcm` where the cells leap, else the likeliest of `TRIED`.

    Parameters
    ----------
    data : conductances before and after identical pulses of both polarities
    model : a name, or none
    """
    if model is None:
        return PULSED["binary_vcm"](data) if _is_binary(data) else _likeliest(data)
    if model not in PULSED:
        raise BadInput(
            f"--model: pulse trains are fitted with {' or '.join(PULSED)}, got {model!r} {nearest(model, PULSED)}"
        )
    return PULSED[model](data)


def _likeliest(data: PulseTrains) -> Fit:
    """The fit with the least BIC over a few cells; the others' are told."""
    few = np.isin(data.device, np.unique(data.device)[:FEW])
    pilot = PulseTrains(**{field.name: getattr(data, field.name)[few] for field in fields(PulseTrains)})
    tried = {name: PULSED[name](pilot) for name in TRIED}
    best = min(tried, key=lambda name: tried[name].goodness["BIC"])
    fit = tried[best] if few.all() else PULSED[best](data)
    least = tried[best].goodness["BIC"]
    others = ", ".join(
        f"{name} {one.goodness['BIC'] - least:+.0f}" for name, one in tried.items() if name != best
    )
    return replace(
        fit, notes=(*fit.notes, f"{best} is the likeliest of those tried; BIC of the others: {others}")
    )


def _is_binary(data: PulseTrains) -> bool:
    """Whether nearly no change is small: a binary cell leaps between its states or stays as it is."""
    order = np.lexsort((data.pulse, data.cycle, data.device))
    g, device = data.conductance[order], data.device[order]
    same = device[1:] == device[:-1]
    change = np.abs(np.diff(g)[same])
    span = float(np.ptp(g))
    if span <= 0.0:
        return False
    leaps, moves = change > 0.5 * span, change > 0.05 * span
    return bool(leaps.sum() >= 4 and leaps.sum() > 0.5 * moves.sum())
