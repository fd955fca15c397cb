"""Half-selects counted line by line; their plain twin, cell by cell, is in tests/hwsim/test_write_disturb.py."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


@njit(cache=True)
def note_pulses(
    rows: NDArray[np.int32],
    counts: F32,
    tile_rows: int,
    block: I64,
    lines: I64,
    own: float,
    g: F32,
    looks: tuple[F64, F64, F64],
    sums: tuple[F64, F64, F64],
    due: F32,
    apart: bool,
) -> tuple[float, float]:
    """Note one learning step, its rows one after the other, a row's cells of one sign at once.

    Parameters
    ----------
    rows, counts : (n,) and signed (n, slots)
    tile_rows : word lines of a tile
    block : (all rows,) tile across that a row's bit line runs in
    lines : (tiles across,) bit lines of each
    own : pulses that the lines' sums claim too much of a cell pulsed once, in pulses
    g : (all rows, slots) [S]
    looks : conductance of a tile's cells on each word line, on each bit line, and of all [S]
    sums : signed pulses over word lines (across, slots), bit lines (rows, down), whole tiles (across, down); added to
    due : (all rows, slots) pulses that cells are owed; those pulsed are lowered by `own` a pulse
    apart : whether cells on no chosen line are disturbed too

    Returns
    -------
    pulses times half-selected cells, pulses times conductance of the disturbed cells [S]
    """
    word, bit, tile = sums
    selects, load = 0.0, 0.0
    slots = counts.shape[1]
    for i in range(rows.size):
        row = rows[i]
        across = block[row]
        for down in range(bit.shape[1]):
            first, last = down * tile_rows, min((down + 1) * tile_rows, slots)
            up, lowered, pulses, own_load, on_words = 0.0, 0.0, 0.0, 0.0, 0.0
            for slot in range(first, last):
                count = counts[i, slot]
                if count == 0.0:
                    continue
                if count > 0.0:
                    up = max(up, count)
                else:
                    lowered = max(lowered, -count)
                word[across, slot] += count
                due[row, slot] -= np.float32(own * count)
                size = abs(count)
                pulses += size
                own_load += size * g[row, slot]
                on_words += size * looks[0][across, slot]
            both = up + lowered
            bit[row, down] += up - lowered
            tile[across, down] += up - lowered
            selects += pulses * (lines[across] - 2) + both * (last - first)
            on_bit = both * looks[1][row, down]
            if apart:
                load += max(both * looks[2][across, down] - own_load, 0.0)
            else:
                load += max(on_words + on_bit - 2.0 * own_load, 0.0)
    return selects, load


@njit(cache=True)
def settle(
    due: F32,
    word: F64,
    bit: F64,
    tile: F64,
    block: I64,
    tile_rows: int,
    beside: float,
    apart: float,
    least: float,
) -> int:
    """Give every cell what its lines collected, in pulses; returns how many are owed `least` or more.

    Parameters
    ----------
    due : (rows, slots), added to
    word, bit, tile : signed pulses by lines and tiles, set to 0
    beside, apart : pulses for each one over a word or bit line, and for each one anywhere in the tile
    """
    owed = 0
    slots = due.shape[1]
    least32 = np.float32(least)
    lines = np.empty(slots, dtype=np.float32)
    for row in range(due.shape[0]):
        across = block[row]
        for slot in range(slots):
            lines[slot] = beside * word[across, slot]
        for down in range(bit.shape[1]):
            whole = np.float32(beside * bit[row, down] + apart * tile[across, down])
            for slot in range(down * tile_rows, min((down + 1) * tile_rows, slots)):
                found = due[row, slot] + lines[slot] + whole
                due[row, slot] = found
                owed += abs(found) >= least32
    word[:] = 0.0
    bit[:] = 0.0
    tile[:] = 0.0
    return owed


@njit(cache=True)
def look(g: F32, block: I64, tile_rows: int, on_word: F64, on_bit: F64, in_tile: F64) -> None:
    """Conductance of the cells of each tile's word lines, bit lines and of the whole tile [S], set anew."""
    on_word[:] = 0.0
    on_bit[:] = 0.0
    in_tile[:] = 0.0
    for row in range(g.shape[0]):
        across = block[row]
        for slot in range(g.shape[1]):
            down = slot // tile_rows
            on_word[across, slot] += g[row, slot]
            on_bit[row, down] += g[row, slot]
            in_tile[across, down] += g[row, slot]
