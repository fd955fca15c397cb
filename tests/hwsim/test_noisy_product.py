"""One draw an output has the law of a draw for every cell and every read."""

import numpy as np
import pytest
from scipy import stats

from htm.pick import BadInput
from hwsim.noisy_product import NoisyMatrix, noisy_product

M, N, READS = 40, 6, 4000


def cells(kind):
    rng = np.random.default_rng(1)
    g = rng.uniform(1e-6, 1e-4, (M, N))
    return g, {"proportional": 0.1 * g, "own": rng.uniform(0, 1e-5, (M, N)), "alike": 3e-6}[kind]


def vector(kind):
    rng = np.random.default_rng(2)
    return rng.normal(0, 1, M) if kind == "real" else (rng.random(M) < 0.3).astype(float)


def drawn_by_cell(x, g, sd, reads):
    rng = np.random.default_rng(3)
    return np.array([x @ (g + sd * rng.standard_normal(g.shape)) for _ in range(reads)])


@pytest.mark.parametrize("spread", ["proportional", "own", "alike"])
@pytest.mark.parametrize("inputs", ["real", "binary", "flags"])
def test_law_is_that_of_a_draw_for_each_cell(spread, inputs):
    (g, sd), x = cells(spread), vector(inputs)
    given = x.astype(bool) if inputs == "flags" else x
    got = noisy_product(np.tile(given, (READS, 1)), g, sd, np.random.default_rng(4)).astype(float)
    mean, deviation = x @ g, np.sqrt(x**2 @ np.broadcast_to(np.square(sd), g.shape))
    z = (got - mean) / deviation
    # Bounds of 5 deviations of each estimate; the third and fourth moments are those of a Gaussian.
    assert np.abs(z.mean(axis=0)).max() < 5 / READS**0.5
    assert np.abs(z.var(axis=0) - 1).max() < 5 * (2 / READS) ** 0.5
    assert np.abs((z**3).mean(axis=0)).max() < 5 * (15 / READS) ** 0.5
    assert np.abs((z**4).mean(axis=0) - 3).max() < 5 * (96 / READS) ** 0.5
    by_cell = drawn_by_cell(x, g, sd, READS)
    for line in range(N):
        assert stats.ks_2samp(got[:, line], by_cell[:, line]).pvalue > 1e-4
        assert stats.kstest(z[:, line], "norm").pvalue > 1e-4


def test_outputs_and_vectors_are_independent_of_each_other():
    g, sd = cells("own")
    got = noisy_product(np.ones((READS, M)), g, sd, np.random.default_rng(5)).astype(float)
    across = np.corrcoef(got.T)[np.triu_indices(N, 1)]
    along = [np.corrcoef(got[:-1, line], got[1:, line])[0, 1] for line in range(N)]
    assert np.abs([*across, *along]).max() < 5 / READS**0.5


def test_vectors_that_share_a_draw_have_another_law():
    """What the module's text warns of: the covariance of two vectors on one matrix draw is theirs, not zero."""
    g, sd = cells("own")
    x = np.random.default_rng(6).random((2, M))
    rng = np.random.default_rng(7)
    shared = np.array([x @ (g + sd * rng.standard_normal(g.shape)) for _ in range(READS)])[:, :, 0]
    fresh = np.array([noisy_product(x, g, sd, rng)[:, 0] for _ in range(READS)], dtype=float)
    expected = (x[0] * x[1]) @ sd[:, 0] ** 2
    assert np.cov(shared.T)[0, 1] == pytest.approx(expected, rel=0.15)
    assert abs(np.cov(fresh.T)[0, 1]) < 0.15 * expected


def test_without_noise_it_is_the_product():
    rng = np.random.default_rng(8)
    g, x = rng.uniform(1e-6, 1e-4, (M, N)), rng.normal(0, 1, (5, M))
    for sd in (0.0, np.zeros((M, N))):
        np.testing.assert_allclose(noisy_product(x, g, sd, rng), x @ g, rtol=1e-4, atol=1e-9)


def test_a_prepared_matrix_a_vector_and_small_conductances_give_the_same():
    g, sd = cells("own")
    x = np.random.default_rng(9).normal(0, 1, (3, M))
    whole = noisy_product(x, g, sd, np.random.default_rng(10))
    np.testing.assert_array_equal(whole, NoisyMatrix(g, sd).product(x, np.random.default_rng(10)))
    one = noisy_product(x[0], g, sd, np.random.default_rng(10))
    assert one.shape == (N,)
    np.testing.assert_allclose(one, whole[0], rtol=1e-3, atol=1e-9)
    # Squares of 1e-25 would be zero in float32; the noise must not be.
    small = noisy_product(x, g * 1e-20, sd * 1e-20, np.random.default_rng(10))
    np.testing.assert_allclose(small * 1e20, whole, rtol=1e-3, atol=1e-9)


def test_flags_and_zeros_and_ones_are_one_thing_and_inputs_never_shift_the_stream():
    g, sd = cells("own")
    flags = np.random.default_rng(11).random((4, M)) < 0.3
    rngs = [np.random.default_rng(12) for _ in range(3)]
    as_flags, as_numbers, silent = (
        noisy_product(x, g, sd, rng)
        for x, rng in zip((flags, flags.astype(float), np.zeros((4, M))), rngs, strict=True)
    )
    np.testing.assert_array_equal(as_flags, as_numbers)
    assert not silent.any()
    assert len({rng.integers(2**60) for rng in rngs}) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"g": np.ones(3)}, "g: must have two axes"),
        ({"g": np.full((3, 2), np.nan)}, "g: must be finite"),
        ({"sd": np.ones((2, 2))}, r"sd: must be one number or have shape \(3, 2\), got \(2, 2\)"),
        ({"sd": -1.0}, "sd: must be finite and not negative"),
        ({"sd": np.full((3, 2), np.inf)}, "sd: must be finite"),
        ({"inputs": np.ones((4, 2))}, r"inputs: must have shape \(vectors, 3\), got \(4, 2\)"),
    ],
)
def test_bad_input_is_refused_in_one_line(change, message):
    given = {"inputs": np.ones((4, 3)), "g": np.ones((3, 2)), "sd": 0.1} | change
    with pytest.raises(BadInput, match=message):
        noisy_product(**given, rng=np.random.default_rng(0))
