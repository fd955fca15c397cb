"""JART VCM v1b: oxygen vacancies hop between a disc and a plug under a Schottky contact."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, final

from pydantic import Field

from ..units import Ohm
from .model import (
    NO_VOLTAGE,
    ElectronVolt,
    Kelvin,
    KelvinPerWatt,
    Metre,
    PerCubicMetre,
    PerSecond,
    PhysicalModel,
    SquareMetrePerVoltSecond,
)

# Constants as the model's Verilog-A has them; they are part of the fit.
CHARGE = 1.602e-19  # [C]
BOLTZMANN = 1.3807e-23  # [J/K]
PLANCK = 6.626e-34  # [Js]
PERMITTIVITY = 8.854e-12  # of the vacuum [F/m]
ELECTRON_MASS = 9.10938e-31  # [kg]
RICHARDSON = 6.01e5  # [A/m2K2]
VALENCE = 2.0  # charge number z of an oxygen vacancy
_LARGEST = 700.0  # of an exponent: exp(709) is the largest double
_SCAN = 8  # voltages tried on the contact's falling branch


class OperatingPoint(NamedTuple):
    """What flows and drops where at one voltage and state.

    Attributes
    ----------
    current : through the whole cell [A]
    schottky : voltage of the Schottky contact [V]
    series : voltage of oxide layer and lines in series [V]
    disc : voltage of the disc [V]
    temperature : of the filament [K]
    """

    current: float
    schottky: float
    series: float
    disc: float
    temperature: float


@final
class JartVcm(PhysicalModel):
    """Filamentary valence-change cell, deterministic version 1b.

    State N, the concentration of oxygen vacancies in the disc [1/m3] (the papers count in 1e26/m3). A negative
    voltage fills the disc and raises the conductance (SET), a positive one empties it (RESET).

    In series lie a Schottky contact, the disc ``R = l / (N z q mu A)``, the plug alike, and ``R_TiOx + R0 (1 + R0
    alpha I^2 R_th,line)``. The contact carries thermionic emission for a positive voltage and thermionic field
    emission for a negative one, over a barrier that the image force lowers by ``[q^3 z N psi / (8 pi^2 eps^3)]^1/4``
    V, psi = phi_Bn0 - phi_n - V; never below 0. The filament's temperature is ``T0 + R_th,eff I (V - V_series)``.
    ``dN/dt = -I_ion / (z q A l_disc)`` with ``I_ion = z q c a nu A [exp(-W_min / kT) - exp(-W_max / kT)] F_lim``, c
    the mean concentration of disc and plug, ``W = W_A [sqrt(1 - s^2) -+ s pi / 2 + s arcsin(s)]``, ``s = z E a /
    (pi W_A)``, E the field in the disc (SET) or over the whole filament (RESET), and ``F_lim = 1 - (N /
    N_max)^10`` (SET) or ``1 - (N_min / N)^10`` (RESET).

    Up to phi_Bn0 - phi_n the barrier of a contact rises with its positive voltage, so that beyond it one RESET
    voltage allows several currents. The largest is taken: the one that a voltage rising from 0 leads to.

    Source: Bengel et al., IEEE Trans. Circuits and Systems I 67:4618 (2020), doi 10.1109/TCSI.2020.3018502;
    Cueppers et al., APL Materials 7:091105 (2019), doi 10.1063/1.5108654. Equations and defaults of the released
    Verilog-A model; `thermal_resistance` 1.572e7 K/W as in the release, while some ports have 1e7.
    """

    n_min: PerCubicMetre = Field(default=0.008e26, gt=0.0, description="fewest vacancies in the disc [1/m3]")
    n_max: PerCubicMetre = Field(default=20e26, gt=0.0, description="most vacancies in the disc [1/m3]")
    n_plug: PerCubicMetre = Field(default=20e26, gt=0.0, description="vacancies in the plug [1/m3]")
    radius: Metre = Field(default=45e-9, gt=0.0, description="radius of the filament [m]")
    disc_length: Metre = Field(default=0.4e-9, gt=0.0, description="length of the disc [m]")
    cell_length: Metre = Field(default=3e-9, gt=0.0, description="length of disc and plug [m]")
    mobility: SquareMetrePerVoltSecond = Field(
        default=4e-6, gt=0.0, description="mobility of electrons [m2/Vs]"
    )
    hop: Metre = Field(default=0.25e-9, gt=0.0, description="hopping distance a [m]")
    attempt_frequency: PerSecond = Field(default=2e13, gt=0.0, description="attempts of a hop, nu [1/s]")
    activation_energy: ElectronVolt = Field(default=1.35, gt=0.0, description="barrier W_A of a hop [eV]")
    barrier: ElectronVolt = Field(default=0.18, gt=0.0, description="Schottky barrier phi_Bn0 [eV]")
    fermi_depth: ElectronVolt = Field(
        default=0.1, ge=0.0, description="Fermi level below the conduction band, phi_n [eV]"
    )
    permittivity: float = Field(default=17.0, gt=0.0, description="static relative permittivity [1]")
    barrier_permittivity: float = Field(
        default=5.5, gt=0.0, description="relative permittivity of the image force [1]"
    )
    layer_resistance: Ohm = Field(default=650.0, ge=0.0, description="oxide layer in series, R_TiOx [ohm]")
    line_resistance: Ohm = Field(default=719.2437, ge=0.0, description="cold lines in series, R0 [ohm]")
    line_coefficient: float = Field(
        default=3.92e-3, ge=0.0, description="temperature coefficient of R0 [1/K]"
    )
    line_thermal_resistance: KelvinPerWatt = Field(
        default=90471.47, ge=0.0, description="thermal resistance of the lines [K/W]"
    )
    thermal_resistance: KelvinPerWatt = Field(
        default=1.572e7, ge=0.0, description="thermal resistance of the filament in SET [K/W]"
    )
    reset_scaling: float = Field(default=0.27, ge=0.0, description="share of it that acts in RESET [1]")
    ambient: Kelvin = Field(default=293.0, gt=0.0, description="ambient temperature T0 [K]")
    initial_state: PerCubicMetre = Field(default=0.008e26, description="N at the start [1/m3]")

    @property
    def state_limits(self) -> tuple[float, float]:
        return self.n_min, self.n_max

    @property
    def area(self) -> float:
        """Cross section of the filament [m2]."""
        return math.pi * self.radius**2

    def _current(self, v: float, x: float) -> float:
        return self.operating_point(v, x).current

    def _rate(self, v: float, x: float) -> float:
        if abs(v) < NO_VOLTAGE:
            return 0.0
        point = self.operating_point(v, x)
        if v > 0.0:
            field = (v - point.series) / self.cell_length
            limit = 1.0 - (self.n_min / x) ** 10
        else:
            field = point.disc / self.disc_length
            limit = 1.0 - (x / self.n_max) ** 10
        s = max(-1.0, min(1.0, VALENCE * field * self.hop / (math.pi * self.activation_energy)))
        even = math.sqrt(1.0 - s * s) + s * math.asin(s)
        kt = BOLTZMANN * point.temperature / CHARGE
        forward = math.exp(-self.activation_energy * (even - s * math.pi / 2.0) / kt)
        backward = math.exp(-self.activation_energy * (even + s * math.pi / 2.0) / kt)
        mean = 0.5 * (self.n_plug + x)
        # z, q and A of the ion current cancel.
        return -mean * self.hop * self.attempt_frequency * (forward - backward) * limit / self.disc_length

    def operating_point(self, v: float, x: float) -> OperatingPoint:
        """Currents and voltages at device voltage `v` [V] and state `x` [1/m3]."""
        if abs(v) < NO_VOLTAGE:
            return OperatingPoint(0.0, 0.0, 0.0, 0.0, self.ambient)
        from scipy.optimize import brentq

        unit = VALENCE * CHARGE * self.mobility * self.area
        disc = self.disc_length / (x * unit)
        filament = disc + (self.cell_length - self.disc_length) / (self.n_plug * unit)
        series = self.layer_resistance + self.line_resistance
        heating = self.line_resistance**2 * self.line_coefficient * self.line_thermal_resistance
        thermal = self.thermal_resistance * (self.reset_scaling if v > 0.0 else 1.0)

        def excess(i: float) -> float:
            in_series = i * (series + heating * i * i)
            temperature = self.ambient + thermal * i * (v - in_series)
            return self._contact(v - in_series - filament * i, x, temperature) - i

        # At `most` the contact would be left with no voltage, or one of the other sign.
        most = v / (series + filament)
        least = self._least_current(excess, v, most, series + filament) if v > 0.0 else 0.0
        i = float(brentq(excess, least, most, xtol=1e-13 * abs(most), rtol=1e-12))
        in_series = i * (series + heating * i * i)
        return OperatingPoint(
            current=i,
            schottky=v - in_series - filament * i,
            series=in_series,
            disc=i * disc,
            temperature=self.ambient + thermal * i * (v - in_series),
        )

    def _least_current(
        self, excess: Callable[[float], float], v: float, most: float, resistance: float
    ) -> float:
        """Current [A] below which the contact lies beyond its falling barrier.

        Up to ``phi_Bn0 - phi_n`` the lowering fades with the contact's voltage and so the current may fall with
        it. The root of largest current lies before the first of a few voltages at which the contact carries more
        than the rest.
        """
        edge = self.barrier - self.fermi_depth
        if edge <= 0.0 or v <= edge:
            return 0.0
        for step in range(1, _SCAN + 1):
            i = most - edge * (step / _SCAN) / resistance
            if excess(i) > 0.0:
                return i
        return 0.0

    def _contact(self, v: float, x: float, temperature: float) -> float:
        """Current [A] of the Schottky contact at its voltage `v` [V]."""
        temperature = max(temperature, self.ambient)
        thermal = BOLTZMANN * temperature
        charge_density = VALENCE * x
        psi = self.barrier - self.fermi_depth - v
        barrier = self.barrier
        if psi > 0.0:
            eps = self.barrier_permittivity * PERMITTIVITY
            lowering = (CHARGE**3 * charge_density * psi / (8.0 * math.pi**2 * eps**3)) ** 0.25
            barrier = max(0.0, self.barrier - lowering)
        if v >= 0.0:
            scale = self.area * RICHARDSON * temperature**2
            return (
                scale
                * math.exp(-barrier * CHARGE / thermal)
                * math.expm1(min(_LARGEST, v * CHARGE / thermal))
            )
        eps = self.permittivity * PERMITTIVITY
        w00 = CHARGE * PLANCK / (4.0 * math.pi) * math.sqrt(charge_density / (ELECTRON_MASS * eps))
        ratio = w00 / thermal
        tanh = math.tanh(ratio)
        slope = w00 / (ratio - tanh)
        scale = self.area * RICHARDSON * temperature / BOLTZMANN
        root = math.sqrt(math.pi * w00 * CHARGE * (-v + barrier / math.cosh(ratio) ** 2))
        emitted = math.exp(-CHARGE * barrier * tanh / w00) * math.expm1(min(_LARGEST, -v * CHARGE / slope))
        return -scale * root * emitted
