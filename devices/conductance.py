"""The nominal range of a device's conductance, and its current over the voltage of a read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from htm.pick import Params

from .units import Siemens, Volt, parse_quantity

F32 = NDArray[np.float32]


class Conducts(Params):
    """Range of the conductance, and the I-V curve.

    A conductance here is the slope of the I-V curve at 0 V. With `iv_sinh` or the polynomial a read at
    `read_voltage` finds another current than g V; `chord` says which, over the voltage. Reference cells and
    reference columns are devices too, so both sides of a comparison bend alike.
    """

    g_min: Siemens = Field(ge=0.0, description="lowest nominal conductance [S]")
    g_max: Siemens = Field(gt=0.0, description="highest nominal conductance [S]")
    on_off_ratio: float | None = Field(
        default=None, gt=1.0, description="where given, sets g_min = g_max / on_off_ratio"
    )
    read_voltage: Volt = Field(default=0.2, gt=0.0, description="voltage of a read; 0.2 V is assumed [V]")
    iv_sinh: float = Field(
        default=0.0, ge=0.0, description="b of the I-V curve I = g sinh(b V) / b; 0: linear [1/V]"
    )
    iv_square: tuple[float, ...] = Field(
        default=(),
        description="N2 of the I-V curve I = g V + N2 V^2 + N3 V^3: coefficients in log10(g / 1 S), lowest "
        "order first; g within its range [A/V2]",
    )
    iv_cubic: tuple[float, ...] = Field(default=(), description="N3 of the same, likewise [A/V3]")

    @model_validator(mode="before")
    @classmethod
    def _apply_on_off_ratio(cls, values: Any) -> Any:
        """Set g_min from the ratio; numbers that are no numbers are left for the fields to complain about."""
        if not isinstance(values, dict) or values.get("on_off_ratio") is None:
            return values
        try:
            ratio = float(values["on_off_ratio"])
            top = float(parse_quantity(values.get("g_max", cls.model_fields["g_max"].default), "S"))
            given = float(parse_quantity(values.get("g_min", top / ratio), "S"))
            usable = math.isfinite(ratio) and ratio > 1.0
        except (TypeError, ValueError, ZeroDivisionError):
            usable = False
        if not usable:
            return {"g_min": 0.0, **values}
        default = cls.model_fields["g_min"].default
        if not math.isclose(given, top / ratio, rel_tol=1e-9) and given != default:
            raise ValueError(
                f"on_off_ratio: gives g_min = {top / ratio:g} S, got g_min = {given:g} S beside it (give one)"
            )
        return {**values, "g_min": top / ratio}

    @model_validator(mode="after")
    def _check_range(self) -> Conducts:
        if not self.g_min < self.g_max:
            raise ValueError(f"g_min: must be below g_max ({self.g_max:g} S), got {self.g_min:g} S")
        if self.iv_sinh > 0.0 and (self.iv_square or self.iv_cubic):
            raise ValueError(f"iv_sinh: must be 0 beside iv_square and iv_cubic, got {self.iv_sinh:g} 1/V")
        if (self.iv_square or self.iv_cubic) and self.g_min == 0.0:
            raise ValueError("g_min: must be above 0 S where iv_square or iv_cubic is given, got 0 S")
        if not self.chord(np.array([self.g_min], dtype=np.float32))[0] >= 0.0:
            raise ValueError("iv_square, iv_cubic: must not turn the current round at g_min")
        return self

    @property
    def span(self) -> float:
        """Nominal range [S]."""
        return self.g_max - self.g_min

    @property
    def ohmic(self) -> bool:
        """Whether the current of a read is g V."""
        return not (self.iv_sinh or self.iv_square or self.iv_cubic)

    def bend(self, g: F32, voltage: float) -> F32:
        """Current at `voltage` [V] over g V, shaped like `g` [S]; 1 for an ohmic device.

        Outside its range a cell bends as at the nearer end: the polynomial's logarithm has no meaning at 0 S.
        """
        if self.iv_sinh > 0.0:
            x = self.iv_sinh * voltage
            return np.full(np.shape(g), math.sinh(x) / x if x else 1.0, dtype=np.float32)
        if self.ohmic:
            return np.ones(np.shape(g), dtype=np.float32)
        inside = np.clip(g, self.g_min, self.g_max).astype(np.float64)
        level = np.log10(inside)
        extra = _at(self.iv_square, level) * voltage + _at(self.iv_cubic, level) * voltage**2
        return (1.0 + extra / inside).astype(np.float32)

    def chord(self, g: F32) -> F32:
        """Current of a read over its voltage [S]; `g` itself where the device is ohmic."""
        return g if self.ohmic else g * self.bend(g, self.read_voltage)


def _at(coefficients: Sequence[float], x: NDArray[np.float64]) -> NDArray[np.float64]:
    total = np.zeros_like(x)
    for coefficient in reversed(coefficients):
        total = total * x + coefficient
    return total
