"""Logarithm, exponential and curves of many numbers, against float64; rows stored where a mask says so."""

from __future__ import annotations

import numpy as np
import pytest

from devices.cells import store
from devices.curve_kernels import power_law
from devices.curves import ClippedLog, exp_in_place, log_in_place, polynomial, signed_polynomial
from devices.vector_math import exp_flat, log_flat

F = np.float32


def test_logarithm_over_all_normal_numbers() -> None:
    rng = np.random.default_rng(0)
    x = np.exp(rng.uniform(-87, 88, 200_001)).astype(F)
    x[:3] = 1, np.finfo(F).tiny, np.finfo(F).max
    out = np.empty_like(x)
    log_flat(x, out)
    true = np.log(x.astype(np.float64))
    assert out[0] == 0
    assert (np.abs(out - true) <= 3e-7 * np.maximum(np.abs(true), 0.3)).all()


def test_exponential_over_its_range_and_beyond() -> None:
    x = np.random.default_rng(0).uniform(-87, 88, 200_001).astype(F)
    out = np.empty_like(x)
    exp_flat(x, out)
    assert np.abs(out / np.exp(x.astype(np.float64)) - 1).max() < 3e-7
    ends = np.array([-1e9, 1e9, 0], dtype=F)
    exp_flat(ends, ends)  # in place
    np.testing.assert_allclose(ends, np.exp([-87.0, 88.0, 0.0]), rtol=1e-6)


@pytest.mark.parametrize("size", [1, 2047, 2048, 2049, 10_000])
def test_power_law_in_blocks(size: int) -> None:
    rng = np.random.default_rng(size)
    age, nu, g = (
        rng.uniform(0, 1e6, size).astype(F),
        rng.uniform(0, 0.1, size).astype(F),
        rng.random(size).astype(F),
    )
    for own in (nu, nu[:1]):
        true = g * np.maximum(age.astype(np.float64) / 20.0, 1.0) ** -own.astype(np.float64)
        out = age.copy()
        power_law(out, F(1 / 20.0), own, g)
        np.testing.assert_allclose(out, true, rtol=2e-6)


def test_curves() -> None:
    r = np.random.default_rng(1).uniform(0, 1, (7, 900)).astype(F)
    coefficients = (0.01, -0.2, 0.3)
    true = np.polynomial.polynomial.polyval(r.astype(np.float64), coefficients)
    np.testing.assert_allclose(signed_polynomial(coefficients, r), true, atol=1e-7)
    np.testing.assert_allclose(polynomial(coefficients, r), np.maximum(true, 0), atol=1e-7)
    curve = ClippedLog(slope=-0.02, intercept=0.01, low=0.02, high=0.08, split=0.5, poly=coefficients)
    line = np.clip(-0.02 * np.log(r.astype(np.float64)) + 0.01, 0.02, 0.08)
    np.testing.assert_allclose(curve.at(r), np.where(r >= 0.5, np.maximum(true, 0), line), atol=1e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_rows_are_stored_where_they_changed(dtype: type) -> None:
    rng = np.random.default_rng(2)
    rows, changed = np.array([1, 4, 6], dtype=np.int32), rng.random((3, 50)) < 0.5
    array = rng.integers(0, 99, (8, 50)).astype(dtype)
    for values in (rng.integers(0, 99, (3, 50)).astype(dtype), 7.0):
        seen, told = array.copy(), array.copy()
        told[rows] = np.where(changed, values, told[rows])
        store(seen, rows, values, changed)
        np.testing.assert_array_equal(seen, told)


def test_in_place_whatever_the_order_in_memory() -> None:
    """An index over columns gives an array that lies column by column."""
    x = np.random.default_rng(3).uniform(1, 2, (6, 40)).astype(F)
    for given in (x.copy(), x.T.copy().T, np.maximum(x[:, np.arange(40)], F(0))):
        np.testing.assert_allclose(log_in_place(given.copy(order="K")), np.log(given), atol=1e-6)
        np.testing.assert_allclose(exp_in_place(given.copy(order="K")), np.exp(given), rtol=1e-6)
    with pytest.raises(ValueError, match="gaps"):
        log_in_place(x[:, ::2])
