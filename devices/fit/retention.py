"""Retention: drift by a power law, or relaxation with the logarithm of time, cell by cell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from htm.pick import BadInput

from ..measurements import RetentionRun
from .intervals import of_mean, population, r_squared
from .result import Estimate, Fit, Panel

F64 = NDArray[np.float64]
AGEING = ("soft_bounds", "linear_step", "neurosim", "exp_step", "one_sided_pcm", "relaxing_rram")
"""Models that a retention fit can be for: those that drift by a power law, and `relaxing_rram`."""
BOOTSTRAPS = 400


@dataclass(frozen=True)
class _Lines:
    """Straight lines of every cell over the logarithm of time: of g, or of its logarithm.

    Attributes
    ----------
    at_1s, slope : (cells,) value after 1 s, and change per natural logarithm
    error : standard error of the slope, (cells,)
    sd : residual sd
    """

    at_1s: F64
    slope: F64
    error: F64
    sd: float


def fit_retention(data: RetentionRun, model: str | None = None) -> Fit:
    """Drift (`drift_nu`, `drift_nu_sigma` of pulsed models) or relaxation (`relaxing_rram`), whichever fits better.

    Parameters
    ----------
    data : conductances over the time since programming, at least 3 times a cell
    model : a name of `AGEING`, or none
    """
    if model is not None and model not in AGEING:
        raise BadInput(f"--model: retention is fitted for {', '.join(AGEING)}, got {model!r}")
    names, which = np.unique(data.device, return_inverse=True)
    count = np.bincount(which)
    if count.min() < 3 or names.size < 2:
        raise BadInput("retention: needs at least 2 cells of 3 times each")
    if (data.conductance <= 0.0).any():
        raise BadInput("retention: a conductance of 0 S has no logarithm, which drift is a line in")
    logs = np.log(data.time)
    linear = _lines(data.conductance, logs, which, names.size)
    power = _lines(np.log(data.conductance), logs, which, names.size)
    fitted_linear = linear.at_1s[which] + linear.slope[which] * logs
    fitted_power = np.exp(power.at_1s[which] + power.slope[which] * logs)
    off = [_relative(data.conductance, told) for told in (fitted_linear, fitted_power)]
    relaxes = off[0] < off[1] if model is None else model == "relaxing_rram"
    notes = [
        f"a straight line over the logarithm of time {'fits better' if off[0] < off[1] else 'fits worse'} than a power "
        f"law: relative residuals {100 * off[0]:.3g} % and {100 * off[1]:.3g} %"
    ]
    if data.temperature is not None and np.unique(data.temperature).size > 1:
        notes.append("several temperatures: activation_energy is not fitted; fit each temperature alone")
    if relaxes:
        estimates, values = _relaxation(data, linear, which, names.size)
        told, chosen = fitted_linear, "relaxing_rram"
    else:
        estimates, values = _drift(power)
        told, chosen = fitted_power, ""  # drift is every pulsed model's
    return Fit(
        kind="retention",
        model=chosen,
        values=values,
        estimates=(*(one for one in estimates if one.identified), *(one for one in estimates if not one.identified)),
        goodness={"R squared": r_squared(data.conductance, told), "relative residual sd": off[0 if relaxes else 1]},
        panels=(_panel(data, told, which),),
        notes=tuple(notes),
    )  # fmt: skip


def _lines(values: F64, logs: F64, which: NDArray[np.intp], cells: int) -> _Lines:
    n = np.bincount(which, minlength=cells)
    mean_x, mean_y = (np.bincount(which, part, cells) / n for part in (logs, values))
    x, y = logs - mean_x[which], values - mean_y[which]
    square = np.bincount(which, x * x, cells)
    slope = np.bincount(which, x * y, cells) / square
    rest = y - slope[which] * x
    freedom = max(int(n.sum()) - 2 * cells, 1)
    sd = math.sqrt(float((rest**2).sum()) / freedom)
    return _Lines(mean_y - slope * mean_x, slope, sd / np.sqrt(square), sd)


def _relative(data: F64, told: F64) -> float:
    return float(np.sqrt((((data - told) / data) ** 2).mean()))


def _drift(power: _Lines) -> tuple[list[Estimate], dict[str, Any]]:
    """``g (t / t0)^-nu``, nu of each cell from a normal distribution."""
    mean, sd, interval, spread = population(-power.slope, np.maximum(power.error, 1e-9))
    if interval[1] <= 0.0:
        raise BadInput("retention: conductances rise with time, which no model here does")
    estimates = [
        Estimate("drift_nu", max(mean, 0.0), max(interval[0], 0.0), interval[1], why="mean of the cells"),
        Estimate("drift_nu_sigma", sd, *spread, why="spread of the cells"),
        Estimate("drift_t0", 1.0, math.nan, math.nan, "s", False, "a power law has no scale; 1 s is assumed"),
        Estimate(
            "program_sigma", 0.0, math.nan, math.nan, "", False, "drift says nothing of how a write misses"
        ),
    ]
    return estimates, {"drift_nu": max(mean, 0.0), "drift_nu_sigma": sd}


def _relaxation(
    data: RetentionRun, lines: _Lines, which: NDArray[np.intp], cells: int
) -> tuple[list[Estimate], dict[str, Any]]:
    """``g_prog + shift ln t + (sigma + growth ln t) z``, z of each cell; what each is follows from moments.

    Slopes have the mean `relax_shift` and the sd `relax_growth`; slope and deviation after 1 s go together by
    `relax_growth` times `relax_sigma`; what is left of the deviation is the miss of programming.
    """
    target = None
    if data.target is not None:
        target = np.bincount(which, data.target, cells) / np.bincount(which)
    top = float((target if target is not None else lines.at_1s).max())

    def moments(chosen: NDArray[np.intp]) -> F64:
        """Shift, growth, relax_sigma, and the miss at low and at high level [S]."""
        slope = lines.slope[chosen]
        noise = float((lines.error[chosen] ** 2).mean())
        shift = float(slope.mean())
        growth = math.sqrt(max(float(slope.var(ddof=1)) - noise, 0.0))
        if target is None:
            return np.array([shift, growth, math.nan, math.nan, math.nan])
        miss = lines.at_1s[chosen] - target[chosen]
        both = float(((slope - shift) * (miss - miss.mean())).mean()) - _line_covariance(
            data, lines, which, cells
        )
        sigma = both / growth if growth > 0.0 else math.nan
        # The sd of the miss as a line over the level, from the squares of what is left.
        left = np.abs(miss - miss.mean()) ** 2
        level = target[chosen] / top
        design = np.stack((np.ones_like(level), level), axis=1)
        if np.ptp(level) < 0.2:
            variance = float(left.mean()) - sigma**2 - _at_1s_variance(data, lines, which, cells)
            return np.array([shift, growth, sigma, math.sqrt(max(variance, 0.0)) / top, 0.0])
        base = sigma**2 + _at_1s_variance(data, lines, which, cells)
        a, b = _sd_line(left, level, base, design)
        return np.array([shift, growth, sigma, a / top, b / top])

    rng = np.random.default_rng(0)
    everything = np.arange(cells)
    found = moments(everything)
    drawn = np.stack([moments(rng.integers(0, cells, cells)) for _ in range(BOOTSTRAPS)])
    low, high = np.full((2, 5), math.nan)
    for k in range(5):
        known = drawn[np.isfinite(drawn[:, k]), k]
        if known.size > BOOTSTRAPS // 2 and cells > 5:
            low[k], high[k] = np.quantile(known, [0.025, 0.975])
    inner = of_mean(float(found[0]), float(drawn[:, 0].std()), cells - 1)
    low[0], high[0] = inner
    estimates = []
    reasons = {
        "relax_sigma": "needs the targets that the cells were programmed to",
        "program_poly[0]": "needs the targets that the cells were programmed to",
        "program_poly[1]": "needs targets at several levels",
    }
    rows = [("relax_shift", 0, "S"), ("relax_growth", 1, "S"), ("relax_sigma", 2, "S"), ("program_poly[0]", 3, ""),
            ("program_poly[1]", 4, "")]  # fmt: skip
    for name, k, unit in rows:
        value = float(found[k])
        if not (math.isfinite(value) and math.isfinite(low[k])) or cells <= 5:
            why = reasons.get(name, "too few cells")
            estimates.append(Estimate(name, 0.0, math.nan, math.nan, unit, False, why))
            continue
        why = "bootstrap over the cells" if k else "mean of the cells"
        estimates.append(Estimate(name, value, float(low[k]), float(high[k]), unit, why=why))
    values = {one.name: one.value for one in estimates if one.identified and "[" not in one.name}
    poly = tuple(one.value for one in estimates if one.name.startswith("program_poly"))
    bottom = float((target if target is not None else lines.at_1s).min())
    return estimates, {**values, "program_poly": poly, "g_max": top, "g_min": min(bottom, 0.99 * top)}


def _at_1s_variance(data: RetentionRun, lines: _Lines, which: NDArray[np.intp], cells: int) -> float:
    """Variance of a cell's value after 1 s that its fit's own error makes [S2]."""
    logs = np.log(data.time)
    n = np.bincount(which, minlength=cells)
    middle = np.bincount(which, logs, cells) / n
    square = np.bincount(which, (logs - middle[which]) ** 2, cells)
    return float((lines.sd**2 * (1.0 / n + middle**2 / square)).mean())


def _line_covariance(data: RetentionRun, lines: _Lines, which: NDArray[np.intp], cells: int) -> float:
    """Covariance of a cell's slope and its value after 1 s that its fit's own error makes [S2]."""
    logs = np.log(data.time)
    n = np.bincount(which, minlength=cells)
    middle = np.bincount(which, logs, cells) / n
    square = np.bincount(which, (logs - middle[which]) ** 2, cells)
    return float((-(lines.sd**2) * middle / square).mean())


def _sd_line(left: F64, level: F64, base: float, design: F64) -> tuple[float, float]:
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


def _panel(data: RetentionRun, told: F64, which: NDArray[np.intp]) -> Panel:
    """A few cells over time."""
    some = np.isin(which, np.linspace(0, which.max(), 8).astype(int))
    order = np.lexsort((data.time[some], which[some]))
    micro = 1e6
    return Panel(
        "Retention of 8 cells", "time since programming (s)", "conductance (µS)", data.time[some][order],
        micro * data.conductance[some][order], micro * told[some][order], log_x=True,
    )  # fmt: skip
