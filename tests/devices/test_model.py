"""What the base gives every model: finite levels, verify loops, ratios, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from devices.ideal import IdealDevice
from devices.levels import LevelRram
from devices.soft_bounds import SoftBoundsRram
from htm.pick import BadInput

F = np.float32
SHAPE = (200, 200)
N = SHAPE[0] * SHAPE[1]


def sloppy(**values: float) -> LevelRram:
    """Misses by 0.5 uS (sd) at every level."""
    return LevelRram(**{"g_min": 0.0, "g_max": 10e-6, "program_poly": (0.05,), **values})


def test_pulses_smaller_than_a_level_keep_their_mean() -> None:
    """The soft bound is linear, so the mean follows (1 - a)^n whatever the levels; |z| < 4, z as for any mean."""
    device = SoftBoundsRram(g_min=0.0, g_max=1.0, step_up=0.01, step_down=0.01, n_levels=8)
    rng = np.random.default_rng(0)
    cells = device.fabricate(SHAPE, rng)
    for _ in range(60):
        device.pulse(cells, ..., np.ones(SHAPE, dtype=F), rng)
    level = cells.g.astype(float) * 7
    np.testing.assert_allclose(level, np.rint(level), rtol=0, atol=1e-5)
    expected = 1 - 0.99**60
    assert abs((cells.g.mean(dtype=float) - expected) / (cells.g.std(dtype=float) / math.sqrt(N))) < 4


def test_levels_do_not_bind_what_write_noise_shows_but_what_rests() -> None:
    device = SoftBoundsRram(g_min=0.0, g_max=1.0, step_up=0.01, step_down=0.01, n_levels=3, write_sigma=0.01)
    rng = np.random.default_rng(0)
    cells = device.fabricate(SHAPE, rng)
    device.pulse(cells, ..., np.full(SHAPE, 20, dtype=F), rng)
    assert set(np.unique(cells.more["hidden"])) == {F(0), F(0.5)}


def test_a_write_goes_to_the_nearest_level() -> None:
    device = IdealDevice(n_levels=5)
    rng = np.random.default_rng(0)
    cells = device.fabricate((1, 6), rng)
    device.write(cells, ..., np.array([[0.1, 0.13, 0.4, 0.6, 0.99, 7.0]], dtype=F), rng)
    np.testing.assert_array_equal(cells.g, np.array([[0, 0.25, 0.5, 0.5, 1, 1]], dtype=F))


def test_verify_repeats_until_within_tolerance() -> None:
    """An attempt succeeds with p = P(|xi| < 1): attempts are geometric, mean 1/p, variance (1 - p)/p^2; |z| < 4."""
    device, rng = sloppy(), np.random.default_rng(6)
    cells = device.fabricate(SHAPE, rng)
    target = np.full(SHAPE, 5e-6, dtype=F)
    assert device.write(cells, ..., target, rng) == N
    once = np.abs(cells.g - target)
    attempts = device.write(cells, ..., target, rng, tolerance=0.5e-6, cycles=200)
    assert np.abs(cells.g - target).max() <= F(0.5e-6)
    assert np.square(cells.g - target).mean() < np.square(once).mean() / 2
    p = math.erf(1 / math.sqrt(2))
    assert abs((attempts - N / p) / math.sqrt(N * (1 - p) / p**2)) < 4


def test_verify_stops_after_its_cycles_and_keeps_other_cells() -> None:
    device = sloppy(stuck_off_fraction=1.0)
    cells = device.fabricate((4, 5), np.random.default_rng(0))
    rows = np.array([1, 3])
    target = np.full((2, 5), 5e-6, dtype=F)
    assert device.write(cells, rows, target, np.random.default_rng(1), tolerance=1e-9, cycles=3) == 30
    device = sloppy()
    cells = device.fabricate((4, 5), np.random.default_rng(0))
    device.write(cells, rows, target, np.random.default_rng(1), tolerance=0.1e-6, cycles=500)
    assert np.abs(cells.g[rows] - target).max() <= F(0.1e-6)
    assert not cells.g[[0, 2]].any()


def test_verify_reads_with_the_devices_noise() -> None:
    """A tolerance far below the read noise accepts by luck: the error stays of the noise's size."""
    device, rng = sloppy(read_sigma=0.05), np.random.default_rng(6)
    cells = device.fabricate(SHAPE, rng)
    target = np.full(SHAPE, 5e-6, dtype=F)
    device.write(cells, ..., target, rng, tolerance=0.05e-6, cycles=100)
    # Accepted where miss + noise is near 0, both of sd near 0.5 and 0.25 uS: sd 0.5 x 0.25 / sqrt(0.5^2 + 0.25^2).
    assert (cells.g - target).std() == pytest.approx(0.2236e-6, rel=0.05)


def test_ratio_sets_the_lowest_conductance() -> None:
    assert IdealDevice(on_off_ratio=10).g_min == pytest.approx(0.1)
    assert IdealDevice(on_off_ratio="10", g_max="20 uS").g_min == pytest.approx(2e-6)
    assert IdealDevice(on_off_ratio=10, g_min=0.1).g_min == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"on_off_ratio": 10, "g_min": 0.2},
            "IdealDevice: on_off_ratio: gives g_min = 0.1 S, got g_min = 0.2 S",
        ),
        ({"on_off_ratio": 1}, "IdealDevice.on_off_ratio: input should be greater than 1, got 1"),
        ({"on_off_ratio": "ten"}, "IdealDevice.on_off_ratio: input should be a valid number"),
        ({"g_min": 2}, r"IdealDevice: g_min: must be below g_max \(1 S\), got 2 S"),
        ({"g_max": float("nan")}, "IdealDevice.g_max: input should be a finite number"),
        ({"n_levels": 1}, "IdealDevice.n_levels: input should be greater than or equal to 2, got 1"),
        (
            {"stuck_on_fraction": 0.6, "stuck_off_fraction": 0.6},
            r"IdealDevice: stuck_on_fraction \+ stuck_off_fraction: must not exceed 1, got 0.6 \+ 0.6",
        ),
    ],
)
def test_bad_parameters_are_refused_in_one_line(values: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput, match=f"^{message}") as refused:
        IdealDevice(**values)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("seconds", [-1.0, math.nan, math.inf])
def test_time_only_passes(seconds: float) -> None:
    device = IdealDevice()
    with pytest.raises(BadInput, match=r"^seconds: must be a time that passes"):
        device.relax(device.fabricate((1, 1), np.random.default_rng(0)), seconds)


def test_no_attempt_is_no_write() -> None:
    device, rng = IdealDevice(), np.random.default_rng(0)
    with pytest.raises(BadInput, match=r"^cycles: must be at least 1, got 0"):
        device.write(device.fabricate((1, 1), rng), ..., np.zeros((1, 1), dtype=F), rng, cycles=0)
