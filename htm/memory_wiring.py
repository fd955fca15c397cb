"""The digital side of rewirable synapses: which input each slot listens to, and checks of index sets."""

from __future__ import annotations

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from .bits import Bits, as_bits
from .memory_counts import MOST, wired_counts
from .memory_index import InputIndex, are_bits
from .pick import BadInput

_INT32 = np.dtype(np.int32)
_AHEAD = 8  # times the rows in use, for which addresses are set aside
_NONE = np.empty(0, dtype=np.int32)


def checked_bits(indices: Bits, size: int, name: str) -> Bits:
    """`as_bits`, with one compiled look at what is as it should be: it runs several times a step."""
    if (
        type(indices) is np.ndarray
        and indices.dtype is _INT32
        and indices.ndim == 1
        and indices.flags.c_contiguous
        and are_bits(indices, size)
    ):
        return indices
    return as_bits(indices, size, name)


def extended(
    reserve: NDArray[Any], used: NDArray[Any], rows: int, slots: int, empty: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """`used` with more rows and slots, all `empty`, and the larger array that it is the first rows of.

    A reserve takes addresses, not memory, until its rows come in use: growing into it copies nothing and touches no
    memory for the first time twice, which is what costs (a doubling to 32,768 rows took as long as 50 records).
    """
    n_rows, n_slots = used.shape
    if rows > reserve.shape[0] or slots > n_slots:
        reserve = np.zeros((max(rows, _AHEAD * n_rows), slots), dtype=used.dtype)
        reserve[:n_rows, :n_slots] = used
        reserve[:n_rows, n_slots:] = empty
    if empty:
        reserve[n_rows:rows] = empty
    return reserve, reserve[:rows]


@final
class Wiring:
    """Which input each synapse listens to. Digital, so the same on every substrate.

    Attributes
    ----------
    source : (rows, slots) int32, index of the input at each slot, -1 where the slot is empty. Change it by
        `rewire` and `assign` only: they keep the inverse, from an input to its rows, current
    n_inputs : number of inputs
    """

    def __init__(self, source: NDArray[np.int32], n_inputs: int) -> None:
        self.n_inputs = int(n_inputs)
        self.assign(source)

    @classmethod
    def empty(cls, rows: int, slots: int, n_inputs: int) -> Wiring:
        """Wiring with every slot empty."""
        return cls(np.full((rows, slots), -1, dtype=np.int32), n_inputs)

    def assign(self, source: NDArray[np.int32]) -> None:
        """Take over a whole wiring, (rows, slots)."""
        source = np.array(source, dtype=np.int32, order="C")
        if source.ndim != 2:
            raise BadInput(f"source: must have shape (rows, slots), got {source.shape}")
        if source.size and (source.min() < -1 or source.max() >= self.n_inputs):
            raise BadInput(f"source: must lie in -1..{self.n_inputs - 1}")
        self.source = self._reserve = source
        self._index = InputIndex(source, self.n_inputs)

    def extend(self, rows: int, slots: int) -> None:
        """Add empty rows and slots up to `rows` x `slots`."""
        self._reserve, self.source = extended(self._reserve, self.source, rows, slots, -1)
        self._index.extend(rows)

    def rewire(self, rows: NDArray[np.int32], slots: NDArray[np.int32], sources: NDArray[np.int32]) -> None:
        """Point slots at new inputs, (n,) each; source -1 empties a slot."""
        self._index.rewire(self.source, rows, slots, sources)

    def count(self, active: Bits) -> NDArray[np.int32]:
        """Wired slots driven by `active` in each row, shape (rows,)."""
        if self.source.shape[1] > MOST:
            flags = np.zeros(self.n_inputs + 1, dtype=np.bool_)
            flags[active] = True
            return np.asarray(flags[self.source].sum(axis=1, dtype=np.int32))
        counts = np.zeros(self.source.shape[0], dtype=np.int32)
        rows, driven = self._index.driven(active, 1)
        counts[rows] = driven
        return counts

    def driven(self, active: Bits, least: int) -> tuple[Bits, NDArray[np.int32]]:
        """Rows with at least `least` slots driven by `active`, and how many each has: (n,), (n,)."""
        if self.source.shape[1] > MOST:  # more than the index counts to
            counts = self.count(active)
            rows = np.flatnonzero(counts >= least).astype(np.int32)
            return rows, counts[rows]
        if least > self.source.shape[1]:
            return _NONE, _NONE
        return self._index.driven(active, least)

    def wired(self, rows: Bits) -> NDArray[np.int32]:
        """Wired slots of each of `rows`, shape (len(rows),)."""
        return wired_counts(self.source, rows)
