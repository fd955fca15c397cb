"""What a pooler's permanences say about its inputs: importance, features, reconstruction.

Source: Mnatzaganian, Fokoué, Kudithipudi 2017 (Front. Robot. AI 3:81), feature mapping; permanences Phi, potential
pools, connected from rho_s, input x. Permanences come from ``pooler.synapses.permanence``, (columns, inputs),
which is 0 outside the pools.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bits import Bits, as_bits, to_dense
from .pick import BadInput


def input_importance(permanence: NDArray[np.float32]) -> NDArray[np.float32]:
    """``psi_r = max_i Phi_ir`` over the synapses on input r, 0 where it has none, (inputs,).

    Parameters
    ----------
    permanence : (columns, inputs), 0 outside the pools
    """
    return np.asarray(_checked(permanence).max(axis=0))


def probabilistic_features(permanence: NDArray[np.float32], active: Bits) -> NDArray[np.float32]:
    """``x' = psi x``: each active input weighted by its importance, (inputs,)."""
    importance = input_importance(permanence)
    return importance * to_dense(active, importance.size)


def important_inputs(permanence: NDArray[np.float32], threshold: float) -> Bits:
    """Inputs kept by dimensionality reduction: those with ``psi_r >= rho_s``."""
    return np.flatnonzero(input_importance(permanence) >= np.float32(threshold)).astype(np.int32)


def reconstruct(permanence: NDArray[np.float32], winners: Bits, threshold: float) -> Bits:
    """Inputs that a code stands for: ``u_r = [max over winners' synapses on r of Phi >= rho_s]``.

    Parameters
    ----------
    permanence : (columns, inputs), 0 outside the pools
    winners : active columns
    threshold : permanence rho_s from which a synapse is connected
    """
    values = _checked(permanence)
    rows = values[as_bits(winners, values.shape[0], "winners")]
    return np.flatnonzero((rows >= np.float32(threshold)).any(axis=0)).astype(np.int32)


def _checked(permanence: Any) -> NDArray[np.float32]:
    values = np.asarray(permanence, dtype=np.float32)
    if values.ndim != 2 or values.size == 0:
        raise BadInput(f"permanence: must have shape (columns, inputs), got {values.shape}")
    return values
