"""Every preset reproduces its source, and a preset with one number changed does not.

The checks and their bounds are in ``benchmarks/device_sources``; docs/devices.md prints them.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from devices.model import DeviceModel
from devices.presets import DEVICES, device_from

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))

import device_sources

PRESETS = sorted(set(DEVICES) - {"ideal"})

IN_WEIGHTS = (
    "assumed: the fit is in weights over the whole range, without conductances, and so is every check. "
    "rram_gong2018 notices its ratio all the same: its lower bounds are cut at 0 S"
)
ASSUMED = {
    "program_sigma": (
        "assumed: no source writes a pulsed device directly",
        r"rram_|ecram_|capacitor|fefet|pcm_k",
    ),
    "g_max": (IN_WEIGHTS, r"gong|ecram_|capacitor|vcm_|nandakumar"),
    "on_off_ratio": (IN_WEIGHTS, r"gong2018_exp|gongrasch|ecram_|capacitor|vcm_"),
}
"""Numbers that a preset sets and no source tells, with the reason and the presets."""

TWINS = (
    ("step_up", "step_down"),
    ("slope_up", "slope_down"),
    ("exp_up", "exp_down"),
    ("nonlinearity_up", "nonlinearity_down"),
    ("pulses_up", "pulses_down"),
    ("g_max_sigma", "g_min_sigma"),
    ("d2d_sigma", "c2c_sigma"),
    ("drift_nu_mean", "drift_nu_sd"),
    ("iv_square", "iv_cubic"),
    ("relax_sigma", "relax_growth"),
    ("on_sigma", "off_sigma"),
)
"""Fields that a slip of the pen might swap."""


def test_every_preset_has_checks() -> None:
    assert set(device_sources.CHECKS) == set(PRESETS)


@pytest.mark.parametrize("name", PRESETS)
def test_preset_reproduces_its_source(name: str) -> None:
    checks = device_sources.checks_of(name)
    assert len(checks) >= 10
    off = [check for check in checks if not check.holds]
    assert not off, "\n".join(map(str, off))


def test_a_check_can_fail() -> None:
    assert not device_sources.Check("x", "y", "1", 1.0, 1.2, 0.1).holds


def changed(value: Any, factor: float) -> Iterator[tuple[str, Any]]:
    """`value` with one number in it scaled, or one choice made otherwise; each with the way to it."""
    if isinstance(value, bool):
        yield "", not value
    elif value in ("gaussian", "log_normal"):
        yield "", "gaussian" if value == "log_normal" else "log_normal"
    elif isinstance(value, int | float) and value:
        yield "", round(value * factor) if isinstance(value, int) else value * factor
    elif isinstance(value, dict):
        for key, inner in value.items():
            for path, mutant in changed(inner, factor):
                yield f".{key}{path}", {**value, key: mutant}
    elif isinstance(value, tuple):
        for k, inner in enumerate(value):
            for path, mutant in changed(inner, factor):
                yield f"[{k}]{path}", (*value[:k], mutant, *value[k + 1 :])


def made(device: DeviceModel, changes: dict[str, Any]) -> DeviceModel | None:
    """The device with other values, none where they are refused; g_min follows a ratio."""
    values = device.model_dump(exclude_defaults=True) | changes
    if values.get("on_off_ratio") is not None:
        values.pop("g_min", None)
    try:
        return type(device).model_validate(values)
    except ValidationError:
        return None


def unnoticed(name: str, mutant: DeviceModel, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether all checks of the preset hold for a mutant in its place."""
    with monkeypatch.context() as patch:
        patch.setitem(DEVICES, name, lambda: mutant)
        return all(check.holds for check in device_sources.CHECKS[name](name))


@pytest.mark.parametrize("name", PRESETS)
def test_a_changed_number_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each number of each preset, 30 % more (less where that is refused), but for the assumed ones."""
    device, survived = device_from(name), set()
    for field, value in device.model_dump(exclude_defaults=True).items():
        if field == "g_min" and device.on_off_ratio is not None:
            continue  # follows from the ratio, which is changed itself
        for (path, more), (_, less) in zip(changed(value, 1.3), changed(value, 1 / 1.3), strict=True):
            mutant = made(device, {field: more}) or made(device, {field: less})
            if mutant is not None and unnoticed(name, mutant, monkeypatch):
                survived.add(field + path)
    exempt = {field for field, (_, names) in ASSUMED.items() if re.search(names, name)}
    assert survived == exempt & set(device.model_dump(exclude_defaults=True))


def alike(one: Any, other: Any) -> bool:
    return math.isclose(one, other) if isinstance(one, float) and isinstance(other, float) else one == other


@pytest.mark.parametrize("name", PRESETS)
def test_swapped_numbers_are_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    device = device_from(name)
    values = device.model_dump(exclude_defaults=True)
    for one, other in TWINS:
        if one in values and other in values and not alike(values[one], values[other]):
            mutant = made(device, {one: values[other], other: values[one]})
            assert mutant is None or not unnoticed(name, mutant, monkeypatch), f"{one} for {other}"
