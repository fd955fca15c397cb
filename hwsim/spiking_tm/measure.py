"""What a run of the spiking temporal memory foretold: predicted populations, the paper's error, who fired.

Source: Bouhadjar et al. 2022, PLoS Comput Biol 18(6):e1010233, section on the prediction performance.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from .run import Record


def in_dap(record: Record, step: int) -> NDArray[np.bool_]:
    """Neurons whose dendrite is in an action potential at `step` of the run, (populations, neurons).

    It lasts `record.dap_steps` from its start unless the soma fires.
    """
    recent = slice(*np.searchsorted(record.dap_step, [step - record.dap_steps + 1, step + 1]))
    lasting = record.dap_ends()[recent] > step
    found = np.zeros(record.populations * record.neurons, dtype=np.bool_)
    found[record.dap_neuron[recent][lasting]] = True
    return found.reshape(record.populations, record.neurons)


def predicted(record: Record, least: int) -> NDArray[np.bool_]:
    """Populations predicted for each last symbol, (episodes, sequences, populations).

    A population is predicted where at least `least` of its neurons are in a dendritic action potential when the
    predictions are read.
    """
    probes = record.plan.probes()
    return np.array([[in_dap(record, int(at)).sum(axis=1) >= least for at in row] for row in probes])


def errors(foreseen: NDArray[np.bool_], targets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Prediction error of each episode, (episodes,): mean over sequences of the distance ||o - v||_2.

    Parameters
    ----------
    foreseen : (episodes, sequences, populations) o, what was predicted
    targets : (sequences,) the population that v names
    """
    wanted = np.zeros(foreseen.shape[1:], dtype=np.bool_)
    wanted[np.arange(targets.size), targets] = True
    distance: NDArray[np.float64] = np.sqrt((foreseen != wanted).sum(axis=2)).mean(axis=1)
    return distance


def answered(record: Record) -> NDArray[np.bool_]:
    """Spikes of predicted neurons, (spikes,): those that end a dendritic action potential."""
    ends = record.dap_ends()
    done = ends < record.dap_step + record.dap_steps
    most = int(max(record.spike_neuron.max(initial=0), record.dap_neuron.max(initial=0))) + 1
    spikes = record.spike_step * most + record.spike_neuron
    found: NDArray[np.bool_] = np.isin(spikes, (ends * most + record.dap_neuron)[done])
    return found


def active(record: Record) -> list[list[NDArray[np.int64]]]:
    """Neurons that fired for each element, [episode][element], sorted.

    What fires between two stimuli belongs to the first; the last one's time lasts into the next episode.
    """
    plan = record.plan
    starts = (np.arange(plan.episodes)[:, None] * plan.period + plan.step[None, :]).ravel()
    edges = np.searchsorted(record.spike_step, np.append(starts, plan.steps + plan.step[0]))
    each = [np.unique(record.spike_neuron[a:b]) for a, b in itertools.pairwise(edges)]
    size = plan.step.size
    return [each[k * size : (k + 1) * size] for k in range(plan.episodes)]


def first_zero(error: NDArray[np.float64]) -> int | None:
    """First episode, counted from 1, of an error of 0; none where there was none."""
    found = np.flatnonzero(error == 0.0)
    return int(found[0]) + 1 if found.size else None
