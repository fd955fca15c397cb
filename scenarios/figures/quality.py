"""The metric that a sweep is drawn of: its names, its word, and how its numbers are shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from htm.pick import BadInput

from ..registry import SCENARIOS, Metric, Scenario

SHARE, POINTS = "%", "points"
SIDES = ("software", "hardware", "raw")


@dataclass(frozen=True)
class Quality:
    """The metric by which a scenario is judged.

    Attributes
    ----------
    stem : metrics are named ``{stem}_software``, ``{stem}_hardware``, ``{stem}_raw``
    word : what it is called in titles and on axes
    unit : as shown: ``%`` of a share, else the metric's own; empty for a plain number
    raw_word : what the raw side is of
    shared : what fidelity counts
    """

    stem: str = "accuracy"
    word: str = "accuracy"
    unit: str = SHARE
    raw_word: str = "raw input"
    shared: str = "winners shared"

    @property
    def software(self) -> str:
        """Name of the metric in software."""
        return f"{self.stem}_software"

    @property
    def hardware(self) -> str:
        """Name of the metric on the hardware."""
        return f"{self.stem}_hardware"

    @property
    def raw(self) -> str:
        """Name of the metric of the raw input."""
        return f"{self.stem}_raw"

    @property
    def loss(self) -> str:
        """Name of software minus hardware."""
        return f"{self.stem}_loss"

    @property
    def metrics(self) -> tuple[str, str, str]:
        """Its metrics, in the order in which they are told."""
        return self.hardware, self.software, self.raw

    @property
    def factor(self) -> float:
        """What a stored number is multiplied by to be shown."""
        return 100.0 if self.unit == SHARE else 1.0

    @property
    def hundred(self) -> bool:
        """Whether it is shown on a scale to 100: a share, or points of a score."""
        return self.unit in (SHARE, POINTS)

    @property
    def difference_unit(self) -> str:
        """Unit of a difference of two."""
        return POINTS if self.unit == SHARE else self.unit

    @property
    def axis(self) -> str:
        """Words of an axis."""
        return f"{self.word} ({self.unit})" if self.unit else self.word

    @property
    def title(self) -> str:
        """The word with a capital, as above a panel."""
        return self.word[:1].upper() + self.word[1:]

    @property
    def loses(self) -> bool:
        """Whether less of it is a loss; of another quality it may be a gain, so its difference is a plain one."""
        return self.stem.startswith("accuracy")

    def bare(self, value: float) -> str:
        """A shown number without its unit."""
        if self.hundred:
            return f"{round(value, 1) + 0.0:.1f}"
        return f"{value:.3g}"

    def text(self, value: float) -> str:
        """A shown number with its unit."""
        return f"{self.bare(value)} {self.unit}" if self.unit else self.bare(value)


def quality_of(scenario: str) -> Quality:
    """The quality of a scenario by name; accuracy where the scenario is not known any more."""
    known = SCENARIOS.get(scenario)
    if known is None:
        return Quality(stem=Scenario.quality)
    try:
        metrics = known.metric_table()
    except (BadInput, ImportError):  # a picture is worth more than its words
        metrics = {}
    return named(known.quality, metrics)


def named(stem: str, metrics: Mapping[str, Metric]) -> Quality:
    """The quality `stem`, worded and scaled as the table of metrics says.

    The word is what the labels of its sides begin with, up to the comma; the stem alone where that ends with it:
    *accuracy* says as much as *classification accuracy*.
    """
    plain = stem.replace("_", " ")
    told = [metrics[f"{stem}_{side}"] for side in SIDES if f"{stem}_{side}" in metrics]
    if not told:
        return Quality(stem=stem, word=plain)
    word = re.sub(r"(, | \()(software|hardware)\)?$", "", told[0].label)
    raw = metrics[f"{stem}_raw"].label.removeprefix(word).strip(" ,:()") if f"{stem}_raw" in metrics else ""
    shared = metrics["fidelity"].label if "fidelity" in metrics else ""
    shared = shared.removeprefix("fidelity").removesuffix(" by software and hardware").strip(" :")
    return Quality(
        stem=stem,
        word=plain if word.endswith(plain) else word,
        unit=told[0].unit or SHARE,
        raw_word=raw or Quality.raw_word,
        shared=shared or Quality.shared,
    )
