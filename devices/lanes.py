"""One generator, several mechanisms: each draws from a stretch of the sequence that is its own."""

from __future__ import annotations

from types import TracebackType
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

LANE_LENGTH = 0x9E3779B97F4A7C15
"""Draws from one lane to the next, more than any array asks for; odd, because states of PCG64 a power of two
apart share their low bits. Both lengths are golden-section fractions of a power of two."""

LONG_LANE = 0x9E3779B97F4A7C15F39CC061
"""The same for lanes that are divided into lanes again."""

LANES = 4
"""Lanes that one use of a generator may have."""


def normals(rng: np.random.Generator, shape: int | tuple[int, ...]) -> NDArray[np.float32]:
    """Standard normal numbers, float32; see `devices.noise.normals`."""
    from .noise import normals as expanded  # numba takes seconds to import: only for who draws

    return expanded(rng, shape)


def lane_keys(rng: np.random.Generator, *lanes: int) -> list[np.uint64]:
    """The word that `normals` would take first from each of `lanes`, which rise; one use of `Lanes`, and as its end.

    For who takes nothing else, several times a step: the generator's state need not be copied.
    """
    source: Any = rng.bit_generator
    keys, at = [], 0
    for lane in lanes:
        if lane:
            source.advance(lane * LANE_LENGTH - at)
        keys.append(np.uint64(source.random_raw()))
        at = lane * LANE_LENGTH + 1
    source.advance(LANES * LANE_LENGTH - at)
    return keys


@final
class Lanes:
    """Lends a generator to several mechanisms, so that switching one off never shifts another's draws.

    Every lane starts a fixed distance from where the generator stood; on leaving, the generator has moved by
    a fixed distance too, whatever was drawn. Nothing but the generator's own state is used, so a generator
    that was saved and restored continues identically (children made by ``rng.spawn`` would not).

    Parameters
    ----------
    rng : generator over PCG64 (what ``htm.streams.stream`` gives)
    length : draws from one lane to the next; `LONG_LANE` where a lane is lent to `Lanes` again

    Examples
    --------
    >>> with Lanes(np.random.default_rng(0)) as lane:
    ...     step_noise = normals(lane(0), 3)
    ...     write_noise = normals(lane(1), 3)
    """

    def __init__(self, rng: np.random.Generator, length: int = LANE_LENGTH) -> None:
        self._rng = rng
        self._length = length
        self._source: Any = rng.bit_generator  # numpy's stubs do not know `advance`
        self._start = self._source.state
        self._left_at: dict[int, Any] = {}
        self._current: int | None = None

    def __call__(self, lane: int) -> np.random.Generator:
        """The generator, standing where lane `lane` was left."""
        if lane != self._current:
            if self._current is not None:
                self._left_at[self._current] = self._source.state
            self._go_to(lane)
            self._current = lane
        return self._rng

    def __enter__(self) -> Lanes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._source.state = self._start
        self._source.advance(LANES * self._length)

    def _go_to(self, lane: int) -> None:
        if lane in self._left_at:
            self._source.state = self._left_at[lane]
            return
        if lane == 0 and self._current is None:
            return  # it stands there
        if not 0 <= lane < LANES:
            raise IndexError(f"lane must be 0..{LANES - 1}, got {lane}")
        self._source.state = self._start
        self._source.advance(lane * self._length)
