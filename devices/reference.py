"""Plain numpy twin of `devices.kernels`: the same arithmetic, one line a formula."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]

MOST_PULSES = np.float32(1 << 30)
LARGEST_VARIANCE = np.float32(1e12)
"""Beyond this the result is one of the bounds anyway; keeps infinities out."""
SMALLEST = np.float32(np.finfo(np.float32).tiny)
"""Keeps a division by 0 out where a cell does not move at all."""


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
    up = count > 0
    a = np.where(up, step_up, step_down)
    noise = np.square(a * np.where(up, noise_up, noise_down))
    pulses = np.minimum(np.abs(count) + np.float32(0.5), MOST_PULSES).astype(np.int32)
    mean, variance = (_proportional if proportional else _constant)(np.float32(1) - a, noise, pulses)
    gap = np.where(up, top - g, g - bottom)
    rest = gap * mean - (gap if proportional else span) * np.sqrt(variance) * xi
    moved = np.clip(np.where(up, top - rest, bottom + rest), bottom, top)
    return np.where(np.abs(count) >= np.float32(0.5), moved, g)


def _proportional(stays: F32, noise: F32, left: NDArray[np.int32]) -> tuple[F32, F32]:
    """Mean factor and variance of `left` pulses whose noise shrinks with the distance."""
    mean, variance = np.ones_like(stays), np.zeros_like(stays)
    while left.any():
        odd, square = left % 2 == 1, np.square(stays)
        joined = variance * (noise + square) + np.square(mean) * noise
        doubled = noise * (noise + square) + square * noise
        variance = np.where(odd, np.minimum(joined, LARGEST_VARIANCE), variance)
        mean = np.where(odd, mean * stays, mean)
        noise, stays = np.minimum(doubled, LARGEST_VARIANCE), square
        left = left >> 1
    return mean, variance


def _constant(stays: F32, noise: F32, left: NDArray[np.int32]) -> tuple[F32, F32]:
    """Mean factor and variance of `left` pulses whose noise keeps its size."""
    one, two = np.float32(1), np.float32(2)
    share = one - stays
    scale = noise / np.maximum(share * (two - share), SMALLEST)
    gone = np.zeros_like(stays)
    while left.any():
        gone = np.where(left % 2 == 1, gone + share - gone * share, gone)
        share = share * (two - share)
        left = left >> 1
    return one - gone, np.minimum(scale * (gone * (two - gone)), LARGEST_VARIANCE)
