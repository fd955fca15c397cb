"""What every fit of measurements gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """One parameter of a device model, as fitted.

    Attributes
    ----------
    name : field of the model (``d2d_sigma``; ``drift_nu_mean.slope`` of a nested one; ``program_poly[0]`` of a tuple)
    value : in the field's unit, SI
    low, high : 95 % confidence interval; both NaN where the data say nothing of the parameter
    unit : SI, empty for a pure number
    identified : False where the data do not determine the parameter; `value` is then the model's default or 0
    why : reason for not being identified, or how the interval was found; one phrase
    """

    name: str
    value: float
    low: float
    high: float
    unit: str = ""
    identified: bool = True
    why: str = ""


@dataclass(frozen=True)
class Panel:
    """Data against model for one picture.

    Attributes
    ----------
    title, x_label, y_label : with units
    x, data, model : (n,) each: what was measured, and what the fitted model's mean makes of it
    low, high : (n,), central 90 % of the model's cells, or none
    log_x : whether x is best drawn on a logarithmic axis
    lines : whether data are a curve instead of points
    """

    title: str
    x_label: str
    y_label: str
    x: F64
    data: F64
    model: F64
    low: F64 | None = None
    high: F64 | None = None
    log_x: bool = False
    lines: bool = False


@dataclass(frozen=True)
class Fit:
    """A fitted part of a device.

    Attributes
    ----------
    kind : pulses, retention, reads or iv
    model : name of the device model in `devices.models.MODELS`; empty where they are every model's (reads, iv)
    values : what a device of that model is made with: field name to value, tables and tuples included
    estimates : each parameter with its interval, identified ones first
    goodness : R squared, residual sd over its expectation, AIC and the like, by name
    panels : data against model
    notes : what a user should know, a sentence each
    """

    kind: str
    model: str
    values: Mapping[str, Any]
    estimates: tuple[Estimate, ...]
    goodness: Mapping[str, float] = field(default_factory=dict)
    panels: tuple[Panel, ...] = ()
    notes: tuple[str, ...] = ()

    def of(self, name: str) -> Estimate:
        """The estimate of one parameter."""
        return next(estimate for estimate in self.estimates if estimate.name == name)
