"""One chip's spiking competition: neurons with their own spread, and who spikes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import NDArray

from htm.bits import Bits
from htm.pick import BadInput
from htm.streams import restore_stream, save_stream, stream
from htm.synapses import State

from .closed_form import F64, first_k, first_spikes, rest_after
from .params import NeuronParams

if TYPE_CHECKING:
    from .brian2_engine import IntegratedNeurons

AGREE = 1e-12
"""Largest difference of a spike's time between the engines [s]: a billionth of a millisecond."""


@final
class Neurons:
    """A neuron at the end of each line; the first k to spike win and silence the others.

    Parameters
    ----------
    params : of the neurons
    n : how many
    seed, name : of their streams
    """

    def __init__(self, params: NeuronParams, n: int, seed: int, name: str) -> None:
        spread = stream(seed, f"{name}.threshold").standard_normal(n)
        self.params = params
        # Ten sd of the widest spread allowed would be negative; no threshold falls under a tenth of the mean.
        self.threshold: F64 = np.maximum(0.1, 1.0 + params.threshold_sigma * spread)
        slow = stream(seed, f"{name}.time_constant").standard_normal(n)
        self.time_constant: F64 = params.time_constant * np.exp(params.time_constant_sigma * slow)
        self._jitter = stream(seed, f"{name}.jitter")
        self._rest: F64 = np.zeros(n)
        self._network: IntegratedNeurons | None = None

    def drive(self, score: NDArray[Any]) -> F64:
        """R I of each line, (n,), in mean thresholds."""
        return self.params.bias + self.params.gain * score.astype(np.float64)

    def compete(self, score: NDArray[Any], k: int) -> Bits:
        """Sorted indices of those that spike before they are inhibited, normally `k`.

        Parameters
        ----------
        score : (n,) connected-synapse equivalents
        k : spikes that set inhibition off
        """
        params, size = self.params, self.threshold.size
        if score.shape != (size,) or not 0 <= k <= size:
            raise BadInput(f"score, k: must be ({size},) and 0..{size}, got {score.shape} and {k}")
        drive, delay = self.drive(score), np.zeros(size)
        if params.jitter > 0.0:
            delay = params.jitter * self._jitter.standard_normal(size)
        times = first_spikes(drive, self.threshold, self.time_constant, self._rest + delay)
        times[times > params.window] = np.inf
        spiking = int(np.isfinite(times).sum())
        if spiking < k:
            raise BadInput(
                f"crossbar.neurons.bias, gain, window: at least {k} neurons must reach their threshold within "
                f"{params.window:g} s, got {spiking}"
            )
        if params.engine == "brian2":
            return self._integrated(drive, delay, k, times)
        winners = first_k(times, k, params.inhibition_latency)
        self._rest = rest_after(
            self._rest, winners, times, window=params.window, refractory=params.refractory
        )
        return winners

    def _integrated(self, drive: F64, delay: F64, k: int, times: F64) -> Bits:
        """Winners as Brian2 finds them, which must agree with the closed form's `times` without inhibition."""
        from .brian2_engine import IntegratedNeurons  # brian2 takes seconds to import

        network, self._network = self._network, None  # after an error the next window begins with another one
        if network is None or network.elsewhere:
            network = IntegratedNeurons(self.params, self.threshold, self.time_constant, self._rest)
        seen, rest = network.window(drive, delay, k)
        spiked = np.isfinite(seen)
        latest = float(np.sort(times)[k - 1]) + self.params.inhibition_latency if k else 0.0
        # Who did not spike must not have had the time to.
        early = min(latest, self.params.window) - times[~spiked]
        off = max(float(np.abs(seen[spiked] - times[spiked]).max(initial=0.0)), float(early.max(initial=0.0)))
        if off > AGREE:
            network.close()
            raise BadInput(
                f"crossbar.neurons.engine: brian2 and the closed form must agree within {AGREE:g} s, got a difference "
                f"of {off:g} s (a smaller crossbar.neurons.step?)"
            )
        self._network, self._rest = network, rest
        return np.flatnonzero(spiked).astype(np.int32)

    def close(self) -> None:
        """End what runs beside; the next window would start it again."""
        if self._network is not None:
            self._network.close()
            self._network = None

    def state(self) -> State:
        """Everything needed to continue identically; the spread is drawn again from the seed."""
        return {"jitter": save_stream(self._jitter), "rest": self._rest.copy()}

    def restore(self, state: State) -> None:
        """Continue from `state`."""
        self.close()
        self._jitter = restore_stream(state["jitter"])
        self._rest = np.array(state["rest"], dtype=np.float64)
