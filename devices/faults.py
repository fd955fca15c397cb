"""Cells that do not work: stuck from the start, dead, or worn out."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from htm.pick import Params

from .cells import STUCK, Cells
from .lanes import Lanes, normals

OK, STUCK_ON, STUCK_OFF, DEAD, WORN = 0, 1, 2, 3, 4

FAULT_SHARES = {"chen2015_mostly_on": (0.0904, 0.0175), "chen2015_mostly_off": (0.0175, 0.0904)}
"""Named pairs of stuck-on and stuck-off shares. Source: Chen et al., IEEE Trans. Computers 64(1), 180 (2015), a
4 Mb HfO2 test chip. 1.75 % and 9.04 % are how the paper is usually quoted (second hand); sources disagree which
is which. Over-forming leaves a cell in its low resistance, which argues for mostly on."""


def strike(cells: Cells, struck: NDArray[np.bool_], *, on: bool, g: float) -> None:
    """Cells fail while they run: those that worked are stuck from here on.

    Parameters
    ----------
    struck : which, shaped like the array
    on : whether they are stuck on or off
    g : conductance that they are stuck at [S]
    """
    stuck = cells.more.setdefault(STUCK, np.zeros(cells.g.shape, dtype=np.uint8))
    fresh = struck & (stuck == OK)
    stuck[fresh] = STUCK_ON if on else STUCK_OFF
    cells.g[fresh] = g


_DEAD, _LIFE = 0, 1  # lanes of the faults


class Fails(Params):
    """Faults of cells, drawn when they are made, and wear."""

    faults: Literal["chen2015_mostly_on", "chen2015_mostly_off"] | None = Field(
        default=None,
        description="where given, sets both stuck shares to those quoted for Chen et al. 2015, one way round or "
        "the other",
    )
    stuck_on_fraction: float = Field(default=0.0, ge=0.0, le=1.0, description="share of cells stuck at g_max")
    stuck_off_fraction: float = Field(
        default=0.0, ge=0.0, le=1.0, description="share of cells stuck at g_min"
    )
    dead_fraction: float = Field(
        default=0.0,
        ge=0.0,
        le=1.0,
        description="share of the other cells that no pulse moves, anywhere in g_min..g_max (yield: 1 minus it)",
    )
    endurance: float | None = Field(
        default=None,
        gt=0.0,
        description="median number of programming pulses after which a cell stays where it is; none: no wear",
    )
    endurance_sigma: float = Field(
        default=0.0, ge=0.0, description="cell-to-cell sd of the natural logarithm of that number [1]"
    )

    @model_validator(mode="before")
    @classmethod
    def _apply_faults(cls, values: Any) -> Any:
        """Set the shares of a named pair; a share given beside it must agree."""
        if not isinstance(values, dict) or values.get("faults") not in FAULT_SHARES:
            return values
        shares = dict(
            zip(("stuck_on_fraction", "stuck_off_fraction"), FAULT_SHARES[values["faults"]], strict=True)
        )
        for name, share in shares.items():
            if values.get(name, 0.0) not in (0.0, share):
                raise ValueError(f"faults: gives {name} = {share:g}, got {values[name]} beside it (give one)")
        return {**values, **shares}

    @model_validator(mode="after")
    def _check_shares(self) -> Fails:
        if self.stuck_on_fraction + self.stuck_off_fraction > 1.0:
            raise ValueError(
                "stuck_on_fraction + stuck_off_fraction: must not exceed 1, got "
                f"{self.stuck_on_fraction:g} + {self.stuck_off_fraction:g}"
            )
        return self

    @property
    def may_fail(self) -> bool:
        """Whether any cell can be or become unresponsive."""
        return (
            self.stuck_on_fraction + self.stuck_off_fraction + self.dead_fraction > 0.0
            or self.endurance is not None
        )

    def draw_stuck(self, shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.uint8]:
        """Which cells are stuck, as codes."""
        stuck = np.zeros(shape, dtype=np.uint8)
        if self.stuck_on_fraction > 0.0 or self.stuck_off_fraction > 0.0:
            u = rng.random(shape, dtype=np.float32)
            stuck[u < self.stuck_on_fraction] = STUCK_ON
            # Counted from the other end, so that raising one share never moves the other's cells.
            stuck[u >= 1.0 - self.stuck_off_fraction] = STUCK_OFF
        return stuck

    def draw_dead_and_lives(
        self, stuck: NDArray[np.uint8], rng: np.random.Generator
    ) -> tuple[NDArray[np.float32] | None, NDArray[np.float32] | None]:
        """Mark dead cells in `stuck`; each cell's place in the range if dead, 0..1, and pulses it lives, or none."""
        place = life = None
        with Lanes(rng) as lane:
            if self.dead_fraction > 0.0:
                source = lane(_DEAD)
                u = source.random(stuck.shape, dtype=np.float32)
                place = source.random(stuck.shape, dtype=np.float32)
                stuck[(u < self.dead_fraction) & (stuck == OK)] = DEAD
            if self.endurance is not None:
                life = normals(lane(_LIFE), stuck.shape)
                life *= np.float32(self.endurance_sigma)
                np.exp(life, out=life)
                life *= np.float32(self.endurance)
        return place, life
