"""The crossbar against closed forms and against cell-by-cell simulation."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from devices.ideal import IdealDevice
from devices.presets import DEVICES
from htm.pick import BadInput
from hwsim.cost import COSTS, area, assumptions, cost, isaac_puma, neurosim_22nm
from hwsim.crossbar import CrossbarSubstrate
from hwsim.mapping import Mapping, Tiling
from hwsim.params import CrossbarParams

ROWS, INPUTS = 40, 100
ACTIVE = np.arange(0, INPUTS, 3, dtype=np.int32)


def _columns(device, pool_share=1.0, seed=0, **params):
    rng = np.random.default_rng(0)
    pool = rng.random((ROWS, INPUTS)) < pool_share
    permanence = rng.random((ROWS, INPUTS), dtype=np.float32)
    substrate = CrossbarSubstrate(device, CrossbarParams(tile_rows=32, tile_columns=16, **params), seed)
    return substrate, substrate.columns(pool, permanence, 0.5)


class TestAnalog:
    def test_ideal_wires_and_no_adc_give_the_sum_of_permanences(self):
        _, columns = _columns(IdealDevice(), 0.6, readout="analog", adc_bits=None)
        wanted = columns.permanence[:, ACTIVE].astype(float).sum(axis=1)
        assert columns.overlap(ACTIVE) == pytest.approx(wanted, rel=1e-5)

    @pytest.mark.parametrize("referenced", [False, True])
    def test_leakage_of_every_driven_cell_is_in_the_line(self, referenced):
        """Currents over the span: each driven cell leaks g_min, absent ones too; the reference column takes it off."""
        device = IdealDevice(g_min=1e-6, g_max=11e-6)
        _, columns = _columns(device, 0.6, readout="analog", adc_bits=None, reference_column=referenced)
        wanted = columns.permanence[:, ACTIVE].astype(float).sum(axis=1)
        leakage = ACTIVE.size * 1e-6 / 10e-6
        assert columns.overlap(ACTIVE) == pytest.approx(wanted + (0.0 if referenced else leakage), rel=1e-4)

    @pytest.mark.parametrize("bits", [1, 4, 8])
    def test_adc_rounds_each_tile_to_its_steps(self, bits):
        _, columns = _columns(IdealDevice(), 1.0, readout="analog", adc_bits=bits, reference_column=False)
        step = 32 / (2**bits - 1)  # full scale: 32 word lines fully on
        wanted = np.zeros(ROWS)
        for tile in range(4):
            driven = ACTIVE[tile == (ACTIVE // 32)]
            currents = columns.permanence[:, driven].astype(float).sum(axis=1)
            wanted += np.clip(np.rint(currents / step), 0, 2**bits - 1) * step
        assert columns.overlap(ACTIVE) == pytest.approx(wanted, abs=1e-4)

    def test_adc_range_clips(self):
        _, columns = _columns(IdealDevice(), readout="analog", adc_bits=6, adc_range=0.05)
        top = 4 * 32 * 0.05
        assert columns.overlap(ACTIVE).max() == pytest.approx(top, rel=1e-5)

    def test_adc_offset_is_each_converters_own_and_constant(self):
        common = dict(readout="analog", adc_bits=10)
        _, plain = _columns(IdealDevice(), **common)
        _, shifted = _columns(IdealDevice(), adc_offset_sigma=3.0, **common)
        errors = (shifted.overlap(ACTIVE) - plain.overlap(ACTIVE)) / (32 / 1023)
        assert np.array_equal(shifted.overlap(ACTIVE), shifted.overlap(ACTIVE))
        # sum of four tiles' offsets of sd 3, rounded: chi-square bound on the variance of 40 lines
        low, high = stats.chi2.ppf([1e-4, 1 - 1e-4], ROWS - 1) / (ROWS - 1)
        assert low < errors.var(ddof=1) / (4 * 9.0) < high

    @pytest.mark.parametrize("preset", ["ideal", "pcm_joshi2020"])
    def test_one_draw_a_line_equals_a_draw_a_cell_in_law(self, preset):
        """Line noise against cells read one by one: mean by z, variance by F, shape by Kolmogorov-Smirnov."""
        device = DEVICES[preset]().model_copy(update={"read_sigma": 0.2})
        _, columns = _columns(device, readout="analog", adc_bits=None, reference_column=False)
        columns.elapse(1000.0)
        n, row = 3000, 7
        lines = np.array([columns.overlap(ACTIVE)[row] for _ in range(n)], dtype=float)
        rng = np.random.default_rng(1)
        array = columns.array
        cells = (
            np.array([device.read(array.cells, row, rng)[ACTIVE].sum(dtype=float) for _ in range(n)])
            / array.mapping.span
        )
        z = (lines.mean() - cells.mean()) / np.sqrt(lines.var() / n + cells.var() / n)
        assert abs(z) < 4.0
        f = lines.var(ddof=1) / cells.var(ddof=1)
        low, high = stats.f.ppf([5e-5, 1 - 5e-5], n - 1, n - 1)
        assert low < f < high
        assert stats.ks_2samp(lines, cells).pvalue > 1e-4

    def test_reference_column_noise_is_common_to_its_tile(self):
        """Subtracting one noisy column moves all lines of its tile together."""
        device = IdealDevice(g_min=0.5, g_max=1.0, read_sigma=0.3)
        _, columns = _columns(device, readout="analog", adc_bits=None)
        reads = np.array([columns.overlap(ACTIVE) for _ in range(400)])
        together = np.corrcoef(reads.T)
        tile = together[:16, :16][np.triu_indices(16, 1)].mean()
        apart = together[:16, 16:32].mean()
        assert tile > 0.15
        assert abs(apart) < 0.05


class TestBinary:
    def test_noisy_sensing_has_the_right_odds(self):
        """A cell is sensed as connected with probability Phi((g - reference)/sd); z-test over many reads."""
        device = IdealDevice(read_sigma=0.2)
        _, columns = _columns(device)
        g = columns.permanence[:, ACTIVE].astype(float)
        odds = stats.norm.cdf((g - 0.5) / (0.2 * np.maximum(g, 1e-9)))
        n = 800
        reads = np.array([columns.overlap(ACTIVE) for _ in range(n)], dtype=float)
        error = reads.mean(axis=0) - odds.sum(axis=1)
        standard = np.sqrt((odds * (1 - odds)).sum(axis=1) / n)
        assert np.abs(error / standard).max() < 4.5
        ratio = reads.var(axis=0, ddof=1).sum() / (odds * (1 - odds)).sum()
        assert ratio == pytest.approx(1.0, abs=0.05)

    def test_a_hair_of_noise_changes_nothing(self):
        _, a = _columns(IdealDevice())
        _, b = _columns(IdealDevice(read_sigma=1e-9))
        assert np.array_equal(a.overlap(ACTIVE), b.overlap(ACTIVE))

    def test_absent_cells_are_masked_even_when_stuck_on(self):
        _, columns = _columns(IdealDevice(stuck_on_fraction=1.0), 0.3)
        assert np.array_equal(columns.overlap(ACTIVE), columns.pool[:, ACTIVE].sum(axis=1))

    def test_drift_is_seen_at_the_next_read(self):
        device = DEVICES["pcm_joshi2020"]().model_copy(update={"read_noise_scale": 0.0})
        _, columns = _columns(device)
        before = columns.overlap(ACTIVE).sum()
        columns.elapse(1e6)
        g = columns.permanence[:, ACTIVE]
        after = columns.overlap(ACTIVE)
        assert after.sum() < before
        assert abs(int(after.sum()) - int((g >= 0.5).sum())) <= 2  # read noise of the first reads is off here


class TestLearning:
    def test_mean_step_follows_the_mapping(self):
        """Pulse counts are dithered so that their mean effect at mid-range is the wanted permanence change."""
        device = DEVICES["rram_gong2018"]()
        mapping = Mapping(device=device, threshold=0.5)
        assert mapping.pulses(0.05) * device.step == pytest.approx(0.05 * mapping.span)
        substrate, _ = _columns(device)
        array = substrate.arrays[0]
        counts = array.whole(2.3, 20000)
        assert set(np.unique(counts)) == {2.0, 3.0}
        assert counts.mean() == pytest.approx(2.3, abs=4 * np.sqrt(0.21 / 20000))

    def test_write_verify_lands_closer_than_open_loop(self):
        device = DEVICES["pcm_joshi2020"]()
        rng = np.random.default_rng(0)
        wanted = rng.random((ROWS, INPUTS), dtype=np.float32)
        errors = {}
        for programming in ("open_loop", "write_verify"):
            params = CrossbarParams(programming=programming, verify_tolerance=0.02, verify_cycles=10)
            substrate = CrossbarSubstrate(device, params, 0)
            columns = substrate.columns(np.ones((ROWS, INPUTS), bool), wanted, 0.5)
            errors[programming] = np.abs(columns.permanence - wanted).mean()
            if programming == "write_verify":
                assert substrate.events["write"] > wanted.size
                assert np.quantile(np.abs(columns.permanence - wanted), 0.95) < 0.021
        assert errors["write_verify"] < 0.5 * errors["open_loop"]

    def test_stuck_cells_never_move(self):
        device = DEVICES["rram_gong2018"]().model_copy(
            update={"stuck_on_fraction": 0.2, "stuck_off_fraction": 0.2}
        )
        _, columns = _columns(device)
        stuck = columns.array.cells.more["stuck"][:ROWS] != 0
        assert 0.3 < stuck.mean() < 0.5
        before = columns.permanence.copy()
        columns.adapt(np.arange(ROWS, dtype=np.int32), ACTIVE, 0.3, 0.3)
        assert np.array_equal(columns.permanence[stuck], before[stuck])
        assert (columns.permanence[~stuck] != before[~stuck]).mean() > 0.5


class TestMapping:
    def test_round_trip(self):
        mapping = Mapping(device=DEVICES["rram_gong2018"](), threshold=0.5)
        p = np.linspace(0, 1, 101, dtype=np.float32)
        assert mapping.permanence(mapping.conductance(p)) == pytest.approx(p, abs=1e-6)
        assert mapping.reference == pytest.approx(mapping.conductance(np.array([0.5]))[0])

    def test_ideal_is_exact(self):
        mapping = Mapping(device=IdealDevice(), threshold=0.3)
        p = np.random.default_rng(0).random(1000, dtype=np.float32)
        assert np.array_equal(mapping.conductance(p), p)
        assert mapping.reference == np.float32(0.3)

    def test_tiles(self):
        tiling = Tiling(rows=300, slots=784, tile_rows=128, tile_columns=128)
        assert (tiling.down, tiling.across, tiling.tiles) == (7, 3, 21)
        active = np.array([0, 127, 128, 783], dtype=np.int32)
        assert tiling.bounds(active).tolist() == [0, 2, 3, 3, 3, 3, 3, 4]


class TestCost:
    def test_worked_example(self):
        """V^2 G t of 3 mS for 100 ns at 0.2 V, of 10 uS for 10 ns, of 15 uS for 50 ns at 1.6 V; conversion 2 pJ."""
        events = {"adc": 10, "pulse": 3, "read_cycle": 1, "memory": 4}
        loads = {"read": 3e-3, "sense": 10e-6, "write": 15e-6}
        result = cost(events, loads, isaac_puma(), 0.2)
        assert result.breakdown["array read"] == pytest.approx(12e-12)
        assert result.breakdown["ADC"] == pytest.approx(20e-12)
        assert result.breakdown["sensing"] == pytest.approx(4e-15)
        assert result.breakdown["writing"] == pytest.approx(1.92e-12)
        assert result.breakdown["digital"] == pytest.approx(0.2e-12)
        assert result.energy == pytest.approx(sum(result.breakdown.values()))
        assert result.latency == pytest.approx(100e-9)

    def test_a_cell_of_neurosims_defaults(self):
        """One on cell of 10 uS read at 0.55 V for 10 ns takes 30 fJ (0.55^2 V^2 x 10 uS x 10 ns)."""
        spent = cost({"read_cycle": 1}, {"read": 10e-6}, neurosim_22nm(), 0.55)
        assert spent.energy == pytest.approx(30.25e-15)
        assert spent.latency == pytest.approx(10e-9)

    def test_lines_that_share_an_adc_wait_for_each_other(self):
        tiling = Tiling(rows=128, slots=128, tile_rows=128, tile_columns=128)
        events = {"read_cycle": 1, "adc_cycle": 128}
        assert cost(events, {}, isaac_puma(), 0.2, [tiling]).latency == pytest.approx(100e-9 + 128e-9)
        assert cost(events, {}, neurosim_22nm(), 0.2, [tiling]).latency == pytest.approx(10e-9 + 8e-9)

    def test_leakage_takes_as_long_as_the_work(self):
        params = isaac_puma().model_copy(update={"leakage_power": 1e-3})
        tiling = Tiling(rows=300, slots=128, tile_rows=128, tile_columns=128)
        spent = cost({"read_cycle": 5}, {}, params, 0.2, [tiling])
        assert spent.breakdown["leakage"] == pytest.approx(3 * 1e-3 * 500e-9)

    @pytest.mark.parametrize("readout", ["analog", "binary"])
    def test_the_current_of_a_read_is_counted(self, readout):
        substrate, columns = _columns(IdealDevice(g_min=1e-6, g_max=1e-5), readout=readout)
        substrate.loads.clear()
        active = np.array([0, 1, 40], dtype=np.int32)
        columns.overlap(active)
        g = columns.array.conductance(...)
        if readout == "binary":
            assert substrate.loads["sense"] == pytest.approx(g[:ROWS, active].sum(), rel=1e-5)
            assert not substrate.loads["read"]
        else:
            assert substrate.loads["read"] == pytest.approx(g[:, active].sum(), rel=1e-5)

    def test_the_current_of_pulses_is_counted(self):
        substrate, columns = _columns(IdealDevice(g_min=1e-6, g_max=1e-5))
        g = columns.array.conductance(...)
        substrate.loads.clear()
        rows, active = np.array([3, 7], dtype=np.int32), np.array([0, 1, 40], dtype=np.int32)
        columns.adapt(rows, active, 0.25, 0.125)
        amount = 1.0 * columns.pool[rows]  # a write each, whatever it adds
        assert substrate.loads["write"] == pytest.approx((amount * g[rows]).sum(), rel=1e-5)

    @pytest.mark.parametrize("name", list(COSTS))
    def test_every_preset_says_what_it_assumes(self, name):
        assert assumptions(name).endswith(".")
        assert COSTS[name]().leakage_power == 0.0 and "leakage" in assumptions(name)

    def test_area_of_one_tile(self):
        tiling = Tiling(rows=128, slots=128, tile_rows=128, tile_columns=128)
        wanted = 2.5e-11 + 128 * 1.67e-13
        assert area([tiling], isaac_puma(), with_adc=False) == pytest.approx(wanted)
        assert area([tiling], isaac_puma(), with_adc=True) == pytest.approx(wanted + 1.2e-9)

    def test_event_counts_of_one_analog_read(self):
        substrate, columns = _columns(IdealDevice(), readout="analog")
        substrate.events.clear()
        columns.overlap(np.array([0, 1, 40], dtype=np.int32))  # touches tiles 0 and 1 of 4 down, 3 across
        assert substrate.events == {
            "line_drive": 9, "tile_read": 6, "read_cycle": 1, "add": ROWS,
            "adc": 2 * (ROWS + 3), "adc_cycle": 16,
        }  # fmt: skip


def test_comparator_noise_is_in_amperes():
    """Two scores one synapse apart, comparators with the sd of one synapse's current: the odds are Phi(1/sqrt 2)."""
    device = IdealDevice(g_min=0.0, g_max=10e-6)
    one_synapse = device.read_voltage * 10e-6
    substrate = CrossbarSubstrate(device, CrossbarParams(comparator_sigma=one_synapse), 0)
    n = 4000
    wins = sum(int(substrate.winners(np.array([5, 4]), 1)[0] == 0) for _ in range(n))
    odds = stats.norm.cdf(1 / np.sqrt(2))
    assert abs(wins / n - odds) < 4 * np.sqrt(odds * (1 - odds) / n)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (dict(readout="anolog"), "CrossbarParams.readout"),
        (dict(adc_bits=0), "CrossbarParams.adc_bits"),
        (dict(tile_row=3), r"tile_row: unknown key \(did you mean tile_rows"),
        (dict(comparator_sigma="3 V"), "CrossbarParams.comparator_sigma: must be in A"),
    ],
)
def test_bad_parameters(wrong, message):
    with pytest.raises(BadInput, match=message):
        CrossbarParams(**wrong)


def test_a_foreign_htm_is_refused_in_one_line(tmp_path):
    (tmp_path / "htm").mkdir()
    (tmp_path / "htm" / "__init__.py").write_text("")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import hwsim"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 1
    assert last.startswith("ImportError: hwsim needs its own package 'htm'")
    assert "separate" in last
