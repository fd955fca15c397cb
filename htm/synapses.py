"""The seam between the algorithm and what carries its synapses.

The spatial pooler and the temporal memory decide which rows and slots change; only the verbs here change
synapses. `htm.software` implements them exactly, `hwsim` on simulated memristors. Every verb takes a whole
batch and is something that a crossbar controller can really do, so every verb has a cost.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from .bits import Bits, as_bits
from .pick import BadInput

State = dict[str, Any]
"""Everything a thing needs to continue: arrays and JSON-able values, by name."""


@final
class Wiring:
    """Which input each synapse listens to. Digital, so the same on every substrate.

    Attributes
    ----------
    source : (rows, slots) int32, index of the input at each slot, -1 where the slot is empty
    n_inputs : number of inputs
    """

    def __init__(self, source: NDArray[np.int32], n_inputs: int) -> None:
        self.source = np.ascontiguousarray(source, dtype=np.int32)
        self.n_inputs = int(n_inputs)
        if self.source.ndim != 2:
            raise BadInput(f"source: must have shape (rows, slots), got {self.source.shape}")
        if self.source.size and (self.source.min() < -1 or self.source.max() >= n_inputs):
            raise BadInput(f"source: must lie in -1..{n_inputs - 1}")

    @classmethod
    def empty(cls, rows: int, slots: int, n_inputs: int) -> Wiring:
        """Wiring with every slot empty."""
        return cls(np.full((rows, slots), -1, dtype=np.int32), n_inputs)

    def count(self, active: Bits) -> NDArray[np.int32]:
        """Wired slots driven by `active` in each row, shape (rows,)."""
        from .kernels import potential_counts

        return potential_counts(self.source, active_flags(active, self.n_inputs))


def active_flags(active: Bits, n_inputs: int) -> NDArray[np.uint8]:
    """1 where an input is active, shape (n_inputs,)."""
    flags = np.zeros(n_inputs, dtype=np.uint8)
    flags[active] = 1
    return flags


def hebbian_change(active: Bits, n_inputs: int, up: float, down: float) -> NDArray[np.float32]:
    """What each input adds to a learning row's synapses: +up where active, -down elsewhere, (n_inputs,)."""
    change = np.full(n_inputs, -np.float32(down), dtype=np.float32)
    change[active] = np.float32(up)
    return change


def top_k(score: NDArray[Any], k: int) -> Bits:
    """Sorted indices of the `k` highest scores; of equal scores the higher index wins."""
    from .kernels import top_k as kernel

    return kernel(score, k)


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
        return self._overlap(as_bits(active, self.n_inputs, "active"))

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
            if not (value >= 0.0 and np.isfinite(value)):
                raise BadInput(f"{name}: must be finite and not negative, got {value!r}")
        rows = as_bits(rows, self.rows, "rows")
        active = as_bits(active, self.n_inputs, "active")
        if rows.size and (up > 0.0 or down > 0.0):
            self._adapt(rows, active, float(up), float(down))

    @final
    def elapse(self, seconds: float) -> None:
        """Let time pass: drift, retention.

        Parameters
        ----------
        seconds : how long, >= 0 [s]
        """
        if not (seconds >= 0.0 and np.isfinite(seconds)):
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


class Segments(Synapses):
    """Synapses whose wiring can change: what a temporal memory needs.

    Attributes
    ----------
    wiring : the slots' sources
    """

    wiring: Wiring

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
        rows, slots, sources = (np.asarray(a, dtype=np.int32) for a in (rows, slots, sources))
        if not rows.shape == slots.shape == sources.shape or rows.ndim != 1:
            raise BadInput(
                f"connect: rows, slots and sources must be 1-d of one length, got {rows.shape}, "
                f"{slots.shape}, {sources.shape}"
            )
        if not 0.0 <= permanence <= 1.0:
            raise BadInput(f"permanence: must lie in 0..1, got {permanence!r}")
        for name, index, size in (("rows", rows, self.rows), ("slots", slots, self.slots)):
            if index.size and (index.min() < 0 or index.max() >= size):
                raise BadInput(f"{name}: must lie in 0..{size - 1}, got {index.min()}..{index.max()}")
        if sources.size and (sources.min() < -1 or sources.max() >= self.n_inputs):
            raise BadInput(f"sources: must lie in -1..{self.n_inputs - 1}")
        if rows.size:
            self.wiring.source[rows, slots] = sources
            self._connect(rows, slots, sources, float(permanence))

    @final
    def potential(self, active: Bits) -> NDArray[np.int32]:
        """Wired slots driven by `active`, connected or not, shape (rows,): counted from the wiring."""
        return self.wiring.count(as_bits(active, self.n_inputs, "active"))

    @abstractmethod
    def read(self, rows: Bits) -> NDArray[np.float32]:
        """Permanences as the hardware reads them back, (len(rows), slots); costs a row read each."""

    @abstractmethod
    def _connect(
        self, rows: NDArray[np.int32], slots: NDArray[np.int32], sources: NDArray[np.int32], permanence: float
    ) -> None: ...


class Substrate(ABC):
    """Makes synapses and settles competition.

    Attributes
    ----------
    events : what was done so far, exact counts (row_read, adc, pulse, write, ...)
    """

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()

    @abstractmethod
    def columns(self, pool: NDArray[np.bool_], permanence: NDArray[np.float32], threshold: float) -> Synapses:
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
    if not bool(np.all((values >= 0) & (values <= 1))):
        raise BadInput("permanence: must lie in 0..1 and hold no NaN")
    values[~pool] = 0.0
    return pool, values
