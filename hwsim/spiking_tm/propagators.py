"""Exact one-step propagators of the neurons' linear equations.

Between spikes membrane and currents are linear, y' = A y, so one step is y <- exp(A h) y without any error of
integration; sources and targets meet on the grid only.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

from .params import ExcitatoryParams, InhibitoryParams


def excitatory(params: ExcitatoryParams, step: float) -> dict[str, float]:
    """Factors of an excitatory neuron's step, by the names that `network` uses.

    ``VV``: of V; ``VX``, ``VY``: V from the stimulus and inhibitory current [V/A]; ``VD``, ``VH``: from the
    dendritic current [V/A] and its rate [V s/A]; ``VC``: from a constant current [V/A]; ``XX``, ``YY``, ``DD``:
    of the currents themselves; ``DH``: dendritic current from its rate [s].
    """
    C, tau_D = params.capacitance, params.tau_dendrite
    #        V                        X                        I                          D           H
    A = np.array(
        [
            [-1.0 / params.tau_membrane, 1.0 / C, 1.0 / C, 1.0 / C, 0.0],
            [0.0, -1.0 / params.tau_stimulus, 0.0, 0.0, 0.0],
            [0.0, 0.0, -1.0 / params.tau_inhibition, 0.0, 0.0],
            [0.0, 0.0, 0.0, -1.0 / tau_D, 1.0],
            [0.0, 0.0, 0.0, 0.0, -1.0 / tau_D],
        ]
    )
    P: NDArray[np.float64] = expm(A * step)
    constant = params.tau_membrane / C * -math.expm1(-step / params.tau_membrane)
    names = {"VV": (0, 0), "VX": (0, 1), "VY": (0, 2), "VD": (0, 3), "VH": (0, 4)}
    names |= {"XX": (1, 1), "YY": (2, 2), "DD": (3, 3), "DH": (3, 4)}
    return {name: float(P[at]) for name, at in names.items()} | {"VC": constant}


def inhibitory(params: InhibitoryParams, step: float) -> dict[str, float]:
    """Factors of an inhibitory neuron's step: ``VV``, ``VX`` [V/A] and ``XX``, as above."""
    A = np.array(
        [[-1.0 / params.tau_membrane, 1.0 / params.capacitance], [0.0, -1.0 / params.tau_excitation]]
    )
    P = expm(A * step)
    return {"VV": float(P[0, 0]), "VX": float(P[0, 1]), "XX": float(P[1, 1])}


def current_for_peak(peak: float, tau_membrane: float, tau_current: float, capacitance: float) -> float:
    """Exponential current whose single pulse lifts the membrane by `peak`.

    Parameters
    ----------
    peak : of the membrane's response [V]
    tau_membrane, tau_current : time constants [s]
    capacitance : of the membrane [F]

    Returns
    -------
    Its first value [A].
    """
    if math.isclose(tau_membrane, tau_current, rel_tol=1e-6):
        return peak * capacitance * math.e / tau_membrane
    a, b = tau_membrane, tau_current
    when = math.log(a / b) * a * b / (a - b)
    response = (a * b / (a - b)) / capacitance * (math.exp(-when / a) - math.exp(-when / b))
    return peak / response
