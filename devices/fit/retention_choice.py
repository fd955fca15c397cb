"""Which course over time cells take: power law, line over the logarithm of time, decay, or one draw a cell that grows.

Every course says how the readings of a cell, all at the same times, scatter around their mean from cell to cell: freely
within the courses that it allows, and as reads do outside. All are Gaussian, each level with numbers of its own, so the
Bayesian information criterion weighs them alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .retention_leak import Decay, first_decay
from .retention_runs import Runs, criterion, lines

F64 = NDArray[np.float64]
LEAST_CELLS = 6
"""Cells of a level from which their scatter can be told."""
MOST_LEVELS = 8
SMALLEST = 1e-8
"""Least variance of a read, of the level's square: no instrument reads to 0.01 %."""
BENDS = (3, 4, 6)
"""Numbers that the course of one draw a cell may have over the logarithm of time; or one a time."""


@dataclass(frozen=True)
class Group:
    """Cells of one level and temperature.

    Attributes
    ----------
    share : readings over the cell's level, (cells, times)
    times : (times,) [s]
    level : of the cells, (cells,) [S]
    inverse : as in `Runs`, of all of them [1/eV]
    """

    share: F64
    times: F64
    level: F64
    inverse: float


def scores(runs: Runs, courses: Sequence[str]) -> dict[str, float]:
    """Information criterion of each of the courses that can be told: less is better."""
    positive = runs.sums((runs.g <= 0.0).astype(float)) == 0.0
    if 0.5 < positive.mean() < 1.0:  # reads of low cells that noise takes to 0 say little of the course
        runs = runs.some(positive)
    groups = _groups(runs)
    decay = first_decay(runs) if "leak" in courses else None
    if decay is not None and not _in_sight(runs, decay):
        decay = None
    if groups is None:
        return _by_cell(runs, courses, decay)
    found: dict[str, float] = {}
    log_n = math.log(runs.g.size)
    logs = np.log(groups[0].times)
    for name in ("drift", "relaxation"):
        if name in courses and not (name == "drift" and (runs.g <= 0.0).any()):
            found[name] = sum(_lines(one, logs, logarithm=name == "drift") + 6.0 * log_n for one in groups)
    if "drift" in found:  # cells may stand still before they drift
        begins = [
            log_n + sum(_late(one, logs, knee) + 6.0 * log_n for one in groups) for knee in _knees(runs, logs)
        ]
        found["drift"] = min([found["drift"], *begins])
    if decay is not None:
        more = 2.0 + (runs.kelvin is not None)
        found["leak"] = sum(_decays(one, decay) + 3.0 * log_n for one in groups) + more * log_n
    if "misses" in courses and logs.size > 2 and runs.target is not None and runs.kelvin is None:
        found["misses"] = min(
            sum(_draws(one, _smooth(logs, bends)) + (2.0 * bends + 1.0) * log_n for one in groups)
            for bends in {*(bends for bends in BENDS if bends < logs.size), logs.size}
        )
    return found


def _in_sight(runs: Runs, decay: Decay) -> bool:
    """Whether the readings span the decay: of one hardly begun or long over, there is a line or a constant."""
    first, last = math.log(float(runs.time.min())), math.log(float(runs.time.max()))
    return first - 1.0 < decay.log_tau < last + 1.0


def _groups(runs: Runs) -> list[Group] | None:
    """Cells by temperature and level; none where cells were read at different times, or are too few."""
    times, column = np.unique(np.round(np.log(runs.time), 9), return_inverse=True)
    g = np.full((runs.cells, times.size), math.nan)
    g[runs.which, column] = runs.g
    if not np.isfinite(g).all() or times.size < 3:
        return None
    level = np.maximum(runs.target if runs.target is not None else g.mean(axis=1), 1e-3 * runs.top)
    kelvin = runs.kelvin if runs.kelvin is not None else np.zeros(runs.cells)
    made = []
    for one in np.unique(kelvin):
        cells = np.flatnonzero(kelvin == one)
        cells = cells[np.argsort(level[cells], kind="stable")]
        for part in _parts(level[cells], runs.target is not None):
            mine = cells[part]
            if mine.size < LEAST_CELLS:
                return None
            made.append(
                Group(
                    g[mine] / level[mine][:, None], np.exp(times), level[mine], float(runs.inverse[mine[0]])
                )
            )
    return made


def _parts(level: F64, exact: bool) -> list[NDArray[np.intp]]:
    """Cells in the order of their levels, cut between levels; where these are as they come, into equal parts."""
    if exact:
        cuts = np.flatnonzero(np.diff(np.log(level)) > 1e-6) + 1
        parts = np.split(np.arange(level.size), cuts)
        if len(parts) <= 4 * MOST_LEVELS and min(part.size for part in parts) >= LEAST_CELLS:
            return parts
    return np.array_split(np.arange(level.size), max(min(level.size // (2 * LEAST_CELLS), MOST_LEVELS), 1))


def _within(off: F64, basis: F64) -> float:
    """Twice the negative log likelihood of deviations that are free within orthonormal courses, and reads outside.

    Parameters
    ----------
    off : (cells, times)
    basis : (times, courses)
    """
    cells, times = off.shape
    inside = off @ basis
    left = off - inside @ basis.T
    spread = np.cov(inside, rowvar=False, bias=True).reshape(basis.shape[1], basis.shape[1])
    spread = spread + SMALLEST * np.eye(basis.shape[1])
    variance = max(float((left**2).sum()) / (cells * (times - basis.shape[1])), SMALLEST)
    inner = float(np.linalg.slogdet(spread)[1])
    total: float = cells * (inner + (times - basis.shape[1]) * math.log(variance) + times)
    return total


def _lines(group: Group, logs: F64, *, logarithm: bool) -> float:
    basis = np.linalg.qr(np.stack((np.ones_like(logs), logs), axis=1))[0]
    if not logarithm:
        return _within(group.share, basis)
    return _within(np.log(group.share), basis) + 2.0 * float(np.log(group.share).sum())


def _knees(runs: Runs, logs: F64) -> list[float]:
    """When drift may begin [ln s]; at several temperatures it begins at several times, and lines must do."""
    return np.linspace(logs[0], logs[-2], 25)[1:].tolist() if logs.size > 3 and runs.kelvin is None else []


def _late(group: Group, logs: F64, knee: float) -> float:
    return _lines(group, np.maximum(logs, knee), logarithm=True)


def _decays(group: Group, decay: Decay) -> float:
    speed = math.exp(decay.energy * group.inverse - decay.log_tau)
    left = np.exp(-np.minimum(group.times * speed, 700.0))
    size = float(np.sqrt((left**2).sum()))
    if size < 1e-6:
        left, size = np.ones_like(left), math.sqrt(left.size)
    off = group.share - (decay.rest / group.level)[:, None] * (1.0 - left)
    return _within(off, (left / size)[:, None])


def _smooth(logs: F64, bends: int) -> F64:
    """Orthonormal polynomials over the logarithm of time, (times, bends)."""
    middle = (logs - logs.mean()) / max(float(np.ptp(logs)), 1e-9)
    return np.asarray(np.linalg.qr(np.vander(middle, bends, increasing=True))[0], dtype=np.float64)


def _draws(group: Group, basis: F64) -> float:
    mean = basis @ (basis.T @ group.share.mean(axis=0))
    inside = (group.share - mean) @ basis
    _, _, right = np.linalg.svd(inside - inside.mean(axis=0), full_matrices=False)
    return _within(group.share - mean, basis @ right[:1].T)


def _by_cell(runs: Runs, courses: Sequence[str], decay: Decay | None) -> dict[str, float]:
    """Of few cells, or such as were read at times of their own: each with a line of its own."""
    logs, found = np.log(runs.time), {}
    same = np.ones_like(logs)
    if "drift" in courses and not (runs.g <= 0.0).any():
        y = np.log(runs.g)
        found["drift"] = criterion(runs, np.exp(y - lines(runs, logs, y, same).rest), 2 * runs.cells)
    if "relaxation" in courses:
        found["relaxation"] = criterion(runs, runs.g - lines(runs, logs, runs.g, same).rest, 2 * runs.cells)
    if decay is not None:
        found["leak"] = criterion(runs, decay.model, runs.cells + 2 + (runs.kelvin is not None))
    return found
