"""Greatest likelihood of a handful of parameters, and their intervals by profile likelihood."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .intervals import LEVEL
from .result import Estimate

F64 = NDArray[np.float64]
FARTHEST = 40.0
"""Steps from the estimate beyond which an interval is taken to have no end."""
FEW = 3
"""Parameters up to which a simplex is used."""
DIFFERENCE = 0.05
"""Of a step: from which derivatives are taken."""


@dataclass(frozen=True)
class Unknown:
    """One parameter of a likelihood.

    Attributes
    ----------
    name, unit : of the estimate; an empty name is no parameter of a device
    start, step : first guess, and about how far from it the truth may lie
    told : from the parameter to what is reported, rising
    least : the parameter's lower limit
    """

    name: str
    start: float
    step: float
    unit: str = ""
    told: Callable[[float], float] = float
    least: float = -math.inf


@dataclass(frozen=True)
class Likeliest:
    """Where a likelihood is greatest, and how sure that is."""

    unknowns: tuple[Unknown, ...]
    at: F64
    negative: float
    low: F64
    high: F64

    def value(self, name: str) -> float:
        """The parameter as searched for."""
        return float(self.at[[one.name for one in self.unknowns].index(name)])

    def estimates(self, why: str = "profile likelihood") -> list[Estimate]:
        """Each named parameter, in its unit; one without an end on either side is not told."""
        made = []
        for one, x, low, high in zip(self.unknowns, self.at, self.low, self.high, strict=True):
            if not one.name:
                continue
            value = one.told(float(x))
            if math.isfinite(low) and math.isfinite(high):
                made.append(
                    Estimate(one.name, value, one.told(float(low)), one.told(float(high)), one.unit, why=why)
                )
            else:
                reason = "these data bound it on one side at most"
                made.append(Estimate(one.name, value, math.nan, math.nan, one.unit, False, reason))
        return made


def most_likely(negative: Callable[[F64], float], unknowns: tuple[Unknown, ...]) -> tuple[F64, float]:
    """Parameters of the least `negative`, and its value there."""
    start, step = (
        np.array([getattr(one, part) for one in unknowns], dtype=float) for part in ("start", "step")
    )
    least = np.array([one.least for one in unknowns])
    u, value = _minimum(
        lambda u: negative(np.maximum(start + step * u, least)), np.zeros(start.size), rough=True
    )
    return np.maximum(start + step * u, least), value


def likeliest(
    negative: Callable[[F64], float],
    unknowns: tuple[Unknown, ...],
    freedom: float,
    elsewhere: Sequence[F64] = (),
) -> Likeliest:
    """Estimates and their 95 % intervals.

    Parameters
    ----------
    negative : log likelihood, its sign turned
    freedom : independent units (cells) less parameters; Student's t widens the intervals of few
    elsewhere : other places to begin at, where the surface may have several valleys; intervals reach beyond those
        that are likely enough to lie within them
    """
    from scipy.stats import t as student

    best, least = most_likely(negative, unknowns)
    critical = float(student.ppf((1 + LEVEL) / 2, max(freedom, 1.0)))
    elsewhere = [one for one in elsewhere if negative(one) < least + 0.5 * critical**2]
    ends = [
        [_end(negative, unknowns, best, least, at, sign, critical, elsewhere) for sign in (-1.0, 1.0)]
        for at in range(best.size)
    ]
    low, high = np.array(ends).reshape(-1, 2).T
    return Likeliest(unknowns, best, least, low, high)


def _end(
    negative: Callable[[F64], float],
    unknowns: tuple[Unknown, ...],
    best: F64,
    least: float,
    at: int,
    sign: float,
    critical: float,
    elsewhere: Sequence[F64],
) -> float:
    """Where the root of twice the loss of likelihood, all else adapted, is `critical`: nearly a straight line."""
    step = np.array([one.step for one in unknowns])
    limits = np.array([one.least for one in unknowns])
    others = np.arange(best.size) != at
    here = np.zeros(
        int(others.sum())
    )  # where the last place led astray, the search is begun at the best again
    inner, far = here, max([0.5, *(sign * (one[at] - best[at]) / step[at] for one in elsewhere)])
    for _ in range(14):
        x = best.copy()
        x[at] = max(best[at] + sign * far * step[at], limits[at])

        def rest(u: F64, fixed: F64 = x) -> float:
            full = fixed.copy()
            full[others] = np.maximum(best[others] + step[others] * u, limits[others])
            return negative(full)

        if inner.size:
            begun = [inner, here, *((one[others] - best[others]) / step[others] for one in elsewhere)]
            inner, value = min((_minimum(rest, one) for one in begun), key=lambda found: found[1])
        else:
            value = negative(x)
        root = math.sqrt(max(2.0 * (value - least), 0.0))
        if abs(root - critical) < 0.02 * critical:
            return float(x[at])
        if x[at] <= limits[at] and root < critical and sign < 0:
            return float(limits[at])
        if far >= FARTHEST and root < critical:
            return sign * math.inf
        ratio = critical / root if root > 0.02 * critical else 8.0
        far = min(far * min(max(ratio, 0.2), 8.0), FARTHEST)
    return float(x[at])


def _minimum(function: Callable[[F64], float], start: F64, *, rough: bool = False) -> tuple[F64, float]:
    """The least value near `start`: a simplex for few parameters, whose surface may have edges, else Newton's."""
    from scipy.optimize import minimize

    if rough or start.size <= FEW:
        most = (150 if rough else 60) * start.size
        shape = np.vstack((start, start + (0.5 if rough else 0.2) * np.eye(start.size)))
        asked = {"maxfev": most, "xatol": 2e-3, "fatol": 2e-3, "initial_simplex": shape}
        found = minimize(function, start, method="Nelder-Mead", options=asked)
        start = np.asarray(found.x, dtype=np.float64)
        if start.size <= FEW:
            return start, float(found.fun)
    return _newton(function, start)


def _newton(function: Callable[[F64], float], at: F64) -> tuple[F64, float]:
    """Damped Newton's method on differences."""
    value, damping = function(at), 1e-3
    for _ in range(12):
        gradient, hessian = _differences(function, at, value)
        values, vectors = np.linalg.eigh(hessian)
        sizes = np.maximum(np.abs(values), 1e-4 * np.abs(values).max() + 1e-9)
        gained = 0.0
        for _ in range(6):
            move = -(vectors / (sizes * (1.0 + damping) + damping)) @ (vectors.T @ gradient)
            trial = function(at + move)
            if trial < value:
                gained, at, value, damping = value - trial, at + move, trial, 0.1 * damping
                break
            damping = 10.0 * damping + 0.01
        if gained < 1e-3:
            break
    return at, value


def _differences(function: Callable[[F64], float], at: F64, middle: float) -> tuple[F64, F64]:
    """Gradient and Hessian from differences of `DIFFERENCE` of a step."""
    n, h = at.size, DIFFERENCE
    eye = h * np.eye(n)
    up, down = (np.array([function(at + sign * eye[i]) for i in range(n)]) for sign in (1, -1))
    hessian = np.diag((up + down - 2.0 * middle) / h**2)
    for i in range(n):
        for k in range(i):
            both = function(at + eye[i] + eye[k]) - up[i] - up[k] + middle
            hessian[i, k] = hessian[k, i] = both / h**2
    return (up - down) / (2.0 * h), hessian
