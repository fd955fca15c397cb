"""Dendritic compartments of segments: which cross their threshold within a window under a constant current.

    tau dV/dt = R I - V from rest, so V(T) = R I (1 - exp(-T / tau)): active where V(T) > theta

R I is counted in connected synapses. The threshold of a segment that is to be active from A of them on stands a margin
under A, so that whole numbers lie apart from it on either side.
"""

from __future__ import annotations

from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from devices.units import Second
from htm.bits import Bits
from htm.pick import Params
from htm.streams import stream


@final
class DendriteParams(Params):
    """Compartments of the segments. The defaults are ideal: all the time to charge, no spread."""

    time_constant: Second = Field(default=10e-3, gt=0.0, description="of a compartment [s]")
    window: Second | None = Field(
        default=None, gt=0.0, description="time that it may charge; none: until it does not rise any more [s]"
    )
    margin: float = Field(
        default=0.5,
        ge=0.0,
        lt=1.0,
        description="how far under the activation threshold the mean compartment's lies, in synapses",
    )
    threshold_sigma: float = Field(
        default=0.0, ge=0.0, lt=0.3, description="sd of the compartments' thresholds, as a share of the mean"
    )
    time_constant_sigma: float = Field(
        default=0.0, ge=0.0, lt=1.0, description="sd of the logarithm of the compartments' time constants"
    )


@final
class Compartments:
    """One a row of segments, with their own spread.

    Parameters
    ----------
    params : of the compartments
    rows : how many
    seed, name : of their streams

    Attributes
    ----------
    reach : (rows,) what each comes to within the window, as a share of R I
    scale : (rows,) its threshold over the mean
    """

    def __init__(self, params: DendriteParams, rows: int, seed: int, name: str) -> None:
        spread = stream(seed, f"{name}.threshold").standard_normal(rows)
        slow = stream(seed, f"{name}.time_constant").standard_normal(rows)
        self.params = params
        self.scale = np.maximum(0.1, 1.0 + params.threshold_sigma * spread)
        self.time_constant = params.time_constant * np.exp(params.time_constant_sigma * slow)
        window = np.inf if params.window is None else params.window
        self.reach = -np.expm1(-window / self.time_constant)

    def crossing(self, rows: Bits, overlap: NDArray[Any], least: int) -> NDArray[np.bool_]:
        """Which of `rows` cross their threshold within the window, (len(rows),).

        Parameters
        ----------
        rows : segments that are driven
        overlap : (len(rows),) R I, in connected synapses
        least : connected synapses from which a segment is to be active
        """
        crossing: NDArray[np.bool_] = (
            overlap * self.reach[rows] > (least - self.params.margin) * self.scale[rows]
        )
        return crossing
