"""NAB: scores beside published ones, and every series with its anomalies and detections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..nab_published import published_scores
from ..nab_score import probation
from .style import HARDWARE, RAW, SOFTWARE, headline, legend_above, new_figure
from .table import Table

Arrays = Mapping[str, np.ndarray]

PUBLISHED = {"NuPIC": 70.1, "NumentaTM": 64.6, "htm.core": 66.4, "ARTime": 74.9}
"""Standard profile, full corpus, with the rule where the detector contains it (NAB's README; htm.core 2.2 measured)."""

OTHERS = ("#333333", "#666666", "#8C8C8C")

WIDE = 4
"""Series side by side."""

_LABEL = "#F0E442"


def nab_figures(table: Table, arrays: Sequence[Arrays]) -> Iterator[tuple[str, Figure]]:
    """Scores, and every series of the first seed."""
    yield "scores", scores_figure(table, arrays[0] if arrays else {})
    if arrays and any(name.startswith("score_software|") for name in arrays[0]):
        yield "series", series_figure(table, arrays[0])


def scores_figure(table: Table, arrays: Arrays) -> Figure:
    """Profiles with and without the rule, and the groups, beside what is published for the same files."""
    windows = _windows(arrays)
    figure = new_figure(6.2)
    grid = figure.add_gridspec(2, 1, height_ratios=[3, 2.4])
    ax = figure.add_subplot(grid[0])
    sides = [side for side in ("software", "hardware") if table.has(f"standard_{side}")]
    bars = [(f"{side}, without the rule", f"{{}}_{side}", _colour(side), 1.0) for side in sides]
    bars += [(f"{side}, with the rule", f"{{}}_with_rule_{side}", _colour(side), 0.45) for side in sides]
    bars.append(("the rule alone", "{}_raw", RAW, 1.0))
    profiles = ("standard", "low_FP", "low_FN")
    width = 0.8 / len(bars)
    for k, (label, name, colour, alpha) in enumerate(bars):
        got = [table.summary(name.format(profile), {}) for profile in profiles]
        at = np.arange(3) + (k - (len(bars) - 1) / 2) * width
        errors = [one.half if np.isfinite(one.half) else 0.0 for one in got]
        means = [one.mean for one in got]
        drawn = ax.bar(
            at,
            means,
            width * 0.92,
            yerr=errors if any(errors) else None,
            color=colour,
            alpha=alpha,
            label=label,
        )
        ax.bar_label(drawn, [f"{one:.1f}" for one in means], padding=2, fontsize=8.5)
    ticks = ["standard", "reward low FP rate", "reward low FN rate"]
    others = published_scores(windows)
    if others:
        drawn = ax.bar(
            2.73 + 0.27 * np.arange(len(others)), list(others.values()), 0.24, color=OTHERS[: len(others)]
        )
        ax.bar_label(drawn, [f"{score:.1f}" for score in others.values()], padding=2, fontsize=8.5)
        for k, name in enumerate(others):
            ax.text(
                2.73 + 0.27 * k, 3, name, rotation=90, ha="center", va="bottom", color="white", fontsize=9
            )
        ticks.append("standard, published,\nsame files")
    ax.set_xticks(range(len(ticks)), ticks)
    ax.set_ylabel("NAB score (points)")
    ax.set_ylim(0, 100)
    ax.grid(False, axis="x")
    legend_above(ax, [label for label, *_ in bars])
    _groups(figure.add_subplot(grid[1]), table, sides, windows)
    shown = table.summary("standard_with_rule_software", {}).mean
    plain = table.summary("standard_software", {}).mean
    whole = ", ".join(f"{name} {score:g}" for name, score in PUBLISHED.items())
    note = (
        f"{table.note}. {int(table.column('windows')[0])} labelled anomalies, "
        f"{int(table.column('records')[0]):,} records. "
        f"Published for all 58 files, standard profile: {whole} (htm.core: measured). "
        "Published scores are NAB's result files; NuPIC and NumentaTM contain the rule; their thresholds are "
        "the best for all 58 files."
    )
    headline(figure, f"NAB: {plain:.1f} points without the plain threshold rule, {shown:.1f} with it", note)
    return figure


def _colour(side: str) -> str:
    return SOFTWARE if side == "software" else HARDWARE


def _windows(arrays: Arrays) -> dict[str, int]:
    """Number of labelled anomalies of each series."""
    labelled = {name.partition("|")[2]: one for name, one in arrays.items() if name.startswith("windows|")}
    return {name: len(np.asarray(one).reshape(-1, 2)) for name, one in labelled.items()}


def _groups(ax: Axes, table: Table, sides: Sequence[str], windows: Mapping[str, int]) -> None:
    """The standard score of each group, at the threshold of all files."""
    names = [
        name.removeprefix("standard_").removesuffix("_software")
        for name in map(str, table.frame)
        if name.startswith(("standard_real", "standard_artificial")) and name.endswith("_software")
    ]
    for k, side in enumerate(sides):
        got = [table.summary(f"standard_{name}_{side}", {}).mean for name in names]
        at = np.arange(len(names)) + (k - (len(sides) - 1) / 2) * 0.36
        drawn = ax.barh(at, got, 0.33, color=_colour(side))
        ax.bar_label(drawn, [f"{one:.1f}" for one in got], label_type="center", color="white", fontsize=8.5)
    for row, group in enumerate(names):
        inside = {name: count for name, count in windows.items() if name.startswith(f"{group}/")}
        for k, (name, score) in enumerate(published_scores(inside).items()):
            label = f"{name}, published" if row == 0 else None
            ax.plot(
                score,
                row + 0.2 * (k - 1),
                "oDs"[k],
                color=OTHERS[k],
                markeredgecolor="black",
                markersize=6,
                label=label,
            )
    if ax.get_legend_handles_labels()[0]:
        legend_above(ax, ax.get_legend_handles_labels()[1])
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.axvline(0, color="#222222", linewidth=0.8)
    ax.set_xlabel("standard score without the rule, group by group at the threshold of all files (points)")
    ax.grid(False, axis="y")


def series_figure(table: Table, arrays: Arrays) -> Figure:
    """Small multiples: values, labelled anomalies, true and false detections at the standard threshold."""
    names = [name.partition("|")[2] for name in arrays if name.startswith("values|")]
    rows = -(-len(names) // WIDE)
    figure = new_figure(0.9 + 1.5 * rows, 12.0)
    axes = figure.subplots(rows, WIDE, squeeze=False).ravel()
    threshold = float(table.column("threshold_software")[0])
    right = wrong = 0
    for ax, name in zip(axes, names, strict=False):
        hits = _series(ax, name, arrays, threshold)
        right, wrong = right + hits[0], wrong + hits[1]
    for ax in axes[len(names) :]:
        ax.axis("off")
    found = f"{right} windows detected, {wrong} false detections at the standard profile's threshold"
    note = "First of the seeds, software. Yellow: labelled. Grey: not judged. Red: true detections. Black: false ones."
    headline(figure, f"NAB, series by series: {found}", note)
    return figure


def _series(ax: Axes, name: str, arrays: Arrays, threshold: float) -> tuple[int, int]:
    """One series; windows detected and false detections."""
    values, score = (
        np.asarray(arrays[f"values|{name}"], float),
        np.asarray(arrays[f"score_software|{name}"], float),
    )
    start = probation(values.size)
    # Every extreme is kept: lowest and highest of each stretch.
    step = max(1, values.size // 600)
    cut = values[: values.size // step * step].reshape(-1, step)
    at = np.arange(cut.shape[0]) * step
    ax.fill_between(at, cut.min(axis=1), cut.max(axis=1), color=SOFTWARE, linewidth=0.5, alpha=0.9)
    ax.axvspan(0, start, color="#E6E6E6", zorder=0)
    inside = np.zeros(values.size, dtype=bool)
    detected = 0
    spoken = (score >= threshold) & (np.arange(values.size) >= start)
    for first, last in np.asarray(arrays[f"windows|{name}"], dtype=int).reshape(-1, 2):
        ax.axvspan(first, last, color=_LABEL, alpha=0.6, zorder=0)
        inside[first : last + 1] = True
        detected += bool(spoken[first : last + 1].any())
    for where, colour in ((spoken & inside, "#C00000"), (spoken & ~inside, "#000000")):
        ax.plot(np.flatnonzero(where), values[where], "v", color=colour, markersize=4)
    ax.set_title(name.rpartition("/")[2].removesuffix(".csv"), fontsize=7.5)
    ax.set_xticks([])
    ax.tick_params(axis="y", labelsize=6.5)
    ax.grid(False)
    return detected, int((spoken & ~inside).sum())
