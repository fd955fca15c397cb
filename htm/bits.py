"""Sparse binary codes: `Bits`, the sorted unique indices of the active bits."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .pick import BadInput

Bits: TypeAlias = NDArray[np.int32]
"""Sorted unique indices of active bits, shape (n_active,), int32."""


def as_bits(indices: Any, size: int, name: str = "bits") -> Bits:
    """Check indices and return them as `Bits`.

    Parameters
    ----------
    indices : array_like, (n_active,), sorted, unique, in [0, size)
    size : number of bits of the code
    name : the argument's name, for the message

    Raises
    ------
    BadInput
        Where the indices are not integers, not sorted, repeated or out of range.
    """
    array = np.asarray(indices)
    if array.dtype == np.int32 and array.ndim == 1 and array.flags.c_contiguous:
        # What one part of a step hands to the next: three quick looks, since this runs several times a step.
        if not array.size:
            return array
        if array[0] >= 0 and array[-1] < size and bool((array[1:] > array[:-1]).all()):
            return array
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise BadInput(
            f"{name}: must be a 1-d array of integer indices, got {array.dtype} of shape {array.shape}"
        )
    if array.size:
        if array[0] < 0 or int(array.max()) >= size:
            bad = array[0] if array[0] < 0 else array.max()
            raise BadInput(f"{name}: indices must lie in 0..{size - 1}, got {bad}")
        if array.size > 1 and not bool(np.all(array[1:] > array[:-1])):
            raise BadInput(f"{name}: indices must be sorted and unique")
    return np.ascontiguousarray(array, dtype=np.int32)


def from_dense(dense: Any, name: str = "dense") -> Bits:
    """`Bits` of a dense array of 0 and 1 (flattened in C order)."""
    array = np.asarray(dense)
    if array.dtype != np.bool_ and not bool(np.all((array == 0) | (array == 1))):
        raise BadInput(f"{name}: must hold only 0 and 1")
    return np.flatnonzero(array).astype(np.int32)


def to_dense(bits: Bits, size: int) -> NDArray[np.bool_]:
    """Dense form of a code, shape (size,)."""
    dense = np.zeros(size, dtype=np.bool_)
    dense[as_bits(bits, size)] = True
    return dense


def overlap(a: Bits, b: Bits) -> int:
    """Number of bits that two codes share."""
    return int(np.intersect1d(a, b, assume_unique=True).size)
