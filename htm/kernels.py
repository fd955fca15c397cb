"""Hot loops of the software HTM. Pure: arrays in, arrays changed in place; no random draws inside.

Each has a plain numpy twin of the same name in `htm.reference`, and a test holds the two equal.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True)
def hebbian_change(
    active: NDArray[np.int32], n_inputs: int, up: np.float32, down: np.float32
) -> NDArray[np.float32]:
    """What each input adds to a learning row's synapses: +up where active, -down elsewhere, (n_inputs,)."""
    change = np.empty(n_inputs, dtype=np.float32)
    change[:] = -down
    for i in range(active.size):
        change[active[i]] = up
    return change


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
    crossed = np.zeros((n_inputs + 7) // 8 * 8, dtype=np.uint8)
    eights = crossed.view(np.uint64)
    zero, one = np.float32(0), np.float32(1)
    # One simple loop a purpose, so that each becomes vector instructions: 7 times faster than one clever loop.
    for i in range(rows.size):
        row = rows[i]
        values, mask = permanence[row], pool[row]
        for j in range(n_inputs):
            fresh[j] = min(max(values[j] + change[j] * np.float32(mask[j]), zero), one)
        for j in range(n_inputs):
            crossed[j] = (fresh[j] >= threshold) != (values[j] >= threshold)
        for j in range(n_inputs):
            values[j] = fresh[j]
        for k in range(eights.size):  # few cross: look at eight at once
            if eights[k]:
                for j in range(8 * k, 8 * k + 8):
                    if crossed[j]:
                        connected[j, row] = np.uint8(fresh[j] >= threshold)


@njit(cache=True)
def spans(connected: NDArray[np.uint8], shape: NDArray[np.int64]) -> NDArray[np.float32]:
    """Extent of each row's connected synapses, last - first + 1 input, mean over the axes of `shape`, (rows,).

    Parameters
    ----------
    connected : (inputs, rows)
    shape : (axes,) of the input
    """
    n_rows, stride = connected.shape[1], connected.shape[0]
    total = np.zeros(n_rows, dtype=np.float32)
    for size in shape:
        stride //= size
        first, last = np.full(n_rows, size, dtype=np.int32), np.full(n_rows, -1, dtype=np.int32)
        for j in range(connected.shape[0]):
            at, line = np.int32(j // stride % size), connected[j]
            for r in range(n_rows):
                on = line[r] != 0
                first[r] = min(first[r], at) if on else first[r]
                last[r] = max(last[r], at) if on else last[r]
        for r in range(n_rows):
            total[r] += np.float32(max(last[r] - first[r] + 1, 0))
    return total / np.float32(shape.size)


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
def _float_keys(score: NDArray[np.float32]) -> NDArray[np.int32]:
    """The bits of float32 numbers, turned so that they order as the numbers do; -0 equals 0."""
    keys = (score + np.float32(0)).view(np.int32)
    for i in range(keys.size):
        keys[i] ^= (keys[i] >> 31) & 0x7FFFFFFF
    return keys


def ordered_keys(score: NDArray[Any]) -> NDArray[np.int32]:
    """Integers that order as `score` does, so that one kernel settles every competition, (rows,)."""
    if score.dtype == np.int32:
        return np.ascontiguousarray(score)
    if score.dtype == np.float32:
        return _float_keys(np.ascontiguousarray(score))
    return np.unique(score, return_inverse=True)[1].astype(np.int32)


@njit(cache=True)
def _kth_highest(keys: NDArray[np.int32], k: int) -> np.int64:
    """The k-th highest key, found by histograms of ever narrower ranges."""
    low, high = np.int64(keys[0]), np.int64(keys[0])
    for i in range(keys.size):
        low, high = min(low, np.int64(keys[i])), max(high, np.int64(keys[i]))
    counts = np.empty(1024, dtype=np.int32)
    while low < high:
        shift = 0
        while (high - low) >> shift >= counts.size:
            shift += 1
        last = (high - low) >> shift
        counts[: last + 1] = 0
        for i in range(keys.size):
            key = np.int64(keys[i])
            if (key >= low) & (key <= high):
                counts[(key - low) >> shift] += 1
        at = last
        while counts[at] < k:
            k -= counts[at]
            at -= 1
        low += at << shift
        high = min(high, low + (1 << shift) - 1)
    return low


@njit(cache=True)
def _highest(keys: NDArray[np.int32], k: int) -> NDArray[np.int32]:
    """Sorted indices of the k highest keys: all above the k-th, then its equals from the top index down."""
    n = keys.size
    kth = _kth_highest(keys, k)
    above = 0
    for i in range(n):
        above += np.int32(keys[i] > kth)
    chosen = np.empty(k, dtype=np.int32)
    equal_left, at = k - above, k
    for i in range(n - 1, -1, -1):
        if keys[i] >= kth and (keys[i] > kth or equal_left > 0):
            equal_left -= np.int32(keys[i] == kth)
            at -= 1
            chosen[at] = i
    return chosen


def top_k(score: NDArray[Any], k: int) -> NDArray[np.int32]:
    """Sorted indices of the `k` highest scores; of equal scores the higher index wins."""
    k = min(k, score.size)
    return _highest(ordered_keys(score), k) if k > 0 else np.empty(0, dtype=np.int32)


@njit(cache=True)
def update_duty(duty: NDArray[np.float32], hits: NDArray[np.bool_], period: np.float32) -> None:
    """Running mean of `hits` over `period` steps, in place: d = (d (p - 1) + x) / p."""
    for i in range(duty.size):
        duty[i] = (duty[i] * (period - np.float32(1)) + np.float32(hits[i])) / period


@njit(cache=True)
def boosted(overlap: NDArray[Any], boost: NDArray[np.float32]) -> NDArray[np.float32]:
    """Overlaps times boosts in float32, (rows,)."""
    score = np.empty(overlap.size, dtype=np.float32)
    for i in range(score.size):
        score[i] = np.float32(overlap[i]) * boost[i]
    return score


@njit(cache=True)
def update_duties(
    overlap_duty: NDArray[np.float32],
    active_duty: NDArray[np.float32],
    overlap: NDArray[Any],
    winners: NDArray[np.int32],
    period: np.float32,
    minimum: NDArray[np.float32],
) -> NDArray[np.int32]:
    """`update_duty` of overlaps above 0 and of winners; rows whose overlap duty is then under `minimum`.

    Parameters
    ----------
    overlap_duty, active_duty, overlap, minimum : (rows,)
    winners : rows that won
    period : window of the running means [steps]
    """
    n = overlap_duty.size
    hit, less = np.empty(n, dtype=np.float32), period - np.float32(1)
    for i in range(n):
        hit[i] = np.float32(1) if overlap[i] > 0 else np.float32(0)
    for i in range(n):
        overlap_duty[i] = (overlap_duty[i] * less + hit[i]) / period
    hit[:] = 0
    for i in range(winners.size):
        hit[winners[i]] = np.float32(1)
    for i in range(n):
        active_duty[i] = (active_duty[i] * less + hit[i]) / period
    below = np.zeros((n + 7) // 8 * 8, dtype=np.uint8)
    for i in range(n):
        below[i] = overlap_duty[i] < minimum[i]
    eights = below.view(np.uint64)
    weak, at = np.empty(n + 1, dtype=np.int32), np.uint64(0)
    for k in range(eights.size):  # few are weak: look at eight at once
        if eights[k]:
            for i in range(8 * k, 8 * k + 8):
                weak[at] = i
                at += np.uint64(below[i])
    return weak[:at].copy()


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
