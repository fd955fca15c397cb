"""Fits of simulated measurements: intervals hold the truth as often as they say, and what is not known is said.

The full hundred repetitions of every case are in ``benchmarks/fit_round_trip.py``, whose cases these are.
"""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy.stats import binom

from devices.fit.binary import fit_binary_vcm
from devices.fit.intervals import of_mean, of_sd, of_share, population
from devices.fit.iv import fit_iv
from devices.fit.neurosim import label_of
from devices.fit.pulses import fit_pulses
from devices.fit.reads import fit_reads
from devices.fit.retention import fit_retention
from devices.linear_step import normal_a
from devices.measure import measure_iv, measure_pulses, measure_reads, measure_retention
from devices.measurements import PulseTrains
from devices.models import MODELS
from devices.presets import device_from
from htm.pick import BadInput


def _benchmark() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "fit_round_trip.py"
    spec = importlib.util.spec_from_file_location("fit_round_trip", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fit_round_trip"] = module
    spec.loader.exec_module(module)
    return module


bench = _benchmark()
QUICK = {
    "binary": 10, "binary, wide": 10, "reads, Gaussian": 5, "reads, disturb": 3, "drift, soft bounds": 20,
    "drift, linear step": 20, "relaxation": 3, "I-V, sinh": 20, "I-V, polynomial": 20, "reads, telegraph": 2,
    "soft bounds, additive noise": 1, "soft bounds, noise with the step": 1, "linear step": 1, "NeuroSim": 1,
    "exponential step": 1, "one-sided PCM": 1,
}  # fmt: skip


@pytest.mark.parametrize("name", list(QUICK))
def test_intervals_hold_the_truth(name: str) -> None:
    """Fewer hits, of each parameter and of all, than a coverage of 90 % gives once in 10,000 tests fail it."""
    repeats = QUICK[name]
    found = bench.repeat(bench.CASES[name](), repeats)
    for parameter, (covered, silent, width) in found.items():
        assert silent == 0, parameter
        assert covered >= int(binom.ppf(1e-4, repeats, 0.9)), parameter
        if width == width and not parameter.startswith("program_poly"):  # whose first number is nearly 0
            assert width < 4.0, f"{parameter}: an interval as wide as that says nothing"
    total = sum(covered for covered, _, _ in found.values())
    assert total >= int(binom.ppf(1e-4, repeats * len(found), 0.85))  # a little less, for they go together


def test_a_single_cell_tells_no_spread() -> None:
    fit = fit_pulses(
        measure_pulses(bench.CASES["soft bounds, additive noise"]().device, 1, 3, 100), "soft_bounds"
    )
    for name in ("d2d_sigma", "up_down_sigma", "g_max_sigma", "g_min_sigma", "program_sigma"):
        assert not fit.of(name).identified
        assert fit.of(name).why
        assert name not in fit.values


def test_pulses_that_never_near_the_bounds_do_not_tell_them() -> None:
    device = bench.CASES["soft bounds, additive noise"]().device
    fit = fit_pulses(
        measure_pulses(device.model_copy(update={"step_up": 0.001, "step_down": 0.001}), 6, 2, 40),
        "soft_bounds",
    )
    assert not (fit.of("g_max").identified and fit.of("step_up").identified)
    assert any("nearer to the bounds" in note for note in fit.notes)


@pytest.mark.parametrize("case", ["binary", "soft bounds, additive noise", "linear step"])
def test_the_model_is_told_from_the_data(case: str) -> None:
    device = bench.CASES[case]().device
    fit = fit_pulses(measure_pulses(device, 4, 1, 100))
    assert isinstance(device, MODELS[fit.model])
    assert fit.model == "binary_vcm" or "BIC" in fit.notes[-1]


def test_labels_of_neurosim_curves_go_both_ways() -> None:
    labels = np.array([0.01, 1.0, 2.4, 4.88, -0.5, -3.0])
    np.testing.assert_allclose(label_of(normal_a(labels)), labels, rtol=1e-5)


def test_reads_of_one_level_do_not_tell_a_power() -> None:
    noise = {"read_sigma": 0.01, "rtn_fraction": 0.5, "rtn_amplitude": 0.1}
    fit = fit_reads(
        measure_reads(device_from({"preset": "rram_wu2018", "program_sigma": 0, **noise}), 5e-6, 12, 100)
    )
    assert fit.values["rtn_fraction"] > 0.1
    assert not fit.of("rtn_power").identified


def test_the_law_of_reads_is_told_where_it_can_be() -> None:
    wide = {"preset": "rram_gong2018", "write_sigma": 0, "read_sigma": 0.3, "read_law": "log_normal"}
    assert fit_reads(measure_reads(device_from(wide), 5e-6, 10, 100)).values["read_law"] == "log_normal"
    narrow = fit_reads(measure_reads(device_from({**wide, "read_sigma": 0.01}), 5e-6, 4, 20))
    assert narrow.values["read_law"] == "gaussian"
    assert any("undecided" in note for note in narrow.notes)


def test_cells_without_noise_have_none() -> None:
    fit = fit_reads(measure_reads(device_from("rram_gong2018"), 5e-6, 5, 20))
    assert fit.values["read_sigma"] == 0.0


@pytest.mark.parametrize(
    ("spec", "title"),
    [
        ({"preset": "rram_gong2018", "read_sigma": 0.02}, "I-V: ohmic"),
        ({"preset": "rram_gong2018", "read_sigma": 0.01, "iv_sinh": 4.0}, "I-V: sinh"),
        ({"preset": "rram_milo2021", "read_sigma": 0.003}, "I-V: polynomial"),
    ],
)
def test_the_shape_of_the_curve_is_told(spec: dict[str, object], title: str) -> None:
    device = device_from(spec)
    levels = np.linspace(device.g_min * 1.4, device.g_max * 0.9, 8)
    fit = fit_iv(measure_iv(device, levels.tolist(), np.linspace(-0.5, 0.5, 21).tolist(), seed=3))
    assert fit.panels[0].title == title


def test_drift_and_relaxation_are_told_apart() -> None:
    times = [1.0, 10.0, 1e3, 1e5, 1e7]
    drifting = device_from({"preset": "ecram_tang2018", "drift_nu": 0.1, "read_sigma": 0.001})
    assert "drift_nu" in fit_retention(measure_retention(drifting, [3e-6, 8e-6], times, 10)).values
    relaxing = device_from({"preset": "rram_cmo2024", "read_noise_scale": 0.05, "relax_growth": 3e-7})
    assert fit_retention(measure_retention(relaxing, [2e-5, 8e-5], times, 10)).model == "relaxing_rram"


def test_without_targets_a_miss_is_not_told() -> None:
    data = measure_retention(device_from("rram_cmo2024"), [4e-5], [1.0, 10.0, 1e3, 1e5], 20)
    fit = fit_retention(type(data)(data.device, data.time, data.conductance, data.line), "relaxing_rram")
    assert not fit.of("relax_sigma").identified
    assert not fit.of("program_poly[0]").identified


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (
            lambda: fit_pulses(measure_pulses(device_from("vcm_binary"), 2, 1, 4)),
            "needs at least 10 SET pulses",
        ),
        (
            lambda: fit_pulses(measure_pulses(device_from("vcm_binary"), 2, 1, 20), "pcm"),
            "--model: pulse trains are",
        ),
        (
            lambda: fit_retention(measure_retention(device_from("ideal"), [0.5], [1.0, 2.0, 3.0], 5), "vcm"),
            "--model:",
        ),
        (
            lambda: fit_retention(measure_retention(device_from("ideal"), [0.5], [1.0, 2.0], 5)),
            "at least 2 cells of 3",
        ),
        (lambda: fit_reads(measure_reads(device_from("ideal"), 0.5, 3, 3)), "at least 5 readings"),
        (lambda: fit_iv(measure_iv(device_from("ideal"), [0.5], [0.0, 0.1, 0.2])), "3 different voltages"),
    ],
)
def test_too_little_is_refused(act: object, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        act()  # type: ignore[operator]


def test_a_binary_cell_that_never_goes_back_is_said() -> None:
    n = 30
    state = np.where(np.arange(2 * n) < 5, 1e-6, 1e-5)
    data = PulseTrains(
        device=np.zeros(2 * n, dtype=np.int64), cycle=np.zeros(2 * n, dtype=np.int64), pulse=np.arange(2 * n),
        polarity=np.r_[0, np.ones(n - 1), -np.ones(n)].astype(np.int64), conductance=state,
        line=np.zeros(2 * n, dtype=np.int64),
    )  # fmt: skip
    with pytest.raises(BadInput, match="no cell shows"):
        fit_binary_vcm(data)


class TestIntervals:
    def test_shares_equal_the_binomials_own(self) -> None:
        low, high = of_share(3, 20)
        assert binom.sf(2, 20, low) == pytest.approx(0.025)
        assert binom.cdf(3, 20, high) == pytest.approx(0.025)
        assert of_share(0, 10)[0] == 0.0
        assert of_share(10, 10)[1] == 1.0

    def test_means_and_sds_cover(self) -> None:
        rng = np.random.default_rng(0)
        n, hits = 2000, [0, 0]
        for _ in range(n):
            x = rng.normal(3.0, 2.0, 7)
            sd = float(x.std(ddof=1))
            low, high = of_mean(float(x.mean()), sd / math.sqrt(7), 6)
            hits[0] += low <= 3.0 <= high
            low, high = of_sd(sd, 6)
            hits[1] += low <= 2.0 <= high
        for count in hits:
            assert abs(count / n - 0.95) < 4.5 * math.sqrt(0.05 * 0.95 / n)

    def test_a_population_is_told_from_the_errors_of_its_members(self) -> None:
        rng = np.random.default_rng(1)
        n, hits = 150, [0, 0]
        for _ in range(n):
            errors = rng.uniform(0.5, 1.5, 30)
            values = rng.normal(5.0, 1.0, 30) + errors * rng.normal(size=30)
            _, _, mean, sd = population(values, errors)
            hits[0] += mean[0] <= 5.0 <= mean[1]
            hits[1] += sd[0] <= 1.0 <= sd[1]
        assert min(hits) >= binom.ppf(1e-4, n, 0.93)
