"""Are fitted parameters where their 95 % intervals say? Simulated measurements fitted back, again and again.

Each repetition makes other cells and other noise of the same device. The table counts the repetitions in which the true
value lay within the interval, those in which the fit said that the data do not tell, and the median width of the
interval over the value.

Run: python benchmarks/fit_round_trip.py [--repeats N] [CASE ...]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from devices.exp_step import ExpStep, OneSidedPcm
from devices.fit.binary import fit_binary_vcm
from devices.fit.exp_step import fit_exp_step, fit_one_sided_pcm
from devices.fit.iv import fit_iv
from devices.fit.linear_step import fit_linear_step
from devices.fit.neurosim import fit_neurosim
from devices.fit.reads import fit_reads
from devices.fit.result import Fit
from devices.fit.retention import fit_retention
from devices.fit.soft_bounds import fit_soft_bounds
from devices.linear_step import LinearStep, NeuroSimDevice
from devices.measure import measure_iv, measure_pulses, measure_reads, measure_retention
from devices.measurements import PulseTrains
from devices.model import DeviceModel
from devices.presets import device_from
from devices.soft_bounds import SoftBoundsRram


@dataclass(frozen=True)
class Case:
    """What is measured of which device, and what must come back."""

    device: DeviceModel
    fit: Callable[[DeviceModel, int], Fit]
    truth: dict[str, float]


def _truth(device: DeviceModel, *names: str) -> dict[str, float]:
    found: dict[str, Any] = {}
    for name in names:
        value = getattr(device, name)
        found |= (
            {f"{name}[{k}]": one for k, one in enumerate(value)}
            if isinstance(value, tuple)
            else {name: value}
        )
    return found


_SOFT: dict[str, Any] = {
    "g_min": 1e-6, "g_max": 1e-5, "step_up": 0.02, "step_down": 0.03, "d2d_sigma": 0.2, "up_down_sigma": 0.1,
    "g_max_sigma": 0.1, "g_min_sigma": 0.02, "c2c_sigma": 0.5, "c2c_additive": True, "write_sigma": 0.02,
}  # fmt: skip
_SOFT_FIELDS = tuple(name for name in _SOFT if name != "c2c_additive")
_LINEAR: dict[str, Any] = {
    "g_min": 1e-6, "g_max": 1e-5, "step_up": 0.02, "step_down": 0.03, "slope_up": 0.4, "slope_down": 0.6,
    "d2d_sigma": 0.2, "up_down_sigma": 0.1, "g_max_sigma": 0.05, "g_min_sigma": 0.02, "c2c_sigma": 0.5,
    "write_sigma": 0.01,
}  # fmt: skip
_EXP: dict[str, Any] = {
    "g_min": 1e-6, "g_max": 1e-5, "step_up": 0.02, "step_down": 0.015, "exp_up": -1.0, "exp_down": -1.5,
    "rate_up": 2.0, "rate_down": 3.0, "d2d_sigma": 0.2, "up_down_sigma": 0.1, "g_max_sigma": 0.05,
    "g_min_sigma": 0.02, "c2c_sigma": 0.5, "write_sigma": 0.01,
}  # fmt: skip
_NEUROSIM: dict[str, Any] = {
    "g_min": 1e-6, "g_max": 1e-5, "nonlinearity_up": 2.4, "nonlinearity_down": 1.5, "pulses_up": 60, "pulses_down": 80,
    "d2d_sigma": 0.15, "up_down_sigma": 0.05, "g_max_sigma": 0.05, "g_min_sigma": 0.02, "c2c_sigma": 0.4,
    "write_sigma": 0.01,
}  # fmt: skip
_ONE_SIDED: dict[str, Any] = {
    "g_max": 1e-5, "step_up": 0.02, "exp_up": -1.0, "rate_up": 3.0, "d2d_sigma": 0.15, "g_max_sigma": 0.05,
    "c2c_sigma": 0.5, "write_sigma": 0.01,
}  # fmt: skip
_HALF: dict[str, Any] = {"exp_scale": -0.5, "exp_offset": 0.0}
_TIMES = [1.0, 10.0, 1e2, 1e3, 1e4, 1e5, 1e6]


def _soft(**changes: Any) -> Case:
    device = SoftBoundsRram(**{**_SOFT, **changes})
    return Case(
        device,
        lambda one, seed: fit_soft_bounds(measure_pulses(one, 20, 3, 100, seed)),
        _truth(device, *_SOFT_FIELDS),
    )


def _trains(
    make: Callable[..., DeviceModel],
    fit: Callable[[PulseTrains], Fit],
    fields: dict[str, Any],
    cycles: int = 3,
    **fixed: Any,
) -> Case:
    device = make(**fields, **fixed)
    return Case(
        device, lambda one, seed: fit(measure_pulses(one, 20, cycles, 100, seed)), _truth(device, *fields)
    )


def _binary(**changes: Any) -> Case:
    device = device_from({"preset": "vcm_binary", **changes})
    names = ("set_probability", "reset_probability", "g_min", "g_max", "on_sigma", "off_sigma")
    return Case(
        device, lambda one, seed: fit_binary_vcm(measure_pulses(one, 20, 3, 40, seed)), _truth(device, *names)
    )


def _reads(names: tuple[str, ...], levels: list[float], cells: int, reads: int, **changes: Any) -> Case:
    device = device_from({"preset": "rram_gong2018", "write_sigma": 0, **changes})
    return Case(
        device,
        lambda one, seed: fit_reads(measure_reads(one, levels, cells, reads, seed)),
        _truth(device, *names),
    )


def _drift(preset: str, **changes: Any) -> Case:
    device = device_from({"preset": preset, "write_sigma": 0, "read_sigma": 0.01, **changes})
    names = ("drift_nu", "drift_nu_sigma")
    return Case(
        device,
        lambda one, seed: fit_retention(measure_retention(one, [3e-6, 8e-6], _TIMES, 20, seed)),
        _truth(device, *names),
    )


def _relaxing() -> Case:
    device, top = device_from("rram_cmo2024"), 8e-5
    truth = _truth(device, "relax_shift", "relax_growth", "relax_sigma", "program_poly")
    truth["program_poly[0]"] *= device.g_max / top  # a share of the highest level that is measured
    return Case(
        device,
        lambda one, seed: fit_retention(
            measure_retention(one, [2e-5, 4e-5, 6e-5, top], _TIMES, 40, seed), "relaxing_rram"
        ),
        truth,
    )


def _iv(spec: dict[str, Any], levels: np.ndarray, most: float, *names: str) -> Case:
    device = device_from(spec)
    volts = np.linspace(-most, most, 21)
    return Case(
        device,
        lambda one, seed: fit_iv(measure_iv(one, levels.tolist(), volts.tolist(), seed)),
        _truth(device, *names),
    )


CASES: dict[str, Callable[[], Case]] = {
    "soft bounds, additive noise": _soft,
    "soft bounds, noise with the step": lambda: _soft(c2c_additive=False, c2c_sigma=0.3, write_sigma=0.01),
    "linear step": lambda: _trains(LinearStep, fit_linear_step, _LINEAR),
    "linear step, noise with the step": lambda: _trains(LinearStep, fit_linear_step, _LINEAR, c2c_additive=False),
    "exponential step": lambda: _trains(ExpStep, fit_exp_step, _EXP, **_HALF),
    "NeuroSim": lambda: _trains(NeuroSimDevice, fit_neurosim, _NEUROSIM),
    "one-sided PCM": lambda: _trains(OneSidedPcm, fit_one_sided_pcm, _ONE_SIDED, 4, g_min=5e-7, **_HALF),
    "binary": _binary,
    "binary, wide": lambda: _binary(set_probability=0.4, reset_probability=0.05, on_sigma=0.2, off_sigma=0.5),
    "reads, Gaussian": lambda: _reads(("read_sigma", "disturb_share"), [5e-6], 20, 50, read_sigma=0.03),
    "reads, log-normal": lambda: _reads(("read_sigma",), [5e-6], 20, 100, read_sigma=0.2, read_law="log_normal"),
    "reads, telegraph": lambda: _reads(
        ("read_sigma", "rtn_fraction", "rtn_amplitude", "rtn_duty", "rtn_power"), [2e-6, 4e-6, 6e-6, 1e-5], 12, 150,
        read_sigma=0.02, rtn_fraction=0.4, rtn_amplitude=0.1, rtn_power=0.5, rtn_duty=0.3,
    ),
    "reads, disturb": lambda: _reads(
        ("read_sigma", "disturb_share"), [1e-6, 4e-6, 8e-6], 10, 200, read_sigma=0.02, disturb_share=0.002
    ),
    "drift, soft bounds": lambda: _drift("rram_gong2018", drift_nu=0.03, drift_nu_sigma=0.008),
    "drift, linear step": lambda: _drift("ecram_tang2018", drift_nu=0.05, drift_nu_sigma=0.01),
    "relaxation": _relaxing,
    "I-V, sinh": lambda: _iv({"preset": "rram_gong2018", "iv_sinh": 3.0, "read_sigma": 0.01, "write_sigma": 0},
                             np.linspace(1e-6, 8e-6, 6), 0.4, "iv_sinh"),
    "I-V, polynomial": lambda: _iv({"preset": "rram_milo2021", "read_sigma": 0.005}, np.linspace(7e-5, 2e-4, 12), 0.5,
                                   "iv_square", "iv_cubic"),
}  # fmt: skip
"""Devices and measurements by name; made when asked for."""


def repeat(case: Case, repeats: int) -> dict[str, tuple[int, int, float]]:
    """Of each parameter: within its interval how often, said not to be told how often, median width over the value."""
    covered, silent = (dict.fromkeys(case.truth, 0) for _ in range(2))
    widths: dict[str, list[float]] = {name: [] for name in case.truth}
    for seed in range(repeats):
        fit = case.fit(case.device, seed)
        for name, value in case.truth.items():
            one = fit.of(name)
            silent[name] += not one.identified
            covered[name] += one.identified and one.low <= value <= one.high
            widths[name] += [(one.high - one.low) / abs(value)] if one.identified and value else []
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
            print(f"  {parameter:20} {covered:4} of {told:4}   width {width:6.3f} of the value", flush=True)


if __name__ == "__main__":
    main()
