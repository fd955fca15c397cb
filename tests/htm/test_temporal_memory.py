"""The temporal memory: equal to htm.core where nothing is random, in law elsewhere; limits, saving, bad input."""

from itertools import pairwise

import numpy as np
import pytest

from htm.pick import BadInput
from htm.software import SoftwareSubstrate
from htm.temporal_memory import TemporalMemory, TemporalMemoryParams

ORACLE = {"initial_permanence": 1 / 4, "threshold": 1 / 2, "decrement": 1 / 16, "punishment": 1 / 64}


def _memory(seed=0, *, external_inputs=0, apical_inputs=0, **params):
    made = TemporalMemoryParams(**params)
    kinds = {"external_inputs": external_inputs, "apical_inputs": apical_inputs}
    return TemporalMemory(made, SoftwareSubstrate(), seed, **kinds)


def _small(seed=0, **overrides):
    params = {
        "columns": 40,
        "cells_per_column": 4,
        "activation_threshold": 4,
        "matching_threshold": 3,
        "new_synapses": 5,
        "increment": 0.2,
        "punishment": 0.02,
    }
    return _memory(seed, **(params | overrides))


def _codes(n, size=40, active=5, seed=0):
    rng = np.random.default_rng(seed)
    return [np.sort(rng.choice(size, active, replace=False)).astype(np.int32) for _ in range(n)]


def _stream(n, n_codes=12, seed=1, **shape):
    """Records that follow no fixed order, but with habits."""
    codes, rng = _codes(n_codes, **shape), np.random.default_rng(seed)
    at, made = 0, []
    for _ in range(n):
        at = (at + 1) % n_codes if rng.random() < 0.8 else int(rng.integers(n_codes))
        made.append(codes[at])
    return made


def _ragged(file, key):
    return np.split(file[f"{key}_concat"].astype(np.int32), np.cumsum(file[f"{key}_count"])[:-1])


def _connections(dendrites):
    """Segments as a sorted list of (cell, synapses)."""
    source = dendrites.segments.wiring.source
    permanence = np.round(dendrites.segments.permanence * 256).astype(int)
    made = []
    for row in np.flatnonzero(dendrites.cell >= 0):
        wired = np.flatnonzero(source[row] >= 0)
        pairs = zip(source[row, wired].tolist(), permanence[row, wired].tolist(), strict=True)
        made.append((int(dendrites.cell[row]), sorted(pairs)))
    return sorted(made)


def _stored_connections(file):
    ends = np.cumsum(np.append(0, file["segment_synapses"]))
    return [
        (
            int(cell),
            [(int(file["synapse_presynaptic"][i]), int(file["synapse_perm_q256"][i])) for i in range(*span)],
        )
        for cell, span in zip(file["segment_cell"], pairwise(ends), strict=True)
    ]


def test_one_cell_equals_htmcore(htmcore_oracles):
    file = np.load(htmcore_oracles / "tm_one_cell.npz")
    memory = _memory(
        columns=128,
        cells_per_column=1,
        activation_threshold=6,
        matching_threshold=4,
        increment=1 / 4,
        new_synapses=8,
        **ORACLE,
    )
    predicted, predictive = _ragged(file, "predicted_columns"), _ragged(file, "predictive_cells")
    at = 0
    for t, columns in enumerate(file["active_columns"].astype(np.int32)):
        assert np.array_equal(memory.predicted, predicted[t])
        assert np.array_equal(memory.predictive_cells, predictive[t])
        assert memory.compute(columns) == pytest.approx(file["anomaly"][t], abs=1e-6)
        n = int(file["n_active_cells"][t])
        assert np.array_equal(memory.active_cells, file["active_cells_concat"][at : at + n])
        assert memory.winner_cells.size == file["n_winner_cells"][t]
        assert memory.dendrites.n_segments == file["segments"][t]
        assert memory.dendrites.n_synapses == file["synapses"][t]
        at += n
    assert _connections(memory.dendrites) == sorted((c, sorted(s)) for c, s in _stored_connections(file))


def test_inference_equals_htmcore(htmcore_oracles):
    file = np.load(htmcore_oracles / "tm_infer.npz")
    memory = _memory(
        columns=256,
        cells_per_column=8,
        activation_threshold=8,
        matching_threshold=6,
        increment=1 / 8,
        new_synapses=12,
        **ORACLE,
    )
    stored = _stored_connections(file)
    width = max(len(synapses) for _, synapses in stored)
    state = memory.state()
    source = np.full((len(stored), width), -1, np.int32)
    permanence = np.zeros(source.shape, np.float32)
    for row, (_, synapses) in enumerate(stored):
        source[row, : len(synapses)] = [s for s, _ in synapses]
        permanence[row, : len(synapses)] = [p / 256 for _, p in synapses]
    state |= {
        "basal.cell": np.array([cell for cell, _ in stored], np.int32),
        "basal.last_used": np.zeros(len(stored), np.int32),
        "basal.used": len(stored),
        "basal.synapses.source": source,
        "basal.synapses.permanence": permanence,
    }
    memory.restore(state)
    predicted, predictive = _ragged(file, "predicted_columns"), _ragged(file, "predictive_cells")
    at = 0
    for t, columns in enumerate(file["active_columns"].astype(np.int32)):
        assert np.array_equal(memory.predicted, predicted[t])
        assert np.array_equal(memory.predictive_cells, predictive[t])
        assert memory.compute(columns, learn=False) == pytest.approx(file["anomaly"][t], abs=1e-6)
        n = int(file["n_active_cells"][t])
        assert np.array_equal(memory.active_cells, file["active_cells_concat"][at : at + n])
        at += n
    assert _connections(memory.dendrites) == sorted((c, sorted(s)) for c, s in stored)


def test_many_cells_follow_htmcores_law(htmcore_oracles):
    file = np.load(htmcore_oracles / "tm_many_cells.npz")
    wanted = file["anomaly"].mean(axis=0).reshape(-1, 100).mean(axis=1)
    for seed in range(6):
        memory = _memory(
            seed,
            columns=128,
            cells_per_column=8,
            activation_threshold=6,
            matching_threshold=4,
            increment=1 / 8,
            new_synapses=8,
            **ORACLE,
        )
        anomaly = np.array([memory.compute(columns) for columns in file["active_columns"].astype(np.int32)])
        assert anomaly[2000:].mean() == pytest.approx(0.126, abs=0.005)
        assert np.abs(anomaly.reshape(-1, 100).mean(axis=1) - wanted).max() < 0.02


def test_learns_high_order_sequences():
    """A B C D and X B C Y: what follows C depends on what came first."""
    a, b, c, d, x, y = _codes(6, size=200, active=6)
    memory = _small(columns=200, punishment=0.1)  # what was learned while C still burst has to go
    for _ in range(60):
        for sequence in ((a, b, c, d), (x, b, c, y)):
            memory.reset()
            for columns in sequence:
                memory.compute(columns)
    for first, last in ((a, d), (x, y)):
        memory.reset()
        for columns in (first, b, c):
            memory.compute(columns, learn=False)
        assert np.array_equal(memory.predicted, last)


def test_bursting_and_winners():
    memory = _small(new_synapses=4)
    first, second = np.arange(5, dtype=np.int32), np.arange(20, 25, dtype=np.int32)
    assert memory.compute(first) == 1.0
    assert np.array_equal(memory.active_cells, np.concatenate([np.arange(4) + 4 * c for c in first]))
    assert np.array_equal(memory.winner_cells // 4, first)
    assert memory.dendrites.n_segments == 0  # nobody was active before
    winners = memory.winner_cells
    memory.compute(first)
    assert np.array_equal(memory.winner_cells, winners)  # a bursting column keeps its winner
    memory.compute(second)
    assert memory.dendrites.n_segments == 10
    wired = memory.dendrites.segments.wiring.source[:10]
    assert ((wired >= 0).sum(axis=1) == 4).all()
    assert np.isin(wired[wired >= 0], winners).all()
    assert memory.compute(np.empty(0, np.int32)) == 0.0


def test_growing_onto_a_present_synapse_raises_it():
    memory = _small(
        columns=10, cells_per_column=1, matching_threshold=1, activation_threshold=3, new_synapses=5
    )
    left, right = np.array([0, 1, 2], np.int32), np.array([5], np.int32)
    memory.compute(left)
    memory.compute(right)
    segments = memory.dendrites.segments
    segments.connect(np.zeros(2, np.int32), np.array([0, 1]), segments.wiring.source[0, :2], 0.02)
    memory.reset()
    memory.compute(left)
    memory.compute(right)  # 0.02 + 0.2 is above the initial 0.21; the next time nothing is below it
    assert segments.permanence[0, :3] == pytest.approx([0.22, 0.22, 0.41])
    segments.connect(np.zeros(2, np.int32), np.array([0, 1]), segments.wiring.source[0, :2], 0.005)
    memory.reset()
    memory.compute(left)
    memory.compute(right)
    assert segments.permanence[0, :3] == pytest.approx([0.21, 0.21, 0.61])


def test_wrong_predictions_are_punished_until_the_segment_goes():
    memory = _small(
        columns=10, cells_per_column=1, punishment=0.1, matching_threshold=3, activation_threshold=3
    )
    a, b, c = (np.arange(3, dtype=np.int32) + 3 * i for i in range(3))
    for columns in (a, b) * 3:
        memory.compute(columns)
        if columns is b:
            memory.reset()
    held = memory.dendrites.held[b].copy()
    assert (held == 1).all()
    before = memory.dendrites.segments.permanence.max()
    memory.compute(a)
    memory.compute(c)
    assert memory.dendrites.segments.permanence.max() < before
    for _ in range(12):
        memory.reset()
        memory.compute(a)
        memory.compute(c)
    assert not memory.dendrites.held[b].any()
    assert (memory.dendrites.held[c] == 1).all()


@pytest.mark.parametrize("eviction", ["weakest", "oldest"])
def test_segment_limit(eviction):
    memory = _small(cells_per_column=1, segments_per_cell=2, eviction=eviction)
    for columns in _stream(400):
        memory.compute(columns)
        dendrites = memory.dendrites
        assert dendrites.held.max() <= 2
    assert dendrites.held.max() == 2
    assert np.array_equal(dendrites.held, np.bincount(dendrites.cell[dendrites.cell >= 0], minlength=40))


def test_the_weakest_or_the_oldest_segment_of_a_full_cell_goes():
    for eviction, gone in (("weakest", 1), ("oldest", 0)):
        memory = _small(columns=30, cells_per_column=1, segments_per_cell=2, eviction=eviction)
        target = np.array([29], np.int32)
        contexts = [np.arange(5, dtype=np.int32) + 5 * i for i in range(3)]
        for context in (contexts[0], contexts[0], contexts[1], contexts[2]):
            memory.reset()
            memory.compute(context)
            memory.compute(target)
        rows = memory.dendrites._rows_of(29)
        kept = [memory.dendrites.segments.wiring.source[row, 0] // 5 for row in rows]
        assert sorted(kept) == sorted({0, 1, 2} - {gone})


def test_synapse_limit_drops_the_weakest():
    memory = _small(synapses_per_segment=6, new_synapses=5, matching_threshold=1, punishment=0.0)
    for columns in _stream(300):
        memory.compute(columns)
    wired = (memory.dendrites.segments.wiring.source >= 0).sum(axis=1)
    assert wired.max() == 6
    assert memory.dendrites.segments.permanence.shape[1] == 6


def test_rows_widen_where_a_segment_needs_it():
    memory = _memory(
        columns=200, cells_per_column=1, matching_threshold=2, activation_threshold=3, new_synapses=40
    )
    for columns in _stream(60, n_codes=3, size=200, active=45):
        memory.compute(columns)
    source = memory.dendrites.segments.wiring.source
    assert 40 <= source.shape[1] < 255
    assert (source >= 0).sum(axis=1).max() >= 40


def test_capacity_takes_the_least_recently_used_rows():
    memory = _small(capacity=30)
    for columns in _stream(500):
        memory.compute(columns)
        assert memory.dendrites.n_segments <= 30
    dendrites = memory.dendrites
    assert dendrites.segments.rows == 30
    assert dendrites.n_segments > 25
    assert np.array_equal(dendrites.held, np.bincount(dendrites.cell[dendrites.cell >= 0], minlength=160))
    assert not (dendrites.segments.wiring.source[dendrites.cell < 0] >= 0).any()


def test_software_grows_past_its_first_rows(monkeypatch):
    monkeypatch.setattr("htm.memory_segments._FIRST_ROWS", 8)
    few = _small()
    monkeypatch.undo()
    many = _small()
    for columns in _stream(300):
        assert few.compute(columns) == many.compute(columns)
    assert few.dendrites.cell.size < many.dendrites.cell.size
    assert _connections(few.dendrites) == _connections(many.dendrites)


def test_learning_off_changes_nothing():
    memory = _small()
    stream = _stream(300)
    for columns in stream:
        memory.compute(columns)
    before = _connections(memory.dendrites)
    for columns in stream[:50]:
        memory.compute(columns, learn=False)
    assert _connections(memory.dendrites) == before


def test_reset_forgets_the_context_only():
    memory = _small()
    stream = _stream(300)
    for columns in stream:
        memory.compute(columns)
    assert memory.predicted.size
    before = _connections(memory.dendrites)
    memory.reset()
    assert not memory.predicted.size
    assert not memory.active_cells.size
    assert memory.compute(stream[0], learn=False) == 1.0
    assert _connections(memory.dendrites) == before


def test_external_inputs_predict_with_the_cells():
    """The same code is followed by one of two, as an outside bit says."""
    a, b, c = _codes(3)
    memory = _small(external_inputs=8, new_synapses=9, activation_threshold=7, cells_per_column=1)
    hints = np.arange(4, dtype=np.int32), np.arange(4, 8, dtype=np.int32)
    for _ in range(20):
        for hint, then in zip(hints, (b, c), strict=True):
            memory.reset()
            memory.compute(a)
            memory.compute(then, external=hint)
    for hint, then in zip(hints, (b, c), strict=True):
        memory.reset()
        memory.compute(a, learn=False)
        assert not memory.predicted.size
        assert np.array_equal(memory.predict(external=hint), then)
        assert memory.compute(then, learn=False) == 0.0  # the prediction made ahead counts


def test_apical_inputs_break_ties():
    """A column is predicted in two contexts at once; feedback picks its cells, and predicts nothing alone."""
    a, x, b, c, d = _codes(5, active=6)
    memory = _small(apical_inputs=20)
    hints = np.arange(6, dtype=np.int32), np.arange(10, 16, dtype=np.int32)
    for _ in range(30):
        for first, hint, last in ((a, hints[0], c), (x, hints[1], d)):
            memory.reset()
            for columns in (first, b, last):
                memory.compute(columns, apical=hint)
    for hint, last in zip(hints, (c, d), strict=True):
        memory.reset()
        assert not memory.predict(apical=hint).size
        memory.compute(b, learn=False)  # without a context all cells of b burst
        both = memory.predict()
        assert np.isin(c, both).all()
        assert np.isin(d, both).all()
        free = memory.predictive_cells
        memory.predict(apical=hint)
        assert set(memory.predictive_cells) <= set(free)
        assert np.isin(last, memory.predicted).all()
    memory.reset()
    memory.compute(np.union1d(a, x), learn=False)  # b is predicted in both contexts
    memory.predict()
    free = memory.predictive_cells
    memory.predict(apical=hints[0])
    told = memory.predictive_cells
    assert set(told) < set(free)
    memory.compute(b, learn=False, apical=hints[0])
    assert np.array_equal(memory.predicted, np.sort(c))


def test_restored_mid_run_it_continues_identically():
    stream = _stream(400)
    a = _small(3, apical_inputs=6, external_inputs=5, capacity=120)
    b = _small(9, apical_inputs=6, external_inputs=5, capacity=120)
    rng = np.random.default_rng(2)
    outside = [np.flatnonzero(rng.random(5) < 0.5).astype(np.int32) for _ in stream]
    for columns, bits in zip(stream[:200], outside, strict=False):
        a.compute(columns, external=bits, apical=bits)
    a.predict(external=outside[200])
    b.restore(a.state())
    assert np.array_equal(a.predicted, b.predicted)
    for columns, bits in zip(stream[200:], outside[200:], strict=False):
        assert a.compute(columns, external=bits, apical=bits) == b.compute(
            columns, external=bits, apical=bits
        )
        assert np.array_equal(a.winner_cells, b.winner_cells)
    assert _connections(a.dendrites) == _connections(b.dendrites)
    assert _connections(a.apical) == _connections(b.apical)


def test_a_foreign_state_is_refused():
    state = _small().state()
    with pytest.raises(BadInput, match=r"state: .*0\.\.79"):
        _small(columns=20).restore(state | {"basal.cell": state["basal.cell"] + 100})
    with pytest.raises(BadInput, match=r"state: .*row a segment"):
        _small().restore(state | {"basal.cell": state["basal.cell"][:5]})


def test_same_seed_same_run():
    a, b, c = _small(1), _small(1), _small(2)
    stream = _stream(150)
    seen = [[memory.compute(columns) for columns in stream] for memory in (a, b, c)]
    assert seen[0] == seen[1]
    assert _connections(a.dendrites) == _connections(b.dendrites) != _connections(c.dendrites)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda m: m.compute(np.array([3, 2])), "columns: .*sorted"),
        (lambda m: m.compute(np.array([40])), r"columns: .*0\.\.39, got 40"),
        (lambda m: m.compute(np.array([0.5])), "columns: .*integer"),
        (lambda m: m.compute(np.array([1]), external=np.array([1])), "external: .*without external"),
        (lambda m: m.predict(apical=np.array([1])), "apical: .*without apical"),
        (lambda m: _small(external_inputs=-1), "external_inputs: .*got -1"),
        (
            lambda m: _small(external_inputs=4).compute(np.array([1]), external=np.array([4])),
            "external: .*got 4",
        ),
        (lambda m: _small(matching_threshold=5), "matching_threshold: must not exceed activation_threshold"),
        (lambda m: _small(increment=1.5), "increment: "),
        (lambda m: _small(eviction="newest"), "eviction: "),
        (lambda m: _small(cells=3), "cells: unknown key"),
    ],
)
def test_bad_input_names_itself(act, message):
    with pytest.raises(BadInput, match=message):
        act(_small())
