"""Soft-bounds RRAM: pulse curves, noise of many pulses, spread between cells.

Statistical bounds: |z| < 4 with fixed seeds, z = (sample - expected) / standard error; the standard error of a
mean is sd / sqrt(N), that of a Gaussian's sample sd is sd / sqrt(2 N).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from devices import kernels, reference
from devices.soft_bounds import SoftBoundsRram

F = np.float32
SHAPE = (200, 200)
N = SHAPE[0] * SHAPE[1]


def device(**values: Any) -> SoftBoundsRram:
    return SoftBoundsRram(**{"g_min": 1e-6, "g_max": 11e-6, "step_up": 0.002, "step_down": 0.003, **values})


def z_of_mean(sample: np.ndarray, expected: float, sd: float) -> float:
    return float((sample.mean(dtype=np.float64) - expected) / (sd / np.sqrt(sample.size)))


def z_of_sd(sample: np.ndarray, expected: float) -> float:
    return float((sample.std(dtype=np.float64) - expected) / (expected / np.sqrt(2 * sample.size)))


def moments(a: float, c: float, n: int, *, additive: bool) -> tuple[float, float]:
    """Mean factor, and variance over s^2, of n pulses: the docstring's formulas in float64."""
    mean = (1 - a) ** n
    if additive:
        return mean, a**2 * c**2 * (1 - (1 - a) ** (2 * n)) / (1 - (1 - a) ** 2)
    return mean, ((1 - a) ** 2 + a**2 * c**2) ** n - (1 - a) ** (2 * n)


@pytest.mark.parametrize("n", [0, 50, 200, 600, 1500])
def test_pulse_curve_follows_the_closed_form(n: int) -> None:
    d, rng = device(), np.random.default_rng(0)
    cells = d.fabricate((2, 1), rng)
    d.write(cells, ..., np.array([[2e-6], [9e-6]], dtype=F), rng)
    d.pulse(cells, ..., np.array([[n], [-n]], dtype=F), rng)
    up = 11e-6 - 9e-6 * (1 - 0.002) ** n
    down = 1e-6 + 8e-6 * (1 - 0.003) ** n
    # A share of the range: 1 - a is rounded by up to 2^-25, its n-th power by n (1 - a)^n times that, and as much
    # again in squaring; n (1 - a)^n is below 1 / a / e = 184.
    np.testing.assert_allclose(cells.g.ravel(), [up, down], rtol=0, atol=184 * 2.0**-24 * 10e-6)


def test_trains_join() -> None:
    d, rng = device(), np.random.default_rng(0)
    whole, parts = d.fabricate((1, 1), rng), d.fabricate((1, 1), rng)
    d.pulse(whole, ..., np.full((1, 1), 700, dtype=F), rng)
    for n in (1, 99, 250, 350):
        d.pulse(parts, ..., np.full((1, 1), n, dtype=F), rng)
    np.testing.assert_allclose(whole.g, parts.g, rtol=0, atol=2e-5 * 10e-6)


def test_step_is_the_mean_change_at_mid_range() -> None:
    d, rng = device(), np.random.default_rng(0)
    cells = d.fabricate((1, 2), rng)
    d.write(cells, ..., np.full((1, 2), 6e-6, dtype=F), rng)
    d.pulse(cells, ..., np.array([[1, -1]], dtype=F), rng)
    assert np.abs(cells.g - F(6e-6)).mean() == pytest.approx(d.step, rel=1e-4)


@pytest.mark.parametrize("additive", [False, True])
@pytest.mark.parametrize("n", [1, 2, 3, 7, 50, 1000])
def test_kernel_has_exactly_the_two_moments(n: int, additive: bool) -> None:
    a, c, gap, span = 0.002, 2.0, 0.5, 0.7
    mean, variance = moments(a, c, n, additive=additive)
    one = np.ones(2, dtype=F)
    after = kernels.soft_bound_pulses(
        F(0.5) * one,
        F(a) * one,
        F(0.9) * one,
        F(-1) * one,
        one,
        F(n) * one,
        np.array([0, 1], dtype=F),
        F(c),
        F(9),
        not additive,
        F(span),
    )
    scale = span if additive else gap
    # 1 - a is rounded by up to 2^-25 of itself, its n-th power by n times that, and as much again in squaring;
    # absolute: a few roundings (6e-8) of a number near 1.
    np.testing.assert_allclose(1 - after[0], gap * mean, rtol=n * 2.0**-24, atol=2e-7)
    np.testing.assert_allclose(after[1] - after[0], scale * np.sqrt(variance), rtol=1e-4, atol=2e-7)


@pytest.mark.parametrize("additive", [False, True])
@pytest.mark.parametrize("sign", [1, -1])
def test_many_pulses_equal_pulse_by_pulse(sign: int, additive: bool) -> None:
    """Far from the bounds: the same mean and variance; for proportional noise another skewness, as documented."""
    c, n = 3.0, 60
    d = device(c2c_sigma=c, c2c_additive=additive)
    a = d.step_up if sign > 0 else d.step_down
    # From the symmetry point to the bound, where a constant noise has the size of the step.
    to_bound = 10e-6 * (d.step_down if sign > 0 else d.step_up) / (d.step_up + d.step_down)
    rng = np.random.default_rng(5)
    cells = d.fabricate(SHAPE, rng)
    d.write(cells, ..., np.full(SHAPE, 6e-6, dtype=F), rng)
    d.pulse(cells, ..., np.full(SHAPE, sign * n, dtype=F), rng)
    at_once = (11e-6 - cells.g.astype(float) if sign > 0 else cells.g.astype(float) - 1e-6).ravel()

    x = np.full(N, 5e-6)
    for _ in range(n):
        x = x * (1 - a) - (to_bound if additive else x) * a * c * rng.standard_normal(N)

    mean, variance = moments(a, c, n, additive=additive)
    sd = np.sqrt(variance) * (to_bound if additive else 5e-6)
    for sample in (at_once, x):
        assert abs(z_of_mean(sample, 5e-6 * mean, sd)) < 4
        assert abs(z_of_sd(sample, sd)) < 4
    # Standard error of a Gaussian's sample skewness: sqrt(6 / N) = 0.012.
    skew = [float((((s - s.mean()) / s.std()) ** 3).mean()) for s in (at_once, x)]
    assert abs(skew[0]) < 4 * np.sqrt(6 / N)
    expected = 0.0 if additive else 3 * a * c * np.sqrt(n)
    assert abs(skew[1] - expected) < 4 * np.sqrt(6 / N) + 0.1 * expected


@pytest.mark.parametrize("most", [60, 25, 5])  # up to 63 and to 127 pulses the kernel goes ways of their own
@pytest.mark.parametrize("proportional", [False, True])
def test_kernel_equals_its_numpy_twin(proportional: bool, most: int) -> None:
    rng, n = np.random.default_rng(3), 5003

    def between(low: float, high: float) -> np.ndarray:
        return rng.uniform(low, high, n).astype(F)

    counts = np.rint(most * rng.standard_normal(n)).astype(F)
    counts[:3] = [0, 0.4, -0.6]
    if most > 10:
        counts[3] = 3e9
    for noise in (0.0, 2.0, 1e6):
        arguments = (
            between(0, 1),
            between(1e-4, 1),
            between(1e-4, 1),
            between(0, 0.1),
            between(0.4, 1),
            counts,
            rng.standard_normal(n, dtype=F),
            F(noise),
            F(noise / 2),
            proportional,
            F(0.9),
        )
        fast = kernels.soft_bound_pulses(*arguments)
        assert np.isfinite(fast).all()
        np.testing.assert_array_equal(fast, reference.soft_bound_pulses(*arguments))


def test_steps_and_bounds_spread_as_told() -> None:
    d = device(d2d_sigma=0.2, up_down_sigma=0.05, g_max_sigma=0.1, g_min_sigma=0.02)
    cells = d.fabricate(SHAPE, np.random.default_rng(1))
    up, down = (
        share / F(nominal) for share, nominal in zip(d._shares(cells, ..., N), (0.002, 0.003), strict=True)
    )
    bottom, top = d.bounds(cells, ...)
    gain, tilt = (up + down) / 2, (up - down) / 2
    for sample, mean, sd in (
        (gain, 1.0, 0.2),
        (tilt, 0.0, 0.05),
        (top, 11e-6, 1e-6),
        (bottom, 1e-6, 0.2e-6),
    ):
        assert abs(z_of_mean(sample, mean, sd)) < 4
        assert abs(z_of_sd(sample, sd)) < 4
    independent = np.corrcoef([gain, tilt, top.ravel(), bottom.ravel()])[np.triu_indices(4, 1)]
    assert np.abs(independent).max() < 4 / np.sqrt(N)
    # The same two numbers from what pulses do.
    rng = np.random.default_rng(2)
    d.write(cells, ..., np.full(SHAPE, 6e-6, dtype=F), rng)
    before = cells.g.copy()
    d.pulse(cells, ..., np.full(SHAPE, 10, dtype=F), rng)
    seen = 1 - ((top - cells.g) / (top - before)) ** 0.1
    np.testing.assert_allclose(seen.ravel(), up * F(0.002), rtol=0, atol=1e-5)


@pytest.mark.parametrize("sigma", [0.5, 1.5])
def test_steps_stay_positive_and_keep_their_mean(sigma: float) -> None:
    d = device(d2d_sigma=sigma)
    share = d._shares(d.fabricate(SHAPE, np.random.default_rng(1)), ..., N)[0] / F(0.002)
    assert share.min() > 0
    assert share.max() < 2
    assert abs(z_of_mean(share, 1.0, float(share.std()))) < 4


def test_wide_spreads_keep_bounds_in_order() -> None:
    d = device(g_max_sigma=0.8, g_min_sigma=0.8, d2d_sigma=0.5, c2c_sigma=4.0)
    rng = np.random.default_rng(1)
    cells = d.fabricate(SHAPE, rng)
    bottom, top = d.bounds(cells, ...)
    assert bottom.min() == 0
    assert (bottom <= top).all()
    np.testing.assert_array_equal(cells.g, bottom)
    for count in (300, -300, 20000):
        d.pulse(cells, ..., np.full(SHAPE, count, dtype=F), rng)
        assert ((cells.g >= bottom) & (cells.g <= top)).all()
    d.write(cells, ..., np.full(SHAPE, 11e-6, dtype=F), rng)
    assert (cells.g <= top).all()


def test_write_noise_is_shown_and_does_not_accumulate() -> None:
    d, rng = device(write_sigma=0.05, c2c_sigma=1.0), np.random.default_rng(4)
    cells = d.fabricate(SHAPE, rng)
    d.write(cells, ..., np.full(SHAPE, 6e-6, dtype=F), rng)
    hidden = cells.more["hidden"]
    np.testing.assert_array_equal(hidden, F(6e-6))
    last = cells.g.copy()
    for count in (1, -1) * 10:
        d.pulse(cells, ..., np.full(SHAPE, count, dtype=F), rng)
        assert abs(z_of_sd(cells.g - hidden, 0.5e-6)) < 4
        assert abs(z_of_mean(cells.g - hidden, 0.0, 0.5e-6)) < 4
        # Fresh at every event: independent of the last one's.
        assert abs(np.corrcoef((cells.g - hidden).ravel(), last.ravel())[0, 1]) < 4 / np.sqrt(N)
        last = cells.g - hidden
    before = cells.g.copy()
    d.pulse(cells, np.array([3]), np.zeros((1, SHAPE[1]), dtype=F), rng)
    np.testing.assert_array_equal(cells.g, before)


def test_pulses_move_what_rests_not_what_is_shown() -> None:
    quiet, noisy = device(), device(write_sigma=0.05)
    ends = []
    for d in (quiet, noisy):
        rng = np.random.default_rng(4)
        cells = d.fabricate((10, 10), rng)
        for _ in range(5):
            d.pulse(cells, ..., np.full((10, 10), 40, dtype=F), rng)
        ends.append(cells.more.get("hidden", cells.g))
    np.testing.assert_array_equal(*ends)


def test_no_hidden_state_without_write_noise() -> None:
    assert device(c2c_sigma=1.0, d2d_sigma=0.1).fabricate((2, 2), np.random.default_rng(0)).more.keys() == {
        "gain_up",
        "gain_down",
    }


def test_direct_write_misses_by_program_sigma() -> None:
    d, rng = device(program_sigma=0.03), np.random.default_rng(4)
    cells = d.fabricate(SHAPE, rng)
    d.write(cells, ..., np.full(SHAPE, 6e-6, dtype=F), rng)
    assert abs(z_of_mean(cells.g, 6e-6, 0.3e-6)) < 4
    assert abs(z_of_sd(cells.g, 0.3e-6)) < 4


def test_switching_step_noise_off_keeps_the_write_noise() -> None:
    shown = []
    for c2c in (0.0, 3.0):
        d, rng = device(write_sigma=0.05, c2c_sigma=c2c), np.random.default_rng(4)
        cells = d.fabricate((20, 20), rng)
        d.write(cells, ..., np.full((20, 20), 6e-6, dtype=F), rng)
        d.pulse(cells, ..., np.full((20, 20), 5, dtype=F), rng)
        shown.append(cells.g - cells.more["hidden"])
    np.testing.assert_allclose(shown[0], shown[1], rtol=0, atol=2e-12)  # differences of float32 near 6e-6
    assert np.abs(shown[0]).max() > 1e-7


def test_switching_one_spread_off_keeps_the_others() -> None:
    def cells(**values: Any) -> dict[str, np.ndarray]:
        return device(**values).fabricate((20, 20), np.random.default_rng(1)).more

    both, without = cells(d2d_sigma=0.2, g_max_sigma=0.1, stuck_on_fraction=0.3), cells(g_max_sigma=0.1)
    np.testing.assert_array_equal(both["high"], without["high"])
    faults = cells(stuck_on_fraction=0.3)
    np.testing.assert_array_equal(both["stuck"], faults["stuck"])


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"c2c_sigma": 2.0},
        {"c2c_sigma": 2.0, "c2c_additive": True, "d2d_sigma": 0.3},
        {"c2c_sigma": 1.0, "g_max_sigma": 0.2, "g_min_sigma": 0.1, "write_sigma": 0.05},
        {"write_sigma": 0.05, "stuck_on_fraction": 0.1, "stuck_off_fraction": 0.2},
        {"d2d_sigma": 0.3, "stuck_off_fraction": 0.2},
    ],
)
def test_whole_rows_in_place_equal_the_general_way(values: dict[str, Any]) -> None:
    """Row indices take the fast path, a pair of index arrays the general one: equal bit for bit."""
    d, draws = device(**values), np.random.default_rng(5)
    rows = np.flatnonzero(draws.random(60) < 0.6).astype(np.int32)  # more cells than a patch has
    cells = [d.fabricate((60, 50), np.random.default_rng(1)) for _ in range(2)]
    rngs = [np.random.default_rng(2) for _ in range(2)]
    for most in (40, 40, 100, 400):
        count = draws.integers(-most, most, (rows.size, 50)).astype(F) * (draws.random((rows.size, 50)) < 0.7)
        count *= np.arange(50) < draws.integers(0, 51, (rows.size, 1))  # rows end early, or are empty
        d.pulse(cells[0], rows, count, rngs[0])
        d.pulse(cells[1], np.ix_(rows, np.arange(50)), count, rngs[1])
    assert (cells[0].g[rows] != d.g_min).any()
    np.testing.assert_array_equal(cells[0].g, cells[1].g)
    for name in cells[0].more:
        np.testing.assert_array_equal(cells[0].more[name], cells[1].more[name])
    assert rngs[0].bit_generator.state == rngs[1].bit_generator.state


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"write_sigma": 0.05},
        {"g_max_sigma": 0.2, "g_min_sigma": 0.1, "write_sigma": 0.05, "stuck_on_fraction": 0.2},
        {"program_sigma": 0.1},
    ],
)
def test_single_cells_written_in_place_equal_the_general_way(values: dict[str, Any]) -> None:
    """Numbers of 32 bits take the fast path, of 64 the general one: equal bit for bit."""
    d, draws = device(**values), np.random.default_rng(5)
    at = draws.permutation(600)[:200]
    places = np.divmod(at, 30)
    cells = [d.fabricate((20, 30), np.random.default_rng(1)) for _ in range(2)]
    rngs = [np.random.default_rng(2) for _ in range(2)]
    for _ in range(3):
        target = draws.uniform(0, 13e-6, 200).astype(F)
        assert d.write(cells[0], tuple(i.astype(np.int32) for i in places), target, rngs[0]) == 200
        assert d.write(cells[1], places, target, rngs[1]) == 200
    assert (cells[0].g[places] != d.g_min).any()
    np.testing.assert_array_equal(cells[0].g, cells[1].g)
    for name in cells[0].more:
        np.testing.assert_array_equal(cells[0].more[name], cells[1].more[name])
    assert rngs[0].bit_generator.state == rngs[1].bit_generator.state
