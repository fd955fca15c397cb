"""What devices programmed by identical pulses have in common: spread, write noise, direct writes, drift."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal

import numpy as np
from pydantic import Field

from .cells import F32, Cells, Where
from .lanes import Lanes, normals
from .retention import AgeingDevice
from .units import Second

GAIN_UNIT = np.float32(1.0 / 4096.0)
"""Resolution of a stored gain: 16 bits, 0..16 times the nominal step."""
BOUND_UNIT = np.float32(1.0 / 16384.0)
"""Resolution of a stored bound: 16 bits, 0..4 of the range above 0 S."""


class PulsedDevice(AgeingDevice, ABC):
    """A cell that pulses move step by step between bounds of its own.

    With `write_sigma`, ``more["hidden"]`` is what pulses move, and the conductance shown is that plus noise drawn
    anew at every programming event, which does not accumulate.

    Drift: ``g (t / t0)^-nu`` from `drift_t0` after programming, nu the cell's own. Programming restarts it from
    where the cell is.
    """

    d2d_sigma: float = Field(
        default=0.0,
        ge=0.0,
        description="cell-to-cell sd of the step, as a fraction of it; cut where that reaches 1 [1]",
    )
    d2d_law: Literal["gaussian", "log_normal"] = Field(
        default="gaussian",
        description="distribution of the step over cells; log_normal: d2d_sigma is that of its logarithm, uncut",
    )
    up_down_sigma: float = Field(
        default=0.0,
        ge=0.0,
        description="cell-to-cell sd of the step, opposite for SET and RESET, as a fraction [1]",
    )
    g_max_sigma: float = Field(
        default=0.0,
        ge=0.0,
        description="cell-to-cell sd of the upper bound, as a fraction of g_max - g_min [1]",
    )
    g_min_sigma: float = Field(
        default=0.0,
        ge=0.0,
        description="cell-to-cell sd of the lower bound, as a fraction of g_max - g_min [1]",
    )
    c2c_sigma: float = Field(
        default=0.0, ge=0.0, description="cycle-to-cycle sd of one pulse's step, as a fraction of it [1]"
    )
    write_sigma: float = Field(
        default=0.0,
        ge=0.0,
        description="sd of the noise that a programming event leaves on the shown conductance, "
        "as a fraction of g_max - g_min; does not accumulate [1]",
    )
    program_sigma: float = Field(
        default=0.0, ge=0.0, description="sd of one direct write's miss, as a fraction of g_max - g_min [1]"
    )
    drift_nu: float = Field(default=0.0, ge=0.0, description="mean drift exponent [1]")
    drift_nu_sigma: float = Field(default=0.0, ge=0.0, description="cell-to-cell sd of the exponent [1]")
    drift_t0: Second = Field(
        default=1.0, gt=0.0, description="time since programming from which a cell drifts; assumed [s]"
    )

    # The cells' own constants ----------------------------------------------------------------------------

    def _draw_gains(self, shape: tuple[int, int], lane: Lanes) -> tuple[F32, F32]:
        """Each cell's step over the nominal one, for SET and for RESET: lanes 0 and 1."""
        drawn = np.float32(self.d2d_sigma) * normals(lane(0), shape)
        if self.d2d_law == "log_normal":
            gain = np.exp(drawn)
        else:
            while (outside := np.abs(drawn) >= 1.0).any():  # a cell that would not move or move backwards
                drawn[outside] = np.float32(self.d2d_sigma) * normals(lane(0), int(outside.sum()))
            gain = 1.0 + drawn
        tilt = self.up_down_sigma * normals(lane(1), shape)
        # A tilt may outweigh the gain of a slow cell: folded, as in aihwkit.
        return np.abs(gain + tilt), np.abs(gain - tilt)

    def _draw_bounds(self, shape: tuple[int, int], lane: Lanes) -> tuple[F32, F32]:
        """Each cell's own lowest and highest conductance [S]: lanes 2 and 3."""
        high = self.g_max + self.span * self.g_max_sigma * normals(lane(2), shape)
        low = self.g_min + self.span * self.g_min_sigma * normals(lane(3), shape)
        low, high = np.maximum(low, 0.0), np.maximum(high, 0.0)
        # Crossed bounds are swapped, as in aihwkit: no smallest window has to be assumed.
        return np.minimum(low, high).astype(np.float32), np.maximum(low, high).astype(np.float32)

    def _spread_compactly(self, cells: Cells, rng: np.random.Generator) -> None:
        """Gains and bounds in 16 bits each, so that the richest cell stays within five numbers of 32."""
        shape, more = cells.g.shape, cells.more
        with Lanes(rng) as lane:
            if self.d2d_sigma > 0.0 or self.up_down_sigma > 0.0:
                for name, gain in zip(("gain_up", "gain_down"), self._draw_gains(shape, lane), strict=True):
                    more[name] = _sixteen_bits(gain / GAIN_UNIT, 1)  # no cell that never moves
            if self.g_max_sigma > 0.0 or self.g_min_sigma > 0.0:
                unit = BOUND_UNIT * np.float32(self.span)
                low, high = self._draw_bounds(shape, lane)
                more["low"], more["high"] = _sixteen_bits(low / unit), _sixteen_bits(high / unit)
                cells.g[...] = self.bounds(cells, ...)[0]
        self._spread_rest(cells, rng)

    def _spread_rest(self, cells: Cells, rng: np.random.Generator) -> None:
        """Arrays of write noise and drift; the exponents come after the other constants."""
        if self.write_sigma > 0.0:
            cells.more["hidden"] = cells.g.copy()
        if self.drift_nu_sigma > 0.0:
            nu = self.drift_nu + self.drift_nu_sigma * normals(rng, cells.g.shape)
            cells.more["nu"] = np.abs(nu).astype(np.float16)

    def bounds(self, cells: Cells, where: Where) -> tuple[F32, F32]:
        low, high = cells.more.get("low"), cells.more.get("high")
        if low is None or high is None:
            shape = cells.g[where].shape
            return np.full(shape, self.g_min, np.float32), np.full(shape, self.g_max, np.float32)
        unit = BOUND_UNIT * np.float32(self.span)
        return low[where] * unit, high[where] * unit

    def _gains(self, cells: Cells, where: Where) -> tuple[F32, F32]:
        """Each cell's step over the nominal one, (n,) flat, or (1,) where all are alike: for SET and for RESET."""
        return self._gain(cells, where, "gain_up"), self._gain(cells, where, "gain_down")

    def _gain(self, cells: Cells, where: Where, name: str) -> F32:
        own = cells.more.get(name)
        return np.ones(1, dtype=np.float32) if own is None else (own[where] * GAIN_UNIT).ravel()

    def _start(self, cells: Cells, where: Where, g: F32) -> F32:
        """What pulses move [S]: the hidden conductance where there is one, aged like the shown one."""
        hidden = cells.more.get("hidden")
        if hidden is None:
            return g
        start: F32 = hidden[where]
        return self._aged(cells, where, start) if self.ages else start

    # Hooks of the base -----------------------------------------------------------------------------------

    @abstractmethod
    def _moved_by(self, cells: Cells, where: Where, g: F32, count: F32, xi: F32) -> F32:
        """Conductance [S] after `count` pulses on cells resting at `g` [S], with standard normal draws `xi`."""

    def _pulsed(self, cells: Cells, where: Where, g: F32, count: F32, rng: np.random.Generator) -> F32:
        g = self._start(cells, where, g)
        xi = normals(rng, g.shape) if self.c2c_sigma > 0.0 else np.zeros(g.shape, dtype=np.float32)
        return self._moved_by(cells, where, g, np.broadcast_to(count, g.shape), xi)

    def _written(self, cells: Cells, where: Where, target: F32, rng: np.random.Generator) -> F32:
        if self.program_sigma > 0.0:
            miss = np.float32(self.program_sigma * self.span)
            target = target + miss * normals(rng, target.shape)
        return np.clip(target, *self.bounds(cells, where))

    def _shown(self, rest: F32, rng: np.random.Generator) -> F32:
        sigma = np.float32(self.write_sigma * self.span)
        return rest + sigma * normals(rng, rest.shape)

    @property
    def ages(self) -> bool:
        return self.drift_nu + self.drift_nu_sigma > 0.0

    def _aged_by(self, cells: Cells) -> bool:
        return self.ages and cells.clock > 0.0

    def _aged(self, cells: Cells, where: Where, g: F32) -> F32:
        return self._drifted(cells, where, g)

    def _drifted(self, cells: Cells, where: Where, g: F32) -> F32:
        if self._oldest(cells) <= self.drift_t0:
            return g
        nu = cells.more.get("nu")
        own = np.full(1, self.drift_nu, dtype=np.float32) if nu is None else nu[where]
        return self._decayed(cells, where, g, own, self.drift_t0)


def _sixteen_bits(values: F32, least: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
    return np.clip(np.rint(values), least, 65535).astype(np.uint16)
