"""Window functions: factors on a rate that slow the state near its bounds x = 0 and x = 1.

All are the authors' own forms. Let x be the normalised state and p the window's exponent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

WindowName = Literal["none", "joglekar", "biolek", "prodromakis"]


def none(x: float, rising: bool, p: float, j: float) -> float:
    """No window, 1 everywhere: the state stops only at its bound."""
    return 1.0


def joglekar(x: float, rising: bool, p: float, j: float) -> float:
    """``1 - (2x - 1)^(2p)``: 0 at both bounds, whatever the direction.

    A state that is at a bound can therefore never leave it.

    Source: Joglekar and Wolf, European Journal of Physics 30:661 (2009), doi 10.1088/0143-0807/30/4/001
    """
    return 1.0 - float(abs(2.0 * x - 1.0) ** (2.0 * p))


def biolek(x: float, rising: bool, p: float, j: float) -> float:
    """``1 - (x - s)^(2p)``, s = 0 where the state rises and 1 where it falls: 0 only at the bound ahead.

    Source: Biolek, Biolek and Biolkova, Radioengineering 18:210 (2009)
    """
    return 1.0 - float(abs(x if rising else x - 1.0) ** (2.0 * p))


def prodromakis(x: float, rising: bool, p: float, j: float) -> float:
    """``j (1 - [(x - 0.5)^2 + 0.75]^p)``: 0 at both bounds, with a height of its own.

    Source: Prodromakis et al., IEEE Trans. Electron Devices 58:3099 (2011), doi 10.1109/TED.2011.2158004
    """
    return float(j * (1.0 - ((x - 0.5) ** 2 + 0.75) ** p))


WINDOWS: dict[str, Callable[[float, bool, float, float], float]] = {
    "none": none,
    "joglekar": joglekar,
    "biolek": biolek,
    "prodromakis": prodromakis,
}
"""Each takes x (0..1), whether the state is driven upwards, p, and j, which only Prodromakis's has."""
