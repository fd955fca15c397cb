"""Pulse trains: which model, and its fit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from htm.pick import BadInput, nearest

from ..measurements import PulseTrains
from .affine import fit_soft_bounds
from .binary import fit_binary_vcm
from .result import Fit

PULSED: dict[str, Callable[[PulseTrains], Fit]] = {
    "soft_bounds": fit_soft_bounds,
    "binary_vcm": fit_binary_vcm,
}
"""Models that pulse trains are fitted with, and how."""


def fit_pulses(data: PulseTrains, model: str | None = None) -> Fit:
    """Fit a model of `PULSED`; where none is named, the one that the data look like.

    Parameters
    ----------
    data : conductances before and after identical pulses of both polarities
    model : a name, or none
    """
    if model is None:
        model = "binary_vcm" if _is_binary(data) else "soft_bounds"
    if model not in PULSED:
        raise BadInput(
            f"--model: pulse trains are fitted with {' or '.join(PULSED)}, got {model!r} {nearest(model, PULSED)}"
        )
    return PULSED[model](data)


def _is_binary(data: PulseTrains) -> bool:
    """Whether nearly no change is small: a binary cell leaps between its states or stays as it is."""
    order = np.lexsort((data.pulse, data.cycle, data.device))
    g, device = data.conductance[order], data.device[order]
    same = device[1:] == device[:-1]
    change = np.abs(np.diff(g)[same])
    span = float(np.ptp(g))
    if span <= 0.0:
        return False
    leaps, moves = change > 0.5 * span, change > 0.05 * span
    return bool(leaps.sum() >= 4 and leaps.sum() > 0.5 * moves.sum())
