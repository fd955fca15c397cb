"""Phase-change memory: programming noise, drift, read noise.

Statistical bounds: |z| < 4 with fixed seeds; standard error of a mean sd / sqrt(N), of a sample sd
sqrt((m4 - sd^4) / N) / (2 sd) with m4 the fourth central moment (sd / sqrt(2 N) for a Gaussian).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from devices.model import Cells
from devices.pcm import Pcm
from devices.presets import device_from

F = np.float32
SHAPE = (200, 200)
N = SHAPE[0] * SHAPE[1]
G_MAX = 25e-6


def programmed(level: float, seed: int = 11, **overrides: Any) -> tuple[Pcm, Cells]:
    d = device_from({"preset": "pcm_joshi2020", **overrides})
    assert isinstance(d, Pcm)
    rng = np.random.default_rng(seed)
    cells = d.fabricate(SHAPE, rng)
    d.write(cells, ..., np.full(SHAPE, level * d.g_max, dtype=F), rng)
    return d, cells


def absolute_normal(mu: float, sd: float) -> tuple[float, float, float]:
    """Mean, sd and fourth central moment of abs(mu + sd xi), by quadrature."""
    xi = np.linspace(-9, 9, 200_001)
    weight = np.exp(-0.5 * xi**2)
    weight /= weight.sum()
    value = np.abs(mu + sd * xi)
    mean = float((weight * value).sum())
    return (
        mean,
        math.sqrt(float((weight * (value - mean) ** 2).sum())),
        float((weight * (value - mean) ** 4).sum()),
    )


@pytest.mark.parametrize("r", [0.25, 0.5, 1.0])
def test_programming_noise(r: float) -> None:
    d, cells = programmed(r)
    sd = 1e-6 * (0.26348 + 1.9650 * r - 1.1731 * r**2)
    if r == 0.5:
        assert sd == pytest.approx(0.953e-6, abs=0.0005e-6)  # the facts' cross-check
    off = cells.g.astype(float) - r * G_MAX
    assert abs(off.mean() / (sd / math.sqrt(N))) < 4
    assert abs((off.std() - sd) / (sd / math.sqrt(2 * N))) < 4
    np.testing.assert_array_equal(d.conductance(cells, ...), cells.g)


@pytest.mark.parametrize("r", [0.01, 0.1, 0.5, 1.0])
def test_drift_exponents_by_level(r: float) -> None:
    d, cells = programmed(r, program_scale=0)
    d.relax(cells, 20.0)
    early = d.conductance(cells, ...).astype(float)
    np.testing.assert_array_equal(early.astype(F), F(r * G_MAX))  # no drift up to t0
    d.relax(cells, 20e6 - 20.0)
    nu = -np.log(d.conductance(cells, ...) / early) / math.log(1e6)
    mu = min(max(-0.0155 * math.log(r) + 0.0244, 0.049), 0.1)
    sigma = min(max(-0.0125 * math.log(r) - 0.0059, 0.008), 0.045)
    mean, sd, fourth = absolute_normal(mu, sigma)
    assert nu.min() > -1e-6
    assert abs((nu.mean() - mean) / (sd / math.sqrt(N))) < 4
    assert abs((nu.std() - sd) / (math.sqrt((fourth - sd**4) / N) / (2 * sd))) < 4


def test_drift_is_a_power_law() -> None:
    d, cells = programmed(0.4)
    nu = cells.more["nu"].astype(float)
    for seconds in (25.0, 1e3, 86400.0, 3e7):
        d.relax(cells, seconds - cells.clock)
        expected = cells.g * (seconds / 20.0) ** -nu
        np.testing.assert_allclose(d.conductance(cells, ...), expected, rtol=2e-6)


def test_exponent_can_be_set_for_every_level() -> None:
    for level in (0.05, 1.0):
        d, cells = programmed(level, drift_nu=0.06)
        np.testing.assert_array_equal(cells.more["nu"], F(0.06))
        d, cells = programmed(level, drift_nu=0.06, drift_nu_sigma=0.01, drift_scale=2)
        nu = cells.more["nu"].astype(float)
        assert abs((nu.mean() - 0.12) / (0.02 / math.sqrt(N))) < 4
        assert abs((nu.std() - 0.02) / (0.02 / math.sqrt(2 * N))) < 4
    for off in ({"drift_nu": 0}, {"drift_scale": 0}):
        d, cells = programmed(0.5, **off)
        d.relax(cells, 1e6)
        np.testing.assert_array_equal(d.conductance(cells, ...), cells.g)


def test_programming_is_continuous_and_restarts_drift() -> None:
    d, cells = programmed(0.5, program_scale=0)
    d.relax(cells, 2000.0)
    drifted = d.conductance(cells, ...)
    count = np.zeros(SHAPE, dtype=F)
    count[:, ::2] = 1e-30  # pulsed, but nowhere to go
    d.pulse(cells, ..., count, np.random.default_rng(1))
    np.testing.assert_array_equal(d.conductance(cells, ...), drifted)
    d.relax(cells, 20.0)
    later = d.conductance(cells, ...)
    np.testing.assert_array_equal(later[:, ::2], drifted[:, ::2])  # starts anew: no drift up to t0
    assert (later[:, 1::2] < drifted[:, 1::2]).all()
    nu = cells.more["nu"].astype(float)
    d.relax(cells, 180.0)
    np.testing.assert_allclose(
        d.conductance(cells, ...)[:, ::2], drifted[:, ::2] * (200.0 / 20.0) ** -nu[:, ::2], rtol=2e-6
    )


@pytest.mark.parametrize("seconds", [0.0, 2e-7, 1e-6, 1.0, 1e4])
@pytest.mark.parametrize("r", [0.005, 0.1, 1.0])
def test_read_noise_by_level_and_time(r: float, seconds: float) -> None:
    d, cells = programmed(r, program_scale=0, drift_scale=0)
    d.relax(cells, seconds)
    q = min(0.0088 / r**0.65, 0.2)
    log = math.log((seconds + 250e-9) / 500e-9)
    sd = r * G_MAX * q * math.sqrt(max(log, 0.0))
    seen = d.read(cells, ..., np.random.default_rng(2)).astype(float) - r * G_MAX
    np.testing.assert_allclose(d.read_noise(cells, ..., d.conductance(cells, ...)), sd, rtol=1e-4)
    if seconds <= 250e-9:
        np.testing.assert_allclose(seen, 0, atol=1e-7 * r * G_MAX)
        return
    assert abs(seen.mean() / (sd / math.sqrt(N))) < 4
    assert abs((seen.std() - sd) / (sd / math.sqrt(2 * N))) < 4


def test_read_noises_add_in_quadrature_and_follow_drift() -> None:
    d, cells = programmed(0.5, read_sigma=0.02, read_noise_scale=0.5)
    d.relax(cells, 1e5)
    g = d.conductance(cells, ...).astype(float)
    q = 0.5 * 0.0088 / (cells.g / G_MAX).astype(float) ** 0.65
    expected = g * np.sqrt(0.02**2 + q**2 * math.log((1e5 + 250e-9) / 500e-9))
    np.testing.assert_allclose(d.read_noise(cells, ..., d.conductance(cells, ...)), expected, rtol=1e-5)
    quiet, cells = programmed(0.5, read_noise_scale=0)
    quiet.relax(cells, 1e5)
    assert not quiet.noisy
    assert quiet.proportional_noise
    assert not d.proportional_noise


def test_switching_programming_noise_off_keeps_the_exponents() -> None:
    noisy, quiet = programmed(0.5)[1], programmed(0.5, program_scale=0)[1]
    np.testing.assert_array_equal(noisy.more["nu"], quiet.more["nu"])
    assert noisy.g.std() > 0
    assert quiet.g.std() == 0


def test_stuck_cells_neither_drift_nor_take_anothers_noise() -> None:
    d, cells = programmed(0.1, stuck_on_fraction=0.5)
    d.relax(cells, 1e6)
    stuck = cells.more["stuck"] != 0
    g = d.conductance(cells, ...)
    np.testing.assert_array_equal(g[stuck], F(G_MAX))
    sd = d.read_noise(cells, ..., g)[stuck]
    np.testing.assert_allclose(sd, G_MAX * 0.0088 * math.sqrt(math.log(1e6 / 500e-9)), rtol=1e-4)


def test_unused_mechanisms_cost_no_arrays() -> None:
    d = device_from({"preset": "pcm_joshi2020", "drift_scale": 0, "read_noise_scale": 0})
    assert not d.fabricate((2, 2), np.random.default_rng(0)).more
    assert not d.ages
