"""The network that Brian2 integrates: equal to the closed form, and gone when nobody needs it."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from htm.pick import BadInput
from htm.synapses import top_k
from hwsim.spiking import brian2_engine, long_run
from hwsim.spiking.closed_form import first_k, first_spikes
from hwsim.spiking.long_run import LongRun
from hwsim.spiking.neurons import AGREE, Neurons
from hwsim.spiking.params import NeuronParams

pytest.importorskip("brian2", reason="the integrated engine needs brian2")
# Brian2 2.9 calls its parser by names that the parser's newest version deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:.* deprecated - use:DeprecationWarning")

N, K = 256, 10
FLAWS: dict[str, Any] = {
    "threshold_sigma": 0.05,
    "time_constant_sigma": 0.1,
    "inhibition_latency": 3e-4,
    "refractory": 0.07,
    "jitter": 4e-4,
}


def neurons(engine: str = "brian2", n: int = N, **flaws: Any) -> Neurons:
    return Neurons(NeuronParams(engine=engine, **{"window": 0.05, **flaws}), n, 1, "test")


def scores(windows: int, n: int = N, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 30, n) for _ in range(windows)]


def thread(ours: Neurons) -> threading.Thread:
    assert ours._network is not None
    return ours._network._run._thread


def test_every_spike_is_where_the_closed_form_has_it() -> None:
    # Without inhibition (all may win), so that late spikes are seen as well; some neurons never reach their threshold.
    params = NeuronParams(engine="brian2", window=0.05, inhibition_latency=1.0)
    rng = np.random.default_rng(3)
    theta, tau = rng.normal(1.0, 0.05, N), 10e-3 * np.exp(rng.normal(0.0, 0.2, N))
    network = brian2_engine.IntegratedNeurons(params, theta, tau, np.zeros(N))
    for _ in range(5):
        drive, onset = rng.uniform(0.9, 2.0, N), rng.normal(0.0, 3e-3, N)
        wanted = first_spikes(drive, theta, tau, onset)
        wanted[wanted > 0.05] = np.inf
        seen, _ = network.window(drive, onset, 1)
        assert np.isinf(wanted).any()
        assert (onset < 0).any()
        assert np.array_equal(np.isinf(seen), np.isinf(wanted))
        late = np.isfinite(wanted)
        assert np.abs(seen[late] - wanted[late]).max() < AGREE
    network.close()


@pytest.mark.parametrize("flaw", [*FLAWS, "all", "none"])
def test_many_windows_of_flawed_neurons_go_as_in_the_closed_form(flaw: str) -> None:
    flaws = FLAWS if flaw == "all" else {name: value for name, value in FLAWS.items() if name == flaw}
    ours, theirs = neurons(**flaws), neurons("closed_form", **flaws)
    for score in scores(12):
        assert np.array_equal(ours.compete(score, K), theirs.compete(score, K))
        assert ours.state()["rest"] == pytest.approx(theirs.state()["rest"], abs=AGREE)


@pytest.mark.parametrize("step", [3e-5, 1e-4, 7e-4, 5e-2])
def test_first_k_are_top_k_whatever_the_step(step: float) -> None:
    ours = neurons(step=step)
    for score in [*scores(3), np.zeros(N), np.full(N, 7)]:
        assert np.array_equal(ours.compete(score, K), top_k(score, K))


def test_inhibition_silences_the_network_itself() -> None:
    """What spikes before silence, told by a plain network of Brian2 that has no inhibition."""
    import brian2

    step, latency, score = 1e-5, 5e-4, scores(1)[0]
    drive = 1.05 + 0.05 * score.astype(float)
    clock = brian2.Clock(dt=step * brian2.second)
    plain = brian2.NeuronGroup(
        N, "dv/dt = (drive - v) / (10*ms) : 1 (unless refractory)\ndrive : 1", threshold="v > 1", reset="v = 0",
        refractory=1.0 * brian2.second, method="exact", clock=clock, codeobj_class=brian2.NumpyCodeObject,
    )  # fmt: skip
    plain.drive = drive
    spikes = brian2.SpikeMonitor(plain, codeobj_class=brian2.NumpyCodeObject)
    brian2.Network(plain, spikes).run(0.03 * brian2.second, namespace={"ms": brian2.ms})
    times = np.sort(np.asarray(spikes.t / brian2.second))
    before = [int((times <= times[K - 1] + latency + off * step).sum()) for off in (-1, 1)]
    assert before[0] <= neurons(inhibition_latency=latency).compete(score, K).size <= before[1]
    assert before[0] > K


def test_refractoriness_is_that_of_brian2() -> None:
    """Two neurons that spike over and over in a plain network: the times of its windows are ours."""
    import brian2

    step, rest, window = 1e-5, 0.03, 0.02
    clock = brian2.Clock(dt=step * brian2.second)
    plain = brian2.NeuronGroup(
        1, "dv/dt = (1.4 - v) / (10*ms) : 1 (unless refractory)", threshold="v > 1", reset="v = 0",
        refractory=rest * brian2.second, method="exact", clock=clock, codeobj_class=brian2.NumpyCodeObject,
    )  # fmt: skip
    spikes = brian2.SpikeMonitor(plain, codeobj_class=brian2.NumpyCodeObject)
    brian2.Network(plain, spikes).run(0.1 * brian2.second, namespace={"ms": brian2.ms})
    params = NeuronParams(engine="brian2", window=window, refractory=rest)
    ours = brian2_engine.IntegratedNeurons(params, np.ones(1), np.full(1, 10e-3), np.zeros(1))
    found = []
    for number in range(3):
        times, _ = ours.window(np.full(1, 1.4), np.zeros(1), 1)
        found += [number * window + float(times[0])] if np.isfinite(times[0]) else []
    # The plain network starts its membrane again with a window only where no spike is under way at a window's end.
    assert found[0] == pytest.approx(float(spikes.t[0] / brian2.second), abs=2 * step)
    assert found[1] == pytest.approx(float(spikes.t[1] / brian2.second), abs=3 * step)


def test_layers_of_several_sizes_take_turns() -> None:
    layers = [neurons(n=n, **FLAWS) for n in (40, 256, 40)]
    alone = [neurons("closed_form", n=n, **FLAWS) for n in (40, 256, 40)]
    for number in range(4):
        for ours, theirs in zip(layers, alone, strict=True):
            score = scores(1, ours.threshold.size, number)[0]
            assert np.array_equal(ours.compete(score, 5), theirs.compete(score, 5))
    assert len({thread(ours) for ours in layers}) == 3


def test_a_run_goes_on_where_it_was_saved() -> None:
    a, b = neurons(**FLAWS), neurons(**FLAWS)
    for score in scores(4):
        a.compete(score, K)
    b.restore(a.state())
    assert b.state()["rest"].any()
    for score in scores(4, seed=1):
        assert np.array_equal(a.compete(score, K), b.compete(score, K))


def test_the_thread_ends_with_its_neurons() -> None:
    ours = neurons()
    ours.compete(scores(1)[0], K)
    beside = thread(ours)
    assert beside.is_alive()
    del ours
    gc.collect()
    assert not beside.is_alive()


def test_engines_that_differ_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = neurons()
    ours.compete(scores(1)[0], K)
    monkeypatch.setattr(
        brian2_engine.IntegratedNeurons, "window", lambda self, drive, delay, k: _late(self, drive)
    )
    with pytest.raises(BadInput, match=r"must agree within 1e-12 s, got a difference of 1e-09 s"):
        ours.compete(scores(1)[0], K)


def _late(network: Any, drive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    times = first_spikes(drive, np.ones(N), np.full(N, 10e-3), np.zeros(N)) + 1e-9
    silent = np.ones(N, dtype=bool)
    silent[first_k(times, K, 0.0)] = False
    times[silent] = np.inf
    return times, np.zeros(N)


def test_a_network_that_dies_is_told_in_one_line_and_another_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = neurons()
    ours.compete(scores(1)[0], K)
    beside, good = thread(ours), brian2_engine._Windows._note

    def broken(self: Any, crossed: np.ndarray) -> None:
        raise RuntimeError("out of\nluck")

    monkeypatch.setattr(brian2_engine._Windows, "_note", broken)
    with pytest.raises(
        BadInput, match=r"^crossbar.neurons.engine: the network must go on, got .*out of luck"
    ) as told:
        ours.compete(scores(1)[0], K)
    assert "\n" not in str(told.value)
    assert not beside.is_alive()
    monkeypatch.setattr(brian2_engine._Windows, "_note", good)
    assert np.array_equal(ours.compete(scores(1)[0], K), top_k(scores(1)[0], K))


def test_a_thread_that_is_gone_is_no_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_run, "_LOOK", 0.01)

    def once(inbox: Any, outbox: Any) -> None:
        outbox.put(None)

    with pytest.raises(BadInput, match=r"engine: the network must be running, got one that ended$"):
        LongRun(once).ask(1)


def test_an_interrupted_caller_leaves_no_thread_and_no_stale_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = neurons()
    ours.compete(scores(1)[0], K)
    beside = thread(ours)

    class Interrupted:
        def get(self, timeout: float) -> Any:
            raise KeyboardInterrupt

    assert ours._network is not None
    monkeypatch.setattr(ours._network._run, "_outbox", Interrupted())
    with pytest.raises(KeyboardInterrupt):
        ours.compete(scores(1)[0], K)
    assert not beside.is_alive()
    for score in scores(3, seed=2):
        assert np.array_equal(ours.compete(score, K), top_k(score, K))


PROGRAM = """
import os, sys, warnings
warnings.simplefilter("ignore")
import numpy as np
from hwsim.spiking.neurons import Neurons
from hwsim.spiking.params import NeuronParams
neurons = Neurons(NeuronParams(engine="brian2", window=0.02), 50, 0, "test")
first = neurons.compete(np.arange(50), 5)
if sys.argv[1] == "error":
    raise SystemExit(3)
if sys.argv[1] == "fork":  # threads do not come along
    child = os.fork()
    if not child:
        same = np.array_equal(neurons.compete(np.arange(50), 5), first)
        sys.exit(0 if same else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert np.array_equal(neurons.compete(np.arange(50), 5), first)
print(*first)
"""


@pytest.mark.parametrize(("how", "code"), [("end", 0), ("error", 3), ("fork", 0)])
def test_the_interpreter_ends_with_a_network_running(how: str, code: int) -> None:
    root = Path(brian2_engine.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, how], timeout=120, capture_output=True, text=True, cwd=root
    )
    assert done.returncode == code, done.stderr
    assert done.stderr == ""
    assert done.stdout.split() == (["45", "46", "47", "48", "49"] if code == 0 else [])
