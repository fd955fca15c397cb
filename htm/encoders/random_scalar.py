"""Numbers of any range as hashed bits of which near values share many."""

from __future__ import annotations

import math
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from ..bits import Bits
from ..pick import BadInput, Params
from .encoder import MAX_SIZE, MISSING, Missing, absent, count_active, number, one_of
from .hashing import mix, mix_array

_KEPT = 2**20  # entries of the table of hashed blocks, 4 bytes each
_HALF = np.uint64(32)


class RandomScalarEncoderParams(Params):
    """Parameters of a `RandomScalarEncoder`: the active bits, and one of radius, resolution, category."""

    size: int = Field(default=2048, ge=2, le=MAX_SIZE, description="number of bits of the code")
    active_bits: int | None = Field(default=None, ge=1, description="number of active bits")
    sparsity: float | None = Field(
        default=None, gt=0.0, lt=1.0, description="active bits as a share of size, instead of active_bits"
    )
    radius: float | None = Field(
        default=None, gt=0.0, description="distance from which two values share bits by chance only"
    )
    resolution: float | None = Field(
        default=None, gt=0.0, description="distance from which two values have different codes"
    )
    category: bool = Field(
        default=False, description="values are whole numbers, and two of them share bits by chance only"
    )
    seed: int = Field(default=0, ge=0, description="another seed gives codes that have nothing in common")
    missing: Missing = Field(default="refuse", description=MISSING)

    @model_validator(mode="after")
    def _check(self) -> RandomScalarEncoderParams:
        one_of(radius=self.radius, resolution=self.resolution, category=self.category)
        w = count_active(self.size, self.active_bits, self.sparsity)
        if self.radius is not None and not self.radius / w > 0:
            raise ValueError(f"radius: must not vanish when divided by {w} active bits, got {self.radius}")
        return self


@final
class RandomScalarEncoder:
    """Numbers of any range: hashed bits (RDSE), of which near values share many and far ones few by chance.

    Source: Purdy 2016 (arXiv 1602.05925), random distributed scalar encoder; parameters as htm.core's RDSE.

    A value falls into the bucket ``i = floor(value / resolution + 1/2)``, whose code is the bits of the buckets
    i .. i + w - 1, w being the active bits. The size is split into w equal strata, and bucket b has one bit, hashed
    from b and the seed, in stratum ``b mod w``. So the w bits of a code never collide: every code has exactly
    w bits, buckets d apart share ``max(w - d, 0)`` bits for certain, and each other bit by chance with
    probability w / size, as with freely hashed bits. Nothing has to be stored, and no range is needed.

    Every finite number has a code; an infinite one is refused, None and NaN are treated as `missing` says.

    Parameters
    ----------
    params : size, active bits and one of radius, resolution, category

    Attributes
    ----------
    size : number of bits
    active_bits : number of active bits of every code
    resolution : width of a bucket
    radius : distance from which two values share bits by chance only
    """

    def __init__(self, params: RandomScalarEncoderParams) -> None:
        self.params, self.size = params, params.size
        self.active_bits = w = count_active(params.size, params.active_bits, params.sparsity)
        if params.resolution is not None:
            self.resolution = params.resolution
        else:
            self.resolution = (1.0 if params.radius is None else params.radius) / w
        self.radius = w * self.resolution
        edges = np.arange(w + 1, dtype=np.int64) * self.size // w
        self._first = edges[:-1].astype(np.int32)
        self._width = np.diff(edges).astype(np.uint64)
        self._strata = np.arange(w, dtype=np.uint64)
        self._key = mix(params.seed)
        self._blocks: dict[int, Bits] = {}
        self._most_blocks = max(16, _KEPT // w)

    def encode(self, value: Any) -> Bits:
        """Bits of one number.

        Parameters
        ----------
        value : finite, or None or NaN where missing

        Returns
        -------
        (active_bits,) indices; empty for a missing value that is allowed
        """
        x = number(value)
        if x != x:
            return absent(self.params.missing, "a number", value)
        block, stratum = divmod(self._bucket(x), self.active_bits)
        # Buckets of this block from the stratum on, then those of the next block up to it: sorted by stratum.
        bits = self._block(block).copy()
        if stratum:
            bits[:stratum] = self._block(block + 1)[:stratum]
        return bits

    def _bucket(self, x: float) -> int:
        if self.params.category:
            if not math.isfinite(x) or x != math.floor(x):
                raise BadInput(f"value: must be a whole number, got {x!r}")
            return int(x) * self.active_bits
        position = x / self.resolution + 0.5
        if not math.isfinite(position):
            raise BadInput(f"value: must be finite, and so in steps of {self.resolution}, got {x!r}")
        return math.floor(position)

    def _block(self, block: int) -> Bits:
        """Bits of the buckets of one block, one for each stratum; kept, since neighbours need them too."""
        bits = self._blocks.get(block)
        if bits is None:
            if len(self._blocks) >= self._most_blocks:
                self._blocks.clear()
            # With the next one, which the same code needs: two cost little more than one.
            self._blocks[block], self._blocks[block + 1] = self._hashed(block, block + 1)
            bits = self._blocks[block]
        return bits

    def _hashed(self, *blocks: int) -> NDArray[np.int32]:
        """Bits of some blocks, (blocks, active_bits)."""
        bases = np.array([mix(self._key ^ mix(block)) for block in blocks], dtype=np.uint64)
        hashed = mix_array(self._strata ^ bases[:, None])
        # The upper half of the hash, as a fraction of the stratum's width.
        within = (hashed >> _HALF) * self._width >> _HALF
        return self._first + within.astype(np.int32)
