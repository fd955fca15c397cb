"""Saving: the state of anything in one npz file that holds no code and is read without running any.

The file is an uncompressed npz of plain arrays. Its member ``header`` is JSON text::

    {"format": "htm-state", "schema": 1, "digest": "...",
     "parts": {"pooler": {"class": "SpatialPooler", "params": {...}, "state": {...}}}}

A state is a tree of dicts with text keys, lists, tuples, numbers, texts, booleans and nothing; an array stands in it
as ``{"$array": "name of the member"}``. The digest covers the header and every array, so a changed byte is found. It is
no signature: whoever can write the file can also write a fitting digest, but no file can make the reader run code.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
import json
import os
import secrets
import zipfile
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from .pick import BadInput
from .synapses import State

SCHEMA = 1
"""Version of the file's layout; a reader refuses another one."""

FORMAT = "htm-state"
_SINGLE = "thing"  # name of the part where one thing was saved, not several by name


class Stateful(Protocol):
    """What can be saved: anything with `state` and `restore`.

    Where it has an attribute ``params`` (a pydantic model), that is kept and compared too. Where it has an attribute
    ``growing``, a tuple of patterns, the arrays of its state whose dotted names match may come back with other
    lengths, or be absent (none) on one side; its `restore` then judges them.
    """

    def state(self) -> State:
        """Everything needed to continue identically."""

    def restore(self, state: State) -> None:
        """Continue from `state`."""


Thing = TypeVar("Thing", bound="Stateful | Mapping[str, Stateful]")


def save(path: Path | str, thing: Stateful | Mapping[str, Stateful]) -> None:
    """Write the state of a thing, or of several by name, so that readers see all of it or nothing.

    Parameters
    ----------
    path : the file; what was there is replaced in the end
    thing : anything with `state` and `restore`, or a dict of such: ``{"pooler": pooler, "substrate": substrate}``

    Raises
    ------
    BadInput
        Where a state holds something that is neither array nor JSON, or the file cannot be written.
    """
    path = Path(path)
    arrays: dict[str, NDArray[Any]] = {}
    parts = {
        name: {
            "class": type(one).__name__,
            "params": _params(one),
            "state": _pack(one.state(), name, arrays),
        }
        for name, one in _parts(thing).items()
    }
    header = {"format": FORMAT, "schema": SCHEMA, "parts": parts}
    header["digest"] = _digest(header, arrays)
    text = np.frombuffer(json.dumps(header, allow_nan=False).encode(), dtype=np.uint8)
    part = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with part.open("wb") as file:
            members: dict[str, Any] = {"header": text, **arrays}
            np.savez(file, allow_pickle=False, **members)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise BadInput(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def load(path: Path | str, into: Thing, *, same_params: bool = True) -> Thing:
    """Continue from a file: put the saved state into a thing made alike.

    Nothing changes unless all of the file is sound and fits.

    Parameters
    ----------
    path : a file that `save` wrote
    into : what takes the state, or a dict of such with the names under which they were saved
    same_params : whether `params` must be those saved; without it only dimensions must agree

    Returns
    -------
    `into`

    Raises
    ------
    BadInput
        Where the file is missing, foreign, cut short or changed, or fits another thing: one line that says which.
    """
    path = Path(path)
    header, arrays = _read(path)
    saved, mine = header["parts"], _parts(into)
    if set(saved) != set(mine):
        raise BadInput(
            f"{path}: holds {', '.join(sorted(saved)):.120}, but {', '.join(sorted(mine)):.120} must be restored"
        )
    states: dict[str, State] = {}
    before = {name: copy.deepcopy(one.state()) for name, one in mine.items()}
    for name, one in mine.items():
        where = f"{path}" if name == _SINGLE else f"{path}: {name}"
        _check_alike(where, saved[name], one, same_params)
        states[name] = _unpack(saved[name]["state"], arrays)
        difference = _difference(states[name], before[name], "", getattr(one, "growing", ()))
        if difference:
            raise BadInput(f"{where}: {difference}")
    for name, one in mine.items():
        try:
            one.restore(states[name])
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
            for other, thing in mine.items():
                thing.restore(before[other])
            reason = error if isinstance(error, BadInput) else f"{type(error).__name__}: {error}"
            raise BadInput(f"{path}: does not fit this {type(one).__name__} ({reason})") from None
    return into


def _parts(thing: Stateful | Mapping[str, Stateful]) -> dict[str, Stateful]:
    parts = dict(thing) if isinstance(thing, Mapping) else {_SINGLE: thing}
    for name, one in parts.items():
        if not isinstance(name, str) or not callable(getattr(one, "state", None)):
            raise BadInput(
                f"thing: must have state() and restore(), or be a dict of such by name, got {one!r:.60}"
            )
    return parts


def _params(thing: Stateful) -> Any:
    params = getattr(thing, "params", None)
    return params.model_dump(mode="json") if isinstance(params, BaseModel) else None


def _pack(value: Any, where: str, arrays: dict[str, NDArray[Any]]) -> Any:
    """A state as JSON; its arrays go into `arrays` under their dotted paths."""
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        if array.dtype.hasobject:
            raise BadInput(f"{where}: holds Python objects, which are not kept")
        name = where if where not in arrays else f"{where}#{len(arrays)}"
        arrays[name] = np.asarray(array, order="C")
        return {"$array" if isinstance(value, np.ndarray) else "$scalar": name}
    if isinstance(value, Mapping):
        if any(not isinstance(key, str) or key.startswith("$") for key in value):
            raise BadInput(
                f"{where}: its keys must be texts that do not begin with $, got {list(value)!r:.60}"
            )
        return {key: _pack(inner, f"{where}.{key}", arrays) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        items = [_pack(inner, f"{where}.{i}", arrays) for i, inner in enumerate(value)]
        return items if isinstance(value, list) else {"$tuple": items}
    if isinstance(value, float) and not np.isfinite(value):
        return {"$float": repr(float(value))}
    if value is None or type(value) in (bool, int, float, str):
        return value
    raise BadInput(f"{where}: must be an array or a JSON-able value, got {type(value).__name__}")


def _unpack(value: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    """Inverse of `_pack`."""
    if isinstance(value, list):
        return [_unpack(inner, arrays) for inner in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        tag, inner = next(iter(value.items()))
        if tag in ("$array", "$scalar"):
            return arrays[inner] if tag == "$array" else arrays[inner][()]
        if tag == "$tuple":
            return tuple(_unpack(item, arrays) for item in inner)
        if tag == "$float":
            return float(inner)
    return {key: _unpack(inner, arrays) for key, inner in value.items()}


def _digest(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> str:
    """Hash of the header, without its digest, and of every array."""
    whole = hashlib.sha256(json.dumps({**header, "digest": None}, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        whole.update(f"{name}|{array.dtype.str}|{array.shape}|".encode())
        whole.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data if array.size else b"")
    return whole.hexdigest()


def _read(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Header and arrays of a file, checked."""
    try:
        with path.open("rb") as file:
            with zipfile.ZipFile(file) as archive:
                if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
                    raise ValueError("it is compressed")  # save never does, and a bomb would
            file.seek(0)
            with np.load(file, allow_pickle=False) as members:
                arrays = {name: members[name] for name in members.files}
        header = json.loads(bytes(arrays.pop("header")).decode())
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            raise ValueError("its header is another one's")
        if header.get("schema") != SCHEMA:
            raise BadInput(f"{path}: schema: this version reads {SCHEMA}, got {header.get('schema')!r:.40}")
        if header.get("digest") != _digest(header, arrays):
            raise ValueError("its digest does not fit, so it was changed")
        _check_form(header, arrays)
    except BadInput:
        raise
    except FileNotFoundError:
        raise BadInput(f"{path}: there is no such file") from None
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror or error}") from None
    except Exception as error:  # whatever a foreign file makes zip, npy and JSON readers raise
        raise BadInput(f"{path}: is no sound saved state ({type(error).__name__}: {error!s:.120})") from None
    return header, arrays


def _check_form(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """That every part has its fields and can be unpacked: a fitting digest does not say so."""
    for name, part in header["parts"].items():
        if not isinstance(part["class"], str) or not isinstance(_unpack(part["state"], arrays), dict):
            raise ValueError(f"part {name} has no state")


def _check_alike(where: str, saved: Mapping[str, Any], one: Stateful, same_params: bool) -> None:
    """That the thing is of the saved class and, where asked, has the saved parameters."""
    kind = type(one).__name__
    if saved["class"] != kind:
        raise BadInput(f"{where}: holds a {saved['class']!s:.60}, but a {kind} must be restored")
    if same_params:
        there, here = _flat(saved.get("params")), _flat(_params(one))
        for key in dict.fromkeys([*here, *there]):
            if there.get(key) != here.get(key):
                raise BadInput(
                    f"{where}: {kind}.{key:.60}: {there.get(key)!r:.60} in the file, {here.get(key)!r:.60} here"
                )


def _flat(tree: Any, path: str = "") -> dict[str, Any]:
    if not isinstance(tree, dict):
        return {path: tree} if path else {}
    flat: dict[str, Any] = {}
    for key, inner in tree.items():
        flat.update(_flat(inner, f"{path}.{key}" if path else str(key)))
    return flat


def _difference(saved: Any, mine: Any, path: str, growing: tuple[str, ...]) -> str:
    """First name at which the saved state differs in form from the thing's own, in words; empty where it fits."""
    grows = any(fnmatchcase(path, pattern) for pattern in growing)
    if isinstance(mine, np.ndarray) and isinstance(saved, np.ndarray):
        alike = saved.ndim == mine.ndim if grows else saved.shape == mine.shape
        if saved.dtype != mine.dtype or not alike:
            return f"{path}: {saved.dtype}{saved.shape} in the file, {mine.dtype}{mine.shape} here"
        return ""
    if isinstance(mine, np.ndarray) or isinstance(saved, np.ndarray):
        if grows and (mine is None or saved is None):
            return ""
        return f"{path}: an array {'here' if isinstance(mine, np.ndarray) else 'in the file'} only"
    if path.count(".") > 100:
        return f"{path:.60}: nested too deeply"
    if isinstance(mine, dict) and isinstance(saved, dict) and (not path or _has_array(mine)):
        for key in dict.fromkeys([*mine, *saved]):
            inner = f"{path}.{key}" if path else str(key)
            if (key in mine) != (key in saved):
                return f"{inner}: {'not ' if key in mine else ''}in the file, {'' if key in mine else 'not '}here"
            found = _difference(saved[key], mine[key], inner, growing)
            if found:
                return found
    return ""


def _has_array(tree: Any) -> bool:
    return any(
        isinstance(inner, np.ndarray) or (isinstance(inner, dict) and _has_array(inner))
        for inner in tree.values()
    )
