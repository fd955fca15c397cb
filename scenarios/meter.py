"""What the hardware spent between two marks of a run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from htm.synapses import Substrate
from hwsim.cost import COSTS, Cost, area, assumptions, cost
from hwsim.crossbar import CrossbarSubstrate
from hwsim.neuron_cost import NEURON_COSTS, neuron_assumptions
from hwsim.params import CrossbarParams

YEAR = 365.25 * 86400.0


class Meter:
    """Reads a substrate's counters at marks, and turns what was counted between two of them into costs.

    Parameters
    ----------
    substrate : what is watched; one without a cost model (software) spends nothing
    crossbar : how it is laid out
    preset : of energies, times and areas (`hwsim.cost.COSTS`)
    neurons : preset of energies of neurons, where there are any (`hwsim.neuron_cost.NEURON_COSTS`)
    """

    def __init__(
        self, substrate: Substrate, crossbar: CrossbarParams, preset: str, neurons: str = "lif_28nm"
    ) -> None:
        self._neurons = neurons
        self._substrate, self._crossbar = substrate, crossbar
        self._preset, self._params = preset, COSTS[preset]()
        self._marks: dict[str, tuple[dict[str, int], dict[str, float]]] = {}
        self._wear: dict[str, tuple[float, float]] = {}

    @property
    def priced(self) -> bool:
        """Whether what the substrate does has a cost."""
        return isinstance(self._substrate, CrossbarSubstrate)

    def mark(self, name: str) -> None:
        """Remember the counts of now."""
        substrate, loads = self._substrate, {}
        if isinstance(substrate, CrossbarSubstrate):
            loads = dict(substrate.loads)
            used = np.concatenate(
                [np.zeros(0), *(array.pulsed[array.pulsed > array.tests] for array in substrate.arrays)]
            )
            self._wear[name] = float(used.mean()) if used.size else 0.0, float(used.max(initial=0.0))
        self._marks[name] = dict(substrate.events), loads

    def _counted(self, start: str | None, end: str) -> tuple[dict[str, int], dict[str, float]]:
        """Events and loads from mark to mark."""
        events, loads = self._marks[end]
        if start is not None:
            first_events, first_loads = self._marks[start]
            events = {name: n - first_events.get(name, 0) for name, n in events.items()}
            loads = {name: load - first_loads.get(name, 0.0) for name, load in loads.items()}
        return events, loads

    def between(self, start: str | None, end: str, *, comparators: bool = False) -> Cost:
        """Energy and latency from mark to mark.

        Parameters
        ----------
        start, end : marks; from the very beginning where `start` is None
        comparators : price what neurons did as if comparators had done it, which look at each line once
        """
        events, loads = self._counted(start, end)
        substrate = self._substrate
        if not isinstance(substrate, CrossbarSubstrate):
            return cost(events, loads, self._params, 0.0)
        device, held = substrate.device, substrate.held
        if comparators:
            events = {**events, "compare": events.get("compare", 0) + events.get("integrate", 0)}
            loads, held = {**loads, "settle": 0.0}, None
        common = device.read_voltage, substrate.tilings, device.cells_per_synapse
        found = cost(events, loads, self._params, *common, held)
        if not substrate.spiking or comparators:
            return found
        fired = events.get("spike", 0) * NEURON_COSTS[self._neurons]().spike_energy
        return Cost(found.energy + fired, found.latency, found.breakdown | {"neurons": fired})

    def spiking(
        self, shown: tuple[str | None, str, int], learned: tuple[str | None, str, int]
    ) -> dict[str, float]:
        """The numbers of `hardware_metrics.SPIKING`; nothing where nothing spikes.

        Parameters
        ----------
        shown : marks between which reads are told of, and the records between them
        learned : the same for programming
        """
        if not (isinstance(self._substrate, CrossbarSubstrate) and self._substrate.spiking):
            return {}
        events, n = self._counted(*shown[:2])[0], max(1, shown[2])
        names = [one for one in ("spike", "dendritic_spike", "synaptic_event") if one in events]
        told = {f"{name}s_per_record": events.get(name, 0) / n for name in names}
        pulses = self._counted(*learned[:2])[0].get("pulse", 0) / max(1, learned[2])
        plain = self.between(*shown[:2], comparators=True).energy / n
        return {**told, "pulses_per_record": pulses, "energy_per_record_crossbar_J": plain}

    @property
    def area(self) -> float:
        """Arrays with their drivers and converters [m2]; 0 where nothing has a cost."""
        if not isinstance(self._substrate, CrossbarSubstrate):
            return 0.0
        with_adc = self._crossbar.readout == "analog" and self._crossbar.adc_bits is not None
        substrate = self._substrate
        cells = substrate.device.cells_per_synapse
        joined = self._crossbar.partial_sums == "analog"
        return area(
            substrate.tilings, self._params, with_adc=with_adc, cells_per_synapse=cells, joined=joined
        )

    @property
    def devices(self) -> int:
        """Devices of all tiles, unused and spare ones too; 0 where nothing has a cost."""
        substrate = self._substrate
        if not isinstance(substrate, CrossbarSubstrate):
            return 0
        synapses = sum(one.tiles * one.tile_rows * one.tile_columns for one in substrate.tilings)
        return synapses * substrate.device.cells_per_synapse

    def wear(self, end: str, records: int, period: float) -> dict[str, float]:
        """Pulses that devices have seen, and how long the busiest lasts at this rate; nothing where nothing has a cost.

        Parameters
        ----------
        end : the mark until which
        records : shown until then
        period : time between two records [s]; 0: no life can be told, nor without an endurance of the device
        """
        if not isinstance(self._substrate, CrossbarSubstrate):
            return {}
        mean, most = self._wear[end]
        endurance = self._substrate.device.each.endurance
        known = endurance is not None and period > 0.0 and most > 0.0
        life = (endurance or 0.0) / most * records * period / YEAR if known else math.nan
        return {"pulses_per_device_mean": mean, "pulses_per_device_most": most, "life_years": life}

    def defects(self) -> dict[str, float]:
        """Shares of tested cells that were found bad, and that no spare one replaces; nothing without a test."""
        tested = self._substrate.events["cell_test"]
        if not tested:
            return {}
        names = ("cell_found_bad", "cell_lost")
        return {f"{name}_share": self._substrate.events[name] / tested for name in names}

    def arrays(self, phases: Mapping[str, tuple[str | None, str, int]]) -> dict[str, NDArray[Any]]:
        """What the picture of energies needs; nothing where nothing has a cost.

        Parameters
        ----------
        phases : name to the marks it lies between and the records in it
        """
        if not self.priced:
            return {}
        parts = {
            name: (self.between(start, end).breakdown, max(n, 1)) for name, (start, end, n) in phases.items()
        }
        found = {f"energy_parts_{name}": np.array(list(one.values())) / n for name, (one, n) in parts.items()}
        names = list(next(iter(parts.values()))[0])
        assumed = assumptions(self._preset)
        if "neurons" in names:
            assumed = f"{assumed} Neurons: {neuron_assumptions(self._neurons)}"
        return {**found, "energy_names": np.array(names), "energy_assumed": np.array(assumed)}
