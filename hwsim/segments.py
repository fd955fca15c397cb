"""Segments on a crossbar: rows of devices behind address registers."""

from __future__ import annotations

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from devices.model import F32
from devices.noise import normals
from htm.bits import Bits
from htm.pick import BadInput
from htm.synapses import SPENT, Segments, State, Wiring

from . import segment_kernels as kernels
from .array import CellArray
from .dense_rows import DenseRows
from .params import CrossbarParams
from .segment_periphery import SegmentPeriphery
from .spiking.dendrites import Compartments

_REACH = np.float32(6)  # deviations


@final
class CrossbarSegments(Segments):
    """Segments on rows of devices behind address registers: slot and source are wired digitally.

    Only wired, driven slots see a voltage, so empty slots do not leak.

    Parameters
    ----------
    array : the cells in use
    params : read-out
    n_inputs : inputs that a register can name
    periphery : at the foot of the lines
    room : (rows,) slots of each row, its first, whose cells are not known to be bad; none: all
    dense : counts reads as those of dense rows; none: of rows behind address registers
    compartments : that lines charge, which say what segments are active; none: a comparison does
    """

    def __init__(
        self,
        array: CellArray,
        params: CrossbarParams,
        n_inputs: int,
        periphery: SegmentPeriphery,
        room: NDArray[np.int32] | None = None,
        dense: DenseRows | None = None,
        compartments: Compartments | None = None,
    ) -> None:
        rows, slots = array.cells.g.shape
        super().__init__(rows, slots, n_inputs, array.mapping.threshold)
        self._room, self._dense = room, dense
        self.array, self._analog, self.periphery = array, params.readout == "analog", periphery
        self._compartments = compartments
        self.wiring = Wiring.empty(rows, slots, n_inputs)
        self._flags = np.zeros(n_inputs + 1, dtype=np.uint8)
        self._held = np.zeros(rows, dtype=np.int32)  # wired slots of each row
        self._ever = np.zeros(rows, dtype=np.bool_)  # whether it was in use at any time
        device = array.device
        self._proportional = device.ohmic and device.proportional_noise and not array.pairs
        self._low, self._sigma = np.float32(array.mapping.line_ends[0]), np.float32(device.read_sigma)
        self._spent_at = np.float32(device.g_min + SPENT * array.mapping.span)

    @property
    def permanence(self) -> NDArray[np.float32]:
        return np.where(self.wiring.source >= 0, self.array.permanence(), np.float32(0))

    def read(self, rows: Bits) -> NDArray[np.float32]:
        array = self.array
        return np.where(self.wiring.source[rows] >= 0, array.read_back(rows), np.float32(0))

    def _overlap(self, active: Bits) -> NDArray[Any]:
        rows, _ = self.wiring.driven(active, 1)
        result = np.zeros(self.rows, dtype=np.float32 if self._analog else np.int32)
        result[rows] = self._overlap_of(rows, active)
        return result

    def _overlap_of(self, rows: Bits, active: Bits) -> NDArray[Any]:
        array = self.array
        if self._dense is not None:
            self._flags[active + 1] = 1
            self._dense.count(active, int(self._flags[self.wiring.source[rows] + 1].sum(dtype=np.int64)))
            self._flags[active + 1] = 0
        else:
            array.events["row_read"] += int(rows.size)
        if self._analog:
            return self._currents(rows, active)
        seen, reference = array.device.read(array.cells, rows, array.streams["read"]), array.mapping.reference
        if not self.periphery.senses_exactly:
            seen, reference = array.device.chord(seen), array.mapping.line_reference
            seen = self.periphery.sensed(seen, rows)
        counts = np.empty(rows.size, dtype=np.int32)
        wires = active, self.wiring.source, self._flags
        sensed, load = kernels.driven_above(rows, *wires, seen, reference, counts)
        if self._dense is None:
            array.events["sense"] += sensed
        array.loads["sense"] += self._drawn_load(rows, active) if array.pairs else load
        return counts

    def _fire(
        self, rows: Bits, overlap: NDArray[Any], potential: NDArray[np.int32], least: int
    ) -> NDArray[np.bool_]:
        if self._compartments is None:
            return np.asarray(overlap >= np.int32(least))
        crossing, events = self._compartments.crossing(rows, overlap, least), self.array.events
        events["dendritic_spike"] += int(np.count_nonzero(crossing))
        events["synaptic_event"] += int(potential.sum())
        self.array.loads["settle"] += self._compartments.params.window or 0.0
        return crossing

    def _currents(self, rows: Bits, active: Bits) -> F32:
        """Current of each row's driven cells above the leakage, over that of a connected synapse, (len(rows),).

        Independent Gaussian noise of the cells is drawn once a row, with the summed variance: equal in law.
        """
        array, mapping = self.array, self.array.mapping
        if self._dense is None:
            array.events[self.periphery.event] += int(rows.size)
        sums = self._plain_sums(rows, active) if self._plain else self._any_sums(rows, active)
        sums = self.periphery.lines(sums, rows)
        sums *= np.float32(1.0 / mapping.line_span)
        return sums

    @property
    def _plain(self) -> bool:
        """Whether a read is the conductance last programmed, with noise in proportion to it or none."""
        return self._proportional and self.array.device.rests(self.array.cells)

    def _plain_sums(self, rows: Bits, active: Bits) -> F32:
        """Sums of such currents over the read voltage, (len(rows),) [S]; as `_any_sums`, in one pass."""
        array, device = self.array, self.array.device
        sums = np.empty(rows.size, dtype=np.float32)
        key = array.streams["read"].bit_generator.random_raw() if device.noisy else 0
        array.loads["read"] += kernels.noisy_sums(
            rows,
            active,
            self.wiring.source,
            self._flags,
            array.cells.g,
            self._low,
            self._sigma,
            np.uint64(key),
            sums,
        )
        return sums

    def _any_sums(self, rows: Bits, active: Bits) -> F32:
        """Sums of currents of whatever device over the read voltage, (len(rows),) [S]."""
        array, device = self.array, self.array.device
        draws, scale = None, np.float32(0)
        if not device.gaussian_reads or not device.still:
            seen = spread = device.chord(device.read(array.cells, rows, array.streams["read"]))
        else:
            g = device.conductance(array.cells, rows)
            seen = spread = device.chord(g)
            if device.noisy:
                draws = normals(array.streams["read"], rows.size)
                scale = np.float32(device.read_sigma if device.proportional_noise else 1.0)
                if not device.proportional_noise:
                    spread = device.read_noise(array.cells, rows, g)
                    spread = spread if device.ohmic else spread * device.bend(g, device.read_voltage)
        sums, squares = np.empty((2, rows.size), dtype=np.float32)
        load = kernels.driven_sums(
            rows, active, self.wiring.source, self._flags, seen, spread, self._low, sums, squares
        )
        array.loads["read"] += self._drawn_load(rows, active) if array.pairs else load
        if draws is not None:
            np.sqrt(squares, out=squares)
            squares *= scale
            squares *= draws
            sums += squares
        return sums

    def _drawn_load(self, rows: Bits, active: Bits) -> float:
        """Conductance of all devices of the driven slots of `rows`, together [S]."""
        drawn = np.ascontiguousarray(self.array.device.drawn(self.array.cells, rows))
        sums, squares = np.empty((2, rows.size), dtype=np.float32)
        wires = rows, active, self.wiring.source, self._flags
        load: float = kernels.driven_sums(*wires, drawn, drawn, np.float32(0), sums, squares)
        return load

    def _adapt(self, rows: Bits, active: Bits, up: float, down: float) -> None:
        array = self.array
        raised, lowered = array.amounts(up, rows.size), array.amounts(down, rows.size)
        array.note_cycles(raised, lowered)
        self._change(rows, active, raised, -lowered)

    def _punish(self, rows: Bits, active: Bits, down: float) -> None:
        lowered = self.array.amounts(down, rows.size)
        self.array.note_cycles(lowered)
        self._change(rows, active, -lowered, np.zeros_like(lowered))

    def _change(self, rows: Bits, active: Bits, on: F32, off: F32) -> None:
        """Change the slots of `rows` whose input is active by `on`, the other wired ones by `off`, (len(rows),)."""
        changes = np.empty((rows.size, self.slots), dtype=np.float32)
        pulses = kernels.slot_changes(rows, active, self.wiring.source, self._flags, on, off, changes)
        self.array.train(rows, changes, pulses)

    def _spent(self, rows: Bits) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        # The controller reads each row back and compares: a noisy read may spare or drop a weak synapse.
        array, device, source = self.array, self.array.device, self.wiring.source
        found = np.empty((2, rows.size * source.shape[1] + 1), dtype=np.int32)
        if array.digital:
            n = kernels.wired_below(rows, source, array.read_back(rows), np.float32(SPENT), found)
            return found[0, :n], found[1, :n]
        array.events["row_read"] += int(rows.size)
        bound = self._spent_at
        if device.noisy and device.gaussian_reads and device.still:
            # Only cells within reach of the noise need a draw: our normal numbers end at 5.5.
            if self._plain:
                n = kernels.maybe_below(rows, source, array.cells.g, _REACH, self._sigma, bound, found)
            else:
                g = device.conductance(array.cells, rows)
                lowest = g - _REACH * device.read_noise(array.cells, rows, g)
                n = kernels.wired_below(rows, source, lowest, bound, found)
            where = found[0, :n], found[1, :n]
            if n:
                spent = device.read(array.cells, where, array.streams["read"]) <= bound
                where = where[0][spent], where[1][spent]
            return where
        seen = device.read(array.cells, rows, array.streams["read"])
        n = kernels.wired_below(rows, source, seen, bound, found)
        return found[0, :n], found[1, :n]

    def _elapse(self, seconds: float) -> None:
        self.array.elapse(seconds, lambda: self.wiring.source >= 0)

    def _connect(
        self, rows: NDArray[np.int32], slots: NDArray[np.int32], sources: NDArray[np.int32], permanence: float
    ) -> None:
        # An emptied slot is only forgotten by its address register; its device is not touched.
        events = self.array.events
        new, again, freed = kernels.note_rows(rows, self.wiring.source, self._held, self._ever)
        events["register"] += int(rows.size)
        events["segment_new"] += new
        events["segment_reused"] += again
        events["segment_freed"] += freed
        wired = sources >= 0
        where = (rows[wired], slots[wired])
        if where[0].size:
            self.array.program(where, np.full(int(wired.sum()), permanence, dtype=np.float32))

    def _extend(self, rows: int) -> None:
        raise BadInput(
            f"rows: the array has {self.rows} rows of metal and cannot grow, asked for {rows}; "
            "a temporal memory needs a capacity here"
        )

    def _widen(self, slots: int) -> None:
        """Every slot is stored from the start."""

    def state(self) -> State:
        own = {f"periphery.{name}": value for name, value in self.periphery.state().items()}
        return {"source": self.wiring.source.copy(), "ever": self._ever.copy(), **self.array.state(), **own}

    def restore(self, state: State) -> None:
        if np.shape(state["source"]) != (self.rows, self.slots):
            raise BadInput(
                f"state: source must have shape {(self.rows, self.slots)}, got {np.shape(state['source'])}"
            )
        self.wiring.assign(state["source"])
        self._held[:] = (self.wiring.source >= 0).sum(axis=1)
        self._ever[...] = state["ever"]
        prefix = "periphery."
        self.periphery.restore({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})
        self.array.restore(state)
