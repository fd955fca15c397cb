"""Decisions of the temporal memory: counts in, index sets out; nothing here changes a synapse.

Every random choice expands one 64-bit key by SplitMix64 (Steele, Lea, Flood 2014, OOPSLA), bound to the column or row
that it is for, so the order of work does not matter. Each kernel has a plain twin of the same name in
`htm.memory_reference`, and a test holds the two equal. A decision is made in arrays that the kernel is given: an array
made in a compiled function takes 0.8 us to come out.
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
    line, tied = held[first:last], 0
    fewest = line[0]
    for i in range(line.size):
        fewest = min(fewest, line[np.uint64(i)])
    for i in range(line.size):
        tied += np.int64(line[np.uint64(i)] == fewest)
    skip = below(word, tied)
    for i in range(line.size):
        skip -= np.int64(line[np.uint64(i)] == fewest)
        if skip < 0:
            return first + i
    return first


@njit(cache=True)
def _by_column(
    columns: Index,
    cells_per_column: int,
    rows: Index,
    cell: Index,
    place: Index,
    begins: Index,
    order: Index,
    wrong: Index,
) -> int:
    """Sort matching segments by active column, each column's by row, and tell those of others; how many these are.

    Column c's are `order`[begins[c]] .. `order`[begins[c + 1] - 1]. `place` (columns of the memory,) and `begins`
    are all 0 before.
    """
    n_wrong = 0
    of = np.empty(rows.size, dtype=np.int32)
    for c in range(columns.size):
        place[columns[c]] = c + 1
    for i in range(rows.size):
        row = np.uint64(rows[i])
        of[i] = place[np.uint64(np.uint32(cell[row]) // np.uint32(cells_per_column))]
        wrong[n_wrong] = rows[i]  # kept only where its column is not active
        n_wrong += np.int64(of[i] == 0)
        begins[np.uint64(of[i])] += 1
    begins[0] = 0
    for c in range(columns.size):
        begins[c + 1] += begins[c]
    cursor = begins.copy()
    for i in range(rows.size):
        if of[i] > 0:
            order[cursor[of[i] - 1]] = i
            cursor[of[i] - 1] += 1
    return n_wrong


@njit(cache=True)
def _activate(
    columns: Index,
    cells_per_column: int,
    rows: Index,
    cell: Index,
    predicts: NDArray[np.bool_],
    potential: Index,
    previous: Index,
    held: Index,
    key: Any,
    cells: Index,
    segments: Index,
) -> tuple[int, int, int, int, int, int]:
    """`activate` into the lines of `cells` and `segments`; how many of each, as `activate` lists them, and burst."""
    active, winners, founders = cells[0], cells[1], cells[2]
    learning, driven, wrong = segments[0], segments[1], segments[2]
    begins, order = np.zeros(columns.size + 1, dtype=np.int32), np.empty(rows.size, dtype=np.int32)
    picked = np.zeros(rows.size, dtype=np.uint8)
    n_active = n_winners = n_founders = n_learning = n_wrong = burst = before = 0
    if rows.size > 0:
        place = np.zeros(held.size // cells_per_column, dtype=np.int32)
        n_wrong = _by_column(columns, cells_per_column, rows, cell, place, begins, order, wrong)
    word = mix(key, FOR_COLUMNS)
    for c in range(columns.size):
        first = np.int64(columns[c]) * cells_per_column
        here, start = order[begins[c] : begins[c + 1]], n_active
        best = here[0] if here.size > 0 else np.int32(0)
        for i in here:
            if predicts[i]:
                picked[i] = 1
                n_active = _enter(cell[rows[i]], start, n_active, active)
            more = potential[i] - potential[best]
            best = i if more > 0 or (more == 0 and cell[rows[i]] < cell[rows[best]]) else best
        if n_active > start:
            winners[n_winners : n_winners + n_active - start] = active[start:n_active]
            n_winners += n_active - start
            continue
        burst += 1
        for i in range(cells_per_column):
            active[n_active + i] = first + i
        n_active += cells_per_column
        if here.size > 0:
            picked[best] = 1
            winner = cell[rows[best]]
        else:
            while before < previous.size and previous[before] < first:
                before += 1
            if before < previous.size and previous[before] < first + cells_per_column:
                winner = previous[before]
            else:
                winner = np.int32(least_used(first, first + cells_per_column, held, mix(word, columns[c])))
            founders[n_founders] = winner
            n_founders += 1
        winners[n_winners] = winner
        n_winners += 1
    for i in range(rows.size):
        learning[n_learning], driven[n_learning] = rows[i], potential[i]  # kept only where picked
        n_learning += np.int64(picked[i])
    return n_active, n_winners, n_founders, n_learning, n_wrong, burst


@njit(cache=True)
def _enter(one: Any, start: int, end: int, cells: Index) -> int:
    """Enter a cell into the sorted `cells`[start:end] if it is not there; the end after."""
    at = end
    while at > start and cells[at - 1] > one:
        at -= 1
    if at > start and cells[at - 1] == one:
        return end
    for i in range(end, at, -1):
        cells[i] = cells[i - 1]
    cells[at] = one
    return end + 1


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
    cells = np.empty((3, columns.size * cells_per_column), dtype=np.int32)
    segments = np.empty((3, rows.size), dtype=np.int32)
    given = columns, cells_per_column, rows, cell, predicts, potential, previous, held, key
    n_active, n_winners, n_founders, n_learning, n_wrong, burst = _activate(*given, cells, segments)
    return (
        cells[0, :n_active],
        cells[1, :n_winners],
        segments[0, :n_learning],
        segments[1, :n_learning],
        cells[2, :n_founders],
        segments[2, :n_wrong],
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
