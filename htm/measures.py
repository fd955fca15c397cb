"""Measures of sparse codes and of forecasts.

Codes: as defined by Cui, Ahmad, Hawkins 2017 (Front. Comput. Neurosci. 11:111), for a whole set or, in
`CodeMeasures`, code by code. Forecasts: as in Cui, Ahmad, Hawkins 2016 (Neural Comput. 28:2474).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from .bits import Bits, as_bits, overlap
from .pick import BadInput
from .synapses import State


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
    return _mean_entropy(activation_frequency(codes, size))


def _mean_entropy(p: NDArray[np.float64]) -> float:
    inside = p[(p > 0) & (p < 1)]
    total = -(inside * np.log2(inside) + (1 - inside) * np.log2(1 - inside)).sum()
    return float(total / p.size)


def match(a: Bits, b: Bits) -> float:
    """Shared bits over the smaller code's bits, 0..1; two empty codes match fully."""
    least = min(a.size, b.size)
    return overlap(a, b) / least if least else float(a.size == b.size)


def stability(before: Sequence[Bits], now: Sequence[Bits]) -> float:
    """Share of the bits that the codes of the same inputs keep from one epoch to the next, 0..1.

    ``mean |a_t and a_(t-1)| / mean |a_t|``; NaN where no code has a bit.
    """
    shared = sum(overlap(a, b) for a, b in zip(before, now, strict=True))
    bits = sum(code.size for code in now)
    return shared / bits if bits else float("nan")


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


@final
class CodeMeasures:
    """Measures of a stream of codes, kept up to date code by code.

    Over all codes so far, or, with a period, as running means over about that many: x is the mean after n codes,
    ``x <- x + (new - x) / min(n, period)``. Ratios are of such means.

    Parameters
    ----------
    size : bits of a code
    period : codes that the means look back; none: all

    Attributes
    ----------
    count : codes so far
    activation_frequency : (size,) share of the codes in which each bit is active
    """

    growing = ("item_codes", "item_starts", "noise_levels", "noise_match", "noise_counts")
    """Arrays of the state that may have another length where it is restored."""

    def __init__(self, size: int, period: int | None = None) -> None:
        if size < 1:
            raise BadInput(f"size: must be at least 1, got {size!r}")
        if period is not None and period < 1:
            raise BadInput(f"period: must be at least 1, or none, got {period!r}")
        self.size, self.period, self.count = int(size), period, 0
        self.activation_frequency = np.zeros(self.size)
        self._previous: Bits | None = None
        self._overlap = _Mean(period)
        self._shared, self._repeated = _Mean(period), _Mean(period)
        self._items: dict[str, Bits] = {}
        self._noise: dict[float, _Mean] = {}

    def add(self, code: Bits, item: str | None = None) -> None:
        """Take one code.

        Parameters
        ----------
        code : active bits
        item : name of the input, where inputs come back: the code is then compared with the item's last one
        """
        code = as_bits(code, self.size, "code").copy()
        self.count += 1
        share = 1.0 / (self.count if self.period is None else min(self.count, self.period))
        self.activation_frequency *= 1.0 - share
        self.activation_frequency[code] += share
        if self._previous is not None:
            self._overlap.add(match(self._previous, code))
        self._previous = code
        if item is not None:
            if item in self._items:
                self._shared.add(overlap(self._items[item], code))
                self._repeated.add(code.size)
            self._items[item] = code

    def add_noisy(self, code: Bits, noisy: Bits, level: float) -> None:
        """Take the code of an input and the code of the same input corrupted by `level`."""
        pair = [as_bits(one, self.size, name) for one, name in ((code, "code"), (noisy, "noisy"))]
        self._noise.setdefault(float(level), _Mean(self.period)).add(match(*pair))

    @property
    def sparsity(self) -> float:
        """Mean share of active bits, 0..1; NaN before the first code."""
        return float(self.activation_frequency.mean()) if self.count else float("nan")

    @property
    def entropy(self) -> float:
        """Mean binary entropy of the bits [bit]; NaN before the first code."""
        # A running mean may leave 0..1 by a rounding.
        return _mean_entropy(np.clip(self.activation_frequency, 0, 1)) if self.count else float("nan")

    @property
    def overlap(self) -> float:
        """Mean match of each code with the one before, 0..1; NaN before the second."""
        return self._overlap.value

    @property
    def stability(self) -> float:
        """Share of the bits that items keep when they come back, 0..1; NaN before the first return."""
        return self._shared.value / self._repeated.value if self._repeated.value else float("nan")

    @property
    def noise_robustness(self) -> dict[float, float]:
        """Mean match by noise level, 0..1."""
        return {level: self._noise[level].value for level in sorted(self._noise)}

    def state(self) -> State:
        """Everything needed to continue identically."""
        codes = list(self._items.values())
        noise = [self._noise[level] for level in self._noise]
        means = [self._overlap, self._shared, self._repeated]
        return {
            "count": self.count,
            "activation_frequency": self.activation_frequency.copy(),
            "previous": None if self._previous is None else self._previous.tolist(),
            "means": np.array([mean.value for mean in means]),
            "counts": np.array([mean.count for mean in means]),
            "items": list(self._items),
            "item_codes": np.concatenate([np.empty(0, np.int32), *codes]),
            "item_starts": np.cumsum([0, *(code.size for code in codes)]),
            "noise_levels": np.array(list(self._noise)),
            "noise_match": np.array([mean.value for mean in noise]),
            "noise_counts": np.array([mean.count for mean in noise], dtype=np.int64),
        }

    def restore(self, state: State) -> None:
        """Continue from `state`."""
        frequency = np.asarray(state["activation_frequency"])
        if frequency.shape != (self.size,):
            raise BadInput(f"activation_frequency: must have shape {(self.size,)}, got {frequency.shape}")
        self.count = int(state["count"])
        self.activation_frequency = frequency.copy()
        previous = state["previous"]
        self._previous = None if previous is None else as_bits(np.array(previous, dtype=np.int32), self.size)
        means = [self._overlap, self._shared, self._repeated]
        for mean, value, count in zip(means, state["means"], state["counts"], strict=True):
            mean.value, mean.count = float(value), int(count)
        codes = np.split(np.asarray(state["item_codes"], dtype=np.int32), state["item_starts"][1:])[:-1]
        self._items = dict(zip(state["items"], codes, strict=True))
        kept = zip(state["noise_levels"], state["noise_match"], state["noise_counts"], strict=True)
        self._noise = {float(a): _Mean(self.period, float(b), int(c)) for a, b, c in kept}


@final
class _Mean:
    """Running mean; NaN at first."""

    def __init__(self, period: int | None, value: float = float("nan"), count: int = 0) -> None:
        self.period, self.value, self.count = period, value, count

    def add(self, new: float) -> None:
        self.count += 1
        if self.count == 1:
            self.value = float(new)
        else:
            share = 1.0 / (self.count if self.period is None else min(self.count, self.period))
            self.value += share * (new - self.value)


def nrmse(truth: Any, predicted: Any, start: int = 0) -> float:
    """Root mean square error over the standard deviation of the truth: 1 is as good as the mean.

    Parameters
    ----------
    truth, predicted : (records,) aligned: `predicted` says what `truth` of the same place was foretold to be
    start : first record whose error counts; the standard deviation is always that of all of `truth`
    """
    true, error = _errors(truth, predicted, start)
    spread = float(true.std())
    if spread == 0.0:
        raise BadInput("truth: must vary, or there is no scale for the error")
    return float(np.sqrt(np.mean(error**2))) / spread


def mape(truth: Any, predicted: Any, start: int = 0) -> float:
    """Mean absolute error over the mean absolute truth of the same records (not the mean of the ratios).

    Parameters
    ----------
    truth, predicted : (records,) aligned
    start : first record that counts
    """
    true, error = _errors(truth, predicted, start)
    scale = float(np.mean(np.abs(true[start:])))
    if scale == 0.0:
        raise BadInput("truth: must not be 0 throughout, or there is no scale for the error")
    return float(np.mean(np.abs(error))) / scale


def _errors(truth: Any, predicted: Any, start: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """All of the truth, and predicted - truth from `start` on."""
    true, told = np.asarray(truth, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    if true.ndim != 1 or true.shape != told.shape:
        raise BadInput(f"truth, predicted: must be 1-d of one length, got {true.shape} and {told.shape}")
    if not 0 <= start < true.size:
        raise BadInput(f"start: must lie in 0..{true.size - 1}, got {start!r}")
    for name, part in (("truth", true), ("predicted", told[start:])):
        if not np.isfinite(part).all():
            raise BadInput(f"{name}: must be finite, got {part[~np.isfinite(part)][0]}")
    return true, told[start:] - true[start:]
