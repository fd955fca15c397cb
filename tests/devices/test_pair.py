"""Two devices to a synapse: sums and differences of independent cells, by law and against plain numpy."""

import numpy as np
import pytest

from devices.pair import paired
from devices.presets import DEVICES, device_from
from htm.pick import BadInput
from hwsim.crossbar import CrossbarSubstrate
from hwsim.params import CrossbarParams

SHAPE = (200, 150)
KINDS = ("parallel", "differential")
QUIET = {"program_sigma": 0, "write_sigma": 0}


def made(name, kind, seed=0, **changes):
    pair = paired(device_from({"preset": name, **changes}), kind)
    return pair, pair.fabricate(SHAPE, np.random.default_rng(seed))


def at(device, place, shape=SHAPE):
    return np.full(shape, device.g_min + place * device.span, np.float32)


def share(device, g):
    return (g - device.g_min) / device.span


def cells_of(cells):
    return [cells.more[f"{name}.g"].copy() for name in ("first", "second")]


def test_none_is_the_device_itself():
    device = DEVICES["rram_gong2018"]()
    assert paired(device, "none") is device


@pytest.mark.parametrize("kind", KINDS)
def test_fresh_pairs_are_off(kind):
    device, cells = made("rram_gong2018", kind, g_max_sigma=0, g_min_sigma=0, **QUIET)
    assert share(device, device.conductance(cells, ...)) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_what_misses_by_itself_misses_less_together(kind):
    """Two independent errors: 1 / sqrt 2 of one, in shares of the range; 4.5 sigma of an sd of 30,000 cells."""
    single = device_from({"preset": "ecram_tang2018", "program_sigma": 0.05})
    sds = []
    for device in (single, paired(single, kind)):
        rng = np.random.default_rng(1)
        cells = device.fabricate(SHAPE, rng)
        device.write(cells, ..., at(device, 0.5), rng)
        sds.append(share(device, device.conductance(cells, ...)).std())
    assert sds[1] / sds[0] == pytest.approx(np.sqrt(0.5), rel=4.5 / np.sqrt(np.prod(SHAPE)))


@pytest.mark.parametrize("kind", KINDS)
def test_read_noise_is_that_of_both(kind):
    device, cells = made("ecram_tang2018", kind, read_sigma=0.1, **QUIET)
    rng = np.random.default_rng(2)
    device.write(cells, ..., at(device, 0.7), rng)
    g = device.conductance(cells, ...)
    seen = device.read(cells, ..., rng) - g
    expected = 0.1 * np.hypot(*cells_of(cells)) * (0.5 if kind == "differential" else 1.0)
    assert (seen / expected).std() == pytest.approx(1.0, abs=4.5 / np.sqrt(2 * seen.size))
    assert device.read_noise(cells, ..., g) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_pulse_moves_a_pair_by_as_much_of_its_range_as_a_cell(kind):
    """A linear step without slope, up and down alike: no place and no direction matters."""
    spread = dict.fromkeys(("c2c_sigma", "d2d_sigma", "up_down_sigma", "g_max_sigma", "g_min_sigma"), 0)
    straight = {
        "preset": "ecram_tang2018",
        "slope_up": 0,
        "slope_down": 0,
        "step_up": 0.01,
        "step_down": 0.01,
    }
    single = device_from({**straight, **spread, **QUIET})
    for device in (single, paired(single, kind)):
        rng = np.random.default_rng(3)
        cells = device.fabricate((4, 5), rng)
        device.write(cells, ..., at(device, 0.5, (4, 5)), rng)
        before = device.conductance(cells, ...)
        device.pulse(cells, np.arange(4, dtype=np.int32), np.full((4, 5), 3, np.float32), rng)
        moved = (device.conductance(cells, ...) - before) / device.span
        assert moved == pytest.approx(0.03, rel=1e-3)
        assert device.step / device.span == pytest.approx(0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_the_cells_of_a_pair_and_its_pulses_are_independent(kind):
    """No draw is used twice: neither by both cells, nor by one now and by the other at the next pulse."""
    device, cells = made("ecram_tang2018", kind, c2c_sigma=0.5, d2d_sigma=0, up_down_sigma=0, **QUIET)
    rng = np.random.default_rng(4)
    device.write(cells, ..., at(device, 0.5), rng)
    rows, count, moves = np.arange(SHAPE[0], dtype=np.int32), np.ones(SHAPE, np.float32), []
    for _ in range(3):
        before = cells_of(cells)
        device.pulse(cells, rows, count, rng)
        moves += [new - old for new, old in zip(cells_of(cells), before, strict=True)]
    assert min(move.std() for move in moves) > 0.0
    found = np.corrcoef([move.ravel() for move in moves])[np.triu_indices(6, 1)]
    assert np.abs(found).max() < 4.5 / np.sqrt(np.prod(SHAPE))


def test_what_both_have_in_common_cancels():
    """Equal drift of both cells leaves a differential pair at mid-range where it is; one alone fades."""
    changes = {"drift_nu": 0.1, "drift_nu_sigma": 0, "read_sigma": 0, **QUIET}
    for kind, kept in (("none", 1e5**-0.1), ("differential", 1.0)):
        device = paired(device_from({"preset": "ecram_tang2018", **changes}), kind)
        rng = np.random.default_rng(5)
        cells = device.fabricate((3, 4), rng)
        device.write(cells, ..., at(device, 0.5, (3, 4)), rng)
        device.relax(cells, 1e5)
        middle = 0.5 * (device.g_min + device.g_max)
        assert device.conductance(cells, ...) == pytest.approx(kept * middle, rel=1e-3)


def test_one_stuck_cell_takes_half_a_pair():
    device, cells = made(
        "rram_gong2018", "parallel", stuck_off_fraction=0.2, g_max_sigma=0, g_min_sigma=0, **QUIET
    )
    device.write(cells, ..., at(device, 1.0), np.random.default_rng(6))
    found = share(device, device.conductance(cells, ...))
    for place, p in ((1.0, 0.64), (0.5, 0.32), (0.0, 0.04)):
        got = float((np.abs(found - place) < 0.01).mean())
        assert got == pytest.approx(p, abs=4.5 * np.sqrt(p * (1 - p) / found.size))


def test_current_flows_through_both():
    device, cells = made("ecram_tang2018", "differential", **QUIET)
    device.write(cells, ..., at(device, 0.2), np.random.default_rng(7))
    assert device.drawn(cells, ...) == pytest.approx(device.g_min + device.g_max, rel=1e-4)
    assert share(device, device.conductance(cells, ...)) == pytest.approx(0.2, abs=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_crossbar_reads_sums_and_differences(kind):
    """Overlap and energy of an analog read from the two cells' own conductances, in plain numpy."""
    single = device_from({"preset": "rram_gong2018", "read_sigma": 0})
    params = CrossbarParams(readout="analog", adc_bits=None, pairing=kind, tile_rows=16, tile_columns=8)
    rng = np.random.default_rng(8)
    pool = rng.random((20, 40)) < 0.7
    permanence = np.where(pool, rng.random((20, 40)), 0).astype(np.float32)
    columns = CrossbarSubstrate(single, params, seed=3).columns(pool, permanence, 0.5)
    active = np.flatnonzero(rng.random(40) < 0.4).astype(np.int32)
    array = columns.array
    one, two = (g.astype(float) for g in cells_of(array.cells))
    line, expected = one + two if kind == "parallel" else 0.5 * (one - two), np.zeros(20)
    for down in range(3):
        mine = active[active // 16 == down]
        for across in range(3):
            lines = np.arange(8 * across, min(8 * across + 8, 20))
            expected[lines] += line[np.ix_(lines, mine)].sum(axis=1) - line[20 + across, mine].sum()
    span = (2 if kind == "parallel" else 1) * single.span
    assert columns.overlap(active) == pytest.approx(expected / span, rel=1e-4, abs=1e-4)
    assert array.loads["read"] == pytest.approx((one + two)[:, active].sum(), rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("on", [True, False])
def test_a_struck_synapse_is_stuck_in_both_cells_and_stays_so_in_a_saved_run(kind, on):
    device, cells = made("rram_gong2018", kind, g_max_sigma=0, g_min_sigma=0, **QUIET)
    struck = np.zeros(SHAPE, dtype=bool)
    struck[:50] = True
    device.strike(cells, struck, on=on)
    twin = device.fabricate(SHAPE, np.random.default_rng(0))
    twin.restore(cells.state())
    for one in (cells, twin):
        device.write(one, ..., at(device, 0.4), np.random.default_rng(9))
        found = share(device, device.conductance(one, ...))
        assert found[:50] == pytest.approx(float(on), abs=1e-5)
        assert found[50:] == pytest.approx(0.4, abs=1e-4)
        first, second = (share(device.each, g[:50]) for g in cells_of(one))
        assert first == pytest.approx(float(on), abs=1e-5)
        assert second == pytest.approx(float(on != (kind == "differential")), abs=1e-5)
    fresh = device.fabricate(SHAPE, np.random.default_rng(0))
    cells.restore(fresh.state())
    assert not [name for name in cells.more if name.endswith("stuck")]


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"preset": "rram_gong2018", "read_sigma": 0.1, "read_law": "log_normal"}, "Gaussian reads"),
        ({"preset": "rram_gong2018", "disturb_share": 0.01}, "do not disturb it"),
        ({"preset": "rram_milo2021"}, "without a polynomial I-V curve"),
    ],
)
def test_what_cannot_be_added_up_is_refused(changes, what):
    with pytest.raises(BadInput, match=f"pairing: must be none here, or have .*{what}.*, got parallel"):
        paired(device_from(changes), "parallel")


def test_pairs_and_half_selects_do_not_go_together():
    with pytest.raises(
        BadInput, match="pairing: must be none where half-selects disturb cells, got parallel"
    ):
        CrossbarParams(pairing="parallel", write_scheme="half", half_select_share=0.1)
