"""Anomaly likelihood: how unusual the recent anomaly scores are, given their own history.

With raw scores s_t, averaging window W and a Gaussian fitted to the averages of the past (mean mu, sd sigma):

1. average      ``a_t = mean(s_(t-W+1) .. s_t)``
2. estimate     ``mu, sigma^2`` = mean and variance of the averages in the history, anew every period
3. likelihood   ``L_t = 1 - Q((a_t - mu) / sigma)``, Q the upper tail of the normal distribution
4. log scale    ``log(1 + 1e-10 - L) / log(1e-10)``, 0..1

Sources: Ahmad, Lavin, Purdy, Agha 2017 (Neurocomputing 262:134) for 1-3; NuPIC's and NAB's settings for the
periods, the floors of mu and sigma^2, the rule for flat values and the log scale.
"""

from __future__ import annotations

import math
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from .pick import BadInput, Params
from .synapses import State

RED, YELLOW = 1e-5, 1e-3
"""Tail probability of a red alarm, and the one reported where it only goes on."""

_NEVER = 1.0000000001  # keeps the logarithm finite at a likelihood of 1


class AnomalyLikelihoodParams(Params):
    """Parameters of an `AnomalyLikelihood`. Periods and windows count records."""

    learning_period: int = Field(
        default=288,
        ge=0,
        description="records at the start that the model learns from and that are not judged",
    )
    estimation_samples: int = Field(
        default=100, ge=1, description="records after learning_period for the first estimate"
    )
    window: int = Field(default=8640, ge=1, description="raw scores kept for the estimates")
    reestimation_period: int = Field(default=100, ge=1, description="records between two estimates")
    averaging_window: int = Field(default=10, ge=1, description="raw scores in one average")
    tail: Literal["upper", "both"] = Field(
        default="upper",
        description="unusual is: high (the paper, NuPIC up to its published scores), or low as well (NuPIC later)",
    )
    only_rise: bool = Field(
        default=True, description="a likelihood over 0.99999 right after another is reported as 0.999"
    )
    minimum_mean: float = Field(default=0.03, ge=0.0, le=1.0, description="floor of the estimated mean")
    minimum_variance: float = Field(default=0.0003, gt=0.0, description="floor of the estimated variance")
    flat_variance: float = Field(
        default=1.5e-5, ge=0.0, description="variance of the values under which nothing is judged"
    )

    @model_validator(mode="after")
    def _check(self) -> AnomalyLikelihoodParams:
        least = max(self.estimation_samples, self.averaging_window)
        if self.window < least:
            raise ValueError(
                f"window: must hold estimation_samples and averaging_window ({least}), got {self.window}"
            )
        return self

    @classmethod
    def of_stream(cls, records: int, probation: float = 0.15) -> AnomalyLikelihoodParams:
        """Periods as NAB's detectors set them: half of the probationary records to learn, half to estimate.

        Parameters
        ----------
        records : length of the stream; beyond 5,000 the probationary part no longer grows
        probation : share of the records that is not scored
        """
        probationary = int(probation * min(records, 5000))
        if probationary < 1:
            raise BadInput(f"records: too few for a probationary part of {probation:g}, got {records}")
        learning = probationary // 2
        return cls(learning_period=learning, estimation_samples=probationary - learning)


@final
class AnomalyLikelihood:
    """Turns a stream of raw anomaly scores into likelihoods.

    Until learning_period + estimation_samples records have come, the answer is 0.5. Estimates are made from the
    records before the one that is judged. With few or equal scores the floors of mean and variance stand in;
    with no usable score, or flat values, every answer is about 0.5.

    Parameters
    ----------
    params : windows and periods
    """

    growing = ("scores", "values")
    """Arrays of the state that may have another length where it is restored."""

    def __init__(self, params: AnomalyLikelihoodParams | None = None) -> None:
        self.params = params or AnomalyLikelihoodParams()
        self.step = 0
        self._scores = np.zeros(self.params.window)  # ring: record t lies at t % window
        self._values = np.zeros(self.params.window)
        self._average = 0.0  # of the last record
        self._mean = math.nan  # NaN: not estimated yet
        self._sd = math.nan

    def compute(self, raw: float, value: float | None = None) -> float:
        """Likelihood that the stream has become anomalous.

        Parameters
        ----------
        raw : raw anomaly score of this record, 0..1
        value : the record's value, where it is a number: constant values are then never judged

        Returns
        -------
        likelihood, 0..1; 0.5 while there is nothing to judge by
        """
        likelihood = self.judge(raw)
        slot = self.step % self.params.window
        self._average = self._average_with(float(raw))
        self._scores[slot] = raw
        self._values[slot] = math.nan if value is None else float(value)
        self.step += 1
        return likelihood

    def judge(self, raw: float) -> float:
        """The likelihood that `compute` would give this score; it is not taken into the history.

        Parameters
        ----------
        raw : raw anomaly score, 0..1
        """
        raw = float(raw)
        if not 0.0 <= raw <= 1.0:
            raise BadInput(f"raw: must be an anomaly score in 0..1, got {raw!r}")
        params = self.params
        if self.step < params.learning_period + params.estimation_samples:
            return 0.5
        if math.isnan(self._mean) or self.step % params.reestimation_period == 0:
            self._estimate()  # of the history alone, so that judging twice changes nothing
        tail = self._tail(self._average_with(raw))
        if params.only_rise and tail <= RED and self._tail(self._average) <= RED:
            tail = YELLOW
        return 1.0 - tail

    def _average_with(self, raw: float) -> float:
        """Mean of the last averaging_window scores, `raw` the newest."""
        params = self.params
        past = min(self.step, params.averaging_window - 1)
        total = raw
        for back in range(1, past + 1):
            total += self._scores[(self.step - back) % params.window]
        return float(total / (past + 1))

    def _estimate(self) -> None:
        """Fit the Gaussian to the averages in the history."""
        params = self.params
        scores = self._history(self._scores)
        shifted_out = max(0, self.step - params.window)
        skip = min(scores.size, max(0, params.learning_period - shifted_out))
        values = self._history(self._values)[skip:]
        with np.errstate(over="ignore", invalid="ignore"):
            # NaN (no value given) is never flat.
            flat = values.size > 0 and float(np.var(values)) < params.flat_variance
        if skip >= scores.size or flat:
            self._mean, self._sd = 0.5, 1e3  # so broad that any average is likely
            return
        sums = np.convolve(scores, np.ones(params.averaging_window))[: scores.size]
        averages = (sums / np.minimum(np.arange(1, scores.size + 1), params.averaging_window))[skip:]
        self._mean = max(float(averages.mean()), params.minimum_mean)
        self._sd = math.sqrt(max(float(averages.var()), params.minimum_variance))

    def _history(self, ring: NDArray[np.float64]) -> NDArray[np.float64]:
        """The kept records, oldest first."""
        if self.step <= ring.size:
            return ring[: self.step]
        return np.roll(ring, -(self.step % ring.size))

    def _tail(self, average: float) -> float:
        """Probability of an average at least as unusual."""
        z = (average - self._mean) / self._sd
        if self.params.tail == "both":
            z = abs(z)
        return 0.5 * math.erfc(z / math.sqrt(2.0))

    def state(self) -> State:
        """Everything needed to continue identically."""
        return {
            "step": self.step,
            "scores": self._history(self._scores).copy(),
            "values": self._history(self._values).copy(),
            "estimate": np.array([self._average, self._mean, self._sd]),
        }

    def restore(self, state: State) -> None:
        """Continue from `state`."""
        step = int(state["step"])
        kept = min(step, self.params.window)
        for name in ("scores", "values"):
            if np.shape(state[name]) != (kept,):
                raise BadInput(f"{name}: must have shape {(kept,)}, got {np.shape(state[name])}")
        self.step = step
        places = np.arange(step - kept, step) % self.params.window
        self._scores[places] = state["scores"]
        self._values[places] = state["values"]
        self._average, self._mean, self._sd = (float(number) for number in state["estimate"])


def log_likelihood(likelihood: float) -> float:
    """Likelihood on a log scale, 0..1, so that 0.999 (0.30) and 0.99999 (0.50) can be told apart.

    The form that NuPIC uses: ``log(1.0000000001 - L) / log(1 - 0.9999999999)``.
    """
    if not 0.0 <= likelihood <= 1.0:
        raise BadInput(f"likelihood: must lie in 0..1, got {likelihood!r}")
    return max(0.0, math.log(_NEVER - likelihood) / math.log(_NEVER - 1.0))
