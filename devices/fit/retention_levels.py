"""Misses of cells some times after programming: `level_rram`, and `charge_trap`, whose mean shifts too."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from htm.pick import BadInput

from .intervals import of_mean
from .result import Estimate
from .retention_profile import Likeliest, Unknown, likeliest
from .retention_runs import Runs, not_told

F64 = NDArray[np.float64]
MOST_TIMES = 6
"""More times than that are thinned out: every one has numbers of its own."""
HIGHEST = 4
"""Highest order of a polynomial over the level."""
LEAST_CELLS = 10
"""Cells that must have been read at a time."""
AKAIKE = 2.0
"""Price of one more coefficient in the choice of an order, which is then raised by one: a polynomial with one too many
still holds the truth, one with one too few does not."""
HEAT = (
    "misses are fitted at one temperature, the nearest to 300 K: their course over time has no law to shift"
)
Found = tuple[list[Estimate], dict[str, Any], F64]


@dataclass(frozen=True)
class Table:
    """Misses of cells that were all read at the same times.

    Attributes
    ----------
    miss : (cells, times) [S]
    times : (times,) [s]
    level, group : of each cell: relative level, and which of the levels, (cells,)
    noise : variance of one read, (cells,) [S2]
    runs : the readings
    """

    miss: F64
    times: F64
    level: F64
    group: NDArray[np.intp]
    noise: F64
    runs: Runs


def table(runs: Runs) -> Table | str:
    """The readings by cell and time; or why that cannot be."""
    if runs.target is None:
        return "misses need the targets that the cells were programmed to"
    if runs.kelvin is not None:
        runs = runs.some(runs.kelvin == runs.reference)
    assert runs.target is not None
    times, column = np.unique(np.round(np.log(runs.time), 9), return_inverse=True)
    g = np.full((runs.cells, times.size), math.nan)
    g[runs.which, column] = runs.g
    if runs.cells < LEAST_CELLS or not np.isfinite(g).all():
        return f"misses need at least {LEAST_CELLS} cells that are all read at the same times"
    level = runs.target / runs.top
    _, group = np.unique(np.round(level, 6), return_inverse=True)
    if group.max() >= 20 or np.bincount(group).min() < 5:  # targets as they come: a few levels stand for all
        edges = np.quantile(level, np.linspace(0.0, 1.0, min(8, runs.cells // 8) + 1)[1:-1])
        group = np.searchsorted(edges, level)
    made = Table(
        g - runs.target[:, None],
        np.exp(times),
        level,
        group.ravel().astype(np.intp),
        np.zeros(runs.cells),
        runs,
    )
    _, noise = made_of_one_draw(made, shifted=True)
    return Table(made.miss, made.times, level, made.group, noise, runs)


def made_of_one_draw(data: Table, *, shifted: bool) -> tuple[F64, F64]:
    """Misses as one number of each cell times one course of its level, and the variance of what that leaves.

    Parameters
    ----------
    shifted : whether the mean of a level may be off its target

    Returns
    -------
    (cells, times) [S], (cells,) [S2]
    """
    model, noise = np.zeros_like(data.miss), np.zeros(data.level.size)
    for one in range(int(data.group.max()) + 1):
        mine = data.group == one
        part = data.miss[mine]
        mean = part.mean(axis=0) if shifted else np.zeros(part.shape[1])
        left, sizes, right = np.linalg.svd(part - mean, full_matrices=False)
        model[mine] = mean + sizes[0] * np.outer(left[:, 0], right[0])
        freedom = (part.shape[0] - 1 - shifted) * (part.shape[1] - 1)
        noise[mine] = float((sizes[1:] ** 2).sum()) / max(freedom, 1)
    return model, noise


def fit_level_rram(data: Table) -> tuple[Found, float]:
    """`LevelRram`: the sd of the misses over the level, at each time; and the fit's information criterion."""
    chosen, top = _thinned(data), data.runs.top
    orders = range(min(HIGHEST, int(data.group.max())) + 1)

    def all_times(order: int) -> list[tuple[F64, F64, float]]:
        return [sd_polynomial(data.miss[:, k], data.level, data.noise, order, top) for k in chosen]

    tried = {order: all_times(order) for order in orders}
    order = min(
        tried, key=lambda one: 2.0 * sum(at[2] for at in tried[one]) + AKAIKE * len(chosen) * (one + 1)
    )
    order = min(order + 1, orders[-1])
    told, polys = [], []
    for number, (numbers, errors, _) in enumerate(tried[order]):
        name = "program_poly" if number == 0 else f"retention[{number - 1}].poly"
        polys.append(tuple(float(x) for x in numbers))
        for power in range(order + 1):
            low, high = of_mean(float(numbers[power]), float(errors[power]), data.level.size - order - 1)
            told.append(
                Estimate(
                    f"{name}[{power}]", float(numbers[power]), low, high, why="curvature of the likelihood"
                )
            )
    told += _common(data)
    later = [
        {"after": float(data.times[k]), "poly": poly} for k, poly in zip(chosen[1:], polys[1:], strict=True)
    ]
    values = {
        **data.runs.range,
        "program_poly": polys[0],
        "program_time": float(data.times[0]),
        "retention": tuple(later),
    }
    sds = [_polynomial(poly, data.level) * top for poly in polys]
    deviance = 2.0 * sum(at[2] for at in tried[order])
    score = deviance + len(chosen) * (order + 1) * math.log(data.level.size)
    return (told, values, _course(data, chosen, [np.zeros_like(data.level)] * len(chosen), sds)), score


def sd_polynomial(miss: F64, level: F64, noise: F64, order: int, top: float) -> tuple[F64, F64, float]:
    """Sd of misses over the range as a polynomial of the level, by Fisher scoring.

    Returns
    -------
    coefficients, standard errors, and the negative log likelihood
    """
    design = np.vander(level, order + 1, increasing=True)
    square, noise = (miss / top) ** 2, np.maximum(noise / top**2, 1e-14)
    numbers = np.zeros(order + 1)
    numbers[0] = math.sqrt(max(float(square.mean() - noise.mean()), 0.05 * float(square.mean()), 1e-12))

    def variance(theta: F64) -> F64:
        whole: F64 = np.maximum(design @ theta, 1e-7) ** 2 + noise
        return whole

    def negative(theta: F64) -> float:
        whole = variance(theta)
        return 0.5 * float((np.log(whole) + square / whole).sum())

    value = negative(numbers)
    root = design
    for _ in range(60):
        sd, whole = np.maximum(design @ numbers, 1e-7), variance(numbers)
        root = (math.sqrt(2.0) * sd / whole)[:, None] * design
        move = np.linalg.lstsq(root, (square - whole) / (math.sqrt(2.0) * whole), rcond=None)[0]
        share = 1.0
        while share > 1e-4 and negative(numbers + share * move) >= value:
            share *= 0.5
        if share <= 1e-4:
            break
        numbers, before = numbers + share * move, value
        value = negative(numbers)
        if before - value < 1e-6:
            break
    errors = np.sqrt(np.maximum(np.diag(np.linalg.pinv(root.T @ root)), 0.0))
    return numbers, errors, value


def fit_charge_trap(data: Table) -> tuple[Found, float]:
    """`ChargeTrap`: shift and sd of the misses over the level, at each time; and the fit's information criterion."""
    chosen = _thinned(data)
    orders = range(-1, min(HIGHEST, int(data.group.max())) + 1)
    told: list[Estimate] = []
    days, shifts, sds, score = [], [], [], 0.0
    for number, k in enumerate(chosen):
        rough = {order: _saturating(data, k, order, sure=False) for order in orders}
        order = min(orders, key=lambda one: 2.0 * rough[one][0] + AKAIKE * (one + 1))
        order = min(order + 1, orders[-1])
        value, found, shift, errors = _saturating(data, k, order, sure=True)
        assert found is not None
        freedom = data.level.size - order - 3
        name = f"days[{number}]"
        estimates = [_renamed(one, name) for one in found.estimates()]
        for power in range(order + 1):
            low, high = of_mean(float(shift[power]), float(errors[power]), freedom)
            estimates.append(
                Estimate(f"{name}.shift_poly[{power}]", float(shift[power]), low, high, why="least squares")
            )
        told += estimates
        sigma, scale = estimates[0].value, estimates[1].value
        after = 0.0 if number == 0 else float(data.times[k])
        days.append(
            {"after": after, "sigma": sigma, "scale": scale, "shift_poly": tuple(float(x) for x in shift)}
        )
        shifts.append(_polynomial(shift, data.level) * data.runs.top)
        sds.append(sigma * -np.expm1(-data.level / scale) * data.runs.top)
        score += 2.0 * value + (order + 3) * math.log(data.level.size)
    told += _common(data)
    told.append(not_told("read_noise_top", 0.0, "one read at a time: repeated reads tell it"))
    values = {**data.runs.range, "days": tuple(days)}
    return (told, values, _course(data, chosen, shifts, sds)), score


def _renamed(one: Estimate, day: str) -> Estimate:
    return Estimate(f"{day}.{one.name}", one.value, one.low, one.high, one.unit, one.identified, one.why)


def _saturating(data: Table, k: int, order: int, *, sure: bool) -> tuple[float, Likeliest | None, F64, F64]:
    """Negative log likelihood of misses with a polynomial mean and the sd ``sigma (1 - exp(-r / scale))``.

    Returns
    -------
    that, the likeliest scale and sigma where `sure`, and the polynomial with its standard errors
    """
    from .retention_profile import most_likely

    top, miss = data.runs.top, data.miss[:, k] / data.runs.top
    noise = np.maximum(data.noise / top**2, 1e-14)
    design = np.vander(data.level, max(order, 0) + 1, increasing=True)[:, : order + 1]

    def variance(theta: F64) -> F64:
        scale, sigma = np.exp(np.clip(theta, -15.0, 15.0))
        whole: F64 = (sigma * -np.expm1(-data.level / scale)) ** 2 + noise
        return whole

    def shift(whole: F64) -> tuple[F64, F64]:
        root = 1.0 / np.sqrt(whole)
        weighted = root[:, None] * design
        found = np.linalg.lstsq(weighted, root * miss, rcond=None)[0]
        errors = np.sqrt(np.maximum(np.diag(np.linalg.pinv(weighted.T @ weighted)), 0.0))
        return np.asarray(found, dtype=np.float64), np.asarray(errors, dtype=np.float64)

    def negative(theta: F64) -> float:
        whole = variance(theta)
        off = miss - design @ shift(whole)[0] if order >= 0 else miss
        return 0.5 * float((np.log(whole) + off**2 / whole).sum())

    size, step = float(miss.std()) + 1e-7, 2.0 / math.sqrt(miss.size)
    asked = (
        Unknown("scale", math.log(0.2), 3.0 * step, "", math.exp),
        Unknown("sigma", math.log(size), step, "", math.exp),
    )
    if not sure:
        at, value = most_likely(negative, asked)
        return value, None, *shift(variance(at))
    found = likeliest(negative, asked, miss.size - order - 3)
    turned = Likeliest(asked[::-1], found.at[::-1], found.negative, found.low[::-1], found.high[::-1])
    return found.negative, turned, *shift(variance(found.at))


def _polynomial(numbers: F64 | tuple[float, ...], level: F64) -> F64:
    whole = np.zeros_like(level)
    for power, number in enumerate(numbers):
        whole = whole + number * level**power
    return whole


def _thinned(data: Table) -> list[int]:
    """The times that get numbers of their own."""
    logs = np.log(data.times)
    wanted = np.linspace(logs[0], logs[-1], min(MOST_TIMES, logs.size))
    return sorted({int(np.argmin(np.abs(logs - one))) for one in wanted})


def _common(data: Table) -> list[Estimate]:
    why = "one temperature only: the temperature has no effect" if data.runs.kelvin is None else HEAT
    return [not_told("activation_energy", 0.0, why, "eV")]


def _course(data: Table, chosen: list[int], shifts: list[F64], sds: list[F64]) -> F64:
    """What each reading of a cell should be, given its one draw, (n,) [S]: straight between the chosen times."""
    assert data.runs.target is not None
    shift, sd = np.stack(shifts, axis=1), np.maximum(np.stack(sds, axis=1), 1e-12 * data.runs.top)
    off = data.miss[:, chosen] - shift
    draw = (off * sd).sum(axis=1) / (sd**2).sum(axis=1)
    at = data.runs.target[:, None] + shift + sd * draw[:, None]
    logs, times = np.log(data.runs.time), np.log(data.times[chosen])
    course = np.empty(data.runs.g.size)
    for cell in range(data.level.size):
        mine = data.runs.which == cell
        course[mine] = np.interp(logs[mine], times, at[cell])
    return np.maximum(course, 0.0)


def needed(found: Table | str) -> Table:
    """The table, or why there is none as a complaint."""
    if isinstance(found, str):
        raise BadInput(f"retention: {found}")
    return found
