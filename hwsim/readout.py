"""Read-out of whole columns: *binary* senses each cell, *analog* sums a line's current through an ADC."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from devices.model import F32, Where
from devices.noise import normals
from htm.bits import Bits

from . import kernels
from .array import CellArray
from .mapping import Tiling
from .params import CrossbarParams
from .periphery import Periphery

_CERTAIN = np.float32(6.0)
"""A cell this many read-noise deviations from its reference is certain: it flips once in 10^9 reads."""
_NONE = np.empty((0, 0), dtype=np.float32)


Look: TypeAlias = Callable[[CellArray, Where], F32]
"""What a line store holds of the cells at an index: conductance, read noise, margin."""


@final
class LineStore:
    """One number a cell, laid out for reading: all rows of one slot side by side, kept current lazily.

    Parameters
    ----------
    array : the cells
    look : what to store of them
    """

    def __init__(self, array: CellArray, look: Look) -> None:
        self._array, self._look = array, look
        rows, slots = array.cells.g.shape
        self.values = np.empty((slots, rows), dtype=np.float32)
        self._clock = np.full(slots, -1.0)  # when each slot's line was last evaluated [s]
        self._late = np.zeros(rows, dtype=np.bool_)
        self.refresh_all()

    def refresh_all(self) -> None:
        """Look at every cell again."""
        self._late[:] = False
        self.values[...] = self._look(self._array, ...).T
        self._clock[:] = self._array.cells.clock

    def refresh_rows(self, rows: NDArray[np.int32]) -> None:
        """Look at programmed rows again."""
        kernels.store_rows(self.values, rows, self._look(self._array, rows))

    @property
    def ageless(self) -> bool:
        """Whether cells are where they were programmed: they do not age, or no time has passed."""
        device = self._array.device
        return device.still and (not device.ages or self._array.cells.clock == 0.0)

    def note_rows(self, rows: NDArray[np.int32]) -> None:
        """Leave programmed rows of ageless cells for later. Many late rows are looked at together, because then
        each cache line of the store is fetched once for several of them."""
        self._late[rows] = True
        if np.count_nonzero(self._late) > self._late.size // 16:
            self.settle()

    def late_rows(self) -> NDArray[np.int32]:
        """Rows that were left for later: their cells, not the store, say what they are."""
        return np.flatnonzero(self._late).astype(np.int32)

    def settle(self) -> None:
        """Look at the late rows now."""
        if self._late.any():
            self.refresh_rows(self.late_rows())
            self._late[:] = False

    def refresh_slots(self, active: Bits) -> None:
        """Look again at driven lines that have aged since the last look."""
        array = self._array
        if array.device.still:
            if not array.device.ages:
                return
            stale = active[self._clock[active] != array.cells.clock]
        else:  # the last read may have moved them
            stale = active
        if stale.size:
            self.values[stale] = self._look(array, (slice(None), stale)).T
            self._clock[stale] = array.cells.clock


@final
class BinaryReadout:
    """Each cell on a driven line is sensed against the reference of the threshold; bits are counted digitally.

    Where reads are noisy, only cells within 6 deviations of the reference need a draw. With drivers or sense amplifiers
    that err, every cell is read and compared.
    """

    def __init__(
        self, array: CellArray, pool: NDArray[np.bool_], tiling: Tiling, periphery: Periphery
    ) -> None:
        self._array, self._pool, self._tiling, self._periphery = array, pool, tiling, periphery
        self._one_by_one = periphery.drive is not None or periphery.amplifiers is not None
        look: Look = self._margin if array.device.noisy else self._present
        self._lines = LineStore(array, CellArray.conductance if self._one_by_one else look)
        self._plain = not array.device.noisy and not self._one_by_one

    def _present(self, array: CellArray, where: Where) -> F32:
        """Conductance [S]; -1 where no synapse is, which no reference senses."""
        return np.where(self._pool[where], array.conductance(where), np.float32(-1))

    def _margin(self, array: CellArray, where: Where) -> F32:
        """Distance from the reference in deviations of one read."""
        above = array.device.margin(array.cells, where, array.conductance(where), array.mapping.reference)
        return np.where(self._pool[where], above, np.float32(-1e9))

    def refresh_rows(self, rows: NDArray[np.int32]) -> None:
        """Look at programmed rows again."""
        if self._plain and self._lines.ageless:
            self._lines.note_rows(rows)
        else:
            self._lines.refresh_rows(rows)

    def refresh_all(self) -> None:
        """Look at every cell again."""
        self._lines.refresh_all()

    def settle(self) -> None:
        """Make ready for time to pass."""
        self._lines.settle()

    def overlap(self, active: Bits) -> NDArray[np.int32]:
        """Cells sensed as connected, (rows,)."""
        array, lines, rows = self._array, self._lines, self._tiling.rows
        lines.refresh_slots(active)
        array.device.note_line_reads(array.cells, active)
        count_binary(array, self._tiling, active)
        array.loads["sense"] += array.slots_load(active, rows)
        if self._one_by_one:
            return self._compared(active)
        if not array.device.noisy:
            reference = array.mapping.reference
            counts = kernels.count_above(lines.values, active, reference)
            late = lines.late_rows()
            if late.size:
                kernels.row_count_above(
                    array.cells.g, self._pool.view(np.uint8), late, active, reference, counts
                )
            return counts
        counts = np.empty(rows, dtype=np.int32)
        doubtful = np.empty(active.size, dtype=np.int32)
        total = kernels.count_certain(lines.values, active, _CERTAIN, counts, doubtful)
        draws = normals(array.streams["read"], total)
        kernels.count_doubtful(lines.values, active, _CERTAIN, counts, doubtful, draws)
        return counts

    def _compared(self, active: Bits) -> NDArray[np.int32]:
        """Cells whose current, as driven and as their amplifier finds it, reaches the reference's, (rows,)."""
        array, device = self._array, self._array.device
        where = (np.arange(self._tiling.rows)[None, :], active[:, None])
        seen = device.seen(array.cells, where, self._lines.values[active], array.streams["read"])
        current = device.chord(seen)
        if self._periphery.drive is not None:
            balance = np.float32(array.mapping.balance)
            current = balance + (current - balance) * self._periphery.drive[where]
        above = self._periphery.sensed(current, active) >= array.mapping.line_reference
        return np.asarray((above & self._pool.T[active]).sum(axis=0, dtype=np.int32))


@final
class AnalogReadout:
    """One current per line and tile, all cells on driven lines included, through an ADC; tiles added digitally.

    Independent Gaussian cell noise is drawn once per line with the summed variance: equal in law. Other laws of reads
    are drawn cell by cell. Currents follow the cells' I-V curve at the read voltage.
    """

    def __init__(
        self, array: CellArray, tiling: Tiling, params: CrossbarParams, periphery: Periphery
    ) -> None:
        self._array, self._tiling, self._params = array, tiling, params
        assert periphery.converter is not None
        self._drive, self._converter = periphery.drive, periphery.converter
        device = array.device
        self._by_cell = device.noisy and not device.gaussian_reads
        self._lines = LineStore(
            array,
            CellArray.conductance
            if self._by_cell
            else driven(line_conductance, self._drive, array.mapping.balance),
        )
        separate = device.gaussian_reads and device.noisy and not device.proportional_noise
        self._noise = LineStore(array, driven(line_noise, self._drive)) if separate else None
        self._direct = self._noise is None and device.ohmic and not self._by_cell and self._drive is None
        self._sums = np.zeros((tiling.down, self._lines.values.shape[1]), dtype=np.float32)
        self._squares = np.zeros_like(self._sums)

    def refresh_rows(self, rows: NDArray[np.int32]) -> None:
        """Look at programmed rows again."""
        if self._direct and self._lines.ageless:
            self._lines.note_rows(rows)
            return
        for store in self._stores:
            store.refresh_rows(rows)

    def refresh_all(self) -> None:
        """Look at every cell again."""
        for store in self._stores:
            store.refresh_all()

    def settle(self) -> None:
        """Make ready for time to pass."""
        self._lines.settle()

    @property
    def _stores(self) -> list[LineStore]:
        return [self._lines] if self._noise is None else [self._lines, self._noise]

    def overlap(self, active: Bits) -> F32:
        """Connected-synapse equivalents, (rows,): line sums over the span of one synapse."""
        tiling, array, g = self._tiling, self._array, self._lines.values
        for store in self._stores:
            store.refresh_slots(active)
        bounds = tiling.bounds(active)
        array.device.note_line_reads(array.cells, active)
        variance, draws = self._squares, _NONE
        proportional = array.device.noisy and self._noise is None and not self._by_cell
        if self._by_cell:
            self._sum_by_cell(active, bounds)
        elif proportional:
            kernels.line_sums_and_squares(g, active, bounds, self._sums, variance)
        else:
            kernels.line_sums(g, active, bounds, self._sums)
        if self._noise is not None:
            kernels.line_squares(self._noise.values, active, bounds, variance)
        late = self._lines.late_rows()
        if late.size:
            kernels.row_sums_and_squares(array.cells.g, late, active, bounds, self._sums, variance)
        if proportional:
            variance *= np.float32(array.device.read_sigma) ** 2
        if array.device.noisy and not self._by_cell:
            draws = normals(array.streams["read"], self._sums.shape)
        array.loads["read"] += array.lines_load(self._sums, active)
        count_analog(array, tiling, self._params, active, bounds)
        return self._converter.total(self._sums, variance, draws, bounds)

    def _sum_by_cell(self, active: Bits, bounds: NDArray[np.int64]) -> None:
        """Line sums of one draw a cell."""
        array, device = self._array, self._array.device
        where = (np.arange(self._sums.shape[1])[None, :], active[:, None])
        seen = device.seen(array.cells, where, self._lines.values[active], array.streams["read"])
        seen = np.ascontiguousarray(device.chord(seen))
        if self._drive is not None:
            seen *= self._drive[where]
        kernels.line_sums(seen, np.arange(active.size, dtype=np.int32), bounds, self._sums)


def count_analog(
    array: CellArray, tiling: Tiling, params: CrossbarParams, active: Bits, bounds: NDArray[np.int64]
) -> None:
    """Count the events of one analog read."""
    events, across, rows = array.events, tiling.across, tiling.rows
    driven = int(np.count_nonzero(bounds[1:] > bounds[:-1]))
    lines = rows + (across * params.reference_copies if params.reference_column else 0)
    events["line_drive"] += active.size * across
    events["tile_read"] += driven * across
    events["read_cycle"] += 1
    joined = params.partial_sums == "analog"
    converted = min(driven, 1) if joined else driven
    events["add"] += max(0, converted - 1) * rows
    if params.adc_bits is not None:
        events["adc"] += converted * lines
        if params.adc.kind == "ramp":
            events["ramp_cycle"] += params.adc.ramp_cycles(params.adc_bits)
        else:
            events["adc_cycle"] += min(tiling.tile_columns, lines)


def count_binary(array: CellArray, tiling: Tiling, active: Bits) -> None:
    """Count the events of sensing every cell of the driven lines."""
    events = array.events
    events["line_drive"] += int(active.size) * tiling.across
    events["sense"] += int(active.size) * tiling.rows
    events["sense_cycle"] += int(active.size)


def read_noise(array: CellArray, where: Where) -> F32:
    """Standard deviation of one read [S]."""
    return array.device.read_noise(array.cells, where, array.conductance(where))


def line_conductance(array: CellArray, where: Where) -> F32:
    """Current of a read over its voltage [S]."""
    return array.device.chord(array.conductance(where))


def line_noise(array: CellArray, where: Where) -> F32:
    """Standard deviation of that [S]: current and conductance fluctuate in proportion."""
    sd = read_noise(array, where)
    return (
        sd
        if array.device.ohmic
        else sd * array.device.bend(array.conductance(where), array.device.read_voltage)
    )


def driven(look: Look, drive: F32 | None, balance: float = 0.0) -> Look:
    """`look` at cells whose drivers give them `drive` (lines, slots) times the read voltage.

    What is seen stands `balance` above the current that drivers scale (`Mapping.balance`).
    """
    if drive is None:
        return look
    middle = np.float32(balance)
    return lambda array, where: middle + (look(array, where) - middle) * drive[where]
