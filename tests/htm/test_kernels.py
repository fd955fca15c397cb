"""Every kernel equals its plain numpy twin in `htm.reference`."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from htm import kernels, reference

seeds = st.integers(0, 2**32 - 1)


def _columns(rng, rows=37, inputs=53):
    permanence = rng.random((rows, inputs), dtype=np.float32)
    pool = (rng.random((rows, inputs)) < 0.7).astype(np.uint8)
    permanence[pool == 0] = 0
    connected = np.ascontiguousarray(((permanence >= np.float32(0.5)) & (pool != 0)).T).astype(np.uint8)
    return permanence, pool, connected


def _some(rng, n, size):
    return np.sort(rng.choice(size, n, replace=False)).astype(np.int32)


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(0, 53))
def test_count_connected(seed, n_active):
    rng = np.random.default_rng(seed)
    _, _, connected = _columns(rng)
    active = _some(rng, n_active, 53)
    assert np.array_equal(
        kernels.count_connected(connected, active), reference.count_connected(connected, active)
    )


def test_count_connected_past_255_lines():
    connected = np.ones((1000, 5), dtype=np.uint8)
    active = np.arange(700, dtype=np.int32)
    assert kernels.count_connected(connected, active).tolist() == [700] * 5


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_hebbian_columns(seed):
    rng = np.random.default_rng(seed)
    ours, twins = _columns(rng), None
    twins = tuple(a.copy() for a in ours)
    rows = _some(rng, 9, 37)
    change = rng.uniform(-0.6, 0.6, 53).astype(np.float32)
    kernels.hebbian_columns(*ours, rows, change, np.float32(0.5))
    reference.hebbian_columns(*twins, rows, change, np.float32(0.5))
    for a, b in zip(ours, twins, strict=True):
        assert np.array_equal(a, b)


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_segment_kernels(seed):
    rng = np.random.default_rng(seed)
    source = rng.integers(-1, 40, (30, 11)).astype(np.int32)
    permanence = rng.random((30, 11), dtype=np.float32)
    flags = (rng.random(40) < 0.4).astype(np.uint8)
    half = np.float32(0.5)
    assert np.array_equal(kernels.potential_counts(source, flags), reference.potential_counts(source, flags))
    assert np.array_equal(
        kernels.segment_counts(source, permanence, flags, half),
        reference.segment_counts(source, permanence, flags, half),
    )
    change = rng.uniform(-1, 1, 40).astype(np.float32)
    rows = _some(rng, 7, 30)
    ours, twin = permanence.copy(), permanence.copy()
    kernels.hebbian_segments(ours, source, rows, change)
    reference.hebbian_segments(twin, source, rows, change)
    assert np.array_equal(ours, twin)


@settings(max_examples=50, deadline=None)
@given(seeds, st.integers(0, 30), st.booleans())
def test_top_k_and_its_ties(seed, k, real):
    rng = np.random.default_rng(seed)
    score = rng.integers(0, 6, 24)  # few values, so there are many ties
    score = score.astype(np.float32) / 2 if real else score.astype(np.int32)
    assert np.array_equal(kernels.top_k(score, k), reference.top_k(score, k))


def test_update_duty():
    rng = np.random.default_rng(3)
    ours = rng.random(50, dtype=np.float32)
    twin = ours.copy()
    for period in (1, 7, 1000):
        hits = rng.random(50) < 0.3
        kernels.update_duty(ours, hits, np.float32(period))
        reference.update_duty(twin, hits, np.float32(period))
        assert np.array_equal(ours, twin)


def test_softmax_train():
    rng = np.random.default_rng(4)
    codes = [_some(rng, int(rng.integers(0, 12)), 60) for _ in range(40)]
    starts = np.concatenate([[0], np.cumsum([c.size for c in codes])]).astype(np.int64)
    indices = np.concatenate(codes).astype(np.int32)
    labels = rng.integers(0, 4, 40).astype(np.int32)
    order = rng.permutation(40)
    results = []
    for module in (kernels, reference):
        weights, bias = np.zeros((60, 4), np.float32), np.zeros(4, np.float32)
        module.softmax_train(weights, bias, starts, indices, labels, order, np.float32(0.1))
        results.append((weights, bias))
    # the order of a float32 sum differs between the two
    assert results[0][0] == pytest.approx(results[1][0], abs=1e-6)
    assert results[0][1] == pytest.approx(results[1][1], abs=1e-6)
