"""Results as a table for reading: raw data, software and hardware side by side, or a sweep's points."""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from rich.table import Table

from htm.pick import BadInput

from .figures.labels import si_scale
from .figures.stats import Interval, mean_interval
from .progress import duration
from .registry import Metric

if TYPE_CHECKING:
    import pandas as pd

    from .results import Results
    from .wire_errors import WireErrors
    from .write_maps import WriteMap

SIDES = ("raw", "software", "hardware")
_SIDED = re.compile(r"(?P<head>.+?)_(?P<side>raw|software|hardware)(?P<tail>_.+)?")

MOST_ROWS = 60
"""A longer sweep shows its first and last rows."""

MOST_METRICS = 5
"""Columns of metrics that fit beside the swept values."""


def shown(table: Any) -> None:
    """Print a table."""
    from rich.console import Console

    # A file or a pipe gets the whole width: a table cut at 80 columns is of no use to grep.
    console = Console(width=None if sys.stdout.isatty() or os.environ.get("COLUMNS") else 160)
    console.print(table)


def table_of(results: Results) -> Table:
    """Table of a run (one row a metric) or of a sweep (one row a combination of swept values)."""
    frame = results.to_dataframe()
    if not len(frame):
        raise BadInput(f"{results.folder}: no point is finished yet")
    swept = [key for key, values in results.manifest["vary"].items() if len(values) > 1]
    table = _sweep(results, frame, swept) if swept else _run(results, frame)
    table.title, table.title_justify = _title(results, frame), "left"
    table.min_width = len(table.title)  # else the title is broken at the width of a narrow table
    table.caption, table.caption_justify = _caption(results, frame), "left"
    return table


def wire_table(found: WireErrors) -> Table:
    """Share of current that ideal wires promise too much, one row a size, one column a resistance."""
    table = Table(box=_box(), pad_edge=False, collapse_padding=True)
    table.title, table.title_justify = "current promised beyond the true one, all bit lines together", "left"
    table.min_width = len(table.title)
    table.add_column("tile")
    for ohm in found.ohms:
        table.add_column(f"{ohm:g} ohm", justify="right")
    for k, size in enumerate(found.sizes):
        table.add_row(f"{size} x {size}", *(f"{100 * error:.3g} %" for error in found.error[:, k]))
    return table


def write_table(found: Sequence[WriteMap]) -> Table:
    """What reaches the written cell and the others, one row a tile, a resistance and a scheme."""
    table = Table(box=_box(), pad_edge=False, collapse_padding=True)
    table.title = f"one cell written at the far corner, {found[0].voltage:g} V for {found[0].width:g} s"
    table.title_justify, table.min_width = "left", len(table.title)
    for name in ("tile", "wire", "others at"):
        table.add_column(name, no_wrap=True)
    # The largest voltage of the other cells on its two lines, and of all others.
    for name in ("chosen", "its lines", "elsewhere", "energy", "its share"):
        table.add_column(name, justify="right")
    for one in found:
        factor, unit = si_scale([one.energy], "J")
        table.add_row(
            f"{one.size} x {one.size}", f"{one.ohm:g} ohm", one.words,
            f"{one.chosen:.3f} V", f"{one.beside:.3f} V", f"{one.apart:.3f} V",
            f"{one.energy * factor:.3g} {unit}", f"{100 * one.share:.3g} %",
        )  # fmt: skip
    return table


def _run(results: Results, frame: pd.DataFrame) -> Table:
    known = results.metrics()
    table = Table(box=_box(), pad_edge=False, collapse_padding=True)
    table.add_column("")
    stems = _stems(frame, known)
    there = [side for side in SIDES if any(side in sides for sides in stems.values())]
    compared = {"software", "hardware"} <= set(there)
    for name in (*there, *(["difference"] if compared else [])):
        table.add_column({"raw": "raw input"}.get(name, name), justify="right")
    for stem, sides in stems.items():
        unit = next((known[name].unit for name in sides.values() if name in known), "")
        shown = {side: _interval(frame, name) for side, name in sides.items()}
        factor, prefixed = _scale([one.mean for one in shown.values()], unit)
        cells = [_cell(shown[side], factor) if side in shown else "" for side in there]
        label = _label(stem, [known[name].label for name in sides.values() if name in known])
        apart = [_difference(frame, sides, factor)] if compared else []
        table.add_row(f"{label} \\[{prefixed}]" if prefixed else label, *cells, *apart)
    return table


def _sweep(results: Results, frame: pd.DataFrame, swept: Sequence[str]) -> Table:
    known = results.metrics()
    names = [name for name, metric in known.items() if metric.headline and name in frame]
    names = (names or [name for name in _metric_names(frame)])[:MOST_METRICS]
    table = Table(box=_box(), pad_edge=False, collapse_padding=True)
    for key in swept:
        last = key.rpartition(".")[2]
        alone = sum(other.rpartition(".")[2] == last for other in swept) == 1
        table.add_column(last if alone else key, justify="right", no_wrap=True)
    scales = {}
    for name in names:
        unit = known[name].unit if name in known else ""
        scales[name], prefixed = _scale(list(frame[name]), unit)
        label = _words(name)
        widest = max(map(len, label.split()))  # words stay whole where a line is broken
        label = f"{label} \\[{prefixed}]" if prefixed else label
        table.add_column(label, justify="right", overflow="fold", min_width=widest)
    rows = []
    # As text, since a swept value may be a list; unsorted, so in the order of the sweep.
    words = frame[list(swept)].map(_value)
    for word, group in frame.groupby([words[key] for key in swept], sort=False, dropna=False):
        rows.append([*map(str, word), *(_cell(_interval(group, name), scales[name]) for name in names)])
    for row in rows if len(rows) <= MOST_ROWS else rows[: MOST_ROWS // 2]:
        table.add_row(*row)
    if len(rows) > MOST_ROWS:
        table.add_row(*["..."] * len(rows[0]))
        for row in rows[-MOST_ROWS // 2 :]:
            table.add_row(*row)
    return table


def _scale(values: Sequence[float], unit: str) -> tuple[float, str]:
    """Factor and unit to show `values` in; an area's prefix is squared with its metre."""
    if unit != "m2":
        return si_scale(values, unit)
    factor, prefixed = si_scale([math.sqrt(abs(value)) for value in values], "m")
    return factor**2, f"{prefixed}²"


def _words(name: str) -> str:
    """A metric's name as words without its unit: short enough to head a column."""
    return re.sub(r"_(J|s|m2|bit|W|A|V|S)$", "", name).replace("_", " ")


def _stems(frame: pd.DataFrame, known: Mapping[str, Metric]) -> dict[str, dict[str, str]]:
    """Metric names by what they measure and on which side; one that names no side is the last side's there is."""
    order = {name: i for i, name in enumerate(known)}
    names = sorted(_metric_names(frame), key=lambda one: order.get(one, len(order)))
    nobodys = "hardware" if _has_hardware(names) else "software"
    stems: dict[str, dict[str, str]] = {}
    for name in names:
        match = _SIDED.fullmatch(name)
        stem, side = (match["head"] + (match["tail"] or ""), match["side"]) if match else (name, nobodys)
        stems.setdefault(stem, {})[side] = name
    return stems


def _has_hardware(names: Iterable[str]) -> bool:
    """Whether anything ran beside the software: of metrics that name a side, one names the hardware or all none."""
    sides = [match["side"] for name in names if (match := _SIDED.fullmatch(name))]
    return "hardware" in sides or "software" not in sides


def _metric_names(frame: pd.DataFrame) -> list[str]:
    names = list(frame.columns)
    return [name for name in names[names.index("seed") + 1 :] if name != "wall_s"]


def _label(stem: str, labels: Sequence[str]) -> str:
    """What a row is called: the words that the labels of its sides begin with, else the metric's name."""
    if len(labels) == 1:
        return re.sub(r"(, | \()(software|hardware)\)?$", "", labels[0])  # its column says so
    parts = zip(*(re.findall(r"[^\W_]+|\W|_", label) for label in labels), strict=False)
    common = "".join(column[0] for column in takewhile(lambda column: len(set(column)) == 1, parts))
    common = common.rstrip(" ,(:-_")
    return common if len(common) > 2 else stem.replace("_", " ")


def _interval(frame: pd.DataFrame, name: str) -> Interval:
    return mean_interval(frame[name].astype(float))


def _difference(frame: pd.DataFrame, sides: Mapping[str, str], factor: float) -> str:
    if not {"software", "hardware"} <= sides.keys():
        return ""
    # Seed by seed: both sides see the same data and wiring, so their difference varies less than either.
    apart = frame[sides["hardware"]].astype(float) - frame[sides["software"]].astype(float)
    decimals = max(
        _decimals(_interval(frame, sides[side]).mean * factor) for side in ("software", "hardware")
    )
    return _cell(mean_interval(apart), factor, sign=True, alone=decimals)


def _cell(one: Interval, factor: float, sign: bool = False, alone: int | None = None) -> str:
    """A number with its interval; without one, with `alone` decimals where given."""
    if not math.isfinite(one.mean):
        return "-"
    half = one.half * factor
    mean = one.mean * factor
    if not math.isfinite(half):
        return _number(mean, sign) if alone is None else f"{mean:{'+' if sign else ''},.{alone}f}"
    half = half if half > 1e-9 * abs(mean) else 0.0  # rounding, not spread
    # As many decimals as the interval has meaning for: two digits of it.
    decimals = max(0, min(6, 1 - math.floor(math.log10(half)))) if half > 0 else _decimals(mean)
    return f"{mean:{'+' if sign else ''},.{decimals}f} ± {half:.{decimals}f}"


def _number(value: float, sign: bool = False) -> str:
    flag = "+" if sign else ""
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return f"{value:{flag},.{_decimals(value)}f}"
    return f"{value:{flag}.3e}"


def _decimals(value: float) -> int:
    """Decimals that show four digits of a broken number, and none of a whole one."""
    if not math.isfinite(value) or (value == round(value) and abs(value) >= 1):
        return 0
    return max(0, min(6, 3 - math.floor(math.log10(abs(value))))) if value else 0


def _value(word: Any) -> str:
    text = f"{word:.6g}" if isinstance(word, float) else str(word)
    return text.replace("[", "\\[")


def _title(results: Results, frame: pd.DataFrame) -> str:
    base = results.manifest["base"]
    parts = [str(results.manifest["scenario"])]
    # Software alone is made of no device, and its name is the whole substrate.
    sided = _has_hardware(_metric_names(frame))
    if sided and isinstance(base.get("device"), Mapping) and "device" not in results.manifest["vary"]:
        parts.append(f"device {base['device'].get('preset')}")
    if not sided:
        parts.append("software")
    elif isinstance(base.get("substrate"), str) and "substrate" not in results.manifest["vary"]:
        parts.append(f"substrate {base['substrate']}")
    seeds = results.manifest["seeds"]
    parts.append(f"seed {seeds[0]}" if len(seeds) == 1 else f"{len(seeds)} seeds, mean ± 95 % interval")
    return ", ".join(parts)


def _caption(results: Results, frame: pd.DataFrame) -> str:
    took = f"{duration(float(frame['wall_s'].sum()))} of computing"
    if len(frame) < results.expected:
        return f"{len(frame)} of {results.expected} points finished, {took}"
    return f"{_count(len(frame), 'point')}, {took}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _box() -> Any:
    from rich import box

    return box.SIMPLE_HEAD


def lines_of(rows: Iterable[tuple[str, str, str]], heading: str) -> Table:
    """Names with one line each and their source, for ``hwsim list``."""
    table = Table(box=None, show_header=False, title=heading, title_justify="left", title_style="bold")
    table.add_column(style="cyan", no_wrap=True)
    table.add_column()
    for name, summary, source in rows:
        table.add_row(name, f"{_value(summary)}\n[dim]{_value(source)}[/dim]")
    return table
