"""Devices that change with time: temperature, and drift by a power law."""

from __future__ import annotations

import math
from abc import ABC

from pydantic import Field

from .model import DeviceModel
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
