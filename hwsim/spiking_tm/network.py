"""The network in Brian2: what its neurons and synapses do at each step, and what they start from.

Nothing here holds a parameter's value: structure goes into `Layout` and decides the compiled code, every number into
`start_values`, which a finished binary takes anew. Steps of neurons are exact propagators (see `propagators`), so
Brian2 is given plain assignments and solves no equation. Numbers are SI without Brian2's units.

Symbols follow Bouhadjar et al. 2022: V membrane, X / Y / D currents from stimuli, inhibition and the dendrite, H the
rate that makes D an alpha function, x and z the traces of spikes and of dendritic action potentials, P permanence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from htm.streams import stream

from . import propagators
from .analog import AnalogDevices
from .connectivity import Connectivity, primed
from .devices import Devices
from .params import SpikingMemoryParams, inhibitory_peak, steps
from .synapses import EQUATIONS, Kind
from .task import Schedule

Values: TypeAlias = dict[str, float | NDArray[Any]]
"""First values by ``"group.variable"``: a number for all, or one an element."""

Links: TypeAlias = dict[str, NDArray[np.int32]]
"""Sources and targets: ``pre``, ``post`` of plastic synapses, ``element``, ``shown`` of stimuli to cells."""

NEVER = -1e9
"""Step of the last spike of a neuron that never fired."""


@dataclass(frozen=True)
class Layout:
    """What decides the compiled code.

    Attributes
    ----------
    populations, neurons : symbols, and excitatory neurons of each
    synapses : potential synapses between excitatory neurons
    step : of the grid [s]
    delay, short_delay : steps
    elements : stimuli and primings of an episode; which symbol each is of, and when it comes, are values
    kind : of plastic synapses (see `synapses`)
    """

    populations: int
    neurons: int
    synapses: int
    step: float
    delay: int
    short_delay: int
    elements: int
    kind: Kind


def layout(
    params: SpikingMemoryParams, plan: Schedule, populations: int, synapses: int, kind: Kind = "ideal"
) -> Layout:
    """Structure of the network that shows `plan`, its synapses of one kind."""
    return Layout(
        populations=populations,
        neurons=params.neurons,
        synapses=synapses,
        step=params.step,
        delay=steps(params.delay, params.step),
        short_delay=steps(params.short_delay, params.step),
        elements=plan.symbol.size + plan.prime_symbol.size,
        kind=kind,
    )


def links_of(form: Layout, plan: Schedule, wiring: Connectivity) -> Links:
    """Who is connected to whom: each element reaches all cells of its symbol's population.

    Parameters
    ----------
    form : structure; it may have more elements than `plan` shows, and they come to nothing
    plan : what is shown
    wiring : of the plastic synapses
    """
    symbol = np.zeros(form.elements, dtype=np.int32)
    given = np.append(plan.symbol, plan.prime_symbol)
    symbol[: given.size] = given
    cells = symbol[:, None] * form.neurons + np.arange(form.neurons, dtype=np.int32)
    return {
        "pre": wiring.pre,
        "post": wiring.post,
        "element": np.repeat(np.arange(form.elements, dtype=np.int32), form.neurons),
        "shown": cells.ravel().astype(np.int32),
    }


# Excitatory neurons. A dendrite in an action potential holds a constant current and takes no input; at its end, and
# at a spike of the soma, its current is 0. `dap` and `rest` count the steps that are left.
_CELLS = """
V : 1
X : 1
Y : 1
D : 1
H : 1
dap : 1
rest : 1
x : 1
z : 1
z_seen : 1
last : 1
seconds : 1 (shared)
VV : 1 (shared)
VX : 1 (shared)
VY : 1 (shared)
VD : 1 (shared)
VH : 1 (shared)
VC : 1 (shared)
XX : 1 (shared)
YY : 1 (shared)
DD : 1 (shared)
DH : 1 (shared)
xx : 1 (shared)
zz : 1 (shared)
threshold : 1 (shared)
rest_steps : 1 (shared)
dap_threshold : 1 (shared)
dap_current : 1 (shared)
dap_steps : 1 (shared)
tau_dendrite : 1 (shared)
parity : 1 (shared)
seed : 1 (shared)
from_stimulus : 1 (shared)
from_inhibition : 1 (shared)
from_prime : 1
"""

# Truth values are taken times 1.0: a loop over 64-bit integers is not vectorised by the compiler. `clamp` is 1 from an
# action potential's first step to the one after its last. NEST's model (`parity` 1) knows the current by its value and
# slope, y and y' of the alpha function, and clamps the value alone: inputs and slope go on, and undershoot at the end.
_CELLS_STEP = """
clamped = 1.0*int(dap > 0.5)
V = (VV*V + VX*X + VY*Y + VD*D + VH*H + VC*dap_current*clamped) * int(rest < 0.5)
X = XX*X
Y = YY*Y
D = DD*D + DH*H
starts = 1.0*int(D > dap_threshold) * (1 - clamped)
dap = dap - clamped + starts*dap_steps
clamp = clamped + starts
jump = clamp * (parity*dap_current*int(dap > 0.5) - D)
D = D + jump
H = DD*H*(1 - clamp*(1 - parity)) + parity*jump/tau_dendrite
rest = rest - int(rest > 0.5)
x = xx*x
z = zz*z + starts
"""

_CELLS_RESET = """
V = 0
D = 0
H = 0
dap = 0
rest = rest_steps
x = x + 1
z_seen = z
last = t_in_timesteps
"""

_BRAKES = """
V : 1
X : 1
rest : 1
VV : 1 (shared)
VX : 1 (shared)
XX : 1 (shared)
threshold : 1 (shared)
rest_steps : 1 (shared)
from_cells : 1 (shared)
"""

_BRAKES_STEP = """
V = (VV*V + VX*X) * int(rest < 0.5)
X = XX*X
rest = rest - int(rest > 0.5)
"""

_BRAKES_RESET = """
V = 0
rest = rest_steps
"""

# One an element: it fires once in each period, and acts on somata or, where it primes, on dendrites. A step below 0
# never comes.
_STIMULI = """
at : 1
primes : 1
period : 1 (shared)
"""

_DRIVE = """
X_post = X_post + (1 - primes_pre)*from_stimulus_post
H_post = H_post + primes_pre*from_prime_post
"""


def network(form: Layout, links: Links) -> tuple[Any, dict[str, Any]]:
    """The network and its objects by name: cells, brakes, stimuli, synapses, spikes, daps, brake_spikes.

    Parameters
    ----------
    form : its structure
    links : who is connected to whom, from `links_of`
    """
    import brian2 as b2

    clock = b2.Clock(dt=form.step * b2.second, name="grid")
    M, n = form.populations, form.neurons
    cells = b2.NeuronGroup(
        M * n,
        _CELLS,
        threshold="V > threshold",
        reset=_CELLS_RESET,
        events={"dap": "dap > dap_steps - 0.5"},
        clock=clock,
        name="cells",
    )
    cells.run_regularly(_CELLS_STEP, when="groups", name="cells_step", clock=clock)
    brakes = b2.NeuronGroup(
        M, _BRAKES, threshold="V > threshold", reset=_BRAKES_RESET, clock=clock, name="brakes"
    )
    brakes.run_regularly(_BRAKES_STEP, when="groups", name="brakes_step", clock=clock)
    stimuli = b2.NeuronGroup(
        form.elements,
        _STIMULI,
        threshold="t_in_timesteps % period == at",
        reset="",
        clock=clock,
        name="stimuli",
    )
    objects = {"cells": cells, "brakes": brakes, "stimuli": stimuli}
    objects |= _static(b2, form, clock, objects, links)
    objects["synapses"] = _plastic(b2, form, clock, cells, links)
    objects["spikes"] = b2.SpikeMonitor(cells, name="spikes")
    objects["daps"] = b2.EventMonitor(cells, "dap", name="daps")
    objects["brake_spikes"] = b2.SpikeMonitor(brakes, name="brake_spikes")
    return b2.Network(*objects.values(), name="memory"), objects


def _static(b2: Any, form: Layout, clock: Any, objects: dict[str, Any], links: Links) -> dict[str, Any]:
    """Stimulus to cells, cells to their inhibitory neuron, and back: all to all within a population."""
    short = form.short_delay * form.step * b2.second
    population = np.repeat(np.arange(form.populations), form.neurons)
    cell = np.arange(form.populations * form.neurons)
    ways = {
        "drive": (
            "stimuli",
            "cells",
            _DRIVE,
            links["element"],
            links["shown"],
        ),
        "gather": ("cells", "brakes", "X_post = X_post + from_cells_post", cell, population),
        "halt": ("brakes", "cells", "Y_post = Y_post - from_inhibition_post", population, cell),
    }
    made = {}
    for name, (source, target, act, pre, post) in ways.items():
        one = b2.Synapses(objects[source], objects[target], on_pre=act, delay=short, clock=clock, name=name)
        one.connect(i=pre, j=post)
        made[name] = one
    return made


def _plastic(b2: Any, form: Layout, clock: Any, cells: Any, links: Links) -> Any:
    """Potential synapses between excitatory neurons."""
    delay = form.delay * form.step * b2.second
    code = EQUATIONS[form.kind]
    plastic = b2.Synapses(
        cells,
        cells,
        code.model,
        on_pre={"fall": code.fall, "deliver": code.deliver},
        on_post={"rise": code.rise},
        delay={"deliver": delay, "rise": delay},
        clock=clock,
        name="synapses",
    )
    # Where a lag ends on a spike, the pair comes first, then the spike.
    plastic.rise.order, plastic.fall.order, plastic.deliver.order = -3, -2, -1
    plastic.connect(i=links["pre"], j=links["post"])
    return plastic


def start_values(
    params: SpikingMemoryParams,
    rates: tuple[float, float, float],
    form: Layout,
    plan: Schedule,
    wiring: Connectivity,
    made: Devices | AnalogDevices | None = None,
    seed: int = 0,
) -> Values:
    """Every number of the network.

    Parameters
    ----------
    params : the network
    rates : lambda+, lambda-, lambda_h
    form : structure
    plan : what is shown
    wiring : of the plastic synapses
    made : their devices, where they have any
    seed : of who is primed, and of noise while it runs
    """
    E, R, learn, h = params.excitatory, params.inhibitory, params.plasticity, params.step
    tau_rate = learn.tau_rate if learn.tau_rate is not None else plan.period * h
    up, down, balance = rates
    parity = float(params.parity)
    extra = 0 if learn.lag_with_delay and not params.parity else steps(params.delay, h)
    cells: Values = dict(propagators.excitatory(E, h))
    cells["VC"] = 0.0 if params.parity else cells["VC"]  # there the dendrite holds the current itself
    cells |= {
        "xx": math.exp(-h / learn.tau_pre),
        "zz": math.exp(-h / tau_rate),
        "threshold": E.threshold,
        "rest_steps": float(steps(E.refractory, h)),
        "dap_threshold": E.dap_threshold,
        "dap_current": E.dap_current,
        "dap_steps": float(steps(E.dap_duration, h)),
        "tau_dendrite": E.tau_dendrite,
        "parity": parity,
        "from_stimulus": propagators.current_for_peak(
            E.stimulus_peak, E.tau_membrane, E.tau_stimulus, E.capacitance
        ),
        "from_inhibition": propagators.current_for_peak(
            E.inhibition_peak, E.tau_membrane, E.tau_inhibition, E.capacitance
        ),
        "last": 0.0 if params.parity else NEVER,
        "seconds": plan.steps * h,
    }
    brakes: Values = dict(propagators.inhibitory(R, h))
    brakes |= {
        "threshold": R.threshold,
        "rest_steps": float(steps(R.refractory, h)),
        "from_cells": propagators.current_for_peak(
            inhibitory_peak(params), R.tau_membrane, R.tau_excitation, R.capacitance
        ),
    }
    # Digital permanences count to their maximum, conductances stand for 0..1.
    scale = 1.0 if form.kind == "analog" else learn.maximum
    synapses: Values = {
        "gain": up * scale,
        "loss": down * scale,
        "balance": balance * scale,
        "wanted": learn.target_rate,
        # The network takes lags at the synapse, a dendritic delay after the post-synaptic spike.
        "soonest": learn.soonest / h + extra,
        "latest": learn.latest / h + extra,
        # Alpha function J e/tau t exp(-t/tau): its rate jumps by J e/tau.
        "kick": params.strength * E.dap_threshold * math.e / E.tau_dendrite,
    }
    if form.kind != "analog":
        synapses |= {"P": wiring.floor, "least": wiring.floor}
        synapses |= {"maximum": learn.maximum, "maturity": learn.maturity}
    if form.kind == "binary":
        synapses["retries"] = float(params.retry_writes)
    if made is not None:
        synapses |= made.values()
        cells["seed"] = float(noise_seed(seed))
    if plan.prime_symbol.size:
        lift = params.prime_strength * E.dap_threshold * math.e / E.tau_dendrite
        cells["from_prime"] = lift * primed(params, form.populations, seed)
    at, primes = np.full(form.elements, -1.0), np.zeros(form.elements)
    shown = np.append(plan.step, plan.prime_step)
    at[: shown.size] = shown
    primes[plan.step.size :] = 1.0
    stimuli: Values = {"at": at, "primes": primes, "period": float(plan.period)}
    groups = {"cells": cells, "brakes": brakes, "stimuli": stimuli, "synapses": synapses}
    return {f"{group}.{name}": value for group, values in groups.items() for name, value in values.items()}


def noise_seed(seed: int, name: str = "spiking_tm.noise") -> int:
    """Seed of the noise of devices while the network runs, from this stream."""
    return int(stream(seed, name).integers(2**31))
