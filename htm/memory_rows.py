"""Hot loops over the rows of software segments. Each has a plain numpy twin in `htm.memory_reference`."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True)
def overlap_rows(
    rows: NDArray[np.int32],
    active: NDArray[np.int32],
    source: NDArray[np.int32],
    permanence: NDArray[np.float32],
    flags: NDArray[np.uint8],
    threshold: np.float32,
) -> NDArray[np.int32]:
    """Connected slots of `rows` whose input is active, (len(rows),). `flags` (inputs + 1,) is scratch, all 0."""
    for i in range(active.size):
        flags[active[i]] = 1
    counts = np.empty(rows.size, dtype=np.int32)
    for i in range(rows.size):
        line, values = source[rows[i]], permanence[rows[i]]
        total = 0
        for slot in range(line.size):  # an empty slot, -1, looks at the last flag, which stays 0
            total += np.int32(flags[line[slot]]) * np.int32(values[slot] >= threshold)
        counts[i] = total
    for i in range(active.size):
        flags[active[i]] = 0
    return counts


@njit(cache=True)
def adapt_rows(
    rows: NDArray[np.int32],
    active: NDArray[np.int32],
    on: np.float32,
    off: np.float32,
    source: NDArray[np.int32],
    permanence: NDArray[np.float32],
    flags: NDArray[np.uint8],
) -> None:
    """Add `on` to the wired slots of `rows` whose input is active, `off` to the others, clipped to 0..1."""
    zero, one = np.float32(0), np.float32(1)
    for i in range(active.size):
        flags[active[i]] = 1
    for i in range(rows.size):
        line, values = source[rows[i]], permanence[rows[i]]
        for slot in range(line.size):
            change = on if flags[line[slot]] != 0 else off
            change = change if line[slot] >= 0 else zero
            values[slot] = min(max(values[slot] + change, zero), one)
    for i in range(active.size):
        flags[active[i]] = 0


@njit(cache=True)
def spent_slots(
    rows: NDArray[np.int32], source: NDArray[np.int32], permanence: NDArray[np.float32], bound: np.float32
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Row and slot of each wired synapse of `rows` of permanence at most `bound`."""
    n = 0
    for i in range(rows.size):
        line, values = source[rows[i]], permanence[rows[i]]
        for slot in range(line.size):
            n += np.int64((line[slot] >= 0) & (values[slot] <= bound))
    at, slots = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32)
    if n > 0:
        n = 0
        for i in range(rows.size):
            row = rows[i]
            for slot in range(source.shape[1]):
                if (source[row, slot] >= 0) & (permanence[row, slot] <= bound):
                    at[n], slots[n] = row, slot
                    n += 1
    return at, slots


@njit(cache=True)
def write_slots(
    rows: NDArray[np.int32],
    slots: NDArray[np.int32],
    sources: NDArray[np.int32],
    value: np.float32,
    permanence: NDArray[np.float32],
) -> None:
    """Set the permanence of slots to `value`, to 0 where the source is -1."""
    for i in range(rows.size):
        permanence[rows[i], slots[i]] = value if sources[i] >= 0 else np.float32(0)
