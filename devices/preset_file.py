"""A device in a TOML file of its own, which goes wherever a preset's name does.

::

    # measured on wafer 7
    model = "soft_bounds"     # a name of `devices.models.MODELS`
    g_min = 2e-06             # [S]; "2 uS" will do as well
    ...
    [fit]                     # how well the numbers are known; checked, but no part of the device
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError
from pydantic_core import PydanticUndefined

from htm.pick import BadInput, Params, one_line, pick

from . import toml_text
from .fit.result import Fit
from .model import DeviceModel
from .models import MODELS

LARGEST = 1 << 20
"""Bytes of a preset file; a longer one is something else."""


class FitRecord(Params):
    """What a preset file says of the fit that it comes from."""

    files: tuple[str, ...] = Field(default=(), description="measurements")
    goodness: dict[str, dict[str, float]] = Field(
        default_factory=dict, description="of each kind of measurement, by name"
    )
    intervals: dict[str, tuple[float, float]] = Field(
        default_factory=dict, description="95 % confidence interval of each fitted parameter, in its unit"
    )
    not_identified: dict[str, str] = Field(
        default_factory=dict, description="parameters that the measurements do not determine, and why"
    )


def record_of(fits: Sequence[Fit], files: Sequence[str] = ()) -> FitRecord:
    """The `[fit]` table of fits; numbers that are none are left out."""
    estimates = [estimate for fit in fits for estimate in fit.estimates]
    return FitRecord(
        files=tuple(files),
        goodness={
            fit.kind: {name: float(value) for name, value in fit.goodness.items() if math.isfinite(value)}
            for fit in fits
            if fit.goodness
        },
        intervals={
            one.name: (float(one.low), float(one.high))
            for one in estimates
            if one.identified and math.isfinite(one.low) and math.isfinite(one.high)
        },
        not_identified={one.name: one.why for one in estimates if not one.identified},
    )


def model_name(device: DeviceModel) -> str:
    """Name of a device's model in `MODELS`."""
    for name, model in MODELS.items():
        if type(device) is model:
            return name
    raise BadInput(f"device: {type(device).__name__} is no model of devices.models.MODELS; add it there")


def defaults(model: type[DeviceModel]) -> dict[str, Any]:
    """Plain default of each field that has one."""
    found = {}
    for name, field in model.model_fields.items():
        value = field.get_default(call_default_factory=True)
        if value is not PydanticUndefined:
            found[name] = value.model_dump() if isinstance(value, BaseModel) else value
    return found


def preset_text(device: DeviceModel, title: str = "", fit: FitRecord | None = None) -> str:
    """A preset file: every parameter with its meaning and unit.

    Parameters
    ----------
    title : comment at the top, lines of any number
    fit : how the numbers were found; none: they were not fitted
    """
    table = {"model": model_name(device), **device.model_dump(mode="json")}
    follows = {"g_min": "g_max / on_off_ratio"} if device.on_off_ratio is not None else {}
    text = toml_text.write(device, table, defaults(type(device)), title=_printable(title), follows=follows)
    return text if fit is None else f"{text}\n{_fit_text(fit)}"


def write_preset(
    path: Path | str, device: DeviceModel, title: str = "", fit: FitRecord | None = None
) -> Path:
    """Write a preset file (see `preset_text`)."""
    path = Path(path)
    if path.suffix != ".toml":
        raise BadInput(f"{path}: a preset file's name must end in .toml")
    path.write_text(preset_text(device, title, fit), encoding="utf-8")
    return path


def read_preset(path: Path | str) -> DeviceModel:
    """Device of a preset file.

    Raises
    ------
    BadInput
        One line that names the file and the key.
    """
    table = read_table(path)
    if "model" not in table:
        hint = " (this is a scenario's file)" if "scenario" in table else ""
        raise BadInput(f"{path}: model: must be given, one of {', '.join(MODELS)}{hint}")
    fit = table.pop("fit", {})
    device = device_of_table(table, f"{path}: ")
    try:
        FitRecord.model_validate(fit)
    except ValidationError as error:
        raise BadInput(f"{path}: {one_line('fit', error, model=FitRecord)}") from None
    return device


def device_of_table(table: Mapping[str, Any], where: str = "") -> DeviceModel:
    """Device of ``{"model": name, field: value, ...}``; `where` comes before every complaint."""
    values = dict(table)
    model = pick(MODELS, values.pop("model"), f"{where}model")
    try:
        return model.model_validate(toml_text.with_nones(values, model.model_fields))
    except ValidationError as error:
        raise BadInput(f"{where}{one_line('', error, model=model)}") from None


def read_table(path: Path | str) -> dict[str, Any]:
    """A TOML file as plain values."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise BadInput(f"{path}: is no preset file: longer than {LARGEST} bytes")
        # "-sig": an editor may have put a byte order mark in front.
        return tomllib.loads(content.decode("utf-8-sig"))
    except FileNotFoundError:
        raise BadInput(f"{path}: there is no such file") from None
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from None
    except BadInput:
        raise
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: is no valid TOML: {error}") from None


def _fit_text(fit: FitRecord) -> str:
    """The `[fit]` table. Dotted parameter names are quoted: they are one key, not tables in tables."""
    lines = ["[fit]  # how the numbers were found; reading checks it and goes on"]
    lines.append(f"files = {toml_text.value_text(fit.files)}")
    sections: dict[str, Mapping[str, Any]] = {
        **{f"goodness.{kind}": named for kind, named in fit.goodness.items()},
        "intervals": fit.intervals,
        "not_identified": fit.not_identified,
    }
    for name, entries in sections.items():
        if entries:
            note = "  # 95 % confidence" if name == "intervals" else ""
            lines += ["", f"[fit.{name}]{note}"]
            lines += [f"{_key(key)} = {toml_text.value_text(value)}" for key, value in entries.items()]
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    plain = name.replace("_", "").replace("-", "")
    return name if plain.isascii() and plain.isalnum() else toml_text.value_text(name)


def _printable(title: str) -> str:
    """`title` without what a TOML comment may not hold, such as a control character of a file's name."""
    return "\n".join("".join(c if c.isprintable() else "?" for c in line) for line in title.splitlines())
