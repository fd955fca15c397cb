"""What stands around the cells of segments, as fabricated: amplifiers, comparators or converters of lines."""

from __future__ import annotations

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from devices.model import F32
from devices.noise import normals
from htm.bits import Bits
from htm.streams import restore_stream, save_stream, stream

from .mapping import Mapping
from .params import CrossbarParams
from .peripherals.sense import SenseAmplifiers


@final
class SegmentPeriphery:
    """The foot of each segment's line. What is ideal costs nothing.

    A binary read-out has a sense amplifier a line, which takes the cells of its row one after the other. An analog one
    has what `crossbar.segment_output` says.

    Parameters
    ----------
    mapping : of the cells
    params : of all peripherals
    shape : (rows, slots)
    seed, name : streams are ``{name}.sense``, ``{name}.adc``, ...
    """

    def __init__(
        self, mapping: Mapping, params: CrossbarParams, shape: tuple[int, int], seed: int, name: str
    ) -> None:
        rows, slots = shape
        output = params.segment_output if params.readout == "analog" else "comparator"
        self.event = "sense" if output == "comparator" else "adc"
        self._amplifiers: SenseAmplifiers | None = None
        self._noise: np.random.Generator | None = None
        if output == "comparator" and not params.sense.ideal:
            self._amplifiers = params.sense.fabricate(
                (rows,), mapping.device.read_voltage, stream(seed, f"{name}.sense")
            )
            self._noise = stream(seed, f"{name}.sense.noise")
        amplifiers = self._amplifiers
        self.trim_decisions = 0 if amplifiers is None else params.sense.decisions(amplifiers.offset.size)
        self._adc = None
        if output == "adc" and params.adc_bits is not None:
            self._adc = params.adc.fabricate(
                params.adc_bits, params.adc_offset_sigma, (1, rows), params.tile_columns, seed, f"{name}.adc"
            )
            # Only driven cells draw current, and their leakage is known: the span of all slots is the range.
            full_scale = params.adc_range * slots * mapping.line_span
            self._lsb = np.float32(full_scale / float(self._adc.top))
            if self._adc.noise_sigma > 0.0:
                self._noise = stream(seed, f"{name}.adc.noise")

    @property
    def senses_exactly(self) -> bool:
        """Whether sense amplifiers and comparators make no errors."""
        return self._amplifiers is None

    def sensed(self, currents: F32, rows: Bits) -> NDArray[Any]:
        """Currents of cells over the read voltage, (len(rows), ...), as the amplifiers of their rows find them [S]."""
        if self._amplifiers is None:
            return currents
        which = rows.reshape(-1, *(1,) * (currents.ndim - 1))
        draws = self._draws(currents.shape) if self._amplifiers.noise > 0.0 else None
        return self._amplifiers.referred(currents, which, draws)

    def lines(self, sums: F32, rows: Bits) -> F32:
        """Line currents over the read voltage, (len(rows),), as the controller gets to know them [S].

        A comparator's errors are put on the current: comparing that with the threshold is its decision.
        """
        if self._adc is None:
            return np.asarray(self.sensed(sums, rows), dtype=np.float32)
        steps = (sums * (np.float32(1) / self._lsb))[None, :]
        draws = self._draws(steps.shape) if self._adc.noise_sigma > 0.0 else None
        return np.asarray(self._adc.of_lines(rows).codes(steps, draws)[0] * self._lsb)

    def _draws(self, shape: tuple[int, ...]) -> F32:
        assert self._noise is not None
        return normals(self._noise, shape)

    def state(self) -> dict[str, Any]:
        """Everything needed to continue identically; empty where nothing changes."""
        return {} if self._noise is None else {"noise": save_stream(self._noise)}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from `state`."""
        if self._noise is not None:
            self._noise = restore_stream(state["noise"])
