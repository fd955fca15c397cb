"""Parts of an array that fail while it runs: cells, rows, whole tiles."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from htm.pick import Params

from .mapping import Tiling


class OutageParams(Params):
    """What fails, and when."""

    at: int | None = Field(
        default=None, ge=0, description="record before which it happens, counted from 0; none: never"
    )
    kind: Literal["cells", "rows", "tiles"] = Field(
        default="tiles",
        description="what fails: single cells, rows of synapses (a column's or a segment's) or whole physical arrays",
    )
    share: float = Field(
        default=0.1, gt=0.0, le=1.0, description="how many of them, of every array; at least one"
    )
    state: Literal["off", "on"] = Field(
        default="off", description="where their cells are stuck: g_min or g_max"
    )

    def struck(self, tiling: Tiling, shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.bool_]:
        """Which cells of an array fail, `shape`; reference columns stand after its rows and go with their tile.

        Parameters
        ----------
        tiling : how its rows and slots are cut
        shape : (rows and reference columns, slots)
        """
        if self.kind == "cells":
            return rng.random(shape) < self.share
        mask = np.zeros(shape, dtype=np.bool_)
        if self.kind == "rows":
            mask[_some(tiling.rows, self.share, rng)] = True
            return mask
        for tile in _some(tiling.tiles, self.share, rng):
            down, across = divmod(int(tile), tiling.across)
            slots = slice(down * tiling.tile_rows, (down + 1) * tiling.tile_rows)
            last = min((across + 1) * tiling.tile_columns, tiling.rows)
            mask[across * tiling.tile_columns : last, slots] = True
            copies = (shape[0] - tiling.rows) // tiling.across
            first = tiling.rows + across * copies
            mask[first : first + copies, slots] = True
        return mask


def _some(n: int, share: float, rng: np.random.Generator) -> NDArray[np.intp]:
    """A share of `n` things, at least one."""
    return np.sort(rng.choice(n, max(1, math.floor(share * n + 0.5)), replace=False))
