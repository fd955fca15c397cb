"""The one place that knows permanence <-> conductance, permanence change <-> pulses, and rows <-> tiles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from devices.model import F32, DeviceModel


@final
@dataclass(frozen=True, kw_only=True)
class Mapping:
    """Linear map between permanence 0..1 and the device's nominal range g_min..g_max.

    Parameters
    ----------
    device : what one synapse is made of
    threshold : permanence of a connected synapse
    """

    device: DeviceModel
    threshold: float

    @property
    def span(self) -> float:
        """Conductance of a permanence of 1 above that of 0 [S]."""
        return self.device.g_max - self.device.g_min

    @property
    def reference(self) -> np.float32:
        """Conductance against which a cell is sensed [S]: that of the connection threshold."""
        return np.float32(self.device.g_min + np.float32(self.threshold) * np.float32(self.span))

    @cached_property
    def line_reference(self) -> np.float32:
        """Current of a cell at the reference over its voltage [S]: the reference is a device too."""
        return np.float32(self.device.chord(np.array([self.reference]))[0])

    @cached_property
    def line_ends(self) -> tuple[float, float]:
        """What one cell at g_min, and one at g_max, adds to a line's current over the voltage [S]."""
        low, high = self.device.chord(np.array([self.device.g_min, self.device.g_max], dtype=np.float32))
        return (self.device.g_min, self.device.g_max) if self.device.ohmic else (float(low), float(high))

    @cached_property
    def line_span(self) -> float:
        """What a connected synapse adds to a line's current, above an unconnected one, over the voltage [S]."""
        low, high = self.line_ends
        return high - low

    @cached_property
    def balance(self) -> float:
        """What a differential pair of equal cells stands for, over the voltage [S]; 0 where synapses have one line.

        It is no current: what scales currents, as the drivers' errors do, leaves it as it is.
        """
        return 0.5 * sum(self.line_ends) if self.device.lines_per_synapse > 1 else 0.0

    @property
    def unit_current(self) -> float:
        """Current of one fully connected synapse above an unconnected one [A]."""
        return self.device.read_voltage * self.line_span

    def conductance(self, permanence: NDArray[Any]) -> F32:
        """Target conductance of a permanence [S]."""
        return np.float32(self.device.g_min) + permanence.astype(np.float32) * np.float32(self.span)

    def permanence(self, conductance: F32) -> F32:
        """Permanence that a conductance [S] stands for, clipped to 0..1."""
        values = (conductance - np.float32(self.device.g_min)) / np.float32(self.span)
        return np.clip(values, np.float32(0), np.float32(1))

    def pulses(self, change: float) -> float:
        """Pulses whose mean effect at mid-range is a permanence change; real, rounding is the controller's."""
        return change * self.span / self.device.step


@final
@dataclass(frozen=True, kw_only=True)
class Tiling:
    """Synapse rows and slots cut into physical arrays: slots are word lines, rows are bit lines.

    Parameters
    ----------
    rows, slots : size of the whole matrix
    tile_rows : word lines of one array
    tile_columns : bit lines of one array
    """

    rows: int
    slots: int
    tile_rows: int
    tile_columns: int

    @property
    def down(self) -> int:
        """Tiles along the slots."""
        return -(-self.slots // self.tile_rows)

    @property
    def across(self) -> int:
        """Tiles along the rows."""
        return -(-self.rows // self.tile_columns)

    @property
    def tiles(self) -> int:
        """Physical arrays in all."""
        return self.down * self.across

    def bounds(self, active: NDArray[np.int32]) -> NDArray[np.int64]:
        """Where each tile's active slots begin in sorted `active`, (down + 1,)."""
        return np.searchsorted(active, self._edges)

    @cached_property
    def _edges(self) -> NDArray[np.int32]:
        """First slot of each tile, and one past the last tile; of the indices' own type, to be searched fast."""
        return (np.arange(self.down + 1) * self.tile_rows).astype(np.int32)
