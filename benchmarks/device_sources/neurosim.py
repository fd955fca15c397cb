"""Presets of MLP+NeuroSim's device table: its curves from its table of non-linearity labels, and its numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from devices.presets import device_from

from .common import SHAPE, Check, Checks, F, N, Z, exact, random, written

A_OF_LABEL = {
    0.04: 31.566827, 0.1: 12.625807, 0.5: 2.519877, 0.61: 2.063266, 0.63: 1.997332, 1.46: 0.848677, 1.75: 0.702081,
    1.79: 0.685502, 1.85: 0.661941, 1.94: 0.629249, 2.4: 0.499181, 3.68: 0.300644, 4.88: 0.200303, 6.76: 0.100251,
}  # fmt: skip
"""A / P_max of non-linearity labels: values of NeuroSim's own table (``getParamA``), which has two decimals and cuts
the third."""


def _place(p: float, a: float, p_max: int) -> float:
    """``NonlinearWeight`` of NeuroSim, over the range; a has the label's sign."""
    return (1 - math.exp(-p / (a * p_max))) / (1 - math.exp(-1 / a))


def _row(
    r_on: float, ratio: float, labels: tuple[float, float], pulses: tuple[int, int], sigma: float
) -> Checks:
    """One row of the table; labels with NeuroSim's signs."""

    def checks(name: str) -> Iterator[Check]:
        quiet = device_from({"preset": name, "c2c_sigma": 0, "program_sigma": 0})
        yield exact(name, "on resistance", "ohm", r_on, 1 / quiet.g_max)
        yield exact(name, "on/off ratio", "1", ratio, quiet.g_max / quiet.g_min)
        yield exact(name, "read voltage, NeuroSim's default", "V", 0.5, quiet.read_voltage)
        for up in (True, False):
            p_max, label = pulses[0 if up else 1], labels[0 if up else 1]
            a = math.copysign(A_OF_LABEL[math.floor(abs(label) * 100) / 100], label)
            for part in (0.1, 0.25, 0.5, 0.75, 1.0):
                n = round(part * p_max)
                cells = quiet.fabricate((1, 1), random(0))
                cells.g[...] = quiet.g_min if up else quiet.g_max
                quiet.pulse(cells, ..., np.full((1, 1), n if up else -n, dtype=F), random(0))
                seen = (float(cells.g[0, 0]) - quiet.g_min) / quiet.span
                expected = _place(n if up else p_max - n, a, p_max)
                what = f"place in the range after {n} {'SET' if up else 'RESET'} pulses"
                yield Check(name, what, "1", expected, seen, 1e-3)
        device = device_from({"preset": name, "program_sigma": 0})
        cells = written(device, 0.5 * (device.g_min + device.g_max), name)
        device.pulse(cells, ..., np.ones(SHAPE, dtype=F), random(name))
        sd, error = float(cells.g.astype(float).std()) / device.span, sigma / math.sqrt(2 * N)
        yield Check(name, "cycle noise of one pulse over the range", "1", sigma, sd, Z * error)

    return checks


NEUROSIM: dict[str, Checks] = {
    "pcm_kuzum2011": _row(4.71e3, 19.8, (0.105, 2.4), (100, 120), 0.015),
    "rram_jo2010": _row(26e6, 12.5, (2.4, -4.88), (97, 100), 0.035),
    "rram_taox_tio2": _row(5e6, 2.0, (1.85, -1.79), (102, 102), 0.01),
    "rram_wu2018": _row(100e3, 10.0, (0.04, -0.63), (128, 128), 0.037),
    "rram_park2013": _row(23e6, 6.84, (3.68, -6.76), (50, 50), 0.01),
    "rram_woo2016": _row(16.9e3, 4.43, (1.94, -0.61), (40, 40), 0.05),
    "rram_choi2018": _row(81e3, 50.2, (0.5, -0.5), (64, 64), 0.02),
    "fefet_jerry2017": _row(559.28e3, 45.0, (1.75, 1.46), (32, 32), 0.005),
}
