"""Potential synapses between excitatory neurons and their floors, drawn from the seed or read; who is primed."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from htm.pick import BadInput
from htm.streams import stream

from .params import SpikingMemoryParams, prime_count

_ARRAYS = ("pre", "post", "floor")


@dataclass(frozen=True)
class Connectivity:
    """Potential synapses, sorted by their source.

    Attributes
    ----------
    pre, post : (synapses,) source and target neuron
    floor : (synapses,) first permanence, below which it never falls
    order : (synapses,) place of each in the file it came from
    """

    pre: NDArray[np.int32]
    post: NDArray[np.int32]
    floor: NDArray[np.float64]
    order: NDArray[np.int64]

    @property
    def synapses(self) -> int:
        """How many."""
        return int(self.pre.size)


def connectivity(params: SpikingMemoryParams, populations: int, seed: int) -> Connectivity:
    """Of the file that `params` names, else drawn.

    Parameters
    ----------
    params : the network
    populations : how many symbols have one
    seed : of the streams ``spiking_tm.wiring`` and ``spiking_tm.floor``

    Raises
    ------
    BadInput
        Where the file is none or does not fit the network.
    """
    neurons = populations * params.neurons
    if params.connectivity is not None:
        return load(Path(params.connectivity), neurons, params.plasticity.maximum)
    return draw(neurons, params.probability, params.plasticity.initial, seed)


def draw(neurons: int, probability: float, initial: float, seed: int) -> Connectivity:
    """Fixed in-degree without self-connections or duplicates.

    Parameters
    ----------
    neurons : in all
    probability : in-degree over neurons; K = round(p M n_E)
    initial : first permanences are U(0, this)
    seed : of the streams
    """
    degree = min(max(round(probability * neurons), 1), neurons - 1)
    wiring = stream(seed, "spiking_tm.wiring")
    post = np.repeat(np.arange(neurons, dtype=np.int32), degree)
    pre = np.empty(post.size, dtype=np.int32)
    for target in range(neurons):
        # Drawn among the others: numbers from the target on move up by one.
        chosen = wiring.choice(neurons - 1, degree, replace=False)
        pre[target * degree : (target + 1) * degree] = chosen + (chosen >= target)
    floor = stream(seed, "spiking_tm.floor").uniform(0.0, initial, post.size)
    return _sorted(pre, post, floor)


def primed(params: SpikingMemoryParams, populations: int, seed: int) -> NDArray[np.bool_]:
    """Neurons whose dendrites are started from outside before a sequence begins, (populations * neurons,).

    The same in each population's every priming: they are its code as a first symbol.

    Parameters
    ----------
    params : the network
    populations : how many symbols have one
    seed : of the stream ``spiking_tm.prime``
    """
    drawn = stream(seed, "spiking_tm.prime")
    found = np.zeros((populations, params.neurons), dtype=np.bool_)
    for row in found:
        row[drawn.choice(params.neurons, prime_count(params), replace=False)] = True
    return found.ravel()


def load(path: Path, neurons: int, maximum: float) -> Connectivity:
    """Read a file of arrays ``pre``, ``post`` (neuron numbers) and ``floor`` (permanences)."""
    where = f"spiking_tm.connectivity: {path}"
    try:
        opened = np.load(path, allow_pickle=False)
        if not isinstance(opened, np.lib.npyio.NpzFile):
            raise BadInput(f"{where}: must be an .npz file with arrays {', '.join(_ARRAYS)}")
        with opened as file:
            if missing := [name for name in _ARRAYS if name not in file.files]:
                raise BadInput(f"{where}: must hold arrays {', '.join(_ARRAYS)}, lacks {', '.join(missing)}")
            pre, post, floor = (np.asarray(file[name]) for name in _ARRAYS)
    except FileNotFoundError:
        raise BadInput(f"{where}: there is no such file") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        if isinstance(error, BadInput):
            raise
        # numpy takes any text for pickled data, and advises to read it all the same.
        why = "" if "pickle" in str(error) else f": {error}"
        raise BadInput(f"{where}: is no readable .npz file of numbers{why}") from None
    if not (pre.ndim == post.ndim == floor.ndim == 1 and pre.size == post.size == floor.size > 0):
        shapes = f"{pre.shape}, {post.shape}, {floor.shape}"
        raise BadInput(f"{where}: pre, post and floor must be vectors of one length, got {shapes}")
    for name, one in (("pre", pre), ("post", post)):
        if one.dtype.kind not in "iu":
            raise BadInput(f"{where}: {name} must hold whole numbers, got {one.dtype}")
        if int(one.min()) < 0 or int(one.max()) >= neurons:
            raise BadInput(
                f"{where}: {name} must lie in 0..{neurons - 1} (neurons of all populations), "
                f"got {int(one.min())}..{int(one.max())}"
            )
    if (
        floor.dtype.kind not in "fiu"
        or not np.isfinite(floor).all()
        or floor.min() < 0
        or floor.max() > maximum
    ):
        raise BadInput(f"{where}: floor must hold numbers in 0..{maximum:g} (plasticity.maximum)")
    if (pre.astype(np.int64) == post.astype(np.int64)).any():
        raise BadInput(f"{where}: a neuron must not be its own source")
    pair = pre.astype(np.int64) * neurons + post.astype(np.int64)
    if np.unique(pair).size < pair.size:
        raise BadInput(f"{where}: a pair of neurons must have one synapse, got some twice")
    return _sorted(pre.astype(np.int32), post.astype(np.int32), floor.astype(np.float64))


def _sorted(pre: NDArray[np.int32], post: NDArray[np.int32], floor: NDArray[np.float64]) -> Connectivity:
    # A spike then reads one stretch of memory.
    order = np.lexsort((post, pre))
    return Connectivity(pre[order], post[order], floor[order], order)
