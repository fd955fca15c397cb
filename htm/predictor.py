"""What comes next: values some steps ahead, told from sparse codes by online softmax regression.

For every number of steps k, one linear classifier reads the code of record t and is taught the bucket of record
t + k when that arrives. With weights W, active bits A, and p over the buckets seen so far:

1. forecast   ``p = softmax(sum of W_i over i in A)``
2. learning   ``W_i += rate (onehot(bucket) - p)`` for i in A
3. decoding   each bucket stands for a running mean of the values that fell into it;
              expected value ``sum p_b v_b`` (least expected squared error), the median (least expected absolute
              error), or the value of the most likely bucket

The update, the bucket known only once it was seen and the running mean are those of NuPIC's SDR classifier and
htm.core's predictor.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any, NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from . import kernels
from .bits import Bits, as_bits
from .pick import BadInput, Params
from .synapses import State

_FIRST = np.zeros(1, dtype=np.int64)  # the order of a single code
_ROUNDING = 1e-9  # of a sum of probabilities that is exactly a half but for float rounding


class BucketsParams(Params):
    """How values are cut into buckets."""

    low: float = Field(description="value of the first bucket's centre")
    high: float = Field(description="value of the last bucket's centre")
    count: int = Field(default=100, ge=2, description="number of buckets")
    mean_rate: float = Field(
        default=0.3,
        ge=0.0,
        le=1.0,
        description="how fast a bucket's value follows what falls into it; 0: centre",
    )

    @model_validator(mode="after")
    def _check(self) -> BucketsParams:
        if not self.low < self.high:
            raise ValueError(f"high: must exceed low ({self.low}), got {self.high}")
        return self


@final
class Buckets:
    """Evenly spaced buckets; values beyond the ends fall into the end buckets.

    Parameters
    ----------
    params : range, number, rate of the running means

    Attributes
    ----------
    values : (count,) what each bucket stands for, at first its centre
    seen : (count,) whether a value fell into it
    """

    def __init__(self, params: BucketsParams) -> None:
        self.params = params
        self.values = np.linspace(params.low, params.high, params.count)
        self.seen = np.zeros(params.count, dtype=np.bool_)

    def of(self, value: float) -> int:
        """The bucket that a value falls into."""
        if not math.isfinite(value):
            raise BadInput(f"value: must be finite, got {value!r}")
        params = self.params
        place = (value - params.low) / (params.high - params.low) * (params.count - 1)
        return round(min(max(place, 0.0), params.count - 1.0))

    def learn(self, value: float) -> int:
        """Take a value into the running mean of its bucket, and return the bucket."""
        bucket = self.of(value)
        rate = self.params.mean_rate
        if rate > 0.0 and not self.seen[bucket]:
            self.values[bucket] = value
        else:
            self.values[bucket] += rate * (value - self.values[bucket])
        self.seen[bucket] = True
        return bucket


class Forecast(NamedTuple):
    """What is expected some steps ahead.

    Attributes
    ----------
    probabilities : (buckets,) their sum is 1
    expected : mean of the buckets' values under `probabilities`
    most_likely : value of the most probable bucket (of equal ones, the lowest)
    median : value of the first bucket up to which at least half of the probability lies
    """

    probabilities: NDArray[np.float64]
    expected: float
    most_likely: float
    median: float


class MultiStepPredictorParams(Params):
    """Parameters of a `MultiStepPredictor`."""

    steps: tuple[int, ...] = Field(default=(1,), description="how many records ahead, each once; 0 is now")
    rate: float = Field(default=0.05, gt=0.0, description="step size of one update (htm.core's alpha)")
    buckets: BucketsParams

    @model_validator(mode="after")
    def _check(self) -> MultiStepPredictorParams:
        if not self.steps or min(self.steps) < 0 or len(set(self.steps)) != len(self.steps):
            raise ValueError(f"steps: must be different numbers from 0 up, got {self.steps}")
        return self


@final
class MultiStepPredictor:
    """Forecasts of a value, several steps ahead at once, learned as the records come.

    Parameters
    ----------
    n_bits : size of a code
    params : steps, step size, buckets

    Attributes
    ----------
    weights : (steps, bits, buckets), zero at first
    """

    growing = ("history", "starts")
    """Arrays of the state that may have another length where it is restored."""

    def __init__(self, n_bits: int, params: MultiStepPredictorParams) -> None:
        if n_bits < 1:
            raise BadInput(f"n_bits: must be at least 1, got {n_bits!r}")
        self.params, self.n_bits = params, int(n_bits)
        self.buckets = Buckets(params.buckets)
        self.weights = np.zeros((len(params.steps), self.n_bits, params.buckets.count), dtype=np.float32)
        # The codes of the last records, newest last.
        self._history: deque[Bits] = deque(maxlen=max(params.steps) + 1)

    def compute(self, code: Bits, value: float | None, learn: bool = True) -> dict[int, Forecast]:
        """One record: learn what older codes should have foreseen, then look ahead from this one.

        Parameters
        ----------
        code : active bits that stand for the record in its context
        value : the record's value; none: missing, so nothing is learned from it
        learn : whether weights and buckets change

        Returns
        -------
        a forecast for each number of steps
        """
        code = as_bits(code, self.n_bits, "code")
        self._history.append(code.copy())
        if learn and value is not None:
            self._learn(float(value))
        return self.predict(code)

    def _learn(self, value: float) -> None:
        bucket = self.buckets.learn(value)
        label = np.array([bucket], dtype=np.int32)
        for weights, steps in zip(self.weights, self.params.steps, strict=True):
            if steps < len(self._history):
                code = self._history[-1 - steps]
                # A bucket never seen stays at probability 0; the offset is fresh each time, so none is learned.
                offset = np.where(self.buckets.seen, np.float32(0), np.float32(-np.inf))
                ends = np.array([0, code.size])
                rate = np.float32(self.params.rate)
                kernels.softmax_train(weights, offset, ends, code, label, _FIRST, rate)

    def predict(self, code: Bits) -> dict[int, Forecast]:
        """Forecasts from a code, changing nothing; before any value was seen, every bucket is equally likely."""
        code = as_bits(code, self.n_bits, "code")
        known = self.buckets.seen if self.buckets.seen.any() else np.ones_like(self.buckets.seen)
        values = self.buckets.values
        result = {}
        for weights, steps in zip(self.weights, self.params.steps, strict=True):
            logits = weights.take(code, axis=0).sum(axis=0).astype(np.float64)
            p = np.where(
                known, np.exp(logits - logits[known].max(), where=known, out=np.zeros_like(logits)), 0.0
            )
            p /= p.sum()
            # Buckets' values rise with their index: each is a mean of what fell between its bucket's bounds.
            half = int(np.searchsorted(p.cumsum(), 0.5 - _ROUNDING))
            result[steps] = Forecast(p, float(p @ values), float(values[p.argmax()]), float(values[half]))
        return result

    def reset(self) -> None:
        """Forget the last codes: the next record begins a new sequence."""
        self._history.clear()

    def state(self) -> State:
        """Everything needed to continue identically."""
        codes = list(self._history)
        return {
            "weights": self.weights.copy(),
            "values": self.buckets.values.copy(),
            "seen": self.buckets.seen.copy(),
            "history": np.concatenate([np.empty(0, np.int32), *codes]),
            "starts": np.cumsum([0, *(code.size for code in codes)]),
        }

    def restore(self, state: State) -> None:
        """Continue from `state`."""
        mine: dict[str, NDArray[Any]] = {
            "weights": self.weights,
            "values": self.buckets.values,
            "seen": self.buckets.seen,
        }
        for name, array in mine.items():
            if np.shape(state[name]) != array.shape:
                raise BadInput(f"{name}: must have shape {array.shape}, got {np.shape(state[name])}")
        codes = np.split(np.asarray(state["history"], dtype=np.int32), state["starts"][1:])[:-1]
        codes = [as_bits(code, self.n_bits, "history").copy() for code in codes]
        for name, array in mine.items():
            array[:] = state[name]
        self._history.clear()
        self._history.extend(codes)
