"""Wires of a technology node against the table worked out from NeuroSim's constants (ohm per um, per 2F, per 4F)."""

import pytest

from hwsim.params import CrossbarParams
from hwsim.wires.nodes import NODES

TABLE = {
    "130nm": (0.41, 0.14, 0.29),
    "65nm": (1.18, 0.25, 0.50),
    "45nm": (2.18, 0.35, 0.70),
    "32nm": (4.66, 0.52, 1.04),
    "22nm": (9.77, 0.78, 1.56),
    "14nm": (15.9, 1.02, 2.03),
    "10nm": (40.8, 1.80, 3.59),
    "7nm": (52.1, 2.08, 4.17),
}


@pytest.mark.parametrize("name", list(NODES))
def test_resistance_equals_the_table(name):
    node, (per_um, per_2f, per_4f) = NODES[name], TABLE[name]
    assert node.segment_ohm(1e-6 / node.width) == pytest.approx(per_um, rel=5e-3, abs=5e-3)
    assert node.segment_ohm(2) == pytest.approx(per_2f, abs=6e-3)
    assert node.segment_ohm(4) == pytest.approx(per_4f, abs=6e-3)


def test_a_node_sets_both_lines():
    with_transistors = CrossbarParams(wire_node="22nm").wires  # binary read-out: 1T1R, 4F x 12F
    assert with_transistors.bit_ohm == pytest.approx(1.563, rel=1e-3)
    assert with_transistors.word_ohm == pytest.approx(3 * with_transistors.bit_ohm)
    without = CrossbarParams(wire_node="22nm", readout="analog").wires  # 1R, 2F x 2F
    assert without.word_ohm == without.bit_ohm == pytest.approx(0.7816, rel=1e-3)
    assert CrossbarParams(wire_node="22nm").wired


def test_a_node_beside_a_resistance_is_refused():
    with pytest.raises(ValueError, match="wire_node: says what a wire resists, got 7nm beside wire_ohm"):
        CrossbarParams(wire_node="7nm", wire_ohm=2.0)
