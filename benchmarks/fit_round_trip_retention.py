"""Are fitted parameters of retention where their 95 % intervals say? Simulated cells fitted back, again and again.

Each repetition makes other cells and other noise of the same device. The table counts the repetitions in which the true
value lay within the interval, of those in which the fit told the parameter at all, and the median width of the interval
over the value. Pulses, reads and I-V curves: ``benchmarks/fit_round_trip.py``.

Run: python benchmarks/fit_round_trip_retention.py [--repeats N] [CASE ...]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from devices.charge_trap import ChargeTrap, Day
from devices.fit.result import Fit
from devices.fit.retention import fit_retention
from devices.levels import LevelRram, Miss
from devices.measure import measure_retention
from devices.model import DeviceModel
from devices.presets import device_from

DAY = 86400.0
DECADES = (1.0, 10.0, 1e2, 1e3, 1e4, 1e5, 1e6)


@dataclass(frozen=True)
class Case:
    """A device, how it is measured, and what must come back; `model` none: the fit chooses."""

    device: DeviceModel
    truth: Mapping[str, float]
    levels: tuple[float, ...]
    times: tuple[float, ...]
    cells: int
    temperatures: tuple[float, ...] | None = None
    model: str | None = None

    def fit(self, seed: int) -> Fit:
        """Fit of one measurement."""
        kelvin = None if self.temperatures is None else list(self.temperatures)
        return fit_retention(
            measure_retention(self.device, list(self.levels), list(self.times), self.cells, seed, kelvin),
            self.model,
        )


def _truth(device: DeviceModel, *names: str) -> dict[str, float]:
    """Values of fields, of tables (``drift_nu_mean.slope``) and of tuples (all of ``program_poly``)."""
    found: dict[str, float] = {}
    for name in names:
        value: Any = device
        for part in name.split("."):
            value = getattr(value, part)
        many = isinstance(value, tuple)
        found |= {f"{name}[{k}]": float(one) for k, one in enumerate(value)} if many else {name: float(value)}
    return found


def _drift(**changes: Any) -> DeviceModel:
    known = {"write_sigma": 0, "read_sigma": 0.01, "drift_nu": 0.05, "drift_nu_sigma": 0.01}
    return device_from({"preset": "rram_gong2018", **known, **changes})


def _drift_heated() -> Case:
    device = _drift(activation_energy=0.3)
    truth = _truth(device, "drift_nu", "drift_nu_sigma", "activation_energy")
    return Case(device, truth, (3e-6, 7e-6), DECADES, 20, (300.0, 340.0, 380.0), "soft_bounds")


def _drift_late() -> Case:
    device = _drift(drift_t0=300.0)
    return Case(device, _truth(device, "drift_nu", "drift_nu_sigma", "drift_t0"), (3e-6, 7e-6), DECADES, 20)


def _pcm() -> Case:
    """Joshi's cells with a fifth of their read noise: with all of it the lowest levels are read below 0 S."""
    device = device_from({"preset": "pcm_joshi2020", "read_noise_scale": 0.2})
    parts = [
        f"{curve}.{part}"
        for curve in ("drift_nu_mean", "drift_nu_sd")
        for part in ("slope", "intercept", "low")
    ]
    levels = tuple(r * device.g_max for r in (0.05, 0.08, 0.12, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0))
    times = (20.0, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7)
    return Case(device, _truth(device, *parts, "drift_t0", "program_poly"), levels, times, 50)


def _pcm_heated() -> Case:
    device = device_from({
        "preset": "pcm_joshi2020", "read_noise_scale": 0.2, "drift_nu": 0.05, "drift_nu_sigma": 0.01,
        "activation_energy": 0.4,
    })  # fmt: skip
    truth = {**_truth(device, "drift_t0", "activation_energy"), "drift_nu_mean.intercept": 0.05}
    times = (20.0, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7)
    return Case(device, truth, (5e-6, 1e-5, 2e-5), times, 20, (300.0, 330.0, 360.0), "pcm")


def _relaxing_heated() -> Case:
    device = device_from({"preset": "rram_cmo2024", "activation_energy": 0.5, "read_noise_scale": 0.2})
    truth = _truth(device, "relax_shift", "relax_growth", "relax_sigma", "activation_energy")
    levels = (2e-5, 4e-5, 6e-5, 8e-5)
    return Case(device, truth, levels, DECADES, 20, (300.0, 340.0, 380.0), "relaxing_rram")


def _misses_truth(device: LevelRram) -> dict[str, float]:
    found = _truth(device, "program_poly")
    for at, miss in enumerate(device.retention):
        found |= {f"retention[{at}].poly[{power}]": value for power, value in enumerate(miss.poly)}
    return found


def _level() -> Case:
    later = (Miss(after=1e3, poly=(0.02, 0.05)), Miss(after=1e5, poly=(0.03, 0.07)))
    device = LevelRram(g_min=1e-6, g_max=4e-5, program_poly=(0.01, 0.04), retention=later, read_sigma=0.01)
    levels = tuple(r * device.g_max for r in (0.2, 0.4, 0.6, 0.8, 1.0))
    return Case(device, _misses_truth(device), levels, (1.0, 1e3, 1e5), 30, None, "level_rram")


def _level_wan() -> Case:
    device = device_from("rram_wan2022")
    assert isinstance(device, LevelRram)
    levels = tuple(r * device.g_max for r in (0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0))
    return Case(device, _misses_truth(device), levels, (1.0, DAY, 2 * DAY), 60, None, "level_rram")


def _trap() -> Case:
    days = (
        Day(after=0.0, sigma=0.0124, scale=0.11),
        Day(after=DAY, sigma=0.016, scale=0.12, shift_poly=(0.001, -0.02)),
        Day(after=5 * DAY, sigma=0.02, scale=0.14, shift_poly=(0.002, -0.04)),
    )
    device = ChargeTrap(g_min=1e-8, g_max=1.6e-5, days=days, read_noise_top=0.002)
    truth = {}
    for at, day in enumerate(days):
        truth |= {f"days[{at}].sigma": day.sigma, f"days[{at}].scale": day.scale}
        truth |= {f"days[{at}].shift_poly[{power}]": value for power, value in enumerate(day.shift_poly)}
    levels = tuple(r * device.g_max for r in (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0))
    return Case(device, truth, levels, (1.0, DAY, 5 * DAY), 40, None, "charge_trap")


def _leak() -> Case:
    device = device_from({"preset": "capacitor_li2018", "read_sigma": 0.01})
    return Case(device, _truth(device, "leak_time"), (2e-6, 9e-6), (0.1, 0.2, 0.5, 1.0, 2.0, 4.0), 10)


def _leak_heated() -> Case:
    device = device_from({"preset": "capacitor_li2018", "read_sigma": 0.01, "activation_energy": 0.6})
    plain = _leak()
    truth = _truth(device, "leak_time", "activation_energy")
    return replace(plain, device=device, truth=truth, temperatures=(300.0, 330.0, 360.0))


CASES: dict[str, Callable[[], Case]] = {
    "drift from 300 s": _drift_late,
    "drift, three temperatures": _drift_heated,
    "pcm": _pcm,
    "pcm, three temperatures": _pcm_heated,
    "relaxation, three temperatures": _relaxing_heated,
    "level_rram": _level,
    "level_rram, Wan 2022": _level_wan,
    "charge_trap": _trap,
    "leakage": _leak,
    "leakage, three temperatures": _leak_heated,
}
"""Devices and measurements by name; made when asked for."""


def repeat(case: Case, repeats: int) -> dict[str, tuple[int, int, float]]:
    """Of each parameter: within its interval how often, not told how often, median width over the value."""
    covered, silent = (dict.fromkeys(case.truth, 0) for _ in range(2))
    widths: dict[str, list[float]] = {name: [] for name in case.truth}
    for seed in range(repeats):
        told = {one.name: one for one in case.fit(seed).estimates if one.identified}
        for name, value in case.truth.items():
            if name not in told:
                silent[name] += 1
                continue
            one = told[name]
            covered[name] += one.low <= value <= one.high
            widths[name] += [(one.high - one.low) / abs(value)] if value else []
    return {
        name: (covered[name], silent[name], float(np.median(widths[name])) if widths[name] else float("nan"))
        for name in case.truth
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="default: all")
    options = parser.parse_args()
    for name in options.cases or list(CASES):
        since = time.process_time()
        found = repeat(CASES[name](), options.repeats)
        print(f"{name} ({(time.process_time() - since) / options.repeats:.2f} CPU s a fit)")
        for parameter, (covered, silent, width) in found.items():
            told = options.repeats - silent
            print(f"  {parameter:24} {covered:4} of {told:4}   width {width:6.3f} of the value", flush=True)


if __name__ == "__main__":
    main()
