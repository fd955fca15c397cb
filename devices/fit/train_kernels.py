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
FAR = 7.0
"""Standard deviations beyond which a Gaussian is not cut."""
FINEST = 1e-10
"""Least variance of a reading, in places: readings without any noise would be infinitely likely."""


@njit(cache=True)
def _log_normal(off: float, variance: float) -> float:
    """Logarithm of a Gaussian's density but for its constant."""
    return -0.5 * (math.log(variance) + off * off / variance)


@njit(cache=True)
def _beyond(distance: float) -> float:
    """Mass of a Gaussian beyond so many standard deviations."""
    return 0.5 * math.erfc(distance / ROOT_2) if distance < FAR else 0.0


@njit(cache=True)
def _cut(mean: float, variance: float, low: float, high: float) -> tuple[float, float, float]:
    """Mass of a Gaussian within `low`..`high`, and mean and variance of that part alone."""
    sd = math.sqrt(variance)
    if sd <= 1e-12:
        inside = 1.0 if low <= mean <= high else 0.0
        return inside, min(max(mean, low), high), 0.0
    a, b = (low - mean) / sd, (high - mean) / sd
    if a < -FAR and b > FAR:
        return 1.0, mean, variance
    # From the tail that is the smaller, so that no digits cancel.
    mass = (
        0.5 * (math.erfc(a / ROOT_2) - math.erfc(b / ROOT_2))
        if a > 0
        else 0.5 * (math.erfc(-b / ROOT_2) - math.erfc(-a / ROOT_2))
    )
    if mass < 1e-14:
        return 0.0, min(max(mean, low), high), 0.0
    at_a, at_b = math.exp(-0.5 * a * a) / ROOT_2PI / mass, math.exp(-0.5 * b * b) / ROOT_2PI / mass
    first = at_a - at_b
    slope = (a * at_a if a > -FAR else 0.0) - (b * at_b if b < FAR else 0.0)
    return mass, mean + sd * first, variance * max(1.0 + slope - first * first, 1e-9)


@njit(cache=True)
def step_of(v: float, unit: float, bent: F64) -> tuple[float, float]:
    """One step and its derivative at the place v along its direction.

    Parameters
    ----------
    unit : the step in the middle
    bent : s, k, kappa, least of ``unit max(least, (1 - s (v - 1/2) - k exp(kappa (v - 1/2))) / (1 - k))``
    """
    grown = bent[1] * math.exp(min(max(bent[2] * (v - 0.5), -50.0), 50.0)) if bent[1] != 0.0 else 0.0
    whole = 1.0 / max(1.0 - bent[1], 1e-3)
    y = whole * (1.0 - bent[0] * (v - 0.5) - grown)
    if y <= bent[3]:
        return unit * bent[3], 0.0
    return unit * y, unit * whole * (-bent[0] - bent[2] * grown)


@njit(cache=True)
def _pushed(x: float, variance: float, rises: bool, shared: F64, own: F64, law: int) -> tuple[float, float]:
    """Mean and variance of a state after one pulse, before bounds stop it."""
    c2c, besides, slanted = shared[NOISE], shared[NOISE + 1], shared[NOISE + 2]
    unit = own[0] if rises else own[1]
    if shared[SOFT] > 0.0:
        gap = own[3] - x if rises else x - own[2]
        step, slope = unit * gap, -unit
        unit *= shared[SOFT] if rises else shared[SOFT + 1]
    elif rises:
        step, slope = step_of(x, unit, shared[UP : UP + 4])
    else:
        step, slope = step_of(1.0 - x, unit, shared[DOWN : DOWN + 4])
    size = unit * unit if law == OWN else own[0] * own[1]
    if law == STEP:
        size = step * step + slope * slope * variance  # the step of a state not well known
    extra = besides + slanted * abs(x - shared[NOISE + 4])
    if extra > 0.0:
        root = math.sqrt(size) + extra
        size = root * root
    moved = x + step if rises else x - step
    return moved, variance * (1.0 + slope) ** 2 + c2c * c2c * size


@njit(cache=True)
def train_likelihood(
    seen: F64, polarity: NDArray[np.int64], shared: F64, own: F64, law: int, told: F64
) -> float:
    """Negative log likelihood of one cell's readings by a filter; constants left out.

    What is known of a cell is how likely it stands at its lower bound, at its upper one, or between them, where it is
    a Gaussian. Of a pulse from each of the three, what bounds cut off is exact; what is left between them is taken
    together to one Gaussian of the same mean and variance. Places are shares of a range that is the same for all
    cells. A RESET pulse walks along 1 - v as a SET along v.

    Parameters
    ----------
    seen, polarity : (n,) in the order of time; polarity 0 is a reading that nothing preceded, 2 a fresh start
    shared : s, k, kappa, least of SET; the same of RESET; of the noise: sd of a pulse over its size, a part of that
        size besides, the same per distance from a centre, sd of a reading, the centre; and for soft bounds, whose units
        are shares of the distance to a bound, what a SET and a RESET unit's noise is referred to (0: no soft bounds)
    own : units of SET and RESET, lower and upper bound
    law : what the size of a pulse's noise is: its `OWN` unit, its `STEP`, or the geometric mean of `BOTH` units
    told : set to the mean before each reading, (n,); or empty, where nobody asks
    """
    low, high = own[2], own[3]
    shown = shared[NOISE + 3] ** 2 + FINEST
    weights, places, spreads = np.zeros(3), np.zeros(3), np.zeros(3)  # at low, at high, between
    places[0], places[1], places[2] = low, high, min(max(seen[0], low), high)
    weights[2], spreads[2] = 1.0, shown
    logs, means, variances = np.empty(3), np.empty(3), np.empty(3)
    total = 0.0
    if told.size:
        told[0] = places[2]
    for i in range(1, seen.size):
        if polarity[i] == 0:
            if told.size:
                told[i] = weights[0] * low + weights[1] * high + weights[2] * places[2]
            continue
        if polarity[i] == 2:
            weights[0] = weights[1] = 0.0
            weights[2], places[2], spreads[2] = 1.0, min(max(seen[i], low), high), shown
            if told.size:
                told[i] = places[2]
            continue
        if weights[2] > 1.0 - 1e-12:
            moved, variance = _pushed(places[2], spreads[2], polarity[i] > 0, shared, own, law)
            reach, whole = FAR * math.sqrt(variance), variance + shown
            gain, off = variance / whole, seen[i] - moved
            after = moved + gain * off
            if low < min(moved, after) - reach and max(moved, after) + reach < high:  # far from both bounds
                if told.size:
                    told[i] = moved
                total -= _log_normal(off, whole)
                weights[0] = weights[1] = 0.0
                weights[2], places[2], spreads[2] = 1.0, after, variance * (1.0 - gain)
                continue
        at_low = at_high = expected = 0.0
        for k in range(3):
            logs[k] = -math.inf
            if weights[k] < 1e-12:
                continue
            moved, variance = _pushed(places[k], spreads[k], polarity[i] > 0, shared, own, law)
            sd = math.sqrt(variance) + 1e-15
            below, above = _beyond((moved - low) / sd), _beyond((high - moved) / sd)
            at_low += weights[k] * below
            at_high += weights[k] * above
            if told.size:
                inside, middle, _ = _cut(moved, variance, low, high)
                expected += weights[k] * (below * low + above * high + inside * middle)
            whole = variance + shown
            gain, off = variance / whole, seen[i] - moved
            mass, means[k], variances[k] = _cut(moved + gain * off, variance * (1.0 - gain), low, high)
            if mass > 0.0:
                logs[k] = math.log(weights[k] * mass) + _log_normal(off, whole)
        if told.size:
            told[i] = expected
        from_low = math.log(at_low) + _log_normal(seen[i] - low, shown) if at_low > 1e-300 else -math.inf
        from_high = math.log(at_high) + _log_normal(seen[i] - high, shown) if at_high > 1e-300 else -math.inf
        most = max(from_low, from_high, logs[0], logs[1], logs[2])
        if most == -math.inf:
            return LARGEST
        weights[0], weights[1] = math.exp(from_low - most), math.exp(from_high - most)
        between = mean = square = 0.0
        for k in range(3):
            if logs[k] > -math.inf:
                weight = math.exp(logs[k] - most)
                between += weight
                mean += weight * means[k]
                square += weight * (variances[k] + means[k] ** 2)
        weights[2] = between
        if between > 0.0:
            places[2] = mean / between
            spreads[2] = max(square / between - places[2] ** 2, 0.0)
        evidence = weights[0] + weights[1] + between
        total -= most + math.log(evidence)
        weights /= evidence
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
