"""How near do the device presets come to their sources? Writes docs/devices.md and its pictures.

Every text comes from the presets' and models' own docstrings and fields, every number from ``device_sources``, so the
page cannot say what the code does not. The tests hold the committed page against a new one.

Run: python benchmarks/device_pages.py [--check] [--no-pictures]
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from device_sources import CHECKS, Check, checks_of
from device_text import BRING_YOUR_OWN, FAULTS, INTRODUCTION, PHYSICAL_INTRODUCTION
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from devices import reads
from devices.charge_trap import ChargeTrap, Day
from devices.conductance import Conducts
from devices.curves import ClippedLog
from devices.exp_step import ExponentialDevice
from devices.faults import FAULT_SHARES, Fails
from devices.levels import LevelRram, Miss
from devices.linear_step import AffineDevice
from devices.model import DeviceModel
from devices.models import MODELS
from devices.physical import PHYSICAL, WINDOWS
from devices.presets import DEVICES, describe, device_from
from devices.pulsed import PulsedDevice
from devices.reads import Reads
from devices.retention import AgeingDevice
from devices.units import unit_of
from scenarios.device_facts import model_word, plain, quantity

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE, PICTURES = DOCS / "devices.md", DOCS / "images" / "devices"
STATUS = ("printed", "measured", "fitted", "of the source", "assumed")
MATERIALS = {
    "rram_gong2018": "RRAM",
    "rram_wan2022": "RRAM",
    "pcm_joshi2020": "PCM",
    "pcm_hermes2023": "PCM",
    "pcm_hermes2023_pair": "PCM",
    "pcm_nandakumar2020": "PCM, Ge2Sb2Te5",
    "pcm_kuzum2011": "PCM, GST",
    "rram_gong2018_exp": "RRAM",
    "rram_gongrasch2022_hfo2": "RRAM, HfO2",
    "rram_gongrasch2022_optimised": "RRAM",
    "rram_milo2021": "RRAM, HfO2",
    "rram_cmo2024": "RRAM, CMO/HfOx",
    "rram_cmo2024_fine": "RRAM, CMO/HfOx",
    "rram_jo2010": "RRAM, Ag:a-Si",
    "rram_taox_tio2": "RRAM, TaOx/TiO2",
    "rram_wu2018": "RRAM, TaOx/HfOx",
    "rram_park2013": "RRAM, PCMO",
    "rram_woo2016": "RRAM, AlOx/HfO2",
    "rram_choi2018": "RRAM, Ag in SiGe",
    "vcm_binary": "binary RRAM",
    "ecram_tang2018": "ECRAM, Li",
    "ecram_kim2019": "ECRAM, metal oxide",
    "capacitor_li2018": "capacitor",
    "fefet_jerry2017": "FeFET, HZO",
    "sonos_agrawal2022": "charge trap, SONOS",
}
"""Kind of device and, where the source or the model's name says it, material."""


# Presets ---------------------------------------------------------------------------------------------------


def contents(found: dict[str, list[Check]]) -> Iterator[str]:
    """One row a preset."""
    yield "| preset | device | model | g_min .. g_max | checks | worst | source |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for name in DEVICES:
        device, checks = device_from(name), found.get(name, [])
        word = model_word(device)
        worst = f"{max(_share(check) for check in checks):.2f}" if checks else ""
        span = f"{quantity(device.g_min, 'S')} .. {quantity(device.g_max, 'S')}"
        yield (
            f"| [{name}](#{name}) | {MATERIALS.get(name, '')} | [`{word}`](#model-{word}) | {span} "
            f"| {len(checks) or ''} | {worst} | {describe(name)[1]} |"
        )


def _share(check: Check) -> float:
    """Deviation over the bound, 0..1 where a check holds."""
    return abs(check.seen - check.expected) / check.bound


def preset_section(name: str, checks: list[Check]) -> Iterator[str]:
    """All about one preset."""
    device, (summary, source) = device_from(name), describe(name)
    validity, claims = _docstring(name)
    yield f"### {name}\n"
    yield f"{summary}\n"
    yield f"![{name}: pulses, levels written once, retention](images/devices/{name}.png)\n"
    yield f"**Source.** {source}\n"
    if validity:
        yield f"**What it is, and where it holds.** {validity}\n"
    for status in sorted(claims, key=lambda words: STATUS.index(words[0])):
        yield f"**{status[0].capitalize()}{_besides(status)}.**\n"
        yield from (f"- {claim}" for claim in claims[status])
        yield ""
    yield "| field | value | meaning |\n| --- | --- | --- |"
    fields = type(device).model_fields
    for field in device.model_dump(exclude_defaults=True):
        yield f"| `{field}` | {value_text(getattr(device, field), unit(fields[field]))} | {meaning(fields[field])} |"
    if not device.model_dump(exclude_defaults=True):
        yield from (
            f"| `{field}` | {value_text(getattr(device, field), unit(fields[field]))} | {meaning(fields[field])} |"
            for field in ("g_min", "g_max")
        )
    yield f"\nEvery other field of [`{model_word(device)}`](#model-{model_word(device)}) has its default.\n"
    if checks:
        yield from source_table(checks)


def _besides(status: tuple[str, ...]) -> str:
    return f", and {' and '.join(status[1:])}" if len(status) > 1 else ""


def _docstring(name: str) -> tuple[str, dict[tuple[str, ...], list[str]]]:
    """Paragraphs of a preset's docstring between source and list, and its list by printed, fitted, assumed."""
    lines = (inspect.getdoc(DEVICES[name]) or "").splitlines()[1:]
    text = "\n".join(line for line in lines if not line.startswith("Source:")).strip()
    prose, _, listed = text.partition("\n- ") if not text.startswith("- ") else ("", "", text[2:])
    claims: dict[tuple[str, ...], list[str]] = {}
    for item in listed.split("\n- ") if listed else []:
        claim = " ".join(item.split())
        words = tuple(sorted({word for word in STATUS if word in claim}, key=claim.index)) or (
            "of the source",
        )
        claims.setdefault(words, []).append(claim)
    return " ".join(prose.replace("``", "`").split()), claims


def source_table(checks: list[Check]) -> Iterator[str]:
    """Preset against source, folded away."""
    worst = max(_share(check) for check in checks)
    title = f"Against its source: {len(checks)} checks, the worst at {worst:.2f} of its bound"
    yield f"<details><summary>{title}</summary>\n"
    yield "| quantity | unit | source | simulated | allowed deviation |\n| --- | --- | --- | --- | --- |"
    for check in checks:
        digits = max(4, 2 + round(-np.log10(check.bound / max(abs(check.expected), 1e-12))))
        seen = 0.0 if abs(check.seen) < 1e-6 * check.bound else check.seen  # the rounding of a sum
        shown = f"{check.expected:.{digits}g} | {seen:.{digits}g} | {check.bound:.2g}"
        yield f"| {check.quantity} | {check.unit} | {shown} |"
    yield "\n</details>\n"


# Values ----------------------------------------------------------------------------------------------------


def unit(field: FieldInfo) -> str:
    """SI unit of a field: declared, or in brackets at the end of its description; empty for a number."""
    written = re.search(r"\[([^\]]*)\]\s*$", field.description or "")
    found = unit_of(field) or (written.group(1) if written else "")
    return "" if found == "1" else found


def meaning(field: FieldInfo) -> str:
    """A field's description without its unit, safe in a table."""
    return re.sub(r"\s*\[[^\]]*\]\s*$", "", field.description or "").replace("|", "\\|")


def value_text(value: Any, unit: str = "") -> str:
    """A value as a reader wants it."""
    if isinstance(value, ClippedLog):
        log = f"{value.slope:g} ln r {value.intercept:+g}, within {value.low:g} .. {value.high:g}"
        return f"{log}; from r = {value.split:g}: {value_text(value.poly)}" if value.split else log
    if isinstance(value, Miss):
        return f"after {_time(value.after)}: {value_text(value.poly)}"
    if isinstance(value, Day):
        shift = f", shift {value_text(value.shift_poly)}" if value.shift_poly else ""
        return f"after {_time(value.after)}: sigma {value.sigma:.5g}, scale {value.scale:.5g}{shift}"
    if isinstance(value, tuple):
        inner = [value_text(one) for one in value]
        return "<br>".join(inner) if value and isinstance(value[0], BaseModel) else f"({', '.join(inner)})"
    if isinstance(value, bool) or value is None or value is PydanticUndefined:
        return {True: "yes", False: "no"}.get(value, "none") if value is not PydanticUndefined else "required"
    if isinstance(value, float):
        return (
            (_time(value) if unit == "s" and value >= 60 else quantity(value, unit, 6))
            if unit
            else plain(value, 6)
        )
    return str(value)


def _time(seconds: float) -> str:
    for size, word in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= size:
            return f"{seconds / size:g} {word}"
    return f"{seconds:g} s"


# Mechanisms ------------------------------------------------------------------------------------------------


def field_table(owner: type[BaseModel], above: tuple[type, ...] = ()) -> Iterator[str]:
    """Fields that a class itself declares."""
    inherited = {name for base in above for name in getattr(base, "model_fields", {})}
    rows = {name: field for name, field in owner.model_fields.items() if name not in inherited}
    if rows:
        yield "| field | unit | default | meaning |\n| --- | --- | --- | --- |"
    for name, field in rows.items():
        yield f"| `{name}` | {unit(field)} | {value_text(field.default, unit(field))} | {meaning(field)} |"
    yield ""


def _quoted(text: str | None) -> str:
    """A docstring as it stands, without its list of parameters."""
    prose = inspect.cleandoc(text or "").partition("\n\nParameters\n")[0]
    return f"```text\n{prose}\n```\n"


def mechanisms() -> Iterator[str]:
    """Every field with its formula, those of all models first."""
    yield "## Mechanisms\n"
    yield (
        "A mechanism has the same field name in every model that has it; 0 (or none) switches it off. Models without a "
        "field refuse it. Texts and tables are the code's own.\n"
    )
    shared = (
        ("Range and I-V curve", Conducts, Conducts.__doc__, ()),
        ("Reads", Reads, reads.__doc__, ()),
        ("Faults and wear", Fails, Fails.__doc__, ()),
        ("Finite levels", DeviceModel, DeviceModel.pulse.__doc__, (Conducts, Reads, Fails)),
        ("Temperature", AgeingDevice, AgeingDevice.__doc__, (DeviceModel,)),
        (
            "Pulses: spread, write noise, direct writes, drift",
            PulsedDevice,
            PulsedDevice.__doc__,
            (AgeingDevice,),
        ),
        ("Steps along a line", AffineDevice, AffineDevice.__doc__, (PulsedDevice,)),
        ("Steps along an exponential", ExponentialDevice, ExponentialDevice.__doc__, (PulsedDevice,)),
        ("A curve over the level", ClippedLog, ClippedLog.__doc__, ()),
    )
    for title, owner, text, above in shared:
        users = [word for word, model in MODELS.items() if issubclass(model, owner)]
        whose = "all models" if len(users) == len(MODELS) else ", ".join(f"`{word}`" for word in users)
        yield f"### {title}\n"
        yield f"In {whose}.\n" if users else "Where a field says so.\n"
        yield _quoted(text)
        yield from field_table(owner, above)
    yield "## Models\n"
    for word, model in MODELS.items():
        yield f"### Model {word}\n"
        used = [name for name in DEVICES if type(device_from(name)) is model]
        yield f"Presets: {', '.join(f'[{name}](#{name})' for name in used) or 'none yet'}.\n"
        yield _quoted(model.__doc__)
        yield from field_table(model, model.__bases__)
        for part in {LevelRram: (Miss,), ChargeTrap: (Day,)}.get(model, ()):
            yield f"`{part.__name__}`: {inspect.getdoc(part)}\n"
            yield from field_table(part)


def physical() -> Iterator[str]:
    """The models that are differential equations."""
    yield "## Physical models\n"
    yield PHYSICAL_INTRODUCTION
    for word, model in PHYSICAL.items():
        yield f"### {word}\n"
        yield _quoted(model.__doc__)
        yield from field_table(model)
    yield "### Windows\n"
    yield from (
        f"- `{word}`: {' '.join((inspect.getdoc(window) or '').split())}" for word, window in WINDOWS.items()
    )
    yield ""


def fault_pairs() -> Iterator[str]:
    """The named stuck shares, both ways round."""
    yield "## Named faults\n"
    yield FAULTS
    yield "| `faults` | stuck on, at g_max | stuck off, at g_min |\n| --- | --- | --- |"
    yield from (
        f"| `{word}` | {100 * on:g} % | {100 * off:g} % |" for word, (on, off) in FAULT_SHARES.items()
    )
    yield ""


# The page --------------------------------------------------------------------------------------------------


def page() -> str:
    """All of docs/devices.md."""
    found = {name: checks_of(name) for name in DEVICES if name in CHECKS}
    parts = [INTRODUCTION, *contents(found), "\n## Presets\n"]
    for name in DEVICES:
        parts += preset_section(name, found.get(name, []))
    parts += [*fault_pairs(), BRING_YOUR_OWN, *mechanisms(), *physical()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).rstrip() + "\n"


def differences(old: str, new: str) -> list[str]:
    """Lines that differ. Simulated numbers may, within what their check allows: other versions draw otherwise."""
    lines, fresh = old.splitlines(), new.splitlines()
    if len(lines) != len(fresh):
        return [f"{len(lines)} lines, should be {len(fresh)}"]
    return [
        f"{k + 1}: {a}\n   should be {b}"
        for k, (a, b) in enumerate(zip(lines, fresh, strict=True))
        if not _same(a, b)
    ]


def _same(old: str, new: str) -> bool:
    if old == new:
        return True
    cells, fresh = old.split(" | "), new.split(" | ")
    if len(cells) == len(fresh) == 5:  # quantity, unit, source, simulated, allowed
        try:
            a, b = ([float(cell.rstrip(" |")) for cell in row[2:]] for row in (cells, fresh))
        except ValueError:
            return False
        near = abs(a[0] - b[0]) <= b[2] and abs(a[1] - b[1]) <= 2 * b[2] and abs(a[2] - b[2]) <= 0.3 * b[2]
        return cells[:2] == fresh[:2] and near
    drawn = re.compile(r"at \d\.\d\d of its bound|\| \d\.\d\d \|")  # the worst deviation
    return drawn.sub("", old) == drawn.sub("", new)


def pictures() -> None:
    """One thumbnail a preset."""
    from scenarios.figures.device import draw_thumbnail

    PICTURES.mkdir(parents=True, exist_ok=True)
    for name in DEVICES:
        draw_thumbnail(device_from(name), PICTURES / f"{name}.png")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the page instead of writing it")
    parser.add_argument("--no-pictures", action="store_true", help="write the text only")
    options = parser.parse_args()
    text = page()
    if options.check:
        wrong = differences(PAGE.read_text(), text)
        print("\n".join(wrong) or f"{PAGE.name}: up to date")
        return int(bool(wrong))
    PAGE.write_text(text)
    if not options.no_pictures:
        pictures()
    return 0


if __name__ == "__main__":
    sys.exit(main())
