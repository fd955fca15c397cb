"""Soft bounds fitted to pulse trains: each cell by a Kalman filter, then the spread over the cells."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from htm.pick import BadInput

from ..measurements import PulseTrains
from .intervals import Z, curvature, of_mean, population, r_squared
from .result import Estimate, Fit, Panel

F64 = NDArray[np.float64]
LEAST_PULSES = 10
"""Pulses of each polarity that a cell must have."""
PILOT = 4
"""Cells that the law of the noise is told from."""
KNOWN = 0.5
"""Half the width of an interval over its value from which on the data are said not to tell."""


@dataclass(frozen=True)
class _Cell:
    """One cell's readings in the order of time, and what was found of it."""

    seen: F64
    polarity: NDArray[np.int64]


@dataclass(frozen=True)
class _Found:
    """Estimates of all cells.

    Attributes
    ----------
    theta : log share of SET, log share of RESET, upper end, lower end, log c2c, log shown noise, (cells, 6) [S]
    error : standard errors, (cells, 6)
    covariance : (cells, 6, 6)
    additive : whether the noise keeps its size
    negative : of the log likelihood, summed
    """

    theta: F64
    error: F64
    covariance: F64
    additive: bool
    negative: float


def cells_of(data: PulseTrains) -> list[_Cell]:
    """Readings by cell, in the order of cycle and pulse."""
    order = np.lexsort((data.pulse, data.cycle, data.device))
    device = data.device[order]
    cells = []
    for one in np.unique(device):
        mine = order[device == one]
        cells.append(_Cell(data.conductance[mine].astype(float), data.polarity[mine].astype(np.int64)))
    for cell in cells:
        for sign, word in ((1, "SET"), (-1, "RESET")):
            n = int((cell.polarity == sign).sum())
            if n < LEAST_PULSES:
                raise BadInput(f"pulses: needs at least {LEAST_PULSES} {word} pulses of every cell, got {n}")
    return cells


def fit_soft_bounds(data: PulseTrains) -> Fit:
    """`SoftBoundsRram`: shares, bounds, their spread over the cells, noise of pulses and of what is shown."""
    cells = cells_of(data)
    # A few cells tell which law the noise follows; the others need not be fitted twice.
    some = cells[:PILOT]
    additive = _all(some, True).negative <= _all(some, False).negative
    found = _all(cells, additive)
    estimates = _estimates(found, len(cells))
    notes = _notes(found, len(cells))
    by_name = {one.name: one for one in estimates}
    wanted = ("g_min", "g_max", "step_up", "step_down")
    lost = [name for name in wanted if not by_name[name].identified]
    values: dict[str, Any] = {
        one.name: one.value for one in estimates if one.identified or one.name in wanted
    }
    values["c2c_additive"] = found.additive
    values["on_off_ratio"] = None
    if lost:
        notes.append(
            f"pulses must come nearer to the bounds to tell {', '.join(lost)}: the values are the nearest that fit"
        )
    told, seen = _courses(cells, found)
    n = sum(cell.seen.size for cell in cells)
    count = 6 * len(cells)
    return Fit(
        kind="pulses",
        model="soft_bounds",
        values=values,
        estimates=(
            *(one for one in estimates if one.identified), *(one for one in estimates if not one.identified),
        ),
        goodness={
            "R squared": r_squared(seen, told),
            "AIC": 2 * found.negative + 2 * count + n * math.log(2 * math.pi),
            "BIC": 2 * found.negative + count * math.log(n) + n * math.log(2 * math.pi),
        },
        panels=_panels(cells, found),
        notes=tuple(notes),
    )  # fmt: skip


def _all(cells: list[_Cell], additive: bool) -> _Found:
    parts = [_one(cell, additive) for cell in cells]
    covariance = np.stack([part[1] for part in parts])
    error = np.sqrt(np.maximum(np.diagonal(covariance, axis1=1, axis2=2), 0.0))
    return _Found(
        np.stack([part[0] for part in parts]), error, covariance, additive, sum(part[2] for part in parts)
    )


def _noises(theta: F64, additive: bool) -> tuple[float, float]:
    """Sd of a SET and a RESET pulse [S], or over the step."""
    up, down, high, low = math.exp(theta[0]), math.exp(theta[1]), theta[2], theta[3]
    c2c = math.exp(theta[4])
    if not additive:
        return c2c, c2c
    size = (
        c2c * abs(high - low) * up * down / (up + down)
    )  # of a step at the symmetry point, where both are alike
    return size, size


def _one(cell: _Cell, additive: bool) -> tuple[F64, F64, float]:
    """Best parameters of one cell, their covariance, and the negative log likelihood."""
    from scipy.optimize import minimize

    from .affine_kernels import negative_log_likelihood

    scale = float(np.ptp(cell.seen)) or 1.0
    told = np.empty_like(cell.seen)

    def negative(theta: F64) -> float:
        physical = np.array([theta[0], theta[1], theta[2] * scale, theta[3] * scale, theta[4], theta[5]])
        if (physical[:2] > 0.0).any() or physical[2] <= physical[3] or (np.abs(theta) > 60.0).any():
            return 1e12
        value = negative_log_likelihood(
            cell.seen, cell.polarity, (math.exp(physical[0]), math.exp(physical[1])), (physical[2], physical[3]),
            _noises(physical, additive), math.exp(physical[5]) * scale, not additive, told,
        )  # fmt: skip
        return value if math.isfinite(value) else 1e12

    low, high = cell.seen.min() / scale, cell.seen.max() / scale
    n = max(int((cell.polarity > 0).sum()) // max(int((np.diff(cell.polarity) > 1).sum()), 1), 5)
    tried = []
    for share, noise, shown in ((2.0 / n, 0.5, 0.02), (0.5 / n, 2.0, 0.05), (8.0 / n, 0.2, 0.005)):
        shares, noises = [math.log(min(share, 0.8))] * 2, [math.log(noise), math.log(shown)]
        start = np.array([*shares, high + 0.05, low - 0.05, *noises])
        tried.append(minimize(negative, start, method="L-BFGS-B", options={"maxiter": 200}))
    best = min(tried, key=lambda one: float(one.fun))
    best = minimize(
        negative, best.x, method="Nelder-Mead", options={"maxfev": 400, "xatol": 1e-5, "fatol": 1e-6}
    )
    theta = np.asarray(best.x, dtype=np.float64)
    steps = np.array([1e-3, 1e-3, 1e-3, 1e-3, 5e-3, 5e-3])
    covariance = curvature(negative, theta, steps)
    # No reading is nearer than its noise: where an end seems better known, the likelihood was cut off, not curved.
    least = math.exp(2 * theta[5]) / cell.seen.size
    cut = [k for k in (2, 3) if not covariance[k, k] >= 0.1 * least]
    covariance[cut, cut] = np.inf
    back = np.array([1.0, 1.0, scale, scale, 1.0, 1.0])
    theta = theta * back
    theta[5] += math.log(scale)
    return theta, covariance * np.outer(back, back), float(best.fun)


# From cells to the population -----------------------------------------------------------------------------


def _estimates(found: _Found, n: int) -> list[Estimate]:
    theta, error = found.theta, found.error
    sound = np.isfinite(error).all(axis=1)
    if not sound.any():
        return _untold(theta)
    theta, error, covariance = theta[sound], error[sound], found.covariance[sound]
    # The exponential of a noisy logarithm is too high by half its variance.
    up, down = (np.exp(theta[:, k] - 0.5 * error[:, k] ** 2) for k in (0, 1))
    estimates, shares = [], []
    for name, values, own in (("step_up", up, error[:, 0]), ("step_down", down, error[:, 1])):
        # One error for all: errors in proportion to the estimates would favour the low ones.
        mean, _, interval, _ = population(values, np.full(values.size, float(np.median(values * own))))
        shares.append(mean)
        estimates.append(_told(name, mean, interval, ""))
    ends = []
    for name, column in (("g_max", 2), ("g_min", 3)):
        mean, sd, interval, spread = population(theta[:, column], error[:, column])
        ends.append((mean, sd, spread, name))
        estimates.append(
            Estimate(name, max(mean, 0.0), max(interval[0], 0.0), interval[1], "S", why="mean of the cells")
        )
    span = ends[0][0] - ends[1][0]
    middle = KNOWN * span
    estimates = [
        one if one.unit != "S" or one.high - one.low < 2 * middle
        else Estimate(one.name, one.value, math.nan, math.nan, "S", False, "the bound is never approached")
        for one in estimates
    ]  # fmt: skip
    if n < 3:
        why = f"{n} cell{'s' * (n > 1)} only: no spread over cells can be told"
        estimates += [
            Estimate(name, 0.0, math.nan, math.nan, "", False, why)
            for name in ("d2d_sigma", "up_down_sigma", "g_max_sigma", "g_min_sigma")
        ]
    else:
        estimates += _spreads(up / shares[0], down / shares[1], error, covariance)
        for _, sd, spread, name in ends:
            estimates.append(
                Estimate(
                    f"{name}_sigma", sd / span, spread[0] / span, spread[1] / span, why="spread of the cells"
                )
            )
    # A share of the range is no better known than the range.
    range_error = math.hypot(*(0.5 * (one.high - one.low) / Z for one in estimates[2:4])) / span
    range_error = range_error if math.isfinite(range_error) else KNOWN
    logs = {"write_sigma": theta[:, 5] - math.log(span), "c2c_sigma": theta[:, 4]}
    if found.additive:  # a cell's noise over that of the population's step at the symmetry point
        own = np.abs(theta[:, 2] - theta[:, 3]) * down / (up + down)
        logs["c2c_sigma"] = theta[:, 4] + np.log(own / (span * shares[1] / (shares[0] + shares[1])))
    for name, column in (("c2c_sigma", 4), ("write_sigma", 5)):
        shared = range_error if name == "write_sigma" or found.additive else 0.0
        estimates.append(_noise(name, logs[name], error[:, column], shared))
    estimates.append(
        Estimate("program_sigma", 0.0, math.nan, math.nan, "", False, "pulse trains hold no direct write")
    )
    return estimates


def _untold(theta: F64) -> list[Estimate]:
    """No cell's course tells its steps: the medians of what fits, none identified."""
    middle = np.median(theta, axis=0)
    values = {"step_up": math.exp(middle[0]), "step_down": math.exp(middle[1])}
    values |= {"g_max": max(float(middle[2]), 0.0), "g_min": max(float(middle[3]), 0.0)}
    rest = (
        "d2d_sigma",
        "up_down_sigma",
        "g_max_sigma",
        "g_min_sigma",
        "c2c_sigma",
        "write_sigma",
        "program_sigma",
    )
    why = "no cell's course tells its steps"
    return [
        Estimate(name, value, math.nan, math.nan, "S" if name in ("g_max", "g_min") else "", False, why)
        for name, value in (values | dict.fromkeys(rest, 0.0)).items()
    ]


def _noise(name: str, logs: F64, errors: F64, shared: float) -> Estimate:
    """Mean over the cells of a noise's logarithm; `shared` is the error that all have in common."""
    # The logarithm of an estimated sd is too low by its own variance: 1 / (2 n) with n degrees of freedom, both.
    logs = logs + np.minimum(errors, 0.7) ** 2
    weights = 1.0 / (errors**2 + float(np.median(errors)) ** 2 + 1e-12)
    middle = float((weights * logs).sum() / weights.sum())
    inner = math.sqrt(float((weights**2 * errors**2).sum())) / float(weights.sum())
    outer = float(logs.std(ddof=1) / math.sqrt(logs.size)) if logs.size > 2 else inner
    low, high = of_mean(middle, math.hypot(max(inner, outer), shared), max(logs.size - 1, 1))
    if float(np.median(errors)) > 1.0 or high - low > 2.0:
        why = "the other noise drowns it" if name == "c2c_sigma" else "too small beside the noise of pulses"
        return Estimate(name, 0.0, math.nan, math.nan, "", False, why)
    return Estimate(name, math.exp(middle), math.exp(low), math.exp(high), why="mean of the cells")


def _told(name: str, mean: float, interval: tuple[float, float], unit: str) -> Estimate:
    if interval[1] - interval[0] > 2 * KNOWN * mean:
        return Estimate(name, mean, math.nan, math.nan, unit, False, "too few pulses to tell it")
    return Estimate(name, mean, interval[0], interval[1], unit, why="mean of the cells")


def _spreads(up: F64, down: F64, error: F64, covariance: F64) -> list[Estimate]:
    """`d2d_sigma`, common to both directions, and `up_down_sigma`, opposite."""
    both = covariance[:, 0, 1] * up * down
    a, b = (error[:, 0] * up) ** 2, (error[:, 1] * down) ** 2
    estimates = []
    for name, values, variance in (
        ("d2d_sigma", 0.5 * (up + down), 0.25 * (a + b + 2 * both)),
        ("up_down_sigma", 0.5 * (up - down), 0.25 * (a + b - 2 * both)),
    ):
        _, sd, _, spread = population(values, np.sqrt(np.maximum(variance, 1e-12)))
        estimates.append(Estimate(name, sd, spread[0], spread[1], why="spread of the cells"))
    return estimates


def _notes(found: _Found, n: int) -> list[str]:
    lost = int((~np.isfinite(found.error).all(axis=1)).sum())
    notes = [
        f"noise of a pulse {'keeps its size' if found.additive else 'goes with the step'}: the likelier of the two",
        "read noise cannot be told from write noise in pulse trains; write_sigma holds both",
    ]
    if lost:
        notes.append(f"{lost} of {n} cells tell too little and were left out")
    return notes


def _courses(cells: list[_Cell], found: _Found) -> tuple[F64, F64]:
    """What each reading was expected to be from those before it, and what it was."""
    from .affine_kernels import negative_log_likelihood

    told_all, seen_all = [], []
    for cell, theta in zip(cells, found.theta, strict=True):
        told = np.empty_like(cell.seen)
        negative_log_likelihood(
            cell.seen, cell.polarity, (math.exp(theta[0]), math.exp(theta[1])), (theta[2], theta[3]),
            _noises(theta, found.additive), math.exp(theta[5]), not found.additive, told,
        )  # fmt: skip
        told_all.append(told)
        seen_all.append(cell.seen)
    return np.concatenate(told_all), np.concatenate(seen_all)


def _panels(cells: list[_Cell], found: _Found) -> tuple[Panel, ...]:
    """The first cell and the middle one of all, each with its own noiseless course."""
    from .affine_kernels import course

    micro = 1e6
    panels = []
    order = np.argsort(found.theta[:, 2])
    for word, at in (("First cell", 0), ("Cell of middle range", int(order[order.size // 2]))):
        cell, theta = cells[at], found.theta[at]
        told = np.empty_like(cell.seen)
        course(
            float(cell.seen[0]),
            cell.polarity,
            (math.exp(theta[0]), math.exp(theta[1])),
            (theta[2], theta[3]),
            told,
        )
        sd = math.exp(theta[5])
        up, _ = _noises(theta, found.additive)
        share = math.exp(theta[0])
        spread = math.sqrt(sd**2 + (up**2 / (2 * share) if found.additive else 0.0))
        panels.append(
            Panel(
                word, "pulse", "conductance (µS)", np.arange(cell.seen.size, dtype=float), micro * cell.seen,
                micro * told, micro * (told - 1.645 * spread), micro * (told + 1.645 * spread),
            )
        )  # fmt: skip
    return tuple(panels)
