"""Importance, features and reconstruction from permanences: their definitions, and a pooler that gives back inputs."""

import numpy as np
import pytest

from htm.pick import BadInput
from htm.pooler import SpatialPooler, SpatialPoolerParams
from htm.reconstruction import (
    important_inputs,
    input_importance,
    probabilistic_features,
    reconstruct,
)
from htm.software import SoftwareSubstrate

PHI = np.array([[0.9, 0.2, 0.0, 0.5], [0.1, 0.6, 0.0, 0.4]], dtype=np.float32)


def test_definitions():
    assert input_importance(PHI) == pytest.approx([0.9, 0.6, 0.0, 0.5])
    assert probabilistic_features(PHI, np.array([1, 2], np.int32)) == pytest.approx([0, 0.6, 0, 0])
    assert important_inputs(PHI, 0.5).tolist() == [0, 1, 3]
    assert reconstruct(PHI, np.array([0], np.int32), 0.5).tolist() == [0, 3]
    assert reconstruct(PHI, np.array([0, 1], np.int32), 0.5).tolist() == [0, 1, 3]
    assert reconstruct(PHI, np.array([], np.int32), 0.5).size == 0


def test_a_learned_pooler_gives_back_its_inputs():
    rng = np.random.default_rng(0)
    records = [np.sort(rng.choice(200, 20, replace=False)).astype(np.int32) for _ in range(8)]
    params = SpatialPoolerParams(columns=256, density=0.05, increment=0.1, decrement=0.05)
    pooler = SpatialPooler(params, (200,), SoftwareSubstrate(), seed=2)
    for _ in range(60):
        for bits in records:
            pooler.compute(bits)
    for bits in records:
        again = reconstruct(pooler.synapses.permanence, pooler.compute(bits, learn=False), params.threshold)
        hits = np.intersect1d(again, bits).size
        assert hits / bits.size > 0.9
        assert hits / again.size > 0.5


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: input_importance(np.zeros(3)), "permanence: must have shape"),
        (lambda: reconstruct(PHI, np.array([2]), 0.5), "winners: indices must lie in 0..1"),
    ],
)
def test_bad_input_names_itself(act, message):
    with pytest.raises(BadInput, match=message):
        act()
