"""The likeliest parameters of pulse trains of bent steps between bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .joint import Joint, Negative, maximise
from .places import Places
from .train_kernels import NOISE, OWN, SOFT, train_likelihood

F64 = NDArray[np.float64]

SHARED = SOFT + 2
PILOT = 4
"""Cells that a choice between laws is made on."""
C2C, SHOWN = NOISE, NOISE + 3
BLURRED, MOST_BLURRED = 0.02, 15
"""Sd of a reading, of the range, that a search begins with, and steps that it takes so."""
BAD = 1e12
"""Minus the log likelihood of parameters that cannot be."""
WORTH = 0.5
"""Of log likelihood, for which a bound is moved elsewhere."""
SURE = 8.0
"""Of log likelihood, by which a bound must be better than none to be told."""
CANDIDATES = np.linspace(0.05, 0.95, 13)
"""Quantiles of a train's last readings that its bound may be at."""
LOGS = (C2C, SHOWN, NOISE + 1, NOISE + 2)
"""Shared numbers that are searched for by their logarithm."""


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
    if SOFT in how.fixed:
        return maximise(negative, shared, own, steps, most, 4, leap)
    found = maximise(negative, shared, own, steps, most, 2, leap)
    return replace(found, error=_surely(negative, found, [[both[k][-1] for k in (0, 1)] for both in ends]))


def _surely(negative: Negative, found: Joint, beyond: Sequence[Sequence[float]]) -> F64:
    """Errors of the cells' own parameters, infinite for bounds that might as well be `beyond` all readings.

    However narrow the likelihood is about a bound: noise alone lets some last readings of a train look like one.
    """
    error = found.error.copy()
    for cell, both in enumerate(beyond):
        least = negative(cell, found.shared, found.own[cell])
        for k, place in zip((2, 3), both, strict=True):
            open_ = found.own[cell].copy()
            open_[k] = place
            if negative(cell, found.shared, open_) < least + SURE:
                error[cell, k] = np.inf
    return error


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
