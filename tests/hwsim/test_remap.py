"""Bad cells that are known: what the test finds, what is put in their place, and what that costs."""

import numpy as np
import pytest
from scipy import stats

from devices.faults import OK
from devices.presets import device_from
from htm.pick import BadInput
from htm.temporal_memory import TemporalMemory, TemporalMemoryParams
from hwsim.cost import area, cost, isaac_puma
from hwsim.crossbar import CrossbarSubstrate
from hwsim.mapping import Tiling
from hwsim.outage import OutageParams
from hwsim.params import CrossbarParams
from hwsim.remap import Defects, column_places, segment_places

ROWS, INPUTS, SLOTS = 70, 50, 24
STUCK = {"preset": "ideal", "g_min": 1e-7, "g_max": 1e-5, "stuck_on_fraction": 0.1, "stuck_off_fraction": 0.1}
WORKS = {"preset": "ideal", "g_min": 1e-7, "g_max": 1e-5}


def _substrate(device, remap=None, seed=1, **crossbar):
    crossbar = {"tile_rows": 20, "tile_columns": 32, **crossbar}
    return CrossbarSubstrate(device_from(device), CrossbarParams(remap=remap or {}, **crossbar), seed)


def _columns(device, remap=None, **crossbar):
    rng = np.random.default_rng(0)
    pool = rng.random((ROWS, INPUTS)) < 0.8
    permanence = np.where(pool, rng.uniform(0.3, 0.9, (ROWS, INPUTS)), 0).astype(np.float32)
    substrate = _substrate(device, remap, **crossbar)
    return substrate, substrate.columns(pool, permanence, 0.5), pool


def _segments(device, remap=None, **crossbar):
    substrate = _substrate(device, remap, **crossbar)
    return substrate, substrate.segments(INPUTS, ROWS, SLOTS, 0.5)


def _faulty(array):
    return array.cells.more["stuck"] != OK


class TestTheTest:
    @pytest.mark.parametrize("made", [_columns, _segments])
    def test_finds_every_stuck_cell_of_an_exact_device_and_no_other(self, made):
        substrate, synapses, *_ = made(STUCK, {"on": True})
        faulty = _faulty(synapses.array)
        assert 0.15 < faulty.mean() < 0.25
        in_use = faulty[:ROWS] & (made(STUCK)[2] if made is _columns else True)
        assert substrate.events["cell_lost"] == np.count_nonzero(in_use)
        assert substrate.events["memory"] == substrate.events["cell_found_bad"] == np.count_nonzero(faulty)

    def test_costs_two_writes_and_two_reads_a_cell_and_round(self):
        plain, _ = _segments(WORKS)
        tested, segments = _segments(WORKS, {"on": True, "rounds": 3})
        cells = ROWS * SLOTS
        assert tested.events["write"] - plain.events["write"] == 6 * cells
        assert tested.events["cell_read"] == 6 * cells
        assert tested.events["cell_test"] == cells
        assert (segments.array.pulsed == 6.0).all()
        # Written on at 1e-5 S and off at 1e-7 S, by 1.6 V for 50 ns.
        spent = cost(tested.events, tested.loads, isaac_puma(), 0.2).breakdown["writing"]
        assert spent == pytest.approx(3 * cells * 1.6**2 * (1e-5 + 1e-7) * 50e-9, rel=1e-5)

    def test_accuses_good_cells_as_often_as_its_reads_err(self):
        """Reads of sd 0.6 g: a cell that is on reads off with probability Phi(-(1 - 0.5)/0.6), one that is off never
        reads on. Of three rounds two must fail."""
        odds = stats.norm.cdf(-(1e-5 - 0.505e-5) / (0.6 * 1e-5))
        for rounds, share in ((1, odds), (3, 3 * odds**2 * (1 - odds) + odds**3)):
            substrate, _ = _segments({**WORKS, "read_sigma": 0.6}, {"on": True, "rounds": rounds})
            n, found = ROWS * SLOTS, substrate.events["cell_lost"]
            assert abs(found / n - share) < 4 * np.sqrt(share * (1 - share) / n)

    def test_overlooks_a_stuck_cell_that_noise_carries_over(self):
        device = {**WORKS, "stuck_on_fraction": 1.0, "read_sigma": 0.6}
        substrate, _ = _segments(device, {"on": True})
        missed = 1 - substrate.events["cell_lost"] / (ROWS * SLOTS)
        # Missed where it reads off after being written off, and on after being written on.
        odds = stats.norm.cdf(-(1e-5 - 0.505e-5) / (0.6 * 1e-5))
        share = odds * (1 - odds)
        assert abs(missed - share) < 4 * np.sqrt(share * (1 - share) / (ROWS * SLOTS))

    def test_shifts_no_other_draw_and_leaves_exact_cells_as_they_were(self):
        device = {**WORKS, "read_sigma": 0.05}
        _, plain, _ = _columns(device, readout="analog")
        _, tested, _ = _columns(device, {"on": True}, readout="analog")
        active = np.arange(0, INPUTS, 3, dtype=np.int32)
        for one in (plain, tested):
            one.adapt(np.arange(9, dtype=np.int32), active, 0.2, 0.1)
        assert np.array_equal(plain.overlap(active), tested.overlap(active))
        assert np.array_equal(plain.permanence, tested.permanence)


class TestSegments:
    def test_slots_are_the_good_cells_of_their_row_in_order(self):
        bad = np.zeros((3, 6), dtype=bool)
        bad[0, [1, 4]] = bad[1, :4] = True
        rows, slots, room = segment_places(bad, rows=3, slots=4)
        assert rows.ravel().tolist() == [0, 2, 1]  # the row with too few good ones is the last to be used
        assert slots.tolist() == [[0, 2, 3, 5], [0, 1, 2, 3], [4, 5, 0, 1]]
        assert room.tolist() == [4, 4, 2]

    def test_spare_rows_stand_in_for_the_worst(self):
        bad = np.zeros((6, 4), dtype=bool)
        bad[0] = bad[2, :2] = bad[3, 0] = True
        rows, _, room = segment_places(bad, rows=4, slots=4)
        assert rows.ravel().tolist() == [1, 4, 5, 3]
        assert room.tolist() == [4, 4, 4, 3]

    def test_spare_slots_leave_no_bad_cell_in_use(self):
        _, segments = _segments(STUCK, {"on": True, "spare_slots": 16})
        assert not _faulty(segments.array).any()
        assert segments.permanence.shape == (ROWS, SLOTS)
        assert (segments.room(np.arange(ROWS, dtype=np.int32)) == SLOTS).all()

    @pytest.mark.parametrize("permanences", ["analog", "digital"])
    def test_a_memory_grows_on_good_cells_only(self, permanences):
        params = TemporalMemoryParams(
            columns=24, cells_per_column=4, activation_threshold=4, matching_threshold=3, new_synapses=5,
            synapses_per_segment=7, capacity=200, segments_per_cell=4,
        )  # fmt: skip
        rng = np.random.default_rng(1)
        codes = [np.sort(rng.choice(24, 5, replace=False)).astype(np.int32) for _ in range(9)]
        in_use = {}
        for on in (False, True):
            memory = TemporalMemory(params, _substrate(STUCK, {"on": on}, permanences=permanences), 5)
            for step in range(300):
                memory.compute(codes[step % 9 if rng.random() < 0.8 else int(rng.integers(9))])
            segments = memory.dendrites.segments
            wired = segments.wiring.source >= 0
            assert wired.sum() > 200
            in_use[on] = np.count_nonzero(wired & _faulty(segments.array))
            if on:
                room = segments.room(np.arange(200, dtype=np.int32))
                assert (wired.sum(axis=1) <= room).all()
        assert in_use[False] > 20
        assert in_use[True] == 0

    def test_with_enough_spares_a_faulty_chip_equals_a_perfect_one(self):
        params = TemporalMemoryParams(
            columns=24, cells_per_column=4, activation_threshold=4, matching_threshold=3, new_synapses=5,
            synapses_per_segment=7, capacity=200, segments_per_cell=4,
        )  # fmt: skip
        rng = np.random.default_rng(2)
        codes = [np.sort(rng.choice(24, 5, replace=False)).astype(np.int32) for _ in range(60)]
        spared = TemporalMemory(params, _substrate(STUCK, {"on": True, "spare_slots": 20}), 5)
        perfect = TemporalMemory(params, _substrate(WORKS), 5)
        for step in range(200):
            code = codes[step % 12]
            assert spared.compute(code) == perfect.compute(code)
        ours, theirs = spared.dendrites.segments, perfect.dendrites.segments
        assert np.array_equal(ours.wiring.source, theirs.wiring.source)
        assert np.array_equal(ours.permanence, theirs.permanence)

    def test_an_outage_strikes_the_metal(self):
        """A whole tile of 20 word lines fails: cells 0..19 of its rows, wherever their slots are now."""
        substrate, segments = _segments(STUCK, {"on": True, "spare_slots": 16})
        metal, rows, slots = segments.array._metal
        assert metal == (ROWS, SLOTS + 16)
        before = segments.array.cells.g.copy()
        substrate.strike(OutageParams(kind="tiles", share=0.01, state="on"))
        struck = _faulty(segments.array)
        assert struck.any()
        assert np.unique(np.broadcast_to(rows, slots.shape)[struck] // 32).size == 1
        assert np.unique(slots[struck] // 20).size == 1
        assert np.array_equal(segments.array.cells.g[~struck], before[~struck])

    def test_restored_after_an_outage_it_goes_on_alike(self):
        remap = {"on": True, "spare_slots": 4}
        made = [_segments(STUCK, remap) for _ in range(2)]
        for substrate, _ in made:
            substrate.arm()
        (substrate, ours), (other, theirs) = made
        at = np.arange(ROWS, dtype=np.int32)
        ours.connect(at, at % SLOTS, at % INPUTS, 0.6)
        substrate.strike(OutageParams(kind="cells", share=0.2))
        theirs.restore(ours.state())
        other.restore(substrate.state())
        active = np.arange(0, INPUTS, 2, dtype=np.int32)
        for one in (ours, theirs):
            one.adapt(at, active, 0.2, 0.1)
        assert np.array_equal(ours.overlap(active), theirs.overlap(active))
        assert np.array_equal(ours.permanence, theirs.permanence)
        assert substrate.events == other.events


class TestColumns:
    def test_the_worst_line_of_a_tile_gets_the_best_spare(self):
        tiling = Tiling(rows=4, slots=6, tile_rows=3, tile_columns=2)
        pool = np.ones((4, 6), dtype=bool)
        pool[3, 3:] = False
        low = np.zeros(
            (2 * (2 + 1) + 2, 6), dtype=bool
        )  # 2 lines and a spare in each tile, then 2 references
        low[0, :2] = low[1, 0] = True  # the first tile's upper half: the first line is the worst
        low[4, 3:] = True  # a line whose column has no pool there
        places, exchanged = column_places(
            Defects(np.zeros_like(low), low), pool, tiling, spares=1, copies=1, leaks=True
        )
        assert exchanged == 1
        assert places[0].tolist() == [2, 2, 2, 0, 0, 0]
        assert (places[1:4] == np.array([[1], [3], [4]])).all()
        assert (places[4:] == np.array([[6], [7]])).all()

    def test_a_reference_column_that_cannot_be_off_is_exchanged_where_it_is_read(self):
        tiling = Tiling(rows=2, slots=3, tile_rows=3, tile_columns=2)
        high = np.zeros((4, 3), dtype=bool)
        high[3] = True
        none = np.zeros_like(high)
        pool = np.ones((2, 3), dtype=bool)
        for leaks, place in ((True, 2), (False, 3)):
            places, _ = column_places(Defects(high, none), pool, tiling, spares=1, copies=1, leaks=leaks)
            assert (places[2] == place).all()

    @pytest.mark.parametrize("readout", ["binary", "analog"])
    def test_fewer_bad_cells_are_in_use_with_more_spare_lines(self, readout):
        found = []
        for spares in (0, 4, 16):
            remap = {"on": True, "spare_lines": spares}
            substrate, _, pool = _columns(STUCK, remap, readout=readout)
            found.append(substrate.events["cell_lost"] / np.count_nonzero(pool))
        assert 0.15 < found[0] < 0.25
        assert found[0] > found[1] > found[2]

    def test_where_cells_are_sensed_bad_ones_are_left_out_of_the_count(self):
        active = np.arange(INPUTS, dtype=np.int32)
        _, columns, pool = _columns(STUCK, {"on": True})
        good = pool & ~_faulty(columns.array)[:ROWS]
        g = columns.array.conductance(slice(0, ROWS))
        assert np.array_equal(
            columns.overlap(active), (good & (g >= columns.array.mapping.reference)).sum(axis=1)
        )
        before = columns.array.pulsed.copy()
        columns.adapt(np.arange(ROWS, dtype=np.int32), active, 0.1, 0.0)
        assert np.array_equal(columns.array.pulsed > before, good)

    def test_a_line_current_still_holds_every_cell(self):
        active = np.arange(INPUTS, dtype=np.int32)
        more = {"readout": "analog", "adc_bits": None, "reference_column": False}
        _, columns, pool = _columns(STUCK, {"on": True}, **more)
        assert np.array_equal(columns.pool, pool)
        wanted = columns.array.conductance(slice(0, ROWS)).sum(axis=1) / columns.array.mapping.span
        assert columns.overlap(active) == pytest.approx(wanted, rel=1e-5)


def test_area_counts_the_spares():
    remap = {"on": True, "spare_slots": 20, "spare_rows": 32, "spare_lines": 8}
    for made, down, across, lines in ((_columns, 3, 3, 40), (_segments, 3, 4, 32)):
        substrate = made(STUCK, remap)[0]
        (metal,) = substrate.tilings
        assert (metal.down, metal.across, metal.tile_columns) == (down, across, lines)
        cells = isaac_puma().tile_area * 20 * lines / (128 * 128) + 20 * isaac_puma().driver_area
        assert area([metal], isaac_puma(), with_adc=False) == pytest.approx(down * across * cells)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"remap": {"spare_slots": 3}}, "spare_slots: must be 0 with on false, got 3"),
        ({"remap": {"on": True}, "write_scheme": "half"}, "remap.on: must be false where writes half-select"),
        (
            {"remap": {"on": True, "spare_lines": 2}, "wire_ohm": 1.0},
            "remap.spare_lines: must be 0 through wires",
        ),
        ({"remap": {"on": True, "rounds": 0}}, "rounds"),
    ],
)
def test_what_cannot_be_had_is_refused_in_one_line(wrong, message):
    with pytest.raises(BadInput, match=message) as caught:
        CrossbarParams(**wrong)
    assert "\n" not in str(caught.value)
