"""What people measure of devices, as arrays: pulse trains, retention, repeated reads, I-V curves.

All arrays of one measurement are of one length, a row a reading. `line` is where a row stood in its file (from 1, the
header being line 1), for complaints; 0 for data that came from no file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


@dataclass(frozen=True)
class PulseTrains:
    """Conductance before the first and after every identical pulse.

    Attributes
    ----------
    device, cycle : which cell, and which repetition of the train on it, (n,)
    pulse : number of the pulse within its cycle, rising; 0 is the state before the first, (n,)
    polarity : 1 for SET, -1 for RESET; 0 only at pulse 0, (n,)
    conductance : after that pulse, (n,) [S]
    """

    device: I64
    cycle: I64
    pulse: I64
    polarity: I64
    conductance: F64
    line: I64


@dataclass(frozen=True)
class RetentionRun:
    """Conductance over the time since programming.

    Attributes
    ----------
    device : which cell, (n,)
    time : since programming, (n,) [s]
    conductance : (n,) [S]
    target : what the cell was programmed to, (n,) [S]; none where the file does not say
    temperature : (n,) [K]; none where the file does not say
    """

    device: I64
    time: F64
    conductance: F64
    line: I64
    target: F64 | None = None
    temperature: F64 | None = None


@dataclass(frozen=True)
class RepeatedReads:
    """Many reads of cells that nobody programs meanwhile.

    Attributes
    ----------
    device : which cell, (n,)
    read : number of the read of that cell, rising, (n,)
    conductance : (n,) [S]
    time : since programming, (n,) [s]; none where the file does not say
    """

    device: I64
    read: I64
    conductance: F64
    line: I64
    time: F64 | None = None


@dataclass(frozen=True)
class IvCurves:
    """Currents of cells in fixed states.

    Attributes
    ----------
    device : which cell or state, (n,)
    voltage : (n,) [V]
    current : (n,) [A]
    """

    device: I64
    voltage: F64
    current: F64
    line: I64


Measurement: TypeAlias = PulseTrains | RetentionRun | RepeatedReads | IvCurves
