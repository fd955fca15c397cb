"""Measurements in CSV files: reading them strictly, each complaint with its row, and writing them.

The kind of a file is known from its columns; a column's unit may stand behind its name, ``conductance [uS]``.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO, Any

import numpy as np

from htm.pick import BadInput, nearest

from .check_csv import check
from .measurements import F64, I64, IvCurves, Measurement, PulseTrains, RepeatedReads, RetentionRun
from .units import parse_quantity

KINDS: dict[str, tuple[type[Measurement], tuple[str, ...], tuple[str, ...]]] = {
    "pulses": (PulseTrains, ("pulse", "polarity", "conductance"), ("device", "cycle")),
    "reads": (RepeatedReads, ("read", "conductance"), ("device", "time")),
    "iv": (IvCurves, ("voltage", "current"), ("device",)),
    "retention": (RetentionRun, ("time", "conductance"), ("device", "target", "temperature")),
}
"""Class, columns that must be there, and columns that may, by kind."""

UNITS = {"conductance": "S", "target": "S", "time": "s", "temperature": "K", "voltage": "V", "current": "A"}
_TELLTALE = {
    "pulses": {"pulse", "polarity"},
    "reads": {"read"},
    "iv": {"voltage", "current"},
    "retention": {"time"},
}
_SIGNS = {
    "1": 1, "+1": 1, "1.0": 1, "+": 1, "set": 1, "potentiation": 1,
    "-1": -1, "-1.0": -1, "-": -1, "−": -1, "−1": -1, "reset": -1, "depression": -1,
    "0": 0, "0.0": 0, "": 0, "none": 0,
}  # fmt: skip
_HEADER = re.compile(r"(.*?)\s*[\[(]\s*([^\])]*?)\s*[\])]")
_PART = 1 << 16
"""Rows turned into numbers at a time: their texts take far more memory than the numbers."""


@dataclass(frozen=True)
class MeasuredFile:
    """What a CSV file holds.

    Attributes
    ----------
    path : the file
    kind : pulses, retention, reads or iv
    data : its rows
    notes : what a user should know of the reading, a sentence each
    """

    path: str
    kind: str
    data: Measurement
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Column:
    place: int
    scale: float = 1.0
    offset: float = 0.0


def read_csv(path: Path | str) -> MeasuredFile:
    """Read and check one file.

    Raises
    ------
    BadInput
        One line with the file, the row (the header being row 1) and the reason.
    """
    try:
        try:
            return _read(path, "utf-8-sig")
        except UnicodeDecodeError:  # of an old spreadsheet; its µ is the same in all western code pages
            return _read(path, "latin-1")
    except OSError as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise BadInput(f"{path}: {reason}") from None


def _read(path: Path | str, encoding: str) -> MeasuredFile:
    with Path(path).open(encoding=encoding, newline="") as file:
        reader = _reader(path, file)
        try:
            header = next((row for row in reader if _filled(row)), None)
            if header is None:
                raise BadInput(f"{path}: is empty")
            kind, columns, ignored = _columns(path, header, reader.line_num)
            texts, numbers, line = _rows(path, reader, kind, columns, len(header))
        except csv.Error as error:
            raise BadInput(f"{path}: row {reader.line_num}: is no CSV: {error}") from None
    if not line.size:
        raise BadInput(f"{path}: is empty below its header")
    notes = [f"column {name!r} is not known and ignored" for name in ignored]
    data, more = _measurement(path, kind, texts, numbers, line)
    return MeasuredFile(str(path), kind, *check(path, kind, data, [*notes, *more], set(columns)))


def _reader(path: Path | str, file: IO[str]) -> Any:
    """A reader with the separator that the header has."""
    start = file.read(1 << 16)
    if "\0" in start:
        raise BadInput(f"{path}: is no plain text (save it as CSV in UTF-8)")
    file.seek(0)
    header = next((text for text in start.splitlines() if text.strip() and not text.startswith("#")), "")
    return csv.reader(file, delimiter=max(",;\t", key=header.count))


def _filled(row: Sequence[str]) -> bool:
    return any(cell.strip() for cell in row) and not row[0].startswith("#")


# The header ------------------------------------------------------------------------------------------------


def _columns(path: Path | str, header: Sequence[str], row: int) -> tuple[str, dict[str, _Column], list[str]]:
    """Kind of the file, its columns by name, and those of no use."""
    found: dict[str, tuple[int, str]] = {}
    for place, cell in enumerate(header):
        match = _HEADER.fullmatch(cell.strip())
        name, unit = match.groups() if match else (cell.strip(), "")
        name = name.strip().lower()
        if name in found:
            raise BadInput(f"{path}: row {row}: column {name!r} comes twice")
        found[name] = (place, unit)
    kind = _kind(path, found, row)
    _, needed, optional = KINDS[kind]
    others = [name for name in found if name not in (*needed, *optional)]
    for name in needed:
        if name not in found:
            hint = nearest(name, others) if others else ""
            hint = hint if "did you mean" in hint else f"(there: {', '.join(filter(None, found))})"
            raise BadInput(f"{path}: row {row}: a file of {kind} needs a column {name!r} {hint}")
    columns = {name: _unit(path, row, name, *found[name]) for name in (*needed, *optional) if name in found}
    return kind, columns, [name for name in others if name]


def _kind(path: Path | str, found: Mapping[str, Any], row: int) -> str:
    for kind, words in _TELLTALE.items():
        if words & found.keys():
            return kind
    every = {name for _, needed, _ in KINDS.values() for name in needed}
    guess = next((f" {nearest(name, every)}" for name in found if "did" in nearest(name, every)), "")
    columns = "; ".join(f"{kind}: {', '.join(needed)}" for kind, (_, needed, _) in KINDS.items())
    raise BadInput(
        f"{path}: row {row}: the columns {', '.join(map(repr, found))} are of no known kind{guess} ({columns})"
    )


def _unit(path: Path | str, row: int, name: str, place: int, unit: str) -> _Column:
    if not unit:
        return _Column(place)
    if name == "temperature" and unit.lower().lstrip("°") in ("c", "degc", "celsius"):
        return _Column(place, 1.0, 273.15)
    if name not in UNITS:
        raise BadInput(f"{path}: row {row}: column {name!r} has no unit, got [{unit}]")
    try:
        return _Column(place, float(parse_quantity(f"1 {unit}", UNITS[name])))
    except ValueError:
        allowed = f"{UNITS[name]} with a prefix such as n, u, m"
        allowed += {"time": ", or min, h, d", "temperature": ", or C"}.get(name, "")
        raise BadInput(f"{path}: row {row}: column {name!r} must be in {allowed}, got [{unit}]") from None


# The rows --------------------------------------------------------------------------------------------------

_TEXTS = ("device", "cycle", "polarity")


def _rows(
    path: Path | str, reader: Any, kind: str, columns: Mapping[str, _Column], width: int
) -> tuple[dict[str, list[str]], dict[str, F64], I64]:
    """Labels as texts, everything else as numbers in SI units, and the row of each in the file."""
    texts: dict[str, list[str]] = {name: [] for name in columns if name in _TEXTS}
    numbers: dict[str, list[F64]] = {name: [] for name in columns if name not in _TEXTS}
    lines: list[int] = []
    part: list[list[str]] = []
    start = 0

    def digest() -> None:
        nonlocal start
        of_part = lines[start:]
        for name, column in columns.items():
            cells = [row[column.place] for row in part]
            if name in texts:
                texts[name] += cells
            else:
                values = _numbers(path, name, cells, of_part)
                numbers[name].append(values * column.scale + column.offset)
        start = len(lines)
        part.clear()

    for row in reader:
        if len(row) != width:
            if not _filled(row):
                continue
            raise BadInput(
                f"{path}: row {reader.line_num}: must have {width} cells as the header, got {len(row)}"
            )
        if (not row[0] and not _filled(row)) or row[0].startswith("#"):
            continue
        part.append(row)
        lines.append(reader.line_num)
        if len(part) == _PART:
            digest()
    digest()
    joined = {name: np.concatenate(parts) for name, parts in numbers.items()}
    return texts, joined, np.asarray(lines, dtype=np.int64)


def _numbers(path: Path | str, name: str, cells: list[str], lines: Sequence[int]) -> F64:
    try:
        values = np.fromiter(map(float, cells), dtype=np.float64, count=len(cells))
    except ValueError:
        for cell, line in zip(cells, lines, strict=True):
            try:
                float(cell)
            except ValueError:
                hint = " (a decimal comma? use a point)" if re.fullmatch(r"\s*-?\d+,\d+\s*", cell) else ""
                raise BadInput(
                    f"{path}: row {line}: {name} must be a number, got {cell[:40]!r}{hint}"
                ) from None
        raise
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise BadInput(f"{path}: row {lines[bad[0]]}: {name} must be finite, got {cells[bad[0]].strip()!r}")
    return values


def _measurement(
    path: Path | str, kind: str, texts: Mapping[str, list[str]], numbers: Mapping[str, F64], line: I64
) -> tuple[Measurement, list[str]]:
    values: dict[str, Any] = {"device": _labels(texts["device"]) if "device" in texts else 0 * line}
    for name, column in numbers.items():
        values[name] = _whole(path, name, column, line) if name in ("pulse", "read") else column
    notes = []
    if kind == "pulses":
        values["cycle"] = _labels(texts["cycle"]) if "cycle" in texts else 0 * line
        values["polarity"] = polarity = _polarity(path, texts["polarity"], line)
        first = values["pulse"] == 0
        if (first & (polarity != 0)).any() and not (polarity == 0).any():
            values["pulse"] = values["pulse"] + 1
            notes.append("pulses count from 0: the first row is the state after the first pulse")
    return KINDS[kind][0](**values, line=line), notes


def _labels(cells: Sequence[str]) -> I64:
    """Whole numbers as they are; any other labels numbered in order of appearance."""
    places: dict[str, int] = {}
    codes = np.fromiter((places.setdefault(cell, len(places)) for cell in cells), np.int64, len(cells))
    names = [name.strip() for name in places]
    if all(re.fullmatch(r"-?\d{1,15}", name) for name in names):
        values = [int(name) for name in names]
    else:
        order = {name: at for at, name in enumerate(dict.fromkeys(names))}
        values = [order[name] for name in names]
    return np.asarray(values, dtype=np.int64)[codes]


def _whole(path: Path | str, name: str, values: F64, line: I64) -> I64:
    bad = np.flatnonzero((values != np.floor(values)) | (values < 0) | (values > 2**53))
    if bad.size:
        got = values[bad[0]]
        raise BadInput(
            f"{path}: row {line[bad[0]]}: {name} must be a whole number of at least 0, got {got:g}"
        )
    return values.astype(np.int64)


def _polarity(path: Path | str, cells: Sequence[str], line: I64) -> I64:
    signs: dict[str, int] = {}
    for at, cell in enumerate(cells):
        if cell not in signs:
            sign = _SIGNS.get(cell.strip().lower())
            if sign is None:
                raise BadInput(
                    f"{path}: row {line[at]}: polarity must be 1 or -1, + or -, set or reset, potentiation or "
                    f"depression, got {cell[:40]!r}"
                )
            signs[cell] = sign
    return np.fromiter((signs[cell] for cell in cells), np.int64, len(cells))


# Writing and joining ---------------------------------------------------------------------------------------


def kind_of(data: Measurement) -> str:
    """Word for a kind of measurement."""
    return next(kind for kind, (model, _, _) in KINDS.items() if type(data) is model)


def write_csv(data: Measurement, path: Path | str) -> Path:
    """Write measurements as `read_csv` reads them, to the last digit."""
    path = Path(path)
    _, needed, optional = KINDS[kind_of(data)]
    names: list[str] = [name for name in ("device", "cycle") if name in optional]
    names += [name for name in (*needed, *optional) if name not in names]
    names = [name for name in names if getattr(data, name) is not None]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([f"{name} [{UNITS[name]}]" if name in UNITS else name for name in names])
        writer.writerows(zip(*(getattr(data, name).tolist() for name in names), strict=True))
    return path


def joined(files: Sequence[MeasuredFile]) -> Measurement:
    """All measurements of one kind as one; devices of different files are different devices."""
    first = files[0].data
    values: dict[str, Any] = {}
    for field in fields(first):
        parts = [getattr(one.data, field.name) for one in files]
        missing = [one.path for one, part in zip(files, parts, strict=True) if part is None]
        if missing and len(missing) < len(parts):
            raise BadInput(
                f"{missing[0]}: has no column {field.name!r}, which other files of {files[0].kind} have"
            )
        values[field.name] = None if missing else np.concatenate(parts)
    if len(files) > 1:
        parts, above = [], 0
        for one in files:
            _, codes = np.unique(one.data.device, return_inverse=True)
            parts.append(codes + above)
            above = int(parts[-1].max()) + 1
        values["device"] = np.concatenate(parts)
    return KINDS[files[0].kind][0](**values)
