"""The exact substrate: permanences are float32 numbers, competition is a sort."""

from __future__ import annotations

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from . import kernels, memory_rows
from .bits import Bits
from .columns import ListedColumns
from .memory_wiring import extended
from .pick import BadInput
from .synapses import (
    SPENT,
    Columns,
    Segments,
    State,
    Substrate,
    Wiring,
    active_flags,
    check_columns,
    local_winners,
    top_k,
)

_FIRST_SLOTS = 24  # slots a row is stored with at first
_MORE_SLOTS = 8  # and how many are added where one needs more

_SPARSE = 8  # pools of at most 1 / this of all inputs are listed, which is then smaller and faster


@final
class SoftwareColumns(Columns):
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
        change = kernels.hebbian_change(active, self.n_inputs, np.float32(up), np.float32(down))
        kernels.hebbian_columns(
            self._permanence,
            self._pool.view(np.uint8),
            self._connected,
            rows,
            change,
            np.float32(self.threshold),
        )

    def _spans(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        return kernels.spans(self._connected, np.array(shape))

    def _trim(self, rows: Bits, below: float) -> None:
        values = self._permanence[rows]
        self._permanence[rows] = np.where(values < np.float32(below), np.float32(0), values)
        if below > self.threshold:
            self._connect_all()

    def _elapse(self, seconds: float) -> None:
        """Numbers do not age."""

    def state(self) -> State:
        return {"permanence": self._permanence.copy()}

    def restore(self, state: State) -> None:
        self._permanence[:] = state["permanence"]
        self._connect_all()


@final
class SoftwareSegments(Segments):
    """Rewirable synapses as numbers. Rows are stored only as wide as the longest one needs."""

    def __init__(self, n_inputs: int, rows: int, slots: int, threshold: float) -> None:
        super().__init__(rows, slots, n_inputs, threshold)
        stored = min(slots, _FIRST_SLOTS)
        self.wiring = Wiring.empty(rows, stored, n_inputs)
        self._permanence = self._reserve = np.zeros((rows, stored), dtype=np.float32)
        self._flags = np.zeros(n_inputs + 1, dtype=np.uint8)
        self._level, self._spent_level = np.float32(threshold), np.float32(SPENT)

    @property
    def permanence(self) -> NDArray[np.float32]:
        stored = self._permanence.shape[1]
        return np.pad(self._permanence, ((0, 0), (0, self.slots - stored)))

    def read(self, rows: Bits) -> NDArray[np.float32]:
        return self._permanence[rows]

    def _overlap(self, active: Bits) -> NDArray[np.int32]:
        flags = active_flags(active, self.n_inputs)
        return kernels.segment_counts(self.wiring.source, self._permanence, flags, np.float32(self.threshold))

    def _fire(
        self, rows: Bits, overlap: NDArray[Any], potential: NDArray[np.int32], least: int
    ) -> NDArray[np.bool_]:
        return np.asarray(overlap >= np.int32(least))

    def _overlap_of(self, rows: Bits, active: Bits) -> NDArray[np.int32]:
        counts = np.empty(rows.size, dtype=np.int32)
        if rows.size:
            memory_rows.overlap_rows(
                rows, active, self.wiring.source, self._permanence, self._flags, self._level, counts
            )
        return counts

    def _adapt(self, rows: Bits, active: Bits, up: float, down: float) -> None:
        memory_rows.adapt_rows(
            rows,
            active,
            up,
            -down,
            self.wiring.source,
            self._permanence,
            self._flags,
        )

    def _punish(self, rows: Bits, active: Bits, down: float) -> None:
        memory_rows.adapt_rows(rows, active, -down, 0.0, self.wiring.source, self._permanence, self._flags)

    def _spent(self, rows: Bits) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        state = rows, self.wiring.source, self._permanence, self._spent_level
        n = memory_rows.count_spent(*state)
        at, slots = np.empty((2, n), dtype=np.int32)
        if n:
            memory_rows.spent_slots(*state, at, slots)
        return at, slots

    def _elapse(self, seconds: float) -> None:
        """Numbers do not age."""

    def _connect(
        self, rows: NDArray[np.int32], slots: NDArray[np.int32], sources: NDArray[np.int32], permanence: float
    ) -> None:
        memory_rows.write_slots(rows, slots, sources, permanence, self._permanence)

    def _extend(self, rows: int) -> None:
        self._store(rows, self._permanence.shape[1])

    def _widen(self, slots: int) -> None:
        self._store(self.rows, min(self.slots, max(slots, self._permanence.shape[1] + _MORE_SLOTS)))

    def _store(self, rows: int, slots: int) -> None:
        """Room for `rows` x `slots` synapses, the present ones kept."""
        self.wiring.extend(rows, slots)
        self._reserve, self._permanence = extended(self._reserve, self._permanence, rows, slots, 0)

    def state(self) -> State:
        return {"permanence": self._permanence.copy(), "source": self.wiring.source.copy()}

    def restore(self, state: State) -> None:
        permanence = np.array(state["permanence"], dtype=np.float32, order="C")
        if permanence.shape != np.shape(state["source"]) or permanence.shape[1] > self.slots:
            raise BadInput(
                f"state: source and permanence must share a shape of at most {self.slots} slots, "
                f"got {np.shape(state['source'])}, {permanence.shape}"
            )
        self.wiring.assign(state["source"])
        self._permanence = self._reserve = permanence
        self.rows = permanence.shape[0]


@final
class SoftwareSubstrate(Substrate):
    """The reference: exact numbers, exact competition, no events."""

    def columns(
        self, pool: NDArray[np.bool_], permanence: NDArray[np.float32], threshold: float
    ) -> SoftwareColumns | ListedColumns:
        sparse = np.count_nonzero(pool) <= pool.size // _SPARSE
        return (ListedColumns if sparse else SoftwareColumns)(pool, permanence, threshold)

    def segments(self, n_inputs: int, rows: int, slots: int, threshold: float) -> SoftwareSegments:
        return SoftwareSegments(n_inputs, rows, slots, threshold)

    def winners(self, score: NDArray[Any], k: int) -> Bits:
        return top_k(score, k)

    def local_winners(
        self,
        score: NDArray[Any],
        shape: tuple[int, ...],
        radius: int,
        density: float,
        wrap: bool,
        floor: float | None = None,
    ) -> Bits:
        return local_winners(score, shape, radius, density, wrap, floor)

    def state(self) -> State:
        return {}

    def restore(self, state: State) -> None:
        """Nothing of its own to restore."""
