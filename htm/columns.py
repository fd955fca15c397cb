"""Minicolumn synapses where pools are small: each column and each input lists the few synapses it has."""

from __future__ import annotations

from typing import final

import numpy as np
from numpy.typing import NDArray

from . import kernels
from .bits import Bits
from .pick import BadInput
from .synapses import Columns, State, check_columns, hebbian_change


@final
class ListedColumns(Columns):
    """The same numbers as `SoftwareColumns`, in memory and time that grow with the synapses there are.

    A step of learning walks the lists of the winning columns; the overlap walks the lists of the active inputs.
    """

    def __init__(self, pool: NDArray[np.bool_], permanence: NDArray[np.float32], threshold: float) -> None:
        pool, permanence = check_columns(pool, permanence)
        rows, inputs = pool.shape
        super().__init__(rows, inputs, inputs, threshold)
        row, source = (index.astype(np.uint32) for index in np.nonzero(pool))
        self._row, self._source = row, source
        self._start = _starts(row, rows)
        self._line_start = _starts(source, inputs)
        by_input = np.argsort(source, kind="stable")
        self._line_row = row[by_input]
        self._place = np.empty(row.size, dtype=np.uint32)
        self._place[by_input] = np.arange(row.size, dtype=np.uint32)
        self._line_on = np.zeros(row.size, dtype=np.uint8)
        self._values = permanence[row, source]
        self._shape: tuple[int, ...] = ()
        self._grid = np.empty((0, row.size), dtype=np.int32)  # where on that shape each synapse's input is
        self._connect_all()

    def _connect_all(self) -> None:
        self._line_on[self._place] = self._values >= np.float32(self.threshold)

    @property
    def permanence(self) -> NDArray[np.float32]:
        values = np.zeros((self.rows, self.slots), dtype=np.float32)
        values[self._row, self._source] = self._values
        return values

    def _overlap(self, active: Bits) -> NDArray[np.int32]:
        total: NDArray[np.int32] = kernels.count_listed(
            self._line_start, self._line_row, self._line_on, active, self.rows
        )
        return total

    def _adapt(self, rows: Bits, active: Bits, up: float, down: float) -> None:
        kernels.hebbian_listed(
            self._values,
            self._source,
            self._start,
            self._place,
            self._line_on,
            rows,
            hebbian_change(active, self.n_inputs, up, down),
            np.float32(self.threshold),
        )

    def _spans(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        if self._shape != shape:
            self._shape, self._grid = shape, np.stack(np.unravel_index(self._source, shape)).astype(np.int32)
        spans: NDArray[np.float32] = kernels.spans_listed(
            self._values, self._start, self._grid, np.float32(self.threshold)
        )
        return spans

    def _trim(self, rows: Bits, below: float) -> None:
        small = self._values < np.float32(below)
        small &= np.isin(self._row, rows)
        self._values[small] = 0
        self._line_on[self._place[small]] = 0

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


def _starts(numbers: NDArray[np.uint32], n: int) -> NDArray[np.int64]:
    """Where each number's entries start once sorted by number, (n + 1,)."""
    return np.concatenate([[0], np.cumsum(np.bincount(numbers, minlength=n))]).astype(np.int64)
