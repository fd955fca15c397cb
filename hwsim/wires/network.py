"""An array whose cells change now and then and are read often: the engine that is worth its set-up is taken."""

from __future__ import annotations

from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray

from htm.pick import BadInput

from .solver import DEFAULT_TOLERANCE, F64, WireSolver, checked_conductances

_WORTH = {64: 80, 256: 40}
_WORTH_LARGE = 25


def reads_that_pay(shape: tuple[int, int]) -> int:
    """Reads of one matrix after which the effective matrix has cost less than solving for each."""
    return next((reads for size, reads in _WORTH.items() if max(shape) <= size), _WORTH_LARGE)


@final
class WireNetwork:
    """Reads an array through its wires.

    Parameters
    ----------
    solver : of arrays of this shape; several networks may share one
    engine : ``lines`` solves at every read, ``matrix`` builds the effective matrix at the first, ``auto`` after as many
        reads of one matrix as pay for it
    tolerance : of a solve (see `WireSolver.solve`)
    """

    def __init__(
        self,
        solver: WireSolver,
        *,
        engine: Literal["auto", "lines", "matrix"] = "auto",
        tolerance: float = DEFAULT_TOLERANCE,
    ) -> None:
        if engine not in ("auto", "lines", "matrix"):
            raise BadInput(f"engine: must be auto, lines or matrix, got {engine!r}")
        self._solver = solver
        self._engine, self._tolerance = engine, tolerance
        self._g: F64 | None = None
        self._matrix: F64 | None = None
        self._reads = 0

    def program(self, g: Any) -> None:
        """The cells are now `g` (m, n) [S]; what was worked out for others is forgotten."""
        self._g = checked_conductances(g, self._solver.shape)
        self._matrix, self._reads = None, 0

    def currents(self, v: Any) -> NDArray[np.float64]:
        """Currents out of the bit lines [A].

        Parameters
        ----------
        v : (m,) voltages, or (vectors, m) [V]

        Returns
        -------
        (n,) or (vectors, n)
        """
        if self._g is None:
            raise BadInput("g: must be programmed before a read")
        v = np.asarray(v, dtype=np.float64)
        if v.ndim not in (1, 2) or v.shape[-1] != self._solver.shape[0] or not np.isfinite(v).all():
            raise BadInput(f"v: must be finite, of shape (vectors, {self._solver.shape[0]}), got {v.shape}")
        self._reads += 1 if v.ndim == 1 else v.shape[0]
        pays = self._engine == "auto" and self._reads >= reads_that_pay(self._solver.shape)
        if self._matrix is None and (self._engine == "matrix" or pays):
            self._matrix = self._solver.matrix(self._g)
        if self._matrix is not None:
            product: NDArray[np.float64] = v @ self._matrix
            return product
        found = self._solver.solve_many(self._g, np.atleast_2d(v), tolerance=self._tolerance)
        return found[0] if v.ndim == 1 else found
