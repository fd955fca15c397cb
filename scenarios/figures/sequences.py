"""Sequences learned and relearned over the elements shown; and how well they stand the death of cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .stats import Interval, mean_interval
from .style import HARDWARE, SOFTWARE, headline, legend_above, new_figure
from .table import Table

Arrays = Mapping[str, np.ndarray]

PAPER = "Cui, Ahmad, Hawkins 2016, Neural Comput. 28:2474"

TO_LEARN, TO_RELEARN = (7010.0, 1206.0), (2935.0, 230.0)
"""Elements until the published memory had learned and relearned, with their spread; 10 seeds (stored summaries)."""

DEAD = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
"""Shares of dead cells of the published experiment."""

PUBLISHED_DEAD: dict[str, tuple[float, ...]] = {
    "HTM, published": (1.0, 1.0, 1.0, 1.0, 0.894, 0.522),
    "LSTM, published": (0.994, 0.585, 0.432, 0.313, 0.263, 0.269),
}
HTM_SPREAD = (np.nan, np.nan, np.nan, np.nan, 0.077, 0.131)
"""Printed spread of the published HTM."""

PUBLISHED_LOOKS: dict[str, dict[str, Any]] = {
    "HTM, published": {"color": "#444444", "marker": "s", "linestyle": (0, (5, 1.5))},
    "LSTM, published": {"color": "#999999", "marker": "^", "linestyle": (0, (1.2, 1.2))},
}

SHORT = 20
"""Endings that the running accuracy is taken over: few, so that it does not lag far behind what was learned."""


def sequences_figures(table: Table, arrays: Sequence[Arrays]) -> Iterator[tuple[str, Figure]]:
    """Learning and relearning, and the death of cells; what is not stored is left out.

    Parameters
    ----------
    table : rows of one configuration, one a seed
    arrays : the arrays of each seed
    """
    stored = [one for one in arrays if {"starts", "elements", "killed"} <= one.keys()]
    if not stored:
        return
    yield "learning", learning_figure(table, stored)
    if stored[0]["killed"].size:
        yield "dead_cells", dead_figure(table, stored)


def _sides(table: Table, arrays: Sequence[Arrays]) -> list[tuple[str, str, dict[str, Any]]]:
    """Key, name and look of each side that is there."""
    sides = [
        ("software", "software", {"color": SOFTWARE, "marker": "o"}),
        ("hardware", table.hardware, {"color": HARDWARE, "marker": "D"}),
    ]
    return [side for side in sides if f"right_{side[0]}" in arrays[0]]


# Learning --------------------------------------------------------------------------------------------------


def learning_figure(table: Table, arrays: Sequence[Arrays]) -> Figure:
    """Running accuracy of the endings above, when all were right beneath."""
    sides, published = _sides(table, arrays), bool(arrays[0]["published"])
    rows = len(sides) + published
    figure = new_figure(4.6 + 0.5 * rows)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3.2, 0.3 + 0.5 * rows])
    for key, name, look in sides:
        _running(above, arrays, key, {"color": look["color"], "label": name})
    above.set_ylim(-2, 103)
    above.set_ylabel("endings foretold (%)")
    legend_above(above, [name for _, name, _ in sides])
    swap = float(np.mean([float(one["swap"]) for one in arrays]))
    for ax in (above, below):
        ax.axvline(swap, color="#222222", linewidth=1.0, linestyle=(0, (4, 2)), zorder=1)
    above.annotate("endings swapped", (swap, 103), xytext=(0, 4), textcoords="offset points", ha="center")
    end = float(max(int(one["elements"]) for one in arrays))
    _learned(below, table, sides, (swap, end), published)
    below.set_xlim(0, end)
    below.set_xlabel("elements shown")
    below.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    window = int(arrays[0]["window"])
    faint = "; faint: each seed" if len(arrays) > 1 else ""
    note = (
        f"{table.note}. Above: of the last {min(SHORT, window)} endings, anew from the swap on{faint}. "
        f"Below: elements before {window} endings in a row were right."
    )
    if published:
        note += f" Published: 10 seeds ({PAPER})."
    headline(figure, f"{table.scenario}: {_learning_told(table, sides)}", note)
    return figure


def running(right: NDArray[np.bool_], swap: int, window: int) -> NDArray[np.float64]:
    """Share of right endings among the last `window`, (endings,); begun anew at ending number `swap`."""
    shares = np.empty(right.size)
    for phase in (slice(0, swap), slice(swap, right.size)):
        sums = np.concatenate(([0], np.cumsum(right[phase])))
        n = np.arange(1, sums.size)
        first = np.maximum(n - window, 0)
        shares[phase] = (sums[n] - sums[first]) / (n - first)
    return shares


def _running(ax: Axes, arrays: Sequence[Arrays], key: str, look: dict[str, Any]) -> None:
    """One side's line on a common grid: the mean over seeds, and faint each of them."""
    # Seeds end within one sequence of one another.
    grid = np.linspace(0, min(int(one["elements"]) for one in arrays), 801)
    window = min(SHORT, int(arrays[0]["window"]))
    lines = []
    for one in arrays:
        starts = np.asarray(one["starts"], dtype=np.int64)
        swap = int(np.searchsorted(starts, int(one["swap"])))
        shares = 100.0 * running(np.asarray(one[f"right_{key}"], dtype=np.bool_), swap, window)
        # What is known at an element: the last ending that began before it.
        lines.append(shares[np.maximum(np.searchsorted(starts, grid, side="right") - 1, 0)])
    # An interval of so rough a line would hide it; the seeds themselves show how far they part.
    for line in lines if len(lines) > 1 else ():
        ax.plot(grid, line, color=look["color"], linewidth=0.6, alpha=0.35, zorder=1.5)
    ax.plot(grid, np.mean(lines, axis=0), linewidth=1.8, **look)


def _learned(
    ax: Axes,
    table: Table,
    sides: Sequence[tuple[str, str, dict[str, Any]]],
    marks: tuple[float, float],
    published: bool,
) -> None:
    """When each side, and the published memory, had learned and relearned: a row each.

    `marks` are the elements shown at the swap and in all.
    """
    swap, end = marks
    rows = [(name, look, _when(table, key)) for key, name, look in sides]
    if published:
        told = [Interval(mean, mean - spread, mean + spread, 10) for mean, spread in (TO_LEARN, TO_RELEARN)]
        rows.append(("published", PUBLISHED_LOOKS["HTM, published"], told))
    for k, (name, look, (learned, relearned)) in enumerate(rows):
        for got, since in ((learned, 0.0), (relearned, swap)):
            if not np.isfinite(got.mean):
                middle = swap / 2.0 if since == 0.0 else (swap + end) / 2.0
                ax.text(middle, k, "not learned", ha="center", va="center", fontsize=9, color=look["color"])
                continue
            # An interval of few seeds may reach beyond what was shown; there is nothing to be learned there.
            low, high = max(got.low, 0.0), min(got.high, end - since if since else swap)
            error = [[got.mean - low], [high - got.mean]] if np.isfinite(got.half) else None
            ax.errorbar(
                since + got.mean,
                k,
                xerr=error,
                color=look["color"],
                marker=look["marker"],
                linestyle="none",
                elinewidth=1.4,
                capsize=2.5,
            )
            spread = f" ± {got.half:,.0f}" if error else ""
            if name != "published" and got.n < table.seeds:
                spread += f" ({got.n} of {table.seeds} seeds)"
            ax.annotate(
                f"{got.mean:,.0f}{spread}",
                (since + got.mean, k),
                xytext=(0, 6),
                textcoords="offset points",
                ha="center",
                fontsize=9,
                color=look["color"],
            )
    ax.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    ax.set_ylim(len(rows) - 0.6, -0.8)
    ax.grid(False, axis="y")
    ax.set_title("elements to learn, and to relearn after the swap", fontsize=10)


def _when(table: Table, key: str) -> list[Interval]:
    return [table.summary(f"elements_to_{what}_{key}", {}) for what in ("learn", "relearn")]


def _learning_told(table: Table, sides: Sequence[tuple[str, str, dict[str, Any]]]) -> str:
    told = []
    for key, name, _ in sides:
        before, after = (
            table.summary(f"{metric}_{key}", {}, 100.0).mean for metric in ("accuracy", "accuracy_after_swap")
        )
        told.append(f"{name} foretells {before:.1f} % of the endings, {after:.1f} % once swapped")
    return "; ".join(told)


# Dead cells ------------------------------------------------------------------------------------------------


def dead_figure(table: Table, arrays: Sequence[Arrays]) -> Figure:
    """Accuracy against the share of cells that died after learning, beside the published curves."""
    figure = new_figure(4.6)
    ax = figure.subplots()
    sides = _sides(table, arrays)
    killed = 100.0 * np.asarray(arrays[0]["killed"], dtype=np.float64)
    labels, told = [], []
    shown = sorted({*np.flatnonzero(np.isclose(killed, 30.0)).tolist(), killed.size - 1})
    for key, name, look in sides:
        curves = np.array([np.asarray(one[f"accuracy_dead_{key}"]) for one in arrays])
        stats = [mean_interval(values) for values in 100.0 * curves.T]
        ax.plot(killed, [s.mean for s in stats], label=name, zorder=3, **look)
        low, high = (np.clip([getattr(s, end) for s in stats], 0.0, 100.0) for end in ("low", "high"))
        ax.fill_between(killed, low, high, color=look["color"], alpha=0.16, linewidth=0)
        labels.append(name)
        told.append(f"{name} foretells {' and '.join(f'{stats[i].mean:.1f} %' for i in shown)}")
    note = f"{table.note}. Cells die after learning; {int(arrays[0]['window'])} endings, nothing learned any more."
    if arrays[0]["published"]:
        labels += _published_dead(ax)
        note += f" Published: {PAPER}; bars: printed spread of HTM."
    ax.set_ylim(-2, 103)
    ax.set_xlim(
        min(killed[0], 0.0) - 1.0, max(float(killed[-1]), 50.0 if arrays[0]["published"] else 0.0) + 1.0
    )
    ax.set_xlabel("cells dead (%)")
    ax.set_ylabel("endings foretold (%)")
    legend_above(ax, labels)
    dead = " and ".join(f"{killed[i]:.3g} %" for i in shown)
    headline(figure, f"{table.scenario}: with {dead} of the cells dead {', '.join(told)}", note)
    return figure


def _published_dead(ax: Axes) -> list[str]:
    shares = 100.0 * np.array(DEAD)
    for name, values in PUBLISHED_DEAD.items():
        ax.plot(shares, 100.0 * np.array(values), label=name, linewidth=1.3, **PUBLISHED_LOOKS[name])
    htm, spread = 100.0 * np.array(PUBLISHED_DEAD["HTM, published"]), 100.0 * np.array(HTM_SPREAD)
    some = np.isfinite(spread)
    colour = PUBLISHED_LOOKS["HTM, published"]["color"]
    ax.errorbar(shares[some], htm[some], spread[some], color=colour, linestyle="none", capsize=2.5)
    return list(PUBLISHED_DEAD)
