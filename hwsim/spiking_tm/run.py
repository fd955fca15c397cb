"""Show sequences to a spiking temporal memory: from parameters to who fired when."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from devices.model import DeviceModel
from htm.pick import BadInput

from . import building
from .analog import AnalogDevices
from .analog import fabricate as fabricate_analog
from .connectivity import Connectivity, connectivity
from .devices import Devices, fabricate
from .network import Layout, Links, Values, layout, links_of, network, start_values
from .params import SpikingMemoryParams
from .synapses import EQUATIONS, Kind
from .task import Schedule, SequenceTaskParams, schedule


@dataclass(frozen=True)
class Record:
    """What a run leaves.

    Attributes
    ----------
    plan : what was shown
    form : structure of the network
    populations, neurons : how many there are, and excitatory neurons of each
    wiring : potential synapses
    spike_step, spike_neuron : (spikes,) of excitatory neurons, in order of time
    dap_step, dap_neuron : (daps,) dendritic action potentials, where they begin
    brake_step, brake_population : (spikes,) of inhibitory neurons
    permanence : (synapses,) at the end, in the wiring's order
    conductance : (synapses,) of devices at the end [S]; none where there are none
    writes : attempts to write a device in the whole run
    checks : reads that verify a write
    loads : conductances of devices summed over all reads, over all writes (as they should become) [S]
    pulses : that analog synapses were given in the whole run
    dap_steps : how long a dendritic action potential lasts unless its soma fires
    """

    plan: Schedule
    form: Layout
    populations: int
    neurons: int
    wiring: Connectivity
    spike_step: NDArray[np.int64]
    spike_neuron: NDArray[np.int64]
    dap_step: NDArray[np.int64]
    dap_neuron: NDArray[np.int64]
    brake_step: NDArray[np.int64]
    brake_population: NDArray[np.int64]
    permanence: NDArray[np.float64]
    dap_steps: int
    conductance: NDArray[np.float64] | None = None
    writes: int = 0
    checks: int = 0
    loads: dict[str, float] = field(default_factory=dict)
    pulses: float = 0.0

    def dap_ends(self) -> NDArray[np.int64]:
        """Step at which each dendritic action potential is over, (daps,): its time is up, or its soma fires."""
        far = int(max(self.spike_step.max(initial=0), self.dap_step.max(initial=0))) + self.dap_steps + 2
        # One sorted line of neuron after neuron, so that the next spike of the same neuron is found by bisection.
        spikes = np.sort(self.spike_neuron * far + self.spike_step)
        after = np.searchsorted(spikes, self.dap_neuron * far + self.dap_step)
        next_spike = np.append(spikes, np.iinfo(np.int64).max)[after] - self.dap_neuron * far
        return np.minimum(next_spike, self.dap_step + self.dap_steps)


def run(
    params: SpikingMemoryParams,
    task: SequenceTaskParams,
    seed: int,
    device: DeviceModel | None = None,
    analog: bool = False,
) -> Record:
    """Show all episodes.

    Parameters
    ----------
    params : the network
    task : what is shown
    seed : of wiring and floors where no file gives them, and of devices
    device : what a synapse's weight is made of; none: ideal synapses
    analog : whether the permanence is the device's conductance; else it is a number that the device is written by

    Raises
    ------
    BadInput
        Where a file does not fit, no analog synapse can be made of the device, or ``target`` asks for a compiler that
        is not there.
    """
    try:
        plan = schedule(task, params.step)
    except ValueError as error:
        raise BadInput(f"task.{error}") from None
    populations = len(task.populations)
    wiring = connectivity(params, populations, seed)
    kind: Kind = "ideal" if device is None else "analog" if analog else "binary"
    made = devices_of(params, wiring, device, kind, seed)
    form = layout(params, plan, populations, wiring.synapses, kind)
    values = start_values(params, rates(params, task, kind), form, plan, wiring, made, seed)
    return execute(params, form, plan, wiring, values)


def devices_of(
    params: SpikingMemoryParams, wiring: Connectivity, device: DeviceModel | None, kind: Kind, seed: int
) -> Devices | AnalogDevices | None:
    """A device for each synapse."""
    if device is None:
        return None
    if kind == "binary":
        return fabricate(device, wiring.synapses, seed)
    learn = params.plasticity
    first = params.analog.start * wiring.floor / learn.maximum
    return fabricate_analog(device, first, learn.maturity / learn.maximum, seed)


def execute(
    params: SpikingMemoryParams, form: Layout, plan: Schedule, wiring: Connectivity, values: Values
) -> Record:
    """Run the network from these values, compiled or on numpy, as ``params.target`` says."""
    links = links_of(form, plan, wiring)
    if params.target == "cpp" or (params.target == "auto" and building.has_compiler()):
        found = building.execute(building.program(form), values, links)
    else:
        found = _interpreted(form, values, links)
    step = {
        name: np.rint(found[f"{name}_time"] / params.step).astype(np.int64)
        for name in ("spike", "dap", "brake")
    }
    who = {name: found[f"{name}_neuron"].astype(np.int64) for name in ("spike", "dap", "brake")}
    writes = int(found["writes"].sum()) if "writes" in found else 0
    return Record(
        plan=plan,
        form=form,
        populations=form.populations,
        neurons=form.neurons,
        wiring=wiring,
        spike_step=step["spike"],
        spike_neuron=who["spike"],
        dap_step=step["dap"],
        dap_neuron=who["dap"],
        brake_step=step["brake"],
        brake_population=who["brake"],
        permanence=_permanence(params, values, found),
        dap_steps=round(params.excitatory.dap_duration / params.step),
        conductance=found.get("conductance"),
        writes=writes,
        checks=writes if form.kind == "binary" and params.retry_writes > 0 else 0,
        pulses=float(found["pulses"].sum()) if "pulses" in found else 0.0,
        loads={
            name: float(found[f"{name}_load"].sum()) for name in ("read", "write") if f"{name}_load" in found
        },
    )


def _permanence(
    params: SpikingMemoryParams, values: Values, found: dict[str, NDArray[Any]]
) -> NDArray[np.float64]:
    """As counted, or what conductances stand for."""
    if "permanence" in found:
        return found["permanence"]
    low, full = float(values["synapses.bottom"]), float(values["synapses.full"])
    return np.clip((found["conductance"] - low) / (full - low), 0.0, 1.0) * params.plasticity.maximum


def rates(
    params: SpikingMemoryParams, task: SequenceTaskParams, kind: Kind = "ideal"
) -> tuple[float, float, float]:
    """lambda+, lambda-, lambda_h: given ones, else those of the set.

    Analog synapses have rates of their own.
    """
    if kind == "analog":
        return params.analog.potentiation, params.analog.depression, params.analog.homeostasis
    learn = params.plasticity
    as_published = params.parity if learn.as_published is None else learn.as_published
    given = learn.potentiation, learn.depression, learn.homeostasis
    usual = task.published.rates(as_published)
    up, down, balance = (one if one is not None else other for one, other in zip(given, usual, strict=True))
    return up, down, balance


def _matters(record: logging.LogRecord) -> bool:
    """Drops Brian2's warning that random numbers depend on the order of synapses: each has its own, in any order."""
    return "order of execution" not in record.getMessage()


def _interpreted(form: Layout, values: Values, links: Links) -> dict[str, NDArray[Any]]:
    """Run in this process, on numpy alone."""
    import brian2 as b2

    before = b2.prefs.codegen.target
    b2.prefs.codegen.target = "numpy"
    generators = logging.getLogger("brian2.codegen.generators.base")
    generators.addFilter(_matters)
    try:
        net, objects = network(form, links)
        for name, value in values.items():
            group, _, variable = name.partition(".")
            setattr(objects[group], variable, value)
        if form.kind != "ideal":
            b2.seed(int(float(values["cells.seed"])))
        net.run(float(values["cells.seconds"]) * b2.second, namespace={})
    finally:
        b2.prefs.codegen.target = before
        generators.removeFilter(_matters)
    events = {"spike": "spikes", "dap": "daps", "brake": "brake_spikes"}
    found = {f"{name}_neuron": np.array(objects[group].i) for name, group in events.items()}
    found |= {f"{name}_time": np.array(objects[group].t / b2.second) for name, group in events.items()}
    own = EQUATIONS[form.kind].results
    return found | {name: np.array(getattr(objects["synapses"], one)) for name, one in own.items()}
