"""The stream scenario: its data, what a run says, and its pictures."""

import json
from pathlib import Path

import numpy as np
import pytest

import scenarios
from htm.pick import BadInput
from scenarios.cli import main
from scenarios.detector import HARDWARE_SEGMENTS
from scenarios.figures.stream import shown_records
from scenarios.nab_data import read_series
from scenarios.stream import run_point
from scenarios.stream_data import (
    StreamDataParams,
    SyntheticParams,
    load_stream,
    read_windows,
    synthetic_stream,
    value_range,
)
from scenarios.stream_measures import METRICS, detections, errors, judged_alarms, repeated

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"

# Few columns and records, so that a run takes a fraction of a second.
SMALL = {
    "data.synthetic.weeks": 2,
    "detector.pooler.columns": 512,
    "detector.pooler.density": 0.08,
    "detector.memory.cells_per_column": 8,
    "prediction.steps": 2,
}


def run(**sets):
    """Outcome and steps of a small run; dots in names are written as two underscores."""
    seen = []
    changed = {name.replace("__", "."): value for name, value in sets.items()}
    config = scenarios.load("stream", {**SMALL, **changed})
    return run_point(config, lambda *step: seen.append(step)), seen


def write(path, rows, header="timestamp,value"):
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


ROWS = [f"2020-01-{1 + i // 24:02} {i % 24:02}:00:00,{10 + i % 24}" for i in range(240)]


@pytest.fixture(scope="module")
def small():
    """One run in software."""
    return run()


@pytest.fixture(scope="module")
def ideal():
    """One run with an ideal crossbar beside."""
    return run(substrate="crossbar", device="ideal")


class TestData:
    def test_the_made_stream_follows_the_seed(self):
        one, same, other = (synthetic_stream(SyntheticParams(), seed) for seed in (1, 1, 2))
        assert np.array_equal(one.series.values, same.series.values)
        assert not np.array_equal(one.series.values, other.series.values)
        assert one.windows == other.windows
        assert len(one) == 10 * 7 * 48

    @pytest.mark.parametrize("step", [3600.0, 1800.0, 337.5])
    def test_its_anomalies_are_what_they_are_called_and_the_rest_repeats(self, step):
        made = synthetic_stream(SyntheticParams(weeks=4, step=step, noise=0.0), 0)
        x, day = made.series.values, round(86_400 / step)
        (a, b), (c, d), (e, f) = made.windows
        usual = np.tile(x[: 7 * day], 4)
        odd = np.abs(x - usual) > 1e-9
        labelled = np.zeros(len(made), dtype=bool)
        for first, last in made.windows:
            labelled[first : last + 1] = True
        assert not odd[~labelled].any()
        assert odd[a : b + 1].all()
        assert len(set(x[c : d + 1])) == 1
        assert odd[e : f + 1].mean() > 0.3
        if 8 * 3600 % step == 0:  # a whole number of records late: each value alone is a usual one
            assert set(np.round(x[e : f + 1], 6)) <= set(np.round(usual, 6))
        apart = np.diff(made.series.timestamps) / np.timedelta64(1, "us")
        assert (apart == step * 1e6).all()

    def test_range_of_the_probation_ignores_what_comes_later(self):
        values = np.array([3.0, 1.0, 2.0, 50.0])
        assert value_range(StreamDataParams(), values, 3) == (1.0, 3.0)
        assert value_range(StreamDataParams(range="file"), values, 3) == (1.0, 50.0)
        assert value_range(StreamDataParams(low=-1.0), values, 3) == (-1.0, 3.0)
        with pytest.raises(BadInput, match=r"data.high \(0\): leaves no range beside the values' own 1 .. 3"):
            value_range(StreamDataParams(high=0.0), values, 3)
        with pytest.raises(BadInput, match="too far apart"):
            value_range(StreamDataParams(), np.array([-1e308, 1e308]), 2)

    def test_windows_of_json_are_found_by_folders_and_name(self, tmp_path):
        (tmp_path / "b").mkdir()
        series = read_series(write(tmp_path / "b" / "x.csv", ROWS))
        pair = ["2020-01-01 02:30:00.000000", "2020-01-01 05:00:00.000000"]
        labels = tmp_path / "windows.json"
        labels.write_text(json.dumps({"a/x.csv": [], "b/x.csv": [pair]}))
        # Every record from start to end, though 02:30 itself is none.
        assert read_windows(labels, tmp_path / "b" / "x.csv", series.timestamps) == ((3, 5),)
        labels.write_text(json.dumps({"elsewhere/x.csv": []}))
        assert read_windows(labels, tmp_path / "b" / "x.csv", series.timestamps) == ()

    def test_windows_of_csv_come_in_order_and_in_the_datas_own_dates(self, tmp_path):
        path = write(tmp_path / "x.csv", ["1/2/20 0:00,1", "1/2/20 1:00,2", "1/2/20 2:00,3"])
        write(tmp_path / "l.csv", ["1/2/20 2:00,1/2/20 2:00", "1/1/20 0:00,1/2/20 0:30"], "start,end")
        labels = str(tmp_path / "l.csv")
        params = StreamDataParams(path=path, labels=labels, date_format="%m/%d/%y %H:%M")
        assert load_stream(params, 0).windows == ((0, 0), (2, 2))

    @pytest.mark.parametrize(
        ("name", "text", "match"),
        [
            ("l.csv", "begin,end\n", "row 1: must have the columns start, end"),
            ("l.csv", "start,end\n2020-01-01 05:00,2020-01-01 04:00\n", "row 2: a window must begin before"),
            ("l.csv", "start,end\n2021-01-01,2021-01-02\n", "row 2: no record lies in the window 2021-01-01"),
            ("l.csv", "start,end\nx,2020-01-02\n", "row 2: start: must be a date"),
            (
                "l.csv",
                "start,end\n2020-01-01,2020-01-02\n2020-01-02,2020-01-03\n",
                "row 3: must not overlap",
            ),
            ("l.json", "[1]", "must map file names to lists"),
            ("l.json", '{"y.csv": []}', "must have one entry for x.csv, got 0 of 1"),
            ("l.json", '{"a/x.csv": [], "b/x.csv": []}', "must have one entry for x.csv, got 2 of 2"),
            ("l.json", '{"x.csv": [["2020-01-01"]]}', "must be a pair of timestamps"),
        ],
    )
    def test_bad_labels_name_file_and_place(self, tmp_path, name, text, match):
        path = write(tmp_path / "x.csv", ROWS)
        (tmp_path / name).write_text(text)
        with pytest.raises(BadInput, match=match) as error:
            load_stream(StreamDataParams(path=str(path), labels=str(tmp_path / name)), 0)
        assert name in str(error.value)


class TestMeasures:
    def test_only_judged_records_give_alarms(self):
        score = np.array([0.9, 0.1, 0.5, 0.49, 0.9])
        assert judged_alarms(score, 0.5, 1).tolist() == [2, 4]

    def test_delays_count_from_the_part_of_a_window_that_is_judged(self):
        times = np.datetime64("2020-01-01", "us") + np.arange(20) * np.timedelta64(60, "s")
        windows = ((0, 2), (3, 6), (8, 10), (15, 19))
        found = detections(np.array([5, 6, 12, 15]), windows, times, 4)
        assert found == [(1, 60.0), None, (0, 0.0)]  # the first window is over before anything is judged

    def test_errors_of_known_numbers(self):
        truth, told = np.array([1.0, 3.0, 1.0, 3.0]), np.array([np.nan, 4.0, 1.0, 1.0])
        got = errors(truth, told)
        assert got["rmse"] == pytest.approx(np.sqrt(5 / 3))
        assert got["nrmse"] == pytest.approx(np.sqrt(5 / 3) / np.std([3, 1, 3]))
        assert got["mape"] == pytest.approx(3 / 7)
        assert all(np.isnan(one) for one in errors(truth, np.full(4, np.nan)).values())

    def test_the_last_value_is_told_steps_later(self):
        assert repeated(np.array([1.0, 2.0, 3.0]), 2)[2] == 1.0
        assert np.isnan(repeated(np.array([1.0, 2.0]), 5)).all()


class TestRun:
    def test_every_metric_is_named_and_agrees_with_the_arrays(self, small):
        outcome, seen = small
        metrics, arrays = outcome.metrics, outcome.arrays
        assert set(metrics) == {name for name in METRICS if "hardware" not in METRICS[name].label} - {
            "fidelity",
            "fidelity_active_cells",
            "fidelity_predicted_cells",
            "anomaly_difference",
            "area_m2",
            *(name for name in METRICS if name.startswith("outage_")),
        }
        assert metrics["records"] == 672
        probation = int(arrays["probation"])
        assert metrics["judged_records"] == 672 - probation == 672 - 100
        assert arrays["anomaly_software"][probation:].mean() == pytest.approx(metrics["anomaly_software"])
        alarms = judged_alarms(arrays["log_likelihood_software"], 0.5, probation)
        assert metrics["alarms_software"] == alarms.size
        assert metrics["windows"] == 3
        assert seen[-1][:2] == (672, 672)

    def test_what_was_foretold_was_said_before(self, small):
        arrays = small[0].arrays
        told, values = arrays["predicted_software"], arrays["values"]
        assert np.isnan(told[:2]).all()
        assert np.isfinite(told[2:]).all()
        assert small[0].metrics["nrmse_software"] == pytest.approx(
            errors(values[100:], told[100:])["nrmse"], rel=1e-12
        )
        assert small[0].metrics["nrmse_raw"] == pytest.approx(
            np.sqrt(np.mean((values[100:] - values[98:-2]) ** 2)) / values[100:].std()
        )

    def test_learns_the_stream(self, small):
        arrays = small[0].arrays
        assert (arrays["anomaly_software"][:4] == 1.0).all()
        assert small[0].metrics["anomaly_software"] < 0.3
        assert small[0].metrics["nrmse_software"] < small[0].metrics["nrmse_raw"]

    def test_same_seed_same_run_and_another_seed_another(self, small):
        again, other = run()[0], run(seed=1)[0]
        assert again.metrics == small[0].metrics
        for name, array in again.arrays.items():
            assert np.array_equal(array, small[0].arrays[name], equal_nan=array.dtype.kind == "f"), name
        assert other.metrics["anomaly_software"] != small[0].metrics["anomaly_software"]

    def test_an_ideal_crossbar_is_the_software(self, small, ideal):
        metrics, arrays = ideal[0].metrics, ideal[0].arrays
        for name in ("fidelity", "fidelity_active_cells", "fidelity_predicted_cells"):
            assert metrics[name] == 1.0
        assert metrics["anomaly_difference"] == 0.0
        for name in ("anomaly", "log_likelihood", "predicted"):
            assert np.array_equal(arrays[f"{name}_hardware"], arrays[f"{name}_software"], equal_nan=True)
        assert np.array_equal(arrays["anomaly_software"], small[0].arrays["anomaly_software"])
        assert set(metrics) <= set(METRICS)
        assert metrics["energy_per_record_J"] > 0
        assert metrics["latency_per_record_s"] > 0
        assert metrics["area_m2"] > 0

    def test_ideal_neurons_and_compartments_are_the_software(self, ideal):
        metrics = run(substrate="spiking", device="ideal")[0].metrics
        for name in ("fidelity", "fidelity_active_cells", "fidelity_predicted_cells"):
            assert metrics[name] == 1.0
        assert metrics["anomaly_difference"] == 0.0
        assert metrics["dendritic_spikes_per_record"] > 0
        crossbar = ideal[0].metrics["energy_per_record_J"]
        assert metrics["energy_per_record_crossbar_J"] == pytest.approx(crossbar)

    def test_time_that_passes_makes_devices_drift(self):
        sets = {"substrate": "crossbar", "device": "pcm_joshi2020", "data.synthetic.step": 7200.0}
        changed = {name.replace(".", "__"): value for name, value in sets.items()}
        still = run(**changed)[0]
        aged = run(**changed, time__stamps=True)[0]
        both = run(**changed, time__record=7200.0)[0]
        assert aged.metrics["fidelity"] != still.metrics["fidelity"]
        assert np.array_equal(aged.arrays["anomaly_hardware"], both.arrays["anomaly_hardware"])
        assert np.array_equal(aged.arrays["anomaly_software"], still.arrays["anomaly_software"])

    def test_a_stream_without_labels_or_prediction_says_less(self, tmp_path):
        path = write(tmp_path / "x.csv", ROWS)
        outcome, _ = run(data__path=path, prediction__steps=0)
        assert outcome.metrics["records"] == 240
        told = ("windows", "detected", "false_alarms", "nrmse")
        assert not [name for name in outcome.metrics if name.startswith(told)]
        assert "windows" not in outcome.arrays
        assert "predicted_software" not in outcome.arrays

    def test_one_changed_field_leaves_the_detectors_others(self):
        plain, changed = (scenarios.load("stream", sets) for sets in ({}, {"detector.time.day_of_week": 9}))
        assert changed.detector.time.time_of_day == plain.detector.time.time_of_day > 0
        assert changed.detector.time.day_of_week == 9
        fewer = scenarios.load("stream", {"detector.pooler.columns": 512}).detector
        assert (fewer.pooler.columns, fewer.memory.columns) == (512, 512)
        assert fewer.pooler.increment == plain.detector.pooler.increment
        assert scenarios.load("stream", {"detector.time": "none"}).detector.time is None

    def test_hardware_gets_rows_for_all_segments_it_may_need(self):
        def capacity(**sets):
            return scenarios.load("stream", sets).detector.memory.capacity

        assert capacity() is None
        assert capacity(substrate="crossbar") == HARDWARE_SEGMENTS
        assert capacity(**{"substrate": "crossbar", "detector.memory.capacity": 99}) == 99
        assert capacity(**{"substrate": "crossbar", "detector.memory.punishment": 0.1}) == HARDWARE_SEGMENTS
        # Noise makes it burst, so that it takes more segments than an array has that was made to grow.
        noisy = {"substrate": "crossbar", "device__read_sigma": 0.3, "detector__pooler__columns": 2048}
        outcome, _ = run(**noisy, detector__pooler__density=0.02)
        assert 0.0 < outcome.metrics["fidelity"] < 1.0
        assert outcome.metrics["anomaly_difference"] > 0.0

    @pytest.mark.parametrize(
        ("row", "match"),
        [
            ("2020-01-03 02:00:00,nan", "row 52: value: must be a finite number"),
            (",1", "row 52: timestamp: must be a date"),
            ("2020-01-01 02:00:00,1", "row 52: timestamp: goes backwards"),
            ("2020-01-03 02:00:00+01:00,1", "row 52: timestamp: must bear no time zone"),
        ],
    )
    def test_bad_rows_are_one_line_and_exit_2(self, tmp_path, capsys, monkeypatch, row, match):
        monkeypatch.chdir(tmp_path)
        write(tmp_path / "x.csv", [*ROWS[:50], row, *ROWS[51:]])
        assert main(["run", "stream", "-q", "--set", "data.path=x.csv"]) == 2
        said = capsys.readouterr().err.splitlines()
        assert len(said) == 1
        assert match in said[0]
        assert said[0].startswith("hwsim: error: x.csv row 52")

    def test_backwards_may_be_allowed(self, tmp_path):
        rows = [*ROWS[:50], ROWS[3], *ROWS[51:]]
        path = write(tmp_path / "x.csv", rows)
        outcome, _ = run(data__path=path, data__backwards=True, time__stamps=True, prediction__steps=0)
        assert outcome.metrics["records"] == 240

    @pytest.mark.parametrize(
        ("sets", "match"),
        [
            ({"data.labels": "x.json"}, "labels: need data.path"),
            ({"data.low": 2, "data.high": 1}, r"high: must exceed low \(2\), got 1"),
            ({"data.synthetic.step": 1000}, "step: must be a whole part of a day"),
            ({"substrate": "crosbar"}, "did you mean crossbar"),
            ({"prediction.told": "mode"}, "prediction.told"),
        ],
    )
    def test_bad_parameters_name_themselves(self, sets, match):
        with pytest.raises(BadInput, match=match):
            scenarios.load("stream", sets)

    def test_too_few_records_are_refused(self, tmp_path):
        path = write(tmp_path / "x.csv", ROWS[:6])
        with pytest.raises(BadInput, match="must hold at least 7 records, got 6"):
            run(data__path=str(path))
        write(path, ROWS[:7])
        assert run(data__path=str(path))[0].metrics["judged_records"] == 6


class TestPictures:
    def test_no_spike_is_lost(self):
        rng = np.random.default_rng(0)
        values = rng.normal(size=100_003)
        values[rng.integers(0, values.size, 5)] = 50.0
        values[40_000:41_000] = np.nan
        shown = shown_records(values, 1000)
        assert shown[0] == 0
        assert shown[-1] == values.size - 1
        assert (np.diff(shown) > 0).all()
        assert shown.size <= 2002
        assert (values[shown] == 50.0).sum() == (values == 50.0).sum()
        part = slice(20_000, 20_000 + 300)  # any three parts hold their extremes
        inside = values[shown[(shown >= part.start) & (shown < part.stop)]]
        assert inside.max() >= np.sort(values[part])[-3]
        assert np.isnan(values[shown[(shown > 40_100) & (shown < 40_900)]]).all()
        assert np.array_equal(shown_records(values[:4000], 1000), np.arange(4000))

    @pytest.mark.parametrize(
        "sets", [{}, {"substrate": "crossbar", "device": "ideal"}, {"data.path": "x.csv"}]
    )
    def test_the_command_draws_both(self, tmp_path, monkeypatch, capsys, sets):
        monkeypatch.chdir(tmp_path)
        write(tmp_path / "x.csv", ROWS)
        chosen = [f"--set={name}={value}" for name, value in {**SMALL, **sets}.items()]
        assert main(["run", "stream", "-q", "--out", "out", *chosen]) == 0
        assert {path.name for path in (tmp_path / "out" / "plots").iterdir()} == {
            "stream.png",
            "stream_near.png",
            *(["energy.png"] if "substrate" in sets else []),
        }
        said = capsys.readouterr().out
        assert "judged records, after probation" in said
        assert ("energy assumes: " in said) == ("substrate" in sets)

    def test_titles_say_what_the_metrics_say(self, small):
        from scenarios.figures.stream import _drawn, near_figure, stream_figure

        drawn = _drawn(small[0].arrays, "crossbar")
        metrics = small[0].metrics
        figure = stream_figure(drawn, "stream", "One seed")
        title = figure.get_suptitle().replace("\n", " ")
        assert f"{metrics['detected_software']} of 3 labelled anomalies" in title
        assert f"{metrics['false_alarms_software']} false alarm" in title
        near = near_figure(drawn, "stream", "One seed")
        titled = [ax.get_title() for ax in near.axes if ax.get_title()]
        assert len(titled) == 3
        assert sum("missed" in one for one in titled) == 3 - metrics["detected_software"]


class TestRealSeries:
    def test_hot_gym_in_nupics_form(self):
        path = SHARED / "streams" / "rec-center-hourly.csv"
        if not path.is_file():
            pytest.skip("the data data/streams is not beside this checkout")
        results, _ = run(
            data__path=str(path),
            data__value="kw_energy_consumption",
            data__date_format="%m/%d/%y %H:%M",
            prediction__steps=1,
        )
        assert results.metrics["records"] == 4391
        assert results.metrics["nrmse_software"] < 0.9 * results.metrics["nrmse_raw"]

    def test_labels_of_the_benchmark_are_those_that_it_scores(self):
        folder = SHARED / "nab"
        if not folder.is_dir():
            pytest.skip("the data data/nab is not beside this checkout")
        from scenarios.nab_data import load_nab

        labels = folder / "labels" / "combined_windows.json"
        for name, file in load_nab(folder).files.items():
            found = read_windows(labels, folder / "data" / name, file.series.timestamps)
            assert found == file.windows, name


class TestOutage:
    METAL = ("substrate", "crossbar"), ("crossbar.readout", "binary"), ("detector.memory.capacity", 3000)

    def config(self, **sets):
        return scenarios.load("stream", {**SMALL, **dict(self.METAL), **sets})

    def test_it_throws_the_hardware_back_and_not_the_software(self):
        sets = {"device": "ideal", "outage.at": 420, "outage.kind": "rows", "outage.share": 0.5}
        struck = run_point(self.config(**sets), lambda *_: None)
        calm = run_point(self.config(device="ideal"), lambda *_: None)
        for name in ("anomaly_software", "log_likelihood_software"):
            assert np.array_equal(struck.arrays[name], calm.arrays[name])
        ours, theirs = struck.arrays["anomaly_hardware"], calm.arrays["anomaly_hardware"]
        assert np.array_equal(ours[:420], theirs[:420])
        assert not np.array_equal(ours[420:], theirs[420:])
        assert struck.metrics["outage_excess_before"] == 0.0
        assert struck.metrics["outage_excess_peak"] > 0.02
        assert int(struck.arrays["outage"]) == 420

    def test_healing_measures_what_it_says(self):
        from scenarios.stream_measures import healing

        hardware = np.full(3000, 0.3)
        hardware[1000:1500] = 0.8
        found = healing(np.full(3000, 0.1), hardware, 1000)
        assert found["outage_excess_before"] == pytest.approx(0.2)
        assert found["outage_excess_peak"] == pytest.approx(0.7)
        assert found["outage_excess_end"] == pytest.approx(0.2)
        # the last 200 records hold 50 bad ones, a quarter, 150 after the end of the bad stretch
        assert found["outage_recovery_records"] == 650
        hardware[1500:] = 0.8
        assert np.isnan(healing(np.full(3000, 0.1), hardware, 1000)["outage_recovery_records"])

    @pytest.mark.parametrize(
        ("sets", "message"),
        [
            ({"substrate": "software", "outage.at": 300}, "outage.at: needs hardware that can fail"),
            ({"outage.kind": "tile"}, "outage.kind: "),
            ({"outage.share": 0}, "outage.share: "),
        ],
    )
    def test_bad_input_is_one_line(self, sets, message):
        with pytest.raises(BadInput, match=message):
            self.config(**sets)

    def test_it_must_leave_records_to_compare(self):
        with pytest.raises(BadInput, match=r"outage\.at: must leave 200 records before and after it"):
            run_point(self.config(**{"outage.at": 10}), lambda *_: None)


def test_an_ideal_crossbar_equals_software_over_the_whole_of_nyc_taxi(nyc_taxi):
    """All 10,320 records: anomaly score, likelihood, active and predicted cells, forecasts."""
    config = scenarios.load(
        "stream",
        {"data.path": str(nyc_taxi), "substrate": "crossbar", "device": "ideal", "prediction.steps": 5},
    )
    outcome = run_point(config, lambda *_: None)
    assert outcome.metrics["records"] == 10_320
    for name in ("fidelity", "fidelity_active_cells", "fidelity_predicted_cells"):
        assert (outcome.arrays[f"{name}_per_record"] == 1.0).all()
    for name in ("anomaly", "log_likelihood", "predicted"):
        ours, theirs = (outcome.arrays[f"{name}_{side}"] for side in ("hardware", "software"))
        assert np.array_equal(ours, theirs, equal_nan=True)
