"""Hot loops over the rows of software segments. Each has a plain numpy twin in `htm.memory_reference`.

What they answer goes into arrays that they are given: an array made in a compiled function takes 0.8 us to come out.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True)
def _flag(active: NDArray[np.int32], value: int, flags: NDArray[np.uint8]) -> None:
    """Set the flags of the active inputs. Input i has flag i + 1, and an empty slot, source -1, flag 0."""
    for i in range(active.size):
        flags[np.uint64(active[i] + 1)] = value


@njit(cache=True)
def overlap_rows(
    rows: NDArray[np.int32],
    active: NDArray[np.int32],
    source: NDArray[np.int32],
    permanence: NDArray[np.float32],
    flags: NDArray[np.uint8],
    threshold: np.float32,
    counts: NDArray[np.int32],
) -> None:
    """Connected slots of `rows` whose input is active into `counts` (len(rows),).

    `flags` (inputs + 1,) is scratch, all 0.
    """
    _flag(active, 1, flags)
    for i in range(rows.size):
        row, total = np.uint64(rows[i]), np.int32(0)
        for k in range(source.shape[1]):
            slot = np.uint64(k)  # unsigned: no place is counted from the end
            driven = flags[np.uint64(source[row, slot] + 1)]
            total += np.int32(driven & np.uint8(permanence[row, slot] >= threshold))
        counts[i] = total
    _flag(active, 0, flags)


@njit(cache=True)
def adapt_rows(
    rows: NDArray[np.int32],
    active: NDArray[np.int32],
    on: float,
    off: float,
    source: NDArray[np.int32],
    permanence: NDArray[np.float32],
    flags: NDArray[np.uint8],
) -> None:
    """Add `on` to the wired slots of `rows` whose input is active, `off` to the others, clipped to 0..1."""
    zero, one = np.float32(0), np.float32(1)
    _flag(active, 1, flags)
    flags[0] = 2
    changes = np.array(
        [np.float32(off), np.float32(on), zero]
    )  # looked up: no branch can guess what is driven
    change = np.empty(source.shape[1], dtype=np.float32)
    for i in range(rows.size):
        row = np.uint64(rows[i])
        for k in range(change.size):
            slot = np.uint64(k)
            change[slot] = changes[np.uint64(flags[np.uint64(source[row, slot] + 1)])]
        for k in range(change.size):  # apart from the look-up, so that it becomes vector instructions
            slot = np.uint64(k)
            value = permanence[row, slot] + change[slot]
            value = value if value > zero else zero
            permanence[row, slot] = value if value < one else one
    flags[0] = 0
    _flag(active, 0, flags)


@njit(cache=True)
def count_spent(
    rows: NDArray[np.int32], source: NDArray[np.int32], permanence: NDArray[np.float32], bound: np.float32
) -> int:
    """How many wired synapses of `rows` have a permanence of at most `bound`."""
    n = 0
    for i in range(rows.size):
        row, some = np.uint64(rows[i]), np.int32(0)
        for k in range(source.shape[1]):
            slot = np.uint64(k)
            some += np.int32((permanence[row, slot] <= bound) & (source[row, slot] >= 0))
        n += int(some)
    return n


@njit(cache=True)
def spent_slots(
    rows: NDArray[np.int32],
    source: NDArray[np.int32],
    permanence: NDArray[np.float32],
    bound: np.float32,
    at: NDArray[np.int32],
    slots: NDArray[np.int32],
) -> None:
    """Row and slot of each of these synapses into `at` and `slots`, (`count_spent`,)."""
    n = 0
    for i in range(rows.size):
        row, some = np.uint64(rows[i]), np.int32(0)
        for k in range(source.shape[1]):  # most rows have none, and so need no branch a slot
            slot = np.uint64(k)
            some |= np.int32((permanence[row, slot] <= bound) & (source[row, slot] >= 0))
        for k in range(source.shape[1] if some else 0):
            slot = np.uint64(k)
            if (permanence[row, slot] <= bound) & (source[row, slot] >= 0):
                at[n], slots[n] = rows[i], k
                n += 1


@njit(cache=True)
def write_slots(
    rows: NDArray[np.int32],
    slots: NDArray[np.int32],
    sources: NDArray[np.int32],
    value: float,
    permanence: NDArray[np.float32],
) -> None:
    """Set the permanence of slots to `value`, to 0 where the source is -1."""
    fresh = np.float32(value)
    for i in range(rows.size):
        permanence[np.uint64(rows[i]), np.uint64(slots[i])] = fresh if sources[i] >= 0 else np.float32(0)
