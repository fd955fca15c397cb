"""Drift by a power law: that of pulsed models, or phase-change memory's, whose exponent depends on the level."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from htm.pick import BadInput

from .intervals import population
from .result import Estimate
from .retention_power_law import (
    Cells,
    Programming,
    choose_order,
    curve,
    exponents,
    misses,
    negative,
    prepare,
)
from .retention_profile import Likeliest, Unknown, likeliest
from .retention_runs import Runs, not_told, without_logarithm

F64 = NDArray[np.float64]
ENERGIES = (0.05, 0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.0)
"""Where the search for an activation energy begins [eV]."""
NO_HEAT = "one temperature only: the temperature has no effect"
NEED_TARGETS = "needs the targets that the cells were programmed to"
Found = tuple[list[Estimate], dict[str, Any]]


def depends_on_level(runs: Runs) -> bool:
    """Whether the drift exponent, or its spread, changes with the level: what only `pcm` has."""
    cells = prepare(without_logarithm(runs))
    return exponents(cells, math.log(cells.runs.g.size)).kinds != ("flat", "flat")


def fit_drift(runs: Runs) -> Found:
    """``g (t / t0)^-nu``, nu of each cell from one normal distribution."""
    cells = prepare(without_logarithm(runs))
    fit, runs, first = cells.drifting(), cells.runs, _first(cells)
    mean, sd, interval, spread = population(-fit.slope, np.maximum(np.sqrt(fit.slope_variance), 1e-9))
    if interval[1] <= 0.0:
        raise BadInput("retention: conductances rise with time, which no model here does")
    told = [
        Estimate("drift_nu", max(mean, 0.0), max(interval[0], 0.0), interval[1], why="mean of the cells"),
        Estimate("drift_nu_sigma", sd, *spread, why="spread of the cells"),
    ]
    values: dict[str, Any] = {"drift_nu": max(mean, 0.0), "drift_nu_sigma": sd}
    # Open-loop writes stop at each cell's own bounds: their misses, alike at all temperatures, tell no t0.
    aims = runs.kelvin is not None and runs.target is not None
    law = Programming(0 if aims else -1, cells.knee_seen, first, _heated(cells), aims)
    told += _programming(cells, law, np.full(runs.cells, mean), np.full(runs.cells, sd), values)
    told = [one for one in told if not one.name.startswith("program_poly")]
    if not law.t0:
        why = f"a power law has no scale; {math.exp(first):g} s is assumed"
        told.append(not_told("drift_t0", math.exp(first), why, "s"))
        values |= {"drift_t0": math.exp(first)} if first < 0.0 else {}
    told.append(not_told("program_sigma", 0.0, "drift says nothing of how a write misses"))
    return told + _heat(runs, told, values), values


def fit_pcm(runs: Runs) -> Found:
    """`Pcm`: exponents and misses over the level, the time from which cells drift, and what heat does."""
    cells = prepare(without_logarithm(runs))
    runs, found = cells.runs, exponents(cells)
    aims = runs.target is not None
    values: dict[str, Any] = {
        **runs.range,
        "read_noise_q": 0.0,
        "read_noise_power": 0.0,
        "read_noise_cap": 0.0,
    }
    values |= {"read_noise_time": 1e-6, "program_poly": (0.0,)}
    told: list[Estimate] = []
    for one, kind, name in zip(found.found, found.kinds, ("drift_nu_mean", "drift_nu_sd"), strict=True):
        table, silent = _table(cells, one, name, kind)
        values[name] = table
        told += [*(_seen(estimate) for estimate in one.estimates()), *silent]
    law = Programming(0 if aims else -1, aims or cells.knee_seen, _first(cells), _heated(cells))
    told += _programming(cells, law, found.mean, found.sd, values)
    if not law.t0:
        values["drift_t0"] = math.exp(law.fixed)
        told.append(not_told("drift_t0", values["drift_t0"], NEED_TARGETS + ", or readings before it", "s"))
    if not aims:
        told.append(not_told("program_poly[0]", 0.0, NEED_TARGETS))
    told.append(not_told("read_noise_q", 0.0, "one read at a time: repeated reads tell it"))
    return told + _heat(runs, told, values), values


def _seen(one: Estimate) -> Estimate:
    """A curve's least value whose interval begins at 0 may lie anywhere below the levels measured."""
    if one.identified and one.name.endswith(".low") and one.low <= 0.0:
        return not_told(one.name, one.value, "no level at which it stops falling is seen")
    return one


def _first(cells: Cells) -> float:
    """When drift is taken to begin where that is not told: at 1 s, or when cells are read before [ln s]."""
    return min(float(cells.log_t.min()), 0.0)


def _heated(cells: Cells) -> bool:
    """Whether an activation energy can be told: heat only shifts a power law, which is seen where levels are known."""
    return cells.runs.kelvin is not None and (cells.knee_seen or cells.runs.target is not None)


def _programming(
    cells: Cells, law: Programming, mean: F64, sd: F64, values: dict[str, Any]
) -> list[Estimate]:
    """When drift begins, the activation energy, and the misses of programming, also into `values`."""
    if not (law.t0 or law.heated or law.order >= 0):
        return []
    log_t0, energy = _start(cells, law, mean, sd)
    if law.order >= 0 and not law.biased:
        law = replace(law, order=choose_order(cells, log_t0, energy))
    fit, runs = cells.lines(log_t0, energy), cells.runs
    asked: list[Unknown] = []
    if law.t0:
        asked.append(Unknown("drift_t0", log_t0, 0.1, "s", math.exp))
    if law.heated:
        asked.append(Unknown("activation_energy", energy, 0.02, "eV", least=0.0))
    if law.order >= 0 and runs.target is not None:
        off = np.exp(fit.level) - runs.target
        size = float(np.sqrt((off**2).mean())) / runs.top
        if law.biased:
            asked.append(Unknown("", float((off / runs.target).mean()), size / math.sqrt(runs.cells)))
        asked += misses(size, law.order, runs.cells)
    found = likeliest(
        lambda theta: negative(cells, law, mean, sd, theta), tuple(asked), runs.cells - len(asked)
    )
    told = found.estimates()
    for one in told:
        if one.name in ("drift_t0", "activation_energy") and (one.identified or one.name == "drift_t0"):
            values[one.name] = one.value
    poly = tuple(one.value for one in told if one.name.startswith("program_poly"))
    if poly and not law.biased:
        values["program_poly"] = poly
    return told


def _table(cells: Cells, found: Likeliest, name: str, kind: str) -> tuple[dict[str, float], list[Estimate]]:
    """A curve as `ClippedLog` takes it, constant beyond the levels measured; and what of it is not told."""
    numbers = [float(x) for x in found.at]
    seen = np.maximum(curve(kind, numbers, cells.log_r), 0.0)
    low, high = float(seen.min()), float(seen.max())
    beyond = "no level at which it stops {} is seen: held from there on"
    silent = [not_told(f"{name}.high", high, beyond.format("rising"))]
    if kind != "clipped":
        silent.append(not_told(f"{name}.low", low, beyond.format("falling")))
    if kind == "flat":
        silent.append(not_told(f"{name}.slope", 0.0, "a constant fits as well by the information criterion"))
    slope = numbers[1] if len(numbers) > 1 else 0.0
    return {"slope": slope, "intercept": numbers[0], "low": low, "high": high}, silent


def _heat(runs: Runs, told: list[Estimate], values: dict[str, Any]) -> list[Estimate]:
    """What is not told of the activation energy; the temperature that times hold for into `values`."""
    if runs.kelvin is None:
        return [not_told("activation_energy", 0.0, NO_HEAT, "eV")]
    values["reference_temperature"] = runs.reference
    if any(one.name == "activation_energy" for one in told):
        return []
    why = "heat only shifts a power law: " + NEED_TARGETS + ", or readings before drift begins"
    return [not_told("activation_energy", 0.0, why, "eV")]


def _start(cells: Cells, law: Programming, mean: F64, sd: F64) -> tuple[float, float]:
    """First guess of ln t0 and the activation energy, from a grid."""
    plain, runs = replace(law, order=min(law.order, 0)), cells.runs
    times = [float(law.fixed)]
    if law.t0:
        last = float(np.unique(cells.log_t)[-2])
        times = [time for time in np.arange(-25.0, 40.0, 0.5).tolist() if time < last]
    best = (math.inf, times[0], 0.0)
    for time in times:
        for energy in ENERGIES if law.heated else (0.0,):
            theta = [time] * law.t0 + [energy] * law.heated
            if law.order >= 0 and runs.target is not None:
                level = cells.lines(time, energy).level
                miss = np.exp(np.clip(level, -80.0, 80.0)) / runs.target - 1.0
                bias = float(miss.mean()) if law.biased else 0.0
                theta += [bias] * law.biased
                theta.append(float(np.sqrt((((miss - bias) * cells.level) ** 2).mean())))
            value = negative(cells, plain, mean, sd, np.array(theta))
            if value < best[0]:
                best = (value, time, energy)
    return best[1], best[2]
