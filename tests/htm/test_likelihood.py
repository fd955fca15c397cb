"""Anomaly likelihood: against a plain implementation of its definition, and at its edges."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from htm.likelihood import AnomalyLikelihood, AnomalyLikelihoodParams, log_likelihood
from htm.pick import BadInput


def plain(scores, values, p):
    """Likelihoods straight from the definition: everything recomputed for every record, no state."""

    def averages(part):
        return [np.mean(part[max(0, i - p.averaging_window + 1) : i + 1]) for i in range(len(part))]

    def tail(x, mean, sd):
        z = abs(x - mean) / sd if p.tail == "both" else (x - mean) / sd
        return 0.5 * math.erfc(z / math.sqrt(2))

    first = p.learning_period + p.estimation_samples
    result = []
    for t in range(len(scores)):
        if t < first:
            result.append(0.5)
            continue
        # the estimate in force was made at the last multiple of the period, or at the first judged record
        made = max(first, t - t % p.reestimation_period)
        start = max(0, made - p.window)
        history = averages(scores[start:made])
        skip = min(len(history), max(0, p.learning_period - start))
        if skip >= len(history) or np.var(values[start:made][skip:]) < p.flat_variance:
            mean, sd = 0.5, 1e3
        else:
            mean = max(np.mean(history[skip:]), p.minimum_mean)
            sd = math.sqrt(max(np.var(history[skip:]), p.minimum_variance))
        now, before = (np.mean(scores[max(0, i - p.averaging_window + 1) : i + 1]) for i in (t, t - 1))
        q = tail(now, mean, sd)
        if p.only_rise and q <= 1e-5 and tail(before, mean, sd) <= 1e-5:
            q = 1e-3
        result.append(1 - q)
    return np.array(result)


def run(scores, params, values=None):
    detector = AnomalyLikelihood(params)
    values = [None] * len(scores) if values is None else values
    return np.array([detector.compute(s, v) for s, v in zip(scores, values, strict=True)])


SMALL = dict(learning_period=20, estimation_samples=15, window=60, reestimation_period=7, averaging_window=5)


@pytest.mark.parametrize("tail", ["upper", "both"])
@pytest.mark.parametrize("only_rise", [True, False])
def test_equals_the_definition(tail, only_rise):
    rng = np.random.default_rng(3)
    scores = np.clip(rng.beta(1, 6, 400), 0, 1)
    scores[200:215] = 1.0
    scores[300:330] = 0.0
    values = rng.random(400)
    params = AnomalyLikelihoodParams(**SMALL, tail=tail, only_rise=only_rise)
    expected = plain(scores, values, params)
    assert run(scores, params, values) == pytest.approx(expected, abs=1e-12)
    assert (expected > 0.9999).any()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from([0.0, 0.05, 0.5, 1.0]), max_size=80),
    st.integers(0, 12),
    st.integers(1, 8),
    st.integers(8, 30),
    st.integers(1, 9),
    st.integers(1, 8),
)
def test_equals_the_definition_whatever_the_windows(scores, learning, samples, window, period, averaging):
    params = AnomalyLikelihoodParams(
        learning_period=learning,
        estimation_samples=samples,
        window=window,
        reestimation_period=period,
        averaging_window=averaging,
    )
    values = np.arange(len(scores))
    result = run(scores, params, values)
    assert result == pytest.approx(plain(np.array(scores), values, params), abs=1e-12)
    assert np.all((result >= 0) & (result <= 1))


def test_a_burst_rises_once_and_a_quiet_stream_does_not():
    rng = np.random.default_rng(0)
    scores = rng.random(1000) * 0.2
    scores[700:720] = 1.0
    result = run(scores, AnomalyLikelihoodParams())
    assert np.all(result[:388] == 0.5)
    assert result[388:700].max() < 0.9999
    red = np.flatnonzero(result > 0.99999)
    # NuPIC's rule: only the rise is red, then 0.999 while it lasts
    assert red.size == 1 and 700 <= red[0] < 705
    assert result[red[0] + 1] == 0.999


def test_upper_tail_leaves_calm_alone_and_both_tails_report_it():
    scores = np.r_[np.random.default_rng(1).random(600) * 0.4 + 0.5, np.zeros(20)]
    assert run(scores, AnomalyLikelihoodParams())[-20:].max() < 0.5
    assert run(scores, AnomalyLikelihoodParams(tail="both"))[-20:].max() > 0.9999


@pytest.mark.parametrize("constant", [0.0, 0.3, 1.0])
def test_constant_scores_are_not_anomalous(constant):
    """Zero variance: the floors stand in, and nothing is divided by zero."""
    result = run(np.full(600, constant), AnomalyLikelihoodParams())
    assert result[388:] == pytest.approx(result[388:][0])
    assert result[-1] <= 0.5 + 1e-9


def test_a_blip_after_perfect_calm_is_bounded_by_the_floors():
    scores = np.zeros(600)
    scores[500] = 1.0
    params = AnomalyLikelihoodParams()
    z = (0.1 - 0.03) / math.sqrt(0.0003)
    assert run(scores, params)[500] == pytest.approx(1 - 0.5 * math.erfc(z / math.sqrt(2)))


def test_flat_values_are_not_judged():
    rng = np.random.default_rng(0)
    scores = rng.random(600) * 0.1
    scores[500:510] = 1.0
    assert run(scores, AnomalyLikelihoodParams(), np.full(600, 45.0))[388:] == pytest.approx(0.5, abs=1e-3)
    assert run(scores, AnomalyLikelihoodParams(), rng.random(600)).max() > 0.99999


def test_single_sample_is_enough():
    params = AnomalyLikelihoodParams(learning_period=0, estimation_samples=1, window=1, averaging_window=1)
    assert np.isfinite(run([0.0, 1.0, 0.0, 1.0], params)).all()


def test_state_continues_identically():
    rng = np.random.default_rng(5)
    scores, values = rng.random(300), rng.random(300)
    params = AnomalyLikelihoodParams(**SMALL)
    for cut in (0, 3, 40, 59, 60, 61, 150):
        first, twin = AnomalyLikelihood(params), AnomalyLikelihood(params)
        for s, v in zip(scores[:cut], values[:cut], strict=True):
            first.compute(s, v)
        twin.restore(first.state())
        pairs = [
            (first.compute(s, v), twin.compute(s, v)) for s, v in zip(scores[cut:], values[cut:], strict=True)
        ]
        assert all(a == b for a, b in pairs)


def test_log_scale():
    assert log_likelihood(1.0) == 1.0
    assert log_likelihood(0.0) == 0.0
    assert log_likelihood(0.99999) == pytest.approx(0.5, abs=1e-5)
    assert log_likelihood(0.999) == pytest.approx(0.3, abs=1e-5)
    assert log_likelihood(0.5) == pytest.approx(math.log(2) / math.log(1e10), rel=1e-6)
    grid = [log_likelihood(x) for x in np.linspace(0, 1, 200)]
    assert np.all(np.diff(grid) >= 0)


def test_periods_of_nab():
    short, long = AnomalyLikelihoodParams.of_stream(4032), AnomalyLikelihoodParams.of_stream(22695)
    assert (short.learning_period, short.estimation_samples) == (302, 302)
    assert (long.learning_period, long.estimation_samples) == (375, 375)
    with pytest.raises(BadInput, match="records: too few"):
        AnomalyLikelihoodParams.of_stream(3)


@pytest.mark.parametrize("bad", [math.nan, -0.1, 1.5, math.inf])
def test_bad_scores(bad):
    with pytest.raises(BadInput, match="raw: must be an anomaly score"):
        AnomalyLikelihood().compute(bad)
    with pytest.raises(BadInput, match="likelihood"):
        log_likelihood(bad)


def test_bad_params():
    with pytest.raises(BadInput, match="window: must hold estimation_samples"):
        AnomalyLikelihoodParams(window=50)


# Raw scores of records 288..771 of NAB's stored result numenta_art_daily_no_noise.csv, as (first, how many, score)
# where not 0, and the z of its anomaly_score from record 604 on, as (first, z): NuPIC 0.5 took its log likelihood
# from a table of the normal distribution in steps of 0.1 (numenta/NAB, results/numenta; facts, not code).
NUMENTA_RAW = [
    *[(348, 3, 0.025), (396, 1, 0.725), (397, 1, 0.2), (398, 1, 0.075), (400, 1, 0.025), (401, 1, 0.05)],
    *[(407, 1, 0.1), (480, 8, 0.025), (489, 13, 0.025), (504, 1, 0.675), (505, 1, 0.05), (512, 4, 0.05)],
    *[(516, 1, 0.625), (517, 1, 0.05), (518, 5, 0.075), (523, 6, 0.025), (530, 9, 0.025), (539, 1, 0.05)],
    *[(540, 7, 0.025), (547, 2, 0.1), (684, 1, 0.725), (696, 1, 0.025), (771, 1, 0.025)],
]
NUMENTA_Z = [(604, -1.0), (684, 1.5), (694, -1.0), (696, -0.9), (700, -1.0), (706, -1.1), (771, -1.0)]
NUMENTA_LOG = {-1.1: 0.00633184338033, -1.0: 0.00750260132112, -0.9: 0.00883418426351, 1.5: 0.117517672694}


def test_equals_the_stored_results_of_numentas_detector():
    scores = np.zeros(772)
    for first, count, score in NUMENTA_RAW:
        scores[first : first + count] = score
    result = run(scores, AnomalyLikelihoodParams.of_stream(4032))
    assert log_likelihood(result[603]) == pytest.approx(0.0301029996659, abs=1e-12)  # 0.5, as stored
    normal = NormalDist()
    starts = [first for first, _ in NUMENTA_Z]
    for t in range(604, 772):
        _, z = NUMENTA_Z[np.searchsorted(starts, t, side="right") - 1]
        assert normal.inv_cdf(result[t]) == pytest.approx(z, abs=0.051), t
        assert log_likelihood(normal.cdf(z)) == pytest.approx(NUMENTA_LOG[z], abs=1e-9)
