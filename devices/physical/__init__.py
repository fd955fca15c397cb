"""Memristors as ordinary differential equations: for checking, for pulse shapes, and to fit the fast models to.

`PHYSICAL` maps one word to one model; `simulate` drives it with any voltage, `calibrate` fits a device model of
array speed to its answer to a train of pulses.
"""

from __future__ import annotations

from .calibration import Calibration, Pulses, calibrate, fit_soft_bounds
from .jart_vcm import JartVcm
from .linear_drift import LinearDrift
from .model import PhysicalModel
from .simulation import Trace, simulate
from .stanford_pku import StanfordPku
from .vteam import Vteam
from .waveforms import Custom, PiecewiseLinear, PulseTrain, Sine, Triangle, Waveform
from .windows import WINDOWS
from .yakopcic import Yakopcic

PHYSICAL: dict[str, type[PhysicalModel]] = {
    "linear_drift": LinearDrift,
    "vteam": Vteam,
    "yakopcic": Yakopcic,
    "stanford_pku": StanfordPku,
    "jart_vcm": JartVcm,
}

__all__ = [
    "PHYSICAL",
    "WINDOWS",
    "Calibration",
    "Custom",
    "JartVcm",
    "LinearDrift",
    "PhysicalModel",
    "PiecewiseLinear",
    "PulseTrain",
    "Pulses",
    "Sine",
    "StanfordPku",
    "Trace",
    "Triangle",
    "Vteam",
    "Waveform",
    "Yakopcic",
    "calibrate",
    "fit_soft_bounds",
    "simulate",
]
