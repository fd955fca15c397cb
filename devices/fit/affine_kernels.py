"""Likelihood of pulse trains of a cell whose step is an affine function of its conductance."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

F64 = NDArray[np.float64]


@njit(cache=True)
def negative_log_likelihood(
    seen: F64,
    polarity: NDArray[np.int64],
    shares: tuple[float, float],
    ends: tuple[float, float],
    noise: tuple[float, float],
    shown: float,
    proportional: bool,
    told: F64,
) -> float:
    """Kalman filter over one cell's readings; constants left out.

    The state x goes by ``x + a (high - x)`` at a SET and ``x - b (x - low)`` at a RESET pulse, each with noise of its
    own; readings have independent noise `shown`. A reading of polarity 0 is taken of a cell that nobody moved and
    tells nothing new, but the first.

    Parameters
    ----------
    seen, polarity : (n,) in the order of time [S]
    shares : a, b
    ends : high, low [S]
    noise : sd of a SET and a RESET pulse [S]; over the step where `proportional`
    shown : sd of a reading [S]
    told : set to the mean of the state before each reading, (n,) [S]
    """
    x, variance, total = seen[0], shown * shown, 0.0
    told[0] = x
    for i in range(1, seen.size):
        told[i] = x
        if polarity[i] == 0:
            continue
        up = polarity[i] > 0
        share = shares[0] if up else shares[1]
        step = share * ((ends[0] if up else ends[1]) - x)
        spread = noise[0] if up else noise[1]
        if proportional:
            spread *= math.sqrt(
                step * step + share * share * variance
            )  # the step is that of a state not well known
        x += step
        told[i] = x
        variance = variance * (1.0 - share) ** 2 + spread * spread
        whole = variance + shown * shown
        off = seen[i] - x
        total += 0.5 * (math.log(whole) + off * off / whole)
        gain = variance / whole
        x += gain * off
        variance *= 1.0 - gain
    return total


@njit(cache=True)
def course(
    start: float,
    polarity: NDArray[np.int64],
    shares: tuple[float, float],
    ends: tuple[float, float],
    out: F64,
) -> None:
    """Where a cell without noise goes, into `out` (n,) [S]."""
    x = start
    for i in range(polarity.size):
        if polarity[i] > 0:
            x += shares[0] * (ends[0] - x)
        elif polarity[i] < 0:
            x += shares[1] * (ends[1] - x)
        out[i] = x
