"""I-V curves: ohmic, sinh, or a polynomial whose coefficients depend on the level."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from htm.pick import BadInput

from ..conductance import Conducts
from ..measurements import IvCurves
from .intervals import of_mean, r_squared
from .result import Estimate, Fit, Panel

F64 = NDArray[np.float64]
ROUNDING = 1e-7
"""Least relative noise assumed of a current: the last digit of a single-precision number."""
MOST_BENDING = 50.0
"""Largest b that is looked for [1/V]."""


def fit_iv(data: IvCurves) -> Fit:
    """Shape of the I-V curve, chosen by BIC; each device's conductance at small voltage is fitted with it.

    Noise is taken to be in proportion to the current. Readings at 0 V say nothing and are left out.

    Parameters
    ----------
    data : currents of cells, each in a fixed state
    """
    there = data.voltage != 0.0
    names, which = np.unique(data.device[there], return_inverse=True)
    volts, chord = data.voltage[there], data.current[there] / data.voltage[there]
    if volts.size < names.size + 3 or np.unique(np.abs(volts)).size < 3:
        raise BadInput("iv: needs at least 3 different voltages beside 0 V")
    candidates = [_ohmic(volts, chord, which), _sinh(volts, chord, which)]
    if (powers := _polynomial(volts, chord, which)) is not None:
        candidates.append(powers)
    best = min(candidates, key=lambda one: one["bic"])
    notes = [
        f"{one['name']}: BIC {one['bic'] - best['bic']:.1f} above the best"
        for one in candidates
        if one is not best
    ]
    most = float(np.abs(volts).max())
    if most < Conducts.model_fields["read_voltage"].default:
        notes.append(f"measured to {most:g} V only: below the usual read voltage of 0.2 V")
    order = np.lexsort((volts, which))
    scale = 1e6
    return Fit(
        kind="iv",
        model="",
        values=best["values"],
        estimates=tuple(best["estimates"]),
        goodness={
            "relative residual sd": best["sigma"],
            "R squared": r_squared(chord * volts, best["fit"] * volts),
            "BIC": best["bic"],
        },
        panels=(
            Panel(
                f"I-V: {best['name']}", "voltage (V)", "current (µA)", volts[order],
                scale * (chord * volts)[order], scale * (best["fit"] * volts)[order],
            ),
        ),
        notes=tuple(notes),
    )  # fmt: skip


def _scored(name: str, chord: F64, fit: F64, count: int, **more: Any) -> dict[str, Any]:
    """A candidate with its relative noise and BIC; `count` parameters beside the noise."""
    relative = (chord - fit) / fit
    sigma = max(math.sqrt(float((relative**2).mean())), ROUNDING)
    log_likelihood = (
        -chord.size * math.log(sigma)
        - float(np.log(np.abs(fit)).sum())
        - 0.5 * float((relative**2).sum()) / sigma**2
    )
    bic = -2 * log_likelihood + (count + 1) * math.log(chord.size)
    unbiased = sigma * math.sqrt(chord.size / max(chord.size - count, 1))
    return {"name": name, "fit": fit, "bic": bic, "sigma": unbiased, **more}


def _levels(chord: F64, shape: F64, which: NDArray[np.intp]) -> F64:
    """Conductance of each device at small voltage [S], given the shape of its curve, by relative least squares."""
    ratio = chord / shape
    count = np.bincount(which)
    # Relative noise: the mean of the ratios is the best estimate where all have the same relative error.
    return np.asarray(np.bincount(which, ratio) / count)


def _ohmic(volts: F64, chord: F64, which: NDArray[np.intp]) -> dict[str, Any]:
    g = _levels(chord, np.ones_like(chord), which)
    why = "the curve is straight within the noise"
    return _scored(
        "ohmic", chord, g[which], g.size, values={"iv_sinh": 0.0},
        estimates=[Estimate("iv_sinh", 0.0, math.nan, math.nan, "1/V", False, why)],
    )  # fmt: skip


def _bent(b: float, volts: F64) -> F64:
    x = np.abs(b * volts)
    return np.asarray(np.where(x > 1e-6, np.sinh(np.minimum(x, 600.0)) / np.maximum(x, 1e-300), 1.0))


def _sinh(volts: F64, chord: F64, which: NDArray[np.intp]) -> dict[str, Any]:
    from scipy.optimize import minimize_scalar

    def model(b: float) -> F64:
        shape = _bent(b, volts)
        return _levels(chord, shape, which)[which] * shape

    def cost(b: float) -> float:
        fit = model(b)
        return float((((chord - fit) / fit) ** 2).sum())

    grid = np.geomspace(0.01, MOST_BENDING, 80)
    start = float(grid[np.argmin([cost(b) for b in grid])])
    found = minimize_scalar(
        cost, bounds=(start / 1.3, start * 1.3), method="bounded", options={"xatol": 1e-9}
    )
    b, count = float(found.x), int(which.max()) + 2
    freedom = volts.size - count
    sigma = max(math.sqrt(cost(b) / freedom), ROUNDING)
    step = max(1e-3 * b, 1e-5)
    slope = (np.log(model(b + step)) - np.log(model(b - step))) / (2 * step)
    error = sigma / math.sqrt(max(float((slope**2).sum()), 1e-300))
    low, high = of_mean(b, error, freedom)
    estimate = Estimate("iv_sinh", b, max(low, 0.0), high, "1/V", why="least squares of relative residuals")
    return _scored("sinh", chord, model(b), count, values={"iv_sinh": b}, estimates=[estimate])


def _polynomial(volts: F64, chord: F64, which: NDArray[np.intp]) -> dict[str, Any] | None:
    """``I = g V + N2 V^2 + N3 V^3`` of each device, then N2 and N3 over log10 g; none where points are too few."""
    devices = int(which.max()) + 1
    if devices < 2 or min(np.bincount(which)) < 5:
        return None
    own = np.zeros((devices, 3))
    covariances = np.zeros((devices, 3, 3))
    residual, freedom = 0.0, 0
    for one in range(devices):
        mine = which == one
        powers = np.stack((np.ones(mine.sum()), volts[mine], volts[mine] ** 2), axis=1)
        size = np.full(powers.shape[0], np.abs(chord[mine]).mean())
        for _ in range(4):  # noise is in proportion to the current, which only the fit tells
            rows = powers / size[:, None]
            if np.linalg.matrix_rank(rows) < 3:
                return None
            inverse = np.linalg.inv(rows.T @ rows)
            own[one] = inverse @ rows.T @ (chord[mine] / size)
            size = np.maximum(np.abs(powers @ own[one]), 1e-3 * size.max())
        covariances[one] = inverse
        residual += float(((chord[mine] / size - rows @ own[one]) ** 2).sum())
        freedom += int(mine.sum()) - 3
    if (own[:, 0] <= 0).any():
        return None
    sigma = max(math.sqrt(residual / max(freedom, 1)), ROUNDING)
    level = np.log10(own[:, 0])
    estimates, values = [], {}
    fit = own[which, 0].copy()
    count = devices
    for name, power, at, unit in (("iv_square", 1, 1, "A/V2"), ("iv_cubic", 2, 2, "A/V3")):
        degree = min((3, 2)[at - 1], devices - 1)
        errors = sigma * np.sqrt(covariances[:, at, at])
        rows = np.stack([level**k for k in range(degree + 1)], axis=1)
        scaled = rows / errors[:, None]
        inverse = np.linalg.pinv(scaled.T @ scaled)
        coefficients = inverse @ scaled.T @ (own[:, at] / errors)
        count += degree + 1
        for k, (value, variance) in enumerate(zip(coefficients, np.diag(inverse), strict=True)):
            low, high = of_mean(float(value), math.sqrt(variance), freedom)
            estimates.append(
                Estimate(f"{name}[{k}]", float(value), low, high, unit, why="weighted least squares")
            )
        wanted = (3, 2)[at - 1]
        for k in range(degree + 1, wanted + 1):
            why = f"{devices} levels were measured, fewer than the terms"
            estimates.append(Estimate(f"{name}[{k}]", 0.0, math.nan, math.nan, unit, False, why))
        values[name] = tuple(float(value) for value in coefficients)
        fit += (rows @ coefficients)[which] * volts**power
    return _scored("polynomial", chord, fit, count, values=values, estimates=estimates)
