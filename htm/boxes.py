"""Sums, means and maxima over the box around every column of a grid, along one axis after the other.

An axis of an array over the grid is (outer, n, inner): `inner` numbers lie between neighbours, `n` of them make a
line, and there are `outer` blocks of lines. Running totals make the cost of a sum independent of the radius.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

UNIT = 2.0**40  # duty cycles are summed as integers of 1/this, so that no order of summing matters
_BASE = 2.0**52
_BASE_BITS = np.int64(np.float64(_BASE).view(np.int64))


@njit(cache=True)
def _box_sum(
    source: NDArray[np.int64],
    target: NDArray[np.int64],
    outer: int,
    n: int,
    inner: int,
    radius: int,
    wrap: bool,
) -> None:
    """Sums over the 2 radius + 1 neighbours along one axis, flat arrays (outer n inner,): a window that moves."""
    reach = min(radius, n - 1)
    whole = wrap and 2 * radius + 1 >= n
    block, none = n * inner, np.zeros(inner, dtype=np.int64)
    total = np.empty(inner, dtype=np.int64)
    for o in range(outer):
        given, out = source[o * block : (o + 1) * block], target[o * block : (o + 1) * block]
        total[:] = 0
        for at in range(n):  # the window of the line before the first
            if whole or at < reach or (wrap and at >= n - reach - 1):
                line = given[at * inner : (at + 1) * inner]
                for c in range(inner):
                    total[c] += line[c]
        for i in range(n):
            comes, goes = i + reach, i - reach - 1
            if wrap:
                comes, goes = comes - n if comes >= n else comes, goes + n if goes < 0 else goes
            new = none if whole or comes >= n else given[comes * inner : (comes + 1) * inner]
            gone = none if whole or goes < 0 else given[goes * inner : (goes + 1) * inner]
            sums = out[i * inner : (i + 1) * inner]
            for c in range(inner):
                total[c] += new[c] - gone[c]
                sums[c] = total[c]


@njit(cache=True)
def _run_totals(given: NDArray[np.int64], totals: NDArray[np.int64], around: int, wrap: bool) -> None:
    """Running totals along one line, (n + 1 + 2 around,): 0, then the total after each number.

    `around` numbers stand before and after the line: its other end where it wraps, else 0. The sum over a window is
    the difference of two totals.
    """
    n, total = given.size, np.int64(0)
    before, middle, after = totals[1 : around + 1], totals[around + 1 :], totals[around + 1 + n :]
    totals[0] = total
    if wrap:
        end = given[n - around :]
        for i in range(around):
            total += end[i]
            before[i] = total
    else:
        before[:] = 0
    for i in range(n):
        total += given[i]
        middle[i] = total
    if wrap:
        for i in range(around):
            total += given[i]
            after[i] = total
    else:
        after[:] = total


@njit(cache=True)
def _line_sum(source: NDArray[np.int64], target: NDArray[np.int64], n: int, radius: int, wrap: bool) -> None:
    """`_box_sum` along the last axis, where a line is one number."""
    whole = wrap and 2 * radius + 1 >= n
    reach = n - 1 if whole else min(radius, n - 1)
    totals = np.empty(n + 2 * reach + 1, dtype=np.int64)
    far = totals[2 * reach + 1 :]
    for o in range(source.size // n):
        _run_totals(source[o * n : (o + 1) * n], totals, reach, wrap and not whole)
        out = target[o * n : (o + 1) * n]
        for i in range(n):
            out[i] = far[i] - totals[i]


@njit(cache=True)
def box_max(
    source: NDArray[np.float32],
    target: NDArray[np.float32],
    outer: int,
    n: int,
    inner: int,
    radius: int,
    wrap: bool,
) -> None:
    """Largest of the 2 radius + 1 neighbours along one axis, flat arrays (outer n inner,).

    Windows of twice the length come from two of half of it, so the cost grows with the radius' logarithm.
    """
    reach = min(radius, n - 1)
    lines, width = n + 2 * reach, 2 * reach + 1
    padded, block = np.empty(lines * inner, dtype=np.float32), n * inner
    for o in range(outer):
        given = source[o * block : (o + 1) * block]
        padded[:] = -np.inf
        padded[reach * inner : reach * inner + block] = given
        if wrap:
            padded[: reach * inner] = given[block - reach * inner :]
            padded[reach * inner + block :] = given[: reach * inner]
        length = 1  # padded[i] is the largest of this many lines from i on
        while 2 * length <= width:
            later = padded[length * inner :]
            for i in range(later.size):
                padded[i] = max(padded[i], later[i])
            length *= 2
        last, out = padded[(width - length) * inner :], target[o * block : (o + 1) * block]
        for i in range(block):
            out[i] = max(padded[i], last[i])


@njit(cache=True)
def box_sums(
    values: NDArray[np.int64], axes: NDArray[np.int64], radius: int, wrap: bool
) -> NDArray[np.int64]:
    """Sums of `values`, (columns,), over each column's box; `axes` has (outer, n, inner) of each, last first.

    What `values` held is lost.
    """
    source, target = values, np.empty_like(values)
    for axis in range(axes.shape[0]):
        outer, n, inner = axes[axis]
        if n > 1:
            if inner == 1:
                _line_sum(source, target, n, radius, wrap)
            else:
                _box_sum(source, target, outer, n, inner, radius, wrap)
            source, target = target, source
    return source


@njit(cache=True)
def window_totals(
    values: NDArray[np.int64], axes: NDArray[np.int64], radius: int, wrap: bool, around: int
) -> NDArray[np.int64]:
    """Sums over each box's axes but the last, and running totals along that, flat (lines (n + 1 + 2 around),).

    So the sum over a box is the difference of two of them (see `_run_totals`). What `values` held is lost.
    """
    source, target = values, np.empty_like(values)
    for axis in range(1, axes.shape[0]):
        outer, n, inner = axes[axis]
        if n > 1:
            _box_sum(source, target, outer, n, inner, radius, wrap)
            source, target = target, source
    lines, n = axes[0, 0], axes[0, 1]
    width = n + 2 * around + 1
    totals = np.empty(lines * width, dtype=np.int64)
    for o in range(lines):
        _run_totals(source[o * n : (o + 1) * n], totals[o * width : (o + 1) * width], around, wrap)
    return totals


@njit(cache=True)
def box_means(
    values: NDArray[np.float32],
    inverse: NDArray[np.float64],
    axes: NDArray[np.int64],
    radius: int,
    wrap: bool,
) -> NDArray[np.float32]:
    """Means of fractions over each column's box; `inverse`, (columns,), is 1 / (size units)."""
    # 2^52 plus a whole number under it is a float64 whose low bits are that number: casts in vector instructions
    places = np.empty(values.size, dtype=np.float64)
    for i in range(values.size):
        places[i] = np.floor(np.float64(values[i]) * UNIT) + _BASE
    units = places.view(np.int64)
    for i in range(units.size):
        units[i] -= _BASE_BITS
    sums = box_sums(units, axes, radius, wrap).view(np.uint64)
    means = np.empty(values.size, dtype=np.float32)
    for i in range(values.size):
        means[i] = np.float32(np.float64(sums[i]) * inverse[i])
    return means
