"""What every device model is: parameters here, arrays in `Cells`, verbs that act in place, SI units.

A model is one file: it says how pulses move a cell (`_pulsed`), how far a write misses (`_written`), and,
where the cell ages or its noise is not simply proportional, the conductance and noise now (`_aged`,
`_noise`). Faults, finite levels, verify loops and clocks are the base's and so the same in every model.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from htm.pick import BadInput

from .cells import F32, Cells, Where, are_places, store
from .conductance import Conducts
from .faults import DEAD, OK, STUCK_OFF, STUCK_ON, WORN, Fails, strike
from .lanes import LONG_LANE, Lanes, normals
from .pulse_law import PulseLaw
from .reads import Reads

__all__ = ["F32", "OK", "STUCK_OFF", "STUCK_ON", "Cells", "DeviceModel", "Where", "store"]

PART = 1 << 15
"""Cells worked on together where an array is large: their scratch arrays stay in the second-level cache."""

# Lanes of a programming event: what each mechanism draws from (see `Lanes`).
PROGRAM_LANE, _LEVEL, SHOWN_LANE, _VERIFY = 0, 1, 2, 3
_STUCK, _SPREAD, _FAULTS, _TRAPS = 0, 1, 2, 3  # lanes of fabrication


def _is_rows(where: Where) -> bool:
    """Whether an index names whole rows, each once."""
    return isinstance(where, np.ndarray) and where.ndim == 1 and where.dtype == np.int32


class DeviceModel(Fails, Reads, Conducts, ABC):
    """One synapse's device.

    Every mechanism bears the same field name in every model, so an ablation is ``device.read_sigma=0`` on any
    of them. A field that a model does not use is absent from it, and setting it is an error. Range and I-V curve,
    reads, and faults are every model's (`Conducts`, `Reads`, `Fails`).
    """

    whole_pulses: ClassVar[bool] = True
    """False where one programming event can be any fraction of a pulse (a target is written, not pulses)."""

    n_levels: int | None = Field(
        default=None, ge=2, description="evenly spaced levels a cell can rest at; none: continuous"
    )

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

    def _pulsed_rows(
        self, cells: Cells, rows: NDArray[np.int32], count: F32, rng: np.random.Generator
    ) -> bool:
        """Do the whole of `pulse` on whole rows in place, and say so; False where a model has no faster way.

        The result must equal the general way's bit for bit, and the generator too (`lane_keys`), or else be left as it
        is. Not asked where `n_levels`, `endurance` or `disturb_share` is set.
        """
        return False

    def _written_places(
        self,
        cells: Cells,
        places: tuple[NDArray[np.int32], NDArray[np.int32]],
        target: F32,
        rng: np.random.Generator,
    ) -> bool:
        """Do the whole of an unverified `write` of single cells by row and slot, (n,) each; likewise."""
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

    def _aged_by(self, cells: Cells) -> bool:
        """Whether `_aged` may be other than what it is given: False where too little time has passed for that."""
        return self.ages

    @property
    def ages(self) -> bool:
        """Whether the conductance or its noise changes with time alone."""
        return False

    @property
    def flickers(self) -> bool:
        """Whether a read has noise of the model's own, not proportional to the conductance."""
        return False

    @property
    def acceleration(self) -> float:
        """Factor by which time passes faster for drift and retention than at the reference temperature."""
        return 1.0

    @final
    @property
    def noisy(self) -> bool:
        """Whether a read has noise."""
        return self.read_sigma > 0.0 or self.flickers or self.telegraphs

    @final
    @property
    def proportional_noise(self) -> bool:
        """Whether the sd of a read is `read_sigma` times the conductance, and nothing else."""
        return not self.flickers and self.gaussian_reads

    @final
    def rests(self, cells: Cells) -> bool:
        """Whether the conductance of every cell is the one last programmed, ``cells.g``."""
        return self.disturb_share == 0.0 and not self._aged_by(cells)

    @final
    @property
    def still(self) -> bool:
        """Whether, until time passes, cells are where they were programmed."""
        return self.disturb_share == 0.0

    @property
    def _simple(self) -> bool:
        """Whether programming has nothing to do but to move cells and let them age anew."""
        return self.n_levels is None and self.endurance is None and self.disturb_share == 0.0

    @property
    def each(self) -> DeviceModel:
        """The device that a synapse is made of; itself where there is one."""
        return self

    @property
    def cells_per_synapse(self) -> int:
        """Devices of one synapse."""
        return 1

    @property
    def lines_per_synapse(self) -> int:
        """Bit lines that a synapse has; the difference of the currents of two is read."""
        return 1

    def planes(self, cells: Cells) -> tuple[Cells, ...]:
        """Cells whose lines are apart, of the device `each`: two where the difference of their currents is read."""
        return (cells,)

    def drawn(self, cells: Cells, where: Where) -> F32:
        """Conductance [S] that current flows through: that of all devices of a synapse, as last programmed or now."""
        g: F32 = cells.g[where]
        return g

    def strike(self, cells: Cells, struck: NDArray[np.bool_], *, on: bool) -> None:
        """Synapses that worked, marked in `struck` (rows, slots), are stuck on or off from here on."""
        strike(cells, struck, on=on, g=self.g_max if on else self.g_min)

    def bounds(self, cells: Cells, where: Where) -> tuple[F32, F32]:
        """Lowest and highest conductance [S] that pulses take each cell to."""
        shape = cells.g[where].shape
        return np.full(shape, self.g_min, np.float32), np.full(shape, self.g_max, np.float32)

    def pulse_law(self, cells: Cells) -> PulseLaw | None:
        """What one pulse does to each cell, in the order of ``cells.g.ravel()``; none where no such law tells it."""
        return None

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
        if self.disturb_share > 0.0:
            # Reads of a cell since it was programmed: its own, and those of its whole line.
            cells.more["reads"] = np.zeros(shape, dtype=np.float32)
            cells.more["line_reads"] = np.zeros((1, shape[1]), dtype=np.float32)
        with Lanes(rng, LONG_LANE) as lane:
            self._spread(cells, lane(_SPREAD))
            if self.may_fail:
                self._draw_faults(cells, lane)
            if self.telegraphs:
                cells.more["trapped"] = lane(_TRAPS).random(shape, dtype=np.float32) < self.rtn_fraction
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
        if self._simple and _is_rows(where) and self._pulsed_rows(cells, where, count, rng):
            return
        with Lanes(rng) as lane:
            if not _is_rows(where) or count.size <= 2 * PART:
                self._pulse(cells, where, count, lane)
                return
            step = max(1, PART // count.shape[1])
            for start in range(0, where.size, step):  # in parts that stay in the cache
                part = slice(start, start + step)
                self._pulse(cells, where[part], count[part], lane)

    @final
    def _pulse(self, cells: Cells, where: Where, count: F32, lane: Lanes) -> None:
        """`pulse` in the general way."""
        g = self._now(cells, where)
        changed = count != 0
        rest = self._pulsed(cells, where, g, count, lane(PROGRAM_LANE))
        if self.n_levels is not None:
            rest = self._at_levels(rest, lane(_LEVEL).random(rest.shape, dtype=np.float32))
        self._commit(cells, where, rest, None if changed.all() else changed, lane, np.abs(count))

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
        target = np.asarray(target, dtype=np.float32)
        once = tolerance is None or cycles == 1
        if once and self._simple and are_places(where) and self._written_places(cells, where, target, rng):
            return int(target.size)
        target = self._at_levels(np.clip(target, self.g_min, self.g_max))
        attempts = 0
        index: NDArray[np.intp] | None = None
        with Lanes(rng) as lane:
            for cycle in range(cycles):
                attempted = self._written(cells, where, target, lane(PROGRAM_LANE))
                self._commit(cells, where, self._at_levels(attempted), None, lane, np.ones_like(attempted))
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
        seen = self._read(cells, where, rng) if self.noisy else self.conductance(cells, where)
        if not self.still:
            cells.more["reads"][where] += np.float32(1)
        return seen

    @final
    def note_line_reads(self, cells: Cells, slots: NDArray[np.int32]) -> None:
        """Whole lines of cells, (n,) slots, were read once by a circuit of its own: their cells are disturbed."""
        if not self.still:
            cells.more["line_reads"][0, slots] += np.float32(1)

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
        sd = self._noise(cells, where, g)
        return sd if self.gaussian_reads else self.law_sd(g, sd, self._telegraph(cells, where, g))

    @final
    def seen(self, cells: Cells, where: Where, g: F32, rng: np.random.Generator) -> F32:
        """One noisy read [S] of cells known to be at `g` [S] now, shaped like ``cells.g[where]``."""
        if not self.noisy:
            return g
        if self.gaussian_reads:
            xi = normals(rng, g.shape)
            xi *= self._noise(cells, where, g)
            xi += g
            return xi
        from .noise import normal_pair  # numba takes seconds to import: only for who draws

        step = self._telegraph(cells, where, g)
        return self.law_read(g, self._noise(cells, where, g), step, *normal_pair(rng, g.shape))

    @final
    def margin(self, cells: Cells, where: Where, g: F32, reference: np.float32) -> F32:
        """Distance of cells at `g` [S] from `reference` [S] in deviations of one read.

        A standard normal draw above minus this has the probability that a read finds the cell above the reference,
        exactly, whatever the law of reads.
        """
        sd = self._noise(cells, where, g)
        tiny = np.float32(np.finfo(np.float32).tiny)
        if self.gaussian_reads:
            sd = np.maximum(sd, tiny)
            above = np.clip((g - reference) / sd, np.float32(-1e9), np.float32(1e9))
        else:
            above = self.law_margin(g, sd, self._telegraph(cells, where, g), reference)
        # A noiseless cell just at its reference is connected, as it is in software.
        return np.where((above == 0) & (sd <= tiny), np.float32(1e9), above)

    # For the verbs and the models ------------------------------------------------------------------------

    @final
    def _now(self, cells: Cells, where: Where) -> F32:
        """True conductance now [S]; may be a view of the cells, so not to be changed."""
        g: F32 = cells.g[where]
        if self.rests(cells):
            return g
        if _is_rows(where) and where.size > 1 and g.size > 2 * PART:  # in parts that stay in the cache
            now, step = np.empty_like(g), max(1, PART // g.shape[1])
            for start in range(0, where.size, step):
                now[start : start + step] = self._now(cells, where[start : start + step])
            return now
        aged = self._aged(cells, where, g) if self.ages else g
        if not self.still:
            lines = np.broadcast_to(cells.more["line_reads"], cells.g.shape)[where]
            times = np.maximum(cells.more["reads"][where] + lines, np.float32(0))
            gap = np.maximum(np.float32(self.g_max) - aged, np.float32(0))
            aged = aged - gap * np.expm1(times * np.float32(math.log1p(-self.disturb_share)))
        stuck = cells.more.get("stuck")
        return aged if stuck is None else np.where(stuck[where] == OK, aged, g)

    @final
    def _read(self, cells: Cells, where: Where, rng: np.random.Generator) -> F32:
        return self.seen(cells, where, self._now(cells, where), rng)

    @final
    def _telegraph(self, cells: Cells, where: Where, g: F32) -> F32 | None:
        """Distance of the two levels of telegraph noise over g; none where there is no such noise."""
        if not self.telegraphs:
            return None
        return self.telegraph_step(g, self.g_max, cells.more["trapped"][where])

    @final
    def _draw_faults(self, cells: Cells, lane: Lanes) -> None:
        """Stuck, dead and mortal cells into `cells.more`; the first two where they stay."""
        stuck = self.draw_stuck(cells.g.shape, lane(_STUCK))
        place, life = self.draw_dead_and_lives(stuck, lane(_FAULTS))
        cells.more["stuck"] = stuck
        cells.g[stuck == STUCK_ON] = self.g_max
        cells.g[stuck == STUCK_OFF] = self.g_min
        if place is not None:
            dead = stuck == DEAD
            cells.g[dead] = self._at_levels(np.float32(self.g_min) + place[dead] * np.float32(self.span))
            if (hidden := cells.more.get("hidden")) is not None:
                hidden[dead] = cells.g[dead]
        if life is not None:
            cells.more["life"] = life

    @final
    def _elapsed(self, cells: Cells, where: Where) -> F32:
        """Time since each cell was last programmed [s]."""
        written = cells.more["written_at"][where]
        age = np.empty(written.shape, dtype=np.float32)
        np.subtract(cells.clock, written, out=age, casting="same_kind")
        return age

    @final
    def _age(self, cells: Cells, where: Where) -> F32:
        """The same as drift and retention feel it: at the reference temperature [s]."""
        age = self._elapsed(cells, where)
        if self.acceleration != 1.0:
            age *= np.float32(self.acceleration)
        return age

    @final
    def _oldest(self, cells: Cells) -> float:
        """No cell can be older than the clock [s], at the reference temperature."""
        return cells.clock * self.acceleration

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
        self,
        cells: Cells,
        where: Where,
        rest: F32,
        changed: NDArray[np.bool_] | None,
        lane: Lanes,
        used: F32,
    ) -> None:
        """Store new conductances where `changed`; stuck cells keep theirs, the others start to age anew.

        `used` pulses wear a cell; the event that uses it up is its last.
        """
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
        if not self.still:
            lines = np.broadcast_to(cells.more["line_reads"], cells.g.shape)[where]
            store(cells.more["reads"], where, -lines, changed)
        if stuck is not None and (life := cells.more.get("life")) is not None:
            left = life[where] - (used if changed is None else used * changed)
            life[where] = left
            stuck[where] = np.where((left <= 0) & (stuck[where] == OK), WORN, stuck[where])
