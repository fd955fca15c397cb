"""An anomaly detector for any stream of (time, value): a model whose settings follow from the stream's own range.

Nothing here looks at labels. The rules are those of NuPIC's detector for NAB (facts: Lavin, Ahmad 2015; github
numenta/NAB): the value's range, widened by a fifth on both sides, is cut into 130 buckets of an RDSE; time of day
stands beside it; the likelihood's periods come from the stream's length.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, final

from pydantic import Field, model_validator

from htm.encoders import DateTimeEncoderParams, RandomScalarEncoderParams, RecordParams
from htm.likelihood import AnomalyLikelihoodParams
from htm.model import Model, ModelParams, Result
from htm.pick import BadInput, Params
from htm.pooler import SpatialPoolerParams
from htm.region import check_columns_agree, with_columns
from htm.synapses import State, Substrate
from htm.temporal_memory import TemporalMemoryParams

VALUE, TIME = "value", "timestamp"


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
    """Parameters of a `Detector`. A memory for which `columns` is not given takes the pooler's."""

    value: ValueEncodingParams = Field(default_factory=ValueEncodingParams)
    time: DateTimeEncoderParams | None = Field(
        default_factory=lambda: DateTimeEncoderParams(time_of_day=21, time_of_day_radius=9.49),
        description="encoding of the moment; none: left out",
    )
    pooler: SpatialPoolerParams = Field(
        default_factory=lambda: SpatialPoolerParams(
            density=0.02, potential_fraction=0.8, threshold=0.2, increment=0.003, decrement=0.0005
        )
    )
    memory: TemporalMemoryParams = Field(
        default_factory=lambda: TemporalMemoryParams(synapses_per_segment=32, segments_per_cell=128)
    )
    probation: float = Field(
        default=0.15, gt=0.0, lt=1.0, description="share of the (first 5,000) records that is not judged"
    )
    tail: Literal["upper", "both"] = Field(
        default="upper", description="unusual anomalies are high, or low as well"
    )

    @model_validator(mode="before")
    @classmethod
    def _same_columns(cls, values: Any) -> Any:
        return with_columns(values)

    @model_validator(mode="after")
    def _check(self) -> DetectorParams:
        check_columns_agree(self.pooler, self.memory)
        return self


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
    model : what judges
    probation : records at the start that are not judged
    """

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
        likelihood = AnomalyLikelihoodParams.of_stream(records, params.probation)
        fields: dict[str, Params] = {VALUE: params.value.encoder(low, high)}
        if params.time is not None:
            fields[TIME] = params.time
        self.model = Model(
            ModelParams(
                encoder=RecordParams(fields=fields),
                pooler=params.pooler,
                memory=params.memory,
                likelihood=likelihood.model_copy(update={"tail": params.tail}),
                value=VALUE,
            ),
            substrate,
            seed,
        )
        self.probation = likelihood.learning_period + likelihood.estimation_samples

    def compute(self, moment: datetime, value: float, learn: bool = True) -> Result:
        """One record: raw anomaly, likelihood, and likelihood on a log scale, which is NAB's score."""
        return self.model.compute({TIME: moment, VALUE: value}, learn)

    def state(self) -> State:
        """Everything needed to continue identically."""
        return self.model.state()

    def restore(self, state: State) -> None:
        """Continue from `state`."""
        self.model.restore(state)
