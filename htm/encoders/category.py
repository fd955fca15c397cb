"""Names as codes that have nothing to do with each other."""

from __future__ import annotations

from typing import Any, Literal, final

import numpy as np
from pydantic import Field, model_validator

from ..bits import Bits
from ..pick import BadInput, Params, nearest
from ..streams import stream
from .encoder import MAX_SIZE, MISSING, Missing, absent, shown

_KEPT = 2**20  # entries of the table of codes, 4 bytes each


class CategoryEncoderParams(Params):
    """Parameters of a `CategoryEncoder`."""

    categories: tuple[str, ...] = Field(
        default=(), description="the known names; none: any name is one (size must be given)"
    )
    active_bits: int = Field(default=21, ge=1, description="number of active bits of every category")
    size: int | None = Field(
        default=None,
        ge=2,
        le=MAX_SIZE,
        description="number of bits, drawn from at random; none: a block of its own for each category",
    )
    unknown: Literal["refuse", "own"] = Field(
        default="refuse",
        description="a name that is not listed: an error, or the one code all such names share",
    )
    seed: int = Field(default=0, ge=0, description="seed of the drawn bits, where size is given")
    missing: Missing = Field(default="refuse", description=MISSING)

    @model_validator(mode="after")
    def _check(self) -> CategoryEncoderParams:
        repeated = {name for name in self.categories if self.categories.count(name) > 1}
        if repeated:
            raise ValueError(f"categories: must all differ, got {min(repeated)!r} twice")
        if not self.categories and self.size is None:
            raise ValueError("categories: must be listed where size is not given, got none")
        if (len(self.categories) + 1) * self.active_bits > MAX_SIZE:
            raise ValueError(f"active_bits: must make at most {MAX_SIZE} bits in all, got {self.active_bits}")
        if self.size is not None and self.size <= self.active_bits:
            raise ValueError(f"size: must exceed active_bits ({self.active_bits}), got {self.size}")
        return self


@final
class CategoryEncoder:
    """Names, such as weekdays or symbols: a block of bits of its own for each, or random bits of a given size.

    Source: Purdy 2016 (arXiv 1602.05925), category encoder; the drawn codes as NuPIC's SDRCategoryEncoder.

    Without `size`, block 0 is that of unlisted names where `unknown` is ``"own"``, and the listed names follow in
    their order: no two share a bit. With `size`, each name's bits are drawn by its text and the seed, so they do not
    depend on what else is listed or came before, and two names share ``active_bits**2 / size`` bits on average.

    A whole number is taken as its decimal text, so 7 and "7" are the same category.

    Parameters
    ----------
    params : names, active bits, size

    Attributes
    ----------
    size : number of bits
    active_bits : number of active bits of every code
    """

    def __init__(self, params: CategoryEncoderParams) -> None:
        self.params, self.active_bits = params, params.active_bits
        own = params.unknown == "own" and bool(params.categories)
        blocks = len(params.categories) + own
        self.size = blocks * self.active_bits if params.size is None else params.size
        self._place = {name: i + own for i, name in enumerate(params.categories)}
        self._drawn: dict[str | None, Bits] = {}

    def encode(self, value: Any) -> Bits:
        """Bits of one category.

        Parameters
        ----------
        value : a name or whole number, or None or NaN where missing

        Returns
        -------
        (active_bits,) indices; empty for a missing value that is allowed
        """
        if isinstance(value, str):
            name: str | None = str(value)
        elif isinstance(value, int | np.integer) and not isinstance(value, bool):
            name = str(int(value))
        elif value is None or (isinstance(value, float | np.floating) and value != value):
            return absent(self.params.missing, "a category", value)
        else:
            raise BadInput(f"value: must be a name or a whole number, got {shown(value)}")
        if self._place and name not in self._place:
            if self.params.unknown == "refuse":
                raise BadInput(f"value: unknown category {shown(name)} {nearest(str(name), self._place)}")
            name = None
        if self.params.size is not None:
            return self._drawn_bits(name).copy()
        start = self.active_bits * (0 if name is None else self._place[name])
        return np.arange(start, start + self.active_bits, dtype=np.int32)

    def _drawn_bits(self, name: str | None) -> Bits:
        bits = self._drawn.get(name)
        if bits is None:
            word = "encoder.category.unknown" if name is None else f"encoder.category={name!a}"
            rng = stream(self.params.seed, word)
            bits = np.sort(rng.choice(self.size, self.active_bits, replace=False, shuffle=False))
            if (len(self._drawn) + 1) * self.active_bits > _KEPT:
                self._drawn.clear()
            self._drawn[name] = bits = bits.astype(np.int32)
        return bits
