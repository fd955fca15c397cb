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
    trim_bits: int | None = Field(
        default=None,
        ge=1,
        le=16,
        description="of a converter that each amplifier's offset is trimmed with before use, over 3 sd either way; "
        "none: it is not",
    )
    trim_reads: int = Field(
        default=1, ge=1, le=10_000, description="decisions that each bit of it is found by"
    )

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
        noise = self.noise_sigma / read_voltage
        if self.trim_bits is not None and self.offset_sigma > 0.0:
            offset = self._trimmed(offset, 3.0 * self.offset_sigma / read_voltage, noise, rng)
        return SenseAmplifiers(offset, float(noise))

    def decisions(self, amplifiers: int) -> int:
        """Decisions that trimming so many takes."""
        trims = self.trim_bits is not None and self.offset_sigma > 0.0
        return amplifiers * (self.trim_bits or 0) * self.trim_reads if trims else 0

    def _trimmed(self, offset: F32, reach: float, noise: float, rng: np.random.Generator) -> F32:
        """What is left of offsets [S] after a search bit by bit from the highest, each the majority of its reads."""
        from devices.noise import normals  # numba takes seconds to import

        assert self.trim_bits is not None
        correction = np.full(offset.shape, -reach, dtype=np.float32)
        size = reach
        for _ in range(self.trim_bits):
            left = offset - (correction + np.float32(size))
            high = np.zeros(offset.shape, dtype=np.int32)
            for _ in range(self.trim_reads):
                high += left + np.float32(noise) * normals(rng, offset.shape) >= 0
            correction += np.where(2 * high > self.trim_reads, np.float32(size), np.float32(0))
            size *= 0.5
        return offset - (correction + np.float32(size))


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
