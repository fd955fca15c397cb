"""Time series with a timestamp and a value: any CSV, and the labelled corpus of the Numenta Anomaly Benchmark (NAB).

Nothing downloads: a NAB checkout is named by its path. Its layout is ``data/<group>/<name>.csv`` with the columns
timestamp and value, and ``labels/combined_windows.json`` with the first and last timestamp of each anomaly window
(Lavin, Ahmad 2015, arXiv 1510.03336; github numenta/NAB, MIT).
"""

from __future__ import annotations

import contextlib
import csv
import itertools
import json
import math
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from htm.pick import BadInput

Times = NDArray[np.datetime64]

# NuPIC's CSV files name a type under each column, and a flag under that.
_NUPIC_TYPES = frozenset({"datetime", "int", "float", "string", "bool", "list"})


@dataclass(frozen=True)
class Series:
    """A stream of values.

    Attributes
    ----------
    timestamps : (records,) datetime64[us], not decreasing unless the reader was told otherwise
    values : (records,) float64, finite
    """

    timestamps: Times
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return int(self.values.size)


@dataclass(frozen=True)
class LabelledSeries:
    """A series of the benchmark with its anomaly windows.

    Attributes
    ----------
    name : group and file, e.g. ``realKnownCause/nyc_taxi.csv``
    series : timestamps and values
    windows : first and last record of each window, both inside it, in order of time
    """

    name: str
    series: Series
    windows: tuple[tuple[int, int], ...]

    def __len__(self) -> int:
        return len(self.series)

    @property
    def group(self) -> str:
        """The folder of the file: kind of data."""
        return self.name.rpartition("/")[0]

    @property
    def labels(self) -> NDArray[np.int8]:
        """1 where the record's timestamp lies in a window, (records,)."""
        times = self.series.timestamps
        labels = np.zeros(len(self), dtype=np.int8)
        for first, last in self.windows:
            labels[(times >= times[first]) & (times <= times[last])] = 1
        return labels


@dataclass(frozen=True)
class NabCorpus:
    """The benchmark's series that are there.

    Attributes
    ----------
    files : by name, sorted
    missing : names that have labels but no file
    unlabelled : files that have no labels and are therefore left out
    """

    files: Mapping[str, LabelledSeries]
    missing: tuple[str, ...] = ()
    unlabelled: tuple[str, ...] = ()

    def group(self, name: str) -> NabCorpus:
        """The series of one group."""
        inside = {key: one for key, one in self.files.items() if one.group == name}
        if not inside:
            known = ", ".join(sorted({one.group for one in self.files.values()}))
            raise BadInput(f"group: must be one of {known}, got {name!r}")
        return NabCorpus(inside)


def read_series(
    path: Path | str,
    *,
    timestamp: str = "timestamp",
    value: str = "value",
    date_format: str | None = None,
    backwards: bool = False,
) -> Series:
    """Timestamps and values of a CSV file, with one header row or NuPIC's three.

    Parameters
    ----------
    path : the file
    timestamp, value : names of the two columns; others are left alone
    date_format : as `datetime.strptime` has it, e.g. ``"%m/%d/%y %H:%M"``; none: ISO form
    backwards : whether a timestamp may be earlier than the one before; equal ones always may be

    Raises
    ------
    BadInput
        Where the file cannot be read or a column is missing; where a row is short, its timestamp cannot be read, goes
        backwards or bears a time zone, or its value is no finite number: with file and row (1 is the header).
    """
    path = Path(path)
    times: list[datetime] = []
    values: list[float] = []
    for number, row in csv_rows(path, (timestamp, value)):
        where = f"{path} row {number}"
        when = as_moment(row[0], where, timestamp, date_format)
        if times and when < times[-1] and not backwards:
            raise BadInput(f"{where}: {timestamp}: goes backwards, from {times[-1]} to {when}")
        times.append(when)
        values.append(_finite(row[1], where, value))
    if not times:
        raise BadInput(f"{path}: holds no records")
    return Series(np.array(times, dtype="datetime64[us]"), np.array(values))


def csv_rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Number in the file and the wanted fields of every record."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            header = [name.strip() for name in next(reader, [])]
            for name in columns:
                if name not in header:
                    there = ", ".join(header)[:120] or "nothing"
                    raise BadInput(f"{path} row 1: must have the columns {', '.join(columns)}, got {there}")
            places = [header.index(name) for name in columns]
            flags = 0
            for row in reader:
                number = reader.line_num
                if number == 2 and row and {field.strip() for field in row} <= _NUPIC_TYPES:
                    flags = 3
                elif number != flags and row:
                    if len(row) <= max(places):
                        raise BadInput(f"{path} row {number}: must have {len(header)} fields, got {len(row)}")
                    yield number, [row[place].strip() for place in places]
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path}: is no CSV text ({error})") from None


def as_moment(text: str, where: str, column: str, date_format: str | None = None) -> datetime:
    try:
        when = datetime.strptime(text, date_format) if date_format else datetime.fromisoformat(text)
    except ValueError:
        like = date_format or "2014-07-01 00:30:00"
        raise BadInput(f"{where}: {column}: must be a date like {like}, got {text!r:.60}") from None
    if when.tzinfo is not None:
        raise BadInput(f"{where}: {column}: must bear no time zone, got {text!r:.60}")
    return when


def _finite(text: str, where: str, column: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise BadInput(f"{where}: {column}: must be a finite number, got {text!r:.60}")
    return number


def load_nab(folder: Path | str) -> NabCorpus:
    """The labelled series of a NAB checkout, or of a folder laid out like one.

    Timestamps may step back here: ``machine_temperature_system_failure.csv`` does once, and NAB reads it as it is.

    Parameters
    ----------
    folder : holds ``data/`` and ``labels/combined_windows.json``
    """
    folder = Path(folder)
    labels = folder / "labels" / "combined_windows.json"
    if not (folder / "data").is_dir() or not labels.is_file():
        raise BadInput(f"{folder}: is no NAB checkout, it must hold data/ and labels/combined_windows.json")
    windows = read_json(labels)
    if not isinstance(windows, dict) or not all(isinstance(one, list) for one in windows.values()):
        raise BadInput(f"{labels}: must map file names to lists of windows")
    there = {path.relative_to(folder / "data").as_posix(): path for path in (folder / "data").rglob("*.csv")}
    files: dict[str, LabelledSeries] = {}
    for name in sorted(set(windows) & set(there)):
        series = read_series(there[name], backwards=True)
        limits = tuple(_window(labels, name, pair, series.timestamps) for pair in windows[name])
        if any(later[0] <= earlier[1] for earlier, later in itertools.pairwise(limits)):
            raise BadInput(f"{labels}: {name}: windows must follow each other without overlap")
        files[name] = LabelledSeries(name, series, limits)
    if not files:
        raise BadInput(f"{folder}: none of the {len(windows)} labelled series is in data/")
    missing, unlabelled = sorted(set(windows) - set(there)), sorted(set(there) - set(windows))
    return NabCorpus(files, tuple(missing), tuple(unlabelled))


def read_json(path: Path) -> Any:
    """What a JSON file holds."""
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: is no JSON text ({error})") from None


def _window(labels: Path, name: str, pair: Any, times: Times) -> tuple[int, int]:
    """First and last record of a window; of records with one timestamp NAB takes the first."""
    where = f"{labels}: {name}"
    if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(one, str) for one in pair):
        raise BadInput(f"{where}: a window must be a pair of timestamps, got {pair!r:.60}")
    found = []
    for text in pair:
        places = np.flatnonzero(times == np.datetime64(as_moment(text, where, "window"), "us"))
        if not places.size:
            raise BadInput(f"{where}: window limit {text} is no timestamp of the series")
        found.append(int(places[0]))
    if found[1] < found[0]:
        raise BadInput(f"{where}: a window must begin before it ends, got {pair}")
    return (found[0], found[1])


def result_path(folder: Path | str, detector: str, name: str) -> Path:
    """Where NAB looks for a detector's scores of the series `name`: ``<detector>/<group>/<detector>_<file>``."""
    group, _, file = name.rpartition("/")
    return Path(folder) / detector / group / f"{detector}_{file}"


def write_result(folder: Path | str, detector: str, file: LabelledSeries, scores: Any) -> Path:
    """Write anomaly scores as NAB's own scorer reads them: columns timestamp, value, anomaly_score, label.

    Parameters
    ----------
    folder : NAB's ``results`` folder or another
    detector : the detector's name
    file : the series
    scores : (records,) 0..1
    """
    path = result_path(folder, detector, file.name)
    numbers = checked_scores(file, scores)
    moments = [moment.isoformat(" ") for moment in file.series.timestamps.tolist()]
    rows = zip(moments, file.series.values.tolist(), numbers.tolist(), file.labels.tolist(), strict=True)
    part = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(["timestamp", "value", "anomaly_score", "label"])
            writer.writerows(rows)
        part.replace(path)
    except OSError as error:
        raise BadInput(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
    return path


def read_result(folder: Path | str, detector: str, file: LabelledSeries) -> NDArray[np.float64]:
    """Anomaly scores of a stored result, ours or NAB's, (records,)."""
    path = result_path(folder, detector, file.name)
    column = "anomaly_score"
    scores = [_finite(row[0], f"{path} row {number}", column) for number, row in csv_rows(path, (column,))]
    if len(scores) != len(file):
        raise BadInput(f"{path}: must have a score for each of {len(file)} records, got {len(scores)}")
    return checked_scores(file, scores)


def checked_scores(file: LabelledSeries, scores: Any) -> NDArray[np.float64]:
    """Scores as an array, refused where their number is wrong or one lies outside 0..1."""
    numbers = np.asarray(scores, dtype=np.float64)
    if numbers.shape != (len(file),):
        raise BadInput(f"scores of {file.name}: must have shape {(len(file),)}, got {numbers.shape}")
    bad = np.flatnonzero(~((numbers >= 0) & (numbers <= 1)))
    if bad.size:
        raise BadInput(f"scores of {file.name}: must lie in 0..1, got {numbers[bad[0]]} at record {bad[0]}")
    return numbers
