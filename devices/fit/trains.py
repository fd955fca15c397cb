"""What fits of pulse trains have in common once the likeliest parameters are found: errors, spreads, pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .intervals import LEVEL, population, r_squared
from .joint import Joint
from .places import Places
from .result import Estimate, Panel
from .train_kernels import noiseless_course, train_likelihood
from .train_search import SHOWN, Search

F64 = NDArray[np.float64]

DRAWS = 4000
OUTERMOST = 4.0
"""Sd of a reading that the lowest of thousands lies below the range, or the highest above."""
KNOWN = 0.5
"""Half the width of an interval over its value from which on the data are said not to tell."""


@dataclass(frozen=True)
class Drawn:
    """What the cells have in common, drawn again and again as its errors allow; the first draw is the estimate.

    Attributes
    ----------
    shared : (draws, SHARED), as the kernel takes them
    up, down : mean units, (draws,)
    low, high : mean bounds, (draws,)
    found : the search's
    spreads : estimate, low and high of the sd over cells of: up, down (over their mean), low, high
    told : whether enough cells tell their lower and their upper bound
    """

    shared: F64
    up: F64
    down: F64
    low: F64
    high: F64
    found: Joint
    bound_spreads: tuple[tuple[float, float, float], tuple[float, float, float]]
    told: tuple[bool, bool]


def draw(found: Joint, how: Search, places: Places) -> Drawn:
    """Draws of all that is derived from."""
    rng = np.random.default_rng(0)
    cells = len(found.own)
    root = _root(found.covariance)
    thetas = found.shared + rng.standard_normal((DRAWS, found.shared.size)) @ root.T
    thetas[:, ~np.isfinite(np.diag(found.covariance))] = np.nan
    thetas[0] = found.shared
    means = []
    for k in (0, 1):
        values = np.exp(found.own[:, k] - 0.5 * np.minimum(found.error[:, k], 0.5) ** 2)
        # One error for all: errors in proportion to the estimates would favour the low ones.
        error = float(np.median(values * np.minimum(found.error[:, k], 2.0)))
        means.append(_mean(values, np.full(cells, error), rng))
    bounds, spreads, told = [], [], []
    for k, edge in ((2, 0.0), (3, 1.0)):
        sure = found.error[:, k] < 0.1
        told.append(bool(sure.sum() >= min(3, cells) and sure.sum() >= 0.5 * cells))
        if not told[-1]:
            # The outermost reading, which noise may have put as far out as this.
            within = rng.random(DRAWS) * OUTERMOST * float(np.exp(found.shared[how.free.index(SHOWN)]))
            within[0] = within.mean()
            bounds.append(np.abs(edge - within))
            spreads.append((0.0, math.nan, math.nan))
            continue
        values, errors = found.own[sure, k], found.error[sure, k]
        bounds.append(_mean(values, errors, rng))
        _, sd, _, interval = population(values, own_errors(found, k)[sure])
        spreads.append((sd, *interval))
    shared = np.stack([how.shared(theta) for theta in thetas])
    return Drawn(
        shared, means[0], means[1], bounds[0], bounds[1], found, (spreads[0], spreads[1]), (told[0], told[1])
    )


def _mean(values: F64, errors: F64, rng: np.random.Generator) -> F64:
    """Draws of the mean of a population; the first is the estimate."""
    from scipy.stats import t as student

    if values.size == 1:
        mean, drawn = float(values[0]), values[0] + errors[0] * rng.standard_normal(DRAWS)
    else:
        mean, _, interval, _ = population(values, np.maximum(errors, 1e-12))
        scale = (interval[1] - interval[0]) / 2.0 / float(student.ppf((1 + LEVEL) / 2, values.size - 1))
        drawn = mean + scale * rng.standard_t(values.size - 1, DRAWS)
    made: F64 = drawn
    made[0] = mean
    return made


def _root(covariance: F64) -> F64:
    """Square root of a covariance; what is not known is not drawn."""
    sure = np.where(np.isfinite(covariance), covariance, 0.0)
    values, vectors = np.linalg.eigh(sure)
    root: F64 = vectors * np.sqrt(np.maximum(values, 0.0))
    return root


def told(
    name: str, draws: F64, unit: str = "", why: str = "from the errors of what it follows from"
) -> Estimate:
    """A derived number with the middle 95 % of its draws; one that hangs on what the data do not tell is not told."""
    finite = draws[np.isfinite(draws)]
    if finite.size < 0.9 * draws.size:
        return not_told(name, float(draws[0]), "the likelihood does not tell what it follows from", unit)
    low, high = (float(x) for x in np.quantile(finite, [0.025, 0.975]))
    return Estimate(name, float(draws[0]), low, high, unit, why=why)


def not_told(name: str, value: float, why: str, unit: str = "") -> Estimate:
    """A number that the data say nothing of."""
    return Estimate(name, value, math.nan, math.nan, unit, False, why)


def courses(places: Places, how: Search, found: Joint) -> tuple[F64, F64]:
    """What each reading was expected to be from those before it, and what it was [S]."""
    seen_all, told_all = [], []
    shared = how.shared(found.shared)
    for seen, polarity, mine in zip(places.seen, places.polarity, found.own, strict=True):
        out = np.empty_like(seen)
        units = np.array([math.exp(mine[0]), math.exp(mine[1]), mine[2], mine[3]])
        train_likelihood(seen, polarity, shared, units, how.law, out)
        seen_all.append(seen)
        told_all.append(out)
    back = [places.origin + places.scale * np.concatenate(part) for part in (told_all, seen_all)]
    return back[0], back[1]


def goodness(places: Places, how: Search, found: Joint) -> dict[str, float]:
    """How well it fits, in numbers that other models' can be compared with."""
    told_, seen = courses(places, how, found)
    count = len(how.free) + found.own.size
    scored = sum(int(np.count_nonzero(np.abs(polarity[1:]) == 1)) for polarity in places.polarity)
    twice = 2 * found.negative + scored * (math.log(2 * math.pi) + 2 * math.log(places.scale))
    return {
        "R squared": r_squared(seen, told_),
        "AIC": twice + 2 * count,
        "BIC": twice + count * math.log(max(scored, 1)),
    }


def panels(places: Places, how: Search, found: Joint) -> tuple[Panel, ...]:
    """The first cell and the one of middle range, each with its own course without noise."""
    shared, made, micro = how.shared(found.shared), [], 1e6
    order = np.argsort(found.own[:, 3] - found.own[:, 2])
    for word, at in (("First cell", 0), ("Cell of middle range", int(order[order.size // 2]))):
        seen, mine = places.seen[at], found.own[at]
        course = np.empty_like(seen)
        units = np.array([math.exp(mine[0]), math.exp(mine[1]), mine[2], mine[3]])
        noiseless_course(seen, places.polarity[at], shared, units, course)
        data, model = (micro * (places.origin + places.scale * part) for part in (seen, course))
        made.append(Panel(word, "pulse", "conductance (µS)", np.arange(seen.size, dtype=float), data, model))
    return tuple(made[: 1 + (len(places.seen) > 1)])


def own_errors(found: Joint, k: int) -> F64:
    """Errors of the cells' own k-th parameter but for what an error of the shared ones does to all, (cells,)."""
    found_: F64 = np.sqrt(np.maximum(found.across[:, k, k], 0.0))
    return found_


def relative_spreads(up: F64, down: F64, found: Joint) -> list[Estimate]:
    """`d2d_sigma`, common to both directions, and `up_down_sigma`, opposite."""
    errors = [np.minimum(own_errors(found, k), 3.0) * unit for k, unit in enumerate((up, down))]
    both = found.across[:, 0, 1] * up * down
    a, b = errors[0] ** 2, errors[1] ** 2
    estimates = []
    for name, values, variance in (
        ("d2d_sigma", 0.5 * (up + down), 0.25 * (a + b + 2 * both)),
        ("up_down_sigma", 0.5 * (up - down), 0.25 * (a + b - 2 * both)),
    ):
        _, sd, _, spread = population(values, np.sqrt(np.maximum(variance, 1e-12)))
        estimates.append(Estimate(name, sd, spread[0], spread[1], why="spread of the cells"))
    return estimates
