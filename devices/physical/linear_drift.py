"""Linear ion drift: the memristor of Hewlett-Packard, a doped region that grows with the charge."""

from __future__ import annotations

from typing import final

from pydantic import Field

from ..units import Ohm
from .model import Metre, PhysicalModel, SquareMetrePerVoltSecond
from .windows import WINDOWS, WindowName


@final
class LinearDrift(PhysicalModel):
    """Two resistors in series whose border drifts with the current.

    State x = w / D (0..1), the doped share of the thickness; a positive voltage raises it, and the conductance.

    ``R(x) = R_on x + R_off (1 - x)``, ``i = v / R(x)`` (eq. 5), ``dx/dt = mu_v R_on / D^2  i  f(x)`` (eq. 6 with
    a window f). Without a window charge and state are proportional, and ``R_off (x - x0) - (R_off - R_on)
    (x^2 - x0^2) / 2 = mu_v R_on / D^2  phi`` for the flux phi.

    Source: Strukov et al., Nature 453:80 (2008), doi 10.1038/nature06932. Defaults: those of MemTorch, whose
    write thresholds are not the paper's and are left out; the state at the start and the window are assumed.
    """

    r_on: Ohm = Field(default=100.0, gt=0.0, description="resistance when doped throughout, x = 1 [ohm]")
    r_off: Ohm = Field(default=16e3, gt=0.0, description="resistance when undoped, x = 0 [ohm]")
    mobility: SquareMetrePerVoltSecond = Field(
        default=1e-14, gt=0.0, description="mobility mu_v of the dopants [m2/Vs]"
    )
    thickness: Metre = Field(default=10e-9, gt=0.0, description="thickness D of the film [m]")
    window: WindowName = Field(default="joglekar", description="factor that slows the state near its bounds")
    p: float = Field(default=1.0, gt=0.0, description="exponent of the window [1]")
    j: float = Field(default=1.0, gt=0.0, description="scale of Prodromakis's window; others have none [1]")
    initial_state: float = Field(default=0.5, description="x at the start, 0..1 [1]")

    @property
    def state_limits(self) -> tuple[float, float]:
        return 0.0, 1.0

    @property
    def ohmic(self) -> bool:
        return True

    def _current(self, v: float, x: float) -> float:
        return v / (self.r_on * x + self.r_off * (1.0 - x))

    def _rate(self, v: float, x: float) -> float:
        drift = self.mobility * self.r_on / self.thickness**2
        return drift * self._current(v, x) * WINDOWS[self.window](x, v >= 0.0, self.p, self.j)
