"""What reads of segments would take without address registers: a dense row over all inputs for each segment.

Every active input then drives a word line through all rows, so every row conducts and is converted, whether it can
match or not, and unconnected cells leak. The rest of a run is left as it is: what is read is what the wired slots give,
as if the leakage were known exactly and the cells of unconnected inputs had neither noise nor faults, and which slots
are wired is known as before (a dense row would keep a bit for each cell, which is not priced). So it is the least that
such rows can cost.
"""

from __future__ import annotations

from typing import final

from htm.bits import Bits

from .array import CellArray
from .mapping import Tiling
from .params import CrossbarParams
from .readout import count_analog, count_binary


@final
class DenseRows:
    """Counts the reads of segments as dense rows.

    Parameters
    ----------
    array : the wired slots; events and loads are counted there
    params : read-out and converters
    tiling : of the dense rows: segments x inputs
    """

    def __init__(self, array: CellArray, params: CrossbarParams, tiling: Tiling) -> None:
        self._array, self._params, self.tiling = array, params, tiling
        self._analog = params.readout == "analog"
        references = self._analog and params.reference_column
        self._lines = tiling.rows + (tiling.across * params.reference_copies if references else 0)
        low, high = array.mapping.line_ends
        # Of a differential pair that is off, one cell is on.
        self._leak = low + high if array.device.lines_per_synapse > 1 else low

    def count(self, active: Bits, wired: int) -> None:
        """Count one read of all rows.

        Parameters
        ----------
        active : driven inputs
        wired : cells on them whose conductance was counted already; all others are taken to be at g_min
        """
        array, tiling = self._array, self.tiling
        if self._analog:
            count_analog(array, tiling, self._params, active, tiling.bounds(active))
        else:
            count_binary(array, tiling, active)
        leaking = active.size * self._lines - wired
        array.loads["read" if self._analog else "sense"] += leaking * self._leak
