"""Devices that change with time: temperature, and drift by a power law."""

from __future__ import annotations

import math
from abc import ABC

import numpy as np
from pydantic import Field

from .model import F32, Cells, DeviceModel, Where
from .units import ElectronVolt, Kelvin

BOLTZMANN = 8.617333262e-5  # [eV/K], CODATA 2018


class AgeingDevice(DeviceModel, ABC):
    """A device with drift or retention, thermally activated.

    At `temperature` T time passes ``exp(E_a / k (1 / T_ref - 1 / T))`` times as fast for drift, relaxation and
    leakage (Arrhenius). 1/f read noise is not scaled. With no `activation_energy` the temperature has no effect.
    """

    temperature: Kelvin = Field(default=300.0, gt=0.0, description="temperature of the array [K]")
    reference_temperature: Kelvin = Field(
        default=300.0,
        gt=0.0,
        description="temperature that the times of drift and retention hold for; assumed [K]",
    )
    activation_energy: ElectronVolt = Field(
        default=0.0,
        ge=0.0,
        description="activation energy of drift and retention; 0: not thermally activated [eV]",
    )

    @property
    def acceleration(self) -> float:
        inverse = 1.0 / self.reference_temperature - 1.0 / self.temperature
        return math.exp(self.activation_energy / BOLTZMANN * inverse)

    def _decayed(self, cells: Cells, where: Where, g: F32, nu: F32, t0: float) -> F32:
        """``g (t / t0)^-nu`` from t0 after programming; nu shaped like `g`, or one for all."""
        from .curve_kernels import power_law  # numba takes seconds to import: only for who ages

        aged = self._age(cells, where)
        power_law(aged.reshape(-1), np.float32(1.0 / t0), nu.astype(np.float32).ravel(), g.ravel())
        return aged
