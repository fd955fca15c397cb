"""The temporal memory: learns sequences of codes of minicolumns, and says how surprising the next one is.

One step, after "Temporal Memory Algorithm" in Hawkins et al., Biological and Machine Intelligence (BAMI, 2016):

1. predict    the cells active before drive the segments: *matching* of at least `matching_threshold` driven
              synapses, *active* of at least `activation_threshold` connected ones; an active one predicts its cell
2. anomaly    the share of active columns with no predicted cell
3. activate   a predicted column's predicted cells; all cells of any other, which *bursts*
4. winners    the predicted cells; of a bursting column the cell of its best matching segment
5. learn      active segments of predicted columns and best matching segments of bursting ones:
              ``p <- clip(p + increment x - decrement (1 - x), 0, 1)``, a synapse at 0 goes;
              they grow synapses to the winners of the step before, up to `new_synapses` driven ones;
              a bursting column without a matching segment founds one on its winner
6. punish     matching segments of inactive columns: ``p <- max(p - punishment x, 0)``

Ties, orders and limits are those of htm.core 2.2: a bursting column without a matching segment keeps its winner of
the step before if it had one, else one of the cells of fewest segments wins by chance; the best matching segment is
the first in the order of (cell, row); growing onto a present synapse raises it to the initial permanence; a segment
that punishment leaves with fewer than `matching_threshold` synapses goes. Kernels decide, the seam's verbs act.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from . import memory_kernels as kernels
from .bits import Bits
from .memory_segments import Dendrites
from .pick import BadInput, Params
from .streams import restore_stream, save_stream, stream
from .synapses import State, Substrate, checked_bits

_NONE = np.empty(0, dtype=np.int32)
_Decided: TypeAlias = tuple[Bits, NDArray[np.int32], Bits, Bits]


class TemporalMemoryParams(Params):
    """Parameters of a `TemporalMemory`; the defaults are NuPIC's and htm.core's."""

    columns: int = Field(default=2048, ge=1, description="number of minicolumns")
    cells_per_column: int = Field(default=32, ge=1, description="contexts in which a column can be active")
    activation_threshold: int = Field(
        default=13, ge=1, description="connected driven synapses from which a segment is active"
    )
    matching_threshold: int = Field(
        default=10, ge=1, description="driven synapses, connected or not, from which a segment matches"
    )
    initial_permanence: float = Field(
        default=0.21, ge=0.0, le=1.0, description="permanence of a grown synapse"
    )
    threshold: float = Field(default=0.5, gt=0.0, lt=1.0, description="permanence of a connected synapse")
    new_synapses: int = Field(
        default=20, ge=1, description="driven synapses up to which a learning segment grows"
    )
    increment: float = Field(default=0.1, ge=0.0, le=1.0, description="permanence gain of a driven synapse")
    decrement: float = Field(default=0.1, ge=0.0, le=1.0, description="permanence loss of any other")
    punishment: float = Field(
        default=0.0, ge=0.0, le=1.0, description="permanence loss where a wrong column was predicted"
    )
    segments_per_cell: int = Field(default=255, ge=1, description="most segments of a cell")
    synapses_per_segment: int = Field(default=255, ge=1, le=65535, description="most synapses of a segment")
    capacity: int | None = Field(
        default=None,
        ge=1,
        description="most segments of the whole memory, the rows of a crossbar; where all are in use the least "
        "recently used one goes. None: as many as are needed, which only software can give",
    )
    eviction: Literal["weakest", "oldest"] = Field(
        default="weakest",
        description="which segment of a full cell goes: of least sum of squared permanences, or least recently used",
    )

    @model_validator(mode="after")
    def _check(self) -> TemporalMemoryParams:
        if self.matching_threshold > self.activation_threshold:
            raise ValueError(
                f"matching_threshold: must not exceed activation_threshold ({self.activation_threshold}), "
                f"got {self.matching_threshold}"
            )
        return self

    @property
    def cells(self) -> int:
        """Number of cells."""
        return self.columns * self.cells_per_column


@final
class TemporalMemory:
    """Learns sequences on any substrate.

    Cell ``i`` of column ``c`` has index ``c * cells_per_column + i``.

    Parameters
    ----------
    params : the memory's parameters
    substrate : where the synapses live
    seed : seed of the stream ``tm.choice``
    external_inputs : inputs from elsewhere that segments listen to beside the cells, as in htm.core
    apical_inputs : feedback inputs with segments of their own. They predict nothing alone: where some predicted
        cells of a column have an active apical segment, only these stay predicted (as in NuPIC's tie-break memory)

    Attributes
    ----------
    dendrites : the segments over cells and external inputs
    apical : the segments over apical inputs, None without
    active_cells, winner_cells : `Bits` of cells after the last step
    anomaly : share of the last record's columns that were not predicted
    """

    growing = (
        "active_cells",
        "winner_cells",
        "predicted",
        "inputs",
        "candidates",
        "feedback",
        "basal.*",
        "apical.*",
    )
    """Arrays of the state that may have another length where it is restored (see `htm.saving`)."""

    def __init__(
        self,
        params: TemporalMemoryParams,
        substrate: Substrate,
        seed: int = 0,
        *,
        external_inputs: int = 0,
        apical_inputs: int = 0,
    ) -> None:
        for name, value in (("external_inputs", external_inputs), ("apical_inputs", apical_inputs)):
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
                raise BadInput(f"{name}: must be a whole number of at least 0, got {value!r}")
        self.params, self.substrate = params, substrate
        self.external_inputs, self.apical_inputs = int(external_inputs), int(apical_inputs)
        self.dendrites = Dendrites(params, substrate, params.cells + self.external_inputs, params.capacity)
        self.apical = (
            Dendrites(params, substrate, self.apical_inputs, params.capacity) if apical_inputs else None
        )
        self._choice = stream(seed, "tm.choice")
        self.step = 0
        self.reset()

    def reset(self) -> None:
        """Start a new sequence: nothing is active or predicted; what was learned stays."""
        self.active_cells = self.winner_cells = _NONE
        self.anomaly = 1.0
        self._forget()

    def _forget(self) -> None:
        """The prediction is outdated."""
        self._predicted = False
        self._inputs = (_NONE, _NONE)
        self._feedback = _NONE

    def predict(self, external: Bits | None = None, apical: Bits | None = None) -> Bits:
        """Predict the columns of the next record. `compute` does so itself; ahead of it this costs nothing more.

        Parameters
        ----------
        external : active external inputs
        apical : active apical inputs

        Returns
        -------
        columns with a predicted cell
        """
        self._predict(external, apical)
        return self.predicted

    def _predict(self, external: Bits | None, apical: Bits | None) -> None:
        outside = self._outside(external, self.external_inputs, "external")
        self._feedback = self._outside(apical, self.apical_inputs, "apical")
        active, winners = self.active_cells, self.winner_cells
        if outside.size:
            outside = outside + np.int32(self.params.cells)
            active, winners = np.concatenate((active, outside)), np.concatenate((winners, outside))
        self._inputs = active, winners
        self.dendrites.predict(active)
        if self.apical is not None:
            self.apical.predict(self._feedback)
        self._predicted = True

    @staticmethod
    def _outside(bits: Bits | None, size: int, name: str) -> Bits:
        if bits is None:
            return _NONE
        if not size:
            raise BadInput(f"{name}: the memory was made without {name} inputs, got {np.size(bits)}")
        return checked_bits(bits, size, name)

    @property
    def predictive_cells(self) -> Bits:
        """Cells that are predicted to be active with the next record."""
        if not self._predicted:
            self.predict()
        dendrites = self.dendrites
        rows = dendrites.rows[self._predicts()]
        return np.unique(dendrites.cell[rows])

    @property
    def predicted(self) -> Bits:
        """Columns that are predicted to be active with the next record."""
        return np.unique(self.predictive_cells // np.int32(self.params.cells_per_column))

    def _predicts(self) -> NDArray[np.bool_]:
        """Which matching segments predict their cell, (n,): the active ones, unless the tie-break silences them."""
        predicts = self.dendrites.predicts
        if self.apical is None:
            return predicts
        owner = self.dendrites.cell[self.dendrites.rows]
        column = owner // self.params.cells_per_column
        backed = predicts & np.isin(owner, self.apical.cell[self.apical.rows[self.apical.predicts]])
        return predicts & (backed | ~np.isin(column, column[backed]))

    def compute(
        self,
        columns: Bits,
        learn: bool = True,
        external: Bits | None = None,
        apical: Bits | None = None,
    ) -> float:
        """One record.

        Parameters
        ----------
        columns : active columns
        learn : whether synapses change
        external, apical : active outside inputs that come with the cells active before, to predict this record

        Returns
        -------
        anomaly, 0..1: the share of active columns that were not predicted
        """
        params, dendrites = self.params, self.dendrites
        columns = checked_bits(columns, params.columns, "columns")
        if not self._predicted or external is not None or apical is not None:
            self._predict(external, apical)
        self.step += 1
        key = np.uint64(self._choice.bit_generator.random_raw())
        active, winners, learning, driven, founders, wrong, burst = kernels.activate(
            columns,
            params.cells_per_column,
            dendrites.rows,
            dendrites.cell,
            self._predicts(),
            dendrites.potential,
            self.winner_cells,
            dendrites.held,
            key,
        )
        if learn:
            self._learn(columns, winners, (learning, driven, founders, wrong), key)
        self.active_cells, self.winner_cells = active, winners
        self.anomaly = burst / columns.size if columns.size else 0.0
        self._forget()
        return self.anomaly

    def _learn(self, columns: Bits, winners: Bits, decided: _Decided, key: np.uint64) -> None:
        dendrites, apical = self.dendrites, self.apical
        dendrites.learn(decided, self._inputs, self.step, key)
        if apical is not None:
            choice = kernels.answer(
                winners,
                columns,
                self.params.cells_per_column,
                apical.rows,
                apical.cell,
                apical.predicts,
                apical.potential,
            )
            apical.learn(choice, (self._feedback, self._feedback), self.step, key)

    def elapse(self, seconds: float) -> None:
        """Time passes: drift and retention of all synapses."""
        for dendrites in (self.dendrites, self.apical):
            if dendrites is not None:
                dendrites.segments.elapse(seconds)

    def state(self) -> State:
        """Everything needed to continue identically, but the substrate's own state."""
        parts = {"basal": self.dendrites} | ({"apical": self.apical} if self.apical is not None else {})
        return {
            "step": self.step,
            "anomaly": self.anomaly,
            "choice": save_stream(self._choice),
            "active_cells": self.active_cells.copy(),
            "winner_cells": self.winner_cells.copy(),
            "predicted": self._predicted,
            "inputs": self._inputs[0].copy(),
            "candidates": self._inputs[1].copy(),
            "feedback": self._feedback.copy(),
            **{f"{part}.{name}": value for part, one in parts.items() for name, value in one.state().items()},
        }

    def restore(self, state: State) -> None:
        """Continue from `state`."""
        self.step, self.anomaly = int(state["step"]), float(state["anomaly"])
        self._choice = restore_stream(state["choice"])
        bits = {name: np.array(state[name], dtype=np.int32) for name in _BITS}
        self.active_cells, self.winner_cells = bits["active_cells"], bits["winner_cells"]
        self._inputs, self._feedback = (bits["inputs"], bits["candidates"]), bits["feedback"]
        self._predicted = bool(state["predicted"])
        for part, dendrites in (("basal.", self.dendrites), ("apical.", self.apical)):
            if dendrites is not None:
                dendrites.restore({k.removeprefix(part): v for k, v in state.items() if k.startswith(part)})


_BITS = ("active_cells", "winner_cells", "inputs", "candidates", "feedback")
