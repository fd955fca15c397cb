"""What is shown to the spiking temporal memory: sequences of symbols, and when each comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationInfo, field_validator, model_validator

from devices.units import Second
from htm.pick import Params, nearest, pick

from .params import on_grid, steps
from .sets import SETS, SequenceSet


class SequenceTaskParams(Params):
    """Sequences, and their timing. An episode shows every sequence once, in the order given."""

    set: str = Field(default="I", description="published set: I, II, III or order10; its rates hold too")
    symbols: tuple[str, ...] | None = Field(
        default=None, description="one population each; none: the set's, or those that the sequences use"
    )
    sequences: tuple[tuple[str, ...], ...] | None = Field(
        default=None, description='own sequences, ["ADBE", ...] or lists of words; none: the set\'s'
    )
    episodes: int = Field(default=40, ge=1, le=100_000, description="how often all sequences are shown")
    interval: Second = Field(default=40e-3, gt=0.0, description="between symbols of a sequence, DT [s]")
    pause: Second = Field(default=100e-3, gt=0.0, description="from a sequence's last symbol to the next [s]")
    start: Second = Field(default=30e-3, gt=0.0, description="when the first symbol comes [s]")
    primed: bool | None = Field(
        default=None,
        description="whether dendrites of some neurons of each first symbol are started before it comes; "
        "none: as for the set",
    )
    lead: Second = Field(default=20e-3, gt=0.0, description="from priming to the first symbol [s]")
    probe: Second = Field(
        default=8e-3, gt=0.0, description="after the last symbol but one: when predictions are read [s]"
    )

    @field_validator("set")
    @classmethod
    def _known(cls, name: str) -> str:
        pick(SETS, name, "set")
        return name

    @field_validator("symbols", "sequences", mode="before")
    @classmethod
    def _letters(cls, value: object, info: ValidationInfo) -> object:
        if isinstance(value, str) and info.field_name == "symbols":
            return tuple(value)
        if info.field_name == "sequences" and isinstance(value, list | tuple):
            return tuple(tuple(one) if isinstance(one, str) else one for one in value)
        return value

    @field_validator("symbols")
    @classmethod
    def _once_each(cls, symbols: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if symbols is not None and len(set(symbols)) < max(len(symbols), 1):
            raise ValueError("must name each symbol once, and at least one")
        return symbols

    @field_validator("sequences")
    @classmethod
    def _long_enough(
        cls, sequences: tuple[tuple[str, ...], ...] | None
    ) -> tuple[tuple[str, ...], ...] | None:
        if sequences is None:
            return None
        if not sequences:
            raise ValueError("must hold at least one sequence")
        for i, one in enumerate(sequences):
            if len(one) < 2:
                raise ValueError(f"sequence {i}: must have at least 2 symbols, got {list(one)}")
            if any(not word for word in one):
                raise ValueError(f"sequence {i}: a symbol must have a name, got {list(one)}")
        begun = [one[:-1] for one in sequences]
        if twice := [list(one) for one in begun if begun.count(one) > 1]:
            raise ValueError(f"all must differ before their last symbol, got two that begin {twice[0]}")
        return sequences

    @model_validator(mode="after")
    def _fits(self) -> SequenceTaskParams:
        named = self.populations
        for i, one in enumerate(self.shown):
            for word in one:
                if word not in named:
                    raise ValueError(
                        f"sequences: sequence {i} has a symbol without a population: {word!r} "
                        f"{nearest(word, named)}, got {'-'.join(one)}"
                    )
        if self.probe >= self.interval:
            raise ValueError(
                f"probe: must be shorter than interval ({self.interval:g} s), got {self.probe:g}"
            )
        if self.pause <= self.interval:
            raise ValueError(f"pause: must be longer than interval ({self.interval:g} s), got {self.pause:g}")
        if self.start >= self.pause:
            raise ValueError(f"start: must be before pause ({self.pause:g} s) is over, got {self.start:g}")
        if self.primes and self.lead >= self.start:
            raise ValueError(f"lead: must be shorter than start ({self.start:g} s), got {self.lead:g}")
        return self

    @property
    def published(self) -> SequenceSet:
        """The set that is named: its rates, and its sequences unless own ones are given."""
        return SETS[self.set]

    @property
    def primes(self) -> bool:
        """Whether first symbols are primed."""
        return self.published.primed if self.primed is None else self.primed

    @property
    def shown(self) -> tuple[tuple[str, ...], ...]:
        """The sequences of one episode."""
        return self.sequences or tuple(tuple(one) for one in self.published.sequences)

    @property
    def populations(self) -> tuple[str, ...]:
        """The symbol of each population."""
        if self.symbols is not None:
            return self.symbols
        if self.sequences is None:
            return self.published.symbols
        return tuple(sorted({word for one in self.sequences for word in one}))


@dataclass(frozen=True)
class Schedule:
    """One episode on the grid of steps; every episode is the same.

    Attributes
    ----------
    symbol, step : (elements,) population and step of each stimulus, counted from the episode's start
    prime_symbol, prime_step : (primings,) population and step of each; of every sequence, or of none
    last : (sequences,) index into them of each sequence's last symbol
    period : steps of an episode
    probe : steps from a stimulus to when predictions are read
    episodes : how many there are
    """

    symbol: NDArray[np.int64]
    step: NDArray[np.int64]
    prime_symbol: NDArray[np.int64]
    prime_step: NDArray[np.int64]
    last: NDArray[np.int64]
    period: int
    probe: int
    episodes: int

    @property
    def steps(self) -> int:
        """Steps of the whole run."""
        return self.period * self.episodes

    def probes(self) -> NDArray[np.int64]:
        """When predictions of last symbols are read, (episodes, sequences), in steps of the run."""
        at = self.step[self.last - 1] + self.probe
        return np.arange(self.episodes)[:, None] * self.period + at[None, :]

    def targets(self) -> NDArray[np.int64]:
        """Population of each sequence's last symbol, (sequences,)."""
        return self.symbol[self.last]


def schedule(task: SequenceTaskParams, step: float) -> Schedule:
    """Lay the sequences on the grid.

    Parameters
    ----------
    task : what is shown
    step : of the grid [s]

    Raises
    ------
    ValueError
        Where a time is no whole number of steps.
    """
    for name in ("interval", "pause", "start", "lead", "probe"):
        if not on_grid(getattr(task, name), step):
            raise ValueError(f"{name}: must be whole steps of {step:g} s, got {getattr(task, name):g}")
    interval, pause = steps(task.interval, step), steps(task.pause, step)
    place = {word: i for i, word in enumerate(task.populations)}
    symbol: list[int] = []
    at: list[int] = []
    last: list[int] = []
    now = steps(task.start, step)
    for one in task.shown:
        for word in one:
            symbol.append(place[word])
            at.append(now)
            now += interval
        now += pause - interval
        last.append(len(symbol) - 1)
    first = [0, *(k + 1 for k in last[:-1])] if task.primes else []
    return Schedule(
        symbol=np.array(symbol, dtype=np.int64),
        step=np.array(at, dtype=np.int64),
        prime_symbol=np.array([symbol[k] for k in first], dtype=np.int64),
        prime_step=np.array([at[k] - steps(task.lead, step) for k in first], dtype=np.int64),
        last=np.array(last, dtype=np.int64),
        period=now - at[0],
        probe=steps(task.probe, step),
        episodes=task.episodes,
    )


def words(symbols: Sequence[str]) -> str:
    """A sequence in print: letters run together, longer words with hyphens."""
    return ("" if all(len(one) == 1 for one in symbols) else "-").join(symbols)
