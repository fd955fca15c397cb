"""Hot loop of cells that a closed-loop writer programs to levels."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .noise import expand
from .row_kernels import longest, patch_from, put, used_slots, view

F32 = NDArray[np.float32]


@njit(cache=True, error_model="numpy")
def level_rows(
    g: F32,
    level: F32,
    miss: F32,
    stuck: NDArray[np.uint8],
    rows: NDArray[np.int32],
    count: F32,
    key: np.uint64,
    step: np.float32,
    g_min: np.float32,
    g_max: np.float32,
    poly: F32,
    scale: np.float32,
) -> None:
    """Read, add `count` steps and write back whole rows, in place, each cell missing by sd(target) z.

    Slots behind the last one that changes are not looked at: segments fill their rows from the front.

    Parameters
    ----------
    g : (all rows, slots) conductance [S]
    level, miss : (all rows, slots) target / g_max and `scale` z of the last write [S]; (0, slots) where not kept
    stuck : (all rows, slots), or (0, slots) where no cell is
    rows : rows that are written
    count : (n, slots); 0 leaves a cell alone
    key : of the standard normal draws z, (n, slots)
    step, g_min, g_max : [S]
    poly : sd of the miss in units of `scale` [S]: at most five coefficients in target / g_max, lowest order first
    """
    zero = np.float32(0)
    z = np.empty(count.shape, dtype=np.float32)
    expand(key, z.reshape(-1))
    e, d, c, b, a = _five(poly)
    lines, widths = np.arange(rows.size, dtype=np.int32), np.empty(rows.size, dtype=np.int32)
    used_slots(count, widths)
    scratch = np.empty((5, longest(g.shape[1])), dtype=np.float32)
    faults = np.empty(scratch.shape[1], dtype=np.uint8)
    first = 0
    while first < rows.size:
        last, n = patch_from(first, widths)
        line, part, ends = lines[first:last], rows[first:last], widths[first:last]
        # One by one: lines of a slice of `scratch` would not be known to have no gaps.
        before = view(g, part, ends, scratch[0][:n])
        changes = view(count, line, ends, scratch[1][:n])
        draws = view(z, line, ends, scratch[2][:n])
        target, fresh = scratch[3][:n], scratch[4][:n]
        # Few arrays in each loop: with many, the compiler cannot rule out that they overlap, and goes cell by cell.
        for i in range(n):
            moved = before[i] + changes[i] * step
            moved = moved if moved > g_min else g_min
            target[i] = moved if moved < g_max else g_max
        for i in range(n):
            x = target[i] / g_max
            sd = (((a * x + b) * x + c) * x + d) * x + e
            sd = sd if sd > zero else zero
            landed = target[i] + sd * (draws[i] * scale)
            landed = landed if landed > zero else zero
            fresh[i] = landed if changes[i] != zero else before[i]
        if stuck.shape[0] > 0:
            codes = view(stuck, part, ends, faults[:n])
            for i in range(n):
                fresh[i] = fresh[i] if codes[i] == 0 else before[i]
        put(fresh, part, ends, g)
        if level.shape[0] > 0:
            kept = view(level, part, ends, scratch[0][:n])
            for i in range(n):
                x = target[i] / g_max
                kept[i] = x if changes[i] != zero else kept[i]
            if part.size > 1:
                put(kept, part, ends, level)
            kept = view(miss, part, ends, scratch[0][:n])
            for i in range(n):
                drawn = draws[i] * scale
                kept[i] = drawn if changes[i] != zero else kept[i]
            if part.size > 1:
                put(kept, part, ends, miss)
        first = last


@njit(cache=True)
def _five(poly: F32) -> F32:
    """At most five coefficients, lowest order first, as five."""
    five = np.zeros(5, dtype=np.float32)
    five[: poly.size] = poly
    return five


@njit(cache=True, error_model="numpy")
def level_places(
    g: F32,
    level: F32,
    miss: F32,
    written_at: NDArray[np.float64],
    stuck: NDArray[np.uint8],
    rows: NDArray[np.int32],
    slots: NDArray[np.int32],
    wanted: F32,
    key: np.uint64,
    clock: float,
    g_min: np.float32,
    g_max: np.float32,
    poly: F32,
    scale: np.float32,
) -> None:
    """Write single cells to `wanted` conductances [S], in place, each missing by sd(target) z.

    Parameters
    ----------
    g, level, miss, stuck, poly, scale, g_min, g_max : see `level_rows`
    written_at : (all rows, slots) time of the last write [s]; (0, slots) where it is not kept, or `clock` everywhere
    rows, slots, wanted : (n,)
    key : of the standard normal draws z, (n,)
    clock : time now [s]
    """
    zero, n = np.float32(0), wanted.size
    z, target, landed = np.empty(n, np.float32), np.empty(n, np.float32), np.empty(n, np.float32)
    expand(key, z)
    e, d, c, b, a = _five(poly)
    for i in range(n):
        value = wanted[i] if wanted[i] > g_min else g_min
        target[i] = value if value < g_max else g_max
    for i in range(n):
        z[i] *= scale
        x = target[i] / g_max
        sd = (((a * x + b) * x + c) * x + d) * x + e
        sd = sd if sd > zero else zero
        value = target[i] + sd * z[i]
        landed[i] = value if value > zero else zero
    for i in range(n):
        row, slot = np.uint64(rows[i]), np.uint64(slots[i])
        free = stuck.shape[0] == 0 or stuck[row, slot] == 0
        if free:
            g[row, slot] = landed[i]
        if level.shape[0] > 0:
            level[row, slot], miss[row, slot] = target[i] / g_max, z[i]
        if free and written_at.shape[0] > 0:
            written_at[row, slot] = clock
