"""Plain numpy twins of the kernels in `htm.kernels`: slow, short, obviously right. Tests hold them equal."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


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
