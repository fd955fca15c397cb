"""VTEAM: a threshold on the voltage, a power law beyond it."""

from __future__ import annotations

import math
from typing import Literal, final

from pydantic import Field

from ..units import Ohm, Volt
from .model import PerSecond, PhysicalModel
from .windows import WINDOWS, WindowName


@final
class Vteam(PhysicalModel):
    """Voltage threshold adaptive memristor.

    State x = (w - w_on) / (w_off - w_on), 0..1: 0 is R_on, 1 is R_off. A voltage above `v_off` raises the state
    and lowers the conductance, one below `v_on` does the opposite, and between the two nothing moves:

    - v > v_off: ``dx/dt = k_off (v / v_off - 1)^alpha_off f(x)``
    - v < v_on: ``dx/dt = k_on (v / v_on - 1)^alpha_on f(x)``

    The current is ``v / (R_on + (R_off - R_on) x)`` or ``v / R_on exp(-x ln(R_off / R_on))``.
    The paper's k is in m/s on w: divide by w_off - w_on.

    Source: Kvatinsky et al., IEEE Trans. Circuits and Systems II 62:786 (2015), doi 10.1109/TCSII.2015.2433536.
    Defaults: those of MemTorch, with its k over 3 nm; the state at the start and no window are assumed.
    """

    r_on: Ohm = Field(default=50.0, gt=0.0, description="resistance at x = 0 [ohm]")
    r_off: Ohm = Field(default=1e3, gt=0.0, description="resistance at x = 1 [ohm]")
    v_on: Volt = Field(default=-0.2, lt=0.0, description="threshold below which the resistance falls [V]")
    v_off: Volt = Field(default=0.02, gt=0.0, description="threshold above which the resistance rises [V]")
    k_on: PerSecond = Field(default=-10.0 / 3e-9, lt=0.0, description="rate at twice v_on, negative [1/s]")
    k_off: PerSecond = Field(default=5e-4 / 3e-9, gt=0.0, description="rate at twice v_off [1/s]")
    alpha_on: float = Field(default=3.0, gt=0.0, description="exponent below v_on [1]")
    alpha_off: float = Field(default=1.0, gt=0.0, description="exponent above v_off [1]")
    conduction: Literal["linear", "exponential"] = Field(
        default="linear", description="how the resistance runs from r_on to r_off"
    )
    window: WindowName = Field(default="none", description="factor that slows the state near its bounds")
    p: float = Field(default=1.0, gt=0.0, description="exponent of the window [1]")
    j: float = Field(default=1.0, gt=0.0, description="scale of Prodromakis's window; others have none [1]")
    initial_state: float = Field(default=0.5, description="x at the start, 0..1 [1]")

    @property
    def state_limits(self) -> tuple[float, float]:
        return 0.0, 1.0

    @property
    def kinks(self) -> tuple[float, ...]:
        return self.v_on, 0.0, self.v_off

    @property
    def ohmic(self) -> bool:
        return True

    def _current(self, v: float, x: float) -> float:
        if self.conduction == "linear":
            return v / (self.r_on + (self.r_off - self.r_on) * x)
        return v / self.r_on * math.exp(-x * math.log(self.r_off / self.r_on))

    def _rate(self, v: float, x: float) -> float:
        if v > self.v_off:
            drive = self.k_off * (v / self.v_off - 1.0) ** self.alpha_off
        elif v < self.v_on:
            drive = self.k_on * (v / self.v_on - 1.0) ** self.alpha_on
        else:
            return 0.0
        return float(drive * WINDOWS[self.window](x, v > 0.0, self.p, self.j))
