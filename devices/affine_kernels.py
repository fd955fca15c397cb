"""Pulses whose step is an affine function of the conductance, many at once. Numpy twin: `devices.reference`."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .reference import MOST_PULSES

F32 = NDArray[np.float32]

BLOCK = 512
"""Cells worked on together: the scratch arrays of a block stay in the first-level cache."""


@njit(cache=True, error_model="numpy")
def affine_pulses(
    g: F32,
    count: F32,
    xi: F32,
    slope: tuple[F32, F32],
    first: tuple[F32, F32],
    gain: tuple[F32, F32],
    bounds: tuple[F32, F32],
    size: tuple[np.float32, np.float32],
    proportional: bool,
    ends: tuple[np.float32, np.float32],
    fresh: F32,
) -> None:
    """Conductance after `count` pulses, one Gaussian draw for all of them, into `fresh`.

    With x the distance to the end of the range, one pulse makes the step ``y = gain (slope x + first)``, and y
    shrinks by M = 1 - gain slope from pulse to pulse. n pulses make ``y E_n`` with E_n the sum of M^i for i < n,
    so that no division by a vanishing slope is needed. The variance is S_n, times y^2 where the noise is
    proportional to the step, or times the square of its constant size. The binary digits of `count` suffice::

        E_j+k = E_j + M_j E_k
        S_j+k = S_j M_k^2 + S_k (M_j^2 + a^2 S_j)    proportional, a = gain slope
        S_j+k = S_j M_k^2 + S_k                      constant

    Parameters
    ----------
    g, count, xi, fresh : (cells,) conductance [S], signed pulses, standard normal draws, result [S]
    slope, first, gain : for SET and RESET, each (cells,) or (1,): [1], [S], [1]
    bounds : lowest and highest conductance of each cell, each (cells,) or (1,) [S]
    size : sd of one SET and one RESET pulse: over its step where `proportional`, else at gain 1 [S]
    ends : g_min, g_max, from which x is counted [S]
    """
    zero, half = np.float32(0), np.float32(0.5)
    slope_up, slope_down, first_up, first_down = slope[0], slope[1], first[0], first[1]
    gain_up, gain_down, low, high = gain[0], gain[1], bounds[0], bounds[1]
    many_slopes, many_gains, many_bounds = slope_up.size > 1, gain_up.size > 1, low.size > 1
    left = np.empty(BLOCK, dtype=np.int32)
    a, step, noise = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    e, s = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    for start in range(0, g.size, BLOCK):
        n = min(BLOCK, g.size - start)
        # Views indexed from 0, both directions loaded before one is picked: so the loops become vector instructions.
        part = slice(start, start + n)
        own = part if many_gains else slice(0, 1)
        line = part if many_slopes else slice(0, 1)
        cells, counts, draws, out = g[part], count[part], xi[part], fresh[part]
        up_gain, down_gain = gain_up[own], gain_down[own]
        up_slope, down_slope, up_first, down_first = (
            slope_up[line],
            slope_down[line],
            first_up[line],
            first_down[line],
        )
        for i in range(n):
            up = counts[i] > zero
            at, mine = i if many_slopes else 0, i if many_gains else 0
            one_gain, other_gain = up_gain[mine], down_gain[mine]
            one_slope, other_slope, one_first, other_first = (
                up_slope[at],
                down_slope[at],
                up_first[at],
                down_first[at],
            )
            share = one_gain if up else other_gain
            a[i] = share * (one_slope if up else other_slope)
            x = ends[1] - cells[i] if up else cells[i] - ends[0]
            y = a[i] * x + share * (one_first if up else other_first)
            step[i] = y if y > zero else zero
            spread = size[0] if up else size[1]
            noise[i] = spread if proportional else spread * share
            pulses = abs(counts[i]) + half
            left[i] = np.int32(pulses if pulses < MOST_PULSES else MOST_PULSES)
        most = np.int32(0)
        for i in range(n):
            most = max(most, left[i])
        if proportional:
            _proportional_moments(n, most, left, a, noise, e, s)
        else:
            _constant_moments(n, most, left, a, e, s)
        own = part if many_bounds else slice(0, 1)
        bottom, top = low[own], high[own]
        for i in range(n):
            mine = i if many_bounds else 0
            least, greatest = bottom[mine], top[mine]
            spread = step[i] if proportional else noise[i]
            change = step[i] * e[i] + spread * np.sqrt(s[i]) * draws[i]
            moved = cells[i] + change if counts[i] > zero else cells[i] - change
            moved = moved if moved > least else least
            moved = moved if moved < greatest else greatest
            out[i] = moved if abs(counts[i]) >= half else cells[i]


@njit(cache=True, error_model="numpy")
def _constant_moments(n: int, most: np.int32, left: NDArray[np.int32], a: F32, e: F32, s: F32) -> None:
    """E and S of constant noise after the pulses left; `left` and `a` are used up."""
    one, zero = np.float32(1), np.float32(0)
    m, e2, s2 = np.empty(n, np.float32), np.empty(n, np.float32), np.empty(n, np.float32)
    for i in range(n):
        a[i] = one - a[i]  # from here on M of 2^k pulses
        m[i], e[i], s[i], e2[i], s2[i] = one, zero, zero, one, one
    while most > 0:
        for i in range(n):
            odd = (left[i] & 1) == 1
            m_1, m_2, e_1, s_1 = m[i], a[i], e[i], s[i]
            square = m_2 * m_2
            joined_e, joined_s, joined_m = e_1 + m_1 * e2[i], s_1 * square + s2[i], m_1 * m_2
            e[i] = joined_e if odd else e_1
            s[i] = joined_s if odd else s_1
            m[i] = joined_m if odd else m_1
            s2[i] = s2[i] * square + s2[i]
            e2[i] = e2[i] + m_2 * e2[i]
            a[i] = square
            left[i] = left[i] >> 1
        most = most >> 1


@njit(cache=True, error_model="numpy")
def _proportional_moments(
    n: int, most: np.int32, left: NDArray[np.int32], a: F32, noise: F32, e: F32, s: F32
) -> None:
    """E and S of proportional noise after the pulses left; `left` and `a` are used up."""
    one, zero = np.float32(1), np.float32(0)
    m, e2, s2 = np.empty(n, np.float32), np.empty(n, np.float32), np.empty(n, np.float32)
    shrink = np.empty(n, np.float32)
    for i in range(n):
        shrink[i] = a[i] * a[i]
        a[i] = one - a[i]
        m[i], e[i], s[i], e2[i], s2[i] = one, zero, zero, one, noise[i] * noise[i]
    while most > 0:
        for i in range(n):
            odd = (left[i] & 1) == 1
            m_1, m_2, e_1, s_1, s_2 = m[i], a[i], e[i], s[i], s2[i]
            square = m_2 * m_2
            joined_s = s_1 * square + s_2 * (m_1 * m_1 + shrink[i] * s_1)
            joined_e, joined_m = e_1 + m_1 * e2[i], m_1 * m_2
            e[i] = joined_e if odd else e_1
            s[i] = joined_s if odd else s_1
            m[i] = joined_m if odd else m_1
            s2[i] = s_2 * square + s_2 * (square + shrink[i] * s_2)
            e2[i] = e2[i] + m_2 * e2[i]
            a[i] = square
            left[i] = left[i] >> 1
        most = most >> 1
