"""Binary cells fitted to pulse trains: how often a pulse switches, and where a cell lands."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from htm.pick import BadInput

from ..measurements import PulseTrains
from .intervals import of_mean, of_sd, of_share
from .places import cells_of
from .result import Estimate, Fit, Panel

F64 = NDArray[np.float64]
LEAST_LANDINGS = 3


def fit_binary_vcm(data: PulseTrains) -> Fit:
    """`BinaryVcm`: switching probabilities, the two states and their spreads.

    A reading is on where it is nearer, in the logarithm, to the upper of the two states that the readings gather at.
    A cell's readings between two switchings are one landing, and their mean is where it landed.
    """
    cells = cells_of(data)
    if (data.conductance <= 0.0).any():
        raise BadInput("pulses: a reading of 0 S has no logarithm, which the two states are told apart by")
    logs = [np.log(cell.seen) for cell in cells]
    middle = _middle(np.concatenate(logs))
    landed: dict[bool, list[float]] = {True: [], False: []}
    within: list[float] = []
    tries, hits = {1: 0, -1: 0}, {1: 0, -1: 0}
    for cell, log in zip(cells, logs, strict=True):
        on = log > middle
        for i in range(1, log.size):
            sign = int(cell.polarity[i])
            if sign and on[i - 1] == (sign < 0):  # a pulse that could switch it
                tries[sign] += 1
                hits[sign] += int(on[i] != on[i - 1])
        edges = np.flatnonzero(np.diff(on)) + 1
        for stay in np.split(np.arange(log.size), edges):
            landed[bool(on[stay[0]])].append(float(log[stay].mean()))
            within += (log[stay] - log[stay].mean()).tolist() if stay.size > 1 else []
    estimates = [
        _probability(name, hits[sign], tries[sign])
        for name, sign in (("set_probability", 1), ("reset_probability", -1))
    ]
    noise = float(np.std(within)) if within else 0.0
    for name, sd_name, state in (("g_max", "on_sigma", True), ("g_min", "off_sigma", False)):
        estimates += _state(name, sd_name, np.array(landed[state]))
    estimates += [
        Estimate(name, 0.0, math.nan, math.nan, "", False, "pulse trains hold no direct write")
        for name in ("write_failure",)
    ]
    values: dict[str, Any] = {one.name: one.value for one in estimates if one.identified}
    missing = [
        name for name in ("g_min", "g_max", "set_probability", "reset_probability") if name not in values
    ]
    if missing:
        raise BadInput(f"pulses: no cell shows {missing[0]}: are these binary cells, pulsed both ways?")
    values["on_off_ratio"] = None
    apart = math.log(values["g_max"] / values["g_min"])
    spread = max(values.get("on_sigma", 0.0), values.get("off_sigma", 0.0), noise)
    notes = [] if apart > 6 * spread else ["the two states overlap: this may be no binary device"]
    if noise > 1e-6:
        notes.append(
            f"readings of a cell that nobody switched differ by {100 * noise:.2g} %: fit repeated reads for that"
        )
    first = cells[0]
    micro = 1e6
    model = np.where(logs[0] > middle, values["g_max"], values["g_min"])
    told = np.concatenate(
        [np.where(log > middle, math.log(values["g_max"]), math.log(values["g_min"])) for log in logs]
    )
    everything = np.concatenate(logs)
    residual = float(
        ((everything - told) ** 2).sum() / max(((everything - everything.mean()) ** 2).sum(), 1e-300)
    )
    return Fit(
        kind="pulses",
        model="binary_vcm",
        values=values,
        estimates=(*(one for one in estimates if one.identified), *(one for one in estimates if not one.identified)),
        goodness={"R squared of the logarithm": 1.0 - residual, "states apart, in spreads": apart / max(spread, 1e-9)},
        panels=(
            Panel(
                "First cell", "pulse", "conductance (µS)", np.arange(first.seen.size, dtype=float), micro * first.seen,
                micro * model,
            ),
        ),
        notes=tuple(notes),
    )  # fmt: skip


def _middle(logs: F64) -> float:
    """Logarithm that parts two groups best: least squares of two means."""
    values = np.sort(logs)
    n = np.arange(1, values.size)
    sums = np.cumsum(values)
    lower, upper = sums[:-1] / n, (sums[-1] - sums[:-1]) / (values.size - n)
    between = n * (values.size - n) * (upper - lower) ** 2
    at = int(np.argmax(between))
    return 0.5 * float(values[at] + values[at + 1])


def _probability(name: str, hits: int, tries: int) -> Estimate:
    if tries < LEAST_LANDINGS:
        return Estimate(
            name, 0.0, math.nan, math.nan, "", False, "no pulse found a cell that it could switch"
        )
    low, high = of_share(hits, tries)
    return Estimate(name, max(hits, 0.5) / tries, low, high, why=f"{hits} of {tries} pulses switched")


def _state(name: str, sd_name: str, landings: F64) -> list[Estimate]:
    if landings.size < LEAST_LANDINGS:
        why = f"seen {landings.size} times only"
        return [
            Estimate(name, 0.0, math.nan, math.nan, "S", False, why),
            Estimate(sd_name, 0.0, math.nan, math.nan, "", False, why),
        ]
    mean, sd = float(landings.mean()), float(landings.std(ddof=1))
    low, high = of_mean(mean, sd / math.sqrt(landings.size), landings.size - 1)
    return [
        Estimate(name, math.exp(mean), math.exp(low), math.exp(high), "S", why="median of the landings"),
        Estimate(sd_name, sd, *of_sd(sd, landings.size - 1), why=f"{landings.size} landings"),
    ]
