"""What stands around the cells of one array of columns, as fabricated: drivers, sense amplifiers, converters."""

from __future__ import annotations

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from devices.model import F32
from devices.noise import normals
from htm.bits import Bits
from htm.streams import restore_stream, save_stream, stream

from .line_converter import LineConverter
from .mapping import Mapping, Tiling
from .params import CrossbarParams
from .peripherals.sense import SenseAmplifiers


@final
class Periphery:
    """Drivers, sense amplifiers and converters of one array of columns. What is ideal is None, and costs nothing.

    Parameters
    ----------
    mapping : of the array's cells
    tiling : how it is cut
    params : of all peripherals
    seed, name : streams are ``{name}.dac``, ``{name}.sense``, ``{name}.sense.noise``, ``{name}.adc``, ...
    """

    def __init__(
        self, mapping: Mapping, tiling: Tiling, params: CrossbarParams, seed: int, name: str
    ) -> None:
        self._tiling = tiling
        analog = params.readout == "analog"
        self.copies = params.reference_copies if analog and params.reference_column else 0
        self.drive = _drive(tiling, params, self.copies, seed, f"{name}.dac")
        self.amplifiers: SenseAmplifiers | None = None
        self._decisions: np.random.Generator | None = None
        if not analog and not params.sense.ideal:
            self.amplifiers = params.sense.fabricate(
                (tiling.down, tiling.rows), mapping.device.read_voltage, stream(seed, f"{name}.sense")
            )
            self._decisions = stream(seed, f"{name}.sense.noise")
        self.trim_decisions = (
            0 if self.amplifiers is None else params.sense.decisions(self.amplifiers.offset.size)
        )
        self.converter = LineConverter(mapping, tiling, params, seed, name) if analog else None

    def sensed(self, current: NDArray[Any], active: Bits) -> NDArray[Any]:
        """Currents of driven cells as the sense amplifiers of their tiles find them, (active, rows) [S]."""
        if self.amplifiers is None or self._decisions is None:
            return current
        draws = normals(self._decisions, current.shape) if self.amplifiers.noise > 0.0 else None
        return self.amplifiers.referred(current, active // self._tiling.tile_rows, draws)

    def learned(self) -> None:
        """The last read was followed by learning."""
        if self.converter is not None:
            self.converter.learned()

    def state(self) -> dict[str, Any]:
        """Everything needed to continue identically; empty where nothing changes."""
        own = {} if self._decisions is None else {"sense.noise": save_stream(self._decisions)}
        return own | ({} if self.converter is None else self.converter.state())

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from `state`."""
        if self._decisions is not None:
            self._decisions = restore_stream(state["sense.noise"])
        if self.converter is not None:
            self.converter.restore(state)


def _drive(tiling: Tiling, params: CrossbarParams, copies: int, seed: int, name: str) -> F32 | None:
    """Voltage that each cell's driver gives it over the read voltage, (lines, slots); None: 1 everywhere."""
    if params.dac.ideal:
        return None
    # Every tile has drivers of its own.
    dac = params.dac.fabricate(tiling.across * tiling.slots, stream(seed, name))
    top = np.full(tiling.across * tiling.slots, 2**params.dac.bits - 1)
    by_tile = dac.drive(top).reshape(tiling.across, tiling.slots)
    own = np.arange(tiling.rows) // tiling.tile_columns
    return np.ascontiguousarray(by_tile[np.append(own, np.repeat(np.arange(tiling.across), copies))])
