"""Figures of a run or a sweep, made from its results alone: a figure never needs a simulation.

    paths = plot_results(results, out_dir)

matplotlib is imported only when a figure is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from htm.pick import BadInput

from .figures.labels import Label, label_of
from .figures.stats import Interval, mean_interval
from .figures.table import ResultsLike, Table, table_of
from .registry import SCENARIOS, Scenario, resolve

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .figures.movie import Movie

__all__ = ["Interval", "Label", "ResultsLike", "figures_of", "label_of", "mean_interval", "plot_results"]

MOST_PAIRS = 6
"""Heat maps are drawn for at most this many pairs of swept keys (four keys)."""


def plot_results(
    results: ResultsLike,
    out_dir: Path,
    *,
    formats: Sequence[str] = ("png",),
    movie: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Draw everything that the results can show, and write it to files.

    Parameters
    ----------
    results : of a run or a sweep (`scenarios.results.Results`)
    out_dir : folder for the files, made where it is missing
    formats : among ``png``, ``svg``, ``pdf``
    movie : ``gif``, or ``mp4`` where ffmpeg is installed; none: no movies
    progress : told how many frames of how many of a movie are drawn

    Returns
    -------
    list of Path
        The files written, in the order in which they are best looked at.

    Raises
    ------
    BadInput
        Where there is nothing to plot, a format is unknown or a file cannot be written.
    """
    table_of(results)  # refuse empty results before matplotlib is loaded or a folder made
    from .figures.style import FORMATS, house_style, save

    unknown = [kind for kind in formats if kind not in FORMATS]
    if unknown or not formats:
        raise BadInput(f"formats: must be among {', '.join(FORMATS)}, got {', '.join(unknown) or 'none'}")
    out_dir = Path(out_dir)
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"{out_dir}: cannot be made a folder ({error.strerror or error})") from None
    paths = []
    # One style around both making and saving: some settings are read only when a figure is drawn.
    with house_style():
        for name, figure in _figures(results):
            paths += [save(figure, out_dir / f"{name}.{kind}") for kind in dict.fromkeys(formats)]
        if movie is not None:
            from .figures.movie import save_movie

            for name, one in _movies(results):
                paths.append(save_movie(one, out_dir / f"{name}.{movie}", progress))
    return paths


def figures_of(results: ResultsLike) -> dict[str, Figure]:
    """The same figures as objects, by file name, for a notebook or further editing."""
    from .figures.style import house_style

    with house_style():
        return dict(_figures(results))


def _figures(results: ResultsLike) -> Iterator[tuple[str, Figure]]:
    """Name and figure, one at a time, so that few are alive at once."""
    table = table_of(results)
    if table.axes:
        yield from _sweep_figures(table)
        ends = [
            {i: 0 for i in range(len(table.axes))},
            {i: len(a.values) - 1 for i, a in enumerate(table.axes)},
        ]
        for name, at in zip(("first", "last"), ends, strict=True):
            yield from _cells(results, table, at, f"conductance_{name}")
    else:
        yield from _run_figures(results, table)


def _sweep_figures(table: Table) -> Iterator[tuple[str, Figure]]:
    from .figures.curves import MOST_LINES, curve_figure
    from .figures.heatmaps import heat_figure

    numeric = [i for i, axis in enumerate(table.axes) if axis.numeric]
    # Words alone still deserve a picture; beside a number they become its lines.
    for main in numeric or [0]:
        others = [i for i in range(len(table.axes)) if i != main]
        name = _file_name(f"{table.quality.stem}_vs_{table.axes[main].key}")
        if len(others) != 1:
            yield name, curve_figure(table, main)
        elif len(table.axes[others[0]].values) <= MOST_LINES:
            yield name, curve_figure(table, main, others[0])
    for first, second in table.pairs()[:MOST_PAIRS]:
        name = _file_name(f"map_{table.axes[first].key}_{table.axes[second].key}")
        yield name, heat_figure(table, first, second)


def _run_figures(results: ResultsLike, table: Table) -> Iterator[tuple[str, Figure]]:
    arrays = [_arrays(results, point) for point in table.point_ids({})]
    scenario = SCENARIOS.get(table.scenario)
    yield from resolve(scenario.figures if scenario else Scenario.figures)(table, arrays)
    yield from _cells(results, table, {}, "conductance")
    from .figures.energy import energy_figure, has_energy

    if has_energy(arrays):
        yield "energy", energy_figure(arrays, table.scenario)


def _movies(results: ResultsLike) -> Iterator[tuple[str, Movie]]:
    """Of a run; a sweep has none."""
    table = table_of(results)
    scenario = SCENARIOS.get(table.scenario)
    if table.axes or scenario is None or not scenario.movies:
        return
    arrays = [_arrays(results, point) for point in table.point_ids({})]
    yield from resolve(scenario.movies)(table, arrays)


def _cells(
    results: ResultsLike, table: Table, at: Mapping[int, int], name: str
) -> Iterator[tuple[str, Figure]]:
    from .figures.cells import cells_figure, has_cells

    points = table.point_ids(at)
    arrays = _arrays(results, points[0]) if points else {}
    if not has_cells(arrays):
        return
    where = [f"{table.axes[i].key} = {table.axes[i].texts()[k]}" for i, k in at.items()]
    seed = "First of the seeds" if table.seeds > 1 else "One seed"
    yield name, cells_figure(arrays, table.scenario, "; ".join([*where, seed]) + ".")


def _arrays(results: ResultsLike, point: str) -> Mapping[str, np.ndarray]:
    """Arrays of a point; none where their file is missing, as in a folder copied without them."""
    try:
        return results.arrays(point)
    except (FileNotFoundError, KeyError):
        return {}
    except BadInput as error:
        # A damaged file is the user's to know of; a missing one only leaves a panel out.
        if isinstance(error.__context__, FileNotFoundError):
            return {}
        raise


def _file_name(text: str) -> str:
    return re.sub(r"[^\w.=-]+", "_", text)
