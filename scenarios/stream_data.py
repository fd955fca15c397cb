"""The data of the stream scenario: a user's CSV with labels where there are any, or a stream made from the seed."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from devices.units import Second
from htm.pick import BadInput, Params
from htm.streams import stream

from .nab_data import Series, Times, as_moment, csv_rows, read_json, read_series

Windows = tuple[tuple[int, int], ...]
"""First and last record of each labelled anomaly, both inside it, in order of time."""

DAY = 86_400  # [s]


class SyntheticParams(Params):
    """The stream that is made where no file is given."""

    weeks: int = Field(default=10, ge=2, le=520, description="length in weeks")
    step: Second = Field(
        default=1800.0, ge=60.0, le=7200.0, description="time between records, a whole part of a day [s]"
    )
    noise: float = Field(default=1.5, ge=0.0, description="sd of the noise; the values lie in about 20 .. 80")

    @model_validator(mode="after")
    def _check(self) -> SyntheticParams:
        if DAY % self.step:
            raise ValueError(f"step: must be a whole part of a day ({DAY} s), got {self.step:g}")
        return self


class StreamDataParams(Params):
    """Which stream, and what is known of it."""

    path: str | None = Field(default=None, description="CSV file; none: a stream is made from the seed")
    timestamp: str = Field(default="timestamp", description="name of the column of timestamps")
    value: str = Field(default="value", description="name of the column of values")
    date_format: str | None = Field(
        default=None, description='such as "%m/%d/%y %H:%M"; none: ISO, 2014-07-01 00:30:00'
    )
    backwards: bool = Field(default=False, description="whether timestamps may go backwards")
    labels: str | None = Field(
        default=None,
        description="anomaly windows: JSON as NAB's combined_windows.json, or CSV with columns start, end",
    )
    range: Literal["probation", "file"] = Field(
        default="probation",
        description="low and high of the records before judging starts, or of the whole file, which looks ahead",
    )
    low: float | None = Field(default=None, description="least usual value; none: from the range")
    high: float | None = Field(default=None, description="greatest usual value; none: from the range")
    synthetic: SyntheticParams = Field(default_factory=SyntheticParams)

    @field_validator("path", "labels", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return os.fspath(value) if isinstance(value, os.PathLike) else value

    @model_validator(mode="after")
    def _check(self) -> StreamDataParams:
        if self.labels is not None and self.path is None:
            raise ValueError("labels: need data.path, the made stream brings its own")
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise ValueError(f"high: must exceed low ({self.low:g}), got {self.high:g}")
        return self


@dataclass(frozen=True)
class Stream:
    """Records, and the labelled anomalies where labels are known.

    Attributes
    ----------
    name : what to call it in a message
    series : timestamps and values
    windows : none where nothing is labelled; empty where it is known that nothing happens
    """

    name: str
    series: Series
    windows: Windows | None

    def __len__(self) -> int:
        return len(self.series)


def load_stream(params: StreamDataParams, seed: int) -> Stream:
    """The stream that `params` ask for."""
    if params.path is None:
        return synthetic_stream(params.synthetic, seed)
    path = Path(params.path).expanduser()
    series = read_series(
        path,
        timestamp=params.timestamp,
        value=params.value,
        date_format=params.date_format,
        backwards=params.backwards,
    )
    windows = None
    if params.labels is not None:
        labels = Path(params.labels).expanduser()
        windows = read_windows(labels, path, series.timestamps, params.date_format)
    return Stream(str(path), series, windows)


def value_range(params: StreamDataParams, values: NDArray[np.float64], probation: int) -> tuple[float, float]:
    """Range in which values usually lie.

    Only the first records are looked at, unless the user asks for the whole file: a detector that knows the
    extremes of what is still to come, as NuPIC's on NAB, could not be run live.

    Parameters
    ----------
    params : bounds given by the user win
    values : (records,)
    probation : records before judging starts
    """
    seen = values[:probation] if params.range == "probation" else values
    low = float(seen.min()) if params.low is None else params.low
    high = float(seen.max()) if params.high is None else params.high
    if not math.isfinite(2.0 * (high - low)):
        raise BadInput(f"data.value: values from {low:g} to {high:g} lie too far apart")
    if low > high:
        bound = f"low ({low:g})" if params.low is not None else f"high ({high:g})"
        raise BadInput(
            f"data.{bound}: leaves no range beside the values' own {seen.min():g} .. {seen.max():g}"
        )
    return low, high


def read_windows(labels: Path, path: Path, times: Times, date_format: str | None = None) -> Windows:
    """Windows of the stream in `path`: every record from a window's start to its end, both included.

    Parameters
    ----------
    labels : ``.json`` as NAB's combined_windows.json, else CSV with the columns start and end
    path : the stream's file, whose entry is looked up in a JSON file: by its last folders and name, or by its name
    times : (records,)
    date_format : of a CSV file's dates, where they are not ISO
    """
    pairs = _json_windows(labels, path) if labels.suffix == ".json" else _csv_windows(labels, date_format)
    found = []
    for where, start, end in pairs:
        if end < start:
            raise BadInput(f"{where}: a window must begin before it ends, got {start} .. {end}")
        inside = np.flatnonzero((times >= np.datetime64(start, "us")) & (times <= np.datetime64(end, "us")))
        if not inside.size:
            raise BadInput(f"{where}: no record lies in the window {start} .. {end}")
        found.append((int(inside[0]), int(inside[-1]), where))
    found.sort()
    for (_, last, _), (first, _, where) in itertools.pairwise(found):
        if first <= last:
            raise BadInput(f"{where}: must not overlap the window before")
    return tuple((first, last) for first, last, _ in found)


def _json_windows(labels: Path, path: Path) -> Iterator[tuple[str, datetime, datetime]]:
    """Where it stands, start and end of every window."""
    table = read_json(labels)
    if not isinstance(table, dict) or not all(isinstance(one, list) for one in table.values()):
        raise BadInput(f"{labels}: must map file names to lists of windows")
    full = f"/{path.resolve().as_posix()}"
    keys = [key for key in table if full.endswith(f"/{key}")]
    keys = keys or [key for key in table if key.rpartition("/")[2] == path.name]
    if len(keys) != 1:
        raise BadInput(f"{labels}: must have one entry for {path.name}, got {len(keys)} of {len(table)}")
    for pair in table[keys[0]]:
        where = f"{labels}: {keys[0]}"
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(one, str) for one in pair):
            raise BadInput(f"{where}: a window must be a pair of timestamps, got {pair!r:.60}")
        yield where, as_moment(pair[0], where, "start"), as_moment(pair[1], where, "end")


def _csv_windows(labels: Path, date_format: str | None) -> Iterator[tuple[str, datetime, datetime]]:
    for number, (start, end) in csv_rows(labels, ("start", "end")):
        where = f"{labels} row {number}"
        yield where, as_moment(start, where, "start", date_format), as_moment(end, where, "end", date_format)


def synthetic_stream(params: SyntheticParams, seed: int) -> Stream:
    """A made stream, as of a building's load: working days and weekends, noise, and three labelled anomalies.

    1. *burst*   four hours of load in a quiet night
    2. *frozen*  one value for a day, as from a stuck sensor
    3. *shifted* two days whose rhythm is eight hours late; every single value is a usual one

    Parameters
    ----------
    params : length, time between records, noise
    seed : of the noise; the pattern and the anomalies are always the same
    """
    day = round(DAY / params.step)
    records = params.weeks * 7 * day
    index = np.arange(records)
    hour = (index % day) * 24.0 / day
    weekday = index // day % 7
    values = _load(hour, weekday) + stream(seed, "data.synthetic").normal(0.0, params.noise, records)
    burst = _from(0.4, records, day, hour=2), 4 * day // 24
    frozen = _from(0.62, records, day, hour=9), day
    shifted = _from(0.84, records, day, hour=0), 2 * day
    windows = []
    for kind, (first, length) in enumerate((burst, frozen, shifted)):
        here = slice(first, first + length)
        if kind == 0:
            values[here] += 35.0
        elif kind == 1:
            values[here] = values[first]
        else:
            late = _load((hour[here] - 8.0) % 24.0, weekday[here])
            values[here] += late - _load(hour[here], weekday[here])
        windows.append((first, first + length - 1))
    start, step = np.datetime64("2024-01-01T00:00:00", "us"), np.timedelta64(round(params.step * 1e6), "us")
    return Stream("the made stream", Series(start + index * step, values), tuple(windows))


def _from(share: float, records: int, day: int, hour: int) -> int:
    """The record at an hour of the day in which `share` of the stream is over."""
    return int(share * records) // day * day + hour * day // 24


def _load(hour: NDArray[np.float64], weekday: NDArray[np.int64]) -> NDArray[np.float64]:
    """Quiet nights at 20, working days up to 80, weekends up to 40."""
    at_work = 1.0 / (1.0 + np.exp(-2.0 * (hour - 7.5))) - 1.0 / (1.0 + np.exp(-2.0 * (hour - 18.5)))
    return 20.0 + np.where(weekday < 5, 60.0, 20.0) * at_work
