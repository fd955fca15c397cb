"""Sweeps of whole wires: conjugate gradients on the bit-line nodes, for a matrix that changes at every step.

With u and w the voltages of the word- and bit-line nodes, D = diag(G) and T_r, T_c the chains of wire segments,
Kirchhoff's law reads ``(T_r + D) u = D w + b`` and ``(T_c + D) w = D u``. Without u it is ``S w = D M_r^-1 b`` with
``S = M_c - D M_r^-1 D``, M_r = T_r + D, M_c = T_c + D, which is symmetric and positive; M_c, all bit lines without what
ties them together, preconditions it. M_r^-1 and M_c^-1 are tridiagonal solves, and as ``M_c z = r`` for the
preconditioned residual, ``M_c p`` follows from the residuals: one sweep of every wire a step, and no other product.

A chain is solved by what a port sees, not by pivots: from its open end inwards ``Y_j = G_j + a_(j+1) Y_(j+1)`` with
``a = 1 / (1 + r Y)`` is the conductance of all that lies beyond, and the currents fold up likewise. All terms are
positive, so nothing cancels: a segment of 0 ohm is exact, and 1 nano-ohm no worse conditioned than 1 ohm.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .coarse import Coarse, begin, turn

F64 = NDArray[np.float64]


@njit(cache=True, nogil=True, error_model="numpy")
def fold_word_lines(g: F64, r: float, y_end: F64, a: F64, y: F64) -> None:
    """What the lines look like from their drivers.

    Parameters
    ----------
    g : (m, n) conductances [S]
    r : resistance of a segment [ohm]
    y_end : (m,) conductance from the right ends to the drivers, 0 where that end is open [S]
    a : (m, n) set to ``1 / (1 + r Y)``
    y : (m,) set to the conductance seen at the first nodes [S]
    """
    m, n = g.shape
    for first in range(0, m, 8):
        last = min(first + 8, m)
        for i in range(first, last):
            y[i] = y_end[i]
        for j in range(n - 1, -1, -1):
            for i in range(first, last):
                seen = g[i, j] + y[i]
                share = 1.0 / (1.0 + r * seen)
                a[i, j] = share
                y[i] = seen * share if j > 0 else seen


@njit(cache=True, nogil=True, error_model="numpy")
def fold_bit_lines(g: F64, r: float, a: F64, y: F64) -> None:
    """The same of the bit lines, from row 0, which is open, down to the last; y as seen at the last nodes, (n,)."""
    m, n = g.shape
    y[:] = 0.0
    for i in range(m):
        line, share = g[i], a[i]
        for j in range(n):
            seen = line[j] + y[j]
            share[j] = 1.0 / (1.0 + r * seen)
            y[j] = seen * share[j] if i < m - 1 else seen


@njit(cache=True, nogil=True, error_model="numpy")
def sweep_words(g: F64, a: F64, y: F64, r: float, r_in: F64, v: F64, s_end: F64, w: F64, u: F64) -> None:
    """Word-line voltages for given bit-line voltages: ``M_r u = D w + b``.

    Parameters
    ----------
    g, a : (m, n); y : (m,) from `fold_word_lines`
    r : resistance of a segment [ohm]
    r_in : (m,) resistance between driver and first node [ohm]; infinite where the line floats
    v : (m,) drivers [V]; 0 where the line floats
    s_end : (m,) current that the driver sends into the right end, `y_end` times `v` [A]
    w : (m, n) voltages of the bit-line nodes [V]
    u : (m, n) set to the voltages of the word-line nodes [V]
    """
    m, n = g.shape
    i = 0
    while i + 4 <= m:
        # Four lines at once: each is a chain of dependent steps, and the processor overlaps them.
        g0, g1, g2, g3 = g[i], g[i + 1], g[i + 2], g[i + 3]
        a0, a1, a2, a3 = a[i], a[i + 1], a[i + 2], a[i + 3]
        w0, w1, w2, w3 = w[i], w[i + 1], w[i + 2], w[i + 3]
        u0, u1, u2, u3 = u[i], u[i + 1], u[i + 2], u[i + 3]
        s0, s1, s2, s3 = s_end[i], s_end[i + 1], s_end[i + 2], s_end[i + 3]
        for j in range(n - 1, 0, -1):
            s0 = (g0[j] * w0[j] + s0) * a0[j]
            s1 = (g1[j] * w1[j] + s1) * a1[j]
            s2 = (g2[j] * w2[j] + s2) * a2[j]
            s3 = (g3[j] * w3[j] + s3) * a3[j]
            u0[j], u1[j], u2[j], u3[j] = s0, s1, s2, s3
        x0 = _first_node(g0[0] * w0[0] + s0, y[i], r_in[i], v[i])
        x1 = _first_node(g1[0] * w1[0] + s1, y[i + 1], r_in[i + 1], v[i + 1])
        x2 = _first_node(g2[0] * w2[0] + s2, y[i + 2], r_in[i + 2], v[i + 2])
        x3 = _first_node(g3[0] * w3[0] + s3, y[i + 3], r_in[i + 3], v[i + 3])
        u0[0], u1[0], u2[0], u3[0] = x0, x1, x2, x3
        for j in range(1, n):
            x0 = a0[j] * x0 + r * u0[j]
            x1 = a1[j] * x1 + r * u1[j]
            x2 = a2[j] * x2 + r * u2[j]
            x3 = a3[j] * x3 + r * u3[j]
            u0[j], u1[j], u2[j], u3[j] = x0, x1, x2, x3
        i += 4
    while i < m:
        s = s_end[i]
        for j in range(n - 1, 0, -1):
            s = (g[i, j] * w[i, j] + s) * a[i, j]
            u[i, j] = s
        x = _first_node(g[i, 0] * w[i, 0] + s, y[i], r_in[i], v[i])
        u[i, 0] = x
        for j in range(1, n):
            x = a[i, j] * x + r * u[i, j]
            u[i, j] = x
        i += 1


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _first_node(s: float, y: float, r_in: float, v: float) -> float:
    """Voltage of a node that sees the conductance y and the current s, behind a source v of resistance r_in."""
    if r_in < math.inf:
        return (v + r_in * s) / (1.0 + r_in * y)
    return s / y if y > 0.0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def sweep_bits(a: F64, y: F64, r: float, r_out: F64, v_out: F64, current: F64, w: F64, line: F64) -> None:
    """Bit-line voltages for currents into their nodes: ``M_c w = current``.

    Parameters
    ----------
    a : (m, n), y : (n,) from `fold_bit_lines`
    r : resistance of a segment [ohm]
    r_out : (n,) resistance between last node and source [ohm]; infinite where the line floats
    v_out : (n,) voltages of these sources [V]; (0,) where all are 0
    current : (m, n) into the nodes [A]
    w : (m, n) set to the voltages [V]
    line : (n,) work space
    """
    m, n = a.shape
    line[:] = 0.0
    for i in range(m - 1):
        share, put, into = a[i], w[i], current[i]
        for j in range(n):
            line[j] = (into[j] + line[j]) * share[j]
            put[j] = line[j]
    last, into = w[m - 1], current[m - 1]
    for j in range(n):
        last[j] = _first_node(into[j] + line[j], y[j], r_out[j], v_out[j] if v_out.size else 0.0)
    for i in range(m - 2, -1, -1):
        below, put, share = w[i + 1], w[i], a[i]
        for j in range(n):
            put[j] = share[j] * below[j] + r * put[j]


@njit(cache=True, nogil=True)
def _times(a: F64, b: F64, out: F64) -> None:
    """``out = a b``; all (m, n)."""
    for i in range(a.shape[0]):
        x, y, put = a[i], b[i], out[i]
        for j in range(x.size):
            put[j] = x[j] * y[j]


@njit(cache=True, nogil=True)
def _inner(a: F64, b: F64, line: F64) -> float:
    """``sum a b``, summed line by line first, which vectorises and keeps its order; `line` (n,) is work space."""
    line[:] = 0.0
    for i in range(a.shape[0]):
        x, y = a[i], b[i]
        for j in range(x.size):
            line[j] += x[j] * y[j]
    total = 0.0
    for j in range(line.size):
        total += line[j]
    return total


@njit(cache=True, nogil=True)
def _bend(forced: F64, g: F64, u: F64, search: F64, line: F64) -> float:
    """``u = forced - g u``, which is S p, and the inner product of p with it."""
    line[:] = 0.0
    for i in range(g.shape[0]):
        push, cells, put, p = forced[i], g[i], u[i], search[i]
        for j in range(cells.size):
            put[j] = push[j] - cells[j] * put[j]
        for j in range(cells.size):
            line[j] += p[j] * put[j]
    total = 0.0
    for j in range(line.size):
        total += line[j]
    return total


@njit(cache=True, nogil=True)
def _add(scale: float, a: F64, out: F64) -> None:
    """``out += scale a``."""
    for i in range(a.shape[0]):
        x, put = a[i], out[i]
        for j in range(x.size):
            put[j] += scale * x[j]


@njit(cache=True, nogil=True)
def _turn(scale: float, fresh: F64, out: F64) -> None:
    """``out = fresh + scale out``."""
    for i in range(fresh.shape[0]):
        x, put = fresh[i], out[i]
        for j in range(x.size):
            put[j] = x[j] + scale * put[j]


@njit(cache=True, nogil=True, error_model="numpy")
def descend(
    g: F64,
    wa: F64,
    wy: F64,
    ba: F64,
    by: F64,
    r_word: float,
    r_bit: float,
    r_in: F64,
    r_out: F64,
    v: F64,
    s_end: F64,
    v_out: F64,
    level: Coarse,
    tolerance: float,
    most: int,
    w: F64,
    u: F64,
    work: F64,
    line: F64,
    quiet: F64,
) -> tuple[int, float]:
    """Conjugate gradients from ``w = 0``, or from what the bit lines' own sources make of them.

    Parameters
    ----------
    g : (m, n); wa, wy, ba, by : from the folds
    r_word, r_bit, r_in, r_out, v, s_end, v_out : as in the sweeps
    level : slow fields that are solved apart, if any
    tolerance : of the error's energy norm, estimated from the preconditioned residual, over the solution's
    most : steps after which it gives up
    w, u : (m, n) set to the voltages; u is that of the final w, exactly
    work : (4, m, n) work space
    line : (n,) work space
    quiet : (m,) zeros

    Returns
    -------
    steps taken, and the estimate that was reached
    """
    residual, search, forced, z = work[0], work[1], work[2], work[3]
    silent = v_out[:0]
    w[:] = 0.0
    if v_out.size:
        residual[:] = 0.0
        sweep_bits(ba, by, r_bit, r_out, v_out, residual, w, line)
    sweep_words(g, wa, wy, r_word, r_in, v, s_end, w, u)
    _times(g, u, residual)
    sweep_bits(ba, by, r_bit, r_out, silent, residual, z, line)
    rz = _inner(residual, z, line)
    slow = level.inverse.size > 0
    moment, mu = np.empty(level.inverse.shape[0]), np.empty(level.inverse.shape[0])
    gained, steps, reached = 0.0, 0, 0.0
    if slow:
        gained = begin(level, w, residual, moment, mu)
        sweep_bits(ba, by, r_bit, r_out, silent, residual, z, line)
        rz = _inner(residual, z, line)
        search[:] = 0.0
        forced[:] = 0.0
        turn(0.0, z, residual, g, level, search, forced, moment, mu, line)
    else:
        search[:] = z
        forced[:] = residual
    while rz > 0.0:
        sweep_words(g, wa, wy, r_word, r_in, quiet, quiet, search, u)
        bent = _bend(forced, g, u, search, line)
        if not bent > 0.0:
            break
        alpha = rz / bent
        _add(alpha, search, w)
        _add(-alpha, u, residual)
        gained += alpha * rz  # |w|_S^2 so far: each step adds a square
        steps += 1
        sweep_bits(ba, by, r_bit, r_out, silent, residual, z, line)
        before, rz = rz, _inner(residual, z, line)
        reached = math.sqrt(max(rz, 0.0) / gained)
        if reached <= tolerance or steps >= most:
            break
        if slow:
            turn(rz / before, z, residual, g, level, search, forced, moment, mu, line)
        else:
            _turn(rz / before, z, search)
            _turn(rz / before, residual, forced)
    sweep_words(g, wa, wy, r_word, r_in, v, s_end, w, u)
    return steps, reached


@njit(cache=True, nogil=True)
def currents(g: F64, u: F64, w: F64, into: F64, out: F64) -> None:
    """What each word line gives to its cells, `into` (m,), and each bit line takes from its own, `out` (n,) [A]."""
    out[:] = 0.0
    for i in range(g.shape[0]):
        cells, high, low = g[i], u[i], w[i]
        total = 0.0
        for j in range(cells.size):
            flow = cells[j] * (high[j] - low[j])
            out[j] += flow
            total += flow
        into[i] = total
