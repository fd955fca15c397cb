"""The range of converters from sums seen while learning, kept as a histogram: small, exact to resume."""

from __future__ import annotations

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

BINS = 4096
"""Bins up to the largest possible sum: its range is found to this share of it, from above."""


@final
class RangeFinder:
    """Counts sums of the first `records` learned records and says which range holds a share of them.

    Reads are only offered; what `accept` does not follow is forgotten, so reads without learning (a test) never count.

    Parameters
    ----------
    records : how many to learn from
    quantile : share of the sums within the range
    largest : possible sum [S]
    """

    def __init__(self, records: int, quantile: float, largest: float) -> None:
        self._records, self._quantile, self._largest = records, quantile, largest
        self._seen = 0
        self._counts = np.zeros(BINS, dtype=np.int64)
        self._offered: NDArray[np.int64] | None = None

    @property
    def done(self) -> bool:
        """Whether enough records were seen."""
        return self._seen >= self._records

    def offer(self, sums: NDArray[np.float32]) -> None:
        """Sums of one read, any shape [S]."""
        bins = np.ceil(sums * np.float32(BINS / self._largest)).astype(np.int64) - 1
        self._offered = np.bincount(np.clip(bins, 0, BINS - 1).ravel(), minlength=BINS)

    def accept(self) -> bool:
        """The last read was one to learn from; True where it was the last that was needed."""
        if self.done or self._offered is None:
            return False
        self._counts += self._offered
        self._offered = None
        self._seen += 1
        return self.done

    @property
    def full_scale(self) -> float:
        """Upper end of the first bin up to which the share of the sums lies [S]; at least one bin."""
        total = np.cumsum(self._counts)
        last = int(np.searchsorted(total, self._quantile * total[-1] * (1.0 - 1e-12)))
        return (last + 1) * self._largest / BINS

    def state(self) -> dict[str, Any]:
        """Everything needed to continue identically; a read that was only offered is offered again."""
        offered = np.zeros(0, dtype=np.int64) if self._offered is None else self._offered.copy()
        return {"seen": self._seen, "counts": self._counts.copy(), "offered": offered}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from `state`."""
        self._seen, self._counts = int(state["seen"]), np.array(state["counts"], dtype=np.int64)
        self._offered = np.array(state["offered"], dtype=np.int64) if np.size(state["offered"]) else None
