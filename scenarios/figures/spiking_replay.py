"""What the network plays by itself after a cue, and how many events an episode takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .spiking_raster import draw_raster, spike_handles
from .style import RAW, SOFTWARE, WORDS, headline, legend_above, new_figure
from .table import Table

Arrays = Mapping[str, np.ndarray]

MOST_NUMBERS = 80
"""More leave no room for numbers."""


def replay_figure(table: Table, one: Arrays, side: str, name: str) -> Figure:
    """Replay of one seed: spikes and dendritic action potentials, cues, and when which population became active.

    Parameters
    ----------
    table : for the scenario's name
    one : arrays of a seed
    side : software, hardware
    name : what that side is called
    """
    figure = new_figure(4.9)
    ax = figure.add_subplot()
    populations = [str(word) for word in one["populations"]]
    cues = 1e3 * np.asarray(one[f"replay_cue_s_{side}"])
    marks = list(zip(cues, [populations[k] for k in one[f"replay_cue_symbol_{side}"]], strict=True))
    length = 1e3 * float(one[f"replay_period_s_{side}"])
    draw_raster(ax, one, "replay", side, length, marks)
    ax.set_xlabel("time (ms)")
    _number(ax, one, side)
    ax.legend(
        handles=spike_handles(),
        loc="lower right",
        bbox_to_anchor=(1.0, 1.09),
        ncols=3,
        borderaxespad=0.0,
        handlelength=1.4,
    )
    right = np.asarray(one[f"replayed_{side}"], dtype=bool)
    headline(
        figure,
        f"{table.scenario}: {int(right.sum())} of {right.size} sequences replayed to the end, and nothing else",
        _note(one, side, name),
    )
    return figure


def _number(ax: Axes, one: Arrays, side: str) -> None:
    """Write beside each population that became active the how manyth it was after its cue."""
    cues, of = 1e3 * np.asarray(one[f"replay_cue_s_{side}"]), np.asarray(one[f"replay_of_{side}"])
    if of.size > MOST_NUMBERS:
        return
    for k in range(cues.size):
        symbols, when = (np.asarray(one[f"replay_{name}_{side}"])[of == k] for name in ("symbol", "s"))
        for number, (symbol, seconds) in enumerate(zip(symbols, when, strict=True), start=1):
            ax.annotate(
                str(number),
                (cues[k] + 1e3 * seconds, (symbol + 0.5) * int(one["neurons"])),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontsize=8.5,
            )


def _note(one: Arrays, side: str, name: str) -> str:
    """What followed each cue, and how long a symbol took against what was trained."""
    populations, of = [str(word) for word in one["populations"]], np.asarray(one[f"replay_of_{side}"])
    symbol, when = np.asarray(one[f"replay_symbol_{side}"]), np.asarray(one[f"replay_s_{side}"])
    glue = "" if all(len(word) == 1 for word in populations) else "-"
    told, steps = [], []
    for k, sequence in enumerate(one["sequences"]):
        played = [populations[i] for i in symbol[of == k]]
        told.append(f"{sequence}: {glue.join(played[:14])}{'...' if len(played) > 14 else ''}")
        steps += list(np.diff(when[of == k]))
    parts = [
        f"First seed, {name}. Learned and played: {'; '.join(told[:8])}{'; ...' if len(told) > 8 else ''}."
    ]
    if steps:
        trained = 1e3 * float(one["interval_s"])
        parts.append(
            f"{1e3 * np.median(steps):.1f} ms from symbol to symbol (median), {trained:g} ms when trained."
        )
    unsure = [
        str(s) for s, more in zip(one["sequences"], one[f"replay_ambiguous_{side}"], strict=True) if more
    ]
    if unsure:
        parts.append(f"First symbol stands elsewhere too: {', '.join(unsure[:6])}.")
    parts.append(
        "Letters above: cues, nothing else was shown; numbers: order in which populations became active."
    )
    return " ".join(parts)


def events_figure(table: Table, arrays: Sequence[Arrays], sides: Mapping[str, str]) -> Figure:
    """Events of each episode, mean over seeds: spikes and dendritic action potentials above, deliveries beneath.

    Parameters
    ----------
    table : of the run
    arrays : of each seed
    sides : software and hardware where there is one, and what each is called
    """
    figure = new_figure(5.4)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    kinds = {"spikes": SOFTWARE, "daps": WORDS[3]}
    labels = ["spikes of excitatory neurons", "dendritic action potentials"]
    for side in sides:
        dashes = (0, ()) if side == "software" else (0, (3, 1.5))
        for (kind, colour), label in zip(kinds.items(), labels, strict=True):
            _line(above, arrays, f"count_{kind}_{side}", colour, dashes, label if side == "software" else "")
        _line(below, arrays, f"count_deliveries_{side}", RAW, dashes, "")
    above.set_ylabel("events of an episode")
    above.set_ylim(bottom=0)
    legend_above(above, labels)
    below.set_ylabel("spikes at synapses\n(thousands)")
    below.set_ylim(bottom=0)
    below.set_xlabel("episode")
    below.set_xlim(1, max(2, len(arrays[0]["count_spikes_software"])))
    first, last = (
        np.mean([np.asarray(one["count_spikes_software"], dtype=float)[at].mean() for one in arrays])
        for at in (slice(0, 1), slice(-10, None))
    )
    brakes = np.mean([np.asarray(one["count_brake_spikes_software"]).mean() for one in arrays])
    dashed = f" Solid: {sides['software']}; dashed: {sides['hardware']}." if "hardware" in sides else ""
    headline(
        figure,
        f"{table.scenario}: {first:,.0f} spikes in the first episode, {last:,.0f} in the last ones",
        f"{table.mean_note}.{dashed} A spike reaches every potential synapse of its neuron, mature or not. Inhibitory "
        f"neurons: {brakes:.1f} spikes an episode.",
    )
    return figure


def _line(
    ax: Axes,
    arrays: Sequence[Arrays],
    name: str,
    colour: str,
    dashes: tuple[int, tuple[float, ...]],
    label: str,
) -> None:
    stacked: NDArray[np.float64] = np.array([np.asarray(one[name], dtype=float) for one in arrays])
    mean = stacked.mean(axis=0) / (1e3 if "deliveries" in name else 1.0)
    ax.plot(
        np.arange(1, mean.size + 1), mean, color=colour, linestyle=dashes, linewidth=1.6, label=label or None
    )
