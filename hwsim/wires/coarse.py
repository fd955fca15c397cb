"""A second level for the sweeps of whole wires: what varies slowly over the array is solved apart, at once.

Conjugate gradients over bit lines that know nothing of each other need ever more steps where an array is larger than
its healing length, ``1 / sqrt(mean(G) r)`` cells, over which a line hands its voltage on: of a field that is smooth
both ways, a step mends only a little. With uniform cells these fields are the products Z of a wave down the bit lines,
open at row 0 and grounded below the last, and one along the word lines. Deflation keeps the search free of them::

    p = z - Z mu + beta p,    (Z^T S Z) mu = (S Z)^T z

S Z is exact for any cells: ``(T_c phi) psi + phi D (psi - M_r^-1 D psi)``, of which only one array a wave psi is kept,
made by one sweep of the word lines. Where cells are not uniform the waves fit less well; that costs steps, not digits.

Steps at 1e-6, uniform 1e-6..1e-4 S, 5 ohm, without and with: 13 and 13 at 512 (not used), 23 and 9 at 1,024.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

F64 = NDArray[np.float64]

_SHARE, _LEAST, _MOST = 0.25, 3, 6  # waves per healing length of a line; fewer do not pay; at most so many


class Coarse(NamedTuple):
    """The slow fields of one matrix; arrays of size 0 where there are none.

    Attributes
    ----------
    down, tied : (P, m) waves phi along the bit lines, and T_c phi without the ends' conductance
    across : (Q, n) waves psi along the word lines
    leak : (Q, m, n) ``D (psi - M_r^-1 D psi)``
    y_out : (n,) conductance of the bit lines' ends [S]
    inverse : (P Q, P Q) of Z^T S Z
    """

    down: F64
    tied: F64
    across: F64
    leak: F64
    y_out: F64
    inverse: F64


def waves_that_pay(shape: tuple[int, int], mean_g: float, r_word: float, r_bit: float) -> tuple[int, int]:
    """Waves down and across, (0, 0) where the array is small against its healing length."""
    if not (r_word > 0.0 and r_bit > 0.0 and mean_g > 0.0):
        return 0, 0
    lengths = [size * math.sqrt(mean_g * r) for size, r in zip(shape, (r_bit, r_word), strict=True)]
    down, across = (min(int(_SHARE * length), _MOST) for length in lengths)
    return (down, across) if min(down, across) >= _LEAST else (0, 0)


def none() -> Coarse:
    """No slow fields."""
    flat = np.empty((0, 0))
    return Coarse(flat, flat, flat, np.empty((0, 0, 0)), np.empty(0), flat)


def waves(shape: tuple[int, int], count: tuple[int, int], two_sided: bool) -> tuple[F64, F64]:
    """Waves down (P, m) and across (Q, n)."""
    (m, n), (p, q) = shape, count
    down = np.cos(np.pi * np.outer(np.arange(p) + 0.5, np.arange(m) + 0.5) / m)
    turns = np.arange(q) + (1.0 if two_sided else 0.5)
    across = np.sin(np.pi * np.outer(turns, np.arange(n) + 1.0) / (n + (1.0 if two_sided else 0.5)))
    return down, across


def ready(down: F64, across: F64, leak: F64, y_bit: float, y_out: F64) -> Coarse:
    """The level of these waves, once `leak` is made."""
    p, q = down.shape[0], across.shape[0]
    slopes = np.diff(down, axis=1)
    tied = np.zeros_like(down)
    tied[:, :-1] -= y_bit * slopes
    tied[:, 1:] += y_bit * slopes
    rows = np.empty((q, q, down.shape[1]))
    _row_sums(across, leak, rows)
    last = down[:, -1]
    small = (
        np.einsum("pi,ri,qj,sj->pqrs", down, tied, across, across, optimize=True)
        + np.einsum("pi,ri,qsi->pqrs", down, down, rows, optimize=True)
        + np.einsum("p,r,qj,sj,j->pqrs", last, last, across, across, y_out, optimize=True)
    ).reshape(p * q, p * q)
    try:
        return Coarse(down, tied, across, leak, y_out, np.linalg.inv(0.5 * (small + small.T)))
    except np.linalg.LinAlgError:  # cells that no current reaches
        return none()


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _dot(a: F64, b: F64) -> float:
    """Inner product, in an order that the compiler chose once: the same whatever runs beside it."""
    total = 0.0
    for j in range(a.size):
        total += a[j] * b[j]
    return total


@njit(cache=True, nogil=True)
def _row_sums(across: F64, leak: F64, out: F64) -> None:
    """``out[q, s, i] = sum_j psi_q(j) leak_s(i, j)``."""
    for s in range(leak.shape[0]):
        for i in range(leak.shape[1]):
            for q in range(across.shape[0]):
                out[q, s, i] = _dot(across[q], leak[s, i])


@njit(cache=True, nogil=True)
def leaking(g: F64, u: F64, wave: F64, out: F64) -> None:
    """``out = D (psi - u)``."""
    for i in range(g.shape[0]):
        cells, high, put = g[i], u[i], out[i]
        for j in range(wave.size):
            put[j] = cells[j] * (wave[j] - high[j])


@njit(cache=True, nogil=True)
def begin(level: Coarse, w: F64, residual: F64, moment: F64, mu: F64) -> float:
    """Take the slow fields out of the residual, into w; returns what that adds to ``|w|_S^2``.

    `moment`, `mu` : (P Q,) work space
    """
    down, across = level.down, level.across
    moment[:] = 0.0
    for i in range(w.shape[0]):
        for q in range(across.shape[0]):
            sum_ = _dot(across[q], residual[i])
            for p in range(down.shape[0]):
                moment[p * across.shape[0] + q] += down[p, i] * sum_
    _times(level.inverse, moment, mu)
    gained = _dot(moment, mu)
    for i in range(w.shape[0]):
        for q in range(across.shape[0]):
            level_, slope = _along(level, mu, q, i)
            wave, lost, put, rest = across[q], level.leak[q, i], w[i], residual[i]
            for j in range(wave.size):
                put[j] += level_ * wave[j]
                rest[j] -= slope * wave[j] + level_ * lost[j]
            if i + 1 == w.shape[0]:
                for j in range(wave.size):
                    rest[j] -= level.y_out[j] * level_ * wave[j]
    return gained


@njit(cache=True, nogil=True)
def _times(matrix: F64, x: F64, out: F64) -> None:
    """``out = matrix x``."""
    for k in range(x.size):
        out[k] = _dot(matrix[k], x)


@njit(cache=True, nogil=True)
def _along(level: Coarse, mu: F64, q: int, i: int) -> tuple[float, float]:
    """Wave q's share of ``Z mu`` and of ``T_c Z mu`` in row i."""
    value, slope = 0.0, 0.0
    for p in range(level.down.shape[0]):
        weight = mu[p * level.across.shape[0] + q]
        value += level.down[p, i] * weight
        slope += level.tied[p, i] * weight
    return value, slope


@njit(cache=True, nogil=True)
def turn(
    scale: float,
    z: F64,
    residual: F64,
    g: F64,
    level: Coarse,
    search: F64,
    forced: F64,
    moment: F64,
    mu: F64,
    line: F64,
) -> None:
    """``search = z - Z mu + scale search``; ``forced = r - M_c Z mu + scale forced``, which stays M_c times it.

    `moment`, `mu` : (P Q,) and `line` (n,), work space
    """
    down, across = level.down, level.across
    waves, m = across.shape[0], z.shape[0]
    moment[:] = 0.0
    for i in range(m):
        for q in range(waves):
            lost, sum_ = _dot(level.leak[q, i], z[i]), _dot(across[q], z[i])
            for p in range(down.shape[0]):
                moment[p * waves + q] += down[p, i] * lost + level.tied[p, i] * sum_
    for q in range(waves):
        end = 0.0
        for j in range(level.y_out.size):
            end += level.y_out[j] * across[q, j] * z[m - 1, j]
        for p in range(down.shape[0]):
            moment[p * waves + q] += down[p, m - 1] * end
    _times(level.inverse, moment, mu)
    for i in range(m):
        fresh, push, cells, p_, f = z[i], residual[i], g[i], search[i], forced[i]
        for j in range(line.size):
            line[j] = 0.0
            f[j] = push[j] + scale * f[j]
        for q in range(waves):
            value, slope = _along(level, mu, q, i)
            wave = across[q]
            for j in range(line.size):
                line[j] += value * wave[j]
                f[j] -= slope * wave[j]
        for j in range(line.size):
            p_[j] = fresh[j] - line[j] + scale * p_[j]
            f[j] -= cells[j] * line[j]
        if i + 1 == m:
            for j in range(line.size):
                f[j] -= level.y_out[j] * line[j]
