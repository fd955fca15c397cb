"""Leakage of a capacitor: every cell decays exponentially towards one common conductance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .result import Estimate
from .retention_profile import Unknown, likeliest
from .retention_runs import Runs, not_told

F64 = NDArray[np.float64]
UNSEEN = 30.0
"""Readings span at most this many time constants, or a share of one of 1 over it, in the search for it."""


@dataclass(frozen=True)
class Decay:
    """The likeliest decay.

    Attributes
    ----------
    log_tau, energy : time constant [ln s], activation energy [eV]
    rest : conductance that all cells decay to [S]
    model : of each reading, (n,) [S]
    square : sum of the squares that it leaves, as shares of the reading
    """

    log_tau: float
    energy: float
    rest: float
    model: F64
    square: float


def decay(runs: Runs, log_tau: float, energy: float) -> Decay:
    """Least squares of the common rest and each cell's distance from it, which a decay is linear in."""
    speed = np.exp(np.clip(energy * runs.inverse, -50.0, 50.0))[runs.which]
    left = np.exp(-np.minimum(runs.time * speed * math.exp(-log_tau), 700.0))
    weight = 1.0 / np.maximum(np.abs(runs.g), 1e-3 * runs.top) ** 2
    # g = rest (1 - left) + start left: what of g and of 1 - left no start can make, cell by cell.
    square = np.maximum(runs.sums(weight * left**2), 1e-300)
    fill = 1.0 - left
    off_g = runs.g - left * (runs.sums(weight * left * runs.g) / square)[runs.which]
    off_fill = fill - left * (runs.sums(weight * left * fill) / square)[runs.which]
    below = float((weight * off_fill**2).sum())
    rest = float((weight * off_fill * off_g).sum()) / below if below > 0.0 else 0.0
    start = runs.sums(weight * left * (runs.g - rest * fill)) / square
    model = rest * fill + start[runs.which] * left
    return Decay(log_tau, energy, rest, model, float((weight * (runs.g - model) ** 2).sum()))


def first_decay(runs: Runs) -> Decay:
    """The best on a grid of time constants, and of activation energies where there are several temperatures."""
    energies = (0.0,) if runs.kelvin is None else (0.0, 0.1, 0.2, 0.4, 0.7, 1.0, 1.5)
    shortest, longest = math.log(float(runs.time.min()) / UNSEEN), math.log(float(runs.time.max()) * UNSEEN)
    tried = [
        decay(runs, float(log_tau), energy)
        for energy in energies
        for log_tau in np.linspace(shortest, longest, 40)
    ]
    best = min(tried, key=lambda one: one.square)
    for half in (0.5, 0.1, 0.02, 4e-3, 8e-4):  # ever finer around the best
        nearby = (
            [best.energy + half * shift for shift in (-0.2, -0.1, 0.0, 0.1, 0.2)]
            if len(energies) > 1
            else [0.0]
        )
        near = [
            decay(runs, best.log_tau + half * shift, energy)
            for energy in nearby
            for shift in np.linspace(-1.0, 1.0, 11).tolist()
        ]
        best = min((best, *near), key=lambda one: one.square)
    return best


def fit_leak(runs: Runs) -> tuple[list[Estimate], dict[str, Any], F64, str]:
    """`leak_time` of `LinearStep`, and `activation_energy`; the course, and what else a user should know."""
    from scipy.optimize import minimize

    heated = runs.kelvin is not None
    freedom = runs.g.size - runs.cells - 2 - heated
    best = first_decay(runs)
    floor = 1e-14 * runs.g.size

    def at(theta: F64) -> Decay:
        return decay(runs, float(theta[0]), float(theta[1]) if heated else 0.0)

    def against(theta: F64) -> float:
        return 0.5 * freedom * math.log(at(theta).square + floor)

    start = np.array([best.log_tau, best.energy][: 1 + heated])
    found = minimize(
        against, start, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-5, "maxfev": 2000}
    ).x
    best = at(found)
    # About the error of ln tau from what is left: how far the course moves as tau does.
    moved = decay(runs, best.log_tau + 1e-3, best.energy).model - best.model
    slope = float(((moved / np.maximum(np.abs(runs.g), 1e-3 * runs.top)) ** 2).sum()) / 1e-6
    error = math.sqrt(max(best.square / max(freedom, 1), 1e-14) / max(slope, 1e-12))
    asked = [Unknown("leak_time", best.log_tau, min(max(2.0 * error, 1e-6), 1.0), "s", math.exp)]
    if heated:
        asked.append(
            Unknown("activation_energy", best.energy, min(max(0.1 * error, 1e-7), 0.1), "eV", least=0.0)
        )
    sure = likeliest(against, tuple(asked), freedom)
    told = sure.estimates()
    values = {one.name: one.value for one in told if one.identified or one.name == "leak_time"}
    best = at(sure.at)
    if heated:
        values["reference_temperature"] = runs.reference
    else:
        told.append(
            not_told("activation_energy", 0.0, "one temperature only: the temperature has no effect", "eV")
        )
    told.append(not_told("symmetry", 0.5, "where cells decay to is a place in a range that pulses tell"))
    note = f"cells decay to {best.rest:.4g} S, the symmetry point of linear_step"
    return told, values, best.model, note
