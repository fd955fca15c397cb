"""Synapses made of devices: an ideal device changes nothing, and each fault does what it says."""

from __future__ import annotations

import numpy as np
import pytest

from devices.model import DeviceModel
from devices.presets import DEVICES
from hwsim.spiking_tm.devices import Devices, fabricate
from hwsim.spiking_tm.params import PlasticityParams, SpikingMemoryParams
from hwsim.spiking_tm.run import Record, run
from hwsim.spiking_tm.task import SequenceTaskParams

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:brian2.*")

# Mature after one pairing, so that the second episode is predicted.
PARAMS = SpikingMemoryParams(
    neurons=16,
    active=4,
    probability=0.5,
    target="numpy",
    plasticity=PlasticityParams(potentiation=0.6, homeostasis=0.4),
)
TASK = SequenceTaskParams(sequences=["AB"], episodes=2)


def _run(device: DeviceModel | None, seed: int = 3) -> Record:
    return run(PARAMS, TASK, seed, device)


def _vcm(**changes: float) -> DeviceModel:
    return DEVICES["vcm_binary"]().model_copy(update=changes)


@pytest.fixture(scope="module")
def software() -> Record:
    return _run(None)


def test_an_ideal_device_is_the_ideal_synapse(software: Record) -> None:
    made = _run(DEVICES["ideal"]())
    assert software.dap_step.size > 0
    for name in ("spike_step", "spike_neuron", "dap_step", "dap_neuron", "permanence"):
        assert np.array_equal(getattr(made, name), getattr(software, name)), name
    assert made.conductance is not None
    mature = made.permanence > PARAMS.plasticity.maturity
    assert np.array_equal(made.conductance, mature.astype(float))  # 1 S on, 0 S off
    assert made.writes >= mature.sum() > 0


def test_where_every_write_fails_nothing_is_predicted_though_all_is_learned(software: Record) -> None:
    made = _run(_vcm(write_failure=1.0))
    assert made.dap_step.size == 0
    assert made.writes > 0
    assert (made.permanence > PARAMS.plasticity.maturity).any()
    # What the controller knows goes on without the devices until a prediction would change who fires.
    first = made.plan.period + made.plan.step[0]
    assert np.array_equal(
        made.spike_step[made.spike_step < first], software.spike_step[software.spike_step < first]
    )


def test_the_same_seed_makes_the_same_noise() -> None:
    one, same, other = (
        _run(_vcm(read_sigma=0.3)),
        _run(_vcm(read_sigma=0.3)),
        _run(_vcm(read_sigma=0.3), seed=4),
    )
    assert one.conductance is not None
    assert same.conductance is not None
    assert other.conductance is not None
    assert np.array_equal(one.conductance, same.conductance)
    assert np.array_equal(one.dap_step, same.dap_step)
    assert not np.array_equal(np.sort(one.conductance), np.sort(other.conductance))


@pytest.mark.parametrize("name", DEVICES)
def test_every_preset_gives_synapses(name: str) -> None:
    device = DEVICES[name]()
    made = fabricate(device, 1000, seed=1)
    for one in (made.on, made.off, made.on_cycle, made.off_cycle):
        assert one.shape == (1000,)
        assert np.isfinite(one).all()
        assert (one >= 0.0).all()
    assert made.on.mean() > made.off.mean()
    assert 0.0 <= made.failure < 1.0
    assert made.full > 0.0
    again: Devices = fabricate(device, 1000, seed=1)
    assert np.array_equal(made.on, again.on)


def test_stuck_cells_keep_their_conductance_and_know_no_cycles() -> None:
    made = fabricate(_vcm(stuck_off_fraction=0.25), 4000, seed=2)
    stuck = (made.on_cycle == 0.0) & (made.on == made.off)
    # Binomial, 4000 draws of 0.25: five standard deviations are 0.034.
    assert stuck.mean() == pytest.approx(0.25, abs=0.035)
