"""A run on disk: one folder of plain files that survives kill -9, a full disk and many writers at once.

``run.json``                 what is run: resolved parameters, swept values, seeds, versions
``points/<writer>.jsonl``    one line a finished point; each writer appends to a file of its own
``arrays/<point-id>.npz``    the point's arrays

The lines are the source of truth. Each is one ``write()`` with a checksum, so a killed writer leaves at most
one torn last line; everything else is written beside its name and renamed. There is no lock and no daemon: a
network disk will do.
"""

from __future__ import annotations

import json
import math
import os
import secrets
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from htm.pick import BadInput

from .registry import Outcome

SCHEMA = 1
"""Version of the folder's layout; a reader refuses another one."""

AGAIN = "run the same command again to go on, finished points are kept"


@dataclass(frozen=True)
class Record:
    """One finished point.

    Attributes
    ----------
    id : the point's name, a hash of its resolved parameters
    seed : its seed
    values : value of each swept key
    metrics : number by name; one that is no number is NaN
    wall_s : time it took [s]
    """

    id: str
    seed: int
    values: Mapping[str, Any]
    metrics: Mapping[str, float | int]
    wall_s: float


class RunFolder:
    """A run's folder.

    Parameters
    ----------
    path : the folder, which holds a run.json

    Raises
    ------
    BadInput
        Where it is none.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.manifest: dict[str, Any] = _read_manifest(self.path)

    def records(self) -> dict[str, Record]:
        """Every point that has a record, by id; of a point recorded twice the first one counts.

        Raises
        ------
        BadInput
            Where a line other than a torn last one is damaged: it names the file and the line.
        """
        found: dict[str, Record] = {}
        for shard in sorted((self.path / "points").glob("*.jsonl")):
            for record in _read_shard(shard):
                found.setdefault(record.id, record)
        return found

    def finished(self) -> dict[str, Record]:
        """Every finished point: it has a record and its arrays are there."""
        return {name: record for name, record in self.records().items() if self.arrays_path(name).is_file()}

    def arrays_path(self, name: str) -> Path:
        """Where the arrays of point `name` are."""
        return self.path / "arrays" / f"{name}.npz"

    def arrays(self, name: str, only: str | None = None) -> dict[str, NDArray[Any]]:
        """The arrays of point `name`; one of them alone, where it is there, reads no other."""
        path = self.arrays_path(name)
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                return {key: archive[key] for key in archive.files if only in (None, key)}
        except FileNotFoundError:
            raise BadInput(f"{path}: there is no such file; {AGAIN}") from None
        except (OSError, ValueError, TypeError, EOFError, KeyError, zlib.error, BadZipFile) as error:
            raise BadInput(f"{path}: damaged ({error}); delete it and {AGAIN}") from None

    def writer(self) -> Writer:
        """A writer of its own for this process."""
        return Writer(self.path)


def create(path: Path | str, manifest: Mapping[str, Any]) -> RunFolder:
    """Folder of the run that `manifest` describes: a new one, or the one that is there if it is the same run.

    Raises
    ------
    BadInput
        Where the folder holds another run (the first differing key is named) or something else.
    """
    path = Path(path)
    if path.exists() and not path.is_dir():
        raise BadInput(f"{path}: is no folder; choose another with --out")
    if (path / "run.json").exists():
        folder = RunFolder(path)
        difference = _difference(folder.manifest, manifest)
        if difference:
            raise BadInput(f"{path}: holds another run, {difference}; choose another folder with --out")
        return folder
    # Hidden files may be what a killed attempt at creating this very folder left.
    if path.is_dir() and any(not inside.name.startswith(".") for inside in path.iterdir()):
        raise BadInput(f"{path}: holds other files and no run.json; choose another folder with --out")
    whole = {"schema": SCHEMA, **manifest}
    with _one_line(path):
        path.mkdir(parents=True, exist_ok=True)
        text = json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False)
        replace_file(path / "run.json", lambda file: file.write(f"{text}\n".encode()))
    return RunFolder(path)


def discard(path: Path) -> None:
    """Take back a folder in which nothing was finished; what else somebody put there stays."""
    with suppress(OSError):
        (path / "run.json").unlink(missing_ok=True)
        for inside in ("points", "arrays", "checkpoints"):
            if (path / inside).is_dir():
                (path / inside).rmdir()
        path.rmdir()


class Writer:
    """Appends finished points to a shard of its own.

    Parameters
    ----------
    path : the run's folder
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        # Time first so that shards sort by age; random last so that no two writers ever share one.
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        self.shard = self.path / "points" / f"{stamp}-{os.getpid()}-{secrets.token_hex(4)}.jsonl"
        self._lock = threading.Lock()

    def add(self, name: str, seed: int, values: Mapping[str, Any], outcome: Outcome, wall_s: float) -> None:
        """Keep a finished point: its arrays first, so that a record without them means unfinished.

        Raises
        ------
        BadInput
            Where it cannot be written, for instance on a full disk.
        """
        metrics = {key: _number(key, value) for key, value in outcome.metrics.items()}
        body = {"id": name, "seed": seed, "values": dict(values), "metrics": metrics, "wall_s": wall_s}
        arrays = {key: np.asarray(array) for key, array in outcome.arrays.items()}
        with _one_line(self.path):
            for part in ("arrays", "points"):
                (self.path / part).mkdir(exist_ok=True)
            replace_file(self.path / "arrays" / f"{name}.npz", lambda file: _savez(file, arrays))
            self._append(_line(body))

    def _append(self, line: bytes) -> None:
        with self._lock:
            handle = os.open(self.shard, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            try:
                before = os.fstat(handle).st_size
                try:
                    written = os.write(handle, line)
                    if written != len(line):
                        raise OSError(28, os.strerror(28))  # a short write: the disk is full
                    os.fsync(handle)
                except OSError:
                    # The shard is ours alone: take back what went in, a later record must not follow it.
                    os.ftruncate(handle, before)
                    raise
            finally:
                os.close(handle)


def replace_file(path: Path, write: Callable[[IO[bytes]], Any]) -> None:
    """Write a file beside `path` and rename it: readers see all of it or nothing."""
    part = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with part.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


class _one_line:  # noqa: N801 - used as a word in a with statement
    """Turns a failure to write into one line that says what to do."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            reason = error.strerror or str(error)
            raise BadInput(f"{self.path}: cannot be written: {reason}; {AGAIN}") from None


def _savez(file: IO[bytes], arrays: Mapping[str, Any]) -> None:
    pickled = [key for key, array in arrays.items() if array.dtype.hasobject]
    if pickled:
        raise TypeError(f"array {pickled[0]} holds Python objects, which are not kept")
    np.savez(file, **arrays)  # uncompressed: compressing takes a hundred times as long


def _number(key: str, value: Any) -> float | int | str | None:
    """A metric as JSON: NaN is null, which every reader knows, and infinity a word."""
    plain = value.item() if hasattr(value, "item") else value
    if not isinstance(plain, int | float):
        raise TypeError(f"metric {key} must be a number, got {value!r}")
    if math.isnan(plain):
        return None
    return plain if math.isfinite(plain) else repr(plain)


def _line(body: Mapping[str, Any]) -> bytes:
    return f"{json.dumps({**body, 'crc': _checksum(body)}, allow_nan=False)}\n".encode()


def _checksum(body: Mapping[str, Any]) -> int:
    return zlib.crc32(json.dumps(body, sort_keys=True, separators=(",", ":")).encode())


def _read_shard(path: Path) -> list[Record]:
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from None
    # What follows the last line end was torn by a kill: its point is not finished and is run again.
    return [_record(line, path, number) for number, line in enumerate(lines[:-1], start=1)]


def _record(line: bytes, path: Path, number: int) -> Record:
    try:
        body = json.loads(line)
        crc = body.pop("crc")
        if crc != _checksum(body):
            raise ValueError("its checksum differs")
        metrics = {
            key: math.nan if value is None else _float(value) for key, value in body["metrics"].items()
        }
        return Record(body["id"], body["seed"], body["values"], metrics, body["wall_s"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput(
            f"{path} line {number}: damaged record ({error}); delete that line, then {AGAIN}"
        ) from None


def _float(value: Any) -> float | int:
    return value if isinstance(value, int) else float(value)


def _read_manifest(path: Path) -> dict[str, Any]:
    name = path / "run.json"
    if not path.is_dir():
        raise BadInput(f"{path}: there is no such run folder")
    try:
        manifest = json.loads(name.read_bytes())
    except FileNotFoundError:
        raise BadInput(f"{path}: is no run folder, it has no run.json") from None
    except OSError as error:
        raise BadInput(f"{name}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{name}: damaged ({error}); start anew in another folder with --out") from None
    kinds = {"scenario": str, "base": dict, "vary": dict, "seeds": list}
    wrong = [
        key
        for key, kind in kinds.items()
        if not isinstance(manifest, dict) or not isinstance(manifest.get(key), kind)
    ]
    if wrong:
        raise BadInput(f"{name}: damaged ({wrong[0]} is missing); start anew in another folder with --out")
    if manifest.get("schema") != SCHEMA:
        raise BadInput(f"{name}: schema: this version reads {SCHEMA}, got {manifest.get('schema')!r}")
    return dict(manifest)


def _difference(there: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """The first key in which two runs differ, in words; empty where they are the same run."""
    # Through JSON, as the one there went: 1.0 stays 1.0, a tuple becomes a list.
    asked = json.loads(json.dumps(asked))
    pairs = [("scenario", there.get("scenario"), asked.get("scenario"))]
    pairs += list(_flat(there.get("base"), asked.get("base"), ""))
    pairs += [
        (f"--vary {key}", old, new) for key, old, new in _flat(there.get("vary"), asked.get("vary"), "")
    ]
    pairs += list(_flat(there.get("files", {}), asked.get("files", {}), "content"))
    pairs += [("--seeds", there.get("seeds"), asked.get("seeds"))]
    for key, old, new in pairs:
        if old != new:
            return f"{key}: {_shown(old)} there, {_shown(new)} asked for"
    return ""


_ABSENT = object()


def _flat(old: Any, new: Any, path: str) -> list[tuple[str, Any, Any]]:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return [(path, old, new)]
    pairs = []
    for key in dict.fromkeys([*new, *old]):
        inner = f"{path}.{key}" if path else key
        pairs += _flat(old.get(key, _ABSENT), new.get(key, _ABSENT), inner)
    return pairs


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "nothing"
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:56]} ..."
