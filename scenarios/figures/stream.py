"""A stream over time: values, anomaly scores and likelihoods one above the other; and each anomaly seen from near."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..stream_measures import Floats, detections, judged_alarms
from .style import HARDWARE, MISSING, SOFTWARE, headline, new_figure
from .table import Table

Arrays = Mapping[str, np.ndarray]

VALUE, LABEL, ALARM = "#333333", "#F0E442", "#CC0000"

MOST_SHOWN = 8
"""Anomalies seen from near on one picture."""

PIXELS = 1200
"""Parts that a line across a picture is cut into; each shows its least and its greatest record."""

NEAR = 50
"""Least number of records before and after an anomaly that is seen from near."""


@dataclass(frozen=True)
class _Side:
    """What one side said, and how it is drawn."""

    name: str
    colour: str
    marker: str
    anomaly: Floats
    log_likelihood: Floats
    predicted: Floats | None
    alarms: NDArray[np.int64]


@dataclass(frozen=True)
class _Drawn:
    """A stream with what was said of it."""

    times: NDArray[np.datetime64]
    values: Floats
    probation: int
    threshold: float
    steps: int
    windows: tuple[tuple[int, int], ...] | None
    sides: tuple[_Side, ...]
    outage: int | None = None


def stream_figures(table: Table, arrays: Sequence[Arrays]) -> Iterator[tuple[str, Figure]]:
    """The whole stream, and its anomalies from near; of several seeds the first is drawn.

    Parameters
    ----------
    table : rows of one configuration, one a seed
    arrays : the arrays of each seed
    """
    if not arrays or "values" not in arrays[0]:
        return
    drawn = _drawn(arrays[0], table.hardware)
    seed = f"First of {table.seeds} seeds" if table.seeds > 1 else "One seed"
    yield "stream", stream_figure(drawn, table.scenario, seed)
    near = near_figure(drawn, table.scenario, seed)
    if near is not None:
        yield "stream_near", near


def _drawn(arrays: Arrays, hardware: str) -> _Drawn:
    probation, threshold = int(arrays["probation"]), float(arrays["threshold"])
    sides = []
    for key, name, colour, marker in (
        ("software", "software", SOFTWARE, "v"),
        ("hardware", hardware, HARDWARE, "^"),
    ):
        if f"anomaly_{key}" in arrays:
            likelihood = np.asarray(arrays[f"log_likelihood_{key}"], dtype=np.float64)
            anomaly = np.asarray(arrays[f"anomaly_{key}"], dtype=np.float64)
            alarms = judged_alarms(likelihood, threshold, probation)
            predicted = arrays.get(f"predicted_{key}")
            sides.append(_Side(name, colour, marker, anomaly, likelihood, predicted, alarms))
    return _Drawn(
        times=np.asarray(arrays["timestamps"]),
        values=np.asarray(arrays["values"]),
        probation=probation,
        threshold=threshold,
        steps=int(arrays["steps"]),
        windows=tuple((int(a), int(b)) for a, b in arrays["windows"]) if "windows" in arrays else None,
        sides=tuple(sides),
        outage=int(arrays["outage"]) if "outage" in arrays else None,
    )


def shown_records(values: Floats, parts: int = PIXELS) -> NDArray[np.int64]:
    """Records to draw a line through so that it looks as if all were: of each part the least and the greatest.

    Parameters
    ----------
    values : (records,), NaN where there is none
    parts : into how many the records are cut; a stream with few records for each is drawn whole

    Returns
    -------
    (shown,) increasing; the first and the last record, and the extremes of every part, are among them
    """
    if values.size <= 4 * parts:
        return np.arange(values.size)
    edges = np.linspace(0, values.size, parts + 1).astype(np.int64)
    found = {0, values.size - 1}
    for start, stop in itertools.pairwise(edges):
        inside = values[start:stop]
        if np.isfinite(inside).any():
            found |= {int(start + np.nanargmin(inside)), int(start + np.nanargmax(inside))}
        else:
            found.add(int(start))  # the gap stays a gap
    return np.array(sorted(found), dtype=np.int64)


def stream_figure(drawn: _Drawn, scenario: str, seed: str) -> Figure:
    """Values, and beneath them anomaly score and log-likelihood of every side, over time."""
    heights = [2.6] + [1.0, 1.5] * len(drawn.sides)
    figure = new_figure(1.6 + 1.12 * sum(heights))
    axes = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    whole = slice(0, drawn.values.size)
    labels = _values(axes[0], drawn, whole)
    axes[0].set_ylabel("value")
    _legend(axes[0], axes[0], labels, loc="lower left", bbox_to_anchor=(-0.01, 1.0))
    for k, side in enumerate(drawn.sides):
        score, likelihood = axes[1 + 2 * k], axes[2 + 2 * k]
        _line(score, drawn.times, side.anomaly, color=side.colour, linewidth=0.6)
        score.set_ylim(0, 1.04)
        score.set_ylabel(f"{side.name}\nanomaly score")
        _likelihood(likelihood, drawn, side, whole)
        likelihood.set_ylabel(f"{side.name}\nlog-likelihood")
    for ax in axes:
        _background(ax, drawn, whole)
        if drawn.outage is not None:
            ax.axvline(drawn.times[drawn.outage], color="#222222", linewidth=1.2, linestyle=(0, (1, 1)))
    _dates(axes[-1], 4, 10)
    note = f"{seed}. Grey: the first {drawn.probation:,} records, learned from and not judged.{_ahead(drawn)}"
    note += " Dotted: parts of the hardware fail." if drawn.outage is not None else ""
    if drawn.values.size > 4 * PIXELS:
        each = drawn.values.size / PIXELS
        note += f" Lines go through the least and the greatest of every {each:.0f} records: no spike is lost."
    headline(figure, f"{scenario}: {_told(drawn)}", note)
    return figure


def near_figure(drawn: _Drawn, scenario: str, seed: str) -> Figure | None:
    """Labelled anomalies from near; where nothing is labelled, the alarms of highest likelihood."""
    places, what = _places(drawn)
    if not places:
        return None
    columns = min(2, len(places))
    rows = -(-len(places) // columns)
    figure = new_figure(1.9 + 3.1 * rows)
    grid = figure.add_gridspec(rows + 1, columns, height_ratios=[0.35] + [3.1] * rows)
    words = figure.add_subplot(grid[0, :])
    words.axis("off")
    for k, (first, last) in enumerate(places):
        inner = grid[1 + k // columns, k % columns].subgridspec(2, 1, height_ratios=[1.5, 1.0])
        top = figure.add_subplot(inner[0])
        bottom = figure.add_subplot(inner[1], sharex=top)
        pad = max(NEAR, last - first + 1)
        here = slice(max(0, first - pad), min(drawn.values.size, last + 1 + pad))
        labels = _values(top, drawn, here)
        for side in drawn.sides:
            bottom.fill_between(
                drawn.times[here], side.anomaly[here], step="mid", color=side.colour, alpha=0.22, linewidth=0
            )
            _likelihood(bottom, drawn, side, here)
        for ax in (top, bottom):
            _background(ax, drawn, here)
        top.set_title(_how(drawn, first, last))
        top.tick_params(labelbottom=False)
        _dates(bottom, 2, 4)
        if k % columns == 0:
            top.set_ylabel("value")
            bottom.set_ylabel("log-likelihood\nscore (filled)")
        if k == 0:
            _legend(words, top, labels, loc="center left", bbox_to_anchor=(-0.01, 0.5))
    headline(figure, f"{scenario}: {what}", f"{seed}.{_ahead(drawn)} Dashed: the threshold of an alarm.")
    return figure


def _places(drawn: _Drawn) -> tuple[list[tuple[int, int]], str]:
    """First and last record of what is worth a closer look, and what that is."""
    if drawn.windows is not None:
        judged = [window for window in drawn.windows if window[1] >= drawn.probation]
        some = f"the first {MOST_SHOWN} of {len(judged)}" if len(judged) > MOST_SHOWN else "the"
        return judged[:MOST_SHOWN], f"{some} labelled anomalies from near"
    side = drawn.sides[-1]
    judged_score = side.log_likelihood[drawn.probation :]
    order = drawn.probation + np.argsort(-judged_score, kind="stable")
    found: list[int] = []
    for record in order:
        if side.alarms.size and side.log_likelihood[record] < drawn.threshold:
            break
        if all(abs(record - other) > 2 * NEAR for other in found):
            found.append(int(record))
        if len(found) == MOST_SHOWN or (not side.alarms.size and found):
            break
    what = "the alarms of highest likelihood" if side.alarms.size else "no alarm; the highest likelihood"
    which = f" ({side.name})" if len(drawn.sides) > 1 else ""
    return [(record, record) for record in sorted(found)], f"{what}{which} from near"


def _values(ax: Axes, drawn: _Drawn, here: slice) -> list[str]:
    """Values, what was foretold of them, and alarms; returns the labels of all that can be there."""
    alone = len(drawn.sides) == 1
    _line(ax, drawn.times[here], drawn.values[here], color=VALUE, linewidth=1.0, label="value", zorder=3)
    foretold, alarms = [], []
    for side in drawn.sides:
        inside = side.alarms[(side.alarms >= here.start) & (side.alarms < here.stop)]
        alarms.append("alarm" if alone else f"alarm, {side.name}")
        colour = ALARM if alone else side.colour
        look: dict[str, Any] = {
            "color": colour,
            "markersize": 8,
            "markeredgecolor": "white",
            "markeredgewidth": 0.8,
        }
        ax.plot(drawn.times[inside], drawn.values[inside], side.marker, **look, label=alarms[-1], zorder=4)
        if side.predicted is not None:
            foretold.append("predicted" if alone else f"predicted, {side.name}")
            look = {"color": side.colour, "linewidth": 1.0, "alpha": 0.65, "label": foretold[-1]}
            _line(ax, drawn.times[here], side.predicted[here], **look)
    if drawn.windows:
        ax.fill_between([], [], [], color=LABEL, alpha=0.5, label="labelled anomaly")
    return ["value", *foretold, *alarms, *(["labelled anomaly"] if drawn.windows else [])]


def _legend(ax: Axes, drawn_on: Axes, labels: Sequence[str], **place: Any) -> None:
    """Legend in `ax` of what stands in another."""
    handles = dict(zip(*drawn_on.get_legend_handles_labels()[::-1], strict=True))
    look: dict[str, Any] = {"borderaxespad": 0.2, "columnspacing": 1.4, "handlelength": 1.8}
    columns = len(labels) if len(labels) < 5 else 3
    ax.legend([handles[label] for label in labels], labels, ncols=columns, **look, **place)


def _ahead(drawn: _Drawn) -> str:
    """How far ahead was foretold, as a sentence."""
    if all(side.predicted is None for side in drawn.sides):
        return ""
    return f" Predicted {drawn.steps} {'record' if drawn.steps == 1 else 'records'} ahead."


def _likelihood(ax: Axes, drawn: _Drawn, side: _Side, here: slice) -> None:
    _line(ax, drawn.times[here], side.log_likelihood[here], color=side.colour, linewidth=1.0)
    inside = side.alarms[(side.alarms >= here.start) & (side.alarms < here.stop)]
    ax.plot(drawn.times[inside], side.log_likelihood[inside], side.marker, color=side.colour, markersize=5)
    ax.axhline(drawn.threshold, color="#222222", linewidth=0.9, linestyle=(0, (4, 2)))
    ax.set_ylim(0, 1.04)


def _line(ax: Axes, times: NDArray[Any], values: Floats, **look: Any) -> None:
    shown = shown_records(np.asarray(values, dtype=np.float64))
    ax.plot(times[shown], np.asarray(values)[shown], **look)


def _background(ax: Axes, drawn: _Drawn, here: slice) -> None:
    """Shade what is not judged and what is labelled, and keep to the records that are shown."""
    times = drawn.times
    first, last = times[here][0], times[here][-1]
    if here.start < drawn.probation:
        end = times[min(drawn.probation, here.stop - 1)]
        ax.axvspan(first, end, color=MISSING, alpha=0.6, linewidth=0, zorder=0)
    for start, stop in drawn.windows or ():
        if stop >= here.start and start < here.stop:
            # An edge, so that a short one is still seen.
            look: dict[str, Any] = {"color": LABEL, "alpha": 0.5, "linewidth": 1.0, "zorder": 0.5}
            ax.axvspan(max(times[start], first), min(times[stop], last), **look)
    ax.set_xlim(first, last)


def _dates(ax: Axes, least: int, most: int) -> None:
    locator = AutoDateLocator(minticks=least, maxticks=most)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    # Years, months, days, hours, minutes, seconds: a day bears its month, so that no tick needs another beside it.
    ticks = ["%Y", "%b", "%d %b", "%H:%M", "%H:%M", "%S.%f"]
    starts = ["", "%Y", "%d %b", "%d %b", "%H:%M", "%H:%M"]
    beside = ["", "%Y", "%Y", "%Y-%b-%d", "%Y-%b-%d", "%Y-%b-%d %H:%M"]
    ax.xaxis.set_major_formatter(
        ConciseDateFormatter(locator, formats=ticks, zero_formats=starts, offset_formats=beside)  # type: ignore[no-untyped-call]
    )


def _told(drawn: _Drawn) -> str:
    """What happened, in a line."""
    judged = f"{drawn.values.size - drawn.probation:,} judged records"
    alone = len(drawn.sides) == 1
    if drawn.windows is None:
        counts = [f"{side.alarms.size} ({side.name})" for side in drawn.sides]
        return f"{drawn.sides[0].alarms.size if alone else ' and '.join(counts)} alarms in {judged}"
    hits, vain = [], []
    for side in drawn.sides:
        found = detections(side.alarms, drawn.windows, drawn.times, drawn.probation)
        hits.append(sum(one is not None for one in found))
        inside = sum(int(((side.alarms >= a) & (side.alarms <= b)).sum()) for a, b in drawn.windows)
        vain.append(str(side.alarms.size - inside))
    if alone:
        told = f"{hits[0]} of {len(found)} labelled anomalies detected"
        return f"{told}, {vain[0]} false {'alarm' if vain[0] == '1' else 'alarms'} in {judged}"
    each = f"{drawn.sides[0].name} detects {hits[0]}, {drawn.sides[1].name} {hits[1]}"
    return f"of {len(found)} labelled anomalies {each}; false alarms {' and '.join(vain)}"


def _how(drawn: _Drawn, first: int, last: int) -> str:
    """When it was, and how late each side spoke."""
    when = np.datetime_as_string(drawn.times[max(first, drawn.probation)], unit="m").replace("T", " ")
    if drawn.windows is None:
        return str(when)
    told = []
    for side in drawn.sides:
        (one,) = detections(side.alarms, ((first, last),), drawn.times, drawn.probation)
        late = "" if one is None else f"{one[0]} {'record' if one[0] == 1 else 'records'}"
        if len(drawn.sides) == 1:
            return f"{when}, {f'alarm after {late}' if late else 'missed'}"
        told.append(f"{side.name} {f'after {late}' if late else 'misses it'}")
    return f"{when}\n{', '.join(told)}"
