"""Stanford-PKU: a filament with a gap that ions hop across, heated by the current."""

from __future__ import annotations

import math
from typing import final

from pydantic import Field

from ..units import Ampere, Volt
from .model import ElectronVolt, Kelvin, KelvinPerWatt, Metre, MetrePerSecond, PhysicalModel, VoltPerMetre

BOLTZMANN = 1.3806503e-23
"""Boltzmann constant as in the model's Verilog-A constants [J/K]."""
CHARGE = 1.6e-19
"""Elementary charge as the model rounds it [C]."""
_LARGEST = 700.0  # of an exponent: exp(709) is the largest double
_SOFTNESS = 1e-3  # half width of the step at the least field, as a share of it


@final
class StanfordPku(PhysicalModel):
    """Filamentary oxide RRAM.

    State g, the gap between filament and electrode [m]; a positive voltage closes it and raises the conductance.

    ``i = I0 exp(-g / g0) sinh(v / V0)``, ``dg/dt = -v0 exp(-q Ea / kT) sinh(gamma a0 q v / (t_ox k T))``, with the
    local temperature ``T = T0 + |v i| R_th`` and the local field enhancement ``gamma = gamma0 - beta (g / 1 nm)^3``.
    Where the enhanced field ``gamma |v| / t_ox`` is below `minimum_field`, nothing moves; here
    that step is smooth over a thousandth of the field to either side. The random part of the
    gap's motion, which the released model can switch on, is not here.

    Source: Jiang et al., IEEE Trans. Electron Devices 63:1884 (2016), doi 10.1109/TED.2016.2545412; equations
    and defaults as in the released Verilog-A model, version 1.0.0 (standard model).
    """

    i0: Ampere = Field(default=1e-3, gt=0.0, description="current scale I0 [A]")
    g0: Metre = Field(default=0.25e-9, gt=0.0, description="decay length of the current in the gap [m]")
    v0: Volt = Field(default=0.25, gt=0.0, description="voltage scale V0 of the current [V]")
    velocity: MetrePerSecond = Field(default=10.0, gt=0.0, description="attempt velocity v0 of the gap [m/s]")
    activation_energy: ElectronVolt = Field(default=0.6, gt=0.0, description="barrier Ea of the hop [eV]")
    gamma0: float = Field(default=16.0, gt=0.0, description="field enhancement without a gap [1]")
    beta: float = Field(
        default=0.8, ge=0.0, description="fall of the enhancement with the gap in nm cubed [1]"
    )
    hop: Metre = Field(default=0.25e-9, gt=0.0, description="hopping distance a0 [m]")
    thickness: Metre = Field(default=12e-9, gt=0.0, description="oxide thickness t_ox [m]")
    thermal_resistance: KelvinPerWatt = Field(default=2100.0, ge=0.0, description="R_th to ambient [K/W]")
    ambient: Kelvin = Field(default=298.0, gt=0.0, description="ambient temperature T0 [K]")
    minimum_field: VoltPerMetre = Field(
        default=1.4e9, ge=0.0, description="enhanced field that the gap needs to move; 0: none [V/m]"
    )
    gap_min: Metre = Field(default=0.2e-9, gt=0.0, description="smallest gap [m]")
    gap_max: Metre = Field(default=1.7e-9, gt=0.0, description="largest gap [m]")
    initial_state: Metre = Field(default=0.2e-9, description="gap at the start [m]")

    @property
    def state_limits(self) -> tuple[float, float]:
        return self.gap_min, self.gap_max

    def _current(self, v: float, x: float) -> float:
        ratio = v / self.v0
        return self.i0 * math.exp(-x / self.g0) * math.sinh(max(-_LARGEST, min(_LARGEST, ratio)))

    def _rate(self, v: float, x: float) -> float:
        temperature = self.temperature(v, x)
        gamma = self.gamma0 - self.beta * (x / 1e-9) ** 3
        share = self._share_moving(gamma * abs(v) / self.thickness)
        if share == 0.0:
            return 0.0
        kt = BOLTZMANN * temperature / CHARGE
        argument = gamma * self.hop * v / (self.thickness * kt)
        argument = max(-_LARGEST, min(_LARGEST, argument))
        return -share * self.velocity * math.exp(-self.activation_energy / kt) * math.sinh(argument)

    def _share_moving(self, field: float) -> float:
        """0 below the least field and 1 above it, by a smooth step.

        A gap that opens lowers its own field, so under a rising voltage it follows the threshold: a jump there
        would leave the equation without a solution in the usual sense.
        """
        if self.minimum_field == 0.0:
            return 1.0
        s = 0.5 + 0.5 * (field / self.minimum_field - 1.0) / _SOFTNESS
        s = min(max(s, 0.0), 1.0)
        return s * s * (3.0 - 2.0 * s)

    def temperature(self, v: float, x: float) -> float:
        """Local temperature [K] at device voltage `v` [V] and gap `x` [m]."""
        return self.ambient + abs(v * self._current(v, x)) * self.thermal_resistance
