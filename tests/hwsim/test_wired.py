"""Columns read through wires: against ideal wires, the wire solver, a sparse direct solve, and by law."""

from itertools import pairwise

import numpy as np
import pytest

from devices.presets import DEVICES
from htm.pick import BadInput
from htm.pooler import SpatialPooler, SpatialPoolerParams
from hwsim.crossbar import CrossbarSubstrate
from hwsim.params import CrossbarParams
from hwsim.wires import WireSolver

TILES = {"tile_rows": 24, "tile_columns": 16}


def device(name="rram_gong2018", **changes):
    return DEVICES[name]().model_copy(update={"read_sigma": 0.0, **changes})


def columns(params, one=None, size=(40, 60), seed=3):
    rng = np.random.default_rng(seed)
    pool = rng.random(size) < 0.8
    permanence = np.where(pool, rng.random(size), 0).astype(np.float32)
    made = CrossbarSubstrate(one or device(), CrossbarParams(**{**TILES, **params}), seed=5)
    return made.columns(pool, permanence, 0.5), pool


def inputs(n=60, seed=0, share=0.3):
    return np.flatnonzero(np.random.default_rng(seed).random(n) < share).astype(np.int32)


@pytest.mark.parametrize("readout", ["analog", "binary"])
@pytest.mark.parametrize("access", ["1R", "1T1R"])
def test_without_resistance_worth_mentioning_it_is_the_ideal_read_out(readout, access):
    if (readout, access) == ("binary", "1R"):
        pytest.skip("refused: sensing one cell at a time needs transistors")
    ideal, _ = columns({"readout": readout, "adc_bits": None})
    wired, _ = columns({"readout": readout, "adc_bits": None, "wire_ohm": 1e-6, "access": access})
    for seed in range(5):
        active = inputs(seed=seed)
        np.testing.assert_allclose(wired.overlap(active), ideal.overlap(active), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("access", ["1R", "1T1R"])
def test_a_tile_is_the_network_that_the_solver_solves(access):
    params = CrossbarParams(
        **TILES,
        readout="analog",
        adc_bits=None,
        wire_ohm=40,
        bit_wire_ohm=25,
        driver_ohm=100,
        sense_ohm=60,
        access=access,
        access_ohm=1000,
        wire_tolerance=1e-9,
    )
    wired, _ = columns(params.model_dump())
    active = inputs()
    g = wired.array.cells.g.astype(float).T  # (slots, lines), reference columns last
    g = g / (1 + 1000 * g)
    expected = np.zeros(40)
    for down in range(3):
        slots = np.arange(24 * down, min(24 * down + 24, 60))
        volts = np.isin(slots, active).astype(float)
        for across in range(3):
            lines = np.arange(16 * across, min(16 * across + 16, 40))
            cells = g[np.ix_(slots, np.append(lines, 40 + across))]
            if access == "1T1R":
                cells[volts == 0] = 0
            out = WireSolver(params.wires, cells.shape).solve(cells, volts, engine="nodal").out
            expected[lines] += out[:-1] - out[-1]
    span = wired.array.mapping.span
    np.testing.assert_allclose(wired.overlap(active), expected / span, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("two_sided", [False, True])
def test_a_sensed_cell_is_the_network_with_all_other_lines_cut_off(two_sided):
    params = CrossbarParams(
        **TILES,
        wire_ohm=40,
        bit_wire_ohm=25,
        driver_ohm=100,
        sense_ohm=60,
        access="1T1R",
        access_ohm=500,
        two_sided=two_sided,
    )
    wired, pool = columns(params.model_dump())
    active = inputs()
    g = wired.array.cells.g.astype(float).T
    g = g / (1 + 500 * g)
    seen = np.zeros((60, 40))
    for slot in active:
        first = slot // 24 * 24
        height = min(24, 60 - first)
        for across in range(3):
            lines = np.arange(16 * across, min(16 * across + 16, 40))
            cells, volts = np.zeros((height, lines.size)), np.zeros(height)
            cells[slot - first], volts[slot - first] = g[slot, lines], 1.0
            seen[slot, lines] = WireSolver(params.wires, cells.shape).solve(cells, volts, engine="nodal").out
    tiles = wired._readout._planes[0].tiles
    np.testing.assert_allclose(
        tiles.sensed(wired.array.cells.g.T[active].copy(), active), seen[active], rtol=1e-9
    )
    expected = ((seen >= wired.array.mapping.reference) & pool.T)[active].sum(axis=0)
    np.testing.assert_array_equal(wired.overlap(active), expected)


def test_wires_lose_current_and_more_of_it_with_more_resistance():
    active = inputs()
    totals = []
    for ohm in (0.0, 1.0, 5.0, 25.0, 125.0):
        made, _ = columns({"readout": "analog", "adc_bits": None, "reference_column": False, "wire_ohm": ohm})
        totals.append(float(made.overlap(active).sum()))
    assert all(later < earlier for earlier, later in pairwise(totals))


def test_many_reads_of_the_same_cells_give_what_one_gives():
    """After enough reads the effective matrix answers; learning throws it away."""
    often, _ = columns({"readout": "analog", "wire_ohm": 20, "wire_tolerance": 1e-8, "adc_bits": None})
    for step in range(100):
        active = inputs(seed=step % 7)
        fresh, _ = columns({"readout": "analog", "wire_ohm": 20, "wire_tolerance": 1e-8, "adc_bits": None})
        if step % 20 == 0 or step > 95:
            np.testing.assert_allclose(often.overlap(active), fresh.overlap(active), rtol=1e-4, atol=1e-4)
        else:
            often.overlap(active)
    assert often._readout._planes[0].tiles._matrix is not None
    before = often.overlap(inputs())
    often.adapt(np.arange(40, dtype=np.int32), inputs(), 0.3, 0.1)
    assert often._readout._planes[0].tiles._matrix is None
    assert not np.allclose(often.overlap(inputs()), before)


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_change_no_bit(threads):
    params = {"readout": "analog", "adc_bits": None, "wire_ohm": 20}
    one, two = (columns({**params, "wire_threads": n}, DEVICES["rram_wan2022"]())[0] for n in (1, threads))
    for seed in range(3):
        np.testing.assert_array_equal(one.overlap(inputs(seed=seed)), two.overlap(inputs(seed=seed)))
    assert one.array.loads["read"] == two.array.loads["read"] > 0


@pytest.mark.parametrize("drive", [{}, {"dac": {"amplitude_sigma": 0.05}}])
def test_the_energy_of_a_read_is_what_its_drivers_give(drive):
    """The array's current through the virtual grounds, what leaks back into lines at 0 V, what wires take: V I of all
    drivers, by the sparse direct solve; once the effective matrix answers, by its admittance."""
    params = CrossbarParams(**TILES, readout="analog", wire_ohm=40, wire_tolerance=1e-9, **drive)
    made, _ = columns(params.model_dump())
    active, array = inputs(), made.array
    g, expected, out = array.cells.g.astype(float).T, 0.0, 0.0
    for down in range(3):
        slots = np.arange(24 * down, min(24 * down + 24, 60))
        for across in range(3):
            lines = np.append(np.arange(16 * across, min(16 * across + 16, 40)), 40 + across)
            volts = np.isin(slots, active).astype(float)
            if made.periphery.drive is not None:
                volts *= made.periphery.drive[lines[0], slots]
            found = WireSolver(params.wires, (slots.size, lines.size)).solve(
                g[np.ix_(slots, lines)], volts, engine="nodal"
            )
            expected += float(volts @ found.into)
            out += float(found.out.sum())
    made.overlap(active)
    assert array.loads["read"] == pytest.approx(expected, rel=1e-7)
    assert expected > 1.01 * out  # the difference is worth counting
    while made._readout._planes[0].tiles._matrix is None:
        made.overlap(active)
    before = array.loads["read"]
    made.overlap(active)
    assert array.loads["read"] - before == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("pairing", ["parallel", "differential"])
@pytest.mark.parametrize("readout", ["analog", "binary"])
def test_pairs_through_wires_of_nearly_no_resistance_are_pairs_without(pairing, readout):
    params = {"readout": readout, "adc_bits": None, "pairing": pairing}
    ideal, _ = columns(params)
    wired, _ = columns({**params, "wire_ohm": 1e-6})
    for seed in range(3):
        active = inputs(seed=seed)
        np.testing.assert_allclose(wired.overlap(active), ideal.overlap(active), rtol=1e-5, atol=1e-4)
    load = {"analog": "read", "binary": "sense"}[readout]
    assert wired.array.loads[load] == pytest.approx(ideal.array.loads[load], rel=1e-4)


@pytest.mark.parametrize("readout", ["analog", "binary"])
def test_drivers_and_outages_do_the_same_to_pairs_with_and_without_wires(readout):
    """Errors of drivers scale both currents of a differential pair; a struck pair is stuck through wires too."""
    params = {
        "readout": readout,
        "adc_bits": None,
        "pairing": "differential",
        "dac": {"amplitude_sigma": 0.1},
    }
    params |= {"reference_column": False}
    ideal, wired = (columns({**params, "wire_ohm": ohm})[0] for ohm in (0.0, 1e-6))
    struck = np.zeros(ideal.array.cells.g.shape, dtype=bool)
    struck[:20] = True
    for step in range(2):
        for seed in range(3):
            active = inputs(seed=seed)
            np.testing.assert_allclose(wired.overlap(active), ideal.overlap(active), rtol=1e-5, atol=1e-4)
        before = wired.overlap(active)
        for made in (ideal, wired):
            made.array.strike(struck, on=True)
            made.look_again()
        if step == 0:
            assert (wired.overlap(active)[:20] > before[:20]).all()


def test_each_cell_of_a_differential_pair_is_in_a_network_of_its_own():
    params = CrossbarParams(
        **TILES, readout="analog", adc_bits=None, wire_ohm=40, wire_tolerance=1e-9, pairing="differential"
    )
    made, _ = columns(params.model_dump())
    active, array = inputs(), made.array
    expected, power = np.zeros(40), 0.0
    for plane, sign in zip(array.device.planes(array.cells), (0.5, -0.5), strict=True):
        g = plane.g.astype(float).T
        for down in range(3):
            slots = np.arange(24 * down, min(24 * down + 24, 60))
            for across in range(3):
                lines = np.arange(16 * across, min(16 * across + 16, 40))
                cells = g[np.ix_(slots, np.append(lines, 40 + across))]
                volts = np.isin(slots, active).astype(float)
                found = WireSolver(params.wires, cells.shape).solve(cells, volts, engine="nodal")
                expected[lines] += sign * (found.out[:-1] - found.out[-1])
                power += float(volts @ found.into)
    np.testing.assert_allclose(made.overlap(active), expected / array.mapping.span, rtol=1e-4, atol=1e-4)
    assert array.loads["read"] == pytest.approx(power, rel=1e-7)


def test_read_noise_through_nearly_ideal_wires_has_the_law_of_ideal_wires():
    """Cell by cell here, line by line there: equal mean and variance (z- and F-like bounds of 400 reads)."""
    one = device(read_sigma=0.2)
    active = inputs()
    reads = {}
    for ohm in (0.0, 1e-6):
        made, _ = columns({"readout": "analog", "adc_bits": None, "wire_ohm": ohm}, one)
        reads[ohm] = np.array([made.overlap(active) for _ in range(400)])
    ideal, wired = reads[0.0], reads[1e-6]
    z = (wired.mean(axis=0) - ideal.mean(axis=0)) / np.sqrt((wired.var(axis=0) + ideal.var(axis=0)) / 400)
    assert np.abs(z).max() < 4.5
    assert np.sqrt(np.mean(z**2)) < 1.5
    ratio = np.log(wired.var(axis=0) / ideal.var(axis=0))
    assert np.abs(ratio).max() < 4.5 * np.sqrt(4 / 400)


@pytest.mark.parametrize("readout", ["analog", "binary"])
def test_a_pooler_learns_through_wires_and_continues_after_restore(readout):
    params = CrossbarParams(**TILES, readout=readout, wire_ohm=10)

    def pooler():
        made = CrossbarSubstrate(DEVICES["pcm_joshi2020"](), params, seed=2)
        return SpatialPooler(SpatialPoolerParams(columns=40, density=0.1), (60,), made, 1)

    first, second = pooler(), pooler()
    for step in range(10):
        first.compute(inputs(seed=step))
        first.synapses.elapse(60.0)
    second.restore(first.state())
    for step in range(10, 16):
        np.testing.assert_array_equal(first.compute(inputs(seed=step)), second.compute(inputs(seed=step)))


def test_binary_sensing_through_wires_needs_transistors():
    with pytest.raises(BadInput, match="access: must be 1T1R for a binary read-out through wires"):
        columns({"readout": "binary", "wire_ohm": 1.0, "access": "1R"})
