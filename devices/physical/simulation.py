"""Driving a physical model with a waveform."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from htm.pick import BadInput

from .integration import Method, Slope, Solver
from .model import PhysicalModel
from .waveforms import Custom, Piece, Waveform

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Trace:
    """What a device did over time.

    Attributes
    ----------
    time : (samples,) [s]
    voltage : across the device, (samples,) [V]
    current : through it, (samples,) [A]
    state : (samples,), in the model's own unit
    source : voltage of the source, device and series resistor together, (samples,) [V]
    """

    time: F64
    voltage: F64
    current: F64
    state: F64
    source: F64


def simulate(
    model: PhysicalModel,
    waveform: Waveform | Callable[[float], float],
    times: Sequence[float] | F64,
    *,
    state: float | None = None,
    series_resistance: float = 0.0,
    tolerance: float = 1e-8,
    method: Method = "auto",
) -> Trace:
    """Voltage, current and state of a device that a source drives.

    Parameters
    ----------
    model : the device
    waveform : voltage of the source [V]; a plain function of the time [s] is taken in steps of at most a
        two-thousandth of the whole, so give a `Custom` waveform where it has finer features
    times : at which to answer, ascending; the first is where the simulation starts, (samples,) [s]
    state : at the first time; none: the model's `initial_state`
    series_resistance : between source and device [ohm]
    tolerance : local error of one step, as a share of the state's distance to its nearer limit
    method : "explicit", "implicit", or "auto": explicit until found stiff
    """
    asked = _checked_times(times)
    if not (np.isfinite(series_resistance) and series_resistance >= 0.0):
        raise BadInput(f"series_resistance: must be 0 ohm or more, got {series_resistance!r}")
    if not 1e-12 <= tolerance <= 1e-2:
        raise BadInput(f"tolerance: must be within 1e-12..0.01, got {tolerance!r}")
    if method not in get_args(Method):
        raise BadInput(f"method: must be one of {', '.join(get_args(Method))}, got {method!r}")
    if not isinstance(waveform, Waveform):
        waveform = Custom(waveform, longest_step=max(float(asked[-1] - asked[0]), 1e-30) / 2000.0)
    low, high = model.state_limits
    x = float(model.checked_state(model.initial_state if state is None else state))
    solver = Solver(low, high, tolerance, method, asked.tolist())
    solver.rest(float(asked[0]), x)
    levels = model.kinks
    for piece in waveform.pieces(float(asked[0]), float(asked[-1]), levels):
        slope = _slope(model, piece, series_resistance)
        if piece.monotone and _still(slope, piece, x):
            solver.rest(piece.stop, x)
        else:
            x = solver.solve(slope, piece.start, piece.stop, x, piece.longest_step)
    solver.rest(float(asked[-1]), x)
    return _traced(model, waveform, asked, np.array(solver.states), series_resistance)


def _checked_times(times: Any) -> F64:
    asked = np.asarray(times, dtype=np.float64)
    if asked.ndim != 1 or asked.size == 0:
        raise BadInput(f"times: must be one or more numbers in a row, got shape {asked.shape}")
    bad = np.flatnonzero(~np.isfinite(asked))
    if bad.size:
        raise BadInput(f"times: must be finite, got {asked[bad[0]]} at index {bad[0]}")
    falls = np.flatnonzero(np.diff(asked) < 0.0)
    if falls.size:
        raise BadInput(f"times: must ascend, got {asked[falls[0] + 1]:g} s after {asked[falls[0]]:g} s")
    return asked


def _slope(model: PhysicalModel, piece: Piece, series_resistance: float) -> Slope:
    rate, voltage, divided = model._rate, piece.voltage, model.divided
    if series_resistance == 0.0:
        return lambda t, x: rate(voltage(t), x)
    return lambda t, x: rate(divided(voltage(t), series_resistance, x), x)


def _still(slope: Slope, piece: Piece, x: float) -> bool:
    """Whether nothing moves: within a piece the voltage is monotone and crosses no threshold."""
    middle = 0.5 * (piece.start + piece.stop)
    return slope(piece.start, x) == slope(middle, x) == slope(piece.stop, x) == 0.0


def _traced(
    model: PhysicalModel, waveform: Waveform, times: F64, states: F64, series_resistance: float
) -> Trace:
    source = waveform.voltage(times)
    voltage = np.array(
        [
            model.divided(v, series_resistance, x)
            for v, x in zip(source.tolist(), states.tolist(), strict=True)
        ]
    )
    current = np.asarray(model.current(voltage, states), dtype=np.float64)
    return Trace(times, voltage, current, states, source)
