"""Sequences in a spiking temporal memory: error and sparsity over episodes, permanences, and all other pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .movie import Movie
from .spiking_movie import spiking_movie
from .spiking_raster import raster_figure
from .spiking_replay import events_figure, replay_figure
from .stats import mean_interval
from .style import HARDWARE, RAW, SOFTWARE, headline, legend_above, new_figure
from .table import Table

Arrays = Mapping[str, np.ndarray]

PAPER = "Bouhadjar, Wouters, Diesmann, Tetzlaff 2022"

FEW = 4
"""Seeds from which an interval is drawn: of fewer it would hide the lines."""


def spiking_figures(table: Table, arrays: Sequence[Arrays]) -> Iterator[tuple[str, Figure]]:
    """Learning, the first and last episode spike by spike, replay, permanences, events; what is not stored is left out.

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
        yield f"raster_{side}", raster_figure(table, stored[0], side, _name(side))
    for side in _sides(stored[0]):
        if f"replay_s_{side}" in stored[0]:
            yield f"replay_{side}", replay_figure(table, stored[0], side, _name(side))
    yield "permanences", permanence_figure(table, stored)
    if "count_spikes_software" in stored[0]:
        yield "events", events_figure(table, stored, {side: _name(side) for side in _sides(stored[0])})


def spiking_movies(table: Table, arrays: Sequence[Arrays]) -> Iterator[tuple[str, Movie]]:
    """One episode before and after learning, of the first seed."""
    stored = [one for one in arrays if {"error_software", "last_spike_s_software"} <= one.keys()]
    for side in _sides(stored[0]) if stored else []:
        yield f"movie_{side}", spiking_movie(table, stored[0], side, _name(side))


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
        figure, f"{table.scenario}: {share:.1f} % of the potential synapses are mature", f"{table.mean_note}."
    )
    return figure
