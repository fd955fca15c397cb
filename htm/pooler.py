"""The spatial pooler: inputs to sparse codes of minicolumns, learned by a Hebbian rule.

Notation of Mnatzaganian, Fokoué, Kudithipudi 2017 (Front. Robot. AI 3:81), m columns, permanences Phi,
connected mask Y = [Phi >= rho_s], input x, winners c, stimulus threshold rho_d:

1. overlap      ``alpha_i = sum_k x_k Y_ik``; boosted ``alpha_i b_i``
2. inhibition   global: the k columns of largest boosted overlap. Local: those that fewer than
                ``floor(1/2 + density n_i)`` of the n_i columns of their neighbourhood beat (`htm.inhibition`).
                Winners of boosted overlap under rho_d are dropped
3. learning     winners only: ``Phi <- clip(Phi + phi+ x - phi- (1 - x), 0, 1)`` on their pool;
                with a trim, ``Phi <- 0`` where it is then under it
4. duty cycles  ``d <- (d (T - 1) + hit) / T`` with ``T = min(period, t)``
5. boost        ``b_i = exp(strength (a_i - active duty_i))`` (Cui, Ahmad, Hawkins 2017), a_i the density, or
                with local inhibition the mean active duty of the neighbourhood
6. weak columns those of overlap duty under their minimum, a share of the highest overlap duty (of the
                neighbourhood): their whole pool is raised by a tenth of rho_s
7. radius       every 50 steps, with local inhibition, from the spans of the connected synapses (`htm.topology`)

Order, ties (globally the higher index wins, locally the lower) and rounding are those of htm.core 2.2. The
linear form of the boost is the paper's own and changes four of these:

1'. overlap     ``alpha_i = 0`` if ``alpha_i < rho_d``, then times b_i; a column of none cannot win
4'. duty cycles plain means over the last T steps; overlap duty counts ``alpha_i >= rho_d``, at least 1
5'. boost       ``b_i = b_max`` if ``mdc = 0``; 1 if ``adc_i > mdc``; else ``b_max + (1 - b_max) adc_i / mdc``,
                adc active duty, ``mdc`` the minimum_duty_fraction of the highest adc (of the neighbourhood)
6'. weak        those of overlap duty under mdc, at every step
"""

from __future__ import annotations

import hashlib
from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt, model_validator

from . import kernels
from .bits import Bits
from .duty import WindowDuty
from .inhibition import Neighbourhoods, neighbourhoods
from .pick import BadInput, Params
from .synapses import State, Substrate
from .topology import draw_permanence as draw_permanence
from .topology import draw_pool as draw_pool
from .topology import radius_of_inhibition

_UPDATE_PERIOD = 50  # steps between updates of radius and minimum overlap duty, as in htm.core


class SpatialPoolerParams(Params):
    """Parameters of a `SpatialPooler`. Permanences and densities are fractions, durations count steps."""

    columns: int = Field(default=2048, ge=1, description="number of minicolumns")
    column_shape: tuple[PositiveInt, ...] | None = Field(
        default=None,
        min_length=1,
        description="grid that they stand on, as many axes as the input; none: a line",
    )
    inhibition: Literal["global", "local"] = Field(
        default="global", description="whether a column competes with all others, or with its neighbourhood"
    )
    wrap: bool = Field(default=False, description="whether the ends of input and columns meet")
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
    trim: float = Field(
        default=0.0, ge=0.0, lt=1.0, description="permanences that learn to under this become 0"
    )
    boost_form: Literal["exponential", "linear"] = Field(
        default="exponential", description="of the boost, and with it of the duty cycles"
    )
    boost_strength: float = Field(
        default=0.0, ge=0.0, description="exponential: its strength; linear: the largest boost; 0 is off"
    )
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

    @model_validator(mode="before")
    @classmethod
    def _columns_of_shape(cls, values: Any) -> Any:
        shape = values.get("column_shape") if isinstance(values, dict) else None
        if shape is not None and "columns" not in values and all(isinstance(n, int) for n in shape):
            return {**values, "columns": int(np.prod(shape))}
        return values

    @model_validator(mode="after")
    def _check(self) -> SpatialPoolerParams:
        if self.column_shape is not None and int(np.prod(self.column_shape)) != self.columns:
            raise ValueError(f"column_shape: must hold {self.columns} columns, got {self.column_shape}")
        if self.boost_form == "linear" and 0.0 < self.boost_strength < 1.0:
            raise ValueError(
                f"boost_strength: must be 0 or at least 1 where boost_form is linear, got {self.boost_strength}"
            )
        if self.inhibition == "global" and self.winners < 1:
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
        shape = params.column_shape
        if shape is None and params.inhibition == "local" and len(input_shape) == 1:
            shape = (params.columns,)
        if shape is None and params.inhibition == "local":
            raise BadInput(f"column_shape: must be given for local inhibition over an input of {input_shape}")
        if shape is not None and len(shape) != len(input_shape):
            raise BadInput(f"column_shape: must have as many axes as the input {input_shape}, got {shape}")
        self.params = params
        self.input_shape = tuple(int(size) for size in input_shape)
        self.column_shape = shape or (params.columns,)
        self.n_inputs = int(np.prod(self.input_shape))
        self.substrate = substrate
        if pool is None:
            pool = draw_pool(params, self.input_shape, seed)
        if permanence is None:
            permanence = draw_permanence(params, pool, seed)
        if pool.shape != (params.columns, self.n_inputs):
            raise BadInput(f"pool: must have shape {(params.columns, self.n_inputs)}, got {pool.shape}")
        self.synapses = substrate.columns(pool, permanence, params.threshold)
        self._pool_mark = _mark_of(pool)
        n = params.columns
        self.step = 0
        self.overlap_duty = np.zeros(n, dtype=np.float32)
        self.active_duty = np.zeros(n, dtype=np.float32)
        self.boost = np.ones(n, dtype=np.float32)
        self.minimum_duty = np.zeros(n, dtype=np.float32)
        self.inhibition_radius = max(self.column_shape)
        if params.inhibition == "local":
            self._update_radius()
        self._linear = params.boost_form == "linear"
        self._windows: dict[str, WindowDuty] = {}
        if self._linear:
            self._windows = {name: WindowDuty(n, params.duty_period) for name in ("overlap", "active")}
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
        """Winners of a competition between overlaps, those under the stimulus threshold dropped (eqs. 1, 2)."""
        params = self.params
        floor: float | None = params.stimulus_threshold or None
        score = overlap
        if self._linear:
            score = np.where(
                overlap >= max(1, params.stimulus_threshold), overlap * self.boost, np.float32(0)
            )
            floor = 1e-6  # of the smallest overlap that counts, 1, boosted by at least 1
        elif params.boost_strength > 0.0:
            score = kernels.boosted(overlap, self.boost)
        if self._neighbours is not None:
            return self.substrate.local_winners(
                score, self.column_shape, self.inhibition_radius, params.density, params.wrap, floor
            )
        winners = self.substrate.winners(score, params.winners)
        return winners if floor is None else winners[score[winners] >= floor]

    def learn(self, active: Bits, overlap: NDArray[Any], winners: Bits) -> None:
        """Adapt the winners' synapses, the duty cycles and the boosts (eqs. 3 to 7)."""
        params = self.params
        self.synapses.adapt(winners, active, params.increment, params.decrement)
        if params.trim > 0.0:
            self.synapses.trim(winners, params.trim)
        weak = self._linear_duties(overlap, winners) if self._linear else self._duties(overlap, winners)
        if weak.size:
            self.synapses.adapt(weak, self._all_inputs, params.weak_bump, 0.0)
        if params.boost_strength > 0.0:
            self._update_boost()
        if self.step % _UPDATE_PERIOD == 0:
            if params.inhibition == "local":
                self._update_radius()
            if not self._linear:
                self.minimum_duty = self._minimum(self.overlap_duty)

    def _duties(self, overlap: NDArray[Any], winners: Bits) -> Bits:
        """Eq. 4; the weak columns."""
        return np.asarray(
            kernels.update_duties(
                self.overlap_duty,
                self.active_duty,
                overlap,
                winners,
                # Who learns without compute counts no record: the first one weighs in full.
                np.float32(min(self.params.duty_period, max(self.step, 1))),
                self.minimum_duty,
            )
        )

    def _linear_duties(self, overlap: NDArray[Any], winners: Bits) -> Bits:
        """Eq. 4'; the weak columns."""
        won = np.zeros(self.params.columns, dtype=np.bool_)
        won[winners] = True
        stirred = np.asarray(overlap >= max(1, self.params.stimulus_threshold))
        self.overlap_duty = self._windows["overlap"].add(stirred)
        self.active_duty = self._windows["active"].add(won)
        self.minimum_duty = self._minimum(self.active_duty)
        return np.flatnonzero(self.overlap_duty < self.minimum_duty).astype(np.int32)

    def _update_boost(self) -> None:
        """Eq. 5, or 5'."""
        params, duty = self.params, self.active_duty
        if self._linear:
            least, largest = self.minimum_duty, np.float32(params.boost_strength)
            slope = (np.float32(1) - largest) / np.where(least > 0, least, np.float32(1))
            self.boost = np.where(duty > least, np.float32(1), largest + slope * duty)
            return
        aim: Any = np.float32(params.density)
        if params.inhibition == "local":
            aim = neighbourhoods(self.column_shape, self.inhibition_radius, params.wrap).mean(duty)
        exponent = np.asarray(aim - duty)
        exponent *= np.float32(params.boost_strength)
        self.boost = np.exp(exponent, out=exponent)

    def _minimum(self, duty: NDArray[np.float32]) -> NDArray[np.float32]:
        """Share of the highest duty, of all columns or of each one's neighbourhood, (columns,)."""
        fraction = np.float32(self.params.minimum_duty_fraction)
        if self._neighbours is not None:
            return np.asarray(fraction * self._neighbours.maximum(duty))
        return np.full(duty.size, fraction * duty.max(), dtype=np.float32)

    def _update_radius(self) -> None:
        """Eq. 7."""
        spans = self.synapses.spans(self.input_shape)
        self.inhibition_radius = radius_of_inhibition(spans, self.column_shape, self.input_shape)

    @property
    def inhibition_radius(self) -> int:
        """Reach of the competition along every axis, in columns."""
        return self._radius

    @inhibition_radius.setter
    def inhibition_radius(self, radius: int) -> None:
        self._radius = int(radius)
        self._neighbours: Neighbourhoods | None = None  # where all columns compete
        if self.params.inhibition == "local" and self._radius <= max(self.column_shape):
            self._neighbours = neighbourhoods(self.column_shape, self._radius, self.params.wrap)

    def state(self) -> State:
        """Everything needed to continue identically, but the substrate's own state."""
        synapses = {f"synapses.{name}": value for name, value in self.synapses.state().items()}
        windows = {
            f"window.{name}.{key}": value
            for name, window in self._windows.items()
            for key, value in window.state().items()
        }
        return {
            "pool": self._pool_mark,
            "step": self.step,
            "overlap_duty": self.overlap_duty.copy(),
            "active_duty": self.active_duty.copy(),
            "boost": self.boost.copy(),
            "minimum_duty": self.minimum_duty.copy(),
            "inhibition_radius": self.inhibition_radius,
            **windows,
            **synapses,
        }

    def restore(self, state: State) -> None:
        """Continue from `state`, of a pooler with the same potential synapses."""
        mark = state.get("pool")
        if mark != self._pool_mark:
            # Permanences would land on other synapses, and nothing else tells: their shapes are the same.
            reason = "not noted in the state, which is of an earlier version"
            if mark is not None:
                reason = "another one than was saved (from another seed?)"
            raise BadInput(f"pool: {reason}")
        self.step = int(state["step"])
        self.inhibition_radius = int(state["inhibition_radius"])
        for name in ("overlap_duty", "active_duty", "boost", "minimum_duty"):
            value = np.asarray(state[name], dtype=np.float32)
            if value.shape != (self.params.columns,):
                raise BadInput(f"{name}: must be of {self.params.columns} columns, got shape {value.shape}")
            getattr(self, name)[:] = value
        for name, window in self._windows.items():
            window.restore({key: state[f"window.{name}.{key}"] for key in ("hits", "seen")})
        prefix = "synapses."
        self.synapses.restore(
            {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
        )


def _mark_of(pool: NDArray[np.bool_]) -> str:
    """A fingerprint of potential synapses, 32 hexadecimal digits."""
    bits = np.packbits(np.ascontiguousarray(pool, dtype=np.bool_), axis=1)
    return hashlib.blake2b(bits.data, digest_size=16, person=str(pool.shape[1]).encode()).hexdigest()
