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


def affine_pulses(
    g: F32,
    count: F32,
    xi: F32,
    slope: tuple[F32, F32],
    first: tuple[F32, F32],
    gain: tuple[F32, F32],
    bounds: tuple[F32, F32],
    size: tuple[np.float32, np.float32],
    proportional: bool,
    ends: tuple[np.float32, np.float32],
    fresh: F32,
) -> None:
    """See `devices.affine_kernels.affine_pulses`: pulse after pulse, in float64; `count` to be moderate."""
    up = count > 0
    share = np.where(up, *gain).astype(np.float64)
    a = share * np.where(up, *slope)
    step = np.maximum(a * np.where(up, ends[1] - g, g - ends[0]) + share * np.where(up, *first), 0.0)
    spread = np.where(up, *size).astype(np.float64)
    n = np.floor(np.abs(count) + 0.5).astype(np.int64)
    # Of the next step over the first one: mean and variance. Of the way: mean and variance, over the step or absolute.
    ahead, total, variance = np.ones_like(a), np.zeros_like(a), np.zeros_like(a)
    for pulse in range(int(n.max(initial=0))):
        on = pulse < n
        fresh_noise = spread**2 * (ahead**2 + a**2 * variance) if proportional else (share * spread) ** 2
        variance = np.where(on, variance * (1.0 - a) ** 2 + fresh_noise, variance)
        total = np.where(on, total + ahead, total)
        ahead = np.where(on, ahead * (1.0 - a), ahead)
    sd = np.sqrt(variance) * (step if proportional else 1.0)
    change = step * total + sd * xi
    moved = np.clip(np.where(up, g + change, g - change), *bounds)
    fresh[:] = np.where(n >= 1, moved, g)
