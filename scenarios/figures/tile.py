"""A tile as its wires leave it: node voltages, cell currents, and what of each conductance arrives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .labels import si_scale
from .style import HARDWARE, MISSING, SOFTWARE, headline, house_style, new_figure, save

if TYPE_CHECKING:
    from ..tile import Tile


def draw_tile(tile: Tile, path: Path) -> Path:
    """Write the picture of a tile; its ending says of which kind."""
    with house_style():
        return save(tile_figure(tile), path)


def tile_figure(tile: Tile) -> Figure:
    """Maps over the tile and the currents of its bit lines, beside those of ideal wires."""
    found, effective = tile.solve(), tile.effective()
    there = tile.g > 0
    ideal = tile.volts @ tile.g
    figure = new_figure(11.4)
    grid = figure.add_gridspec(3, 2)
    driven = np.broadcast_to((tile.volts != 0)[:, None], tile.g.shape)
    across = np.where(there & driven, found.u - found.w, np.nan)
    flow = np.where(there & driven, tile.g * (found.u - found.w), np.nan)
    arrives = np.where(there, 100.0 * effective / np.where(there, tile.g, 1.0), np.nan)
    maps = (
        (found.u, "V", "Nodes of the word lines", "voltage"),
        (found.w, "V", "Nodes of the bit lines", "voltage"),
        (across, "V", "Voltage across the driven cells", "voltage"),
        (flow, "A", "Current of the driven cells", "current"),
        (arrives, "%", "Effective over true conductance, line by line", "share"),
    )
    for place, (values, unit, title, what) in enumerate(maps):
        _map(figure, figure.add_subplot(grid[place // 2, place % 2]), values, unit, title, what)
    _lines(figure.add_subplot(grid[2, 1]), found.out, ideal)
    lost = 100.0 * (1.0 - found.out.sum() / ideal.sum()) if ideal.sum() else 0.0
    ohms = tile.wires
    note = (
        f"{tile.g.shape[0]} word lines from the left, {int((tile.volts != 0).sum())} of them driven, "
        f"{tile.g.shape[1]} bit lines sensed at the bottom; segments of {ohms.word_ohm:g} and {ohms.bit_ohm:g} ohm, "
        f"drivers {ohms.driver_ohm:g}, sensing ends {ohms.sense_ohm:g} ohm. Grey: no cell, or not driven."
    )
    headline(figure, f"{tile.title}: wires cost {lost:.1f} % of the current", note)
    return figure


def _map(figure: Figure, ax: Axes, values: np.ndarray, unit: str, title: str, what: str) -> None:
    finite = values[np.isfinite(values)]
    factor, shown = (1.0, "%") if unit == "%" else si_scale([float(v) for v in finite[:100000]], unit)
    ax.set_facecolor(MISSING)
    # A few cells far out must not leave the rest in one colour.
    low, high = np.percentile(finite * factor, [0.5, 99.5]) if finite.size else (0.0, 1.0)
    image = ax.imshow(values * factor, cmap="cividis", aspect="auto", vmin=low, vmax=max(high, low + 1e-12))
    ax.set_title(title)
    ax.set_xlabel("bit line")
    ax.set_ylabel("word line")
    ax.grid(False)
    figure.colorbar(image, ax=ax, label=f"{what} ({shown})", pad=0.02)


def _lines(ax: Axes, out: np.ndarray, ideal: np.ndarray) -> None:
    factor, unit = si_scale([float(v) for v in (*out, *ideal)], "A")
    ax.plot(ideal * factor, color=SOFTWARE, linestyle=(0, (5, 1.5)), label="ideal wires")
    ax.plot(out * factor, color=HARDWARE, label="these wires")
    ax.set_title("Currents of the bit lines")
    ax.set_xlabel("bit line")
    ax.set_ylabel(f"current ({unit})")
    ax.set_ylim(bottom=0)
    ax.set_xlim(0, max(1, out.size - 1))
    ax.legend(loc="lower left")
