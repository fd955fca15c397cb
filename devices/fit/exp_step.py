"""Exponential steps fitted to pulse trains: both directions, or SET pulses alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..measurements import PulseTrains
from .joint import Joint
from .linear_step import bounds, known, ordered, spreads
from .places import Places
from .result import Estimate, Fit
from .train_kernels import DOWN, NOISE, STEP, UP
from .train_search import C2C, PILOT, SHOWN, Search, first_units, search
from .trains import Drawn, draw, goodness, not_told, own_errors, panels, told

F64 = NDArray[np.float64]

TURNS = (1.0, 4.0)
"""First guesses of how fast steps change along the range."""
HALF = 0.5
"""``abs(exp_scale)``: z runs from -1/2 to 1/2 along the range; another scale gives other numbers and the same steps."""
ASSUMED = "only A exp(gamma z) is told: z is taken from -1/2 to 1/2 along the range"


@dataclass(frozen=True)
class _Curves:
    """The likeliest curves."""

    how: Search
    found: Joint
    drawn: Drawn


def fit_exp_step(data: PulseTrains) -> Fit:
    """`ExpStep`: units of the steps, how they change along the range, bounds, spreads, noise of pulses and readings."""
    places = Places.of(data)
    curves = _search(places, (UP + 1, UP + 2, DOWN + 1, DOWN + 2, C2C, SHOWN), {})
    drawn, range_ = curves.drawn, curves.drawn.high - curves.drawn.low
    up, down = _told(drawn, UP, drawn.up), _told(drawn, DOWN, drawn.down)
    sign = float(np.sign(drawn.shared[0, UP + 2]))
    estimates = [
        *(
            told(f"{name}_{side}", draws)
            for side, one in (("up", up), ("down", down))
            for name, draws in one.items()
        ),
        *bounds(drawn, places),
        *spreads(drawn, places),
        told("c2c_sigma", drawn.shared[:, C2C]),
        told("write_sigma", drawn.shared[:, SHOWN] / range_),
        *_assumed(sign),
        not_told("c2c_add", 0.0, "taken as 0: noise in proportion to the step"),
        not_told("c2c_slope", 0.0, "taken as 0: noise in proportion to the step"),
    ]
    return _fit(
        "exp_step", estimates, places, curves, {"exp_scale": sign * HALF, "exp_offset": 0.0, "symmetry": 0.5}
    )


def fit_one_sided_pcm(data: PulseTrains) -> Fit:
    """`OneSidedPcm`: SET pulses as those of `ExpStep`; what follows a RESET starts anew from what is read."""
    places = Places.of(data, restarts=True)
    curves = _search(places, (UP + 1, UP + 2, C2C, SHOWN), {})
    drawn, range_ = curves.drawn, curves.drawn.high - curves.drawn.low
    sign = float(np.sign(drawn.shared[0, UP + 2]))
    made = spreads(drawn, places)
    estimates = [
        *(told(f"{name}_up", draws) for name, draws in _told(drawn, UP, drawn.up).items()),
        *bounds(drawn, places),
        *(one for one in made if one.name not in ("d2d_sigma", "up_down_sigma")),
        _gain_spread(drawn, places),
        told("c2c_sigma", drawn.shared[:, C2C]),
        told("write_sigma", drawn.shared[:, SHOWN] / range_),
        *_assumed(sign),
        not_told("up_down_sigma", 0.0, "SET pulses alone"),
        not_told("reset_sigma", 0.0, "a RESET and the pulses after it are one act of the controller"),
    ]
    return _fit(
        "one_sided_pcm",
        estimates,
        places,
        curves,
        {"exp_scale": sign * HALF, "exp_offset": 0.0, "symmetry": 0.5},
    )


def _fit(model: str, estimates: list[Estimate], places: Places, curves: _Curves, more: dict[str, Any]) -> Fit:
    estimates = [known(one) for one in estimates]
    needed = {"step_up", "step_down", "exp_up", "exp_down", "rate_up", "rate_down", "g_min", "g_max"}
    values = {one.name: one.value for one in estimates if one.identified or one.name in needed} | more
    return Fit(
        kind="pulses",
        model=model,
        values=values,
        estimates=ordered(estimates),
        goodness=goodness(places, curves.how, curves.found),
        panels=panels(places, curves.how, curves.found),
        notes=("read noise cannot be told from write noise in pulse trains; write_sigma holds both",),
    )


def _assumed(sign: float) -> list[Estimate]:
    return [
        not_told("exp_scale", sign * HALF, ASSUMED),
        not_told("exp_offset", 0.0, ASSUMED),
        not_told("symmetry", 0.5, ASSUMED),
        not_told("program_sigma", 0.0, "pulse trains hold no direct write"),
    ]


def _search(places: Places, free: tuple[int, ...], fixed: dict[int, float]) -> _Curves:
    """The likeliest curves of all first guesses, tried on a few cells."""
    pilot = replace(places, seen=places.seen[:PILOT], polarity=places.polarity[:PILOT])
    how = Search(free, fixed, STEP)
    best: tuple[float, F64, F64] | None = None
    for turn in (sign * size for sign in (1.0, -1.0) for size in TURNS):
        # k so that the step has fallen to two fifths in the middle (rising turns), or grown by as much (falling ones).
        k = 0.3 if turn > 0 else -1.0
        bent = np.array([0.0, k, turn, 0.0])
        own, c2c, shown = first_units(pilot, bent, bent)
        start = {
            UP + 1: k,
            UP + 2: turn,
            DOWN + 1: k,
            DOWN + 2: turn,
            C2C: c2c,
            SHOWN: shown,
            NOISE + 1: -6.0,
        }
        tried = search(pilot, how, np.array([start[at] for at in free]), own, 15)
        same = (
            DOWN + 2 not in free
            or tried.shared[free.index(UP + 2)] * tried.shared[free.index(DOWN + 2)] > 0.0
        )
        if same and (best is None or tried.negative < best[0]):
            best = tried.negative, tried.shared, own
    assert best is not None
    full = how.shared(best[1])
    own, _, _ = first_units(places, full[UP : UP + 4], full[DOWN : DOWN + 4])
    found = search(places, how, best[1], own)
    return _Curves(how, found, draw(found, how, places))


def _told(drawn: Drawn, at: int, unit: F64) -> dict[str, F64]:
    """``step (1 - exp_ e^(+-rate z))``, z the place from mid-range over the range; its sign is that of the turn."""
    range_ = drawn.high - drawn.low
    middle = 0.5 * (drawn.low + drawn.high) if at == UP else 1.0 - 0.5 * (drawn.low + drawn.high)
    turn = drawn.shared[:, at + 2]
    return {
        "step": unit / (1.0 - drawn.shared[:, at + 1]) / range_,
        "exp": drawn.shared[:, at + 1] * np.exp(turn * (middle - 0.5)),
        "rate": np.abs(turn) * range_,
    }


def _gain_spread(drawn: Drawn, places: Places) -> Estimate:
    """`d2d_sigma` from SET steps alone."""
    from .intervals import population

    if len(places.seen) < 3:
        return not_told("d2d_sigma", 0.0, "too few cells: no spread over cells can be told")
    gain = np.exp(drawn.found.own[:, 0])
    gain /= gain.mean()
    # One error for all: fast cells tell less, and to weigh them by that would favour the slow ones.
    error = float(np.sqrt(np.mean((np.minimum(own_errors(drawn.found, 0), 3.0) * gain) ** 2)))
    _, sd, _, interval = population(gain, np.full(gain.size, error))
    return Estimate("d2d_sigma", sd, *interval, why="spread of the cells")
