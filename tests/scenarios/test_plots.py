"""Figures hold the right lines, labels and numbers. Axes are looked at, never pixels."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from scipy import stats

from htm.pick import BadInput
from scenarios.figures.quality import Quality
from scenarios.figures.table import table_of
from scenarios.plots import figures_of, plot_results


class FakeResults:
    """Results of a made-up study: hardware falls with noise and faults, software and baseline do not."""

    def __init__(self, vary: dict[str, list[Any]], seeds: range = range(3), arrays: bool = True) -> None:
        self.manifest: dict[str, Any] = {"scenario": "digits", "base": {}, "vary": vary, "seeds": list(seeds)}
        rng = np.random.default_rng(7)
        rows = []
        for i, (*values, seed) in enumerate(itertools.product(*vary.values(), seeds)):
            point = dict(zip(vary, values, strict=True))
            harm = sum(v for v in values if isinstance(v, float)) + 0.02 * len(str(point.get("device", "")))
            software = 0.92 + 0.002 * seed
            rows.append(
                {
                    **point,
                    "seed": seed,
                    "id": f"p{i}",
                    "accuracy_hardware": max(0.1, software - 0.3 * harm - 0.01 * rng.random()),
                    "accuracy_software": software,
                    "accuracy_raw": 0.88 + 0.001 * seed,
                    "fidelity": float(np.exp(-harm)),
                    "sparsity_software": 0.02,
                    "energy_per_record_J": 3.2e-8,
                    "latency_per_record_s": 1.5e-6,
                    "wall_s": 1.0,
                }
            )
        self.frame = pd.DataFrame(rows)
        self._arrays = _arrays(rng) if arrays else {}

    def to_dataframe(self) -> pd.DataFrame:
        return self.frame

    def arrays(self, point_id: str) -> dict[str, np.ndarray]:
        return self._arrays

    def mean(self, metric: str, **at: Any) -> float:
        """Mean over seeds in per cent, by pandas rather than by the code under test."""
        rows = self.frame
        for key, value in at.items():
            rows = rows[rows[key.replace("__", ".")] == value]
        return 100.0 * float(rows[metric].mean())


def _arrays(rng: np.random.Generator) -> dict[str, np.ndarray]:
    before = rng.uniform(1e-6, 9e-5, (12, 16))
    before[rng.random(before.shape) < 0.3] = np.nan
    edges = np.linspace(0.0, 1e-4, 21)
    return {
        "conductance_before_S": before,
        "conductance_after_S": before * 1.1,
        "histogram_edges_S": edges,
        "histogram_before": np.histogram(before, edges)[0],
        "histogram_after": np.histogram(before * 1.1, edges)[0],
        "fidelity_per_record": rng.uniform(0.5, 1.0, 50),
        "robustness_noise_levels": np.linspace(0, 1, 21),
        "robustness_software": np.linspace(1, 0, 21),
        "robustness_hardware": np.linspace(0.9, 0, 21),
        "confusion_software": np.eye(10) * 9 + 0.1,
        "confusion_hardware": np.eye(10) * 8 + 0.2,
    }


def lines_of(ax: Any) -> dict[str, Any]:
    """Main line of each legend entry, also where it has error bars."""
    handles, labels = ax.get_legend_handles_labels()
    return {
        label: getattr(handle, "lines", [handle])[0] for handle, label in zip(handles, labels, strict=True)
    }


# Curves --------------------------------------------------------------------------------------------------

SIGMA = [0.0, 0.1, 0.2, 0.3]


def test_one_key_draws_hardware_software_and_baseline_with_intervals() -> None:
    results = FakeResults({"device.read_sigma": SIGMA}, seeds=range(4))
    figures = figures_of(results)
    accuracy, fidelity = figures["accuracy_vs_device.read_sigma"].axes
    lines = lines_of(accuracy)
    assert list(lines) == ["crossbar", "software", "raw pixels (baseline)"]
    for label, metric in zip(lines, ("accuracy_hardware", "accuracy_software", "accuracy_raw"), strict=True):
        expected = [results.mean(metric, device__read_sigma=value) for value in SIGMA]
        np.testing.assert_allclose(lines[label].get_ydata(), expected)
        np.testing.assert_allclose(lines[label].get_xdata(), SIGMA)
    assert len(accuracy.collections) == 3
    rows = results.frame[results.frame["device.read_sigma"] == 0.3]["accuracy_hardware"]
    low, high = stats.t.interval(0.95, 3, loc=rows.mean(), scale=rows.sem())
    band = accuracy.collections[0].get_paths()[0].vertices
    at_end = band[np.isclose(band[:, 0], 0.3), 1]
    assert (at_end.min(), at_end.max()) == pytest.approx((100 * low, 100 * high))
    shared = lines_of(fidelity)["crossbar"].get_ydata()
    np.testing.assert_allclose(shared, [100 * np.exp(-s) for s in SIGMA])
    assert accuracy.get_ylabel() == "accuracy (%)"
    assert fidelity.get_xlabel().startswith("device.read_sigma")
    assert "4 seeds" in figures["accuracy_vs_device.read_sigma"].get_supxlabel()
    assert accuracy.get_legend() is not None


def test_all_data_is_in_sight_and_limits_stay_sensible() -> None:
    accuracy = figures_of(FakeResults({"device.read_sigma": SIGMA}))["accuracy_vs_device.read_sigma"].axes[0]
    low, high = accuracy.get_ylim()
    for line in lines_of(accuracy).values():
        assert low < min(line.get_ydata())
        assert max(line.get_ydata()) < high
    assert -1 <= low < high <= 101


def test_single_seed_has_no_interval() -> None:
    figure = figures_of(FakeResults({"device.read_sigma": SIGMA}, seeds=range(1)))[
        "accuracy_vs_device.read_sigma"
    ]
    for band in figure.axes[0].collections:
        points = np.concatenate([path.vertices for path in band.get_paths()] or [np.empty((0, 2))])
        assert not np.isfinite(points).any() or np.ptp(points[:, 1]) == 0
    assert "no interval" in figure.get_supxlabel()


def test_geometric_values_get_a_log_axis_with_the_values_as_ticks() -> None:
    axes = figures_of(FakeResults({"device.g_max": [1e-6, 1e-5, 1e-4]}))["accuracy_vs_device.g_max"].axes
    assert axes[-1].get_xscale() == "log"
    np.testing.assert_allclose(axes[-1].get_xticks(), [1e-6, 1e-5, 1e-4])


def test_units_scale_the_axis() -> None:
    results = FakeResults({"device.g_max": [1e-5, 2e-5, 3e-5]})
    from scenarios.config import dump, load

    results.manifest["base"] = dump(load("digits", ["device=rram_gong2018"]))
    axes = figures_of(results)["accuracy_vs_device.g_max"].axes
    assert "device.g_max (µS)" in axes[-1].get_xlabel()
    np.testing.assert_allclose(lines_of(axes[0])["crossbar"].get_xdata(), [10, 20, 30])


def test_words_give_a_categorical_axis() -> None:
    names = ["ideal", "rram_gong2018", "pcm_joshi2020"]
    results = FakeResults({"device": names})
    axes = figures_of(results)["accuracy_vs_device"].axes
    assert [tick.get_text() for tick in axes[-1].get_xticklabels()] == names
    lines = lines_of(axes[0])
    np.testing.assert_allclose(
        lines["crossbar"].get_ydata(), [results.mean("accuracy_hardware", device=name) for name in names]
    )
    assert lines["crossbar"].get_linestyle() == "None"
    # The device leaves the software alone: one level across, not a point a device.
    np.testing.assert_allclose(lines["software"].get_ydata(), [results.mean("accuracy_software")] * 2)


def test_a_value_that_is_none_makes_the_axis_categorical() -> None:
    axes = figures_of(FakeResults({"device.n_levels": [2, 16, None]}))["accuracy_vs_device.n_levels"].axes
    assert [tick.get_text() for tick in axes[-1].get_xticklabels()] == ["2", "16", "none"]


def test_a_second_key_gives_one_line_a_value() -> None:
    results = FakeResults({"device.read_sigma": SIGMA, "device.stuck_off_fraction": [0.0, 0.1]})
    figures = figures_of(results)
    lines = lines_of(figures["accuracy_vs_device.read_sigma"].axes[0])
    assert set(lines) == {"0", "0.1", "software", "raw pixels (baseline)"}
    expected = [
        results.mean("accuracy_hardware", device__read_sigma=s, device__stuck_off_fraction=0.1) for s in SIGMA
    ]
    np.testing.assert_allclose(lines["0.1"].get_ydata(), expected)
    assert (
        "stuck_off_fraction"
        in figures["accuracy_vs_device.read_sigma"].axes[0].get_legend().get_title().get_text()
    )


def test_software_gets_a_line_a_value_where_the_second_key_moves_it() -> None:
    results = FakeResults({"device.read_sigma": SIGMA, "pooler.columns": [256, 2048]})
    results.frame.loc[results.frame["pooler.columns"] == 256, "accuracy_software"] -= 0.05
    labels = set(lines_of(figures_of(results)["accuracy_vs_device.read_sigma"].axes[0]))
    assert {"software, 256", "software, 2048", "raw pixels (baseline)"} <= labels


def test_too_many_values_of_a_second_key_leave_the_heat_map_only() -> None:
    many = [float(v) for v in np.linspace(0, 0.6, 7)]
    figures = figures_of(FakeResults({"device.read_sigma": many, "device.c2c_sigma": many}, arrays=False))
    assert list(figures) == ["map_device.read_sigma_device.c2c_sigma"]


# Heat maps -----------------------------------------------------------------------------------------------


def test_heat_maps_show_every_mean() -> None:
    results = FakeResults({"device.read_sigma": [*SIGMA, 0.4], "device.stuck_off_fraction": [0.0, 0.1]})
    figure = figures_of(results)["map_device.read_sigma_device.stuck_off_fraction"]
    maps = [ax for ax in figure.axes if ax.get_images()]
    assert [ax.get_title(loc="left") for ax in maps] == ["Accuracy", "Lost against software", "Fidelity"]
    accuracy, loss, _ = (ax.get_images()[0] for ax in maps)
    values = np.asarray(accuracy.get_array())
    assert values.shape == (2, 5)
    at = {"device__read_sigma": 0.4, "device__stuck_off_fraction": 0.1}
    assert values[1, 4] == pytest.approx(results.mean("accuracy_hardware", **at))
    lost = results.mean("accuracy_software", **at) - results.mean("accuracy_hardware", **at)
    assert np.asarray(loss.get_array())[1, 4] == pytest.approx(lost)
    assert accuracy.get_clim() == pytest.approx((values.min(), values.max()))
    assert loss.get_clim()[0] == 0.0
    assert sorted(text.get_text() for text in maps[0].texts) == sorted(f"{v:.1f}" for v in values.ravel())


def test_a_gain_parts_the_colours_at_zero() -> None:
    results = FakeResults({"device.read_sigma": SIGMA, "device.stuck_off_fraction": [0.0, 0.1]})
    results.frame["accuracy_hardware"] = (
        results.frame["accuracy_software"] + 0.02 - results.frame["device.read_sigma"] / 10
    )
    figure = figures_of(results)["map_device.read_sigma_device.stuck_off_fraction"]
    low, high = [ax for ax in figure.axes if ax.get_images()][1].get_images()[0].get_clim()
    assert low == pytest.approx(-high)


def test_a_missing_cell_is_blank_and_the_note_says_unfinished() -> None:
    results = FakeResults({"device.read_sigma": SIGMA, "device.stuck_off_fraction": [0.0, 0.1]})
    gone = (results.frame["device.read_sigma"] == 0.2) & (results.frame["device.stuck_off_fraction"] == 0.1)
    results.frame = results.frame[~gone]
    figures = figures_of(results)
    figure = figures["map_device.read_sigma_device.stuck_off_fraction"]
    values = np.ma.asarray(figure.axes[0].get_images()[0].get_array())
    assert np.ma.getmaskarray(np.ma.masked_invalid(values)).sum() == 1
    assert "–" in {text.get_text() for text in figure.axes[0].texts}
    assert "21 of 24 points" in figure.get_supxlabel()
    line = lines_of(figures["accuracy_vs_device.read_sigma"].axes[0])["0.1"]
    assert np.isnan(line.get_ydata()).sum() == 1


def test_more_keys_are_averaged_within_each_seed_and_the_title_says_so() -> None:
    vary = {
        "device.read_sigma": SIGMA,
        "device.stuck_off_fraction": [0.0, 0.1],
        "device.c2c_sigma": [0.0, 0.2],
    }
    results = FakeResults(vary, seeds=range(3))
    figures = figures_of(results)
    assert sum(name.startswith("map_") for name in figures) == 3
    figure = figures["accuracy_vs_device.read_sigma"]
    assert "averaged over device.stuck_off_fraction and device.c2c_sigma" in figure.get_suptitle().replace(
        "\n", " "
    )
    rows = results.frame[results.frame["device.read_sigma"] == 0.1]
    per_seed = rows.groupby("seed")["accuracy_hardware"].mean()
    low, high = stats.t.interval(0.95, 2, loc=per_seed.mean(), scale=per_seed.sem())
    got = table_of(results).summary("accuracy_hardware", {0: 1})
    assert (got.mean, got.low, got.high, got.n) == pytest.approx((per_seed.mean(), low, high, 3))


# One run -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seeds", [1, 4])
def test_a_run_gets_a_sheet_matrices_and_conductances(seeds: int) -> None:
    results = FakeResults({}, seeds=range(seeds))
    figures = figures_of(results)
    assert list(figures) == ["overview", "confusion", "conductance"]
    bars, robustness, fidelity, numbers = figures["overview"].axes
    widths = {round(bar.get_width(), 6) for bar in bars.patches}
    assert widths == {round(results.mean(f"accuracy_{m}"), 6) for m in ("hardware", "software", "raw")}
    assert len(bars.collections) == (0 if seeds == 1 else 3)  # error bars need seeds
    np.testing.assert_allclose(lines_of(robustness)["software"].get_ydata(), np.linspace(100, 0, 21))
    assert fidelity.get_xlim() == (0, 100)
    written = {text.get_text() for text in numbers.texts}
    assert "32.0 nJ" in written
    assert "1.50 µs" in written


def test_confusion_adds_up_seeds_and_colours_by_true_class() -> None:
    results = FakeResults({}, seeds=range(2))
    software, hardware = (ax for ax in figures_of(results)["confusion"].axes if ax.get_images())
    image = software.get_images()[0]
    np.testing.assert_allclose(np.asarray(image.get_array()).sum(axis=1), 100.0)
    assert image.get_clim() == (0, 100)
    assert "91.0 % right" in software.get_title(loc="left")
    assert "82.0 % right" in hardware.get_title(loc="left")


def test_conductances_share_one_unit_and_one_colour_range() -> None:
    figure = figures_of(FakeResults({}))["conductance"]
    histogram, before, after, bar = figure.axes
    assert histogram.get_xlabel() == "conductance (µS)"
    assert histogram.get_xlim() == pytest.approx((0, 100))
    assert before.get_images()[0].get_clim() == after.get_images()[0].get_clim()
    assert bar.get_ylabel() == "conductance (µS)"
    assert "Grey: no synapse" in figure.get_supxlabel()


def test_a_sweep_shows_conductances_at_its_two_ends() -> None:
    figures = figures_of(FakeResults({"device.read_sigma": SIGMA}))
    assert "device.read_sigma = 0;" in figures["conductance_first"].get_supxlabel()
    assert "device.read_sigma = 0.3;" in figures["conductance_last"].get_supxlabel()


@pytest.mark.parametrize("missing", sorted(_arrays(np.random.default_rng(0))))
def test_any_array_may_be_absent(missing: str) -> None:
    results = FakeResults({}, seeds=range(1))
    del results._arrays[missing]
    assert "overview" in figures_of(results)


def test_without_arrays_the_sheet_still_stands() -> None:
    assert list(figures_of(FakeResults({}, arrays=False))) == ["overview"]


def test_missing_arrays_leave_a_panel_out_and_damaged_ones_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    results = FakeResults({})

    def refuse(error: Exception) -> None:
        def arrays(point_id: str) -> dict[str, np.ndarray]:
            try:
                raise error
            except type(error):
                raise BadInput("arrays/p0.npz: damaged") from None

        monkeypatch.setattr(results, "arrays", arrays)

    refuse(FileNotFoundError())
    assert list(figures_of(results)) == ["overview"]
    refuse(ValueError())
    with pytest.raises(BadInput, match="damaged"):
        figures_of(results)


def test_metrics_that_are_absent_or_nan_are_left_out() -> None:
    results = FakeResults({"device.read_sigma": SIGMA})
    results.frame["accuracy_raw"] = np.nan
    del results.frame["fidelity"]
    (accuracy,) = figures_of(results)["accuracy_vs_device.read_sigma"].axes
    assert set(lines_of(accuracy)) == {"crossbar", "software"}


# Other qualities, and software alone ---------------------------------------------------------------------

QUALITIES = [
    Quality(stem="score", word="NAB score", unit="points", raw_word="last value"),
    Quality(stem="anomaly", word="mean anomaly score"),
    Quality(stem="error_mean", word="mean error", unit="V"),
]


def scored(results: FakeResults, quality: Quality, monkeypatch: pytest.MonkeyPatch) -> FakeResults:
    """The same study with its accuracies under the name and in the unit of `quality`."""
    for side in ("hardware", "software", "raw"):
        column = results.frame.pop(f"accuracy_{side}")
        results.frame[f"{quality.stem}_{side}"] = column * (100.0 if quality.unit == "points" else 1.0)
    monkeypatch.setattr("scenarios.figures.table.quality_of", lambda name: quality)
    return results


def alone(results: FakeResults) -> FakeResults:
    """The software half of it."""
    hardware = [name for name in results.frame if "hardware" in name or name.endswith(("_J", "_s"))]
    results.frame = results.frame.drop(columns=[*(n for n in hardware if n != "wall_s"), "fidelity"])
    results.manifest["base"] = {"substrate": "software"}
    results._arrays = {}
    return results


@pytest.mark.parametrize("quality", QUALITIES, ids=lambda one: one.stem)
def test_a_sweep_is_drawn_of_the_scenarios_quality_in_its_unit(
    quality: Quality, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = scored(FakeResults({"device.read_sigma": SIGMA}), quality, monkeypatch)
    figures = figures_of(results)
    assert next(iter(figures)) == f"{quality.stem}_vs_device.read_sigma"
    figure = figures[f"{quality.stem}_vs_device.read_sigma"]
    ax = figure.axes[0]
    shown = {"points": "points", "%": "%", "V": "V"}[quality.unit]
    assert ax.get_ylabel() == f"{quality.word} ({shown})"
    means = results.frame.groupby("device.read_sigma")[quality.hardware].mean()
    line = lines_of(ax)["crossbar"].get_ydata()
    np.testing.assert_allclose(line, means * (100.0 if shown == "%" else 1.0))
    low, high = ax.get_ylim()
    assert low < min(line) < max(line) < high
    title = figure.get_suptitle().replace("\n", " ")
    assert f"crossbar {quality.word} {quality.text(line[0])} → {quality.text(line[-1])} with" in title
    assert f"{quality.raw_word} (baseline)" in lines_of(ax)


def test_maps_of_a_score_in_points_are_not_multiplied(monkeypatch: pytest.MonkeyPatch) -> None:
    vary = {"device.read_sigma": SIGMA, "device.stuck_off_fraction": [0.0, 0.1]}
    results = scored(FakeResults(vary), QUALITIES[0], monkeypatch)
    figure = figures_of(results)["map_device.read_sigma_device.stuck_off_fraction"]
    maps = [ax for ax in figure.axes if ax.get_images()]
    # Whether less of it is a loss nobody said.
    titles = ["NAB score", "Software minus crossbar", "Fidelity"]
    assert [ax.get_title(loc="left") for ax in maps] == titles
    assert {"NAB score (points)", "difference (points)"} <= {ax.get_ylabel() for ax in figure.axes}
    rows = results.frame[(results.frame[list(vary)] == [0.3, 0.1]).all(axis=1)]
    score, apart, fidelity = (np.asarray(ax.get_images()[0].get_array())[1, 3] for ax in maps)
    assert score == pytest.approx(rows["score_hardware"].mean())
    assert apart == pytest.approx((rows["score_software"] - rows["score_hardware"]).mean())
    assert fidelity == pytest.approx(100 * rows["fidelity"].mean())


@pytest.mark.parametrize(
    "vary",
    [
        {},
        {"device.read_sigma": SIGMA},
        {"device": ["ideal", "rram_gong2018"]},
        {"device.read_sigma": SIGMA, "device.stuck_off_fraction": [0.0, 0.1]},
        {"device.read_sigma": SIGMA, "device": ["ideal", "rram_gong2018"]},
    ],
    ids=["run", "number", "words", "two numbers", "number and words"],
)
def test_software_alone_is_drawn_without_a_word_of_hardware(vary: dict[str, list[Any]]) -> None:
    figures = figures_of(alone(FakeResults(vary)))
    assert figures
    for name, figure in figures.items():
        words = " | ".join(text.get_text() for text in figure.findobj(Text))
        assert not re.search("crossbar|hardware|fidelity|loss|Lost", words), words
        assert "software" in words or name.startswith("map_")


def test_software_alone_is_the_line_that_a_sweep_is_about() -> None:
    results = alone(
        FakeResults({"pooler.columns": [256.0, 1024.0, 2048.0], "device.stuck_off_fraction": [0.0, 0.1]})
    )
    results.frame["accuracy_software"] -= results.frame["device.stuck_off_fraction"]
    figures = figures_of(results)
    lines = lines_of(figures["accuracy_vs_pooler.columns"].axes[0])
    assert set(lines) == {"0", "0.1", "raw pixels (baseline)"}
    at = {"device__stuck_off_fraction": 0.1}
    np.testing.assert_allclose(lines["0.1"].get_ydata(), [results.mean("accuracy_software", **at)] * 3)
    figure = figures["map_pooler.columns_device.stuck_off_fraction"]
    (panel,) = (ax for ax in figure.axes if ax.get_images())
    values = np.asarray(panel.get_images()[0].get_array())
    np.testing.assert_allclose(values[1], [results.mean("accuracy_software", **at)] * 3)
    title = figures["accuracy_vs_pooler.columns"].get_suptitle()
    assert title.startswith("digits: accuracy against pooler.columns")


@pytest.mark.parametrize(
    ("base", "vary", "name"),
    [
        ({}, {}, "crossbar"),
        ({"substrate": "crossbar"}, {}, "crossbar"),
        ({"substrate": "software"}, {}, "hardware"),  # software beside software
        ({"substrate": "software"}, {"substrate": ["software", "crossbar"]}, "crossbar"),
    ],
)
def test_the_hardware_is_called_by_its_substrate(
    base: dict[str, Any], vary: dict[str, list[Any]], name: str
) -> None:
    results = FakeResults(vary)
    results.manifest["base"] = base
    assert table_of(results).hardware == name


# Files and house rules -----------------------------------------------------------------------------------


def test_files_are_written_whole_and_the_same_every_time(tmp_path: Path) -> None:
    results = FakeResults({}, seeds=range(2))
    paths = plot_results(results, tmp_path / "new" / "folder", formats=("png", "svg"))
    assert all(path.is_file() and path.stat().st_size > 5000 for path in paths)
    assert {path.suffix for path in paths} == {".png", ".svg"}
    assert not list(tmp_path.rglob("*.part"))
    again = plot_results(results, tmp_path / "again", formats=("png", "svg"))
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in again]


def test_empty_results_are_refused_in_one_line(tmp_path: Path) -> None:
    results = FakeResults({})
    results.frame = results.frame.iloc[:0]
    with pytest.raises(BadInput, match="no finished point"):
        plot_results(results, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    results = FakeResults({})
    results.frame = results.frame[["seed", "id"]]
    with pytest.raises(BadInput, match="nothing to plot"):
        plot_results(results, tmp_path)


@pytest.mark.parametrize("formats", [("gif",), ("png", "exe"), ()])
def test_an_unknown_format_is_refused(tmp_path: Path, formats: tuple[str, ...]) -> None:
    with pytest.raises(BadInput, match="formats: must be among png, svg, pdf"):
        plot_results(FakeResults({}), tmp_path, formats=formats)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="file"):
        plot_results(FakeResults({}), tmp_path / "file")


def test_a_users_settings_stay_and_pyplot_is_not_touched() -> None:
    code = """
import sys
import matplotlib, pandas
from scenarios.plots import figures_of
matplotlib.rcParams["font.size"] = 3.5
def settings():  # asking for the backend would choose one, and import pyplot
    return {key: matplotlib.rcParams[key] for key in matplotlib.rcParams if key != "backend"}

before = settings()

class Results:
    manifest = {"scenario": "digits", "base": {}, "vary": {}, "seeds": [0]}
    def to_dataframe(self):
        return pandas.DataFrame([{"seed": 0, "id": "p", "accuracy_hardware": 0.9}])
    def arrays(self, point_id):
        return {}

assert figures_of(Results())["overview"].axes[0].xaxis.label.get_size() == 10.0
assert settings() == before
assert "matplotlib.pyplot" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
