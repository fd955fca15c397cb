"""Hashes that are the same in every process and on every machine: SplitMix64 for integers, BLAKE2b for text.

Source: Steele, Lea, Flood 2014, Fast splittable pseudorandom number generators (OOPSLA), figure 14.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bits import Bits

_GOLDEN = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB
_MASK = (1 << 64) - 1
_CONSTANTS = tuple(np.uint64(x) for x in (_GOLDEN, 30, _FIRST, 27, _SECOND, 31))


def mix(key: int) -> int:
    """SplitMix64 of one integer of any size and sign (taken modulo 2^64), in 0..2^64-1."""
    z = (key + _GOLDEN) & _MASK
    z = ((z ^ (z >> 30)) * _FIRST) & _MASK
    z = ((z ^ (z >> 27)) * _SECOND) & _MASK
    return z ^ (z >> 31)


def mix_array(keys: NDArray[Any]) -> NDArray[np.uint64]:
    """`mix` of every element of an integer array, shape as `keys` (at least one axis)."""
    golden, a, first, b, second, c = _CONSTANTS
    z = keys.astype(np.uint64)
    z += golden
    z ^= z >> a
    z *= first
    z ^= z >> b
    z *= second
    z ^= z >> c
    return z


def text_key(text: str, seed: int) -> int:
    """64-bit key of `text` under `seed`."""
    salt = mix(seed).to_bytes(8, "little")
    # Lone surrogates, which broken files hold, must not stop an encoder.
    data = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8, key=salt).digest(), "little")


def distinct_bits(keys: NDArray[np.uint64], size: int) -> Bits:
    """One bit for each key, all different: the first key has its hash's bit, a later one the next free bit.

    Parameters
    ----------
    keys : (n,), hashes, by falling priority; n <= size
    size : number of bits to choose from
    """
    taken: set[int] = set()
    for bit in (keys % np.uint64(size)).tolist():
        while bit in taken:
            bit = (bit + 1) % size
        taken.add(bit)
    return np.array(sorted(taken), dtype=np.int32)
