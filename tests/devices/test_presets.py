"""Presets against the numbers of their sources, and how a configuration overrides them."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from devices.curves import polynomial
from devices.levels import LevelRram
from devices.model import DeviceModel
from devices.pcm import Pcm
from devices.presets import DAY, DEVICES, describe, device_from, override
from devices.soft_bounds import SoftBoundsRram
from htm.pick import BadInput

F = np.float32


def sd(poly: tuple[float, ...], g: float, g_max: float) -> float:
    """Of a preset's polynomial [S]."""
    return float(polynomial(poly, np.array([g / g_max], dtype=F))[0]) * g_max


@pytest.mark.parametrize(("g", "expected"), [(12.5e-6, 0.953e-6), (25e-6, 1.055e-6)])
def test_pcm_programming_polynomial(g: float, expected: float) -> None:
    device = device_from("pcm_joshi2020")
    assert isinstance(device, Pcm)
    assert sd(device.program_poly, g, device.g_max) == pytest.approx(expected, abs=0.0005e-6)


@pytest.mark.parametrize("g", np.linspace(6e-6, 25e-6, 5))
def test_pcm_agrees_with_crosssims_fit(g: float) -> None:
    """Two groups' fits to the same figure, within 3 % from a quarter of the range up."""
    other = 1e-6 * (-0.00178767 * (g * 1e6) ** 2 + 0.07585724 * g * 1e6 + 0.28638599)
    device = device_from("pcm_joshi2020")
    assert isinstance(device, Pcm)
    assert sd(device.program_poly, g, 25e-6) == pytest.approx(other, rel=0.03)


@pytest.mark.parametrize(
    ("r", "nu_mean", "nu_sd"),
    [
        (1.0, 0.049, 0.008),
        (0.1, -0.0155 * np.log(0.1) + 0.0244, -0.0125 * np.log(0.1) - 0.0059),
        (1e-3, 0.1, 0.045),
        (0.0, 0.1, 0.045),
    ],
)
def test_pcm_drift_curves(r: float, nu_mean: float, nu_sd: float) -> None:
    device = device_from("pcm_joshi2020")
    assert isinstance(device, Pcm)
    level = np.array([r], dtype=F)
    assert device.drift_nu_mean.at(level)[0] == pytest.approx(nu_mean, rel=1e-5)
    assert device.drift_nu_sd.at(level)[0] == pytest.approx(nu_sd, rel=1e-5)
    assert device.exponents(level, np.array([2], dtype=F))[0] == pytest.approx(nu_mean + 2 * nu_sd, rel=1e-5)
    assert device.drift_t0 == 20.0


def test_wan_polynomials_at_half_range() -> None:
    device = device_from("rram_wan2022")
    assert isinstance(device, LevelRram)
    curves = [device.program_poly, *(miss.poly for miss in device.retention)]
    assert [sd(poly, 20e-6, 40e-6) for poly in curves] == pytest.approx([2.0e-6, 3.9e-6, 3.9e-6], abs=0.05e-6)
    assert [device.program_time, *(miss.after for miss in device.retention)] == [1.0, DAY, 2 * DAY]
    assert device.read_sigma == 0.01


def test_gong_is_aihwkits_device_in_shares_of_the_range() -> None:
    """One step from weight 0, at the symmetry point: dw_min = 0.002 up and down, of a range of 2."""
    device = device_from(
        {"preset": "rram_gong2018", "d2d_sigma": 0, "up_down_sigma": 0, "c2c_sigma": 0, "write_sigma": 0}
        | {"g_max_sigma": 0, "g_min_sigma": 0}
    )
    assert isinstance(device, SoftBoundsRram)
    rng = np.random.default_rng(0)
    cells = device.fabricate((1, 2), rng)
    symmetry = device.g_min + 0.75 / 2 * device.span
    device.write(cells, ..., np.full((1, 2), symmetry, dtype=F), rng)
    device.pulse(cells, ..., np.array([[10, -10]], dtype=F), rng)
    weights = (cells.g.astype(float) - symmetry) / device.span * 2
    up, down = 1.25 * (1 - (1 - 0.002 / 1.25) ** 10), -0.75 * (1 - (1 - 0.002 / 0.75) ** 10)
    np.testing.assert_allclose(weights, [[up, down]], rtol=1e-4)


@pytest.mark.parametrize("level", [0.2, 0.375, 0.8])
def test_gong_step_noise_is_dw_min_std_everywhere(level: float) -> None:
    """|z| < 4, standard error of a sample sd sd / sqrt(2 N): 3.75 x 0.002 weights a pulse, up and down."""
    device = device_from(
        {"preset": "rram_gong2018", "d2d_sigma": 0, "up_down_sigma": 0, "write_sigma": 0}
        | {"g_max_sigma": 0, "g_min_sigma": 0}
    )
    assert isinstance(device, SoftBoundsRram)
    rng = np.random.default_rng(0)
    cells = device.fabricate((2, 20_000), rng)
    device.write(cells, ..., np.full((2, 20_000), device.g_min + level * device.span, dtype=F), rng)
    device.pulse(cells, ..., np.array([[1], [-1]], dtype=F) * np.ones((2, 20_000), dtype=F), rng)
    for weights in cells.g.astype(float) / device.span * 2:
        assert abs((weights.std() - 0.0075) / (0.0075 / np.sqrt(40_000))) < 4


def test_gong_spreads() -> None:
    device = device_from("rram_gong2018")
    assert isinstance(device, SoftBoundsRram)
    assert device.write_sigma == pytest.approx(0.056)
    assert device.g_max_sigma == pytest.approx(0.15)
    assert device.g_min_sigma == pytest.approx(0.15)
    assert (1 / device.g_max, 1 / device.g_min) == pytest.approx((100e3, 1.7e6))


@pytest.mark.parametrize("name", sorted(DEVICES))
def test_every_preset_says_what_it_is_and_where_from(name: str) -> None:
    summary, source = describe(name)
    assert summary.endswith(".")
    assert source
    assert device_from(name) == DEVICES[name]()
    if name != "ideal":
        assert any(str(year) in source for year in range(1990, 2030))
        assert "assumed" in (DEVICES[name].__doc__ or "")


def test_overrides() -> None:
    device = device_from({"preset": "pcm_joshi2020", "g_max": "10 uS", "read_sigma": "0.02", "n_levels": 16})
    assert (device.g_max, device.read_sigma, device.n_levels) == (1e-5, 0.02, 16)


@pytest.mark.parametrize(
    ("changes", "g_min", "g_max", "ratio"),
    [
        ({}, 1e-5 / 17, 1e-5, 17),
        ({"on_off_ratio": 100}, 1e-7, 1e-5, 100),
        ({"g_max": 2e-5}, 2e-5 / 17, 2e-5, 17),
        ({"g_max": "20 uS", "on_off_ratio": 10}, 2e-6, 2e-5, 10),
        ({"g_min": "2 uS"}, 2e-6, 1e-5, None),
        ({"on_off_ratio": None}, 1e-5 / 17, 1e-5, None),
    ],
)
def test_ratio_and_range_can_be_overridden_again_and_again(
    changes: dict[str, Any], g_min: float, g_max: float, ratio: float | None
) -> None:
    device: DeviceModel = device_from({"preset": "rram_gong2018", **changes})
    for _ in range(3):
        assert (device.g_min, device.g_max) == pytest.approx((g_min, g_max))
        assert device.on_off_ratio == ratio
        device = override(device, changes)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "pcm_joshi2021",
            "device: unknown name 'pcm_joshi2021' (did you mean pcm_joshi2020 or pcm_hermes2023?)",
        ),
        (
            {"preset": "rram_gong", "read_sigma": 0},
            "device: unknown name 'rram_gong' (did you mean rram_gong2018",
        ),
        (3, "device: unknown name 3 (known: capacitor_li2018, "),
        ({"read_sigma": 0.1}, "device.preset: must be given, one of ideal, "),
        ({"preset": "ideal", "read_nois": 1}, "device.read_nois: unknown key (did you mean read_sigma"),
        (
            {"preset": "ideal", "read_sigma": -1},
            "device.read_sigma: input should be greater than or equal to 0, got -1",
        ),
        (
            {"preset": "ideal", "g_max": "3 V"},
            "device.g_max: must be in S (with a prefix such as n, u, m, k), got '3 V'",
        ),
        ({"preset": "rram_wan2022", "drift_nu": 0.1}, "device.drift_nu: unknown key"),
        (
            {"preset": "pcm_joshi2020", "drift_nu_mean": {"slope": 0, "intercept": 0.1, "low": 1, "high": 0}},
            "device.drift_nu_mean: low: must not exceed high (0), got 1",
        ),
        (
            {"preset": "rram_gong2018", "g_min": 1e-6, "on_off_ratio": 5},
            "device: on_off_ratio: gives g_min = 2e-06 S, got g_min = 1e-06 S beside it (give one)",
        ),
        (
            {"preset": "rram_gong2018", "on_off_ratio": "x"},
            "device.on_off_ratio: input should be a valid number",
        ),
    ],
)
def test_bad_specs_are_refused_in_one_line(spec: Any, message: str) -> None:
    with pytest.raises(BadInput) as refused:
        device_from(spec)
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


def test_a_spec_is_not_changed() -> None:
    spec = {"preset": "ideal", "read_sigma": 0.1}
    device_from(spec)
    assert spec == {"preset": "ideal", "read_sigma": 0.1}


def test_presets_import_nothing_heavy() -> None:
    """In a fresh interpreter: what `hwsim list` needs must answer at once."""
    heavy = ("matplotlib", "brian2", "pandas", "scipy", "numba")
    code = (
        "import sys; from devices.presets import DEVICES, device_from; [device_from(n) for n in DEVICES]; "
        f"print(sorted(set({heavy}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
