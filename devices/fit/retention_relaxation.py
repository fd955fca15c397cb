"""Relaxation with the logarithm of time, its spread growing: `relaxing_rram`."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .intervals import of_mean
from .result import Estimate
from .retention_profile import Unknown, likeliest
from .retention_runs import Lines, Runs, lines, not_told, same_variance

F64 = NDArray[np.float64]
BOOTSTRAPS = 400
ENERGIES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5)
"""Where the search for an activation energy begins [eV]."""
NEED_TARGETS = "needs the targets that the cells were programmed to"
NAMES = ("relax_shift", "relax_growth", "relax_sigma", "program_poly[0]", "program_poly[1]")
UNITS = ("S", "S", "S", "", "")


@dataclass(frozen=True)
class Relaxed:
    """Cells' lines over the logarithm of the time, with mean error variances; `target` as in `Runs`."""

    runs: Runs
    fit: Lines

    @property
    def level_variance(self) -> float:
        return float(self.fit.level_variance.mean())

    @property
    def slope_variance(self) -> float:
        return float(self.fit.slope_variance.mean())

    @property
    def covariance(self) -> float:
        return float(self.fit.covariance.mean())


def fit_relaxation(runs: Runs) -> tuple[list[Estimate], dict[str, Any]]:
    """``g_prog + shift ln t + (sigma + growth ln t) z``, z of each cell; what each is follows from moments.

    Slopes have the mean `relax_shift` and the sd `relax_growth`; slope and deviation after 1 s go together by
    `relax_growth` times `relax_sigma`; what is left of the deviation is the miss of programming.
    """
    x = np.log(runs.time)
    fit = lines(runs, x, runs.g, same_variance(runs, x, runs.g))
    heat: list[Estimate] = []
    values: dict[str, Any] = {}
    if runs.kelvin is None:
        why = "one temperature only: the temperature has no effect"
        heat.append(not_told("activation_energy", 0.0, why, "eV"))
    elif runs.target is None:
        heat.append(not_told("activation_energy", 0.0, "heat only shifts a line: " + NEED_TARGETS, "eV"))
        values["reference_temperature"] = runs.reference
    else:
        told = _energy(runs, fit)
        heat.append(told)
        values |= {"reference_temperature": runs.reference}
        values |= {"activation_energy": told.value} if told.identified else {}
        fit = _heated(runs, fit, told.value)
    data = Relaxed(runs, fit)
    estimates = [*_estimates(data), *heat]
    values |= {one.name: one.value for one in estimates if one.identified and "[" not in one.name}
    poly = tuple(one.value for one in estimates if one.name.startswith("program_poly"))
    return estimates, {**values, "program_poly": poly, **runs.range}


def _heated(runs: Runs, fit: Lines, energy: float) -> Lines:
    """Lines over the logarithm of the time as it goes at the reference temperature."""
    shift = energy * runs.inverse
    return replace(
        fit,
        level=fit.level - fit.slope * shift,
        level_variance=fit.level_variance - 2.0 * shift * fit.covariance + shift**2 * fit.slope_variance,
        covariance=fit.covariance - shift * fit.slope_variance,
    )


def _energy(runs: Runs, fit: Lines) -> Estimate:
    """The activation energy that levels, known from their targets, and slopes are likeliest with."""
    assert runs.target is not None
    target, unit = runs.target, float(fit.slope.std()) + 1e-6 * runs.top
    miss = 1.0 + target / runs.top  # about how misses grow with the level

    def against(theta: F64) -> float:
        energy, shift, growth, sigma, size = theta
        hot = _heated(runs, fit, energy)
        off_level, off_slope = (hot.level - target) / unit, hot.slope / unit - shift
        a = (size * miss) ** 2 + sigma**2 + hot.level_variance / unit**2
        b = growth**2 + hot.slope_variance / unit**2
        c = growth * sigma + hot.covariance / unit**2
        determinant = np.maximum(a * b - c * c, 1e-300)
        square = (b * off_level**2 - 2.0 * c * off_level * off_slope + a * off_slope**2) / determinant
        return 0.5 * float((np.log(determinant) + square).sum())

    step = 2.0 / math.sqrt(runs.cells)
    shift = float(fit.slope.mean()) / unit

    def asked(energy: float, size: float) -> tuple[Unknown, ...]:
        return (
            Unknown("activation_energy", energy, 0.05, "eV", least=0.0),
            Unknown("", shift, step),
            Unknown("", 1.0, step, least=0.0),
            Unknown("", 0.5 * size, step * size, least=0.0),
            Unknown("", size, step * size, least=0.0),
        )

    best: tuple[float, tuple[Unknown, ...]] | None = None
    for energy in ENERGIES:
        hot = _heated(runs, fit, energy)
        size = float(np.sqrt((((hot.level - target) / miss) ** 2).mean())) / unit
        begun = asked(energy, max(size, 0.1))
        value = against(np.array([one.start for one in begun]))
        if best is None or value < best[0]:
            best = value, begun
    assert best is not None
    return likeliest(against, best[1], runs.cells - 5).estimates()[0]


def _estimates(data: Relaxed) -> list[Estimate]:
    """Moments, with intervals from cells drawn anew."""
    cells, rng = data.runs.cells, np.random.default_rng(0)
    found = _moments(data, np.arange(cells))
    drawn = np.stack([_moments(data, rng.integers(0, cells, cells)) for _ in range(BOOTSTRAPS)])
    low, high = np.full((2, 5), math.nan)
    for k in range(5):
        known = drawn[np.isfinite(drawn[:, k]), k]
        if known.size > BOOTSTRAPS // 2 and cells > 5:
            low[k], high[k] = np.quantile(known, [0.025, 0.975])
    low[0], high[0] = of_mean(float(found[0]), float(drawn[:, 0].std()), cells - 1)
    reasons = {"program_poly[1]": "needs targets at several levels"}
    reasons |= {name: NEED_TARGETS for name in NAMES[2:] if data.runs.target is None}
    made = []
    for k, (name, unit) in enumerate(zip(NAMES, UNITS, strict=True)):
        value = float(found[k])
        if not (math.isfinite(value) and math.isfinite(low[k])) or cells <= 5:
            made.append(not_told(name, 0.0, reasons.get(name, "too few cells"), unit))
            continue
        why = "bootstrap over the cells" if k else "mean of the cells"
        made.append(Estimate(name, value, float(low[k]), float(high[k]), unit, why=why))
    return made


def _moments(data: Relaxed, chosen: NDArray[np.intp]) -> F64:
    """Shift, growth, relax_sigma [S], and the sd of the miss as a line over the level: of some cells."""
    runs, fit = data.runs, data.fit
    slope = fit.slope[chosen]
    shift = float(slope.mean())
    growth = math.sqrt(max(float(slope.var(ddof=1)) - float(fit.slope_variance[chosen].mean()), 0.0))
    if runs.target is None:
        return np.array([shift, growth, math.nan, math.nan, math.nan])
    target = runs.target
    miss = fit.level[chosen] - target[chosen]
    both = float(((slope - shift) * (miss - miss.mean())).mean()) - data.covariance
    sigma = both / growth if growth > 0.0 else math.nan
    left = np.abs(miss - miss.mean()) ** 2
    level = target[chosen] / runs.top
    base = sigma**2 + data.level_variance
    if np.ptp(level) < 0.2:
        size = math.sqrt(max(float(left.mean()) - base, 0.0)) if math.isfinite(base) else math.nan
        return np.array([shift, growth, sigma, size / runs.top, math.nan])
    if not math.isfinite(base):
        return np.array([shift, growth, math.nan, math.nan, math.nan])
    a, b = _sd_line(left, level, base)
    return np.array([shift, growth, sigma, a / runs.top, b / runs.top])


def _sd_line(left: F64, level: F64, base: float) -> tuple[float, float]:
    """Sd ``a + b level`` [S] of Gaussian misses whose squares are `left`, beside the variance `base`, by likelihood."""
    from scipy.optimize import minimize

    size = math.sqrt(max(float(left.mean()) - base, 0.01 * float(left.mean()), 1e-300))

    def negative(theta: F64) -> float:
        sd = np.maximum(theta[0] + theta[1] * level, 0.0) * size
        total = np.maximum(sd**2 + base, 1e-6 * size**2)
        return float((np.log(total) + left / total).sum())

    best = minimize(
        negative, np.array([0.7, 0.3]), method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-3}
    )
    return float(best.x[0] * size), float(best.x[1] * size)
