"""Level-programmed RRAM: misses by level and time.

Statistical bounds: |z| < 4 with fixed seeds; standard error of a mean sd / sqrt(N), of a sample sd sd / sqrt(2 N).
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from devices.levels import LevelRram, Miss
from devices.presets import DAY, device_from
from htm.pick import BadInput

F = np.float32
SHAPE = (200, 200)
N = SHAPE[0] * SHAPE[1]


def published(coefficients: tuple[float, ...], r: float) -> float:
    """Wan et al. as fitted by aihwkit's authors, [S]."""
    return 1e-6 * sum(c * r**k for k, c in enumerate(coefficients))


WAN = {
    1.0: (0.348, 16.030, -43.853, 45.393, -16.815),
    DAY: (0.701, 22.086, -50.773, 47.095, -16.458),
    2 * DAY: (0.782, 20.274, -43.507, 37.062, -11.934),
}


@pytest.mark.parametrize(("seconds", "at_half"), [(1.0, 2.0e-6), (DAY, 3.9e-6), (2 * DAY, 3.9e-6)])
@pytest.mark.parametrize("r", [0.5, 0.75, 1.0])  # below, cells are cut at 0 S
def test_wan_misses(r: float, seconds: float, at_half: float) -> None:
    d, rng = device_from({"preset": "rram_wan2022", "read_sigma": 0}), np.random.default_rng(7)
    cells = d.fabricate(SHAPE, rng)
    d.write(cells, ..., np.full(SHAPE, r * 40e-6, dtype=F), rng)
    d.relax(cells, seconds)
    off = d.conductance(cells, ...).astype(float) - r * 40e-6
    sd = published(WAN[seconds], r)
    assert abs(off.mean() / (sd / math.sqrt(N))) < 4
    assert abs((off.std() - sd) / (sd / math.sqrt(2 * N))) < 4
    if r == 0.5:
        assert sd == pytest.approx(at_half, abs=0.05e-6)  # the facts quote one decimal


def test_deviation_is_one_draw_scaled_and_log_linear_between() -> None:
    d, rng = device_from("rram_wan2022"), np.random.default_rng(7)
    cells = d.fabricate((30, 30), rng)
    d.write(cells, ..., np.full((30, 30), 20e-6, dtype=F), rng)
    at: dict[float, np.ndarray] = {}
    for seconds in (0.0, 1.0, math.sqrt(DAY), DAY, DAY * math.sqrt(2), 2 * DAY, 20 * DAY):
        d.relax(cells, seconds - cells.clock)
        at[seconds] = d.conductance(cells, ...).astype(float) - 20e-6
    z = at[1.0] / published(WAN[1.0], 0.5)
    np.testing.assert_array_equal(at[0.0], at[1.0])
    for seconds, sd in (
        (math.sqrt(DAY), (published(WAN[1.0], 0.5) + published(WAN[DAY], 0.5)) / 2),
        (DAY, published(WAN[DAY], 0.5)),
        (DAY * math.sqrt(2), (published(WAN[DAY], 0.5) + published(WAN[2 * DAY], 0.5)) / 2),
        (2 * DAY, published(WAN[2 * DAY], 0.5)),
        (20 * DAY, published(WAN[2 * DAY], 0.5)),
    ):
        np.testing.assert_allclose(at[seconds], z * sd, rtol=0, atol=2e-11)  # float32 of 20 uS


def test_pulse_is_read_modify_write_and_restarts_the_clock() -> None:
    d = LevelRram(g_min=0.0, g_max=10e-6, program_poly=(0.0,), retention=(Miss(after="1 day", poly=(0.05,)),))
    rng = np.random.default_rng(0)
    cells = d.fabricate((50, 50), rng)
    d.write(cells, ..., np.full((50, 50), 5e-6, dtype=F), rng)
    d.relax(cells, DAY)
    aged = d.conductance(cells, ...)
    assert aged.std() == pytest.approx(0.5e-6, rel=4 / math.sqrt(2 * 2500))
    count = np.zeros((50, 50), dtype=F)
    count[:, ::2] = 0.1
    d.pulse(cells, ..., count, rng)
    now = d.conductance(cells, ...)
    np.testing.assert_array_equal(now[:, 1::2], aged[:, 1::2])
    np.testing.assert_allclose(now[:, ::2], aged[:, ::2] + F(1e-6), rtol=0, atol=1e-12)
    d.relax(cells, DAY)
    later = d.conductance(cells, ...)
    np.testing.assert_array_equal(later[:, 1::2], aged[:, 1::2])  # past its last known time
    assert (later[:, ::2] - now[:, ::2]).std() == pytest.approx(0.5e-6, rel=4 / math.sqrt(2 * 1250))


def test_program_scale_sweeps_every_miss() -> None:
    off = {}
    for scale in (1.0, 0.5, 0.0):
        d = device_from({"preset": "rram_wan2022", "program_scale": scale})
        rng = np.random.default_rng(3)
        cells = d.fabricate((20, 20), rng)
        d.write(cells, ..., np.full((20, 20), 30e-6, dtype=F), rng)
        d.relax(cells, DAY)
        off[scale] = d.conductance(cells, ...) - F(30e-6)
    np.testing.assert_allclose(off[0.5], off[1.0] / 2, rtol=0, atol=1e-11)
    assert not off[0.0].any()


def test_another_range_scales_the_misses() -> None:
    relative = []
    for g_max in (40e-6, 4e-6):
        d = device_from({"preset": "rram_wan2022", "g_max": g_max})
        rng = np.random.default_rng(3)
        cells = d.fabricate((20, 20), rng)
        d.write(cells, ..., np.full((20, 20), 0.6 * g_max, dtype=F), rng)
        d.relax(cells, DAY)
        relative.append(d.conductance(cells, ...) / F(g_max))
    np.testing.assert_allclose(relative[0], relative[1], rtol=1e-5)


def test_ages_only_where_later_misses_are_known() -> None:
    d = device_from({"preset": "rram_wan2022", "retention": []})
    cells = d.fabricate((2, 2), np.random.default_rng(0))
    assert not d.ages
    assert not cells.more
    assert device_from("rram_wan2022").ages


def test_times_out_of_order_are_refused() -> None:
    late = {"after": "2 days", "poly": [0.1]}
    with pytest.raises(
        BadInput, match=r"^device: retention: times must rise from program_time, got 86400 after"
    ):
        device_from({"preset": "rram_wan2022", "retention": [late, {"after": "1 day", "poly": [0.1]}]})


@pytest.mark.parametrize("aged", [False, True])
@pytest.mark.parametrize(
    "values",
    [{}, {"stuck_on_fraction": 0.1, "stuck_off_fraction": 0.2}, {"retention": ()}, {"program_scale": 0.0}],
)
def test_whole_rows_in_place_equal_the_general_way(values: dict[str, object], aged: bool) -> None:
    """Row indices take the fast path, a pair of index arrays the general one: equal bit for bit."""
    d, draws = device_from({"preset": "rram_wan2022", **values}), np.random.default_rng(5)
    rows = np.flatnonzero(draws.random(60) < 0.6).astype(np.int32)  # more cells than a patch has
    cells = [d.fabricate((60, 50), np.random.default_rng(1)) for _ in range(2)]
    rngs = [np.random.default_rng(2) for _ in range(2)]
    for _ in range(4):
        count = draws.uniform(-0.3, 0.3, (rows.size, 50)) * (draws.random((rows.size, 50)) < 0.7)
        count = (count * (np.arange(50) < draws.integers(0, 51, (rows.size, 1)))).astype(F)  # rows end early
        d.pulse(cells[0], rows, count, rngs[0])
        d.pulse(cells[1], np.ix_(rows, np.arange(50)), count, rngs[1])
        for one in cells:
            d.relax(one, 3600.0 if aged else 0.0)
    assert (cells[0].g[rows] != d.g_min).any()
    np.testing.assert_array_equal(cells[0].g, cells[1].g)
    for name in cells[0].more:
        np.testing.assert_array_equal(cells[0].more[name], cells[1].more[name])
    assert rngs[0].bit_generator.state == rngs[1].bit_generator.state


@pytest.mark.parametrize("aged", [False, True])
@pytest.mark.parametrize(
    "values", [{}, {"stuck_off_fraction": 0.2}, {"retention": ()}, {"program_scale": 0.0}]
)
def test_single_cells_written_in_place_equal_the_general_way(values: dict[str, object], aged: bool) -> None:
    """Numbers of 32 bits take the fast path, of 64 the general one: equal bit for bit."""
    d, draws = device_from({"preset": "rram_wan2022", **values}), np.random.default_rng(5)
    places = np.divmod(draws.permutation(600)[:200], 30)
    cells = [d.fabricate((20, 30), np.random.default_rng(1)) for _ in range(2)]
    rngs = [np.random.default_rng(2) for _ in range(2)]
    for _ in range(3):
        target = draws.uniform(-0.1 * d.span, 1.1 * d.span, 200).astype(F)
        d.write(cells[0], tuple(i.astype(np.int32) for i in places), target, rngs[0])
        d.write(cells[1], places, target, rngs[1])
        for one in cells:
            d.relax(one, 1e4 if aged else 0.0)
    assert (cells[0].g[places] != d.g_min).any()
    np.testing.assert_array_equal(cells[0].g, cells[1].g)
    for name in cells[0].more:
        np.testing.assert_array_equal(cells[0].more[name], cells[1].more[name])
    assert rngs[0].bit_generator.state == rngs[1].bit_generator.state
