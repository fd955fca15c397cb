"""The seam between the algorithm and what carries its synapses.

The spatial pooler and the temporal memory decide which rows and slots change; only the verbs here change
synapses. `htm.software` implements them exactly, `hwsim` on simulated memristors. Every verb takes a whole
batch and is something that a crossbar controller can really do, so every verb has a cost.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import Counter
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from .bits import Bits
from .memory_index import ranges
from .memory_wiring import Wiring as Wiring
from .memory_wiring import checked_bits as checked_bits
from .pick import BadInput

State = dict[str, Any]
"""Everything a thing needs to continue: arrays and JSON-able values, by name."""

SPENT = 1e-6
"""Permanence at or under which a synapse is used up: 0, and what rounding may leave of it."""


def active_flags(active: Bits, n_inputs: int) -> NDArray[np.uint8]:
    """1 where an input is active, shape (n_inputs,)."""
    flags = np.zeros(n_inputs, dtype=np.uint8)
    flags[active] = 1
    return flags


def top_k(score: NDArray[Any], k: int) -> Bits:
    """Sorted indices of the `k` highest scores; of equal scores the higher index wins."""
    from .kernels import top_k as kernel

    return kernel(score, k)


def local_winners(
    score: NDArray[Any],
    shape: tuple[int, ...],
    radius: int,
    density: float,
    wrap: bool,
    floor: float | None = None,
) -> Bits:
    """Sorted indices of the rows that win in their neighbourhood, exactly (see `Substrate.local_winners`)."""
    from .inhibition import neighbourhoods

    return neighbourhoods(tuple(shape), int(radius), bool(wrap)).winners(score, density, floor)


def connected_spans(connected: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """`Columns.spans` of connected synapses, (rows, inputs)."""
    from .kernels import spans

    lines = np.ascontiguousarray(connected.T).view(np.uint8)
    return spans(lines, np.array(shape))


class Synapses(ABC):
    """Rows of potential synapses; the permanences stay inside.

    Attributes
    ----------
    rows, slots : shape of the array of synapses
    n_inputs : number of inputs that can be active
    threshold : permanence from which a synapse is connected
    """

    def __init__(self, rows: int, slots: int, n_inputs: int, threshold: float) -> None:
        if rows < 1 or slots < 1 or n_inputs < 1:
            raise BadInput(
                f"synapses: rows, slots and inputs must be at least 1, got {rows}, {slots}, {n_inputs}"
            )
        if not 0.0 < threshold < 1.0:
            raise BadInput(f"threshold: must lie between 0 and 1, got {threshold!r}")
        self.rows, self.slots, self.n_inputs = int(rows), int(slots), int(n_inputs)
        self.threshold = float(threshold)

    @final
    def overlap(self, active: Bits) -> NDArray[Any]:
        """Connected-synapse equivalents driven by `active` in each row, shape (rows,).

        Integers where every cell is sensed by itself, real numbers where a line current is.
        """
        return self._overlap(checked_bits(active, self.n_inputs, "active"))

    @final
    def adapt(self, rows: Bits, active: Bits, up: float, down: float) -> None:
        """Hebbian step on the wired slots of `rows`, clipped to 0..1.

        Parameters
        ----------
        rows : rows that learn
        active : active inputs
        up : added where the source is active, >= 0
        down : subtracted where it is not, >= 0
        """
        for name, value in (("up", up), ("down", down)):
            if not 0.0 <= value < math.inf:
                raise BadInput(f"{name}: must be finite and not negative, got {value!r}")
        rows = checked_bits(rows, self.rows, "rows")
        active = checked_bits(active, self.n_inputs, "active")
        if rows.size and (up > 0.0 or down > 0.0):
            self._adapt(rows, active, float(up), float(down))

    @final
    def elapse(self, seconds: float) -> None:
        """Let time pass: drift, retention.

        Parameters
        ----------
        seconds : how long, >= 0 [s]
        """
        if not 0.0 <= seconds < math.inf:
            raise BadInput(f"seconds: must be finite and not negative, got {seconds!r}")
        if seconds > 0.0:
            self._elapse(float(seconds))

    @property
    @abstractmethod
    def permanence(self) -> NDArray[np.float32]:
        """True values, (rows, slots), 0 in empty slots: a free look for tests and plots."""

    @abstractmethod
    def _overlap(self, active: Bits) -> NDArray[Any]: ...

    @abstractmethod
    def _adapt(self, rows: Bits, active: Bits, up: float, down: float) -> None: ...

    @abstractmethod
    def _elapse(self, seconds: float) -> None: ...

    @abstractmethod
    def state(self) -> State:
        """Everything needed to continue identically."""

    @abstractmethod
    def restore(self, state: State) -> None:
        """Continue from `state`."""


class Columns(Synapses):
    """Synapses of minicolumns: slot j listens to input j, and the wiring never changes."""

    @final
    def spans(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """How far each row's connected synapses reach, (rows,): last - first + 1 input, mean over the axes.

        What local inhibition sets its radius by. 0 where nothing is connected; costs a look at every cell.

        Parameters
        ----------
        shape : of the input, of which slots are the flattened form
        """
        if int(np.prod(shape)) != self.n_inputs:
            raise BadInput(f"shape: must hold {self.n_inputs} inputs, got {shape}")
        return self._spans(tuple(int(size) for size in shape))

    @final
    def trim(self, rows: Bits, below: float) -> None:
        """Take the permanences of `rows` that are under `below` to 0.

        Parameters
        ----------
        rows : rows that are trimmed
        below : 0..1
        """
        if not 0.0 <= below <= 1.0:
            raise BadInput(f"below: must lie in 0..1, got {below!r}")
        rows = checked_bits(rows, self.rows, "rows")
        if rows.size and below > 0.0:
            self._trim(rows, float(below))

    @abstractmethod
    def _spans(self, shape: tuple[int, ...]) -> NDArray[np.float32]: ...

    @abstractmethod
    def _trim(self, rows: Bits, below: float) -> None: ...


class Segments(Synapses):
    """Synapses whose wiring can change: what a temporal memory needs.

    Attributes
    ----------
    wiring : the slots' sources. It may store fewer slots than `slots` while no row uses the rest
    """

    wiring: Wiring
    _room: NDArray[np.int32] | None = None

    @final
    def room(self, rows: NDArray[np.int32]) -> NDArray[np.int32]:
        """How many slots of each of `rows`, its first ones, are fit to hold a synapse, (len(rows),)."""
        return np.full(rows.size, self.slots, dtype=np.int32) if self._room is None else self._room[rows]

    @final
    def connect(
        self,
        rows: NDArray[np.int32],
        slots: NDArray[np.int32],
        sources: NDArray[np.int32],
        permanence: float,
    ) -> None:
        """Rewire slots and write their initial permanence.

        Parameters
        ----------
        rows, slots, sources : (n,) one entry a synapse; source -1 empties the slot
        permanence : initial value, 0..1
        """
        rows = np.asarray(rows, dtype=np.int32)
        slots = np.asarray(slots, dtype=np.int32)
        sources = np.asarray(sources, dtype=np.int32)
        if not rows.shape == slots.shape == sources.shape or rows.ndim != 1:
            raise BadInput(
                f"connect: rows, slots and sources must be 1-d of one length, got {rows.shape}, "
                f"{slots.shape}, {sources.shape}"
            )
        if not 0.0 <= permanence <= 1.0:
            raise BadInput(f"permanence: must lie in 0..1, got {permanence!r}")
        if not rows.size:
            return
        low, high = ranges(rows, slots, sources)
        sizes = (("rows", 0, self.rows), ("slots", 0, self.slots), ("sources", -1, self.n_inputs))
        for at, (name, least, size) in enumerate(sizes):
            if low[at] < least or high[at] >= size:
                raise BadInput(f"{name}: must lie in {least}..{size - 1}, got {low[at]}..{high[at]}")
        if high[1] >= self.wiring.source.shape[1]:
            self._widen(int(high[1]) + 1)
        self.wiring.rewire(rows, slots, sources)
        self._connect(rows, slots, sources, float(permanence))

    @final
    def potential(self, active: Bits) -> NDArray[np.int32]:
        """Wired slots driven by `active`, connected or not, shape (rows,): counted from the wiring."""
        return self.wiring.count(checked_bits(active, self.n_inputs, "active"))

    @final
    def activity(self, active: Bits, least: int) -> tuple[Bits, NDArray[Any], NDArray[np.int32]]:
        """Overlap and potential of the rows that at least `least` of their slots drive; no other row is read.

        The address registers count the driven slots of every row, so a row that cannot reach a threshold is
        known without touching its cells.

        Parameters
        ----------
        active : active inputs
        least : driven slots from which a row is read, >= 1

        Returns
        -------
        rows : (n,) sorted
        overlap : (n,) connected-synapse equivalents
        potential : (n,) driven slots, connected or not
        """
        if least < 1:
            raise BadInput(f"least: must be at least 1, got {least!r}")
        active = checked_bits(active, self.n_inputs, "active")
        rows, driven = self.wiring.driven(active, least)
        return rows, self._overlap_of(rows, active), driven

    @final
    def fire(
        self, rows: Bits, overlap: NDArray[Any], potential: NDArray[np.int32], least: int
    ) -> NDArray[np.bool_]:
        """Which rows are active segments: those of an overlap of at least `least`, as far as the hardware tells.

        Parameters
        ----------
        rows, overlap, potential : of the rows that were read, as `activity` gives them
        least : connected-synapse equivalents, >= 1
        """
        if least < 1:
            raise BadInput(f"least: must be at least 1, got {least!r}")
        return self._fire(rows, overlap, potential, int(least))

    @final
    def punish(self, rows: Bits, active: Bits, down: float) -> None:
        """Lower the driven slots of `rows`, clipped to 0; the others stay.

        Parameters
        ----------
        rows : rows that predicted wrongly
        active : active inputs
        down : subtracted where the source is active, >= 0
        """
        if not 0.0 <= down < math.inf:
            raise BadInput(f"down: must be finite and not negative, got {down!r}")
        rows = checked_bits(rows, self.rows, "rows")
        active = checked_bits(active, self.n_inputs, "active")
        if rows.size and down > 0.0:
            self._punish(rows, active, float(down))

    @final
    def prune(self, rows: Bits) -> None:
        """Empty the slots of `rows` whose permanence is used up."""
        rows = checked_bits(rows, self.rows, "rows")
        at, slots = self._spent(rows)
        if at.size:
            self._empty(at, slots)

    @final
    def clear(self, rows: Bits) -> None:
        """Empty every slot of `rows`."""
        rows = checked_bits(rows, self.rows, "rows")
        at, slots = np.nonzero(self.wiring.source[rows] >= 0)
        self._empty(rows[at], slots.astype(np.int32))

    @final
    def extend(self, rows: int) -> None:
        """Grow to `rows` rows; refused where the rows are metal."""
        if rows > self.rows:
            self._extend(int(rows))
            self.rows = int(rows)

    @final
    def _empty(self, rows: NDArray[np.int32], slots: NDArray[np.int32]) -> None:
        sources = np.full(rows.size, -1, dtype=np.int32)
        self.wiring.rewire(rows, slots, sources)
        self._connect(rows, slots, sources, 0.0)

    @abstractmethod
    def read(self, rows: Bits) -> NDArray[np.float32]:
        """Permanences as the hardware reads them back, (len(rows), stored slots); costs a row read each."""

    @abstractmethod
    def _overlap_of(self, rows: Bits, active: Bits) -> NDArray[Any]:
        """Overlap of the listed rows, (len(rows),)."""

    @abstractmethod
    def _fire(
        self, rows: Bits, overlap: NDArray[Any], potential: NDArray[np.int32], least: int
    ) -> NDArray[np.bool_]: ...

    @abstractmethod
    def _punish(self, rows: Bits, active: Bits, down: float) -> None: ...

    @abstractmethod
    def _spent(self, rows: Bits) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Row and slot of each wired synapse of `rows` whose permanence is at most `SPENT`."""

    @abstractmethod
    def _connect(
        self, rows: NDArray[np.int32], slots: NDArray[np.int32], sources: NDArray[np.int32], permanence: float
    ) -> None:
        """Write `permanence` where `sources` >= 0; the wiring is changed already."""

    @abstractmethod
    def _extend(self, rows: int) -> None: ...

    @abstractmethod
    def _widen(self, slots: int) -> None:
        """Store at least `slots` slots a row."""


class Substrate(ABC):
    """Makes synapses and settles competition.

    Attributes
    ----------
    events : what was done so far, exact counts (row_read, adc, pulse, write, ...)
    """

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()

    @abstractmethod
    def columns(self, pool: NDArray[np.bool_], permanence: NDArray[np.float32], threshold: float) -> Columns:
        """Synapses of minicolumns: slot j listens to input j, and the wiring never changes.

        Parameters
        ----------
        pool : (columns, inputs) True where a synapse exists
        permanence : (columns, inputs) initial values, 0..1
        threshold : permanence from which a synapse is connected
        """

    @abstractmethod
    def segments(self, n_inputs: int, rows: int, slots: int, threshold: float) -> Segments:
        """Empty segments, `rows` of `slots` synapses each."""

    @abstractmethod
    def winners(self, score: NDArray[Any], k: int) -> Bits:
        """The `k` rows of highest score; of equal scores the higher index wins.

        Parameters
        ----------
        score : (rows,) connected-synapse equivalents
        k : how many win
        """

    @abstractmethod
    def local_winners(
        self,
        score: NDArray[Any],
        shape: tuple[int, ...],
        radius: int,
        density: float,
        wrap: bool,
        floor: float | None = None,
    ) -> Bits:
        """The rows that win the competition in their neighbourhood (see `htm.inhibition`).

        Parameters
        ----------
        score : (rows,) connected-synapse equivalents
        shape : of the grid that the rows stand on
        radius : reach of a neighbourhood along every axis
        density : share of a neighbourhood that wins
        wrap : whether the grid's ends meet
        floor : score under which a row cannot win; none: any can
        """

    @abstractmethod
    def state(self) -> State:
        """The substrate's own state (competition noise, counts), without its synapses."""

    @abstractmethod
    def restore(self, state: State) -> None:
        """Continue from `state`."""


def check_columns(
    pool: NDArray[np.bool_], permanence: NDArray[np.float32]
) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Check what `Substrate.columns` was given; permanences outside the pool become 0."""
    pool = np.ascontiguousarray(pool, dtype=np.bool_)
    values = np.array(permanence, dtype=np.float32, order="C")
    if pool.ndim != 2 or pool.shape != values.shape:
        raise BadInput(
            f"pool, permanence: must share a shape (columns, inputs), got {pool.shape}, {values.shape}"
        )
    if values.size and not (values.min() >= 0 and values.max() <= 1):  # a NaN is both of them
        raise BadInput("permanence: must lie in 0..1 and hold no NaN")
    values *= pool
    return pool, values
