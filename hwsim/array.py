"""An array of devices under a controller: programming, pulsing, ageing, each act counted."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray

from devices.model import F32, Where
from htm.streams import restore_stream, save_stream, stream

from .mapping import Mapping

STREAMS = ("program", "pulse", "round", "read")


@final
class CellArray:
    """Rows of devices that hold permanences.

    Parameters
    ----------
    mapping : permanence <-> conductance
    shape : (rows, slots)
    seed, name : the array's streams are ``{name}.fabricate``, ``{name}.program``, ...
    events : where its acts are counted
    programming : ``open_loop`` pulses and trusts; ``write_verify`` reads, writes and repeats
    verify_tolerance : permanence error that a verify step accepts
    verify_cycles : most attempts of one write
    """

    def __init__(
        self,
        mapping: Mapping,
        shape: tuple[int, int],
        seed: int,
        name: str,
        events: Counter[str],
        *,
        programming: Literal["open_loop", "write_verify"],
        verify_tolerance: float,
        verify_cycles: int,
    ) -> None:
        self.mapping, self.device, self.events = mapping, mapping.device, events
        self._verify = programming == "write_verify"
        self._tolerance = verify_tolerance * mapping.span
        self._cycles = verify_cycles
        self.cells = self.device.fabricate(shape, stream(seed, f"{name}.fabricate"))
        # A stream for each kind of act: switching one mechanism off never shifts another's draws.
        self.streams = {act: stream(seed, f"{name}.{act}") for act in STREAMS}

    def program(self, where: Where, permanence: NDArray[Any]) -> None:
        """Write permanences (shaped like cells.g[where])."""
        target = self.mapping.conductance(permanence)
        attempts = self.device.write(
            self.cells,
            where,
            target,
            self.streams["program"],
            tolerance=self._tolerance if self._verify else None,
            cycles=self._cycles if self._verify else 1,
        )
        self.events["write"] += attempts
        if self._verify:
            self.events["verify"] += attempts

    def whole(self, pulses: float, n: int) -> F32:
        """Pulses of one phase for `n` rows, (n,): whole numbers of mean `pulses` where the device needs them."""
        if not self.device.whole_pulses or pulses.is_integer():
            return np.full(n, pulses, dtype=np.float32)
        low = math.floor(pulses)
        drawn = self.streams["round"].random(n, dtype=np.float32) < pulses - low
        return np.float32(low) + drawn.astype(np.float32)

    def train(self, rows: NDArray[np.int32], counts: F32, pulses: int) -> None:
        """Pulse the cells of `rows` by signed `counts` (n, slots), `pulses` in all; or read, write and verify."""
        if self._verify:
            self._retarget(rows, counts)
            return
        self.device.pulse(self.cells, rows, counts, self.streams["pulse"])
        self.events["pulse"] += pulses

    def _retarget(self, rows: NDArray[np.int32], counts: F32) -> None:
        """Closed loop: read each cell, add the wanted change to what was read, write and verify."""
        at, slots = np.nonzero(counts)
        where = (rows[at], slots)
        seen = self.device.read(self.cells, where, self.streams["read"])
        self.events["cell_read"] += int(at.size)
        wanted = seen + counts[at, slots] * np.float32(self.device.step)
        self.program(where, self.mapping.permanence(wanted))

    def conductance(self, where: Where) -> F32:
        """True conductance now [S]."""
        return self.device.conductance(self.cells, where)

    def permanence(self, where: Where = ...) -> F32:
        """True permanence now."""
        return self.mapping.permanence(self.conductance(where))

    def state(self) -> dict[str, Any]:
        """Everything needed to continue identically."""
        streams = {f"stream.{act}": save_stream(rng) for act, rng in self.streams.items()}
        cells = {f"cells.{name}": value for name, value in self.cells.state().items()}
        return {**streams, **cells}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from `state`."""
        self.streams = {act: restore_stream(state[f"stream.{act}"]) for act in STREAMS}
        prefix = "cells."
        self.cells.restore({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})
