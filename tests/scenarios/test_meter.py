"""What the hardware spent, and how worn it is."""

from __future__ import annotations

import math

import numpy as np
import pytest

from devices.presets import device_from
from htm.pooler import SpatialPooler, SpatialPoolerParams
from htm.software import SoftwareSubstrate
from htm.temporal_memory import TemporalMemory, TemporalMemoryParams
from hwsim.crossbar import CrossbarSubstrate
from hwsim.params import CrossbarParams
from scenarios.meter import YEAR, Meter

MEMORY = TemporalMemoryParams(
    columns=64, cells_per_column=4, capacity=400, synapses_per_segment=12, new_synapses=8, activation_threshold=4,
    matching_threshold=3, initial_permanence=0.4, increment=0.1, decrement=0.05,
)  # fmt: skip


def work(**crossbar: object) -> tuple[CrossbarSubstrate, Meter]:
    """A pooler and a memory that learn 80 records."""
    device = device_from({"preset": "rram_gong2018", "endurance": 1e6})
    params = CrossbarParams(**crossbar)
    substrate = CrossbarSubstrate(device, params, seed=0)
    meter = Meter(substrate, params, "isaac_puma")
    pooler = SpatialPooler(SpatialPoolerParams(columns=64, density=0.1), (80,), substrate, 0)
    memory, rng = TemporalMemory(MEMORY, substrate, 0), np.random.default_rng(0)
    codes = [np.sort(rng.choice(80, 12, replace=False)).astype(np.int32) for _ in range(8)]
    for k in range(80):
        memory.compute(pooler.compute(codes[k % 8]))
    meter.mark("done")
    return substrate, meter


@pytest.mark.parametrize("programming", ["open_loop", "write_verify"])
@pytest.mark.parametrize("permanences", ["analog", "digital"])
def test_pulses_of_the_cells_are_those_of_the_events(programming: str, permanences: str) -> None:
    substrate, meter = work(programming=programming, permanences=permanences)
    total = sum(float(array.pulsed.sum(dtype=np.float64)) for array in substrate.arrays)
    events = substrate.events
    assert events["write"] > 0
    assert total == pytest.approx(events["pulse"] + events["write"], rel=1e-5)
    worn = meter.wear("done", 80, 300.0)
    busiest = max(float(array.pulsed.max()) for array in substrate.arrays)
    assert worn["pulses_per_device_most"] == busiest > worn["pulses_per_device_mean"] > 0
    assert worn["life_years"] == pytest.approx(1e6 / (busiest / 80) * 300.0 / YEAR)


def test_nothing_wears_where_it_cannot() -> None:
    _, meter = work()
    assert math.isnan(meter.wear("done", 80, 0.0)["life_years"])  # no time passes between records
    software = Meter(SoftwareSubstrate(), CrossbarParams(), "isaac_puma")
    software.mark("done")
    assert software.wear("done", 80, 300.0) == {}


def test_wear_is_saved() -> None:
    substrate, _ = work()
    other, _ = work()
    for ours, theirs in zip(substrate.arrays, other.arrays, strict=True):
        theirs.pulsed[...] = 0.0
        theirs.restore(ours.state())
        np.testing.assert_array_equal(theirs.pulsed, ours.pulsed)
