"""What a device is, in a few numbers and a few words: for its sheet, lists and pages."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

import numpy as np

from devices.binary import BinaryVcm
from devices.linear_step import NeuroSimDevice
from devices.model import DeviceModel
from devices.models import MODELS
from devices.presets import DEVICES, describe

from .figures.labels import si_scale

if TYPE_CHECKING:
    from .device_sheet import Sheet


def quantity(value: float, unit: str, digits: int = 3) -> str:
    """A number with its unit and prefix: ``12.5 µS``; plain where the unit takes none."""
    factor, shown = si_scale([value], unit)
    return f"{plain(value * factor, digits)} {shown}".strip()


def plain(value: float, digits: int = 3) -> str:
    """A number rounded to some digits, without an exponent up to a million: ``970``, not ``9.7e+02``."""
    return re.sub(r"e\+0*", "e", f"{float(f'{value:.{digits}g}'):g}")


def model_word(device: DeviceModel) -> str:
    """Name of a device's model in `MODELS`."""
    return next((word for word, model in MODELS.items() if type(device) is model), type(device).__name__)


def preset_of(device: DeviceModel) -> str | None:
    """Preset that a device is, all its parameters alike; none where it is nobody's."""
    return next((name for name, make in DEVICES.items() if make() == device), None)


def model_summary(model: type[DeviceModel]) -> str:
    """First line of a model's docstring."""
    return (inspect.getdoc(model) or "").partition("\n")[0]


def origin(device: DeviceModel) -> str:
    """Where a device's numbers come from, one sentence."""
    name = preset_of(device)
    if name is None:
        return "No preset has these numbers: they are the user's."
    summary, source = describe(name)
    return f"Preset {name}. {summary} Source: {source}."


def key_numbers(sheet: Sheet) -> list[tuple[str, str]]:
    """Names and values that a sheet prints, simulated ones where the parameters do not say it in one number."""
    device = sheet.device
    ratio = f"on/off {plain(device.g_max / device.g_min)}" if device.g_min > 0 else "no lower end"
    out = [
        ("model", model_word(device)),
        ("range", f"{quantity(device.g_min, 'S')} .. {quantity(device.g_max, 'S')}"),
        ("resistance", f"{quantity(1 / device.g_max, 'ohm')} at g_max, {ratio}"),
        *_programming(sheet),
        ("drift, retention", _retention(sheet)),
        ("read noise", _reads(sheet)),
        ("I-V", f"{'ohmic' if device.ohmic else 'bent'}, read at {quantity(device.read_voltage, 'V')}"),
        ("faults", _faults(sheet)),
    ]
    if device.n_levels is not None:
        out.insert(3, ("levels", str(device.n_levels)))
    return out


def _programming(sheet: Sheet) -> list[tuple[str, str]]:
    device, out = sheet.device, []
    if isinstance(device, BinaryVcm):
        p, q = device.set_probability, device.reset_probability
        out.append(("a pulse switches", f"{100 * p:.3g} % of off, {100 * q:.3g} % of on cells"))
    elif device.whole_pulses:
        if isinstance(device, NeuroSimDevice):
            up, down = device.nonlinearity_up, device.nonlinearity_down
            out.append(("end to end", f"{device.pulses_up} pulses up, {device.pulses_down} down"))
            out.append(("non-linearity", f"{up:g} up, {down:g} down"))
        step = f"{quantity(device.step, 'S')}, {100 * device.step / device.span:.2g} % of range"
        out.append(("step at mid-range", step))
        spread = getattr(device, "d2d_sigma", 0.0)
        law = " of its logarithm" if getattr(device, "d2d_law", "") == "log_normal" else " of it"
        out.append(("step, cell to cell", f"sd {100 * spread:.3g} %{law}" if spread else "alike"))
        noise = getattr(device, "c2c_sigma", 0.0)
        out.append(("step, cycle to cycle", f"sd {100 * noise:.3g} % of it" if noise else "exact"))
        high, low = (100 * getattr(device, name, 0.0) for name in ("g_max_sigma", "g_min_sigma"))
        if high or low:
            out.append(("bounds, cell to cell", f"sd {low:.3g} % lower, {high:.3g} % upper, of range"))
        write = getattr(device, "write_sigma", 0.0)
        if write:
            out.append(("write noise", f"sd {100 * write:.3g} % of range, does not add up"))
    else:
        out.append(("programming", "closed-loop, to any level"))
    out.append(("one write misses by", _misses(sheet)))
    return out


def _misses(sheet: Sheet) -> str:
    """Sd over cells, in the middle and at the top."""
    levels, span = sheet.levels, sheet.device.span
    if not np.isfinite(levels.g).any(axis=1).all():
        return "unknown: no cell of a level works"
    sd = np.nanstd(levels.g, axis=1)
    if not np.any(sd > 1e-6 * span):
        return "nothing"
    middle = len(sd) // 2
    at = (
        (0, "off"), (len(sd) - 1, "on")) if len(sd) == 2 else ((middle, "mid"), (len(sd) - 1, "top"))  # fmt: skip
    return "sd " + ", ".join(f"{quantity(float(sd[k]), 'S', 2)} ({word})" for k, word in at)


def _retention(sheet: Sheet) -> str:
    fan = sheet.fan
    if not fan.ages:
        return "none"
    k, month = len(fan.targets) - 1, int(np.argmin(np.abs(np.log(fan.seconds / (30 * 86400.0)))))
    change = round(100.0 * (fan.middle[k, month] / fan.targets[k] - 1.0), 2)
    wide = round(100.0 * (fan.high[k, month] - fan.low[k, month]) / fan.targets[k], 2)
    warm = getattr(sheet.device, "temperature", 0.0)
    heat = f" and {warm:g} K" if sheet.device.acceleration != 1.0 else ""
    return f"{change:+.2g} % in 30 days at {quantity(fan.targets[k], 'S')}{heat}; 90 % of cells span {wide:.2g} %"


def _reads(sheet: Sheet) -> str:
    noise = sheet.noise
    if not noise.off.size:
        return "none"
    grows = f", {100 * noise.growth[1, -1]:.2g} % after a year" if noise.growth.size else ""
    return f"sd {100 * noise.sd / noise.g:.2g} % at {quantity(noise.g, 'S')}{grows}"


def _faults(sheet: Sheet) -> str:
    device = sheet.device
    named = (
        ("stuck on", device.stuck_on_fraction),
        ("stuck off", device.stuck_off_fraction),
        ("dead", device.dead_fraction),
    )
    words = [f"{100 * share:.3g} % {what}" for what, share in named if share]
    if device.endurance is not None:
        words.append(f"worn after {plain(device.endurance)} pulses (median)")
    return ", ".join(words) or "none"
