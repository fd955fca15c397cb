"""Fast normal numbers: the distribution, and what is taken from the generator.

Statistical bounds: |z| < 4 with fixed seeds.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import kstest

from devices.noise import normals

N = 1_000_000


def split_mix(key: int, n: int) -> np.ndarray:
    """SplitMix64's first n outputs from `key`, by whole-number arithmetic."""
    counter = np.arange(1, n + 1, dtype=np.uint64)
    z = np.uint64(key) + counter * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def test_quantiles_equal_scipys() -> None:
    # Every word gives two numbers; a chunk of 1024 numbers uses the counters from its own start.
    counters = np.concatenate([np.arange(start, start + 512) for start in range(0, N, 1024)])
    words = split_mix(int(np.random.default_rng(3).bit_generator.random_raw()), N + 512)[counters]
    high = (
        np.stack([words & np.uint64(0xFFFFFFFF), words >> np.uint64(32)], axis=1).ravel()[:N].astype(np.int64)
    )
    half = ((high >> 8) + 0.5) * 2.0**-25
    sign = 1 - 2 * (high & 1)
    drawn = normals(np.random.default_rng(3), N)
    np.testing.assert_allclose(drawn, -sign * ndtri(half), rtol=0, atol=3e-6)
    assert np.abs(drawn).max() < 5.6


def test_moments_and_distribution() -> None:
    """Standard errors: mean 1 / sqrt(N), variance sqrt(2 / N), skewness sqrt(6 / N), kurtosis sqrt(24 / N)."""
    x = normals(np.random.default_rng(0), N).astype(float)
    for power, expected, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((x**power).mean() - expected) / np.sqrt(variance / N) < 4
    assert kstest(x, "norm").pvalue > 1e-4
    assert abs(np.corrcoef(x[:-1], x[1:])[0, 1]) < 4 / np.sqrt(N)


@pytest.mark.parametrize("shape", [0, 1, 7, 1023, 1025, (3, 5), (40, 784)])
def test_one_key_is_taken_whatever_the_shape(shape: int | tuple[int, ...]) -> None:
    rng, twin = np.random.default_rng(5), np.random.default_rng(5)
    drawn = normals(rng, shape)
    assert drawn.dtype == np.float32
    assert drawn.shape == np.empty(shape).shape
    np.testing.assert_array_equal(drawn.ravel(), normals(np.random.default_rng(5), 40_000)[: drawn.size])
    twin.bit_generator.random_raw()
    assert rng.bit_generator.state == twin.bit_generator.state


def test_calls_differ() -> None:
    rng = np.random.default_rng(5)
    assert abs(np.corrcoef(normals(rng, 10_000), normals(rng, 10_000))[0, 1]) < 4 / np.sqrt(10_000)
