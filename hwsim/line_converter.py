"""From the line sums of an array to connected synapses: noise, trans-impedance, reference, ADC, addition."""

from __future__ import annotations

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from devices.model import F32
from devices.noise import normals
from htm.streams import restore_stream, save_stream, stream

from . import kernels
from .mapping import Mapping, Tiling
from .params import CrossbarParams
from .peripherals.range_finder import RangeFinder

_UNLIMITED = np.float32(np.inf)


@final
class LineConverter:
    """The converters of one array and what stands between them and the bit lines.

    With an ADC that only shifts, rounds and clips, and a range that stands, all of it is one pass over the sums.

    Parameters
    ----------
    mapping : of the array's cells
    tiling : how it is cut
    params : converter, trans-impedance, reference columns
    seed, name : streams are ``{name}.adc`` and what begins with it
    """

    def __init__(
        self, mapping: Mapping, tiling: Tiling, params: CrossbarParams, seed: int, name: str
    ) -> None:
        self._tiling, self._mapping = tiling, mapping
        self._copies = params.reference_copies if params.reference_column else 0
        self._joined = params.partial_sums == "analog"
        converters = 1 if self._joined else tiling.down
        self.adc = params.adc.fabricate(
            params.adc_bits,
            params.adc_offset_sigma,
            (converters, tiling.rows),
            tiling.tile_columns,
            seed,
            f"{name}.adc",
        )
        # The kernel goes over all lines; a reference column's own ADC does not matter, as none is read.
        width = tiling.rows + self._copies * tiling.across
        self._offset = np.zeros((0, 0), dtype=np.float32)
        if self.adc.offset is not None:
            self._offset = np.zeros((converters, width), dtype=np.float32)
            self._offset[:, : tiling.rows] = self.adc.offset
        limit = params.transimpedance.limit / mapping.device.read_voltage
        self._limit = np.float32(limit) if np.isfinite(limit) else _UNLIMITED
        self._share = params.adc_range
        self._lsb = self._fixed = self._step(largest_sum(mapping, tiling, params, params.adc_range))
        self._finder: RangeFinder | None = None
        if params.adc.calibration_records is not None and self.adc.bits is not None:
            self._finder = RangeFinder(
                params.adc.calibration_records,
                params.adc.calibration_quantile,
                largest_sum(mapping, tiling, params),
            )
        self._noise = stream(seed, f"{name}.adc.noise") if self.adc.noise_sigma > 0.0 else None

    @property
    def lsb(self) -> np.float32:
        """One step of the ADC [S]; 0 where there is none."""
        return self._lsb

    def _step(self, full_scale: float) -> np.float32:
        return np.float32(0 if self.adc.bits is None else full_scale / float(self.adc.top))

    def total(self, sums: F32, variance: F32, draws: F32, bounds: NDArray[np.int64]) -> F32:
        """Connected-synapse equivalents, (rows,).

        Parameters
        ----------
        sums : (tiles down, lines) currents over the read voltage, reference columns last [S]
        variance, draws : (tiles down, lines) of Gaussian noise [S^2] and standard normal numbers, or (0, 0)
        bounds : (tiles down + 1,) where each tile's driven slots begin
        """
        if self._joined:
            sums, variance, draws = _joined(sums, variance, draws)
            bounds = bounds[[0, -1]]
        rows = self._tiling.rows
        chain = (rows, self._tiling.tile_columns, self._copies, self._limit)
        calibrating = self._finder is not None and not self._finder.done
        if self.adc.plain and not calibrating:
            total = kernels.convert(sums, variance, draws, *chain, self._offset, self._lsb, self.adc.top)
            return np.asarray(total[:rows] / np.float32(self._mapping.line_span))
        value = kernels.condition(sums, variance, draws, *chain)[:, :rows]
        if calibrating and self._finder is not None:
            self._finder.offer(value[bounds[1:] > bounds[:-1]])
        lsb = self._lsb
        if lsb > 0.0:
            noise = None if self._noise is None else normals(self._noise, value.shape)
            value = self.adc.codes(value * (np.float32(1) / lsb), noise) * lsb
        result = np.zeros(rows, dtype=np.float32)
        for tile in value:
            result += tile
        return result / np.float32(self._mapping.line_span)

    def learned(self) -> None:
        """The last read was followed by learning, so calibration may count it."""
        if self._finder is not None and self._finder.accept():
            self._lsb = self._step(self._share * self._finder.full_scale)

    def state(self) -> dict[str, Any]:
        """Everything needed to continue identically; empty where nothing changes."""
        noise = {} if self._noise is None else {"adc.noise": save_stream(self._noise)}
        finder = {} if self._finder is None else self._finder.state()
        return {**noise, **{f"adc.range.{name}": value for name, value in finder.items()}}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from `state`."""
        if self._noise is not None:
            self._noise = restore_stream(state["adc.noise"])
        if self._finder is not None:
            prefix = "adc.range."
            self._finder.restore(
                {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
            )
            found = self._step(self._share * self._finder.full_scale)
            self._lsb = found if self._finder.done else self._fixed


def largest_sum(mapping: Mapping, tiling: Tiling, params: CrossbarParams, share: float = 1.0) -> float:
    """A share of what all cells of a converter's line, driven and fully on, add, less the reference, over V [S]."""
    on = mapping.line_span if params.reference_column else mapping.line_ends[1]
    cells = tiling.slots if params.partial_sums == "analog" else min(tiling.tile_rows, tiling.slots)
    return share * cells * on


def _joined(sums: F32, variance: F32, draws: F32) -> tuple[F32, F32, F32]:
    """Lines of all tiles as one, each (1, lines); the noise is the sum of theirs."""
    total = sums.sum(axis=0, keepdims=True)
    if not draws.size:
        return total, variance, draws
    together = variance.sum(axis=0, keepdims=True)
    noise = (np.sqrt(variance) * draws).sum(axis=0, keepdims=True)
    scale = np.sqrt(np.maximum(together, np.float32(np.finfo(np.float32).tiny)))
    return total, together, noise / scale
