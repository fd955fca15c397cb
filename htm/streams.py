"""Named random streams: every random draw of a run comes from ``stream(seed, name)``.

The same seed and name give the same numbers on every substrate and for any number of workers; another name
gives an independent stream.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from .pick import BadInput


def stream(seed: int, name: str) -> np.random.Generator:
    """Generator of the stream `name` under `seed`.

    Parameters
    ----------
    seed : non-negative integer, the run's seed
    name : what the stream is for, e.g. ``"sp.pool"``

    Raises
    ------
    BadInput
        Where the seed is negative or no integer.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise BadInput(f"seed: must be a non-negative integer, got {seed!r}")
    key = np.frombuffer(hashlib.blake2b(name.encode(), digest_size=16).digest(), dtype=np.uint32)
    sequence = np.random.SeedSequence(int(seed), spawn_key=tuple(int(word) for word in key))
    # PCG64 because its state survives JSON exactly (integers only).
    return np.random.Generator(np.random.PCG64(sequence))


def save_stream(rng: np.random.Generator) -> dict[str, Any]:
    """State of a generator as JSON-able integers."""
    return dict(rng.bit_generator.state)


def restore_stream(state: dict[str, Any]) -> np.random.Generator:
    """Generator that continues from `state` (see `save_stream`)."""
    rng = np.random.Generator(np.random.PCG64())
    rng.bit_generator.state = state
    return rng
