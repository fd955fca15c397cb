"""What a run of the spiking sequences scenario keeps for pictures: rasters, permanences, replay."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwsim.spiking_tm.measure import answered
from hwsim.spiking_tm.params import SpikingMemoryParams
from hwsim.spiking_tm.replay import Replay, cues_of
from hwsim.spiking_tm.run import Record
from hwsim.spiking_tm.task import SequenceTaskParams, words

BINS = 60
"""Of the histograms of permanences."""


def given(params: SpikingMemoryParams, task: SequenceTaskParams, record: Record) -> dict[str, NDArray[Any]]:
    """What both runs were given."""
    plan, step, learn = record.plan, params.step, params.plasticity
    return {
        "last": plan.last.astype(np.int32),
        "neurons": np.array(record.neurons),
        "populations": np.array(task.populations),
        "sequences": np.array([words(one) for one in task.shown]),
        "stimulus_symbol": plan.symbol.astype(np.int32),
        "stimulus_s": plan.step * step,
        "period_s": np.array(plan.period * step),
        "interval_s": np.array(task.interval),
        "rho": np.array(params.active),
        "permanence_edges": np.linspace(0.0, learn.maximum, BINS + 1),
        "maturity": np.array(learn.maturity),
    }


def permanences(params: SpikingMemoryParams, record: Record) -> dict[str, NDArray[Any]]:
    """Histograms of permanences at the start and at the end."""
    edges = np.linspace(0.0, params.plasticity.maximum, BINS + 1)
    return {
        "permanence_first": np.histogram(record.wiring.floor, edges)[0],
        "permanence_last": np.histogram(record.permanence, edges)[0],
    }


def rasters(params: SpikingMemoryParams, record: Record) -> dict[str, NDArray[Any]]:
    """First and last episode: who fired, predicted or not, and dendritic action potentials [s]."""
    plan = record.plan
    arrays: dict[str, NDArray[Any]] = {}
    for name, episode in (("first", 0), ("last", plan.episodes - 1)):
        arrays |= _raster(params, record, name, episode * plan.period, plan.period)
    return arrays


def replay_arrays(params: SpikingMemoryParams, found: Replay) -> dict[str, NDArray[Any]]:
    """The replay spike by spike, its cues, and which population became active when after which cue [s]."""
    plan, step = found.record.plan, params.step
    symbol, at = cues_of(plan)
    cues = [np.full(one.size, k) for k, one in enumerate(found.symbol)]
    return {
        **_raster(params, found.record, "replay", 0, plan.period + int(at[0])),
        "replay_period_s": np.array((plan.period + at[0]) * step),
        "replay_cue_symbol": symbol.astype(np.int32),
        "replay_cue_s": at * step,
        "replay_of": np.concatenate(cues).astype(np.int32),
        "replay_symbol": np.concatenate(found.symbol).astype(np.int32),
        "replay_s": np.concatenate(found.step) * step,
    }


def _raster(
    params: SpikingMemoryParams, record: Record, name: str, low: int, length: int
) -> dict[str, NDArray[Any]]:
    """Spikes and dendritic action potentials of `length` steps from `low` on."""
    step = params.step
    begun, ended = record.dap_step, record.dap_ends()
    fired = slice(*np.searchsorted(record.spike_step, [low, low + length]))
    seen = (ended > low) & (begun < low + length)
    return {
        f"{name}_spike_s": ((record.spike_step[fired] - low) * step).astype(np.float32),
        f"{name}_spike_neuron": record.spike_neuron[fired].astype(np.int32),
        f"{name}_spike_predicted": answered(record)[fired],
        f"{name}_dap_s": ((np.stack([begun, ended], axis=1)[seen] - low) * step).astype(np.float32),
        f"{name}_dap_neuron": record.dap_neuron[seen].astype(np.int32),
    }
