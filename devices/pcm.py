"""Phase-change memory: programming noise, drift and read noise that depend on the level."""

from __future__ import annotations

import math
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from .curves import ClippedLog, exp_in_place, log_in_place, log_level, polynomial
from .lanes import normals
from .model import F32, Cells, Where, store
from .retention import AgeingDevice
from .units import Second


@final
class Pcm(AgeingDevice):
    """Phase-change cell programmed closed-loop, with t the time since a cell was last programmed.

    ============  =======================================================================================
    programming   ``g_prog = g_t + sigma(r_t) g_max xi``, sigma a polynomial, r_t = g_t / g_max
    drift         ``g = g_prog`` up to `drift_t0`, then ``g_prog (t / t0)^-nu``; nu = abs(mean + sd xi) is
                  drawn at every programming event, mean and sd from r_t
    read noise    fresh at every read, sd ``g Q sqrt(ln((t + t_r) / (2 t_r)))`` with
                  ``Q = min(q / r^p, cap)`` and r = g_prog / g_max: power 1/f, integrated from 1/t to 1/t_r;
                  none while t <= t_r, where the logarithm is not positive. `read_sigma` g adds in quadrature
    ============  =======================================================================================

    Q is taken at the conductance that was reached, as aihwkit's code does, not at the target. Programming
    restarts drift from where the cell is. A pulse of count c is a controller's read-modify-write to the true
    conductance plus c steps; a step is the whole range. Fresh cells do not drift until they are first
    programmed. Coefficients are fractions of `g_max`.
    """

    whole_pulses: ClassVar[bool] = False

    program_poly: tuple[float, ...] = Field(
        min_length=1,
        description="sd of the programming miss as a fraction of g_max: coefficients in r = target / g_max, "
        "lowest order first [1]",
    )
    program_scale: float = Field(default=1.0, ge=0.0, description="multiplies that sd (1: as published) [1]")
    drift_nu_mean: ClippedLog = Field(description="mean drift exponent over r = target / g_max [1]")
    drift_nu_sd: ClippedLog = Field(description="sd of the drift exponent over r = target / g_max [1]")
    drift_nu: float | None = Field(
        default=None,
        ge=0.0,
        description="where given, the mean exponent at every level, and the sd is drift_nu_sigma or 0 [1]",
    )
    drift_nu_sigma: float | None = Field(
        default=None, ge=0.0, description="where given, the sd of the exponent at every level [1]"
    )
    drift_scale: float = Field(
        default=1.0, ge=0.0, description="multiplies every exponent (1: as published) [1]"
    )
    drift_t0: Second = Field(gt=0.0, description="time since programming from which a cell drifts [s]")
    read_noise_scale: float = Field(
        default=1.0, ge=0.0, description="multiplies the sd of the 1/f read noise (1: as published) [1]"
    )
    read_noise_q: float = Field(ge=0.0, description="Q of the 1/f read noise at r = 1 [1]")
    read_noise_power: float = Field(ge=0.0, description="power of r by which Q falls [1]")
    read_noise_cap: float = Field(ge=0.0, description="greatest Q [1]")
    read_noise_curve: ClippedLog | None = Field(
        default=None, description="where given, Q over r in place of the three numbers above [1]"
    )
    read_noise_time: Second = Field(gt=0.0, description="time of one read, t_r of the 1/f read noise [s]")

    @property
    def step(self) -> float:
        """The whole range [S]: a count is the fraction of it that a controller adds."""
        return self.g_max - self.g_min

    @property
    def ages(self) -> bool:
        return self._drifts or self.flickers

    @property
    def _drifts(self) -> bool:
        return self.drift_scale > 0.0 and (
            self.drift_nu is None or self.drift_nu + (self.drift_nu_sigma or 0.0) > 0.0
        )

    @property
    def flickers(self) -> bool:
        some = self.read_noise_curve is not None or self.read_noise_q * self.read_noise_cap > 0.0
        return some and self.read_noise_scale > 0.0

    def _spread(self, cells: Cells, rng: np.random.Generator) -> None:
        if self._drifts:
            cells.more["nu"] = np.zeros_like(cells.g)

    def exponents(self, r: F32, xi: F32) -> F32:
        """Drift exponents of cells programmed to the levels `r`, given their standard normal draws `xi`."""
        mean: F32 | float
        sd: F32 | float
        if self.drift_nu is None:
            log_r = log_level(r)
            mean, sd = self.drift_nu_mean.at(r, log_r), self.drift_nu_sd.at(r, log_r)
        else:
            mean, sd = self.drift_nu, 0.0
        if self.drift_nu_sigma is not None:
            sd = self.drift_nu_sigma
        nu: F32 = np.asarray(sd, dtype=np.float32) * xi
        nu += np.asarray(mean, dtype=np.float32)
        np.abs(nu, out=nu)
        nu *= np.float32(self.drift_scale)
        return nu

    def _programmed(
        self,
        cells: Cells,
        where: Where,
        target: F32,
        changed: NDArray[np.bool_] | None,
        rng: np.random.Generator,
    ) -> F32:
        r = target / np.float32(self.g_max)
        # Both are drawn whatever is switched off, so that one never shifts the other.
        miss = normals(rng, target.shape)
        xi = normals(rng, target.shape)
        if self._drifts:
            store(cells.more["nu"], where, self.exponents(r, xi), changed)
        miss *= polynomial(self.program_poly, r)
        miss *= np.float32(self.program_scale * self.g_max)
        miss += target
        return miss

    def _pulsed(self, cells: Cells, where: Where, g: F32, count: F32, rng: np.random.Generator) -> F32:
        return self._programmed(cells, where, self._moved(g, count), count != 0, rng)

    def _written(self, cells: Cells, where: Where, target: F32, rng: np.random.Generator) -> F32:
        return self._programmed(cells, where, target, None, rng)

    def _aged(self, cells: Cells, where: Where, g: F32) -> F32:
        if not self._drifts or self._oldest(cells) <= self.drift_t0:
            return g
        return self._decayed(cells, where, g, cells.more["nu"][where], self.drift_t0)

    def _noise(self, cells: Cells, where: Where, g: F32) -> F32:
        if not self.flickers or cells.clock <= self.read_noise_time:
            return g * np.float32(self.read_sigma)
        t_r = self.read_noise_time
        variance = self._q(cells.g[where] * np.float32(1.0 / self.g_max))
        variance *= np.float32(self.read_noise_scale)
        variance *= variance
        spread = self._elapsed(cells, where)
        spread += np.float32(t_r)
        spread *= np.float32(0.5 / t_r)
        log_in_place(np.maximum(spread, np.float32(1), out=spread))
        variance *= spread
        variance += np.float32(self.read_sigma**2)
        np.sqrt(variance, out=variance)
        variance *= np.abs(g)
        return variance

    def _q(self, r: F32) -> F32:
        """Q of the 1/f read noise at relative level `r`."""
        if self.read_noise_curve is not None:
            return self.read_noise_curve.at(r)
        q = log_level(r)  # Q = q exp(-p ln r)
        q *= np.float32(-self.read_noise_power)
        q += np.float32(math.log(self.read_noise_q))
        exp_in_place(q)
        np.minimum(q, np.float32(self.read_noise_cap), out=q)
        return q
