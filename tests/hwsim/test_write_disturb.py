"""The learner's own writes disturb the other cells of their lines, as counted cell by cell."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from devices.presets import DEVICES
from htm.pick import BadInput
from hwsim.cost import cost, isaac_puma
from hwsim.crossbar import CrossbarSubstrate
from hwsim.mapping import Tiling
from hwsim.params import CrossbarParams
from hwsim.write_disturb import LATEST, LEAST_PART, WriteDisturb

TILING = Tiling(rows=11, slots=14, tile_rows=5, tile_columns=4)
SHAPE = (14, 14)  # one reference column in each of the three tiles across
BLOCK = np.append(np.arange(11) // 4, [0, 1, 2])
DOWN = np.arange(14) // 5
ROWS, INPUTS = 40, 60


def _tile_mates():
    """(cells, cells) same row, same slot, same tile."""
    row, slot = (at.ravel() for at in np.indices(SHAPE))
    same_tile = (BLOCK[row][:, None] == BLOCK[row]) & (DOWN[slot][:, None] == DOWN[slot])
    return row[:, None] == row, slot[:, None] == slot, same_tile


def _one_by_one(rows, counts, scheme):
    """Half-selects of a step in signed pulses, and how many, each cell of every tile looked at by itself."""
    found, times, squares = np.zeros(SHAPE), 0.0, np.zeros(SHAPE)
    for row, line in zip(rows, counts, strict=True):
        for sign in (1, -1):
            for down in range(TILING.down):
                pulses = np.where(down == DOWN, np.maximum(sign * line, 0), 0)
                for _ in range(int(pulses.max())):
                    words = pulses > 0
                    pulses = np.maximum(pulses - 1, 0)
                    tile = (BLOCK[row] == BLOCK)[:, None] & (down == DOWN)[None, :]
                    bit = np.arange(SHAPE[0]) == row
                    beside = tile & (bit[:, None] ^ words[None, :])
                    apart = tile & ~(bit[:, None] | words[None, :]) & (scheme == "third")
                    found += sign * (beside.astype(float) - apart)
                    squares += beside | apart
                    times += beside.sum()
    return found, times, squares


def _disturb(scheme, share, device="ideal", seed=1):
    model = DEVICES[device]()
    made = WriteDisturb(model, TILING, SHAPE, scheme, share, seed, "test")
    return model, made, model.fabricate(SHAPE, np.random.default_rng(seed))


def _step(rng, n=4, most=4):
    rows = np.sort(rng.choice(11, n, replace=False)).astype(np.int32)
    counts = rng.integers(-most, most + 1, (n, SHAPE[1])).astype(np.float32)
    counts[rng.random(counts.shape) < 0.3] = 0
    return rows, counts


@pytest.mark.parametrize("scheme", ["half", "third"])
def test_lines_count_what_every_cell_sees(scheme):
    rng, share = np.random.default_rng(2), 1 / 1024
    device, disturb, cells = _disturb(scheme, share)
    cells.g[...] = rng.uniform(0.3, 0.7, SHAPE)
    events, loads = Counter(), defaultdict(float)
    total, times, load, before = np.zeros(SHAPE), 0.0, 0.0, cells.g.copy()
    for _ in range(12):
        rows, counts = _step(rng)
        disturb.note_pulses(cells, rows, counts, events, loads)
        found, more, squares = _one_by_one(rows, counts, scheme)
        total, times, load = total + found, times + more, load + float((squares * cells.g).sum())
        disturb.apply(cells)
    state = disturb.state()
    beside, apart = (1, 0) if scheme == "half" else (2, -1)
    word, bit, tile = (state[f"half_select.sums.{i}"] for i in range(3))
    lines = beside * (word[BLOCK] + bit[:, DOWN]) + apart * tile[BLOCK][:, DOWN]
    applied = (cells.g - before) / device.step
    assert np.allclose(state["half_select.due"] + share * lines + applied, share * total, atol=1e-5)
    assert np.abs(applied).max() >= LEAST_PART, "some cells came to what is applied"
    assert np.abs(share * total - applied).max() < LEAST_PART * (1 + LATEST)
    assert events["half_select"] == times
    # As of the first look, which the few whole pulses since hardly changed.
    assert loads["half_select"] == pytest.approx(load * (1 / 4 if scheme == "half" else 1 / 9), rel=0.05)


def test_a_write_disturbs_its_lines_and_forgets_its_own_past():
    share = 0.1
    _, disturb, cells = _disturb("half", share)
    events, loads = Counter(), defaultdict(float)
    where = np.array([2]), np.array([3])
    row, slot, tile = _tile_mates()
    at = 2 * SHAPE[1] + 3
    beside = ((row ^ slot) & tile)[at].reshape(SHAPE)

    def owed():
        state = disturb.state()
        lines = state["half_select.sums.0"][BLOCK] + state["half_select.sums.1"][:, DOWN]
        return state["half_select.due"] + share * lines

    disturb.note_writes(cells, where, np.array([1.0]), events, loads)
    assert np.allclose(owed(), share * beside, atol=1e-7)
    assert events["half_select"] == beside.sum()
    disturb.note_writes(cells, (np.array([2]), np.array([4])), np.array([1.0]), events, loads)
    assert owed()[where] == pytest.approx([share])
    disturb.note_writes(cells, where, np.array([-1.0]), events, loads)
    assert owed()[where] == pytest.approx([0.0], abs=1e-7)


def _crossbar(device, seed=1, rows=ROWS, **params):
    substrate = CrossbarSubstrate(
        DEVICES[device](), CrossbarParams(tile_rows=16, tile_columns=8, **params), seed
    )
    rng = np.random.default_rng(0)
    pool, permanence = np.ones((rows, INPUTS), dtype=bool), rng.uniform(0.3, 0.7, (rows, INPUTS))
    return substrate, substrate.columns(pool, permanence.astype(np.float32), 0.5)


def _learn(columns, steps, seed=3):
    rng, seen = np.random.default_rng(seed), []
    for _ in range(steps):
        active = np.sort(rng.choice(INPUTS, 12, replace=False)).astype(np.int32)
        seen.append(columns.overlap(active).copy())
        columns.adapt(np.sort(rng.choice(ROWS, 3, replace=False)).astype(np.int32), active, 0.06, 0.02)
        columns.elapse(5.0)
    return np.array(seen)


@pytest.mark.parametrize("readout", ["binary", "analog"])
@pytest.mark.parametrize("device", list(DEVICES))
def test_every_device_learns_disturbed_and_continues_a_saved_run(device, readout):
    kind = {"readout": readout, "write_scheme": "third", "half_select_share": 0.02}
    (_, ours), (_, twin), (_, copy) = (_crossbar(device, **kind) for _ in range(3))
    _learn(ours, 8)
    _learn(twin, 8)
    copy.restore(ours.state())
    later = _learn(ours, 8, seed=4)
    assert np.array_equal(later, _learn(twin, 8, seed=4))
    assert np.array_equal(later, _learn(copy, 8, seed=4))
    assert np.array_equal(ours.permanence, copy.permanence)
    assert (ours.permanence >= 0).all() and (ours.permanence <= 1).all()


@pytest.mark.parametrize("readout", ["binary", "analog"])
def test_reads_find_what_was_disturbed(readout):
    _, columns = _crossbar("ideal", readout=readout, write_scheme="half", half_select_share=0.2)
    _learn(columns, 20)
    active = np.arange(0, INPUTS, 3, dtype=np.int32)
    seen = columns.overlap(active)
    columns.look_again()
    assert np.array_equal(seen, columns.overlap(active))


def test_without_a_share_half_selects_only_take_energy():
    (plain, undisturbed), (substrate, columns) = (
        _crossbar("rram_gong2018", write_scheme=scheme) for scheme in ("none", "half")
    )
    assert np.array_equal(_learn(undisturbed, 10), _learn(columns, 10))
    assert np.array_equal(undisturbed.permanence, columns.permanence)
    assert plain.events["half_select"] == 0 < substrate.events["half_select"]
    without, extra = (
        cost(of.events, of.loads, isaac_puma(), 0.2).breakdown["writing"] for of in (plain, substrate)
    )
    assert extra - without == pytest.approx(1.6**2 * 50e-9 * substrate.loads["half_select"])


@pytest.mark.parametrize(
    ("programming", "shares"), [("open_loop", (0.0, 0.01, 0.03)), ("write_verify", (0.0, 0.04, 0.06))]
)
def test_more_share_moves_more_of_what_was_not_addressed(programming, shares):
    moved = []
    for share in shares:
        _, columns = _crossbar("ideal", write_scheme="half", half_select_share=share, programming=programming)
        before = columns.permanence
        for step in range(20):
            columns.adapt(np.array([0, 9], np.int32), np.arange(step, INPUTS, 3, dtype=np.int32), 0.3, 0.0)
        moved.append(float(np.abs(columns.permanence - before)[np.r_[1:8, 10:16]].mean()))
    assert moved[0] == 0 < moved[1] < moved[2]


def test_segments_disturb_the_lines_of_their_tile_and_no_others():
    """Growing the first two slots of one segment, then learning on it: 16 slots by 8 segments are a tile."""
    params = CrossbarParams(tile_rows=16, tile_columns=8, write_scheme="half", half_select_share=0.2)
    made = CrossbarSubstrate(DEVICES["ideal"](), params, 1).segments(30, 24, 20, 0.5)
    zero, one = np.zeros(2, dtype=np.int32), np.arange(2, dtype=np.int32)
    slots = np.array([3, 4], dtype=np.int32)
    made.connect(zero + 9, slots, one, 0.6)
    made.adapt(np.array([9], dtype=np.int32), one, 0.3, 0.0)
    g = made.array.cells.g
    tile = np.zeros(g.shape, dtype=bool)
    tile[8:16, :16] = True
    lines = np.zeros(g.shape, dtype=bool)
    lines[9, :16] = lines[8:16, 3:5] = True
    assert g[9, 3:5] == pytest.approx(0.9, abs=0.13)  # each is half-selected while the other is written
    assert (g[lines] > 0.0).all()
    assert not g[~lines].any()
    assert made.array.events["half_select"] > 0


def test_bad_input_is_one_line():
    for given, told in (
        ({"half_select_share": 0.1}, "half_select_share: must be 0 with write_scheme none"),
        ({"write_scheme": "half", "access": "1T1R"}, "write_scheme: must be none with access 1T1R"),
        ({"write_scheme": "quarter"}, "write_scheme"),
        ({"write_scheme": "half", "half_select_share": 1.5}, "half_select_share"),
    ):
        with pytest.raises(BadInput, match=told) as error:
            CrossbarParams(**given)
        assert "\n" not in str(error.value)
