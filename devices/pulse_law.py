"""The law of a pulse, cell by cell, for those who apply it outside an array of cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class PulseLaw:
    """What one pulse does to each cell, where its step is an affine function of the cell's conductance g.

    A SET pulse makes the step ``first_up - share_up g``, a RESET pulse ``-(first_down + share_down g)``, none the wrong
    way round. Noise of a pulse is Gaussian, of a constant sd or of `relative` times the step. Shapes are (cells,).

    Attributes
    ----------
    first_up, first_down : step at 0 S [S]
    share_up, share_down : what it loses per conductance on the way up, and gains on the way down [1]
    sd_up, sd_down : constant sd of the noise of one pulse [S]
    relative : sd of the noise of one pulse over its step [1]
    low, high : where the cell stops [S]
    """

    first_up: F64
    share_up: F64
    first_down: F64
    share_down: F64
    sd_up: F64
    sd_down: F64
    relative: float
    low: F64
    high: F64
