"""What software and hardware share with each record of a stream, and the time that passes between records."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from devices.units import Second
from htm.measures import match
from htm.pick import Params

from .detector import Detector
from .nab_data import Times
from .registry import Metric

SHARED: dict[str, Metric] = {
    "fidelity": Metric("fidelity: winners shared by software and hardware", headline=True),
    "fidelity_active_cells": Metric("active cells shared by software and hardware"),
    "fidelity_predicted_cells": Metric("predicted cells shared by software and hardware"),
    "anomaly_difference": Metric("difference of the anomaly score from software's, mean size"),
}
"""What two detectors share, a number a record each."""


class StreamTimeParams(Params):
    """What the clock does while devices age."""

    record: Second = Field(default=0.0, ge=0.0, description="time between records [s]")
    stamps: bool = Field(default=False, description="the time between timestamps passes instead")
    lump: Second = Field(
        default=0.0,
        ge=0.0,
        description="time that is saved up before it passes at once, which spares looks at ageing cells [s]",
    )


def shared(software: Detector, hardware: Detector, difference: float) -> tuple[float, float, float, float]:
    """The numbers of `SHARED` for the record that both have just seen.

    Parameters
    ----------
    software, hardware : their first members are compared
    difference : of their anomaly scores
    """
    one, two = software.model, hardware.model
    return (
        match(one.regions[0].columns, two.regions[0].columns),
        match(one.memory.active_cells, two.memory.active_cells),
        match(one.memory.predictive_cells, two.memory.predictive_cells),
        abs(difference),
    )


def pauses(params: StreamTimeParams, times: Times) -> list[float]:
    """Time that passes before each record [s]; none before the first, none where timestamps go backwards."""
    apart = np.full(times.size - 1, params.record)
    if params.stamps:
        apart = np.maximum(np.diff(times) / np.timedelta64(1, "s"), 0.0)
    passes, saved = [0.0], 0.0
    for one in apart.tolist():
        saved += one
        due = saved >= params.lump
        passes.append(saved if due else 0.0)
        saved = 0.0 if due else saved
    return passes
