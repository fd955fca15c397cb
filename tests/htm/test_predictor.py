"""Multi-step prediction: against a plain implementation, htm.core's outputs, and what can be foreseen."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from htm.classifier import SoftmaxClassifier, SoftmaxClassifierParams
from htm.pick import BadInput
from htm.predictor import Buckets, BucketsParams, MultiStepPredictor, MultiStepPredictorParams


def make(steps=(1,), bits=64, rate=0.1, low=0.0, high=9.0, count=10, mean_rate=0.3):
    buckets = BucketsParams(low=low, high=high, count=count, mean_rate=mean_rate)
    return MultiStepPredictor(bits, MultiStepPredictorParams(steps=steps, rate=rate, buckets=buckets))


def cycle(n=400, length=10, bits=64, seed=0):
    """A repeating sequence of values 0..9 with a code for each."""
    rng = np.random.default_rng(seed)
    codes = [np.sort(rng.choice(bits, 6, replace=False)).astype(np.int32) for _ in range(length)]
    return [(codes[i % length], float(i % length)) for i in range(n)]


class Plain:
    """The rule with dense arrays and no kernel."""

    def __init__(self, steps, bits, count, rate):
        self.steps, self.rate = steps, rate
        self.w = {k: np.zeros((bits, count)) for k in steps}
        self.seen = np.zeros(count, bool)
        self.past = []

    def p(self, k, code):
        z = np.where(self.seen, self.w[k][code].sum(axis=0), -np.inf)
        e = np.exp(z - z.max())
        return e / e.sum()

    def step(self, code, bucket):
        self.past.append(code)
        self.seen[bucket] = True
        for k in self.steps:
            if len(self.past) > k:
                old = self.past[-1 - k]
                self.w[k][old] += self.rate * (np.eye(self.seen.size)[bucket] - self.p(k, old))
        return {k: self.p(k, code) for k in self.steps}


def test_equals_the_plain_rule():
    rng = np.random.default_rng(1)
    predictor, plain = make((0, 1, 5)), Plain((0, 1, 5), 64, 10, 0.1)
    for _ in range(150):
        code = np.sort(rng.choice(64, rng.integers(0, 12), replace=False)).astype(np.int32)
        value = float(rng.integers(0, 10))
        forecast, expected = predictor.compute(code, value), plain.step(code, int(value))
        for k in (0, 1, 5):
            assert forecast[k].probabilities == pytest.approx(expected[k], abs=2e-5)


def test_equals_htmcore(htmcore_oracles):
    """Step 0 of the predictor is htm.core's classifier: no bias, a label known only once it was seen."""
    data = np.load(htmcore_oracles / "classifier.npz", allow_pickle=False)
    bits = int(data["patterns"].max()) + 1
    predictor = make((0,), bits, float(data["alpha"]), 0.0, 4.0, 5)
    for i, pattern in enumerate(data["order"]):
        code = np.sort(data["patterns"][pattern]).astype(np.int32)
        if i:
            told = predictor.predict(code)[0].probabilities
            assert told == pytest.approx(data["pdf_before_learning"][i], abs=1e-5)
        predictor.compute(code, float(data["labels"][pattern]))


def test_foresees_a_cycle_at_every_step():
    predictor = make((1, 3, 5))
    records = cycle()
    hits = {1: 0, 3: 0, 5: 0}
    for t, (code, value) in enumerate(records):
        forecast = predictor.compute(code, value)
        if t >= 300:
            for k in hits:
                hits[k] += forecast[k].most_likely == (t + k) % 10
    assert hits == {1: 100, 3: 100, 5: 100}
    assert forecast[1].expected == pytest.approx((len(records)) % 10, abs=0.3)
    assert forecast[1].probabilities.sum() == pytest.approx(1)


def test_uncertain_endings_share_the_probability():
    predictor = make((1,), rate=0.02)
    a, end = np.array([1, 2], np.int32), np.array([9], np.int32)
    rng = np.random.default_rng(0)
    for _ in range(3000):
        predictor.reset()
        predictor.compute(a, 0.0)
        predictor.compute(end, float(rng.choice([2.0, 8.0])))
    forecast = predictor.predict(a)[1]
    assert forecast.probabilities[[2, 8]] == pytest.approx([0.5, 0.5], abs=0.12)
    assert forecast.expected == pytest.approx(5.0, abs=0.9)
    assert forecast.most_likely in (2.0, 8.0)


def test_before_anything_was_seen_all_is_equally_likely():
    forecast = make((1,)).predict(np.array([3], np.int32))[1]
    assert forecast.probabilities == pytest.approx(np.full(10, 0.1))
    assert forecast.expected == pytest.approx(4.5)


def test_the_three_forecasts_are_each_the_best_for_their_error():
    """Expected value: least squared error; median: least absolute; most likely bucket: most often exact."""
    rng = np.random.default_rng(3)
    code, different = np.array([3, 7], np.int32), 0
    for _ in range(200):
        predictor = make(count=int(rng.integers(2, 30)))
        predictor.weights[:] = rng.normal(scale=2, size=predictor.weights.shape)
        for value in rng.uniform(-1, 10, 12):
            predictor.buckets.learn(float(value))
        forecast, values = predictor.predict(code)[1], predictor.buckets.values
        p = forecast.probabilities
        assert (np.diff(values) > 0).all()
        wrong = np.abs(values[:, None] - np.r_[values, forecast.median]).T @ p
        assert wrong[-1] == pytest.approx(wrong[:-1].min(), abs=1e-7)
        assert p[values == forecast.median].sum() > 0
        assert p @ (values - forecast.expected) == pytest.approx(0, abs=1e-9)
        assert p[values == forecast.most_likely].sum() == p.max()
        different += forecast.median != forecast.most_likely
    assert different > 20


def test_of_two_equal_halves_the_median_is_the_lower():
    predictor = make(count=10)
    for value in (2.0, 8.0):
        predictor.buckets.learn(value)
    assert predictor.predict(np.array([3], np.int32))[1].median == 2.0


def test_a_missing_value_teaches_nothing_but_time_passes():
    predictor = make((1,))
    a, b, c = (np.array([i], np.int32) for i in range(3))
    predictor.compute(a, 1.0)
    predictor.compute(b, None)
    assert not predictor.weights.any()
    predictor.compute(c, 5.0)
    # the value after the gap belongs to b, not to a
    assert predictor.weights[0, 1].any() and not predictor.weights[0, 0].any()


def test_without_learning_nothing_changes():
    predictor = make((1, 2))
    for code, value in cycle(30):
        predictor.compute(code, value)
    before = predictor.state()
    for code, value in cycle(30, seed=1):
        predictor.compute(code, value, learn=False)
    after = predictor.state()
    for name in ("weights", "values", "seen"):
        assert np.array_equal(before[name], after[name])


def test_reset_forgets_the_past():
    predictor = make((1,))
    predictor.compute(np.array([1], np.int32), 1.0)
    predictor.reset()
    predictor.compute(np.array([2], np.int32), 2.0)
    assert not predictor.weights.any()


def test_state_continues_identically():
    records = cycle(120, length=9)
    for cut in (0, 2, 50):
        first, twin = make((1, 5)), make((1, 5))
        for code, value in records[:cut]:
            first.compute(code, value)
        twin.restore(first.state())
        for code, value in records[cut:]:
            one, other = first.compute(code, value), twin.compute(code, value)
            for k in (1, 5):
                assert np.array_equal(one[k].probabilities, other[k].probabilities)
                assert one[k][1:] == other[k][1:]


def test_restore_refuses_other_dimensions():
    with pytest.raises(BadInput, match=r"weights: must have shape \(1, 64, 10\), got \(1, 32, 10\)"):
        make(bits=64).restore(make(bits=32).state())


@given(st.floats(-50, 50), st.floats(0.1, 50), st.integers(2, 60), st.floats(-200, 200))
def test_a_bucket_is_the_nearest_centre(low, width, count, value):
    buckets = Buckets(BucketsParams(low=low, high=low + width, count=count))
    distance = np.abs(buckets.values - value)
    assert distance[buckets.of(value)] <= distance.min() + 1e-9


def test_buckets_follow_their_values():
    buckets = Buckets(BucketsParams(low=0, high=10, count=11))
    assert buckets.learn(3.4) == 3 and buckets.values[3] == 3.4
    buckets.learn(2.6)
    assert buckets.values[3] == pytest.approx(3.4 + 0.3 * (2.6 - 3.4))
    fixed = Buckets(BucketsParams(low=0, high=10, count=11, mean_rate=0.0))
    fixed.learn(3.4)
    assert fixed.values[3] == 3.0
    assert buckets.of(-7) == 0 and buckets.of(1e9) == 10


@pytest.mark.parametrize(
    ("build", "match"),
    [
        (lambda: make(steps=()), "steps"),
        (lambda: make(steps=(1, 1)), "steps"),
        (lambda: make(steps=(-1,)), "steps"),
        (lambda: make(low=5, high=5), "high: must exceed low"),
        (lambda: make(bits=0), "n_bits"),
        (lambda: make().compute(np.array([64], np.int32), 1.0), "code: indices must lie in 0..63"),
        (lambda: make().compute(np.array([2, 1], np.int32), 1.0), "code: indices must be sorted"),
        (lambda: make().compute(np.array([1], np.int32), math.nan), "value: must be finite"),
    ],
)
def test_bad_input(build, match):
    with pytest.raises(BadInput, match=match) as error:
        build()
    assert "\n" not in str(error.value)


class TestOnlineClassifier:
    def test_learns_one_by_one(self):
        rng = np.random.default_rng(0)
        homes = [rng.choice(100, 10, replace=False) for _ in range(4)]
        labels = rng.integers(0, 4, 400)
        codes = [np.sort(rng.choice(homes[c], 7, replace=False)).astype(np.int32) for c in labels]
        classifier = SoftmaxClassifier(100, 4, SoftmaxClassifierParams())
        for code, label in zip(codes[:300], labels[:300], strict=True):
            classifier.learn_one(code, label)
        assert (classifier.predict(codes[300:]) == labels[300:]).mean() > 0.95

    def test_state_continues_identically(self):
        codes = [np.array([i % 7, 8], np.int32) for i in range(40)]
        labels = [i % 3 for i in range(40)]
        first, twin = (SoftmaxClassifier(10, 3, SoftmaxClassifierParams(), seed=s) for s in (1, 2))
        first.fit(codes, labels)
        twin.restore(first.state())
        for one in (first, twin):
            one.fit(codes, labels)
            one.learn_one(codes[0], 2)
        assert np.array_equal(first.weights, twin.weights) and np.array_equal(first.bias, twin.bias)

    @pytest.mark.parametrize("label", [3, -1, True, 0.5])
    def test_bad_label(self, label):
        with pytest.raises(BadInput, match="label"):
            SoftmaxClassifier(10, 3, SoftmaxClassifierParams()).learn_one(np.array([1], np.int32), label)
