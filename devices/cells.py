"""State of an array of cells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

F32: TypeAlias = NDArray[np.float32]
Where: TypeAlias = Any
"""Any numpy index into an array of shape (rows, slots): rows, a pair of index arrays, ``...``."""


def are_places(where: Where) -> bool:
    """Whether an index names single cells by row and slot, in numbers of 32 bits: what compiled loops take."""
    return isinstance(where, tuple) and all(
        isinstance(at, np.ndarray) and at.ndim == 1 and at.dtype == np.int32 for at in where
    )


STUCK = "stuck"
"""Name of the array of faults (see `devices.faults`)."""


@dataclass
class Cells:
    """State of an array of cells.

    Attributes
    ----------
    g : conductance as last programmed, (rows, slots) float32 [S]
    more : further arrays of the same shape, by the name that the model gives them
    clock : time since fabrication [s]
    """

    g: F32
    more: dict[str, NDArray[Any]] = field(default_factory=dict)
    clock: float = 0.0

    def state(self) -> dict[str, Any]:
        """Copy of everything, arrays and numbers by name."""
        arrays = {f"more.{name}": array.copy() for name, array in self.more.items()}
        return {"g": self.g.copy(), "clock": self.clock, **arrays}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from `state`."""
        self.g[...] = state["g"]
        self.clock = float(state["clock"])
        # Cells that were struck while they ran have an array that fresh ones may lack, and the other way round.
        for name in [name for name in self.more if _of_faults(name) and f"more.{name}" not in state]:
            del self.more[name]
        for name in (key.removeprefix("more.") for key in state if key.startswith("more.")):
            if _of_faults(name) and name not in self.more:
                self.more[name] = np.array(state[f"more.{name}"], dtype=np.uint8)
        for name, array in self.more.items():
            array[...] = state[f"more.{name}"]


def _of_faults(name: str) -> bool:
    """Whether an array of `more` is of faults: a cell's own, or one of the two cells of a pair."""
    return name.rpartition(".")[2] == STUCK


def store(array: NDArray[Any], where: Where, values: Any, changed: NDArray[np.bool_] | None) -> None:
    """Put `values` into ``array[where]`` where `changed`; none: everywhere."""
    if changed is None:
        array[where] = values
    elif isinstance(where, np.ndarray) and where.ndim == 1 and where.dtype == np.int32:
        from .store_kernels import (
            fill_rows,
            store_rows,
        )  # numba takes seconds to import: only for who programs

        if np.ndim(values) == 0:
            fill_rows(array, where, array.dtype.type(values), changed)
        else:
            store_rows(array, where, values, changed)
    else:
        array[where] = np.where(changed, values, array[where])
