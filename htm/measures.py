"""Measures of sparse codes, as defined by Cui, Ahmad, Hawkins 2017 (Front. Comput. Neurosci. 11:111)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from .bits import Bits, overlap
from .pick import BadInput


def sparsity(codes: Sequence[Bits], size: int) -> float:
    """Mean share of active bits, 0..1."""
    return float(np.mean([code.size for code in codes])) / size


def activation_frequency(codes: Sequence[Bits], size: int) -> NDArray[np.float64]:
    """Share of the codes in which each bit is active, (size,)."""
    if not codes:
        raise BadInput("codes: must hold at least one code")
    return np.bincount(np.concatenate(codes), minlength=size) / len(codes)


def entropy(codes: Sequence[Bits], size: int) -> float:
    """Mean binary entropy of the bits' activation frequencies [bit]; at density s at most H(s)."""
    p = activation_frequency(codes, size)
    inside = p[(p > 0) & (p < 1)]
    total = -(inside * np.log2(inside) + (1 - inside) * np.log2(1 - inside)).sum()
    return float(total / size)


def match(a: Bits, b: Bits) -> float:
    """Shared bits over the smaller code's bits, 0..1; two empty codes match fully."""
    least = min(a.size, b.size)
    return overlap(a, b) / least if least else float(a.size == b.size)


def corrupt(active: Bits, size: int, noise: float, rng: np.random.Generator) -> Bits:
    """Move a share `noise` of the active bits to places that were off."""
    moved = min(round(noise * active.size), size - active.size)
    off = np.setdiff1d(np.arange(size, dtype=np.int32), active, assume_unique=True)
    kept = rng.permutation(active)[moved:]
    return np.sort(np.concatenate([kept, rng.permutation(off)[:moved]])).astype(np.int32)


def noise_robustness(
    inputs: Sequence[Bits],
    outputs: Sequence[Bits],
    size: int,
    encode: Callable[[Bits], Bits],
    levels: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Mean match between a code and the code of its corrupted input, per noise level.

    Parameters
    ----------
    inputs, outputs : clean inputs and their codes
    size : bits of an input
    encode : input to code, without learning
    levels : (n,) shares of active input bits moved
    rng : generator of the corruption

    Returns
    -------
    (n,) mean match, 0..1
    """
    result = np.empty(len(levels))
    for i, level in enumerate(levels):
        matches = [
            match(out, encode(corrupt(x, size, float(level), rng)))
            for x, out in zip(inputs, outputs, strict=True)
        ]
        result[i] = np.mean(matches)
    return result
