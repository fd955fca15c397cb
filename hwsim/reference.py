"""Plain numpy twins of the kernels of columns, segments and digital permanences; tests hold them equal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from devices.noise import expand


def line_sums(
    lines: NDArray[np.float32],
    active: NDArray[np.int32],
    bounds: NDArray[np.int64],
    sums: NDArray[np.float32],
) -> None:
    for tile in range(bounds.size - 1):
        sums[tile] = lines[active[bounds[tile] : bounds[tile + 1]]].sum(axis=0)


def line_sums_and_squares(
    lines: NDArray[np.float32],
    active: NDArray[np.int32],
    bounds: NDArray[np.int64],
    sums: NDArray[np.float32],
    squares: NDArray[np.float32],
) -> None:
    line_sums(lines, active, bounds, sums)
    line_sums(lines**2, active, bounds, squares)


def row_sums_and_squares(
    g: NDArray[np.float32],
    rows: NDArray[np.int32],
    active: NDArray[np.int32],
    bounds: NDArray[np.int64],
    sums: NDArray[np.float32],
    squares: NDArray[np.float32],
) -> None:
    for tile in range(bounds.size - 1):
        driven = g[np.ix_(rows, active[bounds[tile] : bounds[tile + 1]])]
        sums[tile, rows] = driven.sum(axis=1)
        squares[tile, rows] = (driven**2).sum(axis=1)


def line_squares(
    lines: NDArray[np.float32],
    active: NDArray[np.int32],
    bounds: NDArray[np.int64],
    squares: NDArray[np.float32],
) -> None:
    line_sums(lines**2, active, bounds, squares)


def count_above(
    lines: NDArray[np.float32], active: NDArray[np.int32], reference: np.float32
) -> NDArray[np.int32]:
    return np.asarray((lines[active] >= reference).sum(axis=0, dtype=np.int32))


def row_count_above(
    g: NDArray[np.float32],
    pool: NDArray[np.uint8],
    rows: NDArray[np.int32],
    active: NDArray[np.int32],
    reference: np.float32,
    counts: NDArray[np.int32],
) -> None:
    picked = np.ix_(rows, active)
    counts[rows] = ((g[picked] >= reference) & (pool[picked] != 0)).sum(axis=1)


def count_certain(
    margins: NDArray[np.float32],
    active: NDArray[np.int32],
    sigmas: np.float32,
    counts: NDArray[np.int32],
    doubtful: NDArray[np.int32],
) -> int:
    driven = margins[active]
    counts[:] = (driven >= sigmas).sum(axis=0)
    doubtful[:] = (np.abs(driven) < sigmas).sum(axis=1)
    return int(doubtful.sum())


def count_doubtful(
    margins: NDArray[np.float32],
    active: NDArray[np.int32],
    sigmas: np.float32,
    counts: NDArray[np.int32],
    doubtful: NDArray[np.int32],
    normals: NDArray[np.float32],
) -> None:
    driven = margins[active]
    near = np.abs(driven) < sigmas
    sensed = np.zeros(driven.shape, dtype=np.int32)
    sensed[near] = driven[near] + normals >= 0
    counts += sensed.sum(axis=0, dtype=np.int32)


def condition(
    sums: NDArray[np.float32],
    noise_variance: NDArray[np.float32],
    normals: NDArray[np.float32],
    first_reference: int,
    tile_columns: int,
    copies: int,
    limit: np.float32,
) -> NDArray[np.float32]:
    value = sums.copy()
    if normals.size:
        value += np.sqrt(noise_variance) * normals
    value = np.clip(value, -limit, limit)
    if copies:
        groups = value[:, first_reference:].reshape(len(value), -1, copies)
        mean = np.add.accumulate(groups, axis=2)[:, :, -1] / np.float32(copies)
        value[:, :first_reference] -= np.repeat(mean, tile_columns, axis=1)[:, :first_reference]
    return value


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
    value = condition(sums, noise_variance, normals, first_reference, tile_columns, copies, limit)
    if lsb > 0:
        value = value * (np.float32(1) / lsb)
        if offset.size:
            value = value + offset
        value = np.clip(np.rint(value), np.float32(0), top_code) * lsb
    total = np.zeros(value.shape[1], dtype=np.float32)
    for tile in value:
        total += tile
    return total


def pulse_counts(
    rows: NDArray[np.int32],
    pool: NDArray[np.uint8],
    flags: NDArray[np.uint8],
    up: NDArray[np.float32],
    down: NDArray[np.float32],
) -> tuple[NDArray[np.float32], int]:
    signed = np.where(flags != 0, up[:, None], -down[:, None])
    counts = np.where(pool[rows] != 0, signed, np.float32(0)).astype(np.float32)
    return counts, int(np.ceil(np.abs(counts)).sum())


def driven_sums(
    rows: NDArray[np.int32],
    active: NDArray[np.int32],
    source: NDArray[np.int32],
    flags: NDArray[np.uint8],
    seen: NDArray[np.float32],
    spread: NDArray[np.float32],
    low: np.float32,
    sums: NDArray[np.float32],
    squares: NDArray[np.float32],
) -> float:
    driven = np.isin(source[rows], active)
    sums[:] = np.where(driven, seen - low, 0).sum(axis=1)
    squares[:] = np.where(driven, spread**2, 0).sum(axis=1)
    return float(seen[driven].sum(dtype=np.float64))


def noisy_sums(
    rows: NDArray[np.int32],
    active: NDArray[np.int32],
    source: NDArray[np.int32],
    flags: NDArray[np.uint8],
    g: NDArray[np.float32],
    low: np.float32,
    sigma: np.float32,
    key: np.uint64,
    sums: NDArray[np.float32],
) -> float:
    squares, draws = np.empty_like(sums), np.zeros_like(sums)
    if sigma > 0:
        expand(key, draws)
    load = driven_sums(rows, active, source, flags, g[rows], g[rows], low, sums, squares)
    sums += np.sqrt(squares) * sigma * draws
    return load


def driven_above(
    rows: NDArray[np.int32],
    active: NDArray[np.int32],
    source: NDArray[np.int32],
    flags: NDArray[np.uint8],
    seen: NDArray[np.float32],
    reference: np.float32,
    counts: NDArray[np.int32],
) -> tuple[int, float]:
    driven = np.isin(source[rows], active)
    counts[:] = (driven & (seen >= reference)).sum(axis=1)
    return int(driven.sum()), float(seen[driven].sum(dtype=np.float64))


def slot_changes(
    rows: NDArray[np.int32],
    active: NDArray[np.int32],
    source: NDArray[np.int32],
    flags: NDArray[np.uint8],
    on: NDArray[np.float32],
    off: NDArray[np.float32],
    changes: NDArray[np.float32],
) -> int:
    line = source[rows]
    changes[:] = np.where(np.isin(line, active), on[:, None], np.where(line >= 0, off[:, None], 0))
    return int(np.ceil(np.abs(changes)).sum())


def wired_below(
    rows: NDArray[np.int32],
    source: NDArray[np.int32],
    seen: NDArray[np.float32],
    bound: np.float32,
    found: NDArray[np.int32],
) -> int:
    at, slots = np.nonzero((source[rows] >= 0) & (seen <= bound))
    found[0, : at.size], found[1, : at.size] = rows[at], slots
    return int(at.size)


def maybe_below(
    rows: NDArray[np.int32],
    source: NDArray[np.int32],
    g: NDArray[np.float32],
    deviations: np.float32,
    sigma: np.float32,
    bound: np.float32,
    found: NDArray[np.int32],
) -> int:
    return wired_below(rows, source, g[rows] - deviations * (g[rows] * sigma), bound, found)


def pulsed_load(
    g: NDArray[np.float32], rows: NDArray[np.int32], counts: NDArray[np.float32], pulsed: NDArray[np.float32]
) -> float:
    pulses = np.ceil(np.abs(counts))
    pulsed[rows] += pulses
    return float((pulses.astype(np.float64) * g[rows]).sum())


def written_load(
    rows: NDArray[np.int32],
    slots: NDArray[np.int32],
    target: NDArray[np.float32],
    attempts: np.float32,
    pulsed: NDArray[np.float32],
) -> float:
    pulsed[rows, slots] += attempts
    return float(target.sum(dtype=np.float64))


def slot_loads(g: NDArray[np.float32], rows: int, totals: NDArray[np.float64]) -> None:
    totals[:] = g[:rows].sum(axis=0, dtype=np.float64)


def keep_rows(
    kept: NDArray[np.float32],
    on: NDArray[np.bool_],
    rows: NDArray[np.int32],
    changes: NDArray[np.float32],
    threshold: np.float32,
    crossed: NDArray[np.int32],
) -> tuple[int, int]:
    kept[rows] = np.clip(kept[rows] + changes, np.float32(0), np.float32(1))
    at, slots = np.nonzero((kept[rows] >= threshold) != on[rows])
    crossed[0, : at.size], crossed[1, : at.size] = rows[at], slots
    return at.size, int(np.count_nonzero(changes))


def note_rows(
    rows: NDArray[np.int32],
    source: NDArray[np.int32],
    held: NDArray[np.int32],
    ever: NDArray[np.bool_],
) -> tuple[int, int, int]:
    rows = np.unique(rows)
    wired = (source[rows] >= 0).sum(axis=1)
    taken, freed = (held[rows] == 0) & (wired > 0), (held[rows] > 0) & (wired == 0)
    again = int((taken & ever[rows]).sum())
    ever[rows] |= taken
    held[rows] = wired
    return int(taken.sum()) - again, again, int(freed.sum())
