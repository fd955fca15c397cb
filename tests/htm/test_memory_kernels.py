"""Every kernel of the temporal memory equals its plain twin in `htm.memory_reference`."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from htm import memory_growth, memory_index, memory_kernels, memory_owners, memory_rows
from htm import memory_reference as twins
from htm.memory_index import InputIndex
from htm.memory_wiring import Wiring

# Hashes wrap around by design; without the compiler numpy's scalars say so.
pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered in scalar:RuntimeWarning")

seeds = st.integers(0, 2**32 - 1)
COLUMNS, CELLS, ROWS, SLOTS = 12, 4, 60, 9


def _same(ours, theirs):
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert np.array_equal(a, b)
        assert np.asarray(a).dtype == np.asarray(b).dtype or np.ndim(a) == 0


def _some(rng, n, size):
    return np.sort(rng.choice(size, n, replace=False)).astype(np.int32)


def _wires(rng, n_inputs=COLUMNS * CELLS):
    source = np.stack([rng.choice(n_inputs, SLOTS, replace=False) for _ in range(ROWS)]).astype(np.int32)
    source[rng.random(source.shape) < 0.3] = -1
    permanence = np.where(source >= 0, rng.integers(0, 9, source.shape) / 8, 0).astype(np.float32)
    return source, permanence


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_decisions(seed):
    rng = np.random.default_rng(seed)
    cell = rng.integers(0, COLUMNS * CELLS, ROWS).astype(np.int32)
    rows = _some(rng, int(rng.integers(0, 30)), ROWS)
    predicts = rng.random(rows.size) < rng.random()
    potential = rng.integers(3, 7, rows.size).astype(np.int32)
    columns = _some(rng, int(rng.integers(0, 7)), COLUMNS)
    previous = _some(rng, int(rng.integers(0, 9)), COLUMNS * CELLS)
    held = np.bincount(cell, minlength=COLUMNS * CELLS).astype(np.int32)
    key = int(rng.integers(0, 2**64, dtype=np.uint64))
    most = (columns, CELLS, rows, cell, predicts, potential, previous, held)
    _same(memory_kernels.activate(*most, np.uint64(key)), twins.activate(*most, key))
    some = (previous, columns, CELLS, rows, cell, predicts, potential)
    _same(memory_kernels.answer(*some), twins.answer(*some))


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(1, 12), st.integers(0, SLOTS + 5))
def test_grow(seed, new_synapses, least):
    rng = np.random.default_rng(seed)
    source, permanence = _wires(rng)
    rows = _some(rng, 10, ROWS)
    source[rows[6:]] = -1
    limits = rng.integers(least, SLOTS + 6, rows.size).astype(np.int32)
    for row, limit in zip(rows, limits, strict=True):  # a row holds its synapses in its first slots
        source[row, limit:] = -1
    learning, fresh = rows[:6], rows[6:]
    driven = rng.integers(0, new_synapses, 6).astype(np.int32)
    key = int(rng.integers(0, 2**64, dtype=np.uint64))
    candidates = _some(rng, int(rng.integers(1, 9)), COLUMNS * CELLS)
    given_ = (
        learning,
        driven,
        permanence[learning],
        fresh,
        candidates,
        new_synapses,
        np.float32(0.4),
        limits,
        source,
    )
    places = np.zeros(COLUMNS * CELLS, np.int32)
    ours = memory_growth.grow(*given_, np.uint64(key), places)
    assert not places.any()
    _same(ours, twins.grow(*given_, key))
    _, _, at, slots, sources = ours
    assert len(set(zip(at.tolist(), sources.tolist(), strict=True))) == at.size
    limit_of = np.zeros(ROWS, np.int32)
    limit_of[rows] = limits
    assert (slots < limit_of[at]).all()


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_ownership(seed):
    rng = np.random.default_rng(seed)
    state = [
        np.full(ROWS, -1, np.int32),
        np.zeros(20, np.int32),
        np.full(20, -1, np.int32),
        np.full(ROWS, -1, np.int32),
        np.full(ROWS, -1, np.int32),
        np.zeros(2, np.int64),
    ]
    twin = [a.copy() for a in state]
    none = np.empty(0, np.int32)
    for _ in range(4):
        cell = state[0]
        founders = _some(rng, 6, 20)
        owned = np.flatnonzero((cell >= 0) & ~np.isin(cell, founders)).astype(np.int32)
        dead = owned[rng.random(owned.size) < 0.3]
        victims = np.array([max(np.flatnonzero(cell == f), default=-1) for f in founders], np.int32)
        victims[rng.random(6) < 0.6] = -1
        victims = none if (victims < 0).all() else victims
        for limit in (1, 2, 3):
            full = memory_owners.count_full(founders, state[1], limit)
            assert full == twins.count_full(founders, state[1], limit)
        ours = memory_owners.found(founders, victims, dead, *state)
        assert np.array_equal(ours, twins.found(founders, victims, dead, *twin))
        _same(state[:2] + state[5:], twin[:2] + twin[5:])
        n = state[5][0]
        assert np.array_equal(state[4][:n], twin[4][:n])
        used, twin_used = np.zeros(ROWS, np.int32), np.zeros(ROWS, np.int32)
        memory_owners.stamp(ours, 7, used)
        twins.stamp(ours, 7, twin_used)
        assert np.array_equal(used, twin_used)
        assert np.array_equal(state[1], np.bincount(state[0][state[0] >= 0], minlength=20))


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_rows(seed):
    rng = np.random.default_rng(seed)
    source, permanence = _wires(rng)
    rows, active = _some(rng, 15, ROWS), _some(rng, 12, COLUMNS * CELLS)
    flags = np.zeros(COLUMNS * CELLS + 1, np.uint8)
    half = np.float32(0.5)
    counts = np.empty(15, np.int32)
    memory_rows.overlap_rows(rows, active, source, permanence, flags, half, counts)
    assert np.array_equal(counts, twins.overlap_rows(rows, active, source, permanence, half))
    spent = twins.spent_slots(rows, source, permanence, np.float32(0.2))
    n = memory_rows.count_spent(rows, source, permanence, np.float32(0.2))
    assert n == twins.count_spent(rows, source, permanence, np.float32(0.2))
    found = np.empty((2, n), np.int32)
    memory_rows.spent_slots(rows, source, permanence, np.float32(0.2), *found)
    _same(found, spent)
    twin = permanence.copy()
    memory_rows.adapt_rows(rows, active, 0.3, -0.2, source, permanence, flags)
    twins.adapt_rows(rows, active, np.float32(0.3), np.float32(-0.2), source, twin)
    assert np.array_equal(permanence, twin)
    slots, sources = rng.integers(0, SLOTS, 15).astype(np.int32), rng.integers(-1, 3, 15).astype(np.int32)
    memory_rows.write_slots(rows, slots, sources, 0.5, permanence)
    twins.write_slots(rows, slots, sources, half, twin)
    assert np.array_equal(permanence, twin)
    assert not flags.any()


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(1, 60), st.booleans())
def test_the_index_follows_the_wiring(seed, n_inputs, many):
    rng = np.random.default_rng(seed)
    n_rows, slots = (3000, 6) if many else (40, 6)
    source = np.full((n_rows, slots), -1, np.int32)
    index = InputIndex(source, n_inputs)
    for _ in range(4):
        n = 400 if many else 60
        at = rng.integers(0, n_rows, n).astype(np.int32), rng.integers(0, slots, n).astype(np.int32)
        index.rewire(source, *at, rng.integers(-1, n_inputs, n).astype(np.int32))
        active = _some(rng, int(rng.integers(0, n_inputs + 1)), n_inputs)
        for one in (index, InputIndex(source, n_inputs)):
            for least in (1, 2):
                _same(one.driven(active, least), twins.driven_rows(source, active, least))


def test_wide_rows_are_counted_too():
    """A row of more slots than the index's counts of 8 bits can hold."""
    slots = np.arange(300, dtype=np.int32)
    wiring = Wiring.empty(20, 300, 400)
    wiring.rewire(np.full(300, 3, np.int32), slots, slots)
    active = np.arange(290, dtype=np.int32)
    assert wiring.count(active)[3] == 290
    for least, n in ((1, 1), (290, 1), (291, 0)):
        rows, driven = wiring.driven(active, least)
        assert rows.tolist() == [3][:n]
        assert driven.tolist() == [290][:n]
    wiring = Wiring.empty(20, 8, 400)
    assert wiring.driven(active, 300)[0].size == 0


def test_the_index_makes_room():
    """Many rows on few inputs: blocks are moved, the pool grows, and both orders of making room are met."""
    rng = np.random.default_rng(0)
    source = np.full((20_000, 4), -1, np.int32)
    index = InputIndex(source, 40)
    for begin in range(0, 20_000, 2_500):
        rows = np.repeat(np.arange(begin, begin + 2_500, dtype=np.int32), 4)
        slots = np.tile(np.arange(4, dtype=np.int32), 2_500)
        index.rewire(source, rows, slots, rng.integers(0, 40, rows.size).astype(np.int32))
    few = rng.integers(0, 20_000, 9_000).astype(np.int32), rng.integers(0, 4, 9_000).astype(np.int32)
    index.rewire(source, *few, rng.integers(-1, 40, 9_000).astype(np.int32))
    for active in (np.arange(40, dtype=np.int32), np.array([3, 17], np.int32)):
        _same(index.driven(active, 1), twins.driven_rows(source, active, 1))


@pytest.mark.parametrize("n", [1, 2, 7])
def test_below_is_fair(n):
    words = [twins.mix(5, i) for i in range(4000)]
    assert [int(memory_kernels.mix(np.uint64(5), i)) for i in range(50)] == words[:50]
    drawn = np.bincount([twins.below(word, n) for word in words], minlength=n)
    assert drawn.min() > 4000 / n - 5 * np.sqrt(4000 / n)


def test_checks():
    assert memory_index.are_bits(np.array([0, 3, 5], np.int32), 6)
    for bad in ([3, 3], [4, 2], [-1, 2], [1, 6]):
        assert not memory_index.are_bits(np.array(bad, np.int32), 6)
