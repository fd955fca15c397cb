"""Voltages over time that drive a device, cut into smooth pieces so that no solver steps over an edge."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from htm.pick import BadInput, Params

from ..units import Second, Volt
from .model import PerSecond

F64 = NDArray[np.float64]


class Piece(NamedTuple):
    """A stretch of time on which the voltage is smooth.

    Attributes
    ----------
    start, stop : its ends [s]
    voltage : the voltage at a time within, both ends included [V]; at a jump the piece's own side
    monotone : whether it only rises or only falls, and crosses none of the levels that were named
    longest_step : longest step that a solver may take [s]
    """

    start: float
    stop: float
    voltage: Callable[[float], float]
    monotone: bool = True
    longest_step: float = math.inf


class Waveform(ABC):
    """A voltage for every time."""

    @abstractmethod
    def pieces(self, start: float, stop: float, levels: Sequence[float]) -> Iterator[Piece]:
        """Smooth pieces that cover start..stop, cut wherever the voltage crosses one of `levels` [V] too."""

    @abstractmethod
    def _at(self, time: float) -> float:
        """Voltage [V] at a time [s]; at a jump the later one."""

    @final
    def voltage(self, times: Sequence[float] | F64) -> F64:
        """Voltages [V] at times [s], shaped like them; at a jump the later one."""
        asked = np.asarray(times, dtype=np.float64)
        return np.array([self._at(t) for t in asked.ravel().tolist()]).reshape(asked.shape)


class _Polyline(Waveform):
    """Straight lines between knots; a jump is two knots at one time."""

    @abstractmethod
    def knots(self, start: float, stop: float) -> tuple[list[float], list[float]]:
        """Times [s], never falling, and voltages [V] of the knots that matter within start..stop."""

    def pieces(self, start: float, stop: float, levels: Sequence[float]) -> Iterator[Piece]:
        times, volts = self.knots(start, stop)
        times = [-math.inf, *times, math.inf]
        volts = [volts[0], *volts, volts[-1]]
        # Times are absolute and steps short: what is shorter than their rounding is no piece.
        shortest = 4.0 * np.spacing(max(abs(start), abs(stop)))
        for t0, t1, v0, v1 in zip(times, times[1:], volts, volts[1:], strict=False):
            first, last = max(t0, start), min(t1, stop)
            if last - first <= shortest:
                continue
            slope = 0.0 if v0 == v1 else (v1 - v0) / (t1 - t0)
            line = _flat(v0) if slope == 0.0 else _line(t0, v0, slope)
            cuts = [] if slope == 0.0 else sorted(t0 + (level - v0) / slope for level in levels)
            for cut in cuts:
                if first + shortest < cut < last - shortest:
                    yield Piece(first, cut, line)
                    first = cut
            yield Piece(first, last, line)

    def _at(self, time: float) -> float:
        times, volts = self.knots(time, time)
        after = bisect_right(times, time)
        if after == 0 or after == len(times):
            return volts[0 if after == 0 else -1]
        share = (time - times[after - 1]) / (times[after] - times[after - 1])
        return volts[after - 1] + share * (volts[after] - volts[after - 1])


def _flat(level: float) -> Callable[[float], float]:
    return lambda t: level


def _line(t0: float, v0: float, slope: float) -> Callable[[float], float]:
    return lambda t: v0 + slope * (t - t0)


@final
class PiecewiseLinear(_Polyline, Params):
    """Straight lines between given points; before the first and after the last the voltage stays."""

    times: tuple[Second, ...] = Field(min_length=1, description="times of the points, never falling [s]")
    voltages: tuple[Volt, ...] = Field(
        min_length=1, description="voltages there; two at one time are a jump [V]"
    )

    @model_validator(mode="after")
    def _check_points(self) -> PiecewiseLinear:
        if len(self.times) != len(self.voltages):
            raise ValueError(f"voltages: must be one a time ({len(self.times)}), got {len(self.voltages)}")
        falls = [i for i in range(1, len(self.times)) if self.times[i] < self.times[i - 1]]
        if falls:
            raise ValueError(f"times: must not fall, got {self.times[falls[0]]:g} s after a later one")
        return self

    def knots(self, start: float, stop: float) -> tuple[list[float], list[float]]:
        return list(self.times), list(self.voltages)


@final
class PulseTrain(_Polyline, Params):
    """Trapezoidal pulses one after the other, 0 V between them."""

    amplitudes: tuple[Volt, ...] = Field(min_length=1, description="height of each pulse [V]")
    width: Second = Field(gt=0.0, description="time at full height [s]")
    gap: Second = Field(default=0.0, ge=0.0, description="time at 0 V after each pulse [s]")
    edge: Second = Field(default=0.0, ge=0.0, description="time of a rise or a fall; 0: at once [s]")
    delay: Second | None = Field(default=None, ge=0.0, description="start of the first rise; none: `gap` [s]")

    @property
    def first(self) -> float:
        """Start of the first rise [s]."""
        return self.gap if self.delay is None else self.delay

    @property
    def period(self) -> float:
        """Time from rise to rise [s]."""
        return 2.0 * self.edge + self.width + self.gap

    @property
    def ends(self) -> F64:
        """End of each pulse's gap, (pulses,) [s]."""
        ends: F64 = self.first + self.period * np.arange(1, len(self.amplitudes) + 1, dtype=np.float64)
        return ends

    def knots(self, start: float, stop: float) -> tuple[list[float], list[float]]:
        count = len(self.amplitudes)
        low = min(max(int((start - self.first) // self.period) - 1, 0), count - 1)
        high = min(max(int((stop - self.first) // self.period) + 2, low + 1), count)
        times: list[float] = []
        volts: list[float] = []
        for pulse in range(low, high):
            rise = self.first + pulse * self.period
            top, fall = rise + self.edge, rise + self.edge + self.width
            times += [rise, top, fall, fall + self.edge]
            volts += [0.0, self.amplitudes[pulse], self.amplitudes[pulse], 0.0]
        return times, volts


@final
class Triangle(_Polyline, Params):
    """0, `high`, 0, `low`, 0 in straight lines of a quarter period each, over and over from time 0."""

    high: Volt = Field(description="first turning point [V]")
    low: Volt = Field(description="second turning point [V]")
    period: Second = Field(gt=0.0, description="time of one whole cycle [s]")

    def knots(self, start: float, stop: float) -> tuple[list[float], list[float]]:
        quarter = 0.25 * self.period
        first, last = math.floor(start / quarter) - 1, math.ceil(stop / quarter) + 2
        levels = (0.0, self.high, 0.0, self.low)
        corners = range(first, last)
        return [corner * quarter for corner in corners], [levels[corner % 4] for corner in corners]


@final
class Sine(Waveform, Params):
    """``offset + amplitude sin(2 pi frequency t + phase)``."""

    amplitude: Volt = Field(gt=0.0, description="height over the offset [V]")
    frequency: PerSecond = Field(gt=0.0, description="cycles a second [1/s]")
    phase: float = Field(default=0.0, description="angle at time 0 [rad]")
    offset: Volt = Field(default=0.0, description="mean [V]")

    def pieces(self, start: float, stop: float, levels: Sequence[float]) -> Iterator[Piece]:
        angles = [0.5 * math.pi, 1.5 * math.pi]  # of the turning points
        for level in levels:
            share = (level - self.offset) / self.amplitude
            if abs(share) < 1.0:
                angles += [math.asin(share), math.pi - math.asin(share)]
        shortest = 4.0 * np.spacing(max(abs(start), abs(stop)))
        cycles = range(math.floor(start * self.frequency) - 2, math.ceil(stop * self.frequency) + 2)
        omega = 2.0 * math.pi * self.frequency
        cuts = sorted((angle - self.phase) / omega + n / self.frequency for n in cycles for angle in angles)
        first = start
        for cut in cuts:
            if first + shortest < cut < stop - shortest:
                yield Piece(first, cut, self._at)
                first = cut
        yield Piece(first, stop, self._at)

    def _at(self, time: float) -> float:
        return self.offset + self.amplitude * math.sin(2.0 * math.pi * self.frequency * time + self.phase)


@final
@dataclass(frozen=True)
class Custom(Waveform):
    """Any function of time, with the times at which it is not smooth.

    Attributes
    ----------
    function : voltage [V] at a time [s]
    longest_step : longest step that a solver may take [s]: short against the fastest feature
    corners : times at which the function or its slope jumps [s]
    """

    function: Callable[[float], float]
    longest_step: float
    corners: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not self.longest_step > 0.0:
            raise BadInput(f"longest_step: must be above 0 s, got {self.longest_step!r}")

    def pieces(self, start: float, stop: float, levels: Sequence[float]) -> Iterator[Piece]:
        ends = [start, *sorted(t for t in self.corners if start < t < stop), stop]
        for first, last in pairwise(ends):
            # A corner belongs to the later piece: the earlier one asks just before it.
            before = last if last == stop else math.nextafter(last, -math.inf)
            yield Piece(first, last, self._until(before), False, self.longest_step)

    def _until(self, latest: float) -> Callable[[float], float]:
        return lambda t: self._at(min(t, latest))

    def _at(self, time: float) -> float:
        return float(self.function(time))
