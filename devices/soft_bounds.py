"""Bounded RRAM: every pulse covers a share of what is left to the cell's bound."""

from __future__ import annotations

from typing import final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from .cells import F32, Cells, Where
from .lanes import lane_keys
from .model import PROGRAM_LANE, SHOWN_LANE
from .pulse_law import PulseLaw
from .pulsed import BOUND_UNIT, GAIN_UNIT, PulsedDevice


@final
class SoftBoundsRram(PulsedDevice):
    """Filamentary RRAM driven open-loop by identical SET and RESET pulses.

    One SET pulse takes the distance x to the upper bound to ``x (1 - a) - s a c xi``, one RESET pulse the
    distance to the lower bound likewise; a is the cell's `step_up` or `step_down`, c `c2c_sigma`, xi a
    standard normal draw, and s the distance x itself or, with `c2c_additive`, its nominal value at the
    symmetry point, where a SET and a RESET pulse are equally long. This is the soft-bounds device of IBM's
    aihwkit in units of conductance, but for the spread of the bounds: there a cell's share grows as its own
    range shrinks, here the two are independent.

    n pulses are applied at once. The mean ``x (1-a)^n`` and the variance, ``x^2 [((1-a)^2 + a^2 c^2)^n -
    (1-a)^(2n)]`` or, with `c2c_additive`, ``s^2 a^2 c^2 [1 - (1-a)^(2n)] / [1 - (1-a)^2]``, are exact; one
    Gaussian with these two moments is drawn and clipped to the cell's bounds. Its *shape* is exact for
    additive noise and approximate for proportional noise, whose product of n factors is skewed: by
    ``3 a c sqrt(n)`` in the limit of small a c, 0.16 for 50 pulses of 0.2 % with c = 3.75. Pulse after pulse,
    a cell is clipped at every pulse; here once, after the last. The two differ within some ``s a c sqrt(n)``
    of a bound.

    With `write_sigma`, ``more["hidden"]`` is what pulses move, and the conductance shown is that plus noise
    drawn anew at every programming event, which does not accumulate. A shown conductance may lie beyond the
    cell's bounds, but never below 0.
    """

    step_up: float = Field(
        gt=0.0, lt=1.0, description="share of the distance to the upper bound that one SET pulse covers [1]"
    )
    step_down: float = Field(
        gt=0.0, lt=1.0, description="share of the distance to the lower bound that one RESET pulse covers [1]"
    )
    c2c_additive: bool = Field(
        default=False,
        description="whether that sd keeps its size at the symmetry point instead of shrinking with the step",
    )

    @property
    def step(self) -> float:
        """Nominal conductance change of one pulse at mid-range, mean of SET and RESET [S].

        It stays a pulse's own with `n_levels` too: the mean change is kept there (see `DeviceModel.pulse`).
        """
        return 0.25 * (self.step_up + self.step_down) * self.span

    def _spread(self, cells: Cells, rng: np.random.Generator) -> None:
        self._spread_compactly(cells, rng)

    def _shares(self, cells: Cells, where: Where, size: int) -> tuple[F32, F32]:
        """Share of the distance that a SET and a RESET pulse of each cell covers, never more than all, (size,)."""
        one, (up, down) = np.float32(1), self._gains(cells, where)
        return (
            np.broadcast_to(np.minimum(np.float32(self.step_up) * up, one), size),
            np.broadcast_to(np.minimum(np.float32(self.step_down) * down, one), size),
        )

    @property
    def _cycle_noise(self) -> tuple[np.float32, np.float32]:
        """Sd of one SET and one RESET pulse's step over the step; additive noise keeps its size at the symmetry
        point, whose distances to the upper and the lower bound stand to the range as these shares."""
        up = down = self.c2c_sigma
        if self.c2c_additive:
            up *= self.step_down / (self.step_up + self.step_down)
            down *= self.step_up / (self.step_up + self.step_down)
        return np.float32(up), np.float32(down)

    def pulse_law(self, cells: Cells) -> PulseLaw:
        n = cells.g.size
        up, down = (share.astype(np.float64) for share in self._shares(cells, ..., n))
        low, high = (bound.ravel().astype(np.float64) for bound in self.bounds(cells, ...))
        noise_up, noise_down = (float(noise) * self.span * self.c2c_additive for noise in self._cycle_noise)
        return PulseLaw(
            first_up=up * high,
            share_up=up,
            first_down=-down * low,
            share_down=down,
            sd_up=up * noise_up,
            sd_down=down * noise_down,
            relative=0.0 if self.c2c_additive else self.c2c_sigma,
            low=low,
            high=high,
        )

    def _moved_by(self, cells: Cells, where: Where, g: F32, count: F32, xi: F32) -> F32:
        from .kernels import soft_bound_pulses  # numba takes seconds to import: only for who pulses

        up, down = self._shares(cells, where, g.size)
        low, high = (bound.ravel() for bound in self.bounds(cells, where))
        moved = soft_bound_pulses(
            g.ravel(), np.ascontiguousarray(up), np.ascontiguousarray(down), low, high, count.ravel(), xi.ravel(),
            *self._cycle_noise, not self.c2c_additive, np.float32(self.span),
        )  # fmt: skip
        shaped: F32 = moved.reshape(g.shape)
        return shaped

    def _pulsed_rows(
        self, cells: Cells, rows: NDArray[np.int32], count: F32, rng: np.random.Generator
    ) -> bool:
        from .soft_bound_kernels import soft_bound_rows

        none, slots = np.empty((0, cells.g.shape[1]), dtype=np.float32), cells.g.shape[1]
        if self.ages:
            return False  # cells are not where they were put, and have an age to keep
        more, (key, shown_key) = cells.more, lane_keys(rng, PROGRAM_LANE, SHOWN_LANE)
        alike = np.empty((0, slots), dtype=np.uint16)
        soft_bound_rows(
            cells.g,
            more.get("hidden", none),
            more.get("gain_up", alike),
            more.get("gain_down", alike),
            more.get("low", alike),
            more.get("high", alike),
            np.array(
                [self.step_up, self.step_down, self.g_min, self.g_max, self.span, GAIN_UNIT, BOUND_UNIT],
                dtype=np.float32,
            ),
            more.get("stuck", none.astype(np.uint8)),
            rows,
            count,
            (key, shown_key),
            *self._cycle_noise,
            np.float32(self.write_sigma * self.span),
            not self.c2c_additive,
        )
        return True

    def _written_places(
        self,
        cells: Cells,
        places: tuple[NDArray[np.int32], NDArray[np.int32]],
        target: F32,
        rng: np.random.Generator,
    ) -> bool:
        from .soft_bound_kernels import soft_bound_places

        if self.ages or self.program_sigma > 0.0:
            return False
        more, slots = cells.more, cells.g.shape[1]
        (at, of_row), (key,) = places, lane_keys(rng, SHOWN_LANE)
        alike = np.empty((0, slots), dtype=np.uint16)
        soft_bound_places(
            cells.g,
            more.get("hidden", np.empty((0, slots), dtype=np.float32)),
            more.get("low", alike),
            more.get("high", alike),
            (np.float32(self.g_min), np.float32(self.g_max)),
            BOUND_UNIT * np.float32(self.span),
            more.get("stuck", alike.astype(np.uint8)),
            at,
            of_row,
            target,
            key,
            np.float32(self.write_sigma * self.span),
        )
        return True
