"""Conductances of the array before and after learning: histogram of all cells, map of a corner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from matplotlib.figure import Figure

from .labels import si_scale
from .style import BEFORE, HARDWARE, MISSING, headline, new_figure

HISTOGRAM = ("histogram_edges_S", "histogram_before", "histogram_after")
MAPS = ("conductance_before_S", "conductance_after_S")


def has_cells(arrays: Mapping[str, np.ndarray]) -> bool:
    """Whether there is a histogram or a pair of maps to draw."""
    return all(name in arrays for name in HISTOGRAM) or all(name in arrays for name in MAPS)


def cells_figure(arrays: Mapping[str, np.ndarray], scenario: str, note: str) -> Figure:
    """Histogram over all cells that carry a synapse, and maps of a sub-block, in one unit."""
    histogram, maps = (all(name in arrays for name in names) for names in (HISTOGRAM, MAPS))
    largest = [
        float(np.nanmax(np.abs(arrays[name]), initial=0.0))
        for name in (*HISTOGRAM[:1], *MAPS)
        if name in arrays
    ]
    factor, unit = si_scale(largest, "S")
    figure = new_figure(1.0 + 2.5 * histogram + 4.2 * maps)
    grid = figure.add_gridspec(histogram + maps, 1, height_ratios=[2.4] * histogram + [4.0] * maps)
    title = f"{scenario}: conductances before and after learning"
    if histogram:
        title = _histogram(figure, grid[0], arrays, factor, unit, scenario)
    if maps:
        _maps(figure, grid[histogram], arrays, factor, unit)
        note += " Grey: no synapse." if np.isnan(arrays[MAPS[0]]).any() else ""
    headline(figure, title, note)
    return figure


def _histogram(
    figure: Figure, slot: object, arrays: Mapping[str, np.ndarray], factor: float, unit: str, scenario: str
) -> str:
    ax = figure.add_subplot(slot)  # type: ignore[call-overload]
    edges = np.asarray(arrays["histogram_edges_S"], dtype=float) * factor
    middle, means = (edges[1:] + edges[:-1]) / 2, []
    for name, look in (
        ("before", {"fill": True, "facecolor": BEFORE, "alpha": 0.45, "edgecolor": BEFORE}),
        ("after", {"fill": False, "edgecolor": HARDWARE, "linewidth": 1.8}),
    ):
        counts = np.asarray(arrays[f"histogram_{name}"], dtype=float)
        total = counts.sum()
        means.append(float((counts * middle).sum() / total) if total else np.nan)
        share = 100.0 * counts / total if total else counts
        ax.stairs(share, edges, label=f"{name} learning, mean {means[-1]:.3g} {unit}", **look)
    ax.set_xlabel(f"conductance ({unit})")
    ax.set_ylabel("cells with a synapse (%)")
    ax.set_xlim(edges[0], edges[-1])
    ax.set_ylim(bottom=0)
    ax.legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=2, borderaxespad=0.2)
    return f"{scenario}: mean conductance {means[0]:.3g} → {means[1]:.3g} {unit} through learning"


def _extend(values: np.ndarray, low: float, high: float) -> Literal["neither", "both", "min", "max"]:
    """Which ends of the colour bar are pointed because values lie beyond them."""
    below, above = bool((values < low).any()), bool((values > high).any())
    return "both" if below and above else "min" if below else "max" if above else "neither"


def _maps(figure: Figure, slot: object, arrays: Mapping[str, np.ndarray], factor: float, unit: str) -> None:
    inner = slot.subgridspec(1, 2)  # type: ignore[attr-defined]
    axes = inner.subplots(sharex=True, sharey=True)
    blocks = [np.asarray(arrays[name], dtype=float) * factor for name in MAPS]
    known = np.concatenate([block[np.isfinite(block)] for block in blocks])
    # One cell far out must not leave the rest in one colour.
    low, high = np.percentile(known, [0.5, 99.5]) if known.size else (0.0, 1.0)
    for ax, block, name in zip(axes, blocks, ("before", "after"), strict=True):
        ax.set_facecolor(MISSING)
        image = ax.imshow(
            block,
            cmap="cividis",
            vmin=low,
            vmax=max(high, low + 1e-12),
            aspect="auto",
        )
        ax.set_title(f"{name} learning")
        ax.set_xlabel(f"input, a block of {block.shape[1]}")
        ax.grid(False)
    axes[0].set_ylabel(f"minicolumn, a block of {blocks[0].shape[0]}")
    figure.colorbar(
        image, ax=list(axes), label=f"conductance ({unit})", extend=_extend(known, low, high), pad=0.015
    )
