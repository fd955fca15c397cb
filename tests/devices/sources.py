"""Every preset against its source: what the source's own formula or table says, and what simulated cells do.

The expected numbers are computed here from the sources' formulas, in their units, without the device models' own
curves. Bounds are 4.5 standard errors of the simulated statistic (and of the reference, where that is simulated too),
or a stated share. ``python tests/devices/sources.py`` prints the table.

References: aihwkit's ``simulator/presets/devices.py`` and ``inference/noise``, CrossSim's ``devices/custom``, the
MLP+NeuroSim V3.0 manual and its ``getParamA`` table.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

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


def _rng(*words: object) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(repr(words).encode()))


def _written(device: DeviceModel, target: float, seed: object) -> Cells:
    """Cells written once to a target [S]."""
    rng = _rng(seed, target)
    cells = device.fabricate(SHAPE, rng)
    device.write(cells, ..., np.full(SHAPE, target, dtype=F), rng)
    return cells


def _mean_and_sd(
    name: str, what: str, unit: str, values: np.ndarray, mean: float, sd: float
) -> Iterator[Check]:
    n = values.size
    yield Check(name, f"mean of {what}", unit, mean, float(values.mean()), Z * sd / math.sqrt(n))
    yield Check(name, f"sd of {what}", unit, sd, float(values.std()), Z * sd / math.sqrt(2 * n))


# Programmed closed-loop ------------------------------------------------------------------------------------


def _programming(name: str, sd: Callable[[float], float], levels: tuple[float, ...]) -> Iterator[Check]:
    """Mean and sd at `levels` [uS] just after programming."""
    device = device_from(name)
    for level in levels:
        g = _written(device, level * 1e-6, name).g.astype(float) * 1e6
        yield from _mean_and_sd(name, f"g written to {level:g} uS", "uS", g, level, sd(level))


def _power_law(
    name: str, t0: float, nu: Callable[[float], tuple[float, float]], levels: tuple[float, ...]
) -> Iterator[Check]:
    """Median of g and spread of ln g by drift alone; nu gives mean and sd at a level [uS]."""
    device = device_from({"preset": name, "program_scale": 0})
    for level in levels:
        mean, sd = nu(level)
        cells = _written(device, level * 1e-6, name)
        for label, seconds in TIMES.items():
            device.relax(cells, seconds - cells.clock)
            g = device.conductance(cells, ...).astype(float) * 1e6
            decades = max(math.log(seconds / t0), 0.0)
            median, spread = level * math.exp(-mean * decades), sd * decades
            bound = Z * 1.2533 * median * spread / math.sqrt(N) + 1e-5 * level
            yield Check(
                name, f"median of {level:g} uS after {label}", "uS", median, float(np.median(g)), bound
            )
            yield Check(
                name,
                f"sd of ln g of {level:g} uS after {label}",
                "1",
                spread,
                float(np.log(g).std()),
                Z * spread / math.sqrt(2 * N) + 1e-6,
            )


def _read_sd(name: str, level: float, expected: dict[float, float], **quiet: Any) -> Iterator[Check]:
    """Sd of one read [uS] of cells at `level` [uS] some seconds after programming."""
    device = device_from({"preset": name, **quiet})
    cells = _written(device, level * 1e-6, name)
    for seconds, sd in expected.items():
        device.relax(cells, seconds - cells.clock)
        g = device.conductance(cells, ...)
        off = (device.read(cells, ..., _rng(name, seconds)) - g).astype(float) * 1e6
        yield Check(
            name,
            f"sd of a read at {level:g} uS, {seconds:g} s",
            "uS",
            sd,
            float(off.std()),
            Z * sd / math.sqrt(2 * N),
        )


def _clip(x: float, low: float, high: float) -> float:
    return min(max(x, low), high)


def _pcm_joshi2020(name: str) -> Iterator[Check]:
    yield from _programming(
        name, lambda g: 0.26348 + 1.9650 * g / 25 - 1.1731 * (g / 25) ** 2, (6.25, 12.5, 25.0)
    )

    def nu(g: float) -> tuple[float, float]:
        log = math.log(g / 25)
        return _clip(-0.0155 * log + 0.0244, 0.049, 0.1), _clip(-0.0125 * log - 0.0059, 0.008, 0.045)

    yield from _power_law(name, 20.0, nu, (12.5, 25.0))
    q = 0.0088 / 0.5**0.65
    sd = {t: 12.5 * q * math.sqrt(math.log((t + 250e-9) / 500e-9)) for t in (1.0, DAY)}
    yield from _read_sd(name, 12.5, sd, program_scale=0, drift_scale=0)


def _hermes(
    g_max: float, t0: float, program: tuple[float, ...], pair: bool
) -> Callable[[str], Iterator[Check]]:
    def checks(name: str) -> Iterator[Check]:
        def sd(g: float) -> float:
            return sum(c * (g / g_max) ** i for i, c in enumerate(program))

        def nu(g: float) -> tuple[float, float]:
            x = g / g_max
            mean = (
                _clip(-0.0387 * math.log(x) - 0.0182, 0.072, 0.13)
                if x < 0.0945
                else -0.0436 * x * x - 0.0126 * x + 0.0736
            )
            if pair:
                low = _clip(-0.0117 * math.log(x) - 0.0057, 0.0091, 0.04)
                return mean, low if x < 0.3055 else -0.0118 * x * x + 0.0093 * x + 0.0073
            low = _clip(-0.0120 * math.log(x) - 0.0023, 0.0124, 0.04)
            return mean, low if x < 0.3039 else -0.0165 * x * x + 0.0116 * x + 0.0104

        def q(x: float) -> float:
            if pair:
                low = _clip(-0.0117 * math.log(x) - 0.0069, 0.015, 0.04)
                return low if x < 0.16 else 0.0069 * x**3 - 0.0280 * x * x + 0.0211 * x + 0.0123
            low = _clip(-0.0078 * math.log(x) + 0.0038, 0.0179, 0.04)
            return low if x < 0.1591 else 0.0664 * x**3 - 0.1352 * x * x + 0.0768 * x + 0.0088

        yield from _programming(name, sd, (0.25 * g_max, 0.5 * g_max, g_max))
        yield from _power_law(name, t0, nu, (0.25 * g_max, 0.6 * g_max))
        for x in (0.1, 0.6):
            reads = {t: x * g_max * q(x) * math.sqrt(math.log((t + 512e-9) / 1024e-9)) for t in (1.0, DAY)}
            yield from _read_sd(name, x * g_max, reads, program_scale=0, drift_scale=0)

    return checks


def _rram_wan2022(name: str) -> Iterator[Check]:
    curves = {
        1.0: (0.348, 16.030, -43.853, 45.393, -16.815),
        DAY: (0.701, 22.086, -50.773, 47.095, -16.458),
        2 * DAY: (0.782, 20.274, -43.507, 37.062, -11.934),
    }
    device = device_from(name)
    for level in (12.0, 20.0, 32.0):
        cells = _written(device, level * 1e-6, name)
        for seconds, curve in curves.items():
            device.relax(cells, seconds - cells.clock)
            g = device.conductance(cells, ...).astype(float) * 1e6
            sd = sum(c * (level / 40) ** i for i, c in enumerate(curve))
            yield from _mean_and_sd(name, f"{level:g} uS after {seconds / DAY:.2g} days", "uS", g, level, sd)
    yield from _read_sd(name, 20.0, {1.0: 0.2}, program_scale=0)


def _rram_milo2021(name: str) -> Iterator[Check]:
    yield from _programming(name, lambda g: 4.782321 - 0.009107 * g, (75.0, 140.0, 225.0))
    device = device_from(name)
    for level in (60e-6, 120e-6, 200e-6):
        x = math.log10(level)
        n2 = 1.388e-4 * x**3 + 1.541e-3 * x**2 + 5.711e-3 * x + 7.063e-3
        n3 = 8.8710e-5 * x**2 + 6.7919e-4 * x + 1.2968e-3
        for volt in (0.1, 0.5):
            g = np.array([level], dtype=F)
            current = float(g[0] * device.bend(g, volt)[0]) * volt
            expected = level * volt + n2 * volt**2 + n3 * volt**3
            yield Check(
                name,
                f"current of {level * 1e6:g} uS at {volt:g} V",
                "uA",
                expected * 1e6,
                current * 1e6,
                1e-5 * expected * 1e6,
            )


def _cmo(offset: float, slope: float) -> Callable[[str], Iterator[Check]]:
    def checks(name: str) -> Iterator[Check]:
        yield from _programming(name, lambda g: offset + slope * g, (20.0, 50.0, 80.0))
        device = device_from({"preset": name, "program_scale": 0})
        cells = _written(device, 50e-6, name)
        for label, seconds in TIMES.items():
            device.relax(cells, seconds - cells.clock)
            log = math.log(seconds)
            g = device.conductance(cells, ...).astype(float) * 1e6
            mean, sd = 50.0 - 0.08900206 * log, 0.41183342 + 0.04201137 * log
            yield from _mean_and_sd(name, f"50 uS after {label}", "uS", g, mean, sd)
        sd_of = {
            t: 0.0277316483 * math.log10(50.0) * math.sqrt(math.log((t + 1e-6) / 2e-6)) for t in (1.0, DAY)
        }
        yield from _read_sd(name, 50.0, sd_of, program_scale=0, relax_scale=0)

    return checks


_SONOS = {0: (19.88665, 176.3115), 1: (25.59102, 186.85544), 5: (34.57909, 207.34309)}
_SONOS_SHIFT = {
    1: [6.83650e-01, 6.51250e-03, -4.03163e-04, 3.37944e-06, -1.87435e-08, 5.88902e-11, -1.07685e-13, 1.17751e-16,
        -7.60016e-20, 2.67255e-23, -3.94954e-27],
    5: [1.15294e00, 1.03149e-02, -6.05199e-05, 1.76086e-08, -6.46690e-09, 3.39044e-11, -7.53872e-14, 8.98185e-17,
        -6.00346e-20, 2.12615e-23, -3.11099e-27],
}  # fmt: skip


def _sonos(name: str) -> Iterator[Check]:
    device = device_from(name)
    for current in (200.0, 800.0, 1500.0):  # [nA] at 0.1 V: 100 nA are 1 uS
        cells = _written(device, current * 1e-8, name)
        for day, (a, b) in _SONOS.items():
            device.relax(cells, day * DAY - cells.clock)
            seen = device.conductance(cells, ...).astype(float) * 1e8
            mean = current + (np.polynomial.polynomial.polyval(current, _SONOS_SHIFT[day]) if day else 0.0)
            sd = a * (1 - math.exp(-current / b))
            yield from _mean_and_sd(name, f"{current:g} nA after {day} days", "nA", seen, mean, sd)
    reads = {1.0: 8.0 * 12.58037 / 800.0 * (1 - math.exp(-800.0 / 215.36557))}
    yield from _read_sd(name, 8.0, reads, program_scale=0, drift_scale=0)


# Pulsed open-loop: aihwkit's devices, pulse after pulse -----------------------------------------------------


@dataclass(frozen=True)
class Weights:
    """An aihwkit device in its own units: weights, one pulse at a time."""

    form: str  # linear | exp
    dw_min: float
    w_min: float
    w_max: float
    std: float
    gamma: tuple[float, float] = (1.0, 1.0)
    mult_noise: bool = False
    up_down: float = 0.0
    es: tuple[float, ...] = ()  # a, b, A_up, A_down
    std_add: float = 0.0
    std_slope: float = 0.0
    dtod: float = 0.0
    log_normal: bool = False

    def pulse(self, w: np.ndarray, up: bool, rng: np.random.Generator) -> np.ndarray:
        """One pulse, as coded in rpucuda (bounds without spread)."""
        xi = rng.standard_normal(w.shape)
        scale = self.dw_min * (1.0 - (0.0 if up else max(self.up_down, 0.0)))
        sign = 1.0 if up else -1.0
        if self.form == "linear":
            bound = self.w_max if up else -self.w_min
            shape = 1.0 - sign * self.gamma[0 if up else 1] * w / bound
            step = scale * shape * (1 + self.std * xi) if self.mult_noise else scale * (shape + self.std * xi)
        else:
            a, b, a_up, a_down = self.es
            z = 2.0 * w / (self.w_max - self.w_min) * a + b
            y = 1.0 - (a_up if up else a_down) * np.exp(sign * self.gamma[0 if up else 1] * z)
            step = scale * np.maximum(y, 0.0)
            step = step + self.std * (step + self.std_add + self.std_slope * np.abs(w)) * xi
        return np.clip(w + sign * step, self.w_min, self.w_max)


def _train(
    name: str, weights: Weights, pulses: int, *, starts: tuple[float, float], share: float, down: bool = True
) -> Iterator[Check]:
    """Mean and sd at five points of a train from one end, cell spread and write noise off, against `Weights`.

    The mean must agree within 4.5 standard errors and `share` of the way, the sd within 4.5 and 10 %.
    """
    off = {"d2d_sigma": 0, "up_down_sigma": 0, "g_max_sigma": 0, "g_min_sigma": 0, "write_sigma": 0}
    device = device_from({"preset": name, **off, "program_sigma": 0, "dead_fraction": 0, "read_sigma": 0})
    unit = (weights.w_max - weights.w_min) / device.span
    points = sorted({max(1, round(pulses * part)) for part in (0.02, 0.1, 0.3, 0.6, 1.0)})
    shape = (40, 100)
    n = shape[0] * shape[1]
    for up in (True, False) if down else (True,):
        start = starts[0 if up else 1]
        rng = _rng(name, up)
        w = np.full(n, start)
        done = 0
        for point in points:
            for _ in range(point - done):
                w = weights.pulse(w, up, rng)
            done = point
            cells = device.fabricate(shape, rng)
            cells.g[...] = device.g_min + (start - weights.w_min) / unit
            device.pulse(cells, ..., np.full(shape, point if up else -point, dtype=F), rng)
            seen = (cells.g.astype(float) - device.g_min) * unit + weights.w_min
            error = math.hypot(w.std(), seen.std()) / math.sqrt(n)
            way = abs(float(w.mean()) - start)
            what = f"{point} {'SET' if up else 'RESET'} pulses"
            yield Check(
                name,
                f"mean after {what}",
                "weight",
                float(w.mean()),
                float(seen.mean()),
                Z * error + share * way,
            )
            spread = float(w.std())
            bound = Z * spread / math.sqrt(n) + 0.1 * spread + 1e-6
            yield Check(name, f"sd after {what}", "weight", spread, float(seen.std()), bound)


def _cell_spread(name: str, weights: Weights, start: float) -> Iterator[Check]:
    """Sd over cells of one step's logarithm or relative size, cycle noise off."""
    off = {"c2c_sigma": 0, "g_max_sigma": 0, "g_min_sigma": 0, "write_sigma": 0, "up_down_sigma": 0}
    device = device_from({"preset": name, **off, "dead_fraction": 0})
    cells = device.fabricate(SHAPE, _rng(name, "spread"))
    unit = (weights.w_max - weights.w_min) / device.span
    cells.g[...] = device.g_min + (start - weights.w_min) / unit
    before = cells.g.astype(float)
    device.pulse(cells, ..., np.ones(SHAPE, dtype=F), _rng(name))
    step = cells.g.astype(float) - before
    middle, low = np.quantile(step, (0.5, 0.158655))  # the lower half: a share cannot exceed the distance
    seen = math.log(middle / low) if weights.log_normal else 1.0 - low / middle
    sd = weights.dtod
    yield Check(
        name, "sd over cells of a step, from quantiles", "1", sd, seen, Z * 2 * sd / math.sqrt(N) + 0.01 * sd
    )


def _pulsed(
    weights: Weights, pulses: int, starts: tuple[float, float], *, share: float = 0.002, down: bool = True
) -> Callable[[str], Iterator[Check]]:
    def checks(name: str) -> Iterator[Check]:
        yield from _train(name, weights, pulses, starts=starts, share=share, down=down)
        yield from _cell_spread(name, weights, 0.5 * (weights.w_min + weights.w_max))

    return checks


def _with_dead(inner: Callable[[str], Iterator[Check]], dead: float) -> Callable[[str], Iterator[Check]]:
    def checks(name: str) -> Iterator[Check]:
        yield from inner(name)
        device = device_from({"preset": name, "write_sigma": 0})
        cells = device.fabricate(SHAPE, _rng(name, "dead"))
        before = cells.g.copy()
        for count in (40, -40):
            device.pulse(cells, ..., np.full(SHAPE, count, dtype=F), _rng(name, count))
            still = cells.g == before
        share = float((still & (cells.more["stuck"] != 0)).mean())
        yield Check(name, "share of dead cells", "1", dead, share, Z * math.sqrt(dead * (1 - dead) / N))

    return checks


# NeuroSim's table -------------------------------------------------------------------------------------------

A_OF_LABEL = {
    0.04: 31.566827, 0.5: 2.519877, 0.61: 2.063266, 0.63: 1.997332, 1.46: 0.848677, 1.75: 0.702081, 1.79: 0.685502,
    1.85: 0.661941, 1.94: 0.629249, 2.4: 0.499181, 3.68: 0.300644, 4.88: 0.200303, 6.76: 0.100251,
}  # fmt: skip
"""A / P_max of non-linearity labels: values of NeuroSim's own table."""
A_OF_LABEL[0.105] = 12.0256  # between the table's 12.625807 at 0.10 and 11.477796 at 0.11


def _neurosim(
    r_on: float, ratio: float, labels: tuple[float, float], pulses: tuple[int, int], sigma: float
) -> Callable[[str], Iterator[Check]]:
    """Curves at five points, cycle noise of one pulse at mid-range; labels with NeuroSim's signs."""

    def g_of(p: float, a: float, p_max: int) -> float:
        """``NonlinearWeight`` of NeuroSim, over the range; a has the label's sign."""
        return (1 - math.exp(-p / (a * p_max))) / (1 - math.exp(-1 / a))

    def checks(name: str) -> Iterator[Check]:
        quiet = device_from({"preset": name, "c2c_sigma": 0, "program_sigma": 0})
        yield Check(name, "on resistance", "ohm", r_on, 1 / quiet.g_max, 1e-6 * r_on)
        yield Check(name, "on/off ratio", "1", ratio, quiet.g_max / quiet.g_min, 1e-6 * ratio)
        for up in (True, False):
            p_max, label = pulses[0 if up else 1], labels[0 if up else 1]
            a = math.copysign(A_OF_LABEL[abs(label)], label)
            for part in (0.1, 0.25, 0.5, 0.75, 1.0):
                n = round(part * p_max)
                cells = quiet.fabricate((1, 1), _rng(0))
                cells.g[...] = quiet.g_min if up else quiet.g_max
                quiet.pulse(cells, ..., np.full((1, 1), n if up else -n, dtype=F), _rng(0))
                seen = (float(cells.g[0, 0]) - quiet.g_min) / quiet.span
                expected = g_of(n if up else p_max - n, a, p_max)
                what = f"place in the range after {n} {'SET' if up else 'RESET'} pulses"
                yield Check(name, what, "1", expected, seen, 1e-3)
        device = device_from({"preset": name, "program_sigma": 0})
        cells = _written(device, 0.5 * (device.g_min + device.g_max), name)
        device.pulse(cells, ..., np.ones(SHAPE, dtype=F), _rng(name))
        sd = float(cells.g.astype(float).std()) / device.span
        yield Check(
            name, "cycle noise of one pulse over the range", "1", sigma, sd, Z * sigma / math.sqrt(2 * N)
        )

    return checks


# Others -----------------------------------------------------------------------------------------------------


def _capacitor(name: str) -> Iterator[Check]:
    weights = Weights("linear", 0.005, -1, 1, 0.3, (0.05, 0.05), dtod=0.1)
    yield from _pulsed(weights, 300, (-1.0, 1.0))(name)
    device = device_from({"preset": name, "program_sigma": 0, "g_max_sigma": 0, "g_min_sigma": 0})
    cells = _written(device, device.g_max, name)
    for updates in (1e5, 1e6, 3e6):  # of 1 us each, as the preset assumes
        device.relax(cells, updates * 1e-6 - cells.clock)
        w = (device.conductance(cells, ...).astype(float) - device.g_min) / device.span * 2 - 1
        yield Check(
            name,
            f"weight 1 after {updates:g} updates",
            "weight",
            (1 - 1e-6) ** updates,
            float(w.mean()),
            1e-4,
        )


def _binary(name: str) -> Iterator[Check]:
    device = device_from(name)
    cells = device.fabricate(SHAPE, _rng(name))
    log_off = np.log(cells.g.astype(float) / device.g_min)
    yield from _mean_and_sd(name, "ln of off cells over g_min", "1", log_off, 0.0, 0.3)
    for count in (1, 4, 20):
        cells = device.fabricate(SHAPE, _rng(name))
        device.pulse(cells, ..., np.full(SHAPE, count, dtype=F), _rng(name, count))
        on = cells.g > 0.5 * (device.g_min + device.g_max)
        p = 1 - 0.9**count
        bound = Z * math.sqrt(p * (1 - p) / N)
        yield Check(name, f"share on after {count} SET pulses", "1", p, float(on.mean()), bound)
    log_on = np.log(cells.g[on].astype(float) / device.g_max)
    yield from _mean_and_sd(name, "ln of on cells over g_max", "1", log_on, 0.0, 0.1)


CHECKS: dict[str, Callable[[str], Iterator[Check]]] = {
    "pcm_joshi2020": _pcm_joshi2020,
    "pcm_hermes2023": _hermes(10.35, 200.0, (0.15781817, 2.32443916, -2.16310839, 0.68841818), pair=False),
    "pcm_hermes2023_pair": _hermes(20.7, 300.0, (0.16603222, 4.71806468, -8.48101252, 4.68961419), pair=True),
    "pcm_nandakumar2020": _pulsed(
        Weights("exp", 0.01, 0.0, 2.0, 0.6, (2.5, 2.5), es=(-1.0, 0.0, -27.235, -2.235), std_add=0.042,
                std_slope=0.108, dtod=0.2),
        20, (0.02, 2.0), share=0.03, down=False,
    ),
    "pcm_kuzum2011": _neurosim(4.71e3, 19.8, (0.105, 2.4), (100, 120), 0.015),
    "rram_gong2018": _pulsed(
        Weights("linear", 0.002, -0.75, 1.25, 3.75, (1.0, 1.0), dtod=0.3), 600, (-0.6, 1.1)
    ),
    "rram_gong2018_exp": _pulsed(
        Weights("exp", 0.00135, -1.0, 1.0, 5.0, (5.0, 5.0), up_down=0.259359, es=(-0.5, -0.5, -1.18445, -0.081404),
                dtod=0.2),
        500, (-0.8, 0.8), share=0.03,
    ),
    "rram_gongrasch2022_hfo2": _with_dead(
        _pulsed(Weights("linear", 0.4622, -1, 1, 0.2174, dtod=0.7125, log_normal=True), 8, (-0.9, 0.9), share=0.02),
        0.0977,
    ),
    "rram_gongrasch2022_optimised": _with_dead(
        _pulsed(Weights("linear", 0.0949, -1, 1, 0.4158, dtod=0.7829, log_normal=True), 40, (-0.9, 0.9), share=0.01),
        0.1348,
    ),
    "rram_wan2022": _rram_wan2022,
    "rram_milo2021": _rram_milo2021,
    "rram_cmo2024": _cmo(0.0112185391, 0.01129027418),
    "rram_cmo2024_fine": _cmo(0.00081107, 0.00106879),
    "rram_jo2010": _neurosim(26e6, 12.5, (2.4, -4.88), (97, 100), 0.035),
    "rram_taox_tio2": _neurosim(5e6, 2.0, (1.85, -1.79), (102, 102), 0.01),
    "rram_wu2018": _neurosim(100e3, 10.0, (0.04, -0.63), (128, 128), 0.037),
    "rram_park2013": _neurosim(23e6, 6.84, (3.68, -6.76), (50, 50), 0.01),
    "rram_woo2016": _neurosim(16.9e3, 4.43, (1.94, -0.61), (40, 40), 0.05),
    "rram_choi2018": _neurosim(81e3, 50.2, (0.5, -0.5), (64, 64), 0.02),
    "vcm_binary": _binary,
    "ecram_tang2018": _pulsed(
        Weights("linear", 0.002, -0.8276, 1.1724, 0.3, (0.1153, 0.5085), mult_noise=True, dtod=0.1), 600, (-0.8, 1.1)
    ),
    "ecram_kim2019": _pulsed(
        Weights("linear", 2.8214e-4, -0.8286, 1.1714, 2.0, (0.4152, 0.7342), mult_noise=True, dtod=0.1), 2000,
        (-0.8, 1.1),
    ),
    "capacitor_li2018": _capacitor,
    "fefet_jerry2017": _neurosim(559.28e3, 45.0, (1.75, 1.46), (32, 32), 0.005),
    "sonos_agrawal2022": _sonos,
}  # fmt: skip


def checks_of(name: str) -> list[Check]:
    """All checks of a preset, simulated now."""
    return list(CHECKS[name](name))


def table(names: list[str] | None = None) -> str:
    """Preset against source, a Markdown table."""
    lines = [
        "| preset | quantity | unit | source | simulated | allowed deviation | |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in names or list(CHECKS):
        lines += [
            f"| {c.preset} | {c.quantity} | {c.unit} | {c.expected:.5g} | {c.seen:.5g} | {c.bound:.2g} | "
            f"{'ok' if c.holds else 'OFF'} |"
            for c in checks_of(name)
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
