"""Places in the plane as the activity of grid cells: every module repeats on a hexagonal lattice of its own."""

from __future__ import annotations

import math
from typing import Any, final

import numpy as np
from pydantic import Field, model_validator

from ..bits import Bits
from ..pick import BadInput, Params
from ..streams import stream
from .encoder import MAX_SIZE, MISSING, Missing, absent, number, shown

_FARTHEST = 2.0**30  # periods: beyond, rounding is felt in the phase


class GridCellEncoderParams(Params):
    """Parameters of a `GridCellEncoder`."""

    cells: int = Field(default=64, ge=2, description="cells of each module")
    active_bits: int = Field(default=6, ge=1, description="active cells of each module")
    periods: tuple[float, ...] = Field(
        default=tuple(round(6 * math.sqrt(2) ** i, 3) for i in range(5)),
        min_length=1,
        description="for each module, distance between the centres of one cell's fields [units of the place]",
    )
    orientations: tuple[float, ...] | None = Field(
        default=None, description="for each module, angle of its lattice [rad]; none: drawn from the seed"
    )
    seed: int = Field(default=0, ge=0, description="seed of the cells' phases and of drawn orientations")
    missing: Missing = Field(default="refuse", description=MISSING)

    @model_validator(mode="after")
    def _check(self) -> GridCellEncoderParams:
        if self.active_bits >= self.cells:
            raise ValueError(f"active_bits: must be below cells ({self.cells}), got {self.active_bits}")
        if min(self.periods) <= 0:
            raise ValueError(f"periods: must all be positive, got {min(self.periods)}")
        if self.orientations is not None and len(self.orientations) != len(self.periods):
            raise ValueError(
                f"orientations: must be as many as periods ({len(self.periods)}), got {len(self.orientations)}"
            )
        if self.cells * len(self.periods) > MAX_SIZE:
            raise ValueError(f"cells: must make at most {MAX_SIZE} bits in all, got {self.cells}")
        return self


@final
class GridCellEncoder:
    """Places in the plane: modules of grid cells whose fields repeat on hexagonal lattices of several periods.

    Source: Hafting et al. 2005 (Nature 436:801); Klukas, Lewis, Fiete 2020 (PLoS Comput. Biol. 16:e1007796).

    Module m has a lattice of period p_m and angle theta_m, and each of its cells a phase in it. A place is turned by
    -theta_m and divided by p_m; the `active_bits` cells with a lattice point of their own nearest to it are active. So
    one module alone tells places up to its lattice, and modules of different periods together tell them far beyond
    the longest. Near places share most bits, far ones few, but for a module's own repetitions.

    A place is refused where a coordinate is infinite, or farther than 2^30 times the shortest period.

    Parameters
    ----------
    params : cells, periods, orientations

    Attributes
    ----------
    size : number of bits, the cells of all modules
    active_bits : number of active bits of every code, over all modules
    orientations : (modules,) angles of the lattices [rad]
    """

    def __init__(self, params: GridCellEncoderParams) -> None:
        self.params = params
        modules = len(params.periods)
        self.size, self.active_bits = modules * params.cells, modules * params.active_bits
        # A hexagonal lattice is the same again after a sixth of a turn.
        drawn = stream(params.seed, "encoder.grid_cell.orientation").uniform(0, math.pi / 3, modules)
        given = params.orientations
        self.orientations = drawn if given is None else np.array(given, dtype=np.float64)
        phases = stream(params.seed, "encoder.grid_cell.phase")
        self._phase = phases.random((2, modules, params.cells))
        self._to_lattice = self._bases()
        self._farthest = _FARTHEST * min(params.periods)
        self._offset = (np.arange(modules, dtype=np.int32) * params.cells)[:, None]

    def _bases(self) -> Any:
        """(2, modules, 2): from a place to lattice coordinates u, v, place / p = u (1, 0) + v (1/2, sqrt(3)/2)."""
        cos, sin = np.cos(self.orientations), np.sin(self.orientations)
        # Turned back by theta: x' = x cos + y sin, y' = -x sin + y cos; then v = 2 y' / sqrt(3), u = x' - v / 2.
        v = np.stack([-sin, cos], axis=-1) * (2 / math.sqrt(3))
        u = np.stack([cos, sin], axis=-1) - v / 2
        return np.stack([u, v]) / np.array(self.params.periods)[None, :, None]

    def encode(self, value: Any) -> Bits:
        """Bits of one place.

        Parameters
        ----------
        value : (2,) coordinates x and y, [units of the place]

        Returns
        -------
        (active_bits,) indices; empty for a missing value that is allowed
        """
        if value is None:
            return absent(self.params.missing, "2 numbers", value)
        if not isinstance(value, list | tuple | np.ndarray) or np.shape(value) != (2,):
            raise BadInput(f"value: must be 2 numbers, got {shown(value)}")
        x, y = number(value[0], "value[0]"), number(value[1], "value[1]")
        if x != x or y != y:
            return absent(self.params.missing, "2 numbers", value)
        for axis, at in enumerate((x, y)):
            if not abs(at) < self._farthest:
                raise BadInput(
                    f"value[{axis}]: must lie in -{self._farthest:.4g}..{self._farthest:.4g}, got {at!r}"
                )
        near = np.argsort(self._distance(x, y), axis=1, kind="stable")[:, : self.params.active_bits]
        near.sort(axis=1)
        return (near.astype(np.int32) + self._offset).ravel()

    def _distance(self, x: float, y: float) -> Any:
        """(modules, cells), squared distance to the nearest point of each cell's lattice, in periods."""
        f = (self._to_lattice[..., 0] * x + self._to_lattice[..., 1] * y)[:, :, None] - self._phase
        f -= np.floor(f)
        u, v = f
        # The nearest lattice point is a corner of the rhombus that holds the place; |(u, v)|^2 = u^2 + u v + v^2.
        origin = u * u + u * v + v * v
        east = origin - 2 * u - v + 1
        north = origin - 2 * v - u + 1
        both = origin - 3 * (u + v) + 3
        return np.minimum(np.minimum(origin, both), np.minimum(east, north))
