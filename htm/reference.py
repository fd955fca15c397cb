"""Plain numpy twins of the kernels in `htm.kernels` and `htm.listed_kernels`: slow, short, obviously right.

Tests hold them equal.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .listed_kernels import ASIDE, FULL, SPAN


def count_connected(connected: NDArray[np.uint8], active: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.asarray(connected[active].sum(axis=0, dtype=np.int32))


def hebbian_columns(
    permanence: NDArray[np.float32],
    pool: NDArray[np.uint8],
    connected: NDArray[np.uint8],
    rows: NDArray[np.int32],
    change: NDArray[np.float32],
    threshold: np.float32,
) -> None:
    fresh = np.clip(permanence[rows] + change, np.float32(0), np.float32(1))
    permanence[rows] = np.where(pool[rows] != 0, fresh, permanence[rows])
    connected[:, rows] = (permanence[rows] >= threshold).T


def potential_counts(source: NDArray[np.int32], flags: NDArray[np.uint8]) -> NDArray[np.int32]:
    return np.asarray(((source >= 0) & (flags[source] != 0)).sum(axis=1, dtype=np.int32))


def segment_counts(
    source: NDArray[np.int32],
    permanence: NDArray[np.float32],
    flags: NDArray[np.uint8],
    threshold: np.float32,
) -> NDArray[np.int32]:
    driven = (source >= 0) & (flags[source] != 0)
    return np.asarray((driven & (permanence >= threshold)).sum(axis=1, dtype=np.int32))


def hebbian_segments(
    permanence: NDArray[np.float32],
    source: NDArray[np.int32],
    rows: NDArray[np.int32],
    change: NDArray[np.float32],
) -> None:
    fresh = np.clip(permanence[rows] + change[source[rows]], np.float32(0), np.float32(1))
    permanence[rows] = np.where(source[rows] >= 0, fresh, permanence[rows])


def top_k(score: NDArray[Any], k: int) -> NDArray[np.int32]:
    ranked = np.lexsort((np.arange(score.size), score))
    return np.sort(ranked[score.size - min(k, score.size) :]).astype(np.int32)


def update_duty(duty: NDArray[np.float32], hits: NDArray[np.bool_], period: np.float32) -> None:
    duty[:] = (duty * (period - np.float32(1)) + hits.astype(np.float32)) / period


def softmax_train(
    weights: NDArray[np.float32],
    bias: NDArray[np.float32],
    starts: NDArray[np.int64],
    indices: NDArray[np.int32],
    labels: NDArray[np.int32],
    order: NDArray[np.int64],
    rate: np.float32,
) -> None:
    for i in order:
        code = indices[starts[i] : starts[i + 1]]
        logits = bias + weights[code].sum(axis=0)
        p = np.exp(logits - logits.max())
        step = rate * (np.eye(bias.size, dtype=np.float32)[labels[i]] - p / p.sum())
        bias += step
        weights[code] += step


def count_listed(
    line_start: NDArray[np.int64], listed: NDArray[Any], active: NDArray[np.int32], n_rows: int
) -> NDArray[np.int32]:
    total = np.zeros(n_rows + ASIDE, dtype=np.int32)
    for j in active:
        np.add.at(total, listed[line_start[j] : line_start[j + 1]], 1)
    return total[:n_rows]


def hebbian_listed(
    permanence: NDArray[np.float32],
    source: NDArray[Any],
    start: NDArray[np.int64],
    place: NDArray[np.uint32],
    listed: NDArray[Any],
    known: NDArray[np.uint8],
    rows: NDArray[np.int32],
    change: NDArray[np.float32],
    threshold: np.float32,
) -> None:
    for row in rows:
        s = slice(start[row], start[row + 1])
        before = permanence[s] >= threshold
        permanence[s] = np.clip(permanence[s] + change[source[s]], np.float32(0), np.float32(1))
        listed[place[s]] = np.where(permanence[s] >= threshold, row, start.size - 1 + row % ASIDE)
        known[row] &= SPAN if np.array_equal(before, permanence[s] >= threshold) else 0


def raise_listed(
    permanence: NDArray[np.float32],
    start: NDArray[np.int64],
    place: NDArray[np.uint32],
    listed: NDArray[Any],
    known: NDArray[np.uint8],
    rows: NDArray[np.int32],
    up: np.float32,
    threshold: np.float32,
) -> None:
    source, change = np.zeros(place.size, dtype=np.uint32), np.full(1, up, dtype=np.float32)
    hebbian_listed(permanence, source, start, place, listed, known, rows, change, threshold)
    for row in rows:
        known[row] |= FULL * (permanence[start[row] : start[row + 1]] >= 1).all()


def spans_listed(
    permanence: NDArray[np.float32],
    start: NDArray[np.int64],
    place: NDArray[np.int32],
    threshold: np.float32,
    known: NDArray[np.uint8],
    extent: NDArray[np.int32],
) -> None:
    for row in range(extent.size):
        s = slice(start[row], start[row + 1])
        on = place[:, s][:, permanence[s] >= threshold]
        extent[row] = (np.ptp(on, axis=1) + 1).sum() if on.size else 0
    known |= SPAN


def spans(connected: NDArray[np.uint8], shape: NDArray[np.int64]) -> NDArray[np.float32]:
    grid = np.stack(np.unravel_index(np.arange(connected.shape[0]), tuple(shape)), axis=1)
    total = np.zeros(connected.shape[1], dtype=np.float32)
    for row, on in enumerate(connected.T != 0):
        if on.any():
            total[row] = (np.ptp(grid[on], axis=0) + 1).mean(dtype=np.float32)
    return total


def boosted(overlap: NDArray[Any], boost: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(overlap.astype(np.float32) * boost)


def update_duties(
    overlap_duty: NDArray[np.float32],
    active_duty: NDArray[np.float32],
    overlap: NDArray[Any],
    winners: NDArray[np.int32],
    period: np.float32,
    minimum: NDArray[np.float32],
) -> NDArray[np.int32]:
    update_duty(overlap_duty, overlap > 0, period)
    update_duty(active_duty, np.isin(np.arange(active_duty.size), winners), period)
    return np.flatnonzero(overlap_duty < minimum).astype(np.int32)


def local_winners(
    score: NDArray[Any],
    shape: tuple[int, ...],
    radius: int,
    density: float,
    wrap: bool,
    floor: float | None = None,
) -> NDArray[np.int32]:
    """Winners of local competition, column by column and neighbour by neighbour (see `htm.inhibition`)."""
    chosen = np.zeros(score.size, dtype=np.bool_)
    grid = np.stack(np.unravel_index(np.arange(score.size), shape), axis=1)
    for column in range(score.size):
        near = np.ones(score.size, dtype=np.bool_)
        for axis, n in enumerate(shape):
            away = np.abs(grid[:, axis] - grid[column, axis])
            near &= (np.minimum(away, n - away) if wrap else away) <= radius
        limit = int(np.float32(0.5) + np.float32(density) * np.float32(near.sum()))
        near[column] = False
        beaten = (score > score[column]) | ((score == score[column]) & chosen)
        chosen[column] = (near & beaten).sum() < limit and (floor is None or score[column] >= floor)
    return np.flatnonzero(chosen).astype(np.int32)
