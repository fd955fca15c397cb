"""High-order sequences with shared middles: what is shown to a temporal memory, and whether it foresees the endings.

The task of Cui, Ahmad, Hawkins 2016 (Neural Comput. 28:2474, arXiv 1512.05463): sequences in pairs that share their
middle, so that only the first symbol tells the last. They come in random order, without resets, a random code (noise)
after each. Some way through, the endings within each pair are swapped. An ending is right where the last symbol is
the one whose code overlaps best with the predicted columns.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeAlias, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from htm.bits import Bits
from htm.pick import Params
from htm.streams import stream
from htm.synapses import State
from htm.temporal_memory import TemporalMemory

MOST_SYMBOLS = 1000

Symbols: TypeAlias = tuple[Annotated[int, Field(ge=0, lt=MOST_SYMBOLS)], ...]
Share: TypeAlias = Annotated[float, Field(ge=0.0, le=1.0)]

PUBLISHED: tuple[tuple[Symbols, Symbols], ...] = (
    ((6, 8, 7, 4, 2, 3, 0), (1, 8, 7, 4, 2, 3, 5)),
    ((6, 3, 4, 2, 7, 8, 5), (1, 3, 4, 2, 7, 8, 0)),
    ((0, 9, 7, 8, 5, 3, 4, 1), (2, 9, 7, 8, 5, 3, 4, 6)),
    ((0, 4, 3, 5, 8, 7, 9, 6), (2, 4, 3, 5, 8, 7, 9, 1)),
)
"""The sequences of the authors' code (github numenta/htmresearch, projects/sequence_prediction)."""


class TaskParams(Params):
    """What is shown, and how it is judged; the defaults are the published ones."""

    swap: int = Field(default=10_000, ge=1, description="elements shown before the endings are swapped")
    elements: int = Field(default=20_000, ge=2, description="elements shown in all")
    active_bits: int = Field(default=40, ge=1, description="columns of a symbol's code")
    window: int = Field(
        default=100, ge=1, description="endings that an accuracy is of; so many right in a row are learned"
    )
    killed: tuple[Share, ...] = Field(
        default=(0.0, 0.1, 0.2, 0.3, 0.4, 0.5), description="shares of all cells that die after learning"
    )
    sequences: tuple[tuple[Symbols, Symbols], ...] = Field(
        default=PUBLISHED,
        description="pairs of sequences of symbols 0, 1, ...; a pair swaps its last symbols",
    )

    @field_validator("killed")
    @classmethod
    def _increasing(cls, killed: tuple[float, ...]) -> tuple[float, ...]:
        if any(b <= a for a, b in itertools.pairwise(killed)):
            raise ValueError("must increase")
        return killed

    @field_validator("sequences")
    @classmethod
    def _tellable(cls, pairs: tuple[tuple[Symbols, Symbols], ...]) -> tuple[tuple[Symbols, Symbols], ...]:
        if not pairs:
            raise ValueError("must hold at least one pair of sequences")
        for i, pair in enumerate(pairs):
            for one in pair:
                if len(one) < 2:
                    raise ValueError(f"pair {i}: a sequence must have at least 2 symbols, got {list(one)}")
            if pair[0][-1] == pair[1][-1]:
                raise ValueError(f"pair {i}: must end differently, got {pair[0][-1]} twice")
        begun = [one[:-1] for pair in pairs for one in pair]
        if twice := [list(one) for one in begun if begun.count(one) > 1]:
            raise ValueError(f"all must differ before their last symbol, got two that begin {twice[0]}")
        return pairs

    @model_validator(mode="after")
    def _room(self) -> TaskParams:
        if self.elements < self.swap + self.longest:
            raise ValueError(
                f"elements: must exceed swap ({self.swap}) by the longest sequence and its noise "
                f"({self.longest}), got {self.elements}"
            )
        return self

    @property
    def longest(self) -> int:
        """Elements of the longest sequence with the noise after it."""
        return max(len(one) for pair in self.sequences for one in pair) + 1

    @property
    def symbols(self) -> int:
        """Number of symbols."""
        return 1 + max(max(one) for pair in self.sequences for one in pair)

    @property
    def published(self) -> bool:
        """Whether the published task is set, whatever the memory and the cells that die."""
        return self.model_copy(update={"killed": ()}) == TaskParams(killed=())


Shown: TypeAlias = tuple[int, ...]
"""Symbols of one sequence as it is shown, its ending swapped or not."""


@dataclass(frozen=True)
class Plan:
    """Everything that is shown, before anything is.

    Attributes
    ----------
    before, after : sequences to learn from, until the endings are swapped and from then on
    test : sequences shown after cells have died, the same for every share of them
    """

    before: tuple[Shown, ...]
    after: tuple[Shown, ...]
    test: tuple[Shown, ...]

    @property
    def learned_before(self) -> int:
        """Elements to learn from before the swap."""
        return _length(self.before)

    @property
    def learned(self) -> int:
        """Elements to learn from."""
        return _length(self.before) + _length(self.after)

    def elements(self, deaths: int) -> int:
        """Elements in all, with the test shown `deaths` times."""
        return self.learned + deaths * _length(self.test)


def plan(params: TaskParams, seed: int) -> Plan:
    """Draw the order of the sequences."""
    order, test = stream(seed, "sequences.order"), stream(seed, "sequences.test")
    phases: tuple[list[Shown], list[Shown]] = [], []
    elements = 0
    for swapped, until in ((False, params.swap), (True, params.elements)):
        while elements < until:
            phases[swapped].append(_drawn(params, order, swapped))
            elements += len(phases[swapped][-1]) + 1
    shown = tuple(_drawn(params, test, swapped=False) for _ in range(params.window))
    return Plan(tuple(phases[False]), tuple(phases[True]), shown)


def _drawn(params: TaskParams, rng: np.random.Generator, swapped: bool) -> Shown:
    pair, which = divmod(int(rng.integers(2 * len(params.sequences))), 2)
    one, other = params.sequences[pair][which], params.sequences[pair][1 - which]
    return (*one[:-1], other[-1] if swapped else one[-1])


def _length(shown: Sequence[Shown]) -> int:
    """Elements of these sequences, each with its noise."""
    return sum(map(len, shown)) + len(shown)


@dataclass(frozen=True)
class Phase:
    """How the endings of one phase went.

    Attributes
    ----------
    starts : (endings,) elements shown before each sequence, since the phase began
    right : (endings,) whether the last symbol was foreseen
    """

    starts: NDArray[np.int64]
    right: NDArray[np.bool_]

    def accuracy(self, window: int) -> float:
        """Share of right endings among the last `window`."""
        return float(self.right[-window:].mean())

    def learned(self, window: int) -> float:
        """Elements before the first of `window` right endings in a row; NaN where there were never so many."""
        misses = np.flatnonzero(~self.right)
        begins = np.concatenate(([0], misses + 1))
        streaks = np.concatenate((misses, [self.right.size])) - begins
        long = np.flatnonzero(streaks >= window)
        return float(self.starts[begins[long[0]]]) if long.size else math.nan


@final
class Pupil:
    """A temporal memory on its way through the task.

    Parameters
    ----------
    memory : it
    params : the task
    seed : of the streams ``sequences.codes``, ``.noise``, ``.test.noise`` and ``.dead``
    each : called after every element
    record : time that passes after each element that is learned from [s]

    Attributes
    ----------
    foreseen : cells predicted before each element that was learned from
    """

    def __init__(
        self,
        memory: TemporalMemory,
        params: TaskParams,
        seed: int,
        each: Callable[[], None] = lambda: None,
        record: float = 0.0,
    ) -> None:
        self.memory, self.params = memory, params
        self._seed, self._each, self._record = seed, each, record
        codes = stream(seed, "sequences.codes")
        self._codes = [self._code(codes) for _ in range(params.symbols)]
        self._on = np.zeros((params.symbols, memory.params.columns), dtype=np.int32)
        for symbol, code in enumerate(self._codes):
            self._on[symbol, code] = 1
        self._noise = stream(seed, "sequences.noise")
        self._alive: NDArray[np.bool_] | None = None
        self.foreseen: list[Bits] = []

    def _code(self, rng: np.random.Generator) -> Bits:
        chosen = rng.choice(self.memory.params.columns, self.params.active_bits, replace=False)
        return np.sort(chosen).astype(np.int32)

    def learn(self, shown: Sequence[Shown]) -> Phase:
        """Learn from one sequence after the other."""
        lengths = np.array([len(one) + 1 for one in shown], dtype=np.int64)
        right = [self._ending(one, self._noise, learn=True) for one in shown]
        return Phase(np.cumsum(lengths) - lengths, np.array(right, dtype=np.bool_))

    def test(self, state: State, share: float, shown: Sequence[Shown], pause: float) -> float:
        """Accuracy without learning where a share of all cells has died, with their segments.

        Parameters
        ----------
        state : of the memory before they died
        share : of the cells
        shown : sequences
        pause : time that passes before they die [s]
        """
        memory = self.memory
        memory.restore(state)
        if pause > 0.0:
            memory.elapse(pause)
        self._alive = self.living(share)
        owner = memory.dendrites.cell
        dead = np.flatnonzero((owner >= 0) & ~self._alive[owner]).astype(np.int32)
        memory.dendrites.segments.clear(dead)
        self._bury()
        noise = stream(self._seed, "sequences.test.noise")
        right = [self._ending(one, noise, learn=False) for one in shown]
        self._alive = None
        return float(np.mean(right))

    def living(self, share: float) -> NDArray[np.bool_]:
        """Which cells live on where `share` of them die, (cells,); those dead at a smaller share are among the dead."""
        return stream(self._seed, "sequences.dead").random(self.memory.params.cells) >= share

    def _ending(self, symbols: Shown, noise: np.random.Generator, learn: bool) -> bool:
        """Show one sequence and noise; whether its last symbol was foreseen."""
        for symbol in symbols[:-1]:
            self._show(self._codes[symbol], learn)
        last = symbols[-1]
        overlap = self._on[:, self.memory.predicted].sum(axis=1)
        right = bool(overlap[last] > 0 and np.argmax(overlap) == last)
        self._show(self._codes[last], learn)
        self._show(self._code(noise), learn)
        return right

    def _show(self, columns: Bits, learn: bool) -> None:
        if learn:
            self.foreseen.append(self.memory.predictive_cells)
        self.memory.compute(columns, learn)
        self._bury()
        if learn and self._record > 0.0:
            self.memory.elapse(self._record)
        self._each()

    def _bury(self) -> None:
        """The dead neither fire nor are learned from."""
        memory, alive = self.memory, self._alive
        if alive is not None:
            memory.active_cells = memory.active_cells[alive[memory.active_cells]]
            memory.winner_cells = memory.winner_cells[alive[memory.winner_cells]]
