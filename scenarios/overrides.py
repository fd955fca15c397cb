"""Reading what a user types after ``--set`` and ``--vary``."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

from htm.pick import BadInput

Sets: TypeAlias = Sequence[str] | Mapping[str, Any]
Vary: TypeAlias = Sequence[str] | Mapping[str, Any]

MOST_VALUES = 100_000
"""Most values of one swept key: beyond it somebody mistyped a count."""

_PATH = re.compile(r"[^\s.=]+(\.[^\s.=]+)*")
_MOST_DEPTH = 12


def parse_value(text: str) -> Any:
    """`text` as a TOML value (``0.1``, ``true``, ``[1, 2]``, ``"a"``); what is none is kept as text."""
    try:
        table = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):  # ValueError: bad TOML, or an integer too long for Python
        return text
    return table["value"] if set(table) == {"value"} else text


def parse_set(text: str) -> tuple[str, Any]:
    """Key and value of ``a.b=value``."""
    key, equals, value = text.partition("=")
    if not equals:
        raise BadInput(f"--set {text}: must look like key=value, such as device.read_sigma=0.1")
    return check_path(key.strip(), f"--set {text}"), parse_value(value.strip())


def parse_sets(sets: Sets) -> list[tuple[str, Any]]:
    """Pairs of dotted key and value, from ``["a.b=1"]``, ``{"a.b": 1}`` or ``{"a": {"b": 1}}``."""
    if isinstance(sets, str):
        raise BadInput(f"sets: must be a list of 'key=value' or a mapping, got the text {sets!r}")
    if isinstance(sets, Mapping):
        return [(check_path(key, "sets"), plain(value)) for key, value in sets.items()]
    return [parse_set(text) for text in sets]


def check_path(key: Any, where: str) -> str:
    """`key` itself where it is a dotted path of names."""
    if not isinstance(key, str) or not _PATH.fullmatch(key) or key.count(".") >= _MOST_DEPTH:
        raise BadInput(f"{where}: {key!r} is no dotted key, such as device.read_sigma")
    return key


def plain(value: Any) -> Any:
    """Python's own numbers and lists for numpy's."""
    return value.tolist() if hasattr(value, "tolist") else value


def parse_vary(text: str) -> tuple[str, list[Any]]:
    """Key and values of a sweep.

    Parameters
    ----------
    text : ``key=start:stop:count`` (evenly spaced, both ends included), ``key=log:start:stop:count`` (evenly
        spaced ratios) or ``key=value,value,...`` (TOML values, else text)

    Raises
    ------
    BadInput
        Where there is no value, one comes twice, or a range makes no sense.
    """
    key, equals, values = text.partition("=")
    where = f"--vary {text}"
    if not equals:
        raise BadInput(f"{where}: must look like key=0:0.5:11, key=log:1e-3:1:7 or key=a,b,c")
    return _checked(check_path(key.strip(), where), parse_values(values.strip(), where), where)


def parse_varies(vary: Vary) -> dict[str, list[Any]]:
    """Swept values by key, from ``["a.b=0:1:3"]`` or ``{"a.b": [0, 1]}`` or ``{"a.b": "0:1:3"}``."""
    if isinstance(vary, str):
        raise BadInput(f"vary: must be a list of 'key=values' or a mapping, got the text {vary!r}")
    pairs = []
    if isinstance(vary, Mapping):
        for key, values in vary.items():
            where = f"vary {key}"
            values = parse_values(values.strip(), where) if isinstance(values, str) else plain(values)
            if not isinstance(values, Sequence):
                raise BadInput(f"{where}: must be a list of values or a range as text, got {values!r}")
            pairs.append(_checked(check_path(key, where), [plain(value) for value in values], where))
    else:
        pairs = [parse_vary(text) for text in vary]
    swept: dict[str, list[Any]] = {}
    for key, values in pairs:
        if key in swept:
            raise BadInput(f"--vary {key}: is swept twice; give all its values in one place")
        swept[key] = values
    return swept


def parse_values(text: str, where: str) -> list[Any]:
    """The values of a range or a comma list."""
    parts = text.split(":")
    if len(parts) == 3 and _is_number(parts[0]):
        return _linear(*_range(parts, where))
    if len(parts) == 4 and parts[0] == "log":
        return _geometric(*_range(parts[1:], where), where)
    try:
        table = tomllib.loads(f"values = [{text}]")
        if set(table) == {"values"}:
            return list(table["values"])
    except (ValueError, RecursionError):
        pass
    pieces = [piece.strip() for piece in text.split(",")]
    if "" in pieces:
        raise BadInput(f"{where}: has an empty value")
    return [parse_value(piece) for piece in pieces]


def _checked(key: str, values: list[Any], where: str) -> tuple[str, list[Any]]:
    if key == "seed":
        raise BadInput(f"{where}: seeds are not swept; use --seeds N for the seeds seed .. seed+N-1")
    if not values:
        raise BadInput(f"{where}: needs at least one value")
    if len(values) > MOST_VALUES:
        raise BadInput(f"{where}: at most {MOST_VALUES} values, got {len(values)}")
    seen = set()
    for value in values:
        if repr(value) in seen:
            raise BadInput(f"{where}: the value {value!r} comes twice")
        seen.add(repr(value))
    return key, values


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _range(parts: list[str], where: str) -> tuple[str, str, int]:
    start, stop, count = (part.strip() for part in parts)
    for end in (start, stop):
        if not _is_number(end) or not math.isfinite(float(end)):
            raise BadInput(f"{where}: a range is start:stop:count in finite numbers, got {end!r}")
    if not re.fullmatch(r"[0-9]{1,9}", count) or not 1 <= int(count) <= MOST_VALUES:
        raise BadInput(f"{where}: the count of a range must be from 1 to {MOST_VALUES}, got {count!r}")
    if int(count) == 1 and float(start) != float(stop):
        raise BadInput(f"{where}: a range of one value must start where it stops")
    return start, stop, int(count)


def _linear(start: str, stop: str, count: int) -> list[Any]:
    # Exact fractions, so that 0:0.5:11 holds 0.3 and not 0.30000000000000004.
    low, high = Fraction(repr(float(start))), Fraction(repr(float(stop)))
    values = [low + (high - low) * i / max(count - 1, 1) for i in range(count)]
    whole = all(re.fullmatch(r"[-+]?[0-9]+", end) for end in (start, stop))
    if whole and all(value.denominator == 1 for value in values):
        return [int(value) for value in values]
    return [float(value) for value in values]


def _geometric(start: str, stop: str, count: int, where: str) -> list[Any]:
    low, high = float(start), float(stop)
    if low <= 0 or high <= 0:
        raise BadInput(f"{where}: a log range needs both ends above 0")
    inner = [low * (high / low) ** (i / (count - 1)) for i in range(1, count - 1)]
    # Twelve digits are far finer than any sweep and turn 0.010000000000000002 into 0.01.
    values = [low, *(float(f"{value:.12g}") for value in inner), high][:count]
    if not all(math.isfinite(value) for value in values):
        raise BadInput(f"{where}: the range is too wide")
    return values
