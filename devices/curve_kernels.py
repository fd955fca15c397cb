"""Hot loops over curves of the level and over the power law of drift. Flat arrays, one simple loop a purpose."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .vector_math import BLOCK, exp_flat, log_flat

F32 = NDArray[np.float32]


@njit(cache=True)
def polynomial_flat(coefficients: F32, r: F32, out: F32) -> None:
    """``c0 + c1 r + c2 r^2 + ...``, lowest order first, (n,) into `out`."""
    for start in range(0, r.size, BLOCK):
        n = min(BLOCK, r.size - start)
        x, total = r[start : start + n], out[start : start + n]
        total[:] = coefficients[-1]
        for k in range(coefficients.size - 2, -1, -1):
            c = coefficients[k]
            for i in range(n):
                total[i] = total[i] * x[i] + c


@njit(cache=True)
def not_negative(x: F32) -> None:
    """Raise negative numbers to 0, in place."""
    for i in range(x.size):
        x[i] = x[i] if x[i] > np.float32(0) else np.float32(0)


@njit(cache=True)
def clipped_line(
    x: F32, slope: np.float32, intercept: np.float32, low: np.float32, high: np.float32, out: F32
) -> None:
    """``slope x + intercept`` kept within `low` and `high`, (n,) into `out`."""
    for i in range(x.size):
        value = x[i] * slope + intercept
        value = value if value > low else low
        out[i] = value if value < high else high


@njit(cache=True)
def put_from(r: F32, split: np.float32, beyond: F32, value: F32) -> None:
    """Put `beyond` into `value` where r is `split` or more."""
    for i in range(r.size):
        below, above = value[i], beyond[i]
        value[i] = above if r[i] >= split else below


@njit(cache=True, error_model="numpy")
def power_law(age: F32, inverse_t0: np.float32, nu: F32, g: F32) -> None:
    """``g max(t / t0, 1)^-nu`` in place of the age t: all (n,), nu also (1,)."""
    one = np.float32(1)
    for start in range(0, age.size, BLOCK):
        n = min(BLOCK, age.size - start)
        x, before = age[start : start + n], g[start : start + n]
        for i in range(n):
            times = x[i] * inverse_t0
            x[i] = times if times > one else one
        log_flat(x, x)
        if nu.size == 1:
            for i in range(n):
                x[i] *= -nu[0]
        else:
            own = nu[start : start + n]
            for i in range(n):
                x[i] *= -own[i]
        exp_flat(x, x)
        for i in range(n):
            x[i] *= before[i]
