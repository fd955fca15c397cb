"""Minicolumn synapses where pools are small: each column and each input lists the few synapses it has."""

from __future__ import annotations

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from . import kernels, listed_kernels
from .bits import Bits
from .pick import BadInput
from .synapses import Columns, State, check_columns


@final
class ListedColumns(Columns):
    """The same numbers as `SoftwareColumns`, in memory and time that grow with the synapses there are.

    A step of learning walks the lists of the winning columns; the overlap walks the lists of the active inputs.
    """

    def __init__(self, pool: NDArray[np.bool_], permanence: NDArray[np.float32], threshold: float) -> None:
        pool, permanence = check_columns(pool, permanence)
        rows, inputs = pool.shape
        super().__init__(rows, inputs, inputs, threshold)
        row, source = np.nonzero(pool)
        by_input = np.argsort(source, kind="stable")
        self._row, self._source = row.astype(_narrow(rows)), source.astype(_narrow(inputs))
        self._start = _starts(row, rows)
        self._line_start = _starts(source, inputs)
        self._place = np.empty(row.size, dtype=np.uint32)
        self._place[by_input] = np.arange(row.size, dtype=np.uint32)
        self._listed = np.empty(row.size, dtype=_narrow(rows + listed_kernels.ASIDE))
        self._values = permanence[row, source]
        self._known = np.zeros(rows, dtype=np.uint8)  # see `listed_kernels.FULL`
        self._extent = np.zeros(rows, dtype=np.int32)
        self._shape: tuple[int, ...] = ()
        self._grid = np.empty((0, row.size), dtype=np.int32)  # where on that shape each synapse's input is
        self._connect_all()

    def _connect_all(self) -> None:
        on = self._values >= np.float32(self.threshold)
        self._listed[self._place] = np.where(on, self._row, self._aside(self._row))
        self._known[:] = 0

    def _aside(self, row: NDArray[Any]) -> NDArray[np.uint32]:
        """Where the unconnected synapses of a row are counted."""
        return self.rows + row.astype(np.uint32) % np.uint32(listed_kernels.ASIDE)

    @property
    def permanence(self) -> NDArray[np.float32]:
        values = np.zeros((self.rows, self.slots), dtype=np.float32)
        values[self._row, self._source] = self._values
        return values

    def _overlap(self, active: Bits) -> NDArray[np.int32]:
        total: NDArray[np.int32] = listed_kernels.count_listed(
            self._line_start, self._listed, active, self.rows
        )
        return total

    def _adapt(self, rows: Bits, active: Bits, up: float, down: float) -> None:
        threshold, step = np.float32(self.threshold), np.float32(up)
        where = self._start, self._place, self._listed, self._known
        if down == 0.0 and active.size == self.n_inputs:
            # What a pooler does to its weak columns at every step, though some of them have long been at 1.
            listed_kernels.raise_listed(self._values, *where, rows, step, threshold)
            return
        change = kernels.hebbian_change(active, self.n_inputs, step, np.float32(down))
        listed_kernels.hebbian_listed(self._values, self._source, *where, rows, change, threshold)

    def _spans(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        if self._shape != shape:
            grid = np.unravel_index(self._source.astype(np.intp), shape)
            self._shape, self._grid = shape, np.stack(grid).astype(np.int32)
            self._known[:] = 0
        listed_kernels.spans_listed(
            self._values, self._start, self._grid, np.float32(self.threshold), self._known, self._extent
        )
        return self._extent.astype(np.float32) / np.float32(len(shape))

    def _trim(self, rows: Bits, below: float) -> None:
        small = self._values < np.float32(below)
        small &= np.isin(self._row, rows)
        self._values[small] = 0
        self._listed[self._place[small]] = self._aside(self._row[small])
        self._known[rows] = 0

    def _elapse(self, seconds: float) -> None:
        """Numbers do not age."""

    def state(self) -> State:
        return {"values": self._values.copy()}

    def restore(self, state: State) -> None:
        if np.shape(state["values"]) != self._values.shape:
            raise BadInput(
                f"values: must be of {self._values.size} synapses, got shape {np.shape(state['values'])}"
            )
        self._values[:] = state["values"]
        self._connect_all()


def _narrow(size: int) -> type[np.uint16] | type[np.uint32]:
    """The type that indices under `size` take: a step is bound by the memory that it walks through."""
    return np.uint16 if size <= 2**16 else np.uint32


def _starts(numbers: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Where each number's entries start once sorted by number, (n + 1,)."""
    return np.concatenate([[0], np.cumsum(np.bincount(numbers, minlength=n))]).astype(np.int64)
