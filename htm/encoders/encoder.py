"""What every encoder has, and the rules they share: counts of active bits, numbers, missing values."""

from __future__ import annotations

import math
import numbers
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np

from ..bits import Bits
from ..pick import BadInput

Missing: TypeAlias = Literal["refuse", "empty"]
"""What a missing value (None or NaN) gives: an error, or no active bits at all."""

MISSING = "what None or NaN gives: an error (refuse) or no active bits (empty)"

MAX_SIZE = 2**31 - 1
"""Most bits of a code: indices are int32."""


class Encoder(Protocol):
    """Anything with a number of bits that turns values into `Bits`."""

    size: int

    def encode(self, value: Any, /) -> Bits:
        """Bits of one value."""
        ...


def one_of(**given: Any) -> None:
    """Refuse unless exactly one of the fields is given (neither None nor False)."""
    names = [name for name, value in given.items() if value is not None and value is not False]
    if len(names) != 1:
        raise ValueError(
            f"exactly one of {', '.join(given)} must be given, got {' and '.join(names) or 'none'}"
        )


def count_active(size: int | None, active_bits: int | None, sparsity: float | None) -> int:
    """Number of active bits, given as such or as the share `sparsity` of `size`.

    Raises
    ------
    ValueError
        Where not exactly one of the two is given, or the number does not fit `size`.
    """
    one_of(active_bits=active_bits, sparsity=sparsity)
    if active_bits is None:
        if size is None or sparsity is None:
            raise ValueError(f"sparsity: needs size to be given, got {sparsity}")
        active_bits = math.floor(size * sparsity + 0.5)
        if active_bits < 1:
            raise ValueError(f"sparsity: must make at least one of {size} bits active, got {sparsity}")
    if size is not None and active_bits > size:
        raise ValueError(f"active_bits: must not exceed size ({size}), got {active_bits}")
    return active_bits


def number(value: Any, name: str = "value") -> float:
    """`value` as a float; None is NaN.

    Raises
    ------
    BadInput
        Where it is no real number (texts and truth values are none).
    """
    if isinstance(value, float):
        return float(value)
    if value is None:
        return math.nan
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise BadInput(f"{name}: must be finite as a float, got {shown(value)}") from None
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "iuf":
        return float(value)
    raise BadInput(f"{name}: must be a number, got {shown(value)}")


def shown(value: Any) -> str:
    """`value` as an error message shows it: short."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:56]} ..."


def absent(rule: Missing, what: str, value: Any, name: str = "value") -> Bits:
    """The code of a missing value under `rule`: no bits, or an error that says `what` was wanted."""
    if rule == "empty":
        return np.empty(0, dtype=np.int32)
    raise BadInput(f"{name}: must be {what}, got {shown(value)} (missing='empty' allows it)")


def nearest_integer(x: float) -> int:
    """`x` rounded, halves upwards (C's ``round`` for x >= 0), without the error of ``floor(x + 0.5)``."""
    low = math.floor(x)
    return low + 1 if x - low >= 0.5 else low
