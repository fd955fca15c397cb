"""Half-select disturb of the array's own writes: what every pulse and write does to the other cells of its lines.

A pulse on one cell reaches the others of its word and bit line in the same tile at a half or a third of its voltage
(`hwsim.write_schemes`, whose law of lines is used here). Touching a whole tile at every pulse would cost more than
everything else, so pulses are summed by line; now and then each cell gets what its lines collected, and once that comes
to whole pulses, these are applied by the device's own law.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from devices.cells import Cells
from devices.model import F32, DeviceModel
from htm.streams import restore_stream, save_stream, stream

from . import disturb_kernels as kernels
from .mapping import Tiling
from .write_schemes import Scheme

LATEST = 0.25
"""How far a cell's disturb may grow before it is looked at, over what is least applied."""

LEAST_PART = 1 / 64
"""Part of a pulse that is least applied to devices which take any part of one."""

LOOKS_AGAIN = 100
"""Learning steps after which the conductances of all lines are summed anew, for the energy of half-selects."""


@final
class WriteDisturb:
    """Half-selects of one array, and what they do to its cells.

    A step pulses its rows one after the other, and a row's cells of one direction at once. Writes to a target take one
    cell after another; of the other writes of the same call a cell sees half, those after its own. Half-selects of the
    two directions cancel in a cell until they come to a whole pulse, or to `LEAST_PART` of one where the device takes
    parts. That pulse draws cycle noise of a stream of its own, counts as wear, and starts drift anew.

    Parameters
    ----------
    device : what the cells are
    tiling : how rows and slots are cut; rows beyond `tiling.rows` are reference columns, as many for each tile across
    shape : (rows, slots) of the array, reference columns included
    scheme : half or third
    share : of a full pulse, that one half-select moves a cell by (`hwsim.write_schemes.half_select_share`)
    seed, name : the stream is ``{name}.half_select``
    """

    def __init__(
        self,
        device: DeviceModel,
        tiling: Tiling,
        shape: tuple[int, int],
        scheme: Scheme,
        share: float,
        seed: int,
        name: str,
    ) -> None:
        self._device, self._share, self._tile_rows = device, share, tiling.tile_rows
        self._least = 1.0 if device.whole_pulses else LEAST_PART
        self._rng = stream(seed, f"{name}.half_select")
        own = np.arange(tiling.rows) // tiling.tile_columns
        copies = (shape[0] - tiling.rows) // tiling.across
        self._block = np.append(own, np.repeat(np.arange(tiling.across), copies)).astype(np.int64)
        self._lines = np.bincount(self._block, minlength=tiling.across)
        self._down = np.arange(shape[1]) // tiling.tile_rows
        self._slots = np.bincount(self._down)
        self._third = scheme == "third"
        # With thirds a cell on no chosen line sees the pulse backwards: -1 for the tile, 2 for each of its lines.
        self._weights = (2.0, -1.0, 3.0) if self._third else (1.0, 0.0, 2.0)
        self._square = 1.0 / 9.0 if self._third else 0.25
        sizes = (tiling.across, shape[1]), (shape[0], tiling.down), (tiling.across, tiling.down)
        self._sums = np.zeros(sizes[0]), np.zeros(sizes[1]), np.zeros(sizes[2])
        self._looks = np.zeros(sizes[0]), np.zeros(sizes[1]), np.zeros(sizes[2])
        self._calls = 0
        self._due = np.zeros(shape, dtype=np.float32)
        self._moved = np.zeros(shape[0], dtype=np.bool_)

    def note_pulses(
        self,
        cells: Cells,
        rows: NDArray[np.int32],
        counts: F32,
        events: Counter[str],
        loads: defaultdict[str, float],
    ) -> None:
        """Count the half-selects of a learning step, (n,) rows and (n, slots) signed counts, before it is applied."""
        self._look(cells)
        selects, load = kernels.note_pulses(
            rows,
            counts,
            self._tile_rows,
            self._block,
            self._lines,
            self._weights[2] * self._share,
            cells.g,
            self._looks,
            self._sums,
            self._due,
            self._third,
        )
        self._count(selects, load, events, loads)

    def note_writes(
        self,
        cells: Cells,
        where: tuple[NDArray[np.intp], NDArray[np.intp]],
        counts: NDArray[np.float64],
        events: Counter[str],
        loads: defaultdict[str, float],
    ) -> None:
        """Count the half-selects of writes of (n,) cells, by signed attempts, after they are done."""
        if where[0].size > cells.g.size // 16:
            self._calls = 0  # so many have changed that the last look says nothing
        self._look(cells)
        rows, slots = where
        across, down = self._block[rows], self._down[slots]
        size = np.abs(counts)
        g = cells.g[where].astype(np.float64)
        selects = float(size @ (self._lines[across] + self._slots[down] - 2))
        on_lines = self._looks[0][across, slots] + self._looks[1][rows, down] - 2.0 * g
        load = self._looks[2][across, down] - g if self._third else on_lines
        before = self._seen(where, across, down)
        for sums, place in zip(self._sums, ((across, slots), (rows, down), (across, down)), strict=True):
            np.add.at(sums, place, counts)
        both = 0.5 * (before + self._seen(where, across, down))
        # What a cell was owed before its write is gone with its old state; half of this call's writes came after.
        self._due[where] = -self._share * (both + 0.5 * self._weights[2] * counts)
        self._count(selects, float(size @ np.maximum(load, 0.0)), events, loads)

    def _seen(
        self,
        where: tuple[NDArray[np.intp], NDArray[np.intp]],
        across: NDArray[np.int64],
        down: NDArray[np.intp],
    ) -> NDArray[np.float64]:
        """Half-selects that the lines' sums now hold for some cells, (n,)."""
        word, bit, tile = self._sums
        beside, apart, _ = self._weights
        return np.asarray(
            beside * (word[across, where[1]] + bit[where[0], down]) + apart * tile[across, down]
        )

    def _look(self, cells: Cells) -> None:
        """Sum the conductances of all lines when it is time to."""
        if self._calls % LOOKS_AGAIN == 0:
            kernels.look(cells.g, self._block, self._tile_rows, *self._looks)
            self._calls = 0
        self._calls += 1

    def _count(
        self, selects: float, load: float, events: Counter[str], loads: defaultdict[str, float]
    ) -> None:
        events["half_select"] += round(selects)
        loads["half_select"] += self._square * load

    def apply(self, cells: Cells) -> None:
        """Move the cells whose half-selects have come to whole pulses, where some may have."""
        word, bit, tile = (float(np.abs(sums).max()) for sums in self._sums)
        beside, apart, _ = self._weights
        if self._share * (beside * (word + bit) - apart * tile) < LATEST * self._least:
            return
        shares = self._share * beside, self._share * apart
        if not kernels.settle(self._due, *self._sums, self._block, self._tile_rows, *shares, self._least):
            return
        index = np.flatnonzero(np.abs(self._due) >= np.float32(self._least))
        where = np.unravel_index(index, self._due.shape)
        whole = self._due[where]
        if self._device.whole_pulses:
            whole = np.trunc(whole)
        self._due[where] -= whole
        self._device.pulse(cells, where, whole, self._rng)
        self._moved[where[0]] = True

    def moved(self, rows: NDArray[np.int32]) -> NDArray[np.int32]:
        """`rows` and those disturbed since this was last asked, sorted."""
        if not self._moved.any():
            return rows
        self._moved[rows] = True
        found = np.flatnonzero(self._moved).astype(np.int32)
        self._moved[:] = False
        return found

    def state(self) -> dict[str, Any]:
        """Everything needed to continue identically."""
        kept = {"due": self._due.copy(), "moved": self._moved.copy(), "calls": self._calls}
        for name, sums in (("sums", self._sums), ("looks", self._looks)):
            kept |= {f"{name}.{i}": part.copy() for i, part in enumerate(sums)}
        return {f"half_select.{name}": value for name, value in kept.items()} | {
            "stream.half_select": save_stream(self._rng)
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from `state`."""
        self._rng = restore_stream(state["stream.half_select"])
        self._due[...], self._moved[...] = state["half_select.due"], state["half_select.moved"]
        self._calls = int(state["half_select.calls"])
        for name, sums in (("sums", self._sums), ("looks", self._looks)):
            for i, part in enumerate(sums):
                part[...] = state[f"half_select.{name}.{i}"]
