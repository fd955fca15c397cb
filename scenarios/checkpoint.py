"""Where a long point stands, so that it goes on after a kill and ends as if nothing had been.

``checkpoints/<point-id>.npz`` in the run's folder, written beside its name and renamed; deleted when it is finished.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import final

from htm.pick import BadInput
from htm.saving import Stateful, load, save

from .worker import EVERY_S


@final
class Checkpoint:
    """Keeps a point's state.

    Parameters
    ----------
    path : the file; none: nothing is kept
    every : least time between two [s]
    clock : for tests
    """

    def __init__(
        self, path: Path | None = None, every: float = EVERY_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._path, self._every, self._clock = path, every, clock
        self._last = clock()

    def resume(self, thing: Stateful) -> bool:
        """Put what was kept into `thing`, if there is anything that fits; whether there was."""
        if self._path is None or not self._path.exists():
            return False
        try:
            load(self._path, thing)
        except BadInput:  # of another version, or damaged: the point begins anew
            self.forget()
            return False
        return True

    def offer(self, thing: Stateful) -> None:
        """Keep the state of `thing`, if it is time to."""
        if self._path is None or self._clock() - self._last < self._every:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(f"{self._path.parent}: cannot be made ({error.strerror or error})") from None
        save(self._path, thing)
        self._last = self._clock()

    def forget(self) -> None:
        """The point is finished."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
