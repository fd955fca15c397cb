"""Hot loops of minicolumns whose columns and inputs each list the few synapses they have (see `htm.columns`).

As in `htm.kernels`, each has a plain numpy twin in `htm.reference`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

# Rows past the last, for which unconnected synapses are counted: many, so that none has to wait for another.
ASIDE = 64
# What may be known of a row: that all its permanences are 1; its span, which has not changed since.
FULL, SPAN = 1, 2


@njit(cache=True)
def count_listed(
    line_start: NDArray[np.int64], listed: NDArray[Any], active: NDArray[np.int32], n_rows: int
) -> NDArray[np.int32]:
    """Connected synapses on active inputs, (rows,), where each input lists its few potential synapses.

    Parameters
    ----------
    line_start : (inputs + 1,) input j's synapses are line_start[j]:line_start[j + 1]
    listed : (synapses,) the row of each connected one; of the others one of `ASIDE` rows past the last
    active : active inputs
    n_rows : number of rows

    Notes
    -----
    Counting aside what is not connected spares a look at each. Unsigned indices spare the test for negative ones,
    which here costs as much as the sum.
    """
    total = np.zeros(n_rows + ASIDE, dtype=np.int32)
    for i in range(active.size):
        line = listed[line_start[active[i]] : line_start[active[i] + 1]]
        for s in range(line.size):
            total[line[s]] += np.int32(1)
    return total[:n_rows]


@njit(cache=True)
def hebbian_listed(
    permanence: NDArray[np.float32],
    source: NDArray[Any],
    start: NDArray[np.int64],
    place: NDArray[np.uint32],
    listed: NDArray[Any],
    known: NDArray[np.uint8],
    rows: NDArray[np.int32],
    change: NDArray[np.float32],
    threshold: np.float32,
) -> None:
    """`kernels.hebbian_columns` for rows that list their few synapses; `place` says where each stands in its line.

    Parameters
    ----------
    permanence, source, place : (synapses,) row by row; row r's are start[r]:start[r + 1]
    start : (rows + 1,)
    listed : (synapses,) line by line (see `count_listed`)
    known : (rows,) what is known of each row, `FULL` and `SPAN`; kept current
    rows, change, threshold : as in `kernels.hebbian_columns`
    """
    zero, one = np.float32(0), np.float32(1)
    n_rows, aside = np.uint32(start.size - 1), np.uint32(ASIDE)
    for i in range(rows.size):
        row = np.uint32(rows[i])
        first, last = np.uint64(start[row]), np.uint64(start[row + np.uint32(1)])
        crossed = False  # few rows have a synapse that does: look at that once a row
        for s in range(first, last):
            before = permanence[s]
            after = min(max(before + change[source[s]], zero), one)
            permanence[s] = after
            crossed |= (after >= threshold) != (before >= threshold)
        if crossed:
            for s in range(first, last):
                listed[place[s]] = row if permanence[s] >= threshold else n_rows + row % aside
        known[row] = 0 if crossed else known[row] & SPAN


@njit(cache=True)
def raise_listed(
    permanence: NDArray[np.float32],
    start: NDArray[np.int64],
    place: NDArray[np.uint32],
    listed: NDArray[Any],
    known: NDArray[np.uint8],
    rows: NDArray[np.int32],
    up: np.float32,
    threshold: np.float32,
) -> None:
    """`hebbian_listed` of a change of `up` at all inputs; rows whose permanences are all 1 are passed over.

    Parameters
    ----------
    permanence, start, place, listed, known, rows, threshold : as in `hebbian_listed`
    """
    one = np.float32(1)
    for i in range(rows.size):
        row = rows[i]
        if known[row] & FULL:
            continue
        lowest, crossed = one, False
        for s in range(np.uint64(start[row]), np.uint64(start[row + 1])):
            before = permanence[s]
            permanence[s] = min(before + up, one)
            lowest = min(lowest, permanence[s])
            if permanence[s] >= threshold and before < threshold:
                listed[place[s]] = row
                crossed = True
        known[row] = (0 if crossed else known[row] & SPAN) | (FULL if lowest >= one else 0)


@njit(cache=True)
def spans_listed(
    permanence: NDArray[np.float32],
    start: NDArray[np.int64],
    place: NDArray[np.int32],
    threshold: np.float32,
    known: NDArray[np.uint8],
    extent: NDArray[np.int32],
) -> None:
    """`kernels.spans` of rows that list their synapses, summed over the axes, into `extent` where that is not known.

    Parameters
    ----------
    permanence, start, threshold, known : as in `hebbian_listed`
    place : (axes, synapses) of their inputs
    extent : (rows,)
    """
    nowhere = np.int32(np.iinfo(np.int32).max)
    for row in range(extent.size):
        if known[row] & SPAN:
            continue
        known[row] |= SPAN
        extent[row] = 0
        for axis in range(place.shape[0]):
            line, low, high = place[axis], nowhere, np.int32(-1)
            for s in range(np.uint64(start[row]), np.uint64(start[row + 1])):
                on = permanence[s] >= threshold
                low, high = min(low, line[s] if on else nowhere), max(high, line[s] if on else np.int32(-1))
            extent[row] += np.int32(high - low + 1) if high >= 0 else np.int32(0)
