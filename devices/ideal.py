"""The ideal device: any conductance, exactly, for ever."""

from __future__ import annotations

from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from .lanes import lane_keys
from .model import F32, Cells, DeviceModel, Where
from .pulse_law import PulseLaw
from .units import Siemens


@final
class IdealDevice(DeviceModel):
    """Linear, noiseless, unbounded in resolution; spans 0..1 S so that a conductance is a permanence exactly.

    A microsiemens span would move synapses across the threshold by rounding.
    """

    whole_pulses: ClassVar[bool] = False

    g_min: Siemens = Field(default=0.0, ge=0.0, description="lowest conductance [S]")
    g_max: Siemens = Field(default=1.0, gt=0.0, description="highest conductance [S]")

    @property
    def step(self) -> float:
        return self.g_max - self.g_min

    def _spread(self, cells: Cells, rng: np.random.Generator) -> None:
        """Every cell is the same."""

    def _pulsed(self, cells: Cells, where: Where, g: F32, count: F32, rng: np.random.Generator) -> F32:
        return np.clip(g + count * np.float32(self.step), np.float32(self.g_min), np.float32(self.g_max))

    def pulse_law(self, cells: Cells) -> PulseLaw:
        one, none = np.ones(cells.g.size), np.zeros(cells.g.size)
        return PulseLaw(
            first_up=one * self.step,
            share_up=none,
            first_down=one * self.step,
            share_down=none,
            sd_up=none,
            sd_down=none,
            relative=0.0,
            low=one * self.g_min,
            high=one * self.g_max,
        )

    def _pulsed_rows(
        self, cells: Cells, rows: NDArray[np.int32], count: F32, rng: np.random.Generator
    ) -> bool:
        if "stuck" in cells.more:
            return False
        from .store_kernels import add_rows  # numba takes seconds to import: only for who pulses

        lane_keys(rng)
        add_rows(cells.g, rows, count, np.float32(self.step), np.float32(self.g_min), np.float32(self.g_max))
        return True

    def _written(self, cells: Cells, where: Where, target: F32, rng: np.random.Generator) -> F32:
        return target
