"""Soft bounds fitted to pulse trains."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..measurements import PulseTrains
from .joint import Joint
from .linear_step import known, ordered, spreads
from .places import Places
from .result import Estimate, Fit
from .train_kernels import OWN, SOFT, STEP
from .train_search import C2C, PILOT, SHOWN, Search, search
from .trains import KNOWN, Drawn, draw, goodness, not_told, panels, told

F64 = NDArray[np.float64]

NEVER_NEAR = "the bound is never approached"


def fit_soft_bounds(data: PulseTrains) -> Fit:
    """`SoftBoundsRram`: shares, bounds, their spread over the cells, noise of pulses and of what is shown."""
    places = Places.of(data)
    how, found = _search(places)
    drawn = _drawn(found, how, places)
    range_ = drawn.high - drawn.low
    noise = drawn.shared[:, C2C]
    if how.law == OWN:  # additive noise is told in places, the model's goes with the range and the shares
        up, down = np.maximum(drawn.up, 1e-9), np.maximum(drawn.down, 1e-9)
        share = np.sqrt(up * down) / (up + down)
        noise = noise * math.sqrt(how.fixed[SOFT] * how.fixed[SOFT + 1]) / (share * np.maximum(range_, 1e-9))
    shares = (("step_up", drawn.up, 1), ("step_down", drawn.down, 0))
    estimates = [
        *(_share(name, draws, drawn.told[k]) for name, draws, k in shares),
        *(
            told(name, np.maximum(places.origin + places.scale * ends, 0.0), "S", "mean of the cells")
            if drawn.told[k]
            else not_told(name, max(places.origin + places.scale * float(ends[0]), 0.0), NEVER_NEAR, "S")
            for name, ends, k in (("g_max", drawn.high, 1), ("g_min", drawn.low, 0))
        ),
        *spreads(drawn, places),
        *(
            told(name, draws)
            if all(drawn.told) or (name == "c2c_sigma" and how.law == STEP)
            else not_told(name, 0.0, "it refers to the range, whose bounds are not told")
            for name, draws in (("c2c_sigma", noise), ("write_sigma", drawn.shared[:, SHOWN] / range_))
        ),
        not_told("program_sigma", 0.0, "pulse trains hold no direct write"),
    ]  # fmt: skip
    estimates = [known(one) for one in estimates]
    wanted = ("g_min", "g_max", "step_up", "step_down")
    lost = [one.name for one in estimates if one.name in wanted and not one.identified]
    values: dict[str, Any] = {
        one.name: one.value for one in estimates if one.identified or one.name in wanted
    }
    values |= {"c2c_additive": how.law == OWN, "on_off_ratio": None}
    notes = [
        f"noise of a pulse {'keeps its size' if how.law == OWN else 'goes with the step'}: the likelier of the two",
        "read noise cannot be told from write noise in pulse trains; write_sigma holds both",
    ]
    if lost:
        notes.append(
            f"pulses must come nearer to the bounds to tell {', '.join(lost)}: the values are the nearest that fit"
        )
    return Fit(
        kind="pulses",
        model="soft_bounds",
        values=values,
        estimates=ordered(estimates),
        goodness=goodness(places, how, found),
        panels=panels(places, how, found),
        notes=tuple(notes),
    )


def _share(name: str, draws: F64, bound_known: bool) -> Estimate:
    """A share of a distance is no better known than the bound that it leads to."""
    one = told(name, np.minimum(draws, 0.999), "", "mean of the cells")
    if not bound_known or one.high - one.low > 2 * KNOWN * one.value:
        why = "too few pulses to tell it" if bound_known else NEVER_NEAR
        return not_told(name, min(max(one.value, 1e-6), 0.999), why)
    return one


def _search(places: Places) -> tuple[Search, Joint]:
    """The likeliest shares and bounds, of the likelier of the two laws of the noise."""
    own, c2c, shown = _first(places)
    pilot = replace(places, seen=places.seen[:PILOT], polarity=places.polarity[:PILOT])
    tried = {}
    for law in (OWN, STEP):
        how = Search((C2C, SHOWN), _scales(own, law), law)
        noise = math.log(
            math.exp(c2c) / math.exp(float(own[:, :2].mean())) / (0.3 if law == STEP else how.fixed[SOFT])
        )
        tried[law] = search(pilot, how, np.array([noise, shown]), own[:PILOT])
    law = min(tried, key=lambda one: tried[one].negative)
    how, start = Search((C2C, SHOWN), _scales(own, law), law), tried[law].shared
    found = search(places, how, start, own)
    if (
        law == OWN
    ):  # what a direction's noise is referred to follows from the shares and bounds that were found
        how = Search((C2C, SHOWN), _scales(found.own, law), law)
        found = search(places, how, found.shared, found.own)
    return how, found


def _scales(own: F64, law: int) -> dict[int, float]:
    """What the noise of SET and RESET pulses is referred to: at the symmetry point both are equally long."""
    if law == STEP:
        return {SOFT: 1.0, SOFT + 1: 1.0}
    up, down = (float(np.exp(own[:, k]).mean()) for k in (0, 1))
    range_ = max(float(np.median(own[:, 3] - own[:, 2])), 1e-3)
    return {SOFT: range_ * down / (up + down), SOFT + 1: range_ * up / (up + down)}


def _first(places: Places) -> tuple[F64, float, float]:
    """First guess of log shares and bounds of each cell, log sd of a pulse in places, and log shown noise."""
    made, noise, shown = [], [], []
    for seen, polarity in zip(places.seen, places.polarity, strict=True):
        mine = []
        for sign in (1, -1):
            at = np.flatnonzero(polarity[1:] == sign)
            x, change = seen[at], seen[at + 1] - seen[at]
            # Noise of the readings drags the slope: means of stretches of a train have less of it.
            order = np.argsort(x)
            groups = np.array_split(order, max(min(x.size // 8, 12), 2))
            places_, steps = (np.array([part[group].mean() for group in groups]) for part in (x, change))
            slope, first = np.polyfit(places_, steps, 1)
            share = min(max(-slope, 0.002), 0.8)
            edge = float(seen.max()) if sign > 0 else float(seen.min())
            end = first / share if slope < -0.002 else edge + sign * 0.3
            end = edge + sign * min(max(sign * (end - edge), -0.1), 1.0)
            mine.append((math.log(share), end))
            rest = change - share * (end - x)
            noise.append(float(rest.var()))
            pairs = rest[1:] * rest[:-1]
            shown.append(max(-float(pairs.mean()), 1e-9))
        made.append([mine[0][0], mine[1][0], mine[1][1], mine[0][1]])
    reading = math.sqrt(max(float(np.mean(shown)), 1e-8))
    pulse = math.sqrt(max(float(np.mean(noise)) - 2 * reading**2, 0.05 * float(np.mean(noise)), 1e-12))
    return np.array(made), math.log(pulse), math.log(reading)


def _drawn(found: Joint, how: Search, places: Places) -> Drawn:
    """As `draw`; bounds that are not told are the medians of what fits.

    A bound is felt through the share of the distance to it: where that is not told, neither is the bound.
    """
    drawn = draw(found, how, places)
    shares_told = [bool(np.median(found.error[:, k]) < KNOWN) for k in (1, 0)]
    drawn = replace(drawn, told=(drawn.told[0] and shares_told[0], drawn.told[1] and shares_told[1]))
    ends = []
    for k, draws, known_ in ((2, drawn.low, drawn.told[0]), (3, drawn.high, drawn.told[1])):
        ends.append(draws if known_ else np.full_like(draws, float(np.median(found.own[:, k]))))
    return replace(drawn, low=ends[0], high=ends[1])
