"""A whole HTM: an encoder, one region or a stack of them, and the anomaly likelihood.

    model = Model(ModelParams(encoder={"fields": {"value": {"encoder": "random_scalar", ...}}}))
    for record in records:
        result = model.compute(record)      # .anomaly, .likelihood, .log_likelihood

One record, with regions 0 (lowest) to n:

1. encode      the record's fields as bits
2. region 0    pooler, memory; its memory predicts from the cells active before and, as apical input
               (htm.temporal_memory), from the *feedback* of region 1 with the record before: its active or
               its predicted cells
3. region i    the same on the *output* of region i - 1: its active columns, active cells, or predicted cells
4. likelihood  of region 0's anomaly (htm.likelihood)

Feedback only chooses between predictions: a region that still knows the context tells the one below which of its
predicted cells to trust. It can where its own input does not burst with the one below: with columns for output.
For river users a model has `learn_one` and `score_one`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any, Literal, NamedTuple, final

from pydantic import Field, model_validator

from .bits import Bits
from .encoders import Record, RecordParams
from .encoders.encoder import Encoder
from .likelihood import AnomalyLikelihood, AnomalyLikelihoodParams, log_likelihood
from .pick import BadInput, Params
from .pooler import SpatialPoolerParams
from .region import Region, RegionParams, check_columns_agree, with_columns
from .software import SoftwareSubstrate
from .streams import stream
from .synapses import State, Substrate
from .temporal_memory import TemporalMemory, TemporalMemoryParams


class ModelParams(Params):
    """Parameters of a `Model`. A memory for which `columns` is not given takes its pooler's."""

    encoder: RecordParams | None = Field(
        default=None, description="the record's fields; none: an encoder is handed to the model"
    )
    pooler: SpatialPoolerParams | None = Field(
        default_factory=SpatialPoolerParams, description="none: the record's bits are the active columns"
    )
    memory: TemporalMemoryParams = Field(default_factory=TemporalMemoryParams)
    above: tuple[RegionParams, ...] = Field(
        default=(), description="regions above the first, from low to high"
    )
    output: Literal["columns", "active", "predicted"] = Field(
        default="active",
        description="what a region hands up: active columns, active cells or predicted cells",
    )
    feedback: Literal["none", "active", "predicted"] = Field(
        default="active", description="cells that a region hands down as apical input to the one below"
    )
    likelihood: AnomalyLikelihoodParams | None = Field(
        default_factory=AnomalyLikelihoodParams, description="none: every likelihood is 0.5"
    )
    value: str | None = Field(
        default=None, description="numeric field whose constancy the likelihood never judges"
    )
    score: Literal["anomaly", "likelihood", "log_likelihood"] = Field(
        default="log_likelihood", description="what score_one answers"
    )

    @model_validator(mode="before")
    @classmethod
    def _same_columns(cls, values: Any) -> Any:
        return with_columns(values)

    @model_validator(mode="after")
    def _check(self) -> ModelParams:
        check_columns_agree(self.pooler, self.memory)
        if self.score != "anomaly" and self.likelihood is None:
            raise ValueError(f"score: must be 'anomaly' without a likelihood, got {self.score!r}")
        return self


class Result(NamedTuple):
    """What a model makes of one record.

    Attributes
    ----------
    anomaly : share of the first region's active columns that were not predicted, 0..1
    likelihood : how unusual the recent anomalies are, 0..1
    log_likelihood : the same on a log scale, 0..1
    """

    anomaly: float
    likelihood: float
    log_likelihood: float


@final
class Model:
    """Learns a stream of records and says how anomalous each is.

    Parameters
    ----------
    params : everything that decides it
    substrate : where the synapses live; software where not given
    seed : seed of every stream; the regions above get seeds of their own from it
    encoder : in place of ``params.encoder``: anything with `size` and `encode`

    Attributes
    ----------
    encoder : of records
    regions : from low to high, at least one
    anomalies : of every region with the last record
    """

    def __init__(
        self,
        params: ModelParams,
        substrate: Substrate | None = None,
        seed: int = 0,
        *,
        encoder: Encoder | None = None,
    ) -> None:
        if (encoder is None) == (params.encoder is None):
            raise BadInput("encoder: exactly one must be given, by the parameters or to the model")
        self.params = params
        self.substrate = SoftwareSubstrate() if substrate is None else substrate
        self.encoder: Encoder = Record(params.encoder) if params.encoder is not None else encoder  # type: ignore[assignment]
        self.likelihood = None if params.likelihood is None else AnomalyLikelihood(params.likelihood)
        parts = [(params.pooler, params.memory), *((one.pooler, one.memory) for one in params.above)]
        seeds = [seed, *(int(n) for n in stream(seed, "model.regions").integers(0, 2**31, len(parts) - 1))]
        self.regions: list[Region] = []
        size = int(self.encoder.size)
        for i, (pooler, memory) in enumerate(parts):
            higher = parts[i + 1][1] if i + 1 < len(parts) and params.feedback != "none" else None
            self.regions.append(
                Region(
                    pooler,
                    memory,
                    (size,),
                    self.substrate,
                    seeds[i],
                    apical_inputs=0 if higher is None else higher.cells,
                )
            )
            size = self._output_size(memory)
        self.anomalies = [1.0] * len(self.regions)

    def _output_size(self, memory: TemporalMemoryParams) -> int:
        return memory.columns if self.params.output == "columns" else memory.cells

    def output(self, region: int = -1) -> Bits:
        """What a region hands up after the last record (by default the highest).

        Returns
        -------
        columns or cells, as ``params.output`` says
        """
        one = self.regions[region]
        return one.columns if self.params.output == "columns" else _cells(one, self.params.output)

    @property
    def memory(self) -> TemporalMemory:
        """The first region's temporal memory."""
        return self.regions[0].memory

    def compute(self, record: Any, learn: bool = True) -> Result:
        """One record, of which everything learns where asked; the likelihood always takes note.

        Parameters
        ----------
        record : what the encoder takes: a mapping from field to value
        learn : whether poolers and memories change
        """
        value = self._value(record)
        active = self.encoder.encode(record)
        # Feedback is what the regions above said of the record before, so all of it is taken first.
        feedback: list[Bits | None] = [None] * len(self.regions)
        if self.params.feedback != "none":
            feedback[:-1] = [_cells(region, self.params.feedback) for region in self.regions[1:]]
        for i, region in enumerate(self.regions):
            self.anomalies[i] = region.compute(active, learn, feedback[i])
            if i + 1 < len(self.regions):
                active = self.output(i)
        likelihood = 0.5 if self.likelihood is None else self.likelihood.compute(self.anomalies[0], value)
        return Result(self.anomalies[0], likelihood, log_likelihood(likelihood))

    def score_one(self, x: Mapping[str, Any]) -> float:
        """How anomalous a record would be if it came now (river's anomaly detectors); nothing is learned.

        Parameters
        ----------
        x : the record, by field

        Returns
        -------
        the score that ``params.score`` names; higher is more anomalous. Apical feedback plays no part in it
        """
        anomaly = self.regions[0].judge(self.encoder.encode(x))
        if self.params.score == "anomaly" or self.likelihood is None:
            return anomaly
        likelihood = self.likelihood.judge(anomaly)
        return likelihood if self.params.score == "likelihood" else log_likelihood(likelihood)

    def learn_one(self, x: Mapping[str, Any]) -> None:
        """Learn a record (river's anomaly detectors)."""
        self.compute(x)

    def elapse(self, seconds: float) -> None:
        """Time passes: drift and retention of all synapses."""
        for region in self.regions:
            region.elapse(seconds)

    def reset(self) -> None:
        """Start a new sequence; what was learned stays."""
        for region in self.regions:
            region.reset()

    def _value(self, record: Any) -> float | None:
        """The value whose constancy counts; none where it is missing."""
        name = self.params.value
        if name is None:
            return None
        held = record.get(name) if isinstance(record, Mapping) else None
        if held is None:
            return None
        if isinstance(held, bool) or not isinstance(held, Real):
            raise BadInput(
                f"{name}: must be a number, since the model watches its constancy, got {held!r:.60}"
            )
        return None if math.isnan(float(held)) else float(held)

    @property
    def growing(self) -> tuple[str, ...]:
        """Arrays of the state that may have another length where it is restored (see `htm.saving`)."""
        inner = [f"memory.{name}" for name in TemporalMemory.growing] + ["columns"]
        regions = [f"region{i}.{name}" for i in range(len(self.regions)) for name in inner]
        return (*regions, *(f"likelihood.{name}" for name in AnomalyLikelihood.growing))

    def state(self) -> State:
        """Everything needed to continue identically, the substrate's own state included."""
        state: State = {f"region{i}": region.state() for i, region in enumerate(self.regions)}
        state |= {"substrate": self.substrate.state(), "anomalies": list(self.anomalies)}
        if self.likelihood is not None:
            state["likelihood"] = self.likelihood.state()
        return state

    def restore(self, state: State) -> None:
        """Continue from `state`."""
        for i, region in enumerate(self.regions):
            region.restore(state[f"region{i}"])
        self.substrate.restore(state["substrate"])
        self.anomalies = [float(one) for one in state["anomalies"]]
        if self.likelihood is not None:
            self.likelihood.restore(state["likelihood"])


def _cells(region: Region, which: str) -> Bits:
    return region.memory.active_cells if which == "active" else region.memory.predictive_cells
