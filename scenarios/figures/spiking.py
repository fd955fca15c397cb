"""Sequences in a spiking temporal memory: error and sparsity over episodes, rasters, permanences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from .stats import mean_interval
from .style import HARDWARE, RAW, SOFTWARE, headline, legend_above, new_figure
from .table import Table

Arrays = Mapping[str, np.ndarray]

PAPER = "Bouhadjar, Wouters, Diesmann, Tetzlaff 2022"

PREDICTED, UNPREDICTED, DENDRITE = SOFTWARE, HARDWARE, "#F0C36D"


FEW = 4
"""Seeds from which an interval is drawn: of fewer it would hide the lines."""


def spiking_figures(table: Table, arrays: Sequence[Arrays]) -> Iterator[tuple[str, Figure]]:
    """Learning over episodes, the first and last episode spike by spike, permanences; what is not stored is left out.

    Parameters
    ----------
    table : rows of one configuration, one a seed
    arrays : the arrays of each seed
    """
    stored = [one for one in arrays if {"error_software", "active_software"} <= one.keys()]
    if not stored:
        return
    yield "learning", learning_figure(table, stored)
    for side in _sides(stored[0]):
        yield f"raster_{side}", raster_figure(table, stored[0], side)
    yield "permanences", permanence_figure(table, stored)


def _sides(one: Arrays) -> list[str]:
    """Sides that there are: ideal synapses (software), devices (hardware)."""
    return [side for side in ("software", "hardware") if f"error_{side}" in one]


def _name(side: str) -> str:
    return {"software": "ideal synapses", "hardware": "devices"}[side]


# Learning --------------------------------------------------------------------------------------------------


def learning_figure(table: Table, arrays: Sequence[Arrays]) -> Figure:
    """Prediction error above, active neurons at last symbols beneath, both against the episode."""
    figure = new_figure(5.6)
    above, below = figure.subplots(2, 1, sharex=True)
    sides = _sides(arrays[0])
    for side in sides:
        colour = {"software": SOFTWARE, "hardware": HARDWARE}[side]
        _over_episodes(
            above, [np.asarray(one[f"error_{side}"], dtype=float) for one in arrays], colour, _name(side)
        )
        sizes = [np.asarray(one[f"active_{side}"], dtype=float)[:, np.asarray(one["last"])] for one in arrays]
        _over_episodes(below, [one.mean(axis=1) for one in sizes], colour, _name(side))
    above.set_ylabel("prediction error")
    above.set_ylim(bottom=-0.04)
    if len(sides) > 1:
        legend_above(above, [_name(side) for side in sides])
    rho, most = float(arrays[0]["rho"]), int(arrays[0]["neurons"])
    below.axhline(rho, color="#222222", linewidth=1.0, linestyle=(0, (4, 2)), zorder=1)
    # Far from the learned line, which comes to rest on it.
    below.annotate(
        f"ρ = {rho:.0f}", (1.0, rho), xytext=(2, 4), textcoords="offset points", fontsize=9, ha="left"
    )
    below.set_ylim(0, most * 1.05)
    below.set_ylabel(f"active neurons\n(of {most})")
    below.set_xlabel("episode")
    episodes = len(arrays[0]["error_software"])
    below.set_xlim(1, max(episodes, 2))
    faint = "; faint: each seed" if len(arrays) > 1 else ""
    headline(
        figure,
        f"{table.scenario}: {'; '.join(_told(arrays, side) for side in sides)}",
        f"{table.note}{faint}. Error ({PAPER}): distance between predicted and true last symbols, mean over "
        "sequences. Beneath: neurons that fire at a last symbol, mean over sequences.",
    )
    return figure


def _told(arrays: Sequence[Arrays], side: str) -> str:
    """When one side was first without error, and whether it stayed so."""
    errors = [one[f"error_{side}"] for one in arrays]
    with_what = f"with {_name(side)} " if len(_sides(arrays[0])) > 1 else ""
    zero = [int(np.flatnonzero(one == 0)[0]) + 1 for one in errors if (one == 0).any()]
    held = sum(bool((one[-10:] == 0).all()) for one in errors)
    n = len(arrays)
    if not zero:
        return f"{with_what}error 0 is not reached within {len(errors[0])} episodes"
    when = f"{np.mean(zero):.1f}" if len(zero) > 1 else f"{zero[0]}"
    if n == 1:
        return (
            f"{with_what}error 0 first in episode {when}, {'held' if held else 'not held'} over the last 10"
        )
    return f"{with_what}error 0 first in episode {when} ({len(zero)} of {n} seeds), held over the last 10 in {held}"


def _over_episodes(ax: Axes, lines: Sequence[NDArray[np.float64]], colour: str, label: str) -> None:
    """Mean over seeds with its interval, and each seed faintly."""
    n = min(line.size for line in lines)
    grid = np.arange(1, n + 1)
    stacked = np.array([line[:n] for line in lines])
    if len(lines) > 1:
        for line in stacked:
            ax.plot(grid, line, color=colour, linewidth=0.6, alpha=0.35, zorder=1.5)
    if len(lines) >= FEW:
        stats = [mean_interval(values) for values in stacked.T]
        # Neither error nor neurons leave the range of what was seen by much; an interval's formula knows no bounds.
        low, high = (
            np.clip([getattr(one, end) for one in stats], 0.0, stacked.max()) for end in ("low", "high")
        )
        ax.fill_between(grid, low, high, color=colour, alpha=0.16, linewidth=0)
    ax.plot(grid, stacked.mean(axis=0), color=colour, linewidth=1.8, label=label)


# Rasters ---------------------------------------------------------------------------------------------------


def raster_figure(table: Table, one: Arrays, side: str) -> Figure:
    """First and last episode of one seed: dendritic action potentials, predicted and other spikes."""
    figure = new_figure(7.6)
    axes = figure.subplots(2, 1, sharex=True, sharey=True)
    episodes = len(one[f"error_{side}"])
    for ax, name, title in zip(axes, ("first", "last"), ("episode 1", f"episode {episodes}"), strict=True):
        _raster(ax, one, name, side)
        ax.set_title(title, fontsize=10, loc="left", pad=16)
    axes[-1].set_xlabel("time in the episode (ms)")
    spikes = {name: np.asarray(one[f"{name}_spike_s_{side}"]).size for name in ("first", "last")}
    looks = [
        Line2D(
            [],
            [],
            color=UNPREDICTED,
            marker="o",
            markersize=4,
            linestyle="none",
            label="spike, not predicted",
        ),
        Line2D([], [], color=PREDICTED, marker="o", markersize=4, linestyle="none", label="spike, predicted"),
        Line2D([], [], color=DENDRITE, linewidth=3, label="dendritic action potential"),
    ]
    axes[0].legend(
        handles=looks,
        loc="lower right",
        bbox_to_anchor=(1.0, 1.06),
        ncols=3,
        borderaxespad=0.0,
        handlelength=1.6,
    )
    shown = ", ".join(str(words) for words in one["sequences"][:6])
    headline(
        figure,
        f"{table.scenario}: {spikes['first']:,} spikes in the first episode, {spikes['last']:,} in the last",
        f"First seed, {_name(side)}. Sequences {shown}{', ...' if len(one['sequences']) > 6 else ''}. "
        f"{int(one['neurons'])} neurons a population, one population a symbol; letters above: stimuli.",
    )
    return figure


def _raster(ax: Axes, one: Arrays, name: str, side: str) -> None:
    neurons, populations = int(one["neurons"]), [str(word) for word in one["populations"]]
    period = 1e3 * float(one["period_s"])
    spans = 1e3 * np.clip(
        np.asarray(one[f"{name}_dap_s_{side}"], dtype=float).reshape(-1, 2), 0.0, period / 1e3
    )
    ax.hlines(
        one[f"{name}_dap_neuron_{side}"], spans[:, 0], spans[:, 1], color=DENDRITE, linewidth=0.7, zorder=1.5
    )
    at, who = 1e3 * np.asarray(one[f"{name}_spike_s_{side}"]), np.asarray(one[f"{name}_spike_neuron_{side}"])
    predicted = np.asarray(one[f"{name}_spike_predicted_{side}"], dtype=bool)
    for mask, colour in ((~predicted, UNPREDICTED), (predicted, PREDICTED)):
        ax.scatter(at[mask], who[mask], s=2.2, color=colour, linewidths=0, zorder=2, rasterized=True)
    for k in range(1, len(populations)):
        ax.axhline(k * neurons - 0.5, color="#CCCCCC", linewidth=0.7, zorder=1)
    for moment, symbol in zip(1e3 * one["stimulus_s"], one["stimulus_symbol"], strict=True):
        ax.axvline(moment, color="#999999", linewidth=0.6, linestyle=(0, (2, 2)), zorder=1)
        # Many stimuli leave no room for long names.
        if len(one["stimulus_s"]) <= 40:
            ax.annotate(
                populations[int(symbol)][:8],
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
    ax.set_xlim(0, period)
    ax.grid(False)
    ax.set_ylabel("population")


# Permanences -----------------------------------------------------------------------------------------------


def permanence_figure(table: Table, arrays: Sequence[Arrays]) -> Figure:
    """Histogram of permanences before and after, with the line above which a synapse acts."""
    figure = new_figure(3.9)
    ax = figure.subplots()
    edges = np.asarray(arrays[0]["permanence_edges"])
    lines = [("first_software", "before learning", RAW)]
    colours = {"software": SOFTWARE, "hardware": HARDWARE}
    lines += [(f"last_{side}", f"after learning, {_name(side)}", colours[side]) for side in _sides(arrays[0])]
    for name, label, colour in lines:
        counts = np.mean([np.asarray(one[f"permanence_{name}"], dtype=float) for one in arrays], axis=0)
        ax.stairs(counts, edges, color=colour, label=label, linewidth=1.6, fill="first" in name, alpha=0.9)
    maturity = float(arrays[0]["maturity"])
    ax.axvline(maturity, color="#222222", linewidth=1.0, linestyle=(0, (4, 2)))
    ax.annotate(
        "mature: the synapse acts",
        (maturity, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(5, -12),
        textcoords="offset points",
        fontsize=9,
    )
    ax.set_yscale("log")
    ax.set_xlim(edges[0], edges[-1])
    ax.set_xlabel("permanence P")
    ax.set_ylabel(f"synapses per bin\n({edges[1] - edges[0]:.2g} wide)")
    ax.legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=3, borderaxespad=0.2)
    share = 100.0 * table.summary("mature_software", {}).mean
    headline(
        figure, f"{table.scenario}: {share:.1f} % of the potential synapses are mature", f"{table.note}."
    )
    return figure
