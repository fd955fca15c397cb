"""Pulse trains as readings of each cell, in shares of the range of all readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from htm.pick import BadInput

from ..measurements import PulseTrains

F64 = NDArray[np.float64]

LEAST_PULSES = 10
"""Pulses of each polarity that a cell must have."""


@dataclass(frozen=True)
class Cell:
    """One cell's readings in the order of time."""

    seen: F64
    polarity: NDArray[np.int64]


def cells_of(data: PulseTrains) -> list[Cell]:
    """Readings by cell, in the order of cycle and pulse."""
    order = np.lexsort((data.pulse, data.cycle, data.device))
    device = data.device[order]
    cells = []
    for one in np.unique(device):
        mine = order[device == one]
        cells.append(Cell(data.conductance[mine].astype(float), data.polarity[mine].astype(np.int64)))
    for cell in cells:
        for sign, word in ((1, "SET"), (-1, "RESET")):
            n = int((cell.polarity == sign).sum())
            if n < LEAST_PULSES:
                raise BadInput(f"pulses: needs at least {LEAST_PULSES} {word} pulses of every cell, got {n}")
    return cells


@dataclass(frozen=True)
class Places:
    """Readings as shares of the range between the lowest and the highest of all.

    Attributes
    ----------
    seen, polarity : of each cell, in the order of time
    origin, scale : place 0 and the whole range [S]
    """

    seen: Sequence[F64]
    polarity: Sequence[NDArray[np.int64]]
    origin: float
    scale: float

    @classmethod
    def of(cls, data: PulseTrains, *, restarts: bool = False) -> Places:
        """Places of all cells; with `restarts`, what follows a RESET is a fresh start."""
        cells = cells_of(data)
        low, high = float(data.conductance.min()), float(data.conductance.max())
        scale = high - low or 1.0
        return cls(
            [(cell.seen - low) / scale for cell in cells],
            [np.where(cell.polarity < 0, 2, cell.polarity) if restarts else cell.polarity for cell in cells],
            low, scale,
        )  # fmt: skip
