"""Plain twins of the temporal memory's kernels: slow, short, obviously right. Tests hold them equal."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .memory_kernels import FOR_COLUMNS, FOR_ROWS

Index: TypeAlias = NDArray[np.int32]
_WORD = 2**64 - 1


def _index(values: list[int]) -> Index:
    return np.array(values, dtype=np.int32)


def mix(key: int, counter: int) -> int:
    z = (key + counter * 0x9E3779B97F4A7C15) & _WORD
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _WORD
    return z ^ (z >> 31)


def below(word: int, n: int) -> int:
    return ((word >> 32) * n) >> 32


def least_used(first: int, last: int, held: Index, word: int) -> int:
    tied = first + np.flatnonzero(held[first:last] == held[first:last].min())
    return int(tied[below(word, tied.size)])


def activate(
    columns: Index,
    cells_per_column: int,
    rows: Index,
    cell: Index,
    predicts: NDArray[np.bool_],
    potential: Index,
    previous: Index,
    held: Index,
    key: int,
) -> tuple[Index, Index, Index, Index, Index, Index, int]:
    active: list[int] = []
    winners: list[int] = []
    learning: list[int] = []
    founders: list[int] = []
    burst = 0
    places = sorted(range(rows.size), key=lambda i: (cell[rows[i]], rows[i]))
    for column in columns.tolist():
        cells = range(column * cells_per_column, (column + 1) * cells_per_column)
        here = [i for i in places if cell[rows[i]] in cells]
        right = [i for i in here if predicts[i]]
        if right:
            owners = sorted({int(cell[rows[i]]) for i in right})
            active += owners
            winners += owners
            learning += right
            continue
        burst += 1
        active += cells
        before = [int(c) for c in previous if c in cells]
        if here:
            best = max(here, key=lambda i: potential[i])  # the first of equals
            learning.append(best)
            winners.append(int(cell[rows[best]]))
            continue
        word = mix(mix(key, FOR_COLUMNS), column)
        winners.append(before[0] if before else least_used(cells[0], cells[-1] + 1, held, word))
        founders.append(winners[-1])
    wrong = [int(row) for row in rows if cell[row] // cells_per_column not in columns]
    picked = np.array(sorted(learning), dtype=np.int64)
    return (
        _index(active),
        _index(winners),
        rows[picked],
        potential[picked],
        _index(founders),
        _index(sorted(wrong)),
        burst,
    )


def answer(
    cells: Index,
    columns: Index,
    cells_per_column: int,
    rows: Index,
    cell: Index,
    predicts: NDArray[np.bool_],
    potential: Index,
) -> tuple[Index, Index, Index, Index]:
    learning: list[int] = []
    founders: list[int] = []
    for owner in cells.tolist():
        here = [i for i in range(rows.size) if cell[rows[i]] == owner]
        right = [i for i in here if predicts[i]]
        if right:
            learning += right
        elif here:
            learning.append(max(here, key=lambda i: potential[i]))
        else:
            founders.append(owner)
    wrong = [int(row) for row in rows if cell[row] // cells_per_column not in columns]
    picked = np.array(sorted(learning), dtype=np.int64)
    return rows[picked], potential[picked], _index(founders), _index(wrong)


def weakest_slots(line: Index, seen: NDArray[np.float32], spare: Index, n: int) -> Index:
    free = [slot for slot in range(line.size) if line[slot] >= 0 and line[slot] not in spare]
    return _index(sorted(free, key=lambda slot: seen[slot])[:n])


def grow(
    learning: Index,
    driven: Index,
    seen: NDArray[np.float32],
    fresh: Index,
    candidates: Index,
    new_synapses: int,
    initial: np.float32,
    limits: Index,
    source: Index,
    key: int,
) -> tuple[Index, Index, Index, Index, Index]:
    dropped: list[tuple[int, int]] = []
    grown: list[tuple[int, int, int]] = []
    jobs = [
        (int(row), new_synapses - int(n), seen[i])
        for i, (row, n) in enumerate(zip(learning, driven, strict=True))
    ]
    jobs += [(int(row), new_synapses, np.zeros(source.shape[1], np.float32)) for row in fresh]
    for (row, wanted, values), limit in zip(jobs, limits.tolist(), strict=True):
        line = source[row].copy()
        room = min(wanted, candidates.size)
        excess = int((line >= 0).sum()) + room - limit
        if excess > 0:
            for slot in weakest_slots(line, values, candidates, excess).tolist():
                dropped.append((row, slot))
                line[slot] = -1
        room = min(room, limit - int((line >= 0).sum()))
        order = candidates.tolist()
        empty = [slot for slot in range(limit) if slot >= line.size or line[slot] < 0]
        for j in range(candidates.size):
            if room <= 0:
                break
            if wanted < candidates.size:
                other = j + below(mix(mix(mix(key, FOR_ROWS), row), j), candidates.size - j)
                order[j], order[other] = order[other], order[j]
            at = np.flatnonzero(line == order[j])
            if at.size:
                if values[at[0]] < initial:
                    grown.append((row, int(at[0]), order[j]))
                continue
            grown.append((row, empty.pop(0), order[j]))
            room -= 1
    old, new = np.array(dropped, np.int32).reshape(-1, 2).T, np.array(grown, np.int32).reshape(-1, 3).T
    return old[0], old[1], new[0], new[1], new[2]


def unlink(row: int, cell: Index, held: Index, first: Index, after: Index) -> None:
    owner = int(cell[row])
    rows, at = [], int(first[owner])
    while at >= 0:
        rows.append(at)
        at = int(after[at])
    rows.remove(row)
    first[owner] = rows[0] if rows else -1
    for here, then in zip(rows, [*rows[1:], -1], strict=False):
        after[here] = then
    held[owner] -= 1
    cell[row] = -1


def release(
    rows: Index, cell: Index, held: Index, first: Index, after: Index, free: Index, marks: NDArray[np.int64]
) -> None:
    for row in rows.tolist():
        unlink(row, cell, held, first, after)
        free[marks[0]] = row
        marks[0] += 1


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
    rows: list[int] = []
    waiting = sorted(dead.tolist(), key=lambda row: (cell[row], row))
    for i, owner in enumerate(founders.tolist()):
        while waiting and cell[waiting[0]] < owner:
            release(_index([waiting.pop(0)]), cell, held, first, after, free, marks)
        if victims.size and victims[i] >= 0:
            row = int(victims[i])
            unlink(row, cell, held, first, after)
        elif marks[0]:
            marks[0] -= 1
            row = int(free[marks[0]])
        else:
            row = int(marks[1])
            marks[1] += 1
        cell[row], after[row], first[owner] = owner, first[owner], row
        held[owner] += 1
        rows.append(row)
    release(_index(waiting), cell, held, first, after, free, marks)
    return _index(rows)


def count_full(founders: Index, held: Index, limit: int) -> int:
    return int((held[founders] >= limit).sum())


def stamp(rows: Index, step: int, last_used: Index) -> None:
    last_used[rows] = step


def driven_rows(source: Index, active: Index, least: int) -> tuple[Index, Index]:
    counts = np.isin(source, active).sum(axis=1, dtype=np.int32)
    rows = np.flatnonzero(counts >= least).astype(np.int32)
    return rows, counts[rows]


def overlap_rows(
    rows: Index, active: Index, source: Index, permanence: NDArray[np.float32], threshold: np.float32
) -> Index:
    return np.asarray(
        (np.isin(source[rows], active) & (permanence[rows] >= threshold)).sum(axis=1, dtype=np.int32)
    )


def adapt_rows(
    rows: Index,
    active: Index,
    on: np.float32,
    off: np.float32,
    source: Index,
    permanence: NDArray[np.float32],
) -> None:
    change = np.where(np.isin(source[rows], active), on, off)
    fresh = np.clip(permanence[rows] + change, np.float32(0), np.float32(1))
    permanence[rows] = np.where(source[rows] >= 0, fresh, permanence[rows])


def count_spent(rows: Index, source: Index, permanence: NDArray[np.float32], bound: np.float32) -> int:
    return spent_slots(rows, source, permanence, bound)[0].size


def spent_slots(
    rows: Index, source: Index, permanence: NDArray[np.float32], bound: np.float32
) -> tuple[Index, Index]:
    at, slots = np.nonzero((source[rows] >= 0) & (permanence[rows] <= bound))
    return rows[at], slots.astype(np.int32)


def write_slots(
    rows: Index, slots: Index, sources: Index, value: np.float32, permanence: NDArray[np.float32]
) -> None:
    permanence[rows, slots] = np.where(sources >= 0, value, np.float32(0))
