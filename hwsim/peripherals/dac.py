"""Word-line drivers as digital to analog converters: steps, errors of each step, spread of the amplitude."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from htm.pick import BadInput, Params

F32 = NDArray[np.float32]


@final
class DacParams(Params):
    """A word line's driver. Inputs here are bits, which drive the highest code; one bit is a plain driver."""

    bits: int = Field(default=1, ge=1, le=12, description="resolution; 1: a driver that is on or off")
    amplitude_sigma: float = Field(
        default=0.0, ge=0.0, description="sd of each driver's own amplitude, relative to the read voltage"
    )
    inl_sigma: float = Field(
        default=0.0,
        ge=0.0,
        description="sd of the error of each driver's every code above 0 (integral non-linearity), in DAC steps",
    )

    @property
    def ideal(self) -> bool:
        """Whether a driven line carries exactly the read voltage."""
        return self.amplitude_sigma == 0.0 and self.inl_sigma == 0.0

    def fabricate(self, drivers: int, rng: np.random.Generator) -> Dac:
        """Draw the errors of `drivers` drivers. Code 0 is a grounded line and has none."""
        from devices.noise import normals  # numba takes seconds to import

        top = 2**self.bits - 1
        amplitude, error = normals(rng, (drivers, 1)), normals(rng, (drivers, top))
        levels = np.zeros((drivers, top + 1), dtype=np.float32)
        levels[:, 1:] = np.arange(1, top + 1, dtype=np.float32) / np.float32(top)
        levels[:, 1:] *= 1 + np.float32(self.amplitude_sigma) * amplitude
        levels[:, 1:] += np.float32(self.inl_sigma / top) * error
        return Dac(np.maximum(levels, np.float32(0)))


@final
@dataclass(frozen=True)
class Dac:
    """The drivers of one chip.

    Attributes
    ----------
    levels : (drivers, codes) voltage of every code over the read voltage; drivers do not go below 0 V
    """

    levels: F32

    def drive(self, codes: NDArray[Any]) -> F32:
        """Voltages over the read voltage for one code a driver, (..., drivers)."""
        drivers, n_codes = self.levels.shape
        given = np.asarray(codes)
        if given.shape[-1:] != (drivers,):
            raise BadInput(
                f"codes: must have {drivers} on the last axis, one a driver, got shape {given.shape}"
            )
        if given.dtype.kind not in "iub" or (given.size and not 0 <= given.min() <= given.max() < n_codes):
            raise BadInput(f"codes: must be whole numbers 0..{n_codes - 1}, got others")
        return np.asarray(self.levels[np.arange(drivers), given.astype(np.intp)])
