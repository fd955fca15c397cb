"""Numbers of a known range as a block of bits that slides with the value."""

from __future__ import annotations

import math
from typing import Any, Literal, final

import numpy as np
from pydantic import Field, model_validator

from ..bits import Bits
from ..pick import BadInput, Params
from .encoder import MAX_SIZE, MISSING, Missing, absent, count_active, nearest_integer, number, one_of


class ScalarEncoderParams(Params):
    """Parameters of a `ScalarEncoder`: the range, the active bits, and one of size, radius, resolution, category."""

    minimum: float = Field(description="lowest value, included")
    maximum: float = Field(description="highest value, included; the same point as minimum where periodic")
    active_bits: int | None = Field(default=None, ge=1, description="length of the block of active bits")
    sparsity: float | None = Field(
        default=None, gt=0.0, lt=1.0, description="active bits as a share of size, instead of active_bits"
    )
    size: int | None = Field(default=None, ge=2, le=MAX_SIZE, description="number of bits of the code")
    radius: float | None = Field(
        default=None, gt=0.0, description="distance from which two values share no bits"
    )
    resolution: float | None = Field(
        default=None, gt=0.0, description="distance from which two values have different codes"
    )
    category: bool = Field(
        default=False, description="values are whole numbers, and no two of them share bits"
    )
    periodic: bool = Field(default=False, description="the range closes to a ring, as hours of a day do")
    outside: Literal["refuse", "clip", "wrap"] = Field(
        default="refuse",
        description="a value out of range: an error, the nearest end, or (periodic only) round the ring",
    )
    missing: Missing = Field(default="refuse", description=MISSING)

    @model_validator(mode="after")
    def _check(self) -> ScalarEncoderParams:
        if not 0 < self.maximum - self.minimum < math.inf:
            raise ValueError(f"maximum: must exceed minimum ({self.minimum}), got {self.maximum}")
        one_of(size=self.size, radius=self.radius, resolution=self.resolution, category=self.category)
        if self.category:
            if self.periodic or self.outside != "refuse":
                raise ValueError("category: allows neither periodic nor clipped values, got true")
            if self.minimum != math.floor(self.minimum) or self.maximum != math.floor(self.maximum):
                raise ValueError(
                    f"minimum, maximum: must be whole for categories, got {self.minimum}, {self.maximum}"
                )
        if self.outside == "clip" and self.periodic:
            raise ValueError("outside: a periodic range has no ends to clip to, got 'clip'")
        if self.outside == "wrap" and not self.periodic:
            raise ValueError("outside: only a periodic range can wrap, got 'wrap'")
        _geometry(self)
        return self


def _geometry(params: ScalarEncoderParams) -> tuple[int, int, float]:
    """Size, active bits and resolution that the parameters make, rounded as htm.core rounds them."""
    active = count_active(params.size, params.active_bits, params.sparsity)
    # On a line the maximum itself belongs to the range: it is one point longer, however little.
    end = params.maximum if params.periodic else math.nextafter(params.maximum, math.inf)
    extent = end - params.minimum
    if params.size is not None:
        size = params.size
        if size <= active:
            raise ValueError(f"size: must exceed active_bits ({active}), got {size}")
        resolution = extent / size if params.periodic else extent / (size - active)
    else:
        if params.resolution is not None:
            resolution = params.resolution
        else:
            resolution = (1.0 if params.radius is None else params.radius) / active
        bands = extent / resolution if resolution else math.inf
        if not bands <= MAX_SIZE - active:
            raise ValueError(
                f"resolution: must make at most {MAX_SIZE} bits of {params.minimum}..{params.maximum}, "
                f"got {resolution}"
            )
        size = math.ceil(bands) + (0 if params.periodic else active - 1)
        if size <= active:
            raise ValueError(f"radius, resolution: must be less than the range ({extent}), got {resolution}")
    if not resolution > 0:
        raise ValueError(f"maximum: must exceed minimum by more than rounding, got {params.maximum}")
    return size, active, resolution


@final
class ScalarEncoder:
    """Numbers of a known range: a block of active bits whose place follows the value, on a line or a ring.

    Source: Purdy 2016, Encoding data for HTM systems (arXiv 1602.05925); layout and rounding of htm.core 2.2.

    The first active bit is ``round((value - minimum) / resolution)``. Values closer than the radius share bits.
    A value out of range is treated as `outside` says, None and NaN as `missing` says.

    Parameters
    ----------
    params : range, active bits and one of size, radius, resolution, category

    Attributes
    ----------
    size : number of bits
    active_bits : number of active bits of every code
    resolution : width of the band of values that share a code
    radius : distance from which two values share no bits
    """

    def __init__(self, params: ScalarEncoderParams) -> None:
        self.params = params
        self.size, self.active_bits, self.resolution = _geometry(params)
        self.radius = self.active_bits * self.resolution

    def encode(self, value: Any) -> Bits:
        """Bits of one number.

        Parameters
        ----------
        value : in minimum..maximum, or None or NaN where missing

        Returns
        -------
        (active_bits,) indices; empty for a missing value that is allowed
        """
        x = number(value)
        if x != x:
            return absent(self.params.missing, "a number", value)
        return self.block(self.start(x))

    def start(self, x: float) -> int:
        """First active bit of the code of `x`, a number; on a ring the block may run over the end."""
        params = self.params
        if not params.minimum <= x <= params.maximum:
            x = self._brought_inside(x)
        if params.category and x != math.floor(x):
            raise BadInput(f"value: must be a whole number, got {x!r}")
        start = nearest_integer((x - params.minimum) / self.resolution)
        if params.periodic:
            return start % self.size
        # The maximum, and what rounds to it, may lie one band too far.
        return min(start, self.size - self.active_bits)

    def block(self, start: int) -> Bits:
        """The active bits that begin at `start`, in 0..size - 1."""
        over = start + self.active_bits - self.size
        if over <= 0:
            return np.arange(start, start + self.active_bits, dtype=np.int32)
        bits = np.empty(self.active_bits, dtype=np.int32)
        bits[:over] = np.arange(over, dtype=np.int32)
        bits[over:] = np.arange(start, self.size, dtype=np.int32)
        return bits

    def _brought_inside(self, x: float) -> float:
        low, high, rule = self.params.minimum, self.params.maximum, self.params.outside
        if rule == "clip":
            return min(max(x, low), high)
        if rule == "wrap" and math.isfinite(x):
            return low + (x - low) % (high - low)
        raise BadInput(f"value: must lie in {low}..{high}, got {x!r}")
