"""The transformer keeps scikit-learn's contract, and its codes are the pooler's."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from htm.pick import BadInput
from htm.sklearn import SpatialPoolerTransformer

EXPECTED_TO_FAIL: dict[str, str] = {}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_scikit_learns_own_checks():
    results = check_estimator(
        SpatialPoolerTransformer(columns=40, density=0.1),
        expected_failed_checks=EXPECTED_TO_FAIL,
        on_fail=None,
    )
    failed = [f"{r['check_name']}: {r['exception']!r}" for r in results if r["status"] == "failed"]
    assert not failed, "\n".join(failed)


def test_codes_are_dense_sparse_and_repeatable():
    X, y = load_digits(return_X_y=True)
    transformer = SpatialPoolerTransformer(columns=200, density=0.1, options={"boost_strength": 2.0})
    codes = transformer.fit_transform(X[:200])
    assert codes.shape == (200, 200)
    assert set(np.unique(codes)) == {0, 1}
    assert (codes.sum(axis=1) == 20).all()
    again = SpatialPoolerTransformer(columns=200, density=0.1, options={"boost_strength": 2.0}).fit(X[:200])
    assert np.array_equal(codes, again.transform(X[:200]))
    transformer = SpatialPoolerTransformer(
        columns=500, density=0.1, passes=3, options={"boost_strength": 10.0, "decrement": 0.02}
    )
    model = make_pipeline(transformer, LogisticRegression(max_iter=300))
    assert model.fit(X[:600], y[:600]).score(X[600:900], y[600:900]) > 0.8


def test_learning_in_parts():
    X, _ = load_digits(return_X_y=True)
    whole = SpatialPoolerTransformer(columns=100, level=4.0).partial_fit(X[:60])
    parts = SpatialPoolerTransformer(columns=100, level=4.0)
    parts.partial_fit(X[:30]).partial_fit(X[30:60])
    assert np.array_equal(whole.transform(X[:60]), parts.transform(X[:60]))


def test_wrong_parameters_name_themselves():
    with pytest.raises(BadInput, match="passes: must not be negative"):
        SpatialPoolerTransformer(passes=-1).fit(np.eye(5))
    with pytest.raises(BadInput, match=r"SpatialPoolerParams\.density"):
        SpatialPoolerTransformer(density=2.0).fit(np.eye(5))
