"""Peripherals by themselves: closed forms, moments of what is drawn, second implementations of definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from htm.pick import BadInput
from htm.streams import stream
from htm.synapses import top_k
from hwsim.peripherals.adc import Adc, AdcParams
from hwsim.peripherals.dac import DacParams
from hwsim.peripherals.linearity import dnl_inl, transitions
from hwsim.peripherals.range_finder import BINS, RangeFinder
from hwsim.peripherals.sense import SenseParams
from hwsim.peripherals.transimpedance import TransimpedanceParams
from hwsim.peripherals.winner_take_all import WinnerTakeAll, WinnerTakeAllParams

seeds = st.integers(0, 2**32 - 1)


def adc(params=None, bits=6, offset_sigma=0.0, shape=(1, 1), tile_columns=16, seed=0):
    return (params or AdcParams()).fabricate(bits, offset_sigma, shape, tile_columns, seed, "adc")


def answers(made):
    """Codes of one converter for a plain list of inputs."""
    return lambda x: np.concatenate(
        [made.codes(np.array([[value]], dtype=np.float64))[0] for value in np.atleast_1d(x)]
    )


def several(made):
    """Codes of a converter that knows no lines (ideal, or one set of weights) for a list of inputs."""
    return lambda x: made.codes(np.asarray(x, dtype=np.float64)[None, :])[0]


def sar(weights):
    """One SAR converter of the given weights, for a list of inputs."""
    made = Adc(
        bits=len(weights),
        weights=np.array([weights], dtype=np.float64),
        converter=np.zeros((1, 1), dtype=np.intp),
    )
    return several(made)


def drawn_weights(bits, sigma, converters, seed=0):
    params = AdcParams(mismatch_sigma=sigma)
    return adc(params, bits, shape=(1, converters), tile_columns=converters, seed=seed).weights


class TestQuantiser:
    @pytest.mark.parametrize("bits", [1, 4, 8, 12])
    def test_steps_are_one_and_every_code_is_reached(self, bits):
        top = 2**bits - 1
        found = transitions(several(adc(bits=bits)), top)
        assert found == pytest.approx(np.arange(1, top + 1) - 0.5, abs=1e-9)
        x = np.linspace(-2, top + 2, 8 * top)
        codes = several(adc(bits=bits))(x)
        assert np.array_equal(np.unique(codes), np.arange(top + 1))
        assert (np.diff(codes) >= 0).all()

    def test_its_error_is_uniform_with_the_variance_of_a_twelfth(self):
        x = np.random.default_rng(0).uniform(0, 255, 40000)
        error = several(adc(bits=8))(x) - x
        assert stats.kstest(error, "uniform", (-0.5, 1.0)).pvalue > 1e-3
        assert error.var() == pytest.approx(1 / 12, rel=4 * np.sqrt((9 / 5 - 1) / error.size))

    def test_a_code_stays_itself(self):
        codes = np.arange(64.0)
        assert np.array_equal(several(adc(bits=6))(codes), codes)

    def test_none_passes_everything_and_says_so(self):
        x = np.array([[-3.3, 0.2, 1e9]], dtype=np.float32)
        none = adc(bits=None)
        assert none.codes(x) is x
        assert str(none).startswith("no ADC")
        assert str(adc(bits=6)) == "6-bit SAR ADC"
        assert str(adc(AdcParams(kind="ramp"), bits=9)) == "9-bit ramp ADC"

    @pytest.mark.parametrize("kind", ["sar", "ramp"])
    def test_gain_and_offset_move_the_transitions(self, kind):
        made = adc(AdcParams(kind=kind, gain_sigma=0.05), 5, offset_sigma=1.5)
        found = transitions(answers(made), 31)
        wanted = (np.arange(1, 32) - 0.5 - made.offset[0, 0]) / made.gain[0, 0]
        assert found == pytest.approx(wanted, abs=1e-5)
        assert dnl_inl(found)[1] == pytest.approx(0.0, abs=1e-5)

    def test_noise_has_the_odds_of_the_normal_law(self):
        """A code of k or more comes with probability Phi((x - k + 1/2) / sigma)."""
        made = adc(AdcParams(noise_sigma=0.7), 4)
        n = 20000
        draws = np.random.default_rng(0).standard_normal((1, n))
        codes = made.codes(np.full((1, n), 6.3), draws)[0]
        for k in (5, 6, 7, 8):
            odds = stats.norm.cdf((6.3 - k + 0.5) / 0.7)
            assert abs((codes >= k).mean() - odds) < 4.5 * np.sqrt(odds * (1 - odds) / n)

    def test_what_is_drawn_has_the_stated_spread(self):
        n = 6000
        made = adc(AdcParams(gain_sigma=0.03), 8, offset_sigma=2.0, shape=(2, n), tile_columns=n)
        for sample, sigma in ((made.gain - 1, 0.03), (made.offset, 2.0)):
            assert abs(sample.mean()) < 4.5 * sigma / np.sqrt(2 * n)
            assert sample.std() == pytest.approx(sigma, rel=4.5 / np.sqrt(4 * n))
        assert abs(np.corrcoef(made.gain.ravel(), made.offset.ravel())[0, 1]) < 4.5 / np.sqrt(2 * n)


class TestSuccessiveApproximation:
    def test_ideal_weights_are_the_ideal_quantiser(self):
        x = np.random.default_rng(0).uniform(-3, 300, 5000)
        assert np.array_equal(sar(2.0 ** np.arange(7, -1, -1))(x), several(adc(bits=8))(x))

    @settings(max_examples=25, deadline=None)
    @given(seeds)
    def test_codes_never_fall_and_begin_where_their_weights_say(self, seed):
        weights = drawn_weights(6, 0.05, 1, seed % 1000)[0].astype(np.float64)
        convert = sar(weights)
        codes = convert(np.linspace(-2, 70, 2000))
        assert (np.diff(codes) >= 0).all()
        bits = (np.arange(1, 64)[:, None] >> np.arange(5, -1, -1)) & 1
        begins = bits @ weights - 0.5
        # Where a code begins after a later one, it is never given; the first of those that remain stands.
        wanted = np.minimum.accumulate(begins[::-1])[::-1]
        kept = begins <= wanted + 1e-12
        assert transitions(convert, 63)[kept] == pytest.approx(begins[kept], abs=1e-9)

    def test_the_middle_step_spreads_as_its_capacitors_do(self):
        """DNL at the major carry: w_top against the sum of all lower, 2^N - 1 units in all, sd sigma sqrt(2^N - 1)."""
        bits, sigma, n = 6, 0.01, 20000
        weights = drawn_weights(bits, sigma, n).astype(np.float64)
        step = weights[:, 0] - weights[:, 1:].sum(axis=1) - 1
        assert step.std() == pytest.approx(sigma * np.sqrt(2**bits - 1), rel=4.5 / np.sqrt(2 * n))
        assert weights.std(axis=0) == pytest.approx(
            sigma * np.sqrt(2.0 ** np.arange(bits - 1, -1, -1)), rel=4.5 / np.sqrt(2 * n)
        )

    def test_linearity_agrees_with_a_code_density_test(self):
        """The second implementation: how often each code comes for inputs spread evenly."""
        convert = sar(drawn_weights(6, 0.06, 1, seed=3)[0].astype(np.float64))
        dnl, inl = dnl_inl(transitions(convert, 63))
        x = (np.arange(400000) + 0.5) / 400000 * 70 - 3
        counts = np.bincount(convert(x).astype(int), minlength=64)[1:63]
        density = counts / counts.mean() - 1
        assert np.abs(dnl).max() > 0.2  # a converter with something to find
        assert dnl == pytest.approx(density, abs=1e-3)
        assert inl == pytest.approx(np.concatenate([[0.0], np.cumsum(density)]), abs=5e-3)

    def test_lines_that_share_a_converter_err_alike(self):
        params = AdcParams(gain_sigma=0.1, lines_per_adc=3)
        made = adc(params, shape=(2, 20), tile_columns=8)
        wanted = [0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 6, 6, 6, 7]
        assert np.array_equal(made.converter, np.array([wanted, np.array(wanted) + 8]))
        assert np.unique(made.gain).size == 16
        whole = adc(AdcParams(gain_sigma=0.1, lines_per_adc=None), shape=(2, 20), tile_columns=8)
        assert np.unique(whole.gain).size == 6


class TestRamp:
    def test_a_tile_shares_its_ramp_and_each_line_has_its_comparator(self):
        params = AdcParams(kind="ramp", gain_sigma=0.1, line_offset_sigma=0.4)
        made = adc(params, 6, offset_sigma=2.0, shape=(2, 20), tile_columns=8)
        for tile in (slice(0, 8), slice(8, 16), slice(16, 20)):
            assert np.unique(made.gain[0, tile]).size == 1
            assert np.ptp(made.offset[0, tile]) > 0
        assert np.unique(made.gain).size == 6

    def test_it_takes_longer_than_a_comparison_a_bit(self):
        assert [AdcParams.ramp_cycles(bits) for bits in (1, 4, 8)] == [1, 4, 32]


class TestRange:
    def test_it_holds_the_share_asked_for(self):
        rng = np.random.default_rng(0)
        sums = rng.gamma(3.0, 0.05, (20, 500)).astype(np.float32)
        for quantile in (0.5, 0.99, 1.0):
            finder = RangeFinder(20, quantile, 2.0)
            finished = []
            for read in sums:
                finder.offer(read)
                finished.append(finder.accept())
            assert finished == [False] * 19 + [True]
            wanted = np.quantile(sums, quantile, method="inverted_cdf")
            assert wanted - 1e-6 <= finder.full_scale <= wanted + 2.0 / BINS + 1e-6

    def test_two_lessons_from_one_read_count_once(self):
        finder = RangeFinder(2, 1.0, 1.0)
        finder.offer(np.array([0.9], dtype=np.float32))
        assert not finder.accept()
        assert not finder.accept()
        assert not finder.done

    def test_a_read_without_learning_never_counts(self):
        finder = RangeFinder(1, 1.0, 1.0)
        finder.offer(np.array([0.9], dtype=np.float32))
        finder.offer(np.array([0.2], dtype=np.float32))
        assert not finder.done
        assert finder.accept()
        assert finder.full_scale == pytest.approx(0.2, abs=1 / BINS)
        finder.offer(np.array([0.9], dtype=np.float32))
        assert not finder.accept()
        assert finder.full_scale == pytest.approx(0.2, abs=1 / BINS)


class TestDriver:
    @pytest.mark.parametrize("bits", [1, 3, 8])
    def test_ideal_levels_are_a_straight_line(self, bits):
        params = DacParams(bits=bits)
        codes = np.arange(2**bits)[:, None] * np.ones(4, dtype=int)
        share = params.fabricate(4, stream(0, "dac")).drive(codes)
        assert share == pytest.approx(codes / (2**bits - 1), abs=1e-7)
        assert params.ideal

    def test_errors_have_the_stated_spread(self):
        n = 8000
        levels = DacParams(bits=3, amplitude_sigma=0.02, inl_sigma=0.3).fabricate(n, stream(0, "dac")).levels
        assert not levels[:, 0].any()
        # code c: c/7 (1 + 0.02 a) + 0.3/7 b_c
        for code in (1, 4, 7):
            sd = np.hypot(code / 7 * 0.02, 0.3 / 7)
            assert levels[:, code].std() == pytest.approx(sd, rel=4.5 / np.sqrt(2 * n))
            assert levels[:, code].mean() == pytest.approx(code / 7, abs=4.5 * sd / np.sqrt(n))

    @pytest.mark.parametrize("codes", [[0, 2], [0, -1], [0.5, 1], [1, 1, 1]])
    def test_codes_that_it_has_not_are_refused(self, codes):
        with pytest.raises(BadInput, match=r"^codes: must "):
            DacParams().fabricate(2, stream(0, "dac")).drive(np.array(codes))


class TestSense:
    def test_odds_of_a_decision(self):
        """Over amplifiers and decisions a current d above the reference is seen above it with Phi(d / both sds)."""
        n = 40000
        params = SenseParams(offset_sigma="30 nA", noise_sigma="40 nA")
        amplifiers = params.fabricate((n,), 0.2, stream(0, "sense"))
        draws = np.random.default_rng(0).standard_normal(n)
        for difference in (0.0, 20e-9, -60e-9):
            seen = amplifiers.referred(np.full(n, 1e-6 + difference / 0.2), np.arange(n), draws)
            odds = stats.norm.cdf(difference / 50e-9)
            assert abs((seen >= 1e-6).mean() - odds) < 4.5 * np.sqrt(odds * (1 - odds) / n)

    def test_trimming_leaves_half_a_step(self):
        """Six sigma over 2^bits steps, evenly spread within: sd = step / sqrt 12; beyond 3 sigma it cannot reach."""
        for bits in (3, 6):
            params = SenseParams(offset_sigma=1e-8, trim_bits=bits)
            left = params.fabricate((200, 200), 0.2, np.random.default_rng(1)).offset
            raw = SenseParams(offset_sigma=1e-8).fabricate((200, 200), 0.2, np.random.default_rng(1)).offset
            step = 6 * 5e-8 / 2**bits
            within = np.abs(raw) < 3 * 5e-8
            assert np.abs(left[within]).max() <= 0.5 * step * 1.001
            assert left[within].std() == pytest.approx(step / np.sqrt(12), rel=0.03)
            assert params.decisions(40) == 40 * bits

    def test_noise_limits_trimming_and_reads_help(self):
        sds = []
        for reads in (1, 9, 99):
            params = SenseParams(offset_sigma=1e-8, noise_sigma=1e-8, trim_bits=8, trim_reads=reads)
            sds.append(params.fabricate((100, 100), 0.2, np.random.default_rng(2)).offset.std() / 5e-8)
        assert 0.03 < sds[2] < sds[1] < sds[0] < 1.0
        assert SenseParams(trim_bits=4).decisions(40) == 0  # nothing to trim


class TestTransimpedance:
    def test_the_first_limit_counts(self):
        assert TransimpedanceParams().limit == np.inf
        both = TransimpedanceParams(gain="10 kohm", saturation_current="50 uA", output_range="0.4 V")
        assert both.limit == pytest.approx(40e-6)
        assert both.model_copy(update={"saturation_current": 30e-6}).limit == 30e-6
        x = np.array([-1.0, -40e-6, 0.0, 39e-6, 41e-6])
        assert both.passed(x) == pytest.approx([-40e-6, -40e-6, 0.0, 39e-6, 40e-6])

    def test_ideal_changes_nothing(self):
        x = np.random.default_rng(0).normal(size=100)
        assert np.array_equal(TransimpedanceParams().passed(x), x)


class TestWinnerTakeAll:
    @settings(max_examples=50, deadline=None)
    @given(seeds, st.integers(0, 40), st.booleans())
    def test_without_a_limit_it_is_exact_with_the_poolers_ties(self, seed, k, whole):
        rng = np.random.default_rng(seed)
        score = rng.integers(0, 5, 40).astype(np.int32) if whole else rng.random(40, dtype=np.float32)
        assert np.array_equal(WinnerTakeAll().winners(score, k, rng), top_k(score, k))

    @settings(max_examples=50, deadline=None)
    @given(seeds, st.integers(1, 40), st.floats(0.01, 5.0))
    def test_clear_ones_win_and_lose(self, seed, k, resolution):
        rng = np.random.default_rng(seed)
        score = rng.uniform(0, 6, 40)
        won = WinnerTakeAll(resolution).winners(score, k, rng)
        last = np.sort(score)[::-1][k - 1]
        assert won.size == np.unique(won).size == k
        assert (np.diff(won) > 0).all()
        assert set(np.flatnonzero(score - last >= resolution)) <= set(won.tolist())
        assert (score[won] - last > -resolution).all()

    @pytest.mark.parametrize(("apart", "odds"), [(0.0, 0.5), (0.9, 0.5), (1.0, 1.0), (3.0, 1.0)])
    def test_two_inputs_nearer_than_the_resolution_are_a_coin(self, apart, odds):
        rng, n = np.random.default_rng(0), 4000
        score = np.array([2.0 + apart, 2.0])
        wins = sum(int(WinnerTakeAll(1.0).winners(score, 1, rng)[0] == 0) for _ in range(n))
        assert abs(wins / n - odds) <= 4.5 * np.sqrt(odds * (1 - odds) / n)

    def test_seats_that_are_left_are_shared_evenly(self):
        """One sure winner, two seats for five: each of them wins with 2/5."""
        rng, n = np.random.default_rng(0), 4000
        score = np.array([9.0, 5.0, 5.1, 5.2, 4.9, 5.05, 1.0])
        wins = np.zeros(7)
        for _ in range(n):
            wins[WinnerTakeAll(0.5).winners(score, 3, rng)] += 1
        assert wins[0] == n and wins[6] == 0
        assert np.abs(wins[1:6] / n - 0.4).max() < 4.5 * np.sqrt(0.24 / n)

    def test_latency(self):
        params = WinnerTakeAllParams(settle_time="5 ns", winner_time="2 ns")
        assert params.latency(10) == pytest.approx(25e-9)
        assert WinnerTakeAllParams().latency(10) == 0.0

    def test_more_winners_than_inputs_are_refused(self):
        with pytest.raises(BadInput, match=r"^k: must be 0\.\.3, as there are 3 scores, got 4$"):
            WinnerTakeAll().winners(np.zeros(3), 4, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AdcParams(kind="flash"), "AdcParams.kind"),
        (
            lambda: AdcParams(kind="ramp", mismatch_sigma=0.1),
            "mismatch_sigma: must be 0 for kind ramp, got 0.1",
        ),
        (lambda: AdcParams(line_offset_sigma=0.1), "line_offset_sigma: must be 0 for kind sar, got 0.1"),
        (lambda: AdcParams(calibration_quantile=0.9), "calibration_quantile: must be 1 without"),
        (lambda: AdcParams(gain_sigma=-1), "AdcParams.gain_sigma"),
        (lambda: DacParams(bits=0), "DacParams.bits"),
        (lambda: SenseParams(noise_sigma="3 V"), "SenseParams.noise_sigma: must be in A"),
        (lambda: TransimpedanceParams(output_range=1.0), "gain: must be given with output_range"),
        (lambda: WinnerTakeAllParams(settle_time=-1), "WinnerTakeAllParams.settle_time"),
    ],
)
def test_bad_parameters_are_one_line(make, message):
    with pytest.raises(BadInput, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
