"""Hot loop of cells that a closed-loop writer programs to levels."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

F32 = NDArray[np.float32]


@njit(cache=True, error_model="numpy")
def level_rows(
    g: F32,
    level: F32,
    miss: F32,
    stuck: NDArray[np.uint8],
    rows: NDArray[np.int32],
    count: F32,
    z: F32,
    step: np.float32,
    g_min: np.float32,
    g_max: np.float32,
    poly: F32,
    scale: np.float32,
) -> None:
    """Read, add `count` steps and write back whole rows, in place, each cell missing by sd(target) z.

    Parameters
    ----------
    g : (all rows, slots) conductance [S]
    level, miss : (all rows, slots) target / g_max and `scale` z of the last write [S]; (0, slots) where not kept
    stuck : (all rows, slots), or (0, slots) where no cell is
    rows : rows that are written
    count, z : (n, slots); a count of 0 leaves a cell alone
    step, g_min, g_max : [S]
    poly : sd of the miss in units of `scale` [S]: at most five coefficients in target / g_max, lowest order first
    """
    zero = np.float32(0)
    target = np.empty(g.shape[1], dtype=np.float32)
    fresh = np.empty(g.shape[1], dtype=np.float32)
    highest = np.zeros(5, dtype=np.float32)
    highest[: poly.size] = poly
    e, d, c, b, a = highest
    for i in range(rows.size):
        row, changes, draws = g[rows[i]], count[i], z[i]
        # Few arrays in each loop: with many, the compiler cannot rule out that they overlap, and goes cell by cell.
        for slot in range(row.size):
            moved = row[slot] + changes[slot] * step
            moved = moved if moved > g_min else g_min
            target[slot] = moved if moved < g_max else g_max
        for slot in range(row.size):
            x = target[slot] / g_max
            sd = (((a * x + b) * x + c) * x + d) * x + e
            sd = sd if sd > zero else zero
            landed = target[slot] + sd * (draws[slot] * scale)
            landed = landed if landed > zero else zero
            fresh[slot] = landed if changes[slot] != zero else row[slot]
        _keep_stuck(stuck, rows[i], row, fresh)
        for slot in range(row.size):
            row[slot] = fresh[slot]
        if level.shape[0] > 0:
            level_row, miss_row = level[rows[i]], miss[rows[i]]
            for slot in range(row.size):
                x = target[slot] / g_max
                level_row[slot] = x if changes[slot] != zero else level_row[slot]
            for slot in range(row.size):
                drawn = draws[slot] * scale
                miss_row[slot] = drawn if changes[slot] != zero else miss_row[slot]


@njit(cache=True)
def _keep_stuck(stuck: NDArray[np.uint8], row: int, before: F32, fresh: F32) -> None:
    """Give stuck cells of a row what they had."""
    if stuck.shape[0] > 0:
        faults = stuck[row]
        for slot in range(fresh.size):
            fresh[slot] = fresh[slot] if faults[slot] == 0 else before[slot]
