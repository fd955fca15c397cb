"""Writing chosen cells of an array whose lines all cells share: what every cell sees, and what that does to it.

A cell is written by the full write voltage V between its two lines. Where cells are bare (1R) the lines of the chosen
cells reach others too, and the scheme says what the rest of the lines are held at:

=======  ============================  ===========================  ==============================================
scheme   word lines: chosen, others    bit lines: chosen, others    cells: chosen, on one chosen line, on none
=======  ============================  ===========================  ==============================================
none     V, cut off                    0, open                      V, 0, 0: transistors cut all others off (1T1R)
half     V, V/2                        0, V/2                       V, V/2, 0
third    V, V/3                        0, 2 V/3                     V, V/3, -V/3
=======  ============================  ===========================  ==============================================

The voltages are the textbook's, checked cell by cell in the tests. With ``third`` *every* other cell is disturbed, more
gently, and cells on no chosen line in the other direction.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeAlias, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from devices.physical import PhysicalModel, PulseTrain, simulate
from devices.units import Ohm, Second, Siemens, Volt
from htm.pick import BadInput, Params, pick

from .wires import WireParams, WireSolver

F64: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Scheme: TypeAlias = Literal["none", "half", "third"]

_OTHER_LINES: dict[str, tuple[float, float]] = {
    "none": (0.0, 0.0),
    "half": (1 / 2, 1 / 2),
    "third": (1 / 3, 2 / 3),
}
"""What word and bit lines that are not chosen are held at, over the write voltage."""


class Selection(NamedTuple):
    """Which lines a write chooses; it writes every cell where two chosen lines cross.

    Attributes
    ----------
    word : (m,) chosen word lines
    bit : (n,) chosen bit lines
    """

    word: Flags
    bit: Flags

    @property
    def chosen(self) -> Flags:
        """(m, n) cells that are written."""
        return self.word[:, None] & self.bit[None, :]

    @property
    def beside(self) -> Flags:
        """(m, n) half-selected cells: on one chosen line, not on two."""
        return self.word[:, None] ^ self.bit[None, :]

    @property
    def apart(self) -> Flags:
        """(m, n) cells on no chosen line."""
        return ~(self.word[:, None] | self.bit[None, :])


def select(shape: tuple[int, int], word: Any, bit: Any) -> Selection:
    """The selection of these word and bit lines, indices into an array of `shape`; a slice takes them all."""
    flags = []
    for name, size, at in (("word", shape[0], word), ("bit", shape[1], bit)):
        marked = np.zeros(size, dtype=np.bool_)
        try:
            marked[at] = True
        except IndexError:
            raise BadInput(f"{name}: must be lines within 0..{size - 1}, got {at}") from None
        if not marked.any():
            raise BadInput(f"{name}: must choose at least one line, got none")
        flags.append(marked)
    return Selection(*flags)


def line_volts(scheme: Scheme, selection: Selection, voltage: float) -> tuple[F64, F64]:
    """What the ends of all lines are held at.

    Parameters
    ----------
    scheme : none, half or third
    selection : lines of the chosen cells
    voltage : of the write, with its sign [V]

    Returns
    -------
    (m,) of the word lines and (n,) of the bit lines [V]
    """
    word, bit = pick(_OTHER_LINES, scheme, "write_scheme")
    if not math.isfinite(voltage):
        raise BadInput(f"voltage: must be finite, got {voltage!r}")
    return np.where(selection.word, voltage, word * voltage), np.where(selection.bit, 0.0, bit * voltage)


class WriteField(NamedTuple):
    """An array during a write.

    Attributes
    ----------
    volts : (m, n) across every cell, word line minus bit line [V]
    current : (m, n) through every cell [A]
    into, out : (m,) out of each word line's driver, (n,) into each bit line's end [A]
    total_power : that the ends of all lines give, so with what the wires take [W]
    """

    volts: F64
    current: F64
    into: F64
    out: F64
    total_power: float

    @property
    def power(self) -> F64:
        """(m, n) that each cell takes, half-selected ones included; times the pulse's width it is energy [W]."""
        return self.volts * self.current


@final
class Selector(Params):
    """A two-terminal selector in series with every cell (1S1R): ``i = g a sinh(v / a)``, exponential beyond a.

    Its non-linearity is how many times less it conducts at half of the write voltage: ``I(V) / I(V/2)``, which for this
    law is ``2 cosh(V / 2 a)``. Source of that figure of merit: as above; numbers are the user's.
    """

    conductance: Siemens = Field(gt=0.0, description="of the selector at small voltage [S]")
    write_voltage: Volt = Field(
        gt=0.0, description="at which the non-linearity is given, across the selector [V]"
    )
    nonlinearity: float = Field(gt=2.0, description="current at the write voltage over that at half of it")

    @property
    def scale(self) -> float:
        """The a of the law [V]."""
        return self.write_voltage / (2.0 * math.acosh(0.5 * self.nonlinearity))

    def in_series(self, g: F64) -> F64:
        """Conductance of a cell `g` with its selector at small voltage [S]."""
        return self.conductance * g / (self.conductance + g)

    def chord(self, g: F64) -> Callable[[F64], F64]:
        """From the voltage across cell and selector to their conductance over that at small voltage.

        The share x = v / a of the selector solves ``v_total = a x + (g_s a / g) sinh x``, by Newton's method from
        above, where it descends to the root monotonically because the right side is convex.
        """
        a, g_s, small = self.scale, self.conductance, self.in_series(g)
        present = g > 0.0
        ratio = g_s / np.where(present, g, 1.0)

        def over_small(volts: F64) -> F64:
            total = np.abs(volts) / a
            x = np.minimum(total, np.arcsinh(total / ratio))
            for _ in range(_NEWTON):
                step = (x + ratio * np.sinh(x) - total) / (1.0 + ratio * np.cosh(x))
                x = x - step
                if float(np.abs(step).max(initial=0.0)) < 1e-13:
                    break
            there = present & (total > 1e-9)
            current = g_s * np.sinh(x)
            return np.where(there, current / np.where(there, small * total, 1.0), 1.0)

        return over_small


_NEWTON = 60


def write_field(
    g: Any,
    scheme: Scheme,
    selection: Selection,
    voltage: float,
    *,
    wires: WireParams | None = None,
    selector: Selector | None = None,
    tolerance: float = 1e-9,
) -> WriteField:
    """Voltages and currents of all cells while the chosen ones are written, through the wires where there are any.

    Parameters
    ----------
    g : (m, n) conductances, 0: no cell [S]
    scheme : none, half or third; with none the cells of word lines that are not chosen are cut off
    selection : lines of the chosen cells
    voltage : of the write, with its sign [V]
    wires : resistances around the cells, exact; none: ideal
    selector : in series with every cell; none: bare cells
    tolerance : of the solve, relative
    """
    cells = np.array(g, dtype=np.float64)
    if cells.shape != (selection.word.size, selection.bit.size):
        raise BadInput(f"g: must have shape {(selection.word.size, selection.bit.size)}, got {cells.shape}")
    if scheme == "none":
        # Gates run along the word lines; bit lines that are not chosen are left open, so that nothing is written there.
        cells[~selection.chosen] = 0.0
    word, bit = line_volts(scheme, selection, voltage)
    solver = WireSolver(wires or WireParams(), (cells.shape[0], cells.shape[1]))
    if selector is None:
        found = solver.solve(cells, word, bit_volts=bit, tolerance=tolerance)
        volts = found.u - found.w
        current = cells * volts
    else:
        chord, small = selector.chord(cells), selector.in_series(cells)
        found = solver.solve_nonlinear(small, word, chord, bit_volts=bit, tolerance=tolerance, most=1000)
        volts = found.u - found.w
        current = small * chord(volts) * volts
    if scheme == "none":
        volts = np.where(selection.chosen, volts, 0.0)
    total = float(np.nansum(word * found.into) - np.nansum(bit * found.out))
    return WriteField(volts, current, found.into, found.out, total)


@final
class HalfSelects:
    """How often each cell of an array was half-selected, kept by line: a write costs its own cells and lines, not m n.

    A cell's count is exact for any order of writes: on its word line it is half-selected by every write that chooses
    the line, on its bit line likewise, less twice those that chose both, which are its own.

    Parameters
    ----------
    shape : word lines, bit lines
    scheme : none, half or third; with third, cells on no chosen line are counted too, by themselves
    """

    def __init__(self, shape: tuple[int, int], scheme: Scheme) -> None:
        pick(_OTHER_LINES, scheme, "write_scheme")
        self.shape, self.scheme = shape, scheme
        self.writes = 0
        self._word, self._bit = np.zeros(shape[0], dtype=np.int64), np.zeros(shape[1], dtype=np.int64)
        self._own = np.zeros(shape, dtype=np.int64)

    def note(self, selection: Selection, pulses: int = 1) -> int:
        """Count `pulses` write pulses on a selection; returns the cells that were half-selected, times the pulses."""
        if pulses < 0:
            raise BadInput(f"pulses: must not be negative, got {pulses}")
        if (selection.word.size, selection.bit.size) != self.shape:
            raise BadInput(
                f"selection: must be of {self.shape} lines, got {selection.word.size, selection.bit.size}"
            )
        if self.scheme == "none":
            return 0
        self.writes += pulses
        self._word[selection.word] += pulses
        self._bit[selection.bit] += pulses
        self._own[np.ix_(selection.word, selection.bit)] += pulses
        words, bits = int(selection.word.sum()), int(selection.bit.sum())
        return pulses * (words * (self.shape[1] - bits) + bits * (self.shape[0] - words))

    @property
    def beside(self) -> NDArray[np.int64]:
        """(m, n) pulses that reached each cell over one chosen line."""
        counts: NDArray[np.int64] = self._word[:, None] + self._bit[None, :] - 2 * self._own
        return counts

    @property
    def apart(self) -> NDArray[np.int64]:
        """(m, n) pulses of the other sign that reached each cell over no chosen line: none but with ``third``."""
        if self.scheme != "third":
            return np.zeros(self.shape, dtype=np.int64)
        counts: NDArray[np.int64] = self.writes - self._word[:, None] - self._bit[None, :] + self._own
        return counts

    def disturb(self, share: float, share_apart: float = 0.0) -> F64:
        """Full pulses, in the direction of the writes, that all half-selects so far come to, (m, n).

        Parameters
        ----------
        share : of a full pulse, that one half-select is worth (`half_select_share`)
        share_apart : the same on no chosen line, which act against it; only with ``third``
        """
        for name, value in (("share", share), ("share_apart", share_apart)):
            if not 0.0 <= value <= 1.0:
                raise BadInput(f"{name}: must lie between 0 and 1, got {value!r}")
        return share * self.beside - share_apart * self.apart


class WritePulse(Params):
    """One programming pulse."""

    amplitude: Volt = Field(description="height, with its sign [V]")
    width: Second = Field(gt=0.0, description="time at full height [s]")
    edge: Second = Field(default=0.0, ge=0.0, description="time of a rise or a fall; 0: at once [s]")
    series_resistance: Ohm = Field(default=0.0, ge=0.0, description="between driver and device [ohm]")


def half_select_share(
    physical: PhysicalModel, pulse: WritePulse, scheme: Scheme, *, state: float | None = None
) -> float:
    """What one half-select moves a physical device, over what the full pulse moves it, from the same state.

    Parameters
    ----------
    physical : the device
    pulse : a full write
    scheme : half and third: a half or a third of the voltage; none: 0, for no cell is half-selected
    state : in the model's own unit; none: its initial one

    Raises
    ------
    BadInput
        Where the full pulse moves nothing, or all the way to the end of the state, so that there is no share.
    """
    pick(_OTHER_LINES, scheme, "write_scheme")
    if scheme == "none":
        return 0.0
    factor = {"half": 0.5, "third": 1.0 / 3.0}[scheme]
    full, part = (_moved(physical, pulse, size, state) for size in (1.0, factor))
    if full == 0.0:
        raise BadInput(f"amplitude: must move the device, got {pulse.amplitude:g} V, which does not")
    end = full + (physical.initial_state if state is None else state)
    low, high = physical.state_limits
    if min(end - low, high - end) <= 1e-9 * (high - low):
        raise BadInput(
            f"width: must leave the device short of its bound, got {pulse.width:g} s of {pulse.amplitude:g} V, "
            "which does not (shorter or weaker, or another state)"
        )
    return min(max(part / full, 0.0), 1.0)


def _moved(physical: PhysicalModel, pulse: WritePulse, factor: float, state: float | None) -> float:
    """Change of state by one pulse of a share of the amplitude."""
    train = PulseTrain(
        amplitudes=(factor * pulse.amplitude,), width=pulse.width, edge=pulse.edge, gap=0.0, delay=0.0
    )
    found = simulate(
        physical, train, [0.0, float(train.ends[-1])], state=state, series_resistance=pulse.series_resistance
    ).state
    return float(found[-1] - found[0])
