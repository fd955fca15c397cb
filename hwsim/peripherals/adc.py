"""Analog to digital converters of line currents: steps and the errors of real converters.

An input is measured in steps, so the same converters serve any range. With gain error e, offset o and noise n the ideal
quantiser sees ``x (1 + e) + o + n``, and answers the nearest code within its ends.

=====  =============================================================================================================
sar    successive approximation: bits are tried from the highest down, each against a weight. Weight b is built of 2^b
       unit capacitors whose spread is independent, so that its relative sd is ``mismatch_sigma / sqrt(2^b)``. This
       makes steps unequal and can lose codes. Every converter has its own gain, offset and weights.
ramp   all lines of a tile compare themselves with one rising ramp: its slope (gain) and offset are common to them, and
       each line's comparator adds an offset of its own.
=====  =============================================================================================================
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from htm.pick import Params
from htm.streams import stream

F32 = NDArray[np.float32]


@final
class AdcParams(Params):
    """A converter beyond its bits, range and offset, which are `crossbar.adc_bits`, `adc_range`, `adc_offset_sigma`."""

    kind: Literal["sar", "ramp"] = Field(
        default="sar", description="sar: successive approximation; ramp: a tile's lines share one ramp"
    )
    gain_sigma: float = Field(
        default=0.0, ge=0.0, description="relative sd of each converter's gain (sar) or each ramp's slope"
    )
    mismatch_sigma: float = Field(
        default=0.0, ge=0.0, description="sar: relative sd of one unit capacitor of the bits' weights"
    )
    line_offset_sigma: float = Field(
        default=0.0, ge=0.0, description="ramp: sd of each line's comparator's own offset, in ADC steps"
    )
    noise_sigma: float = Field(
        default=0.0, ge=0.0, description="sd of the noise of one conversion, in ADC steps"
    )
    lines_per_adc: int | None = Field(
        default=1,
        ge=1,
        description="sar: bit lines of a tile that share a converter and its errors; none: all. Times are the cost "
        "preset's",
    )
    calibration_records: int | None = Field(
        default=None,
        ge=1,
        description="learned records after which the range is set from the sums seen in them; none: fixed range",
    )
    calibration_quantile: float = Field(
        default=1.0,
        gt=0.0,
        le=1.0,
        description="with calibration_records: share of the recorded sums within a range of adc_range = 1",
    )

    @model_validator(mode="after")
    def _check_kind(self) -> AdcParams:
        for name, kind in (("mismatch_sigma", "sar"), ("line_offset_sigma", "ramp")):
            if self.kind != kind and getattr(self, name) > 0.0:
                raise ValueError(f"{name}: must be 0 for kind {self.kind}, got {getattr(self, name):g}")
        if self.calibration_records is None and self.calibration_quantile != 1.0:
            raise ValueError(
                f"calibration_quantile: must be 1 without calibration_records, got {self.calibration_quantile:g}"
            )
        return self

    @staticmethod
    def ramp_cycles(bits: int) -> int:
        """Time of one ramp, which serves all lines of a tile together, in conversions of a SAR.

        At the same clock: a ramp climbs 2^bits - 1 steps where a SAR makes `bits` comparisons.
        """
        return math.ceil(((1 << bits) - 1) / bits)

    def fabricate(
        self,
        bits: int | None,
        offset_sigma: float,
        shape: tuple[int, int],
        tile_columns: int,
        seed: int,
        name: str,
    ) -> Adc:
        """Draw the errors of the converters of one array.

        Parameters
        ----------
        bits : resolution; None: no ADC
        offset_sigma : sd of each converter's offset [steps]
        shape : (tiles down, lines)
        tile_columns : lines of a tile
        seed, name : streams are ``{name}`` (offsets), ``{name}.gain``, ``{name}.weights``, ``{name}.lines``
        """
        if bits is None:
            return Adc(bits=None, kind=self.kind)
        from devices.noise import normals  # numba takes seconds to import

        group, converters = self._groups(shape, tile_columns)

        def spread(sigma: float, part: str, size: tuple[int, ...]) -> F32 | None:
            return np.float32(sigma) * normals(stream(seed, name + part), size) if sigma > 0.0 else None

        offset, gain = (
            spread(offset_sigma, "", (converters,)),
            spread(self.gain_sigma, ".gain", (converters,)),
        )
        error = spread(self.mismatch_sigma, ".weights", (converters, bits))
        own = spread(self.line_offset_sigma, ".lines", shape)
        nominal = np.float32(2) ** np.arange(bits - 1, -1, -1, dtype=np.float32)
        shift = None if offset is None else offset[group]
        if own is not None:
            shift = own if shift is None else shift + own
        return Adc(
            bits=bits,
            kind=self.kind,
            gain=None if gain is None else 1 + gain[group],
            offset=shift,
            weights=None if error is None else nominal + np.sqrt(nominal) * error,
            converter=group,
            noise_sigma=self.noise_sigma,
        )

    def _groups(self, shape: tuple[int, int], tile_columns: int) -> tuple[NDArray[np.intp], int]:
        """Which converter serves each line of each tile, (tiles down, lines), and how many there are."""
        down, lines = shape
        width = tile_columns if self.kind == "ramp" else min(self.lines_per_adc or tile_columns, tile_columns)
        line = np.arange(lines)
        per_tile = -(-tile_columns // width)
        group = line // tile_columns * per_tile + line % tile_columns // width
        across = int(group[-1]) + 1
        return np.arange(down)[:, None] * across + group, down * across


@final
@dataclass(frozen=True, kw_only=True)
class Adc:
    """The converters of one array.

    Attributes
    ----------
    bits : resolution; None: no ADC
    kind : sar or ramp
    gain : (tiles down, lines) factor of each line's converter, or None: 1
    offset : (tiles down, lines) [steps], or None: 0
    weights : (converters, bits) of the bits, highest first [steps], or None: powers of two
    converter : (tiles down, lines) which converter serves each line
    noise_sigma : sd of the noise of one conversion [steps]
    """

    bits: int | None
    kind: str = "sar"
    gain: F32 | None = None
    offset: F32 | None = None
    weights: F32 | None = None
    converter: NDArray[np.intp] | None = None
    noise_sigma: float = 0.0

    def __str__(self) -> str:
        if self.bits is None:
            return "no ADC: line currents are passed on as they are, not rounded"
        return f"{self.bits}-bit {'SAR' if self.kind == 'sar' else 'ramp'} ADC"

    @property
    def top(self) -> np.float32:
        """Highest code; 0 without an ADC."""
        return np.float32(0 if self.bits is None else 2**self.bits - 1)

    @property
    def plain(self) -> bool:
        """Whether it does nothing but shift by its offset, round and clip."""
        return self.gain is None and self.weights is None and self.noise_sigma == 0.0

    def of_lines(self, lines: NDArray[np.int32]) -> Adc:
        """The converters of these lines only."""
        if self.bits is None or self.converter is None:
            return self
        return replace(
            self,
            gain=None if self.gain is None else self.gain[:, lines],
            offset=None if self.offset is None else self.offset[:, lines],
            converter=self.converter[:, lines],
        )

    def codes(self, steps: F32, draws: F32 | None = None) -> F32:
        """Codes of inputs measured in steps, (tiles down, lines); the inputs themselves without an ADC.

        Parameters
        ----------
        steps : (tiles down, lines) inputs over the nominal step
        draws : standard normal numbers of the same shape, where noise is on
        """
        if self.bits is None:
            return steps
        x = steps if self.gain is None else steps * self.gain
        if self.offset is not None:
            x = x + self.offset
        if draws is not None and self.noise_sigma > 0.0:
            x = x + np.float32(self.noise_sigma) * draws
        if self.weights is None:
            return np.asarray(np.clip(np.rint(x), np.float32(0), self.top))
        # Half a step higher, so that ideal weights round to the nearest code.
        x = x + np.float32(0.5)
        level, code = np.zeros_like(x), np.zeros_like(x)
        for bit in range(self.bits):
            trial = level + self.weights[:, bit][self.converter]
            keep = x >= trial
            level = np.where(keep, trial, level)
            code += np.where(keep, np.float32(2 ** (self.bits - 1 - bit)), np.float32(0))
        return code
