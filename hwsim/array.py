"""An array of devices under a controller: programming, pulsing, ageing, each act counted."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray

from devices.cells import are_places
from devices.model import F32, Where
from htm.pick import BadInput
from htm.streams import restore_stream, save_stream, stream

from . import digital_kernels, load_kernels
from .mapping import Mapping
from .write_disturb import WriteDisturb

Places = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Cells by row and slot, two arrays of one length."""

MOST_REFRESHES = 10_000
"""Refreshes that may fall due in one stretch of time; more are taken for a mistake."""

READS_A_LOOK = 100
"""Reads after which the conductances of the slots are summed anew, for the energy of sensing them."""

STREAMS = ("program", "pulse", "round", "read")


@final
class CellArray:
    """Rows of devices that hold permanences.

    Parameters
    ----------
    mapping : permanence <-> conductance
    shape : (rows, slots)
    seed, name : the array's streams are ``{name}.fabricate``, ``{name}.program``, ...
    events : where its acts are counted
    loads : where the conductances are summed that they draw current through [S]: of driven cells over `read` and
        `sense` events, and of cells over `write` pulses, as last programmed
    programming : ``open_loop`` pulses and trusts; ``write_verify`` reads, writes and repeats
    verify_tolerance : permanence error that a verify step accepts
    verify_cycles : most attempts of one write
    permanences : ``analog`` ones are the conductances; ``digital`` ones are kept in a memory beside the cells, which
        are only written on or off where a permanence crosses the threshold
    refresh_period : time after which every synapse is written anew [s]; none: never
    disturb : what pulses and writes do to the other cells of their lines; none: transistors keep them off

    Attributes
    ----------
    pairs : whether a synapse is two devices, so that another current flows than its conductance tells
    pulsed : pulses and writes that each cell has seen, (rows, slots); repeats of a verified write are shared out evenly
    tests : how many of these each cell had seen when the test of all cells was over
    """

    def __init__(
        self,
        mapping: Mapping,
        shape: tuple[int, int],
        seed: int,
        name: str,
        events: Counter[str],
        loads: defaultdict[str, float],
        *,
        programming: Literal["open_loop", "write_verify"],
        verify_tolerance: float,
        verify_cycles: int,
        permanences: Literal["analog", "digital"] = "analog",
        refresh_period: float | None = None,
        disturb: WriteDisturb | None = None,
    ) -> None:
        self.mapping, self.device, self.events, self.loads = mapping, mapping.device, events, loads
        self._disturb = disturb
        self.pairs = mapping.device.cells_per_synapse > 1
        self._verify = programming == "write_verify"
        self._tolerance = verify_tolerance * mapping.span
        self._cycles = verify_cycles
        # Fresh cells are taken to be off, as they leave the factory.
        self._kept = np.zeros(shape, dtype=np.float32) if permanences == "digital" else None
        self._on = np.zeros(shape if permanences == "digital" else (0, 0), dtype=np.bool_)
        self._period = self._until_refresh = refresh_period
        self.pulsed = np.zeros(shape, dtype=np.float32)
        self._slot_loads, self._calls_since_look = np.zeros(shape[1]), 0
        self.tests = 0.0
        self._metal: tuple[tuple[int, int], NDArray[np.int32], NDArray[np.int32]] | None = None
        self.cells = self.device.fabricate(shape, stream(seed, f"{name}.fabricate"))
        # A stream for each kind of act: switching one mechanism off never shifts another's draws.
        self.streams = {act: stream(seed, f"{name}.{act}") for act in STREAMS}

    def tested(self, rng: np.random.Generator, *, on: bool) -> NDArray[np.bool_]:
        """Write every cell on or off and read it: whether it reads as on, (rows, slots). Draws from `rng`."""
        every = slice(0, self.cells.g.shape[0])
        self._write(every, np.full(self.cells.g.shape, on, dtype=np.float32), rng)
        seen = self.device.read(self.cells, every, rng)
        self.events["cell_read"] += int(seen.size)
        self.note_sensed(every, seen)
        self.tests = float(self.pulsed.max(initial=0.0))
        return np.asarray(seen >= self.mapping.reference)

    def lay_out(self, rows: NDArray[np.int32], slots: NDArray[np.int32]) -> None:
        """From here on use these cells only, in this order; for arrays in which nothing is programmed.

        Parameters
        ----------
        rows, slots : of the metal, broadcast to the shape that is used from here on
        """
        metal = self.metal
        shape = np.broadcast_shapes(rows.shape, slots.shape)

        def used(of: NDArray[Any]) -> NDArray[Any]:
            # Counts of whole lines are still alike in all slots.
            return np.ascontiguousarray(of[rows, slots] if of.shape == metal else of[:, : shape[1]])

        self.cells.g = used(self.cells.g)
        self.cells.more = {name: used(array) for name, array in self.cells.more.items()}
        self.pulsed = used(self.pulsed)
        if self._kept is not None:
            self._kept, self._on = used(self._kept), used(self._on)
        self._slot_loads = np.zeros(shape[1])
        self._metal = metal, rows, slots

    @property
    def metal(self) -> tuple[int, int]:
        """Shape of all cells there are, those that are not in use too."""
        rows, slots = self.cells.g.shape
        return (rows, slots) if self._metal is None else self._metal[0]

    def program(self, where: Where, permanence: NDArray[Any]) -> None:
        """Write permanences (shaped like cells.g[where])."""
        if self._kept is None:
            self._write(where, permanence)
            return
        self.events["memory"] += int(np.size(permanence))
        self._kept[where] = permanence
        self._switch(where)

    def _switch(self, where: Where) -> None:
        """Write the cells of `where` on or off whose digital permanence has crossed the threshold."""
        assert self._kept is not None
        wanted = self._kept[where] >= np.float32(self.mapping.threshold)
        self._toggle(_places(where, wanted != self._on[where]))

    def _toggle(self, crossed: Places) -> None:
        """Write cells from on to off, or from off to on."""
        if crossed[0].size:
            self._on[crossed] = ~self._on[crossed]
            self._write(crossed, self._on[crossed])

    def _write(self, where: Where, permanence: NDArray[Any], rng: np.random.Generator | None = None) -> None:
        target = self.mapping.conductance(permanence)
        change = (
            None if self._disturb is None else (target - self.cells.g[where]) / np.float32(self.device.step)
        )
        attempts = self.device.write(
            self.cells,
            where,
            target,
            self.streams["program"] if rng is None else rng,
            tolerance=self._tolerance if self._verify else None,
            cycles=self._cycles if self._verify else 1,
        )
        self.events["write"] += attempts
        each = attempts / max(target.size, 1)
        if are_places(where) and not self.pairs:
            at, slots = where
            load = load_kernels.written_load(at, slots, target, np.float32(each), self.pulsed)
            self.loads["write"] += load * each
        elif target.size:
            self.pulsed[where] += np.float32(each)
            drawn = self.device.drawn(self.cells, where) if self.pairs else target
            self.loads["write"] += float(drawn.mean(dtype=np.float64)) * attempts
        if self._verify:
            self.events["verify"] += attempts
        if self._disturb is not None and change is not None and target.size:
            # A write is one pulse where pulses are whole; where any part of one will do, as much as it takes.
            part = np.sign(change) if self.device.whole_pulses else np.clip(change, -1, 1)
            counts = part.ravel().astype(np.float64) * (attempts / target.size)
            places = _places(where, np.ones(target.shape, dtype=np.bool_))
            self._disturb.note_writes(self.cells, places, counts, self.events, self.loads)
            self._disturb.apply(self.cells)

    def amounts(self, change: float, n: int) -> F32:
        """What one phase of learning adds to cells of `n` rows for a permanence change, (n,), in `train`'s unit."""
        if self._kept is not None:
            return np.full(n, change, dtype=np.float32)
        return self.whole(self.mapping.pulses(change), n)

    def whole(self, pulses: float, n: int) -> F32:
        """Pulses of one phase for `n` rows, (n,): whole numbers of mean `pulses` where the device needs them."""
        if not self.device.whole_pulses or pulses.is_integer():
            return np.full(n, pulses, dtype=np.float32)
        low = math.floor(pulses)
        drawn = self.streams["round"].random(n, dtype=np.float32) < pulses - low
        return np.float32(low) + drawn.astype(np.float32)

    def train(self, rows: NDArray[np.int32], counts: F32, pulses: int) -> None:
        """Pulse the cells of `rows` by signed `counts` (n, slots), `pulses` in all; or read, write and verify.

        With digital permanences `counts` are changes of these; cells are only written where one crosses the threshold.
        """
        if self._kept is not None:
            crossed = np.empty((2, counts.size + 1), dtype=np.int32)
            threshold = np.float32(self.mapping.threshold)
            n, changed = digital_kernels.keep_rows(self._kept, self._on, rows, counts, threshold, crossed)
            self.events["memory"] += changed
            self._toggle((crossed[0, :n].astype(np.intp), crossed[1, :n].astype(np.intp)))
        elif self._verify:
            self._retarget(rows, counts)
        else:
            load = load_kernels.pulsed_load(self.cells.g, rows, counts, self.pulsed)
            if self.pairs:
                drawn = self.device.drawn(self.cells, rows)
                load = float((drawn * np.ceil(np.abs(counts))).sum(dtype=np.float64))
            self.loads["write"] += load
            if self._disturb is not None:
                self._disturb.note_pulses(self.cells, rows, counts, self.events, self.loads)
            self.device.pulse(self.cells, rows, counts, self.streams["pulse"])
            self.events["pulse"] += pulses
            if self._disturb is not None:
                self._disturb.apply(self.cells)

    def moved(self, rows: NDArray[np.int32]) -> NDArray[np.int32]:
        """`rows`, which were programmed, and all others that this disturbed: what a read-out must look at again."""
        return rows if self._disturb is None else self._disturb.moved(rows)

    def _retarget(self, rows: NDArray[np.int32], counts: F32) -> None:
        """Closed loop: read each cell, add the wanted change to what was read, write and verify."""
        at, slots = np.nonzero(counts)
        where = (rows[at], slots)
        seen = self.device.read(self.cells, where, self.streams["read"])
        self.events["cell_read"] += int(at.size)
        self.note_sensed(where, seen)
        wanted = seen + counts[at, slots] * np.float32(self.device.step)
        self.program(where, self.mapping.permanence(wanted))

    def note_cycles(self, *phases: F32) -> None:
        """Count the pulses that learning rows take one after the other; a memory needs none."""
        if self._kept is None:
            self.events["pulse_cycle"] += sum(int(np.ceil(phase).sum()) for phase in phases)

    def read_back(self, rows: NDArray[np.int32]) -> F32:
        """Permanences of whole rows as the controller finds them."""
        if self._kept is not None:
            self.events["memory"] += int(np.size(rows)) * self._kept.shape[1]
            return self.permanence(rows)
        self.events["row_read"] += int(np.size(rows))
        seen = self.device.read(self.cells, rows, self.streams["read"])
        self.note_sensed(rows, seen)
        return self.mapping.permanence(seen)

    def elapse(self, seconds: float, synapses: Callable[[], NDArray[np.bool_]]) -> None:
        """Let time pass, and refresh whenever it is due.

        A refresh reads each synapse's cell and writes what it read, at the nearest level where the device has levels;
        beside a digital permanence it writes the cell on or off as that says.

        Parameters
        ----------
        seconds : how long [s]
        synapses : tells which cells hold a synapse, shaped like the array or its first rows
        """
        if self._period is None or self._until_refresh is None:
            self.device.relax(self.cells, seconds)
            return
        if seconds > MOST_REFRESHES * self._period:
            raise BadInput(
                f"refresh_period: must be at least {seconds / MOST_REFRESHES:g} s for {seconds:g} s to pass at once, "
                f"got {self._period:g} s"
            )
        while seconds >= self._until_refresh:
            self.device.relax(self.cells, self._until_refresh)
            seconds -= self._until_refresh
            self._until_refresh = self._period
            self._refresh(np.nonzero(synapses()))
        self.device.relax(self.cells, seconds)
        self._until_refresh -= seconds

    def _refresh(self, where: tuple[NDArray[np.intp], ...]) -> None:
        if not where[0].size:
            return
        self.events["refresh"] += 1
        if self._kept is not None:
            self._write(where, self._on[where])
            return
        seen = self.device.read(self.cells, where, self.streams["read"])
        self.events["cell_read"] += int(where[0].size)
        self.note_sensed(where, seen)
        self._write(where, self.mapping.permanence(seen))

    def strike(self, struck: NDArray[np.bool_], *, on: bool) -> None:
        """Cells fail: they stay at g_max or g_min from here on. The controller does not know.

        Parameters
        ----------
        struck : which, shaped like the metal
        on : where they stay
        """
        if self._metal is not None:
            struck = struck[self._metal[1], self._metal[2]]
        self.device.strike(self.cells, struck, on=on)
        self._calls_since_look = 0

    def conductance(self, where: Where) -> F32:
        """True conductance now [S]."""
        return self.device.conductance(self.cells, where)

    @property
    def digital(self) -> bool:
        """Whether permanences are kept beside the cells."""
        return self._kept is not None

    def permanence(self, where: Where = ...) -> F32:
        """True permanence now."""
        if self._kept is not None:
            return self._kept[where].copy()
        return self.mapping.permanence(self.conductance(where))

    def note_sensed(self, where: Where, seen: F32, of: NDArray[np.bool_] | None = None) -> None:
        """Cells of `where` were read one by one as `seen` [S]; `of` marks those that were, none: all."""
        drawn = self.device.drawn(self.cells, where) if self.pairs else seen
        self.loads["sense"] += float((drawn if of is None else drawn[of]).sum(dtype=np.float64))

    def lines_load(self, sums: F32, active: NDArray[np.int32]) -> float:
        """Conductance that current of a read flows through [S]: `sums` of the lines, where cells are single."""
        return self.slots_load(active, self.cells.g.shape[0]) if self.pairs else float(sums.sum())

    def slots_load(self, slots: NDArray[np.int32], rows: int) -> float:
        """Conductance of all cells of the first `rows` rows at `slots` [S], as of the last look at the whole array.

        It is looked at every `READS_A_LOOK` calls: a learning step changes little of a sum over so many cells.
        """
        if self._calls_since_look % READS_A_LOOK == 0:
            g = self.device.drawn(self.cells, ...) if self.pairs else self.cells.g
            load_kernels.slot_loads(g, rows, self._slot_loads)
            self._calls_since_look = 0
        self._calls_since_look += 1
        return float(self._slot_loads[slots].sum())

    def state(self) -> dict[str, Any]:
        """Everything needed to continue identically."""
        streams = {f"stream.{act}": save_stream(rng) for act, rng in self.streams.items()}
        cells = {f"cells.{name}": value for name, value in self.cells.state().items()}
        kept = {} if self._kept is None else {"kept": self._kept.copy(), "on": self._on.copy()}
        look = {"slot_loads": self._slot_loads.copy(), "calls_since_look": self._calls_since_look}
        look |= {} if self._until_refresh is None else {"until_refresh": self._until_refresh}
        disturb = {} if self._disturb is None else self._disturb.state()
        return {**streams, **cells, **kept, **look, **disturb, "pulsed": self.pulsed.copy()}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from `state`."""
        self.streams = {act: restore_stream(state[f"stream.{act}"]) for act in STREAMS}
        if self._kept is not None:
            self._kept[...], self._on[...] = state["kept"], state["on"]
        self.pulsed[...] = state["pulsed"]
        self._slot_loads[...], self._calls_since_look = state["slot_loads"], int(state["calls_since_look"])
        if self._until_refresh is not None:
            self._until_refresh = float(state["until_refresh"])
        if self._disturb is not None:
            self._disturb.restore(state)
        prefix = "cells."
        self.cells.restore({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})


def _places(where: Where, chosen: NDArray[np.bool_]) -> Places:
    """The chosen ones of the cells that ``where`` names: whole rows, or a pair of index arrays."""
    if isinstance(where, tuple):
        return np.asarray(where[0])[chosen], np.asarray(where[1])[chosen]
    at, slots = np.nonzero(chosen)
    return (at + (where.start or 0) if isinstance(where, slice) else where[at]), slots
