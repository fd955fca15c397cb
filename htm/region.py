"""A region: a spatial pooler whose columns drive a temporal memory. Regions stack (`htm.model`)."""

from __future__ import annotations

from typing import Any, final

import numpy as np
from pydantic import Field, model_validator

from .bits import Bits
from .pick import BadInput, Params
from .pooler import SpatialPooler, SpatialPoolerParams
from .synapses import State, Substrate, checked_bits
from .temporal_memory import TemporalMemory, TemporalMemoryParams


class RegionParams(Params):
    """Parameters of a `Region`. A memory for which `columns` is not given takes the pooler's."""

    pooler: SpatialPoolerParams | None = Field(
        default_factory=SpatialPoolerParams, description="none: the input's bits are the active columns"
    )
    memory: TemporalMemoryParams = Field(default_factory=TemporalMemoryParams)

    @model_validator(mode="before")
    @classmethod
    def _same_columns(cls, values: Any) -> Any:
        return with_columns(values)

    @model_validator(mode="after")
    def _check(self) -> RegionParams:
        check_columns_agree(self.pooler, self.memory)
        return self


def with_columns(values: Any) -> Any:
    """A table of parameters whose memory, where it names no `columns`, has as many as the pooler."""
    if not isinstance(values, dict):
        return values
    pooler, memory = values.get("pooler", {}), values.get("memory", {})
    if not isinstance(memory, dict) or "columns" in memory:
        return values
    columns = pooler.get("columns") if isinstance(pooler, dict) else getattr(pooler, "columns", None)
    return values if columns is None else {**values, "memory": {**memory, "columns": columns}}


def check_columns_agree(pooler: SpatialPoolerParams | None, memory: TemporalMemoryParams) -> None:
    """Refuse a memory of other columns than the pooler's."""
    if pooler is not None and pooler.columns != memory.columns:
        raise ValueError(f"memory.columns: must be pooler.columns ({pooler.columns}), got {memory.columns}")


@final
class Region:
    """A pooler and a memory over its columns.

    Parameters
    ----------
    pooler, memory : their parameters; without a pooler the input's bits are the active columns
    input_shape : shape of the input; codes index it flattened in C order
    substrate : where the synapses of both live
    seed : seed of their streams
    apical_inputs : feedback inputs, e.g. the cells of the region above

    Attributes
    ----------
    pooler : None without
    memory : the temporal memory
    columns : `Bits` that were active in the last step
    """

    def __init__(
        self,
        pooler: SpatialPoolerParams | None,
        memory: TemporalMemoryParams,
        input_shape: tuple[int, ...],
        substrate: Substrate,
        seed: int = 0,
        *,
        apical_inputs: int = 0,
    ) -> None:
        check_columns_agree(pooler, memory)
        self._n_inputs = int(np.prod(input_shape))
        if pooler is None and self._n_inputs != memory.columns:
            raise BadInput(
                f"memory.columns: must be the input's size ({self._n_inputs}) without a pooler, got {memory.columns}"
            )
        self.pooler = None if pooler is None else SpatialPooler(pooler, input_shape, substrate, seed)
        self.memory = TemporalMemory(memory, substrate, seed, apical_inputs=apical_inputs)
        self.columns: Bits = np.empty(0, dtype=np.int32)

    def compute(self, active: Bits, learn: bool = True, apical: Bits | None = None) -> float:
        """One record.

        Parameters
        ----------
        active : active inputs
        learn : whether pooler and memory change
        apical : active feedback inputs, to choose between predictions of this record

        Returns
        -------
        anomaly, 0..1: the share of active columns that were not predicted
        """
        pooler = self.pooler
        self.columns = self._pass(active) if pooler is None else pooler.compute(active, learn)
        return self.memory.compute(self.columns, learn, apical=apical)

    def judge(self, active: Bits) -> float:
        """The anomaly that `compute` would find (without feedback); nothing changes but the events of reading."""
        pooler = self.pooler
        columns = self._pass(active)
        if pooler is not None:
            columns = pooler.inhibit(pooler.synapses.overlap(active))
        hit = np.intersect1d(columns, self.memory.predicted, assume_unique=True)
        return 1.0 - hit.size / columns.size if columns.size else 0.0

    def _pass(self, active: Bits) -> Bits:
        return checked_bits(active, self._n_inputs, "active")

    def elapse(self, seconds: float) -> None:
        """Time passes: drift and retention of all synapses."""
        if self.pooler is not None:
            self.pooler.synapses.elapse(seconds)
        self.memory.elapse(seconds)

    def reset(self) -> None:
        """Start a new sequence; what was learned stays."""
        self.memory.reset()

    def state(self) -> State:
        """Everything needed to continue identically, but the substrate's own state."""
        state: State = {"memory": self.memory.state(), "columns": self.columns.copy()}
        if self.pooler is not None:
            state["pooler"] = self.pooler.state()
        return state

    def restore(self, state: State) -> None:
        """Continue from `state`."""
        if self.pooler is not None:
            self.pooler.restore(state["pooler"])
        self.memory.restore(state["memory"])
        self.columns = np.array(state["columns"], dtype=np.int32)
