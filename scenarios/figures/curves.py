"""Quality and fidelity against one swept value, beside the software line and the raw input's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

from .quality import SHARE
from .style import (
    HARDWARE,
    MARKERS,
    RAW,
    SOFTWARE,
    WORDS,
    headline,
    legend_above,
    loose_limits,
    new_figure,
    percent_limits,
    sequential,
)
from .table import Axis, Table

MOST_LINES = 6
"""More values than this of a second key are told apart in a heat map only."""


@dataclass(frozen=True)
class _Line:
    """One line of a curve figure: a metric, and where on the other axes."""

    metric: str
    label: str
    at: Mapping[int, int]
    look: Mapping[str, Any]


def curve_figure(table: Table, main: int, group: int | None = None) -> Figure:
    """Quality above, fidelity below, against axis `main`.

    Parameters
    ----------
    table : what to draw
    main : index of the axis along x
    group : index of an axis with one line a value, at most `MOST_LINES`; other axes are averaged over
    """
    axis, quality = table.axes[main], table.quality
    panels = [kind for kind in ("quality", "fidelity") if _drawn(table, kind)]
    heights = {"quality": 3.0, "fidelity": 2.0}
    figure = new_figure(2.2 + 1.15 * sum(heights[kind] for kind in panels) / 1.35)
    axes = figure.subplots(
        len(panels), 1, sharex=True, squeeze=False, height_ratios=[heights[kind] for kind in panels]
    )[:, 0]
    for ax, kind in zip(axes, panels, strict=True):
        lines = _lines(table, kind, group)
        seen = _draw(ax, table, main, lines, 100.0 if kind == "fidelity" else quality.factor)
        (percent_limits if kind == "fidelity" or quality.unit == SHARE else loose_limits)(ax, seen)
        if ax is axes[0]:
            legend_above(ax, [line.label for line in lines], _legend_title(table, group))
        ax.set_ylabel(f"fidelity (%)\n{quality.shared}" if kind == "fidelity" else quality.axis)
    _scale_x(axes[-1], axis)
    axes[-1].set_xlabel(axis.title())
    headline(figure, _title(table, main, group) + table.averaged((main, group)), f"{table.note}.")
    return figure


def _drawn(table: Table, kind: str) -> bool:
    """Whether there is anything to draw in this panel."""
    return any(table.has(name) for name in (["fidelity"] if kind == "fidelity" else table.quality.metrics))


def _legend_title(table: Table, group: int | None) -> str:
    if group is None:
        return ""
    side = table.hardware if table.sided or table.has("fidelity") else "software"
    return f"{side} at {table.axes[group].title().splitlines()[0]}"


def _lines(table: Table, kind: str, group: int | None) -> list[_Line]:
    if kind == "fidelity":
        return _leading(table, "fidelity", group)
    quality = table.quality
    references = [(quality.raw, f"{quality.raw_word} (baseline)", RAW, (0, (1.2, 1.2)))]
    if table.sided:
        lines = _leading(table, quality.hardware, group)
        references.insert(0, (quality.software, "software", SOFTWARE, (0, (5, 1.5))))
    else:
        lines = _leading(table, quality.software, group) if table.has(quality.software) else []
    for metric, name, colour, dashes in references:
        if table.has(metric):
            lines += _reference(table, metric, name, {"color": colour, "linestyle": dashes}, group)
    return lines


def _leading(table: Table, metric: str, group: int | None) -> list[_Line]:
    """The line that a figure is about, or one a value of the second key."""
    if group is None:
        alone = metric == table.quality.software
        name, colour = ("software", SOFTWARE) if alone else (table.hardware, HARDWARE)
        return [_Line(metric, name, {}, {"color": colour, "marker": "o"})]
    other = table.axes[group]
    # Ordered values get ordered colours, words get colours that are merely different.
    colours: Sequence[Any] = sequential("YlOrRd", len(other.values)) if other.numeric else WORDS
    return [
        _Line(metric, text, {group: k}, {"color": colours[k], "marker": MARKERS[k]})
        for k, text in enumerate(other.texts())
    ]


def _reference(
    table: Table, metric: str, name: str, look: Mapping[str, Any], group: int | None
) -> list[_Line]:
    """One line where the second key leaves the metric as it is, else one a value."""
    if group is None or not table.depends(metric, group):
        return [_Line(metric, name, {}, look)]
    texts = table.axes[group].texts()
    return [
        _Line(metric, f"{name}, {text}", {group: k}, {**look, "alpha": 0.35 + 0.65 * k / (len(texts) - 1)})
        for k, text in enumerate(texts)
    ]


def _draw(ax: Axes, table: Table, main: int, lines: list[_Line], factor: float) -> list[float]:
    """Draw lines with their intervals; returns every y that must be in sight."""
    axis = table.axes[main]
    places = range(len(axis.values))
    # Over words, a metric that the words leave alone runs across as a level; the rest stand side by side.
    level = [
        line
        for line in lines
        if not axis.numeric and "marker" not in line.look and not table.depends(line.metric, main)
    ]
    dodged = [line for line in lines if line not in level]
    seen: list[float] = []
    for line in lines:
        if line in level:
            stats = [table.summary(line.metric, line.at, factor)] * 2
            x = np.array([-0.6, len(places) - 0.4])
        else:
            stats = [table.summary(line.metric, {main: i, **line.at}, factor) for i in places]
            step = min(0.14, 0.7 / len(dodged))
            side = (dodged.index(line) - (len(dodged) - 1) / 2) * step
            x = np.array(axis.shown()) if axis.numeric else np.arange(len(places)) + side
        mean, low, high = (np.array([getattr(s, name) for s in stats]) for name in ("mean", "low", "high"))
        seen += [*mean, *low, *high]
        if line in level or (axis.numeric and not line.at):
            ax.plot(x, mean, label=line.label, **line.look)
            ax.fill_between(x, low, high, color=line.look["color"], alpha=0.16, linewidth=0, zorder=1.5)
            continue
        # Bands of several lines would run into one another; bars stay apart.
        look = dict(line.look) if axis.numeric else {"marker": "D", **line.look, "linestyle": "none"}
        error = np.nan_to_num(np.array([mean - low, high - mean]))
        ax.errorbar(
            x, mean, error if error.any() else None, label=line.label, elinewidth=1.2, capsize=2.5, **look
        )
    return seen


def _scale_x(ax: Axes, axis: Axis) -> None:
    if not axis.numeric:
        words = axis.texts()
        long = sum(map(len, words)) > 70
        ax.set_xticks(
            range(len(words)),
            words,
            rotation=18 if long else 0,
            ha="right" if long else "center",
            rotation_mode="anchor" if long else "default",
        )
        ax.set_xlim(-0.6, len(words) - 0.4)
        ax.grid(False, axis="x")
        return
    shown = axis.shown()
    if axis.scale == "log":
        ax.set_xscale("log")
    elif axis.scale == "symlog":
        ax.set_xscale("symlog", linthresh=min(v for v in shown if v > 0), linscale=0.5)
        ax.set_xlim(-0.12 * min(v for v in shown if v > 0), shown[-1] * 1.15)
    whole = all(float(value).is_integer() for value in shown)
    if (axis.scale != "linear" or whole or len(shown) <= 6) and len(shown) <= 13:
        ax.xaxis.set_major_locator(FixedLocator(shown))
        ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.4g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())


def _title(table: Table, main: int, group: int | None) -> str:
    axis, texts, quality = table.axes[main], table.axes[main].texts(), table.quality
    leading = quality.hardware if table.sided else quality.software
    if not table.has(leading):
        drawn = "fidelity" if table.has("fidelity") else quality.word
        return f"{table.scenario}: {drawn} against {axis.key}"
    what = f"{table.scenario}: {table.subject}"
    if group is not None:
        return f"{what} against {axis.key}, by {table.axes[group].key}"
    if not axis.numeric:
        return f"{what} by {axis.key}"
    _, unit = axis.label.prefix(axis.values)
    last = len(axis.values) - 1
    first, end = (table.summary(leading, {main: i}, quality.factor).mean for i in (0, last))
    span = f"{axis.key} from {texts[0]} to {texts[-1]}{' ' + unit if unit else ''}"
    return f"{what} {quality.text(first)} → {quality.text(end)} with {span}"
