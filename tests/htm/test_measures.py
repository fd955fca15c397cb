"""Measures: the stream's against the set's, and both against hand-made cases."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from htm import measures
from htm.measures import CodeMeasures, mape, nrmse, stability
from htm.pick import BadInput

SIZE = 30
code_lists = st.lists(
    st.sets(st.integers(0, SIZE - 1), max_size=8).map(lambda s: np.array(sorted(s), dtype=np.int32)),
    min_size=1,
    max_size=25,
)


def bits(*members):
    return np.array(members, dtype=np.int32)


class TestStream:
    @given(code_lists)
    def test_equals_the_measures_of_the_whole_set(self, codes):
        stream = CodeMeasures(SIZE)
        for code in codes:
            stream.add(code)
        assert stream.count == len(codes)
        assert stream.activation_frequency == pytest.approx(
            measures.activation_frequency(codes, SIZE), abs=1e-12
        )
        assert stream.sparsity == pytest.approx(measures.sparsity(codes, SIZE))
        assert stream.entropy == pytest.approx(measures.entropy(codes, SIZE), abs=1e-9)
        pairs = [measures.match(a, b) for a, b in itertools.pairwise(codes)]
        assert stream.overlap == pytest.approx(np.mean(pairs) if pairs else math.nan, nan_ok=True)

    @given(code_lists, st.integers(1, 30))
    def test_a_period_fades_the_past(self, codes, period):
        stream, mean = CodeMeasures(SIZE, period), np.zeros(SIZE)
        for n, code in enumerate(codes, start=1):
            stream.add(code)
            mean += (np.isin(np.arange(SIZE), code) - mean) / min(n, period)
        assert stream.activation_frequency == pytest.approx(mean, abs=1e-12)
        if period == 1:
            assert stream.sparsity == pytest.approx(codes[-1].size / SIZE)

    def test_stability_compares_an_item_with_its_last_code(self):
        stream = CodeMeasures(SIZE)
        epochs = [
            {"a": bits(1, 2, 3, 4), "b": bits(10, 11)},
            {"a": bits(1, 2, 3, 5), "b": bits(12, 13)},
            {"a": bits(1, 2, 3, 5), "b": bits(12, 13, 14, 15)},
        ]
        for epoch in epochs:
            for item, code in epoch.items():
                stream.add(code, item)
        # shared 3, 0, 4, 2 of 4, 2, 4, 4 bits
        assert stream.stability == pytest.approx(9 / 14)
        one = [list(epoch.values()) for epoch in epochs]
        assert stability(one[0], one[1]) == pytest.approx(3 / 6)
        assert stability(one[1], one[2]) == pytest.approx(6 / 8)

    def test_a_frozen_code_is_fully_stable_and_has_no_entropy(self):
        stream = CodeMeasures(SIZE)
        for _ in range(9):
            stream.add(bits(3, 4), "x")
        assert (stream.stability, stream.overlap, stream.entropy) == (1.0, 1.0, 0.0)

    def test_noise_robustness_by_level(self):
        stream = CodeMeasures(SIZE)
        clean = bits(1, 2, 3, 4)
        stream.add_noisy(clean, clean, 0.0)
        stream.add_noisy(clean, bits(1, 2, 3, 9), 0.5)
        stream.add_noisy(clean, bits(1, 9, 10, 11), 0.5)
        assert stream.noise_robustness == {0.0: 1.0, 0.5: pytest.approx(0.5)}

    def test_before_the_first_code_nothing_is_known(self):
        stream = CodeMeasures(SIZE)
        known = (stream.sparsity, stream.entropy, stream.overlap, stream.stability)
        assert all(math.isnan(value) for value in known)
        assert stream.noise_robustness == {}
        stream.add(bits(), "x")
        stream.add(bits(), "x")
        assert stream.sparsity == 0.0 and math.isnan(stream.stability)
        assert stream.overlap == 1.0  # two empty codes match fully, as in match()

    def test_entropy_reaches_its_bound(self):
        """H(s) at even use: 0.1414 bit at s = 0.02 (Cui et al. 2017)."""
        stream = CodeMeasures(50)
        for i in range(50):
            stream.add(bits(i))
        assert stream.entropy == pytest.approx(0.1414, abs=5e-5)

    @given(code_lists, st.sampled_from([None, 4]))
    def test_state_continues_identically(self, codes, period):
        first, twin = CodeMeasures(SIZE, period), CodeMeasures(SIZE, period)

        def step(stream, i, code):
            stream.add(code, "ab"[i % 2] if i % 3 else None)
            stream.add_noisy(code, codes[0], 0.25 * (i % 2))

        half = len(codes) // 2
        for i, code in enumerate(codes[:half]):
            step(first, i, code)
        twin.restore(first.state())
        for i, code in enumerate(codes[half:]):
            step(first, i, code)
            step(twin, i, code)
        for name in ("sparsity", "entropy", "overlap", "stability"):
            a, b = getattr(first, name), getattr(twin, name)
            assert a == b or (math.isnan(a) and math.isnan(b)), name
        assert first.noise_robustness == twin.noise_robustness

    def test_bad_input(self):
        with pytest.raises(BadInput, match="size"):
            CodeMeasures(0)
        with pytest.raises(BadInput, match="period"):
            CodeMeasures(5, 0)
        with pytest.raises(BadInput, match=r"code: indices must lie in 0\.\.4, got 5"):
            CodeMeasures(5).add(bits(5))
        with pytest.raises(BadInput, match="noisy: indices must be sorted"):
            CodeMeasures(5).add_noisy(bits(1), bits(2, 1), 0.1)
        with pytest.raises(BadInput, match=r"activation_frequency: must have shape \(5,\), got \(6,\)"):
            CodeMeasures(5).restore(CodeMeasures(6).state())


class TestForecasts:
    def test_by_hand(self):
        truth, told = [1.0, 2.0, 3.0, 4.0], [1.0, 3.0, 3.0, 2.0]
        assert nrmse(truth, told) == pytest.approx(math.sqrt(5 / 4) / math.sqrt(1.25))
        assert mape(truth, told) == pytest.approx(3 / 10)
        # from record 2 on: errors 0 and 2; the spread is that of all of the truth, the mean that of those records
        assert nrmse(truth, told, 2) == pytest.approx(math.sqrt(2) / math.sqrt(1.25))
        assert mape(truth, told, 2) == pytest.approx(1 / 3.5)

    def test_the_mean_scores_one_and_truth_scores_zero(self):
        truth = np.random.default_rng(0).random(500)
        assert nrmse(truth, np.full(500, truth.mean())) == pytest.approx(1)
        assert nrmse(truth, truth) == mape(truth, truth) == 0

    def test_repeating_the_last_value_of_the_taxi_series(self):
        """Published for a shift of 5 records: NRMSE 0.927, MAPE 0.322 from record 10,000 on (facts 10.1)."""
        from pathlib import Path

        path = Path(__file__).resolve().parents[3] / "shared" / "data" / "streams" / "nyc_taxi.csv"
        if not path.is_file():
            pytest.skip("the data data/streams is not beside this checkout")
        truth = np.loadtxt(path, delimiter=",", skiprows=3, usecols=1)
        told = np.r_[np.full(5, truth[0]), truth[:-5]]
        assert nrmse(truth, told, 10_000) == pytest.approx(0.927, abs=0.002)
        assert mape(truth, told, 10_000) == pytest.approx(0.322, abs=0.001)

    def test_what_is_not_yet_foretold_may_be_nan_before_the_start(self):
        assert mape([1.0, 2.0, 3.0], [math.nan, 2.0, 3.0], 1) == 0
        with pytest.raises(BadInput, match="predicted: must be finite, got nan"):
            mape([1.0, 2.0, 3.0], [math.nan, 2.0, 3.0])

    @pytest.mark.parametrize(
        ("truth", "told", "start", "match"),
        [
            ([1.0, 2.0], [1.0], 0, "must be 1-d of one length"),
            ([[1.0]], [[1.0]], 0, "must be 1-d"),
            ([1.0, math.inf], [1.0, 2.0], 0, "truth: must be finite"),
            ([1.0, 2.0], [1.0, 2.0], 2, r"start: must lie in 0\.\.1, got 2"),
            ([0.0, 0.0], [1.0, 2.0], 0, "truth: must"),
        ],
    )
    def test_bad_input(self, truth, told, start, match):
        for measure in (nrmse, mape):
            with pytest.raises(BadInput, match=match):
                measure(truth, told, start)
