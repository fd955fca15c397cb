"""Bounded RRAM: every pulse covers a share of what is left to the cell's bound."""

from __future__ import annotations

from typing import final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from .cells import F32, Cells, Where
from .lanes import Lanes, normals
from .model import PROGRAM_LANE, SHOWN_LANE
from .pulsed import PulsedDevice


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
        shape = cells.g.shape
        with Lanes(rng) as lane:
            if self.d2d_sigma > 0.0 or self.up_down_sigma > 0.0:
                up, down = self._draw_gains(shape, lane)
                # No pulse covers more than the distance.
                cells.more["step_up"] = np.minimum(self.step_up * up, 1.0).astype(np.float32)
                cells.more["step_down"] = np.minimum(self.step_down * down, 1.0).astype(np.float32)
            if self.g_max_sigma > 0.0 or self.g_min_sigma > 0.0:
                cells.more["bottom"], cells.more["top"] = self._draw_bounds(shape, lane)
                cells.g[...] = cells.more["bottom"]
        self._spread_rest(cells, rng)

    def bounds(self, cells: Cells, where: Where) -> tuple[F32, F32]:
        bottom, top = cells.more.get("bottom"), cells.more.get("top")
        if bottom is None or top is None:
            shape = cells.g[where].shape
            return np.full(shape, self.g_min, np.float32), np.full(shape, self.g_max, np.float32)
        return bottom[where], top[where]

    def _own(self, cells: Cells, name: str, nominal: float, where: Where, shape: tuple[int, ...]) -> F32:
        """One constant of each cell, (cells,)."""
        own = cells.more.get(name)
        if own is None:
            return np.full(int(np.prod(shape)), nominal, dtype=np.float32)
        flat: F32 = own[where].ravel()
        return flat

    @property
    def _cycle_noise(self) -> tuple[np.float32, np.float32]:
        """Sd of one SET and one RESET pulse's step over the step; additive noise keeps its size at the symmetry
        point, whose distances to the upper and the lower bound stand to the range as these shares."""
        up = down = self.c2c_sigma
        if self.c2c_additive:
            up *= self.step_down / (self.step_up + self.step_down)
            down *= self.step_up / (self.step_up + self.step_down)
        return np.float32(up), np.float32(down)

    def _moved_by(self, cells: Cells, where: Where, g: F32, count: F32, xi: F32) -> F32:
        from .kernels import soft_bound_pulses  # numba takes seconds to import: only for who pulses

        noise_up, noise_down = self._cycle_noise
        moved = soft_bound_pulses(
            g.ravel(),
            self._own(cells, "step_up", self.step_up, where, g.shape),
            self._own(cells, "step_down", self.step_down, where, g.shape),
            self._own(cells, "bottom", self.g_min, where, g.shape),
            self._own(cells, "top", self.g_max, where, g.shape),
            count.ravel(),
            xi.ravel(),
            noise_up,
            noise_down,
            not self.c2c_additive,
            np.float32(self.span),
        )
        shaped: F32 = moved.reshape(g.shape)
        return shaped

    def _pulsed_rows(self, cells: Cells, rows: NDArray[np.int32], count: F32, lane: Lanes) -> bool:
        from .kernels import soft_bound_rows

        none, slots = np.empty((0, cells.g.shape[1]), dtype=np.float32), cells.g.shape[1]
        if self.ages:
            return False  # cells are not where they were put, and have an age to keep
        more = cells.more
        xi = normals(lane(PROGRAM_LANE), count.shape) if self.c2c_sigma > 0.0 else np.zeros_like(count)
        shown = none
        if "hidden" in more:
            shown = normals(lane(SHOWN_LANE), count.shape)
            shown *= np.float32(self.write_sigma * self.span)

        def own(name: str, nominal: float) -> F32:
            found: F32 | None = more.get(name)
            return np.full((1, slots), nominal, dtype=np.float32) if found is None else found

        soft_bound_rows(
            cells.g,
            more.get("hidden", none),
            own("step_up", self.step_up),
            own("step_down", self.step_down),
            own("bottom", self.g_min),
            own("top", self.g_max),
            more.get("stuck", none.astype(np.uint8)),
            rows,
            count,
            xi,
            shown,
            *self._cycle_noise,
            not self.c2c_additive,
            np.float32(self.span),
        )
        return True
