"""What every device model is: parameters here, arrays in `Cells`, verbs that act in place, SI units.

A model is one file: it says how pulses move a cell (`_pulsed`), how far a write misses (`_written`), and,
where the cell ages or its noise is not simply proportional, the conductance and noise now (`_aged`,
`_noise`). Faults, finite levels, verify loops and clocks are the base's and so the same in every model.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from htm.pick import BadInput, Params

from .lanes import LONG_LANE, Lanes, normals
from .units import Siemens, Volt, parse_quantity

F32: TypeAlias = NDArray[np.float32]
Where: TypeAlias = Any
"""Any numpy index into an array of shape (rows, slots): rows, a pair of index arrays, ``...``."""

OK, STUCK_ON, STUCK_OFF = 0, 1, 2

# Lanes of a programming event: what each mechanism draws from (see `Lanes`).
PROGRAM_LANE, _LEVEL, SHOWN_LANE, _VERIFY = 0, 1, 2, 3
_FAULTS, _SPREAD = 0, 1  # lanes of fabrication


@dataclass
class Cells:
    """State of an array of cells.

    Attributes
    ----------
    g : conductance as last programmed, (rows, slots) float32 [S]
    more : further arrays of the same shape, by the name that the model gives them
    clock : time since fabrication [s]
    """

    g: F32
    more: dict[str, NDArray[Any]] = field(default_factory=dict)
    clock: float = 0.0

    def state(self) -> dict[str, Any]:
        """Copy of everything, arrays and numbers by name."""
        arrays = {f"more.{name}": array.copy() for name, array in self.more.items()}
        return {"g": self.g.copy(), "clock": self.clock, **arrays}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from `state`."""
        self.g[...] = state["g"]
        self.clock = float(state["clock"])
        for name, array in self.more.items():
            array[...] = state[f"more.{name}"]


def store(array: NDArray[Any], where: Where, values: Any, changed: NDArray[np.bool_] | None) -> None:
    """Put `values` into ``array[where]`` where `changed`; none: everywhere."""
    array[where] = values if changed is None else np.where(changed, values, array[where])


def _is_rows(where: Where) -> bool:
    """Whether an index names whole rows, each once."""
    return isinstance(where, np.ndarray) and where.ndim == 1 and where.dtype == np.int32


class DeviceModel(Params, ABC):
    """One synapse's device.

    Every mechanism bears the same field name in every model, so an ablation is ``device.read_sigma=0`` on any
    of them. A field that a model does not use is absent from it, and setting it is an error.
    """

    whole_pulses: ClassVar[bool] = True
    """False where one programming event can be any fraction of a pulse (a target is written, not pulses)."""

    g_min: Siemens = Field(ge=0.0, description="lowest nominal conductance [S]")
    g_max: Siemens = Field(gt=0.0, description="highest nominal conductance [S]")
    on_off_ratio: float | None = Field(
        default=None, gt=1.0, description="where given, sets g_min = g_max / on_off_ratio"
    )
    read_sigma: float = Field(
        default=0.0, ge=0.0, description="sd of fresh Gaussian read noise, as a fraction of the conductance"
    )
    stuck_on_fraction: float = Field(default=0.0, ge=0.0, le=1.0, description="share of cells stuck at g_max")
    stuck_off_fraction: float = Field(
        default=0.0, ge=0.0, le=1.0, description="share of cells stuck at g_min"
    )
    n_levels: int | None = Field(
        default=None, ge=2, description="evenly spaced levels a cell can rest at; none: continuous"
    )
    read_voltage: Volt = Field(default=0.2, gt=0.0, description="voltage of a read; 0.2 V is assumed [V]")

    @model_validator(mode="before")
    @classmethod
    def _apply_on_off_ratio(cls, values: Any) -> Any:
        """Set g_min from the ratio; numbers that are no numbers are left for the fields to complain about."""
        if not isinstance(values, dict) or values.get("on_off_ratio") is None:
            return values
        try:
            ratio = float(values["on_off_ratio"])
            top = float(parse_quantity(values.get("g_max", cls.model_fields["g_max"].default), "S"))
            given = float(parse_quantity(values.get("g_min", top / ratio), "S"))
            usable = math.isfinite(ratio) and ratio > 1.0
        except (TypeError, ValueError, ZeroDivisionError):
            usable = False
        if not usable:
            return {"g_min": 0.0, **values}
        default = cls.model_fields["g_min"].default
        if not math.isclose(given, top / ratio, rel_tol=1e-9) and given != default:
            raise ValueError(
                f"on_off_ratio: gives g_min = {top / ratio:g} S, got g_min = {given:g} S beside it (give one)"
            )
        return {**values, "g_min": top / ratio}

    @model_validator(mode="after")
    def _check_range(self) -> DeviceModel:
        if not self.g_min < self.g_max:
            raise ValueError(f"g_min: must be below g_max ({self.g_max:g} S), got {self.g_min:g} S")
        if self.stuck_on_fraction + self.stuck_off_fraction > 1.0:
            raise ValueError(
                "stuck_on_fraction + stuck_off_fraction: must not exceed 1, got "
                f"{self.stuck_on_fraction:g} + {self.stuck_off_fraction:g}"
            )
        return self

    # What a model provides -------------------------------------------------------------------------------

    @property
    @abstractmethod
    def step(self) -> float:
        """Nominal conductance change of one pulse at mid-range [S]: the mapping makes counts of it."""

    @abstractmethod
    def _spread(self, cells: Cells, rng: np.random.Generator) -> None:
        """Draw every cell's own constants into `cells.more`."""

    @abstractmethod
    def _pulsed(self, cells: Cells, where: Where, g: F32, count: F32, rng: np.random.Generator) -> F32:
        """Conductance [S] after `count` signed pulses on cells now at `g` [S], shaped like both.

        May also update the model's own arrays in `cells.more` for the pulsed cells (count != 0).
        """

    @abstractmethod
    def _written(self, cells: Cells, where: Where, target: F32, rng: np.random.Generator) -> F32:
        """Conductance [S] after one attempt at writing `target` [S]. May update `cells.more` likewise."""

    def _pulsed_rows(self, cells: Cells, rows: NDArray[np.int32], count: F32, lane: Lanes) -> bool:
        """Do the whole of `pulse` on whole rows in place, and say so; False where a model has no faster way.

        The result must equal the general way's bit for bit. Not asked where `n_levels` is set.
        """
        return False

    def _shown(self, rest: F32, rng: np.random.Generator) -> F32:
        """Conductance [S] that cells show after an event left them resting at `rest` [S].

        Asked only of a model that keeps ``more["hidden"]``, which accumulates; what is shown does not.
        """
        return rest

    def _aged(self, cells: Cells, where: Where, g: F32) -> F32:
        """Conductance now [S] of cells programmed to `g` [S]: drift and relaxation, evaluated lazily."""
        return g

    def _noise(self, cells: Cells, where: Where, g: F32) -> F32:
        """Standard deviation [S] of one read of cells now at `g` [S]."""
        return g * np.float32(self.read_sigma)

    @property
    def ages(self) -> bool:
        """Whether the conductance or its noise changes with time alone."""
        return False

    @property
    def noisy(self) -> bool:
        """Whether a read has noise."""
        return self.read_sigma > 0.0

    @property
    def proportional_noise(self) -> bool:
        """Whether the sd of a read is `read_sigma` times the conductance, and nothing else."""
        return True

    # Verbs -----------------------------------------------------------------------------------------------

    @final
    def fabricate(self, shape: tuple[int, int], rng: np.random.Generator) -> Cells:
        """Fresh cells at g_min (or their own lowest), each with its own spread and faults.

        Parameters
        ----------
        shape : (rows, slots)
        rng : generator; every mechanism draws from a lane of its own, so one's draws never shift another's
        """
        cells = Cells(g=np.full(shape, self.g_min, dtype=np.float32))
        if self.ages:
            # float64: a float32 clock of a week counts in steps of a sixteenth of a second.
            cells.more["written_at"] = np.zeros(shape, dtype=np.float64)
        with Lanes(rng, LONG_LANE) as lane:
            self._spread(cells, lane(_SPREAD))
            if self.stuck_on_fraction > 0.0 or self.stuck_off_fraction > 0.0:
                u = lane(_FAULTS).random(shape, dtype=np.float32)
                stuck = np.zeros(shape, dtype=np.uint8)
                stuck[u < self.stuck_on_fraction] = STUCK_ON
                # Counted from the other end, so that raising one share never moves the other's cells.
                stuck[u >= 1.0 - self.stuck_off_fraction] = STUCK_OFF
                cells.more["stuck"] = stuck
                cells.g[stuck == STUCK_ON] = self.g_max
                cells.g[stuck == STUCK_OFF] = self.g_min
        return cells

    @final
    def pulse(self, cells: Cells, where: Where, count: F32, rng: np.random.Generator) -> None:
        """Apply a signed number of identical pulses to each cell of `where`; 0 leaves a cell alone.

        With `n_levels`, a cell falls to one of the two levels beside where the pulses took it, with odds by
        distance: the mean change is kept, and pulses smaller than a level are not lost.

        Parameters
        ----------
        count : shaped like cells.g[where]; positive raises the conductance
        rng : cycle-to-cycle noise
        """
        count = np.asarray(count, dtype=np.float32)
        with Lanes(rng) as lane:
            if self.n_levels is None and _is_rows(where) and self._pulsed_rows(cells, where, count, lane):
                return
            g = self._now(cells, where)
            changed = count != 0
            rest = self._pulsed(cells, where, g, count, lane(PROGRAM_LANE))
            if self.n_levels is not None:
                rest = self._at_levels(rest, lane(_LEVEL).random(rest.shape, dtype=np.float32))
            self._commit(cells, where, rest, None if changed.all() else changed, lane)

    @final
    def write(
        self,
        cells: Cells,
        where: Where,
        target: F32,
        rng: np.random.Generator,
        *,
        tolerance: float | None = None,
        cycles: int = 1,
    ) -> int:
        """Program cells to a target conductance.

        Parameters
        ----------
        target : shaped like cells.g[where] [S]
        rng : programming noise
        tolerance : a cell that one (noisy) read finds within this distance of its target is accepted [S];
            none: every first attempt is
        cycles : most attempts per cell

        Returns
        -------
        attempts made, summed over cells
        """
        if cycles < 1:
            raise BadInput(f"cycles: must be at least 1, got {cycles}")
        target = self._at_levels(np.clip(np.asarray(target, dtype=np.float32), self.g_min, self.g_max))
        attempts = 0
        index: NDArray[np.intp] | None = None
        with Lanes(rng) as lane:
            for cycle in range(cycles):
                attempted = self._written(cells, where, target, lane(PROGRAM_LANE))
                self._commit(cells, where, self._at_levels(attempted), None, lane)
                attempts += int(target.size)
                if tolerance is None or cycle == cycles - 1:
                    break
                off = np.abs(self._read(cells, where, lane(_VERIFY)) - target) > tolerance
                if not off.any():
                    break
                if index is None:
                    index = np.arange(cells.g.size).reshape(cells.g.shape)[where]
                index, target = index[off], target[off]
                where = np.unravel_index(index, cells.g.shape)
        return attempts

    @final
    def read(self, cells: Cells, where: Where, rng: np.random.Generator) -> F32:
        """One noisy read [S] of each cell of `where`."""
        return self._read(cells, where, rng) if self.noisy else self.conductance(cells, where)

    @final
    def relax(self, cells: Cells, seconds: float) -> None:
        """Let time pass [s]. Drift is evaluated at the next look, so unread cells cost nothing."""
        if not (math.isfinite(seconds) and seconds >= 0.0):
            raise BadInput(f"seconds: must be a time that passes (0 or more), got {seconds!r}")
        cells.clock += float(seconds)

    @final
    def conductance(self, cells: Cells, where: Where) -> F32:
        """True conductance now [S], without read noise; stuck cells do not age. Never a view of the cells."""
        g = self._now(cells, where)
        return g.copy() if np.may_share_memory(g, cells.g) else g

    @final
    def read_noise(self, cells: Cells, where: Where, g: F32) -> F32:
        """Standard deviation [S] of one read of cells now at `g` [S]."""
        return self._noise(cells, where, g)

    # For the verbs and the models ------------------------------------------------------------------------

    @final
    def _now(self, cells: Cells, where: Where) -> F32:
        """True conductance now [S]; may be a view of the cells, so not to be changed."""
        g: F32 = cells.g[where]
        if not self.ages:
            return g
        aged = self._aged(cells, where, g)
        stuck = cells.more.get("stuck")
        return aged if stuck is None else np.where(stuck[where] == OK, aged, g)

    @final
    def _read(self, cells: Cells, where: Where, rng: np.random.Generator) -> F32:
        g = self._now(cells, where)
        if not self.noisy:
            return g
        seen = normals(rng, g.shape)
        seen *= self._noise(cells, where, g)
        seen += g
        return seen

    @final
    def _elapsed(self, cells: Cells, where: Where) -> F32:
        """Time since each cell was last programmed [s]."""
        return (cells.clock - cells.more["written_at"][where]).astype(np.float32)

    @final
    def _moved(self, g: F32, count: F32) -> F32:
        """Target [S] of a controller that reads `g` [S], adds `count` steps and writes back."""
        return np.clip(g + count * np.float32(self.step), np.float32(self.g_min), np.float32(self.g_max))

    @final
    def _at_levels(self, g: F32, u: F32 | float = 0.5) -> F32:
        """The level below or above `g` [S]: the lower one where `u` (0..1) is too small to reach the upper.

        A half gives the nearest level, a uniform draw keeps the mean.
        """
        if self.n_levels is None:
            return g
        spacing = np.float32((self.g_max - self.g_min) / (self.n_levels - 1))
        low = np.float32(self.g_min)
        level = np.floor((g - low) / spacing + np.asarray(u, dtype=np.float32))
        rest: F32 = low + np.clip(level, 0, self.n_levels - 1, dtype=np.float32) * spacing
        return rest

    @final
    def _commit(
        self, cells: Cells, where: Where, rest: F32, changed: NDArray[np.bool_] | None, lane: Lanes
    ) -> None:
        """Store new conductances where `changed`; stuck cells keep theirs, the others start to age anew."""
        stuck = cells.more.get("stuck")
        if stuck is not None:
            free = stuck[where] == OK
            changed = free if changed is None else changed & free
        rest = np.maximum(rest, np.float32(0))
        if (hidden := cells.more.get("hidden")) is not None:
            store(hidden, where, rest, changed)
            rest = np.maximum(self._shown(rest, lane(SHOWN_LANE)), np.float32(0))
        store(cells.g, where, rest, changed)
        if (written := cells.more.get("written_at")) is not None:
            store(written, where, cells.clock, changed)
