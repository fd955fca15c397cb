"""NeuroSim's potentiation and depression curves fitted to pulse trains."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..linear_step import LABEL_SCALE
from ..measurements import PulseTrains
from .linear_step import affine, bounds, known, ordered, spreads
from .places import Places
from .result import Fit
from .train_kernels import BOTH, DOWN, UP
from .train_search import C2C, SHOWN
from .trains import Drawn, goodness, not_told, panels, told

F64 = NDArray[np.float64]


def fit_neurosim(data: PulseTrains) -> Fit:
    """`NeuroSimDevice`: labels, pulses for the whole range, bounds, spreads, noise of pulses and of what is shown.

    The curve's step is a line along the range, so its two numbers follow from the line's. All cells are taken to share
    their labels.
    """
    places = Places.of(data)
    how, found, drawn = affine(places, (BOTH,))
    range_ = drawn.high - drawn.low
    up, down = _curve(drawn, UP, drawn.up), _curve(drawn, DOWN, drawn.down)
    mean_step = 0.5 * (1.0 / up["pulses"] + 1.0 / down["pulses"])
    noise = drawn.shared[:, C2C] * np.sqrt(drawn.up * drawn.down)
    estimates = [
        told("nonlinearity_up", up["label"]),
        told("nonlinearity_down", down["label"]),
        told("pulses_up", up["pulses"]),
        told("pulses_down", down["pulses"]),
        *bounds(drawn, places),
        *spreads(drawn, places),
        told("c2c_sigma", noise / (range_ * mean_step)),
        told("write_sigma", drawn.shared[:, SHOWN] / range_),
        not_told("nonlinearity_sigma", 0.0, "all cells are taken to share their labels"),
        not_told("program_sigma", 0.0, "pulse trains hold no direct write"),
    ]
    estimates = [known(one) for one in estimates]
    needed = {"nonlinearity_up", "nonlinearity_down", "g_min", "g_max"}
    values: dict[str, Any] = {
        one.name: one.value for one in estimates if one.identified or one.name in needed
    }
    for name in ("nonlinearity_up", "nonlinearity_down"):
        values[name] = float(np.clip(values[name], -9.0, 9.0))
    for name, draws in (("pulses_up", up["pulses"]), ("pulses_down", down["pulses"])):
        values[name] = max(round(float(draws[0])), 2)
    return Fit(
        kind="pulses",
        model="neurosim",
        values=values,
        estimates=ordered(estimates),
        goodness=goodness(places, how, found),
        panels=panels(places, how, found),
        notes=("read noise cannot be told from write noise in pulse trains; write_sigma holds both",),
    )


def _curve(drawn: Drawn, at: int, unit: F64) -> dict[str, F64]:
    """Label, and pulses from one end of the range to the other."""
    end = drawn.high if at == UP else 1.0 - drawn.low
    slope = drawn.shared[:, at]
    shrinks = np.clip(unit * slope, -10.0, 0.999)  # share by which the step shrinks from pulse to pulse
    shrinks = np.where(np.abs(shrinks) < 1e-9, 1e-9, shrinks)
    last = np.maximum(unit * (1.0 - slope * (end - 0.5)) / (drawn.high - drawn.low), 1e-9)
    logs = np.log1p(-shrinks)
    pulses = np.log(last / np.maximum(last + shrinks, 1e-12)) / logs
    return {"label": label_of(-1.0 / (pulses * logs)), "pulses": pulses}


def label_of(a: F64) -> F64:
    """Non-linearity label of A / P_max: the inverse of `devices.linear_step.normal_a`."""
    size = np.abs(a)
    near = np.minimum(size, 1e3)  # beyond: a difference of near numbers, its limit instead
    shrunk = -near * np.expm1(-1.0 / near)
    distance = (1.0 - shrunk) / -np.expm1(-1.0 / near) + near * np.log(shrunk)
    labels: F64 = np.sign(a) * LABEL_SCALE * np.where(size > 1e3, 1.0 / (8.0 * size), distance)
    return labels
