"""Resistance of a wire between two cells at a technology node.

Source: constants of DNN+NeuroSim V1.4: resistance over length ``rho / (w^2 AR)``, rho the resistivity, w the wire's
width, AR its height over w; a cell is 4F x 12F with a transistor (1T1R) and 2F x 2F without (1R), F = w.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WireNode:
    """A wire of a node.

    Attributes
    ----------
    width : w [m]
    resistivity : rho, with the rise in narrow wires [ohm m]
    aspect : AR, height over width [1]
    """

    width: float
    resistivity: float
    aspect: float

    def segment_ohm(self, widths: float) -> float:
        """Resistance of a stretch of so many widths [ohm]."""
        return self.resistivity * widths / (self.width * self.aspect)

    def word_and_bit_ohm(self, transistors: bool) -> tuple[float, float]:
        """Between two cells along a word line and along a bit line [ohm]."""
        along_word, along_bit = (12.0, 4.0) if transistors else (2.0, 2.0)
        return self.segment_ohm(along_word), self.segment_ohm(along_bit)


NODES = {
    "130nm": WireNode(175e-9, 2.01e-8, 1.6),
    "65nm": WireNode(105e-9, 2.21e-8, 1.7),
    "45nm": WireNode(80e-9, 2.37e-8, 1.7),
    "32nm": WireNode(56e-9, 2.63e-8, 1.8),
    "22nm": WireNode(40e-9, 2.97e-8, 1.9),
    "14nm": WireNode(32e-9, 3.25e-8, 2.0),
    "10nm": WireNode(22e-9, 3.95e-8, 2.0),
    "7nm": WireNode(20e-9, 4.17e-8, 2.0),
}
