"""What would a temporal memory need whose segments are dense crossbar rows, one device for every cell they could hear?

Here a segment is a row of a few devices behind address registers. The alternative needs no registers: every cell has
one row over all cells (what a plain crossbar does: one segment a cell), or every segment has. The same sequences are
learned on the first; sizes, conversions and energy of one read of the others follow from the cells that were active:
each is a word line over all rows, through tiles with converters of their own. ``crossbar.segment_rows=dense`` counts
any run as the last of them, a row a segment, reference columns and wired cells included.

Run: python benchmarks/dense_rows.py [--records N] [--device NAME]
"""

from __future__ import annotations

import argparse

import numpy as np
from crossbar_memory import PARAMS, memory_on, records_of

from hwsim.cost import area, cost, isaac_puma
from hwsim.crossbar import CrossbarSubstrate
from hwsim.mapping import Tiling


def dense(
    rows: int, cells: int, active: list[np.ndarray], g_min: float, read_voltage: float
) -> tuple[float, float, float]:
    """Devices, area [m2] and energy of a read [J] of `rows` lines over all cells; synapses that are on are left out."""
    tiling = Tiling(rows=rows, slots=cells, tile_rows=128, tile_columns=128)
    events: dict[str, int] = {"read_cycle": len(active), "adc": 0, "line_drive": 0, "add": 0, "compare": 0}
    load = 0.0
    for one in active:
        driven = np.unique(one // tiling.tile_rows).size
        events["adc"] += driven * rows
        events["line_drive"] += one.size * tiling.across
        events["add"] += max(0, driven - 1) * rows
        events["compare"] += rows
        load += one.size * rows * g_min
    spent = cost(events, {"read": load}, isaac_puma(), read_voltage, [tiling])
    return float(rows) * cells, area([tiling], isaac_puma(), with_adc=True), spent.energy / len(active)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=40_000)
    parser.add_argument("--device", default="rram_wan2022")
    options = parser.parse_args()
    memory = memory_on(options.device)
    crossbar = memory.substrate
    assert isinstance(crossbar, CrossbarSubstrate)
    device = crossbar.device
    records, active = records_of(options.records), []
    half = options.records // 2
    for code in records[:half]:
        memory.compute(code)
    events, loads = dict(crossbar.events), dict(crossbar.loads)
    for code in records[half:]:
        memory.compute(code, learn=False)
        active.append(memory.active_cells.copy())
    events = {name: n - events.get(name, 0) for name, n in crossbar.events.items()}
    loads = {name: load - loads.get(name, 0.0) for name, load in crossbar.loads.items()}
    spent = cost(events, loads, isaac_puma(), device.read_voltage, crossbar.tilings)
    cells = PARAMS.cells
    print(f"{cells} cells, {np.mean([one.size for one in active]):.0f} of them active in a record")
    print(f"{'segments':44} {'devices':>10} {'area mm2':>10} {'energy of a read':>18}")
    own = PARAMS.capacity * PARAMS.synapses_per_segment
    size = area(crossbar.tilings, isaac_puma(), with_adc=True)
    rows = [("behind registers (these are not priced)", float(own), size, spent.energy / len(active))]
    for name, lines in (("a dense row a cell", cells), ("a dense row a segment", PARAMS.capacity)):
        rows.append((name, *dense(lines, cells, active, device.g_min, device.read_voltage)))
    for name, devices, space, energy in rows:
        print(f"{name:44} {devices:10.3g} {1e6 * space:10.3g} {1e9 * energy:15.3g} nJ")


if __name__ == "__main__":
    main()
