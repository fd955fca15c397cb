"""What a figure draws, taken from the results: swept axes, their values, and metrics summarised over seeds.

Knows pandas frames, knows no matplotlib.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from htm.pick import BadInput

from .labels import Label, as_number, label_of
from .quality import Quality, quality_of
from .stats import Interval, mean_interval

if TYPE_CHECKING:
    import pandas as pd


class ResultsLike(Protocol):
    """What the plots need of `scenarios.results.Results`."""

    @property
    def manifest(self) -> Mapping[str, Any]:
        """Scenario, base configuration, swept values and seeds."""

    def to_dataframe(self) -> pd.DataFrame:
        """One row a point."""

    def arrays(self, point_id: str) -> Mapping[str, np.ndarray]:
        """Arrays of one point."""


@dataclass(frozen=True)
class Axis:
    """One swept key.

    Attributes
    ----------
    key : dotted name, as in ``--vary``
    label : unit and description
    values : distinct values; numbers ascending, words in the order of the sweep
    numeric : whether every value is a number
    """

    key: str
    label: Label
    values: tuple[Any, ...]
    numeric: bool

    @property
    def scale(self) -> str:
        """``linear``, ``log`` where the values are geometric, ``symlog`` where 0 goes before such values."""
        return scale_of(self.values) if self.numeric else "linear"

    def texts(self) -> list[str]:
        """Values as short texts, in the unit of `shown`."""
        if not self.numeric:
            return [str(value) for value in self.values]
        return [f"{value:.4g}" for value in self.shown()]

    def shown(self) -> list[float]:
        """Numeric values in the prefixed unit of the label (µS rather than S)."""
        factor, _ = self.label.prefix(self.values)
        return [float(value) * factor for value in self.values]

    def title(self) -> str:
        """Axis label: key with unit, and what it means beneath."""
        return self.label.text(self.values if self.numeric else ())


@dataclass(frozen=True)
class Table:
    """Finished points, one row each, with the position of every row's value on every axis.

    Attributes
    ----------
    scenario : name of the scenario
    hardware : what the hardware side is called: the substrate's name
    quality : the metric that the scenario is judged by
    frame : the results' rows
    axes : swept keys with more than one value
    where : (rows, axes) index of each row's value in ``axes[i].values``
    expected : number of points that the sweep asks for
    """

    scenario: str
    hardware: str
    quality: Quality
    frame: pd.DataFrame
    axes: tuple[Axis, ...]
    where: np.ndarray
    expected: int

    @property
    def seeds(self) -> int:
        """Number of different seeds."""
        return int(self.frame["seed"].nunique()) if "seed" in self.frame else 1

    @property
    def note(self) -> str:
        """Seeds, and how much of the sweep is there: what a reader needs to trust the picture."""
        if self.seeds > 1:
            return self._and_unfinished(f"Mean of {self.seeds} seeds with the 95 % t-interval of the mean")
        return self._and_unfinished("One seed, so no interval")

    @property
    def mean_note(self) -> str:
        """The same where no interval is drawn."""
        return self._and_unfinished(f"Mean of {self.seeds} seeds" if self.seeds > 1 else "One seed")

    def _and_unfinished(self, text: str) -> str:
        if len(self.frame) < self.expected:
            text += f"; unfinished: {len(self.frame)} of {self.expected} points"
        return text

    @property
    def on_hardware(self) -> str:
        """The hardware side as a place, in words."""
        return f"on the {self.hardware}{' substrate' if self.hardware == 'spiking' else ''}"

    @property
    def sided(self) -> bool:
        """Whether there is a hardware side beside the software."""
        return self.has(self.quality.hardware)

    @property
    def subject(self) -> str:
        """Whose quality a title speaks of: the hardware's by name, or nobody's where software is alone."""
        return f"{self.hardware} {self.quality.word}" if self.sided else self.quality.word

    def averaged(self, shown: Sequence[int | None]) -> str:
        """``, averaged over ...``: the axes that a figure of the axes `shown` cannot show."""
        others = [axis.key for i, axis in enumerate(self.axes) if i not in shown]
        return f", averaged over {' and '.join(others)}" if others else ""

    def has(self, metric: str) -> bool:
        """Whether any row has a number for `metric`."""
        return metric in self.frame and bool(np.isfinite(self.column(metric)).any())

    def column(self, metric: str) -> NDArray[np.float64]:
        """One metric, (rows,), NaN where absent."""
        if metric == self.quality.loss:  # software minus hardware of the same seed and point
            return self.column(self.quality.software) - self.column(self.quality.hardware)
        if metric not in self.frame:
            return np.full(len(self.frame), np.nan)
        import pandas as pd

        column: NDArray[np.float64] = pd.to_numeric(self.frame[metric], errors="coerce").to_numpy(np.float64)
        return column

    def summary(self, metric: str, at: Mapping[int, int], factor: float = 1.0) -> Interval:
        """Mean and interval over seeds of `metric` where axis i stands at value ``at[i]``.

        Axes that `at` does not name are averaged within each seed first, so the interval speaks of seeds
        and never of the grid.
        """
        rows = np.ones(len(self.frame), dtype=np.bool_)
        for axis, position in at.items():
            rows &= self.where[:, axis] == position
        values = self.column(metric)[rows] * factor
        seeds = self.frame["seed"].to_numpy()[rows] if "seed" in self.frame else np.zeros(int(rows.sum()))
        return mean_interval([_mean(values[seeds == seed]) for seed in np.unique(seeds)])

    def depends(self, metric: str, axis: int) -> bool:
        """Whether `metric` changes along `axis` while seed and all other axes stay.

        A device's flaw leaves the software as it is; such a metric is one line, not one a value.
        """
        others = [self.where[:, i] for i in range(len(self.axes)) if i != axis]
        seeds = self.frame["seed"].to_numpy() if "seed" in self.frame else np.zeros(len(self.frame))
        groups: dict[tuple[Any, ...], list[float]] = {}
        for *place, value in zip(*others, seeds, self.column(metric), strict=True):
            if math.isfinite(value):
                groups.setdefault(tuple(place), []).append(value)
        return any(max(values) - min(values) > 1e-9 for values in groups.values())

    def point_ids(self, at: Mapping[int, int]) -> list[str]:
        """Ids of the points at these positions, in order of seed."""
        rows = np.ones(len(self.frame), dtype=np.bool_)
        for axis, position in at.items():
            rows &= self.where[:, axis] == position
        frame = self.frame[rows]
        return [str(name) for name in (frame.sort_values("seed") if "seed" in frame else frame)["id"]]

    def pairs(self) -> list[tuple[int, int]]:
        """Every pair of axes."""
        return list(combinations(range(len(self.axes)), 2))


def table_of(results: ResultsLike) -> Table:
    """Read results into a `Table`.

    Raises
    ------
    BadInput
        Where no point is finished, or none has a metric that can be drawn.
    """
    manifest, frame = results.manifest, results.to_dataframe()
    if len(frame) == 0:
        raise BadInput("results: no finished point to plot; run the sweep first")
    frame = frame.reset_index(drop=True)
    vary: Mapping[str, Sequence[Any]] = manifest.get("vary") or {}
    axes, columns, expected = [], [], max(1, len(manifest.get("seeds") or [0]))
    for key, asked in vary.items():
        column = list(frame[key]) if key in frame else [asked[0]] * len(frame)
        axis, where = _axis(label_of(key, manifest), list(asked), column)
        expected *= max(1, len(asked))
        if len(axis.values) > 1:
            axes.append(axis)
            columns.append(where)
    positions = np.array(columns, dtype=np.int64).reshape(len(columns), len(frame)).T
    scenario = str(manifest.get("scenario", "run"))
    quality = quality_of(scenario)
    table = Table(scenario, _hardware_name(manifest, vary), quality, frame, tuple(axes), positions, expected)
    drawn = (*quality.metrics, "fidelity")
    if not any(table.has(metric) for metric in drawn):
        raise BadInput(f"results: no row has any of {', '.join(drawn)}; nothing to plot")
    return table


def _hardware_name(manifest: Mapping[str, Any], vary: Mapping[str, Sequence[Any]]) -> str:
    """The substrate's name; just hardware where it is software once more, or where several are swept."""
    base = manifest.get("base") or {}
    substrate = base.get("substrate") if isinstance(base, Mapping) else None
    swept = {str(one) for one in vary.get("substrate") or () if one != "software"}
    if len(swept) == 1:
        return swept.pop()
    if swept or substrate == "software":
        return "hardware"
    return substrate if isinstance(substrate, str) else "crossbar"


def _axis(label: Label, asked: list[Any], column: list[Any]) -> tuple[Axis, list[int]]:
    numbers = [as_number(value, label.unit) for value in asked + column]
    numeric = all(math.isfinite(number) for number in numbers)
    # A frame shows none (no limit) as NaN, so both get one word.
    plain: Callable[[Any], Any] = (lambda value: as_number(value, label.unit)) if numeric else _word
    values = list(dict.fromkeys(plain(value) for value in asked))
    # Rows from outside the asked values (a merged folder) are shown, not hidden.
    values += [value for value in dict.fromkeys(map(plain, column)) if value not in values]
    if numeric:
        values.sort()
    index = {value: position for position, value in enumerate(values)}
    axis = Axis(label.key, label, tuple(values), numeric)
    return axis, [index[plain(value)] for value in column]


def _word(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "none"
    number = as_number(value, "")
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    return f"{number:g}" if math.isfinite(number) else str(value)


def _mean(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else math.nan


def scale_of(values: Sequence[float]) -> str:
    """Scale on which values lie most evenly: ``linear``, ``log``, or ``symlog`` (0, then geometric)."""
    array = np.unique(np.asarray(values, dtype=np.float64))
    positive = array[array > 0]
    if positive.size < 3 or array[0] < 0 or positive[-1] / positive[0] < 8.0:
        return "linear"
    steps, log_steps = np.diff(positive), np.diff(np.log(positive))
    uneven, log_uneven = steps.std() / steps.mean(), log_steps.std() / log_steps.mean()
    if log_uneven > 0.5 or log_uneven >= uneven:
        return "linear"
    return "log" if array[0] > 0 else "symlog"
