"""Fitting a device model of array speed to a physical model's answer to a train of pulses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from htm.pick import BadInput, Params

from ..soft_bounds import SoftBoundsRram
from ..units import Ohm, Second, Volt
from .model import PhysicalModel
from .simulation import simulate
from .waveforms import PulseTrain

F64 = NDArray[np.float64]

_STILL = 1e-4  # of the conductance: a train that changes it by less moves nothing worth a fit
_AT_ONCE = 0.9  # of a train's change: a first pulse that makes more leaves nothing to fit


class Pulses(Params):
    """The SET and RESET pulses that an array would apply, and how its cells are read."""

    set_amplitude: Volt = Field(description="height of a SET pulse, with its sign [V]")
    set_width: Second = Field(gt=0.0, description="time of a SET pulse at full height [s]")
    reset_amplitude: Volt = Field(description="height of a RESET pulse, with its sign [V]")
    reset_width: Second = Field(gt=0.0, description="time of a RESET pulse at full height [s]")
    edge: Second = Field(default=0.0, ge=0.0, description="time of a rise or a fall; 0: at once [s]")
    gap: Second = Field(default=0.0, ge=0.0, description="time at 0 V after a pulse [s]")
    read_voltage: Volt = Field(default=0.2, gt=0.0, description="voltage of a read; 0.2 V is assumed [V]")
    series_resistance: Ohm = Field(default=0.0, ge=0.0, description="between driver and device [ohm]")
    reach: float = Field(
        default=1.0,
        ge=0.0,
        description="how far a fitted bound may lie beyond what the trains cover, as a share of that; 1 is assumed",
    )
    n_pulses: int = Field(default=50, ge=5, description="SET pulses, and then RESET pulses, of one train")


@dataclass(frozen=True)
class Branch:
    """Conductance over one train of identical pulses, as the physical model has it and as fitted.

    Attributes
    ----------
    physical : before the first pulse and after each, (n_pulses + 1,) [S]
    fitted : likewise, from the fit's own start [S]
    """

    physical: F64
    fitted: F64


@dataclass(frozen=True)
class Calibration:
    """A fitted device model, and how well it fits.

    Attributes
    ----------
    device : the fit; its noise, spread and faults are 0, for the physical models are deterministic
    pulses : what it stands for
    potentiation, depression : the curves of SET and of RESET pulses
    r2 : share of the variance of both curves that the fit explains
    max_deviation : largest distance of fit and curve, as a share of the range that the curves cover
    """

    device: SoftBoundsRram
    pulses: Pulses
    potentiation: Branch
    depression: Branch
    r2: float
    max_deviation: float


def calibrate(physical: PhysicalModel, pulses: Pulses) -> Calibration:
    """Soft-bounds device that answers these pulses as the physical one does.

    From the model's initial state a train of RESET pulses and one of SET pulses bring the device into the range
    in which such pulses cycle it; the next trains of RESET and of SET pulses are fitted.

    Parameters
    ----------
    physical : the device
    pulses : amplitude and width of the pulses, voltage of the reads

    Raises
    ------
    BadInput
        Where a pulse moves the conductance the wrong way, not at all, or all the way at once.
    """
    x = float(physical.initial_state)
    trains = []
    for setting in (False, True, False, True):
        states = _train(physical, pulses, x, setting)
        x = float(states[-1])
        trains.append(np.asarray(physical.conductance(states, pulses.read_voltage)))
    down, up = trains[2], trains[3]
    _refuse_useless(up, "set", pulses)
    _refuse_useless(down, "reset", pulses)
    low, high = sorted(
        float(physical.conductance(limit, pulses.read_voltage)) for limit in physical.state_limits
    )
    return fit_soft_bounds(up, down, pulses, lowest=low, highest=high)


def _train(physical: PhysicalModel, pulses: Pulses, x: float, setting: bool) -> F64:
    """State before the first pulse and after each, (n_pulses + 1,)."""
    amplitude = pulses.set_amplitude if setting else pulses.reset_amplitude
    train = PulseTrain(
        amplitudes=(amplitude,) * pulses.n_pulses,
        width=pulses.set_width if setting else pulses.reset_width,
        gap=pulses.gap,
        edge=pulses.edge,
        delay=0.0,
    )
    times = np.concatenate(([0.0], train.ends))
    return simulate(physical, train, times, state=x, series_resistance=pulses.series_resistance).state


def _refuse_useless(g: F64, kind: str, pulses: Pulses) -> None:
    change = (g[-1] - g[0]) * (1.0 if kind == "set" else -1.0)
    amplitude = getattr(pulses, f"{kind}_amplitude")
    verb = "raise" if kind == "set" else "lower"
    if abs(change) < _STILL * max(g[0], g[-1]):
        raise BadInput(
            f"{kind}_amplitude, {kind}_width: must move the conductance, got {change / g[0]:.1e} of it in "
            f"{pulses.n_pulses} pulses of {amplitude:g} V (stronger, longer, or not held at its bound by the other)"
        )
    if change < 0.0:
        raise BadInput(f"{kind}_amplitude: must {verb} the conductance, got {amplitude:g} V, which does not")
    first = abs(g[1] - g[0]) / abs(change)
    if first > _AT_ONCE:
        raise BadInput(
            f"{kind}_amplitude, {kind}_width: must take several pulses, got {100 * first:.0f} % of the change in "
            f"the first pulse of {amplitude:g} V (weaker or shorter)"
        )


def fit_soft_bounds(
    up: F64, down: F64, pulses: Pulses, *, lowest: float = 0.0, highest: float = np.inf
) -> Calibration:
    """Least squares of the soft-bounds curves to a SET and a RESET train.

    ``g_n = g_max - (g_max - g_0) (1 - step_up)^n`` and ``g_n = g_min + (g_0 - g_min) (1 - step_down)^n`` are
    fitted each by itself: bound, start and step. A train that bends too little to show its bound puts it at the
    farthest place allowed, so that an array does not work where no pulse was tried.

    Parameters
    ----------
    up, down : conductance before the first pulse and after each, (n_pulses + 1,) [S]
    pulses : what made them, for the record
    lowest, highest : conductance that no state goes beyond, for the bounds [S]
    """
    top, bottom = max(up.max(), down.max()), min(up.min(), down.min())
    covered = float(top - bottom)
    highest = min(highest, top + pulses.reach * covered)
    lowest = max(lowest, bottom - pulses.reach * covered, 0.0)
    g_max, up_start, step_up = _approach(up, float(up.max()), highest)
    # Upside down a falling curve rises: one fit serves both.
    g_min, down_start, step_down = _approach(-down, -float(down.min()), -lowest)
    g_min, down_start = -g_min, -down_start
    n_up, n_down = np.arange(up.size, dtype=np.float64), np.arange(down.size, dtype=np.float64)
    fitted_up: F64 = g_max - (g_max - up_start) * (1.0 - step_up) ** n_up
    fitted_down: F64 = g_min + (down_start - g_min) * (1.0 - step_down) ** n_down
    misses = np.concatenate((fitted_up - up, fitted_down - down))
    spread = np.concatenate((up - up.mean(), down - down.mean()))
    return Calibration(
        device=SoftBoundsRram(
            g_min=g_min,
            g_max=g_max,
            step_up=step_up,
            step_down=step_down,
            read_voltage=pulses.read_voltage,
        ),
        pulses=pulses,
        potentiation=Branch(up, fitted_up),
        depression=Branch(down, fitted_down),
        r2=1.0 - float((misses**2).sum() / (spread**2).sum()),
        max_deviation=float(np.abs(misses).max()) / covered,
    )


def _approach(g: F64, least: float, most: float) -> tuple[float, float, float]:
    """Bound, start and step of the soft-bounds curve nearest to a rising curve.

    For a given step the curve is linear in bound and start, so only the step is searched, over decades first.

    Parameters
    ----------
    g : the curve, (pulses + 1,) [S]
    least, most : range of the bound [S]; a straight line alone would have it at infinity
    """
    from scipy.optimize import minimize_scalar

    n = np.arange(g.size)

    def solved(log_step: float) -> tuple[float, float, float]:
        decay = (1.0 - np.exp(log_step)) ** n
        design = np.stack((1.0 - decay, decay), axis=1)
        bound, start = np.linalg.lstsq(design, g, rcond=None)[0]
        if not least <= bound <= most:
            bound = min(max(float(bound), least), most)
            rest = g - bound * (1.0 - decay)
            start = float(decay @ rest / (decay @ decay))
        miss = design @ np.array([bound, start]) - g
        return float(bound), float(start), float(miss @ miss)

    grid = np.linspace(np.log(1e-6), np.log(0.999), 60)
    costs = [solved(float(s))[2] for s in grid]
    best = int(np.argmin(costs))
    around = (float(grid[max(best - 1, 0)]), float(grid[min(best + 1, grid.size - 1)]))
    found = minimize_scalar(
        lambda s: solved(float(s))[2], bounds=around, method="bounded", options={"xatol": 1e-9}
    )
    log_step = float(found.x) if found.fun <= costs[best] else float(grid[best])
    bound, start, _ = solved(log_step)
    return bound, start, float(np.exp(log_step))
