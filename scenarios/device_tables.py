"""What ``hwsim device`` prints and how it measures: the list of devices, fitted parameters, default experiments."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from rich.markup import escape
from rich.table import Table

from devices.fit.result import Estimate, Fit
from devices.measure import measure_iv, measure_pulses, measure_reads, measure_retention
from devices.measurements import Measurement
from devices.model import DeviceModel
from devices.presets import DEVICES, describe

from .device_facts import model_word, plain, quantity
from .figures.labels import si_scale

DAY = 86400.0


def list_table() -> Table:
    """All presets: model, range, mechanisms, summary and source."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("device", style="cyan", no_wrap=True)
    table.add_column("model", no_wrap=True)
    table.add_column("range", no_wrap=True)
    table.add_column("has", overflow="fold", max_width=24)
    table.add_column("")
    for name, make in DEVICES.items():
        device = make()
        summary, source = describe(name)
        table.add_row(
            name,
            model_word(device),
            f"{quantity(device.g_min, 'S')} .. {quantity(device.g_max, 'S')}",
            ", ".join(mechanisms(device)) or "-",
            f"{escape(summary)}\n[dim]{escape(source)}[/dim]",
        )
    return table


def mechanisms(device: DeviceModel) -> list[str]:
    """What a device has beyond the mean of its updates."""
    spread = any(getattr(device, key, 0.0) for key in ("d2d_sigma", "g_max_sigma", "g_min_sigma"))
    writes = any(
        getattr(device, key, 0.0) for key in ("write_sigma", "program_sigma", "program_scale", "reset_sigma")
    )
    there = {
        "d2d": spread,
        "c2c": getattr(device, "c2c_sigma", 0.0) > 0.0,
        "write noise": writes,
        "drift": device.ages,
        "read noise": device.noisy,
        "faults": device.may_fail,
        "bent I-V": not device.ohmic,
    }
    words = [word for word, has in there.items() if has]
    return [*words, *([f"{device.n_levels} levels"] if device.n_levels is not None else [])]


def fit_table(fit: Fit, source: str) -> Table:
    """Parameters with intervals and units, goodness and notes of one fit."""
    model = f": {fit.model}" if fit.model else ""
    table = Table(pad_edge=False, title=f"{fit.kind}{model} ({escape(source)})", title_justify="left")
    table.min_width = len(table.title or "") if isinstance(table.title, str) else None
    table.add_column("parameter", style="cyan", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("95 % interval", justify="right", no_wrap=True)
    table.add_column("unit", no_wrap=True)
    table.add_column("")
    for one in fit.estimates:
        if one.identified:
            value, interval, unit = _numbers(one)
            table.add_row(one.name, value, interval, unit, escape(one.why))
        else:
            why = f"not identifiable: {one.why}" if one.why else "not identifiable"
            table.add_row(one.name, "-", "-", "", f"[dim]{escape(why)}[/dim]")
    goodness = ", ".join(f"{name} {plain(value, 4)}" for name, value in fit.goodness.items())
    table.caption = escape("\n".join(filter(None, [goodness, *fit.notes])))
    table.caption_justify = "left"
    return table


def _numbers(one: Estimate) -> tuple[str, str, str]:
    factor, unit = si_scale([one.value], one.unit)
    low, high = (f"{x * factor:.4g}" if math.isfinite(x) else "?" for x in (one.low, one.high))
    return f"{one.value * factor:.4g}", f"{low} .. {high}", unit


# Default experiments ---------------------------------------------------------------------------------------


def _levels(device: DeviceModel, shares: tuple[float, ...]) -> list[float]:
    """Conductances inside the range [S]."""
    return [device.g_min + share * device.span for share in shares]


def _pulses(device: DeviceModel, devices: int, cycles: int, pulses: int, seed: int) -> Measurement:
    return measure_pulses(device, devices, cycles, pulses, seed)


def _retention(device: DeviceModel, devices: int, cycles: int, pulses: int, seed: int) -> Measurement:
    """1 s to 10 days, four times a decade, at four levels."""
    times = np.geomspace(1.0, 10 * DAY, 25).tolist()
    return measure_retention(device, _levels(device, (0.25, 0.5, 0.75, 1.0)), times, devices, seed)


def _reads(device: DeviceModel, devices: int, cycles: int, pulses: int, seed: int) -> Measurement:
    """A thousand reads at four levels."""
    return measure_reads(device, _levels(device, (0.25, 0.5, 0.75, 1.0)), devices, 1000, seed)


def _iv(device: DeviceModel, devices: int, cycles: int, pulses: int, seed: int) -> Measurement:
    """From -1 V to 1 V in 41 points; `devices` states over the range."""
    shares = tuple(np.linspace(0.1, 1.0, devices).tolist())
    return measure_iv(device, _levels(device, shares), np.linspace(-1.0, 1.0, 41).tolist(), seed)


MEASURED: dict[str, Callable[[DeviceModel, int, int, int, int], Measurement]] = {
    "pulses": _pulses,
    "retention": _retention,
    "reads": _reads,
    "iv": _iv,
}
"""How each kind is measured: device, number of cells, of cycles, of pulses, and seed."""
