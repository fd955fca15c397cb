"""Energy, latency and area: event counts and the currents that flowed, priced by a cited preset, applied afterwards."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import Field

from devices.units import Joule, Second, SquareMetre, Volt, Watt
from htm.pick import Params

from .mapping import Tiling

PARTS = ("array read", "drivers", "ADC", "sensing", "writing", "digital", "leakage")
"""What energy is broken down into."""


class CostParams(Params):
    """What each event costs. Energies and times are per event, areas per instance.

    The cells' own energy is V I t: the conductances that reads and writes went through were summed as they happened.
    """

    read_time: Second = Field(gt=0.0, description="one analog read of all tiles [s]")
    sense_time: Second = Field(gt=0.0, description="sensing the cells of one word line [s]")
    driver_power: Watt = Field(ge=0.0, description="one word-line driver (1-bit DAC) while it drives [W]")
    adc_energy: Joule = Field(ge=0.0, description="one conversion [J]")
    adc_time: Second = Field(gt=0.0, description="one conversion [s]")
    lines_per_adc: int | None = Field(
        default=None, ge=1, description="bit lines that take turns at one ADC; none: all of a tile"
    )
    sense_energy: Joule = Field(
        default=0.0, ge=0.0, description="the amplifier that senses one cell, without the cell itself [J]"
    )
    write_voltage: Volt = Field(gt=0.0, description="programming pulse [V]")
    write_time: Second = Field(gt=0.0, description="one programming pulse [s]")
    add_energy: Joule = Field(ge=0.0, description="one digital addition of partial sums [J]")
    compare_energy: Joule = Field(ge=0.0, description="one score compared in the winner-take-all [J]")
    leakage_power: Watt = Field(default=0.0, ge=0.0, description="of one tile while it is powered [W]")
    tile_cells: int = Field(ge=1, description="cells of the tile that area and leakage are for")
    tile_area: SquareMetre = Field(ge=0.0, description="array of one such tile [m2]")
    driver_area: SquareMetre = Field(ge=0.0, description="one word-line driver [m2]")
    adc_area: SquareMetre = Field(ge=0.0, description="one ADC [m2]")


@dataclass(frozen=True)
class Cost:
    """What a run would cost on the chip.

    Attributes
    ----------
    energy : total [J]
    latency : time that the chip needs, its parts in sequence [s]
    breakdown : energy by `PARTS` [J]
    """

    energy: float
    latency: float
    breakdown: dict[str, float] = field(default_factory=dict)


def isaac_puma() -> CostParams:
    """ISAAC-like tiles with the PUMA simulator's constants; writes from a measured RRAM.

    Source: PUMA simulator constants "from ISAAC" and PANTHER's 100 ns read; NeuroSim V1.4 defaults; Wu 2018 pulses.

    *From the authors' code*: 128 x 128 array 2.5e-5 mm2; 1-bit driver 3.9 uW and 1.67e-7 mm2; 8-bit ADC 2.0 mW,
    0.0012 mm2, 1 ns a conversion, so 2 pJ; PANTHER's 100 ns matrix-vector product; shift-and-add 0.05 mW; NeuroSim
    V1.4 read of 10 ns; TaOx/HfOx pulses of 1.6 V and 50 ns (NeuroSim's table).

    Assumed: one addition, one comparison and one change of a digital permanence each cost shift-and-add power for
    1 ns (0.05 pJ), the memory of digital permanences nothing; ADC energy does not change with its bits; every device is
    read at its own read voltage and written at 1.6 V; sense amplifiers, registers, buses and leakage cost nothing, for
    lack of a figure.
    """
    return CostParams(
        read_time=100e-9,
        sense_time=10e-9,
        driver_power=3.9e-6,
        adc_energy=2e-12,
        adc_time=1e-9,
        write_voltage=1.6,
        write_time=50e-9,
        add_energy=0.05e-3 * 1e-9,
        compare_energy=0.05e-3 * 1e-9,
        tile_cells=128 * 128,
        tile_area=2.5e-5 * 1e-6,
        driver_area=1.67e-7 * 1e-6,
        adc_area=0.0012 * 1e-6,
    )


def neurosim_22nm() -> CostParams:
    """NeuroSim's 22 nm default tile: reads of 10 ns, eight bit lines to an ADC; converters as ISAAC's.

    Source: DNN+NeuroSim V1.4 defaults (22 nm, 128 rows, 8 columns an ADC, read 10 ns); Wu 2018 pulses.

    *From the authors' code*: 10 ns a read; eight bit lines an ADC; 1T1R cells of 4F x 12F, F = 40 nm wire width at
    22 nm, so 7.7e-14 m2 a cell; TaOx/HfOx pulses of 1.6 V and 50 ns (NeuroSim's table).

    Assumed: ADC, driver and adder as in ISAAC and PUMA, whose node is another (2 pJ, 3.9 uW, 0.05 pJ; 0.0012 mm2 an
    ADC): NeuroSim works its own out from transistors, and no figure of it is at hand; every device is read at its own
    read voltage and written at 1.6 V; sense amplifiers, registers, buses and leakage cost nothing, for lack of figures.
    """
    cells = 128 * 128
    return isaac_puma().model_copy(
        update={
            "read_time": 10e-9,
            "lines_per_adc": 8,
            "tile_cells": cells,
            "tile_area": cells * 4 * 12 * (40e-9) ** 2,
        }
    )


COSTS: dict[str, Callable[[], CostParams]] = {"isaac_puma": isaac_puma, "neurosim_22nm": neurosim_22nm}


def assumptions(name: str) -> str:
    """What a preset assumes, as its docstring says."""
    text = " ".join((inspect.getdoc(COSTS[name]) or "").split())
    return text.partition("Assumed: ")[2]


def cost(
    events: Mapping[str, int],
    loads: Mapping[str, float],
    params: CostParams,
    read_voltage: float,
    tilings: Iterable[Tiling] = (),
    cells_per_synapse: int = 1,
    held: float | None = None,
) -> Cost:
    """Energy and latency of what was counted.

    Parameters
    ----------
    events : counts of a substrate
    loads : conductances that its reads and writes went through, summed, of half-selected cells times the square of
        their share of the write voltage [S]; time of its competitions, `settle` [s]
    params : what each costs
    read_voltage : of the device [V]
    tilings : arrays that leak meanwhile
    cells_per_synapse : devices of one synapse
    held : where lines themselves charge neurons, how long they are driven; none: for the preset's read [s]
    """
    count = {name: events.get(name, 0) for name in _EVENTS}
    load = {name: loads.get(name, 0.0) for name in ("read", "sense", "write", "half_select")}
    tilings = list(tilings)
    synapses = sum(tiling.tiles * tiling.tile_rows * tiling.tile_columns for tiling in tilings)
    cells = synapses * cells_per_synapse
    widest = max((tiling.tile_columns for tiling in tilings), default=1)
    read_time = params.read_time if held is None else held
    drive_time = read_time if count["read_cycle"] else params.sense_time
    # Counted for one ADC a tile, whose lines take turns.
    turns = 1.0 if params.lines_per_adc is None else min(1.0, params.lines_per_adc / widest)
    latency = (
        count["read_cycle"] * params.read_time
        + count["sense_cycle"] * params.sense_time
        + (count["adc_cycle"] * turns + count["ramp_cycle"]) * params.adc_time
        + count["pulse_cycle"] * params.write_time
        + loads.get("settle", 0.0)
    )
    energies = (
        read_voltage**2 * load["read"] * read_time,
        count["line_drive"] * params.driver_power * drive_time,
        count["adc"] * params.adc_energy,
        read_voltage**2 * load["sense"] * params.sense_time
        + (count["sense"] + count["cell_read"]) * params.sense_energy,
        params.write_voltage**2 * (load["write"] + load["half_select"]) * params.write_time,
        (count["add"] + count["memory"]) * params.add_energy + count["compare"] * params.compare_energy,
        params.leakage_power * cells / params.tile_cells * latency,
    )
    return Cost(energy=sum(energies), latency=latency, breakdown=dict(zip(PARTS, energies, strict=True)))


_EVENTS = (
    "read_cycle", "line_drive", "adc", "adc_cycle", "sense", "sense_cycle", "cell_read", "pulse_cycle", "add",
    "compare", "memory", "ramp_cycle",
)  # fmt: skip


def area(
    tilings: Iterable[Tiling],
    params: CostParams,
    *,
    with_adc: bool,
    cells_per_synapse: int = 1,
    joined: bool = False,
) -> float:
    """Area of all tiles with their drivers and, where they have them, their ADCs [m2].

    Two devices of a synapse share its word line and its ADC: their currents are added or subtracted before it. With
    `joined`, so do tiles one below the other.
    """
    total = 0.0
    for tiling in tilings:
        scale = tiling.tile_rows * tiling.tile_columns / params.tile_cells
        adcs = 1 if params.lines_per_adc is None else -(-tiling.tile_columns // params.lines_per_adc)
        tile = params.tile_area * scale * cells_per_synapse + params.driver_area * tiling.tile_rows
        total += tiling.tiles * tile
        if with_adc:
            total += (tiling.across if joined else tiling.tiles) * adcs * params.adc_area
    return total
