"""Every kernel equals its plain numpy twin in `htm.reference`."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from htm import kernels, listed_kernels, reference

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


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_update_duties(seed):
    rng = np.random.default_rng(seed)
    ours = rng.random((2, 50), dtype=np.float32)
    twins = ours.copy()
    overlap, minimum = rng.integers(0, 2, 50).astype(np.int32), rng.random(50, dtype=np.float32)
    winners, period = _some(rng, 6, 50), np.float32(rng.integers(1, 1000))
    weak = kernels.update_duties(*ours, overlap, winners, period, minimum)
    assert np.array_equal(weak, reference.update_duties(*twins, overlap, winners, period, minimum))
    assert np.array_equal(ours, twins)


def _listed(rng):
    """The synapses of `_columns` listed by row and by input."""
    permanence, pool, connected = _columns(rng)
    row, source = (i.astype(np.uint16) for i in np.nonzero(pool))
    by_input = np.argsort(source, kind="stable")
    place = np.empty(row.size, dtype=np.uint32)
    place[by_input] = np.arange(row.size)
    start = np.searchsorted(row, np.arange(38)).astype(np.int64)
    line_start = np.searchsorted(source[by_input], np.arange(54)).astype(np.int64)
    listed = np.where(connected[source, row], row, 37 + row % listed_kernels.ASIDE)[by_input].astype(
        np.uint16
    )
    return permanence[row, source], source, start, place, listed, line_start, connected


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(0, 53))
def test_listed_kernels(seed, n_active):
    rng = np.random.default_rng(seed)
    values, source, start, place, listed, line_start, connected = _listed(rng)
    active = _some(rng, n_active, 53)
    counts = listed_kernels.count_listed(line_start, listed, active, 37)
    assert np.array_equal(counts, reference.count_listed(line_start, listed, active, 37))
    assert np.array_equal(counts, reference.count_connected(connected, active))
    half = np.float32(0.5)
    for module in (listed_kernels, reference):
        extent, known = np.zeros(37, dtype=np.int32), np.zeros(37, dtype=np.uint8)
        module.spans_listed(values, start, source.astype(np.int32)[None], half, known, extent)
        assert np.array_equal(extent, kernels.spans(connected, np.array([53])))
        assert (known == listed_kernels.SPAN).all()
    change = rng.uniform(-0.6, 0.6, 53).astype(np.float32)
    rows = _some(rng, 9, 37)
    results = []
    for module in (listed_kernels, reference):
        after, lines, known = values.copy(), listed.copy(), np.full(37, 3, dtype=np.uint8)
        module.hebbian_listed(after, source, start, place, lines, known, rows, change, half)
        results.append((after, lines, known))
    for a, b in zip(*results, strict=True):
        assert np.array_equal(a, b)


@settings(max_examples=25, deadline=None)
@given(seeds, st.floats(0.0, 1.0))
def test_raise_listed(seed, up):
    rng = np.random.default_rng(seed)
    values, _, start, place, listed, _, _ = _listed(rng)
    results = []
    for module in (listed_kernels, reference):
        after, lines, known = values.copy(), listed.copy(), np.full(37, listed_kernels.SPAN, dtype=np.uint8)
        for rows in (np.arange(0, 37, 2, dtype=np.int32), np.arange(20, dtype=np.int32)):
            for _ in range(2):
                module.raise_listed(after, start, place, lines, known, rows, np.float32(up), np.float32(0.5))
        results.append((after, lines, known))
    for a, b in zip(*results, strict=True):
        assert np.array_equal(a, b)


def test_hebbian_change():
    change = kernels.hebbian_change(np.array([1, 3], np.int32), 5, np.float32(0.2), np.float32(0.1))
    assert change.tolist() == np.array([-0.1, 0.2, -0.1, 0.2, -0.1], dtype=np.float32).tolist()


def test_boosted():
    rng = np.random.default_rng(3)
    boost = rng.random(50, dtype=np.float32)
    for overlap in (rng.integers(0, 30, 50).astype(np.int32), rng.random(50, dtype=np.float32)):
        assert np.array_equal(kernels.boosted(overlap, boost), reference.boosted(overlap, boost))


@settings(max_examples=25, deadline=None)
@given(seeds, st.sampled_from([(53,), (1, 53), (53, 1)]))
def test_spans(seed, shape):
    rng = np.random.default_rng(seed)
    connected = (rng.random((53, 20)) < rng.choice([0.02, 0.5])).astype(np.uint8)
    ours = kernels.spans(connected, np.array(shape))
    assert np.array_equal(ours, reference.spans(connected, np.array(shape)))


def test_ordered_keys_order_as_the_scores_do():
    score = np.array([-np.inf, -2.5, -1e-40, -0.0, 0.0, 1e-40, 3.0, np.inf], dtype=np.float32)
    keys = kernels.ordered_keys(score)
    assert keys[3] == keys[4]
    assert (np.diff(keys) >= 0).all()
    assert np.unique(keys).size == 7
    assert kernels.top_k(np.arange(9), 2).tolist() == [7, 8]
    assert kernels.top_k(np.array([-(2**31), 2**31 - 1, 0], np.int32), 2).tolist() == [1, 2]


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
