"""The spatial pooler as a scikit-learn transformer. Importing this module imports scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bits import Bits
from .pick import BadInput
from .pooler import SpatialPooler, SpatialPoolerParams
from .software import SoftwareSubstrate

try:
    from sklearn.base import BaseEstimator, TransformerMixin
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError:
    raise BadInput("htm.sklearn: needs scikit-learn >= 1.6: pip install scikit-learn") from None


class SpatialPoolerTransformer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Dense features to dense binary codes of minicolumns, learned without labels.

    A feature is on where it is above `level`. Everything is decided by the parameters: fitting twice gives the
    same codes.

    Parameters
    ----------
    columns : size of a code
    density : share of the columns that are active
    level : brightness of a feature from which it counts; none: each feature's mean over the training records
    passes : passes over the training records
    seed : seed of pools, initial permanences and order of records
    options : further fields of `SpatialPoolerParams` by name
    """

    def __init__(
        self,
        columns: int = 256,
        density: float = 0.05,
        level: float | None = None,
        passes: int = 1,
        seed: int = 0,
        options: dict[str, Any] | None = None,
    ) -> None:
        self.columns = columns
        self.density = density
        self.level = level
        self.passes = passes
        self.seed = seed
        self.options = options

    def fit(self, X: Any, y: Any = None) -> SpatialPoolerTransformer:
        """Learn from records, (records, features)."""
        X = validate_data(self, X, dtype=np.float64)
        if self.passes < 0:
            raise BadInput(f"passes: must not be negative, got {self.passes}")
        self._start(X)
        codes = self._encode(X)
        order = np.random.default_rng(self.seed)
        for _ in range(self.passes):
            for i in order.permutation(len(codes)):
                self.pooler_.compute(codes[i])
        return self

    def partial_fit(self, X: Any, y: Any = None) -> SpatialPoolerTransformer:
        """Learn from more records in their order; the first call also sets the levels."""
        first = not hasattr(self, "pooler_")
        X = validate_data(self, X, dtype=np.float64, reset=first)
        if first:
            self._start(X)
        for code in self._encode(X):
            self.pooler_.compute(code)
        return self

    def transform(self, X: Any) -> NDArray[np.uint8]:
        """Codes of records, (records, columns), 1 where a column is active; nothing is learned."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        dense = np.zeros((len(X), self.columns), dtype=np.uint8)
        for row, code in enumerate(self._encode(X)):
            overlap = self.pooler_.synapses.overlap(code)
            dense[row, self.pooler_.inhibit(overlap)] = 1
        return dense

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Names of the columns."""
        check_is_fitted(self)
        return np.array([f"column{i}" for i in range(self.columns)], dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # codes are bits, whatever the features are
        return tags

    def _start(self, X: NDArray[np.float64]) -> None:
        params = SpatialPoolerParams(columns=self.columns, density=self.density, **(self.options or {}))
        self.pooler_ = SpatialPooler(params, (X.shape[1],), SoftwareSubstrate(), int(self.seed))
        self.levels_ = X.mean(axis=0) if self.level is None else np.full(X.shape[1], self.level)

    def _encode(self, X: NDArray[np.float64]) -> list[Bits]:
        return [np.flatnonzero(on).astype(np.int32) for on in self.levels_ < X]
