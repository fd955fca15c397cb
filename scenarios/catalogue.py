"""Everything that one word picks, each with a summary and its source."""

from __future__ import annotations

import inspect
from typing import Any

from htm.pick import BadInput, nearest

from .registry import SCENARIOS

Entry = tuple[str, str]
"""Summary and source, one line each."""


def catalogue() -> dict[str, dict[str, Entry]]:
    """Scenarios, devices, substrates and encoders: summary and source by name."""
    from devices.presets import DEVICES, describe
    from htm.encoders import ENCODERS

    from .substrates import SUBSTRATES

    return {
        "scenarios": {name: (one.summary, one.source) for name, one in SCENARIOS.items()},
        "devices": {name: describe(name) for name in DEVICES},
        "substrates": {name: entry_of(thing) for name, thing in SUBSTRATES.items()},
        "encoders": {name: entry_of(thing) for name, thing in ENCODERS.items()},
    }


def entry_of(thing: Any) -> Entry:
    """Summary and source of a class or function: its docstring's first line, and what follows ``Source:``."""
    lines = [line.strip() for line in (inspect.getdoc(thing) or "").splitlines()]
    source = next((line.removeprefix("Source:").strip() for line in lines if line.startswith("Source:")), "")
    return (lines[0] if lines else "", source)


def show(name: str, sets: list[str]) -> str:
    """Parameters of a scenario, a TOML file, a device preset or a device's preset file, as TOML."""
    from pathlib import Path

    from devices.presets import DEVICES

    from .config import load, to_toml

    if name not in SCENARIOS and name not in DEVICES and _is_device_file(name):
        return device_text(name, sets)
    if name in SCENARIOS or Path(name).suffix == ".toml" or Path(name).is_file():
        return to_toml(load(name, sets))
    if name in DEVICES:
        if sets:
            raise BadInput(f"--set: {name} is a device; hwsim device show {name} --set ... shows its changes")
        return _device(name)
    raise BadInput(f"show: unknown name {name!r} {nearest(name, [*SCENARIOS, *DEVICES])}")


def device_text(name: str, sets: list[str]) -> str:
    """A preset or a preset file, changed or not, as a preset file."""
    from pathlib import Path

    from devices.preset_file import preset_text
    from devices.presets import DEVICES, describe

    from .config import load_device

    if name in DEVICES:
        summary, source = describe(name)
        title = f"{name}: {summary}\nsource: {source}"
    else:
        title = f"from {Path(name).name}"
    if sets:
        title += f"\nchanged: {', '.join(sets)}"
    return preset_text(load_device(name, sets), title)


def _is_device_file(name: str) -> bool:
    """Whether a file is a device's: it names a model, and no scenario."""
    from pathlib import Path

    from devices.preset_file import read_table

    if not Path(name).is_file():
        return False
    table = read_table(name)
    return "model" in table and "scenario" not in table


def _device(name: str) -> str:
    from devices import toml_text
    from devices.presets import describe, device_from

    device = device_from(name)
    summary, source = describe(name)
    table = {"preset": name, **device.model_dump(mode="json")}
    ratio = {"device.g_min": "g_max / on_off_ratio"} if table.get("on_off_ratio") is not None else {}
    title = f"{summary}\nsource: {source}"
    return toml_text.write(device, table, device.model_dump(), title=title, follows=ratio, name="device")
