"""Static linearity of a converter: where its codes begin, and how unequal its steps are.

Terminal-based, as IEEE Std 1241 calls it: gain and offset are taken off by a line through the first and the last
transition.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


def transitions(codes: Callable[[F64], NDArray[np.float32]], top: int) -> F64:
    """Lowest input, in nominal steps, that gives code k or more, for k = 1..top; of a monotone converter.

    Parameters
    ----------
    codes : answers (n,) codes of (n,) inputs
    top : highest code
    """
    k = np.arange(1, top + 1)
    low, high = np.full(top, -float(top)), np.full(top, 2.0 * top + 1.0)
    for _ in range(48):
        middle = 0.5 * (low + high)
        reached = codes(middle) >= k
        high, low = np.where(reached, middle, high), np.where(reached, low, middle)
    return high


def dnl_inl(transition: F64) -> tuple[F64, F64]:
    """Differential and integral non-linearity in average steps, from (top,) transitions.

    Returns
    -------
    dnl : (top - 1,) width of codes 1..top - 1 over the average, less 1; -1 is a missing code
    inl : (top,) distance of each transition from the line through the first and the last; 0 at both
    """
    average = (transition[-1] - transition[0]) / (transition.size - 1)
    line = transition[0] + average * np.arange(transition.size)
    return np.diff(transition) / average - 1.0, (transition - line) / average
