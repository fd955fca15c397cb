"""Mean and 95 % interval over seeds: the one place where a figure's uncertainty is computed."""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

import numpy as np

from htm.pick import BadInput


class Interval(NamedTuple):
    """Mean of a sample and the t-interval of that mean.

    Attributes
    ----------
    mean : sample mean, NaN where there is no value
    low, high : limits of the interval, NaN where fewer than two values leave it undefined
    n : number of values
    """

    mean: float
    low: float
    high: float
    n: int

    @property
    def half(self) -> float:
        """Half the width of the interval, NaN where there is none."""
        return (self.high - self.low) / 2.0


def mean_interval(values: Any, level: float = 0.95) -> Interval:
    """Mean and two-sided Student t-interval of the mean; NaN values are left out.

    Parameters
    ----------
    values : array_like, one number a seed
    level : confidence level, between 0 and 1

    Returns
    -------
    Interval
        With one value the mean stands alone: ``low`` and ``high`` are NaN, because one seed says nothing
        about spread.
    """
    if not 0.0 < level < 1.0:
        raise BadInput(f"level: must lie between 0 and 1, got {level!r}")
    sample = np.asarray(values, dtype=np.float64).ravel()
    sample = sample[np.isfinite(sample)]
    n = int(sample.size)
    if n == 0:
        return Interval(np.nan, np.nan, np.nan, 0)
    mean = float(sample.mean())
    if n == 1:
        return Interval(mean, np.nan, np.nan, 1)
    # scipy.special rather than scipy.stats: the same number for a tenth of the import. By name, since scipy has
    # no types of its own and its stubs may or may not be installed.
    special = importlib.import_module("scipy.special")
    half = float(special.stdtrit(n - 1, 0.5 + level / 2.0) * sample.std(ddof=1) / np.sqrt(n))
    return Interval(mean, mean - half, mean + half, n)
