"""Charge-trap and floating-gate memory: many levels of subthreshold current, day by day."""

from __future__ import annotations

import itertools
import math
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from htm.pick import Params

from .cells import F32, Cells, Where, store
from .curves import exp_in_place, signed_polynomial
from .lanes import normals
from .retention import AgeingDevice
from .units import Second


@final
class Day(Params):
    """Cells some time after programming, as fractions of g_max over r = target / g_max."""

    after: Second = Field(ge=0.0, description="time since programming [s]")
    sigma: float = Field(ge=0.0, description="sd of the misses far up: it is sigma (1 - exp(-r / scale)) [1]")
    scale: float = Field(gt=0.0, description="level by which it has mostly been reached [1]")
    shift_poly: tuple[float, ...] = Field(
        default=(), description="mean shift: coefficients in r, lowest order first [1]"
    )


@final
class ChargeTrap(AgeingDevice):
    """Cells programmed closed-loop to a level r = g_t / g_max, t the time since.

    ``g = g_t + shift(r, t) + sigma(r, t) z``, z drawn once per programming event. Shift and the two numbers of sigma
    are interpolated linearly in t between the times of `days`, and constant after the last. Read noise is fresh at
    every read, its sd ``read_noise_top (1 - exp(-g / (g_max read_noise_level)))``.

    A pulse of count c is a controller's read-modify-write to the true conductance plus c steps; a step is the whole
    range.
    """

    whole_pulses: ClassVar[bool] = False

    days: tuple[Day, ...] = Field(min_length=1, description="statistics at rising times, the first at 0 s")
    program_scale: float = Field(
        default=1.0, ge=0.0, description="multiplies every miss (1: as published) [1]"
    )
    drift_scale: float = Field(
        default=1.0, ge=0.0, description="multiplies every shift (1: as published) [1]"
    )
    read_noise_scale: float = Field(
        default=1.0, ge=0.0, description="multiplies the sd of the read noise (1: as published) [1]"
    )
    read_noise_top: float = Field(default=0.0, ge=0.0, description="greatest sd of one read, of g_max [1]")
    read_noise_level: float = Field(
        default=0.1, gt=0.0, description="level by which it has mostly been reached [1]"
    )

    @model_validator(mode="after")
    def _check_order(self) -> ChargeTrap:
        if self.days[0].after != 0.0:
            raise ValueError(f"days: must begin at 0 s, got {self.days[0].after:g} s")
        for earlier, later in itertools.pairwise(day.after for day in self.days):
            if later <= earlier:
                raise ValueError(f"days: times must rise, got {later:g} after {earlier:g} s")
        return self

    @property
    def step(self) -> float:
        """The whole range [S]: a count is the fraction of it that a controller adds."""
        return self.span

    @property
    def flickers(self) -> bool:
        return self.read_noise_scale * self.read_noise_top > 0.0

    @property
    def ages(self) -> bool:
        return len(self.days) > 1 and self.program_scale + self.drift_scale > 0.0

    def _spread(self, cells: Cells, rng: np.random.Generator) -> None:
        if self.ages:
            cells.more["level"], cells.more["z"] = np.zeros_like(cells.g), np.zeros_like(cells.g)

    def _programmed(
        self,
        cells: Cells,
        where: Where,
        target: F32,
        changed: NDArray[np.bool_] | None,
        rng: np.random.Generator,
    ) -> F32:
        r, z = target / np.float32(self.g_max), normals(rng, target.shape)
        if self.ages:
            store(cells.more["level"], where, r, changed)
            store(cells.more["z"], where, z, changed)
        first = self.days[0]
        miss = self._spread_at(first.sigma, first.scale, r, z)
        miss += self._shift_at(first, r)
        miss *= np.float32(self.g_max)
        miss += target
        return miss

    def _spread_at(self, sigma: F32 | float, scale: F32 | float, r: F32, z: F32) -> F32:
        """Distance of cells from the mean over g_max."""
        sd: F32 = np.divide(r, np.negative(scale, dtype=np.float32))
        exp_in_place(sd)
        np.subtract(np.float32(1), sd, out=sd)
        sd *= np.asarray(np.asarray(sigma) * self.program_scale, dtype=np.float32)
        sd *= z
        return sd

    def _shift_at(self, day: Day, r: F32) -> F32 | np.float32:
        """Distance of the mean from the target over g_max."""
        if not day.shift_poly or self.drift_scale == 0.0:
            return np.float32(0)
        shift = signed_polynomial(day.shift_poly, r)
        shift *= np.float32(self.drift_scale)
        return shift

    def _pulsed(self, cells: Cells, where: Where, g: F32, count: F32, rng: np.random.Generator) -> F32:
        return self._programmed(cells, where, self._moved(g, count), count != 0, rng)

    def _written(self, cells: Cells, where: Where, target: F32, rng: np.random.Generator) -> F32:
        return self._programmed(cells, where, target, None, rng)

    def _aged(self, cells: Cells, where: Where, g: F32) -> F32:
        if cells.clock == 0.0:
            return g
        age = self._age(cells, where)
        r, z = cells.more["level"][where], cells.more["z"][where]
        youngest, oldest = float(age.min(initial=math.inf)), float(age.max(initial=0.0))
        first = self._shift_at(self.days[0], r)
        start = self._spread_at(self.days[0].sigma, self.days[0].scale, r, z) + first
        now = start
        for before, day in itertools.pairwise(self.days):
            if oldest <= before.after:
                break
            last = self._shift_at(day, r)
            if youngest <= day.after or day is self.days[-1]:  # else every cell is past this stretch
                share = age - np.float32(before.after)
                share *= np.float32(1.0 / (day.after - before.after))
                np.minimum(np.maximum(share, np.float32(0), out=share), np.float32(1), out=share)
                sigma = np.float32(before.sigma) + np.float32(day.sigma - before.sigma) * share
                scale = np.float32(before.scale) + np.float32(day.scale - before.scale) * share
                there = self._spread_at(sigma, scale, r, z)
                share *= last - first
                there += share
                there += first
                now = (
                    there if youngest > before.after else np.where(age > np.float32(before.after), there, now)
                )
            first = last
        change = now - start
        change *= np.float32(self.g_max)
        change += g
        return np.maximum(change, np.float32(0), out=change)

    def _noise(self, cells: Cells, where: Where, g: F32) -> F32:
        top = self.read_noise_top * self.read_noise_scale * self.g_max
        sd = exp_in_place(g * np.float32(-1.0 / (self.read_noise_level * self.g_max)))
        sd *= np.float32(-top)
        sd += np.float32(top)
        np.maximum(sd, np.float32(0), out=sd)
        if self.read_sigma > 0.0:
            sd = np.sqrt(sd * sd + np.square(g * np.float32(self.read_sigma)))
        return sd
