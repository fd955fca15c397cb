"""Analog synapses: an event's pulses are the device's own, the network's learning is a plain replay's."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import ks_2samp

from devices.ideal import IdealDevice
from devices.linear_step import LinearStep, NeuroSimDevice
from devices.model import DeviceModel
from devices.presets import DEVICES, device_from, override
from devices.soft_bounds import SoftBoundsRram
from htm.pick import BadInput
from hwsim.mapping import Mapping
from hwsim.spiking_tm import building
from hwsim.spiking_tm.analog import AnalogDevices, fabricate
from hwsim.spiking_tm.params import AnalogParams, SpikingMemoryParams
from hwsim.spiking_tm.run import Record, run
from hwsim.spiking_tm.synapses import EQUATIONS
from hwsim.spiking_tm.task import SequenceTaskParams

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:brian2.*")

N = 20_480
SOFT = {"model": "soft_bounds", "g_min": 5e-7, "g_max": 1e-5, "step_up": 0.02, "step_down": 0.01}
LINEAR = {
    "model": "linear_step", "g_min": 1e-6, "g_max": 1e-5, "step_up": 0.01, "step_down": 0.015,
    "slope_up": 0.6, "slope_down": -0.4, "symmetry": 0.4,
}  # fmt: skip
NEUROSIM = {
    "model": "neurosim", "g_min": 1e-6, "g_max": 1e-5, "nonlinearity_up": 2.4, "nonlinearity_down": -1.0,
    "pulses_up": 60, "pulses_down": 40,
}  # fmt: skip


Event = Callable[[AnalogDevices, float, int], dict[str, np.ndarray[Any, Any]]]


@pytest.fixture(scope="module")
def network_event() -> Iterator[Event]:
    """State of N synapses after one event of the network's own code, a fall by ``-change``; one network serves all."""
    import brian2 as b2

    before = b2.prefs.codegen.target
    b2.prefs.codegen.target = "numpy"
    clock = b2.Clock(dt=0.1 * b2.ms, name="test_grid")
    source = b2.NeuronGroup(1, "v : 1", threshold="v < 1", clock=clock)
    target = b2.NeuronGroup(N, "H : 1", clock=clock)
    code = EQUATIONS["analog"]
    synapses = b2.Synapses(source, target, code.model, on_pre=code.fall, clock=clock)
    synapses.connect(i=np.zeros(N, dtype=int), j=np.arange(N))
    net = b2.Network(source, target, synapses)

    def event(made: AnalogDevices, change: float, seed: int) -> dict[str, np.ndarray[Any, Any]]:
        for name, value in made.values().items():
            setattr(synapses, name, value)
        synapses.loss, synapses.writes, synapses.pulses = -change, 0, 0
        b2.seed(seed)
        net.run(0.1 * b2.ms, namespace={})
        return {name: np.array(getattr(synapses, name)) for name in ("G", "inner", "writes", "pulses")}

    yield event
    b2.prefs.codegen.target = before


def _device_event(
    device: DeviceModel, permanence: np.ndarray[Any, Any], pulses: float, seed: int
) -> np.ndarray[Any, Any]:
    """Conductances [S] after the device's own `pulse`, from the same cells."""
    from htm.streams import stream

    shape = (-(-permanence.size // 256), 256)
    cells = device.fabricate(shape, stream(seed, "spiking_tm.devices"))
    whole = np.arange(shape[0], dtype=np.int32)
    target = Mapping(device=device, threshold=0.5).conductance(permanence.reshape(shape))
    device.write(cells, whole, target, stream(seed, "spiking_tm.trials"))
    device.pulse(cells, whole, np.full(shape, pulses, dtype=np.float32), np.random.default_rng(seed))
    return device.conductance(cells, whole).ravel().astype(np.float64)


@pytest.mark.parametrize("pulses", [7, -3])
@pytest.mark.parametrize(
    "fields",
    [
        SOFT,
        SOFT | {"d2d_sigma": 0.3, "up_down_sigma": 0.2, "g_max_sigma": 0.1, "g_min_sigma": 0.05},
        LINEAR,
        LINEAR | {"d2d_sigma": 0.2, "g_max_sigma": 0.1},
        NEUROSIM,
        NEUROSIM | {"nonlinearity_sigma": 0.5, "d2d_sigma": 0.1},
    ],
)
def test_without_cycle_noise_each_cell_goes_where_its_device_takes_it(
    fields: dict[str, Any], pulses: int, network_event: Event
) -> None:
    device = device_from(fields)
    permanence = np.linspace(0.0, 1.0, N)
    made = fabricate(device, permanence, 0.5, seed=4)
    seen = network_event(made, pulses / made.pulses, 1)
    expected = _device_event(device, permanence, pulses, seed=4)
    # Single precision of the cells against double.
    assert seen["G"] == pytest.approx(expected, abs=2e-5 * device.span)
    assert (seen["writes"] == 1).all()
    assert seen["pulses"] == pytest.approx(abs(pulses), abs=1)  # a whole number, but for rounding


@pytest.mark.parametrize("pulses", [7, -3])
@pytest.mark.parametrize(
    "fields",
    [
        SOFT | {"c2c_sigma": 0.8},
        SOFT | {"c2c_sigma": 0.8, "c2c_additive": True},
        SOFT | {"c2c_sigma": 0.4, "c2c_additive": True, "n_levels": 12},
        SOFT | {"c2c_sigma": 0.4, "write_sigma": 0.03},
        LINEAR | {"c2c_sigma": 0.8},
        LINEAR | {"c2c_sigma": 0.8, "c2c_additive": False},
        NEUROSIM | {"c2c_sigma": 0.8},
        SOFT | {"n_levels": 9, "g_max_sigma": 0.05},
        SOFT | {"stuck_on_fraction": 0.1, "stuck_off_fraction": 0.2, "c2c_sigma": 0.5},
    ],
)
def test_noise_levels_and_faults_have_the_device_s_law(
    fields: dict[str, Any], pulses: int, network_event: Event
) -> None:
    device = device_from(fields)
    permanence = np.full(N, 0.6)
    made = fabricate(device, permanence, 0.5, seed=4)
    seen = network_event(made, pulses / made.pulses, 2)["G"]
    expected = _device_event(device, permanence, pulses, seed=4)
    assert seen.mean() == pytest.approx(expected.mean(), abs=5 * expected.std() * (2 / N) ** 0.5)
    assert seen.std() == pytest.approx(expected.std(), rel=5 / N**0.5)
    unit = 1e-3 * device.span  # what single precision tells apart at a clipped bound or a level is none
    assert ks_2samp(np.rint(seen / unit), np.rint(expected / unit)).pvalue > 1e-3


def test_parts_of_pulses_are_rounded_at_random_where_they_must_be_whole(network_event: Event) -> None:
    made = fabricate(device_from(SOFT), np.full(N, 0.5), 0.5, seed=1)
    seen = network_event(made, -0.3 / made.pulses, 3)
    # Binomial, 20,480 draws of 0.3: five standard deviations are 0.016.
    assert (seen["pulses"] == 1).mean() == pytest.approx(0.3, abs=0.016)
    assert np.array_equal(seen["writes"], seen["pulses"])
    assert np.array_equal(seen["G"] < made.shown, seen["pulses"] == 1)
    ideal = fabricate(DEVICES["ideal"](), np.full(N, 0.5), 0.5, seed=1)
    assert network_event(ideal, 0.123, 3)["G"] == pytest.approx(0.623)


PARAMS = SpikingMemoryParams(
    neurons=16,
    active=4,
    probability=0.5,
    target="numpy",
    analog=AnalogParams(potentiation=0.6, depression=0.02, homeostasis=0.2, start=0.5),
)
TASK = SequenceTaskParams(sequences=["AB", "CB"], episodes=3)


def _replayed(record: Record, soft: bool) -> np.ndarray[Any, Any]:
    """Permanences 0..1 at the end, from who fired when: the network's plasticity in plain numpy, event by event."""
    learn, rates, h = PARAMS.plasticity, PARAMS.analog, PARAMS.step
    delay, neurons = round(PARAMS.delay / h), record.populations * record.neurons
    tau_rate = record.plan.period * h
    pre, post = record.wiring.pre, record.wiring.post
    g = rates.start * record.wiring.floor / learn.maximum
    acts = [(step, 1, who) for step, who in zip(record.spike_step, record.spike_neuron, strict=True)]
    acts += [(step + delay, 0, who) for step, _, who in acts]  # a pair comes before a spike of the same step
    last = np.full(neurons, -np.inf)
    spikes: list[list[int]] = [[] for _ in range(neurons)]
    begun = [record.dap_step[record.dap_neuron == k] for k in range(neurons)]

    def move(which: np.ndarray[Any, Any], change: np.ndarray[Any, Any]) -> None:
        if soft:
            x = np.where(change > 0, 1.0 - g[which], g[which]) * np.exp(-2.0 * np.abs(change))
            g[which] = np.where(change > 0, 1.0 - x, x)
        else:
            g[which] = np.clip(g[which] + change, 0.0, 1.0)

    for step, kind, who in sorted(acts):
        if kind == 1:
            last[who] = step
            spikes[who].append(step)
            own = np.flatnonzero(pre == who)
            move(own, np.full(own.size, -rates.depression))
            continue
        own = np.flatnonzero(post == who)
        lag = (step - last[pre[own]]) * h
        # Lags are counted at the synapse: those allowed are longer by the dendritic delay.
        paired = (lag > learn.soonest + PARAMS.delay + h / 2) & (lag < learn.latest + PARAMS.delay - h / 2)
        traces = np.array([sum(np.exp(-(step - s) * h / learn.tau_pre) for s in spikes[k]) for k in pre[own]])
        z = np.exp(-(step - begun[who][begun[who] <= step]) * h / tau_rate).sum()
        gained = rates.potentiation * traces + rates.homeostasis * (learn.target_rate - z)
        move(own[paired], gained[paired])
    return g


def test_conductances_are_those_of_a_plain_replay_of_who_fired() -> None:
    ideal = run(PARAMS, TASK, 3, DEVICES["ideal"](), analog=True)
    assert ideal.dap_step.size > 0
    assert ideal.conductance is not None
    assert ideal.conductance == pytest.approx(_replayed(ideal, soft=False), abs=1e-6)
    assert ideal.permanence == pytest.approx(PARAMS.plasticity.maximum * ideal.conductance)
    assert np.ptp(ideal.conductance) > 0.3
    # Soft bounds of steps so fine that a change of d takes the distance to a bound to exp(-2 d) of it.
    fine = device_from(
        {"model": "soft_bounds", "g_min": 0.0, "g_max": 1e-5, "step_up": 1e-6, "step_down": 1e-6}
    )
    soft = run(PARAMS, TASK, 3, fine, analog=True)
    assert soft.conductance is not None
    assert soft.conductance / 1e-5 == pytest.approx(_replayed(soft, soft=True), abs=2e-5)
    assert soft.pulses > 1000 * soft.writes > 0


@pytest.mark.skipif(not building.has_compiler(), reason="there is no g++ or make")
def test_numpy_and_the_compiled_program_agree_on_analog_synapses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(building.CACHE_VARIABLE, str(tmp_path))
    # An ideal device takes any part of a pulse and has no noise, so nothing is left to chance.
    one, two = (
        run(PARAMS.model_copy(update={"target": target}), TASK, 3, DEVICES["ideal"](), analog=True)
        for target in ("cpp", "numpy")
    )
    assert one.dap_step.size > 0
    for name in ("spike_step", "spike_neuron", "dap_step", "dap_neuron", "writes"):
        assert np.array_equal(getattr(one, name), getattr(two, name)), name
    assert one.conductance == pytest.approx(two.conductance, abs=1e-12)
    assert one.loads == pytest.approx(two.loads, rel=1e-9)
    # Noise comes with the seed, in the same program.
    noisy = override(DEVICES["rram_gong2018"](), {"read_sigma": 0.2})
    compiled = PARAMS.model_copy(update={"target": "cpp"})
    runs = [run(compiled, TASK, seed, noisy, analog=True) for seed in (3, 3, 4)]
    assert np.array_equal(np.asarray(runs[0].conductance), np.asarray(runs[1].conductance))
    assert not np.array_equal(np.asarray(runs[0].conductance), np.asarray(runs[2].conductance))


def test_a_synapse_acts_in_proportion_to_its_conductance() -> None:
    # One network, its conductances read through g_max twice as large and strengths twice as large: the same spikes.
    base = {"model": "linear_step", "g_min": 0.0, "g_max": 1e-5, "step_up": 0.001, "step_down": 0.001}
    records = []
    for factor in (1.0, 2.0):
        device = device_from(base | {"g_max": factor * 1e-5})
        records.append(run(PARAMS, TASK, 3, device, analog=True))
    assert np.array_equal(records[0].spike_step, records[1].spike_step)
    assert records[1].conductance == pytest.approx(2.0 * np.asarray(records[0].conductance), rel=1e-6)


def test_read_noise_and_faults_reach_the_network() -> None:
    clean = device_from(SOFT | {"step_up": 0.001, "step_down": 0.001})
    noisy = [run(PARAMS, TASK, 3, override(clean, {"read_sigma": s}), analog=True) for s in (0.0, 0.5, 0.5)]
    assert np.array_equal(noisy[1].dap_step, noisy[2].dap_step)
    assert not np.array_equal(noisy[0].dap_step, noisy[1].dap_step)
    off = run(PARAMS, TASK, 3, override(clean, {"stuck_off_fraction": 1.0}), analog=True)
    assert off.dap_step.size == 0
    assert off.writes > 0
    assert off.conductance == pytest.approx(clean.g_min)


@pytest.mark.parametrize("name", DEVICES)
def test_a_preset_makes_analog_synapses_or_one_line_says_which_models_do(name: str) -> None:
    device = DEVICES[name]()
    if device.ages or not isinstance(device, IdealDevice | LinearStep | NeuroSimDevice | SoftBoundsRram):
        with pytest.raises(BadInput, match=r"^device: analog synapses ") as caught:
            fabricate(device, np.full(1000, 0.3), 0.5, seed=1)
        assert "\n" not in str(caught.value)
        return
    made = fabricate(device, np.full(1000, 0.3), 0.5, seed=1)
    assert made.shown.shape == (1000,)
    values = [value for value in made.values().values() if isinstance(value, np.ndarray)]
    assert all(np.isfinite(value).all() for value in values)
    assert made.pulses == pytest.approx(device.span / device.step)


def test_what_is_not_played_is_refused() -> None:
    for change in ({"drift_nu": 0.1}, {"endurance": 1e6}, {"disturb_share": 1e-6}, {"iv_cubic": (1e-6,)}):
        with pytest.raises(BadInput, match=next(iter(change))) as caught:
            fabricate(override(device_from(SOFT), change), np.zeros(10), 0.5, seed=1)
        assert "\n" not in str(caught.value)


def test_fabricated_cells_are_the_array_s_and_the_seed_decides() -> None:
    device = device_from(SOFT | {"d2d_sigma": 0.3})
    one, same, other = (fabricate(device, np.full(500, 0.2), 0.5, seed=s) for s in (1, 1, 2))
    assert np.array_equal(one.law.share_up, same.law.share_up)
    assert not np.array_equal(one.law.share_up, other.law.share_up)
    assert dataclasses.asdict(one)["levels"] == 0
