"""RRAM programmed to levels by a closed-loop writer, known from the statistics of its misses."""

from __future__ import annotations

import itertools
import math
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from htm.pick import Params

from .curves import log_in_place, polynomial
from .lanes import lane_keys, normals
from .model import F32, PROGRAM_LANE, Cells, Where, store
from .retention import AgeingDevice
from .units import Second

# Before any time has passed all cells were written at 0 s.
_NO_TIMES = np.empty((0, 0), dtype=np.float64)


@final
class Miss(Params):
    """How far cells are from their target some time after programming."""

    after: Second = Field(gt=0.0, description="time since programming [s]")
    poly: tuple[float, ...] = Field(
        min_length=1,
        description="sd of the miss as a fraction of g_max: coefficients in r = target / g_max, "
        "lowest order first [1]",
    )


@final
class LevelRram(AgeingDevice):
    """Closed-loop programmed RRAM: Gaussian misses whose sd depends on the level and grows with time.

    A cell programmed to g_t is at ``g_t + sigma(g_t / g_max, t) z`` the time t later, z drawn once per
    programming event: the same cell stays a high or a low one. sigma is interpolated linearly in log t
    between the times of `program_poly` and of `retention`, and constant before the first and after the last.

    A pulse of count c is a controller's read-modify-write to the true conductance plus c steps; a step is the
    whole range.

    Coefficients are fractions of `g_max`, so that another `g_max` scales the misses with the range.
    `program_scale` multiplies all of them, `retention` included.
    """

    whole_pulses: ClassVar[bool] = False

    program_poly: tuple[float, ...] = Field(
        min_length=1,
        description="sd of the miss just after programming as a fraction of g_max: coefficients in "
        "r = target / g_max, lowest order first [1]",
    )
    program_time: Second = Field(
        default=1.0, gt=0.0, description="time since programming at which program_poly was measured [s]"
    )
    retention: tuple[Miss, ...] = Field(
        default=(), description="misses at later times, earliest first; none: they stay as programmed"
    )
    program_scale: float = Field(
        default=1.0, ge=0.0, description="multiplies every miss (1: as published) [1]"
    )

    @model_validator(mode="after")
    def _check_order(self) -> LevelRram:
        times = [self.program_time, *(miss.after for miss in self.retention)]
        for earlier, later in itertools.pairwise(times):
            if later <= earlier:
                raise ValueError(
                    f"retention: times must rise from program_time, got {later:g} after {earlier:g} s"
                )
        return self

    @property
    def step(self) -> float:
        """The whole range [S]: a count is the fraction of it that a controller adds."""
        return self.g_max - self.g_min

    @property
    def ages(self) -> bool:
        return bool(self.retention) and self.program_scale > 0.0

    def _spread(self, cells: Cells, rng: np.random.Generator) -> None:
        """Cells differ by their misses only; what each was to be and how it missed is kept where misses grow."""
        if self.ages:
            cells.more["level"] = np.zeros_like(cells.g)
            cells.more["miss"] = np.zeros_like(cells.g)

    def _programmed(
        self,
        cells: Cells,
        where: Where,
        target: F32,
        changed: NDArray[np.bool_] | None,
        rng: np.random.Generator,
    ) -> F32:
        """Conductance at program_time [S]; where misses grow, level and miss go into `cells.more`."""
        if self.program_scale == 0.0:
            return target
        r = target / np.float32(self.g_max)
        z = normals(rng, target.shape)
        z *= np.float32(self.program_scale * self.g_max)
        if self.ages:
            store(cells.more["level"], where, r, changed)
            store(cells.more["miss"], where, z, changed)
        return target + polynomial(self.program_poly, r) * z

    def _pulsed(self, cells: Cells, where: Where, g: F32, count: F32, rng: np.random.Generator) -> F32:
        return self._programmed(cells, where, self._moved(g, count), count != 0, rng)

    def _pulsed_rows(
        self, cells: Cells, rows: NDArray[np.int32], count: F32, rng: np.random.Generator
    ) -> bool:
        from .level_kernels import level_rows  # numba takes seconds to import: only for who pulses

        if self.program_scale == 0.0 or len(self.program_poly) > 5:
            return False
        if cells.clock > 0.0:
            return False  # once time has passed, cells are not where they were put, and have an age to keep
        more, slots = cells.more, cells.g.shape[1]
        none = np.empty((0, slots), dtype=np.float32)
        (key,) = lane_keys(rng, PROGRAM_LANE)
        level_rows(
            cells.g,
            more.get("level", none),
            more.get("miss", none),
            more.get("stuck", none.astype(np.uint8)),
            rows,
            count,
            key,
            np.float32(self.step),
            np.float32(self.g_min),
            np.float32(self.g_max),
            np.array(self.program_poly, dtype=np.float32),
            np.float32(self.program_scale * self.g_max),
        )
        return True

    def _written_places(
        self,
        cells: Cells,
        places: tuple[NDArray[np.int32], NDArray[np.int32]],
        target: F32,
        rng: np.random.Generator,
    ) -> bool:
        from .level_kernels import level_places

        if self.program_scale == 0.0 or len(self.program_poly) > 5:
            return False
        more, none = cells.more, np.empty((0, cells.g.shape[1]), dtype=np.float32)
        (at, slots), (key,) = places, lane_keys(rng, PROGRAM_LANE)
        level_places(
            cells.g,
            more.get("level", none),
            more.get("miss", none),
            more.get("written_at", _NO_TIMES) if cells.clock > 0.0 else _NO_TIMES,
            more.get("stuck", none.astype(np.uint8)),
            at,
            slots,
            target,
            key,
            cells.clock,
            np.float32(self.g_min),
            np.float32(self.g_max),
            np.array(self.program_poly, dtype=np.float32),
            np.float32(self.program_scale * self.g_max),
        )
        return True

    def _written(self, cells: Cells, where: Where, target: F32, rng: np.random.Generator) -> F32:
        return self._programmed(cells, where, target, None, rng)

    def _aged_by(self, cells: Cells) -> bool:
        return self.ages and self._oldest(cells) > self.program_time

    def _aged(self, cells: Cells, where: Where, g: F32) -> F32:
        if not self._aged_by(cells):
            return g
        log_age = self._age(cells, where)
        log_in_place(np.maximum(log_age, np.float32(self.program_time), out=log_age))
        level, z = cells.more["level"][where], cells.more["miss"][where]
        since, sigma = math.log(self.program_time), polynomial(self.program_poly, level)
        for later in self.retention:
            if math.log(self._oldest(cells)) <= since:
                break
            until, earlier, sigma = math.log(later.after), sigma, polynomial(later.poly, level)
            moved = log_age - np.float32(since)
            moved *= np.float32(1.0 / (until - since))
            np.minimum(np.maximum(moved, np.float32(0), out=moved), np.float32(1), out=moved)
            moved *= z
            moved *= sigma - earlier
            moved += g
            g = moved
            since = until
        return np.maximum(g, np.float32(0))
