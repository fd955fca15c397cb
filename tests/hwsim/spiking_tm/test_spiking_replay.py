"""Replay: a chain that is wired by hand plays itself at the speed that its equations say, and only when it is let."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from devices.presets import DEVICES
from htm.pick import BadInput
from hwsim.spiking_tm.network import layout, start_values
from hwsim.spiking_tm.params import (
    AnalogParams,
    ExcitatoryParams,
    InhibitoryParams,
    PlasticityParams,
    SpikingMemoryParams,
)
from hwsim.spiking_tm.replay import (
    Replay,
    ReplayParams,
    activations,
    ambiguous,
    interval,
    lowered,
    replay,
    replay_plan,
    replayed,
)
from hwsim.spiking_tm.run import Record, run
from hwsim.spiking_tm.task import SequenceTaskParams, schedule

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:brian2.*")

N, SOURCES = 12, 6
TASK = SequenceTaskParams(sequences=["ABC"], episodes=1)
STILL = PlasticityParams(potentiation=0.0, depression=0.0, homeostasis=0.0)
FULL = AnalogParams(potentiation=0.0, depression=0.0, homeostasis=0.0, start=1.0)


def _chain(
    folder: Path, device: str | None = None, analog: bool = False, **links: float
) -> tuple[SpikingMemoryParams, Record]:
    """A trained network that never learned: the first six neurons of each symbol wired onto those of the next.

    Parameters
    ----------
    folder : for the file of the wiring
    device : preset of its synapses' devices
    analog : whether their conductance is the permanence
    links : permanence of the links from one population to the next, by their letters; 20 unless given
    """
    pre, post, floor = [], [], []
    for k, name in enumerate(("AB", "BC")):
        for source in range(SOURCES):
            for target in range(SOURCES):
                pre.append(k * N + source)
                post.append((k + 1) * N + target)
                floor.append(links.get(name, 20.0))
    file = folder / "chain.npz"
    np.savez(file, pre=np.array(pre), post=np.array(post), floor=np.array(floor))
    params = SpikingMemoryParams(
        neurons=N, active=4, connectivity=str(file), target="numpy", plasticity=STILL, analog=FULL
    )
    made = DEVICES[device]() if device else None
    return params, run(params, TASK, 0, made, analog)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> tuple[SpikingMemoryParams, Record]:
    return _chain(tmp_path_factory.mktemp("chain"))


def _expected_lag(params: SpikingMemoryParams, sources: int) -> float:
    """From the spikes of one population to those of the next [s], by quadrature of the equations.

    The dendrite's alpha currents reach its threshold; then its plateau current charges the membrane, which they had
    charged before.
    """
    E = params.excitatory
    peak, tau_D, tau = sources * params.strength * E.dap_threshold, E.tau_dendrite, E.tau_membrane

    def alpha(t: float) -> float:
        return peak * math.e / tau_D * t * math.exp(-t / tau_D)

    low = ReplayParams()
    begins = brentq(lambda t: alpha(t) - low.dap_threshold_share * E.dap_threshold, 0.0, tau_D)
    charged = quad(lambda t: alpha(t) * math.exp(-(begins - t) / tau), 0.0, begins)[0] / E.capacitance
    level, theta = E.dap_current * tau / E.capacitance, low.threshold_share * E.threshold
    fires = tau * math.log((level - charged) / (level - theta))
    return params.delay + begins + fires


def test_a_wired_chain_plays_itself_at_the_speed_of_its_equations(
    chain: tuple[SpikingMemoryParams, Record],
) -> None:
    params, trained = chain
    found = replay(params, TASK, ReplayParams(), trained, 0)
    assert [TASK.populations[k] for k in found.symbol[0]] == ["A", "B", "C"]
    assert replayed(found, TASK).tolist() == [True]
    # Which spike makes the cue's population active, and grids of 0.1 ms at three places, are within two steps.
    lags = np.diff(found.step[0]) * params.step
    assert lags == pytest.approx(_expected_lag(params, SOURCES), abs=0.21e-3)
    assert interval(found, TASK) * params.step == pytest.approx(lags.mean())
    # Six of B and of C; all twelve of A, whom the cue reaches.
    assert found.record.spike_step.size == N + 2 * SOURCES
    assert np.array_equal(found.record.permanence, trained.permanence)


def test_with_the_trained_thresholds_nothing_follows_the_cue(
    chain: tuple[SpikingMemoryParams, Record],
) -> None:
    params, trained = chain
    found = replay(params, TASK, ReplayParams(threshold_share=1.0, dap_threshold_share=1.0), trained, 0)
    assert found.symbol[0].tolist() == [0]
    assert found.record.dap_step.size > 0  # predicted, and no more
    assert not replayed(found, TASK)[0]
    assert math.isnan(interval(found, TASK))


def test_a_chain_that_was_not_learned_to_its_end_stops_there(tmp_path: Path) -> None:
    params, trained = _chain(tmp_path, BC=5.0)
    found = replay(params, TASK, ReplayParams(), trained, 0)
    assert [TASK.populations[k] for k in found.symbol[0]] == ["A", "B"]
    assert not replayed(found, TASK).any()
    assert not replayed(found, TASK, alone=False).any()


def test_devices_replay_without_a_write(tmp_path: Path, chain: tuple[SpikingMemoryParams, Record]) -> None:
    params, trained = _chain(tmp_path, "ideal")
    assert trained.writes == 2 * SOURCES * SOURCES  # each found mature at its first spike
    found = replay(params, TASK, ReplayParams(), trained, 0, DEVICES["ideal"]())
    plain = replay(chain[0], TASK, ReplayParams(), chain[1], 0)
    assert found.record.writes == 0
    assert found.record.conductance is not None
    assert np.array_equal(found.record.conductance, trained.conductance)
    assert np.array_equal(found.record.spike_step, plain.record.spike_step)
    params, trained = _chain(tmp_path, "vcm_binary")
    found = replay(params, TASK, ReplayParams(), trained, 0, DEVICES["vcm_binary"]())
    assert found.record.writes == 0
    assert replayed(found, TASK).all()


def test_analog_synapses_replay_as_they_are(tmp_path: Path) -> None:
    params, trained = _chain(tmp_path, "rram_gong2018", analog=True)
    found = replay(params, TASK, ReplayParams(), trained, 0, DEVICES["rram_gong2018"]())
    assert replayed(found, TASK).all()
    assert found.record.writes == 0
    assert found.record.conductance is not None
    assert np.array_equal(found.record.conductance, trained.conductance)


def test_thresholds_alone_are_lowered_and_inhibition_asks_for_all() -> None:
    params = SpikingMemoryParams()
    low = lowered(params, ReplayParams())
    E, L = params.excitatory, low.excitatory
    assert L.threshold == pytest.approx(0.25 * E.threshold)
    assert L.dap_threshold == pytest.approx(0.7 * E.dap_threshold)
    assert low.inhibitory.peak == pytest.approx(1.2 * params.inhibitory.threshold / params.neurons)
    given = SpikingMemoryParams(inhibitory=InhibitoryParams(peak=1e-3))
    assert lowered(given, ReplayParams()).inhibitory.peak == pytest.approx(1e-3 * 20 / 150)
    # What a synapse gives stays.
    plan = schedule(TASK, params.step)
    file_free = SpikingMemoryParams(neurons=N, active=4)
    form = layout(file_free, plan, 3, 10)
    wiring: Any = dataclasses.make_dataclass("W", ["floor"])(np.zeros(10))
    kicks = [
        start_values(one, (0.0, 0.0, 0.0), form, plan, wiring)["synapses.kick"]
        for one in (file_free, lowered(file_free, ReplayParams()))
    ]
    assert kicks[0] == pytest.approx(kicks[1])
    assert ExcitatoryParams().threshold == E.threshold


def test_a_population_becomes_active_with_its_least_spike_and_again_after_a_rest(
    chain: tuple[SpikingMemoryParams, Record],
) -> None:
    _, record = chain
    fired = [(10, 0), (12, 1), (15, 2), (16, 3), (90, 0), (91, 1), (192, 2), (200, 12), (201, 13), (202, 14)]
    fired += [(203, 15), (250, 12), (251, 13), (252, 14), (253, 15)]
    step, neuron = np.array(sorted(fired)).T
    made = dataclasses.replace(record, spike_step=step, spike_neuron=neuron)
    # A has three again, but not within 100 steps; B is active from its third spike on, and stays so.
    symbol, when = activations(made, 3, 100)
    assert list(zip(symbol.tolist(), when.tolist(), strict=True)) == [(0, 15), (1, 202)]
    symbol, when = activations(made, 3, 40)
    assert list(zip(symbol.tolist(), when.tolist(), strict=True)) == [(0, 15), (1, 202), (1, 252)]
    symbol, when = activations(made, 5, 100)
    assert list(zip(symbol.tolist(), when.tolist(), strict=True)) == [(0, 90), (1, 250)]


def test_more_than_the_sequence_is_not_right_though_it_came_to_its_end(
    chain: tuple[SpikingMemoryParams, Record],
) -> None:
    task = SequenceTaskParams(sequences=["ABC", "CAB"])
    found = Replay(
        chain[1],
        [np.array([0, 1, 2]), np.array([2, 0, 1, 2])],
        [np.array([0, 10, 30]), np.array([0, 20, 40, 60])],
    )
    assert replayed(found, task).tolist() == [True, False]
    assert replayed(found, task, alone=False).tolist() == [True, True]
    assert interval(found, task) == pytest.approx((15 + 20) / 2)
    assert ambiguous(task).tolist() == [True, True]
    assert ambiguous(SequenceTaskParams()).tolist() == [False, False]


def test_cues_come_as_far_apart_as_the_longest_sequence_took() -> None:
    task = SequenceTaskParams(sequences=["AB", "CDEF"])
    plan = replay_plan(task, ReplayParams(), 1e-4)
    assert plan.symbol.tolist() == [0, 2]
    assert plan.step.tolist() == [300, 300 + 2200]  # 3 x 40 + 100 ms
    assert replay_plan(task, ReplayParams(cue_interval=0.08), 1e-4).step.tolist() == [300, 1100]
    with pytest.raises(ValueError, match="cue_interval: must be whole steps"):
        replay_plan(task, ReplayParams(cue_interval=0.08003), 1e-4)
    with pytest.raises(BadInput, match="threshold_share"):
        ReplayParams(threshold_share=0.0)
