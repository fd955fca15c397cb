"""Who owns which segment, and how a set of segments learns what was decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from . import memory_growth, memory_owners
from .bits import Bits
from .pick import BadInput
from .synapses import Segments, State, Substrate

if TYPE_CHECKING:
    from .temporal_memory import TemporalMemoryParams

_FIRST_ROWS = 4096  # rows of a memory without a capacity, at first
_NONE = np.empty(0, dtype=np.int32)


@final
class Dendrites:
    """The segments of all cells over one set of inputs.

    Parameters
    ----------
    params : the memory's parameters
    substrate : where the synapses live
    n_inputs : number of inputs
    capacity : most segments; None grows as needed

    Attributes
    ----------
    segments : the synapses, a row a segment
    cell : (rows,) the cell that owns each segment, -1 where none
    held : (cells,) segments of each cell
    last_used : (rows,) step in which a segment last was active or learned
    rows, overlap, potential : (n,) the matching segments now, with connected and all driven synapses
    predicts : (n,) which of them are active
    """

    def __init__(
        self, params: TemporalMemoryParams, substrate: Substrate, n_inputs: int, capacity: int | None
    ) -> None:
        self.params, self.capacity = params, capacity
        n_rows = capacity or _FIRST_ROWS
        self.segments: Segments = substrate.segments(
            n_inputs, n_rows, params.synapses_per_segment, params.threshold
        )
        self._own(np.full(n_rows, -1, dtype=np.int32), _NONE, 0)
        self.last_used = np.zeros(n_rows, dtype=np.int32)
        self._initial = np.float32(params.initial_permanence)
        self._places = np.zeros(n_inputs, dtype=np.int32)  # scratch of the kernels, all 0
        self.forget()

    def _own(self, cell: NDArray[np.int32], free: NDArray[np.int32], used: int) -> None:
        """Take over an ownership, and link each cell's segments."""
        self.cell = cell
        n_cells = self.params.cells
        owned = np.flatnonzero(cell >= 0)
        owned = owned[np.argsort(cell[owned], kind="stable")].astype(np.int32)
        owners = cell[owned]
        self.held = np.bincount(owners, minlength=n_cells).astype(np.int32)
        self._first = np.full(n_cells, -1, dtype=np.int32)
        self._after = np.full(cell.size, -1, dtype=np.int32)
        same = owners[1:] == owners[:-1]
        self._after[owned[:-1][same]] = owned[1:][same]
        heads = np.flatnonzero(np.append(True, ~same)) if owned.size else owned
        self._first[owners[heads]] = owned[heads]
        self._free = np.full(cell.size, -1, dtype=np.int32)
        self._free[: free.size] = free
        self._marks = np.array([free.size, used], dtype=np.int64)

    @property
    def n_segments(self) -> int:
        """Number of segments."""
        return int(self._marks[1] - self._marks[0])

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return int((self.segments.wiring.source >= 0).sum())

    def forget(self) -> None:
        """No segment matches."""
        self.rows = self.overlap = self.potential = _NONE
        self.predicts = np.zeros(0, dtype=np.bool_)

    def predict(self, active: Bits) -> None:
        """Let `active` inputs drive the segments."""
        self.rows, self.overlap, self.potential = self.segments.activity(
            active, self.params.matching_threshold
        )
        self.predicts = self.segments.fire(
            self.rows, self.overlap, self.potential, self.params.activation_threshold
        )

    def learn(
        self,
        decided: tuple[Bits, NDArray[np.int32], Bits, Bits],
        inputs: tuple[Bits, Bits],
        step: int,
        key: np.uint64,
    ) -> None:
        """Reinforce, punish, grow.

        Parameters
        ----------
        decided : segments to reinforce, their potential, cells that found a segment, segments that were wrong
        inputs : what was active when they predicted, and the winners among it
        step : number of this step
        key : 64-bit word of this step
        """
        params, segments = self.params, self.segments
        learning, driven, founders, wrong = decided
        active, candidates = inputs
        dead = self._punish(wrong, active)
        fresh = _NONE
        if learning.size:
            memory_owners.stamp(learning, step, self.last_used)
        if candidates.size and founders.size:
            fresh = self._found(founders, dead, step)
        elif dead.size:
            self._found(_NONE, dead, step)
        if learning.size:
            segments.adapt(learning, active, params.increment, params.decrement)
            segments.prune(learning)
        if candidates.size:
            self._grow(learning, driven, fresh, candidates, key)

    def _punish(self, wrong: Bits, active: Bits) -> Bits:
        """Lower the synapses that misled; the segments that are left with too few, emptied."""
        params = self.params
        if not wrong.size or params.punishment == 0.0:
            return _NONE
        self.segments.punish(wrong, active, params.punishment)
        self.segments.prune(wrong)
        dead = wrong[self.segments.wiring.wired(wrong) < params.matching_threshold]
        self.segments.clear(dead)
        return dead

    def _found(self, founders: Bits, dead: Bits, step: int) -> Bits:
        """Rows of new segments; where a limit is met, older segments go."""
        victims = _NONE
        n_full = 0
        if founders.size and memory_owners.count_full(founders, self.held, self.params.segments_per_cell):
            victims, n_full = self._replace(founders)
        short = founders.size - n_full - self._left()
        if short > 0 and self.capacity is None:
            self._extend(self.cell.size + max(short, self.cell.size))
        elif short > 0:
            founders, victims = self._make_room(founders, victims, dead, short, step)
            dead = _NONE
        rows = memory_owners.found(
            founders, victims, dead, self.cell, self.held, self._first, self._after, self._free, self._marks
        )
        memory_owners.stamp(rows, step, self.last_used)
        return rows

    def _replace(self, founders: Bits) -> tuple[NDArray[np.int32], int]:
        """Of cells that have too many segments the one to be replaced, else -1, (len(founders),); how many."""
        victims = np.full(founders.size, -1, dtype=np.int32)
        full = np.flatnonzero(self.held[founders] >= self.params.segments_per_cell)
        for at in full:
            victims[at] = self._least_useful(self._rows_of(int(founders[at])))
        self.segments.clear(np.sort(victims[full]))
        return victims, int(full.size)

    def _release(self, rows: Bits) -> None:
        """Give emptied rows back."""
        memory_owners.release(rows, self.cell, self.held, self._first, self._after, self._free, self._marks)

    def _left(self) -> int:
        """Rows that no segment uses."""
        return self.cell.size - self.n_segments

    def _rows_of(self, cell: int) -> Bits:
        """The segments of a cell, sorted."""
        rows, row = [], int(self._first[cell])
        while row >= 0:
            rows.append(row)
            row = int(self._after[row])
        return np.array(sorted(rows), dtype=np.int32)

    def _least_useful(self, rows: Bits) -> int:
        """The segment that goes when its cell has too many; of equals the one of lowest row."""
        if self.params.eviction == "oldest":
            return int(rows[np.argmin(self.last_used[rows])])
        seen = self.segments.read(rows)
        wired = self.segments.wiring.source[rows] >= 0
        return int(rows[np.argmin(np.where(wired, seen * seen, np.float32(0)).sum(axis=1))])

    def _make_room(
        self, founders: Bits, victims: Bits, dead: Bits, short: int, step: int
    ) -> tuple[Bits, Bits]:
        """All rows are in use: the least recently used segments of any cell go, `short` of them if there are."""
        self._release(dead)
        short -= dead.size
        old = np.flatnonzero((self.cell >= 0) & (self.last_used < step)).astype(np.int32)
        old = np.setdiff1d(old, victims)
        gone = np.sort(old[np.argsort(self.last_used[old], kind="stable")[: max(short, 0)]])
        self.segments.clear(gone)
        self._release(gone)
        lost = max(short - gone.size, 0)
        if lost:
            alone = np.flatnonzero(victims < 0) if victims.size else np.arange(founders.size)
            founders = np.delete(founders, alone[-lost:])
            victims = np.delete(victims, alone[-lost:]) if victims.size else victims
        return founders, victims

    def _extend(self, n_rows: int) -> None:
        self.segments.extend(n_rows)
        more = n_rows - self.cell.size
        tail = np.full(more, -1, dtype=np.int32)
        self.cell = np.append(self.cell, tail)
        self._after = np.append(self._after, tail)
        self._free = np.append(self._free, tail)
        self.last_used = np.append(self.last_used, np.zeros(more, dtype=np.int32))

    def _grow(
        self, learning: Bits, driven: NDArray[np.int32], fresh: Bits, candidates: Bits, key: np.uint64
    ) -> None:
        """Synapses to winners of the step before, on segments that have too few driven ones."""
        params, segments = self.params, self.segments
        if learning.size:
            some = driven < params.new_synapses
            learning, driven = learning[some], driven[some]
        if not learning.size and not fresh.size:
            return
        source = segments.wiring.source
        seen = segments.read(learning) if learning.size else np.empty((0, source.shape[1]), np.float32)
        at, slots, rows, places, sources = memory_growth.grow(
            learning,
            driven,
            seen,
            fresh,
            candidates,
            params.new_synapses,
            self._initial,
            segments.room(np.concatenate((learning, fresh))),
            source,
            key,
            self._places,
        )
        if at.size:
            segments.connect(at, slots, np.full(at.size, -1, dtype=np.int32), 0.0)
        segments.connect(rows, places, sources, params.initial_permanence)

    def state(self) -> State:
        """Everything needed to continue identically."""
        synapses = {f"synapses.{name}": value for name, value in self.segments.state().items()}
        return {
            "cell": self.cell.copy(),
            "last_used": self.last_used.copy(),
            "free": self._free[: self._marks[0]].copy(),
            "used": int(self._marks[1]),
            "rows": self.rows.copy(),
            "overlap": self.overlap.copy(),
            "potential": self.potential.copy(),
            "predicts": self.predicts.copy(),
            **synapses,
        }

    def restore(self, state: State) -> None:
        """Continue from `state`."""
        cell = np.array(state["cell"], dtype=np.int32)
        n_cells = self.params.cells
        if cell.ndim != 1 or not cell.size or cell.min() < -1 or cell.max() >= n_cells:
            raise BadInput(
                f"state: segments must belong to cells 0..{n_cells - 1} or none, got shape {cell.shape}"
            )
        if len(state["synapses.source"]) != cell.size or len(state["last_used"]) != cell.size:
            raise BadInput(
                f"state: cell, last_used and source must have a row a segment, got {cell.size}, "
                f"{len(state['last_used'])}, {len(state['synapses.source'])}"
            )
        prefix = "synapses."
        self.segments.restore(
            {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
        )
        self._own(
            cell,
            np.asarray(state["free"], dtype=np.int32),
            int(state["used"]),
        )
        self.last_used = np.array(state["last_used"], dtype=np.int32)
        self.rows, self.overlap, self.potential, self.predicts = (
            np.array(state[name]) for name in ("rows", "overlap", "potential", "predicts")
        )
