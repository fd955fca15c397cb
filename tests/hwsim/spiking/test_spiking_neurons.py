"""Spiking competition in closed form: first-k equals top-k, and every flaw follows the law that it is said to."""

import math

import numpy as np
import pytest

from htm.pick import BadInput
from htm.synapses import top_k
from hwsim.spiking.closed_form import first_k, first_spikes
from hwsim.spiking.neurons import Neurons
from hwsim.spiking.params import NeuronParams

N, K = 512, 10
PAIRS = 20_000


def _neurons(seed=1, n=N, **flaws):
    return Neurons(NeuronParams(**flaws), n, seed, "test")


def _scores(n=40, seed=0):
    rng = np.random.default_rng(seed)
    whole = [rng.integers(0, 30, N) for _ in range(n)]
    return whole + [s.astype(np.float32) * rng.uniform(0.5, 2, N).astype(np.float32) for s in whole]


def _normal_cdf(x):
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))


def _time(drive, time_constant=10e-3):
    return -time_constant * math.log(1.0 - 1.0 / drive)


def test_first_k_equals_top_k_ties_included():
    neurons = _neurons()
    for score in [*_scores(), np.zeros(N), np.full(N, 7)]:
        assert np.array_equal(neurons.compete(score, K), top_k(score, K))


def test_nobody_wins_where_nobody_may():
    assert _neurons().compete(np.full(N, 7), 0).size == 0


@pytest.mark.parametrize("latency", [0.0, 5e-5, 2e-4, 1e-3, 4e-3])
def test_extra_winners_are_those_whose_drive_suffices_until_inhibition_arrives(latency):
    # A line spikes by T where R I >= 1 / (1 - exp(-T / tau)): a count of drives, no spike time of a neuron.
    for score in _scores(20, seed=3):
        drive = np.sort(1.05 + 0.05 * score.astype(np.float64))
        silenced = _time(drive[-K]) + latency
        enough = np.count_nonzero(drive >= (1.0 - 1e-12) / (1.0 - math.exp(-silenced / 10e-3)))
        wanted = enough if latency else K
        assert _neurons(inhibition_latency=latency).compete(score, K).size == wanted


def test_latency_lets_more_through():
    score = _scores(1)[0]
    counts = [_neurons(inhibition_latency=latency).compete(score, K).size for latency in (0.0, 1e-4, 1e-3)]
    assert counts[0] == K
    assert counts[0] < counts[2]
    assert counts == sorted(counts)


A, B = 10, 9  # scores of two lines that compete, drives 1.55 and 1.5


def _chance(**flaw):
    """How often the line of score A is before that of score B, over many pairs of neurons."""
    neurons = _neurons(n=2 * PAIRS, **flaw)
    drive = neurons.drive(np.repeat([A, B], PAIRS))
    delay = np.zeros(2 * PAIRS)
    if neurons.params.jitter:
        delay = neurons.params.jitter * np.random.default_rng(5).standard_normal(2 * PAIRS)
    first, second = np.split(first_spikes(drive, neurons.threshold, neurons.time_constant, delay), 2)
    return float(np.mean(first < second))


def _wanted(flaw, sigma):
    """The same from normal distributions alone."""
    one, two = 1.55, 1.5
    if flaw == "threshold_sigma":  # theta / (R I) decides
        return _normal_cdf((1 / two - 1 / one) / (sigma * math.hypot(1 / one, 1 / two)))
    if flaw == "time_constant_sigma":  # ln tau + ln(-ln(1 - 1 / R I)) decides
        return _normal_cdf(math.log(_time(two) / _time(one)) / (sigma * math.sqrt(2)))
    return _normal_cdf((_time(two) - _time(one)) / (sigma * math.sqrt(2)))


@pytest.mark.parametrize(
    ("flaw", "sigma"),
    [
        ("threshold_sigma", 0.01),
        ("threshold_sigma", 0.04),
        ("time_constant_sigma", 0.05),
        ("time_constant_sigma", 0.3),
        ("jitter", 3e-4),
        ("jitter", 1e-3),
    ],
)
def test_a_spread_turns_a_pair_around_as_often_as_its_law_says(flaw, sigma):
    wanted, seen = _wanted(flaw, sigma), _chance(**{flaw: sigma})
    assert 0.5 < wanted < 0.99
    assert abs(seen - wanted) < 4.0 * math.sqrt(wanted * (1 - wanted) / PAIRS)


def test_jitter_is_drawn_anew_in_every_window_with_its_sd():
    # Two lines in 4,000 windows; both scores as above, one winner.
    neurons, score = _neurons(n=2, jitter=5e-4), np.array([A, B])
    wins = np.array([neurons.compete(score, 1)[0] == 0 for _ in range(4000)])
    wanted = _wanted("jitter", 5e-4)
    assert abs(wins.mean() - wanted) < 4.0 * math.sqrt(wanted * (1 - wanted) / wins.size)
    apart = np.mean(wins[1:] == wins[:-1])  # of independent draws: p^2 + (1 - p)^2
    assert abs(apart - (wanted**2 + (1 - wanted) ** 2)) < 0.04


@pytest.mark.parametrize("flaw", ["threshold_sigma", "time_constant_sigma"])
def test_spread_favours_the_same_neurons_and_another_chip_others(flaw):
    score = np.full(N, 7)
    winners = _neurons(**{flaw: 0.1}).compete(score, K)
    assert np.array_equal(winners, _neurons(**{flaw: 0.1}).compete(score, K))
    assert not np.array_equal(winners, _neurons(seed=2, **{flaw: 0.1}).compete(score, K))


def test_refractory_winners_start_late():
    neurons, score = _neurons(refractory=0.12), np.full(N, 7)
    first = neurons.compete(score, K)
    assert not np.intersect1d(first, neurons.compete(score, K)).size
    assert np.array_equal(neurons.compete(score, K), first)


def test_refractoriness_outlasts_windows():
    # Spikes at 12.05 ms of windows of 100 ms: at rest until 262 ms, so absent twice and late in the third.
    neurons, score = _neurons(n=3, refractory=0.25), np.array([7, 7, 7])
    winners = [int(neurons.compete(score, 1)[0]) for _ in range(6)]
    assert winners == [2, 1, 0, 2, 1, 0]
    late = _neurons(n=2, refractory=0.11)
    assert [int(late.compete(np.array([7, 8]), 1)[0]) for _ in range(3)] == [1, 0, 1]


def test_a_refractory_neuron_is_late_by_what_is_left_of_its_rest():
    neurons, score = _neurons(n=1, refractory=0.1), np.array([7])
    neurons.compete(score, 1)
    spike = _time(1.4)
    assert neurons.state()["rest"] == pytest.approx(spike, rel=1e-12)
    neurons.compete(score, 1)  # from rest at `spike`, so at twice that time
    assert neurons.state()["rest"] == pytest.approx(2 * spike, rel=1e-12)


def test_jitter_continues_identically_when_restored():
    a, b, score = _neurons(jitter=1e-3), _neurons(jitter=1e-3), np.full(N, 7)
    first = a.compete(score, K)
    b.restore(a.state())
    again = a.compete(score, K)
    assert not np.array_equal(first, again)
    assert np.array_equal(b.compete(score, K), again)


def test_spikes_together_with_inhibition_count_where_it_takes_time():
    times = np.array([1.0, 2.0, 2.0, 3.0, np.inf])
    assert list(first_k(times, 2, 0.0)) == [0, 2]
    assert list(first_k(times, 2, 0.5)) == [0, 1, 2]
    assert list(first_k(times, 2, 1.0)) == [0, 1, 2, 3]


def test_bad_input_is_one_line():
    with pytest.raises(BadInput, match=r"bias, gain, window: at least 10 .*got 0"):
        _neurons(bias=0.5).compete(np.zeros(N), K)
    with pytest.raises(BadInput, match=r"window: at least 10 .*1e-06 s, got 0"):
        _neurons(window=1e-6).compete(np.zeros(N), K)
    with pytest.raises(BadInput, match=r"score, k: .*got \(3,\)"):
        _neurons().compete(np.zeros(3), K)
    with pytest.raises(BadInput, match=r"step: must not exceed window \(0.1 s\), got 1 s"):
        NeuronParams(engine="brian2", step=1.0)
