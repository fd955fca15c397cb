"""House style, figure making and saving. Figures carry their own Agg canvas: pyplot is never touched."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from htm.pick import BadInput

STYLE = Path(__file__).parent.parent / "hwsim.mplstyle"

WIDTH = 9.0
"""Width of every figure [inch]."""

SOFTWARE, HARDWARE, RAW, BEFORE, MISSING = "#0072B2", "#D55E00", "#7A7A7A", "#8C8C8C", "#DDDDDD"
WORDS = ("#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Colours of lines told apart by a word; without the software's blue and the baseline's grey."""
MARKERS = ("o", "s", "^", "D", "v", "P")

FORMATS = ("png", "svg", "pdf")


@contextmanager
def house_style() -> Iterator[None]:
    """The house style while the block runs; a user's own settings are back afterwards.

    The file is laid over matplotlib's defaults rather than the user's settings, so a figure looks the same
    for everybody.
    """
    with mpl.rc_context(fname=STYLE):
        yield


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """Empty figure of this size [inch] with a canvas of its own."""
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def headline(figure: Figure, title: str, note: str) -> None:
    """Say at the top what is seen, and at the foot how it was got."""
    figure.suptitle(textwrap.fill(title, 86), x=0.012, ha="left")
    figure.supxlabel(textwrap.fill(note, 135), x=0.012, ha="left", fontsize=8.5, color="#555555")


def legend_above(ax: Axes, labels: Sequence[str], title: str = "") -> None:
    """Legend in a strip above the axes, outside the data, in the order of `labels`."""
    handles = dict(zip(*ax.get_legend_handles_labels()[::-1], strict=True))
    legend = ax.legend(
        [handles[label] for label in labels],
        labels,
        loc="lower left",
        bbox_to_anchor=(-0.01, 1.0),
        ncols=len(labels) if sum(len(label) + 7 for label in labels) < 95 else 4,
        title=title or None,
        alignment="left",
        borderaxespad=0.2,
        columnspacing=1.4,
        handlelength=2.2,
    )
    legend.get_title().set_fontsize(9.5)


def sequential(name: str, n: int, low: float = 0.3, high: float = 0.95) -> list[tuple[float, ...]]:
    """`n` ordered colours of a colour map, without its palest end."""
    return [tuple(mpl.colormaps[name](position)) for position in np.linspace(low, high, n)]


def percent_limits(ax: Axes, values: Sequence[float], least: float = 5.0) -> None:
    """Limits of an axis in per cent: the data's own range, at least `least` wide, within 0..100."""
    finite = [value for value in values if np.isfinite(value)]
    if not finite:
        return
    low, high = min(finite), max(finite)
    pad = max(0.06 * (high - low), (least - (high - low)) / 2.0, 0.5)
    low, high = max(low - pad, -1.0), min(high + pad, 101.0)
    ax.set_ylim(low, high)


def loose_limits(ax: Axes, values: Sequence[float]) -> None:
    """Limits of an axis that has no natural ends: the data's own range with some air."""
    finite = [value for value in values if np.isfinite(value)]
    if finite:
        low, high = min(finite), max(finite)
        pad = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
        ax.set_ylim(low - pad, high + pad)


def save(figure: Figure, path: Path) -> Path:
    """Write a figure under a temporary name and rename it, so a reader never sees half a file."""
    kind = path.suffix.removeprefix(".")
    if kind not in FORMATS:
        raise BadInput(f"formats: must be among {', '.join(FORMATS)}, got {kind!r}")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    # No time stamp inside, so that the same results give the same file.
    metadata = {"png": {"Software": "hwsim"}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[kind]
    try:
        figure.savefig(part, format=kind, metadata=metadata)
        part.replace(path)
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror or error})") from None
    finally:
        part.unlink(missing_ok=True)
    return path
