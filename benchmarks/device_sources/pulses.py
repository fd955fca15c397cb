"""Presets pulsed open-loop: IBM's aihwkit's devices pulse after pulse, and a binary cell."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from devices.model import DeviceModel
from devices.presets import device_from

from .common import SHAPE, Check, Checks, F, N, Z, mean_and_sd, random, spread_of, written

QUIET = ("d2d_sigma", "up_down_sigma", "g_max_sigma", "g_min_sigma", "write_sigma", "c2c_sigma", "program_sigma",
         "read_sigma", "dead_fraction", "reset_sigma")  # fmt: skip


@dataclass(frozen=True)
class Weights:
    """An aihwkit device in its own units: weights, one pulse at a time. Names are aihwkit's."""

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
    up_down_dtod: float = 0.0
    w_max_dtod: float = 0.0
    w_min_dtod: float = 0.0
    write_noise: float = 0.0

    def pulse(self, w: np.ndarray, up: bool, rng: Any) -> np.ndarray:
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

    def unit(self, device: DeviceModel) -> float:
        """Weights a siemens."""
        return (self.w_max - self.w_min) / device.span

    def g(self, device: DeviceModel, w: float) -> float:
        """Conductance of a weight [S]."""
        return device.g_min + (w - self.w_min) / self.unit(device)

    def of(self, device: DeviceModel, g: np.ndarray) -> np.ndarray:
        """Weights of conductances."""
        return (g.astype(float) - device.g_min) * self.unit(device) + self.w_min


def _only(name: str, *kept: str) -> DeviceModel:
    """The preset without any noise or spread but those named."""
    has = type(device_from(name)).model_fields
    return device_from({"preset": name} | {key: 0 for key in QUIET if key not in kept and key in has})


def _train(
    name: str, weights: Weights, pulses: int, *, starts: tuple[float, float], share: float, down: bool = True
) -> Iterator[Check]:
    """Mean and sd at five points of a train from one end, cell spread and write noise off, against `Weights`.

    The mean must agree within 4.5 standard errors and `share` of the way, the sd within 4.5 and 10 %.
    """
    device = _only(name, "c2c_sigma")
    points = sorted({max(1, round(pulses * part)) for part in (0.02, 0.1, 0.3, 0.6, 1.0)})
    shape = (40, 100)
    n = shape[0] * shape[1]
    for up in (True, False) if down else (True,):
        start = starts[0 if up else 1]
        rng = random(name, up)
        w = np.full(n, start)
        done = 0
        for point in points:
            for _ in range(point - done):
                w = weights.pulse(w, up, rng)
            done = point
            cells = device.fabricate(shape, rng)
            cells.g[...] = weights.g(device, start)
            device.pulse(cells, ..., np.full(shape, point if up else -point, dtype=F), rng)
            seen = weights.of(device, cells.g)
            error = math.hypot(w.std(), seen.std()) / math.sqrt(n)
            mean, way = float(w.mean()), abs(float(w.mean()) - start)
            what = f"{point} {'SET' if up else 'RESET'} pulses"
            bound = Z * error + share * way
            yield Check(name, f"mean after {what}", "weight", mean, float(seen.mean()), bound)
            spread = float(w.std())
            bound = Z * spread / math.sqrt(n) + 0.1 * spread + 1e-6
            yield Check(name, f"sd after {what}", "weight", spread, float(seen.std()), bound)


def _one_step(name: str, weights: Weights, start: float, *kept: str, up: bool = True) -> np.ndarray:
    """Step [weight] of one pulse on every cell from `start`, spreads off but those named."""
    device = _only(name, *kept)
    cells = device.fabricate(SHAPE, random(name, "spread", kept))
    cells.g[...] = weights.g(device, start)
    before = cells.g.astype(float)
    device.pulse(cells, ..., np.full(SHAPE, 1 if up else -1, dtype=F), random(name))
    return (cells.g.astype(float) - before) * weights.unit(device)


def _nominal(name: str, weights: Weights, down: bool) -> Iterator[Check]:
    """One pulse of a nominal cell, without noise, at three places."""
    w_range = weights.w_max - weights.w_min
    for place in (0.15, 0.5, 0.85):
        w = weights.w_min + place * w_range
        for up in (True, False) if down else (True,):
            bare = Weights(**{**weights.__dict__, "std": 0.0})
            expected = float(bare.pulse(np.array([w]), up, random(0))[0]) - w
            seen = float(_one_step(name, weights, w, up=up)[0, 0])
            what = f"one {'SET' if up else 'RESET'} step from {w:.3g}"
            # A step is the difference of two float32 near 1.
            yield Check(name, what, "weight", expected, seen, 1e-3 * abs(expected) + 3e-7 * w_range)


def _noise(name: str, weights: Weights, down: bool) -> Iterator[Check]:
    """Sd of one pulse of nominal cells at three places, from the middle half of the draws: no cut at a bound."""
    for place in (0.2, 0.5, 0.8):
        w = weights.w_min + place * (weights.w_max - weights.w_min)
        for up in (True, False) if down else (True,):
            still, two = (Weights(**{**weights.__dict__, "std": std}) for std in (0.0, weights.std))
            # The pulse is linear in its draw: with a draw of 1 less without one.
            expected = abs(
                float((two.pulse(np.array([w]), up, _One()) - still.pulse(np.array([w]), up, _One()))[0])
            )
            steps = _one_step(name, weights, w, "c2c_sigma", up=up)
            low, high = np.quantile(steps, (0.25, 0.75))
            what = f"sd of one {'SET' if up else 'RESET'} pulse from {w:.3g}, from quartiles"
            # Standard error of an interquartile sd: 1.17 sd / sqrt(n).
            bound = Z * 1.17 * expected / math.sqrt(N) + 1e-3 * expected
            yield Check(name, what, "weight", expected, float(high - low) / 1.34898, bound)


class _One:
    """Draws ones."""

    def standard_normal(self, shape: tuple[int, ...]) -> np.ndarray:
        return np.ones(shape)


def _cells(name: str, weights: Weights, start: float) -> Iterator[Check]:
    """Spread over cells: of the step, of its two directions, of the bounds; noise of a write."""
    steps = _one_step(name, weights, start, "d2d_sigma").ravel()
    middle, low = np.quantile(steps, (0.5, 0.158655))  # the lower half: a share cannot exceed the distance
    sd = weights.dtod
    seen = math.log(middle / low) if weights.log_normal else 1.0 - low / middle
    bound = Z * 2 * sd / math.sqrt(N) + 0.01 * sd
    yield Check(name, "sd over cells of a step, from quantiles", "1", sd, seen, bound)
    if weights.up_down_dtod:
        steps = _one_step(name, weights, start, "up_down_sigma").ravel()
        # A step's float32 grain shows in a spread of 1 %.
        sd, seen = weights.up_down_dtod, float(steps.std() / steps.mean())
        bound = Z * sd / math.sqrt(2 * N) + 0.02 * sd
        yield Check(name, "sd over cells of a SET step by up_down", "1", sd, seen, bound)
    device = _only(name, "g_max_sigma", "g_min_sigma")
    low_g, high_g = device.bounds(device.fabricate(SHAPE, random(name, "bounds")), ...)
    if weights.w_max_dtod:
        sd, values = weights.w_max_dtod * weights.w_max, weights.of(device, high_g)
        yield spread_of(name, "the upper bound over cells", "weight", values, sd, side=1)
        error = Z * 1.2533 * sd / math.sqrt(N)
        yield Check(name, "median upper bound", "weight", weights.w_max, float(np.median(values)), error)
    if weights.w_min_dtod:
        sd, values = weights.w_min_dtod * -weights.w_min, weights.of(device, low_g)
        # Only upwards: many lower bounds are cut at 0 S.
        yield spread_of(name, "the lower bound over cells", "weight", values, sd, side=1)
    if weights.write_noise:
        sd = weights.write_noise * weights.dw_min
        w = _one_step(name, weights, start, "write_sigma").ravel()
        yield spread_of(name, "the noise a pulse leaves", "weight", w, sd)


def _pulsed(
    weights: Weights, pulses: int, starts: tuple[float, float], *, share: float = 0.002, down: bool = True
) -> Checks:
    def checks(name: str) -> Iterator[Check]:
        middle = 0.5 * (weights.w_min + weights.w_max)
        yield from _nominal(name, weights, down)
        yield from _noise(name, weights, down)
        yield from _cells(name, weights, middle)
        yield from _train(name, weights, pulses, starts=starts, share=share, down=down)

    return checks


def _with_dead(inner: Checks, dead: float) -> Checks:
    def checks(name: str) -> Iterator[Check]:
        yield from inner(name)
        device = device_from({"preset": name, "write_sigma": 0})
        cells = device.fabricate(SHAPE, random(name, "dead"))
        before = cells.g.copy()
        still = np.ones(SHAPE, dtype=bool)
        for count in (40, -40):
            device.pulse(cells, ..., np.full(SHAPE, count, dtype=F), random(name, count))
            still &= cells.g == before
        share, error = float(still.mean()), math.sqrt(dead * (1 - dead) / N)
        yield Check(name, "share of cells that no pulse moves", "1", dead, share, Z * error)

    return checks


def _with_reset(inner: Checks, weights: Weights, after: float) -> Checks:
    """One-sided: what a RESET leaves, cut at 0, in weights."""

    def checks(name: str) -> Iterator[Check]:
        yield from inner(name)
        device = _only(name, "reset_sigma")
        cells = written(device, device.g_max, name)
        device.pulse(cells, ..., np.full(SHAPE, -1000, dtype=F), random(name))
        high = float(np.quantile(weights.of(device, cells.g), 0.841345))
        yield Check(
            name, "1 sigma above an emptied cell", "weight", after, high, Z * 1.52 * after / math.sqrt(N)
        )

    return checks


def _with_leak(inner: Checks, lifetime: float, update: float) -> Checks:
    """A weight decays by ``1 - 1 / lifetime`` each update of so many seconds."""

    def checks(name: str) -> Iterator[Check]:
        yield from inner(name)
        device = device_from({"preset": name, "program_sigma": 0, "g_max_sigma": 0, "g_min_sigma": 0})
        cells = written(device, device.g_max, name)
        for updates in (0.1 * lifetime, lifetime, 3 * lifetime):
            device.relax(cells, updates * update - cells.clock)
            w = (device.conductance(cells, ...).astype(float) - device.g_min) / device.span * 2 - 1
            left = (1 - 1 / lifetime) ** updates
            yield Check(name, f"weight 1 after {updates:g} updates", "weight", left, float(w.mean()), 1e-4)

    return checks


def _binary(name: str) -> Iterator[Check]:
    """The structural synapse with the preset's assumed numbers."""
    device = device_from(name)
    middle = 0.5 * (device.g_min + device.g_max)
    cells = device.fabricate(SHAPE, random(name))
    log_off = np.log(cells.g.astype(float) / device.g_min)
    yield from mean_and_sd(name, "ln of off cells over g_min", "1", log_off, 0.0, 0.3)
    for sign, word in ((1, "SET"), (-1, "RESET")):
        for count in (1, 4, 20):
            cells = device.fabricate(SHAPE, random(name))
            if sign < 0:
                device.write(cells, ..., np.full(SHAPE, device.g_max, dtype=F), random(name, "on"))
            device.pulse(cells, ..., np.full(SHAPE, sign * count, dtype=F), random(name, sign, count))
            switched = (cells.g > middle) == (sign > 0)
            p = 1 - 0.9**count
            bound, seen = Z * math.sqrt(p * (1 - p) / N), float(switched.mean())
            yield Check(name, f"share switched by {count} {word} pulses", "1", p, seen, bound)
        if sign > 0:
            log_on = np.log(cells.g[switched].astype(float) / device.g_max)
            yield from mean_and_sd(name, "ln of on cells over g_max", "1", log_on, 0.0, 0.1)


_NANDAKUMAR = Weights(
    "exp", 0.01, 0.0, 2.0, 0.6, (2.5, 2.5), es=(-1.0, 0.0, -27.235, -2.235), std_add=0.042, std_slope=0.108,
    dtod=0.2, up_down_dtod=0.05, w_max_dtod=0.1,
)  # fmt: skip
_ARRAY = {"log_normal": True, "up_down_dtod": 0.01}

PULSES: dict[str, Checks] = {
    "pcm_nandakumar2020": _with_reset(
        _pulsed(_NANDAKUMAR, 20, (0.02, 2.0), share=0.03, down=False), _NANDAKUMAR, 0.01
    ),
    "rram_gong2018": _pulsed(
        Weights("linear", 0.002, -0.75, 1.25, 3.75, dtod=0.3, up_down_dtod=0.01, w_max_dtod=0.24, w_min_dtod=0.40,
                write_noise=56),
        600, (-0.6, 1.1),
    ),
    "rram_gong2018_exp": _pulsed(
        Weights("exp", 0.00135, -1.0, 1.0, 5.0, (5.0, 5.0), up_down=0.259359, es=(-0.5, -0.5, -1.18445, -0.081404),
                dtod=0.2, up_down_dtod=0.05, w_max_dtod=0.3, w_min_dtod=0.3, write_noise=75),
        500, (-0.8, 0.8), share=0.03,
    ),
    "rram_gongrasch2022_hfo2": _with_dead(
        _pulsed(Weights("linear", 0.4622, -1, 1, 0.2174, dtod=0.7125, w_max_dtod=0.4295, w_min_dtod=0.5990,
                        write_noise=0.5841, **_ARRAY),
                8, (-0.9, 0.9), share=0.02),
        0.0977,
    ),
    "rram_gongrasch2022_optimised": _with_dead(
        _pulsed(Weights("linear", 0.0949, -1, 1, 0.4158, dtod=0.7829, w_max_dtod=0.3499, w_min_dtod=0.5695,
                        write_noise=1.4113, **_ARRAY),
                40, (-0.9, 0.9), share=0.01),
        0.1348,
    ),
    "vcm_binary": _binary,
    "ecram_tang2018": _pulsed(
        Weights("linear", 0.002, -0.8276, 1.1724, 0.3, (0.1153, 0.5085), mult_noise=True, dtod=0.1,
                up_down_dtod=0.01, w_max_dtod=0.05, w_min_dtod=0.05),
        600, (-0.8, 1.1),
    ),
    "ecram_kim2019": _pulsed(
        Weights("linear", 2.8214e-4, -0.8286, 1.1714, 2.0, (0.4152, 0.7342), mult_noise=True, dtod=0.1,
                up_down_dtod=0.01, w_max_dtod=0.05, w_min_dtod=0.05),
        2000, (-0.8, 1.1),
    ),
    "capacitor_li2018": _with_leak(
        _pulsed(Weights("linear", 0.005, -1, 1, 0.3, (0.05, 0.05), dtod=0.1, up_down_dtod=0.06, w_max_dtod=0.07,
                        w_min_dtod=0.07),
                300, (-1.0, 1.0)),
        1e6, 1e-6,  # that an update takes 1 us is the preset's assumption
    ),
}  # fmt: skip
