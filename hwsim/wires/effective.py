"""The matrices that stand for an array with wires whose cells stay: what its lines' ends see of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .solver import WireSolver

F64: TypeAlias = NDArray[np.float64]


class Effective(NamedTuple):
    """An array for any voltages of its drivers, v.

    Attributes
    ----------
    k : (m, n) currents out of the bit lines are ``v k``; 0 where a word line has no driver or a bit line no ground [S]
    y : (m, m) currents out of the drivers are ``y v``, so they give the power ``v y v``; symmetric [S]
    """

    k: F64
    y: F64


def effective(solver: WireSolver, g: F64, driven: NDArray[np.bool_]) -> Effective:
    """By the cheapest way that is exact: at once without wires, by ports, line by line."""
    params, grounded = solver.params, solver.grounded
    # A floating line sneaks no current where every other line is at a source.
    if params.ideal and driven.all() and grounded.all():
        return Effective(g.copy(), np.diag(g.sum(axis=1)))
    if params.word_ohm > 0.0 and params.bit_ohm > 0.0:
        from .ports import effective_matrices

        r_in, r_end = solver.ends(driven)
        found = Effective(*effective_matrices(g, params.word_ohm, params.bit_ohm, r_in, r_end, solver.r_out))
        if _fits(solver, found, g, driven):
            return found
    return _line_by_line(solver, g, driven)


def _fits(solver: WireSolver, found: Effective, g: F64, driven: NDArray[np.bool_]) -> bool:
    """Whether they answer as a solve does: merging loses digits where segments conduct far better than cells."""
    v = np.where(driven, 0.5 + 0.5 * np.cos(np.arange(solver.shape[0])), np.nan)
    exact, volts = solver.solve(g, v, tolerance=1e-12), np.where(driven, v, 0.0)
    for one, true in ((volts @ found.k, exact.out), (found.y @ volts, exact.into)):
        true = np.nan_to_num(true)
        if float(np.abs(one - true).max()) > 1e-8 * float(np.abs(true).max()):
            return False
    return True


def _line_by_line(solver: WireSolver, g: F64, driven: NDArray[np.bool_]) -> Effective:
    """One solve a word line."""
    m, n = solver.shape
    k, y = np.zeros((m, n)), np.zeros((m, m))
    for i in np.flatnonzero(driven):
        v = np.where(driven, 0.0, np.nan)
        v[i] = 1.0
        found = solver.solve(g, v, tolerance=1e-12)
        k[i], y[i] = np.nan_to_num(found.out), np.nan_to_num(found.into)
    return Effective(k, y)
