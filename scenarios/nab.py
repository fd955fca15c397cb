"""The Numenta Anomaly Benchmark: a detector over every labelled series of a NAB checkout, scored as NAB scores it.

Every score stands with and without the plain threshold rule that Numenta's and htm.core's detectors contain, beside the
rule alone, since the rule gets most of the points by itself. One threshold serves all files, the best one for a
profile, as NAB has it. The encoder's resolution follows from the value range of the whole file, as in NuPIC's detector.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from htm.pick import BadInput, Params, nearest

from .beside import BesideConfig
from .detector import Detector, DetectorParams, with_rows_of_metal
from .meter import Meter
from .nab_data import LabelledSeries, NabCorpus, load_nab, write_result
from .nab_score import PROFILES, ProfileScore, nab_scores, score_corpus, threshold_rule, with_threshold_rule
from .registry import Metric, Outcome, Progress
from .substrates import SUBSTRATES

Scores = dict[str, NDArray[np.float64]]

SHORT = {"standard": "standard", "reward_low_FP_rate": "low_FP", "reward_low_FN_rate": "low_FN"}
"""Profiles by the word that stands in metric names."""

GROUPS = (
    "artificialNoAnomaly",
    "artificialWithAnomaly",
    "realAWSCloudwatch",
    "realAdExchange",
    "realKnownCause",
    "realTraffic",
    "realTweets",
)
"""NAB's groups of files."""


class NabDataParams(Params):
    """Which series."""

    path: str | None = Field(
        default=None, description="a NAB checkout: holds data/ and labels/combined_windows.json"
    )
    group: str | None = Field(
        default=None, description="only this group of files, e.g. realKnownCause; none: all"
    )
    files: tuple[str, ...] | None = Field(
        default=None,
        min_length=1,
        description="only these files, e.g. realKnownCause/nyc_taxi.csv; none: all",
    )
    results: str | None = Field(
        default=None,
        description="folder for result files as NAB's scorer reads them; none: they are not written",
    )


class NabConfig(BesideConfig):
    """Everything that decides a run of the nab scenario."""

    data: NabDataParams = Field(default_factory=NabDataParams)
    detector: DetectorParams = Field(default_factory=DetectorParams)

    @model_validator(mode="before")
    @classmethod
    def _rows_of_metal(cls, values: Any) -> Any:
        return with_rows_of_metal(values)


def _metrics() -> dict[str, Metric]:
    words = {"raw": "the rule alone", "software": "software", "hardware": "hardware"}
    made: dict[str, Metric] = {}
    for short, side in itertools.product(SHORT.values(), words):
        name = f"NAB score, profile {short.replace('_', ' ')}"
        made[f"{short}_{side}"] = Metric(f"{name}, {words[side]}", "points", headline=short == "standard")
        if side != "raw":
            made[f"{short}_with_rule_{side}"] = Metric(
                f"{name} with the rule, {words[side]}", "points", headline=short == "standard"
            )
    for side in ("software", "hardware"):
        made[f"standard_of_anomaly_{side}"] = Metric(
            f"NAB score, profile standard, of the anomaly score itself, {side}", "points"
        )
        for group in GROUPS:
            made[f"standard_{group}_{side}"] = Metric(
                f"NAB score, profile standard, {group} alone, {side}", "points"
            )
            made[f"cost_{group}_{side}"] = Metric(f"false alarms' cost in {group} (standard), {side}")
        made[f"threshold_{side}"] = Metric(f"best threshold, profile standard, {side}")
        made[f"anomaly_{side}"] = Metric(f"anomaly score, mean, {side}")
    made["windows"] = Metric("labelled anomalies")
    made["records"] = Metric("records")
    made["energy_per_record_J"] = Metric("energy per record, hardware", "J")
    made["latency_per_record_s"] = Metric("latency per record, hardware", "s")
    return made


METRICS = _metrics()


def run_point(config: NabConfig, progress: Progress) -> Outcome:
    """One point: every series once, then the scores.

    Parameters
    ----------
    config : the resolved parameters
    progress : told how far it is, in records
    """
    corpus = _corpus(config.data)
    sides = ["software"] + (["hardware"] if config.substrate != "software" else [])
    total = sum(map(len, corpus.files.values()))
    metrics: dict[str, float | int] = {
        "records": total,
        "windows": sum(len(file.windows) for file in corpus.files.values()),
    }
    arrays: dict[str, NDArray[Any]] = {}
    rule = {name: threshold_rule(file.series.values) for name, file in corpus.files.items()}
    metrics |= {f"{SHORT[name]}_raw": one.normalised for name, one in nab_scores(corpus, rule).items()}
    done = 0
    for side in sides:
        word = "software" if side == "software" else config.substrate
        scores, anomaly = Scores(), Scores()
        spent = np.zeros(2)
        for name, file in corpus.files.items():
            run = _run_file(config, file, word)
            for i, (a, s) in enumerate(run, start=done + 1):
                scores.setdefault(name, np.zeros(len(file)))[i - done - 1] = s
                anomaly.setdefault(name, np.zeros(len(file)))[i - done - 1] = a
                if i % 200 == 0:
                    progress(i, total * len(sides), f"{side}: {name}")
            spent += run.spent
            done += len(file)
            if config.data.results is not None:
                _write(config.data.results, side, file, scores[name])
        metrics |= _scored(corpus, scores, anomaly, side)
        arrays |= {f"score_{side}|{name}": values for name, values in scores.items()}
        if spent.any():
            metrics |= {"energy_per_record_J": spent[0] / total, "latency_per_record_s": spent[1] / total}
    progress(done, done, "scored")
    for name, file in corpus.files.items():
        arrays[f"timestamps|{name}"], arrays[f"values|{name}"] = file.series.timestamps, file.series.values
        arrays[f"windows|{name}"] = np.array(file.windows, dtype=np.int64).reshape(-1, 2)
    return Outcome(metrics={name: metrics[name] for name in METRICS if name in metrics}, arrays=arrays)


def _corpus(data: NabDataParams) -> NabCorpus:
    """The series asked for."""
    if data.path is None:
        raise BadInput(
            "data.path: must name a NAB checkout, a folder with data/ and labels/: --set data.path=FOLDER"
        )
    corpus = load_nab(data.path)
    corpus = corpus if data.group is None else corpus.group(data.group)
    if data.files is None:
        return corpus
    for name in data.files:
        if name not in corpus.files:
            raise BadInput(f"data.files: there is no labelled {name!r:.80} {nearest(name, corpus.files)}")
    return NabCorpus({name: corpus.files[name] for name in data.files})


class _run_file:  # noqa: N801 - an iterator that is called like a function
    """A detector over one series: anomaly and score of each record, and what the hardware spent on it."""

    def __init__(self, config: NabConfig, file: LabelledSeries, substrate: str) -> None:
        self._file = file
        values = file.series.values
        made = SUBSTRATES[substrate](config.device, config.crossbar, config.seed)
        self._detector = Detector(
            config.detector, float(values.min()), float(values.max()), len(file), made, config.seed
        )
        self._meter = Meter(made, config.crossbar, config.cost)
        self._meter.mark("made")
        self.spent = np.zeros(2)

    def __iter__(self) -> Iterator[tuple[float, float]]:
        series = self._file.series
        for moment, value in zip(series.timestamps.tolist(), series.values.tolist(), strict=True):
            found = self._detector.compute(moment, value)
            yield found.anomaly, found.score
        self._meter.mark("done")
        if self._meter.priced:
            cost = self._meter.between("made", "done")
            self.spent = np.array([cost.energy, cost.latency])


def _write(folder: str, side: str, file: LabelledSeries, scores: NDArray[np.float64]) -> None:
    """Result files for NAB's own scorer, with and without the rule."""
    ruled = with_threshold_rule(scores, file.series.values)
    for detector, numbers in ((f"hwsim{side.title()}", scores), (f"hwsim{side.title()}Rule", ruled)):
        write_result(Path(folder), detector, file, numbers)


def _scored(corpus: NabCorpus, scores: Scores, anomaly: Scores, side: str) -> dict[str, float]:
    """Every score of one side."""
    ruled = {name: with_threshold_rule(one, corpus.files[name].series.values) for name, one in scores.items()}
    plain = nab_scores(corpus, scores)
    metrics = {f"{SHORT[name]}_{side}": one.normalised for name, one in plain.items()}
    metrics |= {
        f"{SHORT[name]}_with_rule_{side}": one.normalised for name, one in nab_scores(corpus, ruled).items()
    }
    standard = plain["standard"]
    metrics[f"threshold_{side}"] = standard.threshold
    metrics[f"standard_of_anomaly_{side}"] = score_corpus(corpus, anomaly, PROFILES["standard"]).normalised
    metrics[f"anomaly_{side}"] = float(np.mean(np.concatenate(list(anomaly.values()))))
    return metrics | _by_group(corpus, scores, standard, side)


def _by_group(
    corpus: NabCorpus, scores: Mapping[str, NDArray[np.float64]], standard: ProfileScore, side: str
) -> dict[str, float]:
    """Each group's score at the threshold of all files; for one without anomalies what its false alarms cost."""
    metrics: dict[str, float] = {}
    for group in sorted({file.group for file in corpus.files.values()} & set(GROUPS)):
        part = corpus.group(group)
        one = score_corpus(part, scores, PROFILES["standard"], standard.threshold)
        if np.isfinite(one.normalised):
            metrics[f"standard_{group}_{side}"] = one.normalised
        else:
            metrics[f"cost_{group}_{side}"] = -one.raw
    return metrics
