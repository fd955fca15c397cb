"""Binary cells: probability of switching, direct writes, spread. Bounds: 4.5 standard errors, fixed seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from devices.presets import device_from

F = np.float32
SHAPE = (100, 200)
N = 20_000


def test_pulses_one_by_one_switch_as_many_as_at_once() -> None:
    device, rng = device_from("vcm_binary"), np.random.default_rng(0)
    one, many = device.fabricate(SHAPE, rng), device.fabricate(SHAPE, rng)
    for _ in range(5):
        device.pulse(one, ..., np.ones(SHAPE, dtype=F), rng)
    device.pulse(many, ..., np.full(SHAPE, 5, dtype=F), rng)
    p = 1 - 0.9**5
    for cells in (one, many):
        share = float((cells.g > 0.5 * (device.g_min + device.g_max)).mean())
        assert abs(share - p) < 4.5 * math.sqrt(p * (1 - p) / N)


def test_a_pulse_in_a_states_own_direction_does_nothing() -> None:
    device, rng = device_from("vcm_binary"), np.random.default_rng(0)
    cells = device.fabricate(SHAPE, rng)
    before = cells.g.copy()
    device.pulse(cells, ..., np.full(SHAPE, -50, dtype=F), rng)
    np.testing.assert_array_equal(cells.g, before)


@pytest.mark.parametrize("place", [0.0, 0.3, 1.0])
def test_a_write_keeps_the_mean_and_may_fail(place: float) -> None:
    failing = 0.2
    device = device_from({"preset": "vcm_binary", "write_failure": failing, "on_sigma": 0, "off_sigma": 0})
    rng = np.random.default_rng(0)
    cells = device.fabricate(SHAPE, rng)
    target = np.full(SHAPE, device.g_min + place * (device.g_max - device.g_min), dtype=F)
    assert device.write(cells, ..., target, rng) == N
    p = place * (1 - failing)
    share = float((cells.g > 0.5 * device.g_max).mean())
    assert abs(share - p) <= 4.5 * math.sqrt(p * (1 - p) / N)
    attempts = device.write(cells, ..., np.full(SHAPE, device.g_max, F), rng, tolerance=1e-7, cycles=9)
    assert attempts > N
    assert float((cells.g > 0.5 * device.g_max).mean()) > 0.999
