"""Segments on rows of devices: kernels against their numpy twins, summed noise against a draw for every cell."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from devices.presets import device_from
from htm.temporal_memory import TemporalMemory, TemporalMemoryParams
from hwsim import load_kernels, reference, segment_kernels
from hwsim.crossbar import CrossbarSubstrate
from hwsim.params import CrossbarParams

ROWS, SLOTS, INPUTS = 40, 17, 90


@pytest.fixture(params=range(5))
def wiring(request):
    """Listed rows, active inputs, sources, their scratch, and an array of conductances like the listed rows."""
    rng = np.random.default_rng(request.param)
    rows = np.flatnonzero(rng.random(ROWS) < 0.5).astype(np.int32)
    active = np.flatnonzero(rng.random(INPUTS) < 0.3).astype(np.int32)
    source = rng.integers(-1, INPUTS, (ROWS, SLOTS)).astype(np.int32)
    seen = rng.random((rows.size, SLOTS), dtype=np.float32)
    return rows, active, source, np.zeros(INPUTS + 1, dtype=np.uint8), seen


def test_driven_sums(wiring):
    rows, *_, seen = wiring
    ours, twins = np.empty((2, 2, rows.size), dtype=np.float32)
    loads = [
        module.driven_sums(*wiring, 2 * seen, np.float32(0.1), *result)
        for module, result in ((segment_kernels, ours), (reference, twins))
    ]
    assert loads[0] == pytest.approx(loads[1], rel=1e-5)
    assert np.allclose(ours, twins, rtol=1e-5, atol=1e-6)
    assert not wiring[3].any()


@pytest.mark.parametrize("sigma", [0.0, 0.2])
def test_noisy_sums(wiring, sigma):
    rows, active, source, flags, _ = wiring
    g = np.random.default_rng(9).random((ROWS, SLOTS), dtype=np.float32)
    ours, twins = np.empty((2, rows.size), dtype=np.float32)
    loads = [
        module.noisy_sums(
            rows, active, source, flags, g, np.float32(0.1), np.float32(sigma), np.uint64(7), sums
        )
        for module, sums in ((segment_kernels, ours), (reference, twins))
    ]
    assert loads[0] == pytest.approx(loads[1], rel=1e-5)
    assert np.allclose(ours, twins, rtol=1e-5, atol=1e-5)
    assert not flags.any()


def test_driven_above(wiring):
    rows = wiring[0]
    ours, twins = np.empty((2, rows.size), dtype=np.int32)
    sensed = [
        module.driven_above(*wiring, np.float32(0.4), counts)
        for module, counts in ((segment_kernels, ours), (reference, twins))
    ]
    assert sensed[0][0] == sensed[1][0] > 0
    assert sensed[0][1] == pytest.approx(sensed[1][1], rel=1e-6)
    assert np.array_equal(ours, twins)
    assert not wiring[3].any()


@pytest.mark.parametrize("punish", [False, True])
def test_slot_changes(wiring, punish):
    rows, active, source, flags, seen = wiring
    on, off = 3 * seen[:, 0], -2 * seen[:, 1]
    if punish:
        on, off = off, np.zeros_like(off)
    ours, twins = np.empty((2, rows.size, SLOTS), dtype=np.float32)
    pulses = [
        module.slot_changes(rows, active, source, flags, on, off, changes)
        for module, changes in ((segment_kernels, ours), (reference, twins))
    ]
    assert pulses[0] == pulses[1] > 0
    assert np.array_equal(ours, twins)
    assert not flags.any()


def test_wired_below(wiring):
    rows, _, source, _, seen = wiring
    ours, twins = np.empty((2, 2, seen.size + 1), dtype=np.int32)
    n, m = (
        module.wired_below(rows, source, seen, np.float32(0.3), found)
        for module, found in ((segment_kernels, ours), (reference, twins))
    )
    assert n == m > 0
    assert np.array_equal(ours[:, :n], twins[:, :n])


def test_rows_taken_into_use_and_given_back_are_counted(wiring):
    rng = np.random.default_rng(7)
    source = np.where(rng.random((ROWS, 1)) < 0.5, wiring[2], -1).astype(np.int32)
    before = np.where(rng.random((ROWS, 1)) < 0.5, wiring[2], -1)
    rows = np.repeat(rng.permutation(ROWS)[:30], 2).astype(np.int32)
    told = []
    for module in (segment_kernels, reference):
        held, ever = (before >= 0).sum(axis=1).astype(np.int32), (before >= 0).any(axis=1)
        ever[::3] = True
        told.append((*module.note_rows(rows, source, held, ever), held.tolist(), ever.tolist()))
    assert told[0] == told[1]
    assert min(told[0][:3]) > 0


def test_a_controllers_acts_on_rows_are_events():
    """Rows of a memory short of them: those in use are those taken less those given back, at any time."""
    substrate = CrossbarSubstrate(device_from("ideal"), CrossbarParams(), 0)
    params = TemporalMemoryParams(
        columns=32,
        cells_per_column=4,
        activation_threshold=3,
        matching_threshold=2,
        new_synapses=5,
        capacity=60,
    )
    memory = TemporalMemory(params, substrate, seed=0)
    segments, rng, used = memory.dendrites.segments, np.random.default_rng(0), set()
    for _ in range(200):
        before = segments.wiring.source.copy()
        registers = substrate.events["register"]
        memory.compute(np.sort(rng.choice(32, 4, replace=False)).astype(np.int32))
        in_use = np.flatnonzero((segments.wiring.source >= 0).any(axis=1))
        used |= set(in_use.tolist())
        events = substrate.events
        assert events["segment_new"] == len(used)
        assert events["segment_new"] + events["segment_reused"] - events["segment_freed"] == in_use.size
        assert events["register"] - registers >= np.count_nonzero(segments.wiring.source != before)
    assert events["segment_reused"] > 50


@pytest.mark.parametrize("sigma", [0.0, 0.1])
def test_maybe_below(wiring, sigma):
    rows, _, source, *_ = wiring
    g = np.random.default_rng(9).random((ROWS, SLOTS), dtype=np.float32)
    ours, twins = np.empty((2, 2, rows.size * SLOTS + 1), dtype=np.int32)
    given = rows, source, g, np.float32(6), np.float32(sigma), np.float32(0.1)
    n, m = segment_kernels.maybe_below(*given, ours), reference.maybe_below(*given, twins)
    assert n == m > 0
    assert np.array_equal(ours[:, :n], twins[:, :n])


def _segments(device, **overrides):
    substrate = CrossbarSubstrate(device_from(device), CrossbarParams(**overrides), seed=3)
    segments = substrate.segments(INPUTS, ROWS, SLOTS, 0.5)
    rng = np.random.default_rng(0)
    rows, slots = (at.astype(np.int32) for at in np.nonzero(rng.random((ROWS, SLOTS)) < 0.8))
    source = np.stack([rng.permutation(INPUTS)[:SLOTS] for _ in range(ROWS)]).astype(np.int32)
    for level in (0.1, 0.4, 0.7):
        some = rng.random(rows.size) < 0.4
        segments.connect(rows[some], slots[some], source[rows[some], slots[some]], level)
    return segments


@pytest.mark.parametrize(
    "device",
    [
        {"preset": "rram_gong2018", "read_sigma": 0.1},  # noise in proportion
        "pcm_joshi2020",  # noise of the level and the age
        {"preset": "rram_milo2021", "read_sigma": 0.1},  # a bent I-V curve
    ],
)
def test_summed_noise_has_the_law_of_a_draw_for_every_cell(device):
    segments = _segments(device, readout="analog")
    segments.elapse(1000.0)
    active = np.arange(0, INPUTS, 2, dtype=np.int32)
    reads = np.stack([segments.overlap(active) for _ in range(600)])
    array, mapping = segments.array, segments.array.mapping
    driven = np.isin(segments.wiring.source, active)
    rng = np.random.default_rng(1)
    twins = (
        np.stack(
            [
                np.where(driven, array.device.chord(array.device.read(array.cells, ..., rng)) - low, 0).sum(
                    axis=1
                )
                for low in [mapping.line_ends[0]] * 600
            ]
        )
        / mapping.line_span
    )
    wired = driven.any(axis=1)
    z = (reads - twins).mean(axis=0)[wired] / np.sqrt((reads.var(axis=0) + twins.var(axis=0))[wired] / 600)
    assert np.abs(z).max() < 4.5
    ratio = reads.std(axis=0)[wired] / twins.std(axis=0)[wired]
    assert np.abs(ratio - 1).max() < 4.5 * np.sqrt(1 / 600)
    assert np.mean([ks_2samp(reads[:, row], twins[:, row]).pvalue for row in np.flatnonzero(wired)]) > 0.3


@pytest.mark.parametrize("name", ["rram_wan2022", "rram_gong2018"])
def test_one_pass_reads_what_the_general_way_does(name, monkeypatch):
    """Equal draws, and sums but for the order in which a few numbers are added."""
    active = np.arange(0, INPUTS, 2, dtype=np.int32)
    seen = []
    for plain in (True, False):
        segments = _segments({"preset": name, "read_sigma": 0.05}, readout="analog")
        assert segments._plain
        monkeypatch.setattr(segments, "_proportional", plain)
        reads = [segments.overlap(active) for _ in range(3)]
        segments.prune(np.arange(ROWS, dtype=np.int32))
        seen.append((np.stack(reads), segments.wiring.source.copy(), segments.array.loads["read"]))
    np.testing.assert_allclose(seen[0][0], seen[1][0], rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(seen[0][1], seen[1][1])
    assert seen[0][2] == pytest.approx(seen[1][2], rel=1e-6)


def test_time_that_passes_ends_the_one_pass():
    segments = _segments({"preset": "rram_wan2022"}, readout="analog")
    segments.elapse(0.5)
    assert segments._plain
    segments.elapse(1e5)
    assert not segments._plain


@pytest.mark.parametrize("sigma", [0.0, 0.5])
def test_spent_synapses_are_found_as_a_read_of_every_cell_would(sigma):
    """Each wired cell is found spent as often as reads of it fall to the bound: 4.5 standard errors."""
    device = {"preset": "ideal", "read_sigma": sigma, "g_min": 0.1}
    segments = _segments(device)
    rows, n = np.arange(ROWS, dtype=np.int32), 400
    at, slots = (index.astype(np.int32) for index in np.nonzero(segments.wiring.source >= 0))
    some = at % 3 == 0
    segments.connect(at[some], slots[some], segments.wiring.source[at[some], slots[some]], 0.0)
    counts = np.zeros((ROWS, SLOTS))
    for _ in range(n):
        where = segments._spent(rows)
        counts[where] += 1
    wired = segments.wiring.source >= 0
    assert not counts[~wired].any()
    array, rng = segments.array, np.random.default_rng(1)
    bound = array.device.g_min + 1e-6 * array.mapping.span
    p = np.mean([array.device.read(array.cells, ..., rng) <= bound for _ in range(n)], axis=0)
    error = np.sqrt(np.maximum(p * (1 - p), 1 / n) * 2 / n)
    assert (np.abs(counts / n - p) <= 4.5 * error)[wired].all()
    assert counts.max() > 0


def test_loads():
    rng = np.random.default_rng(0)
    g = rng.random((50, 33), dtype=np.float32)
    rows = np.flatnonzero(rng.random(50) < 0.4).astype(np.int32)
    counts = rng.integers(-4, 5, (rows.size, 33)).astype(np.float32)
    pulsed, twin = np.ones((2, 50, 33), dtype=np.float32)
    load = load_kernels.pulsed_load(g, rows, counts, pulsed)
    assert load == pytest.approx(reference.pulsed_load(g, rows, counts, twin))
    np.testing.assert_array_equal(pulsed, twin)
    assert pulsed.sum() == pulsed.size + np.abs(counts).sum()
    places = rows, rng.integers(0, 33, rows.size).astype(np.int32)
    target = rng.random(rows.size, dtype=np.float32)
    load = load_kernels.written_load(*places, target, np.float32(1.5), pulsed)
    assert load == pytest.approx(reference.written_load(*places, target, np.float32(1.5), twin))
    np.testing.assert_array_equal(pulsed, twin)
    ours, twins = np.empty((2, 33))
    load_kernels.slot_loads(g, 41, ours)
    reference.slot_loads(g, 41, twins)
    assert ours == pytest.approx(twins)
