"""What a write of one cell does to all cells of a tile, through the wires, by write scheme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from devices.model import DeviceModel
from htm.pick import BadInput
from htm.streams import stream
from hwsim.wires import WireParams
from hwsim.write_schemes import Scheme, select, write_field

from .wire_errors import LARGEST

F64 = NDArray[np.float64]

WORDS = {"none": "cut off", "half": "V/2", "third": "V/3, 2V/3"}


@dataclass(frozen=True)
class WriteMap:
    """One cell written, the one farthest from its drivers: first word line, last bit line.

    Attributes
    ----------
    size : lines each way
    ohm : of a wire between two cells [ohm]
    scheme : none, half or third
    voltage, width : of the write [V], [s]
    volts : across every cell, (size, size) [V]
    energy : that all lines' drivers give during the pulse, wires and half-selected cells included [J]
    share : of it that the chosen cell takes
    """

    size: int
    ohm: float
    scheme: Scheme
    voltage: float
    width: float
    volts: F64
    energy: float
    share: float

    @property
    def words(self) -> str:
        """What lines that are not chosen are held at."""
        return WORDS[self.scheme]

    @property
    def chosen(self) -> float:
        """Voltage of the cell that is written [V]."""
        return float(self.volts[0, -1])

    @property
    def beside(self) -> float:
        """Largest voltage of another cell on its lines [V]."""
        return float(max(np.abs(self.volts[0, :-1]).max(), np.abs(self.volts[1:, -1]).max()))

    @property
    def apart(self) -> float:
        """Largest voltage of a cell on none of its lines [V]."""
        return float(np.abs(self.volts[1:, :-1]).max())


def write_maps(
    device: DeviceModel,
    sizes: Sequence[int],
    ohms: Sequence[float],
    *,
    voltage: float,
    width: float,
    seed: int = 0,
) -> list[WriteMap]:
    """Every size, resistance and scheme, over tiles with conductances even over the device's range.

    Cells are taken to conduct at the write voltage as they do at the read voltage.

    Parameters
    ----------
    device : gives g_min and g_max
    sizes, ohms : of the tiles and of the wires
    voltage, width : of the write pulse [V], [s]
    """
    for size in sizes:
        if not 2 <= size <= LARGEST:
            raise BadInput(f"--sizes: must lie in 2..{LARGEST}, got {size}")
    if min(ohms) < 0:
        raise BadInput(f"--ohms: must not be negative, got {min(ohms):g}")
    for name, value in (("--voltage", voltage), ("--width", width)):
        if not 0.0 < value < np.inf:
            raise BadInput(f"{name}: must be above 0, got {value:g}")
    return [
        _written(device, size, ohm, scheme, voltage, width, seed)
        for size in sizes
        for ohm in ohms
        for scheme in get_args(Scheme)
    ]


def _written(
    device: DeviceModel, size: int, ohm: float, scheme: Scheme, voltage: float, width: float, seed: int
) -> WriteMap:
    g = stream(seed, f"wires.{size}").uniform(device.g_min, device.g_max, (size, size))
    found = write_field(
        g,
        scheme,
        select(g.shape, [0], [size - 1]),
        voltage,
        wires=WireParams(word_ohm=ohm, bit_ohm=ohm, driver_ohm=0.0, sense_ohm=0.0),
    )
    power = found.total_power
    return WriteMap(
        size, ohm, scheme, voltage, width, found.volts, power * width, float(found.power[0, -1]) / power
    )
