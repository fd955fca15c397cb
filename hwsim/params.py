"""Parameters of the crossbar and its periphery."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from devices.units import Ampere
from htm.pick import Params


class CrossbarParams(Params):
    """How synapses are laid out, read and programmed."""

    readout: Literal["binary", "analog"] = Field(
        default="binary", description="sense each cell against a reference, or sum a line's current"
    )
    tile_rows: int = Field(default=128, ge=1, description="word lines of one physical array (inputs)")
    tile_columns: int = Field(default=128, ge=1, description="bit lines of one physical array (minicolumns)")
    reference_column: bool = Field(
        default=True, description="analog: subtract a column of cells at g_min, which carries the leakage"
    )
    adc_bits: int | None = Field(default=8, ge=1, le=16, description="analog: ADC resolution; none: no ADC")
    adc_range: float = Field(
        default=1.0, gt=0.0, description="analog: full scale as a share of a tile's largest possible current"
    )
    adc_offset_sigma: float = Field(
        default=0.0, ge=0.0, description="analog: sd of each ADC's own offset, in ADC steps"
    )
    comparator_sigma: Ampere = Field(
        default=0.0, ge=0.0, description="sd of the noise of the winner-take-all's comparators [A]"
    )
    programming: Literal["open_loop", "write_verify"] = Field(
        default="open_loop", description="pulse and trust, or read, write and verify"
    )
    verify_tolerance: float = Field(
        default=0.05, gt=0.0, le=1.0, description="write_verify: accepted error, as a permanence"
    )
    verify_cycles: int = Field(default=5, ge=1, description="write_verify: most attempts of one write")
    chip: int = Field(
        default=0, ge=0, description="which fabricated chip: other devices under the same wiring"
    )
