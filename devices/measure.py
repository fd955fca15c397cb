"""What a lab would measure of a simulated device: pulse trains, retention, repeated reads, I-V curves.

For trying a fit on cells whose parameters are known, and for a look at a preset. Every reading has the device's read
noise; a cell's state between readings is its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from htm.pick import BadInput
from htm.streams import stream

from .cells import Cells
from .measurements import IvCurves, PulseTrains, RepeatedReads, RetentionRun
from .model import DeviceModel

F64 = NDArray[np.float64]


def measure_pulses(
    device: DeviceModel, devices: int, cycles: int, pulses: int, seed: int = 0, *, size: float = 1.0
) -> PulseTrains:
    """Trains of `pulses` SET and then `pulses` RESET pulses, `cycles` times over, read before the first and after each.

    Parameters
    ----------
    devices : cells, each from its fresh state
    size : pulses at once between two readings, or the fraction of a whole range where the device takes fractions
    """
    _check(devices=devices, cycles=cycles, pulses=pulses)
    rng = stream(seed, "measure.pulses")
    cells = device.fabricate((1, devices), stream(seed, "measure.fabricate"))
    readings, polarity = [_read(device, cells, rng)], [0]
    numbers, which = [0], [0]
    for cycle in range(cycles):
        if cycle:
            readings.append(_read(device, cells, rng))
            polarity.append(0)
            numbers.append(0)
            which.append(cycle)
        for number in range(1, 2 * pulses + 1):
            sign = 1 if number <= pulses else -1
            device.pulse(cells, ..., np.full((1, devices), sign * size, dtype=np.float32), rng)
            readings.append(_read(device, cells, rng))
            polarity.append(sign)
            numbers.append(number)
            which.append(cycle)
    n = len(readings)
    return PulseTrains(
        device=np.repeat(np.arange(devices), n),
        cycle=np.tile(which, devices),
        pulse=np.tile(numbers, devices),
        polarity=np.tile(polarity, devices),
        conductance=np.concatenate(readings, axis=0).T.ravel(),
        line=np.zeros(n * devices, dtype=np.int64),
    )


def measure_retention(
    device: DeviceModel,
    levels: Sequence[float],
    times: Sequence[float],
    devices: int,
    seed: int = 0,
    temperatures: Sequence[float] | None = None,
) -> RetentionRun:
    """Cells written once to each level and read at each time.

    Parameters
    ----------
    levels : targets [S]
    times : since programming, rising, > 0 [s]
    devices : cells of each level and temperature
    temperatures : that the cells are kept at [K]; none: the device's own, and no such column
    """
    _check(devices=devices)
    moments = np.asarray(times, dtype=float)
    if not (moments > 0).all() or not (np.diff(moments) > 0).all():
        raise BadInput("times: must rise from above 0 s")
    parts = []
    for at, temperature in enumerate([None] if temperatures is None else list(temperatures)):
        kept = device if temperature is None else _at_temperature(device, temperature)
        rng = stream(seed, f"measure.retention.{at}")
        cells = kept.fabricate((len(levels), devices), stream(seed, f"measure.fabricate.{at}"))
        targets = np.repeat(np.asarray(levels, dtype=np.float32)[:, None], devices, axis=1)
        kept.write(cells, ..., targets, rng)
        readings, clock = [], 0.0
        for moment in moments:
            kept.relax(cells, moment - clock)
            clock = moment
            readings.append(_read(kept, cells, rng).ravel())
        parts.append((np.stack(readings, axis=1), targets.ravel(), temperature))
    n = len(levels) * devices
    rows = n * moments.size
    return RetentionRun(
        device=np.concatenate(
            [np.repeat(np.arange(n) + part * n, moments.size) for part in range(len(parts))]
        ),
        time=np.tile(moments, n * len(parts)),
        conductance=np.concatenate([readings.ravel() for readings, _, _ in parts]),
        line=np.zeros(rows * len(parts), dtype=np.int64),
        target=np.concatenate([np.repeat(goal.astype(float), moments.size) for _, goal, _ in parts]),
        temperature=None
        if temperatures is None
        else np.concatenate([np.full(rows, float(kelvin or 0.0)) for _, _, kelvin in parts]),
    )


def measure_reads(
    device: DeviceModel,
    level: float | Sequence[float],
    devices: int,
    reads: int,
    seed: int = 0,
    times: Sequence[float] | None = None,
) -> RepeatedReads:
    """Cells written once and read again and again.

    Parameters
    ----------
    level : target, or several [S]
    devices : cells of each level
    reads : of every cell
    times : of the reads since programming [s]; none: at once one after the other, and no such column
    """
    _check(devices=devices, reads=reads)
    if times is not None and len(times) != reads:
        raise BadInput(f"times: must be one a read, {reads}, got {len(times)}")
    levels = np.atleast_1d(np.asarray(level, dtype=np.float32))
    rng = stream(seed, "measure.reads")
    cells = device.fabricate((levels.size, devices), stream(seed, "measure.fabricate"))
    device.write(cells, ..., np.repeat(levels[:, None], devices, axis=1), rng)
    readings, clock = [], 0.0
    for i in range(reads):
        if times is not None:
            device.relax(cells, times[i] - clock)
            clock = times[i]
        readings.append(_read(device, cells, rng).ravel())
    n = levels.size * devices
    return RepeatedReads(
        device=np.repeat(np.arange(n), reads),
        read=np.tile(np.arange(1, reads + 1), n),
        conductance=np.stack(readings, axis=1).ravel(),
        line=np.zeros(n * reads, dtype=np.int64),
        time=None if times is None else np.tile(np.asarray(times, dtype=float), n),
    )


def measure_iv(
    device: DeviceModel, levels: Sequence[float], voltages: Sequence[float], seed: int = 0
) -> IvCurves:
    """One cell of each level swept over the voltages, each current with the device's read noise.

    Parameters
    ----------
    levels : conductances at small voltage [S]
    voltages : [V]
    """
    rng = stream(seed, "measure.iv")
    cells = device.fabricate((1, len(levels)), stream(seed, "measure.fabricate"))
    device.write(cells, ..., np.asarray([levels], dtype=np.float32), rng)
    currents = []
    for voltage in voltages:
        seen = np.asarray(device.read(cells, ..., rng))
        bend = device.bend(device.conductance(cells, ...), float(voltage)) if voltage else 1.0
        currents.append((seen * bend * voltage).ravel().astype(float))
    n = len(voltages)
    return IvCurves(
        device=np.repeat(np.arange(len(levels)), n),
        voltage=np.tile(np.asarray(voltages, dtype=float), len(levels)),
        current=np.stack(currents, axis=1).ravel(),
        line=np.zeros(n * len(levels), dtype=np.int64),
    )


def _read(device: DeviceModel, cells: Cells, rng: np.random.Generator) -> F64:
    return np.asarray(device.read(cells, ..., rng), dtype=np.float64)


def _at_temperature(device: DeviceModel, kelvin: float) -> DeviceModel:
    if "temperature" not in type(device).model_fields:
        raise BadInput(f"temperatures: a {type(device).__name__} has no temperature")
    return device.model_copy(update={"temperature": float(kelvin)})


def _check(**counts: int) -> None:
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise BadInput(f"{name}: must be a number of at least 1, got {count!r}")
