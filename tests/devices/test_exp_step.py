"""Exponential steps, and phase-change cells that are lowered by RESET and SET pulses anew."""

from __future__ import annotations

import math

import numpy as np
import pytest

from devices.exp_kernels import course_pulses, course_pulses_to
from devices.exp_step import ExpStep, OneSidedPcm
from devices.presets import device_from
from devices.reference import course_pulse
from devices.reference import course_pulses_to as reference_pulses_to

F = np.float32
SHAPE = (100, 100)
N = 10_000
ALIKE = {"d2d_sigma": 0, "up_down_sigma": 0, "g_max_sigma": 0}


def gong(**overrides: object) -> ExpStep:
    device = device_from(
        {"preset": "rram_gong2018_exp", **ALIKE, "g_min_sigma": 0, "write_sigma": 0, **overrides}
    )
    assert isinstance(device, ExpStep)
    return device


def pcm(**overrides: object) -> OneSidedPcm:
    device = device_from({"preset": "pcm_nandakumar2020", **ALIKE, **overrides})
    assert isinstance(device, OneSidedPcm)
    return device


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_one_pulse_follows_the_formula(place: float) -> None:
    device, rng = gong(c2c_sigma=0), np.random.default_rng(0)
    w = 2 * place - 1
    z = -0.5 * w - 0.5
    up = 0.00135 * (1 + 1.18445 * math.exp(5 * z))
    down = 0.00135 * (1 - 0.259359) * (1 + 0.081404 * math.exp(-5 * z))
    for count, step in ((1, up), (-1, -down)):
        cells = device.fabricate((1, 1), rng)
        cells.g[...] = device.g_min + place * device.span
        device.pulse(cells, ..., np.full((1, 1), count, dtype=F), rng)
        seen = 2 * (float(cells.g[0, 0]) - device.g_min) / device.span - 1
        assert seen - w == pytest.approx(step, rel=2e-3)


@pytest.mark.parametrize("count", [2, 10, 80, -2, -10, -80])
@pytest.mark.parametrize("noise", [0.0, 2.0])
def test_many_at_once_are_near_one_by_one(count: int, noise: float) -> None:
    """Mean within 4.5 standard errors and 0.3 % of the range, sd within 4.5 and 5 %: the stated approximation."""
    device, rng = gong(c2c_sigma=noise), np.random.default_rng(3)
    one, many = device.fabricate(SHAPE, rng), device.fabricate(SHAPE, rng)
    for cells in (one, many):
        cells.g[...] = device.g_min + 0.5 * device.span
    for _ in range(abs(count)):
        device.pulse(one, ..., np.full(SHAPE, np.sign(count), dtype=F), rng)
    device.pulse(many, ..., np.full(SHAPE, count, dtype=F), rng)
    a, b = one.g.astype(float) / device.span, many.g.astype(float) / device.span
    assert abs(a.mean() - b.mean()) < 4.5 * a.std() * math.sqrt(2 / N) + 0.003
    assert abs(a.std() - b.std()) < 4.5 * a.std() / math.sqrt(N) + 0.05 * a.std() + 1e-6


def test_cells_without_a_pulse_stay() -> None:
    device, rng = pcm(), np.random.default_rng(0)
    cells = device.fabricate(SHAPE, rng)
    device.pulse(cells, ..., np.full(SHAPE, 3, dtype=F), rng)
    before = cells.g.copy()
    count = np.zeros(SHAPE, dtype=F)
    count[:, ::2] = -1
    device.pulse(cells, ..., count, rng)
    np.testing.assert_array_equal(cells.g[:, 1::2], before[:, 1::2])
    assert (cells.g[:, ::2] != before[:, ::2]).mean() > 0.99


def test_melting_empties_and_set_pulses_fill_again() -> None:
    """Quiet cells: a decrement lands within half a SET step of the wanted place."""
    device, rng = pcm(c2c_sigma=0, reset_sigma=0), np.random.default_rng(0)
    cells = device.fabricate((1, 3), rng)
    start = np.array([[0.3, 0.6, 0.9]])
    cells.g[...] = device.g_min + start * device.span
    device.pulse(cells, ..., np.full((1, 3), -10, dtype=F), rng)
    wanted = start - 10 * device.step / device.span
    half = 0.5 * np.array([[0.06, 0.02, 0.012]]) + 0.01
    assert (np.abs((cells.g - device.g_min) / device.span - wanted) < half).all()
    device.pulse(cells, ..., np.full((1, 3), -1000, dtype=F), rng)
    np.testing.assert_array_equal(cells.g, F(device.g_min))


def test_a_write_is_reset_and_the_nominal_number_of_pulses() -> None:
    """Mean of noisy writes within 3 % of the range; the noise of the pulses shows."""
    device, rng = pcm(), np.random.default_rng(0)
    for place in (0.3, 0.5):
        cells = device.fabricate(SHAPE, rng)
        device.write(cells, ..., np.full(SHAPE, device.g_min + place * device.span, dtype=F), rng)
        got = (cells.g.astype(float) - device.g_min) / device.span
        assert abs(got.mean() - place) < 0.03
        assert got.std() > 0.02


def test_pulses_to_is_the_inverse_of_the_course() -> None:
    course = pcm(c2c_sigma=0)._upward
    zero = np.zeros(1, dtype=F)
    for n in (2, 5, 12, 30):
        place = course_pulse(course, zero, np.full(1, n, dtype=F), np.ones(1, dtype=F), zero)
        assert reference_pulses_to(course, zero, place)[0] == pytest.approx(n, abs=0.5)


@pytest.mark.parametrize("name", ["rram_gong2018_exp", "pcm_nandakumar2020"])
def test_the_kernels_are_equal_to_numpy(name: str) -> None:
    """Within 2e-5 of the range over all places, counts, gains and draws; counts to a place may round the other way."""
    device = device_from(name)
    assert isinstance(device, ExpStep | OneSidedPcm)
    up = device._upward
    down = device._downward if isinstance(device, ExpStep) else up
    rng, n = np.random.default_rng(1), 5_000
    v = rng.random(n).astype(F)
    count = np.rint(rng.choice([0.3, 1, 2, 20, 200], n) * rng.normal(size=n)).astype(F)
    gains = np.abs(1 + 0.3 * rng.normal(size=(2, n))).astype(F)
    xi = rng.normal(size=n).astype(F)
    moved = np.empty(n, dtype=F)
    course_pulses(v, count, gains[0], gains[1], xi, np.stack((up.row, down.row)), moved)
    rises = count > 0
    told = np.where(
        rises,
        course_pulse(up, v, np.maximum(count, 0), gains[0], xi),
        1 - course_pulse(down, 1 - v, np.maximum(-count, 0), gains[1], xi),
    )
    np.testing.assert_allclose(moved, np.where(count == 0, v, told), atol=2e-5)
    pulses = np.empty(n, dtype=F)
    wanted = np.where(rng.random(n) < 0.2, -1, v).astype(F)
    course_pulses_to(wanted, up.row, pulses)
    told = np.rint(reference_pulses_to(up, np.zeros(1, dtype=F), wanted))
    off = np.abs(pulses - told)
    assert off.max() <= 1
    assert (off > 0).mean() < 2e-3
