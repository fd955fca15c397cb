"""Synapses made of devices: an ideal device changes nothing, and each fault does what it says."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from devices.model import DeviceModel
from devices.presets import DEVICES, device_from, override
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


def _run(device: DeviceModel | None, seed: int = 3, params: SpikingMemoryParams = PARAMS) -> Record:
    return run(params, TASK, seed, device)


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


def test_a_failed_write_is_repeated_at_later_events_and_no_oftener_than_allowed() -> None:
    never = {n: _run(_vcm(write_failure=1.0), params=_retrying(n)) for n in (0, 1, 1000)}
    crossings = (never[0].permanence > PARAMS.plasticity.maturity).sum()
    assert never[0].writes >= crossings > 0
    assert never[0].checks == 0
    assert never[0].writes < never[1].writes <= 2 * never[0].writes < never[1000].writes
    assert never[1].checks == never[1].writes
    # A coin a write: repeated it comes to what was wanted, but for those that had too few events yet.
    once, often = (_run(_vcm(write_failure=0.5, on_sigma=0.0), params=_retrying(n)) for n in (0, 1000))
    assert _undone(once) == pytest.approx(0.5, abs=0.15)
    assert _undone(often) < 0.5 * _undone(once)


def _retrying(times: int) -> SpikingMemoryParams:
    return PARAMS.model_copy(update={"retry_writes": times})


def _undone(record: Record) -> float:
    """Share of mature synapses whose device is off."""
    assert record.conductance is not None
    device = _vcm()
    middle = 0.5 * (device.g_min + device.g_max)
    return float((record.conductance[record.permanence > PARAMS.plasticity.maturity] < middle).mean())


def test_a_write_that_took_is_not_repeated_whatever_reads_say_of_it() -> None:
    # Without failures and noise each crossing is one write, with and without verification.
    records = [_run(_vcm(), params=_retrying(n)) for n in (0, 20)]
    assert records[0].writes == records[1].writes
    # A cell stuck off is found off after every attempt.
    stuck = [_run(_vcm(stuck_off_fraction=1.0), params=_retrying(n)) for n in (0, 5)]
    assert stuck[0].writes < stuck[1].writes <= 6 * stuck[0].writes
    assert stuck[1].dap_step.size == 0


@pytest.mark.parametrize(
    ("changes", "held"),
    [
        ({"on_off_ratio": 4.0}, lambda one: one.off.mean() / one.on.mean() == pytest.approx(0.25)),
        ({"on_sigma": 0.2}, lambda one: (one.on_cycle / one.on).mean() == pytest.approx(0.2, rel=0.1)),
        ({"off_sigma": 0.2}, lambda one: (one.off_cycle / one.off).mean() == pytest.approx(0.2, rel=0.1)),
        ({"read_sigma": 0.1}, lambda one: one.on_read / one.full == pytest.approx(0.1, rel=0.01)),
        ({"write_failure": 0.3}, lambda one: one.failure == 0.3),
        ({"stuck_on_fraction": 1.0}, lambda one: np.array_equal(one.off, one.on)),
    ],
)
def test_each_flaw_is_a_field_of_the_device(
    changes: dict[str, float], held: Callable[[Devices], bool]
) -> None:
    clean = {"on_sigma": 0.0, "off_sigma": 0.0}
    assert held(fabricate(override(_vcm(**clean), changes), 4000, seed=2))


def test_spread_from_device_to_device_stays_from_write_to_write() -> None:
    device = device_from(
        {
            "model": "soft_bounds",
            "g_min": 1e-6,
            "g_max": 1e-5,
            "step_up": 0.01,
            "step_down": 0.01,
            "g_max_sigma": 0.1,
        }
    )
    made = fabricate(device, 4000, seed=2)
    # No write aims above g_max: what is left of a Gaussian is its lower half, of sd sqrt(1/2 - 1/(2 pi)).
    lower_half = math.sqrt(0.5 - 0.5 / math.pi)
    assert made.on.std() == pytest.approx(0.1 * device.span * lower_half, rel=0.05)
    assert made.on_cycle.max() == 0.0
    assert made.off.std() == 0.0


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
