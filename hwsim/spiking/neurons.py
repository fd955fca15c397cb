"""One chip's spiking competition: neurons with their own spread, and who spikes first."""

from __future__ import annotations

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from htm.bits import Bits
from htm.pick import BadInput
from htm.streams import restore_stream, save_stream, stream
from htm.synapses import State

from .closed_form import F64, first_k, first_spikes
from .params import NeuronParams

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
        times = self._times(self.drive(score))
        if params.jitter > 0.0:
            times = np.maximum(0.0, times + params.jitter * self._jitter.standard_normal(size))
        times[times > params.window] = np.inf
        spiking = int(np.isfinite(times).sum())
        if spiking < k:
            raise BadInput(
                f"bias, gain, window: at least {k} neurons must reach their threshold within "
                f"{params.window:g} s, got {spiking}"
            )
        winners = first_k(times, k, params.inhibition_latency)
        self._rest = np.zeros(size)
        self._rest[winners] = np.maximum(0.0, times[winners] + params.refractory - params.window)
        return winners

    def _times(self, drive: F64) -> F64:
        """First spikes by the closed form, or by Brian2, which must agree with it."""
        params = self.params
        times = first_spikes(drive, self.threshold, self.time_constant, self._rest)
        if params.engine == "closed_form":
            return times
        from .brian2_engine import integrated_first_spikes  # brian2 takes seconds to import

        free = integrated_first_spikes(
            drive, self.threshold, self.time_constant, window=params.window, step=params.step
        )
        seen = free + self._rest
        early = np.minimum(times, seen) < params.window - params.step
        off = np.abs(np.where(np.isfinite(seen), seen, 1e9) - np.where(np.isfinite(times), times, 1e9))
        if early.any() and float(off[early].max()) > AGREE:
            raise BadInput(
                f"crossbar.neurons.engine: brian2 and the closed form must agree within {AGREE:g} s, got a difference "
                f"of {float(off[early].max()):g} s (a smaller crossbar.neurons.step?)"
            )
        return seen

    def state(self) -> State:
        """Everything needed to continue identically; the spread is drawn again from the seed."""
        return {"jitter": save_stream(self._jitter), "rest": self._rest.copy()}

    def restore(self, state: State) -> None:
        """Continue from `state`."""
        self._jitter = restore_stream(state["jitter"])
        self._rest = np.array(state["rest"], dtype=np.float64)
