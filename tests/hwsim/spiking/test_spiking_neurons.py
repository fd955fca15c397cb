"""Spiking competition: first-k equals top-k, closed form equals Brian2, flaws do what they say."""

import numpy as np
import pytest

from htm.pick import BadInput
from htm.synapses import top_k
from hwsim.spiking.brian2_engine import integrated_first_spikes
from hwsim.spiking.closed_form import first_spikes
from hwsim.spiking.neurons import Neurons
from hwsim.spiking.params import NeuronParams

N, K = 512, 10


def _neurons(seed=1, **flaws):
    return Neurons(NeuronParams(**flaws), N, seed, "test")


def _scores(n=40, seed=0):
    rng = np.random.default_rng(seed)
    whole = [rng.integers(0, 30, N) for _ in range(n)]
    return whole + [s.astype(np.float32) * rng.uniform(0.5, 2, N).astype(np.float32) for s in whole]


def test_first_k_equals_top_k_ties_included():
    neurons = _neurons()
    for score in [*_scores(), np.zeros(N), np.full(N, 7)]:
        assert np.array_equal(neurons.compete(score, K), top_k(score, K))


# Brian2 2.9 calls its parser by names that the parser's newest version deprecates.
@pytest.mark.filterwarnings("ignore:.* deprecated - use:DeprecationWarning")
def test_closed_form_equals_brian2_to_a_picosecond():
    pytest.importorskip("brian2", reason="the integrated engine needs brian2")
    neurons = _neurons(threshold_sigma=0.05, time_constant_sigma=0.1)
    drive = neurons.drive(_scores(1)[0]) * 0.95  # some never reach their threshold
    times = first_spikes(drive, neurons.threshold, neurons.time_constant, np.zeros(N))
    seen = integrated_first_spikes(drive, neurons.threshold, neurons.time_constant, window=0.05, step=1e-4)
    # A neuron that crosses in the very last step may be told either way.
    wanted = np.where(times > 0.05, np.inf, times)
    assert np.isinf(wanted).any()
    assert np.array_equal(np.isinf(seen), np.isinf(wanted))
    late = np.isfinite(wanted)
    assert np.abs(seen[late] - wanted[late]).max() < 1e-12


def test_latency_lets_more_through():
    score = _scores(1)[0]
    counts = [_neurons(inhibition_latency=latency).compete(score, K).size for latency in (0.0, 1e-4, 1e-3)]
    assert counts[0] == K
    assert counts[0] < counts[2]
    assert counts == sorted(counts)


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


def test_jitter_continues_identically_when_restored():
    a, b, score = _neurons(jitter=1e-3), _neurons(jitter=1e-3), np.full(N, 7)
    first = a.compete(score, K)
    b.restore(a.state())
    again = a.compete(score, K)
    assert not np.array_equal(first, again)
    assert np.array_equal(b.compete(score, K), again)


def test_bad_input_is_one_line():
    with pytest.raises(BadInput, match=r"bias, gain, window: at least 10 .*got 0"):
        _neurons(bias=0.5).compete(np.zeros(N), K)
    with pytest.raises(BadInput, match=r"window: at least 10 .*1e-06 s, got 0"):
        _neurons(window=1e-6).compete(np.zeros(N), K)
    with pytest.raises(BadInput, match=r"score, k: .*got \(3,\)"):
        _neurons().compete(np.zeros(3), K)
    with pytest.raises(BadInput, match=r"step: .*got 1 s"):
        integrated_first_spikes(np.ones(2), np.ones(2), np.ones(2), window=0.1, step=1.0)
