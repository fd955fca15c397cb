"""Hot loops of the software HTM. Pure: arrays in, arrays changed in place; no random draws inside.

Each has a plain numpy twin of the same name in `htm.reference`, and a test holds the two equal.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True)
def count_connected(connected: NDArray[np.uint8], active: NDArray[np.int32]) -> NDArray[np.int32]:
    """Connected synapses on active inputs, (rows,).

    Parameters
    ----------
    connected : (inputs, rows) 1 where the synapse is connected: an active input is one contiguous line
    active : active inputs
    """
    n_rows = connected.shape[1]
    total = np.zeros(n_rows, dtype=np.int32)
    part = np.empty(n_rows, dtype=np.uint8)
    for start in range(0, active.size, 255):  # 255 ones are the most that a byte can count
        part[:] = 0
        for i in range(start, min(start + 255, active.size)):
            line = connected[active[i]]
            for r in range(n_rows):
                part[r] += line[r]
        for r in range(n_rows):
            total[r] += part[r]
    return total


@njit(cache=True)
def hebbian_columns(
    permanence: NDArray[np.float32],
    pool: NDArray[np.uint8],
    connected: NDArray[np.uint8],
    rows: NDArray[np.int32],
    change: NDArray[np.float32],
    threshold: np.float32,
) -> None:
    """Add `change[input]` to the pool synapses of `rows`, clip to 0..1, and keep `connected` current.

    Parameters
    ----------
    permanence, pool : (rows, inputs), pool 1 where a synapse exists
    connected : (inputs, rows)
    rows : rows that learn
    change : (inputs,) what each input adds
    threshold : permanence from which a synapse is connected
    """
    n_inputs = permanence.shape[1]
    fresh = np.empty(n_inputs, dtype=np.float32)
    zero, one = np.float32(0), np.float32(1)
    # One simple loop a purpose, so that each becomes vector instructions: 7 times faster than one clever loop.
    for i in range(rows.size):
        row = rows[i]
        values, mask = permanence[row], pool[row]
        for j in range(n_inputs):
            fresh[j] = min(max(values[j] + change[j] * np.float32(mask[j]), zero), one)
        crossings = 0
        for j in range(n_inputs):
            crossings += np.int32((fresh[j] >= threshold) != (values[j] >= threshold))
        if crossings > 0:
            for j in range(n_inputs):
                now = fresh[j] >= threshold
                if now != (values[j] >= threshold):
                    connected[j, row] = np.uint8(now)
        for j in range(n_inputs):
            values[j] = fresh[j]


@njit(cache=True)
def potential_counts(source: NDArray[np.int32], flags: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Wired slots whose input is flagged, (rows,). `source` (rows, slots), -1 where empty; `flags` (inputs,)."""
    counts = np.zeros(source.shape[0], dtype=np.int32)
    for row in range(source.shape[0]):
        total = 0
        for slot in range(source.shape[1]):
            s = source[row, slot]
            total += np.int32(flags[max(s, 0)]) * np.int32(s >= 0)
        counts[row] = total
    return counts


@njit(cache=True)
def segment_counts(
    source: NDArray[np.int32],
    permanence: NDArray[np.float32],
    flags: NDArray[np.uint8],
    threshold: np.float32,
) -> NDArray[np.int32]:
    """Connected wired slots whose input is flagged, (rows,)."""
    counts = np.zeros(source.shape[0], dtype=np.int32)
    for row in range(source.shape[0]):
        total = 0
        for slot in range(source.shape[1]):
            s = source[row, slot]
            total += np.int32(flags[max(s, 0)]) * np.int32((s >= 0) & (permanence[row, slot] >= threshold))
        counts[row] = total
    return counts


@njit(cache=True)
def hebbian_segments(
    permanence: NDArray[np.float32],
    source: NDArray[np.int32],
    rows: NDArray[np.int32],
    change: NDArray[np.float32],
) -> None:
    """Add `change[source]` to the wired slots of `rows`, clipped to 0..1."""
    zero, one = np.float32(0), np.float32(1)
    for i in range(rows.size):
        row = rows[i]
        for slot in range(source.shape[1]):
            s = source[row, slot]
            if s >= 0:
                permanence[row, slot] = min(max(permanence[row, slot] + change[s], zero), one)


@njit(cache=True)
def top_k(score: NDArray[Any], k: int) -> NDArray[np.int32]:
    """Sorted indices of the `k` highest scores; of equal scores the higher index wins.

    Finds the k-th score by partition, takes all above it, then those equal to it from the top index down.
    """
    n = score.size
    k = min(k, n)
    if k <= 0:
        return np.empty(0, dtype=np.int32)
    kth = np.partition(score, n - k)[n - k]
    above = 0
    for i in range(n):
        above += np.int32(score[i] > kth)
    chosen = np.empty(k, dtype=np.int32)
    equal_left = k - above
    at = k
    for i in range(n - 1, -1, -1):
        if score[i] > kth:
            at -= 1
            chosen[at] = i
        elif score[i] == kth and equal_left > 0:
            equal_left -= 1
            at -= 1
            chosen[at] = i
    return chosen


@njit(cache=True)
def update_duty(duty: NDArray[np.float32], hits: NDArray[np.bool_], period: np.float32) -> None:
    """Running mean of `hits` over `period` steps, in place: d = (d (p - 1) + x) / p."""
    for i in range(duty.size):
        duty[i] = (duty[i] * (period - np.float32(1)) + np.float32(hits[i])) / period


@njit(cache=True)
def softmax_train(
    weights: NDArray[np.float32],
    bias: NDArray[np.float32],
    starts: NDArray[np.int64],
    indices: NDArray[np.int32],
    labels: NDArray[np.int32],
    order: NDArray[np.int64],
    rate: np.float32,
) -> None:
    """One pass of stochastic gradient descent on softmax cross-entropy, in place.

    Parameters
    ----------
    weights : (bits, classes)
    bias : (classes,)
    starts, indices : ragged codes, code i is indices[starts[i]:starts[i + 1]]
    labels : (codes,)
    order : which code comes when
    rate : step size
    """
    n_classes = weights.shape[1]
    p = np.empty(n_classes, dtype=np.float32)
    for step in range(order.size):
        i = order[step]
        p[:] = bias
        for t in range(starts[i], starts[i + 1]):
            for c in range(n_classes):
                p[c] += weights[indices[t], c]
        top = p.max()
        total = np.float32(0)
        for c in range(n_classes):
            p[c] = np.exp(p[c] - top)
            total += p[c]
        for c in range(n_classes):
            p[c] = rate * (np.float32(c == labels[i]) - p[c] / total)
            bias[c] += p[c]
        for t in range(starts[i], starts[i + 1]):
            for c in range(n_classes):
                weights[indices[t], c] += p[c]
