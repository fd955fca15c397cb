"""Analog winner-take-all: k winners among currents, as far as the circuit tells them apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from devices.units import Ampere, Second
from htm.bits import Bits
from htm.pick import BadInput, Params

F32 = NDArray[np.float32]


@final
class WinnerTakeAllParams(Params):
    """The competition beyond the noise of its comparators, which is `crossbar.comparator_sigma`."""

    resolution: Ampere = Field(
        default=0.0,
        ge=0.0,
        description="inputs nearer to the last winner's than this are told apart by chance [A]",
    )
    offset_sigma: Ampere = Field(default=0.0, ge=0.0, description="sd of each input's own offset [A]")
    settle_time: Second = Field(default=0.0, ge=0.0, description="of one competition, however many win [s]")
    winner_time: Second = Field(
        default=0.0, ge=0.0, description="more for every winner, where they are found one after the other [s]"
    )

    def latency(self, k: int) -> float:
        """Time until `k` winners stand [s]."""
        return self.settle_time + k * self.winner_time


@final
@dataclass(frozen=True)
class WinnerTakeAll:
    """A competition of scores.

    Attributes
    ----------
    resolution : in units of the score

    Notes
    -----
    Let v be the k-th highest score and r the resolution. Scores of v + r and more win for certain, those of v - r and
    less lose, and the seats that are left are drawn, each as likely, among the rest. Two inputs that compete for one
    seat are told apart exactly where they are r or more apart. At r = 0 the k highest win, and `top_k` settles ties.
    """

    resolution: float = 0.0

    def winners(self, score: NDArray[Any], k: int, rng: np.random.Generator) -> Bits:
        """Sorted indices of the winners.

        Parameters
        ----------
        score : (rows,)
        k : how many win, at most all
        rng : where chance decides; one draw a row is taken, whatever the scores
        """
        from htm.synapses import top_k

        if not 0 <= k <= score.size:
            raise BadInput(f"k: must be 0..{score.size}, as there are {score.size} scores, got {k}")
        if self.resolution == 0.0 or k == 0:
            return top_k(score, k)
        chance = rng.random(score.size)
        values = score.astype(np.float64)
        above = values - np.partition(values, values.size - k)[values.size - k]
        sure = np.flatnonzero(above >= self.resolution)
        near = np.flatnonzero(np.abs(above) < self.resolution)
        seats = k - sure.size
        drawn = near[np.argsort(chance[near])[:seats]]
        return np.sort(np.concatenate([sure, drawn])).astype(np.int32)
