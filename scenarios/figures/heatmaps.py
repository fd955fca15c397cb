"""Accuracy, accuracy loss and fidelity over two swept keys."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from .style import MISSING, headline, new_figure
from .table import Table


class _Panel(NamedTuple):
    metric: str
    title: str
    bar: str


PANELS = (
    _Panel("accuracy_hardware", "Accuracy", "accuracy (%)"),
    _Panel("accuracy_loss", "Lost against software", "loss (points)"),
    _Panel("fidelity", "Fidelity", "winners shared (%)"),
)


def heat_figure(table: Table, first: int, second: int) -> Figure:
    """One heat map a metric, the key with more values along x; further keys are averaged over."""
    across, down = sorted((first, second), key=lambda i: -len(table.axes[i].values))
    columns, rows = len(table.axes[across].values), len(table.axes[down].values)
    panels = [panel for panel in PANELS if np.isfinite(table.column(panel.metric)).any()]
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
            [table.summary(panel.metric, {across: i, down: j}, 100.0) for i in range(columns)]
            for j in range(rows)
        ]
        means = np.array([[s.mean for s in line] for line in cells])
        halves = np.array([[s.half for s in line] for line in cells])
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
    headline(figure, _title(table, across, down), _note(table, widest))
    return figure


def _panel(ax: Axes, figure: Figure, panel: _Panel, means: np.ndarray) -> None:
    norm, name = colour_range(panel.metric, means)
    ax.set_facecolor(MISSING)
    image = ax.imshow(means, norm=norm, cmap=name, origin="lower")
    figure.colorbar(image, ax=ax, label=panel.bar, pad=0.015)
    ax.set_title(panel.title)
    ax.grid(False)
    size = 8.5 if means.shape[1] <= 12 else 7.0
    if means.shape[1] > 18:
        return
    for (j, i), value in np.ndenumerate(means):
        text = f"{round(value, 1) + 0.0:.1f}" if np.isfinite(value) else "–"
        red, green, blue, _ = image.cmap(norm(value)) if np.isfinite(value) else (1.0, 1.0, 1.0, 1.0)
        dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
        ax.text(i, j, text, ha="center", va="center", fontsize=size, color="white" if dark else "#222222")


def colour_range(metric: str, means: np.ndarray) -> tuple[Normalize, str]:
    """Limits and colour map of one panel [%].

    A loss starts at 0; where the crossbar also gains somewhere, the colours part at 0.
    """
    finite = means[np.isfinite(means)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 100.0)
    if metric == "accuracy_loss":
        if low < -0.05:
            bound = max(abs(low), abs(high), 1.0)
            return Normalize(-bound, bound), "PuOr_r"
        return Normalize(0.0, max(high, 1.0)), "YlOrBr"
    if high - low < 1.0:  # keep hair-fine differences from filling the whole colour range
        middle = (low + high) / 2
        low, high = middle - 0.5, middle + 0.5
    return Normalize(low, high), "viridis"


def _title(table: Table, across: int, down: int) -> str:
    keys = f"{table.axes[across].key} and {table.axes[down].key}"
    averaged = table.averaged((across, down))
    return f"{table.scenario}: {table.hardware} accuracy, loss and fidelity over {keys}{averaged}"


def _note(table: Table, widest: float) -> str:
    half = f"; widest interval ±{widest:.1f} points" if widest > 0 else ""
    return f"{table.note}{half}."
