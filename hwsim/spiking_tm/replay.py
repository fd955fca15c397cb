"""Autonomous replay: after learning, the first symbol alone is given and the network plays the rest by itself.

With a lowered threshold of the soma, the plateau current of a dendritic action potential alone makes a neuron fire, so
each prediction comes true and makes the next. The network is the trained one, run anew with other values. Where first
symbols are primed, priming alone is the cue: those neurons fire by themselves, and a stimulus would add the others.

Source: Bouhadjar et al. 2022, PLoS Comput Biol 18(6):e1010233, section on sequence replay; factors as in the authors'
parameters. Inhibitory neurons are driven so that all of a population, not only `active` of it, must fire to stop it.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from devices.model import DeviceModel
from devices.units import Second
from htm.pick import BadInput, Params

from .network import noise_seed, start_values
from .params import SpikingMemoryParams, half, inhibitory_peak, on_grid, steps
from .run import Record, devices_of, execute
from .task import Schedule, SequenceTaskParams


class ReplayParams(Params):
    """How the trained network is made to replay."""

    enabled: bool = Field(default=True, description="whether a replay follows the last episode")
    threshold_share: float = Field(default=0.25, gt=0.0, description="somatic threshold over the trained one")
    dap_threshold_share: float = Field(
        default=0.7, gt=0.0, description="dendritic threshold over the trained one"
    )
    cue_interval: Second | None = Field(
        default=None,
        gt=0.0,
        description="from one cue to the next [s]; none: as long as the longest sequence took",
    )


@dataclass(frozen=True)
class Replay:
    """What followed each cue, one cue a sequence.

    Attributes
    ----------
    record : the run; its plan has one stimulus, or one priming, a sequence
    symbol, step : populations that became active and when, in steps from the cue, of each sequence
    """

    record: Record
    symbol: list[NDArray[np.int64]]
    step: list[NDArray[np.int64]]


def replay_plan(task: SequenceTaskParams, params: ReplayParams, step: float) -> Schedule:
    """When the first symbol of each sequence is given.

    Raises
    ------
    ValueError
        Where the interval between cues is no whole number of steps.
    """
    longest = max(len(one) for one in task.shown)
    given = params.cue_interval
    interval = given if given is not None else (longest - 1) * task.interval + task.pause
    if not on_grid(interval, step):
        raise ValueError(f"cue_interval: must be whole steps of {step:g} s, got {interval:g}")
    cues = np.arange(len(task.shown))
    symbol = np.array([task.populations.index(one[0]) for one in task.shown], dtype=np.int64)
    at = steps(task.start, step) + cues * steps(interval, step)
    none = np.zeros(0, dtype=np.int64)
    shown, primed = ((none, none), (symbol, at)) if task.primes else ((symbol, at), (none, none))
    return Schedule(
        symbol=shown[0],
        step=shown[1],
        prime_symbol=primed[0],
        prime_step=primed[1],
        last=none,
        period=steps(interval, step) * cues.size,
        probe=steps(task.probe, step),
        episodes=1,
    )


def cues_of(plan: Schedule) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Population and step of each cue, (sequences,) each: stimuli, or primings."""
    return np.append(plan.symbol, plan.prime_symbol), np.append(plan.step, plan.prime_step)


def lowered(params: SpikingMemoryParams, replay: ReplayParams) -> SpikingMemoryParams:
    """The trained network's parameters for replay."""
    cells, brakes = params.excitatory, params.inhibitory
    excitatory = {
        "threshold": replay.threshold_share * cells.threshold,
        "dap_threshold": replay.dap_threshold_share * cells.dap_threshold,
    }
    peak = inhibitory_peak(params) * params.active / params.neurons
    return params.model_copy(
        update={
            "excitatory": cells.model_copy(update=excitatory),
            "inhibitory": brakes.model_copy(update={"peak": peak}),
            # It is told in the dendrite's threshold: one synapse gives the current that it gave.
            "strength": params.strength / replay.dap_threshold_share,
        }
    )


def replay(
    params: SpikingMemoryParams,
    task: SequenceTaskParams,
    how: ReplayParams,
    trained: Record,
    seed: int,
    device: DeviceModel | None = None,
) -> Replay:
    """Cue every sequence once, with plasticity off.

    Parameters
    ----------
    params, task, seed, device : as `trained` had them
    how : thresholds, and time between cues
    trained : the run whose permanences, and conductances, are taken over

    Raises
    ------
    BadInput
        Where the time between cues is no whole number of steps.
    """
    try:
        plan = replay_plan(task, how, params.step)
    except ValueError as error:
        raise BadInput(f"replay.{error}") from None
    wiring, low, form = trained.wiring, lowered(params, how), trained.form
    made = devices_of(low, wiring, device, form.kind, seed)
    values = start_values(low, (0.0, 0.0, 0.0), form, plan, wiring, made, seed)
    # The last cue has as much time as the others.
    _, at = cues_of(plan)
    values["cells.seconds"] = (plan.period + at[0]) * params.step
    if form.kind != "analog":
        values["synapses.P"] = trained.permanence
    side = trained.permanence > params.plasticity.maturity
    # As its controller left it: nothing is to be written.
    sides = {"ideal": ("mature",), "binary": ("asked", "held"), "analog": ()}[form.kind]
    values |= {f"synapses.{name}": side for name in sides}
    if trained.conductance is not None:
        values["synapses.G"] = trained.conductance
        values["cells.seed"] = float(noise_seed(seed, "spiking_tm.replay"))
    record = execute(low, form, plan, wiring, values)
    symbol, step = activations(record, half(params), steps(params.excitatory.refractory, params.step))
    edges = np.append(at, at[0] + plan.period)
    inside = [(step >= a) & (step < b) for a, b in itertools.pairwise(edges)]
    return Replay(
        record,
        [symbol[one] for one in inside],
        [step[one] - begun for one, begun in zip(inside, at, strict=True)],
    )


def activations(record: Record, least: int, window: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Populations that became active, in order of time.

    Parameters
    ----------
    record : a run
    least : a population is active where so many of its neurons have fired within `window`
    window : steps; no more than the refractory time, in which no neuron fires twice

    Returns
    -------
    population, step : (activations,) the step is that of the spike that made it active
    """
    symbol, step = [], []
    for k in range(record.populations):
        s = record.spike_step[record.spike_neuron // record.neurons == k]
        if s.size < least:
            continue
        # For each spike from the least-th on: how long the last `least` of them took.
        hot = s[least - 1 :] - s[: s.size - least + 1] < window
        # It was active before this spike already where the `least` before it are not yet older than the window.
        still = (
            np.append(False, s[least:] - s[:-least] < window)
            if s.size > least
            else np.zeros(1, dtype=np.bool_)
        )
        begins = s[least - 1 :][hot & ~still]
        symbol.append(np.full(begins.size, k))
        step.append(begins)
    symbols = np.concatenate(symbol) if symbol else np.zeros(0, dtype=np.int64)
    when = np.concatenate(step) if step else np.zeros(0, dtype=np.int64)
    order = np.lexsort((symbols, when))
    return symbols[order].astype(np.int64), when[order].astype(np.int64)


def replayed(found: Replay, task: SequenceTaskParams, alone: bool = True) -> NDArray[np.bool_]:
    """Whether each sequence was replayed, (sequences,): all its symbols in its order.

    Parameters
    ----------
    found : the replay
    task : what was learned
    alone : whether nothing else may become active, nor follow
    """
    names = task.populations
    wanted = [[names.index(word) for word in one] for one in task.shown]
    got = [
        one.tolist() if alone else one.tolist()[: len(other)]
        for one, other in zip(found.symbol, wanted, strict=True)
    ]
    return np.array([one == other for one, other in zip(got, wanted, strict=True)])


def interval(found: Replay, task: SequenceTaskParams) -> float:
    """Mean steps from symbol to symbol, of sequences replayed to the end; NaN where there is none."""
    whole = replayed(found, task, alone=False)
    each = [
        float(step[len(one) - 1] - step[0]) / (len(one) - 1)
        for step, one, good in zip(found.step, task.shown, whole, strict=True)
        if good
    ]
    return float(np.mean(each)) if each else math.nan


def ambiguous(task: SequenceTaskParams) -> NDArray[np.bool_]:
    """Whether each sequence's first symbol stands elsewhere too: its cue may call more than it, (sequences,)."""
    words = [word for one in task.shown for word in one]
    return np.array([words.count(one[0]) > 1 for one in task.shown])
