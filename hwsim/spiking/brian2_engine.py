"""First spikes by really integrating the neurons in Brian2, with sub-step times: a check of the closed form."""

from __future__ import annotations

import numpy as np

from htm.pick import BadInput

from .closed_form import F64


def integrated_first_spikes(
    drive: F64, threshold: F64, time_constant: F64, *, window: float, step: float
) -> F64:
    """Time of each neuron's first spike, (n,); infinite where it has none within the window [s].

    The crossing is solved for within its step: t - tau ln((R I - theta) / (R I - V)), V the overshot membrane.

    Parameters
    ----------
    drive, threshold : (n,) in mean thresholds
    time_constant : (n,) [s]
    window : simulated time [s]
    step : of the integration [s]
    """
    if not 0.0 < step <= window:
        raise BadInput(f"step: must be above 0 s and at most the window ({window:g} s), got {step:g} s")
    try:
        import brian2
    except ImportError as error:
        raise BadInput(f"spiking engine: brian2 must be installed, got {error}") from None
    equations = """
    dv/dt = (drive - v) / tau : 1 (unless refractory)
    drive : 1
    theta : 1
    tau : second
    spiked : second
    """
    second = brian2.second
    neurons = brian2.NeuronGroup(
        drive.size,
        equations,
        threshold="v > theta",
        # A neuron competes once a window: it is refractory for the rest of it.
        reset="spiked = t + dt - tau * log((drive - theta) / (drive - v)); v = 0",
        refractory=2.0 * window * second,
        method="exact",
        clock=brian2.Clock(dt=step * second),
        codeobj_class=brian2.NumpyCodeObject,
    )
    neurons.drive, neurons.theta, neurons.tau = drive, threshold, time_constant * second
    neurons.spiked = np.inf * second
    brian2.Network(neurons).run(window * second, namespace={})
    return np.array(neurons.spiked / second, dtype=np.float64)
