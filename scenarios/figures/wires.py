"""Error of ignoring the wires, over the size of a tile."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from .style import HARDWARE, SOFTWARE, headline, house_style, new_figure, save, sequential

if TYPE_CHECKING:
    from ..wire_errors import WireErrors
    from ..write_maps import WriteMap


def draw_wire_errors(found: WireErrors, path: Path, note: str) -> Path:
    """Write the picture; its ending says of which kind."""
    with house_style():
        return save(wire_figure(found, note), path)


def wire_figure(found: WireErrors, note: str) -> Figure:
    """A line for each resistance; the worst bit line of each beside the sum of all."""
    figure = new_figure(4.6)
    axes = figure.subplots(1, 2, sharey=True)
    shown = [i for i, ohm in enumerate(found.ohms) if ohm > 0]
    colours = sequential("viridis", max(len(shown), 1))
    for ax, values, title in (
        (axes[0], found.error, "All bit lines together"),
        (axes[1], found.worst, "The worst bit line"),
    ):
        for colour, i in zip(colours, shown, strict=False):
            ax.plot(found.sizes, 100.0 * values[i], "o-", color=colour, label=f"{found.ohms[i]:g} Ω")
        ax.set_xscale("log", base=2)
        ax.set_yscale("log")
        ax.set_xticks(found.sizes, [str(size) for size in found.sizes])
        ax.minorticks_off()
        ax.set_xlabel("lines each way of a tile")
        ax.set_title(title)
    axes[0].set_ylabel("current promised beyond the true one (%)")
    axes[0].legend(title="a wire between two cells", loc="upper left")
    at = np.unravel_index(int(np.argmax(found.error)), found.error.shape)
    worst = found.error[at]
    told = f"{100 * worst:.0f} %" if worst < 1 else f"{worst:.1f} times its amount"
    headline(
        figure,
        f"{found.device}: leaving out wires of {found.ohms[at[0]]:g} Ω overstates the current of a "
        f"{found.sizes[at[1]]} x {found.sizes[at[1]]} tile by {told}",
        note,
    )
    return figure


def draw_writes(found: Sequence[WriteMap], device: str, path: Path) -> Path:
    """Write the picture of one write by every scheme; its ending says of which kind."""
    with house_style():
        return save(writes_figure(found, device), path)


_MOST_SQUARES = 32
"""Squares each way of a map: a line of one cell in hundreds would not be seen."""


def writes_figure(found: Sequence[WriteMap], device: str) -> Figure:
    """Voltage across every cell of the tile, a map a scheme; below, along the lines of the chosen cell."""
    figure = new_figure(6.4)
    axes = figure.subplots(2, len(found), sharey="row", height_ratios=(1.35, 1.0))
    one = found[0]
    image = None
    for (map_, lines), shown in zip(axes.T, found, strict=True):
        image = map_.imshow(
            _largest(np.abs(shown.volts)), cmap="cividis", aspect="auto", vmin=0.0, vmax=one.voltage,
            interpolation="nearest", extent=(0, one.size, one.size, 0),
        )  # fmt: skip
        map_.set_title("Others cut off" if shown.scheme == "none" else f"Others at {shown.words}")
        map_.set_xlabel("bit line")
        map_.grid(False)
        lines.plot(np.abs(shown.volts[0]), color=HARDWARE, label="along its word line")
        lines.plot(np.abs(shown.volts[:, -1]), color=SOFTWARE, label="along its bit line")
        lines.plot([one.size - 1], [shown.chosen], "o", color=HARDWARE, label="the chosen cell")
        lines.plot([0], [shown.chosen], "o", color=SOFTWARE)
        lines.annotate(f"{shown.chosen:.2f} V", (one.size - 1, shown.chosen), (4, 7), textcoords="offset points",
                       ha="right", va="bottom")  # fmt: skip
        lines.set_xlabel("cell from the left, from the top")
        lines.set_ylim(0.0, 1.15 * one.voltage)
    axes[0, 0].set_ylabel("word line")
    axes[1, 0].set_ylabel("voltage across the cell (V)")
    axes[1, 0].legend(loc="center")
    assert image is not None
    figure.colorbar(image, ax=axes[0].tolist(), label="voltage (V)", pad=0.02)
    worst = min(found, key=lambda each: each.chosen)
    headline(
        figure,
        f"{device}: of {one.voltage:g} V, wires of {one.ohm:g} Ω leave {worst.chosen:.2f} V to the far cell of a "
        f"{one.size} x {one.size} tile (others at {worst.words})",
        "The cell in the far corner, top right, is written: word lines are driven from the left, bit lines end at the "
        "bottom. Conductances even over the device's range. Sizes of voltages without signs; a square of the map shows "
        "the largest of its cells.",
    )
    return figure


def _largest(values: np.ndarray) -> np.ndarray:
    """The largest of each of at most `_MOST_SQUARES` squares each way."""
    edges = np.unique(np.linspace(0, len(values), min(len(values), _MOST_SQUARES) + 1).astype(int))[:-1]
    found: np.ndarray = np.maximum.reduceat(np.maximum.reduceat(values, edges, axis=0), edges, axis=1)
    return found
