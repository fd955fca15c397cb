"""Which cell owns which segment: founding segments and giving them back.

A cell's segments are a linked list, so both cost the same however many there are. Each kernel has a plain twin of the
same name in `htm.memory_reference`.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

Index: TypeAlias = NDArray[np.int32]


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
def _found(
    founders: Index,
    victims: Index,
    dead: Index,
    cell: Index,
    held: Index,
    first: Index,
    after: Index,
    free: Index,
    marks: NDArray[np.int64],
    rows: Index,
) -> None:
    """`found` into `rows`."""
    if dead.size > 0:
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
    _found(founders, victims, dead, cell, held, first, after, free, marks, rows)
    return rows


@njit(cache=True)
def count_full(founders: Index, held: Index, limit: int) -> int:
    """How many of the cells hold at least so many segments."""
    n = 0
    for i in range(founders.size):
        n += int(held[founders[i]] >= limit)
    return n


@njit(cache=True)
def stamp(rows: Index, step: int, last_used: Index) -> None:
    """Note the step in which segments were used."""
    for i in range(rows.size):
        last_used[rows[i]] = step
