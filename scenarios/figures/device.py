"""A device on one sheet: pulses, levels, retention, read noise, I-V curve, key numbers; a fit beside its data."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

from devices.fit.result import Fit
from devices.model import DeviceModel

from ..device_facts import key_numbers, origin, plain, quantity
from ..device_sheet import (
    DAY,
    HOUR,
    MINUTE,
    NOISE_LEVELS,
    YEAR,
    Fan,
    Levels,
    ReadNoise,
    Sheet,
    Train,
    measure_sheet,
)
from .fits import fit_figure
from .labels import si_scale
from .style import BEFORE, HARDWARE, RAW, SOFTWARE, headline, house_style, new_figure, save, sequential

TICKS = {
    1e-3: "1 ms",
    1.0: "1 s",
    MINUTE: "1 min",
    HOUR: "1 h",
    DAY: "1 day",
    30 * DAY: "30 d",
    YEAR: "1 yr",
}
SHORT = {1e-3: "1 ms", 1.0: "1 s", HOUR: "1 h", 30 * DAY: "30 d"}
EXAMPLES = 3
"""Single cells drawn along a train."""


def draw_sheet(device: DeviceModel, title: str, path: Path, seed: int = 0) -> Path:
    """Write the data sheet of a device; the ending of `path` says of which kind.

    Parameters
    ----------
    device : any model with any parameters
    title : what it is called
    path : file to write
    seed : of the simulated cells
    """
    with house_style():
        return save(sheet_figure(measure_sheet(device, seed), title), path)


def draw_fit(fits: Sequence[Fit], path: Path) -> Path:
    """Write data against fitted model: the panels of all fits, and their parameters."""
    with house_style():
        return save(fit_figure(fits), path)


def draw_thumbnail(device: DeviceModel, path: Path, seed: int = 0) -> Path:
    """Write a small picture: pulses, written levels, retention."""
    with house_style(), mpl.rc_context({"savefig.dpi": 110}):
        return save(thumbnail_figure(measure_sheet(device, seed, cells=500)), path)


def sheet_figure(sheet: Sheet, title: str) -> Figure:
    """Six panels on a page."""
    figure = new_figure(11.2)
    grid = figure.add_gridspec(3, 2)
    factor, unit = si_scale([sheet.device.g_max], "S")
    _pulses(figure.add_subplot(grid[0, 0]), sheet.train, sheet.device, factor, unit)
    _levels(figure.add_subplot(grid[0, 1]), sheet.levels, sheet.device, factor, unit)
    _retention(figure.add_subplot(grid[1, 0]), sheet.fan, factor, unit)
    if sheet.noise.growth.size:
        inner = grid[1, 1].subgridspec(1, 2)
        left, right = figure.add_subplot(inner[0]), figure.add_subplot(inner[1])
        _noise(left, sheet.noise, sheet.device)
        _growth(right, sheet.noise)
    else:
        _noise(figure.add_subplot(grid[1, 1]), sheet.noise, sheet.device)
    _iv(figure.add_subplot(grid[2, 0]), sheet)
    _numbers(figure.add_subplot(grid[2, 1]), sheet)
    headline(figure, title, _note(sheet))
    return figure


def thumbnail_figure(sheet: Sheet) -> Figure:
    """Pulses, levels and retention, with hardly any words."""
    figure = new_figure(1.75, 6.6)
    factor, unit = si_scale([sheet.device.g_max], "S")
    axes = figure.subplots(1, 3)
    _pulses(axes[0], sheet.train, sheet.device, factor, unit, words=False)
    _levels(axes[1], sheet.levels, sheet.device, factor, unit, words=False)
    _retention(axes[2], sheet.fan, factor, unit, words=False)
    for ax in axes:
        ax.tick_params(labelsize=7)
        ax.xaxis.label.set_size(7.5)
        ax.yaxis.label.set_size(7.5)
    return figure


def _note(sheet: Sheet) -> str:
    closed = "" if sheet.device.whole_pulses else " A controller writes this device; it has no pulse trains."
    faults = " Retention and reads: working cells only." if sheet.levels.faulty.size else ""
    return (
        f"Simulated from the model and its parameters.{closed} Bands and fans: 5-95 %. "
        f"Conductances without read noise, except under reads.{faults}"
    )


# Panels ----------------------------------------------------------------------------------------------------


def _pulses(
    ax: Axes, train: Train, device: DeviceModel, factor: float, unit: str, *, words: bool = True
) -> None:
    x, cells = train.pulses, train.cells * factor
    low, high = np.quantile(cells, (0.05, 0.95), axis=1)
    each = "different cells" if train.cycles is not None else "cells and cycles"
    ax.fill_between(x, low, high, color=HARDWARE, alpha=0.16, linewidth=0, label=f"{each}, 5-95 %")
    if train.cycles is not None:
        low, high = np.quantile(train.cycles * factor, (0.05, 0.95), axis=1)
        ax.fill_between(
            x, low, high, color=HARDWARE, alpha=0.38, linewidth=0, label="cycles of one cell, 5-95 %"
        )
    for k in range(EXAMPLES):
        ax.plot(x, cells[:, k], color=BEFORE, linewidth=0.8, label="single cells" if k == 0 else None)
    ax.plot(x, cells.mean(axis=1), color=HARDWARE, label="mean of cells")
    ax.axvline(train.turn, color="#BBBBBB", linewidth=0.8, zorder=0)
    ax.set_xlim(0, x[-1])
    ax.set_ylim(bottom=min(0.0, float(cells.min())))
    ax.set_ylabel(f"conductance ({unit})" if words else f"g ({unit})")
    if not words:
        ax.set_xlabel("pulses" if device.whole_pulses else "increments")
        return
    step = f"1/{train.turn} of the range"
    ax.set_xlabel(
        "SET pulses, then RESET pulses" if device.whole_pulses else f"increments of {step}, then back"
    )
    ax.set_title(
        "Potentiation and depression" if device.whole_pulses else "Written up and down in increments"
    )
    _small_legend(ax, columns=2 if train.cycles is not None else 3)


def _levels(
    ax: Axes, levels: Levels, device: DeviceModel, factor: float, unit: str, *, words: bool = True
) -> None:
    g, targets = levels.g * factor, levels.targets * factor
    there = np.concatenate([g[np.isfinite(g)], levels.faulty * factor])
    # Cells far out would press the levels together: all but one in 2,000.
    low, high = np.quantile(there, (0.0005, 0.9995)) if there.size else (0.0, 1.0)
    low, high = min(float(low), targets[0]), max(float(high), targets[-1])
    bins = 120 if words else 80
    edges = np.linspace(low - 0.01 * (high - low), high + 0.01 * (high - low), bins + 1)
    for row, colour in zip(g, sequential("viridis", len(g), 0.0, 0.9), strict=True):
        counts = np.histogram(row[np.isfinite(row)], edges)[0]
        share = 100.0 * counts / row.size
        ax.stairs(share, edges, fill=True, color=colour, alpha=0.2)
        ax.stairs(share, edges, color=colour, linewidth=1.0 if words else 0.5)
    if levels.faulty.size:
        counts = np.histogram(levels.faulty * factor, edges)[0]
        label = f"stuck or dead: {100 * levels.faulty_share:.1f} % of cells"
        ax.stairs(
            100.0 * counts / (g.size / len(g)) / len(g),
            edges,
            color="black",
            linewidth=1.3 if words else 0.8,
            label=label,
        )
    ax.set_yscale("log")
    ax.set_ylim(0.08, 130.0)
    ax.set_yticks([0.1, 1.0, 10.0, 100.0], ["0.1", "1", "10", "100"])
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set_xlim(edges[0], edges[-1])
    ax.set_xlabel(f"conductance ({unit})" if words else f"g written ({unit})")
    if not words:
        ax.set_ylabel("cells (%)")
        return
    ax.set_ylabel("cells of a level in a bin (%)")
    ax.set_title(f"{len(targets)} levels, written once each")
    if levels.faulty.size:
        _small_legend(ax)


def _time_axis(ax: Axes, seconds: np.ndarray, ticks: dict[float, str]) -> None:
    inside = {at: text for at, text in ticks.items() if seconds[0] * 0.999 <= at <= seconds[-1] * 1.001}
    ax.set_xscale("log")
    ax.set_xlim(seconds[0], seconds[-1])
    ax.xaxis.set_major_locator(FixedLocator(list(inside)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticklabels(list(inside.values()))


def _retention(ax: Axes, fan: Fan, factor: float, unit: str, *, words: bool = True) -> None:
    for k, colour in enumerate(sequential("viridis", len(fan.targets), 0.0, 0.85)):
        ax.fill_between(
            fan.seconds, fan.low[k] * factor, fan.high[k] * factor, color=colour, alpha=0.22, linewidth=0
        )
        ax.plot(fan.seconds, fan.middle[k] * factor, color=colour)
    _time_axis(ax, fan.seconds, TICKS if words else SHORT)
    ax.set_ylim(bottom=min(0.0, float(fan.low.min()) * factor))
    ax.set_ylabel(f"conductance ({unit})" if words else f"g ({unit})")
    ax.set_xlabel("time since written" if words else "time")
    if words:
        ax.set_title(
            "Retention: median and 5-95 % of cells"
            if fan.ages
            else "Retention: no drift or loss in this model"
        )


def _noise(ax: Axes, noise: ReadNoise, device: DeviceModel) -> None:
    where = f"at {quantity(noise.g, 'S')}"
    ax.set_title("Read noise")
    if not noise.off.size:
        ax.set_title("Read noise: none in this model")
        ax.set_axis_off()
        ax.text(
            0.5,
            0.5,
            "every read returns the\nconductance exactly",
            ha="center",
            va="center",
            color="#666666",
            transform=ax.transAxes,
        )
        return
    scale, small = si_scale([3.0 * noise.sd], "S")
    off = noise.off * scale
    low, high = (float(end) for end in np.quantile(off, (0.0005, 0.9995)))
    edges = np.linspace(low, high, 49)
    ax.hist(off, edges.tolist(), density=True, color=HARDWARE, alpha=0.45)
    ax.set_xlabel(f"read − true ({small})\n{where}, after 1 s")
    ax.set_ylabel(f"density (1/{small})")
    x = np.linspace(edges[0], edges[-1], 200)
    law = "telegraph" if device.telegraphs else {"log_normal": "log-normal"}.get(device.read_law, "Gaussian")
    ax.set_title(f"Reads: {law}, sd {plain(100 * noise.sd / noise.g, 2)} %")
    if not device.telegraphs:
        density = _density(x, noise.sd * scale, noise.g * scale if law == "log-normal" else None)
        ax.plot(x, density, color=SOFTWARE, linewidth=1.4, label="law")
        ax.legend(loc="upper right", fontsize=8, handlelength=1.2, borderaxespad=0.1)


def _density(off: np.ndarray, sd: float, level: float | None) -> np.ndarray:
    """Density of a read's deviation: Gaussian, or log-normal about a level."""
    if level is None:
        gaussian: np.ndarray = np.exp(-0.5 * (off / sd) ** 2) / (sd * np.sqrt(2 * np.pi))
        return gaussian
    s = np.sqrt(np.log1p((sd / level) ** 2))
    at = np.maximum(off + level, 1e-12 * level)
    z = (np.log(at / level) + 0.5 * s**2) / s
    skewed: np.ndarray = np.exp(-0.5 * z**2) / (at * s * np.sqrt(2 * np.pi))
    return skewed


def _growth(ax: Axes, noise: ReadNoise) -> None:
    colours = sequential("viridis", len(NOISE_LEVELS), 0.0, 0.85)
    for row, place, colour in zip(noise.growth, NOISE_LEVELS, colours, strict=True):
        label = f"{100 * place:g} % of range" if place < 1 else "top"
        ax.plot(noise.seconds, 100.0 * row, color=colour, label=label)
    ax.legend(loc="upper left", fontsize=8, handlelength=1.2, labelspacing=0.2, borderaxespad=0.1)
    _time_axis(ax, noise.seconds, SHORT)
    ax.set_ylim(0, 140.0 * float(noise.growth.max()))
    ax.set_xlabel("time since written")
    ax.set_ylabel("sd of a read over g (%)")
    ax.set_title("1/f: grows with time")


def _iv(ax: Axes, sheet: Sheet) -> None:
    device, volts = sheet.device, sheet.volts
    v_factor, v_unit = si_scale([float(volts.max())], "V")
    i_factor, i_unit = si_scale([float(np.abs(sheet.amps).max())], "A")
    for k, colour in enumerate(sequential("viridis", len(sheet.iv_g), 0.0, 0.85)):
        label = f"g = {quantity(float(sheet.iv_g[k]), 'S')}"
        ax.plot(volts * v_factor, sheet.amps[k] * i_factor, color=colour, label=label)
        if not device.ohmic:
            straight = sheet.iv_g[k] * volts * i_factor
            word = "g V" if k == len(sheet.iv_g) - 1 else None
            ax.plot(
                volts * v_factor, straight, label=word, color=colour, linewidth=1.0, linestyle=(0, (4, 2))
            )
    for sign in (-1.0, 1.0):
        ax.axvline(sign * device.read_voltage * v_factor, color="#999999", linewidth=0.9, linestyle=":")
    ax.text(
        device.read_voltage * v_factor,
        0.03,
        " read",
        transform=ax.get_xaxis_transform(),
        color="#666666",
        fontsize=8.5,
    )
    ax.set_xlim(volts[0] * v_factor, volts[-1] * v_factor)
    ax.set_xlabel(f"voltage ({v_unit})")
    ax.set_ylabel(f"current ({i_unit})")
    ax.set_title("I-V: ohmic in this model" if device.ohmic else "I-V: bent; dashed: g V")
    ax.legend(
        loc="upper left", fontsize=8.5, handlelength=1.6, frameon=True, facecolor="white", edgecolor="none"
    )


def _numbers(ax: Axes, sheet: Sheet) -> None:
    ax.set_axis_off()
    ax.set_title("Key numbers")
    at = 0.97
    for name, value in key_numbers(sheet):
        ax.text(0.0, at, name, transform=ax.transAxes, va="top", fontsize=8.5, color="#555555")
        lines = textwrap.wrap(value, 38) or [""]
        ax.text(0.4, at, "\n".join(lines), transform=ax.transAxes, va="top", fontsize=8.5)
        at -= 0.062 * len(lines) + 0.008
    text = "\n".join(textwrap.wrap(origin(sheet.device), 60))
    ax.text(0.0, at - 0.01, text, transform=ax.transAxes, va="top", fontsize=7.8, color=RAW)


def _small_legend(ax: Axes, columns: int = 1) -> None:
    """Legend outside the data, above; the title moves up to make room."""
    rows = -(-len(ax.get_legend_handles_labels()[0]) // columns)
    ax.legend(
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        ncols=columns,
        fontsize=8,
        borderaxespad=0.1,
        columnspacing=1.0,
        handlelength=1.4,
        labelspacing=0.25,
    )
    ax.set_title(ax.get_title(loc="left"), pad=6 + 12.5 * rows)
