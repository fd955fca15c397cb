"""What the hardware spent between two marks of a run."""

from __future__ import annotations

from htm.synapses import Substrate
from hwsim.cost import COSTS, Cost, area, cost
from hwsim.crossbar import CrossbarSubstrate
from hwsim.params import CrossbarParams


class Meter:
    """Reads a substrate's counters at marks, and turns what was counted between two of them into costs.

    Parameters
    ----------
    substrate : what is watched; one without a cost model (software) spends nothing
    crossbar : how it is laid out
    preset : of energies, times and areas (`hwsim.cost.COSTS`)
    """

    def __init__(self, substrate: Substrate, crossbar: CrossbarParams, preset: str) -> None:
        self._substrate, self._crossbar = substrate, crossbar
        self._params = COSTS[preset]()
        self._marks: dict[str, dict[str, int]] = {}

    @property
    def priced(self) -> bool:
        """Whether what the substrate does has a cost."""
        return isinstance(self._substrate, CrossbarSubstrate)

    def mark(self, name: str) -> None:
        """Remember the counts of now."""
        self._marks[name] = dict(self._substrate.events)

    def between(self, start: str | None, end: str) -> Cost:
        """Energy and latency from mark to mark; from the very beginning where `start` is None."""
        counts = self._marks[end]
        if start is not None:
            counts = {name: n - self._marks[start].get(name, 0) for name, n in counts.items()}
        return cost(counts, self._params, self._crossbar.tile_rows * self._crossbar.tile_columns)

    @property
    def area(self) -> float:
        """Arrays with their drivers and converters [m2]; 0 where nothing has a cost."""
        if not isinstance(self._substrate, CrossbarSubstrate):
            return 0.0
        with_adc = self._crossbar.readout == "analog" and self._crossbar.adc_bits is not None
        return area(self._substrate.tilings, self._params, with_adc=with_adc)
