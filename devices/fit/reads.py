"""Repeated reads: noise and its law, telegraph noise, and what reading does to a cell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from htm.pick import BadInput

from ..measurements import RepeatedReads
from .intervals import Z, curvature, of_sd, of_share
from .result import Estimate, Fit, Panel

F64 = NDArray[np.float64]
LEAST = 1e-7
"""Relative noise below which readings are the digits of single precision."""
DECIDED = 3.0
"""Difference of log likelihoods from which one law of noise is preferred: odds of 20."""


@dataclass(frozen=True)
class _Readings:
    """Readings over their device's mean, what the model of a device needs."""

    x: F64
    which: NDArray[np.intp]
    level: F64
    devices: int

    def mean(self, values: F64) -> F64:
        """Mean over each device's readings, (devices,)."""
        return np.asarray(
            np.bincount(self.which, values, self.devices) / np.bincount(self.which, minlength=self.devices)
        )


def fit_reads(data: RepeatedReads) -> Fit:
    """Noise of reads, taken to be in proportion to the conductance.

    A device has telegraph noise where two levels explain its readings better than one by BIC. A creep of the readings
    is taken for read disturb, fitted and removed first.

    Parameters
    ----------
    data : readings of cells that nobody programs meanwhile
    """
    names, which = np.unique(data.device, return_inverse=True)
    count = np.bincount(which)
    if count.min() < 5 or data.conductance.size - names.size < 10:
        raise BadInput("reads: needs at least 5 readings of every device, and 10 more than devices")
    level = np.bincount(which, data.conductance) / count
    if (level <= 0.0).any():
        raise BadInput("reads: a device of mean conductance 0 S has no relative noise")
    disturb, trend, notes = _disturb(data, which, level)
    x = data.conductance / trend
    readings = _Readings(x, which, level, names.size)
    flickers = _flickering(readings)
    estimates: list[Estimate] = []
    values: dict[str, Any] = {}
    if flickers.any():
        found = _telegraph(readings, flickers)
        estimates += found
        values |= {one.name: one.value for one in found}
        values["read_law"] = "gaussian"
        sigma = found[0].value
    else:
        sigma = _pooled(readings)
        freedom = x.size - names.size
        low, high = of_sd(sigma, freedom)
        if sigma < LEAST:
            sigma = low = high = 0.0
        law, said = _law(readings, sigma)
        notes.append(said)
        if law == "log_normal":  # its sigma is that of the logarithm
            logs = np.log(x)
            off = logs - readings.mean(logs)[which]
            sigma = math.sqrt(float((off**2).sum()) / freedom)
            low, high = of_sd(sigma, freedom)
        estimates.append(Estimate("read_sigma", sigma, low, high, why="pooled over the devices"))
        share = of_share(0, names.size)
        estimates.append(Estimate("rtn_fraction", 0.0, *share, why="no device shows two levels"))
        estimates += [
            Estimate(name, math.nan, math.nan, math.nan, "", False, "no device shows two levels")
            for name in ("rtn_amplitude", "rtn_power", "rtn_duty")
        ]
        values |= {"read_sigma": sigma, "read_law": law, "rtn_fraction": 0.0}
    estimates.append(disturb)
    if disturb.identified:
        values["disturb_share"] = disturb.value
    notes += _changes(data, readings)
    identified = [one for one in estimates if one.identified]
    return Fit(
        kind="reads",
        model="",
        values=values,
        estimates=(*identified, *(one for one in estimates if not one.identified)),
        goodness={"relative sd of all readings": float((x - readings.mean(x)[which]).std()), "read_sigma": sigma},
        panels=(_panel(readings, values),),
        notes=tuple(notes),
    )  # fmt: skip


def _pooled(readings: _Readings) -> float:
    """Relative sd of a read, over all devices."""
    off = readings.x / readings.mean(readings.x)[readings.which] - 1.0
    return math.sqrt(float((off**2).sum()) / (off.size - readings.devices))


# Read disturb ---------------------------------------------------------------------------------------------


def _disturb(data: RepeatedReads, which: NDArray[np.intp], level: F64) -> tuple[Estimate, F64, list[str]]:
    """`disturb_share`, the course of the mean of every reading [S], and what is to be said."""
    from scipy.optimize import minimize_scalar

    flat = level[which]
    first = np.full(level.size, np.iinfo(np.int64).max)
    np.minimum.at(first, which, data.read)
    before = (data.read - first[which]).astype(float)  # reads that the cell had seen
    centred = before - (np.bincount(which, before) / np.bincount(which))[which]
    relative = data.conductance / flat - 1.0
    slope = float((centred * relative).sum() / (centred**2).sum())
    noise = relative - slope * centred
    error = math.sqrt(float((noise**2).mean()) / float((centred**2).sum()))
    if abs(slope) < max(4.0 * error, LEAST / max(float(np.ptp(before)), 1.0)) or slope < 0.0:
        low, high = 0.0, max(0.0, slope) + Z * error
        why = "no creep; the interval's end is for cells far below g_max"
        notes = (
            []
            if slope > -4.0 * error
            else ["readings fall with their number: not a disturb that this models"]
        )
        return Estimate("disturb_share", 0.0, low, high, why=why), flat, notes

    def course(share: float) -> tuple[F64, float]:
        """Best course for a share, and its sum of squared relative errors."""
        left = (1.0 - share) ** before
        # g = g_max (1 - left) + g_0 left, relative to the level; g_0 of each device is solved for given g_max.
        a, b, y = (1.0 - left) / flat, left / flat, data.conductance / flat
        bb, by, ba = (np.bincount(which, b * other) for other in (b, y, a))
        free = a - b * (ba / bb)[which]
        rest = y - b * (by / bb)[which]
        top = float((free * rest).sum() / max(float((free * free).sum()), 1e-300))
        start = (by - top * ba) / bb
        told = top * (1.0 - left) + start[which] * left
        return told, float((((data.conductance - told) / flat) ** 2).sum())

    most = float(before.max())
    grid = np.geomspace(1e-4 / most, min(20.0 / most, 0.9), 60)
    best = grid[int(np.argmin([course(share)[1] for share in grid]))]
    found = minimize_scalar(
        lambda log: course(math.exp(log))[1],
        bounds=(math.log(best) - 0.5, min(math.log(best) + 0.5, math.log(0.99))), method="bounded",
        options={"xatol": 1e-7},
    )  # fmt: skip
    share = math.exp(float(found.x))
    told, squares = course(share)
    variance = squares / (told.size - level.size - 2)
    step = 0.02
    around = [course(share * math.exp(shift))[1] for shift in (-step, step)]
    bend = (around[0] + around[1] - 2 * squares) / step**2 / (2 * variance)
    wide = Z / math.sqrt(bend) if bend > 0.0 else math.inf
    if wide > 0.7:
        why = (
            "the readings creep, but too straight to tell how far from g_max: measure cells of several levels"
        )
        return Estimate("disturb_share", 0.0, math.nan, math.nan, "", False, why), told, []
    low, high = share * math.exp(-wide), share * math.exp(wide)
    return Estimate("disturb_share", share, low, high, why="profile of the creep"), told, []


# Law of the noise -----------------------------------------------------------------------------------------


def _law(readings: _Readings, sigma: float) -> tuple[str, str]:
    """Gaussian or log-normal, and how sure that is."""
    if sigma < LEAST:
        return "gaussian", "no noise: the readings of a device are the same"
    x = readings.x
    logs = np.log(np.maximum(x, 1e-300))
    off_log = logs - readings.mean(logs)[readings.which]
    off = x / readings.mean(x)[readings.which] - 1.0
    # Both densities at each one's own best sd; the Jacobian of the logarithm is 1 / x.
    gaussian = -x.size * math.log(off.std()) - float(np.log(readings.mean(x)[readings.which]).sum())
    normal = -x.size * math.log(off_log.std()) - float(logs.sum())
    if (x <= 0).any():
        return "gaussian", "some readings are not positive, which no log-normal noise makes"
    if normal - gaussian > DECIDED:
        return (
            "log_normal",
            f"log-normal noise, {normal - gaussian:.1f} better in log likelihood than Gaussian",
        )
    if gaussian - normal > DECIDED:
        return "gaussian", f"Gaussian noise, {gaussian - normal:.1f} better in log likelihood than log-normal"
    return "gaussian", "the law of the noise is undecided: Gaussian is kept"


# Telegraph noise ------------------------------------------------------------------------------------------


def _flickering(readings: _Readings) -> NDArray[np.bool_]:
    """Devices whose readings have two levels, by BIC with three parameters more."""
    found = np.zeros(readings.devices, dtype=np.bool_)
    for one in range(readings.devices):
        x = readings.x[readings.which == one]
        sd = float(x.std())
        if sd < LEAST:
            continue
        single = -x.size * math.log(sd) - 0.5 * x.size
        if (x > 0).all():  # a skewed law must not pass for two levels
            logs = np.log(x)
            single = max(single, -x.size * (math.log(float(logs.std())) + 0.5) - float(logs.sum()))
        found[one] = 2 * (_two_levels(x) - single) > 3 * math.log(x.size) + 10.0
    return found


def _two_levels(x: F64) -> float:
    """Log likelihood (without constants) of two levels with a common sd, by EM from three starts."""
    best = -math.inf
    for share in (0.5, 0.2, 0.8):
        low, high = np.quantile(x, [0.5 * share, 1 - 0.5 * (1 - share)])
        sd, weight = max(float(x.std()) * 0.5, LEAST), share
        for _ in range(30):
            a = -0.5 * ((x - low) / sd) ** 2 + math.log(weight)
            b = -0.5 * ((x - high) / sd) ** 2 + math.log(1 - weight)
            top = np.maximum(a, b)
            total = top + np.log(np.exp(a - top) + np.exp(b - top))
            r = np.exp(a - total)
            weight = float(np.clip(r.mean(), 0.02, 0.98))
            low, high = float((r * x).sum() / r.sum()), float(((1 - r) * x).sum() / (1 - r).sum())
            spread = float((r * (x - low) ** 2 + (1 - r) * (x - high) ** 2).mean())
            sd = max(math.sqrt(spread), 0.02 * float(x.std()), LEAST)
        best = max(best, float(total.sum()) - x.size * math.log(sd))
    return best


def _telegraph(readings: _Readings, flickers: NDArray[np.bool_]) -> list[Estimate]:
    """Noise and telegraph noise together, by maximum likelihood; each device's level is profiled out."""
    from scipy.optimize import minimize

    x, which, level = readings.x, readings.which, readings.level
    trapped = flickers[which]
    top = float(level.max())
    levels = level[flickers]
    several = levels.size > 3 and float(levels.max() / levels.min()) > 1.5

    def negative(theta: F64) -> float:
        sigma, duty = math.exp(theta[0]), 1.0 / (1.0 + math.exp(-theta[1]))
        power = theta[3] if several else 0.0
        step = np.minimum(math.exp(theta[2]) * (top / level) ** power, 0.999)[which] * trapped
        lower = 1.0 - step / (1.0 + step * duty)  # of the upper level
        high = readings.mean(x) * (1.0 + np.bincount(which, step * duty) / np.bincount(which))
        for _ in range(3):
            a, b = _densities(x, high[which], lower, sigma, duty, trapped)
            r = 1.0 / (1.0 + np.exp(np.clip(a - b, -500, 500)))  # of the lower level
            high = readings.mean((1 - r) * x + r * x / lower)
        a, b = _densities(x, high[which], lower, sigma, duty, trapped)
        return -float(np.logaddexp(a, b).sum())

    start = np.array([math.log(max(_pooled(readings) * 0.6, LEAST)), 0.0, math.log(0.1), 0.3])[
        : 4 if several else 3
    ]
    spreads = readings.mean((x / readings.mean(x)[which] - 1.0) ** 2)
    plain = spreads[~flickers].mean() if (~flickers).any() else spreads.min() * 0.5
    start[0] = 0.5 * math.log(max(float(plain), LEAST**2))
    start[2] = math.log(
        np.clip(2.0 * math.sqrt(max(float(np.median(spreads[flickers])) - plain, 1e-12)), 1e-4, 0.9)
    )
    tries = [
        minimize(negative, start + np.r_[0.0, shift, 0.0, 0.0][: start.size], method="Nelder-Mead",
                 options={"maxiter": 600, "xatol": 1e-4, "fatol": 1e-4})
        for shift in (0.0, -1.5, 1.5)
    ]  # fmt: skip
    best = min(tries, key=lambda one: one.fun)
    theta = np.asarray(best.x, dtype=np.float64)
    errors = np.sqrt(np.diag(curvature(negative, theta, np.full(theta.size, 2e-2))))
    unbiased = math.sqrt(x.size / (x.size - readings.devices))

    def told(name: str, i: int, back: Any, scale: float = 1.0) -> Estimate:
        error = min(errors[i], 50.0)  # beyond it nothing is known, and the exponential would overflow
        low, value, high = (scale * back(theta[i] + side * Z * error) for side in (-1, 0, 1))
        return Estimate(name, float(value), float(low), float(high), why="likelihood of two levels")

    share = float(flickers.mean())
    estimates = [
        told("read_sigma", 0, math.exp, unbiased),
        Estimate(
            "rtn_fraction",
            share,
            *of_share(int(flickers.sum()), flickers.size),
            why="devices with two levels",
        ),
        told("rtn_amplitude", 2, lambda t: min(math.exp(t), 1.0)),
        told("rtn_duty", 1, lambda t: 1.0 / (1.0 + math.exp(-t))),
    ]
    if several:
        estimates.append(told("rtn_power", 3, float))
        return estimates
    why = "too few levels of conductance with telegraph noise"
    return [*estimates, Estimate("rtn_power", 0.0, math.nan, math.nan, "", False, why)]


def _densities(
    x: F64, high: F64, lower: F64, sigma: float, duty: float, trapped: NDArray[np.bool_]
) -> tuple[F64, F64]:
    """Log densities of the upper and the lower level, weights included."""
    sd, low = sigma * high, high * lower
    upper = -0.5 * ((x - high) / sd) ** 2 - np.log(sd) + np.where(trapped, math.log1p(-duty), 0.0)
    under = -0.5 * ((x - low) / (sigma * low)) ** 2 - np.log(sigma * low)
    return upper, np.where(trapped, under + math.log(duty), -1e9)


# What is said and drawn -----------------------------------------------------------------------------------


def _changes(data: RepeatedReads, readings: _Readings) -> list[str]:
    """Notes on noise that is not the same everywhere."""
    notes = []
    off = readings.x / readings.mean(readings.x)[readings.which] - 1.0
    sd = np.sqrt(readings.mean(off**2))
    if readings.devices >= 6 and readings.level.max() > 1.5 * readings.level.min() and (sd > LEAST).all():
        slope, cov = np.polyfit(np.log(readings.level), np.log(sd), 1, cov=True)
        if abs(slope[0]) > 4.0 * math.sqrt(cov[0, 0]):
            notes.append(
                f"noise over the conductance goes as its power {slope[0]:.2f}: not proportional, read_sigma is a mean"
            )
    if data.time is not None and np.unique(data.time).size > 3:
        half = np.median(data.time)
        early, late = (float(off[part].std()) for part in (data.time <= half, data.time > half))
        if early > LEAST and late > 1.2 * early:
            notes.append(
                f"noise grows with time: {100 * early:.3g} % before {half:g} s, {100 * late:.3g} % after"
            )
    return notes


def _panel(readings: _Readings, values: dict[str, Any]) -> Panel:
    """Quantiles of the readings over their device's mean, against those of the fitted law."""
    rng = np.random.default_rng(0)
    from ..ideal import IdealDevice

    top = float(readings.level.max())
    known = {name: value for name, value in values.items() if value == value}
    device = IdealDevice(g_min=0.0, g_max=top, **known)
    cells = device.fabricate((1, 20_000), rng)
    cells.g[:] = float(np.median(readings.level))
    seen = np.sort(device.read(cells, ..., rng).ravel().astype(float))
    seen /= seen.mean()
    measured = np.sort(readings.x / readings.mean(readings.x)[readings.which])
    share = np.linspace(0.002, 0.998, 120)
    return Panel(
        "Reads over their device's mean", "share of reads below", "read / mean", share,
        np.asarray(np.quantile(measured, share), dtype=np.float64),
        np.asarray(np.quantile(seen, share), dtype=np.float64),
    )  # fmt: skip
