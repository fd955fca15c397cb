"""The Numenta Anomaly Benchmark: a detector over every labelled series of a NAB checkout, scored as NAB scores it.

Every score stands with and without the plain threshold rule that Numenta's and htm.core's detectors contain, beside the
rule alone, since the rule gets most of the points by itself. One threshold serves all files, the best one for a
profile, as NAB has it. The encoder's resolution follows from the value range of the whole file, as in NuPIC's detector.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from htm.pick import BadInput, Params, nearest
from htm.synapses import State, Substrate

from .beside import BesideConfig
from .checkpoint import Checkpoint
from .detector import Detector, DetectorParams, with_rows_of_metal
from .meter import Meter
from .nab_data import LabelledSeries, NabCorpus, load_nab, write_result
from .nab_score import PROFILES, ProfileScore, nab_scores, score_corpus, threshold_rule, with_threshold_rule
from .registry import Metric, Outcome, Progress
from .side_by_side import SHARED, StreamTimeParams, pauses, shared
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
    time: StreamTimeParams = Field(
        default_factory=lambda: StreamTimeParams(stamps=True),
        description="between records; unless told otherwise that of their timestamps",
    )

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
    made |= SHARED
    made["energy_per_record_J"] = Metric("energy per record, hardware", "J")
    made["latency_per_record_s"] = Metric("latency per record, hardware", "s")
    made["pulses_per_device_mean"] = Metric(
        "pulses that a device in use has seen, mean of all series, hardware"
    )
    made["pulses_per_device_most"] = Metric("pulses that the busiest device of all has seen, hardware")
    made["life_years"] = Metric(
        "life of the busiest device at its series' rate of records, by its median endurance, hardware",
        "years",
    )
    return made


METRICS = _metrics()


def run_point(config: NabConfig, progress: Progress, checkpoint: Checkpoint | None = None) -> Outcome:
    """One point: every series once, then the scores.

    Parameters
    ----------
    config : the resolved parameters
    progress : told how far it is, in records
    checkpoint : where it goes on after a kill: at the series that it was at
    """
    corpus = _corpus(config.data)
    sides = ["software"] + (["hardware"] if config.substrate != "software" else [])
    heard = _Heard(corpus, sides)
    if checkpoint is not None:
        checkpoint.resume(heard)
    total = sum(map(len, corpus.files.values()))
    for name in list(corpus.files)[heard.series :]:
        _hear(config, corpus.files[name], heard, progress)
        if checkpoint is not None:
            checkpoint.offer(heard)
    progress(total, total, "scored")
    metrics: dict[str, float | int] = {
        "records": total,
        "windows": sum(len(file.windows) for file in corpus.files.values()),
    }
    rule = {name: threshold_rule(file.series.values) for name, file in corpus.files.items()}
    metrics |= {f"{SHORT[name]}_raw": one.normalised for name, one in nab_scores(corpus, rule).items()}
    arrays: dict[str, NDArray[Any]] = {}
    for k, side in enumerate(sides):
        anomaly, scores = heard.by_series(heard.anomaly[k]), heard.by_series(heard.score[k])
        metrics |= _scored(corpus, scores, anomaly, side)
        arrays |= {f"score_{side}|{name}": values for name, values in scores.items()}
        if config.data.results is not None:
            for name, file in corpus.files.items():
                _write(config.data.results, side, file, scores[name])
    if len(sides) == 2:
        metrics |= heard.of_hardware()
    for name, file in corpus.files.items():
        arrays[f"timestamps|{name}"], arrays[f"values|{name}"] = file.series.timestamps, file.series.values
        arrays[f"windows|{name}"] = np.array(file.windows, dtype=np.int64).reshape(-1, 2)
    return Outcome(metrics={name: metrics[name] for name in METRICS if name in metrics}, arrays=arrays)


SPENT = ("energy_per_record_J", "latency_per_record_s")
WORN = ("pulses_per_device_mean", "pulses_per_device_most", "life_years")


class _Heard:
    """What was said of every record, all series end to end, and what the hardware spent: what a checkpoint holds.

    Attributes
    ----------
    series : how many are done
    anomaly, score : (sides, records)
    alike : (len(SHARED), records)
    spent, worn : (series, ...) of the hardware
    """

    def __init__(self, corpus: NabCorpus, sides: list[str]) -> None:
        self._sizes = {name: len(file) for name, file in corpus.files.items()}
        total, both = sum(self._sizes.values()), len(sides) == 2
        self.series = 0
        self.anomaly, self.score = np.zeros((2, len(sides), total))
        self.alike = np.zeros((len(SHARED), total if both else 0))
        self.spent = np.zeros((len(self._sizes), len(SPENT)))
        self.worn = np.full((len(self._sizes), len(WORN)), np.nan)

    @property
    def done(self) -> int:
        """Records of the series that are done."""
        return sum(list(self._sizes.values())[: self.series])

    @property
    def total(self) -> int:
        """Records in all."""
        return sum(self._sizes.values())

    def by_series(self, numbers: NDArray[np.float64]) -> Scores:
        """`numbers` (records,) of each series."""
        ends = np.cumsum(list(self._sizes.values()))
        return dict(zip(self._sizes, np.split(numbers, ends[:-1]), strict=True))

    def of_hardware(self) -> dict[str, float]:
        """Fidelity, costs and wear."""
        found = dict(zip(SHARED, map(float, self.alike.mean(axis=1)), strict=True))
        if not self.spent.any():
            return found
        found |= dict(zip(SPENT, map(float, self.spent.sum(axis=0) / self.total), strict=True))
        mean, most, life = self.worn.T
        known = life[np.isfinite(life)]
        worn = float(mean.mean()), float(most.max()), float(known.min()) if known.size else math.nan
        return found | dict(zip(WORN, worn, strict=True))

    def state(self) -> State:
        return {
            "series": self.series,
            "anomaly": self.anomaly.copy(),
            "score": self.score.copy(),
            "alike": self.alike.copy(),
            "spent": self.spent.copy(),
            "worn": self.worn.copy(),
        }

    def restore(self, state: State) -> None:
        self.series = int(state["series"])
        for name in ("anomaly", "score", "alike", "spent", "worn"):
            getattr(self, name)[...] = state[name]


def _hear(config: NabConfig, file: LabelledSeries, heard: _Heard, progress: Progress) -> None:
    """One series, record by record, through every side."""
    series, start = file.series, heard.done
    words = ["software"] + (["hardware"] if heard.anomaly.shape[0] == 2 else [])
    substrates = [_substrate(config, word) for word in words]
    low, high = float(series.values.min()), float(series.values.max())
    detectors = [Detector(config.detector, low, high, len(file), one, config.seed) for one in substrates]
    meter = Meter(substrates[-1], config.crossbar, config.cost, config.neuron_cost)
    meter.mark("made")
    apart = pauses(config.time, series.timestamps)
    for i, (moment, value) in enumerate(
        zip(series.timestamps.tolist(), series.values.tolist(), strict=True), start=start
    ):
        for k, detector in enumerate(detectors):
            if apart[i - start] > 0.0:
                detector.elapse(apart[i - start])
            found = detector.compute(moment, value)
            heard.anomaly[k, i], heard.score[k, i] = found.anomaly, found.score
        if len(detectors) == 2:
            difference = float(heard.anomaly[1, i] - heard.anomaly[0, i])
            heard.alike[:, i] = shared(detectors[0], detectors[1], difference)
        if i % 200 == 0:
            progress(i, heard.total, file.name)
    meter.mark("done")
    if meter.priced:
        cost = meter.between("made", "done")
        heard.spent[heard.series] = cost.energy, cost.latency
        worn = meter.wear("done", len(file), float(np.mean(apart[1:])) if len(apart) > 1 else 0.0)
        heard.worn[heard.series] = [worn[name] for name in WORN]
    heard.series += 1


def _substrate(config: NabConfig, side: str) -> Substrate:
    word = "software" if side == "software" else config.substrate
    return SUBSTRATES[word](config.device, config.crossbar, config.seed)


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
