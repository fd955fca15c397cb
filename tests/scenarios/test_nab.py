"""The nab scenario on a small benchmark made here: scores, result files, pictures, hardware beside it, bad input."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

import scenarios
from scenarios import nab_published
from scenarios.checkpoint import Checkpoint
from scenarios.cli import main
from scenarios.detector import Detector
from scenarios.nab import run_point
from scenarios.nab_data import load_nab, read_result
from scenarios.nab_score import nab_scores, threshold_rule, with_threshold_rule
from scenarios.plots import figures_of
from scenarios.side_by_side import StreamTimeParams, pauses

SMALL = {
    "detector.pooler.columns": 128,
    "detector.pooler.density": 0.08,
    "detector.memory.cells_per_column": 4,
    "detector.memory.activation_threshold": 6,
    "detector.memory.matching_threshold": 4,
    "detector.memory.new_synapses": 10,
    "detector.members": 2,
}
FILES = {"realKnownCause/steps.csv": 0, "artificialNoAnomaly/plain.csv": 1}


@pytest.fixture(scope="module")
def nab(tmp_path_factory):
    """Two series of 400 records; the first has a flat stretch that is labelled."""
    folder = tmp_path_factory.mktemp("nab")
    start = datetime(2024, 1, 1)
    windows = {}
    for name, seed in FILES.items():
        rng = np.random.default_rng(seed)
        values = 10 * np.sin(np.arange(400) * 2 * np.pi / 24) + rng.normal(0, 0.3, 400)
        windows[name] = []
        if "steps" in name:
            values[300:330] = 25.0
            windows[name] = [[str(start + timedelta(hours=295)), str(start + timedelta(hours=335))]]
        path = folder / "data" / name
        path.parent.mkdir(parents=True)
        rows = [f"{start + timedelta(hours=i)},{value}" for i, value in enumerate(values)]
        path.write_text("timestamp,value\n" + "\n".join(rows) + "\n")
    (folder / "labels").mkdir()
    (folder / "labels" / "combined_windows.json").write_text(json.dumps(windows))
    return folder


def run(nab, folder, **sets):
    changed = {
        "data.path": str(nab),
        **SMALL,
        **{key.replace("__", "."): value for key, value in sets.items()},
    }
    return scenarios.run("nab", changed, out=folder, progress=False)


def scores_of(results):
    arrays = results.arrays(results.to_dataframe()["id"][0])
    return {name: arrays[f"score_software|{name}"] for name in FILES}


def test_the_metrics_are_nabs_scores_of_what_the_detector_said(nab, tmp_path):
    results = run(nab, tmp_path / "run", data__results=str(tmp_path / "results"))
    row = results.to_dataframe().iloc[0]
    corpus, scores = load_nab(nab), scores_of(results)
    plain = nab_scores(corpus, scores)
    ruled = {name: with_threshold_rule(one, corpus.files[name].series.values) for name, one in scores.items()}
    rule = {name: threshold_rule(file.series.values) for name, file in corpus.files.items()}
    for profile, word in (
        ("standard", "standard"),
        ("reward_low_FP_rate", "low_FP"),
        ("reward_low_FN_rate", "low_FN"),
    ):
        assert row[f"{word}_software"] == pytest.approx(plain[profile].normalised)
        assert row[f"{word}_with_rule_software"] == pytest.approx(
            nab_scores(corpus, ruled)[profile].normalised
        )
        assert row[f"{word}_raw"] == pytest.approx(nab_scores(corpus, rule)[profile].normalised)
    assert row["standard_realKnownCause_software"] == pytest.approx(
        plain["standard"].normalised + 100 * row["cost_artificialNoAnomaly_software"]
    )
    for name, file in corpus.files.items():
        np.testing.assert_allclose(read_result(tmp_path / "results", "hwsimSoftware", file), scores[name])
        np.testing.assert_allclose(read_result(tmp_path / "results", "hwsimSoftwareRule", file), ruled[name])


def test_the_scores_are_those_of_a_detector_run_by_hand(nab, tmp_path):
    results = run(nab, tmp_path / "run", data__group="realKnownCause", detector__rest=0.2)
    (name,) = [
        key.partition("|")[2] for key in results.arrays(results.to_dataframe()["id"][0]) if "score" in key
    ]
    series = load_nab(nab).files[name].series
    config = scenarios.load("nab", {**SMALL, "detector.rest": 0.2})
    detector = Detector(config.detector, series.values.min(), series.values.max(), len(series))
    by_hand = [
        detector.compute(moment, value).score
        for moment, value in zip(series.timestamps.tolist(), series.values.tolist(), strict=True)
    ]
    arrays = results.arrays(results.to_dataframe()["id"][0])
    np.testing.assert_array_equal(arrays[f"score_software|{name}"], by_hand)


def test_hardware_runs_beside_it_and_an_ideal_device_scores_the_same(nab, tmp_path):
    results = run(
        nab,
        tmp_path / "run",
        substrate="crossbar",
        device="ideal",
        detector__members=1,
        detector__memory__capacity=400,
        data__files=["realKnownCause/steps.csv"],
    )
    row = results.to_dataframe().iloc[0]
    assert row["standard_hardware"] == row["standard_software"]
    assert row["anomaly_hardware"] == row["anomaly_software"]
    assert row["energy_per_record_J"] > 0
    assert row["fidelity"] == row["fidelity_active_cells"] == row["fidelity_predicted_cells"] == 1.0
    assert row["anomaly_difference"] == 0.0
    assert row["pulses_per_device_most"] >= row["pulses_per_device_mean"] > 0


def test_time_passes_as_the_timestamps_say_unless_told_otherwise(nab, tmp_path):
    metal = {
        "substrate": "crossbar",
        "device": "pcm_joshi2020",
        "detector__members": 1,
        "detector__memory__capacity": 400,
        "data__files": ["realKnownCause/steps.csv"],
    }
    still, hourly, slow = (
        run(nab, tmp_path / str(k), **metal, **time).to_dataframe().iloc[0]
        for k, time in enumerate(
            ({"time__stamps": False}, {}, {"time__stamps": False, "time__record": 3600.0})
        )
    )
    assert still["anomaly_hardware"] != hourly["anomaly_hardware"]  # it drifts
    assert slow["anomaly_hardware"] == hourly["anomaly_hardware"]


def test_time_can_pass_in_lumps():
    stamps = np.datetime64("2024-01-01") + 600 * np.arange(8) * np.timedelta64(1, "s")
    assert pauses(StreamTimeParams(stamps=True, lump=1500.0), stamps) == [0, 0, 0, 1800, 0, 0, 1800, 0]
    assert pauses(StreamTimeParams(record=600.0), stamps) == [0.0] + 7 * [600.0]


def test_a_killed_run_goes_on_at_the_series_it_was_at(nab, tmp_path):
    config = scenarios.load("nab", {"data.path": str(nab), **SMALL})
    heard = []

    def killed(done, total, what):
        heard.append(what)
        if done > 500:
            raise KeyboardInterrupt

    kept = tmp_path / "point.npz"
    with pytest.raises(KeyboardInterrupt):
        run_point(config, killed, Checkpoint(kept, 0.0))
    heard.clear()
    again = run_point(config, lambda done, total, what: heard.append(what), Checkpoint(kept, 0.0))
    assert set(heard) == {"realKnownCause/steps.csv", "scored"}
    whole = run_point(config, lambda *told: None)
    assert again.metrics == whole.metrics
    for name, values in whole.arrays.items():
        np.testing.assert_array_equal(again.arrays[name], values)


def test_pictures_show_the_scores_and_every_series(nab, tmp_path):
    results = run(nab, tmp_path / "run")
    figures = figures_of(results)
    assert set(figures) == {"scores", "series"}
    row = results.to_dataframe().iloc[0]
    assert f"{row['standard_software']:.1f} points without" in figures["scores"].get_suptitle()
    heights = [bar.get_height() for bar in figures["scores"].axes[0].patches]
    for name in ("standard_software", "low_FN_with_rule_software", "standard_raw"):
        assert any(height == pytest.approx(row[name]) for height in heights), name
    titles = [ax.get_title(loc="left") for ax in figures["series"].axes]
    assert {"steps", "plain"} <= set(titles)


def test_published_scores_stand_beside_where_whole_groups_are_there(nab, tmp_path, monkeypatch):
    results = run(nab, tmp_path / "run", detector__members=1)
    assert "published" not in str(
        [one.get_text() for one in figures_of(results)["scores"].axes[0].get_xticklabels()]
    )
    monkeypatch.setattr(nab_published, "FILES", {"artificialNoAnomaly": 1, "realKnownCause": 1})
    monkeypatch.setattr(nab_published, "PUBLISHED", {"other": (-0.1, 0.5)})
    above, groups = figures_of(results)["scores"].axes
    assert above.patches[-1].get_height() == pytest.approx(50 * (0.5 - 0.1 + 1))
    (marker,) = [line for line in groups.lines if line.get_label() == "other, published"]
    assert marker.get_xdata()[0] == pytest.approx(50 * (0.5 + 1))


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        ([], "data.path: must name a NAB checkout"),
        (["data.path=nowhere"], "nowhere: is no NAB checkout"),
        (["data.group=realKnown"], "group: must be one of"),
        (['data.files=["realKnownCause/step.csv"]'], "did you mean realKnownCause/steps.csv"),
        (["detector.members=0"], "detector.members"),
    ],
)
def test_bad_input_gets_one_line(nab, sets, message, capsys, tmp_path):
    given = sets if not sets or "path" in sets[0] else [f"data.path={nab}", *sets]
    words = [word for one in given for word in ("--set", one)]
    assert main(["run", "nab", *words, "-q", "--out", str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_the_corpus_that_is_shared_can_be_listed():
    path = Path(__file__).resolve().parents[3] / "shared" / "data" / "nab"
    if not path.is_dir():
        pytest.skip("shared/data/nab is not here")
    assert sum(len(file.windows) for file in load_nab(path).files.values()) == 25
