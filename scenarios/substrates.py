"""`SUBSTRATES`: one word picks where permanences live. Each maker takes (device, crossbar parameters, seed)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devices.model import DeviceModel
    from htm.synapses import Substrate
    from hwsim.params import CrossbarParams


def software(device: DeviceModel, crossbar: CrossbarParams, seed: int) -> Substrate:
    """The exact reference: permanences are numbers; device and crossbar settings have no effect.

    Source: algorithm and order of steps as in htm.core 2.2.
    """
    from htm.software import SoftwareSubstrate

    return SoftwareSubstrate()


def crossbar(device: DeviceModel, crossbar: CrossbarParams, seed: int) -> Substrate:
    """A simulated memristor crossbar: permanences are conductances, overlaps are sensed or summed currents.

    Source: crossbar spatial poolers surveyed by Krestinskaya, Dolzhikova, James 2018 (arXiv 1805.02921).
    """
    from hwsim.crossbar import CrossbarSubstrate

    return CrossbarSubstrate(device, crossbar, seed)


def spiking(device: DeviceModel, crossbar: CrossbarParams, seed: int) -> Substrate:
    """The crossbar's line currents drive spiking neurons, the first of which win (`crossbar.neurons`).

    Source: ours; leaky integrate-and-fire neurons, exact first-spike times, checked by Brian2.
    """
    from hwsim.spiking.substrate import SpikingSubstrate

    return SpikingSubstrate(device, crossbar, seed)


SUBSTRATES: dict[str, Callable[[DeviceModel, CrossbarParams, int], Substrate]] = {
    "software": software,
    "crossbar": crossbar,
    "spiking": spiking,
}
