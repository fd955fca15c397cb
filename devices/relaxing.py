"""RRAM programmed closed-loop that relaxes with the logarithm of time, its spread growing."""

from __future__ import annotations

import math
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from .cells import F32, Cells, Where, store
from .curves import log_in_place, polynomial
from .lanes import normals
from .retention import AgeingDevice
from .units import Second, Siemens

_SMALLEST = np.float32(1e-9)  # of g_max: keeps 0 S out of a logarithm


@final
class RelaxingRram(AgeingDevice):
    """Closed-loop programmed RRAM, t the time since a cell was last programmed.

    ============  ====================================================================================
    programming   ``g_prog = g_t + sigma(g_t / g_max) g_max xi``
    relaxation    ``g = g_prog + relax_shift ln(t / 1 s) + (relax_sigma + relax_growth ln(t / 1 s)) z``,
                  z drawn once per programming event: the same cell stays a high or a low one. The shift
                  starts at 1 s; the spread grows from 0, where its formula would be negative (microseconds)
    read noise    fresh at every read, sd ``K abs(log10(g / 1 uS)) sqrt(ln((t + t_r) / (2 t_r)))``, K in S: power
                  1/f; none while t <= t_r. `read_sigma` g adds in quadrature
    ============  ====================================================================================

    A pulse of count c is a controller's read-modify-write to the true conductance plus c steps; a step is the
    whole range.
    """

    whole_pulses: ClassVar[bool] = False

    program_poly: tuple[float, ...] = Field(
        min_length=1,
        description="sd of the programming miss as a fraction of g_max: coefficients in r = target / g_max, "
        "lowest order first [1]",
    )
    program_scale: float = Field(default=1.0, ge=0.0, description="multiplies that sd (1: as published) [1]")
    relax_scale: float = Field(
        default=1.0, ge=0.0, description="multiplies shift and spread of the relaxation (1: as published) [1]"
    )
    relax_shift: Siemens = Field(default=0.0, description="mean shift per natural logarithm of the time [S]")
    relax_sigma: Siemens = Field(default=0.0, ge=0.0, description="sd of the relaxation after 1 s [S]")
    relax_growth: Siemens = Field(
        default=0.0, ge=0.0, description="growth of that sd per natural logarithm of the time [S]"
    )
    read_noise_scale: float = Field(
        default=1.0, ge=0.0, description="multiplies the sd of the 1/f read noise (1: as published) [1]"
    )
    read_noise_k: Siemens = Field(default=0.0, ge=0.0, description="K of the 1/f read noise [S]")
    read_noise_time: Second = Field(
        default=1e-6, gt=0.0, description="time of one read, t_r of the 1/f read noise [s]"
    )

    @property
    def step(self) -> float:
        """The whole range [S]: a count is the fraction of it that a controller adds."""
        return self.span

    @property
    def _relaxes(self) -> bool:
        return self.relax_scale * (abs(self.relax_shift) + self.relax_sigma + self.relax_growth) > 0.0

    @property
    def ages(self) -> bool:
        return self._relaxes or self.flickers

    @property
    def flickers(self) -> bool:
        return self.read_noise_scale * self.read_noise_k > 0.0

    def _spread(self, cells: Cells, rng: np.random.Generator) -> None:
        """Cells differ by their misses and how they relax."""
        if self._relaxes:
            cells.more["z"] = np.zeros_like(cells.g)

    def _programmed(
        self,
        cells: Cells,
        where: Where,
        target: F32,
        changed: NDArray[np.bool_] | None,
        rng: np.random.Generator,
    ) -> F32:
        # Both are drawn whatever is switched off, so that one never shifts the other.
        miss, z = normals(rng, target.shape), normals(rng, target.shape)
        if self._relaxes:
            store(cells.more["z"], where, z, changed)
        miss *= polynomial(self.program_poly, target / np.float32(self.g_max))
        miss *= np.float32(self.program_scale * self.g_max)
        miss += target
        return miss

    def _pulsed(self, cells: Cells, where: Where, g: F32, count: F32, rng: np.random.Generator) -> F32:
        return self._programmed(cells, where, self._moved(g, count), count != 0, rng)

    def _written(self, cells: Cells, where: Where, target: F32, rng: np.random.Generator) -> F32:
        return self._programmed(cells, where, target, None, rng)

    def _aged(self, cells: Cells, where: Where, g: F32) -> F32:
        if not self._relaxes or cells.clock == 0.0:
            return g
        log_age = self._age(cells, where)
        log_in_place(np.maximum(log_age, np.float32(np.finfo(np.float32).tiny), out=log_age))
        sd = log_age * np.float32(self.relax_growth)
        sd += np.float32(self.relax_sigma)
        np.maximum(sd, np.float32(0), out=sd)
        if self.relax_growth == 0.0:
            sd = np.where(log_age > math.log(1e-30), sd, np.float32(0))  # nothing before time has passed
        sd *= cells.more["z"][where]
        np.maximum(log_age, np.float32(0), out=log_age)
        log_age *= np.float32(self.relax_shift)
        log_age += sd
        log_age *= np.float32(self.relax_scale)
        log_age += g
        np.maximum(log_age, np.float32(0), out=log_age)
        return log_age

    def _noise(self, cells: Cells, where: Where, g: F32) -> F32:
        if not self.flickers or cells.clock <= self.read_noise_time:
            return g * np.float32(self.read_sigma)
        level = np.maximum(g, _SMALLEST * np.float32(self.g_max)) * np.float32(1e6)
        log_in_place(level)
        level *= np.float32(1.0 / math.log(10.0))
        spread = self._elapsed(cells, where)
        spread += np.float32(self.read_noise_time)
        spread *= np.float32(0.5 / self.read_noise_time)
        log_in_place(np.maximum(spread, np.float32(1), out=spread))
        level *= level
        level *= np.float32((self.read_noise_k * self.read_noise_scale) ** 2)
        level *= spread
        level += np.square(g * np.float32(self.read_sigma))
        np.sqrt(level, out=level)
        return level
