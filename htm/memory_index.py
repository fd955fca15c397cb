"""Which rows listen to an input: the inverse of a wiring, kept current as slots are rewired.

Inputs are taken in groups of 16 neighbours. A group owns one block of a common pool, in which the rows of its inputs
stand one input after the other, so that a bursting column is one contiguous line. A new row takes the place of the
next input's first one, which goes behind that input's last, and so on: at most 16 moves. A full block moves to one
of twice the room and the old one goes to the next group that needs its size. So an update costs the same however
much was learned, and counting driven slots touches the rows of the active inputs only.
"""

from __future__ import annotations

from typing import final

import numpy as np
from numba import njit
from numpy.typing import NDArray

GROUP = 16  # inputs of a group
_SMALLEST = 32  # rows in the smallest block
_FIRST_POOL = 1 << 15  # places of the pool, at first
_BLOCK = 64  # rows looked at together
_DENSE = 32  # counting densely pays where one row in so many is driven
_CLASSES = 26  # sizes of block: 32, 64, 128, ...


@njit(cache=True)
def _rehouse(
    group: int,
    ends: NDArray[np.int32],
    room: NDArray[np.int32],
    pool: NDArray[np.uint32],
    vacant: NDArray[np.int32],
) -> bool:
    """Move a full group to a block of twice its room; False where the pool has no such block.

    `vacant[k]` heads the list of empty blocks of size class k, 0 where there is none; `vacant[-1]` is the first
    place never used. Place 0 of the pool belongs to nobody.
    """
    old = np.int64(room[group])
    kind = 0
    while (_SMALLEST << kind) <= old:
        kind += 1
    fresh = _SMALLEST << kind
    block = np.int64(vacant[kind])
    if block > 0:
        vacant[kind] = pool[block]
    else:
        block = np.int64(vacant[-1])
        if block + fresh > pool.size:
            return False
        vacant[-1] = block + fresh
    line = ends[group]
    begin = np.int64(line[0])
    for i in range(line[GROUP] - begin):
        pool[block + i] = pool[begin + i]
    if old > 0:
        pool[begin] = vacant[kind - 1]
        vacant[kind - 1] = begin
    for k in range(GROUP + 1):
        line[k] += block - begin
    room[group] = fresh
    return True


@njit(cache=True)
def _remove(row: int, k: int, line: NDArray[np.int32], pool: NDArray[np.uint32]) -> None:
    """Take one `row` out of the list of input `k` of a group whose lists end at `line`."""
    at = line[k]
    while pool[at] != row:
        at += 1
    for j in range(k, GROUP):  # each list's last row fills the hole in front of it
        last = line[j + 1] - 1
        pool[at] = pool[last]
        at = last
        line[j + 1] = last


@njit(cache=True)
def rewire(
    rows: NDArray[np.int32],
    slots: NDArray[np.int32],
    sources: NDArray[np.int32],
    begin: int,
    source: NDArray[np.int32],
    ends: NDArray[np.int32],
    room: NDArray[np.int32],
    pool: NDArray[np.uint32],
    vacant: NDArray[np.int32],
) -> int:
    """Give slots new sources from entry `begin` on; how many entries are done before the pool ran out.

    Parameters
    ----------
    rows, slots, sources : (n,)
    source : (rows, slots) the wiring
    ends : (groups, 17) where in the pool the rows of a group's inputs begin, and where the last ones end
    room : (groups,) size of the group's block
    pool, vacant : see `_rehouse`
    """
    for i in range(begin, rows.size):
        row, old, new = rows[i], source[rows[i], slots[i]], sources[i]
        if old == new:
            continue
        if new >= 0:
            group, k = new // GROUP, new % GROUP
            line = ends[group]
            if line[GROUP] - line[0] == room[group] and not _rehouse(group, ends, room, pool, vacant):
                return i
            hole = np.uint64(line[GROUP])
            line[GROUP] += 1
            for j in range(GROUP - 1, k, -1):
                at = np.uint64(line[np.uint64(j)])
                pool[hole] = pool[at]
                hole = at
                line[np.uint64(j)] += 1
            pool[hole] = row
        if old >= 0:
            _remove(row, old % GROUP, ends[old // GROUP], pool)
        source[row, slots[i]] = new
    return rows.size


@njit(cache=True)
def _count_densely(
    runs: NDArray[np.int32],
    least: int,
    pool: NDArray[np.uint32],
    counts: NDArray[np.uint16],
    found: NDArray[np.int64],
) -> int:
    """Where much is driven: count into all rows, then look at all rows. How many were `found`."""
    for r in range(runs.shape[0]):
        for at in range(runs[r, 0], runs[r, 1]):
            counts[pool[at]] += np.uint16(1)
    n, bound = 0, np.uint16(min(least, 0xFFFF))
    for begin in range(0, counts.size, _BLOCK):
        hit = np.uint16(0)
        for i in range(_BLOCK):  # unsigned places and 16-bit flags: vector instructions, seven times faster
            hit |= np.uint16(counts[np.uint64(begin + i)] >= bound)
        if hit:
            for row in range(begin, begin + _BLOCK):
                if counts[row] >= bound:
                    found[n] = (row << 16) | np.int64(counts[row])
                    n += 1
    counts[:] = 0
    return n


@njit(cache=True)
def _count_sparsely(
    runs: NDArray[np.int32],
    total: int,
    least: int,
    pool: NDArray[np.uint32],
    counts: NDArray[np.uint16],
    found: NDArray[np.int64],
) -> int:
    """Where little is driven: note each row when it is first touched. How many were `found`."""
    touched = np.empty(total + 1, dtype=np.uint32)
    n = np.uint64(0)
    for r in range(runs.shape[0]):
        for at in range(runs[r, 0], runs[r, 1]):
            row = pool[at]
            touched[n] = row  # kept only where the row is new
            n += np.uint64(counts[row] == 0)
            counts[row] += np.uint16(1)
    enough = 0
    for i in range(n):
        row = touched[i]
        count = np.int64(counts[row])
        counts[row] = 0
        found[enough] = (np.int64(row) << 16) | count
        enough += np.int64(count >= least)
    found[:enough].sort()
    return enough


@njit(cache=True)
def driven_rows(
    active: NDArray[np.int32],
    least: int,
    ends: NDArray[np.int32],
    pool: NDArray[np.uint32],
    counts: NDArray[np.uint16],
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Rows with at least `least` driven slots, sorted, and how many each has.

    `counts` (rows, rounded up to whole blocks) is all 0 before and after.
    """
    runs = np.empty((active.size, 2), dtype=np.int32)  # stretches of the pool
    n_runs, total, i = 0, 0, 0
    while i < active.size:
        group, k = active[i] // GROUP, active[i] % GROUP
        n = 1
        most = min(GROUP - k, active.size - i)
        while n < most and active[i + n] == active[i] + n:
            n += 1
        runs[n_runs, 0], runs[n_runs, 1] = ends[group, k], ends[group, k + n]
        total += runs[n_runs, 1] - runs[n_runs, 0]
        n_runs += np.int64(runs[n_runs, 1] > runs[n_runs, 0])
        i += n
    found = np.empty(total // least + 1, dtype=np.int64)  # row and count in one number
    if total * _DENSE > counts.size:
        n = _count_densely(runs[:n_runs], least, pool, counts, found)
    else:
        n = _count_sparsely(runs[:n_runs], total, least, pool, counts, found)
    rows, driven = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32)
    for i in range(n):
        rows[i], driven[i] = found[i] >> 16, found[i] & 0xFFFF
    return rows, driven


@njit(cache=True)
def are_bits(indices: NDArray[np.int32], size: int) -> bool:
    """Whether the indices are sorted, unique and in 0..size-1."""
    fine = True
    for i in range(1, indices.size):
        fine &= indices[i] > indices[i - 1]
    return fine and (indices.size == 0 or (indices[0] >= 0 and indices[-1] < size))


@njit(cache=True)
def wired_counts(source: NDArray[np.int32], rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """Wired slots of each of `rows`, (len(rows),)."""
    counts = np.empty(rows.size, dtype=np.int32)
    for i in range(rows.size):
        line = source[rows[i]]
        wired = 0
        for slot in range(line.size):
            wired += np.int32(line[slot] >= 0)
        counts[i] = wired
    return counts


@njit(cache=True)
def ranges(
    a: NDArray[np.int32], b: NDArray[np.int32], c: NDArray[np.int32]
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Smallest and largest entries of three arrays of one length >= 1."""
    low_a, low_b, low_c, high_a, high_b, high_c = a[0], b[0], c[0], a[0], b[0], c[0]
    for i in range(a.size):
        low_a, high_a = min(low_a, a[i]), max(high_a, a[i])
        low_b, high_b = min(low_b, b[i]), max(high_b, b[i])
        low_c, high_c = min(low_c, c[i]), max(high_c, c[i])
    return (low_a, low_b, low_c), (high_a, high_b, high_c)


@final
class InputIndex:
    """For each input the rows that listen to it, once for every slot.

    Parameters
    ----------
    source : (rows, slots) int32, the wiring, -1 where a slot is empty
    n_inputs : number of inputs
    """

    def __init__(self, source: NDArray[np.int32], n_inputs: int) -> None:
        groups = -(-n_inputs // GROUP)
        rows, slots = np.nonzero(source >= 0)
        inputs = source[rows, slots]
        sizes = np.bincount(inputs, minlength=groups * GROUP).reshape(groups, GROUP)
        totals = sizes.sum(axis=1)
        room = _SMALLEST << np.ceil(np.log2(np.maximum(totals / _SMALLEST, 1))).astype(np.int64)
        room[totals == 0] = 0
        begin = 1 + np.cumsum(room) - room
        self._ends = np.zeros((groups, GROUP + 1), dtype=np.int32)
        self._ends[:, 1:] = np.cumsum(sizes, axis=1)
        self._ends += begin[:, None].astype(np.int32)
        self._room = room.astype(np.int32)
        used = 1 + int(room.sum())
        self._pool = np.zeros(max(_FIRST_POOL, used), dtype=np.uint32)
        order = np.argsort(inputs, kind="stable")
        ranks = np.arange(rows.size) - (np.cumsum(sizes) - sizes.ravel())[inputs[order]]
        self._pool[self._ends[:, :-1].ravel()[inputs[order]] + ranks] = rows[order]
        self._vacant = np.zeros(_CLASSES + 1, dtype=np.int32)
        self._vacant[-1] = used
        self._make_scratch(source.shape[0])

    def _make_scratch(self, rows: int) -> None:
        self._counts = np.zeros(-(-rows // _BLOCK) * _BLOCK, dtype=np.uint16)

    def extend(self, rows: int) -> None:
        """Make room for `rows` rows."""
        self._make_scratch(rows)

    def rewire(
        self,
        source: NDArray[np.int32],
        rows: NDArray[np.int32],
        slots: NDArray[np.int32],
        sources: NDArray[np.int32],
    ) -> None:
        """Set `source[rows, slots]` to `sources` (n,), in order, and keep the lists current."""
        done = 0
        while True:
            done = rewire(
                rows, slots, sources, done, source, self._ends, self._room, self._pool, self._vacant
            )
            if done == rows.size:
                return
            pool = np.zeros(2 * self._pool.size, dtype=np.uint32)
            pool[: self._pool.size] = self._pool
            self._pool = pool

    def driven(self, active: NDArray[np.int32], least: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Rows with at least `least` >= 1 slots driven by `active`, sorted, and how many: (n,), (n,)."""
        return driven_rows(active, least, self._ends, self._pool, self._counts)
