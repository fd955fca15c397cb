"""Quality, its loss on hardware, and fidelity over two swept keys."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from .quality import Quality
from .style import MISSING, headline, new_figure
from .table import Table


class _Panel(NamedTuple):
    metric: str
    title: str
    bar: str
    quality: Quality
    """How its numbers are scaled and written."""


def _panels(table: Table) -> list[_Panel]:
    """A map of each metric that is there: of software alone just one."""
    quality = table.quality
    if not table.sided and table.has(quality.software):
        maps = [_Panel(quality.software, quality.title, quality.axis, quality)]
    else:
        lost = "Lost against software" if quality.loses else f"Software minus {table.hardware}"
        name = "loss" if quality.loses else "difference"
        unit = f" ({quality.difference_unit})" if quality.difference_unit else ""
        maps = [
            _Panel(quality.hardware, quality.title, quality.axis, quality),
            _Panel(quality.loss, lost, f"{name}{unit}", quality),
        ]
    fidelity = _Panel("fidelity", "Fidelity", f"{quality.shared} (%)", Quality())
    return [panel for panel in (*maps, fidelity) if np.isfinite(table.column(panel.metric)).any()]


def heat_figure(table: Table, first: int, second: int) -> Figure:
    """One heat map a metric, the key with more values along x; further keys are averaged over."""
    across, down = sorted((first, second), key=lambda i: -len(table.axes[i].values))
    columns, rows = len(table.axes[across].values), len(table.axes[down].values)
    panels = _panels(table)
    cell = min(max(0.36, 2.6 / rows), 0.5)
    words = table.axes[across].texts()
    # Beside one another only where the words under each panel do not run into one another.
    beside = columns <= 4 and len(panels) > 1 and sum(len(word) + 2 for word in words) <= 24
    height = 1.7 + (max(1.8, cell * rows) if beside else (cell * rows + 0.45) * len(panels))
    figure = new_figure(height)
    shape = (1, len(panels)) if beside else (len(panels), 1)
    axes = list(figure.subplots(*shape, sharex=True, sharey=True, squeeze=False).ravel())
    widest = 0.0
    for ax, panel in zip(axes, panels, strict=True):
        cells = [
            [table.summary(panel.metric, {across: i, down: j}, panel.quality.factor) for i in range(columns)]
            for j in range(rows)
        ]
        means = np.array([[s.mean for s in line] for line in cells])
        halves = np.array([[s.half for s in line] for line in cells])
        if panel.quality.unit == table.quality.unit:
            widest = max(widest, float(np.nanmax(halves, initial=0.0)))
        _panel(ax, figure, panel, means)
    crowded = sum(len(word) + 2 for word in words) > 95
    axes[0].set_xticks(range(columns), words)
    axes[0].set_yticks(range(rows), table.axes[down].texts())
    for ax in axes if beside else axes[-1:]:
        title = table.axes[across].title()
        ax.set_xlabel(title.splitlines()[0] if beside else title)
        ax.tick_params(axis="x", rotation=30 if crowded else 0)
    figure.supylabel(table.axes[down].title().splitlines()[0], fontsize="medium")
    headline(figure, _title(table, panels, across, down), _note(table, widest))
    return figure


def _panel(ax: Axes, figure: Figure, panel: _Panel, means: np.ndarray) -> None:
    norm, name = colour_range(panel.metric == panel.quality.loss, means, panel.quality.hundred)
    ax.set_facecolor(MISSING)
    image = ax.imshow(means, norm=norm, cmap=name, origin="lower")
    figure.colorbar(image, ax=ax, label=panel.bar, pad=0.015)
    ax.set_title(panel.title)
    ax.grid(False)
    size = 8.5 if means.shape[1] <= 12 else 7.0
    if means.shape[1] > 18:
        return
    for (j, i), value in np.ndenumerate(means):
        text = panel.quality.bare(value) if np.isfinite(value) else "–"
        red, green, blue, _ = image.cmap(norm(value)) if np.isfinite(value) else (1.0, 1.0, 1.0, 1.0)
        dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
        ax.text(i, j, text, ha="center", va="center", fontsize=size, color="white" if dark else "#222222")


def colour_range(difference: bool, means: np.ndarray, hundred: bool = True) -> tuple[Normalize, str]:
    """Limits and colour map of one panel.

    A loss starts at 0; where the hardware also gains somewhere, the colours part at 0.

    Parameters
    ----------
    difference : whether the numbers are software minus hardware
    means : the numbers shown
    hundred : whether they are on a scale to 100, where less than a point is nothing to look at
    """
    finite = means[np.isfinite(means)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 100.0)
    least = 1.0 if hundred else max(abs(low), abs(high), 1e-30) * 0.01
    if difference:
        if low < -0.05 * least:
            bound = max(abs(low), abs(high), least)
            return Normalize(-bound, bound), "PuOr_r"
        return Normalize(0.0, max(high, least)), "YlOrBr"
    if high - low < least:  # keep hair-fine differences from filling the whole colour range
        middle = (low + high) / 2
        low, high = middle - least / 2, middle + least / 2
    return Normalize(low, high), "viridis"


def _title(table: Table, panels: list[_Panel], across: int, down: int) -> str:
    keys = f"{table.axes[across].key} and {table.axes[down].key}"
    averaged = table.averaged((across, down))
    quality = table.quality
    if not table.sided:
        drawn = [quality.word if panel.quality is quality else "fidelity" for panel in panels]
        return f"{table.scenario}: {' and '.join(drawn)} over {keys}{averaged}"
    names = {quality.hardware: table.subject, quality.loss: "loss" if quality.loses else "difference"}
    told = [names.get(panel.metric, "fidelity") for panel in panels]
    some = f"{', '.join(told[:-1])} and {told[-1]}" if len(told) > 1 else told[0]
    return f"{table.scenario}: {some} over {keys}{averaged}"


def _note(table: Table, widest: float) -> str:
    quality = table.quality
    size = f"{widest:.1f}" if quality.hundred else f"{widest:.2g}"
    half = f"; widest interval ±{size} {quality.difference_unit}".rstrip() if widest > 0 else ""
    return f"{table.note}{half}."
