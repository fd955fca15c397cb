"""Which rows listen to an input: the inverse of a wiring, kept current as slots are rewired.

Rows stand eight in an *octet*, and an entry of 32 bits tells which rows of one octet listen to an input: the octet's
number and a bit a row. Segments that are founded together get neighbouring rows and share their inputs, so that an
entry often speaks for several rows, and counting adds it to eight counts at once (`htm.memory_counts`).

Inputs are taken in groups of 16 neighbours. A group owns one block of a common pool, in which the entries of its
inputs stand one input after the other, so that a bursting column is one contiguous line. What is grown in a step goes
in together: new entries take the place of the next input's first ones, which go behind that input's last, and so on.
A full block moves to a larger one and the old one goes to the next group that needs its size. So an update costs the
same however much was learned, and counting driven slots touches the entries of the active inputs only.
"""

from __future__ import annotations

from typing import final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .memory_counts import BLOCK, GROUP, OCTETS, driven_rows

_SMALLEST = 16  # entries in the smallest block
_FIRST_POOL = 1 << 14  # places of the pool, at first
_FEW = 256  # entries that are rather moved together than list by list
_CLASSES = 27  # sizes of block: 16, 32, 64, ...
_AT_ONCE = 1 << 16  # slots wired together where a whole wiring is taken over


@njit(cache=True)
def _class_of(entries: int) -> int:
    """Size class of the smallest block that takes so many entries."""
    kind = 0
    while (_SMALLEST << kind) < entries:
        kind += 1
    return kind


@njit(cache=True)
def _rehouse(
    group: int,
    kind: int,
    ends: NDArray[np.int32],
    room: NDArray[np.int32],
    pool: NDArray[np.uint32],
    vacant: NDArray[np.int32],
) -> None:
    """Move a full group to a block of a larger size class.

    `vacant[k]` heads the list of empty blocks of size class k, 0 where there is none; `vacant[-1]` is the first
    place never used. Place 0 of the pool belongs to nobody. The pool must have the room.
    """
    block = np.int64(vacant[kind])
    if block > 0:
        vacant[kind] = pool[block]
    else:
        block = np.int64(vacant[-1])
        vacant[-1] = block + (_SMALLEST << kind)
    line = ends[group]
    begin = np.int64(line[0])
    for i in range(line[GROUP] - begin):
        pool[np.uint64(block + i)] = pool[np.uint64(begin + i)]
    if room[group] > 0:
        before = _class_of(room[group])
        pool[begin] = vacant[before]
        vacant[before] = begin
    for k in range(GROUP + 1):
        line[k] += block - begin
    room[group] = _SMALLEST << kind


@njit(cache=True)
def _remove(row: int, one: int, ends: NDArray[np.int32], pool: NDArray[np.uint32]) -> None:
    """Take one `row` out of the entries of an input, and its entry too if no row is left in it."""
    line, k = ends[one // GROUP], one % GROUP
    octet, bit = np.uint32(row >> 3), np.uint32(1 << (row & 7))
    at = np.uint64(line[k])
    while (pool[at] >> np.uint32(8)) != octet or not (pool[at] & bit):
        at += np.uint64(1)
    pool[at] ^= bit
    if pool[at] & np.uint32(0xFF):
        return
    for j in range(k, GROUP):  # each list's last entry fills the hole in front of it
        last = line[j + 1] - 1
        pool[at] = pool[np.uint64(last)]
        at = np.uint64(last)
        line[j + 1] = last


@njit(cache=True)
def _fill(
    begin: int,
    rows: NDArray[np.int32],
    slots: NDArray[np.int32],
    sources: NDArray[np.int32],
    source: NDArray[np.int32],
    known: NDArray[np.int32],
    inputs: NDArray[np.int32],
    entries: NDArray[np.uint32],
    chain: NDArray[np.int32],
    filled: NDArray[np.uint8],
) -> tuple[int, int]:
    """Wire slots from place `begin` on, up to the first one that is not empty, and make entries of them.

    Returns that place, and the number of `inputs` met. The last one of an input's `entries` is known[input] - 1; of
    entry i, chain[i, 0] - 1 is the one before, and chain[i, 1] counts those up to it. `filled` tells which slots were
    wired now.
    """
    n = n_entries = 0
    for i in range(begin, rows.size):
        row, slot, new = np.uint64(rows[i]), np.uint64(slots[i]), sources[i]
        old = source[row, slot]
        filled[i] = old != new
        if old == new:
            continue
        if old >= 0:
            return i, n
        source[row, slot] = new
        octet, bit = np.uint32(row >> np.uint64(3)), np.uint32(1) << np.uint32(row & np.uint64(7))
        last, depth = known[np.uint64(new)], 0
        if last > 0:
            at = np.uint64(last - 1)
            if (entries[at] >> np.uint32(8)) == octet and not (entries[at] & bit):
                entries[at] |= bit
                continue
            depth = chain[at, 1]
        else:
            inputs[n] = new
            n += 1
        entries[n_entries] = (octet << np.uint32(8)) | bit
        chain[n_entries, 0], chain[n_entries, 1] = last, depth + 1
        n_entries += 1
        known[np.uint64(new)] = n_entries
    return rows.size, n


@njit(cache=True)
def _make_room(
    inputs: NDArray[np.int32],
    known: NDArray[np.int32],
    chain: NDArray[np.int32],
    ends: NDArray[np.int32],
    room: NDArray[np.int32],
    pool: NDArray[np.uint32],
    vacant: NDArray[np.int32],
    extra: NDArray[np.int32],
) -> bool:
    """Room for all entries in the blocks of their groups; False, and nothing done, where the pool may not have it.

    `extra` (groups,) is scratch, all 0 before and after.
    """
    need = int(vacant[-1])
    for i in range(inputs.size):
        group = inputs[i] // GROUP
        extra[group] += chain[known[inputs[i]] - 1, 1]
    for i in range(inputs.size):
        group = inputs[i] // GROUP
        total = int(ends[group, GROUP] - ends[group, 0] + extra[group])
        if total > room[group]:
            need += _SMALLEST << _class_of(total)
    for i in range(inputs.size):
        group = inputs[i] // GROUP
        total = int(ends[group, GROUP] - ends[group, 0] + extra[group])
        if need <= pool.size and total > room[group]:
            _rehouse(group, _class_of(total), ends, room, pool, vacant)
    for i in range(inputs.size):
        extra[inputs[i] // GROUP] = 0
    return need <= pool.size


@njit(cache=True)
def _insert(
    one: int,
    last: int,
    entries: NDArray[np.uint32],
    chain: NDArray[np.int32],
    ends: NDArray[np.int32],
    pool: NDArray[np.uint32],
) -> None:
    """Put an input's chain of entries, of which `last` is the last, behind those that it has."""
    line, k = ends[one // GROUP], one % GROUP
    more, end = np.int64(chain[last, 1]), np.int64(line[GROUP])
    if end - line[k + 1] <= _FEW:
        for at in range(end - 1, line[k + 1] - 1, -1):
            pool[np.uint64(at + more)] = pool[np.uint64(at)]
    else:
        for j in range(GROUP - 1, k, -1):  # order within a list is free: its first entries go behind its last
            moved = min(more, np.int64(line[j + 1] - line[j]))
            for i in range(moved):
                pool[np.uint64(line[j + 1] + more - moved + i)] = pool[np.uint64(line[j] + i)]
    for j in range(k + 1, GROUP + 1):
        line[j] += more
    place = np.uint64(line[k + 1])
    while last >= 0:
        place -= np.uint64(1)
        pool[place] = entries[last]
        last = chain[last, 0] - 1


@njit(cache=True)
def _wire(
    begin: int,
    rows: NDArray[np.int32],
    slots: NDArray[np.int32],
    sources: NDArray[np.int32],
    source: NDArray[np.int32],
    ends: NDArray[np.int32],
    room: NDArray[np.int32],
    pool: NDArray[np.uint32],
    vacant: NDArray[np.int32],
    known: NDArray[np.int32],
    extra: NDArray[np.int32],
) -> int:
    """`rewire` up to the first slot that is not empty; that place, or `begin` where the pool may not have the room."""
    most = rows.size - begin
    entries, chain = np.empty(most, dtype=np.uint32), np.empty((most, 2), dtype=np.int32)
    inputs, filled = np.empty(most, dtype=np.int32), np.empty(rows.size, dtype=np.uint8)
    stop, n = _fill(begin, rows, slots, sources, source, known, inputs, entries, chain, filled)
    fits = _make_room(inputs[:n], known, chain, ends, room, pool, vacant, extra)
    for i in range(n):
        if fits:
            _insert(inputs[i], known[inputs[i]] - 1, entries, chain, ends, pool)
        known[inputs[i]] = 0
    if fits:
        return stop
    for i in range(begin, stop):  # as if nothing had been
        if filled[i]:
            source[rows[i], slots[i]] = -1
    return begin


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
    known: NDArray[np.int32],
    extra: NDArray[np.int32],
) -> int:
    """Give slots new sources from place `begin` on; how many places are done before the pool ran out.

    Parameters
    ----------
    rows, slots, sources : (n,)
    source : (rows, slots) the wiring
    ends : (groups, 17) where in the pool the entries of a group's inputs begin, and where the last ones end
    room : (groups,) size of the group's block
    pool, vacant : see `_rehouse`
    known, extra : (inputs,), (groups,) scratch, all 0
    """
    at = begin
    while at < rows.size:
        old = source[rows[at], slots[at]]
        if old >= 0 and old != sources[at]:  # the slot lets one input go before it gets another
            _remove(rows[at], old, ends, pool)
            source[rows[at], slots[at]] = -1
        if old == sources[at] or sources[at] < 0:
            at += 1
            continue
        stop = _wire(at, rows, slots, sources, source, ends, room, pool, vacant, known, extra)
        if stop == at:
            return at
        at = stop
    return rows.size


@njit(cache=True)
def are_bits(indices: NDArray[np.int32], size: int) -> bool:
    """Whether the indices are sorted, unique and in 0..size-1."""
    fine = True
    for i in range(1, indices.size):
        fine &= indices[i] > indices[i - 1]
    return fine and (indices.size == 0 or (indices[0] >= 0 and indices[-1] < size))


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
        self._ends = np.ones((groups, GROUP + 1), dtype=np.int32)
        self._room = np.zeros(groups, dtype=np.int32)
        self._pool = np.zeros(_FIRST_POOL, dtype=np.uint32)
        self._vacant = np.zeros(_CLASSES + 1, dtype=np.int32)
        self._vacant[-1] = 1
        self._known = np.zeros(n_inputs, dtype=np.int32)
        self._extra = np.zeros(groups, dtype=np.int32)
        self._make_scratch(source.shape[0])
        rows, slots = (part.astype(np.int32) for part in np.nonzero(source >= 0))
        inputs, empty = source[rows, slots], np.full_like(source, -1)
        for begin in range(0, rows.size, _AT_ONCE):
            some = slice(begin, begin + _AT_ONCE)
            self.rewire(empty, rows[some], slots[some], inputs[some])

    def _make_scratch(self, rows: int) -> None:
        self._sums = np.zeros(-(-rows // BLOCK) * (BLOCK // 8), dtype=np.uint64)
        self._counts = self._sums.view(np.uint8)
        self._found = np.empty((2, self._counts.size + 1), dtype=np.int32)

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
            lists = self._ends, self._room, self._pool, self._vacant, self._known, self._extra
            done = rewire(rows, slots, sources, done, source, *lists)
            if done == rows.size:
                return
            pool = np.zeros(2 * self._pool.size, dtype=np.uint32)
            pool[: self._pool.size] = self._pool
            self._pool = pool

    def driven(self, active: NDArray[np.int32], least: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Rows with at least `least`, 1 to 255, slots driven by `active`, sorted, and how many: (n,), (n,)."""
        scratch = OCTETS, self._sums, self._counts, self._found
        n = driven_rows(active, least, self._ends, self._pool, *scratch)
        found = self._found[:, :n].copy()
        return found[0], found[1]
