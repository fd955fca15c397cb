"""High-order sequences: how well a temporal memory learns them, relearns after a swap, and stands the death of cells.

Where the substrate is another than software it runs beside the software, with the same codes, sequences, noise and
deaths, so that predicted cells can be compared element by element.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationInfo, field_validator

from devices.units import Second
from htm.bits import Bits
from htm.measures import match
from htm.pick import Params
from htm.temporal_memory import TemporalMemory, TemporalMemoryParams

from .beside import BesideConfig
from .hardware_metrics import METAL
from .meter import Meter
from .registry import Metric, Outcome, Progress
from .sequences_task import Phase, Plan, Pupil, TaskParams, plan
from .substrates import SUBSTRATES

DEAD = 0.3
"""Share of dead cells whose accuracy is a metric: the largest that the published memory stands."""


class SequencesTimeParams(Params):
    """What the clock does while devices age."""

    record: Second = Field(default=0.0, ge=0.0, description="time between elements while learning [s]")
    pause: Second = Field(default=0.0, ge=0.0, description="time between learning and the death of cells [s]")


class SequencesConfig(BesideConfig):
    """Everything that decides a run of the sequences scenario."""

    memory: TemporalMemoryParams = Field(default_factory=TemporalMemoryParams)
    task: TaskParams = Field(default_factory=TaskParams)
    time: SequencesTimeParams = Field(default_factory=SequencesTimeParams)

    @field_validator("memory")
    @classmethod
    def _enough_metal(cls, memory: TemporalMemoryParams, info: ValidationInfo) -> TemporalMemoryParams:
        substrate = info.data.get("substrate", "software")
        if substrate != "software" and memory.capacity is None:
            raise ValueError(
                f"capacity: must be given on the {substrate}, whose rows are metal, e.g. 20000, got none"
            )
        return memory

    @field_validator("task")
    @classmethod
    def _columns_for_codes(cls, task: TaskParams, info: ValidationInfo) -> TaskParams:
        memory = info.data.get("memory")
        if memory is not None and task.active_bits > memory.columns:
            raise ValueError(
                f"active_bits: must not exceed memory.columns ({memory.columns}), got {task.active_bits}"
            )
        return task


def _both(stem: str, label: str, headline: bool = False) -> dict[str, Metric]:
    sides = ("software", "hardware")
    return {f"{stem}_{side}": Metric(f"{label}, {side}", headline=headline) for side in sides}


METRICS: dict[str, Metric] = {
    **_both("accuracy", "accuracy before the swap", headline=True),
    "fidelity": Metric("fidelity: predicted cells shared by software and hardware", headline=True),
    **_both("accuracy_after_swap", "accuracy after the swap"),
    **_both("accuracy_after_pause", "accuracy after the pause"),
    **_both("accuracy_30_dead", "accuracy with 30 % of cells dead", headline=True),
    **_both("elements_to_learn", "elements to learn, of seeds that did"),
    **_both("elements_to_relearn", "elements to relearn, of seeds that did", headline=True),
    **_both("segments", "segments grown"),
    "energy_per_element_J": Metric("energy per element learned, hardware", "J", headline=True),
    "energy_setup_J": Metric("energy before anything is learned, hardware", "J"),
    "latency_per_element_s": Metric("latency per element learned, hardware", "s"),
    "pulses_per_device_mean": Metric("pulses that a device in use has seen, mean, hardware"),
    "pulses_per_device_most": Metric("pulses that the busiest device has seen, hardware"),
    "life_years": Metric(
        "life of the busiest device at this rate of elements, by its median endurance, hardware", "years"
    ),
    **METAL,
}


@dataclass(frozen=True)
class _Half:
    """What one side made of the task.

    Attributes
    ----------
    before, after : endings until the swap and from then on
    dead : (shares,) accuracy after that share of cells has died
    foreseen : cells predicted before each element that was learned from
    segments : how many there were before the swap
    """

    before: Phase
    after: Phase
    dead: NDArray[np.float64]
    foreseen: list[Bits]
    segments: int


def run_point(config: SequencesConfig, progress: Progress) -> Outcome:
    """One point: software (kept between points that share it), then the hardware where there is one.

    Parameters
    ----------
    config : the resolved parameters
    progress : told how far it is, in elements
    """
    shown = plan(config.task, config.seed)
    todo = (_key(config) not in _KEPT) + (config.substrate != "software")
    each = shown.elements(len(config.task.killed))
    steps = _Steps(todo * each, progress)
    halves = {"software": _software_half(config, shown, steps)}
    metrics: dict[str, float | int] = {}
    arrays: dict[str, NDArray[Any]] = {}
    if config.substrate != "software":
        halves["hardware"], meter = _half(config, shown, config.substrate, steps)
        fidelity = _fidelity(halves["software"].foreseen, halves["hardware"].foreseen)
        metrics["fidelity"] = float(np.nanmean(fidelity)) if np.isfinite(fidelity).any() else math.nan
        metrics |= _spent(meter, shown.learned) | meter.wear("learned", shown.learned, config.time.record)
        arrays |= meter.arrays({"element": ("made", "learned", shown.learned)})
        arrays["fidelity_per_element"] = fidelity.astype(np.float32)
    for name, half in halves.items():
        metrics |= {f"{key}_{name}": number for key, number in _metrics(config.task, half).items()}
        arrays[f"right_{name}"] = np.concatenate((half.before.right, half.after.right))
        arrays[f"accuracy_dead_{name}"] = half.dead
    arrays |= _arrays(config.task, halves["software"], shown)
    if not todo:
        progress(each, each, "software: known already")
    return Outcome(metrics={name: metrics[name] for name in METRICS if name in metrics}, arrays=arrays)


class _Steps:
    """Counts elements for the progress bar."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._progress, self._done, self._total = progress, 0, total
        self._what = ""

    def start(self, what: str) -> None:
        self._what = what

    def step(self) -> None:
        self._done += 1
        if self._done % 100 == 0 or self._done == self._total:
            self._progress(self._done, self._total, self._what)


_KEPT: OrderedDict[str, _Half] = OrderedDict()
"""Software halves of this process, by the parameters that decide them; the two last used are kept."""


def _key(config: SequencesConfig) -> str:
    """What the software half depends on."""
    return config.model_dump_json(exclude={"device", "crossbar", "substrate", "time", "cost", "neuron_cost"})


def _software_half(config: SequencesConfig, shown: Plan, steps: _Steps) -> _Half:
    """The software run: the same for every device, so made once a process."""
    key = _key(config)
    if key not in _KEPT:
        _KEPT[key], _ = _half(config, shown, "software", steps)
        while len(_KEPT) > 2:
            _KEPT.popitem(last=False)
    _KEPT.move_to_end(key)
    return _KEPT[key]


def _half(config: SequencesConfig, shown: Plan, name: str, steps: _Steps) -> tuple[_Half, Meter]:
    """Learn, relearn, and from what was known before the swap let cells die."""
    substrate = SUBSTRATES[name](config.device, config.crossbar, config.seed)
    memory = TemporalMemory(config.memory, substrate, config.seed)
    meter = Meter(substrate, config.crossbar, config.cost, config.neuron_cost)
    meter.mark("made")
    pupil = Pupil(memory, config.task, config.seed, steps.step, config.time.record)
    steps.start(f"{name}: learning")
    before = pupil.learn(shown.before)
    state, segments = memory.state(), memory.dendrites.n_segments
    steps.start(f"{name}: learning swapped endings")
    after = pupil.learn(shown.after)
    meter.mark("learned")
    steps.start(f"{name}: letting cells die")
    dead = [pupil.test(state, share, shown.test, config.time.pause) for share in config.task.killed]
    return _Half(before, after, np.array(dead), pupil.foreseen, segments), meter


def _metrics(task: TaskParams, half: _Half) -> dict[str, float | int]:
    metrics: dict[str, float | int] = {
        "accuracy": half.before.accuracy(task.window),
        "accuracy_after_swap": half.after.accuracy(task.window),
        "elements_to_learn": half.before.learned(task.window),
        "elements_to_relearn": half.after.learned(task.window),
        "segments": half.segments,
    }
    for name, share in (("accuracy_after_pause", 0.0), ("accuracy_30_dead", DEAD)):
        for i in np.flatnonzero(np.isclose(task.killed, share)):
            metrics[name] = float(half.dead[i])
    return metrics


def _fidelity(software: list[Bits], hardware: list[Bits]) -> NDArray[np.float64]:
    """Share of predicted cells that both sides have, (elements,); NaN where neither predicts any."""
    shared = [match(a, b) if a.size + b.size else math.nan for a, b in zip(software, hardware, strict=True)]
    return np.array(shared)


def _spent(meter: Meter, elements: int) -> dict[str, float]:
    """Energy, latency and area; nothing where the substrate has no cost model."""
    if not meter.priced:
        return {}
    learning = meter.between("made", "learned")
    return {
        "energy_per_element_J": learning.energy / elements,
        "energy_setup_J": meter.between(None, "made").energy,
        "latency_per_element_s": learning.latency / elements,
        "area_m2": meter.area,
        "devices": meter.devices,
        **meter.defects(),
    }


def _arrays(task: TaskParams, half: _Half, shown: Plan) -> dict[str, NDArray[Any]]:
    """What both sides were given."""
    swap = shown.learned_before
    return {
        "starts": np.concatenate((half.before.starts, swap + half.after.starts)),
        "swap": np.array(swap),
        "elements": np.array(shown.learned),
        "window": np.array(task.window),
        "killed": np.array(task.killed, dtype=np.float64),
        "published": np.array(task.published),
    }
