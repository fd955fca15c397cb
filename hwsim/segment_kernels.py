"""Hot loops over the rows of segments. Each has a plain numpy twin in `hwsim.reference`.

`flags` (inputs + 1,) is scratch, all 0 before and after: input i has flag i + 1, and an empty slot, source -1, flag 0.
What they answer goes into arrays that they are given.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from devices.noise import expand

F32 = NDArray[np.float32]


@njit(cache=True)
def _flag(active: NDArray[np.int32], value: int, flags: NDArray[np.uint8]) -> None:
    for i in range(active.size):
        flags[np.uint64(active[i] + 1)] = value


@njit(cache=True, error_model="numpy")
def driven_sums(
    rows: NDArray[np.int32],
    active: NDArray[np.int32],
    source: NDArray[np.int32],
    flags: NDArray[np.uint8],
    seen: F32,
    spread: F32,
    low: np.float32,
    sums: F32,
    squares: F32,
) -> float:
    """What the driven slots of each row add to its line above `low` each, and the squares of their spread.

    Parameters
    ----------
    seen, spread : (len(rows), slots) what each cell adds, and what its noise is proportional to [S]
    low : what is taken off for each driven cell [S]
    sums, squares : (len(rows),) results [S], [S2]

    Returns
    -------
    sum of `seen` over all driven slots [S]
    """
    _flag(active, 1, flags)
    load = 0.0
    share = np.empty(source.shape[1], dtype=np.float32)
    for i in range(rows.size):
        row = np.uint64(rows[i])
        for k in range(share.size):
            slot = np.uint64(k)
            share[slot] = flags[np.uint64(source[row, slot] + 1)]
        total, square, driven = np.float32(0), np.float32(0), np.float32(0)
        for k in range(share.size):
            slot = np.uint64(k)
            total += share[slot] * (seen[i, slot] - low)
            driven += share[slot]
            square += share[slot] * spread[i, slot] * spread[i, slot]
        sums[i], squares[i] = total, square
        load += float(total + driven * low)
    _flag(active, 0, flags)
    return load


@njit(cache=True, error_model="numpy")
def noisy_sums(
    rows: NDArray[np.int32],
    active: NDArray[np.int32],
    source: NDArray[np.int32],
    flags: NDArray[np.uint8],
    g: F32,
    low: np.float32,
    sigma: np.float32,
    key: np.uint64,
    sums: F32,
) -> float:
    """`driven_sums` of the cells themselves, with noise in proportion to each one's conductance, drawn once a row.

    Parameters
    ----------
    g : (all rows, slots) [S]
    low : what is taken off for each driven cell [S]
    sigma : sd of the noise of a cell over its conductance; 0: none
    key : of the standard normal draws, (len(rows),)
    sums : (len(rows),) result [S]

    Returns
    -------
    sum of the conductances of all driven slots [S]
    """
    _flag(active, 1, flags)
    load = 0.0
    share, draws = np.empty(source.shape[1], dtype=np.float32), np.zeros(rows.size, dtype=np.float32)
    if sigma > np.float32(0):
        expand(key, draws)
    for i in range(rows.size):
        row = np.uint64(rows[i])
        for k in range(share.size):
            slot = np.uint64(k)
            share[slot] = flags[np.uint64(source[row, slot] + 1)]
        total, square, driven = np.float32(0), np.float32(0), np.float32(0)
        for k in range(share.size):
            slot = np.uint64(k)
            total += share[slot] * (g[row, slot] - low)
            driven += share[slot]
            square += share[slot] * g[row, slot] * g[row, slot]
        load += float(total + driven * low)
        sums[i] = total + np.sqrt(square) * sigma * draws[i]
    _flag(active, 0, flags)
    return load


@njit(cache=True)
def driven_above(
    rows: NDArray[np.int32],
    active: NDArray[np.int32],
    source: NDArray[np.int32],
    flags: NDArray[np.uint8],
    seen: F32,
    reference: np.float32,
    counts: NDArray[np.int32],
) -> tuple[int, float]:
    """Driven slots of each row seen at `reference` [S] or above into `counts` (len(rows),).

    Returns
    -------
    driven slots in all, and the sum of what is seen there [S]
    """
    _flag(active, 1, flags)
    sensed, load = 0, 0.0
    for i in range(rows.size):
        row, total, driven = np.uint64(rows[i]), 0, 0
        for k in range(source.shape[1]):
            slot = np.uint64(k)
            flag = flags[np.uint64(source[row, slot] + 1)]
            driven += int(flag)
            total += int(flag & np.uint8(seen[i, slot] >= reference))
            load += float(flag * seen[i, slot])
        counts[i] = total
        sensed += driven
    _flag(active, 0, flags)
    return sensed, load


@njit(cache=True)
def slot_changes(
    rows: NDArray[np.int32],
    active: NDArray[np.int32],
    source: NDArray[np.int32],
    flags: NDArray[np.uint8],
    on: F32,
    off: F32,
    changes: F32,
) -> int:
    """What each slot of `rows` is changed by: `on` where its input is active, `off` at other wired ones, else 0.

    Parameters
    ----------
    on, off : (len(rows),) signed pulses of a row
    changes : (len(rows), slots) result

    Returns
    -------
    pulses in all, each slot's rounded up
    """
    _flag(active, 1, flags)
    flags[0] = 2
    pulses = 0
    amounts, costs = np.zeros(3, dtype=np.float32), np.zeros(3, dtype=np.int64)
    for i in range(rows.size):
        row = np.uint64(rows[i])
        amounts[0], amounts[1] = off[i], on[i]
        costs[0], costs[1] = np.int64(np.ceil(abs(off[i]))), np.int64(np.ceil(abs(on[i])))
        for k in range(source.shape[1]):
            slot = np.uint64(k)
            kind = np.uint64(flags[np.uint64(source[row, slot] + 1)])
            changes[i, slot] = amounts[kind]
            pulses += costs[kind]
    flags[0] = 0
    _flag(active, 0, flags)
    return pulses


@njit(cache=True)
def maybe_below(
    rows: NDArray[np.int32],
    source: NDArray[np.int32],
    g: F32,
    deviations: np.float32,
    sigma: np.float32,
    bound: np.float32,
    found: NDArray[np.int32],
) -> int:
    """Row and slot of each wired slot of `rows` that a read could find at or under `bound`; how many.

    Parameters
    ----------
    g : (all rows, slots) [S]
    deviations, sigma : how far noise goes, and its sd over the conductance
    bound : [S]
    found : (2, cells) result
    """
    n = 0
    for i in range(rows.size):
        row, some = np.uint64(rows[i]), np.int32(0)
        for k in range(source.shape[1]):  # most rows have none, and so need no branch a slot
            slot = np.uint64(k)
            lowest = g[row, slot] - deviations * (g[row, slot] * sigma)
            some |= np.int32((lowest <= bound) & (source[row, slot] >= 0))
        for k in range(source.shape[1] if some else 0):
            slot = np.uint64(k)
            lowest = g[row, slot] - deviations * (g[row, slot] * sigma)
            found[0, n], found[1, n] = rows[i], k  # kept only where it is one
            n += int((lowest <= bound) & (source[row, slot] >= 0))
    return n


@njit(cache=True)
def wired_below(
    rows: NDArray[np.int32],
    source: NDArray[np.int32],
    seen: F32,
    bound: np.float32,
    found: NDArray[np.int32],
) -> int:
    """Row and slot of each wired slot of `rows` seen at or under `bound` [S] into `found` (2, cells); how many."""
    n = 0
    for i in range(rows.size):
        row = np.uint64(rows[i])
        for k in range(source.shape[1]):
            slot = np.uint64(k)
            found[0, n], found[1, n] = rows[i], k  # kept only where it is one
            n += int((source[row, slot] >= 0) & (seen[i, slot] <= bound))
    return n


@njit(cache=True)
def note_rows(
    rows: NDArray[np.int32],
    source: NDArray[np.int32],
    held: NDArray[np.int32],
    ever: NDArray[np.bool_],
) -> tuple[int, int, int]:
    """Bring `held` and `ever` up to date for `rows`, whose wiring has just changed; a row may be listed many times.

    Parameters
    ----------
    source : (all rows, slots) the wiring now
    held : (all rows,) wired slots, changed in place
    ever : (all rows,) whether a row has held a segment at any time, changed in place

    Returns
    -------
    rows taken into use for the first time, taken into use again, and given back
    """
    new, again, freed = 0, 0, 0
    for i in range(rows.size):
        row = rows[i]
        if i > 0 and rows[i - 1] == row:
            continue
        wired = np.int32(0)
        for slot in range(source.shape[1]):
            wired += np.int32(source[row, slot] >= 0)
        if held[row] == 0 and wired > 0:
            again += int(ever[row])
            new += int(not ever[row])
            ever[row] = True
        freed += int(held[row] > 0 and wired == 0)
        held[row] = wired
    return new, again, freed
