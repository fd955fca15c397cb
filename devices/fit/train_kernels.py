"""Likelihood of pulse trains of cells whose step bends along the range and stops at bounds of the cell's own."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

F64 = NDArray[np.float64]

ROOT_2, ROOT_2PI = math.sqrt(2.0), math.sqrt(2.0 * math.pi)
UP, DOWN, NOISE, SOFT = 0, 4, 8, 13
"""Where a direction's four numbers begin in the shared ones, the noise's, and those of soft bounds."""
OWN, STEP, BOTH = 0, 1, 2
LARGEST = 1e300


@njit(cache=True)
def _clipped(mean: float, variance: float, low: float, high: float) -> tuple[float, float]:
    """Mean and variance of a Gaussian that is clipped to `low`..`high` (its mass beyond lies at the bound)."""
    sd = math.sqrt(variance)
    if sd <= 1e-12:
        return min(max(mean, low), high), variance
    a, b = (low - mean) / sd, (high - mean) / sd
    if a < -6.0 and b > 6.0:
        return mean, variance
    below, above = 0.5 * math.erfc(-a / ROOT_2), 0.5 * math.erfc(b / ROOT_2)
    at_a, at_b = math.exp(-0.5 * a * a) / ROOT_2PI, math.exp(-0.5 * b * b) / ROOT_2PI
    inside = max(1.0 - below - above, 0.0)
    first = below * a + above * b + at_a - at_b
    second = below * a * a + above * b * b + inside + a * at_a - b * at_b
    return mean + sd * first, variance * max(second - first * first, 1e-6)


@njit(cache=True)
def step_of(v: float, unit: float, bent: F64) -> tuple[float, float]:
    """One step and its derivative at the place v along its direction.

    Parameters
    ----------
    unit : the step in the middle
    bent : s, k, kappa, least of ``unit max(least, (1 - s (v - 1/2) - k exp(kappa (v - 1/2))) / (1 - k))``
    """
    grown = bent[1] * math.exp(min(max(bent[2] * (v - 0.5), -50.0), 50.0))
    whole = 1.0 / max(1.0 - bent[1], 1e-3)
    y = whole * (1.0 - bent[0] * (v - 0.5) - grown)
    if y <= bent[3]:
        return unit * bent[3], 0.0
    return unit * y, unit * whole * (-bent[0] - bent[2] * grown)


@njit(cache=True)
def train_likelihood(
    seen: F64, polarity: NDArray[np.int64], shared: F64, own: F64, law: int, told: F64
) -> float:
    """Negative log likelihood of one cell's readings, by an extended Kalman filter; constants left out.

    Places are shares of a range that is the same for all cells. A RESET pulse walks along 1 - v as a SET along v.

    Parameters
    ----------
    seen, polarity : (n,) in the order of time; polarity 0 is a reading that nothing preceded, 2 a fresh start
    shared : s, k, kappa, least of SET; the same of RESET; of the noise: sd of a pulse over its size, a part of that
        size besides, the same per distance from a centre, sd of a reading, the centre; and for soft bounds, whose units
        are shares of the distance to a bound, what a SET and a RESET unit's noise is referred to (0: no soft bounds)
    own : units of SET and RESET, lower and upper bound
    law : what the size of a pulse's noise is: its `OWN` unit, its `STEP`, or the geometric mean of `BOTH` units
    told : set to the mean before each reading, (n,)
    """
    c2c, besides, slanted, shown = shared[NOISE], shared[NOISE + 1], shared[NOISE + 2], shared[NOISE + 3]
    low, high = own[2], own[3]
    x, variance, total = min(max(seen[0], low), high), shown * shown, 0.0
    told[0] = x
    for i in range(1, seen.size):
        told[i] = x
        if polarity[i] == 0:
            continue
        if polarity[i] == 2:
            x, variance = min(max(seen[i], low), high), shown * shown
            told[i] = x
            continue
        rises = polarity[i] > 0
        unit = own[0] if rises else own[1]
        if shared[SOFT] > 0.0:
            gap = high - x if rises else x - low
            step, slope = unit * gap, -unit
            unit *= shared[SOFT] if rises else shared[SOFT + 1]
        elif rises:
            step, slope = step_of(x, unit, shared[UP : UP + 4])
        else:
            step, slope = step_of(1.0 - x, unit, shared[DOWN : DOWN + 4])
        moved = x + step if rises else x - step
        size = unit * unit if law == OWN else own[0] * own[1]
        if law == STEP:
            size = step * step + slope * slope * variance  # the step of a state not well known
        extra = besides + slanted * abs(x - shared[NOISE + 4])
        if extra > 0.0:
            root = math.sqrt(size) + extra
            size = root * root
        variance = variance * (1.0 + slope) ** 2 + c2c * c2c * size
        x, variance = _clipped(moved, variance, low, high)
        told[i] = x
        whole = variance + shown * shown
        off = seen[i] - x
        total += 0.5 * (math.log(whole) + off * off / whole)
        gain = variance / whole
        x += gain * off
        variance *= 1.0 - gain
    return total if total < LARGEST else LARGEST


@njit(cache=True)
def noiseless_course(seen: F64, polarity: NDArray[np.int64], shared: F64, own: F64, out: F64) -> None:
    """Where a cell without noise goes from its first reading, and from every fresh start, into `out`, (n,)."""
    low, high = own[2], own[3]
    x = seen[0]
    for i in range(seen.size):
        if i == 0 or polarity[i] == 2:
            x = min(max(seen[i], low), high)
        elif polarity[i] != 0:
            x = min(max(x + _signed_step(x, polarity[i] > 0, shared, own), low), high)
        out[i] = x


@njit(cache=True)
def _signed_step(x: float, rises: bool, shared: F64, own: F64) -> float:
    unit = own[0] if rises else own[1]
    step, sign = 0.0, 1.0 if rises else -1.0
    if shared[SOFT] > 0.0:
        step = unit * (own[3] - x) if rises else unit * (x - own[2])
    elif rises:
        step, _ = step_of(x, unit, shared[UP : UP + 4])
    else:
        step, _ = step_of(1.0 - x, unit, shared[DOWN : DOWN + 4])
    return sign * step
