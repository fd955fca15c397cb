"""Affine steps: many pulses at once against one by one, labels of non-linearity, leakage.

Statistical bounds: |z| < 4.5 with fixed seeds; standard error of a mean sd / sqrt(N), of a sd sd / sqrt(2 N).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices import affine_kernels, reference
from devices.linear_step import LinearStep, NeuroSimDevice, normal_a
from devices.presets import device_from

F = np.float32
SHAPE = (100, 100)
N = 10_000


def linear(**overrides: Any) -> LinearStep:
    fields = {"g_min": 1e-6, "g_max": 11e-6, "step_up": 0.004, "step_down": 0.006, "symmetry": 0.4}
    return LinearStep(**{**fields, **overrides})


def one_by_one(device: Any, start: float, count: int, seed: int = 1) -> np.ndarray:
    """Conductance of cells that start at a place in the range, after `count` pulses one after the other [S]."""
    rng = np.random.default_rng(seed)
    cells = device.fabricate(SHAPE, rng)
    cells.g[...] = device.g_min + start * device.span
    for _ in range(abs(count)):
        device.pulse(cells, ..., np.full(SHAPE, np.sign(count), dtype=F), rng)
    return cells.g.astype(float)


def at_once(device: Any, start: float, count: int, seed: int = 2) -> np.ndarray:
    rng = np.random.default_rng(seed)
    cells = device.fabricate(SHAPE, rng)
    cells.g[...] = device.g_min + start * device.span
    device.pulse(cells, ..., np.full(SHAPE, count, dtype=F), rng)
    return cells.g.astype(float)


@pytest.mark.parametrize("count", [1, 7, 64, -1, -13, -50])
@pytest.mark.parametrize("additive", [True, False])
@pytest.mark.parametrize(("up", "down"), [(0.0, 0.0), (0.6, 0.3), (1.0, 1.0), (-0.5, -2.0)])
def test_many_at_once_have_the_moments_of_one_by_one(
    count: int, additive: bool, up: float, down: float
) -> None:
    device = linear(slope_up=up, slope_down=down, c2c_sigma=0.8, c2c_additive=additive)
    one, many = one_by_one(device, 0.5, count), at_once(device, 0.5, count)
    sd = one.std()
    assert abs(many.mean() - one.mean()) < 4.5 * sd * math.sqrt(2 / N)
    assert abs(many.std() - sd) < 4.5 * sd * math.sqrt(1 / N)


@pytest.mark.parametrize("up", [0.0, 0.3, 1.0, -1.0])
def test_without_noise_many_are_exactly_one_by_one(up: float) -> None:
    device = linear(slope_up=up, slope_down=up)
    for count in (3, 40, 200, -3, -40):
        np.testing.assert_allclose(
            at_once(device, 0.45, count)[0, 0], one_by_one(device, 0.45, count)[0, 0], rtol=3e-5
        )


def test_a_step_follows_its_formula() -> None:
    device = linear(slope_up=0.25, slope_down=0.75)
    for place in (0.1, 0.4, 0.9):
        w = place - 0.4
        up = (at_once(device, place, 1)[0, 0] - device.g_min) / device.span - place
        down = (at_once(device, place, -1)[0, 0] - device.g_min) / device.span - place
        assert up == pytest.approx(0.004 * (1 - 0.25 * w / 0.6), rel=1e-3)
        assert down == pytest.approx(-0.006 * (1 - 0.75 * w / -0.4), rel=1e-3)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.integers(0, 2**32),
    st.booleans(),
    st.floats(-0.02, 0.5),
    st.floats(0.0, 3.0),
    st.integers(1, 700),
    st.booleans(),
)
def test_kernel_equals_its_twin(
    seed: int, proportional: bool, slope: float, noise: float, n: int, alike: bool
) -> None:
    rng = np.random.default_rng(seed)
    g = rng.random(n, dtype=F)
    count = rng.integers(-90, 90, n).astype(F)
    xi = rng.standard_normal(n, dtype=F)

    def some(value: float) -> tuple[np.ndarray, np.ndarray]:
        size = 1 if alike else n
        return tuple(F(value) * rng.uniform(0.8, 1.2, size).astype(F) for _ in range(2))  # type: ignore[return-value]

    lines, first, gain = some(slope), some(0.01), some(1.0)
    low, high = some(0.01)[0], 1 - some(0.02)[1]
    arguments = (g, count, xi, lines, first, gain, (low, high), (F(0.01 * noise), F(0.02 * noise)))
    ours, twin = np.empty(n, dtype=F), np.empty(n, dtype=F)
    ends = (F(0), F(1))
    affine_kernels.affine_pulses(*arguments, proportional, ends, ours)
    reference.affine_pulses(*arguments, proportional, ends, twin)
    np.testing.assert_allclose(ours, twin, rtol=2e-4, atol=2e-5)
    np.testing.assert_array_equal(ours[count == 0], g[count == 0])


@pytest.mark.parametrize(
    ("label", "a"),
    [
        (0.01, 126.268958),
        (0.02, 63.134314),
        (1.0, 1.251653),
        (2.4, 0.499181),
        (4.0, 0.269089),
        (4.88, 0.200303),
    ],
)
def test_label_gives_the_a_of_neurosims_table(label: float, a: float) -> None:
    assert normal_a(np.array([label]))[0] == pytest.approx(a, rel=1e-4)
    assert normal_a(np.array([-label]))[0] == pytest.approx(-a, rel=1e-4)


def test_label_is_the_largest_distance_from_a_straight_line() -> None:
    x = np.linspace(0, 1, 100_001)
    for label in (0.5, 3.0, 7.0):
        a = float(normal_a(np.array([label]))[0])
        y = np.expm1(-x / a) / np.expm1(-1 / a)
        assert 10.1015 * (y - x).max() == pytest.approx(label, rel=1e-3)


def test_pulse_position_comes_from_the_present_conductance() -> None:
    """n and then m pulses are n + m from the start, on the way up and down."""
    device = device_from({"preset": "rram_jo2010", "c2c_sigma": 0, "program_sigma": 0})
    for sign, start in ((1, 0.0), (-1, 1.0)):
        whole = at_once(device, start, 60 * sign)[0, 0]
        half = (at_once(device, start, 25 * sign)[0, 0] - device.g_min) / device.span
        assert at_once(device, half, 35 * sign)[0, 0] == pytest.approx(whole, rel=1e-5)


def test_device_noise_of_the_label_spreads_the_curves() -> None:
    device = device_from({"preset": "rram_jo2010", "c2c_sigma": 0, "nonlinearity_sigma": 0.3})
    assert isinstance(device, NeuroSimDevice)
    g = at_once(device, 0.0, 30)
    place = (g - device.g_min) / device.span
    labels = 2.4 + 0.3 * np.random.default_rng(0).standard_normal(N)
    a = normal_a(labels)
    expected = np.expm1(-30 / 97 / a) / np.expm1(-1 / a)
    assert abs(place.mean() - expected.mean()) < 4.5 * expected.std() * math.sqrt(2 / N)
    assert abs(place.std() - expected.std()) < 4.5 * expected.std() / math.sqrt(N)
    np.testing.assert_allclose(at_once(device, 0.0, 97), device.g_max, rtol=1e-4)  # every curve ends at g_max


@pytest.mark.parametrize("law", ["gaussian", "log_normal"])
def test_cells_differ_as_told(law: str) -> None:
    device = linear(d2d_sigma=0.25, d2d_law=law)
    step = at_once(device, 0.4, 1) - (device.g_min + 0.4 * device.span)
    gain = step / (0.004 * device.span)
    values = np.log(gain) if law == "log_normal" else gain - 1
    assert abs(values.mean()) < 4.5 * 0.25 / math.sqrt(N) + 0.001
    assert abs(values.std() - 0.25) < 4.5 * 0.25 / math.sqrt(2 * N) + 0.001


def test_bounds_differ_as_told_and_hold() -> None:
    device = linear(g_max_sigma=0.05, g_min_sigma=0.03, slope_up=0.5)
    high = (at_once(device, 0.5, 5000) - device.g_max) / device.span
    assert abs(high.mean()) < 4.5 * 0.05 / math.sqrt(N) + 1e-4
    assert abs(high.std() - 0.05) < 4.5 * 0.05 / math.sqrt(2 * N) + 1e-4


def test_leak_is_exponential_and_forgets_the_way() -> None:
    device = linear(leak_time=10.0, activation_energy=0.5)
    cells = device.fabricate((2, 2), np.random.default_rng(0))
    cells.g[...] = np.array([[1e-6, 3e-6], [5e-6, 11e-6]], dtype=F)
    rest = device.g_min + 0.4 * device.span
    for seconds in (1.0, 10.0, 25.0):
        device.relax(cells, seconds - cells.clock)
        expected = rest + (cells.g.astype(float) - rest) * math.exp(-seconds / 10.0)
        np.testing.assert_allclose(device.conductance(cells, ...), expected, rtol=1e-5)


def test_richest_cell_stays_within_five_numbers() -> None:
    for name in (
        "capacitor_li2018",
        "rram_gong2018_exp",
        "ecram_tang2018",
        "sonos_agrawal2022",
        "rram_cmo2024",
    ):
        cells = device_from(name).fabricate((64, 64), np.random.default_rng(0))
        size = cells.g.nbytes + sum(array.nbytes for array in cells.more.values())
        assert size / cells.g.size <= 20, name
