"""Published NAB results group by group, so that a part of the corpus can be compared with the same part of theirs.

Standard profile, sums over each group's files of NAB's own ``*_standard_scores.csv`` (github numenta/NAB, results/),
each at its detector's best threshold for all 58 files; ours is best for the files at hand, which favours us where these
are few. Numenta's detectors contain the plain threshold rule.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

FILES = {
    "artificialNoAnomaly": 5,
    "artificialWithAnomaly": 6,
    "realAWSCloudwatch": 17,
    "realAdExchange": 6,
    "realKnownCause": 7,
    "realTraffic": 7,
    "realTweets": 10,
}
"""Labelled files of each group of the whole corpus."""

PUBLISHED: dict[str, tuple[float, ...]] = {
    "NuPIC": (-0.440, 2.427, 14.051, 7.522, 2.078, 9.104, 11.893),
    "NumentaTM": (0.000, 0.995, 11.759, 5.602, -0.372, 7.594, 8.186),
    "ARTime": (-0.110, 2.442, 11.686, 7.034, 5.274, 10.320, 21.015),
}
"""Raw scores in the order of `FILES`. NuPIC: backtracking memory; NumentaTM: the plain temporal memory."""


def published_scores(windows: Mapping[str, int]) -> dict[str, float]:
    """Published scores on the same files [points]; none unless every group is there as a whole.

    Parameters
    ----------
    windows : number of labelled anomalies of each file, by its name with the group
    """
    there = Counter(name.rpartition("/")[0] for name in windows)
    total = sum(windows.values())
    if not total or any(FILES.get(group) != count for group, count in there.items()):
        return {}
    places = [place for place, group in enumerate(FILES) if group in there]
    # A miss costs 1 and a detection brings at most 1 in the standard profile.
    return {
        name: 50.0 * (sum(raw[place] for place in places) + total) / total for name, raw in PUBLISHED.items()
    }
