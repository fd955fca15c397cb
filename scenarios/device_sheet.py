"""A device measured as a laboratory would: the numbers behind its data sheet, simulated from its model alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from devices.binary import BinaryVcm
from devices.cells import Cells
from devices.model import OK, DeviceModel
from devices.presets import override
from htm.streams import stream

F64 = NDArray[np.float64]
F = np.float32

MINUTE, HOUR, DAY, YEAR = 60.0, 3600.0, 86400.0, 365.0 * 86400.0
FAN_LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Places in the range that retention is shown for."""
NOISE_LEVELS = (0.1, 0.5, 1.0)
"""Places in the range that the growth of read noise is shown for."""
CLOSED_LOOP_STEPS = 16
"""Increments from end to end for a device that a controller writes."""

CELL_TO_CELL = ("d2d_sigma", "up_down_sigma", "g_max_sigma", "g_min_sigma", "nonlinearity_sigma")
FAULTS = {"faults": None, "stuck_on_fraction": 0.0, "stuck_off_fraction": 0.0, "dead_fraction": 0.0}


@dataclass(frozen=True)
class Train:
    """Conductance along SET pulses from the lowest state and RESET pulses back, without read noise.

    Attributes
    ----------
    pulses : number of pulses, or of closed-loop increments, so far, (n,)
    turn : pulses of the SET half
    cells : (n, cells) different cells [S]
    cycles : (n, cycles) one nominal cell, again and again [S]; none where cells do not differ from one another
    """

    pulses: F64
    turn: int
    cells: F64
    cycles: F64 | None


@dataclass(frozen=True)
class Levels:
    """Cells written once to each of several targets.

    Attributes
    ----------
    targets : (n,) [S]
    g : (n, cells), NaN where a cell does not work [S]
    faulty : (m,) conductances of cells that do not work, of all targets [S]
    """

    targets: F64
    g: F64
    faulty: F64

    @property
    def faulty_share(self) -> float:
        """Share of cells that do not work."""
        return self.faulty.size / self.g.size


@dataclass(frozen=True)
class Fan:
    """Working cells over the time since they were written.

    Attributes
    ----------
    seconds : (n,) [s]
    targets : (levels,) [S]
    low, middle, high : (levels, n), 5 %, 50 % and 95 % of the cells [S]
    ages : whether anything changes
    """

    seconds: F64
    targets: F64
    low: F64
    middle: F64
    high: F64
    ages: bool


@dataclass(frozen=True)
class ReadNoise:
    """Reads of cells at mid-range, one each, and how their sd grows.

    Attributes
    ----------
    g : level [S]
    off : (reads,) read minus true conductance, 1 s after programming [S]; empty where reads are exact
    sd : root mean square of the model's sd then [S]
    seconds, growth : (n,) [s] and (levels, n) sd over g at `NOISE_LEVELS`; empty where it does not grow
    """

    g: float
    off: F64
    sd: float
    seconds: F64
    growth: F64


@dataclass(frozen=True)
class Sheet:
    """All of it; `volts` (n,) [V] and `amps` (levels, n) [A] at the conductances `iv_g` [S] are the I-V curve."""

    device: DeviceModel
    train: Train
    levels: Levels
    fan: Fan
    noise: ReadNoise
    volts: F64
    iv_g: F64
    amps: F64


def measure_sheet(device: DeviceModel, seed: int = 0, *, cells: int = 2000) -> Sheet:
    """Simulate everything that a sheet shows.

    Parameters
    ----------
    device : any model with any parameters
    seed : every measurement has a stream of its own
    cells : devices of each level and train
    """
    volts, iv_g, amps = iv_curve(device)
    return Sheet(
        device=device,
        train=pulse_train(device, seed, cells=min(cells, 500)),
        levels=written_levels(device, seed, cells=cells),
        fan=retention_fan(device, seed, cells=cells),
        noise=read_noise(device, seed, cells=2 * cells),
        volts=volts,
        iv_g=iv_g,
        amps=amps,
    )


def without(device: DeviceModel, changes: dict[str, Any]) -> DeviceModel:
    """`device` with those of the changes whose field it has."""
    return override(device, {name: value for name, value in changes.items() if hasattr(device, name)})


def _alike(device: DeviceModel) -> DeviceModel:
    """The nominal cell: no spread from cell to cell, no faults."""
    return without(device, dict.fromkeys(CELL_TO_CELL, 0.0) | FAULTS)


# Pulses ----------------------------------------------------------------------------------------------------


def train_length(device: DeviceModel, seed: int = 0) -> int:
    """Pulses that take the mean of cells nearly as far as pulses do; increments where a controller writes."""
    if not device.whole_pulses:
        return CLOSED_LOOP_STEPS
    nominal, across = _alike(device), max(2, round(device.span / device.step))
    reached = []
    for share in (1.0, 1.5, 2.0, 3.0, 4.0):
        rng = stream(seed, "sheet.length")
        cells = nominal.fabricate((1, 200), rng)
        before = float(cells.g.mean())
        nominal.pulse(cells, ..., np.full(cells.g.shape, round(share * across), dtype=F), rng)
        reached.append((share, float(nominal.conductance(cells, ...).mean()) - before))
    enough = next(share for share, way in reached if way >= 0.93 * reached[-1][1])
    count = round(enough * across)
    digits = max(0, int(math.log10(count)) - 1)
    return count if count <= 130 else round(count, -digits)


def pulse_train(device: DeviceModel, seed: int, *, cells: int) -> Train:
    """SET pulses from the lowest state, then as many RESET pulses."""
    turn = train_length(device, seed)
    pulses, everyone = _driven(device, turn, cells, stream(seed, "sheet.cells"))
    nominal = _alike(device)
    same = nominal == without(device, FAULTS)
    cycles = None if same else _driven(nominal, turn, cells, stream(seed, "sheet.cycles"))[1]
    return Train(pulses, turn, everyone, cycles)


def _driven(
    device: DeviceModel, turn: int, cells: int, rng: np.random.Generator, *, points: int = 50
) -> tuple[F64, F64]:
    """Pulse numbers (n,) and conductances (n, cells) [S] along a train."""
    at = np.unique(np.rint(np.linspace(0, turn, min(points, turn) + 1)).astype(int))
    unit = 1.0 if device.whole_pulses else 1.0 / turn
    array = device.fabricate((1, cells), rng)
    shown = [device.conductance(array, ...)[0]]
    for sign in (1.0, -1.0):
        for step in np.diff(at):
            device.pulse(array, ..., np.full((1, cells), sign * unit * step, dtype=F), rng)
            shown.append(device.conductance(array, ...)[0])
    number = np.concatenate([at, turn + at[1:]])
    return number.astype(float), np.array(shown, dtype=float)


# Levels, time, reads ---------------------------------------------------------------------------------------


def _written(device: DeviceModel, target: float, cells: int, rng: np.random.Generator) -> Cells:
    array = device.fabricate((1, cells), rng)
    device.write(array, ..., np.full(array.g.shape, target, dtype=F), rng)
    return array


def _working(array: Cells) -> NDArray[np.bool_]:
    stuck = array.more.get("stuck")
    return np.ones(array.g.size, dtype=bool) if stuck is None else (stuck == OK).ravel()


def level_targets(device: DeviceModel) -> F64:
    """16 evenly spaced targets; the levels themselves where there are fewer, on and off of a binary cell."""
    count = 2 if isinstance(device, BinaryVcm) else min(16, device.n_levels or 16)
    return np.linspace(device.g_min, device.g_max, count)


def written_levels(device: DeviceModel, seed: int, *, cells: int) -> Levels:
    """Fresh cells, each written once."""
    rng = stream(seed, "sheet.levels")
    g, faulty = [], []
    targets = level_targets(device)
    for target in targets:
        array = _written(device, float(target), cells, rng)
        now, works = device.conductance(array, ...).ravel().astype(float), _working(array)
        faulty.append(now[~works])
        g.append(np.where(works, now, np.nan))
    return Levels(targets, np.array(g), np.concatenate(faulty))


def retention_fan(device: DeviceModel, seed: int, *, cells: int, points: int = 37) -> Fan:
    """1 s to a year; from 1 ms where much is lost in the first second."""
    sound, rng = without(device, FAULTS), stream(seed, "sheet.fan")
    places = np.array((0.0, 1.0) if isinstance(device, BinaryVcm) else FAN_LEVELS)
    targets = device.g_min + device.span * places
    probe = _written(sound, float(targets[-1]), 200, rng)
    before = float(np.median(sound.conductance(probe, ...)))
    sound.relax(probe, 1.0)
    lost = abs(float(np.median(sound.conductance(probe, ...))) - before)
    seconds = np.geomspace(1e-3 if lost > 0.05 * device.span else 1.0, YEAR, points)
    spread = np.empty((3, targets.size, seconds.size))
    changed = False
    for i, target in enumerate(targets):
        array = _written(sound, float(target), cells, rng)
        start = sound.conductance(array, ...)
        for k, now in enumerate(seconds):
            sound.relax(array, float(now) - array.clock)
            g = sound.conductance(array, ...)
            spread[:, i, k] = np.quantile(g, (0.05, 0.5, 0.95))
        changed |= not np.array_equal(start, g)
    return Fan(seconds, targets, spread[0], spread[1], spread[2], changed)


def read_noise(device: DeviceModel, seed: int, *, cells: int, points: int = 25) -> ReadNoise:
    """One read of each of many cells at mid-range, and the model's own sd over time."""
    sound, rng = without(device, FAULTS), stream(seed, "sheet.reads")
    top = 1.0 if isinstance(device, BinaryVcm) else 0.5
    level = device.g_min + top * device.span
    none = np.empty(0)
    if not sound.noisy:
        return ReadNoise(level, none, 0.0, none, np.empty((0, 0)))
    array = _written(sound, level, cells, rng)
    sound.relax(array, 1.0)
    g = sound.conductance(array, ...)
    off = (sound.read(array, ..., rng) - g).astype(float).ravel()
    sd = float(np.sqrt(np.mean(np.square(sound.read_noise(array, ..., g), dtype=float))))
    seconds = np.geomspace(1.0, YEAR, points)
    growth = np.empty((len(NOISE_LEVELS), points))
    for i, place in enumerate(NOISE_LEVELS):
        array = _written(sound, device.g_min + place * device.span, 200, rng)
        array.g[...] = device.g_min + place * device.span  # the model's law at that level, not at its misses
        for k, now in enumerate(seconds):
            sound.relax(array, float(now) - array.clock)
            g = sound.conductance(array, ...)
            relative = sound.read_noise(array, ..., g) / np.maximum(g, np.finfo(F).tiny)
            growth[i, k] = float(np.median(relative))
    if np.all(growth[:, -1] <= 1.15 * growth[:, 0]):  # a little follows the drift of g
        seconds, growth = none, np.empty((0, 0))
    return ReadNoise(level, off, sd, seconds, growth)


def iv_curve(device: DeviceModel, *, points: int = 81) -> tuple[F64, F64, F64]:
    """Voltages to twice the read voltage both ways [V], conductances [S] and their currents [A]."""
    volts = np.linspace(-2.0, 2.0, points) * device.read_voltage
    g = device.g_min + device.span * np.array([0.0, 0.5, 1.0])
    amps = np.zeros((g.size, points))
    for k in np.flatnonzero(volts):
        amps[:, k] = g * device.bend(g.astype(F), float(volts[k])) * volts[k]
    return volts, g, amps
