"""Pulse trains of bent steps between hard bounds: what the fits of such models have in common."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from htm.pick import BadInput

from ..measurements import PulseTrains
from .intervals import LEVEL, population, r_squared
from .joint import Joint, maximise
from .result import Estimate, Panel
from .train_kernels import NOISE, OWN, SOFT, noiseless_course, train_likelihood

F64 = NDArray[np.float64]

SHARED = SOFT + 2
DRAWS = 4000
LEAST_PULSES = 10
"""Pulses of each polarity that a cell must have."""
PILOT = 4
"""Cells that a choice between laws is made on."""
KNOWN = 0.5
"""Half the width of an interval over its value from which on the data are said not to tell."""
C2C, SHOWN = NOISE, NOISE + 3
BLURRED, MOST_BLURRED = 0.02, 15
"""Sd of a reading, of the range, that a search begins with, and steps that it takes so."""
BAD = 1e12
"""Minus the log likelihood of parameters that cannot be."""
WORTH = 0.5
"""Of log likelihood, for which a bound is moved elsewhere."""
CANDIDATES = np.linspace(0.05, 0.95, 13)
"""Quantiles of a train's last readings that its bound may be at."""
LOGS = (C2C, SHOWN, NOISE + 1, NOISE + 2)
"""Shared numbers that are searched for by their logarithm."""


@dataclass(frozen=True)
class Cell:
    """One cell's readings in the order of time."""

    seen: F64
    polarity: NDArray[np.int64]


def cells_of(data: PulseTrains) -> list[Cell]:
    """Readings by cell, in the order of cycle and pulse."""
    order = np.lexsort((data.pulse, data.cycle, data.device))
    device = data.device[order]
    cells = []
    for one in np.unique(device):
        mine = order[device == one]
        cells.append(Cell(data.conductance[mine].astype(float), data.polarity[mine].astype(np.int64)))
    for cell in cells:
        for sign, word in ((1, "SET"), (-1, "RESET")):
            n = int((cell.polarity == sign).sum())
            if n < LEAST_PULSES:
                raise BadInput(f"pulses: needs at least {LEAST_PULSES} {word} pulses of every cell, got {n}")
    return cells


@dataclass(frozen=True)
class Places:
    """Readings as shares of the range between the lowest and the highest of all.

    Attributes
    ----------
    seen, polarity : of each cell, in the order of time
    origin, scale : place 0 and the whole range [S]
    """

    seen: Sequence[F64]
    polarity: Sequence[NDArray[np.int64]]
    origin: float
    scale: float

    @classmethod
    def of(cls, data: PulseTrains, *, restarts: bool = False) -> Places:
        """Places of all cells; with `restarts`, what follows a RESET is a fresh start."""
        cells = cells_of(data)
        low, high = float(data.conductance.min()), float(data.conductance.max())
        scale = high - low or 1.0
        return cls(
            [(cell.seen - low) / scale for cell in cells],
            [np.where(cell.polarity < 0, 2, cell.polarity) if restarts else cell.polarity for cell in cells],
            low, scale,
        )  # fmt: skip


@dataclass(frozen=True)
class Search:
    """Which shared numbers are free, what the others are, and the law of the noise."""

    free: tuple[int, ...]
    fixed: Mapping[int, float]
    law: int = OWN

    def shared(self, theta: F64) -> F64:
        """All shared numbers, as the kernel takes them."""
        full = np.zeros(SHARED)
        full[NOISE + 4] = 0.5
        for at, value in self.fixed.items():
            full[at] = value
        for at, value in zip(self.free, theta, strict=True):
            full[at] = math.exp(min(max(value, -40.0), 20.0)) if at in LOGS and value == value else value
        return full


def search(places: Places, how: Search, shared: F64, own: F64, most: int = 60) -> Joint:
    """The likeliest parameters from a first guess of the free ones, in `most` steps.

    Where readings are taken to be blurred at first, the likelihood is smooth: what is found so is a better first guess.
    """
    blurred, free = replace(how, fixed={**how.fixed, SHOWN: BLURRED}), np.array(how.free) != SHOWN
    if math.exp(shared[~free][0]) < BLURRED and most > MOST_BLURRED:
        blurred = replace(blurred, free=tuple(at for at in how.free if at != SHOWN))
        found = _search(places, blurred, shared[free], own, MOST_BLURRED)
        own, shared = found.own, shared.copy()
        shared[free] = found.shared
        shared[~free] = math.log(BLURRED)
    return _search(places, how, shared, own, most)


def _search(places: Places, how: Search, shared: F64, own: F64, most: int) -> Joint:
    nothing = np.empty(0)
    steps = np.array([3e-3 if at in LOGS else 1e-3 for at in how.free] + [1e-3, 1e-3, 5e-4, 5e-4])

    def negative(cell: int, theta: F64, mine: F64) -> float:
        units = np.array([math.exp(min(mine[0], 5.0)), math.exp(min(mine[1], 5.0)), mine[2], mine[3]])
        if units[2] >= units[3]:
            return BAD
        seen = places.seen[cell]
        value: float = train_likelihood(
            seen, places.polarity[cell], how.shared(theta), units, how.law, nothing
        )
        return value if abs(value) < BAD else BAD

    def leap(theta: F64, mine: F64) -> F64 | None:
        """Bounds at readings that a train ends with: where noise is small, no slope leads to them."""
        moved = mine.copy()
        for cell, both in enumerate(ends):
            least = negative(cell, theta, moved[cell])
            for k, candidates in zip((2, 3), both, strict=True):
                for x in candidates:
                    trial = moved[cell].copy()
                    trial[k] = x
                    value = negative(cell, theta, trial)
                    if value < least - WORTH:
                        least, moved[cell] = value, trial
        return None if (moved == mine).all() else moved

    ends = [
        [_candidates(seen, polarity, sign) for sign in (-1, 1)]
        for seen, polarity in zip(places.seen, places.polarity, strict=True)
    ]
    # Soft bounds bend the whole course; hard ones are only met at the ends.
    return maximise(negative, shared, own, steps, most, 4 if SOFT in how.fixed else 2, leap)


def first_units(places: Places, rises: F64, falls: F64) -> tuple[F64, float, float]:
    """First guess of each cell's log units and bounds, and of log c2c and log shown noise.

    Parameters
    ----------
    rises, falls : s, k, kappa, least of the two directions
    """
    own, noise, shown = [], [], []
    for seen, polarity in zip(places.seen, places.polarity, strict=True):
        change, before = np.diff(seen), seen[:-1]
        units: list[float] = []
        for sign, bent, v in ((1, rises, before), (-1, falls, 1.0 - before)):
            at = polarity[1:] == sign
            if not at.any():
                units.append(units[0] if units else 1e-2)
                continue
            bend = 1.0 - bent[0] * (v - 0.5) - bent[1] * np.exp(bent[2] * (v - 0.5))
            shape = np.maximum(bend / (1.0 - bent[1]), 0.02)[at]
            inside = (seen[:-1][at] > seen.min() + 0.05) & (seen[:-1][at] < seen.max() - 0.05)
            kept = inside if inside.sum() > 5 else np.ones_like(inside)
            unit = float((sign * change[at][kept] * shape[kept]).sum() / (shape[kept] ** 2).sum())
            units.append(max(unit, 1e-4))
            rest = change[at][kept] - sign * unit * shape[kept]
            noise.append(float(rest.var()))
            pairs = rest[1:] * rest[:-1]
            shown.append(max(-float(pairs.mean()) if pairs.size else 0.0, 1e-9))
        low, high = (_end(seen, polarity, sign) for sign in (-1, 1))
        own.append([math.log(units[0]), math.log(units[1]), low, high])
    reading = math.sqrt(max(float(np.mean(shown)), 1e-8))
    pulse = math.sqrt(max(float(np.mean(noise)) - 2 * reading**2, 0.05 * float(np.mean(noise)), 1e-12))
    made = np.array(own)
    return made, math.log(pulse / math.exp(float(made[:, :2].mean()))), math.log(reading)


def _trains_to(seen: F64, polarity: NDArray[np.int64], sign: int) -> list[NDArray[np.intp]]:
    """Numbers of the readings of each train of ten pulses and more of `sign`."""
    edges = np.flatnonzero(np.diff((polarity == sign).astype(int))) + 1
    return [
        one for one in np.split(np.arange(seen.size), edges) if polarity[one[0]] == sign and one.size >= 10
    ]


def _lasts(seen: F64, trains: Sequence[NDArray[np.intp]]) -> list[F64]:
    return [seen[one[-max(one.size // 5, 6) :]] for one in trains]


def _candidates(seen: F64, polarity: NDArray[np.int64], sign: int) -> F64:
    """Where the bound may be that pulses of `sign` lead to: among the last readings of its trains, or beyond all."""
    beyond = float(sign * (sign * seen).max()) + sign * 0.05
    trains = _trains_to(seen, polarity, sign)
    if not trains:
        return np.array([beyond])
    return np.append(np.quantile(np.concatenate(_lasts(seen, trains)), CANDIDATES), beyond)


def _end(seen: F64, polarity: NDArray[np.int64], sign: int) -> float:
    """First guess of the bound that pulses of `sign` lead to: where the last of a train stand still, or beyond all."""
    trains = _trains_to(seen, polarity, sign)
    if not trains:
        return float(sign * (sign * seen).max()) + sign * 0.05
    lasts = _lasts(seen, trains)
    whole = float(np.mean([abs(seen[one[-1]] - seen[one[0]]) / one.size for one in trains]))
    halves = [(last[: last.size // 2], last[last.size // 2 :]) for last in lasts]
    moves = [
        2.0 * sign * float(later.mean() - sooner.mean()) / (later.size + sooner.size)
        for sooner, later in halves
    ]
    if float(np.mean(moves)) < 0.25 * whole:
        rest, spread = (float(np.mean([f(last) for last in lasts])) for f in (np.mean, np.std))
        return rest + sign * 0.5 * spread
    return float(sign * (sign * seen).max()) + sign * 0.05


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
            bounds.append(np.full(DRAWS, edge))
            spreads.append((0.0, math.nan, math.nan))
            continue
        values, errors = found.own[sure, k], found.error[sure, k]
        bounds.append(_mean(values, errors, rng))
        _, sd, _, interval = population(values, errors)
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


def relative_spreads(up: F64, down: F64, error: F64, covariance: F64) -> list[Estimate]:
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
