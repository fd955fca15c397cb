"""Error of ignoring the wires, over the size of a tile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from .style import headline, house_style, new_figure, save, sequential

if TYPE_CHECKING:
    from ..wire_errors import WireErrors


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
