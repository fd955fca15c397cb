"""Linear steps between hard bounds fitted to pulse trains."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..measurements import PulseTrains
from .places import Places
from .result import Estimate, Fit
from .train_kernels import DOWN, OWN, STEP, UP
from .train_search import C2C, PILOT, SHOWN, Search, first_units, search
from .trains import Drawn, draw, goodness, not_told, panels, relative_spreads, told

F64 = NDArray[np.float64]

NEVER_REACHED = "the trains do not reach this bound: the range of the readings stands for it"


def fit_linear_step(data: PulseTrains) -> Fit:
    """`LinearStep`: steps, their slopes, bounds, spreads over the cells, noise of pulses and of what is shown.

    The symmetry point is taken to be mid-range: a line has two numbers, and the model three.
    """
    places = Places.of(data)
    how, found, drawn = affine(places)
    up, down = (
        _line(drawn, UP, drawn.up, drawn.low, drawn.high),
        _line(drawn, DOWN, drawn.down, drawn.low, drawn.high),
    )
    range_ = drawn.high - drawn.low
    middle = 0.5 * (up["middle"] / drawn.up + down["middle"] / drawn.down)
    noise = drawn.shared[:, C2C] / (middle if how.law == OWN else 1.0)
    estimates = [
        told("step_up", up["middle"] / range_),
        told("step_down", down["middle"] / range_),
        told("slope_up", up["slope"]),
        told("slope_down", down["slope"]),
        *bounds(drawn, places),
        *spreads(drawn, places),
        told("c2c_sigma", noise),
        told("write_sigma", drawn.shared[:, SHOWN] / range_),
        not_told("symmetry", 0.5, "a line has two numbers and the model three: mid-range is assumed"),
        not_told("program_sigma", 0.0, "pulse trains hold no direct write"),
    ]
    estimates = [known(one) for one in estimates]
    values: dict[str, Any] = {one.name: one.value for one in estimates if one.identified}
    values |= {"symmetry": 0.5, "c2c_additive": how.law == OWN}
    for one in estimates:
        if one.name in ("step_up", "step_down", "g_min", "g_max"):
            values[one.name] = one.value
    values |= {name: min(values.get(name, 0.0), 1.0) for name in ("slope_up", "slope_down")}
    words = "keeps its size" if how.law == OWN else "goes with the step"
    return Fit(
        kind="pulses",
        model="linear_step",
        values=values,
        estimates=ordered(estimates),
        goodness=goodness(places, how, found),
        panels=panels(places, how, found),
        notes=(
            f"noise of a pulse {words}: the likelier of the two",
            "read noise cannot be told from write noise in pulse trains; write_sigma holds both",
        ),
    )


def affine(places: Places, laws: tuple[int, ...] = (OWN, STEP)) -> tuple[Search, Any, Drawn]:
    """The likeliest lines of both directions, of the likelier of the laws of the noise."""
    free = (UP, DOWN, C2C, SHOWN)
    bent = np.zeros(4)
    own, c2c, shown = first_units(places, bent, bent)
    start = np.array([0.0, 0.0, c2c, shown])
    pilot = replace(places, seen=places.seen[:PILOT], polarity=places.polarity[:PILOT])
    law = laws[0]
    if len(laws) > 1:
        tried = {one: search(pilot, Search(free, {}, one), start, own[:PILOT]) for one in laws}
        law = min(tried, key=lambda one: tried[one].negative)
        start = tried[law].shared
    how = Search(free, {}, law)
    found = search(places, how, start, own)
    return how, found, draw(found, how, places)


def _line(drawn: Drawn, at: int, unit: F64, low: F64, high: F64) -> dict[str, F64]:
    """Step in the middle of the range, in places, and the share of it that is lost on the way to the end."""
    middle = 0.5 * (low + high) if at == UP else 1.0 - 0.5 * (low + high)
    factor = 1.0 - drawn.shared[:, at] * (middle - 0.5)
    return {"middle": unit * factor, "slope": drawn.shared[:, at] / factor * 0.5 * (high - low)}


def bounds(drawn: Drawn, places: Places) -> list[Estimate]:
    """`g_min` and `g_max`: means of the cells' own bounds [S]."""
    made = []
    for name, places_, known in (("g_max", drawn.high, drawn.told[1]), ("g_min", drawn.low, drawn.told[0])):
        g = np.maximum(places.origin + places.scale * places_, 0.0)
        made.append(
            told(name, g, "S", "mean of the cells")
            if known
            else not_told(name, float(g[0]), NEVER_REACHED, "S")
        )
    return made


def spreads(drawn: Drawn, places: Places) -> list[Estimate]:
    """Spread of steps and bounds over the cells, in shares of means that have errors of their own."""
    cells, found = len(places.seen), drawn.found
    if cells < 3:
        why = f"{cells} cell{'s' * (cells > 1)} only: no spread over cells can be told"
        names = ("d2d_sigma", "up_down_sigma", "g_max_sigma", "g_min_sigma")
        return [not_told(name, 0.0, why) for name in names]
    up, down = (np.exp(found.own[:, k]) / (drawn.up, drawn.down)[k][0] for k in (0, 1))
    made = relative_spreads(up, down, found)
    made = [_widened(one, 0.5 * (_relative(drawn.up) + _relative(drawn.down))) for one in made]
    range_ = drawn.high - drawn.low
    for name, k in (("g_max_sigma", 1), ("g_min_sigma", 0)):
        sd, low, high = (x / float(range_[0]) for x in drawn.bound_spreads[k])
        one = Estimate(name, sd, low, high, why="spread of the cells")
        made.append(_widened(one, _relative(range_)) if drawn.told[k] else not_told(name, 0.0, NEVER_REACHED))
    return made


def _relative(draws: F64) -> float:
    """Half the 95 % interval of a mean, over it."""
    low, high = np.quantile(draws, [0.025, 0.975])
    return float((high - low) / 2.0 / max(abs(draws[0]), 1e-300))


def _widened(one: Estimate, relative: float) -> Estimate:
    """A spread in shares of a mean that is itself known by +- `relative`."""
    own = relative * one.value
    low, high = (
        one.value - math.hypot(one.value - one.low, own),
        one.value + math.hypot(one.high - one.value, own),
    )
    return replace(one, low=max(low, 0.0), high=high)


def ordered(estimates: list[Estimate]) -> tuple[Estimate, ...]:
    """Identified ones first."""
    return (*(one for one in estimates if one.identified), *(one for one in estimates if not one.identified))


def known(one: Estimate) -> Estimate:
    """A noise or a step whose interval spans more than a factor of e^2 is not told."""
    if one.identified and one.name in ("c2c_sigma", "write_sigma") and one.high > 7.4 * max(one.low, 1e-300):
        return not_told(one.name, 0.0, "the other noise drowns it")
    return one
