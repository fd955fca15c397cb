"""Retention measurements sorted by cell, with what their fits share: temperatures, straight lines, pictures."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from htm.pick import BadInput

from ..measurements import RetentionRun
from ..retention import BOLTZMANN
from .result import Estimate, Panel

F64 = NDArray[np.float64]
ROOM = 300.0
"""The measured temperature nearest to it is the one that fitted times hold for [K]."""


@dataclass(frozen=True)
class Runs:
    """Readings of cells after one programming each.

    Attributes
    ----------
    which : cell of each reading, (n,), 0..cells - 1
    time, g : of each reading, (n,) [s], [S]
    cells : how many
    target : of each cell, (cells,) [S]; none where the file does not say
    kelvin : of each cell, (cells,) [K]; none where the file does not say, or says one for all
    top, bottom : highest and lowest target, or level, of all [S]
    """

    which: NDArray[np.intp]
    time: F64
    g: F64
    cells: int
    target: F64 | None
    kelvin: F64 | None
    top: float
    bottom: float

    @classmethod
    def of(cls, data: RetentionRun) -> Runs:
        """A device at several targets or temperatures is a cell for each."""
        keys = [data.device.astype(float)]
        keys += [more for more in (data.target, data.temperature) if more is not None]
        _, which = np.unique(np.stack(keys, axis=1), axis=0, return_inverse=True)
        which = which.ravel().astype(np.intp)
        count = np.bincount(which)
        if count.min() < 3 or count.size < 2:
            raise BadInput("retention: needs at least 2 cells of 3 times each")
        target, kelvin = (
            None if more is None else np.bincount(which, more) / count
            for more in (data.target, data.temperature)
        )
        if kelvin is not None and np.ptp(kelvin) < 1e-6:
            kelvin = None
        g = data.conductance.astype(float)
        levels = target if target is not None else np.bincount(which, g) / count
        top, bottom = float(levels.max()), float(levels.min())
        return cls(which, data.time.astype(float), g, count.size, target, kelvin, top, bottom)

    def some(self, chosen: NDArray[np.bool_]) -> Runs:
        """Of some cells, (cells,)."""
        kept = chosen[self.which]
        number = np.cumsum(chosen) - 1
        target, kelvin = (None if more is None else more[chosen] for more in (self.target, self.kelvin))
        return Runs(
            number[self.which[kept]], self.time[kept], self.g[kept], int(chosen.sum()), target, kelvin, self.top,
            self.bottom,
        )  # fmt: skip

    def sums(self, values: F64) -> F64:
        """Sum over each cell's readings, (cells,)."""
        total: F64 = np.bincount(self.which, values, self.cells).astype(np.float64)
        return total

    @property
    def reference(self) -> float:
        """The measured temperature nearest to room [K]."""
        assert self.kelvin is not None
        return float(self.kelvin[np.argmin(np.abs(self.kelvin - ROOM))])

    @property
    def inverse(self) -> F64:
        """``(1 / T_ref - 1 / T) / k`` of each cell, (cells,) [1/eV]: times eV, the log of how much faster time goes."""
        if self.kelvin is None:
            return np.zeros(self.cells)
        return (1.0 / self.reference - 1.0 / self.kelvin) / BOLTZMANN

    @property
    def range(self) -> dict[str, float]:
        """Bounds of a device that the measured levels fit into [S]."""
        return {"g_max": self.top, "g_min": min(self.bottom, 0.99 * self.top)}


@dataclass(frozen=True)
class Lines:
    """A straight line of each cell by weighted least squares.

    Attributes
    ----------
    level, slope : value at x = 0, and change with x, (cells,)
    level_variance, slope_variance, covariance : of their errors, (cells,)
    rest : what the lines leave, (n,)
    """

    level: F64
    slope: F64
    level_variance: F64
    slope_variance: F64
    covariance: F64
    rest: F64


def lines(runs: Runs, x: F64, y: F64, variance: F64) -> Lines:
    """Lines of every cell's `y` over `x`, given the variances of the readings; infinite errors where x is the same."""
    weight = 1.0 / variance
    total = runs.sums(weight)
    mean_x, mean_y = runs.sums(weight * x) / total, runs.sums(weight * y) / total
    off_x, off_y = x - mean_x[runs.which], y - mean_y[runs.which]
    square = np.maximum(runs.sums(weight * off_x**2), 1e-12)
    slope = runs.sums(weight * off_x * off_y) / square
    return Lines(
        mean_y - slope * mean_x,
        slope,
        1.0 / total + mean_x**2 / square,
        1.0 / square,
        -mean_x / square,
        off_y - slope[runs.which] * off_x,
    )


def same_variance(runs: Runs, x: F64, y: F64) -> F64:
    """Variance of a reading around its cell's line, one for all, (n,)."""
    rest = lines(runs, x, y, np.ones_like(y)).rest
    found = float((rest**2).sum()) / max(rest.size - 2 * runs.cells, 1)
    return np.full(y.size, max(found, 1e-14 * float((y**2).mean()), 1e-300))


def without_logarithm(runs: Runs) -> Runs:
    """Cells that are never read at 0 S or below, which no power law reaches."""
    fine = runs.sums((runs.g <= 0.0).astype(float)) == 0.0
    if fine.sum() < 2:
        raise BadInput("retention: a conductance of 0 S has no logarithm, which drift is a line in")
    return runs if fine.all() else runs.some(fine)


def criterion(runs: Runs, model: F64, count: float) -> float:
    """Bayesian information criterion of a course of `count` parameters, readings being off by a share of themselves."""
    scale = np.maximum(np.abs(runs.g), 1e-3 * runs.top)
    square = float((((runs.g - model) / scale) ** 2).mean())
    return runs.g.size * math.log(max(square, 1e-12)) + count * math.log(runs.g.size)


def relative(runs: Runs, model: F64) -> float:
    """Root mean square of what a course leaves, as a share of the reading."""
    scale = np.maximum(np.abs(runs.g), 1e-3 * runs.top)
    return float(np.sqrt((((runs.g - model) / scale) ** 2).mean()))


def not_told(name: str, value: float, why: str, unit: str = "") -> Estimate:
    """A parameter that the data say nothing of."""
    return Estimate(name, value, math.nan, math.nan, unit, False, why)


def ordered(estimates: Iterable[Estimate]) -> tuple[Estimate, ...]:
    """Identified ones first."""
    made = list(estimates)
    return (*(one for one in made if one.identified), *(one for one in made if not one.identified))


def panel(runs: Runs, model: F64) -> Panel:
    """A few cells over time."""
    shown = np.unique(np.linspace(0, runs.cells - 1, 8).astype(int))
    some = np.isin(runs.which, shown)
    order = np.lexsort((runs.time[some], runs.which[some]))
    micro = 1e6
    return Panel(
        f"Retention of {shown.size} cells", "time since programming (s)", "conductance (µS)",
        runs.time[some][order], micro * runs.g[some][order], micro * model[some][order], log_x=True,
    )  # fmt: skip
