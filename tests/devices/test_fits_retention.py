"""Fits of retention: intervals hold the truth, courses are told apart, and what data cannot tell is said.

The full hundred repetitions of every case are in ``benchmarks/fit_round_trip_retention.py``, whose cases these are.
"""

from __future__ import annotations

import importlib.util
import math
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom

from devices.fit.join import device_of
from devices.fit.result import Fit
from devices.fit.retention import AGEING, fit_retention
from devices.fit.retention_levels import needed, sd_polynomial, table
from devices.fit.retention_power_law import curve
from devices.fit.retention_profile import Unknown, likeliest
from devices.fit.retention_runs import Runs, lines
from devices.levels import LevelRram, Miss
from devices.measure import measure_retention
from devices.measurements import RetentionRun
from devices.model import DeviceModel
from devices.models import MODELS
from devices.presets import device_from
from htm.pick import BadInput

F64 = NDArray[np.float64]


def _benchmark() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "fit_round_trip_retention.py"
    spec = importlib.util.spec_from_file_location("fit_round_trip_retention", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fit_round_trip_retention"] = module
    spec.loader.exec_module(module)
    return module


bench = _benchmark()
QUICK = {
    "drift from 300 s": 10, "drift, three temperatures": 4, "pcm": 1, "pcm, three temperatures": 1,
    "relaxation, three temperatures": 5, "level_rram": 30, "level_rram, Wan 2022": 10, "charge_trap": 3,
    "leakage": 20, "leakage, three temperatures": 4,
}  # fmt: skip
TIMES = [1.0, 10.0, 1e2, 1e3, 1e4, 1e5, 1e6]
LATER = [20.0 * time for time in TIMES]
DAY = 86400.0


@pytest.mark.parametrize("name", list(QUICK))
def test_intervals_hold_the_truth(name: str) -> None:
    """Fewer hits of a parameter, or of all, than a coverage of 90 % gives once in 10,000 tests fail it."""
    repeats = QUICK[name]
    found = bench.repeat(bench.CASES[name](), repeats)
    hits = told = 0
    for parameter, (covered, silent, _) in found.items():
        assert silent <= max(1, repeats // 5), parameter
        assert covered >= int(binom.ppf(1e-4, repeats - silent, 0.9)), parameter
        hits, told = hits + covered, told + repeats - silent
    assert hits >= int(binom.ppf(1e-4, told, 0.85))  # a little less, for they go together


@cache
def _fitted(name: str) -> Fit:
    fit: Fit = bench.CASES[name]().fit(0)
    return fit


def _ends(device: DeviceModel, case: object, seed: int) -> F64:
    """Conductance over target after the longest time, (levels, cells); at the first temperature."""
    times = list(case.times)  # type: ignore[attr-defined]
    data = measure_retention(device, list(case.levels), times, case.cells, seed)  # type: ignore[attr-defined]
    assert data.target is not None
    last = np.isclose(data.time, times[-1])
    share: F64 = (data.conductance[last] / data.target[last]).reshape(-1, case.cells)  # type: ignore[attr-defined]
    return share


@pytest.mark.parametrize("name", list(QUICK))
def test_what_is_fitted_goes_into_a_model(name: str) -> None:
    fit = _fitted(name)
    assert all(math.isfinite(number) for number in fit.goodness.values())
    assert fit.goodness["R squared"] > 0.9
    assert fit.values.keys() <= MODELS[fit.model or "soft_bounds"].model_fields.keys()


@pytest.mark.parametrize("name", ["pcm", "relaxation, three temperatures", "level_rram", "charge_trap"])
def test_a_fitted_device_ends_where_the_measured_one_does(name: str) -> None:
    """Cells made of what was fitted reach the same mean at every level, and scatter as much."""
    case = bench.CASES[name]()
    real, made = _ends(case.device, case, 5), _ends(device_of([_fitted(name)]), case, 6)
    n = real.shape[1]
    error = np.sqrt((real.var(axis=1) + made.var(axis=1)) / n)
    assert (np.abs(real.mean(axis=1) - made.mean(axis=1)) < 5.0 * error).all()
    assert (np.abs(np.log(real.std(axis=1) / made.std(axis=1))) < 5.0 / math.sqrt(n)).all()


@pytest.mark.parametrize(
    ("spec", "levels", "times", "model"),
    [
        ({"preset": "ecram_tang2018", "drift_nu": 0.05, "read_sigma": 0.01}, [3e-6, 8e-6], TIMES, ""),
        ({"preset": "pcm_joshi2020", "read_noise_scale": 0.2}, [2e-6, 4e-6, 8e-6, 2e-5], LATER, "pcm"),
        ({"preset": "rram_cmo2024", "read_noise_scale": 0, "relax_growth": 3e-7}, [2e-5, 8e-5], TIMES, "relaxing_rram"),
        ({"preset": "sonos_agrawal2022"}, [1.6e-6, 5e-6, 1e-5, 1.6e-5], [1.0, DAY, 3 * DAY, 5 * DAY], "charge_trap"),
        ({"preset": "capacitor_li2018", "read_sigma": 0.01}, [2e-6, 9e-6], [0.1, 0.3, 1.0, 2.0, 4.0], "linear_step"),
    ],
)  # fmt: skip
def test_the_course_is_told_from_the_data(
    spec: dict[str, object], levels: list[float], times: list[float], model: str
) -> None:
    fit = fit_retention(measure_retention(device_from(spec), levels, times, 25, 4))
    assert fit.model == model
    assert "Bayesian information criterion" in fit.notes[0]


def test_misses_of_one_draw_a_cell_are_told_from_those_of_two() -> None:
    """Cells that keep the sign of their miss and grow by a kink: no line, whatever its slope."""
    case = bench.CASES["level_rram"]()
    later = (case.device.retention[0].model_copy(update={"poly": (0.06, 0.2)}), *case.device.retention[1:])
    device = case.device.model_copy(update={"retention": later})
    times = (1.0, 30.0, 1e3, 1e4, 1e5)
    assert replace(case, device=device, model=None, times=times).fit(0).model == "level_rram"


class TestWhatIsNotTold:
    def _without_targets(self, data: RetentionRun) -> RetentionRun:
        return replace(data, target=None)

    def test_heat_needs_targets_or_a_beginning(self) -> None:
        case = bench.CASES["drift, three temperatures"]()
        data = measure_retention(
            case.device, list(case.levels), list(case.times), 10, 0, list(case.temperatures)
        )
        fit = fit_retention(self._without_targets(data), "soft_bounds")
        assert not fit.of("activation_energy").identified
        assert "targets" in fit.of("activation_energy").why
        assert "activation_energy" not in fit.values

    def test_one_temperature_tells_no_energy(self) -> None:
        for name in ("leakage", "level_rram", "drift from 300 s"):
            assert not _fitted(name).of("activation_energy").identified

    def test_pcm_without_targets(self) -> None:
        case = bench.CASES["pcm"]()
        data = measure_retention(case.device, list(case.levels[2:6]), list(case.times), 10, 0)
        fit = fit_retention(self._without_targets(data), "pcm")
        assert not fit.of("drift_t0").identified
        assert not fit.of("program_poly[0]").identified
        assert fit.of("drift_nu_mean.intercept").identified

    def test_where_curves_stop_beyond_the_levels(self) -> None:
        fit = _fitted("pcm")
        assert not fit.of("drift_nu_mean.high").identified
        levels = np.log([0.05, 1.0])
        table = fit.values["drift_nu_mean"]
        seen = curve("clipped", [table["intercept"], table["slope"], table["low"]], levels)
        assert table["high"] == pytest.approx(seen.max())
        assert table["low"] == pytest.approx(seen.min())

    def test_misses_need_targets(self) -> None:
        case = bench.CASES["level_rram"]()
        data = measure_retention(case.device, list(case.levels), list(case.times), 20, 0)
        with pytest.raises(BadInput, match="targets"):
            fit_retention(self._without_targets(data), "level_rram")


def test_leakage_alone_makes_no_device() -> None:
    with pytest.raises(BadInput, match=r"without g_min, .*add a file of pulses"):
        device_of([_fitted("leakage")])


@pytest.mark.parametrize("model", AGEING)
def test_every_model_of_ageing_is_one(model: str) -> None:
    assert model in MODELS


def test_a_device_at_several_targets_is_a_cell_for_each() -> None:
    data = measure_retention(device_from("pcm_joshi2020"), [5e-6, 1e-5], TIMES, 4)
    runs = Runs.of(replace(data, device=data.device % 4))
    assert runs.cells == 8
    assert runs.target is not None
    assert sorted(set(np.round(runs.target, 8))) == [5e-6, 1e-5]


def test_lines_equal_least_squares_of_each_cell() -> None:
    rng = np.random.default_rng(0)
    which = np.repeat(np.arange(3), 5)
    x, y, variance = rng.normal(size=15), rng.normal(size=15), rng.uniform(0.5, 2.0, 15)
    made = lines(Runs(which, x, y, 3, None, None, 1.0, 0.1), x, y, variance)
    for cell in range(3):
        mine = which == cell
        design = np.stack((np.ones(5), x[mine]), axis=1)
        inverse = np.linalg.inv(design.T @ (design / variance[mine][:, None]))
        level, slope = inverse @ design.T @ (y[mine] / variance[mine])
        assert (made.level[cell], made.slope[cell]) == pytest.approx((level, slope))
        told = (made.level_variance[cell], made.slope_variance[cell], made.covariance[cell])
        assert told == pytest.approx((inverse[0, 0], inverse[1, 1], inverse[0, 1]))


def test_noise_of_reads_is_no_miss() -> None:
    """The sd of misses is told apart from as much noise of the reads, for which two of them stand."""
    level = np.repeat([0.2, 0.5, 1.0], 100)
    rng, hits, n = np.random.default_rng(3), 0, 40
    for _ in range(n):
        miss = (0.02 + 0.03 * level) * rng.normal(size=300) + 0.03 * rng.normal(size=300)
        numbers, errors, _ = sd_polynomial(miss, level, np.full(300, 0.03**2), 1, 1.0)
        hits += int((np.abs(numbers - [0.02, 0.03]) < 1.97 * errors).sum())
    assert hits >= int(binom.ppf(1e-4, 2 * n, 0.85))


def test_misses_and_noise_are_told_apart_by_time() -> None:
    """Reads of one cell at several times share its miss, not their noise."""
    device = LevelRram(
        g_min=1e-6,
        g_max=4e-5,
        program_poly=(0.05,),
        retention=(Miss(after=1e4, poly=(0.06,)),),
        read_sigma=0.05,
    )
    data = needed(table(Runs.of(measure_retention(device, [1e-5, 2e-5, 4e-5], [1.0, 1e2, 1e4], 200))))
    told = [math.sqrt(float(data.noise[data.group == one].mean())) for one in range(3)]
    assert told == pytest.approx([0.05e-5, 0.1e-5, 0.2e-5], rel=0.15)


class TestProfiles:
    def test_a_parabola_has_the_intervals_of_its_curvature(self) -> None:
        covariance = np.array([[1.0, 0.6], [0.6, 2.0]])
        inverse = np.linalg.inv(covariance)

        def negative(theta: np.ndarray) -> float:
            off = theta - np.array([3.0, -1.0])
            return float(0.5 * off @ inverse @ off)

        found = likeliest(negative, (Unknown("a", 0.0, 1.0), Unknown("b", 0.0, 1.0)), 1e6)
        assert found.at == pytest.approx([3.0, -1.0], abs=0.02)
        for at, sd in enumerate(np.sqrt(np.diag(covariance))):
            assert found.high[at] - found.low[at] == pytest.approx(2 * 1.96 * sd, rel=0.05)

    def test_what_the_surface_does_not_bound_is_not_told(self) -> None:
        found = likeliest(
            lambda theta: float(0.5 * max(theta[0], 0.0) ** 2), (Unknown("a", 0.5, 1.0),), 100.0
        )
        assert not found.estimates()[0].identified

    def test_a_limit_ends_an_interval(self) -> None:
        found = likeliest(
            lambda theta: float(0.5 * (theta[0] - 0.5) ** 2), (Unknown("a", 0.4, 1.0, least=0.0),), 100.0
        )
        assert found.estimates()[0].low == 0.0
