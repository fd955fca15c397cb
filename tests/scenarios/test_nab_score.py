"""NAB's scorer: published values, score files that NAB's own scorer stored, and a plain second implementation."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from htm.pick import BadInput
from scenarios.nab_data import LabelledSeries, NabCorpus, Series, load_nab
from scenarios.nab_published import FILES, published_scores
from scenarios.nab_score import (
    NO_DETECTION,
    PROFILES,
    Profile,
    best_threshold,
    load_profiles,
    nab_scores,
    probation,
    scaled_sigmoid,
    score_corpus,
    score_detector,
    score_file,
    threshold_rule,
    with_threshold_rule,
)

STANDARD, LOW_FP, LOW_FN = (
    PROFILES[name] for name in ("standard", "reward_low_FP_rate", "reward_low_FN_rate")
)

# File, then score under the three profiles, TP, TN, FP, FN: what NAB's own scorer stored for the threshold rule alone
# (htm-community/NAB, results/threshold/threshold_*_scores.csv; facts, not code).
STORED_THRESHOLD = """
artificialWithAnomaly/art_daily_flatmiddle.csv -1.0 -1.0 -2.0 0 3025 0 403
artificialWithAnomaly/art_daily_jumpsdown.csv -1.0 -1.0 -2.0 0 3025 0 403
artificialWithAnomaly/art_daily_jumpsup.csv 0.8606718242697022 0.8606718242697022 0.8606718242697022 2 3025 0 401
artificialWithAnomaly/art_daily_nojump.csv -1.0 -1.0 -2.0 0 3025 0 403
artificialWithAnomaly/art_increase_spike_density.csv -1.0 -1.0 -2.0 0 3025 0 403
artificialWithAnomaly/art_load_balancer_spikes.csv -1.0 -1.0 -2.0 0 3025 0 403
artificialNoAnomaly/art_flatline.csv 0.0 0.0 0.0 0 3428 0 0
artificialNoAnomaly/art_noisy.csv 0.0 0.0 0.0 0 3428 0 0
artificialNoAnomaly/art_daily_perfect_square_wave.csv 0.0 0.0 0.0 0 3428 0 0
artificialNoAnomaly/art_daily_small_noise.csv 0.0 0.0 0.0 0 3428 0 0
artificialNoAnomaly/art_daily_no_noise.csv 0.0 0.0 0.0 0 3428 0 0
realKnownCause/cpu_utilization_asg_misconfiguration.csv 0.6664336662533512 0.5564336662533512 0.6664336662533512 1 15800 1 1498
realKnownCause/rogue_agent_key_updown.csv -2.1100000000000003 -2.2199999999999998 -4.109999999999999 0 4034 1 530
realKnownCause/ambient_temperature_system_failure.csv -0.3185998592730217 -0.5385998592730217 -1.3185998592730217 1 5789 2 725
realKnownCause/rogue_agent_key_hold.csv -2.1100000000000003 -2.2199999999999998 -4.109999999999999 0 1409 1 190
realKnownCause/machine_temperature_system_failure.csv -4.0 -4.0 -8.0 0 19677 0 2268
realKnownCause/ec2_request_latency_system_failure.csv 1.7058690538429593 1.3758690538429592 1.7058690538429593 5 3079 3 341
realKnownCause/nyc_taxi.csv -3.1846309121957104 -3.1846309121957104 -7.18463091219571 1 8535 0 1034
"""  # noqa: E501

# The same for the windowed Gaussian, standard profile (numenta/NAB, windowedGaussian_standard_scores.csv).
STORED_GAUSSIAN = {
    "artificialWithAnomaly/art_load_balancer_spikes.csv": (-0.692444609523, 18, 3010, 15, 385),
    "realKnownCause/ec2_request_latency_system_failure.csv": (2.02150685678, 8, 3082, 0, 338),
    "realKnownCause/rogue_agent_key_hold.csv": (-2.44, 0, 1406, 4, 190),
    "realKnownCause/rogue_agent_key_updown.csv": (-1.3964908955, 1, 4027, 8, 529),
}


@pytest.fixture(scope="module")
def nab_folder():
    """Folder of the benchmark's labelled files, which are not part of the project."""
    folder = Path(__file__).resolve().parents[3] / "shared" / "data" / "nab"
    if not folder.is_dir():
        pytest.skip("the data data/nab is not beside this checkout")
    return folder


@pytest.fixture(scope="module")
def nab(nab_folder):
    return load_nab(nab_folder)


def series(n, windows, name="group/x.csv"):
    times = np.datetime64("2014-01-01", "us") + np.arange(n) * np.timedelta64(300, "s")
    return LabelledSeries(name, Series(times, np.zeros(n)), tuple(windows))


def sigma(y):
    return -1.0 if y > 3 else 2 / (1 + math.exp(5 * y)) - 1


def plain_score(file, scores, profile, threshold):
    """The definition, record by record."""
    n = len(file)
    first = min(math.floor(0.15 * n), 750)
    found = {k: None for k, (_, last) in enumerate(file.windows) if last >= first}
    total = 0.0
    for i in range(first, n):
        if scores[i] < threshold:
            continue
        inside = [k for k, (a, b) in enumerate(file.windows) if a <= i <= b]
        if inside:
            a, b = file.windows[inside[0]]
            worth = profile.true_positive * sigma(-(b - i + 1) / (b - a + 1)) / sigma(-1)
            if found[inside[0]] is None:
                found[inside[0]] = worth
            continue
        before = [(a, b) for a, b in file.windows if b < i]
        if not before:
            total -= profile.false_positive
        else:
            a, b = before[-1]
            total += profile.false_positive * sigma((i - b) / max(b - a, 1))
    return total + sum(-profile.false_negative if w is None else w for w in found.values())


def test_published_weights():
    assert scaled_sigmoid(-1) == pytest.approx(0.98661, abs=5e-6)
    assert scaled_sigmoid(-0.5) == pytest.approx(0.84828, abs=5e-6)
    assert scaled_sigmoid(0) == 0
    assert scaled_sigmoid(1) == pytest.approx(-0.98661, abs=5e-6)
    assert scaled_sigmoid(3) == pytest.approx(-1, abs=1e-6)
    assert scaled_sigmoid([3.001, 1e9]).tolist() == [-1, -1]


def test_profiles_are_the_published_ones(nab_folder):
    assert load_profiles(nab_folder / "config" / "profiles.json") == PROFILES


def test_bad_profiles(tmp_path):
    (tmp_path / "p.json").write_text(json.dumps({"mine": {"CostMatrix": {"tpWeight": 1}}}))
    with pytest.raises(BadInput, match="must map profile names"):
        load_profiles(tmp_path / "p.json")


def test_probationary_part():
    assert [probation(n) for n in (0, 6, 7, 4032, 5000, 22695)] == [0, 0, 1, 604, 750, 750]


def test_null_and_perfect(nab):
    """A detector that never speaks gets 0, one that speaks at each window's first record only gets 100."""
    for score in score_detector(nab, lambda file: np.zeros(len(file))).values():
        assert score.normalised == pytest.approx(0) and score.threshold == NO_DETECTION
    assert (
        score_corpus(nab, {n: np.full(len(f), 0.5) for n, f in nab.files.items()}, STANDARD).normalised == 0
    )

    def perfect(file):
        scores = np.zeros(len(file))
        scores[[first for first, _ in file.windows]] = 1
        return scores

    for score in score_detector(nab, perfect).values():
        assert score.normalised == pytest.approx(100) and score.threshold == 1


def test_totals_give_the_published_points():
    """The sums NAB stored for 116 windows, and the points it published for them (facts 10.3)."""
    for profile, raw, points in (
        (STANDARD, 1.924439902581418, 50.83),
        (LOW_FP, -0.12559751317559975, 49.95),
        (LOW_FN, -49.07556009741858, 52.56),
        (STANDARD, -24.0131054891, 39.65),
    ):
        null = -116 * profile.false_negative
        assert 100 * (raw - null) / (116 - null) == pytest.approx(points, abs=0.005)


def test_threshold_rule_equals_what_nab_stored(nab):
    for line in STORED_THRESHOLD.strip().splitlines():
        name, *numbers = line.split()
        file = nab.files[name]
        scores = threshold_rule(file.series.values)
        for profile, expected in zip((STANDARD, LOW_FP, LOW_FN), numbers[:3], strict=True):
            result = score_file(file, scores, profile, 1.0)
            assert result.score == pytest.approx(float(expected), abs=1e-12), (name, profile)
            counts = (
                result.true_positives,
                result.true_negatives,
                result.false_positives,
                result.false_negatives,
            )
            assert counts == tuple(map(int, numbers[3:])), name


def test_windowed_gaussian_equals_what_nab_stored(nab):
    """A second detector, with graded scores: 1 - Q of each value under the last 6,400 (steps of 100)."""
    for name, (score, *counts) in STORED_GAUSSIAN.items():
        file = nab.files[name]
        window, mean, sd, scores = [], 0.0, 1.0, []
        assert len(file) <= 6400  # so the window only grows
        for value in file.series.values:
            scores.append(1 - 0.5 * math.erfc(abs(value - mean) / sd / math.sqrt(2)) if window else 0.0)
            window.append(value)
            mean, sd = np.mean(window), np.std(window) or 1e-6
        stored = [float(f"{one:.12g}") for one in scores]  # NAB wrote 12 digits then, so the highest became 1
        result = score_file(file, stored, STANDARD, 1.0)
        assert result.score == pytest.approx(score, abs=1e-9), name
        got = (
            result.true_positives,
            result.true_negatives,
            result.false_positives,
            result.false_negatives,
        )
        assert got == tuple(counts), name


@st.composite
def corpora(draw):
    """Small corpora with scores of few levels, so that ties are many."""
    files, scores = {}, {}
    for number in range(draw(st.integers(1, 3))):
        n = draw(st.integers(8, 60))
        cuts = sorted(draw(st.sets(st.integers(0, n - 1), max_size=6)))
        cuts = cuts[: len(cuts) // 2 * 2]
        name = f"g/{number}.csv"
        files[name] = series(n, list(zip(cuts[::2], cuts[1::2], strict=True)), name)
        levels = st.sampled_from([0.0, 0.2, 0.5, 0.7, 1.0])
        scores[name] = np.array(draw(st.lists(levels, min_size=n, max_size=n)))
    return NabCorpus(files), scores


@settings(max_examples=80, deadline=None)
@given(corpora(), st.sampled_from(list(PROFILES.values())))
def test_equals_the_definition_and_finds_the_best_threshold(case, profile):
    corpus, scores = case
    totals = {}
    for threshold in (NO_DETECTION, 1.0, 0.7, 0.5, 0.2, 0.0):
        for name, file in corpus.files.items():
            expected = plain_score(file, scores[name], profile, threshold)
            assert score_file(file, scores[name], profile, threshold).score == pytest.approx(
                expected, abs=1e-9
            )
        totals[threshold] = sum(
            plain_score(file, scores[name], profile, threshold) for name, file in corpus.files.items()
        )
    threshold, raw = best_threshold(corpus, scores, profile)
    assert raw == pytest.approx(max(totals.values()), abs=1e-8)
    assert totals[threshold] == pytest.approx(raw, abs=1e-8)
    assert score_corpus(corpus, scores, profile).raw == pytest.approx(raw, abs=1e-8)


def test_windows_of_one_record_and_in_the_probationary_part():
    file = series(100, [(3, 8), (50, 50)])
    scores = np.zeros(100)
    scores[[5, 50, 51, 99]] = 1
    result = score_file(file, scores, STANDARD, 1.0)
    # the window over before record 15 counts neither way; the other is hit at its only record
    assert result.score == pytest.approx(1 + 0.11 * (sigma(1) - 1))
    assert (result.true_positives, result.false_positives, result.false_negatives) == (1, 2, 0)


def test_no_windows_no_points(nab):
    group = nab.group("artificialNoAnomaly")
    scores = {name: np.full(len(file), 0.3) for name, file in group.files.items()}
    assert all(math.isnan(one.normalised) and one.raw == 0 for one in nab_scores(group, scores).values())


def test_threshold_rule():
    values = [5, 5, 9, 9, 9.2, 9.3, 4.8, 4.7, 0]
    # no range until values differ; then 5 % of 4 beyond 9; the last leaves 4.7..9.3 downwards
    assert threshold_rule(values).tolist() == [0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert threshold_rule([0, 10, 10.5, 11.1, -0.5, -1.2]).tolist() == [0, 0, 0, 1, 0, 1]
    assert threshold_rule([]).size == 0 and threshold_rule([3]).tolist() == [0]
    assert with_threshold_rule([0.1, 0.2, 0.3, 0.4], [0, 1, 0, 2]).tolist() == [0.1, 0.2, 0.3, 1.0]
    with pytest.raises(BadInput, match="values"):
        threshold_rule([1, math.nan])


def test_missing_scores():
    corpus = NabCorpus({"g/a.csv": series(20, [(10, 12)])})
    with pytest.raises(BadInput, match=r"scores: must be given for every series, got none for g/a\.csv"):
        score_corpus(corpus, {}, Profile())


def test_published_scores_of_the_whole_corpus_are_the_published_ones():
    anomalies = (0, 6, 30, 14, 19, 14, 33)
    windows = {
        f"{group}/{i}.csv": total if i == 0 else 0
        for (group, count), total in zip(FILES.items(), anomalies, strict=True)
        for i in range(count)
    }
    whole = published_scores(windows)
    assert whole == pytest.approx({"NuPIC": 70.1, "NumentaTM": 64.6, "ARTime": 74.9}, abs=0.06)
    known = {name: count for name, count in windows.items() if name.startswith("realKnownCause/")}
    assert published_scores(known)["NuPIC"] == pytest.approx(50 * (2.078 + 19) / 19)
    known.popitem()
    assert published_scores(known) == {}, "a part of a group has no published score"
    assert published_scores({f"artificialNoAnomaly/{i}.csv": 0 for i in range(5)}) == {}
