"""Refresh: when it falls due, what it writes, what it costs, and what it is good for."""

import numpy as np
import pytest

from devices.linear_step import LinearStep
from devices.presets import device_from
from htm.pick import BadInput
from hwsim.crossbar import CrossbarSubstrate
from hwsim.params import CrossbarParams

ROWS, INPUTS = 40, 60
DAY = 86400.0


def _columns(device, **overrides):
    rng = np.random.default_rng(0)
    pool = rng.random((ROWS, INPUTS)) < 0.7
    permanence = np.where(pool, rng.uniform(0.3, 0.9, (ROWS, INPUTS)), 0).astype(np.float32)
    made = device_from(device) if isinstance(device, str | dict) else device
    substrate = CrossbarSubstrate(made, CrossbarParams(**overrides), seed=2)
    return substrate, substrate.columns(pool, permanence, 0.5), pool


def test_it_falls_due_by_the_clock_however_time_is_cut():
    counts = []
    for parts in ([10.5 * DAY], [0.7 * DAY] * 15, [10 * DAY, 0.4 * DAY, 0.1 * DAY]):
        substrate, columns, pool = _columns("pcm_joshi2020", refresh_period=DAY)
        written = substrate.events["write"]
        for part in parts:
            columns.elapse(part)
        assert columns.array.cells.clock == pytest.approx(10.5 * DAY)
        assert substrate.events["write"] - written == 10 * np.count_nonzero(pool)
        assert substrate.events["cell_read"] == 10 * np.count_nonzero(pool)
        counts.append(columns.permanence)
    assert np.allclose(counts[0], counts[1], atol=1e-4)
    assert np.allclose(counts[0], counts[2], atol=1e-4)


def test_no_refresh_before_its_time_changes_nothing():
    _, plain, _ = _columns("pcm_joshi2020")
    substrate, columns, _ = _columns("pcm_joshi2020", refresh_period=DAY)
    for one in (plain, columns):
        one.elapse(0.99 * DAY)
    assert np.array_equal(plain.permanence, columns.permanence)
    assert not substrate.events["refresh"]


def test_it_brings_cells_back_to_their_digital_permanence():
    """A week of drift takes conductance from cells that are on; written anew an hour ago they have lost less."""
    kept = {"permanences": "digital", "readout": "analog"}
    _, drifted, pool = _columns("pcm_joshi2020", **kept)
    _, fresh, _ = _columns("pcm_joshi2020", **kept, refresh_period=7 * DAY)
    for one in (drifted, fresh):
        one.elapse(7 * DAY + 3600.0)
    on = pool & (drifted.permanence >= 0.5)
    g = [one.array.conductance(slice(0, ROWS))[on].mean() for one in (drifted, fresh)]
    assert g[1] > 1.05 * g[0]
    assert np.array_equal(drifted.permanence, fresh.permanence)
    active = np.arange(0, INPUTS, 3, dtype=np.int32)
    assert fresh.overlap(active).mean() > drifted.overlap(active).mean()


def test_levels_catch_cells_before_they_are_lost():
    """Written back at the nearest of five levels every hour a cell stays; without levels its loss adds up."""
    device = {"preset": "rram_gong2018", "drift_nu": 0.02, "write_sigma": 0}
    lost = []
    for levels in (5, None):
        _, columns, pool = _columns(
            {**device, "n_levels": levels, "g_max_sigma": 0, "g_min_sigma": 0}, refresh_period=3600.0
        )
        before = columns.permanence[pool]
        columns.elapse(2 * DAY + 1.0)
        lost.append(float((before - columns.permanence[pool]).mean()))
    assert abs(lost[0]) < 0.02
    assert lost[1] > 0.2


def test_it_goes_on_where_it_was_saved():
    substrate, columns, _ = _columns("pcm_joshi2020", refresh_period=DAY)
    other, twin, _ = _columns("pcm_joshi2020", refresh_period=DAY)
    columns.elapse(1.6 * DAY)
    twin.restore(columns.state())
    other.restore(substrate.state())
    for one in (columns, twin):
        one.elapse(0.5 * DAY)
    assert substrate.events == other.events
    assert substrate.events["refresh"] == 2
    assert np.array_equal(columns.permanence, twin.permanence)


def test_segments_refresh_their_synapses_only():
    substrate = CrossbarSubstrate(device_from("pcm_joshi2020"), CrossbarParams(refresh_period=DAY), seed=2)
    segments = substrate.segments(INPUTS, ROWS, 9, 0.5)
    rows = np.arange(20, dtype=np.int32)
    segments.connect(rows, rows % 9, rows, 0.8)
    written = substrate.events["write"]
    segments.elapse(3 * DAY)
    assert substrate.events["write"] - written == 3 * 20


def test_too_many_at_once_are_refused():
    _, columns, _ = _columns("ideal", refresh_period=1.0)
    with pytest.raises(
        BadInput, match=r"refresh_period: must be at least 259\.2 s for 2\.592e.06 s to pass at once"
    ):
        columns.elapse(30 * DAY)


def test_refreshed_analog_permanences_drift_anew_each_time():
    """What was read is written, and a power law starts over: after n periods of T, g is (T / t0)^(-nu n) of the first.

    So refresh takes conductance from analog permanences, the more the more often.
    """
    device = LinearStep(g_min=1e-9, g_max=1e-5, step_up=0.001, step_down=0.001, drift_nu=0.02)
    for n in (1, 2, 8):
        _, columns, pool = _columns(device, refresh_period=8 * DAY / n)
        before = columns.array.cells.g[:ROWS][pool].copy()
        columns.elapse(8 * DAY * (1 + 1e-9))
        left = (columns.array.cells.g[:ROWS][pool] / before).astype(float)
        assert left == pytest.approx((8 * DAY / n) ** (-0.02 * n), rel=1e-4)
