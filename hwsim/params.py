"""Parameters of the crossbar and its periphery."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from devices.units import Ampere, Ohm, Second
from htm.pick import Params

from .peripherals.adc import AdcParams
from .peripherals.dac import DacParams
from .peripherals.sense import SenseParams
from .peripherals.transimpedance import TransimpedanceParams
from .peripherals.winner_take_all import WinnerTakeAllParams
from .remap import RemapParams
from .spiking.dendrites import DendriteParams
from .spiking.params import NeuronParams
from .wires import WireParams
from .wires.nodes import NODES


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
    reference_copies: int = Field(
        default=1, ge=1, le=64, description="analog: such columns of a tile, whose mean is subtracted"
    )
    adc_bits: int | None = Field(default=8, ge=1, le=16, description="analog: ADC resolution; none: no ADC")
    adc_range: float = Field(
        default=1.0, gt=0.0, description="analog: full scale as a share of a tile's largest possible current"
    )
    partial_sums: Literal["digital", "analog"] = Field(
        default="digital",
        description="analog: how tiles one below the other are added up. digital: each has converters, numbers are "
        "added; analog: currents of their lines are, before one converter a minicolumn",
    )
    adc_offset_sigma: float = Field(
        default=0.0, ge=0.0, description="analog: sd of each ADC's own offset, in ADC steps"
    )
    comparator_sigma: Ampere = Field(
        default=0.0, ge=0.0, description="sd of the noise of the winner-take-all's comparators [A]"
    )
    segment_output: Literal["exact", "adc", "comparator"] = Field(
        default="exact",
        description="analog: what becomes of a segment's line current. exact: known as it is, though an ADC is "
        "counted; adc: rounded by it, where there is one; comparator: only compared, with the errors of crossbar.sense",
    )
    segment_rows: Literal["registers", "dense"] = Field(
        default="registers",
        description="what segments' reads and area are counted as, with the same results. registers: rows of slots "
        "behind address registers; dense: a row over all inputs for each segment, all read at once",
    )
    dac: DacParams = Field(default=DacParams(), description="word-line drivers")
    adc: AdcParams = Field(default=AdcParams(), description="converters beyond bits, range and offset")
    sense: SenseParams = Field(
        default=SenseParams(), description="sense amplifiers of cells (binary) and comparators of segments"
    )
    transimpedance: TransimpedanceParams = Field(
        default=TransimpedanceParams(), description="analog: the stage between a bit line and its ADC"
    )
    winner_take_all: WinnerTakeAllParams = Field(
        default=WinnerTakeAllParams(), description="the competition beyond its comparators' noise"
    )
    neurons: NeuronParams = Field(
        default=NeuronParams(), description="substrate spiking: the neurons that lines drive"
    )
    dendrites: DendriteParams = Field(
        default=DendriteParams(), description="substrate spiking: the compartments that segments charge"
    )
    wire_ohm: Ohm = Field(
        default=0.0, ge=0.0, description="resistance of a wire between two cells, of word and bit lines [ohm]"
    )
    bit_wire_ohm: Ohm | None = Field(
        default=None, ge=0.0, description="of bit lines, where it differs from wire_ohm [ohm]"
    )
    wire_node: Literal["130nm", "65nm", "45nm", "32nm", "22nm", "14nm", "10nm", "7nm"] | None = Field(
        default=None, description="where given, the wires' resistance is that of this node's cells (NeuroSim)"
    )
    driver_ohm: Ohm = Field(default=0.0, ge=0.0, description="resistance of a word line's driver [ohm]")
    sense_ohm: Ohm = Field(default=0.0, ge=0.0, description="resistance of a bit line's sensing end [ohm]")
    two_sided: bool = Field(default=False, description="whether word lines are driven from both ends")
    access: Literal["auto", "1R", "1T1R"] = Field(
        default="auto",
        description="1R: lines that are not driven stay at 0 V; 1T1R: their cells are cut off by transistors; "
        "auto: 1T1R where cells are sensed one by one (binary), else 1R",
    )
    access_ohm: Ohm = Field(
        default=0.0, ge=0.0, description="resistance of a cell's access transistor, in series with it [ohm]"
    )
    wire_tolerance: float = Field(
        default=1e-4, gt=0.0, lt=1.0, description="relative tolerance of a solve of the wires"
    )
    wire_threads: int = Field(
        default=1, ge=1, le=64, description="that share the tiles of a read; the results are the same"
    )
    permanences: Literal["analog", "digital"] = Field(
        default="analog",
        description="where they live: in the conductances, or in a memory beside cells that are only on or off",
    )
    pairing: Literal["none", "parallel", "differential"] = Field(
        default="none",
        description="devices of a synapse. none: one; parallel: two that conduct together; differential: two that "
        "learn against each other, the difference of whose currents is read",
    )
    programming: Literal["open_loop", "write_verify"] = Field(
        default="open_loop", description="pulse and trust, or read, write and verify"
    )
    write_scheme: Literal["none", "half", "third"] = Field(
        default="none",
        description="what lines of a tile that are not chosen are held at while cells are programmed. none: "
        "transistors cut their cells off; half, third: V/2 or V/3, which disturbs the cells beside the chosen ones",
    )
    half_select_share: float = Field(
        default=0.0,
        ge=0.0,
        le=1.0,
        description="what one half-select moves a cell by, over a full pulse; 0: it only takes energy",
    )
    verify_tolerance: float = Field(
        default=0.05, gt=0.0, le=1.0, description="write_verify: accepted error, as a permanence"
    )
    verify_cycles: int = Field(default=5, ge=1, description="write_verify: most attempts of one write")
    refresh_period: Second | None = Field(
        default=None,
        gt=0.0,
        description="time after which every synapse is written anew, an analog permanence as it is read, so with its "
        "drift; none: never [s]",
    )
    remap: RemapParams = Field(
        default=RemapParams(), description="bad cells that are known and worked around"
    )
    chip: int = Field(
        default=0, ge=0, description="which fabricated chip: other devices under the same wiring"
    )

    @model_validator(mode="after")
    def _check_wires(self) -> CrossbarParams:
        given = [name for name in ("wire_ohm", "bit_wire_ohm") if getattr(self, name)]
        if self.wire_node is not None and given:
            raise ValueError(
                f"wire_node: says what a wire resists, got {self.wire_node} beside {given[0]} (give one)"
            )
        return self

    @model_validator(mode="after")
    def _check_write_scheme(self) -> CrossbarParams:
        if self.half_select_share > 0.0 and self.write_scheme == "none":
            raise ValueError(
                "half_select_share: must be 0 with write_scheme none, where no cell is half-selected, "
                f"got {self.half_select_share:g} (choose half or third)"
            )
        if self.write_scheme != "none" and self.access == "1T1R":
            raise ValueError(
                f"write_scheme: must be none with access 1T1R, got {self.write_scheme} (transistors cut cells off)"
            )
        return self

    @model_validator(mode="after")
    def _check_pairing(self) -> CrossbarParams:
        if self.pairing != "none" and self.half_select_share > 0.0:
            raise ValueError(f"pairing: must be none where half-selects disturb cells, got {self.pairing}")
        return self

    @model_validator(mode="after")
    def _check_dense(self) -> CrossbarParams:
        bad = {
            "remap.on true": self.remap.on,
            f"write_scheme {self.write_scheme}": self.write_scheme != "none",
        }
        for name in (name for name, given in bad.items() if given and self.segment_rows == "dense"):
            raise ValueError(
                f"segment_rows: must be registers with {name}, got dense (which is only counted)"
            )
        return self

    @model_validator(mode="after")
    def _check_remap(self) -> CrossbarParams:
        if self.remap.on and self.write_scheme != "none":
            raise ValueError(
                "remap.on: must be false where writes half-select cells, got true with write_scheme "
                f"{self.write_scheme}"
            )
        if self.remap.spare_lines and self.wired:
            raise ValueError(
                "remap.spare_lines: must be 0 through wires, whose networks know no unused lines, "
                f"got {self.remap.spare_lines}"
            )
        return self

    @property
    def wires(self) -> WireParams:
        """Resistances around the cells of a tile."""
        word, bit = self.wire_ohm, self.wire_ohm if self.bit_wire_ohm is None else self.bit_wire_ohm
        if self.wire_node is not None:
            word, bit = NODES[self.wire_node].word_and_bit_ohm(self.transistors)
        return WireParams(
            word_ohm=word,
            bit_ohm=bit,
            driver_ohm=self.driver_ohm,
            sense_ohm=self.sense_ohm,
            two_sided=self.two_sided,
        )

    @property
    def transistors(self) -> bool:
        """Whether cells on lines that are not driven are cut off."""
        return self.access == "1T1R" or (self.access == "auto" and self.readout == "binary")

    @property
    def wired(self) -> bool:
        """Whether cells see less than the whole voltage."""
        return not self.wires.ideal or self.access_ohm > 0.0
