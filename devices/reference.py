"""Plain numpy twin of `devices.kernels`: the same arithmetic, one line a formula."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .exp_step import Course

F32 = NDArray[np.float32]

MOST_PULSES = np.float32(1 << 30)
LARGEST_VARIANCE = np.float32(1e12)
"""Beyond this the result is one of the bounds anyway; keeps infinities out."""
SMALLEST = np.float32(np.finfo(np.float32).tiny)
"""Keeps a division by 0 out where a cell does not move at all."""
_HIGHEST = np.float32(60.0)
"""Largest exponent: beyond it a float32 overflows, and an exponential step is at its limit anyway."""


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


def course_noise(course: Course, v: F32, y: F32, gain: F32) -> F32:
    """Sd of one pulse of a cell at v that steps by y times its nominal."""
    sd = np.float32(course.step) * gain * y
    if course.add > 0.0 or course.slope > 0.0:
        sd += np.float32(course.add) + np.float32(course.slope) * np.abs(v - np.float32(course.symmetry))
    return sd * np.float32(course.c2c)


def course_pulse(course: Course, v: F32, n: F32, gain: F32, xi: F32) -> F32:
    """v after n >= 0 pulses, all arrays of one shape; unclipped.

    The first pulse is exact. The others follow the differential equation ``dv/dn = step (1 - q)``, q = k
    exp(kappa v), which has a closed solution, corrected to second order for the finite step and for the mean
    effect of noise on a curved course. The variance carries each pulse's noise along the course by the ratio of
    the steps at its end and at its place (Simpson's rule over the others).
    """
    if not n.size or float(n.max()) < 0.5:
        return v
    one, zero = np.float32(1), np.float32(0)
    h = np.float32(course.step * course.kappa) * gain
    y0 = course.at(v)
    first = v + np.float32(course.step) * gain * y0
    rest = np.maximum(n - one, zero)
    noise0 = course_noise(course, v, y0, gain)
    if float(rest.max()) < 0.5:
        moved = first + noise0 * xi
        return np.where(n >= 0.5, moved, v)
    q1 = one - course.at(first)
    y1 = one - q1
    left = np.exp(np.clip(-h * rest, -_HIGHEST, _HIGHEST))
    d = np.maximum(q1 + y1 * left, np.float32(1e-20))
    change = np.log(d) * np.float32(-1.0 / course.kappa)
    yn = y1 * left / d
    q_sum = rest - change / (np.float32(course.step) * gain)  # integral of q over the pulses
    curve = np.float32(0.5) * h * ((one + np.float32(course.c2c**2)) * q_sum)
    curve -= np.float32(0.5 * course.c2c**2) * rest * h * (one - yn)
    mean = first + change + np.float32(course.step) * gain * yn * curve
    carried = yn / np.maximum(y1, np.float32(1e-12))
    variance = np.square(noise0 * carried)
    if course.add > 0.0 or course.slope > 0.0:
        half = np.sqrt(left)
        d_half = np.maximum(q1 + y1 * half, np.float32(1e-20))
        y_half = y1 * half / d_half
        v_half = first + np.log(d_half) * np.float32(-1.0 / course.kappa)
        ends = np.square(course_noise(course, first, y1, gain) * carried) + np.square(
            course_noise(course, mean, yn, gain)
        )
        middle = np.square(
            course_noise(course, v_half, y_half, gain) * yn / np.maximum(y_half, np.float32(1e-12))
        )
        variance += rest * (ends + 4 * middle) / np.float32(6)
    else:
        variance += rest * np.square(course_noise(course, first, yn, gain))
    moved = np.where(rest >= 0.5, mean + np.sqrt(variance) * xi, first + noise0 * xi)
    return np.where(n >= 0.5, moved, v)


def course_pulses_to(course: Course, v: F32, target: F32) -> F32:
    """Nominal number of pulses from v up to `target`, 0 where it is not above; a real number."""
    q0 = 1 - course.at(v)
    ahead = np.maximum(target - v, np.float32(0))
    d = np.exp(np.minimum(ahead * np.float32(-course.kappa), _HIGHEST))
    flown = np.log(np.maximum((d - q0) / np.maximum(1 - q0, np.float32(1e-12)), np.float32(1e-20)))
    flown *= np.float32(-1.0 / (course.step * course.kappa))
    # `flown` pulses of the differential equation are fewer real ones, by the same correction.
    q_sum = flown - ahead / np.float32(course.step)
    pulses: F32 = np.maximum(flown - np.float32(0.5 * course.step * course.kappa) * q_sum, np.float32(0))
    return pulses
