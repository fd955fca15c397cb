"""What every check of a preset against its source shares."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from devices.cells import Cells
from devices.model import DeviceModel
from devices.presets import device_from

F = np.float32
Z = 4.5
HOUR, DAY, MONTH = 3600.0, 86400.0, 30 * 86400.0
TIMES = {"1 s": 1.0, "1 h": HOUR, "1 day": DAY, "1 month": MONTH}
SHAPE = (100, 200)
N = SHAPE[0] * SHAPE[1]
EXACT = 1e-4
"""Relative bound where nothing is drawn: float32 and a curve's table."""


@dataclass(frozen=True)
class Check:
    """One number of a source and what the preset makes of it, in the same unit."""

    preset: str
    quantity: str
    unit: str
    expected: float
    seen: float
    bound: float

    @property
    def holds(self) -> bool:
        return abs(self.seen - self.expected) <= self.bound


AGES = {1e-6: "1 us", 2e-6: "2 us", 4e-6: "4 us"} | {seconds: word for word, seconds in TIMES.items()}
"""Words for times since programming [s]."""

Checks = Callable[[str], Iterator[Check]]


def random(*words: object) -> np.random.Generator:
    """Generator of these words: every check has draws of its own."""
    return np.random.default_rng(zlib.crc32(repr(words).encode()))


def written(device: DeviceModel, target: float, seed: object, shape: tuple[int, int] = SHAPE) -> Cells:
    """Cells written once to a target [S]."""
    rng = random(seed, target)
    cells = device.fabricate(shape, rng)
    device.write(cells, ..., np.full(shape, target, dtype=F), rng)
    return cells


def exact(name: str, quantity: str, unit: str, expected: float, seen: float) -> Check:
    """A number that is not drawn."""
    return Check(name, quantity, unit, expected, seen, EXACT * abs(expected) + 1e-12)


def mean_and_sd(
    name: str, what: str, unit: str, values: np.ndarray, mean: float, sd: float, *, share: float = 0.0
) -> Iterator[Check]:
    """Both moments within 4.5 of their standard errors; the sd within `share` of it besides."""
    n = values.size
    yield Check(name, f"mean of {what}", unit, mean, float(values.mean()), Z * sd / math.sqrt(n))
    bound = Z * sd / math.sqrt(2 * n) + share * sd
    yield Check(name, f"sd of {what}", unit, sd, float(values.std()), bound)


def spread_of(name: str, what: str, unit: str, values: np.ndarray, sd: float, *, side: int = 0) -> Check:
    """Sd from quantiles, so that what is cut at 0 or at a bound does not count.

    Parameters
    ----------
    side : 1 where only values above the median are free, -1 where only those below, 0 both
    """
    low, middle, high = np.quantile(values, (0.158655, 0.5, 0.841345))
    seen = {1: high - middle, -1: middle - low, 0: 0.5 * (high - low)}[side]
    # Standard error of such a quantile: sqrt(p (1 - p) / n) / density, 1.52 sd / sqrt(n).
    error = 1.52 * sd / math.sqrt(values.size) * (1.0 if side else 0.75)
    return Check(name, f"sd of {what}, from quantiles", unit, sd, float(seen), Z * error)


def folded(mean: float, sd: float) -> tuple[float, float]:
    """Median and sd of abs(N(mean, sd))."""
    normal = NormalDist()
    ratio = mean / sd
    first = sd * math.sqrt(2 / math.pi) * math.exp(-0.5 * ratio**2) + mean * (1 - 2 * normal.cdf(-ratio))
    low, high = 0.0, mean + 5 * sd
    for _ in range(60):
        middle = 0.5 * (low + high)
        below = normal.cdf((middle - mean) / sd) - normal.cdf((-middle - mean) / sd)
        low, high = (middle, high) if below < 0.5 else (low, middle)
    return 0.5 * (low + high), math.sqrt(mean**2 + sd**2 - first**2)


def programming(name: str, sd: Callable[[float], float], levels: tuple[float, ...]) -> Iterator[Check]:
    """Mean and sd at `levels` [uS] just after programming."""
    device = device_from(name)
    for level in levels:
        g = written(device, level * 1e-6, name).g.astype(float) * 1e6
        yield from mean_and_sd(name, f"g written to {level:g} uS", "uS", g, level, sd(level))


def span(name: str, low: float, high: float) -> Iterator[Check]:
    """Ends of the range [uS]."""
    device = device_from(name)
    yield exact(name, "g_min", "uS", low, device.g_min * 1e6)
    yield exact(name, "g_max", "uS", high, device.g_max * 1e6)


def read_law(
    name: str, levels: tuple[float, ...], times: tuple[float, ...], sd: Callable[[float, float], float]
) -> Iterator[Check]:
    """Sd of a read [uS] by the model at `levels` [uS] some time [s] after programming, nothing else drawn."""
    quiet = {"program_scale": 0, "drift_scale": 0, "relax_scale": 0}
    own = type(device_from(name)).model_fields
    device = device_from({"preset": name} | {key: 0 for key in quiet if key in own})
    for level in levels:
        cells = written(device, level * 1e-6, name, (1, 1))
        for seconds in times:
            device.relax(cells, seconds - cells.clock)
            seen = float(device.read_noise(cells, ..., device.conductance(cells, ...))[0, 0]) * 1e6
            yield exact(name, f"sd of a read at {level:g} uS, {seconds:g} s", "uS", sd(level, seconds), seen)


def read_draws(name: str, level: float, seconds: float, sd: float) -> Check:
    """Sd [uS] of drawn reads at `level` [uS]."""
    quiet = {"program_scale": 0, "drift_scale": 0, "relax_scale": 0}
    own = type(device_from(name)).model_fields
    device = device_from({"preset": name} | {key: 0 for key in quiet if key in own})
    cells = written(device, level * 1e-6, name)
    device.relax(cells, seconds)
    g = device.conductance(cells, ...)
    off = (device.read(cells, ..., random(name, seconds)) - g).astype(float) * 1e6
    what = f"sd of drawn reads at {level:g} uS after {AGES[seconds]}"
    return Check(name, what, "uS", sd, float(off.std()), Z * sd / math.sqrt(2 * N))


def clip(x: float, low: float, high: float) -> float:
    return min(max(x, low), high)


def poly(coefficients: tuple[float, ...], x: float) -> float:
    """Lowest order first."""
    return sum(c * x**i for i, c in enumerate(coefficients))
