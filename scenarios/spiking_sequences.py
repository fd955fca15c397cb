"""Sequences in a native spiking temporal memory: when it foretells their last symbols, and with how few neurons.

Source: Bouhadjar, Wouters, Diesmann, Tetzlaff 2022 (PLoS Comput Biol 18(6):e1010233): sets of sequences, learning
rates and error. Other sequences of symbols run under the same network. With ``synapses=binary`` the same network runs
beside it with a device for each synapse.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, SerializeAsAny, ValidationInfo, field_validator

from devices.model import DeviceModel
from htm.pick import Params
from hwsim.spiking_tm.measure import active, answered, errors, first_zero, predicted
from hwsim.spiking_tm.params import SpikingMemoryParams
from hwsim.spiking_tm.run import Record, run
from hwsim.spiking_tm.task import SequenceTaskParams, schedule, words

from .registry import Metric, Outcome, Progress

JUDGED = 10
"""Last episodes that accuracy and error are taken over, as in the reference runs."""

BINS = 60
"""Of the histograms of permanences."""


class SpikingSequencesConfig(Params):
    """Everything that decides a run of the spiking sequences scenario."""

    scenario: str = Field(description="the scenario's name")
    seed: int = Field(default=0, ge=0, description="seed of every random stream")
    synapses: Literal["ideal", "binary"] = Field(
        default="ideal",
        description="binary: a second run has a device a synapse, written where it matures or withers",
    )
    device: SerializeAsAny[DeviceModel] = Field(
        description="what one synapse is made of where they are binary"
    )
    spiking_tm: SpikingMemoryParams = Field(default_factory=SpikingMemoryParams)
    task: SequenceTaskParams = Field(default_factory=SequenceTaskParams)

    @field_validator("task")
    @classmethod
    def _windows(cls, task: SequenceTaskParams, info: ValidationInfo) -> SequenceTaskParams:
        network = info.data.get("spiking_tm")
        if network is None:
            return task
        schedule(task, network.step)  # refuses times that are no whole steps
        learn = network.plasticity
        if not learn.soonest < task.interval < learn.latest:
            raise ValueError(
                f"interval: must lie between spiking_tm.plasticity.soonest ({learn.soonest:g} s) and latest "
                f"({learn.latest:g} s), else symbols that follow each other are never paired, got {task.interval:g}"
            )
        if task.interval <= network.excitatory.refractory:
            raise ValueError(
                f"interval: must exceed spiking_tm.excitatory.refractory ({network.excitatory.refractory:g} s), "
                f"got {task.interval:g}"
            )
        return task


def _both(stem: str, label: str, headline: bool = False) -> dict[str, Metric]:
    return {
        f"{stem}_{side}": Metric(f"{label}, {side}", headline=headline) for side in ("software", "hardware")
    }


METRICS: dict[str, Metric] = {
    **_both("accuracy", f"accuracy of the last {JUDGED} episodes", headline=True),
    **_both("error", f"prediction error of the last {JUDGED} episodes", headline=True),
    **_both("episodes_to_zero", "episodes to error 0, of seeds that got there", headline=True),
    **_both("active", "active neurons at last symbols"),
    **_both("mature", "share of synapses that are mature"),
    "writes_per_synapse_hardware": Metric("writes per synapse and episode, hardware"),
}

_KEPT: OrderedDict[str, Record] = OrderedDict()
"""Runs with ideal synapses of this process, by the parameters that decide them; the two last used are kept."""


def run_point(config: SpikingSequencesConfig, progress: Progress) -> Outcome:
    """Show all episodes to one network, and to one whose synapses are devices where they are to be.

    Parameters
    ----------
    config : the resolved parameters
    progress : told when each begins and ends; what runs in between is one compiled program
    """
    episodes = config.task.episodes
    hardware = config.synapses != "ideal"
    progress(0, episodes * (1 + hardware), "ideal synapses")
    records = {"software": _software(config)}
    if hardware:
        progress(episodes, 2 * episodes, f"{config.synapses} synapses")
        records["hardware"] = run(config.spiking_tm, config.task, config.seed, config.device)
    progress(episodes * (1 + hardware), episodes * (1 + hardware), "done")
    metrics: dict[str, float | int] = {}
    arrays = _given(config, records["software"])
    for name, record in records.items():
        numbers, kept = _judged(config, record)
        metrics |= {f"{key}_{name}": number for key, number in numbers.items()}
        arrays |= {f"{key}_{name}": array for key, array in kept.items()}
    if hardware:
        writes = records["hardware"].writes / (records["hardware"].wiring.synapses * episodes)
        metrics["writes_per_synapse_hardware"] = writes
    return Outcome(metrics={name: metrics[name] for name in METRICS if name in metrics}, arrays=arrays)


def _software(config: SpikingSequencesConfig) -> Record:
    """The run with ideal synapses: the same for every device, so made once a process."""
    key = config.model_dump_json(exclude={"device", "synapses"})
    if key not in _KEPT:
        _KEPT[key] = run(config.spiking_tm, config.task, config.seed)
        while len(_KEPT) > 2:
            _KEPT.popitem(last=False)
    _KEPT.move_to_end(key)
    return _KEPT[key]


def _judged(
    config: SpikingSequencesConfig, record: Record
) -> tuple[dict[str, float | int], dict[str, NDArray[Any]]]:
    """Numbers and arrays of one run."""
    foreseen = predicted(record, least=max(1, math.ceil(config.spiking_tm.active / 2)))
    targets = record.plan.targets()
    error = errors(foreseen, targets)
    # Right: the last symbol is predicted, and nothing else is.
    right = foreseen[:, np.arange(targets.size), targets] & (foreseen.sum(axis=2) == 1)
    sizes = np.array([[one.size for one in episode] for episode in active(record)])
    found = first_zero(error)
    numbers: dict[str, float | int] = {
        "accuracy": float(right[-JUDGED:].mean()),
        "error": float(error[-JUDGED:].mean()),
        "episodes_to_zero": math.nan if found is None else found,
        "active": float(sizes[-JUDGED:, record.plan.last].mean()),
        "mature": float((record.permanence > config.spiking_tm.plasticity.maturity).mean()),
    }
    arrays: dict[str, NDArray[Any]] = {"error": error, "right": right, "active": sizes.astype(np.int32)}
    return numbers, arrays | _permanences(config, record) | _rasters(config, record)


def _given(config: SpikingSequencesConfig, record: Record) -> dict[str, NDArray[Any]]:
    """What both runs were given."""
    plan, step, learn = record.plan, config.spiking_tm.step, config.spiking_tm.plasticity
    return {
        "last": plan.last.astype(np.int32),
        "neurons": np.array(record.neurons),
        "populations": np.array(config.task.populations),
        "sequences": np.array([words(one) for one in config.task.shown]),
        "stimulus_symbol": plan.symbol.astype(np.int32),
        "stimulus_s": plan.step * step,
        "period_s": np.array(plan.period * step),
        "rho": np.array(config.spiking_tm.active),
        "permanence_edges": np.linspace(0.0, learn.maximum, BINS + 1),
        "maturity": np.array(learn.maturity),
    }


def _permanences(config: SpikingSequencesConfig, record: Record) -> dict[str, NDArray[Any]]:
    """Histograms of permanences at the start and at the end."""
    edges = np.linspace(0.0, config.spiking_tm.plasticity.maximum, BINS + 1)
    return {
        "permanence_first": np.histogram(record.wiring.floor, edges)[0],
        "permanence_last": np.histogram(record.permanence, edges)[0],
    }


def _rasters(config: SpikingSequencesConfig, record: Record) -> dict[str, NDArray[Any]]:
    """First and last episode: who fired, predicted or not, and dendritic action potentials [s]."""
    plan, step = record.plan, config.spiking_tm.step
    foretold = answered(record)
    begun, ended = record.dap_step, record.dap_ends()
    arrays: dict[str, NDArray[Any]] = {}
    for name, episode in (("first", 0), ("last", plan.episodes - 1)):
        low = episode * plan.period
        fired = slice(*np.searchsorted(record.spike_step, [low, low + plan.period]))
        seen = (ended > low) & (begun < low + plan.period)
        arrays |= {
            f"{name}_spike_s": ((record.spike_step[fired] - low) * step).astype(np.float32),
            f"{name}_spike_neuron": record.spike_neuron[fired].astype(np.int32),
            f"{name}_spike_predicted": foretold[fired],
            f"{name}_dap_s": ((np.stack([begun, ended], axis=1)[seen] - low) * step).astype(np.float32),
            f"{name}_dap_neuron": record.dap_neuron[seen].astype(np.int32),
        }
    return arrays
