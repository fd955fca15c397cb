"""Local competition: each column against its neighbourhood, a box around it on the columns' grid.

A column wins if fewer than ``floor(1/2 + density * size)`` columns of its neighbourhood beat it (`size` counts
the column itself). Columns are visited in index order; an equal neighbour beats it only if it has already won.
The order of visits, ties and rounding (float32) are htm.core 2.2's.

How it is fast: a few levels cut the scores into bins, and running sums count, for all columns at once, how many
neighbours reach each level. That settles most columns; the others are compared with the few columns of their own
bin. So the cost hardly grows with the radius, and what cannot win is hardly looked at.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .bits import Bits
from .boxes import UNIT, box_max, box_means, box_sums, window_totals
from .kernels import ordered_keys

_FEW = 300  # columns that can win, up to which levels cost more than comparing all of them
_BUCKETS = 256  # of the histogram that the levels are chosen from


@njit(cache=True)
def _able(score: NDArray[Any], floor: Any) -> tuple[NDArray[np.int32], NDArray[Any]]:
    """Columns whose score reaches `floor`, ascending, and their scores."""
    reaches = np.zeros((score.size + 7) // 8 * 8, dtype=np.uint8)
    for i in range(score.size):
        reaches[i] = score[i] >= floor
    eights = reaches.view(np.uint64)
    able, n = np.empty(score.size + 1, dtype=np.int32), np.uint64(0)
    for k in range(eights.size):  # most cannot win: look at eight at once
        if eights[k]:
            for i in range(8 * k, 8 * k + 8):
                able[n] = i
                n += np.uint64(reaches[i])
    able = able[:n]
    own = np.empty(able.size, dtype=score.dtype)
    for i in range(own.size):
        own[i] = score[np.uint32(able[i])]
    return able, own


@njit(cache=True)
def _choose_levels(own: NDArray[np.int32], n_levels: int) -> NDArray[np.int32]:
    """Up to `n_levels` levels, spread over the ranks of the keys that can win, ascending from the lowest of them."""
    levels = np.full(n_levels, np.iinfo(np.int32).max, dtype=np.int32)
    low, high = own[0], own[0]
    for i in range(own.size):
        low, high = min(low, own[i]), max(high, own[i])
    base, shift = np.int64(low), np.int64(0)
    while (np.int64(high) - base) >> shift >= _BUCKETS:
        shift += 1
    counts = np.zeros(_BUCKETS, dtype=np.int32)
    for i in range(own.size):
        counts[np.uint64((np.int64(own[i]) - base) >> shift)] += 1
    filled = np.int32(0)
    for b in range(_BUCKETS):
        filled += np.int32(counts[b] > 0)
    at, below = 0, 0
    for b in range(_BUCKETS):
        # All distinct values where they are few; else the next filled bucket at each step of the ranks. The steps
        # grow shorter towards the top, where it is decided who wins.
        due = filled <= n_levels or below * n_levels**2 >= at * (2 * n_levels - at) * own.size
        if at < n_levels and due and counts[b] > 0:
            levels[at] = np.int32(base + (np.int64(b) << shift))
            at += 1
        below += counts[b]
    return levels


@njit(cache=True)
def _reach(
    own: NDArray[np.int32],
    able: NDArray[np.int32],
    levels: NDArray[np.int32],
    bits: int,
    words: NDArray[np.int64],
) -> NDArray[np.int32]:
    """Each able column's bin, the last level that it reaches; `words`, (columns,) of 0, gets a 1 for every one."""
    bins = np.full(able.size, -1, dtype=np.int32)
    for c in range(levels.size):
        level = levels[c]
        for i in range(own.size):
            bins[i] += np.int32(own[i] >= level)
    table, word = np.zeros(levels.size, dtype=np.int64), np.int64(0)
    for c in range(levels.size):
        word |= np.int64(1) << (c * bits)
        table[c] = word
    for i in range(able.size):
        words[np.uint32(able[i])] = table[np.uint32(bins[i])]
    return bins


@njit(cache=True)
def _hopeful(
    able: NDArray[np.int32],
    bins: NDArray[np.int32],
    totals: NDArray[np.int64],
    windows: NDArray[np.uint32],
    bits: int,
    limit: NDArray[np.int32],
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Able columns (by their place among them) that the levels leave in play, and how many of their own bin may
    beat each of them; 0 where it wins for certain.

    Parameters
    ----------
    totals, windows : running totals of the words, and where each column's window begins and ends, (2, columns)
    """
    mask = (np.int64(1) << bits) - 1
    hopeful, spare = np.empty(able.size + 1, dtype=np.int32), np.empty(able.size + 1, dtype=np.int32)
    n = np.uint64(0)
    begins, ends = windows
    for i in range(able.size):
        column = able[i]
        # All that reach the next level are bigger; none but those that reach its own, itself included, can be.
        word = (totals[ends[column]] - totals[begins[column]]) >> (np.int64(bins[i]) * bits)
        allowed = np.int64(limit[column])
        left = allowed - ((word >> bits) & mask)
        hopeful[n] = i
        spare[n] = left if (word & mask) > allowed else 0
        n += np.uint64(left > 0)
    return hopeful[:n], spare[:n]


@njit(cache=True)
def _by_bin(
    own: NDArray[np.int32],
    able: NDArray[np.int32],
    bins: NDArray[np.int32],
    coords: NDArray[np.float32],
    n_bins: int,
) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
    """Able columns bin by bin: where each bin starts, where each column went, their indices, keys, coordinates."""
    start = np.zeros(n_bins + 1, dtype=np.int64)
    for i in range(able.size):
        start[np.uint32(bins[i]) + 1] += 1
    for b in range(n_bins):
        start[b + 1] += start[b]
    at, went = start.astype(np.uint32), np.empty(able.size, dtype=np.uint32)
    index, rivals = np.empty(able.size, dtype=np.int32), np.empty(able.size, dtype=np.int32)
    for i in range(able.size):
        here = at[np.uint32(bins[i])]
        at[np.uint32(bins[i])] = here + np.uint32(1)
        went[i] = here
        index[here] = able[i]
        rivals[here] = own[i]
    places = np.empty((coords.shape[0], able.size), dtype=np.float32)
    for axis in range(coords.shape[0]):
        line, given = places[axis], coords[axis]
        for i in range(able.size):
            line[i] = given[np.uint32(index[i])]
    return start, went, index, rivals, places


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
def _move(bounds: NDArray[np.int64], part: int, index: NDArray[np.int32], end: int, bound: int) -> int:
    """Move one of a bin's bounds on to the first index from `bound` on; where it is now."""
    while bounds[part] < end and index[bounds[part]] < bound:
        bounds[part] += 1
    return int(bounds[part])


@njit(cache=True)
def _settle(
    own: NDArray[np.int32],
    able: NDArray[np.int32],
    bins: NDArray[np.int32],
    hopeful: NDArray[np.int32],
    spare: NDArray[np.int32],
    n_bins: int,
    coords: NDArray[np.float32],
    shape: NDArray[np.float32],
    radius: int,
    wrap: bool,
) -> NDArray[np.int32]:
    """Visit the columns that may win, in order.

    A winner's key grows by one in its bin's list, so that it beats its equals, and nobody else. In a bin of equal
    keys only winners matter, so there the list is of winners.

    Parameters
    ----------
    own : keys of the able columns
    able : columns that can win
    bins : of each of these
    hopeful, spare : as of `_hopeful`
    coords : (axes - 1, columns) along all axes but the first
    shape : (axes,) of the grid
    """
    winners, n = np.empty(hopeful.size, dtype=np.int32), np.uint64(0)
    start, went, index, rivals, places = _by_bin(own, able, bins, coords, n_bins)
    end, equal = start[1:].copy(), np.zeros(n_bins, dtype=np.bool_)
    bounds = np.empty((n_bins, 4), dtype=np.int64)  # where the next stretches begin and end: they only grow
    for b in range(n_bins):
        bounds[b] = start[b]
        members = rivals[start[b] : end[b]]
        if not members.size:
            continue
        least, most = members[0], members[0]
        for i in range(members.size):
            least, most = min(least, members[i]), max(most, members[i])
        if least == most:
            equal[b], end[b] = True, start[b]
    rows, columns = np.int64(shape[0]), coords.shape[1]
    stride, others, reach = columns // rows, shape[1:], np.float32(radius)
    all_rows = wrap and 2 * radius + 1 >= rows
    for visit in range(hopeful.size):
        i = hopeful[visit]
        column, b = np.int64(able[i]), bins[i]
        if spare[visit] > 0:
            key, middle = own[i], coords[:, column]
            if all_rows:
                bigger = _count_bigger(rivals, places, start[b], end[b], key, middle, others, reach, wrap)
            else:
                # The lists are sorted by index: the box's reach along the first axis is a stretch of them, or two.
                row = column // stride
                low, high = (row - radius) * stride, (row + radius + 1) * stride
                first = _move(bounds[b], 0, index, end[b], low)
                last = _move(bounds[b], 1, index, end[b], high)
                bigger = _count_bigger(rivals, places, first, last, key, middle, others, reach, wrap)
                if wrap and low < 0:
                    first = _move(bounds[b], 2, index, end[b], low + columns)
                    bigger += _count_bigger(rivals, places, first, end[b], key, middle, others, reach, wrap)
                if wrap and high > columns:
                    last = _move(bounds[b], 3, index, end[b], high - columns)
                    bigger += _count_bigger(rivals, places, start[b], last, key, middle, others, reach, wrap)
            if bigger >= spare[visit]:
                continue
        me = np.int64(went[i])
        if equal[b]:
            me = end[b]
            end[b] = me + 1
            index[me] = column
            for axis in range(coords.shape[0]):
                places[axis, me] = coords[axis, column]
        rivals[me] = own[i] + 1
        winners[n] = column
        n += np.uint64(1)
    return winners[:n]


@njit(cache=True)
def _compete(
    able: NDArray[np.int32],
    own: NDArray[np.int32],
    limit: NDArray[np.int32],
    bits: int,
    windows: NDArray[np.uint32],
    around: int,
    coords: NDArray[np.float32],
    shape: NDArray[np.float32],
    axes: NDArray[np.int64],
    radius: int,
    wrap: bool,
) -> NDArray[np.int32]:
    """All the steps of local competition between the columns that can win, whose keys are `own`."""
    if able.size <= _FEW:
        # One bin: only a rival of it can be bigger. A box that lets nobody win has nothing to spare.
        bins, n_bins = np.zeros(able.size, dtype=np.int32), 1
        hopeful = np.arange(able.size).astype(np.int32)
        hopeful = hopeful[limit[able] > 0]
        spare = limit[able[hopeful]]
    else:
        n_bins = 63 // bits
        levels, words = _choose_levels(own, n_bins), np.zeros(limit.size, dtype=np.int64)
        bins = _reach(own, able, levels, bits, words)
        totals = window_totals(words, axes, radius, wrap, around)
        hopeful, spare = _hopeful(able, bins, totals, windows, bits, limit)
    return _settle(own, able, bins, hopeful, spare, n_bins, coords, shape, radius, wrap)


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
        self._around, self._windows = self._window_ends()

    def _window_ends(self) -> tuple[int, NDArray[np.uint32]]:
        """Where each column's window along the last axis begins and ends in `window_totals`, (2, columns)."""
        n = self.shape[-1]
        whole = self.wrap and 2 * self.radius + 1 >= n
        around = self.radius if self.wrap and not whole else 0
        line, place = np.divmod(np.arange(self.n), n)
        reach = n if whole else self.radius
        first, last = place + around - reach, place + around + reach + 1
        if not around:
            first, last = np.maximum(first, 0), np.minimum(last, n)
        return around, (np.stack([first, last]) + line * (n + 2 * around + 1)).astype(np.uint32)

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
        if score.dtype.kind == "f":
            least = -np.inf if floor is None else floor
        else:
            least = np.iinfo(score.dtype).min if floor is None else np.ceil(floor)
        able, own = _able(np.ascontiguousarray(score), score.dtype.type(least))
        if not able.size:
            return able
        return np.asarray(
            _compete(
                able,
                ordered_keys(own),
                self.limits(density),
                self._bits,
                self._windows,
                self._around,
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
