"""Decisions of the temporal memory: counts in, index sets out; nothing here changes a synapse.

Every random choice expands one 64-bit key by SplitMix64 (Steele, Lea, Flood 2014, OOPSLA), bound to the column or row
that it is for, so the order of work does not matter. Each kernel has a plain twin of the same name in
`htm.memory_reference`, and a test holds the two equal.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numba import njit, uint64
from numpy.typing import NDArray

Index: TypeAlias = NDArray[np.int32]

FOR_COLUMNS, FOR_ROWS = 1, 2  # which choices a step's key is expanded for


@njit(cache=True)
def mix(key: Any, counter: Any) -> Any:
    """The `counter`-th 64-bit word of the stream `key`."""
    z = uint64(key) + uint64(counter) * uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
    return z ^ (z >> uint64(31))


@njit(cache=True)
def below(word: Any, n: Any) -> Any:
    """A whole number in 0..n-1 from a 64-bit word."""
    return np.int64(((uint64(word) >> uint64(32)) * uint64(n)) >> uint64(32))


@njit(cache=True)
def least_used(first: Any, last: Any, held: Index, word: Any) -> Any:
    """One of the cells first..last-1 that hold fewest segments, by chance."""
    fewest, tied = held[first], 0
    for cell in range(first, last):
        fewest = min(fewest, held[cell])
    for cell in range(first, last):
        tied += np.int64(held[cell] == fewest)
    skip = below(word, tied)
    chosen = first
    for cell in range(first, last):
        if held[cell] == fewest:
            if skip == 0:
                chosen = cell
                break
            skip -= 1
    return chosen


@njit(cache=True)
def activate(
    columns: Index,
    cells_per_column: int,
    rows: Index,
    cell: Index,
    predicts: NDArray[np.bool_],
    potential: Index,
    previous: Index,
    held: Index,
    key: Any,
) -> tuple[Index, Index, Index, Index, Index, Index, int]:
    """What a record's columns make of the predictions.

    Parameters
    ----------
    columns : active columns
    cells_per_column : cells of a column
    rows : (n,) matching segments, sorted
    cell : (capacity,) the cell that owns each segment
    predicts : (n,) whether the segment is active, so that its cell was predicted
    potential : (n,) driven slots of the segment
    previous : winner cells of the step before
    held : (cells,) segments of each cell
    key : 64-bit word that decides between equals

    Returns
    -------
    active : active cells: the predicted ones of a column, or all of it where none was
    winners : the predicted cells; else the cell of the best matching segment, else the column's winner of the
        step before, else one that holds fewest segments
    learning : segments to reinforce, sorted: active ones, and the best matching of bursting columns
    driven : (len(learning),) their potential
    founders : winners that had no matching segment and so found one
    wrong : matching segments of columns that are not active, sorted
    burst : number of bursting columns
    """
    n = rows.size
    order = np.argsort(cell[rows], kind="mergesort")  # by cell, then by row
    active = np.empty(columns.size * cells_per_column, dtype=np.int32)
    winners = np.empty(columns.size * cells_per_column, dtype=np.int32)
    founders = np.empty(columns.size, dtype=np.int32)
    chosen = np.empty(n, dtype=np.int64)
    wrong = np.empty(n, dtype=np.int32)
    n_active = n_winners = n_founders = n_chosen = n_wrong = burst = 0
    at = before = 0
    word = mix(key, FOR_COLUMNS)
    for c in range(columns.size):
        first = np.int64(columns[c]) * cells_per_column
        last = first + cells_per_column
        while at < n and cell[rows[order[at]]] < first:
            wrong[n_wrong] = rows[order[at]]
            n_wrong += 1
            at += 1
        end = at
        predicted = 0
        while end < n and cell[rows[order[end]]] < last:
            predicted += np.int64(predicts[order[end]])
            end += 1
        if predicted > 0:
            for i in range(at, end):
                if predicts[order[i]]:
                    owner = cell[rows[order[i]]]
                    chosen[n_chosen] = order[i]
                    n_chosen += 1
                    if n_active == 0 or active[n_active - 1] != owner:
                        active[n_active], winners[n_winners] = owner, owner
                        n_active, n_winners = n_active + 1, n_winners + 1
            at = end
            continue
        burst += 1
        for one in range(first, last):
            active[n_active] = one
            n_active += 1
        while before < previous.size and previous[before] < first:
            before += 1
        if end > at:
            best = order[at]
            for i in range(at + 1, end):
                best = order[i] if potential[order[i]] > potential[best] else best
            chosen[n_chosen] = best
            n_chosen += 1
            winner = cell[rows[best]]
        else:
            if before < previous.size and previous[before] < last:
                winner = previous[before]
            else:
                winner = np.int32(least_used(first, last, held, mix(word, columns[c])))
            founders[n_founders] = winner
            n_founders += 1
        winners[n_winners] = winner
        n_winners += 1
        at = end
    for i in range(at, n):
        wrong[n_wrong] = rows[order[i]]
        n_wrong += 1
    picked = np.sort(chosen[:n_chosen])  # positions in sorted rows, so the rows come out sorted
    return (
        active[:n_active],
        winners[:n_winners],
        rows[picked],
        potential[picked],
        founders[:n_founders],
        np.sort(wrong[:n_wrong]),
        burst,
    )


@njit(cache=True)
def answer(
    cells: Index,
    columns: Index,
    cells_per_column: int,
    rows: Index,
    cell: Index,
    predicts: NDArray[np.bool_],
    potential: Index,
) -> tuple[Index, Index, Index, Index]:
    """What a second set of segments learns, once the winner `cells` are known; parameters as in `activate`.

    Returns
    -------
    learning : segments to reinforce, sorted: each winner's active ones, else its best matching one
    driven : (len(learning),) their potential
    founders : winners without a matching segment
    wrong : matching segments of columns that are not active, sorted
    """
    n = rows.size
    order = np.argsort(cell[rows], kind="mergesort")
    chosen = np.empty(n, dtype=np.int64)
    founders = np.empty(cells.size, dtype=np.int32)
    n_chosen = n_founders = at = 0
    for c in range(cells.size):
        while at < n and cell[rows[order[at]]] < cells[c]:
            at += 1
        end, predicted = at, 0
        while end < n and cell[rows[order[end]]] == cells[c]:
            predicted += np.int64(predicts[order[end]])
            end += 1
        if end == at:
            founders[n_founders] = cells[c]
            n_founders += 1
        elif predicted > 0:
            for i in range(at, end):
                chosen[n_chosen] = order[i]
                n_chosen += np.int64(predicts[order[i]])
        else:
            best = order[at]
            for i in range(at + 1, end):
                best = order[i] if potential[order[i]] > potential[best] else best
            chosen[n_chosen] = best
            n_chosen += 1
        at = end
    wrong = np.empty(n, dtype=np.int32)
    n_wrong = 0
    for i in range(n):
        column = cell[rows[i]] // cells_per_column
        place = np.searchsorted(columns, column)
        wrong[n_wrong] = rows[i]
        n_wrong += np.int64(place == columns.size or columns[min(place, columns.size - 1)] != column)
    picked = np.sort(chosen[:n_chosen])
    return rows[picked], potential[picked], founders[:n_founders], wrong[:n_wrong]


@njit(cache=True)
def weakest_slots(line: Index, seen: NDArray[np.float32], spare: Index, n: int) -> Index:
    """The `n` weakest wired slots whose source is none of the sorted `spare`, fewer where there are not so many.

    `line`, `seen` (slots,) sources and permanences of one row; of equal permanences the lower slot goes.
    """
    free = np.empty(line.size, dtype=np.int32)
    found = 0
    for slot in range(line.size):
        if line[slot] >= 0:
            place = np.searchsorted(spare, line[slot])
            if place == spare.size or spare[place] != line[slot]:
                free[found] = slot
                found += 1
    free = free[:found]
    return free[np.argsort(seen[free], kind="mergesort")[:n]]


@njit(cache=True)
def grow(
    learning: Index,
    driven: Index,
    seen: NDArray[np.float32],
    fresh: Index,
    candidates: Index,
    new_synapses: int,
    initial: np.float32,
    limit: int,
    source: Index,
    key: Any,
) -> tuple[Index, Index, Index, Index, Index]:
    """Which synapses segments grow to the previous winners, and which weak ones make room.

    Parameters
    ----------
    learning, driven, seen : (n,), (n,), (n, stored slots) segments with fewer than `new_synapses` driven slots, how
        many these are, and the permanences read
    fresh : (m,) new segments, empty
    candidates : winner cells of the step before, sorted
    new_synapses : driven synapses up to which a segment grows
    initial : permanence of a grown synapse
    limit : most synapses of a segment
    source : (capacity, stored slots) the wiring
    key : 64-bit word that picks the candidates

    Returns
    -------
    dropped_rows, dropped_slots : synapses that go
    rows, slots, sources : synapses to connect: new ones, and present ones weaker than `initial`
    """
    n_old, n_candidates, stored = learning.size, candidates.size, source.shape[1]
    most = np.int64(n_old + fresh.size) * n_candidates
    out = np.empty((5, most), dtype=np.int32)
    n_out = n_drop = 0
    order, present = np.empty(n_candidates, dtype=np.int32), np.empty(n_candidates, dtype=np.int32)
    line = np.empty(stored, dtype=np.int32)
    word = mix(key, FOR_ROWS)
    for i in range(n_old + fresh.size):
        row = learning[i] if i < n_old else fresh[i - n_old]
        wanted = new_synapses - driven[i] if i < n_old else new_synapses
        have, room = 0, min(wanted, n_candidates)
        for slot in range(stored):
            line[slot] = source[row, slot]
            have += np.int64(line[slot] >= 0)
        if i < n_old and have + room > limit:
            for slot in weakest_slots(line, seen[i], candidates, have + room - limit):
                out[0, n_drop], out[1, n_drop] = row, slot
                line[slot] = -1
                n_drop, have = n_drop + 1, have - 1
        room = min(room, limit - have)
        for j in range(n_candidates):
            order[j], present[j] = j, -1
        if have > 0:
            for slot in range(stored):
                if line[slot] >= 0:
                    place = np.searchsorted(candidates, line[slot])
                    if place < n_candidates and candidates[place] == line[slot]:
                        present[place] = slot
        stream, slot = mix(word, row), 0
        for j in range(n_candidates):
            if room <= 0:
                break
            if wanted < n_candidates:  # a shuffle, one candidate further
                other = j + below(mix(stream, j), n_candidates - j)
                order[j], order[other] = order[other], order[j]
            pick = order[j]
            if present[pick] >= 0:
                if seen[i, present[pick]] < initial:
                    out[2, n_out], out[3, n_out], out[4, n_out] = row, present[pick], candidates[pick]
                    n_out += 1
                continue
            while slot < stored and line[slot] >= 0:
                slot += 1
            out[2, n_out], out[3, n_out], out[4, n_out] = row, slot, candidates[pick]
            n_out, slot, room = n_out + 1, slot + 1, room - 1
    return out[0, :n_drop], out[1, :n_drop], out[2, :n_out], out[3, :n_out], out[4, :n_out]


@njit(cache=True)
def unlink(row: int, cell: Index, held: Index, first: Index, after: Index) -> None:
    """Take a segment from its cell's list; lists are linked: `first` (cells,), `after` (capacity,), -1 at the end."""
    owner = cell[row]
    if first[owner] == row:
        first[owner] = after[row]
    else:
        before = first[owner]
        while after[before] != row:
            before = after[before]
        after[before] = after[row]
    held[owner] -= 1
    cell[row] = -1


@njit(cache=True)
def release(
    rows: Index, cell: Index, held: Index, first: Index, after: Index, free: Index, marks: NDArray[np.int64]
) -> None:
    """Give rows back, in order: the last one is the first to be used again."""
    for i in range(rows.size):
        unlink(rows[i], cell, held, first, after)
        free[marks[0]] = rows[i]
        marks[0] += 1


@njit(cache=True)
def found(
    founders: Index,
    victims: Index,
    dead: Index,
    cell: Index,
    held: Index,
    first: Index,
    after: Index,
    free: Index,
    marks: NDArray[np.int64],
) -> Index:
    """Rows for new segments, (len(founders),), in htm.core's order: columns from low to high free rows and take them.

    Parameters
    ----------
    founders : cells that found a segment, sorted
    victims : (len(founders),) segment of that cell to be replaced, or -1; empty where there is none
    dead : emptied segments to give back
    cell, held, first, after : who owns which segment (see `unlink`), changed in place
    free : (capacity,) rows given back, the last first to be used again
    marks : (2,) how many rows `free` holds; rows ever used. Enough rows must be left
    """
    rows = np.empty(founders.size, dtype=np.int32)
    dead = dead[np.argsort(cell[dead], kind="mergesort")]
    gone = 0
    for i in range(founders.size):
        while gone < dead.size and cell[dead[gone]] < founders[i]:
            release(dead[gone : gone + 1], cell, held, first, after, free, marks)
            gone += 1
        if victims.size > 0 and victims[i] >= 0:
            row = victims[i]
            unlink(row, cell, held, first, after)
        elif marks[0] > 0:
            marks[0] -= 1
            row = free[marks[0]]
        else:
            row = np.int32(marks[1])
            marks[1] += 1
        owner = founders[i]
        cell[row] = owner
        after[row] = first[owner]
        first[owner] = row
        held[owner] += 1
        rows[i] = row
    release(dead[gone:], cell, held, first, after, free, marks)
    return rows
