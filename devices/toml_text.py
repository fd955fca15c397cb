"""Writing parameters as TOML that explains itself: each key with its meaning and unit beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import NoneType
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .units import unit_of


def write(
    model: BaseModel,
    table: Mapping[str, Any],
    unset: Mapping[str, Any],
    *,
    title: str = "",
    follows: Mapping[str, str] | None = None,
    name: str = "",
) -> str:
    """A TOML text.

    Parameters
    ----------
    model : gives each key's meaning and unit
    table : the values, as plain JSON-able ones
    unset : what each key would hold if it were not written; decides how a value of None is written
    title : comment at the top
    follows : what a key, by its dotted path, follows from; it stands in a comment, where no edit is lost
    name : of the table that everything goes into, none: the top
    """
    lines = [f"# {line}" for line in title.splitlines()] + ([f"[{name}]"] if name else [])
    lines += _section(model, table, unset, name, follows or {})
    return "\n".join(lines) + "\n"


def may_be_none(field: FieldInfo) -> bool:
    """Whether None is a value of `field`."""
    return NoneType in get_args(field.annotation)


def is_none(value: Any) -> bool:
    """Whether a value is the text that stands for None: TOML has no null."""
    return isinstance(value, str) and value.lower() == "none"


def with_nones(table: Mapping[str, Any], fields: Mapping[str, FieldInfo]) -> dict[str, Any]:
    """`table` with the text ``"none"`` turned into None wherever the field may be None."""
    changed: dict[str, Any] = {}
    for key, value in table.items():
        field = fields.get(key)
        if field is not None and is_none(value) and may_be_none(field):
            changed[key] = None
        elif field is not None and isinstance(value, Mapping) and (inner := section(field)):
            changed[key] = with_nones(value, inner.model_fields)
        else:
            changed[key] = value
    return changed


def section(field: FieldInfo) -> type[BaseModel] | None:
    """The class of the section that `field` holds, if it holds one."""
    for kind in (field.annotation, *get_args(field.annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


def value_text(value: Any) -> str:
    """`value` as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for the one control character that JSON leaves as it is.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, list | tuple):
        return f"[{', '.join(value_text(inner) for inner in value)}]"
    if isinstance(value, Mapping):
        pairs = (f"{json.dumps(key)} = {value_text(inner)}" for key, inner in value.items())
        return f"{{ {', '.join(pairs)} }}"
    return repr(value)


def _section(
    model: BaseModel,
    table: Mapping[str, Any],
    unset: Mapping[str, Any],
    name: str,
    follows: Mapping[str, str],
) -> list[str]:
    rows, inner = [], []
    for key, value in table.items():
        part = getattr(model, key, None)
        below = unset.get(key) if isinstance(unset, Mapping) else None
        path = f"{name}.{key}" if name else key
        if isinstance(part, BaseModel):
            inner += ["", f"[{path}]", *_section(part, value, below or {}, path, follows)]
        elif path in follows:
            rows.append((f"# {key} = {value_text(value)}", f"follows: {follows[path]}"))
        else:
            rows.append((_entry(key, value, below), _meaning(type(model).model_fields.get(key))))
    width = min(max((len(entry) for entry, _ in rows), default=0), 40)
    return [f"{entry:<{width}}  # {meaning}" if meaning else entry for entry, meaning in rows] + inner


def _entry(key: str, value: Any, unset: Any) -> str:
    if value is not None:
        return f"{key} = {value_text(value)}"
    return f"# {key} = none" if unset is None else f'{key} = "none"'


def _meaning(field: FieldInfo | None) -> str:
    if field is None:
        return ""
    text, unit = " ".join((field.description or "").split()), _unit(field)
    if unit and f"[{unit}]" not in text:
        text = f"{text} [{unit}]".strip()
    return text


def _unit(field: FieldInfo) -> str:
    return unit_of(field) or next(filter(None, map(unit_of, _nested(field.annotation))), "")


def _nested(annotation: Any) -> Iterator[Any]:
    """Everything an annotation such as ``Second | None`` is made of."""
    for argument in get_args(annotation):
        yield argument
        yield from _nested(argument)
