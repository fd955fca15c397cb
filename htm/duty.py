"""Duty cycles as plain means over a window of past steps, as the mathematical form of the pooler has them."""

from __future__ import annotations

from typing import final

import numpy as np
from numpy.typing import NDArray

from .pick import BadInput
from .synapses import State


@final
class WindowDuty:
    """Share of the last `period` steps in which each row was hit; of all steps while there are fewer.

    Parameters
    ----------
    rows : number of rows
    period : length of the window [steps]
    """

    def __init__(self, rows: int, period: int) -> None:
        self._hits = np.zeros((period, (rows + 7) // 8), dtype=np.uint8)  # packed, a ring
        self._counts = np.zeros(rows, dtype=np.int32)
        self._seen = 0

    def add(self, hits: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Note one step's hits, (rows,); the duties now, (rows,)."""
        period, rows = len(self._hits), self._counts.size
        at = self._seen % period
        self._counts -= np.unpackbits(self._hits[at], count=rows)
        self._counts += hits
        self._hits[at] = np.packbits(hits)
        self._seen += 1
        return self._counts.astype(np.float32) / np.float32(min(self._seen, period))

    def state(self) -> State:
        """Everything needed to continue identically."""
        return {"hits": self._hits.copy(), "seen": self._seen}

    def restore(self, state: State) -> None:
        """Continue from `state`."""
        if np.shape(state["hits"]) != self._hits.shape:
            raise BadInput(f"hits: must have shape {self._hits.shape}, got {np.shape(state['hits'])}")
        self._hits[:] = state["hits"]
        self._seen = int(state["seen"])
        rows = self._counts.size
        self._counts[:] = np.unpackbits(self._hits, axis=1, count=rows).sum(axis=0, dtype=np.int32)
