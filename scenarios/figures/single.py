"""One run on one sheet: its quality, noise robustness, fidelity and numbers; and its confusion matrices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from .labels import si_scale
from .stats import Interval, mean_interval
from .style import HARDWARE, RAW, SOFTWARE, headline, new_figure
from .table import Table

Arrays = Mapping[str, np.ndarray]

NUMBERS = (
    ("fidelity", "winners shared with software", "%"),
    ("sparsity_software", "active columns, software", "%"),
    ("sparsity_hardware", "active columns, {hardware}", "%"),
    ("entropy_software_bit", "entropy of a column, software", "bit"),
    ("entropy_hardware_bit", "entropy of a column, {hardware}", "bit"),
    ("noise_robustness_software", "noise robustness, software", "%"),
    ("noise_robustness_hardware", "noise robustness, {hardware}", "%"),
    ("energy_per_record_J", "energy a test record", "J"),
    ("energy_learning_J", "energy of learning", "J"),
    ("latency_per_record_s", "latency a test record", "s"),
)


def run_figures(table: Table, arrays: Sequence[Arrays]) -> Iterator[tuple[str, Figure]]:
    """The sheet, and the mistakes by class where they are stored."""
    yield "overview", sheet_figure(table, arrays)
    confusion = confusion_figure(arrays, table)
    if confusion is not None:
        yield "confusion", confusion


def sheet_figure(table: Table, arrays: Sequence[Arrays]) -> Figure:
    """Everything about one configuration; panels whose data are absent are left out.

    Parameters
    ----------
    table : rows of one configuration, one a seed
    arrays : the arrays of each seed
    """
    drawn = [
        draw
        for draw, there in (
            (_bars, any(table.has(metric) for metric in table.quality.metrics)),
            (_robustness, bool(_stacked(arrays, "robustness_noise_levels"))),
            (_fidelity, bool(_stacked(arrays, "fidelity_per_record"))),
            (_numbers, any(table.has(metric) for metric, _, _ in NUMBERS)),
        )
        if there
    ]
    rows = (len(drawn) + 1) // 2
    figure = new_figure(0.9 + 2.9 * rows)
    grid = figure.add_gridspec(rows, 2)
    for k, draw in enumerate(drawn):
        last_alone = k == len(drawn) - 1 and k % 2 == 0
        draw(figure.add_subplot(grid[k // 2, :] if last_alone else grid[k // 2, k % 2]), table, arrays)
    headline(figure, _title(table), f"{table.note}.")
    return figure


def _title(table: Table) -> str:
    quality = table.quality
    got = [metric for metric in quality.metrics if table.has(metric)]
    if got in ([], [quality.raw]):
        return f"{table.scenario}: one run"
    words = {
        quality.hardware: table.on_hardware,
        quality.software: "in software",
        quality.raw: f"on {quality.raw_word}",
    }
    told = [(table.summary(metric, {}, quality.factor).mean, words[metric]) for metric in got]
    return f"{table.scenario}: {', '.join(f'{quality.text(value)} {where}' for value, where in told)}"


def _stacked(arrays: Sequence[Arrays], name: str) -> list[np.ndarray]:
    return [np.asarray(one[name], dtype=float) for one in arrays if name in one and np.size(one[name])]


def _bars(ax: Axes, table: Table, arrays: Sequence[Arrays]) -> None:
    quality = table.quality
    names = (table.hardware, "software", quality.raw_word)
    sides = zip(quality.metrics, names, (HARDWARE, SOFTWARE, RAW), strict=True)
    shown = [side for side in sides if table.has(side[0])][::-1]
    stats = [table.summary(metric, {}, quality.factor) for metric, _, _ in shown]
    # From 0, and where the scale has an end up to it; a number that stands at the foot of its bar is always in it.
    low, high = min(0.0, *(got.mean for got in stats)), max(0.0, *(got.mean for got in stats))
    ax.set_xlim((low * 1.15, 100.0) if quality.hundred else (low * 1.15, high * 1.15 or 1.0))
    for k, (got, (_, _, colour)) in enumerate(zip(stats, shown, strict=True)):
        error = got.half if np.isfinite(got.half) else None
        ax.barh(k, got.mean, color=colour, height=0.62, xerr=error, error_kw={"elinewidth": 1.2})
        _write_bar(ax, k, got)
    ax.set_yticks(range(len(shown)), [name for _, name, _ in shown])
    ax.set_xlabel(quality.axis)
    ax.set_title("Accuracy of the same classifier" if quality.word == "accuracy" else quality.title)
    ax.grid(False, axis="y")


def _write_bar(ax: Axes, k: int, got: Interval) -> None:
    """The number in its bar, or beside one that is too short to hold it."""
    low, high = ax.get_xlim()
    span = high - low
    inside = got.mean > 0.25 * span
    at = 0.015 * span if inside or got.mean < 0 else got.mean + 0.015 * span
    colour = "white" if inside else "#222222"
    ax.text(at, k, with_half(got), va="center", ha="left", color=colour, fontweight="bold")


def _robustness(ax: Axes, table: Table, arrays: Sequence[Arrays]) -> None:
    levels = 100.0 * _stacked(arrays, "robustness_noise_levels")[0]
    for name, label, look in (
        ("robustness_hardware", table.hardware, {"color": HARDWARE, "marker": "o", "markersize": 3.5}),
        ("robustness_software", "software", {"color": SOFTWARE, "linestyle": (0, (5, 1.5))}),
    ):
        curves = [curve for curve in _stacked(arrays, name) if curve.shape == levels.shape]
        if not curves:
            continue
        stats = [mean_interval(100.0 * values) for values in np.array(curves).T]
        ax.plot(levels, [s.mean for s in stats], label=label, **look)
        low, high = [s.low for s in stats], [s.high for s in stats]
        ax.fill_between(levels, low, high, color=look["color"], alpha=0.16, linewidth=0)
    ax.set_xlabel("input bits moved (%)")
    ax.set_ylabel("winners kept (%)")
    ax.set_xlim(0, float(levels.max()))
    ax.set_ylim(0, 101)
    ax.set_title("Noise robustness")
    ax.legend(loc="lower right", bbox_to_anchor=(1.02, 0.975), ncols=2, borderaxespad=0.2, columnspacing=1.0)


def _fidelity(ax: Axes, table: Table, arrays: Sequence[Arrays]) -> None:
    values = 100.0 * np.concatenate(_stacked(arrays, "fidelity_per_record"))
    values = values[np.isfinite(values)]
    edges = share_edges(values)
    share, _ = np.histogram(values, edges)
    ax.stairs(100.0 * share / max(values.size, 1), edges, fill=True, color=HARDWARE, alpha=0.75)
    mean = float(values.mean()) if values.size else np.nan
    ax.axvline(mean, color="#222222", linewidth=1.2)
    ax.set_xlim(0, 100)
    ax.set_xlabel("winners shared with software (%)")
    ax.set_ylabel("test records (%)")
    ax.set_title(f"Fidelity, record by record: mean {mean:.1f} %")


def share_edges(values: np.ndarray) -> np.ndarray:
    """Bin edges over 0..100 for shares of a fixed number of winners.

    Such shares are multiples of one step; bins that cut across the steps would show a comb that is not there.
    """
    steps = np.diff(np.unique(np.round(values, 6)))
    step = float(steps.min()) if steps.size else 0.0
    count = round(100.0 / step) if step > 0 else 0
    if not 2 <= count <= 2000 or not np.allclose(
        values * count / 100.0, np.rint(values * count / 100.0), atol=1e-3
    ):
        return np.linspace(0, 100, 41)
    merged = max(1, round(2.5 * count / 100.0))  # whole steps a bin, about 40 bins
    return (np.arange(0, count + merged + 1, merged) - 0.5) * 100.0 / count


def _numbers(ax: Axes, table: Table, arrays: Sequence[Arrays]) -> None:
    shown = [row for row in NUMBERS if table.has(row[0])]
    ax.axis("off")
    ax.set_title("In numbers")
    for k, (metric, name, unit) in enumerate(shown):
        got = table.summary(metric, {})
        factor, text_unit = (100.0, "%") if unit == "%" else si_scale([got.mean], unit)
        y = 1.0 - (k + 0.6) / max(len(shown), 6)
        ax.text(0.0, y, name.format(hardware=table.hardware), transform=ax.transAxes, va="center")
        value = f"{with_half(got, factor)} {text_unit}"
        ax.text(1.0, y, value, transform=ax.transAxes, va="center", ha="right", fontweight="bold")


def with_half(got: Interval, factor: float = 1.0) -> str:
    """Three figures of the mean, and half its interval to the same digit where that shows."""
    text = f"{got.mean * factor:#.3g}".rstrip(".")
    digits = len(text.partition(".")[2]) if "e" not in text else 0
    half = f"{got.half * factor:.{digits}f}"
    return f"{text} ± {half}" if np.isfinite(got.half) and float(half) > 0 else text


def confusion_figure(arrays: Sequence[Arrays], table: Table) -> Figure | None:
    """Confusion matrices of software and crossbar beside each other; none where neither is stored."""
    found = [(name, total) for name in ("software", "hardware")
             if (total := _summed(arrays, f"confusion_{name}")) is not None]  # fmt: skip
    if not found:
        return None
    figure = new_figure(5.1 if len(found) == 2 else 6.5)
    axes = figure.subplots(1, len(found), squeeze=False, sharey=True)[0]
    right = {}
    for ax, (name, counts) in zip(axes, found, strict=True):
        shown = table.hardware if name == "hardware" else name
        right[shown] = 100.0 * np.trace(counts) / max(counts.sum(), 1.0)
        share = 100.0 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
        # Steeper near 0, or the mistakes would be as pale as nothing.
        image = ax.imshow(share, cmap="Blues", norm=PowerNorm(0.4, 0, 100), aspect="equal")
        for (j, i), count in np.ndenumerate(counts):
            if count:
                colour = "white" if share[j, i] > 25 else "#222222"
                ax.text(i, j, f"{count:.0f}", ha="center", va="center", fontsize=8, color=colour)
        ax.set_xticks(range(counts.shape[1]))
        ax.set_yticks(range(counts.shape[0]))
        ax.set_title(f"{shown}: {right[shown]:.1f} % right")
        ax.set_xlabel("class given")
        ax.grid(False)
    axes[0].set_ylabel("true class")
    figure.colorbar(image, ax=list(axes), label="share of the true class (%)", pad=0.015, shrink=0.8)
    words = {"software": "in software", table.hardware: table.on_hardware}
    told = ", ".join(f"{100.0 - value:.1f} % {words[name]}" for name, value in right.items())
    note = (
        f"Counts of {table.seeds} seeds added up." if table.seeds > 1 else "Counts of test records, one seed."
    )
    headline(figure, f"{table.scenario}: mistakes by class, {told}", note)
    return figure


def _summed(arrays: Sequence[Arrays], name: str) -> np.ndarray | None:
    found = _stacked(arrays, name)
    return np.sum(found, axis=0) if found else None
