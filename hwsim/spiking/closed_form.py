"""Exact first-spike times of leaky integrate-and-fire neurons under constant drive, and who wins by them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from htm.bits import Bits

F64 = NDArray[np.float64]


def first_spikes(drive: F64, threshold: F64, time_constant: F64, onset: F64) -> F64:
    """Time of each neuron's first spike from the window's start, (n,); infinite where it never spikes [s].

    From rest under constant drive V = R I (1 - exp(-t / tau)), so V = theta at t = -tau ln(1 - theta / (R I)).

    Parameters
    ----------
    drive : (n,) R I, in mean thresholds
    threshold : (n,) theta, in mean thresholds
    time_constant : (n,) tau [s]
    onset : (n,) when each begins to charge; a neuron that began so long before that it is over its threshold spikes
        at 0 [s]
    """
    reach = drive > threshold
    share = np.divide(threshold, drive, out=np.zeros_like(drive), where=reach)
    return np.where(reach, np.maximum(0.0, onset - time_constant * np.log1p(-share)), np.inf)


def first_k(times: F64, k: int, latency: float) -> Bits:
    """Sorted indices of the first `k` to spike and of all that spike before inhibition arrives.

    Of equal times the higher index wins, as in software.

    Parameters
    ----------
    times : (n,) of first spikes, infinite where there is none [s]
    k : spikes that set inhibition off
    latency : of inhibition [s]
    """
    order = np.lexsort((-np.arange(times.size), times))
    chosen = order[:k]
    if latency > 0.0 and 0 < k <= times.size and np.isfinite(times[order[k - 1]]):
        chosen = np.flatnonzero(times <= times[order[k - 1]] + latency)
    return np.sort(chosen[np.isfinite(times[chosen])]).astype(np.int32)


def rest_after(rest: F64, winners: Bits, times: F64, *, window: float, refractory: float) -> F64:
    """How long each neuron is still at rest when the next window begins, (n,) [s].

    Parameters
    ----------
    rest : (n,) the same when this window began [s]
    winners : who spiked
    times : (n,) of their spikes [s]
    window : length of one [s]
    refractory : time at rest after a spike [s]
    """
    left = rest - window
    left[winners] = times[winners] + refractory - window
    return np.maximum(0.0, left)
