"""Likelihood of cells that drift by a power law from a common time on: exponents, programming misses, temperature."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .retention_profile import Likeliest, Unknown, likeliest, most_likely
from .retention_runs import Lines, Runs, lines, same_variance

F64 = NDArray[np.float64]
Law = Callable[[F64], float]
KINDS = ("flat", "line", "clipped")
"""Curves over the logarithm of the relative level: a constant, a line, a line that stops at a least value."""
AKAIKE = 2.0
"""Price of one more parameter of a curve, of twice its log likelihood (Akaike's information criterion): the shape
that wins is then taken one richer, for a curve with a number too many still holds the truth, one with too few not."""
MOST_BENDS = 8
"""Places at which the bend of a clipped line is tried first."""
SMALLEST = 1e-6
"""Least sd of exponents and of misses over the range: keeps likelihoods finite."""


def curve(kind: str, numbers: Sequence[float] | F64, log_r: F64) -> F64:
    """``intercept``; ``+ slope ln r``; or ``max(low, that)``, numbers in the order intercept, slope, low."""
    made = np.full(log_r.shape, float(numbers[0]))
    if kind != "flat":
        made = made + numbers[1] * log_r
    if kind == "clipped":
        made = np.maximum(made, float(numbers[2]))
    return made


@dataclass(frozen=True)
class Cells:
    """Readings and what does not change in a search.

    Attributes
    ----------
    log_t, y, variance : of each reading: ln t, ln g of which half the variance is added, its variance, (n,)
    level : each cell's relative level, (cells,)
    knees : when each cell is seen to begin to drift, (cells,) [ln s]; -inf where it is not
    known : the last lines, which a search asks for again and again
    """

    runs: Runs
    log_t: F64
    y: F64
    variance: F64
    level: F64
    knees: F64
    known: dict[tuple[float, float], Lines] = field(default_factory=dict)

    @property
    def log_r(self) -> F64:
        logs: F64 = np.log(np.maximum(self.level, 1e-7))
        return logs

    @property
    def several(self) -> int:
        """Number of different levels."""
        return int(np.unique(np.round(self.log_r, 2)).size)

    @property
    def knee_seen(self) -> bool:
        """Whether cells are seen to stand still before they drift."""
        return bool(np.isfinite(self.knees).any())

    def drifting(self) -> Lines:
        """Lines over ln t from where each cell is seen to drift."""
        return lines(self.runs, np.maximum(self.log_t, self.knees[self.runs.which]), self.y, self.variance)

    def lines(self, log_t0: float, energy: float) -> Lines:
        """Lines over the logarithm of the time since drift began: flat before."""
        at = (log_t0, energy)
        if at not in self.known:
            x = self.log_t + (energy * self.runs.inverse)[self.runs.which] - log_t0
            self.known.clear()
            self.known[at] = lines(self.runs, np.maximum(x, 0.0), self.y, self.variance)
        return self.known[at]


def prepare(runs: Runs) -> Cells:
    """Cells with the variances of their readings, and when they are seen to begin to drift."""
    log_t, y = np.log(runs.time), np.log(runs.g)
    target = runs.target if runs.target is not None else np.exp(runs.sums(y) / np.bincount(runs.which))
    level = target / runs.top
    knees = np.full(runs.cells, -math.inf)
    for kelvin in np.unique(runs.kelvin) if runs.kelvin is not None else (None,):
        chosen = np.ones(runs.cells, dtype=bool) if runs.kelvin is None else runs.kelvin == kelvin
        kept = chosen[runs.which]
        knees[chosen] = knee(runs.some(chosen), log_t[kept], y[kept])
    x = np.maximum(log_t, knees[runs.which])
    variance = _variances(runs, x, y, level)
    return Cells(runs, log_t, y + 0.5 * variance, variance, level, knees)


def knee(runs: Runs, log_t: F64, y: F64) -> float:
    """Where readings that first stand still begin to drift [ln s]: the knee that leaves least; -inf: they do not."""
    moments = np.unique(log_t)
    if moments.size < 4:
        return -math.inf
    knees = np.linspace(moments[0], moments[-2], 41)

    def left(knee: float) -> float:
        rest = lines(runs, np.maximum(log_t, knee), y, np.ones_like(y)).rest
        return float((rest**2).sum()) + 1e-14 * y.size

    found = [left(float(knee)) for knee in knees]
    at = int(np.argmin(found))
    gain = y.size * math.log(found[0] / found[at])
    return float(knees[at]) if gain > math.log(y.size) + 10.0 else -math.inf


def _variances(runs: Runs, x: F64, y: F64, level: F64) -> F64:
    """Variance of each reading, as a power of its cell's level: a log-linear fit of the squares that lines leave."""
    variance = same_variance(runs, x, y)
    count = np.bincount(runs.which)
    squares = lines(runs, x, y, variance).rest ** 2 / np.maximum(1.0 - 2.0 / count[runs.which], 0.2)
    log_r = np.log(np.maximum(level, 1e-7))[runs.which]
    if np.ptp(log_r) < 0.2:
        return variance
    design = np.stack((np.ones_like(log_r), log_r - log_r.mean()), axis=1)
    told = np.array([math.log(float(variance[0])), 0.0])
    for _ in range(30):  # Fisher scoring of a Gamma law with a logarithmic link
        now = np.clip(design @ told, -60.0, 10.0)
        move = np.linalg.lstsq(design, squares / np.exp(now) - 1.0, rcond=None)[0]
        told = told + np.clip(move, -1.0, 1.0)
    floor = 1e-14 * float((y**2).mean())
    found: F64 = np.maximum(np.exp(np.clip(design @ told, -60.0, 10.0)), floor)
    return found


@dataclass(frozen=True)
class Exponents:
    """Mean and sd over cells of the drift exponent, as curves over the level.

    Attributes
    ----------
    mean, sd : of each cell's level, (cells,)
    kinds : of the two curves, of `KINDS`
    found : their parameters, by ``mean`` and ``sd``
    """

    mean: F64
    sd: F64
    kinds: tuple[str, str]
    found: tuple[Likeliest, Likeliest]


def exponents(cells: Cells, price: float = AKAIKE) -> Exponents:
    """Curves of the exponent, each the best of `KINDS` at a price of each parameter, with intervals.

    The slopes of the cells' lines are normal with the variance over cells and that of their errors. Mean and variance
    are found in turn: of a normal law, neither tells of the other.
    """
    fit = cells.drifting()
    nu, error = -fit.slope, fit.slope_variance
    kinds = KINDS[: cells.several]
    mean = np.full(nu.shape, np.average(nu, weights=1.0 / (error + nu.var())))
    sd = np.full(
        nu.shape, math.sqrt(max(float(nu.var() - error.mean()), 0.02 * float(nu.var()), SMALLEST**2))
    )
    chosen = ["flat", "flat"]

    def of_mean(kind: str) -> Law:
        return lambda theta: _normal(nu - curve(kind, theta, cells.log_r), sd**2 + error)

    def of_sd(kind: str) -> Law:
        return lambda theta: _normal(
            nu - mean, np.maximum(curve(kind, theta, cells.log_r), SMALLEST) ** 2 + error
        )

    for _ in range(2):
        size = float(sd.mean()) / math.sqrt(cells.runs.cells)
        chosen[0], asked_mean = _choose(of_mean, kinds, "drift_nu_mean", mean, 3.0 * size, cells, price)
        mean = curve(chosen[0], [one.start for one in asked_mean], cells.log_r)
        chosen[1], asked_sd = _choose(of_sd, kinds, "drift_nu_sd", sd, 3.0 * size, cells, price)
        sd = np.maximum(curve(chosen[1], [one.start for one in asked_sd], cells.log_r), SMALLEST)
    if price == AKAIKE:
        asked_mean = _richer(of_mean, chosen, 0, asked_mean, cells)
        mean = curve(chosen[0], [one.start for one in asked_mean], cells.log_r)
        asked_sd = _richer(of_sd, chosen, 1, asked_sd, cells)
        sd = np.maximum(curve(chosen[1], [one.start for one in asked_sd], cells.log_r), SMALLEST)
    freedom = cells.runs.cells - len(asked_mean) - len(asked_sd)
    found = (
        likeliest(of_mean(chosen[0]), asked_mean, freedom, _valleys(of_mean, chosen[0], asked_mean, cells)),
        likeliest(of_sd(chosen[1]), asked_sd, freedom, _valleys(of_sd, chosen[1], asked_sd, cells)),
    )
    return Exponents(mean, sd, (chosen[0], chosen[1]), found)


def _richer(
    law: Callable[[str], Law], chosen: list[str], at: int, asked: tuple[Unknown, ...], cells: Cells
) -> tuple[Unknown, ...]:
    """A line turned into one that may stop, where there are levels enough to see it."""
    if chosen[at] != "line" or cells.several < 4:
        return asked
    chosen[at] = "clipped"
    now = curve("line", [one.start for one in asked], cells.log_r)
    return _choose(law, ("clipped",), asked[0].name.partition(".")[0], now, asked[0].step, cells, 0.0)[1]


def _valleys(law: Callable[[str], Law], kind: str, asked: tuple[Unknown, ...], cells: Cells) -> list[F64]:
    """Other places where a clipped line is nearly as likely: its bend between other levels."""
    if kind != "clipped":
        return []
    at = np.array([one.start for one in asked])
    now, least = curve(kind, at, cells.log_r), law(kind)(at)
    found = [
        most_likely(law(kind), one)
        for one in _starts(kind, asked[0].name.partition(".")[0], now, asked[0].step, cells)
    ]
    return [
        place
        for place, value in found
        if value < least + 4.0 and np.abs(place - at).max() > 0.1 * asked[0].step
    ]


def _normal(off: F64, variance: F64) -> float:
    """Log likelihood of independent normal deviations, its sign turned; constants left out."""
    return 0.5 * float((np.log(variance) + off**2 / variance).sum())


def _choose(
    law: Callable[[str], Law],
    kinds: Sequence[str],
    name: str,
    now: F64,
    step: float,
    cells: Cells,
    price: float,
) -> tuple[str, tuple[Unknown, ...]]:
    """The kind of least deviance and price, and its parameters, which begin where they are likeliest."""
    best: tuple[float, str, tuple[Unknown, ...]] | None = None
    for kind in kinds:
        for asked in _starts(kind, name, now, step, cells):
            at, value = most_likely(law(kind), asked)
            score = 2.0 * value + price * len(asked)
            if best is None or score < best[0]:
                best = (
                    score,
                    kind,
                    tuple(replace(one, start=float(x)) for one, x in zip(asked, at, strict=True)),
                )
    assert best is not None
    return best[1], best[2]


def _starts(kind: str, name: str, now: F64, step: float, cells: Cells) -> list[tuple[Unknown, ...]]:
    """First guesses of a curve's parameters: of a clipped one, with its bend at several levels, falling or rising."""
    slope, level = np.polyfit(cells.log_r, now, 1) if np.ptp(cells.log_r) > 0.0 else (0.0, float(now.mean()))
    parts = [("intercept", step, -math.inf), ("slope", step, -math.inf), ("low", step, 0.0)]
    if kind == "flat":
        starts = [[float(now.mean())]]
    elif kind == "line":
        starts = [[float(level), float(slope)]]
    else:
        levels, starts = np.unique(np.round(cells.log_r, 2)), []
        most = np.linspace(1, levels.size - 2, min(levels.size - 2, MOST_BENDS)).astype(int)
        for bend in levels[most]:
            for turn in (-0.3, 0.3):
                low = float(now.min())
                starts.append([low - turn * low * float(bend), turn * low, low])
    return [
        tuple(
            Unknown(f"{name}.{part}", x, size, least=least)
            for x, (part, size, least) in zip(start, parts, strict=False)
        )
        for start in starts
    ]


@dataclass(frozen=True)
class Programming:
    """What the levels of cells tell, given their exponents: when drift begins, what heat does, how writes miss.

    Attributes
    ----------
    order : of the polynomial of the miss's sd; -1: misses say nothing, and targets are not looked at
    t0 : whether the time from which cells drift is searched for; else it is `fixed` [ln s]
    heated : whether the activation energy is searched for
    biased : whether programming may miss by the same share everywhere
    """

    order: int = -1
    t0: bool = False
    fixed: float = 0.0
    heated: bool = False
    biased: bool = False

    def split(self, theta: F64) -> tuple[float, float, float, F64]:
        """ln t0, activation energy [eV], bias, coefficients of the miss's sd."""
        rest = list(theta)
        log_t0 = rest.pop(0) if self.t0 else self.fixed
        energy = rest.pop(0) if self.heated else 0.0
        bias = rest.pop(0) if self.biased else 0.0
        return log_t0, energy, bias, np.array(rest)


def negative(cells: Cells, law: Programming, nu_mean: F64, nu_sd: F64, theta: F64) -> float:
    """Log likelihood of all readings, its sign turned; constants left out.

    Given t0 and the activation energy, each cell's readings are a line with Gaussian errors, whose level and slope
    stand for them all. Exponents are normal over cells, and, with targets, so are levels around their targets.
    """
    log_t0, energy, bias, poly = law.split(theta)
    fit = cells.lines(log_t0, energy)
    runs = cells.runs
    inner = np.maximum(fit.level_variance * fit.slope_variance - fit.covariance**2, 1e-300)
    total = 0.5 * float((fit.rest**2 / cells.variance).sum()) - 0.5 * float(np.log(inner).sum())
    off_nu = -fit.slope - nu_mean
    nu_variance = nu_sd**2 + fit.slope_variance
    if law.order < 0 or runs.target is None:
        return total + _normal(off_nu, nu_variance)
    g = np.exp(np.clip(fit.level - 0.5 * np.minimum(fit.level_variance, 1.0), -100.0, 100.0))
    off_g = g - runs.target * (1.0 + bias)
    g_variance = miss_sd(cells, poly) ** 2 + g**2 * fit.level_variance
    both = -g * fit.covariance
    determinant = np.maximum(g_variance * nu_variance - both**2, 1e-300)
    square = (nu_variance * off_g**2 - 2.0 * both * off_g * off_nu + g_variance * off_nu**2) / determinant
    return total + float((0.5 * (np.log(determinant) + square) - np.log(g)).sum())


def miss_sd(cells: Cells, poly: Sequence[float] | F64) -> F64:
    """Sd of each cell's programming miss [S]."""
    share = np.zeros_like(cells.level)
    for power, number in enumerate(poly):
        share = share + float(number) * cells.level**power
    return np.maximum(share, SMALLEST) * cells.runs.top


def choose_order(cells: Cells, log_t0: float, energy: float) -> int:
    """Order of the polynomial of the miss's sd, by Akaike's information criterion."""
    runs = cells.runs
    if runs.target is None:
        return -1
    fit = cells.lines(log_t0, energy)
    g = np.exp(fit.level)
    off, error = g - runs.target, g**2 * fit.level_variance
    scores = []
    for order in range(min(cells.several, 4)):
        numbers = misses(float(off.std()) / runs.top, order, runs.cells)

        def against(theta: F64) -> float:
            return _normal(off, miss_sd(cells, theta) ** 2 + error)

        scores.append(2.0 * most_likely(against, numbers)[1] + AKAIKE * (order + 1))
    return min(int(np.argmin(scores)) + 1, len(scores) - 1)


def misses(size: float, order: int, cells: int) -> tuple[Unknown, ...]:
    """Coefficients of the sd of the miss over the range, about as large as `size`."""
    size = max(size, 10.0 * SMALLEST)
    step = size * (1 + order) / math.sqrt(cells)
    return tuple(
        Unknown(f"program_poly[{power}]", size if power == 0 else 0.0, step) for power in range(order + 1)
    )
