"""Conductances summed for the energy that they take; numpy twins in `hwsim.reference`."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True)
def pulsed_load(
    g: NDArray[np.float32], rows: NDArray[np.int32], counts: NDArray[np.float32], pulsed: NDArray[np.float32]
) -> float:
    """Conductance times number of pulses, each cell's rounded up, summed over the cells of `rows` [S].

    Parameters
    ----------
    g : (all rows, slots) [S]
    counts : (len(rows), slots) signed
    pulsed : (all rows, slots) pulses that each cell has seen; these are added
    """
    total = 0.0
    for i in range(rows.size):
        row = np.uint64(rows[i])
        line = np.float32(0)
        for k in range(g.shape[1]):
            slot = np.uint64(k)
            pulses = np.ceil(abs(counts[i, slot]))
            line += pulses * g[row, slot]
            pulsed[row, slot] += pulses
        total += float(line)
    return total


@njit(cache=True)
def written_load(
    rows: NDArray[np.int32],
    slots: NDArray[np.int32],
    target: NDArray[np.float32],
    attempts: np.float32,
    pulsed: NDArray[np.float32],
) -> float:
    """Sum of the conductances that single cells are written to [S].

    Parameters
    ----------
    rows, slots, target : (n,) [S]
    attempts : writes of each cell
    pulsed : (all rows, slots) pulses that each cell has seen; these are added
    """
    total = 0.0
    for i in range(rows.size):
        total += float(target[i])
        pulsed[np.uint64(rows[i]), np.uint64(slots[i])] += attempts
    return total


@njit(cache=True)
def slot_loads(g: NDArray[np.float32], rows: int, totals: NDArray[np.float64]) -> None:
    """Conductance of each slot summed over the first `rows` rows, into `totals` (slots,) [S]."""
    totals[:] = 0.0
    for row in range(rows):
        for slot in range(g.shape[1]):
            totals[slot] += g[row, slot]
