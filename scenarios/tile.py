"""One tile of a crossbar in the middle of a run: its cells, what a record drives, and what its wires make of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from htm.pick import BadInput
from hwsim.params import CrossbarParams
from hwsim.wires import WireParams, WireSolution, WireSolver

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Tile:
    """A tile as it is read.

    Attributes
    ----------
    title : what it is, one line
    g : (word lines, bit lines) conductances, access transistors in series; 0 where one cuts a cell off [S]
    volts : (word lines,) drivers [V]
    wires : resistances
    """

    title: str
    g: F64
    volts: F64
    wires: WireParams

    def solve(self) -> WireSolution:
        """All voltages and currents."""
        return WireSolver(self.wires, (self.g.shape[0], self.g.shape[1])).solve(
            self.g, self.volts, tolerance=1e-10
        )

    def effective(self) -> F64:
        """What each cell contributes to its bit line over its word line's voltage, (word lines, bit lines) [S]."""
        return WireSolver(self.wires, (self.g.shape[0], self.g.shape[1])).matrix(self.g)


def tile_of(
    source: str, sets: Sequence[str] = (), *, records: int = 0, place: tuple[int, int] = (0, 0)
) -> Tile:
    """A tile of a scenario's crossbar after some training records, driven by the next one, or one from a file.

    Parameters
    ----------
    source : a digits scenario, a TOML file of one, or a matrix (``.npz``, ``.csv``, see `hwsim.exchange`), whose word
        lines are all driven at `read_voltage`
    sets : overrides; for a matrix those of ``crossbar.`` alone
    records : training records learned before
    place : the tile, counted down (inputs) and across (minicolumns)
    """
    if Path(source).suffix in (".npz", ".csv"):
        return _from_file(Path(source), sets)
    from .config import load
    from .digits import DigitsConfig

    config = load(source, sets)
    if not isinstance(config, DigitsConfig):
        raise BadInput(f"{source}: must be a digits scenario or a matrix, which have columns on a crossbar")
    return _from_digits(config, records, place)


def _from_file(path: Path, sets: Sequence[str]) -> Tile:
    from hwsim.exchange import import_matrix

    from .config import build
    from .overrides import parse_sets

    g, about = import_matrix(path)
    fields: dict[str, Any] = {}
    for key, value in parse_sets(sets):
        section, _, field = key.partition(".")
        if section != "crossbar" or not field:
            raise BadInput(f"{key}: only crossbar.… can be set for a matrix")
        fields[field] = value
    params = build(CrossbarParams, fields)
    assert isinstance(params, CrossbarParams)
    volts = np.asarray(about.get("volts", np.full(g.shape[0], 0.2)), dtype=np.float64)
    if volts.shape != g.shape[:1]:
        raise BadInput(f"{path}: volts: must have {g.shape[0]} values, got shape {volts.shape}")
    wires = WireParams(**about["wires"]) if "wires" in about and not params.wired else params.wires
    return Tile(str(about.get("title", path.name)), _series(g, params.access_ohm), volts, wires)


def _from_digits(config: Any, records: int, place: tuple[int, int]) -> Tile:
    from htm.encoders import ImageEncoder
    from htm.pooler import SpatialPooler
    from htm.streams import stream
    from hwsim.crossbar import CrossbarColumns, CrossbarSubstrate

    from .data import load_images

    if config.crossbar.pairing == "differential":
        raise BadInput(
            "crossbar.pairing: must be none or parallel for one tile, got differential (its cells are in two networks)"
        )
    images = load_images(config.data)
    count = len(images.train_images)
    if not 0 <= records < count:
        raise BadInput(
            f"records: must be 0..{count - 1}, as there are {count} to learn and one is read, got {records}"
        )
    encoder = ImageEncoder(config.encoder, images.shape)
    substrate = CrossbarSubstrate(config.device, config.crossbar, config.seed)
    pooler = SpatialPooler(config.pooler, images.shape, substrate, config.seed)
    order = stream(config.seed, "data.order").permutation(count)
    for i in order[:records]:
        pooler.compute(encoder.encode(images.train_images[i]))
        pooler.synapses.elapse(config.time.record)
    active = encoder.encode(images.train_images[order[records]])
    synapses = pooler.synapses
    assert isinstance(synapses, CrossbarColumns)
    tiling, (down, across) = synapses.tiling, place
    if not (0 <= down < tiling.down and 0 <= across < tiling.across):
        raise BadInput(
            f"tile: must lie within 0..{tiling.down - 1},0..{tiling.across - 1}, got {down},{across}"
        )
    slots = np.arange(down * tiling.tile_rows, min((down + 1) * tiling.tile_rows, tiling.slots))
    lines = np.arange(across * tiling.tile_columns, min((across + 1) * tiling.tile_columns, tiling.rows))
    driven = np.isin(slots, active)
    g = _series(
        synapses.array.conductance(slice(0, tiling.rows))[np.ix_(lines, slots)].T, config.crossbar.access_ohm
    )
    if config.crossbar.transistors:
        g[~driven] = 0.0
    volts = np.where(driven, config.device.read_voltage, 0.0)
    title = f"{config.scenario}, tile {down},{across} after {records} records"
    return Tile(title, g, volts, config.crossbar.wires)


def _series(g: Any, ohm: float) -> F64:
    cells = np.array(g, dtype=np.float64)
    return cells / (1.0 + ohm * cells)
