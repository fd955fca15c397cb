"""What every physical memristor model is: a current, a rate of its one state, and the state's limits.

A model is one ordinary differential equation, ``dx/dt = rate(v, x)`` with ``i = current(v, x)``; how it is
driven and integrated is the business of `devices.physical.simulation`. The models are deterministic.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import partial
from typing import Annotated, Any, final

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, model_validator

from htm.pick import BadInput, Params

from ..units import parse_quantity


def _quantity(unit: str) -> tuple[BeforeValidator, Any]:
    return BeforeValidator(partial(parse_quantity, unit=unit)), Field(json_schema_extra={"unit": unit})


Metre = Annotated[float, *_quantity("m")]
Kelvin = Annotated[float, *_quantity("K")]
KelvinPerWatt = Annotated[float, *_quantity("K/W")]
PerSecond = Annotated[float, *_quantity("1/s")]
MetrePerSecond = Annotated[float, *_quantity("m/s")]
SquareMetrePerVoltSecond = Annotated[float, *_quantity("m2/Vs")]
ElectronVolt = Annotated[float, *_quantity("eV")]
PerCubicMetre = Annotated[float, *_quantity("1/m3")]
VoltPerMetre = Annotated[float, *_quantity("V/m")]


NO_VOLTAGE = 1e-30
"""What no search for a root need tell from 0 [V]."""


class PhysicalModel(Params, ABC):
    """One memristor as an ordinary differential equation in one state."""

    initial_state: float

    @model_validator(mode="after")
    def _check_initial_state(self) -> PhysicalModel:
        low, high = self.state_limits
        if not low < high:
            raise ValueError(f"state limits: the lower must be below the upper, got {low:g} and {high:g}")
        if not low <= self.initial_state <= high:
            raise ValueError(f"initial_state: must be within {low:g}..{high:g}, got {self.initial_state:g}")
        return self

    # What a model provides -------------------------------------------------------------------------------

    @property
    @abstractmethod
    def state_limits(self) -> tuple[float, float]:
        """Lowest and highest state; at a limit only a rate that leads back inside moves it."""

    @abstractmethod
    def _current(self, v: float, x: float) -> float:
        """Current [A] at device voltage `v` [V] in state `x`; rises with `v`, 0 at 0."""

    @abstractmethod
    def _rate(self, v: float, x: float) -> float:
        """Change of the state [state/s] at device voltage `v` [V], limits not yet applied."""

    @property
    def kinks(self) -> tuple[float, ...]:
        """Device voltages [V] at which the rate or the current is not smooth."""
        return (0.0,)

    @property
    def ohmic(self) -> bool:
        """Whether the current is proportional to the voltage."""
        return False

    # For users -------------------------------------------------------------------------------------------

    @final
    def current(self, voltage: Any, state: Any) -> Any:
        """Current [A] through the device, into its positive electrode.

        Parameters
        ----------
        voltage : across the device, number or array [V]
        state : number or array of the same shape, in the model's own unit
        """
        return _each(self._current, voltage, self.checked_state(state))

    @final
    def rate(self, voltage: Any, state: Any) -> Any:
        """Change of the state [state/s], as the equation says: that a limit is not crossed is the solver's care.

        Parameters
        ----------
        voltage : across the device, number or array [V]
        state : number or array of the same shape, in the model's own unit
        """
        return _each(self._rate, voltage, self.checked_state(state))

    @final
    def conductance(self, state: Any, read_voltage: float = 0.2) -> Any:
        """Current over voltage [S] in one read that does not disturb the state.

        Parameters
        ----------
        state : number or array, in the model's own unit
        read_voltage : voltage of the read, not 0; 0.2 V is assumed [V]
        """
        if not (np.isfinite(read_voltage) and read_voltage != 0.0):
            raise BadInput(f"read_voltage: must be a finite voltage other than 0, got {read_voltage!r}")
        return self.current(read_voltage, state) / read_voltage

    @final
    def divided(self, source: float, series_resistance: float, x: float) -> float:
        """Voltage [V] across the device behind a resistor.

        Solves ``v + R i(v, x) = source`` between 0 and `source`, where the left side rises with v.

        Parameters
        ----------
        source : voltage across device and resistor [V]
        series_resistance : R [ohm]
        x : state
        """
        if series_resistance == 0.0 or abs(source) < NO_VOLTAGE:
            return source
        if self.ohmic:
            return source / (1.0 + series_resistance * self._current(1.0, x))
        from scipy.optimize import brentq

        def excess(v: float) -> float:
            return v + series_resistance * self._current(v, x) - source

        return float(brentq(excess, 0.0, source, xtol=1e-14 * abs(source), rtol=1e-13))

    @final
    def checked_state(self, state: Any) -> Any:
        """The state, refused where a value is not finite or lies outside the limits."""
        low, high = self.state_limits
        slack = 1e-9 * (high - low)
        values = np.asarray(state, dtype=np.float64)
        bad = ~((values >= low - slack) & (values <= high + slack))
        if bad.any():
            raise BadInput(f"state: must be within {low:g}..{high:g}, got {values[bad].flat[0]:g}")
        return np.clip(values, low, high)


def _each(function: Any, voltage: Any, state: Any) -> Any:
    """A scalar function over broadcast arrays; numbers give a number."""
    voltages = np.asarray(voltage, dtype=np.float64)
    if not np.isfinite(voltages).all():
        raise BadInput(f"voltage: must be finite, got {voltages[~np.isfinite(voltages)].flat[0]}")
    v, x = np.broadcast_arrays(voltages, state)
    values: NDArray[np.float64] = np.array(
        [function(a, b) for a, b in zip(v.ravel().tolist(), x.ravel().tolist(), strict=True)]
    )
    return float(values[0]) if v.ndim == 0 else values.reshape(v.shape)
