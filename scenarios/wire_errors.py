"""How wrong a read is that leaves the wires out, by size of the tile and resistance of a wire between two cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from devices.model import DeviceModel
from htm.pick import BadInput
from htm.streams import stream
from hwsim.wires import WireParams, WireSolver

F64 = NDArray[np.float64]
DRAWS = 3
"""Tiles of each kind that are drawn."""
LARGEST = 2048
"""Most lines of a square tile: beyond it a solve takes minutes and gigabytes."""


@dataclass(frozen=True)
class WireErrors:
    """What ideal wires promise beyond what arrives.

    Attributes
    ----------
    device : whose range the conductances fill, its name
    sizes : lines each way of square tiles, (sizes,)
    ohms : between two cells, (ohms,) [ohm]
    error : current of ideal wires over the true one, minus 1: all bit lines together, mean of the draws, (ohms, sizes)
    worst : the same of the worst bit line
    """

    device: str
    sizes: tuple[int, ...]
    ohms: tuple[float, ...]
    error: F64
    worst: F64


def wire_errors(
    device: DeviceModel,
    name: str,
    sizes: Sequence[int],
    ohms: Sequence[float],
    *,
    driven: float = 0.5,
    draws: int = DRAWS,
    seed: int = 0,
) -> WireErrors:
    """Conductances drawn evenly over the device's range, a share of the word lines driven, every bit line sensed.

    Parameters
    ----------
    device : gives g_min, g_max and the read voltage
    name : what it is called
    sizes, ohms : of the tiles and of the wires
    driven : share of word lines at the read voltage; the others are held at 0 V
    draws : tiles of each kind
    """
    for what, value, low, high in (("--sizes", min(sizes), 1, LARGEST), ("--sizes", max(sizes), 1, LARGEST)):
        if not low <= value <= high:
            raise BadInput(f"{what}: must lie in {low}..{high}, got {value}")
    if min(ohms) < 0:
        raise BadInput(f"--ohms: must not be negative, got {min(ohms):g}")
    if not 0.0 < driven <= 1.0:
        raise BadInput(f"--driven: must lie in 0..1, above 0, got {driven:g}")
    error, worst = np.zeros((2, len(ohms), len(sizes)))
    for k, size in enumerate(sizes):
        rng = stream(seed, f"wires.{size}")
        for _ in range(draws):
            g = rng.uniform(device.g_min, device.g_max, (size, size))
            volts = np.zeros(size)
            volts[rng.permutation(size)[: max(1, round(driven * size))]] = device.read_voltage
            ideal = volts @ g
            for i, ohm in enumerate(ohms):
                wires = WireParams(word_ohm=ohm, bit_ohm=ohm, driver_ohm=0.0, sense_ohm=0.0)
                out = WireSolver(wires, (size, size)).solve(g, volts, tolerance=1e-8).out if ohm else ideal
                error[i, k] += (ideal.sum() / out.sum() - 1.0) / draws
                worst[i, k] += float((ideal / out - 1.0).max()) / draws
    return WireErrors(name, tuple(sizes), tuple(ohms), error, worst)
