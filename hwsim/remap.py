"""Known-bad cells: found by a march test when the array is first powered, and worked around from then on.

The test is a controller's own verbs: every cell is written on and read, written off and read, and each read compared
with the reference of a connected synapse. Writes miss and reads are noisy as the device's are, so that a test can
overlook a bad cell or accuse a good one. What is in use is chosen once, before anything is learned: the array is then
laid out anew, and neither reads nor learning know of it.

*Segments*: a row's slots are behind address registers, so slot j is its j-th good cell; known-bad ones are never wired,
and rows with too few good cells come last in the list that segments are founded from. *Columns*: a cell's place is
wired. Whole bit lines of a tile, reference columns too, are exchanged for spare ones by a switch at their foot; where
cells are sensed one by one, known-bad ones are left out of the count.

Test as of memories (A. J. van de Goor, IEEE Design & Test of Computers 10(1), 8, 1993), here the elements up(w1),
up(r1), up(w0), up(r0), which find stuck cells; faults between neighbours are not looked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from htm.pick import Params

from .mapping import Tiling

if TYPE_CHECKING:
    from .array import CellArray  # numba takes seconds to import

Bools = NDArray[np.bool_]
Index = NDArray[np.int32]


@final
class RemapParams(Params):
    """Whether bad cells are looked for at power-on, and what there is to replace them."""

    on: bool = Field(
        default=False, description="test every cell before anything is learned, and work around bad ones"
    )
    rounds: int = Field(
        default=1,
        ge=1,
        le=99,
        description="times a cell is tested, written on and off; bad are those that fail most of them",
    )
    spare_slots: int = Field(
        default=0, ge=0, le=4096, description="segments: cells of each row beyond its slots"
    )
    spare_rows: int = Field(default=0, ge=0, description="segments: rows beyond those that are asked for")
    spare_lines: int = Field(
        default=0, ge=0, le=4096, description="columns: bit lines of each tile beyond those in use"
    )

    @model_validator(mode="after")
    def _check_spares(self) -> RemapParams:
        for name in ("spare_slots", "spare_rows", "spare_lines"):
            if getattr(self, name) and not self.on:
                raise ValueError(f"{name}: must be 0 with on false, got {getattr(self, name)}")
        return self

    def columns(self, tiling: Tiling) -> Tiling:
        """Tiles of columns with their spare bit lines."""
        lines = tiling.tile_columns + self.spare_lines
        rows = tiling.rows + tiling.across * self.spare_lines
        return Tiling(rows=rows, slots=tiling.slots, tile_rows=tiling.tile_rows, tile_columns=lines)

    def segments(self, tiling: Tiling) -> Tiling:
        """Tiles of segments with their spare rows and slots."""
        rows, slots = tiling.rows + self.spare_rows, tiling.slots + self.spare_slots
        return Tiling(rows=rows, slots=slots, tile_rows=tiling.tile_rows, tile_columns=tiling.tile_columns)


@dataclass(frozen=True)
class Defects:
    """The controller's map of an array.

    Attributes
    ----------
    high, low : (rows, slots) cells that read on after they were written off, and off after they were written on
    """

    high: Bools
    low: Bools

    @property
    def bad(self) -> Bools:
        """Cells that failed either way."""
        return self.high | self.low


def march(array: CellArray, rounds: int, rng: np.random.Generator) -> Defects:
    """Test every cell; all are off afterwards. Each bad cell is noted in a memory.

    Parameters
    ----------
    array : whose cells are written and read, and their events counted
    rounds : see `RemapParams`
    rng : of the test alone, so that it shifts no other draws
    """
    high, low = np.zeros((2, *array.cells.g.shape), dtype=np.uint8)
    for _ in range(rounds):
        low += ~array.tested(rng, on=True)
        high += array.tested(rng, on=False)
    found = Defects(2 * high > rounds, 2 * low > rounds)
    array.events["cell_test"] += array.cells.g.size
    bad = int(np.count_nonzero(found.bad))
    array.events["cell_found_bad"] += bad
    array.events["memory"] += bad
    return found


def segment_places(bad: Bools, rows: int, slots: int) -> tuple[Index, Index, Index]:
    """Which cells the slots of segments are.

    Parameters
    ----------
    bad : (rows and spare ones, slots and spare ones)
    rows, slots : that are asked for

    Returns
    -------
    rows : (rows, 1) row of the metal, those without `slots` good cells last, the worst at the very end
    slots : (rows, slots) cells of it, the good ones in order, then bad ones
    room : (rows,) how many of each are good
    """
    good = np.minimum(bad.shape[1] - bad.sum(axis=1), slots)
    chosen = np.argsort(-good, kind="stable")[:rows].astype(np.int32)
    cells = np.argsort(bad[chosen], axis=1, kind="stable")[:, :slots].astype(np.int32)
    return chosen[:, None], np.ascontiguousarray(cells), good[chosen].astype(np.int32)


def column_places(
    defects: Defects, pool: Bools, tiling: Tiling, *, spares: int, copies: int, leaks: bool
) -> tuple[Index, int]:
    """Which bit lines of each tile are in use.

    In each tile the line with most cells that matter to it is exchanged for the spare one with fewest, as long as
    that helps. A cell matters where its column may connect, and, where unconnected cells leak into the current of a
    line, also elsewhere if it cannot be switched off.

    Parameters
    ----------
    defects : of the metal: the tiles' lines, each tile's spare ones after its own, then the reference columns
    pool : (columns, inputs)
    tiling : without spare lines
    spares, copies : spare lines and reference columns of a tile
    leaks : whether unconnected cells count

    Returns
    -------
    rows : (columns and reference columns, inputs) line of the metal that each cell lies on
    exchanged : pieces of lines that were exchanged, one in one tile
    """
    rows, size = tiling.rows, tiling.tile_columns
    own = np.arange(rows) + np.arange(rows) // size * spares
    references = rows + tiling.across * spares + np.arange(tiling.across * copies)
    places = np.repeat(np.append(own, references).astype(np.int32)[:, None], tiling.slots, axis=1)
    if not spares:
        return places, 0
    pools = np.concatenate([pool, np.zeros((references.size, tiling.slots), dtype=np.bool_)])
    exchanged = 0
    for across in range(tiling.across):
        first, last = across * size, min((across + 1) * size, rows)
        lines = np.append(np.arange(first, last), rows + across * copies + np.arange(copies))
        spare = own[last - 1] + 1 + np.arange(spares)
        for down in range(tiling.down):
            slots = slice(down * tiling.tile_rows, (down + 1) * tiling.tile_rows)
            pairs = _exchanges(defects, pools[lines, slots], places[lines, slots][:, 0], spare, slots, leaks)
            for line, other in pairs:
                places[lines[line], slots] = other
            exchanged += len(pairs)
    return places, exchanged


def _exchanges(
    defects: Defects, pools: Bools, own: Index, spare: NDArray[np.int64], slots: slice, leaks: bool
) -> list[tuple[int, int]]:
    """Lines of one tile that are exchanged, and the spare line of each."""

    def harm(pool: Bools, metal: NDArray[np.integer]) -> NDArray[np.int64]:
        high, low = defects.high[metal, slots], defects.low[metal, slots]
        matters = (high | (low & pool)) if leaks else (high | low) & pool
        return np.asarray(matters.sum(axis=1))

    now, left = harm(pools, own), spare
    pairs = []
    for line in np.argsort(-now, kind="stable")[: spare.size]:
        others = harm(pools[line][None, :], left)
        best = int(np.argmin(others))
        if others[best] >= now[line]:
            continue
        pairs.append((int(line), int(left[best])))
        left = np.delete(left, best)
    return pairs
