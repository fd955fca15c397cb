"""Texts and bags of words as bits, of which texts with the same words share many."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from ..bits import Bits
from ..pick import BadInput, Params
from .encoder import Missing, absent, count_active, number, shown
from .hashing import mix_array, text_key

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_HEAVIEST = 1e100  # far from overflow, however many tokens
_KEPT = 2**22  # entries of the table of tokens' votes, 4 bytes each


class DocumentEncoderParams(Params):
    """Parameters of a `DocumentEncoder`."""

    size: int = Field(default=2048, ge=2, le=2**24, description="number of bits of the code")
    active_bits: int | None = Field(default=None, ge=1, description="number of active bits")
    sparsity: float | None = Field(
        default=None, gt=0.0, lt=1.0, description="active bits as a share of size, instead of active_bits"
    )
    unit: Literal["word", "character"] = Field(default="word", description="what a text is cut into")
    shingle: int = Field(default=1, ge=1, description="successive units that make one token")
    case_sensitive: bool = Field(default=False, description="capitals make another token")
    repeats: bool = Field(default=True, description="a token counts as often as it occurs, not once")
    seed: int = Field(default=0, ge=0, description="another seed gives codes that have nothing in common")
    missing: Missing = Field(
        default="refuse", description="what None or a text without tokens gives: an error or no active bits"
    )

    @model_validator(mode="after")
    def _check(self) -> DocumentEncoderParams:
        count_active(self.size, self.active_bits, self.sparsity)
        return self


@final
class DocumentEncoder:
    """Texts or bags of words: the bits for which the tokens' hashed votes sum highest (SimHash).

    Source: Charikar 2002 (STOC, 10.1145/509907.509965); fixed sparsity as htm.core's SimHash document encoder.

    Every token votes on every bit with a hashed integer, normal around 0: the tokens' weights are projected on random
    directions, as in SimHash. The votes, times the weights, are summed, and the `active_bits` highest sums are the
    code (the lower bit where sums tie). So documents share bits the more, the more of their tokens are the same; the
    order of tokens does not count but within a shingle.

    A text is cut into words (letters, digits, inner apostrophes) or characters (runs of white space count as one
    space), and `shingle` successive ones make a token; a text that is shorter is one token. Words that are
    spelled alike share bits only with ``unit="character"`` and shingles of two or more.

    Parameters
    ----------
    params : size, active bits, tokens

    Attributes
    ----------
    size : number of bits
    active_bits : number of active bits of every code
    """

    def __init__(self, params: DocumentEncoderParams) -> None:
        self.params, self.size = params, params.size
        self.active_bits = count_active(params.size, params.active_bits, params.sparsity)
        self._counter = np.arange(self.size, dtype=np.uint64)
        self._votes: dict[str, NDArray[np.int32]] = {}
        self._most_tokens = max(16, _KEPT // self.size)

    def encode(self, value: Any) -> Bits:
        """Bits of one document.

        Parameters
        ----------
        value : a text, a sequence of tokens, or a mapping from token to weight (positive); None where missing

        Returns
        -------
        (active_bits,) indices; empty for a missing value that is allowed
        """
        weights = self.tokens(value)
        if not weights:
            return absent(self.params.missing, "a text or tokens", value)
        total = np.zeros(self.size)
        for token, weight in sorted(weights.items()):
            total += weight * self._voted(token)
        order = np.argsort(-total, kind="stable")[: self.active_bits]
        order.sort()
        return order.astype(np.int32)

    def tokens(self, value: Any) -> dict[str, float]:
        """Tokens of a document and their weights, as `encode` sees them."""
        if value is None:
            return {}
        if isinstance(value, str):
            return self._counted(self._shingles(self._folded(value)))
        if isinstance(value, Mapping):
            weights: Counter[str] = Counter()
            for token, weight in value.items():
                w = number(weight, f"value[{shown(token)}]")
                if not 0 < w <= _HEAVIEST:
                    raise BadInput(
                        f"value[{shown(token)}]: weight must be positive, at most {_HEAVIEST:g}, got {w!r}"
                    )
                weights[self._folded(token)] += w  # type: ignore[assignment]
            return dict(weights)
        if isinstance(value, Iterable) and not isinstance(value, bytes):
            return self._counted([self._folded(token) for token in value])
        raise BadInput(f"value: must be a text, tokens or weights of tokens, got {shown(value)}")

    def _folded(self, token: Any) -> str:
        if not isinstance(token, str):
            raise BadInput(f"value: tokens must be text, got {shown(token)}")
        return token if self.params.case_sensitive else token.casefold()

    def _counted(self, tokens: list[str]) -> dict[str, float]:
        if self.params.repeats:
            return {token: float(n) for token, n in Counter(tokens).items()}
        return dict.fromkeys(tokens, 1.0)

    def _shingles(self, text: str) -> list[str]:
        if self.params.unit == "word":
            units, glue = _WORD.findall(text), " "
        else:
            units, glue = list(" ".join(text.split())), ""
        n = self.params.shingle
        if not units:
            return []
        return [glue.join(units[i : i + n]) for i in range(max(1, len(units) - n + 1))]

    def _voted(self, token: str) -> NDArray[np.int32]:
        """Votes of one token, (size,)."""
        votes = self._votes.get(token)
        if votes is None:
            first = mix_array(self._counter + np.uint64(text_key(token, self.params.seed)))
            # The sum of eight uniform 16-bit numbers is as good as normal, and an integer on every machine.
            words = np.stack([first, mix_array(first)], axis=1).astype("<u8").view("<u2")
            votes = words.sum(axis=1, dtype=np.int32) - np.int32(4 * 0xFFFF)
            if len(self._votes) >= self._most_tokens:
                self._votes.clear()
            self._votes[token] = votes
        return votes
