"""Hot loops of devices whose step changes exponentially along the range. The numpy twin is in `devices.reference`."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .vector_math import exp_flat, log_flat

F32 = NDArray[np.float32]

BLOCK = 512
"""Cells worked on together: the scratch arrays of a block stay in the first-level cache."""
STEP, K, KAPPA, C2C, ADD, SLOPE, SYMMETRY = range(7)
"""Places in a row of `courses`: the fields of a `Course`."""

# Each loop below touches few arrays, and no condition skips a load: else the compiler goes cell by cell. (With many
# arrays it cannot rule out that they overlap.)


@njit(cache=True)
def _choose(rises: NDArray[np.bool_], up: np.float32, down: np.float32, out: F32) -> None:
    for i in range(out.size):
        out[i] = up if rises[i] else down


@njit(cache=True)
def _units(
    rises: NDArray[np.bool_], gain_up: F32, gain_down: F32, up: np.float32, down: np.float32, out: F32
) -> None:
    """Each cell's own unit of the step."""
    if gain_up.size == 1:
        _choose(rises, up * gain_up[0], down * gain_down[0], out)
        return
    for i in range(out.size):
        rise, fall = up * gain_up[i], down * gain_down[i]
        out[i] = rise if rises[i] else fall


@njit(cache=True, error_model="numpy")
def _steps(v: F32, kappa: F32, k: F32, out: F32) -> None:
    """``max(0, 1 - k exp(kappa v))``: a step over its unit."""
    zero, one, highest = np.float32(0), np.float32(1), np.float32(60)
    for i in range(v.size):
        grown = v[i] * kappa[i]
        out[i] = grown if grown < highest else highest
    exp_flat(out, out)
    for i in range(v.size):
        y = one - k[i] * out[i]
        out[i] = y if y > zero else zero


@njit(cache=True)
def _noise(v: F32, y: F32, unit: F32, symmetry: F32, course: F32, out: F32) -> None:
    """Sd of one pulse of a cell at v that steps by y times its unit."""
    c2c, add, slope = course[C2C], course[ADD], course[SLOPE]
    if add > np.float32(0) or slope > np.float32(0):
        for i in range(v.size):
            out[i] = c2c * (unit[i] * y[i] + (add + slope * abs(v[i] - symmetry[i])))
    else:
        for i in range(v.size):
            out[i] = c2c * (unit[i] * y[i])


@njit(cache=True, error_model="numpy")
def _ahead(y1: F32, left: F32, d: F32) -> None:
    """``d = 1 - y1 + y1 left``, not below 1e-20."""
    one, tiny = np.float32(1), np.float32(1e-20)
    for i in range(d.size):
        ahead = (one - y1[i]) + y1[i] * left[i]
        d[i] = ahead if ahead > tiny else tiny


@njit(cache=True, error_model="numpy")
def course_pulses(
    v: F32, signed: F32, gain_up: F32, gain_down: F32, xi: F32, courses: F32, moved: F32
) -> None:
    """Place in the range after whole numbers of pulses, unclipped: `devices.reference.course_pulse`.

    Parameters
    ----------
    v : (cells,) place in the range before, 0..1
    signed : (cells,) pulses, whole numbers; below 0 along the second course, whose coordinate is 1 - v
    gain_up, gain_down : (cells,) or (1,) step over the nominal one
    xi : (cells,) standard normal draws
    courses : (2, 7) the fields of the upward and the downward course, which share those of the noise
    moved : (cells,) result
    """
    zero, half, one = np.float32(0), np.float32(0.5), np.float32(1)
    rising, falling = courses[0], courses[1]
    scratch, rising_cells = np.empty((19, BLOCK), dtype=np.float32), np.empty(BLOCK, dtype=np.bool_)
    for start in range(0, v.size, BLOCK):
        size = min(BLOCK, v.size - start)
        part = slice(start, start + size)
        given, count, draw, result = v[part], signed[part], xi[part], moved[part]
        x, n, unit, kappa = scratch[0][:size], scratch[1][:size], scratch[2][:size], scratch[3][:size]
        k, symmetry, y, end, sd = (
            scratch[4][:size], scratch[5][:size], scratch[6][:size], scratch[7][:size], scratch[8][:size],
        )  # fmt: skip
        rises, turns = rising_cells[:size], scratch[16][:size]
        several = np.int32(0)
        for i in range(size):
            rises[i] = count[i] >= zero
            n[i] = abs(count[i])
        for i in range(size):
            place = given[i]
            x[i] = place if rises[i] else one - place
        for i in range(size):
            several += np.int32(n[i] > np.float32(1.5))
        same = gain_up.size == 1
        own = gain_up if same else gain_up[part], gain_down if same else gain_down[part]
        _units(rises, own[0], own[1], rising[STEP], falling[STEP], unit)
        _choose(rises, rising[KAPPA], falling[KAPPA], kappa)
        _choose(rises, rising[K], falling[K], k)
        _choose(rises, one / rising[KAPPA], one / falling[KAPPA], turns)
        _choose(rises, rising[SYMMETRY], falling[SYMMETRY], symmetry)
        _steps(x, kappa, k, y)
        for i in range(size):
            end[i] = x[i] + unit[i] * y[i]
        _noise(x, y, unit, symmetry, rising, sd)
        if several > 0:
            _later_pulses(n, unit, kappa, k, turns, symmetry, rising, end, sd, scratch)
        for i in range(size):
            end[i] += sd[i] * draw[i]
        for i in range(size):
            place = end[i]
            x[i] = place if rises[i] else one - place
        for i in range(size):
            place, before = x[i], given[i]
            result[i] = place if n[i] >= half else before


@njit(cache=True, error_model="numpy")
def _later_pulses(
    n: F32,
    unit: F32,
    kappa: F32,
    k: F32,
    turns: F32,
    symmetry: F32,
    course: F32,
    end: F32,
    sd: F32,
    scratch: F32,
) -> None:
    """Turn mean and sd after the first of `n` pulses, `end` and `sd`, into those after all, in place.

    `turns` is 1 / kappa; `scratch` is used from its tenth row on.
    """
    zero, half, one, highest = np.float32(0), np.float32(0.5), np.float32(1), np.float32(60)
    tiny, small, size = np.float32(1e-20), np.float32(1e-12), n.size
    rest, y1, left, d, yn, mean, variance = (
        scratch[9][:size], scratch[10][:size], scratch[11][:size], scratch[12][:size], scratch[13][:size],
        scratch[14][:size], scratch[15][:size],
    )  # fmt: skip
    inverse, kept = scratch[17][:size], scratch[18][:size]
    _steps(end, kappa, k, y1)
    for i in range(size):
        more = n[i] - one
        rest[i] = more if more > zero else zero
    for i in range(size):
        turn = unit[i] * kappa[i] * rest[i]
        turn = turn if turn < highest else highest
        left[i] = -(turn if turn > -highest else -highest)
    exp_flat(left, left)
    _ahead(y1, left, d)
    for i in range(size):
        inverse[i] = one / d[i]
    for i in range(size):
        share = left[i] * inverse[i]
        yn[i] = y1[i] * share
        kept[i] = share if y1[i] > small else zero  # of a difference before the pulses
    log_flat(d, d)
    for i in range(size):
        d[i] = -d[i] * turns[i]  # the change
    square = course[C2C] * course[C2C]
    for i in range(size):
        q_sum = rest[i] - d[i] / (unit[i] if unit[i] > tiny else tiny)  # integral of q over the pulses
        curve = half * ((one + square) * q_sum - square * rest[i] * (one - yn[i]))
        mean[i] = end[i] + (d[i] + yn[i] * (curve * unit[i] * unit[i] * kappa[i]))
    if course[ADD] > zero or course[SLOPE] > zero:
        # Simpson's rule over the noise of the others: at their start, in their middle, at their end.
        _noise(end, y1, unit, symmetry, course, d)
        for i in range(size):
            sd[i] = sd[i] * sd[i] + rest[i] * np.float32(1 / 6) * (d[i] * d[i])
        for i in range(size):
            left[i] = np.sqrt(left[i])
        _ahead(y1, left, d)
        for i in range(size):
            half_kept = left[i] * d[i] * inverse[i]  # from the middle on
            inverse[i] = half_kept if y1[i] > small else zero
        for i in range(size):
            left[i] = y1[i] * left[i] / d[i]
        log_flat(d, d)
        for i in range(size):
            d[i] = end[i] - d[i] * turns[i]
        _noise(d, left, unit, symmetry, course, variance)
        for i in range(size):
            carried = variance[i] * inverse[i]
            variance[i] = np.float32(4) * (carried * carried)
        _noise(mean, yn, unit, symmetry, course, d)
        for i in range(size):
            variance[i] = rest[i] * np.float32(1 / 6) * (variance[i] + d[i] * d[i])
    else:
        for i in range(size):
            last = unit[i] * yn[i]
            variance[i] = rest[i] * square * (last * last)
        for i in range(size):
            sd[i] *= sd[i]
    for i in range(size):
        variance[i] += sd[i] * (kept[i] * kept[i])
    for i in range(size):
        first, several = sd[i], variance[i]
        sd[i] = np.sqrt(
            several if rest[i] >= half else first
        )  # where there is but one pulse nothing was added
    for i in range(size):
        first, several = end[i], mean[i]
        end[i] = several if rest[i] >= half else first


@njit(cache=True, error_model="numpy")
def course_pulses_to(wanted: F32, course: F32, pulses: F32) -> None:
    """Whole nominal pulses from the bottom of the range to the places `wanted`, (cells,).

    See `devices.reference.course_pulses_to`.
    """
    zero, half = np.float32(0), np.float32(0.5)
    step, kappa = course[STEP], course[KAPPA]
    q0 = min(course[K], np.float32(1))
    inverse = np.float32(1) / max(np.float32(1) - q0, np.float32(1e-12))
    per_turn, per_step, shorter = np.float32(-1) / (step * kappa), np.float32(1) / step, half * step * kappa
    work = np.empty(BLOCK, dtype=np.float32)
    for start in range(0, wanted.size, BLOCK):
        size = min(BLOCK, wanted.size - start)
        target, out, d = wanted[start : start + size], pulses[start : start + size], work[:size]
        for i in range(size):
            place = target[i]
            ahead = place if place > zero else zero
            power = -ahead * kappa
            d[i] = power if power < np.float32(60) else np.float32(60)
        exp_flat(d, d)
        for i in range(size):
            share = (d[i] - q0) * inverse
            d[i] = share if share > np.float32(1e-20) else np.float32(1e-20)
        log_flat(d, d)
        for i in range(size):
            place = target[i]
            ahead = place if place > zero else zero
            flown = d[i] * per_turn
            # `flown` pulses of the differential equation are fewer real ones, by the same correction.
            real = flown - shorter * (flown - ahead * per_step)
            out[i] = np.floor(real + half) if real > zero else zero


@njit(cache=True)
def emptied(v: F32, count: F32, worth: np.float32, wanted: F32, cells: NDArray[np.int32]) -> int:
    """How many cells get a RESET: those with a negative `count`.

    Parameters
    ----------
    v : (cells,) place before, 0..1
    count : (cells,) signed pulses, whole numbers
    worth : what a pulse is worth, of the range
    wanted : (cells,) result: first the places that they are to reach
    cells : (cells,) result: first which they are
    """
    zero, found = np.float32(0), 0
    for i in range(v.size):  # without a branch: who falls cannot be foreseen
        place = v[i] + count[i] * worth
        wanted[found], cells[found] = place if place > zero else zero, i
        found += 1 if count[i] < zero else 0
    return found


@njit(cache=True)
def refilled(cells: NDArray[np.int32], left: F32, given: F32, v: F32, count: F32) -> None:
    """Put where RESETs left `cells`, and the SET pulses that those get then, into the places and the counts."""
    for j in range(cells.size):
        v[cells[j]], count[cells[j]] = left[j], given[j]


@njit(cache=True)
def landed(moved: F32, g: F32, count: F32, low: F32, high: F32, g_min: np.float32, span: np.float32) -> None:
    """Places in the range into conductances [S] within the cells' bounds, in place; without a pulse they stay."""
    for i in range(g.size):
        moved[i] = g_min + moved[i] * span
    for i in range(g.size):
        value = moved[i] if moved[i] > low[i] else low[i]
        moved[i] = value if value < high[i] else high[i]
    for i in range(g.size):
        fresh, before = moved[i], g[i]
        moved[i] = fresh if abs(count[i]) >= np.float32(0.5) else before
