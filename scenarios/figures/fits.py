"""Measured data against the model fitted to them, and the fitted parameters with their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from devices.fit.result import Estimate, Fit, Panel
from htm.pick import BadInput

from .labels import si_scale
from .style import HARDWARE, SOFTWARE, headline, new_figure

ROWS = 16
"""Parameters of one table."""
_MANY = 3000
"""Points from which on they are drawn faintly."""


def fit_figure(fits: Sequence[Fit]) -> Figure:
    """Two panels a row, the parameters at the end."""
    panels = [panel for fit in fits for panel in fit.panels]
    estimates = [one for fit in fits for one in fit.estimates if one.identified]
    if not panels and not estimates:
        raise BadInput("fits: must have something to draw, got no panel and no parameter")
    tables = [estimates[start : start + ROWS] for start in range(0, len(estimates), ROWS)]
    rows = -(-(len(panels) + len(tables)) // 2)
    figure = new_figure(0.9 + 3.5 * rows)
    grid = figure.add_gridspec(rows, 2)
    places = [figure.add_subplot(grid[k // 2, k % 2]) for k in range(len(panels) + len(tables))]
    for ax, panel in zip(places, panels, strict=False):
        _panel(ax, panel)
    for ax, table in zip(places[len(panels) :], tables, strict=True):
        _table(ax, table)
    headline(figure, _title(fits), _note(fits))
    return figure


def _title(fits: Sequence[Fit]) -> str:
    models = {fit.model: None for fit in fits if fit.model}
    return f"Fit of {', '.join(models) or 'a device'} to {', '.join(fit.kind for fit in fits)}"


def _note(fits: Sequence[Fit]) -> str:
    goodness = "; ".join(
        f"{fit.kind}: " + ", ".join(f"{name} {value:.4g}" for name, value in fit.goodness.items())
        for fit in fits
        if fit.goodness
    )
    unknown = dict.fromkeys(one.name for fit in fits for one in fit.estimates if not one.identified)
    silent = f" Not identified by these data: {', '.join(unknown)}." if unknown else ""
    banded = any(panel.low is not None for fit in fits for panel in fit.panels)
    band = "Band: central 90 % of the model's cells. " if banded else ""
    return f"{band}{goodness}.{silent}"


def _panel(ax: Axes, panel: Panel) -> None:
    x, order = np.asarray(panel.x, dtype=float), _in_order(panel.x)
    if panel.low is not None and panel.high is not None:
        # Without stretches to follow, the widest band at each place.
        stretches = _stretches(x, panel.low, panel.high)
        bands = stretches if order else [_by_place(x, panel.low, panel.high)]
        for k, (at, low, high) in enumerate(bands):
            label = "model, 5-95 % of cells" if k == 0 else None
            ax.fill_between(at, low, high, color=HARDWARE, alpha=0.18, linewidth=0, label=label)
    if panel.lines:
        ax.plot(*_cut(x, panel.data), color=SOFTWARE, linewidth=1.3, label="measured")
    else:
        alpha = 0.25 if x.size > _MANY else 0.55
        ax.plot(
            x, panel.data, ".", color=SOFTWARE, markersize=3, alpha=alpha, label="measured", rasterized=True
        )
    if order:
        for k, (at, model) in enumerate(_stretches(x, panel.model)):
            ax.plot(at, model, color=HARDWARE, linewidth=1.5, label="model" if k == 0 else None)
    else:
        ax.plot(x, panel.model, ".", color=HARDWARE, markersize=3, label="model")
    if panel.log_x:
        ax.set_xscale("log")
    ax.set_title(panel.title)
    ax.set_xlabel(panel.x_label)
    ax.set_ylabel(panel.y_label)
    ax.legend(fontsize=8.5, loc="best")


def _in_order(x: np.ndarray) -> bool:
    """Whether x runs forward but for a few turns back (another cell, another level)."""
    return bool((np.diff(x) < 0).sum() <= 0.34 * max(1, x.size))


def _cut(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both with a gap wherever x turns back, so that no line joins two cells."""
    turns = np.flatnonzero(np.diff(x) < 0) + 1
    return np.insert(x, turns, math.nan), np.insert(np.asarray(y, dtype=float), turns, math.nan)


def _stretches(x: np.ndarray, *values: np.ndarray) -> list[tuple[np.ndarray, ...]]:
    """x and values between its turns back; a stretch that repeats another is left out."""
    columns = [np.asarray(x, dtype=float), *(np.asarray(one, dtype=float) for one in values)]
    turns = np.flatnonzero(np.diff(columns[0]) < 0) + 1
    parts = zip(*(np.split(column, turns) for column in columns), strict=True)
    return list({b"".join(column.tobytes() for column in part): part for part in parts}.values())


def _by_place(x: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Widest band at each place, rising."""
    at, place = np.unique(x, return_inverse=True)
    bottom, top = np.full(at.size, math.inf), np.full(at.size, -math.inf)
    np.minimum.at(bottom, place, low)
    np.maximum.at(top, place, high)
    return at, bottom, top


def _table(ax: Axes, estimates: Sequence[Estimate]) -> None:
    ax.set_axis_off()
    ax.set_title("Parameters with 95 % intervals")
    for k, one in enumerate(estimates):
        at = 0.98 - k / ROWS
        ax.text(0.0, at, one.name, transform=ax.transAxes, va="top", fontsize=8.5)
        ax.text(0.52, at, _value(one), transform=ax.transAxes, va="top", fontsize=8.5)


def _value(one: Estimate) -> str:
    factor, unit = si_scale([one.value], one.unit)
    low, high = one.low * factor, one.high * factor
    return f"{one.value * factor:.4g}  [{low:.4g}, {high:.4g}] {unit}".rstrip()
