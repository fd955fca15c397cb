"""Hot loops of the crossbar. Pure; random numbers are drawn outside. Numpy twins: `hwsim.reference`.

Cells are read from a *line store*: one number a cell, (slots, rows), so that a driven slot is one contiguous line.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True)
def store_rows(lines: NDArray[np.float32], rows: NDArray[np.int32], values: NDArray[np.float32]) -> None:
    """Put `values` (n, slots) of `rows` into the line store."""
    slots = values.shape[1]
    for start in range(0, slots, 16):  # sixteen slots of a row are one cache line of `values`
        stop = min(start + 16, slots)
        for i in range(rows.size):
            row, part = rows[i], values[i]
            for slot in range(start, stop):
                lines[slot, row] = part[slot]


@njit(cache=True)
def line_sums(
    lines: NDArray[np.float32],
    active: NDArray[np.int32],
    bounds: NDArray[np.int64],
    sums: NDArray[np.float32],
) -> None:
    """Sum over the active slots of each tile, `sums` (tiles down, rows) in place.

    Ideal wires: every driven cell sees the full voltage and a bit line collects plain sums. A wire model
    enters here, as another way from the cells and the driven slots to the same sums.
    """
    for tile in range(bounds.size - 1):
        part = sums[tile]
        part[:] = 0
        i, end = bounds[tile], bounds[tile + 1]
        while i + 4 <= end:  # four lines at once halve the traffic of the sums
            a, b, c, d = lines[active[i]], lines[active[i + 1]], lines[active[i + 2]], lines[active[i + 3]]
            for r in range(part.size):
                part[r] += (a[r] + b[r]) + (c[r] + d[r])
            i += 4
        while i < end:
            a = lines[active[i]]
            for r in range(part.size):
                part[r] += a[r]
            i += 1


@njit(cache=True)
def line_sums_and_squares(
    lines: NDArray[np.float32],
    active: NDArray[np.int32],
    bounds: NDArray[np.int64],
    sums: NDArray[np.float32],
    squares: NDArray[np.float32],
) -> None:
    """`line_sums`, and the sums of squares beside it: the variance of noise proportional to conductance."""
    for tile in range(bounds.size - 1):
        part, square = sums[tile], squares[tile]
        part[:] = 0
        square[:] = 0
        i, end = bounds[tile], bounds[tile + 1]
        while i + 4 <= end:
            a, b, c, d = lines[active[i]], lines[active[i + 1]], lines[active[i + 2]], lines[active[i + 3]]
            for r in range(part.size):
                part[r] += (a[r] + b[r]) + (c[r] + d[r])
                square[r] += (a[r] * a[r] + b[r] * b[r]) + (c[r] * c[r] + d[r] * d[r])
            i += 4
        while i < end:
            a = lines[active[i]]
            for r in range(part.size):
                part[r] += a[r]
                square[r] += a[r] * a[r]
            i += 1


@njit(cache=True)
def row_sums_and_squares(
    g: NDArray[np.float32],
    rows: NDArray[np.int32],
    active: NDArray[np.int32],
    bounds: NDArray[np.int64],
    sums: NDArray[np.float32],
    squares: NDArray[np.float32],
) -> None:
    """What `line_sums_and_squares` gives for `rows`, bit for bit, but from the cells' own layout (rows, slots).

    A row that just learned is cheaper to gather from here than to scatter into the line store.
    """
    for k in range(rows.size):
        row = g[rows[k]]
        for tile in range(bounds.size - 1):
            part, square = np.float32(0), np.float32(0)
            i, end = bounds[tile], bounds[tile + 1]
            while i + 4 <= end:
                a, b, c, d = row[active[i]], row[active[i + 1]], row[active[i + 2]], row[active[i + 3]]
                part += (a + b) + (c + d)
                square += (a * a + b * b) + (c * c + d * d)
                i += 4
            while i < end:
                a = row[active[i]]
                part += a
                square += a * a
                i += 1
            sums[tile, rows[k]] = part
            squares[tile, rows[k]] = square


@njit(cache=True)
def line_squares(
    lines: NDArray[np.float32],
    active: NDArray[np.int32],
    bounds: NDArray[np.int64],
    squares: NDArray[np.float32],
) -> None:
    """Sum of the squares over the active slots of each tile, `squares` (tiles down, rows) in place."""
    for tile in range(bounds.size - 1):
        square = squares[tile]
        square[:] = 0
        for i in range(bounds[tile], bounds[tile + 1]):
            line = lines[active[i]]
            for r in range(square.size):
                square[r] += line[r] * line[r]


@njit(cache=True)
def count_above(
    lines: NDArray[np.float32], active: NDArray[np.int32], reference: np.float32
) -> NDArray[np.int32]:
    """Cells on active slots sensed above `reference`, without noise, (rows,). Absent cells hold -1."""
    counts = np.zeros(lines.shape[1], dtype=np.int32)
    for i in range(active.size):
        line = lines[active[i]]
        for r in range(counts.size):
            counts[r] += np.int32(line[r] >= reference)
    return counts


@njit(cache=True)
def row_count_above(
    g: NDArray[np.float32],
    pool: NDArray[np.uint8],
    rows: NDArray[np.int32],
    active: NDArray[np.int32],
    reference: np.float32,
    counts: NDArray[np.int32],
) -> None:
    """What `count_above` gives for `rows`, but from the cells' own layout (rows, slots); into `counts`."""
    for k in range(rows.size):
        row, present = g[rows[k]], pool[rows[k]]
        total = np.int32(0)
        for i in range(active.size):
            total += np.int32((row[active[i]] >= reference) & (present[active[i]] != 0))
        counts[rows[k]] = total


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
    margins : (slots, rows) distance of each cell from the reference in read-noise deviations
    active : driven slots
    sigmas : a cell further from the reference than this is certain
    counts : (rows,) certain cells of each line, in place
    doubtful : (n_active,) cells in doubt on each driven slot, in place

    Returns
    -------
    cells in doubt, in all
    """
    counts[:] = 0
    total = 0
    for i in range(active.size):
        line = margins[active[i]]
        near = np.int32(0)
        for r in range(counts.size):
            counts[r] += np.int32(line[r] >= sigmas)
            near += np.int32((line[r] < sigmas) & (line[r] > -sigmas))
        doubtful[i] = near
        total += near
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
    for i in range(active.size):
        if doubtful[i] > 0:
            line = margins[active[i]]
            for r in range(counts.size):
                if (line[r] < sigmas) & (line[r] > -sigmas):
                    counts[r] += np.int32(line[r] + normals[at] >= np.float32(0))
                    at += 1


@njit(cache=True)
def _condition_tile(
    value: NDArray[np.float32],
    noise_variance: NDArray[np.float32],
    normals: NDArray[np.float32],
    tile: int,
    first_reference: int,
    tile_columns: int,
    copies: int,
    limit: np.float32,
) -> None:
    """What `condition` does, for the lines of one tile, in place."""
    if normals.shape[0] > 0:
        variance, draw = noise_variance[tile], normals[tile]
        for r in range(value.size):
            value[r] += np.sqrt(variance[r]) * draw[r]
    if limit < np.float32(np.inf):
        for r in range(value.size):
            value[r] = min(max(value[r], -limit), limit)
    if copies == 0:
        return
    for first in range(first_reference, value.size, copies):
        mean = value[first]
        if copies > 1:
            for i in range(1, copies):
                mean += value[first + i]
            mean /= np.float32(copies)
        start = (first - first_reference) // copies * tile_columns
        for r in range(start, min(start + tile_columns, first_reference)):
            value[r] -= mean


@njit(cache=True)
def condition(
    sums: NDArray[np.float32],
    noise_variance: NDArray[np.float32],
    normals: NDArray[np.float32],
    first_reference: int,
    tile_columns: int,
    copies: int,
    limit: np.float32,
) -> NDArray[np.float32]:
    """Line sums through noise, trans-impedance stages and reference subtraction: what the converters are given.

    Parameters
    ----------
    sums : (tiles down, lines) noiseless sums [S]
    noise_variance, normals : (tiles down, lines) or (0, 0) where reads have no noise [S^2]
    first_reference : the lines from here on are reference columns, `copies` for every `tile_columns` lines; the mean
        of what these carry is subtracted from those
    tile_columns : bit lines of a tile
    copies : reference columns of a tile, side by side; 0 where none is
    limit : at which a stage saturates, of either sign [S]; infinite where none does

    Returns
    -------
    (tiles down, lines) [S]
    """
    values = sums.copy()
    for tile in range(sums.shape[0]):
        _condition_tile(
            values[tile], noise_variance, normals, tile, first_reference, tile_columns, copies, limit
        )
    return values


@njit(cache=True)
def convert(
    sums: NDArray[np.float32],
    noise_variance: NDArray[np.float32],
    normals: NDArray[np.float32],
    first_reference: int,
    tile_columns: int,
    copies: int,
    limit: np.float32,
    offset: NDArray[np.float32],
    lsb: np.float32,
    top_code: np.float32,
) -> NDArray[np.float32]:
    """`condition`, then an ADC without errors but its offset, partial sums added digitally.

    Parameters
    ----------
    sums, noise_variance, normals, first_reference, tile_columns, copies, limit : as of `condition`
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
        _condition_tile(value, noise_variance, normals, tile, first_reference, tile_columns, copies, limit)
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
) -> tuple[NDArray[np.float32], int]:
    """Signed pulses of each cell of `rows`, (n, slots): +up[i] where the slot is driven, -down[i] elsewhere in
    the pool, 0 outside it; and how many they are in all, a part of a pulse counted as one.

    Each phase is parallel over a row, so its pulse count is common to the row.
    """
    counts = np.empty((rows.size, pool.shape[1]), dtype=np.float32)
    pulses = 0
    for i in range(rows.size):
        mask, row_counts = pool[rows[i]], counts[i]
        raised, lowered = up[i], -down[i]
        for slot in range(mask.size):
            signed = raised if flags[slot] != 0 else lowered
            row_counts[slot] = signed if mask[slot] != 0 else np.float32(0)
        raises, lowers = np.int32(0), np.int32(0)
        for slot in range(mask.size):
            raises += np.int32((mask[slot] != 0) & (flags[slot] != 0))
            lowers += np.int32((mask[slot] != 0) & (flags[slot] == 0))
        pulses += raises * np.int64(np.ceil(raised)) - lowers * np.int64(np.floor(lowered))
    return counts, pulses
