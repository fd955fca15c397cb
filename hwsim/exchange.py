"""Conductance matrices in files that other programs read: npz with a JSON header, or CSV."""

from __future__ import annotations

import contextlib
import csv
import json
import math
import os
import secrets
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from htm.pick import BadInput

from .wires.solver import checked_conductances

F64: TypeAlias = NDArray[np.float64]

FORMAT = "hwsim-conductance"
SCHEMA = 1


def export_matrix(path: Path | str, g: Any, about: Mapping[str, Any] | None = None) -> Path:
    """Write conductances to ``.npz`` (array ``g_S`` and a JSON text ``header``) or ``.csv`` (numbers alone).

    Parameters
    ----------
    path : its ending says which
    g : (word lines, bit lines) [S]
    about : JSON-able remarks, such as resistances and where the tile comes from; npz only
    """
    path = Path(path)
    cells = _checked(g, "g")
    part = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        if path.suffix == ".npz":
            header = {"format": FORMAT, "schema": SCHEMA, "unit": "S", "about": dict(about or {})}
            text = np.frombuffer(json.dumps(header, allow_nan=False).encode(), dtype=np.uint8)
            with part.open("wb") as file:
                np.savez(file, allow_pickle=False, g_S=cells, header=text)
        elif path.suffix == ".csv":
            np.savetxt(part, cells, delimiter=",", fmt="%.17g")
        else:
            raise BadInput(f"{path}: must end in .npz or .csv, got {path.suffix or 'no ending'}")
        part.replace(path)
    except OSError as error:
        raise BadInput(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
    return path


def import_matrix(path: Path | str) -> tuple[F64, dict[str, Any]]:
    """Conductances from ``.npz`` as `export_matrix` wrote it, or ``.csv`` of numbers in siemens, one word line a row.

    Returns
    -------
    g : (word lines, bit lines) [S]
    about : the remarks; empty for CSV
    """
    path = Path(path)
    try:
        if path.suffix == ".npz":
            return _from_npz(path)
        if path.suffix == ".csv":
            return _from_csv(path), {}
    except BadInput:
        raise
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError, zipfile.BadZipFile, EOFError) as error:
        raise BadInput(f"{path}: is no matrix of conductances ({error!s:.100})") from None
    raise BadInput(f"{path}: must end in .npz or .csv, got {path.suffix or 'no ending'}")


def _from_npz(path: Path) -> tuple[F64, dict[str, Any]]:
    with np.load(path, allow_pickle=False) as members:
        header = json.loads(bytes(members["header"]).decode())
        if not isinstance(header, dict) or header.get("format") != FORMAT or header.get("schema") != SCHEMA:
            raise ValueError(f"its header is not that of {FORMAT} {SCHEMA}")
        return _checked(members["g_S"], str(path)), dict(header.get("about") or {})


def _from_csv(path: Path) -> F64:
    rows: list[list[float]] = []
    with path.open(newline="", encoding="utf-8-sig") as file:
        for number, row in enumerate(csv.reader(file), start=1):
            if not row:
                continue
            try:
                values = [float(field) for field in row]
            except ValueError:
                raise BadInput(
                    f"{path} row {number}: must hold numbers [S], got {','.join(row)!r:.60}"
                ) from None
            if rows and len(values) != len(rows[0]):
                raise BadInput(f"{path} row {number}: must have {len(rows[0])} values, got {len(values)}")
            bad = next((value for value in values if not (math.isfinite(value) and value >= 0.0)), None)
            if bad is not None:
                raise BadInput(f"{path} row {number}: must be finite and not negative, got {bad} S")
            rows.append(values)
    if not rows:
        raise BadInput(f"{path}: holds no numbers")
    return np.array(rows)


def _checked(g: Any, name: str) -> F64:
    cells = np.asarray(g, dtype=np.float64)
    if cells.ndim != 2 or not cells.size:
        raise BadInput(f"{name}: must have word lines and bit lines, got shape {cells.shape}")
    return checked_conductances(cells, (cells.shape[0], cells.shape[1]))
