"""The crossbar substrate: permanences are conductances of simulated memristors."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from devices.model import F32, DeviceModel
from devices.noise import normals
from devices.pair import paired
from htm.bits import Bits
from htm.pick import BadInput
from htm.streams import restore_stream, save_stream, stream
from htm.synapses import (
    Columns,
    State,
    Substrate,
    active_flags,
    check_columns,
    connected_spans,
    local_winners,
)

from . import kernels
from .array import CellArray
from .dense_rows import DenseRows
from .mapping import Mapping, Tiling
from .outage import OutageParams
from .params import CrossbarParams
from .peripherals.winner_take_all import WinnerTakeAll
from .periphery import Periphery
from .readout import AnalogReadout, BinaryReadout
from .remap import Defects, column_places, march, segment_places
from .segment_periphery import SegmentPeriphery
from .segments import CrossbarSegments
from .spiking.dendrites import Compartments
from .wired import WiredReadout
from .write_disturb import WriteDisturb


@final
class CrossbarColumns(Columns):
    """Minicolumns on a dense crossbar: word line j is input j, bit line i is column i.

    Inputs outside a column's pool still have a cell where the lines cross; it stays at g_min, never learns, and
    leaks into an analog read. Reference columns are more bit lines of such cells, in every tile.

    Attributes
    ----------
    pool : (columns, inputs) where synapses are; cells known to be bad that are left out of the count are not
    """

    def __init__(
        self,
        array: CellArray,
        tiling: Tiling,
        params: CrossbarParams,
        pool: NDArray[np.bool_],
        permanence: NDArray[np.float32],
        periphery: Periphery,
        spiking: bool = False,
    ) -> None:
        super().__init__(tiling.rows, tiling.slots, tiling.slots, array.mapping.threshold)
        self.periphery = periphery
        self.array, self.tiling, self.pool = array, tiling, pool
        # Synapses of each input, where it counts how many are driven.
        self._fan_out = pool.sum(axis=0) if spiking else None
        at, slots = np.nonzero(pool)
        if at.size == pool.size:
            array.program(slice(0, tiling.rows), permanence)
        elif at.size:
            array.program((at, slots), permanence[at, slots])
        self._readout: BinaryReadout | AnalogReadout | WiredReadout
        if params.wired:
            self._readout = WiredReadout(array, pool, tiling, params, periphery)
        elif params.readout == "binary":
            self._readout = BinaryReadout(array, pool, tiling, periphery)
        else:
            self._readout = AnalogReadout(array, tiling, params, periphery)

    @property
    def permanence(self) -> NDArray[np.float32]:
        values = self.array.permanence(slice(0, self.rows))
        return np.where(self.pool, values, np.float32(0))

    def _overlap(self, active: Bits) -> NDArray[Any]:
        if self._fan_out is not None:
            self.array.events["synaptic_event"] += int(self._fan_out[active].sum())
        return self._readout.overlap(active)

    def _adapt(self, rows: Bits, active: Bits, up: float, down: float) -> None:
        array = self.array
        raised, lowered = array.amounts(up, rows.size), array.amounts(down, rows.size)
        flags = active_flags(active, self.n_inputs)
        counts, pulses = kernels.pulse_counts(rows, self.pool.view(np.uint8), flags, raised, lowered)
        array.note_cycles(raised, lowered)
        array.train(rows, counts, pulses)
        self._readout.refresh_rows(array.moved(rows))
        self.periphery.learned()

    def _spans(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        g = self._read_cells(slice(0, self.rows))
        return connected_spans(self.pool & (g >= self.array.mapping.reference), shape)

    def _trim(self, rows: Bits, below: float) -> None:
        array = self.array
        seen = array.permanence(rows) if array.digital else array.mapping.permanence(self._read_cells(rows))
        at, slots = np.nonzero(self.pool[rows] & (seen < np.float32(below)))
        self.array.program((rows[at], slots), np.zeros(at.size, dtype=np.float32))
        self._readout.refresh_rows(array.moved(rows))

    def _read_cells(self, rows: Bits | slice) -> F32:
        """Conductance of whole rows, each cell of their pools read once [S]."""
        array = self.array
        array.events["cell_read"] += int(np.count_nonzero(self.pool[rows]))
        seen = array.device.read(array.cells, rows, array.streams["read"])
        array.note_sensed(rows, seen, self.pool[rows])
        return seen

    def _elapse(self, seconds: float) -> None:
        self._readout.settle()
        refreshed = self.array.events["refresh"]
        self.array.elapse(seconds, lambda: self.pool)
        if self.array.events["refresh"] > refreshed:
            self._readout.refresh_all()

    def look_again(self) -> None:
        """Cells were changed by something else than learning and time."""
        self._readout.refresh_all()

    def state(self) -> State:
        own = {f"periphery.{name}": value for name, value in self.periphery.state().items()}
        return {**self.array.state(), **own}

    def restore(self, state: State) -> None:
        prefix = "periphery."
        self.array.restore({k: v for k, v in state.items() if not k.startswith(prefix)})
        self.periphery.restore({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})
        self._readout.refresh_all()


class CrossbarSubstrate(Substrate):
    """Simulated memristor crossbars with their periphery.

    Source: crossbar spatial poolers surveyed by Krestinskaya, Dolzhikova, James 2018 (arXiv 1805.02921).

    Parameters
    ----------
    device : what one synapse is made of
    params : layout, read-out, programming
    seed : seed of all device and periphery streams; together with params.chip it names one fabricated chip

    Attributes
    ----------
    spiking : whether lines drive neurons and compartments
    """

    spiking = False

    def __init__(self, device: DeviceModel, params: CrossbarParams | None = None, seed: int = 0) -> None:
        super().__init__()
        self.params, self.seed = params or CrossbarParams(), seed
        self.device = device = paired(device, self.params.pairing)
        self.loads: defaultdict[str, float] = defaultdict(float)
        self.arrays: list[CellArray] = []
        self.tilings: list[Tiling] = []
        self._columns: list[CrossbarColumns] = []
        self._unit_current = Mapping(device=device, threshold=0.5).unit_current
        self._compare = stream(seed, f"{self._chip}.compare")
        self._chance = stream(seed, f"{self._chip}.chance")
        self._competition = WinnerTakeAll(self.params.winner_take_all.resolution / self._unit_current)
        self._offsets: dict[int, F32] = {}

    @property
    def held(self) -> float | None:
        """How long lines are driven that charge neurons themselves [s]; none where something else reads them."""
        return None

    @property
    def _chip(self) -> str:
        return f"crossbar.{self.params.chip}"

    def _array(self, shape: tuple[int, int], threshold: float, tiling: Tiling) -> CellArray:
        params, name = self.params, f"{self._chip}.{len(self.arrays)}"
        disturb = None
        if params.write_scheme != "none":
            half = params.write_scheme, params.half_select_share
            disturb = WriteDisturb(self.device, tiling, shape, *half, self.seed, name)
        array = CellArray(
            Mapping(device=self.device, threshold=threshold),
            shape,
            self.seed,
            name,
            self.events,
            self.loads,
            programming=params.programming,
            verify_tolerance=params.verify_tolerance,
            verify_cycles=params.verify_cycles,
            permanences=params.permanences,
            refresh_period=params.refresh_period,
            disturb=disturb,
        )
        self.arrays.append(array)
        return array

    def _tiling(self, rows: int, slots: int) -> Tiling:
        return Tiling(
            rows=rows, slots=slots, tile_rows=self.params.tile_rows, tile_columns=self.params.tile_columns
        )

    def columns(
        self, pool: NDArray[np.bool_], permanence: NDArray[np.float32], threshold: float
    ) -> CrossbarColumns:
        pool, permanence = check_columns(pool, permanence)
        params, tiling = self.params, self._tiling(*pool.shape)
        metal = params.remap.columns(tiling)
        self.tilings.append(metal)
        name = f"{self._chip}.{len(self.arrays)}"
        periphery = Periphery(
            Mapping(device=self.device, threshold=threshold), tiling, params, self.seed, name
        )
        if periphery.trim_decisions:
            self.events["sense"] += periphery.trim_decisions
        array = self._array((metal.rows + periphery.copies * metal.across, metal.slots), threshold, metal)
        if params.remap.on:
            pool = self._around_bad_cells(array, tiling, pool, periphery.copies)
        made = CrossbarColumns(array, tiling, params, pool, permanence, periphery, self.spiking)
        self._columns.append(made)
        return made

    def _around_bad_cells(
        self, array: CellArray, tiling: Tiling, pool: NDArray[np.bool_], copies: int
    ) -> NDArray[np.bool_]:
        """Test the cells of columns and exchange lines; where synapses are from here on, (columns, inputs)."""
        remap, analog = self.params.remap, self.params.readout == "analog"
        defects = self._tested(array)
        rows, exchanged = column_places(
            defects, pool, tiling, spares=remap.spare_lines, copies=copies, leaks=analog
        )
        self.events["memory"] += exchanged
        slots = np.arange(tiling.slots, dtype=np.int32)[None, :]
        array.lay_out(rows, slots)
        bad = defects.bad[rows, slots]
        self.events["cell_lost"] += int(np.count_nonzero(bad[: tiling.rows] & pool))
        # A line's current is the sum of all its cells: none can be left out of it.
        return pool if analog else pool & ~bad[: tiling.rows]

    def _tested(self, array: CellArray) -> Defects:
        """What a test of all cells of the array last made finds."""
        return march(
            array, self.params.remap.rounds, stream(self.seed, f"{self._chip}.{len(self.arrays) - 1}.test")
        )

    def segments(self, n_inputs: int, rows: int, slots: int, threshold: float) -> CrossbarSegments:
        remap, dense = self.params.remap, None
        metal = remap.segments(self._tiling(rows, slots))
        mapping, name = Mapping(device=self.device, threshold=threshold), f"{self._chip}.{len(self.arrays)}"
        periphery = SegmentPeriphery(mapping, self.params, (rows, slots), self.seed, name)
        if periphery.trim_decisions:
            self.events["sense"] += periphery.trim_decisions
        array = self._array((metal.rows, metal.slots), threshold, metal)
        room = None
        if remap.on:
            at, cells, room = segment_places(self._tested(array).bad, rows, slots)
            array.lay_out(at, cells)
            self.events["cell_lost"] += int(rows * slots - room.sum())
        if self.params.segment_rows == "dense":
            dense = DenseRows(array, self.params, self._tiling(rows, n_inputs))
        self.tilings.append(metal if dense is None else dense.tiling)
        compartments = None
        if self.spiking:
            compartments = Compartments(self.params.dendrites, rows, self.seed, f"{name}.dendrites")
        return CrossbarSegments(array, self.params, n_inputs, periphery, room, dense, compartments)

    def arm(self) -> None:
        """Make room for faults to come, so that the state has one form before and after `strike`."""
        if self.params.segment_rows == "dense":
            raise BadInput(
                "segment_rows: must be registers where parts fail, got dense (which is only counted)"
            )
        for array in self.arrays:
            array.strike(np.zeros(array.metal, dtype=np.bool_), on=False)

    def strike(self, outage: OutageParams) -> None:
        """Let parts of every array fail, whatever `outage.at` says."""
        rng = stream(self.seed, f"{self._chip}.outage")
        for array, tiling in zip(self.arrays, self.tilings, strict=True):
            array.strike(outage.struck(tiling, array.metal, rng), on=outage.state == "on")
        for columns in self._columns:
            columns.look_again()

    def winners(self, score: NDArray[Any], k: int) -> Bits:
        self._note_latency(k)
        return self._competition.winners(self._compared(score), k, self._chance)

    def local_winners(
        self,
        score: NDArray[Any],
        shape: tuple[int, ...],
        radius: int,
        density: float,
        wrap: bool,
        floor: float | None = None,
    ) -> Bits:
        if self._competition.resolution > 0.0:
            raise BadInput(
                "winner_take_all.resolution: must be 0 A with local inhibition, where no circuit sees all inputs, got "
                f"{self.params.winner_take_all.resolution:g} A"
            )
        winners = local_winners(self._compared(score), shape, radius, density, wrap, floor)
        # All neighbourhoods settle at once.
        self._note_latency(math.floor(0.5 + density * min(score.size, (2 * radius + 1) ** len(shape))))
        return winners

    def _note_latency(self, k: int) -> None:
        """Sum the time that competitions take [s], where their circuit has any."""
        latency = self.params.winner_take_all.latency(k)
        if latency > 0.0:
            self.loads["settle"] += latency

    def _compared(self, score: NDArray[Any]) -> NDArray[Any]:
        """Scores as the comparators see them."""
        self.events["compare"] += int(score.size)
        offset_sigma = self.params.winner_take_all.offset_sigma
        if offset_sigma > 0.0:
            if score.size not in self._offsets:  # by the size, so that nothing has to be saved
                rng = stream(self.seed, f"{self._chip}.compare.offset.{score.size}")
                sigma = np.float32(offset_sigma / self._unit_current)
                self._offsets[score.size] = sigma * normals(rng, score.size)
            score = score.astype(np.float32) + self._offsets[score.size]
        if self.params.comparator_sigma > 0.0:
            sigma = np.float32(self.params.comparator_sigma / self._unit_current)
            return score.astype(np.float32) + sigma * normals(self._compare, score.size)
        return score

    def state(self) -> State:
        drawn = self._competition.resolution > 0.0
        return {
            "compare": save_stream(self._compare),
            **({"chance": save_stream(self._chance)} if drawn else {}),
            "events": dict(self.events),
            "loads": dict(self.loads),
        }

    def restore(self, state: State) -> None:
        self._compare = restore_stream(state["compare"])
        if self._competition.resolution > 0.0:
            self._chance = restore_stream(state["chance"])
        self.events.clear()
        self.events.update({name: int(count) for name, count in state["events"].items()})
        self.loads.clear()
        self.loads.update({name: float(load) for name, load in state["loads"].items()})
