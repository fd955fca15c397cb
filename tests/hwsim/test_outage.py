"""Parts of an array that fail while it runs."""

import numpy as np
import pytest

from devices.presets import device_from
from hwsim.crossbar import CrossbarSubstrate
from hwsim.mapping import Tiling
from hwsim.outage import OutageParams
from hwsim.params import CrossbarParams

ROWS, INPUTS = 70, 50
ALL = np.arange(INPUTS, dtype=np.int32)


def _made(device="rram_gong2018", readout="binary"):
    rng = np.random.default_rng(0)
    pool = rng.random((ROWS, INPUTS)) < 0.8
    permanence = np.where(pool, rng.uniform(0.3, 0.9, (ROWS, INPUTS)), 0).astype(np.float32)
    params = CrossbarParams(readout=readout, tile_rows=20, tile_columns=32)
    substrate = CrossbarSubstrate(device_from(device), params, seed=1)
    return substrate, substrate.columns(pool, permanence, 0.5), pool


@pytest.mark.parametrize(
    ("kind", "share", "count"), [("rows", 0.1, 7 * INPUTS), ("tiles", 0.1, None), ("cells", 0.25, None)]
)
def test_as_much_fails_as_was_said(kind, share, count):
    tiling = Tiling(rows=ROWS, slots=INPUTS, tile_rows=20, tile_columns=32)
    rng = np.random.default_rng(3)
    mask = OutageParams(kind=kind, share=share).struck(tiling, (ROWS + tiling.across, INPUTS), rng)
    if kind == "rows":
        assert mask.sum() == count
        assert not mask[ROWS:].any()
    elif kind == "tiles":  # one of 3 down x 3 across: a rectangle and its piece of the reference column
        rows, slots = np.flatnonzero(mask[:ROWS].any(axis=1)), np.flatnonzero(mask.any(axis=0))
        assert mask[:ROWS].sum() == rows.size * slots.size
        assert rows[0] % 32 == 0
        assert slots[0] % 20 == 0
        assert np.flatnonzero(mask[ROWS:].any(axis=1)).tolist() == [rows[0] // 32]
    else:
        assert abs(mask.mean() - 0.25) < 4.5 * np.sqrt(0.25 * 0.75 / mask.size)


@pytest.mark.parametrize("readout", ["binary", "analog"])
@pytest.mark.parametrize("state", ["off", "on"])
@pytest.mark.parametrize("device", ["rram_gong2018", "ideal", "pcm_joshi2020"])
def test_struck_cells_stay_and_are_read_so(device, state, readout):
    substrate, columns, _ = _made(device, readout)
    before = columns.array.conductance(...)
    seen = columns.overlap(ALL).sum()
    substrate.strike(OutageParams(kind="rows", share=0.3, state=state))
    g = columns.array.conductance(...)
    struck = columns.array.cells.more["stuck"] > 0
    end = columns.array.device.g_max if state == "on" else columns.array.device.g_min
    assert (g[struck] == np.float32(end)).all()
    assert np.array_equal(g[~struck], before[~struck])
    rows = np.arange(ROWS, dtype=np.int32)
    columns.adapt(rows, ALL[::2], 0.2, 0.2)
    columns.elapse(1e5)
    assert np.array_equal(columns.array.conductance(...)[struck], g[struck])
    assert not np.array_equal(columns.array.conductance(...)[~struck], g[~struck])
    dead = np.flatnonzero(struck[:ROWS].all(axis=1))
    assert dead.size == 21
    if state == "off":
        assert columns.overlap(ALL)[dead].max() < 0.2 * seen / ROWS
    else:
        assert columns.overlap(ALL)[dead].min() > seen / ROWS


def test_the_same_seed_strikes_the_same_and_a_restored_array_is_as_struck():
    outage = OutageParams(kind="cells", share=0.2)
    (a, one, _), (b, two, _), (_, three, _) = _made(), _made(), _made()
    a.strike(outage)
    b.strike(outage)
    assert np.array_equal(one.array.cells.more["stuck"], two.array.cells.more["stuck"])
    three.restore(one.state())
    assert np.array_equal(three.array.cells.more["stuck"], one.array.cells.more["stuck"])
    fresh = _made()[1]
    three.restore(fresh.state())
    assert "stuck" not in three.array.cells.more


def test_arming_changes_nothing_but_the_form_of_the_state():
    substrate, columns, _ = _made()
    _, plain, _ = _made()
    substrate.arm()
    for one in (columns, plain):
        one.adapt(np.arange(9, dtype=np.int32), ALL[::3], 0.1, 0.1)
    assert np.array_equal(columns.permanence, plain.permanence)
    assert "more.stuck" in columns.array.cells.state()
