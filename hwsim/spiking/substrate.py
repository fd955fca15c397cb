"""The spiking substrate: a crossbar whose lines drive neurons, the first of which to spike win."""

from __future__ import annotations

from typing import Any, final

from numpy.typing import NDArray

from devices.model import DeviceModel
from htm.bits import Bits
from htm.pick import BadInput
from htm.synapses import State

from ..crossbar import CrossbarSubstrate
from ..params import CrossbarParams
from .neurons import Neurons


@final
class SpikingSubstrate(CrossbarSubstrate):
    """Simulated crossbars that drive leaky integrate-and-fire neurons (`crossbar.neurons`).

    What a line brings (devices, read noise, wires, converters: all of the crossbar's options) is the drive of its
    neuron; the first k to spike inhibit the others. With a latency of the inhibition more than k win. A segment is
    active where its compartment, charged by its line, crosses its threshold within a window (`crossbar.dendrites`).

    Parameters
    ----------
    device, params, seed : as for `CrossbarSubstrate`
    """

    spiking = True

    def __init__(self, device: DeviceModel, params: CrossbarParams | None = None, seed: int = 0) -> None:
        super().__init__(device, params, seed)
        self._neurons: dict[int, Neurons] = {}

    @property
    def held(self) -> float | None:
        """A window, where no converter stands between a line and its neuron [s]."""
        direct = self.params.readout == "analog" and self.params.adc_bits is None
        return self.params.neurons.window if direct else None

    def _neurons_for(self, size: int) -> Neurons:
        """The neurons of a layer; layers of one size share them, as comparators do."""
        if size not in self._neurons:
            name = f"{self._chip}.neurons.{size}"
            self._neurons[size] = Neurons(self.params.neurons, size, self.seed, name)
        return self._neurons[size]

    def winners(self, score: NDArray[Any], k: int) -> Bits:
        winners = self._neurons_for(score.size).compete(score, k)
        self.events["spike"] += int(winners.size)
        self.events["integrate"] += int(score.size)
        self.loads["settle"] += self.params.neurons.window
        return winners

    def local_winners(
        self,
        score: NDArray[Any],
        shape: tuple[int, ...],
        radius: int,
        density: float,
        wrap: bool,
        floor: float | None = None,
    ) -> Bits:
        raise BadInput(
            "pooler.inhibition: must be global where spiking neurons all inhibit one another, got local"
        )

    def state(self) -> State:
        neurons = {
            f"neurons.{size}.{name}": value
            for size, one in self._neurons.items()
            for name, value in one.state().items()
        }
        return {**super().state(), **neurons}

    def restore(self, state: State) -> None:
        super().restore(state)
        self._neurons.clear()
        found: dict[int, dict[str, Any]] = {}
        for key, value in state.items():
            if key.startswith("neurons."):
                number, name = key.removeprefix("neurons.").split(".", 1)
                found.setdefault(int(number), {})[name] = value
        for size, own in found.items():
            self._neurons_for(size).restore(own)
