"""Refusing bad input in one line: an unknown word, a bad parameter.

Every message reads ``field: what is allowed, got what came``; an unknown name gets its nearest matches.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass as _ModelMeta
else:
    _ModelMeta = type(BaseModel)  # pydantic gives its metaclass no public name

T = TypeVar("T")


class BadInput(ValueError):
    """Input that the user can mend. The message is one line and names the field or file."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


def nearest(word: str, known: Iterable[str]) -> str:
    """``(did you mean a or b?)`` for the words of `known` nearest to `word`, else all of them."""
    names = list(known)
    matches = difflib.get_close_matches(word, names, n=2, cutoff=0.5)
    matches = matches or [name for name in names if word and name.startswith(word)][:2]
    if matches:
        return f"(did you mean {' or '.join(matches)}?)"
    return f"(known: {', '.join(sorted(names))})"


def pick(table: Mapping[str, T], word: str, what: str) -> T:
    """Look `word` up in `table`; an unknown word is refused with its near matches.

    Parameters
    ----------
    table : mapping from name to thing
    word : the name that the user gave
    what : the field's name, for the message

    Raises
    ------
    BadInput
        Where `word` is no key of `table`.
    """
    if not isinstance(word, str) or word not in table:
        raise BadInput(f"{what}: unknown name {word!r} {nearest(str(word), table)}")
    return table[word]


def one_line(
    prefix: str, error: ValidationError, known: Iterable[str] = (), model: type[BaseModel] | None = None
) -> str:
    """All complaints of a pydantic error in one line, each with its full dotted path.

    Parameters
    ----------
    prefix : put before every path, e.g. a class name
    error : what pydantic found
    known : names offered for an unknown key of the first level
    model : where given, names are offered at every depth, from its nested sections
    """
    parts = []
    for item in error.errors(include_url=False):
        path = ".".join(str(step) for step in item["loc"])
        where = ".".join(part for part in (prefix, path) if part) or "value"
        if item["type"] == "extra_forbidden":
            names = _names_at(model, item["loc"][:-1]) if model is not None else []
            names = names or (list(known) if len(item["loc"]) == 1 else [])
            hint = f" {nearest(str(item['loc'][-1]), names)}" if names else ""
            parts.append(f"{where}: unknown key{hint}")
        elif item["type"] == "missing":
            parts.append(f"{where}: must be given")
        else:
            message = item["msg"].removeprefix("Value error, ")
            # A name looked up by `pick` already carries its field.
            message = message.removeprefix(f"{item['loc'][-1]}: ") if item["loc"] else message
            message = message[:1].lower() + message[1:]
            came = "" if isinstance(item.get("input"), Mapping) else f", got {_short(item.get('input'))}"
            parts.append(f"{where}: {message}{came if ', got ' not in message else ''}")
    return "; ".join(parts)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:76]} ..."


def _names_at(model: type[BaseModel], path: Iterable[int | str]) -> list[str]:
    """Field names of the section of `model` that `path` leads to; none where it leads to no section."""
    models = [model]
    for step in path:
        found = [fields[str(step)] for fields in (one.model_fields for one in models) if str(step) in fields]
        # A step that is no field is a list index or the tag of a union: the section stays the same.
        models = [inner for field in found for inner in _sections(field.annotation)] if found else models
    return [name for one in models for name in one.model_fields]


def _sections(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [inner for argument in get_args(annotation) for inner in _sections(argument)]


class _OneLineErrors(_ModelMeta):
    """Makes a constructor raise `BadInput`; nested validation keeps pydantic's own errors and their paths."""

    def __call__(cls, *args: Any, **values: Any) -> Any:  # noqa: N805 - this is a metaclass
        try:
            return super().__call__(*args, **values)
        except ValidationError as error:
            raise BadInput(one_line(cls.__name__, error, model=cls)) from None  # type: ignore[arg-type]


class Params(BaseModel, metaclass=_OneLineErrors):
    """Base of every parameter class: frozen, no unknown keys, no NaN or infinity, one-line errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)
