"""Binary filamentary devices: on or off, and a pulse switches or does not."""

from __future__ import annotations

import math
from typing import final

import numpy as np
from pydantic import Field

from .cells import F32, Cells, Where
from .lanes import normals
from .model import DeviceModel


@final
class BinaryVcm(DeviceModel):
    """Filamentary cell with two states and abrupt switching.

    A pulse switches a cell of the other state with a probability; n pulses with ``1 - (1 - p)^n``; a pulse in a
    state's own direction does nothing. Whoever switches lands at ``g_max e^(on_sigma xi)`` or ``g_min e^(off_sigma
    xi)``, drawn anew every time. A cell is on where it conducts more than the middle of the range.

    Weak pulses (p well below 1) make of an array of such cells analog permanences in the mean; strong ones belong to
    a controller that keeps permanences in digital memory and writes a cell when one crosses the threshold. A direct
    write is one strong pulse; a target between the states is a coin with odds by distance, so that the mean is kept;
    with `write_failure` the cell stays as it is.
    """

    set_probability: float = Field(
        gt=0.0, le=1.0, description="probability that one SET pulse switches a cell that is off"
    )
    reset_probability: float = Field(
        gt=0.0, le=1.0, description="probability that one RESET pulse switches a cell that is on"
    )
    write_failure: float = Field(
        default=0.0, ge=0.0, lt=1.0, description="probability that a direct write leaves a cell as it is"
    )
    on_sigma: float = Field(
        default=0.0, ge=0.0, description="sd of the natural logarithm of g after switching on [1]"
    )
    off_sigma: float = Field(
        default=0.0, ge=0.0, description="sd of the natural logarithm of g after switching off [1]"
    )

    @property
    def step(self) -> float:
        """Mean change of one pulse, half of the cells being in the other state [S]."""
        return 0.25 * (self.set_probability + self.reset_probability) * self.span

    @property
    def middle(self) -> np.float32:
        """Conductance that parts on from off [S]."""
        return np.float32(0.5 * (self.g_min + self.g_max))

    def _spread(self, cells: Cells, rng: np.random.Generator) -> None:
        """Cells differ by their faults only; spread is drawn at every switching. Fresh cells are off."""
        cells.g *= np.exp(np.float32(self.off_sigma) * normals(rng, cells.g.shape))

    def _switched(self, on: np.ndarray, xi: F32) -> F32:
        """Conductance [S] of cells that have just switched on, or off."""
        sigma = np.where(on, np.float32(self.on_sigma), np.float32(self.off_sigma))
        rest: F32 = np.where(on, np.float32(self.g_max), np.float32(self.g_min))
        rest *= np.exp(sigma * xi)
        return rest

    def _pulsed(self, cells: Cells, where: Where, g: F32, count: F32, rng: np.random.Generator) -> F32:
        xi = normals(rng, g.shape)
        u = rng.random(g.shape, dtype=np.float32)
        up = count > 0
        log_up, log_down = (
            math.log1p(-min(p, 1.0 - 1e-16)) for p in (self.set_probability, self.reset_probability)
        )
        stays = np.exp(np.abs(np.rint(count)) * (up * np.float32(log_up - log_down) + np.float32(log_down)))
        at = np.nonzero((u >= stays) & ((g < self.middle) == up))
        after: F32 = np.array(g)
        after[at] = self._switched(up[at], xi[at])
        return after

    def _written(self, cells: Cells, where: Where, target: F32, rng: np.random.Generator) -> F32:
        xi = normals(rng, target.shape)
        fails = rng.random(target.shape, dtype=np.float32) < np.float32(self.write_failure)
        share = (target - np.float32(self.g_min)) * np.float32(1.0 / self.span)
        # Rounding leaves a target at an end a hair inside the range: no coin for those.
        on = share >= np.clip(rng.random(target.shape, dtype=np.float32), 1e-5, 1.0 - 1e-5)
        return np.where(fails, self._now(cells, where), self._switched(on, xi))
