"""The filter behind fits of pulse trains against the same likelihood on a fine grid of states."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from devices.fit.train_kernels import BOTH, DOWN, NOISE, OWN, SOFT, STEP, UP, step_of, train_likelihood

F64 = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
UNITS = np.array([0.04, 0.06, 0.05, 0.9])
LAWS = {"own": (OWN, False), "step": (STEP, False), "both": (BOTH, False), "soft": (OWN, True)}


def _shared(soft: bool) -> F64:
    shared = np.zeros(SOFT + 2)
    shared[[NOISE, NOISE + 3, NOISE + 4]] = 0.5, 0.01, 0.5
    if soft:
        shared[SOFT:] = 0.5
    else:
        shared[UP], shared[DOWN] = 0.4, 0.6
    return shared


def _step_and_noise(x: float, rises: bool, shared: F64, own: F64, law: int) -> tuple[float, float]:
    unit = own[0] if rises else own[1]
    if shared[SOFT] > 0.0:
        step = unit * (own[3] - x if rises else x - own[2])
        size = unit * shared[SOFT]
    else:
        step = step_of(
            x if rises else 1.0 - x, unit, shared[UP : UP + 4] if rises else shared[DOWN : DOWN + 4]
        )[0]
        size = {OWN: unit, STEP: step, BOTH: math.sqrt(own[0] * own[1])}[law]
    return (step if rises else -step), shared[NOISE] * size


def _train(seed: int, law: int, soft: bool) -> tuple[F64, np.ndarray[tuple[int, ...], np.dtype[np.int64]]]:
    """Forty pulses each way, twice: enough to lie at both bounds for a while."""
    rng, shared = np.random.default_rng(seed), _shared(soft)
    x, seen, polarity = UNITS[2], [UNITS[2]], [0]
    for sign in (1, -1, 1, -1):
        for _ in range(40):
            step, noise = _step_and_noise(x, sign > 0, shared, UNITS, law)
            x = min(max(x + step + noise * rng.normal(), UNITS[2]), UNITS[3])
            seen.append(x + shared[NOISE + 3] * rng.normal())
            polarity.append(sign)
    return np.array(seen), np.array(polarity, dtype=np.int64)


def _on_a_grid(seen: F64, polarity: F64, shared: F64, own: F64, law: int, n: int = 401) -> float:
    """The same negative log likelihood with the state on `n` - 1 places and its two bounds."""
    edges = np.linspace(own[2], own[3], n)
    places = np.concatenate((edges[:1], 0.5 * (edges[1:] + edges[:-1]), edges[-1:]))

    def passage(rises: bool) -> F64:
        to = np.empty((n + 1, n + 1))
        for at, x in enumerate(places):
            step, noise = _step_and_noise(float(x), rises, shared, own, law)
            below = norm.cdf(edges, x + step, max(noise, 1e-9))
            to[at] = np.concatenate((below[:1], np.diff(below), [1.0 - below[-1]]))
        return to

    passages = {sign: passage(sign > 0) for sign in (1, -1)}
    shown = shared[NOISE + 3]
    weight = np.zeros(n + 1)
    weight[1:-1] = np.diff(norm.cdf(edges, min(max(seen[0], own[2]), own[3]), shown))
    weight, total = weight / weight.sum(), 0.0
    for reading, sign in zip(seen[1:], polarity[1:], strict=True):
        weight = (weight @ passages[int(sign)]) * np.exp(-0.5 * ((reading - places) / shown) ** 2) / shown
        total -= math.log(weight.sum())
        weight /= weight.sum()
    return total


@pytest.mark.parametrize("name", LAWS)
def test_the_filter_is_the_likelihood_of_cells_that_stop_at_bounds(name):
    """Within 0.3 of 300 and more, and so with every parameter: a tenth of what one sd of that parameter is worth."""
    law, soft = LAWS[name]
    seen, polarity = _train(3, law, soft)
    shared, told = _shared(soft), np.empty_like(seen)

    def both(noise: float = 1.0, shown: float = 1.0, units: tuple[float, ...] = (0, 0, 0, 0)) -> F64:
        changed, own = shared.copy(), UNITS + np.array(units)
        changed[NOISE] *= noise
        changed[NOISE + 3] *= shown
        return np.array([
            train_likelihood(seen, polarity, changed, own, law, told),
            _on_a_grid(seen, polarity, changed, own, law),
        ])  # fmt: skip

    here = both()
    assert here[0] < -300.0
    assert here[0] == pytest.approx(here[1], abs=0.3)
    for changed in (
        both(noise=1.2), both(noise=0.8), both(shown=1.3), both(shown=0.75), both(units=(0.004, 0, 0, 0)),
        both(units=(0, -0.006, 0, 0)), both(units=(0, 0, 0.004, 0)), both(units=(0, 0, 0, -0.004)),
    ):  # fmt: skip
        by_filter, by_grid = changed - here
        assert by_filter == pytest.approx(by_grid, abs=0.3)
