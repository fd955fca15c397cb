"""Local competition: each column against its neighbourhood, a box around it on the columns' grid.

A column wins if fewer than ``floor(1/2 + density * size)`` columns of its neighbourhood beat it (`size` counts
the column itself). Columns are visited in index order; an equal neighbour beats it only if it has already won.
The order of visits, ties and rounding (float32) are htm.core 2.2's.

How it is fast: a few levels cut the scores into bins, and running sums count, for all columns at once, how many
neighbours reach each level. That settles most columns; the others are compared with the few columns of their own
bin. So the cost hardly grows with the radius.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .bits import Bits
from .boxes import UNIT, box_max, box_means, box_sums
from .kernels import ordered_keys

_WORDS = 1  # words of 64 bits a column; each holds a counter a level, of as many bits as a box needs
_FEW = 300  # columns that can win, up to which levels cost more than comparing all of them
_SAMPLE = 128  # keys that the levels are chosen from


@njit(cache=True)
def _able(keys: NDArray[np.int32], floor: int) -> NDArray[np.int32]:
    """Columns whose key reaches `floor`, ascending."""
    able = np.empty(keys.size + 1, dtype=np.int32)
    n = np.int64(0)
    for i in range(keys.size):
        able[n] = i
        n += np.int64(keys[i] >= floor)
    return able[:n]


@njit(cache=True)
def _choose_levels(keys: NDArray[np.int32], able: NDArray[np.int32], n_levels: int) -> NDArray[np.int32]:
    """Up to `n_levels` levels, spread evenly over the ranks of a sample of the keys that can win, ascending."""
    levels = np.full(n_levels, np.iinfo(np.int32).max, dtype=np.int32)
    if able.size == 0 or n_levels == 0:
        return levels
    stride = (able.size + _SAMPLE - 1) // _SAMPLE
    sample = keys[able[::stride]]
    sample.sort()
    distinct = np.int32(1)
    for i in range(1, sample.size):
        distinct += np.int32(sample[i] != sample[i - 1])
    at = 0
    for i in range(sample.size):
        # All distinct values where they are few; else the next new value at each step of the ranks.
        due = distinct <= n_levels or i * n_levels >= at * sample.size
        if at < n_levels and due and (i == 0 or sample[i] != sample[i - 1]):
            levels[at] = sample[i]
            at += 1
    return levels


@njit(cache=True)
def _reach(
    keys: NDArray[np.int32],
    able: NDArray[np.int32],
    levels: NDArray[np.int32],
    bits: int,
    words: NDArray[Any],
) -> NDArray[np.int32]:
    """How many levels each column that can win reaches; `words`, (words, columns) of 0, gets a 1 for each."""
    bins = np.zeros(able.size, dtype=np.int32)
    own = keys[able]
    for c in range(levels.size):
        level = levels[c]
        for i in range(own.size):
            bins[i] += np.int32(own[i] >= level)
    a_word = 63 // bits
    table = np.zeros(levels.size + 1, dtype=np.int64)
    for w in range(words.shape[0]):
        for reached in range(levels.size + 1):
            table[reached] = 0
            for field in range(a_word):
                if w * a_word + field < reached:
                    table[reached] |= np.int64(1) << (field * bits)
        line = words[w]
        for i in range(able.size):
            line[able[i]] = table[bins[i]]
    return bins


@njit(cache=True)
def _by_bin(
    keys: NDArray[np.int32],
    able: NDArray[np.int32],
    bins: NDArray[np.int32],
    coords: NDArray[np.float32],
    n_bins: int,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
    """Columns that can win, bin by bin: where each bin starts, their indices, keys, and coordinates."""
    start = np.zeros(n_bins + 1, dtype=np.int64)
    for i in range(able.size):
        start[bins[i] + 1] += 1
    start = np.cumsum(start)
    at = start.copy()
    index = np.empty(able.size, dtype=np.int32)
    rivals = np.empty(able.size, dtype=np.int32)
    places = np.empty((coords.shape[0], able.size), dtype=np.float32)
    for i in range(able.size):
        here = at[bins[i]]
        index[here] = able[i]
        rivals[here] = keys[able[i]]
        for axis in range(coords.shape[0]):
            places[axis, here] = coords[axis, able[i]]
        at[bins[i]] = here + 1
    return start, index, rivals, places


@njit(cache=True)
def _count_bigger(
    rivals: NDArray[np.int32],
    places: NDArray[np.float32],
    first: int,
    last: int,
    key: int,
    middle: NDArray[np.float32],
    shape: NDArray[np.float32],
    radius: np.float32,
    wrap: bool,
) -> int:
    """Rivals `first` to `last` above `key` that lie in the box around `middle` along all axes but the first."""
    total = 0
    rivals = rivals[first:last]
    if middle.size == 0:
        for i in range(rivals.size):
            total += rivals[i] > key
    elif middle.size == 1:
        x, line = middle[0], places[0][first:last]
        far = shape[0] - radius if wrap else np.float32(np.inf)
        for i in range(rivals.size):
            away = abs(line[i] - x)
            total += (rivals[i] > key) & ((away <= radius) | (away >= far))
    else:
        for i in range(rivals.size):
            near = rivals[i] > key
            for axis in range(middle.size):
                away = abs(places[axis, first + i] - middle[axis])
                near &= (away <= radius) | (wrap & (away >= shape[axis] - radius))
            total += near
    return total


@njit(cache=True)
def _settle(
    keys: NDArray[np.int32],
    able: NDArray[np.int32],
    limit: NDArray[np.int32],
    bins: NDArray[np.int32],
    words: NDArray[np.int64],
    bits: int,
    coords: NDArray[np.float32],
    shape: NDArray[np.float32],
    radius: int,
    wrap: bool,
) -> NDArray[np.int32]:
    """Visit the columns in order.

    A winner's key grows by one in its bin's list, so that it beats its equals, and nobody else. In a bin of equal
    keys only winners matter, so there the list is of winners.

    Parameters
    ----------
    keys, limit : (columns,)
    able : columns that can win
    bins : how many levels each of these reaches
    words : (words, columns) counters of `bits` bits: neighbours, itself included, that reach each level
    coords : (axes - 1, columns) along all axes but the first
    shape : (axes,) of the grid
    """
    winners = np.empty(able.size, dtype=np.int32)
    n = 0
    a_word, mask = 63 // bits, (np.int64(1) << bits) - 1
    n_levels = a_word * words.shape[0]
    start, index, rivals, places = _by_bin(keys, able, bins, coords, n_levels + 1)
    end, at, equal = start[1:].copy(), start.copy(), np.ones(n_levels + 1, dtype=np.bool_)
    for b in range(n_levels + 1):
        for i in range(start[b], end[b]):
            equal[b] &= rivals[i] == rivals[start[b]]
        if equal[b]:
            end[b] = start[b]
    bounds = np.empty(
        (n_levels + 1, 4), dtype=np.int64
    )  # where the next stretches begin and end: they only grow
    for b in range(n_levels + 1):
        bounds[b] = start[b]
    rows = np.int64(shape[0])
    stride, others, reach = keys.size // rows, shape[1:], np.float32(radius)
    for visit in range(able.size):
        column, b = np.int64(able[visit]), bins[visit]
        key = keys[column]
        me, allowed = at[b], np.int64(limit[column])
        at[b] = me + 1
        bigger = np.int64(0)
        if b < n_levels:  # all that reach the next level are bigger
            bigger = (words[b // a_word, column] >> (b % a_word * bits)) & mask
        if bigger >= allowed:
            continue
        at_most = allowed
        if b > 0:  # none but those that reach its own level can be
            level = b - 1
            at_most = ((words[level // a_word, column] >> (level % a_word * bits)) & mask) - 1
        if at_most >= allowed:
            # The lists are sorted by index, so the box's reach along the first axis is a stretch of them, or two.
            row, all_rows = column // stride, wrap and 2 * radius + 1 >= rows
            middle = coords[:, column]
            if all_rows:
                bigger += _count_bigger(rivals, places, start[b], end[b], key, middle, others, reach, wrap)
            else:
                low, high = (row - radius) * stride, (row + radius + 1) * stride
                low_end, high_end = (low + keys.size, high - keys.size) if wrap else (keys.size, 0)
                for part, bound in enumerate((low, high, low_end, high_end)):
                    i = bounds[b, part]
                    while i < end[b] and index[i] < bound:
                        i += 1
                    bounds[b, part] = i
                i, j = bounds[b, 0], bounds[b, 1]
                bigger += _count_bigger(rivals, places, i, j, key, middle, others, reach, wrap)
                if low < 0:
                    i, j = bounds[b, 2], end[b]
                    bigger += _count_bigger(rivals, places, i, j, key, middle, others, reach, wrap)
                if high > keys.size:
                    i, j = start[b], bounds[b, 3]
                    bigger += _count_bigger(rivals, places, i, j, key, middle, others, reach, wrap)
            if bigger >= allowed:
                continue
        if equal[b]:
            me = end[b]
            end[b] = me + 1
            index[me] = column
            for axis in range(coords.shape[0]):
                places[axis, me] = coords[axis, column]
        rivals[me] = key + 1
        winners[n] = column
        n += 1
    return winners[:n]


@njit(cache=True)
def _compete(
    keys: NDArray[np.int32],
    floor: int,
    limit: NDArray[np.int32],
    bits: int,
    coords: NDArray[np.float32],
    shape: NDArray[np.float32],
    axes: NDArray[np.int64],
    radius: int,
    wrap: bool,
) -> NDArray[np.int32]:
    """All the steps of local competition; `floor` is the lowest key that can win, the rest as in `_settle`."""
    able = _able(keys, floor)
    n_words = 0 if able.size <= _FEW else _WORDS
    levels = _choose_levels(keys, able, 63 // bits * n_words)
    words = np.zeros((n_words, keys.size), dtype=np.int64)
    bins = _reach(keys, able, levels, bits, words)
    if n_words:
        words = box_sums(words.reshape(-1), axes, radius, wrap).reshape(n_words, keys.size)
    return _settle(keys, able, limit, bins, words, bits, coords, shape, radius, wrap)


@final
class Neighbourhoods:
    """The boxes around all columns of a grid.

    Parameters
    ----------
    shape : of the grid of columns
    radius : reach along every axis; a box covers min(2 radius + 1, size) columns of it where it wraps
    wrap : whether the grid's ends meet
    """

    def __init__(self, shape: tuple[int, ...], radius: int, wrap: bool) -> None:
        self.shape, self.radius, self.wrap = shape, radius, wrap
        self.n = int(np.prod(shape))
        # (outer, n, inner) of every axis, last first.
        self._axes = np.empty((len(shape), 3), dtype=np.int64)
        outer, inner = self.n, 1
        for axis, n in enumerate(reversed(shape)):
            outer //= n
            self._axes[axis] = outer, n, inner
            inner *= n
        self.size = box_sums(np.ones(self.n, dtype=np.int64), self._axes, radius, wrap)
        self._inverse = (1.0 / (self.size * UNIT)).astype(np.float64)
        self._limits: dict[float, NDArray[np.int32]] = {}
        self._bits = int(self.size.max()).bit_length()
        grid = np.unravel_index(np.arange(self.n), shape)
        self._coords = np.stack(grid)[1:].astype(np.float32)
        self._sizes = np.array(shape, dtype=np.float32)

    def limits(self, density: float) -> NDArray[np.int32]:
        """Columns that may win in each box, floor(1/2 + density size) in float32, (columns,)."""
        if density not in self._limits:
            share = np.float32(density) * self.size.astype(np.float32)
            self._limits[density] = (np.float32(0.5) + share).astype(np.int32)
        return self._limits[density]

    def winners(self, score: NDArray[Any], density: float, floor: float | None = None) -> Bits:
        """Columns that win their neighbourhood (see the module), sorted.

        Parameters
        ----------
        score : (columns,)
        density : share of a neighbourhood that wins
        floor : score under which a column cannot win; none: any can
        """
        lowest, keys = np.iinfo(np.int32).min, ordered_keys(score)
        if floor is not None and score.dtype == np.int32:
            lowest = int(np.ceil(floor))
        elif floor is not None and score.dtype == np.float32:
            lowest = int(ordered_keys(np.array([floor], dtype=np.float32))[0])
        elif floor is not None:
            able = keys[score >= floor]
            lowest = int(able.min()) if able.size else np.iinfo(np.int32).max
        return np.asarray(
            _compete(
                keys,
                lowest,
                self.limits(density),
                self._bits,
                self._coords,
                self._sizes,
                self._axes,
                self.radius,
                self.wrap,
            )
        )

    def maximum(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Largest value in each column's neighbourhood, (columns,)."""
        source, target = values.astype(np.float32), np.empty(self.n, dtype=np.float32)
        for outer, n, inner in self._axes:
            box_max(source, target, outer, n, inner, self.radius, self.wrap)
            source, target = target, source
        return source

    def mean(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mean of each column's neighbourhood, (columns,), of values in 0..1."""
        return np.asarray(box_means(values, self._inverse, self._axes, self.radius, self.wrap))


@lru_cache(maxsize=32)
def neighbourhoods(shape: tuple[int, ...], radius: int, wrap: bool) -> Neighbourhoods:
    """The `Neighbourhoods` of a grid, kept because a pooler asks for the same ones at every step."""
    return Neighbourhoods(shape, radius, wrap)
