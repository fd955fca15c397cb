"""Cells of several rows laid one behind the other, and put back.

Segments use a few dozen slots of a row each, too few for a loop to become vector instructions: what is computed for
cells is computed for those of many rows at once, in scratch arrays that stay in the first-level cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

F32 = NDArray[np.float32]

PATCH = 1024
"""Cells worked on together; one row where it is longer."""


@njit(cache=True)
def used_slots(count: F32, widths: NDArray[np.int32]) -> None:
    """Slots of each row of `count` up to the last one that is not 0, into `widths`."""
    for i in range(widths.size):
        line, width = count[i], count.shape[1]
        while width > 0 and line[np.uint64(width - 1)] == np.float32(0):
            width -= 1
        widths[i] = width


@njit(cache=True)
def patch_from(first: int, widths: NDArray[np.int32]) -> tuple[int, int]:
    """End of the patch that begins with row `first`, and how many cells it has."""
    last, n = first + 1, int(widths[first])
    while last < widths.size and n + widths[last] <= PATCH:
        n += int(widths[last])
        last += 1
    return last, n


@njit(cache=True)
def longest(slots: int) -> int:
    """Length of scratch lines for patches of rows of `slots`; none is a whole number of memory pages, of which lines
    beside each other would slow one another down."""
    return max(PATCH, slots) + 48


@njit(cache=True)
def take(array: NDArray[Any], rows: NDArray[np.int32], widths: NDArray[np.int32], out: NDArray[Any]) -> None:
    """The first `widths` cells of `rows` of an array, (all rows, slots), into `out`."""
    at = np.uint64(0)
    for i in range(rows.size):
        row = np.uint64(rows[i])
        for k in range(widths[i]):
            slot = np.uint64(k)
            out[at + slot] = array[row, slot]
        at += np.uint64(widths[i])


@njit(cache=True)
def view(
    array: NDArray[Any], rows: NDArray[np.int32], widths: NDArray[np.int32], out: NDArray[Any]
) -> NDArray[Any]:
    """What `take` takes, (n,), in `out`; of one row, which may be long, the cells themselves."""
    if rows.size == 1:
        cells: NDArray[Any] = array[rows[0]][: widths[0]]
        return cells
    take(array, rows, widths, out)
    return out


@njit(cache=True)
def take_scaled(
    array: NDArray[np.uint16],
    unit: np.float32,
    most: np.float32,
    rows: NDArray[np.int32],
    widths: NDArray[np.int32],
    out: F32,
) -> None:
    """The same of numbers that are kept in 16 bits, at most `most`."""
    at = np.uint64(0)
    for i in range(rows.size):
        row = np.uint64(rows[i])
        for k in range(widths[i]):
            slot = np.uint64(k)
            value = np.float32(array[row, slot]) * unit
            out[at + slot] = value if value < most else most
        at += np.uint64(widths[i])


@njit(cache=True)
def put(values: F32, rows: NDArray[np.int32], widths: NDArray[np.int32], array: F32) -> None:
    """What `take` took, back."""
    at = np.uint64(0)
    for i in range(rows.size):
        row = np.uint64(rows[i])
        for k in range(widths[i]):
            slot = np.uint64(k)
            array[row, slot] = values[at + slot]
        at += np.uint64(widths[i])
