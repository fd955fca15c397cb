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
    from .curve_kernels import not_negative  # numba takes seconds to import: only for who asks

    total = signed_polynomial(coefficients, r)
    not_negative(total.reshape(-1))
    return total


def signed_polynomial(coefficients: Sequence[float], r: F32) -> F32:
    """``c0 + c1 r + c2 r^2 + ...``, whatever its sign."""
    from .curve_kernels import polynomial_flat

    total = np.empty(np.shape(r), dtype=np.float32)
    polynomial_flat(np.array(coefficients, dtype=np.float32), np.ravel(r), total.reshape(-1))
    return total


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

    def at(self, r: F32, log_r: F32 | None = None) -> F32:
        """Value at relative level `r`, shaped like it.

        Parameters
        ----------
        log_r : `log_level` of `r`, where several curves share it
        """
        from .curve_kernels import clipped_line, put_from

        slope, intercept = np.float32(self.slope), np.float32(self.intercept)
        low, high = np.float32(self.low), np.float32(self.high)
        value = np.empty(np.shape(r), dtype=np.float32)
        logs = np.ravel(log_level(r) if log_r is None else log_r)
        clipped_line(logs, slope, intercept, low, high, value.reshape(-1))
        if self.split is not None:
            put_from(np.ravel(r), np.float32(self.split), polynomial(self.poly, r).ravel(), value.reshape(-1))
        return value


def log_level(r: F32) -> F32:
    """Natural logarithm of relative levels, floored at `SMALLEST_LEVEL`."""
    return log_in_place(np.maximum(r, SMALLEST_LEVEL))


def log_in_place(x: F32) -> F32:
    """Natural logarithm of positive normal numbers in place of them; any shape, no gaps in memory."""
    from .vector_math import log_flat

    flat = _flat(x)
    log_flat(flat, flat)
    return x


def exp_in_place(x: F32) -> F32:
    """Exponential of numbers from -87 to 88 in place of them; any shape, no gaps in memory."""
    from .vector_math import exp_flat

    flat = _flat(x)
    exp_flat(flat, flat)
    return x


def _flat(x: F32) -> F32:
    """The same numbers in the order of the memory: what an index gave may lie column by column."""
    flat = x.ravel(order="K")
    if flat.size and not np.may_share_memory(flat, x):
        raise ValueError("in place needs an array without gaps")
    return flat


def over(unit: float, *coefficients: float) -> tuple[float, ...]:
    """Coefficients as fractions of the range that they were published for."""
    return tuple(coefficient / unit for coefficient in coefficients)
