"""What a run did, counted, and what that would cost on chips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwsim.cost import PARTS, CostParams, cost
from hwsim.neuron_cost import NeuronCostParams

from .run import Record

DEVICE_PARTS = (*PARTS, "neurons")
"""What the energy with devices is broken down into."""


@dataclass(frozen=True)
class Counts:
    """Events of each episode, (episodes,).

    Attributes
    ----------
    spikes, brake_spikes : of excitatory and inhibitory neurons
    daps : dendritic action potentials
    deliveries : spikes at plastic synapses, mature or not
    updates : permanences that learning looks up: those of all synapses from and onto a neuron that fires
    """

    spikes: NDArray[np.int64]
    brake_spikes: NDArray[np.int64]
    daps: NDArray[np.int64]
    deliveries: NDArray[np.int64]
    updates: NDArray[np.int64]


def counts(record: Record) -> Counts:
    """Count the events of each episode."""
    period, n = record.plan.period, record.plan.episodes
    neurons = record.populations * record.neurons

    def each(step: NDArray[np.int64], weight: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        found: NDArray[np.int64] = np.bincount(step // period, weight, minlength=n)[:n].astype(np.int64)
        return found

    out, into = (np.bincount(one, minlength=neurons) for one in (record.wiring.pre, record.wiring.post))
    deliveries = each(record.spike_step, out[record.spike_neuron])
    return Counts(
        spikes=each(record.spike_step),
        brake_spikes=each(record.brake_step),
        daps=each(record.dap_step),
        deliveries=deliveries,
        updates=deliveries + each(record.spike_step, into[record.spike_neuron]),
    )


def device_energy(
    record: Record, params: CostParams, neurons: NeuronCostParams, read_voltage: float
) -> dict[str, float]:
    """Energy of the whole run with devices as synapses [J], by `DEVICE_PARTS`.

    A spike drives its neuron's line once, and reads all its synapses in that time. Permanences of binary synapses are
    numbers beside the devices; changing one costs as in the crossbar. An analog one has no number: its pulses are
    paid for, and what decides on them is not.

    Parameters
    ----------
    record : a run with devices
    params : costs of the array
    neurons : costs of neurons
    read_voltage : of the device [V]
    """
    found = counts(record)
    spikes = int(found.spikes.sum())
    events = {
        "read_cycle": spikes,
        "line_drive": spikes,
        "memory": int(found.updates.sum()) if record.form.kind == "binary" else 0,
        "sense": record.checks,
    }
    # A write that is checked is read once more.
    loads = record.loads | {"sense": record.loads["write"] if record.checks else 0.0}
    fired = (spikes + int(found.brake_spikes.sum())) * neurons.spike_energy
    return cost(events, loads, params, read_voltage).breakdown | {"neurons": fired}


def digital_energy(record: Record, chip: NeuronCostParams) -> float:
    """Energy of the same spikes, deliveries and steps of learning on a digital chip, the whole run [J]."""
    found = counts(record)
    return (
        int(found.spikes.sum() + found.brake_spikes.sum()) * chip.spike_energy
        + int(found.deliveries.sum()) * chip.delivery_energy
        + int(found.updates.sum()) * chip.update_energy
    )
