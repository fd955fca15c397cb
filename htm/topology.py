"""Where columns stand over their input: potential pools, initial permanences, the radius of local inhibition.

Columns and inputs each stand on a grid of any number of axes. A column's centre is the input at the same relative
place; it may connect to a share of the inputs within a radius of that centre, along every axis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .streams import stream

if TYPE_CHECKING:
    from .pooler import SpatialPoolerParams

_CHUNK = 2**20  # numbers drawn at a time; the stream's numbers do not depend on it


def draw_pool(params: SpatialPoolerParams, input_shape: tuple[int, ...], seed: int) -> NDArray[np.bool_]:
    """Potential synapses, (columns, inputs) bool.

    Each column has a centre, spread evenly over the input, and takes `potential_fraction` of the inputs within
    `potential_radius` of it along every axis (at least one), drawn without replacement from ``sp.pool``.
    """
    n_inputs = int(np.prod(input_shape))
    # One uniform number per pair; a column takes its smallest ones, so that radius and fraction keep the draws.
    rng = stream(seed, "sp.pool")
    take = max(1, round(params.potential_fraction * n_inputs))
    if params.potential_radius is None and take == n_inputs:
        return np.ones((params.columns, n_inputs), dtype=np.bool_)
    pool = np.zeros((params.columns, n_inputs), dtype=np.bool_)
    centres = column_centres(params, input_shape)
    rows = max(1, _CHUNK // n_inputs)
    for first in range(0, params.columns, rows):
        part = slice(first, min(first + rows, params.columns))
        draws = rng.random((part.stop - first, n_inputs), dtype=np.float32)
        if params.potential_radius is None:
            bound = np.partition(draws, take - 1, axis=1)[:, take - 1 : take]
            np.less_equal(draws, bound, out=pool[part])
            continue
        for row, own in enumerate(draws):
            near = inputs_near(centres[first + row], input_shape, params.potential_radius, params.wrap)
            some = max(1, round(params.potential_fraction * near.size))
            pool[first + row, near[np.argsort(own[near], kind="stable")[:some]]] = True
    return pool


def draw_permanence(params: SpatialPoolerParams, pool: NDArray[np.bool_], seed: int) -> NDArray[np.float32]:
    """Initial permanences, uniform in threshold +- initial_spread, clipped to 0..1, 0 outside the pool."""
    rng = stream(seed, "sp.permanence")
    values = np.empty(pool.shape, dtype=np.float32)
    low = np.float32(params.threshold - params.initial_spread)
    rows = max(1, _CHUNK // pool.shape[1])
    for first in range(0, pool.shape[0], rows):
        part = values[first : first + rows]
        rng.random(dtype=np.float32, out=part)
        part *= np.float32(2 * params.initial_spread)
        part += low
        np.clip(part, 0, 1, out=part)
        part *= pool[first : first + rows]
    return values


def column_centres(params: SpatialPoolerParams, input_shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Input position at the centre of each column, (columns, axes).

    With a column shape, floor((c + 1/2) inputs / columns) along each axis, in float32 as in htm.core 2.2; without
    one, columns run along the flattened input.
    """
    if params.column_shape is None:
        n_inputs = int(np.prod(input_shape))
        flat = ((np.arange(params.columns) + 0.5) * n_inputs / params.columns).astype(np.int64)
        return np.stack(np.unravel_index(flat, input_shape), axis=1)
    grid = np.stack(np.unravel_index(np.arange(params.columns), params.column_shape), axis=1)
    ratio = np.array(input_shape, dtype=np.float32) / np.array(params.column_shape, dtype=np.float32)
    return np.asarray(np.floor((grid.astype(np.float32) + np.float32(0.5)) * ratio).astype(np.int64))


def inputs_near(
    centre: NDArray[np.int64], input_shape: tuple[int, ...], radius: int, wrap: bool
) -> NDArray[np.int64]:
    """Flat indices of the inputs within `radius` of `centre` along every axis, ascending.

    An axis that wraps offers min(2 radius + 1, size) inputs; one that does not is cut off at its ends.
    """
    flat = np.zeros(1, dtype=np.int64)
    for at, size in zip(centre, input_shape, strict=True):
        line = np.arange(at - radius, at + radius + 1)
        line = np.unique(line % size) if wrap else line[(line >= 0) & (line < size)]
        flat = (flat[:, None] * size + line).ravel()
    return flat


def radius_of_inhibition(
    spans: NDArray[np.float32], column_shape: tuple[int, ...], input_shape: tuple[int, ...]
) -> int:
    """Radius of local inhibition, in columns: round(max(1, (mean span x mean columns per input - 1) / 2)).

    Parameters
    ----------
    spans : (columns,) extent of each column's connected synapses, mean over the axes, in inputs
    column_shape, input_shape : means of columns / inputs are over their axes
    """
    ratio = np.array(column_shape, dtype=np.float32) / np.array(input_shape, dtype=np.float32)
    diameter = spans.mean(dtype=np.float64) * float(ratio.mean())
    return int(np.floor(max(1.0, (diameter - 1) / 2) + 0.5))
