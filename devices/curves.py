"""Curves over the relative level r = g / g_max, in which device papers print their statistics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from htm.pick import Params

F32 = NDArray[np.float32]

SMALLEST_LEVEL = np.float32(1e-7)
"""Floor of r inside a logarithm, as in IBM's aihwkit; every clipped curve is flat long before it."""


def polynomial(coefficients: Sequence[float], r: F32) -> F32:
    """``c0 + c1 r + c2 r^2 + ...`` where positive, else 0: a standard deviation.

    Parameters
    ----------
    coefficients : lowest order first
    r : relative level, any shape
    """
    total = np.full(r.shape, coefficients[-1], dtype=np.float32)
    for coefficient in reversed(coefficients[:-1]):
        total *= r
        total += np.float32(coefficient)
    return np.maximum(total, np.float32(0), out=total)


class ClippedLog(Params):
    """``slope ln(r) + intercept``, kept within `low` and `high`; from `split` up, if given, a polynomial."""

    slope: float = Field(description="change per natural logarithm of the relative level")
    intercept: float = Field(description="value at r = 1, before clipping")
    low: float = Field(description="least value")
    high: float = Field(description="greatest value")
    split: float | None = Field(
        default=None, gt=0.0, description="relative level from which on the polynomial holds; none: never"
    )
    poly: tuple[float, ...] = Field(
        default=(), description="coefficients in r from `split` on, lowest order first"
    )

    @model_validator(mode="after")
    def _check_order(self) -> ClippedLog:
        if self.low > self.high:
            raise ValueError(f"low: must not exceed high ({self.high:g}), got {self.low:g}")
        if (self.split is None) == bool(self.poly):
            raise ValueError("poly: must be given where split is, and only there")
        return self

    def at(self, r: F32) -> F32:
        """Value at relative level `r`, shaped like it."""
        value: F32 = np.log(np.maximum(r, SMALLEST_LEVEL))
        value *= np.float32(self.slope)
        value += np.float32(self.intercept)
        np.clip(value, np.float32(self.low), np.float32(self.high), out=value)
        if self.split is not None:
            beyond = polynomial(self.poly, r)
            beyond -= value
            beyond *= r >= np.float32(self.split)  # dearer to choose than to weigh
            value += beyond
        return value


def over(unit: float, *coefficients: float) -> tuple[float, ...]:
    """Coefficients as fractions of the range that they were published for."""
    return tuple(coefficient / unit for coefficient in coefficients)
