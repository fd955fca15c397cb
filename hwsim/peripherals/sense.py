"""Sense amplifiers and comparators: a current against a reference, with offset and noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from devices.units import Ampere
from htm.pick import Params

F32 = NDArray[np.float32]


@final
class SenseParams(Params):
    """A sense amplifier at the foot of a bit line, or the comparator of a segment's line."""

    offset_sigma: Ampere = Field(default=0.0, ge=0.0, description="sd of each amplifier's own offset [A]")
    noise_sigma: Ampere = Field(default=0.0, ge=0.0, description="sd of the noise of one decision [A]")

    @property
    def ideal(self) -> bool:
        """Whether every decision is right."""
        return self.offset_sigma == 0.0 and self.noise_sigma == 0.0

    def fabricate(
        self, shape: tuple[int, ...], read_voltage: float, rng: np.random.Generator
    ) -> SenseAmplifiers:
        """Draw the offsets of amplifiers that see currents over `read_voltage` [V]."""
        from devices.noise import normals  # numba takes seconds to import

        offset = np.float32(self.offset_sigma / read_voltage) * normals(rng, shape)
        return SenseAmplifiers(offset, float(self.noise_sigma / read_voltage))


@final
@dataclass(frozen=True)
class SenseAmplifiers:
    """The amplifiers of one array.

    Attributes
    ----------
    offset : of each amplifier [S], a current over the read voltage; positive ones see more than there is
    noise : sd of one decision [S]
    """

    offset: F32
    noise: float

    def referred(self, current: NDArray[Any], which: Any, draws: F32 | None) -> NDArray[Any]:
        """Currents as the decisions find them: a sense amplifier says whether this reaches its reference.

        Parameters
        ----------
        current : over the read voltage [S]
        which : index into `offset` that gives each current its amplifier
        draws : standard normal numbers shaped like `current`, one a decision, where noise is on
        """
        seen = current + self.offset[which]
        return np.asarray(seen if draws is None else seen + np.float32(self.noise) * draws)
