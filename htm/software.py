"""The exact substrate: permanences are float32 numbers, competition is a sort."""

from __future__ import annotations

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from . import kernels
from .bits import Bits
from .synapses import (
    Segments,
    State,
    Substrate,
    Synapses,
    Wiring,
    active_flags,
    check_columns,
    hebbian_change,
    top_k,
)


@final
class SoftwareColumns(Synapses):
    """Minicolumn synapses as numbers; a line of connected bits per input makes the overlap a column sum."""

    def __init__(self, pool: NDArray[np.bool_], permanence: NDArray[np.float32], threshold: float) -> None:
        self._pool, self._permanence = check_columns(pool, permanence)
        rows, inputs = self._pool.shape
        super().__init__(rows, inputs, inputs, threshold)
        self._connect_all()

    def _connect_all(self) -> None:
        connected = (self._permanence >= np.float32(self.threshold)) & self._pool
        self._connected = np.ascontiguousarray(connected.T).view(np.uint8)

    @property
    def permanence(self) -> NDArray[np.float32]:
        return self._permanence

    def _overlap(self, active: Bits) -> NDArray[np.int32]:
        return kernels.count_connected(self._connected, active)

    def _adapt(self, rows: Bits, active: Bits, up: float, down: float) -> None:
        change = hebbian_change(active, self.n_inputs, up, down)
        kernels.hebbian_columns(
            self._permanence,
            self._pool.view(np.uint8),
            self._connected,
            rows,
            change,
            np.float32(self.threshold),
        )

    def _elapse(self, seconds: float) -> None:
        """Numbers do not age."""

    def state(self) -> State:
        return {"permanence": self._permanence.copy()}

    def restore(self, state: State) -> None:
        self._permanence[:] = state["permanence"]
        self._connect_all()


@final
class SoftwareSegments(Segments):
    """Rewirable synapses as numbers."""

    def __init__(self, n_inputs: int, rows: int, slots: int, threshold: float) -> None:
        super().__init__(rows, slots, n_inputs, threshold)
        self.wiring = Wiring.empty(rows, slots, n_inputs)
        self._permanence = np.zeros((rows, slots), dtype=np.float32)

    @property
    def permanence(self) -> NDArray[np.float32]:
        return self._permanence

    def read(self, rows: Bits) -> NDArray[np.float32]:
        return self._permanence[rows]

    def _overlap(self, active: Bits) -> NDArray[np.int32]:
        flags = active_flags(active, self.n_inputs)
        return kernels.segment_counts(self.wiring.source, self._permanence, flags, np.float32(self.threshold))

    def _adapt(self, rows: Bits, active: Bits, up: float, down: float) -> None:
        change = hebbian_change(active, self.n_inputs, up, down)
        kernels.hebbian_segments(self._permanence, self.wiring.source, rows, change)

    def _elapse(self, seconds: float) -> None:
        """Numbers do not age."""

    def _connect(
        self, rows: NDArray[np.int32], slots: NDArray[np.int32], sources: NDArray[np.int32], permanence: float
    ) -> None:
        self._permanence[rows, slots] = np.where(sources >= 0, np.float32(permanence), np.float32(0))

    def state(self) -> State:
        return {"permanence": self._permanence.copy(), "source": self.wiring.source.copy()}

    def restore(self, state: State) -> None:
        self._permanence[:] = state["permanence"]
        self.wiring.source[:] = state["source"]


@final
class SoftwareSubstrate(Substrate):
    """The reference: exact numbers, exact competition, no events."""

    def columns(
        self, pool: NDArray[np.bool_], permanence: NDArray[np.float32], threshold: float
    ) -> SoftwareColumns:
        return SoftwareColumns(pool, permanence, threshold)

    def segments(self, n_inputs: int, rows: int, slots: int, threshold: float) -> SoftwareSegments:
        return SoftwareSegments(n_inputs, rows, slots, threshold)

    def winners(self, score: NDArray[Any], k: int) -> Bits:
        return top_k(score, k)

    def state(self) -> State:
        return {}

    def restore(self, state: State) -> None:
        """Nothing of its own to restore."""
