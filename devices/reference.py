"""Plain numpy twin of `devices.kernels`: the same arithmetic, one line a formula."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]

MOST_PULSES = np.float32(1 << 30)
LARGEST_VARIANCE = np.float32(1e12)
"""Beyond this the result is one of the bounds anyway; keeps infinities out."""


def soft_bound_pulses(
    g: F32,
    step_up: F32,
    step_down: F32,
    bottom: F32,
    top: F32,
    count: F32,
    xi: F32,
    noise_up: np.float32,
    noise_down: np.float32,
    proportional: bool,
    span: np.float32,
) -> F32:
    """See `devices.kernels.soft_bound_pulses`; arrays of any one shape."""
    one = np.float32(1)
    follows = one if proportional else np.float32(0)
    up = count > 0
    a = np.where(up, step_up, step_down)
    mean, variance = np.ones_like(a), np.zeros_like(a)
    mean_2k, variance_2k = one - a, np.square(a * np.where(up, noise_up, noise_down))
    left = np.minimum(np.abs(count) + np.float32(0.5), MOST_PULSES).astype(np.int32)
    while left.any():
        odd = left % 2 == 1
        square = np.square(mean_2k)
        joined = (
            variance * (follows * variance_2k + square)
            + (follows * np.square(mean) + (one - follows)) * variance_2k
        )
        doubled = (
            variance_2k * (follows * variance_2k + square)
            + (follows * square + (one - follows)) * variance_2k
        )
        variance = np.where(odd, np.minimum(joined, LARGEST_VARIANCE), variance)
        mean = np.where(odd, mean * mean_2k, mean)
        variance_2k, mean_2k = np.minimum(doubled, LARGEST_VARIANCE), square
        left = left >> 1
    gap = np.where(up, top - g, g - bottom)
    rest = gap * mean - (gap if proportional else span) * np.sqrt(variance) * xi
    moved = np.clip(np.where(up, top - rest, bottom + rest), bottom, top)
    return np.where(np.abs(count) >= np.float32(0.5), moved, g)
