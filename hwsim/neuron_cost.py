"""What spiking neurons cost: published energies of an event, beside the crossbar's in `hwsim.cost`."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from pydantic import Field

from devices.units import Joule
from htm.pick import Params


class NeuronCostParams(Params):
    """Energy of each event of a spiking network. What a device or a crossbar pays for itself is 0 here."""

    spike_energy: Joule = Field(ge=0.0, description="one spike of a neuron [J]")
    delivery_energy: Joule = Field(default=0.0, ge=0.0, description="one spike at one synapse [J]")
    update_energy: Joule = Field(default=0.0, ge=0.0, description="one synapse's step of learning [J]")


def lif_28nm() -> NeuronCostParams:
    """Leaky integrate-and-fire neuron in 28 nm CMOS, as fabricated.

    Source: Besrour et al. 2024 (arXiv 2408.07734), abstract.

    *Printed*: 1.61 fJ a spike at a supply of 250 mV, up to 300 kHz.

    Assumed: a spike costs as much at any rate and time constant; neurons cost nothing between spikes and in dendritic
    action potentials, for lack of a figure.
    """
    return NeuronCostParams(spike_energy=1.61e-15)


def morris_lecar_65nm() -> NeuronCostParams:
    """Morris-Lecar neuron in 65 nm CMOS, transistors deep below threshold.

    Source: Sourikopoulos et al. 2017 (Front. Neurosci. 11:123), title.

    *Printed*: 4 fJ a spike.

    Assumed: a spike costs as much at any rate and time constant; neurons cost nothing between spikes and in dendritic
    action potentials, for lack of a figure.
    """
    return NeuronCostParams(spike_energy=4e-15)


def loihi() -> NeuronCostParams:
    """A digital neuromorphic chip with learning, 14 nm: what the same events cost without memristors.

    Source: Davies et al. 2018 (IEEE Micro 38:82), energies of its table as later works quote them.

    *Quoted*: 1.7 pJ a spike within a tile, 23.6 pJ a spike at a synapse, 120 pJ a synapse's step of learning.

    Assumed: that its learning rules could express this one, whose step they take at every synapse of a neuron that
    fires; its updates of neurons at every time step are not counted, nor is any other chip's idle power.
    """
    return NeuronCostParams(spike_energy=1.7e-12, delivery_energy=23.6e-12, update_energy=120e-12)


NEURON_COSTS: dict[str, Callable[[], NeuronCostParams]] = {
    "lif_28nm": lif_28nm,
    "morris_lecar_65nm": morris_lecar_65nm,
    "loihi": loihi,
}


def neuron_assumptions(name: str) -> str:
    """What a preset assumes, as its docstring says."""
    text = " ".join((inspect.getdoc(NEURON_COSTS[name]) or "").split())
    return text.partition("Assumed: ")[2]
