"""Hot loops of the device models. Pure: random numbers are drawn outside.

Each has a plain numpy twin, in `devices.reference` or in the model's general way; tests hold the two equal.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .reference import LARGEST_VARIANCE, MOST_PULSES, SMALLEST

F32 = NDArray[np.float32]

SIX, SEVEN = (1, 2, 4, 8, 16, 32), (1, 2, 4, 8, 16, 32, 64)
"""Binary digits."""
FEW, SOME = np.float32(63.5), np.float32(127.5)
"""Fewer pulses than this have six binary digits, and seven."""
BLOCK = 512
"""Cells worked on together: the scratch arrays of a block stay in the first-level cache."""


@njit(cache=True)
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
    """Conductance after `count` pulses toward a soft bound, one Gaussian draw for all of them.

    A pulse takes the distance x to its bound to ``x (1 - a) - a n xi s``, with s = x where the noise is
    `proportional` to the distance and s = `span` where it is constant. After k pulses x has the mean M x and
    the variance V s^2. Where the noise is proportional, j + k pulses follow from j and from k by
    ``M_j M_k`` and ``V_j (V_k + M_k^2) + M_j^2 V_k``. Where it is constant, the share D = 1 - M that is gone
    follows by ``D_j + D_k - D_j D_k``, and ``V = a^2 n^2 D (2 - D) / (a (2 - a))``. So the binary digits of
    `count` suffice, without logarithms and without a difference of near numbers.

    Parameters
    ----------
    g : (cells,) conductance before [S]
    step_up, step_down : (cells,) share a of the remaining distance that one pulse covers
    bottom, top : (cells,) the cell's own bounds [S]
    count : (cells,) signed number of pulses, rounded to whole ones
    xi : (cells,) standard normal draws
    noise_up, noise_down : n, sd of one pulse's step over a s
    proportional : whether the noise shrinks with the distance
    span : scale of a constant noise [S]
    """
    fresh = np.empty(g.size, dtype=np.float32)
    mean, variance = np.empty(BLOCK, dtype=np.float32), np.empty(BLOCK, dtype=np.float32)
    mean_2k, variance_2k = np.empty(BLOCK, dtype=np.float32), np.empty(BLOCK, dtype=np.float32)
    left = np.empty(BLOCK, dtype=np.int32)
    for start in range(0, g.size, BLOCK):
        # Views indexed from 0: with an index that might be negative no loop becomes vector instructions.
        part = slice(start, min(start + BLOCK, g.size))
        signed = count[part]
        if not proportional and few_pulses(
            g[part], step_up[part], step_down[part], bottom[part], top[part], signed, xi[part],
            noise_up, noise_down, span, fresh[part],
        ):  # fmt: skip
            continue
        most = _start(
            signed,
            step_up[part],
            step_down[part],
            noise_up,
            noise_down,
            left,
            mean,
            variance,
            mean_2k,
            variance_2k,
        )
        if proportional:
            while most > 0:
                _take_digit(signed.size, left, mean, variance, mean_2k, variance_2k)
                most = most >> 1
        else:
            _take_all_digits(signed.size, most, left, mean, variance, mean_2k, variance_2k)
        _land(
            g[part],
            bottom[part],
            top[part],
            signed,
            xi[part],
            mean,
            variance,
            proportional,
            span,
            fresh[part],
        )
    return fresh


@njit(cache=True)
def _largest(signed: F32) -> np.float32:
    """Largest absolute value."""
    most = np.float32(0)
    for i in range(signed.size):
        size = abs(signed[i])
        most = size if size > most else most
    return most


@njit(cache=True)
def _start(
    signed: F32,
    step_up: F32,
    step_down: F32,
    noise_up: np.float32,
    noise_down: np.float32,
    left: NDArray[np.int32],
    mean: F32,
    variance: F32,
    mean_2k: F32,
    variance_2k: F32,
) -> np.int32:
    """Fill in the moments of no pulse and of one, and the pulses that are left; returns the most of them."""
    zero, one, half = np.float32(0), np.float32(1), np.float32(0.5)
    for i in range(signed.size):
        # Both directions are loaded before one is picked: a load behind a condition is no vector instruction.
        c, up, down = signed[i], step_up[i], step_down[i]
        a = up if c > zero else down
        noise = a * noise_up if c > zero else a * noise_down
        pulses = abs(c) + half
        left[i] = np.int32(pulses if pulses < MOST_PULSES else MOST_PULSES)
        mean[i], variance[i] = one, zero
        mean_2k[i], variance_2k[i] = one - a, noise * noise
    most = np.int32(0)
    for i in range(signed.size):
        most = max(most, left[i])
    return most


@njit(cache=True)
def _take_digit(
    n: int,
    left: NDArray[np.int32],
    mean: F32,
    variance: F32,
    mean_2k: F32,
    variance_2k: F32,
) -> None:
    """Proportional noise: join the lowest binary digit of the pulses left, then double the moments of 2^k."""
    for i in range(n):
        m, v, m2, v2 = mean[i], variance[i], mean_2k[i], variance_2k[i]
        odd = (left[i] & 1) == 1
        square = m2 * m2
        joined = v * (v2 + square) + m * m * v2
        doubled = v2 * (v2 + square) + square * v2
        variance[i] = min(joined, LARGEST_VARIANCE) if odd else v
        mean[i] = m * m2 if odd else m
        variance_2k[i], mean_2k[i] = min(doubled, LARGEST_VARIANCE), square
        left[i] = left[i] >> 1


@njit(cache=True, error_model="numpy")
def _take_all_digits(
    n: int,
    most: np.int32,
    left: NDArray[np.int32],
    mean: F32,
    variance: F32,
    mean_2k: F32,
    variance_2k: F32,
) -> None:
    """Constant noise: mean and variance after all pulses that are left; the scratch arrays are used up."""
    one, two = np.float32(1), np.float32(2)
    for i in range(n):  # from here on, mean and mean_2k hold what is gone, and variance what scales it
        a = one - mean_2k[i]
        scale = max(a * (two - a), SMALLEST)
        variance[i] = variance_2k[i] / scale
        mean[i], mean_2k[i] = np.float32(0), a
    while most > 0:
        for i in range(n):
            gone, gone_2k = mean[i], mean_2k[i]
            mean[i] = gone + gone_2k - gone * gone_2k if (left[i] & 1) == 1 else gone
            mean_2k[i] = gone_2k * (two - gone_2k)
            left[i] = left[i] >> 1
        most = most >> 1
    for i in range(n):
        gone = mean[i]
        variance[i] = min(variance[i] * (gone * (two - gone)), LARGEST_VARIANCE)
        mean[i] = one - gone


@njit(cache=True)
def few_pulses(
    g: F32,
    step_up: F32,
    step_down: F32,
    bottom: F32,
    top: F32,
    signed: F32,
    xi: F32,
    noise_up: np.float32,
    noise_down: np.float32,
    span: np.float32,
    fresh: F32,
) -> bool:
    """Constant noise: do all where there are at most 127 pulses, the usual case, and say so."""
    most = _largest(signed)
    if most < FEW:
        _digits_at_once(
            SIX, g, step_up, step_down, bottom, top, signed, xi, noise_up, noise_down, span, fresh
        )
    elif most < SOME:
        _digits_at_once(
            SEVEN, g, step_up, step_down, bottom, top, signed, xi, noise_up, noise_down, span, fresh
        )
    return bool(most < SOME)


@njit(cache=True, error_model="numpy")
def _digits_at_once(
    digits: tuple[int, ...],
    g: F32,
    step_up: F32,
    step_down: F32,
    bottom: F32,
    top: F32,
    signed: F32,
    xi: F32,
    noise_up: np.float32,
    noise_down: np.float32,
    span: np.float32,
    fresh: F32,
) -> None:
    """Constant noise: all `digits` of a cell's pulses while it is in registers.

    The same arithmetic as the general way, so the same result bit for bit.
    """
    zero, one, two, half = np.float32(0), np.float32(1), np.float32(2), np.float32(0.5)
    for i in range(g.size):
        c, before, low, high, up, down = signed[i], g[i], bottom[i], top[i], step_up[i], step_down[i]
        a = up if c > zero else down
        noise = a * noise_up if c > zero else a * noise_down
        share = one - (one - a)
        bottomless = share * (two - share)
        scale = (noise * noise) / (bottomless if bottomless > SMALLEST else SMALLEST)
        left = np.int32(abs(c) + half)
        gone = zero
        for digit in digits:
            joined = gone + share - gone * share
            gone = joined if (left & np.int32(digit)) != 0 else gone
            share = share * (two - share)
        variance = scale * (gone * (two - gone))
        variance = variance if variance < LARGEST_VARIANCE else LARGEST_VARIANCE
        gap = high - before if c > zero else before - low
        rest = gap * (one - gone) - span * np.sqrt(variance) * xi[i]
        moved = high - rest if c > zero else low + rest
        moved = moved if moved > low else low
        moved = moved if moved < high else high
        fresh[i] = moved if abs(c) >= half else before


@njit(cache=True)
def _land(
    g: F32,
    bottom: F32,
    top: F32,
    signed: F32,
    xi: F32,
    mean: F32,
    variance: F32,
    proportional: bool,
    span: np.float32,
    fresh: F32,
) -> None:
    """Draw the distances that are left, clip to the bounds, and leave cells without a pulse alone."""
    zero, half = np.float32(0), np.float32(0.5)
    for i in range(g.size):
        c, before, low, high = signed[i], g[i], bottom[i], top[i]
        gap = high - before if c > zero else before - low
        scale = gap if proportional else span
        rest = gap * mean[i] - scale * np.sqrt(variance[i]) * xi[i]
        moved = high - rest if c > zero else low + rest
        moved = moved if moved > low else low
        moved = moved if moved < high else high
        fresh[i] = moved if abs(c) >= half else before
