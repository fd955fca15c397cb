"""Hot loops that change rows of cells."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

F32 = NDArray[np.float32]


@njit(cache=True)
def store_rows(
    array: NDArray[Any], rows: NDArray[np.int32], values: NDArray[Any], changed: NDArray[np.bool_]
) -> None:
    """Put `values`, (n, slots), into the rows of `array` where `changed`, in place."""
    for i in range(rows.size):
        row, new, which = array[rows[i]], values[i], changed[i]
        for slot in range(row.size):
            before, fresh = row[slot], new[slot]  # both loaded: no branch
            row[slot] = fresh if which[slot] else before


@njit(cache=True)
def fill_rows(array: NDArray[Any], rows: NDArray[np.int32], value: Any, changed: NDArray[np.bool_]) -> None:
    """Put one value into the rows of `array` where `changed`, in place."""
    for i in range(rows.size):
        row, which = array[rows[i]], changed[i]
        for slot in range(row.size):
            before = row[slot]
            row[slot] = value if which[slot] else before


@njit(cache=True)
def add_rows(
    g: F32, rows: NDArray[np.int32], count: F32, step: np.float32, low: np.float32, high: np.float32
) -> None:
    """Add `count` steps, (n, slots), to the rows of `g`, kept within `low` and `high`, in place."""
    for i in range(rows.size):
        row, more = g[rows[i]], count[i]
        for slot in range(row.size):
            fresh = row[slot] + more[slot] * step
            fresh = fresh if fresh > low else low
            row[slot] = fresh if fresh < high else high
