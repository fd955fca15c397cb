"""Potential synapses of the spiking temporal memory: the law they are drawn from, and files of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from htm.pick import BadInput
from hwsim.spiking_tm.connectivity import draw, load


@settings(deadline=None, max_examples=25)
@given(st.integers(2, 60), st.floats(0.01, 0.99), st.integers(0, 1000))
def test_every_neuron_has_the_same_number_of_different_sources(
    neurons: int, probability: float, seed: int
) -> None:
    wiring = draw(neurons, probability, 8.0, seed)
    degree = np.bincount(wiring.post, minlength=neurons)
    assert (degree == degree[0]).all()
    assert abs(degree[0] - probability * neurons) <= 1.0
    assert (wiring.pre != wiring.post).all()
    pairs = wiring.pre.astype(np.int64) * neurons + wiring.post
    assert (np.diff(pairs) > 0).all()  # sorted, and none twice


def test_sources_and_floors_are_uniform() -> None:
    wiring = draw(300, 0.2, 8.0, seed=3)
    assert wiring.synapses == 300 * 60
    counts = np.bincount(wiring.pre, minlength=300)
    # Out-degrees are sums of 299 Bernoulli draws of 60 / 299.
    chance = 60 / 299
    assert stats.chi2.sf(((counts - 60) ** 2 / (299 * chance * (1 - chance))).sum(), 299) > 1e-3
    assert stats.kstest(wiring.floor / 8.0, "uniform").pvalue > 1e-3


def test_the_seed_decides() -> None:
    one, same, other = draw(50, 0.2, 8.0, 1), draw(50, 0.2, 8.0, 1), draw(50, 0.2, 8.0, 2)
    assert np.array_equal(one.pre, same.pre)
    assert np.array_equal(one.floor, same.floor)
    assert not np.array_equal(one.pre, other.pre)


def test_a_file_comes_back_in_its_own_order(tmp_path: Path) -> None:
    made = {"pre": np.array([2, 0, 1]), "post": np.array([0, 1, 2]), "floor": np.array([1.0, 2.0, 3.0])}
    np.savez(tmp_path / "w.npz", **made)
    wiring = load(tmp_path / "w.npz", 3, 20.0)
    assert wiring.pre.tolist() == [0, 1, 2]
    for name, values in made.items():
        assert np.array_equal(getattr(wiring, name), values[wiring.order])


GOOD: dict[str, Any] = {"pre": [0, 1], "post": [1, 0], "floor": [1.0, 2.0]}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"floor": None}, "lacks floor"),
        ({"pre": [0]}, "of one length"),
        ({"pre": [0.0, 1.0]}, "pre must hold whole numbers"),
        ({"post": [1, 4]}, r"post must lie in 0..3 \(neurons of all populations\), got 1..4"),
        ({"pre": [-1, 1]}, "pre must lie in 0..3"),
        ({"floor": [1.0, 21.0]}, "floor must hold numbers in 0..20"),
        ({"floor": [np.nan, 1.0]}, "floor must hold numbers"),
        ({"pre": [1, 1]}, "its own source"),
        ({"pre": [0, 0], "post": [1, 1]}, "one synapse, got some twice"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    made = {name: np.array(value) for name, value in (GOOD | change).items() if value is not None}
    np.savez(tmp_path / "w.npz", **made)
    with pytest.raises(BadInput, match=told) as caught:
        load(tmp_path / "w.npz", 4, 20.0)
    assert str(caught.value).startswith("spiking_tm.connectivity: ")
    assert "\n" not in str(caught.value)


def test_what_is_no_file_of_arrays_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no such file"):
        load(tmp_path / "none.npz", 4, 20.0)
    (tmp_path / "text.npz").write_text("pre post floor")
    with pytest.raises(BadInput, match=r"no readable .npz file"):
        load(tmp_path / "text.npz", 4, 20.0)
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(BadInput, match=r"must be an .npz file"):
        load(tmp_path / "one.npy", 4, 20.0)
    with pytest.raises(BadInput):
        load(tmp_path, 4, 20.0)
