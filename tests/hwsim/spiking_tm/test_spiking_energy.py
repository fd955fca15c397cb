"""Events of a spiking run counted and priced: against loops over spikes, and against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from devices.presets import DEVICES
from hwsim.cost import COSTS
from hwsim.neuron_cost import NEURON_COSTS, neuron_assumptions
from hwsim.spiking_tm.energy import DEVICE_PARTS, counts, device_energy, digital_energy
from hwsim.spiking_tm.params import PlasticityParams, SpikingMemoryParams
from hwsim.spiking_tm.run import Record, run
from hwsim.spiking_tm.task import SequenceTaskParams

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:brian2.*")

PARAMS = SpikingMemoryParams(
    neurons=16,
    active=4,
    probability=0.5,
    target="numpy",
    plasticity=PlasticityParams(potentiation=0.6, homeostasis=0.4),
)
TASK = SequenceTaskParams(sequences=["AB"], episodes=3)


@pytest.fixture(scope="module")
def record() -> Record:
    return run(PARAMS, TASK, 3, DEVICES["ideal"]())


def test_events_are_those_of_a_loop_over_spikes(record: Record) -> None:
    found = counts(record)
    spikes, deliveries, updates = np.zeros((3, 3), dtype=int)
    pre, post = record.wiring.pre, record.wiring.post
    for step, neuron in zip(record.spike_step, record.spike_neuron, strict=True):
        episode = step // record.plan.period
        spikes[episode] += 1
        deliveries[episode] += int((pre == neuron).sum())
        updates[episode] += int((pre == neuron).sum() + (post == neuron).sum())
    assert found.spikes.tolist() == spikes.tolist()
    assert found.deliveries.tolist() == deliveries.tolist()
    assert found.updates.tolist() == updates.tolist()
    assert found.daps.sum() == record.dap_step.size > 0
    assert found.brake_spikes.sum() == record.brake_step.size


def test_ideal_devices_are_read_with_a_siemens_where_they_are_on(record: Record) -> None:
    # Off they are 0 S, so the sum counts the deliveries that acted; all could have.
    assert 0 < record.loads["read"] <= counts(record).deliveries.sum()
    assert record.loads["read"] == int(record.loads["read"])
    mature = int((record.permanence > PARAMS.plasticity.maturity).sum())
    assert mature <= record.loads["write"] <= record.writes


def test_prices_are_those_of_the_presets(record: Record) -> None:
    found, price, neurons = counts(record), COSTS["isaac_puma"](), NEURON_COSTS["lif_28nm"]()
    parts = device_energy(record, price, neurons, read_voltage=0.2)
    assert tuple(parts) == DEVICE_PARTS
    assert parts["neurons"] == pytest.approx((found.spikes + found.brake_spikes).sum() * 1.61e-15)
    assert parts["array read"] == pytest.approx(0.2**2 * record.loads["read"] * 100e-9)
    assert parts["drivers"] == pytest.approx(found.spikes.sum() * 3.9e-6 * 100e-9)
    assert parts["writing"] == pytest.approx(1.6**2 * record.loads["write"] * 50e-9)
    assert parts["digital"] == pytest.approx(found.updates.sum() * 0.05e-12)
    assert record.checks > 0  # writes are checked, each by one more read
    assert parts["sensing"] == pytest.approx(0.2**2 * record.loads["write"] * 10e-9)
    assert parts["ADC"] == 0.0
    digital = digital_energy(record, NEURON_COSTS["loihi"]())
    by_hand = found.deliveries.sum() * 23.6e-12 + found.updates.sum() * 120e-12
    assert digital == pytest.approx(by_hand + (found.spikes + found.brake_spikes).sum() * 1.7e-12)


@pytest.mark.parametrize("name", NEURON_COSTS)
def test_a_preset_says_where_it_is_from_and_what_it_assumes(name: str) -> None:
    text = NEURON_COSTS[name].__doc__ or ""
    assert "Source: " in text
    assert NEURON_COSTS[name]().spike_energy > 0.0
    assert neuron_assumptions(name)
