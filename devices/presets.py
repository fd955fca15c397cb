"""Device presets: one function per published parameter set, looked up by its name in `DEVICES`.

Each docstring says where its numbers come from, and of every number whether it is *printed* (in the source),
*fitted* (to the source's data, by whom is said) or *assumed*.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from htm.pick import BadInput, one_line, pick

from . import presets_neurosim as neurosim
from . import presets_other as other
from . import presets_pcm as pcm
from . import presets_rram as rram
from .ideal import IdealDevice
from .model import DeviceModel
from .preset_file import device_of_table, read_preset
from .presets_rram import DAY

__all__ = ["DAY", "DEVICES", "describe", "device_from", "names_file", "override"]


def ideal() -> IdealDevice:
    """Any conductance, exactly, for ever: the crossbar then equals the software bit for bit.

    Source: none, the reference device

    Spans 0..1 S, so that a conductance is a permanence; assumed, and meaningless as a power.
    """
    return IdealDevice()


DEVICES: dict[str, Callable[[], DeviceModel]] = {
    "ideal": ideal,
    "rram_gong2018": rram.rram_gong2018,
    "rram_wan2022": rram.rram_wan2022,
    "pcm_joshi2020": pcm.pcm_joshi2020,
    "pcm_hermes2023": pcm.pcm_hermes2023,
    "pcm_hermes2023_pair": pcm.pcm_hermes2023_pair,
    "pcm_nandakumar2020": pcm.pcm_nandakumar2020,
    "pcm_kuzum2011": neurosim.pcm_kuzum2011,
    "rram_gong2018_exp": rram.rram_gong2018_exp,
    "rram_gongrasch2022_hfo2": rram.rram_gongrasch2022_hfo2,
    "rram_gongrasch2022_optimised": rram.rram_gongrasch2022_optimised,
    "rram_milo2021": rram.rram_milo2021,
    "rram_cmo2024": rram.rram_cmo2024,
    "rram_cmo2024_fine": rram.rram_cmo2024_fine,
    "rram_jo2010": neurosim.rram_jo2010,
    "rram_taox_tio2": neurosim.rram_taox_tio2,
    "rram_wu2018": neurosim.rram_wu2018,
    "rram_park2013": neurosim.rram_park2013,
    "rram_woo2016": neurosim.rram_woo2016,
    "rram_choi2018": neurosim.rram_choi2018,
    "vcm_binary": rram.vcm_binary,
    "ecram_tang2018": other.ecram_tang2018,
    "ecram_kim2019": other.ecram_kim2019,
    "capacitor_li2018": other.capacitor_li2018,
    "fefet_jerry2017": neurosim.fefet_jerry2017,
    "sonos_agrawal2022": other.sonos_agrawal2022,
}


def describe(name: str) -> tuple[str, str]:
    """Summary and source of a preset: its docstring's first line and what follows ``Source:``."""
    lines = inspect.getdoc(pick(DEVICES, name, "device")) or ""
    summary, *rest = lines.splitlines()
    sources = [line.removeprefix("Source:").strip() for line in rest if line.startswith("Source:")]
    return summary, sources[0]


def names_file(word: str) -> bool:
    """Whether a device's word is the path of a preset file and no preset's name."""
    # os.path answers False to a word too long for a path, where pathlib raises.
    return word not in DEVICES and (
        word.endswith(".toml") or "/" in word or os.sep in word or os.path.isfile(word)  # noqa: PTH113
    )


def device_from(spec: str | Mapping[str, Any]) -> DeviceModel:
    """Device of a configuration.

    Parameters
    ----------
    spec : a preset's name, the path of a preset file, a mapping ``{"preset": name or path, **overrides}``, or
        ``{"model": name, **fields}``

    Raises
    ------
    BadInput
        One line that names the field: an unknown preset, an unknown key, a bad value.
    """
    if not isinstance(spec, Mapping):
        if isinstance(spec, str) and names_file(spec):
            return read_preset(spec)
        return pick(DEVICES, spec, "device")()
    overrides = dict(spec)
    if "preset" in overrides:
        return override(device_from(overrides.pop("preset")), overrides)
    if "model" in overrides:
        return device_of_table(overrides, "device: ")
    raise BadInput(f"device.preset: must be given, one of {', '.join(DEVICES)}, or a file")


def override(device: DeviceModel, changes: Mapping[str, Any]) -> DeviceModel:
    """`device` with some parameters replaced; the same changes again change nothing.

    A device that has an `on_off_ratio` keeps it when `g_max` is replaced; replacing `g_min` gives it up. Named
    `faults` replace both stuck shares; replacing a share gives up the name.

    Raises
    ------
    BadInput
        Where a key is unknown or a value bad.
    """
    model = type(device)
    values = {name: getattr(device, name) for name in model.model_fields} | dict(changes)
    if "g_min" in changes and changes.get("on_off_ratio") is None:
        values["on_off_ratio"] = None
    elif "g_min" not in changes and values["on_off_ratio"] is not None:
        del values["g_min"]
    shares = ("stuck_on_fraction", "stuck_off_fraction")
    if changes.get("faults") is not None:
        for share in shares:
            if share not in changes:
                del values[share]
    elif any(share in changes for share in shares):
        values["faults"] = None
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise BadInput(one_line("device", error, model=model)) from None
