"""Rasters of spikes with dendritic action potentials behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .style import HARDWARE, SOFTWARE, headline, new_figure
from .table import Table

Arrays = Mapping[str, np.ndarray]

PREDICTED, UNPREDICTED, DENDRITE = SOFTWARE, HARDWARE, "#F0C36D"

MOST_MARKS = 40
"""Many stimuli leave no room for names."""


def raster_figure(table: Table, one: Arrays, side: str, name: str) -> Figure:
    """First and last episode of one seed: dendritic action potentials, predicted and other spikes.

    Parameters
    ----------
    table : for the scenario's name
    one : arrays of a seed
    side : software, hardware
    name : what that side is called
    """
    figure = new_figure(7.6)
    axes = figure.subplots(2, 1, sharex=True, sharey=True)
    episodes = len(one[f"error_{side}"])
    populations = [str(word) for word in one["populations"]]
    shown = [populations[int(k)] for k in one["stimulus_symbol"]]
    marks = list(zip(1e3 * np.asarray(one["stimulus_s"]), shown, strict=True))
    for ax, which, title in zip(axes, ("first", "last"), ("episode 1", f"episode {episodes}"), strict=True):
        draw_raster(ax, one, which, side, 1e3 * float(one["period_s"]), marks)
        ax.set_title(title, fontsize=10, loc="left", pad=16)
    axes[-1].set_xlabel("time in the episode (ms)")
    spikes = {which: np.asarray(one[f"{which}_spike_s_{side}"]).size for which in ("first", "last")}
    axes[0].legend(
        handles=spike_handles(),
        loc="lower right",
        bbox_to_anchor=(1.0, 1.06),
        ncols=3,
        borderaxespad=0.0,
        handlelength=1.6,
    )
    told = ", ".join(str(words) for words in one["sequences"][:6])
    headline(
        figure,
        f"{table.scenario}: {spikes['first']:,} spikes in the first episode, {spikes['last']:,} in the last",
        f"First seed, {name}. Sequences {told}{', ...' if len(one['sequences']) > 6 else ''}. "
        f"{int(one['neurons'])} neurons a population, one population a symbol; letters above: stimuli.",
    )
    return figure


def spike_handles() -> list[Line2D]:
    """What the marks of a raster mean."""
    return [
        _mark(UNPREDICTED, "spike, not predicted"),
        _mark(PREDICTED, "spike, predicted"),
        Line2D([], [], color=DENDRITE, linewidth=3, label="dendritic action potential"),
    ]


def _mark(colour: str, label: str) -> Line2D:
    return Line2D([], [], color=colour, marker="o", markersize=4, linestyle="none", label=label)


def draw_raster(
    ax: Axes, one: Arrays, which: str, side: str, length: float, marks: Sequence[tuple[float, str]]
) -> None:
    """Draw one stretch of time.

    Parameters
    ----------
    ax : where
    one : arrays of a seed
    which : first, last (episode) or replay
    side : software, hardware
    length : of the time axis [ms]
    marks : when [ms] and what was shown
    """
    neurons, populations = int(one["neurons"]), [str(word) for word in one["populations"]]
    spans = 1e3 * np.asarray(one[f"{which}_dap_s_{side}"], dtype=float).reshape(-1, 2)
    spans = np.clip(spans, 0.0, length)
    ax.hlines(
        one[f"{which}_dap_neuron_{side}"], spans[:, 0], spans[:, 1], color=DENDRITE, linewidth=0.7, zorder=1.5
    )
    at, who = (
        1e3 * np.asarray(one[f"{which}_spike_s_{side}"]),
        np.asarray(one[f"{which}_spike_neuron_{side}"]),
    )
    predicted = np.asarray(one[f"{which}_spike_predicted_{side}"], dtype=bool)
    for mask, colour in ((~predicted, UNPREDICTED), (predicted, PREDICTED)):
        ax.scatter(at[mask], who[mask], s=2.2, color=colour, linewidths=0, zorder=2, rasterized=True)
    for k in range(1, len(populations)):
        ax.axhline(k * neurons - 0.5, color="#CCCCCC", linewidth=0.7, zorder=1)
    for moment, symbol in marks:
        ax.axvline(moment, color="#999999", linewidth=0.6, linestyle=(0, (2, 2)), zorder=1)
        if len(marks) <= MOST_MARKS:
            ax.annotate(
                symbol[:8],
                (moment, len(populations) * neurons),
                xytext=(0, 2),
                textcoords="offset points",
                ha="center",
                fontsize=8.5,
                color="#333333",
            )
    ax.set_yticks((np.arange(len(populations)) + 0.5) * neurons, [word[:10] for word in populations])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(0, len(populations) * neurons)
    ax.set_xlim(0, length)
    ax.grid(False)
    ax.set_ylabel("population")
