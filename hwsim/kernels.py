"""Hot loops of the crossbar. Pure; random numbers are drawn outside. Numpy twins: `hwsim.reference`."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

BLOCK = 64
"""Rows side by side in a line store: one active slot of a block is 256 contiguous bytes."""


@njit(cache=True)
def store_rows(lines: NDArray[np.float32], rows: NDArray[np.int32], values: NDArray[np.float32]) -> None:
    """Put `values` (n, slots) of `rows` into the line store `lines` (blocks, slots, BLOCK)."""
    for i in range(rows.size):
        block = lines[rows[i] // BLOCK]
        place = rows[i] % BLOCK
        row_values = values[i]
        for slot in range(row_values.size):
            block[slot, place] = row_values[slot]


@njit(cache=True)
def line_sums(
    lines: NDArray[np.float32],
    active: NDArray[np.int32],
    bounds: NDArray[np.int64],
    sums: NDArray[np.float32],
) -> None:
    """Sum over the active slots of each tile, `sums` (tiles down, blocks * BLOCK) in place.

    Ideal wires: every driven cell sees the full voltage and a bit line collects plain sums. A wire model
    enters here, as another way from the cells and the driven slots to the same sums.
    """
    part = np.empty(BLOCK, dtype=np.float32)
    for b in range(lines.shape[0]):
        block = lines[b]
        for tile in range(bounds.size - 1):
            part[:] = 0
            for i in range(bounds[tile], bounds[tile + 1]):
                line = block[active[i]]
                for r in range(BLOCK):
                    part[r] += line[r]
            sums[tile, b * BLOCK : (b + 1) * BLOCK] = part


@njit(cache=True)
def line_sums_and_squares(
    lines: NDArray[np.float32],
    active: NDArray[np.int32],
    bounds: NDArray[np.int64],
    sums: NDArray[np.float32],
    squares: NDArray[np.float32],
) -> None:
    """`line_sums`, and the sums of squares beside it: the variance of noise proportional to conductance."""
    part = np.empty(BLOCK, dtype=np.float32)
    part_squares = np.empty(BLOCK, dtype=np.float32)
    for b in range(lines.shape[0]):
        block = lines[b]
        for tile in range(bounds.size - 1):
            part[:] = 0
            part_squares[:] = 0
            for i in range(bounds[tile], bounds[tile + 1]):
                line = block[active[i]]
                for r in range(BLOCK):
                    part[r] += line[r]
                    part_squares[r] += line[r] * line[r]
            sums[tile, b * BLOCK : (b + 1) * BLOCK] = part
            squares[tile, b * BLOCK : (b + 1) * BLOCK] = part_squares


@njit(cache=True)
def line_squares(
    lines: NDArray[np.float32],
    active: NDArray[np.int32],
    bounds: NDArray[np.int64],
    squares: NDArray[np.float32],
) -> None:
    """Sum of the squares over the active slots of each tile, `squares` (tiles down, blocks * BLOCK) in place."""
    part = np.empty(BLOCK, dtype=np.float32)
    for b in range(lines.shape[0]):
        block = lines[b]
        for tile in range(bounds.size - 1):
            part[:] = 0
            for i in range(bounds[tile], bounds[tile + 1]):
                line = block[active[i]]
                for r in range(BLOCK):
                    part[r] += line[r] * line[r]
            squares[tile, b * BLOCK : (b + 1) * BLOCK] = part


@njit(cache=True)
def count_above(
    lines: NDArray[np.float32], active: NDArray[np.int32], reference: np.float32, rows: int
) -> NDArray[np.int32]:
    """Cells on active slots sensed above `reference`, without noise, (rows,). Absent cells hold -1."""
    counts = np.zeros(lines.shape[0] * BLOCK, dtype=np.int32)
    part = np.empty(BLOCK, dtype=np.int32)
    for b in range(lines.shape[0]):
        block = lines[b]
        part[:] = 0
        for i in range(active.size):
            line = block[active[i]]
            for r in range(BLOCK):
                part[r] += np.int32(line[r] >= reference)
        counts[b * BLOCK : (b + 1) * BLOCK] = part
    return counts[:rows]


@njit(cache=True)
def count_certain(
    margins: NDArray[np.float32],
    active: NDArray[np.int32],
    sigmas: np.float32,
    counts: NDArray[np.int32],
    doubtful: NDArray[np.int32],
) -> int:
    """Noisy sensing, first pass: cells certain to be sensed as connected, and how many are in doubt.

    Parameters
    ----------
    margins : (blocks, slots, BLOCK) distance of each cell from the reference in read-noise deviations
    active : driven slots
    sigmas : a cell further from the reference than this is certain
    counts : (blocks * BLOCK,) certain cells of each line, in place
    doubtful : (blocks, n_active) cells in doubt, in place

    Returns
    -------
    cells in doubt, in all
    """
    total = 0
    part = np.empty(BLOCK, dtype=np.int32)
    for b in range(margins.shape[0]):
        block = margins[b]
        part[:] = 0
        for i in range(active.size):
            line = block[active[i]]
            near = np.int32(0)
            for r in range(BLOCK):
                part[r] += np.int32(line[r] >= sigmas)
                near += np.int32((line[r] < sigmas) & (line[r] > -sigmas))
            doubtful[b, i] = near
            total += near
        counts[b * BLOCK : (b + 1) * BLOCK] = part
    return total


@njit(cache=True)
def count_doubtful(
    margins: NDArray[np.float32],
    active: NDArray[np.int32],
    sigmas: np.float32,
    counts: NDArray[np.int32],
    doubtful: NDArray[np.int32],
    normals: NDArray[np.float32],
) -> None:
    """Noisy sensing, second pass: each cell in doubt takes the next of `normals`; added to `counts` in place."""
    at = 0
    for b in range(margins.shape[0]):
        for i in range(active.size):
            if doubtful[b, i] > 0:
                line = margins[b, active[i]]
                for r in range(BLOCK):
                    if (line[r] < sigmas) & (line[r] > -sigmas):
                        counts[b * BLOCK + r] += np.int32(line[r] + normals[at] >= np.float32(0))
                        at += 1


@njit(cache=True)
def convert(
    sums: NDArray[np.float32],
    noise_variance: NDArray[np.float32],
    normals: NDArray[np.float32],
    baseline: NDArray[np.float32],
    offset: NDArray[np.float32],
    lsb: np.float32,
    top_code: np.float32,
) -> NDArray[np.float32]:
    """Line sums through noise, reference subtraction and ADC, partial sums added digitally.

    Parameters
    ----------
    sums : (tiles down, lines) noiseless sums [S]
    noise_variance, normals : (tiles down, lines) or (0, 0) where reads have no noise [S^2]
    baseline : (tiles down, lines) what is subtracted before the ADC [S], or (0, 0)
    offset : (tiles down, lines) each ADC's own offset in steps, or (0, 0)
    lsb : ADC step [S]; 0 where there is no ADC
    top_code : highest code

    Returns
    -------
    (lines,) [S]
    """
    total = np.zeros(sums.shape[1], dtype=np.float32)
    value = np.empty(sums.shape[1], dtype=np.float32)
    zero = np.float32(0)
    for tile in range(sums.shape[0]):
        value[:] = sums[tile]
        if normals.shape[0] > 0:
            variance, draw = noise_variance[tile], normals[tile]
            for r in range(value.size):
                value[r] += np.sqrt(variance[r]) * draw[r]
        if baseline.shape[0] > 0:
            base = baseline[tile]
            for r in range(value.size):
                value[r] -= base[r]
        if lsb > zero:
            scale = np.float32(1) / lsb
            for r in range(value.size):
                value[r] *= scale
            if offset.shape[0] > 0:
                shift = offset[tile]
                for r in range(value.size):
                    value[r] += shift[r]
            for r in range(value.size):
                code = np.rint(value[r])
                code = code if code > zero else zero
                code = code if code < top_code else top_code
                value[r] = code * lsb
        for r in range(value.size):
            total[r] += value[r]
    return total


@njit(cache=True)
def pulse_counts(
    rows: NDArray[np.int32],
    pool: NDArray[np.uint8],
    flags: NDArray[np.uint8],
    up: NDArray[np.float32],
    down: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Signed pulses of each cell of `rows`, (n, slots): +up[i] where the slot is driven, -down[i] elsewhere in
    the pool, 0 outside it. Each phase is parallel over a row, so its pulse count is common to the row."""
    counts = np.empty((rows.size, pool.shape[1]), dtype=np.float32)
    for i in range(rows.size):
        mask, row_counts = pool[rows[i]], counts[i]
        raised, lowered = up[i], -down[i]
        for slot in range(mask.size):
            signed = raised if flags[slot] != 0 else lowered
            row_counts[slot] = signed if mask[slot] != 0 else np.float32(0)
    return counts
