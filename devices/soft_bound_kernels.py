"""Rows and single cells with soft bounds, changed in place. The general way of the model is their plain twin."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .kernels import few_pulses, soft_bound_pulses
from .noise import expand
from .row_kernels import longest, patch_from, put, take_scaled, used_slots, view

F32 = NDArray[np.float32]


@njit(cache=True)
def soft_bound_rows(
    g: F32,
    hidden: F32,
    gain_up: NDArray[np.uint16],
    gain_down: NDArray[np.uint16],
    bottom: NDArray[np.uint16],
    top: NDArray[np.uint16],
    nominal: F32,
    stuck: NDArray[np.uint8],
    rows: NDArray[np.int32],
    count: F32,
    keys: tuple[np.uint64, np.uint64],
    noise_up: np.float32,
    noise_down: np.float32,
    noise_shown: np.float32,
    proportional: bool,
) -> None:
    """`soft_bound_pulses` on whole rows, in place: every array of the cells is passed over once.

    Slots behind the last one that is pulsed are not looked at: segments fill their rows from the front.

    Parameters
    ----------
    g : (all rows, slots) conductance [S]
    hidden, stuck : (all rows, slots), or (0, slots) where the cells have none
    gain_up, gain_down : (all rows, slots) step over the nominal one in its unit, or (0, slots) where all are alike
    bottom, top : (all rows, slots) the cell's own bounds in their unit, or (0, slots) likewise
    nominal : step_up, step_down, g_min, g_max, span, and the units of gains and, over the span, of bounds
    rows : rows that are pulsed
    count : (n, slots)
    keys : of the standard normal draws of the pulses, and of what is shown beyond the resting conductance
    noise_up, noise_down : n, sd of one pulse's step over a s; both 0: none
    noise_shown : sd of what is shown beyond the resting conductance [S]
    """
    zero, one, endless = np.float32(0), np.float32(1), np.float32(np.inf)
    step_up, step_down, g_min, g_max, span, gain_unit, bound_unit = nominal
    bound_unit *= span
    xi = np.zeros(count.shape, dtype=np.float32)
    if noise_up > zero or noise_down > zero:
        expand(keys[0], xi.reshape(-1))
    shown = np.empty(count.shape if hidden.shape[0] > 0 else (0, 0), dtype=np.float32)
    expand(keys[1], shown.reshape(-1))
    rests = hidden if hidden.shape[0] > 0 else g
    lines, widths = np.arange(rows.size, dtype=np.int32), np.empty(rows.size, dtype=np.int32)
    used_slots(count, widths)
    scratch = np.empty((10, longest(g.shape[1])), dtype=np.float32)
    scratch[0], scratch[1], scratch[2], scratch[3] = step_up, step_down, g_min, g_max
    faults = np.empty(scratch.shape[1], dtype=np.uint8)
    first = 0
    while first < rows.size:
        last, n = patch_from(first, widths)
        line, part, ends = lines[first:last], rows[first:last], widths[first:last]
        # One by one: lines of a slice of `scratch` would not be known to have no gaps.
        up, down, low, high = scratch[0][:n], scratch[1][:n], scratch[2][:n], scratch[3][:n]
        state = view(rests, part, ends, scratch[4][:n])
        signed = view(count, line, ends, scratch[5][:n])
        draws = view(xi, line, ends, scratch[6][:n])
        if gain_up.shape[0] > 0:
            take_scaled(gain_up, gain_unit * step_up, one, part, ends, up)
            take_scaled(gain_down, gain_unit * step_down, one, part, ends, down)
        if bottom.shape[0] > 0:
            take_scaled(bottom, bound_unit, endless, part, ends, low)
            take_scaled(top, bound_unit, endless, part, ends, high)
        fresh = scratch[9][:n]
        given = state, up, down, low, high, signed, draws, noise_up, noise_down
        if proportional or not few_pulses(*given, span, fresh):
            fresh[:] = soft_bound_pulses(*given, proportional, span)
        # One simple loop a purpose and no condition that skips a load, so that each becomes vector instructions.
        for i in range(n):
            positive = fresh[i] if fresh[i] > zero else zero
            fresh[i] = positive if signed[i] != zero else state[i]
        codes = faults[:n]
        if stuck.shape[0] > 0:
            codes = view(stuck, part, ends, codes)
            for i in range(n):
                fresh[i] = fresh[i] if codes[i] == 0 else state[i]
        put(fresh, part, ends, rests)
        if hidden.shape[0] > 0:
            before = view(g, part, ends, scratch[7][:n])
            added = view(shown, line, ends, scratch[8][:n])
            for i in range(n):
                value = fresh[i] + added[i] * noise_shown
                value = value if value > zero else zero
                added[i] = value if signed[i] != zero else before[i]
            if stuck.shape[0] > 0:
                for i in range(n):
                    added[i] = added[i] if codes[i] == 0 else before[i]
            put(added, part, ends, g)
        first = last


@njit(cache=True)
def soft_bound_places(
    g: F32,
    hidden: F32,
    bottom: NDArray[np.uint16],
    top: NDArray[np.uint16],
    ends: tuple[np.float32, np.float32],
    unit: np.float32,
    stuck: NDArray[np.uint8],
    rows: NDArray[np.int32],
    slots: NDArray[np.int32],
    wanted: F32,
    key: np.uint64,
    noise_shown: np.float32,
) -> None:
    """Write single cells to `wanted` conductances [S], in place, as far as each cell's own bounds let it.

    Parameters
    ----------
    g, hidden, bottom, top, stuck, noise_shown : see `soft_bound_rows`
    ends, unit : g_min, g_max, and the unit of bounds [S]
    rows, slots, wanted : (n,)
    key : of the standard normal draws of what is shown beyond the resting conductance
    """
    zero = np.float32(0)
    shown = np.empty(wanted.size if hidden.shape[0] > 0 else 0, dtype=np.float32)
    expand(key, shown)
    for i in range(wanted.size):
        row, slot = np.uint64(rows[i]), np.uint64(slots[i])
        if stuck.shape[0] > 0 and stuck[row, slot] != 0:
            continue
        value = min(max(wanted[i], ends[0]), ends[1])
        if bottom.shape[0] > 0:
            low, high = np.float32(bottom[row, slot]) * unit, np.float32(top[row, slot]) * unit
            value = min(max(value, low), high)
        value = max(value, zero)
        if hidden.shape[0] > 0:
            hidden[row, slot] = value
            value = max(value + shown[i] * noise_shown, zero)
        g[row, slot] = value
