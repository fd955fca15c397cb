"""Sequences in a native spiking temporal memory: when it foretells their last symbols, and with how few neurons.

Source: Bouhadjar, Wouters, Diesmann, Tetzlaff 2022 (PLoS Comput Biol 18(6):e1010233): sets of sequences, learning
rates, error and replay. Other sequences of symbols run under the same network. With ``synapses=binary`` or
``analog`` the same network runs beside it with a device for each synapse.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, SerializeAsAny, ValidationInfo, field_validator

from devices.model import DeviceModel
from htm.pick import BadInput, Params, pick
from hwsim.cost import COSTS, assumptions
from hwsim.neuron_cost import NEURON_COSTS, neuron_assumptions
from hwsim.spiking_tm.analog import check
from hwsim.spiking_tm.devices import unplayed
from hwsim.spiking_tm.energy import counts, device_energy, digital_energy
from hwsim.spiking_tm.measure import active, errors, first_zero, predicted
from hwsim.spiking_tm.params import SpikingMemoryParams, half
from hwsim.spiking_tm.replay import Replay, ReplayParams, ambiguous, interval, replay, replay_plan, replayed
from hwsim.spiking_tm.run import Record, run
from hwsim.spiking_tm.synapses import Kind
from hwsim.spiking_tm.task import SequenceTaskParams, schedule

from .registry import Metric, Outcome, Progress
from .spiking_arrays import given, permanences, rasters, replay_arrays

JUDGED = 10
"""Last episodes that accuracy and error are taken over, as in the reference runs."""


class SpikingSequencesConfig(Params):
    """Everything that decides a run of the spiking sequences scenario."""

    scenario: str = Field(description="the scenario's name")
    seed: int = Field(default=0, ge=0, description="seed of every random stream")
    synapses: Kind = Field(
        default="ideal",
        description="binary: a second run has a device a synapse, written where it matures or withers; analog: one "
        "whose conductance is the permanence, moved by pulses",
    )
    device: SerializeAsAny[DeviceModel] = Field(
        description="what one synapse is made of where they are not ideal"
    )
    spiking_tm: SpikingMemoryParams = Field(default_factory=SpikingMemoryParams)
    task: SequenceTaskParams = Field(default_factory=SequenceTaskParams)
    replay: ReplayParams = Field(default_factory=ReplayParams)
    cost: str = Field(default="isaac_puma", description="preset of energies of arrays of devices")
    neuron_cost: str = Field(default="lif_28nm", description="preset of energies of neurons beside devices")
    digital_cost: str = Field(
        default="loihi", description="preset of a chip that does the same without devices"
    )

    @field_validator("cost", "neuron_cost", "digital_cost")
    @classmethod
    def _known_cost(cls, word: str, info: ValidationInfo) -> str:
        pick(COSTS if info.field_name == "cost" else NEURON_COSTS, word, str(info.field_name))
        return word

    @field_validator("replay")
    @classmethod
    def _cues_fit(cls, how: ReplayParams, info: ValidationInfo) -> ReplayParams:
        network, task = info.data.get("spiking_tm"), info.data.get("task")
        if network is not None and task is not None:
            replay_plan(task, how, network.step)  # refuses times that are no whole steps
            refractory = network.excitatory.refractory
            if how.cue_interval is not None and how.cue_interval <= refractory:
                raise ValueError(
                    f"cue_interval: must exceed spiking_tm.excitatory.refractory ({refractory:g} s), "
                    f"got {how.cue_interval:g}"
                )
        return how

    @field_validator("device")
    @classmethod
    def _fits(cls, device: DeviceModel, info: ValidationInfo) -> DeviceModel:
        if info.data.get("synapses") == "analog":
            try:
                check(device)
            except BadInput as error:
                raise ValueError(str(error).removeprefix("device: ")) from None
        return device

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
        cells = network.excitatory
        if task.interval <= cells.refractory:
            raise ValueError(
                f"interval: must exceed spiking_tm.excitatory.refractory ({cells.refractory:g} s), "
                f"got {task.interval:g}"
            )
        # A prediction begins a delay and about the dendrite's time constant after a symbol; the membrane forgets it
        # within two of its own.
        ends = network.delay + cells.tau_dendrite + cells.dap_duration + 2 * cells.tau_membrane
        if task.interval >= ends:
            raise ValueError(
                f"interval: must be less than {ends:g} s, by when the membrane has forgotten a prediction "
                f"(spiking_tm.excitatory.dap_duration {cells.dap_duration:g} s), got {task.interval:g}"
            )
        if task.probe <= network.delay:
            raise ValueError(
                f"probe: must exceed spiking_tm.delay ({network.delay:g} s), before which nothing is predicted, "
                f"got {task.probe:g}"
            )
        for name, window in (
            ("plasticity.latest", learn.latest),
            ("excitatory.dap_duration", cells.dap_duration),
        ):
            if task.pause <= window:
                raise ValueError(
                    f"pause: must exceed spiking_tm.{name} ({window:g} s), else a sequence runs into the next, "
                    f"got {task.pause:g}"
                )
        return task


def _both(stem: str, label: str, unit: str = "", headline: bool = False) -> dict[str, Metric]:
    tail = f"_{unit}" if unit else ""
    return {
        f"{stem}_{side}{tail}": Metric(f"{label}, {side}", unit, headline=headline)
        for side in ("software", "hardware")
    }


METRICS: dict[str, Metric] = {
    **_both("accuracy", f"accuracy of the last {JUDGED} episodes", headline=True),
    **_both("error", f"prediction error of the last {JUDGED} episodes", headline=True),
    **_both("episodes_to_zero", "episodes to error 0, of seeds that got there", headline=True),
    **_both("active", "active neurons at last symbols"),
    **_both("mature", "share of synapses that are mature"),
    **_both("replayed", "share of sequences replayed to the end, and nothing else", headline=True),
    **_both("replayed_and_more", "share replayed to the end, whatever came after"),
    **_both("replay_speed", "speed of replay over what was trained"),
    **_both("spikes_per_episode", "spikes of an episode"),
    **_both("daps_per_episode", "dendritic action potentials of an episode"),
    **_both("deliveries_per_episode", "spikes at synapses in an episode"),
    "writes_per_synapse_hardware": Metric("programming events per synapse and episode, hardware"),
    "checks_per_synapse_hardware": Metric("reads that verify writes per synapse and episode, hardware"),
    "pulses_per_synapse_hardware": Metric("pulses of analog synapses per synapse and episode, hardware"),
    **_both("energy_per_episode", "energy of an episode (software: on a digital chip)", "J"),
}


@dataclass(frozen=True)
class _Half:
    """One network's run, and its replay where there is one."""

    record: Record
    replay: Replay | None


_KEPT: OrderedDict[str, _Half] = OrderedDict()
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
    halves = {"software": _software(config)}
    if hardware:
        progress(episodes, 2 * episodes, f"{config.synapses} synapses")
        halves["hardware"] = _half(config, config.device)
    progress(episodes * (1 + hardware), episodes * (1 + hardware), "done")
    metrics: dict[str, float | int] = {}
    arrays = given(config.spiking_tm, config.task, halves["software"].record)
    for name, one in halves.items():
        numbers, kept = _judged(config, one)
        metrics |= {f"{key}_{name}": number for key, number in numbers.items()}
        arrays |= {f"{key}_{name}": array for key, array in kept.items()}
    software = halves["software"].record
    digital = digital_energy(software, NEURON_COSTS[config.digital_cost]())
    metrics["energy_per_episode_software_J"] = digital / episodes
    assumed = [f"digital chip ({config.digital_cost}): {neuron_assumptions(config.digital_cost)}"]
    if hardware:
        record = halves["hardware"].record
        metrics |= _programmed(config, record)
        neurons = NEURON_COSTS[config.neuron_cost]()
        parts = device_energy(record, COSTS[config.cost](), neurons, config.device.read_voltage)
        metrics["energy_per_episode_hardware_J"] = sum(parts.values()) / episodes
        arrays |= {
            "energy_parts_with_devices": np.array(list(parts.values())) / episodes,
            "energy_names": np.array(list(parts)),
            "energy_of": np.array("episode"),
        }
        assumed[:0] = [assumptions(config.cost), f"neurons: {neuron_assumptions(config.neuron_cost)}"]
    arrays["energy_assumed"] = np.array(" ".join(assumed))
    if hardware and (missing := unplayed(config.device)):
        arrays["notes"] = np.array(
            f"{config.synapses} synapses stay as they were written: what the device's {', '.join(missing)} "
            "would do is not played"
        )
    return Outcome(metrics={name: metrics[name] for name in METRICS if name in metrics}, arrays=arrays)


def _programmed(config: SpikingSequencesConfig, record: Record) -> dict[str, float]:
    """What was done to devices, per synapse and episode."""
    each = record.wiring.synapses * config.task.episodes
    more = {"checks": record.checks} if config.synapses == "binary" else {"pulses": record.pulses}
    return {
        f"{name}_per_synapse_hardware": count / each
        for name, count in {"writes": record.writes, **more}.items()
    }


def _half(config: SpikingSequencesConfig, device: DeviceModel | None = None) -> _Half:
    network, task, seed = config.spiking_tm, config.task, config.seed
    record = run(network, task, seed, device, analog=config.synapses == "analog")
    if not config.replay.enabled:
        return _Half(record, None)
    return _Half(record, replay(network, task, config.replay, record, seed, device))


def _software(config: SpikingSequencesConfig) -> _Half:
    """The run with ideal synapses: the same for every device, so made once a process."""
    of_hardware = {"device", "synapses", "cost", "neuron_cost", "digital_cost"}
    key = config.model_dump_json(
        exclude={**dict.fromkeys(of_hardware, True), "spiking_tm": {"analog", "retry_writes"}}
    )
    if key not in _KEPT:
        _KEPT[key] = _half(config)
        while len(_KEPT) > 2:
            _KEPT.popitem(last=False)
    _KEPT.move_to_end(key)
    return _KEPT[key]


def _judged(
    config: SpikingSequencesConfig, one: _Half
) -> tuple[dict[str, float | int], dict[str, NDArray[Any]]]:
    """Numbers and arrays of one run."""
    record = one.record
    foreseen = predicted(record, least=half(config.spiking_tm))
    targets = record.plan.targets()
    error = errors(foreseen, targets)
    # Right: the last symbol is predicted, and nothing else is.
    right = foreseen[:, np.arange(targets.size), targets] & (foreseen.sum(axis=2) == 1)
    sizes = np.array([[found.size for found in episode] for episode in active(record)])
    zero = first_zero(error)
    numbers: dict[str, float | int] = {
        "accuracy": float(right[-JUDGED:].mean()),
        "error": float(error[-JUDGED:].mean()),
        "episodes_to_zero": np.nan if zero is None else zero,
        "active": float(sizes[-JUDGED:, record.plan.last].mean()),
        "mature": float((record.permanence > config.spiking_tm.plasticity.maturity).mean()),
    }
    arrays: dict[str, NDArray[Any]] = {"error": error, "right": right, "active": sizes.astype(np.int32)}
    found = counts(record)
    numbers |= {
        "spikes_per_episode": float((found.spikes + found.brake_spikes).mean()),
        "daps_per_episode": float(found.daps.mean()),
        "deliveries_per_episode": float(found.deliveries.mean()),
    }
    arrays |= {
        "count_spikes": found.spikes,
        "count_brake_spikes": found.brake_spikes,
        "count_daps": found.daps,
        "count_deliveries": found.deliveries,
    }
    arrays |= permanences(config.spiking_tm, record) | rasters(config.spiking_tm, record)
    if one.replay is not None:
        numbers |= _replay_numbers(config, one.replay)
        arrays |= replay_arrays(config.spiking_tm, one.replay)
        arrays["replayed"] = replayed(one.replay, config.task)
        arrays["replay_ambiguous"] = ambiguous(config.task)
    return numbers, arrays


def _replay_numbers(config: SpikingSequencesConfig, found: Replay) -> Mapping[str, float]:
    """How many sequences were replayed, and how much faster than they were shown."""
    between = interval(found, config.task) * config.spiking_tm.step
    return {
        "replayed": float(replayed(found, config.task).mean()),
        "replayed_and_more": float(replayed(found, config.task, alone=False).mean()),
        "replay_speed": config.task.interval / between,
    }
