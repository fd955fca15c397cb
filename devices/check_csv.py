"""What measurements must obey before anything is fitted to them: order, signs, plausible units, enough points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from htm.pick import BadInput

from .measurements import F64, I64, IvCurves, Measurement, PulseTrains, RepeatedReads, RetentionRun

LEAST = {
    "pulses": (
        8,
        "a pulse curve with its noise has at least four unknowns, and two points each tell a fit from chance",
    ),
    "retention": (4, "a level, an exponent and their errors need four times"),
    "reads": (10, "of fewer reads the noise is not known to a quarter of itself"),
    "iv": (5, "a bent curve has a slope, a bend and an error in either direction"),
}
"""Least rows of the kind on the device that has most, and why."""

HIGHEST_S, LOWEST_S = 1.0, 1e-12
HIGHEST_V, HIGHEST_A = 100.0, 10.0
HIGHEST_TIME = 1e10  # [s], 300 years
HIGHEST_K, CELSIUS_BELOW_K = 2000.0, 150.0
JUMP = 1e3
_PREFIXES = ((1e-3, "m"), (1e-6, "u"), (1e-9, "n"), (1e-12, "p"))


def check(
    path: Path | str, kind: str, data: Measurement, notes: Sequence[str], given: set[str]
) -> tuple[Measurement, tuple[str, ...]]:
    """Refuse what cannot be right; the data with devices told apart, and notes.

    Parameters
    ----------
    notes : of the reading so far
    given : columns that the file has
    """
    case = _Case(path, data)
    more: list[str] = []
    if isinstance(data, IvCurves):
        case.current(data)
        groups = [data.device]
    else:
        case.conductance("conductance", data.conductance)
        if isinstance(data, PulseTrains):
            groups = [data.device, data.cycle]
            case.polarity(data)
            hint = "" if "cycle" in given else " (a column 'cycle' tells repetitions apart)"
            case.rising("pulse", data.pulse, groups, hint)
        elif isinstance(data, RetentionRun):
            data, more = case.retention(data)
            groups = [data.device]
            case.rising("time", data.time, groups)
        else:
            groups = [data.device]
            case.reads(data)
        case.same_unit(data.conductance, groups)
    case.enough(kind, groups)
    return data, (*notes, *more)


class _Case:
    """One file's complaints."""

    def __init__(self, path: Path | str, data: Measurement) -> None:
        self.path, self.line = path, data.line

    def refuse(self, at: int | None, message: str) -> NoReturn:
        row = "" if at is None else f"row {self.line[at]}: "
        raise BadInput(f"{self.path}: {row}{message}")

    def first(self, wrong: NDArray[np.bool_]) -> int | None:
        return int(np.argmax(wrong)) if wrong.any() else None

    def conductance(self, name: str, g: F64) -> None:
        """No negative ones, and none that only another unit explains."""
        if (at := self.first(g < 0)) is not None:
            self.refuse(at, f"{name} must not be negative, got {g[at]:g} S")
        if (at := self.first(g > HIGHEST_S)) is not None:
            unit = f"{_prefix(float(np.median(g[g > HIGHEST_S])), 1e-4)}S"
            or_ohm = "; resistances must be turned into conductances" if g[at] >= 1e3 else ""
            self.refuse(
                at,
                f"{name} {g[at]:g} S is above 1 S: values in {unit} need the header '{name} [{unit}]'{or_ohm}",
            )
        if not g.any():
            self.refuse(None, f"{name} is 0 S in every row: no cell conducts")
        middle = float(np.median(g[g > 0]))
        if middle < LOWEST_S:
            self.refuse(
                None,
                f"{name} has a median of {middle:g} S, below 1 pS: the unit in the header must be a larger one",
            )

    def polarity(self, data: PulseTrains) -> None:
        if (at := self.first((data.polarity == 0) & (data.pulse != 0))) is not None:
            self.refuse(
                at,
                f"polarity must be 1 or -1 (0 or nothing at pulse 0 only), got 0 at pulse {data.pulse[at]}",
            )
        if (at := self.first((data.polarity != 0) & (data.pulse == 0))) is not None:
            self.refuse(at, "polarity must be 0 or nothing at pulse 0, the state before the first pulse")

    def times(self, time: F64) -> None:
        if (at := self.first(time < 0)) is not None:
            self.refuse(at, f"time must not be negative, got {time[at]:g} s")
        if (at := self.first(time > HIGHEST_TIME)) is not None:
            unit = f"{_prefix(float(time[at]), 1e5)}s"
            self.refuse(
                at,
                f"time {time[at]:g} s is above 1e10 s, 300 years: values in {unit} need the header 'time [{unit}]'",
            )

    def retention(self, data: RetentionRun) -> tuple[RetentionRun, list[str]]:
        """Checked; a device at several targets or temperatures is one run for each."""
        notes: list[str] = []
        self.times(data.time)
        if (at := self.first(data.time == 0)) is not None:
            self.refuse(
                at, "time must be above 0 s: give the time that had passed since programming at that read"
            )
        if data.target is not None:
            self.conductance("target", data.target)
        kelvin = data.temperature
        if kelvin is not None:
            if (at := self.first(kelvin <= 0)) is not None:
                self.refuse(
                    at,
                    f"temperature must be above 0 K, got {kelvin[at]:g} K: degrees Celsius need the header "
                    "'temperature [C]'",
                )
            if (at := self.first(kelvin > HIGHEST_K)) is not None:
                self.refuse(at, f"temperature must be at most {HIGHEST_K:g} K, got {kelvin[at]:g} K")
            if (kelvin < CELSIUS_BELOW_K).any():
                notes.append(
                    "some temperatures are below 150 K: degrees Celsius need the header 'temperature [C]'"
                )
        parts = [part for part in (data.target, kelvin) if part is not None]
        if parts:
            group = _codes([data.device, *parts])
            if int(group.max()) + 1 > np.unique(data.device).size:
                data = replace(data, device=group)
                notes.append("a device at several targets or temperatures counts as a device for each")
        return data, notes

    def reads(self, data: RepeatedReads) -> None:
        self.rising("read", data.read, [data.device])
        if data.time is not None:
            self.times(data.time)
            self.rising("time", data.time, [data.device], strictly=False)

    def current(self, data: IvCurves) -> None:
        volts, amps = data.voltage, data.current
        if (at := self.first(np.abs(volts) > HIGHEST_V)) is not None:
            unit = f"{_prefix(float(abs(volts[at])), 1.0)}V"
            self.refuse(
                at,
                f"voltage {volts[at]:g} V is above 100 V: values in {unit} need the header 'voltage [{unit}]'",
            )
        if (at := self.first(np.abs(amps) > HIGHEST_A)) is not None:
            unit = f"{_prefix(float(abs(amps[at])), 1e-3)}A"
            self.refuse(
                at,
                f"current {amps[at]:g} A is above 10 A: values in {unit} need the header 'current [{unit}]'",
            )
        driven = volts != 0
        if not driven.any():
            self.refuse(None, "voltage is 0 V in every row")
        middle = float(np.median(np.abs(amps[driven] / volts[driven])))
        if middle > HIGHEST_S or middle < LOWEST_S:
            self.refuse(
                None,
                f"current over voltage has a median of {middle:g} S, outside 1 pS .. 1 S: give both units in the "
                "header, such as 'current [uA]' and 'voltage [V]'",
            )
        self.no_copy(data)

    def no_copy(self, data: IvCurves) -> None:
        """No row twice in a row, and no curve pasted twice: a sweep up and down repeats itself backwards."""
        for device in np.unique(data.device):
            at = np.flatnonzero(data.device == device)
            pairs = np.stack([data.voltage[at], data.current[at]], axis=1)
            same = (np.diff(pairs, axis=0) == 0).all(axis=1) & (pairs[1:, 1] != 0)
            half = at.size // 2
            if same.any():
                k = int(np.argmax(same))
                self.refuse(int(at[k + 1]), f"repeats row {self.line[at[k]]}")
            if at.size > 2 and at.size % 2 == 0 and (pairs[:half] == pairs[half:]).all():
                self.refuse(
                    int(at[half]), f"from here on the rows repeat those from row {self.line[at[0]]} on"
                )

    def rising(
        self, name: str, values: F64 | I64, groups: Sequence[I64], hint: str = "", *, strictly: bool = True
    ) -> None:
        """Within each group, in the order of the file."""
        group = _codes(groups)
        order = np.argsort(group, kind="stable")
        step = np.diff(values[order])
        wrong = (np.diff(group[order]) == 0) & ((step <= 0) if strictly else (step < 0))
        if not wrong.any():
            return
        k = int(np.argmax(wrong))
        before, at = int(order[k]), int(order[k + 1])
        if values[before] == values[at]:
            self.refuse(
                at, f"{name} {values[at]:g} of this device is in row {self.line[before]} already{hint}"
            )
        self.refuse(
            at,
            f"{name} must rise within a device, got {values[at]:g} after {values[before]:g} in row "
            f"{self.line[before]}{hint}",
        )

    def same_unit(self, g: F64, groups: Sequence[I64]) -> None:
        """No single row a thousand times off both its neighbours, unless the device does that as a habit.

        An abrupt device jumps too, but stays there, or jumps at every switching; a slip of the unit stands alone.
        """
        group = _codes(groups)
        order = np.argsort(group, kind="stable")
        value, same = g[order], np.diff(group[order]) == 0
        if value.size < 3:
            return
        ratio = np.log(np.maximum(value[1:], 1e-30) / np.maximum(value[:-1], 1e-30))
        jump = np.log(JUMP)
        alone = (ratio[:-1] * ratio[1:] < 0) & (np.minimum(np.abs(ratio[:-1]), np.abs(ratio[1:])) >= jump)
        alone &= (np.abs(ratio[:-1] + ratio[1:]) < np.log(10.0)) & same[:-1] & same[1:] & (value[1:-1] > 0)
        alone &= (value[:-2] > 0) & (value[2:] > 0)
        if 0 < alone.sum() <= max(1, value.size // 50):
            k = int(np.argmax(alone)) + 1
            times = "above" if value[k] > value[k - 1] else "below"
            self.refuse(
                int(order[k]),
                f"conductance {value[k]:g} S is more than 1000 times {times} the rows before and after it "
                f"({value[k - 1]:g} and {value[k + 1]:g} S): was it written in another unit?",
            )

    def enough(self, kind: str, groups: Sequence[I64]) -> None:
        least, reason = LEAST[kind]
        most = int(np.bincount(_codes(groups[:1])).max())
        if most < least:
            self.refuse(None, f"needs at least {least} rows of one device, got {most}: {reason}")


def _codes(columns: Sequence[NDArray[np.generic]]) -> I64:
    """One number for each combination of values, (n,)."""
    codes = np.zeros(columns[0].size, dtype=np.int64)
    for column in columns:
        if column.size and (column == column[0]).all():
            continue
        _, own = np.unique(column, return_inverse=True)
        _, codes = np.unique(codes * (int(own.max()) + 1) + own, return_inverse=True)
    return codes


def _prefix(value: float, usual: float) -> str:
    """Prefix of the unit that would bring `value` nearest to what is usual."""
    return min(_PREFIXES, key=lambda one: abs(np.log(value * one[0] / usual)))[1]
