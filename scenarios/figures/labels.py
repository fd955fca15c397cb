"""Names, units and meanings of swept keys, asked of the configuration's own fields."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from devices.units import parse_quantity, unit_of
from htm.pick import BadInput

_PREFIXES = {1e9: "G", 1e6: "M", 1e3: "k", 1.0: "", 1e-3: "m", 1e-6: "µ", 1e-9: "n", 1e-12: "p", 1e-15: "f"}
_SCALABLE = {"S", "V", "A", "W", "J", "s", "ohm", "Hz", "F", "m"}
_SIGN = {"ohm": "Ω", "m2": "m²"}


@dataclass(frozen=True)
class Label:
    """What an axis is called.

    Attributes
    ----------
    key : dotted key
    unit : SI unit, empty where the value has none
    meaning : the field's description, empty where the key has no field
    """

    key: str
    unit: str = ""
    meaning: str = ""

    def prefix(self, values: Sequence[float]) -> tuple[float, str]:
        """Factor and unit to show `values` in, e.g. ``(1e6, "µS")``."""
        return si_scale(values, self.unit)

    def text(self, values: Sequence[float] = ()) -> str:
        """``key (unit)`` and the meaning beneath."""
        _, unit = self.prefix(values)
        first = f"{self.key} ({unit})" if unit else self.key
        return "\n".join([first, *textwrap.wrap(self.meaning, 95, max_lines=2, placeholder=" …")])


def si_scale(values: Sequence[float], unit: str) -> tuple[float, str]:
    """Factor and prefixed unit in which the largest of `values` is between 1 and 1000.

    Parameters
    ----------
    values : in SI; NaN and 0 are left out
    unit : SI unit; one that takes no prefix (none at all, m2) is returned as it is
    """
    sizes = [abs(float(value)) for value in values if math.isfinite(value) and value != 0]
    name = _SIGN.get(unit, unit)
    if unit not in _SCALABLE or not sizes:
        return 1.0, name
    top = max(sizes)
    for size, letter in _PREFIXES.items():
        # Long times stay in seconds: nobody reads kiloseconds.
        if top >= size * 0.9995 and not (unit == "s" and size > 1.0):
            return 1.0 / size, letter + name
    return 1e15, f"f{name}"


def as_number(value: Any, unit: str) -> float:
    """A swept value as a number in SI, NaN where it is none (a word, a switch, nothing)."""
    if value is None or isinstance(value, bool) or type(value).__name__ == "bool":
        return math.nan
    try:
        return float(parse_quantity(value, unit) if unit and isinstance(value, str) else value)
    except (TypeError, ValueError):
        return math.nan


def label_of(key: str, manifest: Mapping[str, Any]) -> Label:
    """Label of a swept key: unit and description of its field, or the bare key where no field is found.

    Parameters
    ----------
    key : dotted key, e.g. ``device.g_max``
    manifest : of the run; its scenario and base say which configuration and which device the key belongs to
    """
    field = _declared(key, manifest)
    if field is None:
        return Label(key)
    # Units stand in brackets in descriptions too; one of them is enough on an axis.
    meaning = re.sub(r"\s*\[[^\]]*\]\s*$", "", field.description or "")
    return Label(key, unit_of(field), meaning)


def _declared(key: str, manifest: Mapping[str, Any]) -> Any:
    """The field that `key` names in the parameters of the run, none where there is none any more.

    A label is worth less than a picture: results from another version, whose parameters no longer load,
    are drawn with bare keys.
    """
    from ..config import load_resolved

    try:
        owner: Any = load_resolved(manifest.get("base") or {})
    except (BadInput, ImportError):
        return None
    *sections, last = key.split(".")
    for section in sections:
        owner = getattr(owner, section, None)
    return type(owner).model_fields.get(last) if isinstance(owner, BaseModel) else None
