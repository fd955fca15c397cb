"""An anomaly detector for any stream of (time, value): a model whose settings follow from the stream's own range.

Nothing here looks at labels. The rules are those of NuPIC's detector for NAB (facts: Lavin, Ahmad 2015; github
numenta/NAB): the value's range, widened by a fifth on both sides, is cut into 130 buckets of an RDSE; time of day
stands beside it; the likelihood's periods come from the stream's length.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, NamedTuple, final

from pydantic import Field, model_validator

from htm.encoders import DateTimeEncoderParams, RandomScalarEncoderParams, RecordParams
from htm.likelihood import AnomalyLikelihood, AnomalyLikelihoodParams, log_likelihood
from htm.model import Model, ModelParams
from htm.pick import BadInput, Params
from htm.pooler import SpatialPoolerParams
from htm.region import check_columns_agree, with_columns
from htm.software import SoftwareSubstrate
from htm.streams import stream
from htm.synapses import State, Substrate
from htm.temporal_memory import TemporalMemoryParams

VALUE, TIME = "value", "timestamp"

ALARM = 0.5
"""Score of a likelihood of 0.99999: NuPIC's red alarm."""


class ValueEncodingParams(Params):
    """How the value becomes bits."""

    size: int = Field(default=400, ge=1, description="bits")
    active_bits: int = Field(default=21, ge=1, description="active bits")
    buckets: int = Field(default=130, ge=1, description="buckets over the widened range")
    padding: float = Field(default=0.2, ge=0.0, description="share of the range added on either side")
    least_resolution: float = Field(
        default=0.001, gt=0.0, description="narrowest bucket, in the value's unit"
    )

    def encoder(self, low: float, high: float) -> RandomScalarEncoderParams:
        """Encoder of values that mostly lie in `low` .. `high`."""
        if not low <= high:
            raise BadInput(f"low: must not exceed high ({high}), got {low}")
        width = (high - low) * (1 + 2 * self.padding) if high > low else 1.0
        resolution = max(self.least_resolution, width / self.buckets)
        return RandomScalarEncoderParams(size=self.size, active_bits=self.active_bits, resolution=resolution)


class DetectorParams(Params):
    """Parameters of a `Detector`. A single changed field leaves the other settings of its section as they are; a memory
    for which `columns` is not given takes the pooler's."""

    value: ValueEncodingParams = Field(default_factory=ValueEncodingParams)
    time: DateTimeEncoderParams | None = Field(
        default_factory=lambda: DateTimeEncoderParams(**_TIME),
        description="encoding of the moment; none: left out",
    )
    pooler: SpatialPoolerParams = Field(default_factory=lambda: SpatialPoolerParams(**_POOLER))
    memory: TemporalMemoryParams = Field(default_factory=lambda: TemporalMemoryParams(**_MEMORY))
    members: int = Field(
        default=1,
        ge=1,
        description="models of different seeds whose anomaly scores are averaged: what each found by chance fades",
    )
    probation: float = Field(
        default=0.15, gt=0.0, lt=1.0, description="share of the (first 5,000) records that is not judged"
    )
    rest: float = Field(
        default=0.0,
        ge=0.0,
        description="after an alarm a score that is not higher is halved for this share of the probationary records: "
        "one event, one alarm (contextOSE's rest period is 0.2)",
    )
    tail: Literal["upper", "both"] = Field(
        default="upper", description="unusual anomalies are high, or low as well"
    )

    @model_validator(mode="before")
    @classmethod
    def _over_defaults(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        laid = dict(values)
        for section, default in (("time", _TIME), ("pooler", _POOLER), ("memory", _MEMORY)):
            if isinstance(values.get(section), dict):
                laid[section] = {**default, **values[section]}
        return with_columns(laid)

    @model_validator(mode="after")
    def _check(self) -> DetectorParams:
        check_columns_agree(self.pooler, self.memory)
        return self


_TIME: dict[str, Any] = {"time_of_day": 21, "time_of_day_radius": 9.49}
_POOLER: dict[str, Any] = {
    "density": 0.02,
    "potential_fraction": 0.8,
    "threshold": 0.2,
    "increment": 0.003,
    "decrement": 0.0005,
}
_MEMORY: dict[str, Any] = {"synapses_per_segment": 32, "segments_per_cell": 128}


class Detection(NamedTuple):
    """What a detector makes of one record.

    Attributes
    ----------
    anomaly : share of active columns that were not predicted, mean of the members, 0..1
    likelihood : how unusual the recent anomalies are, 0..1
    log_likelihood : the same on a log scale, 0..1
    score : the log-likelihood, halved while the detector rests; what alarms are told by
    """

    anomaly: float
    likelihood: float
    log_likelihood: float
    score: float


@final
class Detector:
    """Judges a stream of (time, value), record by record, learning as it goes.

    Parameters
    ----------
    params : settings
    low, high : range in which most values will lie
    records : how many are expected; sets the likelihood's periods
    substrate : where the synapses live; software where not given
    seed : seed of every stream

    Attributes
    ----------
    models : the members
    likelihood : of their mean anomaly
    probation : records at the start that are not judged
    """

    growing = ("member*", "likelihood.*")

    def __init__(
        self,
        params: DetectorParams,
        low: float,
        high: float,
        records: int,
        substrate: Substrate | None = None,
        seed: int = 0,
    ) -> None:
        self.params = params
        periods = AnomalyLikelihoodParams.of_stream(records, params.probation)
        self.likelihood = AnomalyLikelihood(periods.model_copy(update={"tail": params.tail}))
        self.probation = periods.learning_period + periods.estimation_samples
        self._rest = round(params.rest * self.probation)
        self._calm_since, self._peak = 0, 0.0
        fields: dict[str, Params] = {VALUE: params.value.encoder(low, high)}
        if params.time is not None:
            fields[TIME] = params.time
        model = ModelParams(
            encoder=RecordParams(fields=fields),
            pooler=params.pooler,
            memory=params.memory,
            likelihood=None,
            score="anomaly",
        )
        substrate = SoftwareSubstrate() if substrate is None else substrate
        more = stream(seed, "detector.members").integers(0, 2**31, params.members - 1)
        self.models = [Model(model, substrate, int(one)) for one in (seed, *more)]

    @property
    def model(self) -> Model:
        """The first member."""
        return self.models[0]

    def compute(self, moment: datetime, value: float, learn: bool = True) -> Detection:
        """One record."""
        record = {TIME: moment, VALUE: value}
        anomaly = sum(model.compute(record, learn).anomaly for model in self.models) / len(self.models)
        step = self.likelihood.step
        likelihood = self.likelihood.compute(anomaly, value)
        told = log_likelihood(likelihood)
        score = told
        if step < self._calm_since and told <= self._peak:
            score = 0.5 * told
        elif self._rest and told >= ALARM:
            self._calm_since, self._peak = step + 1 + self._rest, told
        return Detection(anomaly, likelihood, told, score)

    def elapse(self, seconds: float) -> None:
        """Time passes: drift and retention of all synapses."""
        for model in self.models:
            model.elapse(seconds)

    def state(self) -> State:
        """Everything needed to continue identically."""
        members = {f"member{i}": model.state() for i, model in enumerate(self.models)}
        rest = {"calm_since": self._calm_since, "peak": self._peak}
        return {**members, **rest, "likelihood": self.likelihood.state()}

    def restore(self, state: State) -> None:
        """Continue from `state`."""
        for i, model in enumerate(self.models):
            model.restore(state[f"member{i}"])
        self.likelihood.restore(state["likelihood"])
        self._calm_since, self._peak = int(state["calm_since"]), float(state["peak"])


HARDWARE_SEGMENTS = 32_768
"""Rows of metal for segments, and most segments of the software beside, unless detector.memory.capacity is given."""


def with_rows_of_metal(values: Any) -> Any:
    """A scenario's table; hardware cannot grow rows, so beside it both sides get as many as there are."""
    if not isinstance(values, dict) or values.get("substrate", "software") == "software":
        return values
    detector = values.get("detector", {})
    memory = detector.get("memory", {}) if isinstance(detector, dict) else None
    if not isinstance(memory, dict) or memory.get("capacity") is not None:
        return values
    return {**values, "detector": {**detector, "memory": {**memory, "capacity": HARDWARE_SEGMENTS}}}
