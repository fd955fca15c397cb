"""The numbers and words in figures: intervals, units, scales, labels, bins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from htm.pick import BadInput
from scenarios.figures.heatmaps import colour_range
from scenarios.figures.labels import Label, as_number, si_scale
from scenarios.figures.quality import Quality, named, quality_of
from scenarios.figures.single import share_edges, with_half
from scenarios.figures.stats import Interval, mean_interval
from scenarios.figures.table import scale_of
from scenarios.plots import label_of
from scenarios.registry import SCENARIOS, Metric, resolve

# The statistics ------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_interval_is_students(values: list[float], level: float) -> None:
    got = mean_interval(values, level)
    sem = np.std(values, ddof=1) / np.sqrt(len(values))
    assert got.mean == pytest.approx(np.mean(values), abs=1e-9)
    if sem < 1e-12:
        assert got.half == pytest.approx(0.0, abs=1e-9)
        return
    low, high = stats.t.interval(level, len(values) - 1, loc=np.mean(values), scale=sem)
    assert (got.low, got.high) == pytest.approx((low, high), rel=1e-8, abs=1e-9)


def test_interval_covers_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    n = 2000
    hits = sum(got.low <= 1.0 <= got.high for got in map(mean_interval, rng.normal(1.0, 2.0, (n, 5))))
    assert abs(hits / n - 0.95) < 4 * np.sqrt(0.95 * 0.05 / n)


def test_one_value_has_no_interval_and_nan_is_left_out() -> None:
    one = mean_interval([0.5])
    assert (one.mean, one.n) == (0.5, 1)
    assert np.isnan(one.low)
    assert np.isnan(one.high)
    assert mean_interval([1.0, np.nan, 3.0])[:1] == (2.0,)
    assert mean_interval([1.0, np.nan, 3.0]).n == 2
    none = mean_interval([np.nan])
    assert none.n == 0
    assert np.isnan(none.mean)


@pytest.mark.parametrize("level", [0.0, 1.0, -1.0])
def test_interval_refuses_a_senseless_level(level: float) -> None:
    with pytest.raises(BadInput, match="level: must lie between 0 and 1"):
        mean_interval([1.0, 2.0], level)


# Labels and scales ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "unit", "factor", "shown"),
    [
        ([1e-6, 2.5e-5], "S", 1e6, "µS"),
        ([0.0, 1.0], "S", 1.0, "S"),
        ([3e-3], "S", 1e3, "mS"),
        ([4e-9, np.nan], "S", 1e9, "nS"),
        ([3.2e-8], "J", 1e9, "nJ"),
        ([5e4], "s", 1.0, "s"),
        ([2e3], "ohm", 1e-3, "kΩ"),
        ([1e-12], "m2", 1.0, "m²"),
        ([0.1, 0.2], "", 1.0, ""),
        ([], "S", 1.0, "S"),
    ],
)
def test_si_scale(values: list[float], unit: str, factor: float, shown: str) -> None:
    got_factor, got_unit = si_scale(values, unit)
    assert got_unit == shown
    assert got_factor == pytest.approx(factor)


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([0.0, 0.1, 0.2, 0.3], "linear"),
        ([1, 2, 4, 8, 16], "log"),
        ([1, 2, 5, 10, 20, 50], "log"),
        ([1e-6, 1e-5, 1e-4], "log"),
        ([0, 1e-3, 1e-2, 1e-1], "symlog"),
        ([-1, 1, 10, 100], "linear"),
        ([1, 100], "linear"),
        ([2, 4, 6, 8], "linear"),
    ],
)
def test_scale_follows_how_values_lie(values: list[float], scale: str) -> None:
    assert scale_of(values) == scale


def test_values_become_numbers_where_they_are_numbers() -> None:
    assert as_number("100 uS", "S") == 1e-4
    assert as_number(3, "") == 3.0
    for word in ("pcm_joshi2020", None, True, np.True_, "100 uS"):
        assert np.isnan(as_number(word, ""))


def test_label_shows_unit_and_meaning() -> None:
    label = Label("device.g_max", "S", "highest nominal conductance")
    assert label.text([1e-5, 1e-4]) == "device.g_max (µS)\nhighest nominal conductance"
    assert Label("seed").text() == "seed"


def test_label_asks_the_configuration() -> None:
    from scenarios.config import dump, load

    manifest = {"scenario": "digits", "base": dump(load("digits", ["device=rram_gong2018"]))}
    label = label_of("device.g_max", manifest)
    assert label.unit == "S"
    assert "conductance" in label.meaning
    assert "[" not in label.meaning
    assert label_of("device.read_sigma", manifest).unit == ""
    assert "read noise" in label_of("device.read_sigma", manifest).meaning


@pytest.mark.parametrize("base", [{}, {"scenario": "nowhere"}, {"scenario": "digits", "gone": 1}])
def test_label_falls_back_to_the_key(base: dict[str, Any]) -> None:
    assert label_of("device.no_such", {"scenario": "digits", "base": base}) == Label("device.no_such")


# The quality ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stem", "labels", "unit", "word", "shown", "raw"),
    [
        ("accuracy", {"software": "classification accuracy, software", "raw": "classification accuracy, raw pixels"},
         "", "accuracy", "accuracy (%)", "raw pixels"),
        ("accuracy", {"hardware": "accuracy before the swap (hardware)"},
         "", "accuracy before the swap", "accuracy before the swap (%)", "raw input"),
        ("score", {"software": "NAB score, standard profile, software"}, "points",
         "NAB score, standard profile", "NAB score, standard profile (points)", "raw input"),
        ("mean_error", {"software": "mean error, software", "raw": "mean error, last value"},
         "V", "mean error", "mean error (V)", "last value"),
        ("gone", {}, "", "gone", "gone (%)", "raw input"),
    ],
)  # fmt: skip
def test_the_quality_is_worded_by_its_metrics(
    stem: str, labels: dict[str, str], unit: str, word: str, shown: str, raw: str
) -> None:
    quality = named(stem, {f"{stem}_{side}": Metric(label, unit) for side, label in labels.items()})
    assert (quality.word, quality.axis, quality.raw_word) == (word, shown, raw)
    assert quality.factor == (100.0 if "%" in shown else 1.0)


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [("%", 91.26, "91.3 %"), ("%", -0.01, "0.0 %"), ("points", 70.149, "70.1 points"), ("V", 0.01234, "0.0123 V")],
)  # fmt: skip
def test_the_quality_is_written_to_the_digit_that_counts(unit: str, value: float, text: str) -> None:
    assert Quality(unit=unit).text(value) == text


def test_fidelity_says_what_is_shared() -> None:
    assert quality_of("digits").shared == "winners shared"
    assert quality_of("sequences").shared == "predicted cells shared"
    assert named("score", {"score_software": Metric("score"), "fidelity": Metric("fidelity")}).shared


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_names_a_metric_as_its_quality(name: str) -> None:
    scenario = SCENARIOS[name]
    assert f"{scenario.quality}_software" in scenario.metric_table()
    assert quality_of(name).stem == scenario.quality
    assert resolve(scenario.figures)


@pytest.mark.parametrize(
    ("difference", "means", "hundred", "limits"),
    [
        (False, [90.0, 91.0], True, (90.0, 91.0)),
        (False, [90.0, 90.2], True, (89.6, 90.6)),
        (False, [0.010, 0.012], False, (0.010, 0.012)),
        (True, [0.1, 0.2], True, (0.0, 1.0)),
        (True, [-3.0, 2.0], True, (-3.0, 3.0)),
        (True, [0.001, 0.002], False, (0.0, 0.002)),
    ],
)
def test_colours_span_what_there_is_to_see(
    difference: bool, means: list[float], hundred: bool, limits: tuple[float, float]
) -> None:
    norm, _ = colour_range(difference, np.array([*means, np.nan]), hundred)
    assert (norm.vmin, norm.vmax) == pytest.approx(limits)


# Texts and bins ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mean", "half", "factor", "text"),
    [
        (91.234, 0.56, 1.0, "91.2 ± 0.6"),
        (91.234, np.nan, 1.0, "91.2"),
        (91.234, 0.0, 1.0, "91.2"),
        (0.13149, 0.0021, 1.0, "0.131 ± 0.002"),
        (3.2e-8, 1e-10, 1e9, "32.0 ± 0.1"),
        (100.0, 0.4, 1.0, "100"),
    ],
)
def test_numbers_are_written_to_the_digit_that_counts(
    mean: float, half: float, factor: float, text: str
) -> None:
    assert with_half(Interval(mean, mean - half, mean + half, 5), factor) == text


@pytest.mark.parametrize("winners", [13, 40, 102])
def test_bins_hold_whole_steps_of_fidelity(winners: int) -> None:
    values = 100.0 * np.arange(winners + 1) / winners
    edges = share_edges(values)
    counts, _ = np.histogram(values, edges)
    assert counts.sum() == values.size
    assert len(set(counts[:-1])) == 1  # evenly spread shares give even bars; the last bin may be cut


def test_bins_of_other_values_are_plain() -> None:
    np.testing.assert_allclose(share_edges(np.array([1.0, 2.5, 77.77])), np.linspace(0, 100, 41))
    np.testing.assert_allclose(share_edges(np.array([50.0])), np.linspace(0, 100, 41))
