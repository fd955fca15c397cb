"""Quantities in SI units; text with a unit is accepted at the edge: ``"100 uS"``, ``"1.5 kohm"``."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

_PREFIX = {"": "", "f": "e-15", "p": "e-12", "n": "e-9", "u": "e-6", "µ": "e-6", "μ": "e-6", "m": "e-3",
           "k": "e3", "M": "e6", "G": "e9"}  # fmt: skip
_NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(\S*)\s*")
_TIME = {"min": 60.0, "h": 3600.0, "d": 86400.0, "day": 86400.0, "days": 86400.0}


def parse_quantity(value: Any, unit: str) -> Any:
    """SI number of a text like ``"100 uS"``; anything that is not text passes unchanged.

    Parameters
    ----------
    value : what the user gave
    unit : the unit that it must have, e.g. ``"S"``

    Raises
    ------
    ValueError
        Where the text is no number, or its unit is another one.
    """
    if not isinstance(value, str):
        return value
    match = _NUMBER.fullmatch(value)
    if match is None:
        raise ValueError(f"must be a number in {unit}, such as '1 {unit}'")
    number, given = match.groups()
    if given in ("", unit):
        return float(number)
    if unit == "s" and given in _TIME:
        return float(number) * _TIME[given]
    prefix = given.removesuffix(unit)
    if prefix == given or prefix not in _PREFIX:
        raise ValueError(f"must be in {unit} (with a prefix such as n, u, m, k)")
    exponent = _PREFIX[prefix]
    # One decimal text gives the nearest float; a product of two floats would not.
    mantissa, _, given_exponent = number.lower().partition("e")
    return float(f"{mantissa}e{int(given_exponent or 0) + int(exponent[1:] or 0)}")


def _parsed(unit: str) -> BeforeValidator:
    return BeforeValidator(lambda value: parse_quantity(value, unit))


def _unit(unit: str) -> Any:
    return Field(json_schema_extra={"unit": unit})


Siemens = Annotated[float, _parsed("S"), _unit("S")]
Ohm = Annotated[float, _parsed("ohm"), _unit("ohm")]
Volt = Annotated[float, _parsed("V"), _unit("V")]
Ampere = Annotated[float, _parsed("A"), _unit("A")]
Second = Annotated[float, _parsed("s"), _unit("s")]
Joule = Annotated[float, _parsed("J"), _unit("J")]
Watt = Annotated[float, _parsed("W"), _unit("W")]
Kelvin = Annotated[float, _parsed("K"), _unit("K")]
ElectronVolt = Annotated[float, _parsed("eV"), _unit("eV")]
SquareMetre = Annotated[float, _parsed("m2"), _unit("m2")]


def unit_of(schema: Any) -> str:
    """Unit of a pydantic field, or an empty text."""
    extra = getattr(schema, "json_schema_extra", None)
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""
