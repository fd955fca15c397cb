"""Energy, latency and area: a pure function of event counts and a cited cost preset, applied afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import Field

from devices.units import Joule, Second, Siemens, SquareMetre, Volt, Watt
from htm.pick import Params

from .mapping import Tiling


class CostParams(Params):
    """What each event costs. Energies and times are per event, areas per instance."""

    tile_read_power: Watt = Field(ge=0.0, description="array of one tile while it is read [W]")
    tile_cells: int = Field(ge=1, description="cells of the tile that this power is for")
    read_time: Second = Field(gt=0.0, description="one analog read of all tiles [s]")
    sense_time: Second = Field(gt=0.0, description="sensing the cells of one word line [s]")
    driver_power: Watt = Field(ge=0.0, description="one word-line driver (1-bit DAC) while it drives [W]")
    adc_energy: Joule = Field(ge=0.0, description="one conversion [J]")
    adc_time: Second = Field(gt=0.0, description="one conversion; a tile's lines share one ADC [s]")
    sense_energy: Joule = Field(ge=0.0, description="sensing one cell [J]")
    write_voltage: Volt = Field(gt=0.0, description="programming pulse [V]")
    write_conductance: Siemens = Field(gt=0.0, description="mean conductance during a pulse [S]")
    write_time: Second = Field(gt=0.0, description="one programming pulse [s]")
    add_energy: Joule = Field(ge=0.0, description="one digital addition of partial sums [J]")
    compare_energy: Joule = Field(ge=0.0, description="one score compared in the winner-take-all [J]")
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
    breakdown : energy by part [J]
    """

    energy: float
    latency: float
    breakdown: dict[str, float] = field(default_factory=dict)


def isaac_puma() -> CostParams:
    """ISAAC-like tiles with the PUMA simulator's constants; writes from a measured RRAM.

    Source: PUMA simulator constants "from ISAAC" and PANTHER's 100 ns read; NeuroSim V1.4 defaults; Wu 2018 pulses.

    *From the authors' code*: 128 x 128 array read 0.3 mW and 2.5e-5 mm2; 1-bit driver 3.9 uW and 1.67e-7 mm2;
    8-bit ADC 2.0 mW, 0.0012 mm2, 1 ns a conversion, so 2 pJ; PANTHER's 100 ns matrix-vector product; shift-and-add
    0.05 mW; NeuroSim V1.4 read of 0.55 V for 10 ns at R_on 100 kohm, R_off 1.7 Mohm; TaOx/HfOx pulses of 1.6 V and
    50 ns (NeuroSim's table). *Derived*: sensing one cell 0.55^2 V^2 x 10 uS x 10 ns = 30 fJ; mean conductance
    during a write (10 + 0.59)/2 uS. *Assumed*: one addition and one comparison each cost shift-and-add power for
    1 ns (0.05 pJ); ADC energy does not change with its bits; power scales with the cells of a tile;
    changing or comparing one digital permanence costs one addition, and the memory that holds it nothing.
    """
    return CostParams(
        tile_read_power=0.3e-3,
        tile_cells=128 * 128,
        read_time=100e-9,
        sense_time=10e-9,
        driver_power=3.9e-6,
        adc_energy=2e-12,
        adc_time=1e-9,
        sense_energy=0.55**2 * 10e-6 * 10e-9,
        write_voltage=1.6,
        write_conductance=(10e-6 + 1 / 1.7e6) / 2,
        write_time=50e-9,
        add_energy=0.05e-3 * 1e-9,
        compare_energy=0.05e-3 * 1e-9,
        tile_area=2.5e-5 * 1e-6,
        driver_area=1.67e-7 * 1e-6,
        adc_area=0.0012 * 1e-6,
    )


COSTS: dict[str, Callable[[], CostParams]] = {"isaac_puma": isaac_puma}


def cost(events: Mapping[str, int], params: CostParams, tile_cells: int) -> Cost:
    """Energy and latency of counted events.

    Parameters
    ----------
    events : counts of a substrate
    params : what each costs
    tile_cells : cells of one of the substrate's tiles
    """
    count = {name: events.get(name, 0) for name in _EVENTS}
    write_pulse = params.write_voltage**2 * params.write_conductance * params.write_time
    scale = tile_cells / params.tile_cells
    drive_time = params.read_time if count["read_cycle"] else params.sense_time
    breakdown = {
        "array read": count["tile_read"] * params.tile_read_power * scale * params.read_time,
        "drivers": count["line_drive"] * params.driver_power * drive_time,
        "ADC": count["adc"] * params.adc_energy,
        "sensing": (count["sense"] + count["cell_read"]) * params.sense_energy,
        "writing": (count["pulse"] + count["write"]) * write_pulse,
        "digital": (count["add"] + count["memory"]) * params.add_energy
        + count["compare"] * params.compare_energy,
    }
    latency = (
        count["read_cycle"] * params.read_time
        + count["sense_cycle"] * params.sense_time
        + count["adc_cycle"] * params.adc_time
        + count["pulse_cycle"] * params.write_time
    )
    return Cost(energy=sum(breakdown.values()), latency=latency, breakdown=breakdown)


_EVENTS = (
    "tile_read", "read_cycle", "line_drive", "adc", "adc_cycle", "sense", "sense_cycle", "cell_read",
    "pulse", "pulse_cycle", "write", "add", "compare", "memory",
)  # fmt: skip


def area(tilings: Iterable[Tiling], params: CostParams, *, with_adc: bool) -> float:
    """Area of all tiles with their drivers and, where they have them, one ADC each [m2]."""
    total = 0.0
    for tiling in tilings:
        scale = tiling.tile_rows * tiling.tile_columns / params.tile_cells
        tile = params.tile_area * scale + params.driver_area * tiling.tile_rows
        total += tiling.tiles * (tile + (params.adc_area if with_adc else 0.0))
    return total
