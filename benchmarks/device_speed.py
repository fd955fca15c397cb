"""What do pulses, reads and time cost for every device preset, and how large is a cell?

Each verb is timed over 2,048 x 784 cells against, in the same run, one numpy pass that draws as many float32 normals
(verbs that draw noise) or one that copies the state (those that do not). Reads are of cells programmed a day ago.

Run: python benchmarks/device_speed.py [--sources] [PRESET ...]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from device_sources import table
from timing import medians

from devices.cells import Cells
from devices.model import DeviceModel
from devices.presets import DEVICES, device_from

SHAPE = (2048, 784)


def work_of(device: DeviceModel, cells: Cells, rng: np.random.Generator) -> dict[str, Callable[[], None]]:
    """The verbs on all cells: an increment and a decrement of about 0.03 of the range, a read, an hour."""
    rows = np.arange(SHAPE[0], dtype=np.int32)
    size = 0.03 * (device.g_max - device.g_min) / device.step
    pulses = max(1.0, round(size)) if device.whole_pulses else size
    counts = np.where(rng.random(SHAPE) < 0.5, pulses, -pulses).astype(np.float32)

    def read() -> None:
        device.read(cells, ..., rng)

    def relax() -> None:
        device.relax(cells, 1e-3)

    def pulse() -> None:
        device.pulse(cells, rows, counts, rng)

    return {"read": read, "relax": relax, "pulse": pulse}


def measure(name: str) -> tuple[dict[str, float], int, bool]:
    """Median CPU seconds of the verbs and of the two passes, bytes of a cell, whether reads draw noise."""
    device, rng = device_from(name), np.random.default_rng(0)
    cells = device.fabricate(SHAPE, rng)
    u = rng.random(SHAPE, dtype=np.float32)
    device.write(cells, ..., np.float32(device.g_min) + u * np.float32(device.g_max - device.g_min), rng)
    device.relax(cells, 86400.0)
    arrays = [cells.g, *cells.more.values()]
    works = work_of(device, cells, rng)
    works["normals"] = lambda: void(rng.standard_normal(SHAPE, dtype=np.float32))
    works["copy"] = lambda: void([array.copy() for array in arrays])
    return medians(works, rounds=5), sum(array.nbytes for array in arrays) // cells.g.size, device.noisy


def void(_: object) -> None:
    """Nothing: a result that is not wanted."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", action="store_true", help="print presets against their sources instead")
    parser.add_argument("presets", nargs="*", metavar="PRESET", help="default: all")
    options = parser.parse_args()
    names = options.presets or list(DEVICES)
    if options.sources:
        print(table([name for name in names if name != "ideal"]))
        return
    print(f"{SHAPE[0]} x {SHAPE[1]} cells; times over one pass of numpy: normals, or (c) a copy of the state")
    print(
        f"{'preset':30} {'pulse':>8} {'read':>8} {'relax':>8} {'bytes':>6}   {'normals ms':>10} {'copy ms':>8}"
    )
    for name in names:
        seconds, size, noisy = measure(name)
        pulse = seconds["pulse"] / seconds["normals" if name != "ideal" else "copy"]
        read = seconds["read"] / seconds["normals" if noisy else "copy"]
        relax = seconds["relax"] / seconds["copy"]
        print(
            f"{name:30} {pulse:7.2f}{' ' if name != 'ideal' else 'c'} {read:7.2f}{' ' if noisy else 'c'} {relax:7.3f}c"
            f" {size:6d}   {1e3 * seconds['normals']:10.1f} {1e3 * seconds['copy']:8.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
