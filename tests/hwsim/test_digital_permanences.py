"""Cells beside digital permanences: written where one crosses the threshold, and only there."""

import numpy as np
import pytest

from devices.presets import device_from
from htm.software import SoftwareSubstrate
from hwsim import digital_kernels, reference
from hwsim.crossbar import CrossbarSubstrate
from hwsim.params import CrossbarParams

ROWS, INPUTS = 50, 70


def _columns(device="ideal", readout="binary", seed=0, **overrides):
    rng = np.random.default_rng(seed)
    pool = rng.random((ROWS, INPUTS)) < 0.7
    permanence = np.where(pool, rng.uniform(0.3, 0.7, (ROWS, INPUTS)), 0).astype(np.float32)
    made = device_from(device) if isinstance(device, str) else device
    substrate = CrossbarSubstrate(
        made, CrossbarParams(permanences="digital", readout=readout, **overrides), seed
    )
    return substrate, substrate.columns(pool, permanence, 0.5), (pool, permanence)


def _learn(columns, n=40, seed=1):
    """What was learned, and how often a permanence crossed the threshold on the way."""
    rng = np.random.default_rng(seed)
    crossed = 0
    for _ in range(n):
        before = columns.permanence >= 0.5
        rows = np.sort(rng.choice(ROWS, 6, replace=False)).astype(np.int32)
        active = np.sort(rng.choice(INPUTS, 15, replace=False)).astype(np.int32)
        columns.adapt(rows, active, 0.07, 0.03)
        crossed += int(np.count_nonzero(before != (columns.permanence >= 0.5)))
    return crossed


@pytest.mark.parametrize("device", ["rram_gong2018", "vcm_binary", "pcm_joshi2020"])
def test_permanences_equal_softwares_whatever_the_device(device):
    _, ours, (pool, permanence) = _columns(device)
    theirs = SoftwareSubstrate().columns(pool, permanence, 0.5)
    _learn(ours)
    _learn(theirs)
    assert np.array_equal(ours.permanence, theirs.permanence)


def test_a_cell_is_written_where_its_permanence_crosses_and_only_there():
    substrate, columns, (pool, permanence) = _columns("vcm_binary")
    assert substrate.events["write"] == np.count_nonzero(pool & (permanence >= 0.5))
    made = substrate.events["write"]
    crossed = _learn(columns)
    assert crossed > 100
    assert substrate.events["write"] - made == crossed
    assert substrate.events["pulse"] == substrate.events["pulse_cycle"] == 0


def test_strong_writes_keep_every_cell_where_its_permanence_says():
    device = device_from({"preset": "vcm_binary", "on_sigma": 0, "off_sigma": 0})
    _, columns, _ = _columns(device)
    _learn(columns)
    on = columns.array.conductance(slice(0, ROWS)) > device.middle
    assert np.array_equal(on, columns.permanence >= 0.5)


def test_failed_writes_leave_cells_behind_their_permanence():
    share = 0.2
    device = device_from({"preset": "vcm_binary", "write_failure": share, "on_sigma": 0, "off_sigma": 0})
    _, columns, (pool, permanence) = _columns(device)
    wanted = pool & (permanence >= 0.5)
    off = wanted & ~(columns.array.conductance(slice(0, ROWS)) > device.middle)
    n = np.count_nonzero(wanted)
    assert abs(np.count_nonzero(off) - share * n) < 4.5 * np.sqrt(n * share * (1 - share))


def test_learning_reads_no_cell_and_drift_spares_the_permanence():
    substrate, columns, _ = _columns("pcm_joshi2020", readout="analog")
    _learn(columns)
    assert substrate.events["cell_read"] == 0
    assert substrate.events["memory"] > 0
    before, g = columns.permanence, columns.array.conductance(...)
    columns.elapse(86400.0)
    assert np.array_equal(columns.permanence, before)
    assert columns.array.conductance(...).sum() < g.sum()


def test_segments_read_permanences_back_exactly():
    substrate = CrossbarSubstrate(device_from("rram_gong2018"), CrossbarParams(permanences="digital"), 0)
    segments = substrate.segments(INPUTS, ROWS, 12, 0.5)
    rows, slots = np.nonzero(np.ones((ROWS, 5), dtype=bool))
    rows, slots = rows.astype(np.int32), slots.astype(np.int32)
    segments.connect(rows, slots, (rows * 7 + slots).astype(np.int32) % INPUTS, 0.21)
    seen = segments.read(np.arange(ROWS, dtype=np.int32))
    assert np.array_equal(seen[:, :5], np.full((ROWS, 5), np.float32(0.21)))
    assert substrate.events["row_read"] == 0
    assert substrate.events["write"] == 0  # below the threshold: no cell has to be on


def test_the_kernel_equals_numpy():
    rng = np.random.default_rng(4)
    kept = rng.random((30, 17), dtype=np.float32)
    on = kept >= np.float32(0.5)
    rows = np.array([2, 3, 11, 29], dtype=np.int32)
    changes = rng.choice(np.array([-0.4, 0, 0, 0.7], dtype=np.float32), (4, 17))
    found = []
    for made in (digital_kernels, reference):
        own, crossed = kept.copy(), np.zeros((2, changes.size + 1), dtype=np.int32)
        n, given = made.keep_rows(own, on, rows, changes, np.float32(0.5), crossed)
        found.append((own, crossed[:, :n], given))
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one, two)
    assert found[0][1].shape[1] > 5
