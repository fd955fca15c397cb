"""Confidence intervals that several fits need. 95 % everywhere."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
LEVEL = 0.95
Z = 1.959963984540054
"""Standard normal quantile of 0.975."""


def r_squared(data: F64, model: F64) -> float:
    """Share of the data's variance that the model explains."""
    around = float(((data - data.mean()) ** 2).sum())
    return 1.0 - float(((data - model) ** 2).sum()) / around if around > 0.0 else math.nan


def of_share(hits: float, trials: float) -> tuple[float, float]:
    """Clopper-Pearson interval of a probability after `hits` of `trials`."""
    from scipy.stats import beta

    low = beta.ppf((1 - LEVEL) / 2, hits, trials - hits + 1) if hits > 0 else 0.0
    high = beta.ppf((1 + LEVEL) / 2, hits + 1, trials - hits) if hits < trials else 1.0
    return float(low), float(high)


def of_sd(sd: float, freedom: float) -> tuple[float, float]:
    """Interval of a standard deviation estimated with `freedom` degrees of freedom (chi-squared)."""
    from scipy.stats import chi2

    low, high = chi2.ppf([(1 - LEVEL) / 2, (1 + LEVEL) / 2], freedom)
    return sd * math.sqrt(freedom / high), sd * math.sqrt(freedom / low) if low > 0 else math.inf


def of_mean(value: float, error: float, freedom: float) -> tuple[float, float]:
    """Interval of a mean with standard error `error` (Student's t)."""
    from scipy.stats import t as student

    half = float(student.ppf((1 + LEVEL) / 2, max(freedom, 1.0))) * error
    return value - half, value + half


def curvature(negative_log: Callable[[F64], float], at: F64, steps: F64) -> F64:
    """Covariance of parameters from the second differences of a negative log likelihood at its minimum.

    Parameters
    ----------
    at : parameters at the minimum, (n,)
    steps : size of the differences, (n,)

    Returns
    -------
    (n, n); infinite on the diagonal where the likelihood does not curve
    """
    n = at.size
    hessian = np.empty((n, n))
    eye = np.diag(steps)
    middle = negative_log(at)
    single = [(negative_log(at + eye[i]), negative_log(at - eye[i])) for i in range(n)]
    for i in range(n):
        hessian[i, i] = (single[i][0] - 2 * middle + single[i][1]) / steps[i] ** 2
        for k in range(i):
            corners = [
                negative_log(at + a * eye[i] + b * eye[k]) for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1))
            ]
            mixed = (corners[0] - corners[1] - corners[2] + corners[3]) / (4 * steps[i] * steps[k])
            hessian[i, k] = hessian[k, i] = mixed
    try:
        found = np.asarray(np.linalg.inv(hessian), dtype=np.float64)
    except np.linalg.LinAlgError:
        found = np.full((n, n), np.nan)
    flat = ~(np.isfinite(np.diag(found)) & (np.diag(found) > 0))
    found[flat, flat] = np.inf
    return found


def population(values: F64, errors: F64) -> tuple[float, float, tuple[float, float], tuple[float, float]]:
    """Mean and sd over cells of a constant that is known of each with an error, by maximum likelihood.

    Parameters
    ----------
    values, errors : estimate of each cell and its standard error, (cells,)

    Returns
    -------
    mean, sd, and the interval of each (profile likelihood); an sd's interval begins at 0 where it need not be there
    """
    from scipy.optimize import brentq, minimize_scalar

    variances = errors**2

    def mean_at(sd: float) -> float:
        weights = 1.0 / (variances + sd * sd)
        return float((weights * values).sum() / weights.sum())

    def deviance(sd: float) -> float:
        """Twice the negative restricted log likelihood."""
        total = variances + sd * sd
        middle = mean_at(sd)
        return float((np.log(total) + (values - middle) ** 2 / total).sum() + math.log((1.0 / total).sum()))

    spread = max(float(values.std()), float(errors.min()), 1e-300)
    found = minimize_scalar(
        deviance, bounds=(0.0, 4.0 * spread), method="bounded", options={"xatol": 1e-6 * spread}
    )
    sd = float(found.x) if found.fun < deviance(0.0) else 0.0
    least = deviance(sd)

    def beyond(x: float) -> float:
        return deviance(x) - least - Z * Z

    low = 0.0 if sd == 0.0 or beyond(0.0) <= 0.0 else float(brentq(beyond, 0.0, sd))
    top = max(sd, spread)
    while beyond(top) < 0.0 and top < 1e6 * spread:
        top *= 2.0
    high = float(brentq(beyond, sd, top)) if beyond(top) > 0.0 else math.inf
    middle = mean_at(sd)
    error = math.sqrt(1.0 / float((1.0 / (variances + sd * sd)).sum()))
    return middle, sd, of_mean(middle, error, values.size - 1), (low, high)
