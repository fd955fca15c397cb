"""Hot loop of the soft-bounds model. Pure: arrays in, a new array out; random numbers are drawn outside.

It has a plain numpy twin of the same name in `devices.reference`, and a test holds the two equal.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .reference import LARGEST_VARIANCE, MOST_PULSES

F32 = NDArray[np.float32]

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
    the variance V s^2, and j + k pulses follow from j and from k:

    ========  ====================================================================
    mean      ``M_j M_k``
    V         ``V_j (V_k + M_k^2) + M_j^2 V_k`` (proportional), ``V_j M_k^2 + V_k`` (constant)
    ========  ====================================================================

    so the binary digits of `count` suffice, without logarithms and without a difference of near numbers.

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
        while most > 0:
            _take_digit(signed.size, proportional, left, mean, variance, mean_2k, variance_2k)
            most = most >> 1
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
    proportional: bool,
    left: NDArray[np.int32],
    mean: F32,
    variance: F32,
    mean_2k: F32,
    variance_2k: F32,
) -> None:
    """Join the lowest binary digit of the pulses left, then double the moments of 2^k pulses."""
    one = np.float32(1)
    follows = one if proportional else np.float32(0)
    for i in range(n):
        m, v, m2, v2 = mean[i], variance[i], mean_2k[i], variance_2k[i]
        odd = (left[i] & 1) == 1
        square = m2 * m2
        joined = v * (follows * v2 + square) + (follows * (m * m) + (one - follows)) * v2
        doubled = v2 * (follows * v2 + square) + (follows * square + (one - follows)) * v2
        variance[i] = min(joined, LARGEST_VARIANCE) if odd else v
        mean[i] = m * m2 if odd else m
        variance_2k[i], mean_2k[i] = min(doubled, LARGEST_VARIANCE), square
        left[i] = left[i] >> 1


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


@njit(cache=True)
def soft_bound_rows(
    g: F32,
    hidden: F32,
    step_up: F32,
    step_down: F32,
    bottom: F32,
    top: F32,
    stuck: NDArray[np.uint8],
    rows: NDArray[np.int32],
    count: F32,
    xi: F32,
    shown: F32,
    noise_up: np.float32,
    noise_down: np.float32,
    proportional: bool,
    span: np.float32,
) -> None:
    """`soft_bound_pulses` on whole rows, in place: every array of the cells is passed over once.

    Parameters
    ----------
    g : (all rows, slots) conductance [S]
    hidden, stuck : (all rows, slots), or (0, slots) where the cells have none
    step_up, step_down, bottom, top : (all rows, slots), or (1, slots) where every row is alike
    rows : rows that are pulsed
    count, xi : (n, slots)
    shown : (n, slots) what is added to the resting conductance to give the shown one [S]; (0, slots) where hidden is
    """
    zero = np.float32(0)
    for i in range(rows.size):
        row = rows[i]
        state = hidden[row] if hidden.shape[0] > 0 else g[row]
        fresh = soft_bound_pulses(
            state,
            step_up[min(row, step_up.shape[0] - 1)],
            step_down[min(row, step_down.shape[0] - 1)],
            bottom[min(row, bottom.shape[0] - 1)],
            top[min(row, top.shape[0] - 1)],
            count[i],
            xi[i],
            noise_up,
            noise_down,
            proportional,
            span,
        )
        row_count, out = count[i], g[row]
        for slot in range(fresh.size):
            fresh[slot] = max(fresh[slot], zero) if row_count[slot] != zero else state[slot]
        if stuck.shape[0] > 0:
            faults = stuck[row]
            for slot in range(fresh.size):
                fresh[slot] = fresh[slot] if faults[slot] == 0 else state[slot]
        if hidden.shape[0] > 0:
            added = shown[i]
            for slot in range(fresh.size):
                changed = (row_count[slot] != zero) & ((stuck.shape[0] == 0) or (stuck[row, slot] == 0))
                out[slot] = max(fresh[slot] + added[slot], zero) if changed else out[slot]
        for slot in range(fresh.size):
            state[slot] = fresh[slot]
