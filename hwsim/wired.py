"""Line sums and sensed cells of a tiled array through resistive wires (`hwsim.wires`).

*Analog*: all driven word lines of a tile at once, the whole network solved. *Binary*: one word line after the other,
the cells of all others cut off by their transistors. Every cell has a draw of its read noise of its own: in a network
the noise of one line is no longer a sum over its cells.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import final

import numpy as np
from numpy.typing import NDArray

from devices.cells import Cells, Where
from devices.model import F32
from devices.noise import normals
from htm.bits import Bits
from htm.pick import BadInput

from . import kernels
from .array import CellArray
from .mapping import Tiling
from .params import CrossbarParams
from .periphery import Periphery
from .readout import LineStore, count_analog, count_binary
from .wires import WireSolver, reads_that_pay
from .wires.ladder import sensed_conductances

_NONE = np.empty((0, 0), dtype=np.float32)


def _solver(
    solvers: dict[tuple[int, int], WireSolver], params: CrossbarParams, shape: tuple[int, int]
) -> WireSolver:
    """The solver of tiles of this shape; those at the edges are smaller."""
    if shape not in solvers:
        solvers[shape] = WireSolver(params.wires, shape)
    return solvers[shape]


@final
class WiredTiles:
    """The tiles of one array.

    Parameters
    ----------
    tiling : how the array is cut
    params : resistances, access, tolerance
    references : lines after the first `tiling.rows` are reference columns, at the far ends of tiles; how many
    drive : (lines, slots) voltage of each cell's driver over the read voltage, or None: 1
    """

    def __init__(
        self, tiling: Tiling, params: CrossbarParams, references: int, drive: F32 | None = None
    ) -> None:
        self._tiling, self._params, self._drive = tiling, params, drive
        self._copies = references // tiling.across
        self._solvers: list[dict[tuple[int, int], WireSolver]] = [{} for _ in range(params.wire_threads)]
        self._matrix: F32 | None = None
        self._admittance: list[F32] = []
        self._reads = 0

    def series(self, g: F32) -> NDArray[np.float64]:
        """Conductances with their access transistors in series [S]."""
        cells = g.astype(np.float64)
        return cells / (1.0 + self._params.access_ohm * cells) if self._params.access_ohm > 0.0 else cells

    def forget(self) -> None:
        """The cells have changed."""
        self._matrix, self._reads = None, 0

    def sums(self, g: F32, active: Bits, bounds: NDArray[np.int64], steady: bool, out: F32) -> float:
        """Currents of all bit lines over the read voltage.

        Parameters
        ----------
        g : (slots, lines) one read of the cells, reference columns last [S]
        active : driven slots
        bounds : where each tile's driven slots begin
        steady : whether the next read will find the same cells, so that an effective matrix may pay
        out : (tiles down, lines) set to the currents over the voltage [S]; 0 for tiles without a driven line

        Returns
        -------
        power of all drivers over the square of the read voltage, what leaks back through lines held at 0 V and what the
        wires take included [S]
        """
        tiling = self._tiling
        self._reads += 1
        if steady and not self._params.transistors:
            if self._matrix is None and self._reads >= reads_that_pay(
                (tiling.tile_rows, tiling.tile_columns)
            ):
                self._matrix = self._effective(g)
            if self._matrix is not None:
                kernels.line_sums(self._matrix, active, bounds, out)
                return self._steady_power(active, bounds)
        out[np.diff(bounds) == 0] = 0
        tiles = [
            (down, across)
            for down in range(tiling.down)
            for across in range(tiling.across)
            if bounds[down + 1] > bounds[down]
        ]
        shares = [tiles[k :: len(self._solvers)] for k in range(len(self._solvers))]

        def answer(share: list[tuple[int, int]], solvers: dict[tuple[int, int], WireSolver]) -> list[float]:
            return [
                self._tile(solvers, g, active[bounds[down] : bounds[down + 1]], down, across, out)
                for down, across in share
            ]

        if len(shares) == 1:
            given = [answer(shares[0], self._solvers[0])]
        else:
            with ThreadPoolExecutor(len(shares)) as pool:
                given = list(pool.map(answer, shares, self._solvers))
        # Summed in the order of the tiles, so that the number of threads changes no bit.
        return float(sum(given[k % len(shares)][k // len(shares)] for k in range(len(tiles))))

    def _tile(
        self,
        solvers: dict[tuple[int, int], WireSolver],
        g: F32,
        driven: Bits,
        down: int,
        across: int,
        out: F32,
    ) -> float:
        """One tile's part of `out`; returns its drivers' power over the square of the read voltage [S]."""
        slots, lines = self._slots_of(down), self._lines_of(across)
        volts = np.zeros(slots.stop - slots.start)
        volts[driven - slots.start] = 1.0 if self._drive is None else self._drive[lines[0], driven]
        cells = self.series(g[slots, lines])
        if self._params.transistors:
            off = np.ones(volts.size, dtype=np.bool_)
            off[driven - slots.start] = False
            cells[off] = 0.0
        found = _solver(solvers, self._params, cells.shape).solve(
            cells, volts, tolerance=self._params.wire_tolerance
        )
        out[down, lines] = found.out
        return float(volts @ found.into)

    def _steady_power(self, active: Bits, bounds: NDArray[np.int64]) -> float:
        total = 0.0
        for down, y in enumerate(self._admittance):
            at = active[bounds[down] : bounds[down + 1]] - down * self._tiling.tile_rows
            total += float(y[np.ix_(at, at)].sum(dtype=np.float64))
        return total

    def _effective(self, g: F32) -> F32:
        """What each cell contributes to its bit line, over its word line's voltage, (slots, lines) [S].

        Keeps beside it what the drivers of each row of tiles give to each other's voltages.
        """
        matrix, drive = np.zeros_like(g), self._drive
        self._admittance = []
        for down in range(self._tiling.down):
            slots = self._slots_of(down)
            given = np.zeros((slots.stop - slots.start,) * 2)
            for across in range(self._tiling.across):
                lines = self._lines_of(across)
                cells = self.series(g[slots, lines])
                k, y = _solver(self._solvers[0], self._params, cells.shape).effective(cells)
                matrix[slots, lines] = k
                volts = np.ones(len(given)) if drive is None else drive[lines[0], slots]
                given += y * np.outer(volts, volts)
            self._admittance.append(given.astype(np.float32))
        # The network is linear: a word line's voltage scales what it adds.
        return matrix if drive is None else matrix * drive.T

    def _slots_of(self, down: int) -> slice:
        """Word lines of one tile."""
        first = down * self._tiling.tile_rows
        return slice(first, min(first + self._tiling.tile_rows, self._tiling.slots))

    def _lines_of(self, across: int) -> NDArray[np.intp]:
        """Bit lines of one tile, its reference columns last."""
        tiling = self._tiling
        start = across * tiling.tile_columns
        own = np.arange(start, min(start + tiling.tile_columns, tiling.rows))
        first = tiling.rows + across * self._copies
        return np.append(own, np.arange(first, first + self._copies))

    def sensed(self, g: F32, active: Bits) -> NDArray[np.float64]:
        """What sense amplifiers make of each cell of the driven slots, (active, lines) [S].

        Parameters
        ----------
        g : (active, lines) one read of the cells [S]
        """
        wires, tiling = self._params.wires, self._tiling
        first = active // tiling.tile_rows * tiling.tile_rows
        last = np.minimum(first + tiling.tile_rows, tiling.slots) - 1
        return sensed_conductances(
            self.series(g),
            (last - active).astype(np.int64),
            tiling.tile_columns,
            wires.word_ohm,
            wires.bit_ohm,
            wires.driver_ohm,
            wires.sense_ohm,
            wires.two_sided,
        )


@final
class WiredReadout:
    """Reads whole columns through the wires: what `BinaryReadout` and `AnalogReadout` do where these are ideal.

    Parameters
    ----------
    array : the cells
    pool : (columns, inputs) potential synapses
    tiling : how the array is cut
    params : resistances, access, converters' events
    periphery : drivers, sense amplifiers, converters
    """

    def __init__(
        self,
        array: CellArray,
        pool: NDArray[np.bool_],
        tiling: Tiling,
        params: CrossbarParams,
        periphery: Periphery,
    ) -> None:
        if params.readout == "binary" and not params.transistors:
            raise BadInput(
                "access: must be 1T1R for a binary read-out through wires, which senses one cell at a time, got 1R"
            )
        self._array, self._pool, self._tiling, self._params = array, pool, tiling, params
        self._periphery = periphery
        references = array.cells.g.shape[0] - tiling.rows
        # The two cells of a differential pair lie on bit lines of their own, each in a network of its own.
        differs = array.device.lines_per_synapse > 1
        self._planes = [
            _Plane(array, k if differs else None, WiredTiles(tiling, params, references, periphery.drive))
            for k in range(1 + differs)
        ]
        self._sums = np.zeros((tiling.down, array.cells.g.shape[0]), dtype=np.float32)

    def refresh_rows(self, rows: NDArray[np.int32]) -> None:
        """Look at programmed rows again."""
        for plane in self._planes:
            plane.tiles.forget()
            for store in plane.stores:
                store.refresh_rows(rows)

    def refresh_all(self) -> None:
        """Look at every cell again."""
        for plane in self._planes:
            plane.tiles.forget()
            for store in plane.stores:
                store.refresh_all()

    def settle(self) -> None:
        """Make ready for time to pass."""
        if self._array.device.ages:
            for plane in self._planes:
                plane.tiles.forget()

    def overlap(self, active: Bits) -> NDArray[np.int32] | F32:
        """Cells sensed as connected, or connected-synapse equivalents, (rows,)."""
        return self._sensed(active) if self._params.readout == "binary" else self._summed(active)

    def _sensed(self, active: Bits) -> NDArray[np.int32]:
        array, rows = self._array, self._tiling.rows
        array.device.note_line_reads(array.cells, active)
        count_binary(array, self._tiling, active)
        drive, found = self._periphery.drive, []
        for plane in self._planes:
            seen = plane.tiles.sensed(plane.read(active)[:, :rows], active)
            array.loads["sense"] += float(seen.sum())
            found.append(seen if drive is None else seen * drive[:rows, active].T)
        seen = found[0] if len(found) == 1 else array.mapping.balance + 0.5 * (found[0] - found[1])
        seen = self._periphery.sensed(seen, active)
        connected = (seen >= array.mapping.line_reference) & self._pool.T[active]
        return np.asarray(connected.sum(axis=0, dtype=np.int32))

    def _summed(self, active: Bits) -> F32:
        array, tiling, params = self._array, self._tiling, self._params
        bounds = tiling.bounds(active)
        array.device.note_line_reads(array.cells, active)
        # All cells of a tile are in its network, those on lines that are not driven too.
        everything = np.arange(tiling.slots, dtype=np.int32)
        sums = [self._sums, np.empty_like(self._sums)][: len(self._planes)]
        for plane, out in zip(self._planes, sums, strict=True):
            steady = plane.noise is None and array.device.each.still
            array.loads["read"] += plane.tiles.sums(plane.read(everything), active, bounds, steady, out)
        total = sums[0]
        if len(sums) > 1:
            middle = array.mapping.balance * np.diff(bounds)[:, None]
            total = (middle + 0.5 * (sums[0] - sums[1])).astype(np.float32)
        count_analog(array, tiling, params, active, bounds)
        assert self._periphery.converter is not None
        return self._periphery.converter.total(total, _NONE, _NONE, bounds)


@final
class _Plane:
    """Cells in one network of lines, and what was last seen of them.

    Parameters
    ----------
    array : the cells
    at : which of the devices of a synapse; none: a synapse is one cell of the network
    tiles : the network
    """

    def __init__(self, array: CellArray, at: int | None, tiles: WiredTiles) -> None:
        self.tiles, self._array, self._at = tiles, array, at
        self._device = array.device if at is None else array.device.each
        self._lines = LineStore(array, lambda _, where: self._device.conductance(self._cells, where))
        self.noise = LineStore(array, self._look_noise) if self._device.noisy else None

    @property
    def stores(self) -> list[LineStore]:
        """What is kept of the cells."""
        return [self._lines] if self.noise is None else [self._lines, self.noise]

    @property
    def _cells(self) -> Cells:
        array = self._array
        return array.cells if self._at is None else array.device.planes(array.cells)[self._at]

    def _look_noise(self, _: CellArray, where: Where) -> F32:
        cells = self._cells
        return self._device.read_noise(cells, where, self._device.conductance(cells, where))

    def read(self, slots: Bits) -> F32:
        """One read of the cells at these slots, current over the full voltage, (slots, lines) [S]."""
        device, rng = self._device, self._array.streams["read"]
        for store in self.stores:
            store.refresh_slots(slots)
        whole = slots.size == self._lines.values.shape[0]
        g = self._lines.values if whole else self._lines.values[slots]
        if self.noise is None:
            return device.chord(g)
        if not device.gaussian_reads:
            where = (np.arange(g.shape[1])[None, :], slots[:, None])
            return device.chord(device.seen(self._cells, where, g, rng))
        noise = self.noise.values if whole else self.noise.values[slots]
        return device.chord(np.maximum(g + noise * normals(rng, g.shape), np.float32(0)))
