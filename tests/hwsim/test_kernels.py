"""Every kernel equals its plain numpy twin in `hwsim.reference`."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwsim import kernels, reference

seeds = st.integers(0, 2**32 - 1)
SLOTS, LINES = 50, 70


def _lines(rng, low=0.0):
    return rng.uniform(low, 1.0, (SLOTS, LINES)).astype(np.float32)


def _active(rng):
    return np.sort(rng.choice(SLOTS, int(rng.integers(0, SLOTS)), replace=False)).astype(np.int32)


def _bounds(active):
    return np.searchsorted(active, [0, 16, 32, SLOTS]).astype(np.int64)


def test_store_rows():
    rng = np.random.default_rng(0)
    lines = np.zeros((SLOTS, LINES), dtype=np.float32)
    rows = np.array([0, 5, 63, 64, 69], dtype=np.int32)
    values = rng.random((5, SLOTS), dtype=np.float32)
    kernels.store_rows(lines, rows, values)
    assert np.array_equal(lines[:, rows], values.T)
    assert np.count_nonzero(lines) == np.count_nonzero(values)


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_line_sums(seed):
    rng = np.random.default_rng(seed)
    lines, active = _lines(rng), _active(rng)
    bounds = _bounds(active)
    ours, twins = (np.zeros((2, 3, LINES), dtype=np.float32) for _ in range(2))
    kernels.line_sums_and_squares(lines, active, bounds, ours[0], ours[1])
    reference.line_sums_and_squares(lines, active, bounds, twins[0], twins[1])
    assert ours == pytest.approx(twins, rel=1e-5)  # numpy adds in another order
    alone = np.zeros((2, 3, LINES), dtype=np.float32)
    kernels.line_sums(lines, active, bounds, alone[0])
    kernels.line_squares(lines, active, bounds, alone[1])
    assert np.array_equal(alone[0], ours[0])
    assert alone[1] == pytest.approx(ours[1], rel=1e-5)


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_row_sums_equal_line_sums_bit_for_bit(seed):
    rng = np.random.default_rng(seed)
    lines, active = _lines(rng), _active(rng)
    bounds = _bounds(active)
    rows = np.sort(rng.choice(LINES, 12, replace=False)).astype(np.int32)
    whole, part, twin = (np.zeros((2, 3, LINES), dtype=np.float32) for _ in range(3))
    g = np.ascontiguousarray(lines.T)
    kernels.line_sums_and_squares(lines, active, bounds, whole[0], whole[1])
    kernels.row_sums_and_squares(g, rows, active, bounds, part[0], part[1])
    reference.row_sums_and_squares(g, rows, active, bounds, twin[0], twin[1])
    assert np.array_equal(part[:, :, rows], whole[:, :, rows])
    assert part == pytest.approx(twin, rel=1e-5)


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_sensing(seed):
    rng = np.random.default_rng(seed)
    lines, active = _lines(rng, low=-1.0), _active(rng)
    half = np.float32(0.5)
    assert np.array_equal(
        kernels.count_above(lines, active, half), reference.count_above(lines, active, half)
    )
    g = np.ascontiguousarray(lines.T)
    pool = (rng.random(g.shape) < 0.6).astype(np.uint8)
    rows = np.sort(rng.choice(LINES, 12, replace=False)).astype(np.int32)
    whole = kernels.count_above(
        np.ascontiguousarray(np.where(pool, g, -1).T.astype(np.float32)), active, half
    )
    counts, twin = np.zeros((2, LINES), dtype=np.int32)
    kernels.row_count_above(g, pool, rows, active, half, counts)
    reference.row_count_above(g, pool, rows, active, half, twin)
    assert np.array_equal(counts, twin)
    assert np.array_equal(counts[rows], whole[rows])
    margins = rng.normal(0, 8, lines.shape).astype(np.float32)
    sigmas = np.float32(6)
    results = []
    for module in (kernels, reference):
        counts = np.zeros(LINES, dtype=np.int32)
        doubtful = np.zeros(active.size, dtype=np.int32)
        total = module.count_certain(margins, active, sigmas, counts, doubtful)
        draws = np.random.default_rng(seed).standard_normal(total).astype(np.float32)
        module.count_doubtful(margins, active, sigmas, counts, doubtful, draws)
        results.append((counts, doubtful, total))
    assert np.array_equal(results[0][0], results[1][0])
    assert np.array_equal(results[0][1], results[1][1])
    assert results[0][2] == results[1][2]


@settings(max_examples=40, deadline=None)
@given(seeds, st.booleans(), st.integers(0, 3), st.booleans(), st.booleans(), st.booleans())
def test_convert(seed, noisy, copies, limited, adc, offsets):
    rng = np.random.default_rng(seed)
    none = np.empty((0, 0), dtype=np.float32)
    columns = LINES - 12  # three tiles of 20 lines, the last not full, and up to 12 reference columns
    shape = (3, columns + 3 * copies)
    sums = rng.uniform(0, 30, shape).astype(np.float32)
    chain = (
        rng.uniform(0, 2, shape).astype(np.float32) if noisy else none,
        rng.standard_normal(shape).astype(np.float32) if noisy else none,
        columns,
        20,
        copies,
        np.float32(18 if limited else np.inf),
    )
    assert np.array_equal(kernels.condition(sums, *chain), reference.condition(sums, *chain))
    args = (
        *chain,
        rng.normal(0, 1, shape).astype(np.float32) if offsets else none,
        np.float32(0.25 if adc else 0),
        np.float32(63),
    )
    assert np.array_equal(kernels.convert(sums, *args), reference.convert(sums, *args))


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_pulse_counts(seed):
    rng = np.random.default_rng(seed)
    pool = (rng.random((20, SLOTS)) < 0.6).astype(np.uint8)
    flags = (rng.random(SLOTS) < 0.3).astype(np.uint8)
    rows = np.sort(rng.choice(20, 6, replace=False)).astype(np.int32)
    up, down = rng.random((2, 6)).astype(np.float32)
    for scale in (np.float32(1), np.float32(40)):
        ours = kernels.pulse_counts(rows, pool, flags, up * scale, down * scale)
        twin = reference.pulse_counts(rows, pool, flags, up * scale, down * scale)
        assert np.array_equal(ours[0], twin[0])
        assert ours[1] == twin[1]
