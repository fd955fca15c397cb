"""Yakopcic's generalised memristor: hyperbolic-sine current, exponential motion beyond thresholds."""

from __future__ import annotations

import math
from typing import Literal, final

from pydantic import Field

from ..units import Volt
from .model import PerSecond, PhysicalModel


@final
class Yakopcic(PhysicalModel):
    """Generalised memristive device.

    State x, 0..1; a positive voltage raises it where `eta` is 1, and the conductance with it.

    ``i = a x sinh(b v)`` with a = a1 for v >= 0, a2 below; ``dx/dt = eta g(v) f(x, v)``, where
    ``g = Ap (e^v - e^Vp)`` above Vp, ``-An (e^-v - e^Vn)`` below -Vn, else 0 (volts in the exponents), and
    f is 1 until the state passes `xp` upwards (1 - `xn` downwards) and then dies away:
    ``exp(-alpha_p (x - xp)) ((xp - x) / (1 - xp) + 1)`` or ``exp(alpha_n (x + xn - 1)) x / (1 - xn)``.

    Source: Yakopcic et al., IEEE Electron Device Letters 32:1436 (2011), doi 10.1109/LED.2011.2163292; IEEE
    Trans. Computer-Aided Design 32:1201 (2013), doi 10.1109/TCAD.2013.2252057. Defaults: the device of Oblea et
    al. as fitted there, from the authors' published subcircuit.
    """

    a1: float = Field(default=0.17, gt=0.0, description="amplitude of the current for v >= 0 [A]")
    a2: float = Field(default=0.17, gt=0.0, description="amplitude of the current for v < 0 [A]")
    b: float = Field(default=0.05, gt=0.0, description="curvature of the current [1/V]")
    vp: Volt = Field(default=0.16, ge=0.0, description="positive threshold [V]")
    vn: Volt = Field(default=0.15, ge=0.0, description="negative threshold, as a magnitude [V]")
    ap: PerSecond = Field(default=4000.0, gt=0.0, description="speed above the positive threshold [1/s]")
    an: PerSecond = Field(default=4000.0, gt=0.0, description="speed below the negative threshold [1/s]")
    xp: float = Field(default=0.3, ge=0.0, lt=1.0, description="state above which rising slows down [1]")
    xn: float = Field(
        default=0.5, ge=0.0, lt=1.0, description="1 - xn is the state below which falling slows [1]"
    )
    alpha_p: float = Field(default=1.0, ge=0.0, description="how fast rising dies away [1]")
    alpha_n: float = Field(default=5.0, ge=0.0, description="how fast falling dies away [1]")
    eta: Literal[1, -1] = Field(
        default=1, description="1: a positive voltage raises the state; -1: lowers it"
    )
    initial_state: float = Field(default=0.11, description="x at the start, 0..1 [1]")

    @property
    def state_limits(self) -> tuple[float, float]:
        return 0.0, 1.0

    @property
    def kinks(self) -> tuple[float, ...]:
        return -self.vn, 0.0, self.vp

    def _current(self, v: float, x: float) -> float:
        return (self.a1 if v >= 0.0 else self.a2) * x * math.sinh(self.b * v)

    def _rate(self, v: float, x: float) -> float:
        if v > self.vp:
            motion = self.eta * self.ap * (math.exp(v) - math.exp(self.vp))
        elif v < -self.vn:
            motion = -self.eta * self.an * (math.exp(-v) - math.exp(self.vn))
        else:
            return 0.0
        return motion * self._damping(x, motion > 0.0)

    def _damping(self, x: float, rising: bool) -> float:
        """f: what is left of the speed at state `x`."""
        if rising:
            if x < self.xp:
                return 1.0
            return math.exp(-self.alpha_p * (x - self.xp)) * ((self.xp - x) / (1.0 - self.xp) + 1.0)
        if x > 1.0 - self.xn:
            return 1.0
        return math.exp(self.alpha_n * (x + self.xn - 1.0)) * x / (1.0 - self.xn)
