"""NAB's scorer: how early, and how rarely in vain, a detector speaks (Lavin, Ahmad 2015, arXiv 1510.03336).

Let y be a record's place relative to a window of width w (records), r its last record:

1. inside           ``y = -(r - i + 1) / w``, -1 at the first record
2. after it         ``y = (i - r) / (w - 1)``, beyond 3, or before any window: as far away as can be
3. weight           ``S(y) = 2 / (1 + exp(5 y)) - 1``
4. window           earliest detection: ``A_TP S(y) / S(-1)``; none: ``-A_FN``
5. each detection outside windows  ``A_FP S(y)``
6. score            sum of 4 and 5; of the whole corpus ``100 (score - null) / (perfect - null)``

A detection is a score at or above the threshold, the one that suits a profile best on the whole corpus. The first 15 %
of each series (of at most 5,000 records) are not scored. Formulas and rules as in NAB's code (numenta/NAB v1.1).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from htm.pick import BadInput, Params

from .nab_data import LabelledSeries, NabCorpus, checked_scores, read_json

PROBATION = 0.15
"""Share of a series, of at most 5,000 records, that is not scored."""

NO_DETECTION = 1.1
"""A threshold over every score: the detector that never speaks."""

TOLERANCE = 0.05
"""Share of the range so far by which a value must leave it for the threshold rule to speak."""

Scores = Mapping[str, NDArray[np.float64]]
"""Anomaly scores by the series' name, (records,) each, 0..1."""


class Profile(Params):
    """What a detection, a miss and a false alarm are worth."""

    true_positive: float = Field(default=1.0, gt=0.0, description="A_TP, of a window that was detected")
    false_negative: float = Field(default=1.0, ge=0.0, description="A_FN, of a window that was missed")
    false_positive: float = Field(default=0.11, ge=0.0, description="A_FP, of each detection outside windows")


PROFILES: dict[str, Profile] = {
    "standard": Profile(),
    "reward_low_FP_rate": Profile(false_positive=0.22),
    "reward_low_FN_rate": Profile(false_negative=2.0),
}
"""NAB's three profiles (config/profiles.json)."""


@dataclass(frozen=True)
class FileScore:
    """Score of one series, not normalised, and its records after the probationary part by kind."""

    score: float
    true_positives: int
    true_negatives: int
    false_positives: int
    false_negatives: int


@dataclass(frozen=True)
class ProfileScore:
    """Score of a corpus under one profile.

    Attributes
    ----------
    normalised : 0 where nothing is detected, 100 where every window is, at its first record, and nothing else;
        NaN where there are no windows
    raw : sum over the files
    threshold : at or above which a score was a detection
    files : each series' part, by name
    """

    normalised: float
    raw: float
    threshold: float
    files: Mapping[str, FileScore]


def scaled_sigmoid(y: Any) -> NDArray[np.float64]:
    """Weight of a detection at the relative position y: 0.987 at -1, 0 at 0, -1 beyond 3."""
    place = np.asarray(y, dtype=np.float64)
    return np.where(place > 3.0, -1.0, 2.0 / (1.0 + np.exp(5.0 * np.minimum(place, 3.0))) - 1.0)


def probation(records: int) -> int:
    """Number of records at the start that are not scored."""
    return math.floor(PROBATION * min(records, 5000))


def load_profiles(path: Path | str) -> dict[str, Profile]:
    """Profiles of a NAB ``profiles.json``."""
    path = Path(path)
    try:
        return {
            name: Profile(
                true_positive=one["CostMatrix"]["tpWeight"],
                false_negative=one["CostMatrix"]["fnWeight"],
                false_positive=one["CostMatrix"]["fpWeight"],
            )
            for name, one in read_json(path).items()
        }
    except (KeyError, TypeError, AttributeError):
        raise BadInput(
            f"{path}: must map profile names to a CostMatrix of tpWeight, fnWeight, fpWeight"
        ) from None


def record_weights(file: LabelledSeries, profile: Profile) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """What a detection at each record is worth, and where the record lies.

    Returns
    -------
    weights : (records,) equation 4 inside windows, 5 outside
    place : (records,) number of the window the record lies in; -1 outside, -2 in the probationary part
    """
    index = np.arange(len(file))
    weights = np.full(len(file), -profile.false_positive)
    place = np.full(len(file), -1)
    for number, (first, last) in enumerate(file.windows):
        width = last - first + 1
        after = index > last  # overwritten by the next window's
        weights[after] = profile.false_positive * scaled_sigmoid((index[after] - last) / max(width - 1, 1))
        inside = slice(first, last + 1)
        early = scaled_sigmoid(-(last - index[inside] + 1) / width) / scaled_sigmoid(-1.0)
        weights[inside] = profile.true_positive * early
        place[inside] = number
    place[: probation(len(file))] = -2
    return weights, place


def score_file(file: LabelledSeries, scores: Any, profile: Profile, threshold: float) -> FileScore:
    """Score of one series at a threshold."""
    weights, place = record_weights(file, profile)
    detected = checked_scores(file, scores) >= threshold
    outside, inside = place == -1, place >= 0
    total = float(weights[detected & outside].sum())
    for number in np.unique(place[inside]):
        hits = weights[detected & (place == number)]
        total += float(hits.max()) if hits.size else -profile.false_negative
    counts = (detected & inside, ~detected & outside, detected & outside, ~detected & inside)
    return FileScore(total, *(int(count.sum()) for count in counts))


def best_threshold(corpus: NabCorpus, scores: Scores, profile: Profile) -> tuple[float, float]:
    """The threshold with the highest score on the whole corpus, and that score; of equal ones the highest threshold.

    Every score that occurs is tried, and never speaking.
    """
    levels, gains, base = [np.array([NO_DETECTION])], [np.zeros(1)], 0.0
    for name, file in corpus.files.items():
        weights, place = record_weights(file, profile)
        mine = checked_scores(file, scores[name])
        outside = place == -1
        levels.append(mine[outside])
        gains.append(weights[outside])
        for number in np.unique(place[place >= 0]):
            inside = np.flatnonzero(place == number)
            order = inside[np.argsort(-mine[inside], kind="stable")]
            base -= profile.false_negative
            # What each further record adds to the best so far in its window, as the threshold falls.
            best = np.maximum.accumulate(weights[order])
            levels.append(mine[order])
            gains.append(np.diff(best, prepend=-profile.false_negative))
    level, gain = np.concatenate(levels), np.concatenate(gains)
    order = np.argsort(-level, kind="stable")
    level, totals = level[order], base + np.cumsum(gain[order])
    last = np.flatnonzero(np.append(level[1:] != level[:-1], True))  # equal scores fall together
    level, totals = level[last], totals[last]
    # Sums of many weights differ in the last digits with their order; equal is equal within that.
    winner = int(np.flatnonzero(totals >= totals.max() - 1e-9)[0])
    return float(level[winner]), float(totals[winner])


def score_corpus(
    corpus: NabCorpus, scores: Scores, profile: Profile, threshold: float | None = None
) -> ProfileScore:
    """Score of a corpus under one profile, at the best threshold or a given one."""
    absent = sorted(set(corpus.files) - set(scores))
    if absent:
        raise BadInput(f"scores: must be given for every series, got none for {absent[0]}")
    if threshold is None:
        threshold, _ = best_threshold(corpus, scores, profile)
    files = {name: score_file(file, scores[name], profile, threshold) for name, file in corpus.files.items()}
    raw = math.fsum(one.score for one in files.values())
    windows = sum(_scored_windows(file) for file in corpus.files.values())
    null, perfect = -profile.false_negative * windows, profile.true_positive * windows
    normalised = 100.0 * (raw - null) / (perfect - null) if windows else math.nan
    return ProfileScore(normalised, raw, threshold, files)


def _scored_windows(file: LabelledSeries) -> int:
    """Windows that reach beyond the probationary part."""
    return sum(last >= probation(len(file)) for _, last in file.windows)


def nab_scores(
    corpus: NabCorpus, scores: Scores, profiles: Mapping[str, Profile] = PROFILES
) -> dict[str, ProfileScore]:
    """Score of a corpus under each profile, each at its own best threshold."""
    return {name: score_corpus(corpus, scores, profile) for name, profile in profiles.items()}


def threshold_rule(values: Any, tolerance: float = TOLERANCE) -> NDArray[np.float64]:
    """Scores of the plain rule inside Numenta's detectors: 1 where a value leaves the range so far, else 0.

    Alone it gets 50.8 of the standard profile's points on the full corpus; NAB calls it a spatial anomaly.

    Parameters
    ----------
    values : (records,)
    tolerance : share of the range of all values before by which a value must exceed it
    """
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1 or not np.isfinite(numbers).all():
        raise BadInput(f"values: must be 1-d and finite, got shape {numbers.shape}")
    speaks = np.zeros(numbers.size)
    high, low = np.maximum.accumulate(numbers)[:-1], np.minimum.accumulate(numbers)[:-1]
    slack = (high - low) * tolerance
    now = numbers[1:]
    # While all values were equal there is no range to leave.
    speaks[1:] = ((now > high + slack) | (now < low - slack)) & (high != low)
    return speaks


def with_threshold_rule(scores: Any, values: Any, tolerance: float = TOLERANCE) -> NDArray[np.float64]:
    """A detector's scores, 1 wherever the threshold rule speaks: how Numenta's and htm.core's detectors are scored."""
    return np.maximum(np.asarray(scores, dtype=np.float64), threshold_rule(values, tolerance))


def score_detector(corpus: NabCorpus, detector: Callable[[LabelledSeries], Any]) -> dict[str, ProfileScore]:
    """Run a detector, a function from a series to its scores, over a corpus and score it under NAB's profiles."""
    return nab_scores(
        corpus, {name: checked_scores(file, detector(file)) for name, file in corpus.files.items()}
    )
