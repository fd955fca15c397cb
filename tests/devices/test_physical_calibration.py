"""Fitting a fast device to a physical one: what it inherits, how well, and what it refuses."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from devices.physical import (
    Calibration,
    LinearDrift,
    Pulses,
    StanfordPku,
    Vteam,
    Yakopcic,
    calibrate,
    fit_soft_bounds,
)
from devices.soft_bounds import SoftBoundsRram
from htm.pick import BadInput

PULSES = Pulses(set_amplitude=0.2, set_width=1e-4, reset_amplitude=-0.2, reset_width=1e-4)
VTEAM = Vteam(r_on=1e3, r_off=1e4, k_on=-100.0, k_off=100.0, v_on=-0.5, v_off=0.5, alpha_off=3, alpha_on=3)


def changed(**values: Any) -> Pulses:
    return Pulses(**{**PULSES.model_dump(), **values})


def replayed(found: Calibration) -> tuple[np.ndarray, np.ndarray]:
    """Curves of the fitted device itself, pulse by pulse in the array's own code, from the physical starts."""
    device, rng = found.device, np.random.default_rng(0)
    cells = device.fabricate((1, 2), rng)
    starts = [found.potentiation.physical[0], found.depression.physical[0]]
    cells.g[...] = np.array([starts], dtype=np.float32)
    curves = [cells.g[0].copy()]
    for _ in range(found.pulses.n_pulses):
        device.pulse(cells, ..., np.array([[1.0, -1.0]], dtype=np.float32), rng)
        curves.append(cells.g[0].copy())
    both = np.array(curves)
    return both[:, 0], both[:, 1]


def test_the_device_follows_the_physical_curve_at_five_points() -> None:
    """Within 3 % of the range covered, in the array's own arithmetic."""
    found = calibrate(Yakopcic(), PULSES)
    assert found.r2 > 0.998
    assert found.max_deviation < 0.03
    up, down = replayed(found)
    covered = found.potentiation.physical[-1] - found.potentiation.physical[0]
    for points, curve in ((up, found.potentiation.physical), (down, found.depression.physical)):
        at = [0, 10, 20, 35, 50]
        assert np.abs(points[at] - curve[at]).max() < 0.05 * covered
    g = found.device
    assert g.g_min <= found.potentiation.physical.min() * (1 + 1e-9)
    assert g.g_max >= found.potentiation.physical.max() * (1 - 1e-9)


@pytest.mark.parametrize(
    "trains",
    [
        [changed(set_amplitude=a, reset_amplitude=-a) for a in (0.18, 0.2, 0.22, 0.26, 0.3)],
        [changed(set_width=w, reset_width=w) for w in (2e-5, 5e-5, 1e-4, 2e-4)],
    ],
    ids=["amplitude", "width"],
)
def test_a_stronger_or_longer_pulse_is_a_longer_step(trains: list[Pulses]) -> None:
    found = [calibrate(Yakopcic(), pulses).device for pulses in trains]
    for name in ("step_up", "step_down", "step"):
        assert (np.diff([getattr(device, name) for device in found]) > 0.0).all(), name


@pytest.mark.parametrize(
    "trains",
    [
        [
            Pulses(set_amplitude=-a, set_width=1e-3, reset_amplitude=a, reset_width=1e-3)
            for a in (0.75, 0.85, 0.95, 1.05)
        ],
        [
            Pulses(set_amplitude=-0.9, set_width=w, reset_amplitude=0.9, reset_width=w)
            for w in (3e-4, 6e-4, 1.2e-3, 2.4e-3)
        ],
    ],
    ids=["amplitude", "width"],
)
def test_the_step_in_siemens_grows_with_the_pulse(trains: list[Pulses]) -> None:
    steps = [calibrate(VTEAM, pulses).device.step for pulses in trains]
    assert (np.diff(steps) > 0.0).all()


def curves(device: SoftBoundsRram, n: int) -> tuple[np.ndarray, np.ndarray]:
    k = np.arange(n + 1)
    span = device.g_max - device.g_min
    return (
        device.g_max - 0.9 * span * (1 - device.step_up) ** k,
        device.g_min + 0.8 * span * (1 - device.step_down) ** k,
    )


@pytest.mark.parametrize("g_min", [0.0, 1e-6])
@pytest.mark.parametrize(("up", "down"), [(0.05, 0.03), (0.02, 0.2), (0.4, 0.01)])
def test_a_soft_bounds_curve_gives_its_own_parameters_back(g_min: float, up: float, down: float) -> None:
    truth = SoftBoundsRram(g_min=g_min, g_max=2e-5, step_up=up, step_down=down)
    found = fit_soft_bounds(*curves(truth, 60), changed(n_pulses=60))
    for name in ("g_max", "step_up", "step_down"):
        assert getattr(found.device, name) == pytest.approx(getattr(truth, name), rel=1e-4), name
    assert found.device.g_min == pytest.approx(g_min, abs=1e-4 * 2e-5)
    assert found.r2 == pytest.approx(1.0, abs=1e-9)
    assert found.max_deviation < 1e-5


def test_a_straight_curve_keeps_its_bound_within_reach() -> None:
    straight = np.linspace(1e-6, 2e-6, 51)
    for reach in (0.0, 1.0, 3.0):
        device = fit_soft_bounds(straight, straight[::-1], changed(reach=reach)).device
        assert device.g_max == pytest.approx((2.0 + reach) * 1e-6)
        assert device.g_min == pytest.approx(max(1.0 - reach, 0.0) * 1e-6, abs=1e-15)
    device = fit_soft_bounds(straight, straight[::-1], PULSES, lowest=0.9e-6, highest=2.1e-6).device
    assert (device.g_min, device.g_max) == (pytest.approx(0.9e-6), pytest.approx(2.1e-6))


def test_a_resistor_in_series_weakens_the_pulses() -> None:
    free = calibrate(Yakopcic(), PULSES).device
    loaded = calibrate(Yakopcic(), changed(series_resistance=20.0)).device
    assert loaded.step < free.step


def test_the_heated_model_fits_too() -> None:
    model = StanfordPku(initial_state=1e-9, minimum_field=0.0)
    found = calibrate(
        model,
        Pulses(
            set_amplitude=1.4, set_width=2e-8, reset_amplitude=-1.4, reset_width=2e-8, series_resistance=1e3,
            n_pulses=30,
        ),
    )  # fmt: skip
    assert found.r2 > 0.98
    assert found.max_deviation < 0.1


@pytest.mark.parametrize(
    ("model", "values", "message"),
    [
        (
            VTEAM,
            dict(set_amplitude=-0.4, reset_amplitude=0.9),
            "set_amplitude, set_width: must move the conductance",
        ),
        (
            VTEAM,
            dict(set_amplitude=0.9, reset_amplitude=-0.9),
            "set_amplitude: must raise the conductance, got 0.9 V",
        ),
        (
            VTEAM,
            dict(set_amplitude=-2.0, reset_amplitude=0.9),
            "set_width: must take several pulses, got 100 %",
        ),
        (
            VTEAM,
            dict(set_amplitude=-0.9, reset_amplitude=2.5),
            "reset_width: must take several pulses, got 100 %",
        ),
        (
            LinearDrift(initial_state=1.0),
            dict(set_amplitude=1.0, reset_amplitude=-1.0),
            "must move the conductance, got 0.0e.00",
        ),
    ],
)
def test_useless_pulses_are_refused(model: Any, values: dict[str, float], message: str) -> None:
    with pytest.raises(BadInput, match=re.compile(message)) as caught:
        calibrate(model, Pulses(set_width=1e-3, reset_width=1e-3, **values))
    assert "\n" not in str(caught.value)


def test_calibrating_twice_gives_the_same() -> None:
    assert calibrate(Yakopcic(), PULSES).device == calibrate(Yakopcic(), PULSES).device
