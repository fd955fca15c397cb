"""A run's parameters: from a preset or a TOML file and overrides to one validated, frozen object, and back.

Values come in layers: the scenario's preset, then the user's file, then ``--set``. They are merged as plain
tables and validated once, so that a wrong value gives the same one-line error wherever it was written.
"""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import BaseModel, ValidationError

from devices import toml_text
from devices.model import DeviceModel
from htm.pick import BadInput, Params, nearest, one_line, pick

from . import registry
from .overrides import Sets, parse_sets
from .overrides import parse_vary as parse_vary

Table: TypeAlias = dict[str, Any]
Source: TypeAlias = str | Path | Params
"""A scenario's name, a TOML file, or parameters already resolved."""


def load(source: Source, sets: Sets = ()) -> Params:
    """Resolved parameters.

    Parameters
    ----------
    source : a scenario's name, the path of a TOML file whose ``scenario`` names the preset that it changes,
        or resolved parameters to change
    sets : overrides, ``["device.read_sigma=0.1"]`` or ``{"device.read_sigma": 0.1}``; the last one of a key
        holds. ``device=NAME`` chooses a preset, ``device.x`` changes it, in whichever order they come

    Raises
    ------
    BadInput
        With every wrong key by its full path.
    """
    return draft(source).having(sets).resolve()


@dataclass(frozen=True)
class Draft:
    """Parameters still in layers; a sweep lays one more over it for each point.

    Attributes
    ----------
    scenario : what is run
    values : preset and user's file, merged
    sets : overrides in the order given
    """

    scenario: registry.Scenario
    values: Table
    sets: tuple[tuple[str, Any], ...] = ()

    def having(self, sets: Sets) -> Draft:
        """The same with further overrides."""
        return replace(self, sets=(*self.sets, *parse_sets(sets)))

    def resolve(self) -> Params:
        """Validated parameters."""
        model = self.scenario.config_class()
        over: Table = {}
        try:
            # The device goes last: which preset it starts from decides what its fields mean.
            for key, value in self.sets:
                if key.partition(".")[0] == "scenario":
                    raise BadInput("scenario: is no parameter; name it first: hwsim run NAME")
                if key.partition(".")[0] != "device" or "device" not in model.model_fields:
                    _put(over, key, value)
            device = [(key, value) for key, value in self.sets if key.partition(".")[0] == "device"]
            if device and "device" in model.model_fields:
                over["device"] = _device_layer(device)
            return build(model, _merge(self.values, over))
        except RecursionError:
            raise BadInput(f"{self.scenario.name}: the parameters are nested too deeply") from None


def draft(source: Source) -> Draft:
    """Parameters of `source` (see `load`), not validated yet."""
    if isinstance(source, BaseModel):
        table = dump(source)
        return Draft(scenario=_scenario(table, "parameters"), values=table)
    name = str(source)
    if isinstance(source, str) and name in registry.SCENARIOS:
        return _preset(registry.SCENARIOS[name])
    path = Path(name)
    if not (path.suffix == ".toml" or len(path.parts) > 1 or path.is_file()):
        raise BadInput(
            f"scenario: unknown name {name!r} {nearest(name, registry.SCENARIOS)}, and no file either"
        )
    table = _read_toml(path)
    scenario = _scenario(table, name)
    base = _preset(scenario)
    _beside(table, path.parent)
    try:
        return replace(base, values=_merge(base.values, table))
    except RecursionError:
        raise BadInput(f"{name}: is nested too deeply") from None


def build(model: type[Params], values: Mapping[str, Any]) -> Params:
    """Parameters of class `model` from a plain table; ``device`` is a preset's name or table."""
    table = dict(values)
    _refuse_unbounded(table, "")
    table = toml_text.with_nones(table, model.model_fields)
    if "device" in model.model_fields and "device" in table:
        table["device"] = _device(table["device"])
    try:
        return model.model_validate(table)
    except ValidationError as error:
        raise BadInput(one_line("", error, model=model)) from None


def dump(config: Params) -> Table:
    """Every parameter as plain JSON-able values; the device as ``{"preset": name, field: value, ...}``."""
    table = config.model_dump(mode="json", exclude={"device"})
    device = getattr(config, "device", None)
    if isinstance(device, DeviceModel):
        table["device"] = _device_table(device)
    return {name: table[name] for name in type(config).model_fields if name in table}


def load_resolved(table: Mapping[str, Any]) -> Params:
    """The parameters that `dump` wrote."""
    return build(_scenario(table, "resolved parameters").config_class(), table)


def canonical(value: Any) -> str:
    """`value` as JSON that is the same text for the same value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(value: Any, size: int = 8) -> str:
    """Hash of a JSON-able value, two hexadecimal digits a byte."""
    return hashlib.blake2b(canonical(value).encode(), digest_size=size).hexdigest()


def point_id(config: Params) -> str:
    """Name of the point that `config` describes: 16 hexadecimal digits, the same wherever it is run."""
    return digest(dump(config))


def to_toml(config: Params) -> str:
    """Every parameter with its unit and meaning, as a TOML file that `load` resolves to the same parameters.

    A parameter without a value stands in a comment, or as ``"none"`` where the preset would give it one.
    """
    table = dump(config)
    scenario = _scenario(table, "parameters")
    unset = dump(_preset(scenario).resolve())
    if "device" in table:
        unset["device"] = _unset(table["device"])
    title = f"{scenario.name}: {scenario.summary}\nsource: {scenario.source}"
    follows = {}
    if table.get("device", {}).get("on_off_ratio") is not None:
        follows["device.g_min"] = "g_max / on_off_ratio"
    return toml_text.write(config, table, unset, title=title, follows=follows)


def load_device(spec: str, sets: Sets = ()) -> DeviceModel:
    """Device of a preset's name or file, with overrides: ``["read_sigma=0.1"]``, with or without ``device.``."""
    pairs = [(f"device.{key.removeprefix('device.')}", value) for key, value in parse_sets(sets)]
    return _device(_merge_device(_device_table(spec), _device_layer(pairs)))


def preset_of(device: DeviceModel) -> str | None:
    """The preset that `device` is made from, judged by its fields: of its class, the one that differs least.

    With all fields beside it, any preset of the class describes the device exactly; the nearest reads best.
    None where no preset is of that class.
    """
    best: tuple[int, str] | None = None
    for name in _devices():
        base = _device(name)
        if type(base) is type(device):
            differing = sum(getattr(base, key) != getattr(device, key) for key in type(device).model_fields)
            best = min(best, (differing, name), key=lambda one: one[0]) if best else (differing, name)
    return None if best is None else best[1]


# Reading ---------------------------------------------------------------------------------------------------


def _preset(scenario: registry.Scenario) -> Draft:
    values = tomllib.loads(scenario.preset_text())
    return Draft(scenario=scenario, values={**values, "scenario": scenario.name})


def _read_toml(path: Path) -> Table:
    try:
        # "-sig": an editor may have put a byte order mark in front.
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise BadInput(f"{path}: there is no such file") from None
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: is no valid TOML: {error}") from None


def _beside(table: Table, folder: Path) -> None:
    """Let a device's file be named from where the file that names it lies."""
    device = table.get("device")
    word = device.get("preset") if isinstance(device, dict) else device
    if isinstance(word, str) and word.endswith(".toml") and (folder / word).is_file():
        found = str(folder / word)
        table["device"] = {**device, "preset": found} if isinstance(device, dict) else found


def _scenario(table: Mapping[str, Any], where: str) -> registry.Scenario:
    if "scenario" not in table:
        raise BadInput(f"{where}: scenario: must be given (known: {', '.join(registry.SCENARIOS)})")
    return pick(registry.SCENARIOS, table["scenario"], f"{where}: scenario")


def _put(table: Table, key: str, value: Any) -> None:
    """Set a dotted key, making sections on the way; a table is merged into what is there."""
    *sections, last = key.split(".")
    for depth, section in enumerate(sections):
        table = table.setdefault(section, {})
        if not isinstance(table, dict):
            where = ".".join(sections[: depth + 1])
            raise BadInput(f"{key}: {where} was set to a single value, it cannot hold {last!r} too")
    both = isinstance(table.get(last), dict) and isinstance(value, Mapping)
    table[last] = _merge(table[last], value) if both else value


def _merge(base: Mapping[str, Any], over: Mapping[str, Any], top: bool = True) -> Table:
    """`over` laid on `base`, section by section; another device preset drops the fields of the one before."""
    merged = dict(base)
    for key, value in over.items():
        under = merged.get(key)
        if top and key == "device" and under is not None:
            merged[key] = _merge_device(under, value)
        elif isinstance(under, Mapping) and isinstance(value, Mapping):
            merged[key] = _merge(under, value, top=False)
        else:
            merged[key] = value
    return merged


# The device ------------------------------------------------------------------------------------------------


def _devices() -> Iterable[str]:
    from devices.presets import DEVICES

    return DEVICES


def _device(spec: Any) -> DeviceModel:
    from devices.presets import device_from

    table = _device_table(spec)
    if "model" in table:
        return device_from(table)
    base = device_from({key: table[key] for key in ("preset",) if key in table})
    for key, value in table.items():
        part = getattr(base, key, None) if key in type(base).model_fields else None
        if toml_text.is_none(value):  # which fields may be none is the device's to say
            table[key] = None
        elif isinstance(part, BaseModel) and isinstance(value, Mapping):
            table[key] = {**part.model_dump(), **value}
    return device_from(table)


def _unset(table: Mapping[str, Any]) -> Table:
    """What a device's fields hold that its table does not give."""
    if "model" in table:
        from devices.models import MODELS
        from devices.preset_file import defaults

        return defaults(MODELS[table["model"]])
    return _device(table["preset"]).model_dump()


def _device_table(value: Any) -> Table:
    """A device by its nearest preset, or by its model where no preset is of it, and all its fields.

    Of a file nothing is kept but what it said: a run stays what it was when the file changes.
    """
    if isinstance(value, DeviceModel):
        from devices.preset_file import model_name

        preset = preset_of(value)
        first = {"preset": preset} if preset is not None else {"model": model_name(value)}
        return {**first, **value.model_dump(mode="json")}
    if isinstance(value, str):
        from devices.presets import device_from, names_file

        return _device_table(device_from(value)) if names_file(value) else {"preset": value}
    if isinstance(value, Mapping):
        table = dict(value)
        preset = table.pop("preset", None)
        if isinstance(preset, str):
            return _merge_fields(_device_table(preset), table)
        return dict(value)
    raise BadInput(
        f"device: must be a preset's name or a table with preset and fields, or a file, got {value!r}"
    )


def _merge_device(base: Any, over: Any) -> Table:
    under, above = _device_table(base), _device_table(over)
    if any(above.get(key, under.get(key)) != under.get(key) for key in ("preset", "model")):
        return above
    return _merge_fields(under, above)


def _merge_fields(under: Table, above: Mapping[str, Any]) -> Table:
    if "g_min" in above and "on_off_ratio" not in above:
        under.pop("on_off_ratio", None)  # a ratio from below would take the new g_min back
    return _merge(under, above, top=False)


def _device_layer(sets: Sequence[tuple[str, Any]]) -> Table:
    """Overrides of the device as one table: the last preset named, and every field, in whichever order."""
    # Names and files go first: a file gives every field, and must not undo one that was set before it.
    named = [value for key, value in sets if key == "device" and isinstance(value, str)]
    layer: Table = _device_table(named[-1]) if named else {}
    for key, value in sets:
        if key == "device" and isinstance(value, str):
            continue
        if key == "device":
            layer.update(_device_table(value))
        else:
            _put(layer, key.removeprefix("device."), value)
    return layer


# Values that TOML knows and parameters do not, and the other way round -------------------------------------


def _refuse_unbounded(value: Any, path: str) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise BadInput(f"{path}: must be a finite number, got {value}")
    if isinstance(value, int) and abs(value) >= 2**63:
        raise BadInput(f"{path}: must be an integer of at most 64 bits")
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _refuse_unbounded(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for inner in value:
            _refuse_unbounded(inner, path)
