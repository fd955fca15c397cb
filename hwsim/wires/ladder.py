"""One word line at a time, all other cells cut off by their transistors: a ladder, solved by one fold."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .lines import F64


@njit(cache=True, error_model="numpy")
def sensed_conductances(
    g: F64,
    below: NDArray[np.int64],
    tile_columns: int,
    r_word: float,
    r_bit: float,
    r_driver: float,
    r_sense: float,
    two_sided: bool,
) -> F64:
    """Current into each bit line over the driver's voltage, one word line driven after the other.

    A cell sees its own stretch of bit line in series, ``1/c = 1/g + r_bit (rows below it + 1) + r_sense``; along the
    word line these are the loads of a ladder, ``Y_j = c_j + Y_(j+1) / (1 + r Y_(j+1))``.

    Parameters
    ----------
    g : (lines, n) conductances of the driven word lines, access transistors included [S]
    below : (lines,) number of word lines between each one and the sensing ends of its tile
    tile_columns : bit lines of a tile; each tile has drivers of its own
    r_word, r_bit, r_driver, r_sense : [ohm]
    two_sided : whether word lines are driven from both ends

    Returns
    -------
    (lines, n) [S]
    """
    lines, n = g.shape
    found = np.empty((lines, n))
    share, load = np.empty(tile_columns), np.empty(tile_columns)
    both = two_sided and r_word > 0.0
    r_in = r_word + (r_driver * 0.5 if two_sided and not both else r_driver)
    for k in range(lines):
        r_cell = r_bit * (below[k] + 1) + r_sense
        for start in range(0, n, tile_columns):
            width = min(tile_columns, n - start)
            y = 1.0 / r_in if both else 0.0
            s = y  # current that a driver of 1 V sends into the far end
            for j in range(width - 1, -1, -1):
                cell = g[k, start + j]
                load[j] = cell / (1.0 + r_cell * cell)
                seen = load[j] + y
                share[j] = 1.0 / (1.0 + r_word * seen)
                if j > 0:
                    found[k, start + j] = s * share[j]
                    y, s = seen * share[j], s * share[j]
                else:
                    y = seen
            volt = (1.0 + r_in * s) / (1.0 + r_in * y)
            found[k, start] = load[0] * volt
            for j in range(1, width):
                volt = share[j] * volt + r_word * found[k, start + j]
                found[k, start + j] = load[j] * volt
    return found
