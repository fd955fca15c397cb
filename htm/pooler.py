"""The spatial pooler: inputs to sparse codes of minicolumns, learned by a Hebbian rule.

Notation of Mnatzaganian, Fokoué, Kudithipudi 2017 (Front. Robot. AI 3:81), m columns, permanences Phi,
connected mask Y = [Phi >= rho_s], input x:

1. overlap      ``alpha_i = sum_k x_k Y_ik``; boosted ``alpha_i b_i``
2. inhibition   the k columns of largest boosted overlap, those under the stimulus threshold rho_d dropped
3. learning     winners only: ``Phi <- clip(Phi + phi+ x - phi- (1 - x), 0, 1)`` on their pool
4. duty cycles  ``d <- (d (T - 1) + hit) / T`` with ``T = min(period, t)``
5. boost        ``b_i = exp(strength (density - active duty_i))`` (Cui, Ahmad, Hawkins 2017)
6. weak columns those of overlap duty under their minimum: their whole pool is raised by a tenth of rho_s

Order, ties (the higher index wins) and rounding are those of htm.core 2.2.
"""

from __future__ import annotations

from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from . import kernels
from .bits import Bits
from .pick import BadInput, Params
from .streams import stream
from .synapses import State, Substrate

_UPDATE_PERIOD = 50  # steps between updates of the minimum overlap duty, as in htm.core


class SpatialPoolerParams(Params):
    """Parameters of a `SpatialPooler`. Permanences and densities are fractions, durations count steps."""

    columns: int = Field(default=2048, ge=1, description="number of minicolumns")
    density: float = Field(default=0.02, gt=0.0, le=1.0, description="share of columns that win")
    potential_fraction: float = Field(
        default=0.85, gt=0.0, le=1.0, description="share of the inputs in reach that a column may connect to"
    )
    potential_radius: int | None = Field(
        default=None, ge=0, description="reach around a column's centre, in inputs per axis; none: all inputs"
    )
    threshold: float = Field(default=0.5, gt=0.0, lt=1.0, description="permanence of a connected synapse")
    initial_spread: float = Field(
        default=0.1, ge=0.0, le=1.0, description="initial permanences are uniform in threshold +- this"
    )
    increment: float = Field(default=0.05, ge=0.0, le=1.0, description="permanence gain of an active input")
    decrement: float = Field(
        default=0.008, ge=0.0, le=1.0, description="permanence loss of an inactive input"
    )
    stimulus_threshold: int = Field(default=0, ge=0, description="overlap under which a column cannot win")
    boost_strength: float = Field(default=0.0, ge=0.0, description="exponential boosting; 0 is off")
    duty_period: int = Field(default=1000, ge=1, description="window of the duty cycles [steps]")
    minimum_duty_fraction: float = Field(
        default=0.001, ge=0.0, le=1.0, description="of the highest overlap duty; columns under it are bumped"
    )
    bump: float | None = Field(
        default=None,
        ge=0.0,
        le=1.0,
        description="permanence gain of a weak column; none: a tenth of threshold",
    )

    @model_validator(mode="after")
    def _check(self) -> SpatialPoolerParams:
        if self.winners < 1:
            raise ValueError(
                f"density: must make at least one of {self.columns} columns win, got {self.density}"
            )
        return self

    @property
    def winners(self) -> int:
        """Number of columns that win."""
        return int(np.float32(self.density) * np.float32(self.columns))

    @property
    def weak_bump(self) -> float:
        """Permanence gain of every pool synapse of a weak column."""
        return 0.1 * self.threshold if self.bump is None else self.bump


@final
class SpatialPooler:
    """Learns sparse codes of its inputs on any substrate.

    Parameters
    ----------
    params : the pooler's parameters
    input_shape : shape of the input; codes index it flattened in C order
    substrate : where the synapses live
    seed : seed of the streams ``sp.pool`` and ``sp.permanence``
    pool : (columns, inputs) potential synapses; drawn where not given
    permanence : (columns, inputs) initial values; drawn where not given
    """

    def __init__(
        self,
        params: SpatialPoolerParams,
        input_shape: tuple[int, ...],
        substrate: Substrate,
        seed: int = 0,
        *,
        pool: NDArray[np.bool_] | None = None,
        permanence: NDArray[np.float32] | None = None,
    ) -> None:
        if not input_shape or any(size < 1 for size in input_shape):
            raise BadInput(f"input_shape: every size must be at least 1, got {input_shape!r}")
        self.params = params
        self.input_shape = tuple(int(size) for size in input_shape)
        self.n_inputs = int(np.prod(self.input_shape))
        self.substrate = substrate
        if pool is None:
            pool = draw_pool(params, self.input_shape, seed)
        if permanence is None:
            permanence = draw_permanence(params, pool, seed)
        if pool.shape != (params.columns, self.n_inputs):
            raise BadInput(f"pool: must have shape {(params.columns, self.n_inputs)}, got {pool.shape}")
        self.synapses = substrate.columns(pool, permanence, params.threshold)
        n = params.columns
        self.step = 0
        self.overlap_duty = np.zeros(n, dtype=np.float32)
        self.active_duty = np.zeros(n, dtype=np.float32)
        self.boost = np.ones(n, dtype=np.float32)
        self.minimum_duty = np.float32(0)
        self._all_inputs = np.arange(self.n_inputs, dtype=np.int32)

    def compute(self, active: Bits, learn: bool = True) -> Bits:
        """One record: the winning columns, and learning where asked.

        Parameters
        ----------
        active : active inputs
        learn : whether permanences, duty cycles and boosts change

        Returns
        -------
        winners, sorted
        """
        self.step += 1
        overlap = self.synapses.overlap(active)
        winners = self.inhibit(overlap)
        if learn:
            self.learn(active, overlap, winners)
        return winners

    def inhibit(self, overlap: NDArray[Any]) -> Bits:
        """Winners of a competition between overlaps, those under the stimulus threshold dropped."""
        params = self.params
        score = overlap if params.boost_strength == 0.0 else overlap.astype(np.float32) * self.boost
        winners = self.substrate.winners(score, params.winners)
        if params.stimulus_threshold > 0:
            winners = winners[overlap[winners] >= params.stimulus_threshold]
        return winners

    def learn(self, active: Bits, overlap: NDArray[Any], winners: Bits) -> None:
        """Adapt the winners' synapses, the duty cycles and the boosts."""
        params = self.params
        self.synapses.adapt(winners, active, params.increment, params.decrement)
        period = np.float32(min(params.duty_period, self.step))
        won = np.zeros(params.columns, dtype=np.bool_)
        won[winners] = True
        kernels.update_duty(self.overlap_duty, overlap > 0, period)
        kernels.update_duty(self.active_duty, won, period)
        weak = np.flatnonzero(self.overlap_duty < self.minimum_duty).astype(np.int32)
        if weak.size:
            self.synapses.adapt(weak, self._all_inputs, params.weak_bump, 0.0)
        if params.boost_strength > 0.0:
            density = np.float32(params.density)
            self.boost = np.exp((density - self.active_duty) * np.float32(params.boost_strength))
        if self.step % _UPDATE_PERIOD == 0:
            self.minimum_duty = np.float32(params.minimum_duty_fraction) * self.overlap_duty.max()

    def state(self) -> State:
        """Everything needed to continue identically, but the substrate's own state."""
        synapses = {f"synapses.{name}": value for name, value in self.synapses.state().items()}
        return {
            "step": self.step,
            "overlap_duty": self.overlap_duty.copy(),
            "active_duty": self.active_duty.copy(),
            "boost": self.boost.copy(),
            "minimum_duty": float(self.minimum_duty),
            **synapses,
        }

    def restore(self, state: State) -> None:
        """Continue from `state`."""
        self.step = int(state["step"])
        for name in ("overlap_duty", "active_duty", "boost"):
            getattr(self, name)[:] = state[name]
        self.minimum_duty = np.float32(state["minimum_duty"])
        prefix = "synapses."
        self.synapses.restore(
            {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
        )


def draw_pool(params: SpatialPoolerParams, input_shape: tuple[int, ...], seed: int) -> NDArray[np.bool_]:
    """Potential synapses, (columns, inputs) bool.

    Each column has a centre, spread evenly over the input, and takes `potential_fraction` of the inputs within
    `potential_radius` of it along every axis (at least one), drawn without replacement from ``sp.pool``.
    """
    n_inputs = int(np.prod(input_shape))
    # One uniform number per pair; a column takes its smallest ones, so that radius and fraction keep the draws.
    draws = stream(seed, "sp.pool").random((params.columns, n_inputs), dtype=np.float32)
    if params.potential_radius is None:
        take = max(1, round(params.potential_fraction * n_inputs))
        if take == n_inputs:
            return np.ones(draws.shape, dtype=np.bool_)
        bound = np.partition(draws, take - 1, axis=1)[:, take - 1 : take]
        return draws <= bound
    centres = _centres(params.columns, input_shape)
    grid = np.stack(np.unravel_index(np.arange(n_inputs), input_shape), axis=1)
    pool = np.zeros(draws.shape, dtype=np.bool_)
    for column, centre in enumerate(centres):
        near = np.flatnonzero(np.all(np.abs(grid - centre) <= params.potential_radius, axis=1))
        take = max(1, round(params.potential_fraction * near.size))
        pool[column, near[np.argsort(draws[column, near], kind="stable")[:take]]] = True
    return pool


def _centres(columns: int, input_shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Input position at the centre of each column, (columns, axes): columns run along the flattened input."""
    n_inputs = int(np.prod(input_shape))
    flat = ((np.arange(columns) + 0.5) * n_inputs / columns).astype(np.int64)
    return np.stack(np.unravel_index(flat, input_shape), axis=1)


def draw_permanence(params: SpatialPoolerParams, pool: NDArray[np.bool_], seed: int) -> NDArray[np.float32]:
    """Initial permanences, uniform in threshold +- initial_spread, clipped to 0..1, 0 outside the pool."""
    values = stream(seed, "sp.permanence").random(pool.shape, dtype=np.float32)
    low = np.float32(params.threshold - params.initial_spread)
    values *= np.float32(2 * params.initial_spread)
    values += low
    np.clip(values, 0, 1, out=values)
    values[~pool] = 0
    return values
