"""Softmax regression on sparse binary codes: what a code says about its label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from . import kernels
from .bits import Bits, as_bits
from .pick import BadInput, Params
from .streams import restore_stream, save_stream, stream
from .synapses import State

_FIRST = np.zeros(1, dtype=np.int64)  # the order of a single code


class SoftmaxClassifierParams(Params):
    """Parameters of a `SoftmaxClassifier`."""

    rate: float = Field(default=0.05, gt=0.0, description="step size of a code with a hundred active bits")
    passes: int = Field(default=10, ge=1, description="passes over the training codes")


@final
class SoftmaxClassifier:
    """Softmax regression trained by stochastic gradient descent, from zero weights.

    The step size falls linearly to a tenth over the passes, and is scaled by 100 / mean active bits, so that
    dense and sparse codes learn at the same pace and can be compared fairly.

    Parameters
    ----------
    n_bits : size of a code
    n_classes : number of labels, 0 .. n_classes - 1
    params : step size and passes
    seed : seed of the stream ``classifier.order``, the order of the codes in each pass
    """

    def __init__(self, n_bits: int, n_classes: int, params: SoftmaxClassifierParams, seed: int = 0) -> None:
        if n_bits < 1 or n_classes < 2:
            raise BadInput(f"classifier: needs at least 1 bit and 2 classes, got {n_bits} and {n_classes}")
        self.params = params
        self.weights = np.zeros((n_bits, n_classes), dtype=np.float32)
        self.bias = np.zeros(n_classes, dtype=np.float32)
        self._order = stream(seed, "classifier.order")

    def fit(self, codes: Sequence[Bits], labels: Any) -> None:
        """Train on codes and their labels.

        Parameters
        ----------
        codes : one `Bits` a record
        labels : (records,) integers
        """
        starts, indices = _ragged(codes, self.weights.shape[0])
        targets = np.asarray(labels, dtype=np.int32)
        if targets.shape != (len(codes),) or len(codes) == 0:
            raise BadInput(f"labels: must be one a code ({len(codes)}), got shape {targets.shape}")
        if targets.min() < 0 or targets.max() >= self.bias.size:
            raise BadInput(f"labels: must lie in 0..{self.bias.size - 1}")
        rate = self.params.rate * 100.0 / max(1.0, indices.size / len(codes))
        for number in range(self.params.passes):
            fade = 1.0 - 0.9 * number / max(1, self.params.passes - 1)
            order = self._order.permutation(len(codes))
            kernels.softmax_train(
                self.weights, self.bias, starts, indices, targets, order, np.float32(rate * fade)
            )

    def learn_one(self, code: Bits, label: int) -> None:
        """One online step on one code: the step size of `fit`, scaled by this code's own bits, without fading.

        Parameters
        ----------
        code : active bits
        label : 0 .. n_classes - 1
        """
        code = as_bits(code, self.weights.shape[0], "code")
        if isinstance(label, bool) or not 0 <= label < self.bias.size or int(label) != label:
            raise BadInput(f"label: must be an integer in 0..{self.bias.size - 1}, got {label!r}")
        rate = np.float32(self.params.rate * 100.0 / max(1, code.size))
        kernels.softmax_train(
            self.weights,
            self.bias,
            np.array([0, code.size]),
            code,
            np.array([label], dtype=np.int32),
            _FIRST,
            rate,
        )

    def probabilities(self, codes: Sequence[Bits]) -> NDArray[np.float32]:
        """Probability of each label, (codes, classes)."""
        logits = np.stack([self.bias + self.weights[code].sum(axis=0) for code in codes])
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(p / p.sum(axis=1, keepdims=True), dtype=np.float32)

    def predict(self, codes: Sequence[Bits]) -> NDArray[np.int64]:
        """Most probable label of each code, (codes,)."""
        return np.asarray(self.probabilities(codes).argmax(axis=1))

    def state(self) -> State:
        """Everything needed to continue identically."""
        return {
            "weights": self.weights.copy(),
            "bias": self.bias.copy(),
            "order": save_stream(self._order),
        }

    def restore(self, state: State) -> None:
        """Continue from `state`."""
        for name in ("weights", "bias"):
            if np.shape(state[name]) != getattr(self, name).shape:
                raise BadInput(
                    f"{name}: must have shape {getattr(self, name).shape}, got {np.shape(state[name])}"
                )
        self.weights[:] = state["weights"]
        self.bias[:] = state["bias"]
        self._order = restore_stream(state["order"])


def _ragged(codes: Sequence[Bits], n_bits: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Codes as one array of indices and where each begins, (codes + 1,)."""
    starts = np.zeros(len(codes) + 1, dtype=np.int64)
    np.cumsum([code.size for code in codes], out=starts[1:])
    indices = np.concatenate([*codes, np.empty(0, np.int32)]).astype(np.int32)
    if indices.size and (indices.min() < 0 or indices.max() >= n_bits):
        raise BadInput(f"codes: indices must lie in 0..{n_bits - 1}")
    return starts, indices
