"""Peripherals at work in a crossbar: next to ideal is ideal, errors land where they should, the seam's laws hold."""

import numpy as np
import pytest
from scipy import stats

from devices.ideal import IdealDevice
from devices.presets import DEVICES
from htm.pick import BadInput
from htm.pooler import SpatialPooler, SpatialPoolerParams
from htm.temporal_memory import TemporalMemory, TemporalMemoryParams
from hwsim.cost import area, cost, isaac_puma
from hwsim.crossbar import CrossbarSubstrate
from hwsim.outage import OutageParams
from hwsim.params import CrossbarParams
from hwsim.wires import reads_that_pay

ROWS, INPUTS, SLOTS = 40, 100, 20
TILES = {"tile_rows": 32, "tile_columns": 16}
ACTIVE = np.arange(0, INPUTS, 3, dtype=np.int32)
DEVICE = IdealDevice(g_min=1e-6, g_max=11e-6)
UNIT = DEVICE.read_voltage * 10e-6  # current of one connected synapse [A]

ERRING = {
    "dac": {"amplitude_sigma": 0.03},
    "adc": {"gain_sigma": 0.02, "mismatch_sigma": 0.01, "noise_sigma": 0.4, "calibration_records": 3},
    "sense": {"offset_sigma": 0.03 * UNIT, "noise_sigma": 0.03 * UNIT},
    "transimpedance": {"saturation_current": 40 * UNIT},
    "winner_take_all": {"resolution": 0.2 * UNIT, "offset_sigma": 0.2 * UNIT, "settle_time": 1e-9},
    "adc_offset_sigma": 0.5,
    "reference_copies": 2,
}


def columns(device=DEVICE, seed=0, pool_share=0.7, **params):
    rng = np.random.default_rng(0)
    pool = rng.random((ROWS, INPUTS)) < pool_share
    permanence = rng.random((ROWS, INPUTS), dtype=np.float32)
    substrate = CrossbarSubstrate(device, CrossbarParams(**{**TILES, **params}), seed)
    return substrate.columns(pool, permanence, 0.5)


def segments(device=DEVICE, seed=0, **params):
    rng = np.random.default_rng(0)
    substrate = CrossbarSubstrate(device, CrossbarParams(**{**TILES, **params}), seed)
    made = substrate.segments(INPUTS, ROWS, SLOTS, 0.5)
    rows, slots = (at.astype(np.int32) for at in np.nonzero(np.ones((ROWS, SLOTS))))
    sources = np.concatenate([rng.permutation(INPUTS)[:SLOTS] for _ in range(ROWS)]).astype(np.int32)
    for level in (0.2, 0.45, 0.55, 0.8):
        some = rng.random(rows.size) < 0.4
        made.connect(rows[some], slots[some], sources[some], level)
    return substrate, made


HAIRS = {
    "dac": dict(dac={"amplitude_sigma": 1e-12}),
    "adc noise": dict(adc={"noise_sigma": 1e-12}),
    "adc weights": dict(adc={"mismatch_sigma": 1e-12}),
    "ramp": dict(adc={"kind": "ramp", "gain_sigma": 1e-12}),
    "sense": dict(sense={"offset_sigma": 1e-20, "noise_sigma": 1e-20}),
    "transimpedance": dict(transimpedance={"saturation_current": 1.0}),
}


@pytest.mark.parametrize("hair", list(HAIRS))
@pytest.mark.parametrize("readout", ["binary", "analog"])
@pytest.mark.parametrize("wire_ohm", [0.0, 2.0])
@pytest.mark.parametrize("name", ["ideal", "pcm_joshi2020", "rram_milo2021"])
def test_next_to_ideal_is_ideal(hair, readout, wire_ohm, name):
    """The ways that errors take give what the ideal way gives, bit for bit, where the errors are too small to show."""
    device = DEVICE if name == "ideal" else DEVICES[name]()
    if readout == "binary":  # noise takes other draws there: for every cell, not only for cells in doubt
        noise = {"read_sigma", "read_noise_scale"} & set(type(device).model_fields)
        device = device.model_copy(update=dict.fromkeys(noise, 0.0))
    ideal = columns(device, readout=readout, wire_ohm=wire_ohm)
    ours = columns(device, readout=readout, wire_ohm=wire_ohm, **HAIRS[hair])
    for step in range(4):
        active = ACTIVE[step:]
        assert np.array_equal(ideal.overlap(active), ours.overlap(active))
        for one in (ideal, ours):
            one.adapt(np.arange(0, ROWS, 5, dtype=np.int32), active, 0.1, 0.05)


@pytest.mark.parametrize("hair", ["adc noise", "adc weights", "sense"])
def test_next_to_ideal_segments_are_ideal(hair):
    for common in (
        dict(readout="binary"),
        dict(readout="analog", segment_output="adc"),
        dict(readout="analog", segment_output="comparator"),
    ):
        for device in (DEVICE, DEVICES["rram_milo2021"]().model_copy(update={"read_sigma": 0.0})):
            _, ideal = segments(device, **common)
            _, ours = segments(device, **common, **HAIRS[hair])
            assert np.array_equal(ideal.overlap(ACTIVE), ours.overlap(ACTIVE))


class TestDrivers:
    @pytest.mark.parametrize("wire_ohm", [0.0, 1e-6])
    def test_each_tiles_driver_scales_its_word_line(self, wire_ohm):
        made = columns(
            readout="analog",
            adc_bits=None,
            reference_column=False,
            wire_ohm=wire_ohm,
            dac={"amplitude_sigma": 0.2},
        )
        drive = made.periphery.drive
        assert np.unique(drive[:, 0]).size == 3  # 40 rows are three tiles across
        assert drive.std() == pytest.approx(0.2, rel=0.25)
        made.adapt(np.array([3, 30], dtype=np.int32), ACTIVE, 0.2, 0.2)
        wanted = (made.array.conductance(...) * drive)[:, ACTIVE].sum(axis=1) / 10e-6
        for _ in range(reads_that_pay((32, 16)) + 1):  # through wires, the last ones by the effective matrix
            assert made.overlap(ACTIVE) == pytest.approx(wanted[:ROWS], rel=1e-4)

    def test_reads_cell_by_cell_are_driven_too(self):
        device = DEVICE.model_copy(update={"read_sigma": 1e-7, "read_law": "log_normal"})
        common = dict(readout="analog", adc_bits=None, dac={"amplitude_sigma": 0.2})
        assert columns(device, **common).overlap(ACTIVE) == pytest.approx(
            columns(**common).overlap(ACTIVE), rel=1e-4, abs=1e-4
        )

    @pytest.mark.parametrize("wire_ohm", [0.0, 1e-6])
    def test_a_weak_driver_hides_a_cell(self, wire_ohm):
        made = columns(dac={"amplitude_sigma": 0.2}, wire_ohm=wire_ohm)
        seen = (made.array.conductance(...) * made.periphery.drive)[:, ACTIVE]
        wanted = ((seen >= 6e-6) & made.pool[:, ACTIVE]).sum(axis=1)
        assert np.array_equal(made.overlap(ACTIVE), wanted)
        assert not np.array_equal(wanted, columns().overlap(ACTIVE))

    def test_read_noise_grows_with_the_drive(self):
        """A line's variance is the sum of (sd g drive)^2."""
        device = DEVICE.model_copy(update={"read_sigma": 0.1})
        made = columns(
            device, readout="analog", adc_bits=None, reference_column=False, dac={"amplitude_sigma": 0.3}
        )
        n = 500
        reads = np.array([made.overlap(ACTIVE) for _ in range(n)])
        wanted = ((0.1 * made.array.conductance(...) * made.periphery.drive)[:, ACTIVE] ** 2).sum(axis=1)
        ratio = reads.var(axis=0, ddof=1) * (10e-6) ** 2 / wanted
        assert ratio.mean() == pytest.approx(1.0, abs=4.5 * np.sqrt(2 / n / ROWS))


class TestSense:
    @pytest.mark.parametrize("wire_ohm", [0.0, 1e-6])
    def test_noise_has_the_odds_and_offsets_stay(self, wire_ohm):
        sigma = 0.1 * UNIT
        made = columns(sense={"offset_sigma": sigma, "noise_sigma": sigma}, wire_ohm=wire_ohm)
        offset = made.periphery.amplifiers.offset
        assert offset.shape == (4, ROWS)
        assert offset.std() == pytest.approx(0.1 * 10e-6, rel=0.25)
        g = made.array.conductance(slice(0, ROWS))[:, ACTIVE].astype(float)
        odds = stats.norm.cdf((g + offset[ACTIVE // 32].T - 6e-6) / (0.1 * 10e-6)) * made.pool[:, ACTIVE]
        n = 200
        reads = np.array([made.overlap(ACTIVE) for _ in range(n)])
        error = reads.mean(axis=0) - odds.sum(axis=1)
        assert np.abs(error / np.sqrt((odds * (1 - odds)).sum(axis=1) / n)).max() < 4.5


class TestConverters:
    @pytest.mark.parametrize("wire_ohm", [0.0, 2.0])
    def test_conversion_noise_adds_up_over_tiles(self, wire_ohm):
        """Four tiles' conversions of sd 3 steps, and the rounding of each: 4 (9 + 1/12) steps^2."""
        made = columns(readout="analog", adc_bits=10, adc={"noise_sigma": 3.0}, wire_ohm=wire_ohm)
        step = 32 / 1023
        n = 400
        reads = np.array([made.overlap(ACTIVE) for _ in range(n)]) / step
        assert reads.var(axis=0, ddof=1).mean() == pytest.approx(
            4 * (9 + 1 / 12), rel=4.5 * np.sqrt(2 / n / ROWS)
        )

    def test_gain_belongs_to_the_converter_of_a_tile_and_line(self):
        made = columns(readout="analog", adc_bits=16, adc={"gain_sigma": 0.1})
        plain = columns(readout="analog", adc_bits=16)
        within = np.arange(0, 32, 2, dtype=np.int32)  # one tile
        ratio = made.overlap(within) / plain.overlap(within)
        assert ratio == pytest.approx(made.periphery.converter.adc.gain[0], abs=1e-3)

    def test_range_is_found_while_learning_only(self):
        made = columns(readout="analog", adc_bits=8, adc={"calibration_records": 3})
        plain = columns(readout="analog", adc_bits=None)
        fixed = made.periphery.converter.lsb
        rows = np.zeros(1, dtype=np.int32)
        for _ in range(10):
            made.overlap(np.arange(INPUTS, dtype=np.int32))  # not learned: larger sums must not count
        largest = 0.0
        for step in range(3):
            assert made.periphery.converter.lsb == fixed
            bits = ACTIVE[step::2]
            made.overlap(bits)
            for tile in range(4):
                largest = max(largest, plain.overlap(bits[bits // 32 == tile]).max())
            for one in (made, plain):
                one.adapt(rows, bits, 0.01, 0.01)
        lsb = made.periphery.converter.lsb
        assert lsb * 255 / 10e-6 == pytest.approx(largest, abs=32 / 4096 + 1e-4)
        assert lsb < 0.5 * fixed
        made.overlap(np.arange(INPUTS, dtype=np.int32))
        made.adapt(rows, ACTIVE, 0.01, 0.01)
        assert made.periphery.converter.lsb == lsb
        error = (made.overlap(ACTIVE[::2]) - plain.overlap(ACTIVE[::2]))[
            1:
        ]  # row 0 has learned beyond the range
        assert np.abs(error).max() < 4 * 0.51 * lsb / 10e-6

    @pytest.mark.parametrize("wire_ohm", [0.0, 1e-6])
    def test_lines_saturate_with_their_leakage(self, wire_ohm):
        limit = 4 * UNIT
        made = columns(
            readout="analog",
            adc_bits=None,
            wire_ohm=wire_ohm,
            transimpedance={"gain": 1e4, "output_range": 1e4 * limit},
        )
        g = made.array.conductance(...)
        wanted = np.zeros(ROWS)
        for tile in range(4):
            lines = np.minimum(g[:, ACTIVE[tile == ACTIVE // 32]].sum(axis=1) * DEVICE.read_voltage, limit)
            wanted += (lines[:ROWS] - lines[ROWS + np.arange(ROWS) // 16]) / UNIT
        assert made.overlap(ACTIVE) == pytest.approx(wanted, abs=1e-3)
        assert made.overlap(ACTIVE).max() < columns(readout="analog", adc_bits=None).overlap(ACTIVE).max()

    def test_a_ramp_is_timed_once_a_tile(self):
        for kind, event, count in (("sar", "adc_cycle", 16), ("ramp", "ramp_cycle", 32)):
            made = columns(readout="analog", adc={"kind": kind})
            made.array.events.clear()
            made.overlap(ACTIVE)
            assert {e: n for e, n in made.array.events.items() if e.endswith("c_cycle") or "ramp" in e} == {
                event: count
            }
        assert cost({"ramp_cycle": 32}, {}, isaac_puma(), 0.2).latency == pytest.approx(32e-9)


class TestReferenceColumns:
    @pytest.mark.parametrize("wire_ohm", [0.0, 1e-6])
    def test_the_mean_of_several_is_quieter(self, wire_ohm):
        """Lines at g_min: each has the variance v, and the mean of n reference columns adds v / n."""
        device = IdealDevice(g_min=5e-6, g_max=11e-6, read_sigma=0.1)
        n = 300
        for copies in (1, 4):
            substrate = CrossbarSubstrate(
                device,
                CrossbarParams(
                    **TILES, readout="analog", adc_bits=None, reference_copies=copies, wire_ohm=wire_ohm
                ),
                0,
            )
            made = substrate.columns(np.zeros((ROWS, INPUTS), bool), np.zeros((ROWS, INPUTS)), 0.5)
            assert made.array.cells.g.shape[0] == ROWS + 3 * copies
            reads = np.array([made.overlap(ACTIVE) for _ in range(n)]) * 6e-6
            line = ACTIVE.size * (0.1 * 5e-6) ** 2
            assert abs(reads.mean()) < 4.5 * np.sqrt(2 * line / n)
            # what is common to a tile's lines is the reference's share
            common = np.mean([reads[:, tile].mean(axis=1).var() for tile in (slice(0, 16), slice(16, 32))])
            assert common == pytest.approx(line / copies + line / 16, rel=4.5 * np.sqrt(2 / n / 2))

    def test_all_of_a_tile_fail_with_it(self):
        params = CrossbarParams(**TILES, readout="analog", reference_copies=2)
        substrate = CrossbarSubstrate(DEVICE, params, 0)
        made = substrate.columns(np.zeros((ROWS, INPUTS), bool), np.zeros((ROWS, INPUTS)), 0.5)
        substrate.strike(OutageParams(at=0, kind="tiles", share=1 / 12, state="on"))
        failed = made.array.conductance(...) > 10e-6
        down, across = (
            int(np.flatnonzero(axis)[0]) // size
            for axis, size in ((failed[:ROWS].any(0), 32), (failed[:ROWS].any(1), 16))
        )
        wanted = np.zeros_like(failed)
        slots = slice(32 * down, 32 * down + 32)
        wanted[16 * across : min(16 * across + 16, ROWS), slots] = True
        wanted[ROWS + 2 * across : ROWS + 2 * across + 2, slots] = True
        assert np.array_equal(failed, wanted)


class TestSegments:
    def test_an_adc_rounds_their_currents(self):
        _, exact = segments(readout="analog", adc_bits=4)
        _, ours = segments(readout="analog", adc_bits=4, adc_range=0.5, segment_output="adc")
        step = 0.5 * SLOTS / 15
        wanted = np.clip(np.rint(exact.overlap(ACTIVE) / step), 0, 15) * step
        assert ours.overlap(ACTIVE) == pytest.approx(wanted, abs=1e-4)

    def test_without_bits_nothing_is_rounded(self):
        _, exact = segments(readout="analog")
        _, ours = segments(readout="analog", adc_bits=None, segment_output="adc")
        assert np.array_equal(exact.overlap(ACTIVE), ours.overlap(ACTIVE))

    def test_a_comparator_decides_with_its_own_odds(self):
        sigma = 0.5
        _, exact = segments(readout="analog")
        substrate, ours = segments(
            readout="analog",
            segment_output="comparator",
            sense={"offset_sigma": sigma * UNIT, "noise_sigma": sigma * UNIT},
        )
        truth, n = exact.overlap(ACTIVE), 800
        substrate.events.clear()
        reads = np.array([ours.overlap(ACTIVE) for _ in range(n)])
        assert substrate.events["sense"] == n * np.count_nonzero(truth)
        assert "adc" not in substrate.events
        offset = (reads.mean(axis=0) - truth)[truth > 0]
        assert offset.std() == pytest.approx(sigma, rel=4.5 / np.sqrt(2 * offset.size))
        # against a threshold at the mean, the odds of noise alone
        odds = stats.norm.cdf(0.6)
        above = (reads >= reads.mean(axis=0) - 0.6 * sigma)[:, truth > 0].mean()
        assert above == pytest.approx(odds, abs=0.01)

    @pytest.mark.parametrize("bend", [0.0, 10.0])
    def test_a_row_has_one_sense_amplifier_for_its_currents(self, bend):
        device = DEVICE.model_copy(update={"iv_sinh": bend})
        _, exact = segments(device)
        _, ours = segments(device, sense={"offset_sigma": 0.3 * UNIT})
        rise = np.sinh(bend * 0.2) / (bend * 0.2) if bend else 1.0
        seen = rise * ours.array.conductance(...) + ours.periphery._amplifiers.offset[:, None]
        driven = np.isin(ours.wiring.source, ACTIVE)
        assert np.array_equal(ours.overlap(ACTIVE), (driven & (seen >= rise * 6e-6)).sum(axis=1))
        assert not np.array_equal(ours.overlap(ACTIVE), exact.overlap(ACTIVE))


class TestCompetition:
    def test_noise_and_resolution_together(self):
        """Scores d apart, comparators of sd s each: P(first) = P(D >= r) + P(|D| < r) / 2, D ~ N(d, 2 s^2)."""
        params = CrossbarParams(comparator_sigma=UNIT, winner_take_all={"resolution": 1.5 * UNIT})
        substrate = CrossbarSubstrate(DEVICE, params, 0)
        n = 6000
        wins = sum(int(substrate.winners(np.array([5, 4]), 1)[0] == 0) for _ in range(n))
        sure, none = stats.norm.sf((1.5 - 1) / np.sqrt(2)), stats.norm.cdf((-1.5 - 1) / np.sqrt(2))
        odds = sure + (1 - sure - none) / 2
        assert abs(wins / n - odds) < 4.5 * np.sqrt(odds * (1 - odds) / n)

    def test_offsets_are_the_chips(self):
        params = CrossbarParams(winner_take_all={"offset_sigma": 2 * UNIT})
        flat = np.zeros(500, dtype=np.int32)
        first = CrossbarSubstrate(DEVICE, params, 0)
        won = first.winners(flat, 50)
        assert np.array_equal(won, first.winners(flat, 50))
        assert np.array_equal(won, CrossbarSubstrate(DEVICE, params, 0).winners(flat, 50))
        assert not np.array_equal(won, CrossbarSubstrate(DEVICE, params, 1).winners(flat, 50))

    def test_local_competitions_have_no_common_resolution(self):
        params = CrossbarParams(winner_take_all={"resolution": UNIT})
        substrate = CrossbarSubstrate(DEVICE, params, 0)
        with pytest.raises(BadInput, match=r"^winner_take_all\.resolution: must be 0 A with local") as caught:
            substrate.local_winners(np.arange(40), (40,), 4, 0.1, False)
        assert "\n" not in str(caught.value)

    def test_settling_takes_its_time(self):
        params = CrossbarParams(winner_take_all={"settle_time": 5e-9, "winner_time": 1e-9})
        substrate = CrossbarSubstrate(DEVICE, params, 0)
        for _ in range(3):
            substrate.winners(np.arange(40), 10)
        assert cost(substrate.events, substrate.loads, isaac_puma(), 0.2).latency == pytest.approx(45e-9)
        substrate.loads.clear()
        substrate.local_winners(np.arange(40), (40,), 4, 0.25, False)  # 9 columns, so 2 winners, all at once
        assert substrate.loads["settle"] == pytest.approx(7e-9)


CASES = [
    (name, readout, wire_ohm)
    for name in ("ideal", "pcm_joshi2020", "rram_gong2018")
    for readout in ("binary", "analog")
    for wire_ohm in (0.0, 2.0)
]


@pytest.mark.parametrize(("name", "readout", "wire_ohm"), CASES)
class TestConformance:
    """The laws of the seam with every peripheral in error (`tests/test_conformance.py` has them with ideal ones)."""

    @staticmethod
    def substrate(name, readout, wire_ohm, seed=1):
        device = DEVICE if name == "ideal" else DEVICES[name]()
        params = {**ERRING, "segment_output": "comparator"}
        return CrossbarSubstrate(
            device, CrossbarParams(**TILES, **params, readout=readout, wire_ohm=wire_ohm), seed
        )

    @staticmethod
    def work(pooler, memory, first, n):
        """Winners and anomalies of records first..first + n - 1, learned."""
        seen = []
        for step in range(first, first + n):
            rng = np.random.default_rng(step % 5)
            bits = np.sort(rng.choice(INPUTS, 25, replace=False)).astype(np.int32)
            winners = pooler.compute(bits)
            seen.append((winners.tolist(), memory.compute(winners)))
            pooler.synapses.elapse(10.0)
        return seen

    def model(self, case, seed=1):
        substrate = self.substrate(*case, seed=seed)
        pooler = SpatialPooler(SpatialPoolerParams(columns=ROWS, density=0.1), (INPUTS,), substrate, seed=5)
        memory = TemporalMemory(
            TemporalMemoryParams(
                columns=ROWS,
                cells_per_column=4,
                activation_threshold=2,
                matching_threshold=1,
                new_synapses=4,
                segments_per_cell=4,
                synapses_per_segment=8,
                capacity=200,
            ),
            substrate,
            seed=5,
        )
        return substrate, pooler, memory

    def test_range_repetition_and_seed(self, name, readout, wire_ohm):
        case = name, readout, wire_ohm
        substrate, pooler, memory = self.model(case)
        seen = self.work(pooler, memory, 0, 15)
        assert all(len(winners) == 4 for winners, _ in seen)
        permanence = pooler.synapses.permanence
        assert permanence.min() >= 0 and permanence.max() <= 1
        before, events = permanence.copy(), dict(substrate.events)
        pooler.synapses.overlap(ACTIVE)
        assert np.array_equal(pooler.synapses.permanence, before)
        assert all(substrate.events[event] >= n for event, n in events.items())
        _, *again = self.model(case)
        assert self.work(*again, 0, 15) == seen
        _, *other = self.model(case, seed=2)
        assert self.work(*other, 0, 15) != seen

    def test_saved_and_restored(self, name, readout, wire_ohm):
        """Also in the middle of a calibration: it takes three learned records."""
        case = name, readout, wire_ohm
        for at in (2, 9):
            substrate, pooler, memory = self.model(case)
            self.work(pooler, memory, 0, at)
            saved = [one.state() for one in (substrate, pooler, memory)]
            wanted = self.work(pooler, memory, at, 8)
            fresh = self.model(case)
            for one, state in zip(fresh, saved, strict=True):
                one.restore(state)
            assert self.work(*fresh[1:], at, 8) == wanted


def test_trimmed_amplifiers_count_better_and_their_decisions_are_counted():
    big, sensed = {"offset_sigma": 0.5 * UNIT}, {}
    exact = columns().overlap(ACTIVE)
    for name, sense in (("raw", big), ("trimmed", {**big, "trim_bits": 6})):
        made = columns(sense=sense)
        sensed[name] = made.array.events["sense"]
        off = np.abs(made.overlap(ACTIVE) - exact).mean()
        assert (off < 0.7) if name == "trimmed" else (off > 2.0)
    assert (
        sensed["trimmed"] - sensed["raw"] == 6 * ROWS * 4
    )  # four tiles down, each with amplifiers of its own


class TestAnalogPartialSums:
    """Tiles one below the other joined before the converters: four of 32 word lines here."""

    @pytest.mark.parametrize("wire_ohm", [0.0, 20.0])
    def test_without_converters_it_does_not_matter_where_sums_are_made(self, wire_ohm):
        made = [
            columns(readout="analog", adc_bits=None, wire_ohm=wire_ohm, partial_sums=how)
            for how in ("digital", "analog")
        ]
        one, other = (one.overlap(ACTIVE) for one in made)
        np.testing.assert_allclose(one, other, rtol=1e-5)

    def test_one_rounding_instead_of_one_a_tile(self):
        """Of plain numpy: the joined current in steps of the range of all inputs."""
        exact = columns(readout="analog", adc_bits=None).overlap(ACTIVE).astype(float)
        found = columns(readout="analog", adc_bits=5, partial_sums="analog").overlap(ACTIVE)
        step = INPUTS / (2**5 - 1)
        np.testing.assert_allclose(found, np.rint(exact / step) * step, rtol=1e-4)

    def test_noise_has_the_law_of_the_sum(self):
        device = DEVICE.model_copy(update={"read_sigma": 0.2})
        reads = {}
        for how in ("digital", "analog"):
            made = columns(device, readout="analog", adc_bits=None, partial_sums=how)
            reads[how] = np.array([made.overlap(ACTIVE) for _ in range(600)])
        one, other = reads["digital"], reads["analog"]
        z = (one.mean(axis=0) - other.mean(axis=0)) / np.sqrt((one.var(axis=0) + other.var(axis=0)) / 600)
        assert np.abs(z).max() < 4.5
        assert np.abs(np.log(one.var(axis=0) / other.var(axis=0))).max() < 4.5 * np.sqrt(4 / 600)

    def test_converters_and_additions_are_saved(self):
        events, areas = {}, {}
        for how in ("digital", "analog"):
            params = CrossbarParams(**TILES, readout="analog", partial_sums=how)
            substrate = CrossbarSubstrate(DEVICE, params, 0)
            pool = np.ones((ROWS, INPUTS), dtype=bool)
            substrate.columns(pool, pool * np.float32(0.4), 0.5).overlap(ACTIVE)
            events[how] = substrate.events
            joined = how == "analog"
            areas[how] = area(substrate.tilings, isaac_puma(), with_adc=True, joined=joined)
        assert events["digital"]["adc"] == 4 * events["analog"]["adc"] == 4 * (ROWS + 3)
        assert (events["digital"]["add"], events["analog"]["add"]) == (3 * ROWS, 0)
        assert areas["digital"] - areas["analog"] == pytest.approx(9 * isaac_puma().adc_area)

    @pytest.mark.parametrize("name", ["adc", "transimpedance", "adc_offset_sigma", "reference_copies"])
    def test_erring_peripherals_work_with_them_and_go_on_after_restore(self, name):
        def made():
            return columns(readout="analog", partial_sums="analog", **{name: ERRING[name]})

        one, rows = made(), np.arange(4, dtype=np.int32)
        for _ in range(4):
            one.overlap(ACTIVE)
            one.adapt(rows, ACTIVE, 0.1, 0.05)
        other = made()
        other.restore(one.state())
        np.testing.assert_array_equal(one.overlap(ACTIVE), other.overlap(ACTIVE))
