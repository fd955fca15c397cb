"""Hot loop over digital permanences beside cells that are on or off; its numpy twin stands in `hwsim.reference`."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True)
def keep_rows(
    kept: NDArray[np.float32],
    on: NDArray[np.bool_],
    rows: NDArray[np.int32],
    changes: NDArray[np.float32],
    threshold: np.float32,
    crossed: NDArray[np.int32],
) -> tuple[int, int]:
    """Change the permanences of `rows`, clipped to 0..1, and find the cells that are not as these now say.

    Parameters
    ----------
    kept : (all rows, slots) permanences, changed in place
    on : (all rows, slots) what each cell was last written to
    changes : (len(rows), slots)
    threshold : a cell is to be on from here
    crossed : (2, len(rows) x slots + 1) result: row and slot of each such cell, in order

    Returns
    -------
    how many cells those are, and how many permanences were given a change
    """
    n, given = 0, 0
    for i in range(rows.size):
        row, change, cells = kept[rows[i]], changes[i], on[rows[i]]
        many = np.int32(0)
        for slot in range(row.size):
            value = row[slot] + change[slot]
            value = value if value > np.float32(0) else np.float32(0)
            row[slot] = value if value < np.float32(1) else np.float32(1)
            many += np.int32(change[slot] != np.float32(0))
        given += int(many)
        for slot in range(row.size):
            crossed[0, n], crossed[1, n] = rows[i], slot  # kept only where it is one
            n += int((row[slot] >= threshold) != cells[slot])
    return n, given
