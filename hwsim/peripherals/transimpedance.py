"""Trans-impedance stage at the foot of a bit line: current to voltage, until it saturates."""

from __future__ import annotations

import math
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from devices.units import Ampere, Ohm, Volt
from htm.pick import Params


@final
class TransimpedanceParams(Params):
    """One stage a line, reference columns' too; their difference is taken after it."""

    gain: Ohm | None = Field(
        default=None, gt=0.0, description="output voltage over input current; needed with output_range [ohm]"
    )
    saturation_current: Ampere | None = Field(
        default=None, gt=0.0, description="largest current that it takes; none: any [A]"
    )
    output_range: Volt | None = Field(
        default=None, gt=0.0, description="largest output voltage of either sign; none: any [V]"
    )

    @model_validator(mode="after")
    def _check_gain(self) -> TransimpedanceParams:
        if self.output_range is not None and self.gain is None:
            raise ValueError(
                f"gain: must be given with output_range, got none beside {self.output_range:g} V"
            )
        return self

    @property
    def limit(self) -> float:
        """Current at which the stage saturates, whichever limit comes first [A]."""
        currents = [math.inf if self.saturation_current is None else self.saturation_current]
        if self.output_range is not None and self.gain is not None:
            currents.append(self.output_range / self.gain)
        return min(currents)

    def passed(self, current: NDArray[Any]) -> NDArray[Any]:
        """Input current that an unlimited stage would need for the same output [A]."""
        return np.clip(current, -self.limit, self.limit)
