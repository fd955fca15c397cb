"""Cells of several rows laid one behind the other: against plain numpy."""

from __future__ import annotations

import numpy as np
import pytest

from devices import row_kernels as kernels

F = np.float32


@pytest.mark.parametrize("seed", range(3))
def test_rows_are_taken_and_put_back(seed: int) -> None:
    rng = np.random.default_rng(seed)
    array = rng.integers(0, 60_000, (30, 17)).astype(np.uint16)
    rows = np.flatnonzero(rng.random(30) < 0.5).astype(np.int32)
    widths = rng.integers(0, 18, rows.size).astype(np.int32)
    count = rng.random((rows.size, 17), dtype=F) * (np.arange(17) < widths[:, None])
    count[:, 2] = 0  # a gap is no end
    widths = np.where(widths == 3, 2, widths).astype(np.int32)
    found = np.empty_like(widths)
    kernels.used_slots(count, found)
    np.testing.assert_array_equal(found, widths)
    whole = [array[row, :width] for row, width in zip(rows, widths, strict=True)]
    flat = np.concatenate(whole)
    taken, scaled = np.empty(flat.size, dtype=np.uint16), np.empty(flat.size, dtype=F)
    kernels.take(array, rows, widths, taken)
    np.testing.assert_array_equal(taken, flat)
    np.testing.assert_array_equal(kernels.view(array, rows, widths, taken), flat)
    one = kernels.view(array, rows[-1:], np.array([5], dtype=np.int32), taken)
    np.testing.assert_array_equal(one, array[rows[-1], :5])
    assert np.shares_memory(one, array)
    kernels.take_scaled(array, F(0.5), F(20_000), rows, widths, scaled)
    np.testing.assert_array_equal(scaled, np.minimum(flat * F(0.5), F(20_000)))
    into = np.full(array.shape, -1, dtype=F)
    kernels.put(scaled, rows, widths, into)
    twin = np.full(array.shape, -1, dtype=F)
    twin[rows] = np.where(
        np.arange(17) < widths[:, None], np.minimum(array[rows] * F(0.5), F(20_000)), twin[rows]
    )
    np.testing.assert_array_equal(into, twin)


def test_patches_hold_whole_rows() -> None:
    widths = np.array([700, 300, 25, 5000, 0, 1024, 1], dtype=np.int32)
    ends, first = [], 0
    while first < widths.size:
        first, n = kernels.patch_from(first, widths)
        ends.append((first, n))
    assert ends == [(2, 1000), (3, 25), (4, 5000), (6, 1024), (7, 1)]
