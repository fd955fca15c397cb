"""Retention: which course over time the cells take, and its fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from htm.pick import BadInput, nearest

from ..measurements import RetentionRun
from .intervals import r_squared
from .result import Estimate, Fit
from .retention_choice import scores
from .retention_drift import depends_on_level, fit_drift, fit_pcm
from .retention_leak import fit_leak
from .retention_levels import fit_charge_trap, fit_level_rram, needed, table
from .retention_relaxation import fit_relaxation
from .retention_runs import Runs, lines, ordered, panel, relative, without_logarithm

F64 = NDArray[np.float64]
DRIFTING = ("soft_bounds", "linear_step", "neurosim", "exp_step", "one_sided_pcm")
"""Models whose cells drift by one power law."""
AGEING = (*DRIFTING, "pcm", "relaxing_rram", "level_rram", "charge_trap")
"""Models that a retention fit can be for."""
WORDS = {
    "drift": "a power law", "relaxation": "a line over the logarithm of time", "leak": "decay to one conductance",
    "misses": "misses of one draw a cell",
}  # fmt: skip
MODEL_COURSE = {
    "pcm": "drift",
    "relaxing_rram": "relaxation",
    "level_rram": "misses",
    "charge_trap": "misses",
}


def fit_retention(data: RetentionRun, model: str | None = None) -> Fit:
    """Drift, relaxation, leakage or misses that grow, whichever course the cells take.

    Parameters
    ----------
    data : conductances over the time since programming, at least 3 times a cell
    model : a name of `AGEING`, or none: the course is chosen by the Bayesian information criterion, each with as many
        numbers of each cell's own as it has
    """
    if model is not None and model not in AGEING:
        near = nearest(model, AGEING)
        raise BadInput(f"--model: retention is fitted for {', '.join(AGEING)}, got {model!r} {near}".rstrip())
    runs = Runs.of(data)
    weighed = _scores(runs, model)
    course = min(weighed, key=lambda one: weighed[one])
    notes = [_told(weighed, course)] if len(weighed) > 1 else []
    estimates, values, fitted, chosen, more = COURSES[course](runs, model)
    shown = _shown(runs, fitted)
    return Fit(
        kind="retention",
        model=chosen,
        values=values,
        estimates=ordered(estimates),
        goodness={"R squared": r_squared(shown.g, fitted), "relative residual sd": relative(shown, fitted)},
        panels=(panel(shown, fitted),),
        notes=(*notes, *more),
    )


Made = tuple[list[Estimate], dict[str, Any], F64, str, list[str]]


def _drift(runs: Runs, model: str | None) -> Made:
    kept = without_logarithm(runs)
    notes = []
    if kept.cells < runs.cells:
        notes.append(
            f"{runs.cells - kept.cells} cells are left out: they are read at 0 S, which has no logarithm"
        )
    level = model == "pcm" or (model is None and depends_on_level(runs))
    if level and model is None:
        notes.append("the drift exponent depends on the level, by the Bayesian information criterion: pcm")
    if level:
        notes.append(
            "curves over the level have the shape that Akaike's criterion prefers, or one number more"
        )
    if not level and model is None:
        notes.append(
            "drift is one of many models': pulses tell which; --model pcm makes a device of drift alone"
        )
    estimates, values = (fit_pcm if level else fit_drift)(runs)
    speed = values.get("activation_energy", 0.0) * kept.inverse
    since = np.log(kept.time) + speed[kept.which] - np.log(values.get("drift_t0", 1.0))
    fitted = np.exp(_own_lines(kept, np.maximum(since, 0.0), np.log(kept.g)))
    return estimates, values, fitted, "pcm" if level else "", notes  # one power law is every pulsed model's


def _relaxation(runs: Runs, _: str | None) -> Made:
    estimates, values = fit_relaxation(runs)
    return estimates, values, _own_lines(runs, np.log(runs.time), runs.g), "relaxing_rram", []


def _leak(runs: Runs, _: str | None) -> Made:
    estimates, values, fitted, note = fit_leak(runs)
    return estimates, values, fitted, "linear_step", [note]


def _misses(runs: Runs, model: str | None) -> Made:
    data = needed(table(runs))
    made = {}
    if model != "charge_trap":
        made["level_rram"] = fit_level_rram(data)
    if model != "level_rram":
        made["charge_trap"] = fit_charge_trap(data)
    chosen = min(made, key=lambda one: made[one][1])
    estimates, values, fitted = made[chosen][0]
    notes = []
    if len(made) == 2:
        both = ", ".join(f"{name} {made[name][1]:.0f}" for name in made)
        notes.append(f"{chosen}, by the Bayesian information criterion of the misses: {both}")
    if chosen == "charge_trap":
        notes.append("cells are taken to be from the start as they are first read")
    return estimates, values, fitted, chosen, notes


COURSES: dict[str, Callable[[Runs, str | None], Made]] = {
    "drift": _drift, "relaxation": _relaxation, "leak": _leak, "misses": _misses
}  # fmt: skip


def _shown(runs: Runs, fitted: F64) -> Runs:
    """The cells that a course was fitted to."""
    if fitted.size == runs.g.size:
        return runs
    kept = without_logarithm(runs)
    if fitted.size == kept.g.size:
        return kept
    return needed(table(runs)).runs


def _own_lines(runs: Runs, x: F64, y: F64) -> F64:
    """Each cell's own straight line."""
    fit = lines(runs, x, y, np.ones_like(y))
    return y - fit.rest


def _scores(runs: Runs, model: str | None) -> dict[str, float]:
    """Information criterion of each course that the model, if one is named, allows: less is better."""
    if model in MODEL_COURSE:
        return {MODEL_COURSE[model]: 0.0}
    if model is None:
        return scores(runs, tuple(COURSES)) or {"drift": 0.0}
    return (scores(runs, ("drift", "leak")) if model == "linear_step" else {}) or {"drift": 0.0}


def _told(weighed: dict[str, float], course: str) -> str:
    """The choice in a sentence."""
    others = ", ".join(
        f"{WORDS[one]} {weighed[one] - weighed[course]:+.0f}" for one in weighed if one != course
    )
    return f"course: {WORDS[course]}, by the Bayesian information criterion (others: {others})"
