"""Sums, means and maxima over the box around every column of a grid, along one axis after the other.

An axis of an array over the grid is (outer, n, inner): `inner` numbers lie between neighbours, `n` of them make a
line, and there are `outer` blocks of lines. Running totals make the cost of a sum independent of the radius.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

UNIT = 2.0**40  # duty cycles are summed as integers of 1/this, so that no order of summing matters


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
    """Sums over the 2 radius + 1 neighbours along one axis, flat arrays (outer n inner,), by running totals."""
    reach = min(radius, n - 1)
    if wrap and 2 * radius + 1 >= n:
        reach = 0  # all of the axis: handled by one total
    lines = n + 2 * reach
    totals = np.zeros((lines + 1) * inner, dtype=np.int64)
    width, block = (2 * reach + 1) * inner, n * inner
    for o in range(outer):
        given, out = source[o * block : (o + 1) * block], target[o * block : (o + 1) * block]
        for i in range(lines):
            at = i - reach
            before = totals[i * inner : (i + 1) * inner]
            after = totals[(i + 1) * inner : (i + 2) * inner]
            if wrap or 0 <= at < n:
                at = at + n if at < 0 else (at - n if at >= n else at)
                line = given[at * inner : (at + 1) * inner]
                for c in range(inner):
                    after[c] = before[c] + line[c]
            else:
                for c in range(inner):
                    after[c] = before[c]
        if wrap and 2 * radius + 1 >= n:
            for i in range(n):
                out[i * inner : (i + 1) * inner] = totals[block : block + inner]
        else:
            far = totals[width : width + block]
            for i in range(block):
                out[i] = far[i] - totals[i]


@njit(cache=True)
def _line_sum(
    source: NDArray[np.int64], target: NDArray[np.int64], outer: int, n: int, radius: int, wrap: bool
) -> None:
    """`_box_sum` along the last axis, where a line is one number."""
    reach = min(radius, n - 1)
    whole = wrap and 2 * radius + 1 >= n
    if whole:
        reach = 0
    totals = np.zeros(n + 2 * reach + 1, dtype=np.int64)
    near, far = totals[:n], totals[2 * reach + 1 :]
    for o in range(outer):
        given, out = source[o * n : (o + 1) * n], target[o * n : (o + 1) * n]
        total = np.int64(0)
        if wrap:
            end = given[n - reach :]
            for i in range(end.size):
                total += end[i]
                totals[i + 1] = total
        middle = totals[reach + 1 : reach + 1 + n]
        for i in range(n):
            total += given[i]
            middle[i] = total
        last = totals[reach + 1 + n :]
        for i in range(last.size):
            total += given[i] if wrap else 0
            last[i] = total
        if whole:
            out[:] = total
        else:
            for i in range(n):
                out[i] = far[i] - near[i]


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
    """Largest of the 2 radius + 1 neighbours along one axis, flat arrays (outer n inner,)."""
    target[:] = source
    block = n * inner
    for o in range(outer):
        for d in range(1, min(radius, n - 1) + 1):
            shift = d * inner
            for i in range(o * block, (o + 1) * block - shift):
                target[i] = max(target[i], source[i + shift])
            for i in range(o * block + shift, (o + 1) * block):
                target[i] = max(target[i], source[i - shift])
            if wrap:
                around = block - shift
                for i in range(o * block, o * block + shift):
                    target[i] = max(target[i], source[i + around])
                for i in range(o * block + around, (o + 1) * block):
                    target[i] = max(target[i], source[i - around])


@njit(cache=True)
def box_sums(
    values: NDArray[np.int64], axes: NDArray[np.int64], radius: int, wrap: bool
) -> NDArray[np.int64]:
    """Sums of `values`, (k columns,), over each column's box; `axes` has (outer, n, inner) of each, last first."""
    source, target = values, np.empty_like(values)
    k = values.size // (axes[0, 0] * axes[0, 1])
    for axis in range(axes.shape[0]):
        outer, n, inner = k * axes[axis, 0], axes[axis, 1], axes[axis, 2]
        if n > 1:
            if inner == 1:
                _line_sum(source, target, outer, n, radius, wrap)
            else:
                _box_sum(source, target, outer, n, inner, radius, wrap)
            source, target = target, source
    return source


@njit(cache=True)
def box_means(
    values: NDArray[np.float32],
    inverse: NDArray[np.float64],
    axes: NDArray[np.int64],
    radius: int,
    wrap: bool,
) -> NDArray[np.float32]:
    """Means of fractions over each column's box; `inverse`, (columns,), is 1 / (size units)."""
    units = np.empty(values.size, dtype=np.int64)
    for i in range(values.size):
        units[i] = np.int64(np.float64(values[i]) * UNIT)
    units = box_sums(units, axes, radius, wrap)
    means = np.empty(values.size, dtype=np.float32)
    for i in range(values.size):
        means[i] = np.float32(np.float64(units[i]) * inverse[i])
    return means
