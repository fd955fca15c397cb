"""Solving one array: the engines behind one call, checks before and after, and which engine is worth its set-up."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from devices.units import Ohm
from htm.pick import BadInput, Params, pick

if TYPE_CHECKING:
    from .coarse import Coarse
    from .effective import Effective

F64: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

DEFAULT_TOLERANCE = 1e-6
_SLACK = 10.0  # by which the check of the answer may exceed the tolerance of the search
_ROUNDING = 1e-13  # no check asks for more than double precision gives
_LEAST_SHARE = 0.02  # of a change of chords that is made at once where they do not settle
_GROUND = np.empty(0)  # all bit lines end at 0 V


class WireParams(Params):
    """Resistances around the cells of one array."""

    word_ohm: Ohm = Field(default=0.0, ge=0.0, description="word-line segment between two cells [ohm]")
    bit_ohm: Ohm = Field(default=0.0, ge=0.0, description="bit-line segment between two cells [ohm]")
    driver_ohm: Ohm = Field(default=0.0, ge=0.0, description="driver of a word line [ohm]")
    sense_ohm: Ohm = Field(default=0.0, ge=0.0, description="sensing end of a bit line [ohm]")
    two_sided: bool = Field(default=False, description="whether word lines are driven from both ends")

    @property
    def ideal(self) -> bool:
        """Whether every cell sees the whole voltage."""
        return not (self.word_ohm or self.bit_ohm or self.driver_ohm or self.sense_ohm)


class WireSolution(NamedTuple):
    """Voltages and currents of an array.

    Attributes
    ----------
    out : (n,) current into the virtual ground of each bit line, NaN where it floats [A]
    into : (m,) current out of the drivers of each word line, NaN where it floats [A]
    u, w : (m, n) voltages of the word- and the bit-line nodes [V]
    steps : of the iteration; 0 where there was none
    error : largest change of an output in the last sweep, over the largest output
    """

    out: F64
    into: F64
    u: F64
    w: F64
    steps: int
    error: float


class _Folded(NamedTuple):
    """What every vector on one matrix shares: ends [ohm, S], folded lines, slow fields."""

    r_in: F64
    y_end: F64
    words: F64
    bits: F64
    level: Coarse


@final
class _Space:
    """Work space of one solve at a time."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.work, self.line, self.quiet = np.empty((4, *shape)), np.empty(shape[1]), np.zeros(shape[0])


@final
class WireSolver:
    """Solves arrays of one shape; keeps its work space, so that a call allocates only what it returns.

    Parameters
    ----------
    params : resistances
    shape : word lines, bit lines
    grounded : (n,) bit lines that are sensed; the others float. None: all
    """

    def __init__(self, params: WireParams, shape: tuple[int, int], grounded: Flags | None = None) -> None:
        m, n = (int(size) for size in shape)
        if m < 1 or n < 1:
            raise BadInput(f"shape: must have at least one line each way, got {shape}")
        self.params, self.shape = params, (m, n)
        self.grounded = (
            np.ones(n, dtype=np.bool_) if grounded is None else np.asarray(grounded, dtype=np.bool_)
        )
        if self.grounded.shape != (n,):
            raise BadInput(f"grounded: must have shape {(n,)}, got {self.grounded.shape}")
        self.r_out = np.where(self.grounded, params.bit_ohm + params.sense_ohm, np.inf)
        try:
            self._space = _Space((m, n))
            self._fold = np.empty((2, m, n))
        except MemoryError:
            raise BadInput(f"shape: {m} x {n} is too large for the memory of this machine") from None
        self._leak = np.empty((0, m, n))
        self._y_word, self._y_bit = np.empty(m), np.empty(n)

    def solve(
        self,
        g: Any,
        v: Any,
        *,
        bit_volts: Any = None,
        tolerance: float = DEFAULT_TOLERANCE,
        engine: Literal["lines", "nodal"] = "lines",
    ) -> WireSolution:
        """Voltages and currents for one vector of drivers.

        Parameters
        ----------
        g : (m, n) conductances [S]; 0: no cell
        v : (m,) voltages of the drivers [V]; NaN: the word line floats
        bit_volts : (n,) what the sensing ends of the bit lines are held at instead of ground, as in a write [V]
        tolerance : of the energy norm of the error, relative
        engine : ``lines`` (conjugate gradients over whole lines) or ``nodal`` (sparse LU, exact to rounding). Where the
            first does not converge, the second answers

        Raises
        ------
        BadInput
            Where a conductance is negative or not finite, a shape does not fit, or neither a word line is driven nor a
            bit line sensed, so that no voltage is defined.
        """
        solve = pick(ENGINES, engine, "engine")
        _check_tolerance(tolerance)
        g = checked_conductances(g, self.shape)
        v, driven = self._drivers(v, self.shape[:1])
        return solve(self, g, v, driven, self._held(bit_volts), tolerance)

    def solve_many(self, g: Any, v: Any, *, tolerance: float = DEFAULT_TOLERANCE, threads: int = 1) -> F64:
        """Currents of all bit lines for many vectors on one matrix, whose lines are folded once.

        Every vector is solved by itself, so the answers do not depend on the number of threads, bit for bit.

        Parameters
        ----------
        g : (m, n) conductances [S]; 0: no cell
        v : (vectors, m) voltages of the drivers [V]; NaN: the word line floats, in all vectors alike
        tolerance : as in `solve`
        threads : that share the vectors; each but the first needs 4 m n floats of work space of its own

        Returns
        -------
        (vectors, n), NaN where a bit line floats [A]
        """
        _check_tolerance(tolerance)
        if not (isinstance(threads, int) and threads >= 1):
            raise BadInput(f"threads: must be a whole number from 1, got {threads!r}")
        g = checked_conductances(g, self.shape)
        v = np.asarray(v, dtype=np.float64)
        if v.ndim != 2:
            raise BadInput(f"v: must have shape (vectors, {self.shape[0]}), got {v.shape}")
        v, driven = self._drivers(v, (v.shape[0], self.shape[0]))
        if driven.size and (driven != driven[0]).any():
            raise BadInput("v: must float on the same word lines in all vectors, got different ones")
        found = np.empty((v.shape[0], self.shape[1]))
        if not found.size:
            return found
        folded = self._folded(g, driven[0])
        # Each worker takes every so many-th vector.
        shares = [range(k, v.shape[0], threads) for k in range(min(threads, v.shape[0]))]
        spaces = [self._space, *(_Space(self.shape) for _ in shares[1:])]

        def answer(share: range, space: _Space) -> None:
            for k in share:
                found[k] = self._lines(g, v[k], driven[k], _GROUND, tolerance, folded=folded, space=space).out

        if len(shares) == 1:
            answer(shares[0], spaces[0])
            return found
        with ThreadPoolExecutor(len(shares)) as pool:
            list(pool.map(answer, shares, spaces))
        return found

    def _drivers(self, v: Any, shape: tuple[int, ...]) -> tuple[F64, Flags]:
        """Voltages of the drivers, 0 where the line floats, and which do not."""
        v = np.asarray(v, dtype=np.float64)
        if v.shape != shape:
            raise BadInput(f"v: must have shape {shape}, got {v.shape}")
        if np.isinf(v).any():
            raise BadInput("v: must be finite, or NaN for a floating line, got an infinite voltage")
        driven = ~np.isnan(v)
        if not driven.any() and not self.grounded.any():
            raise BadInput(
                "v: every line floats, so no voltage is defined; drive a word line or ground a bit line"
            )
        return np.where(driven, v, 0.0), driven

    def _held(self, bit_volts: Any) -> F64:
        """Voltages of the bit lines' ends, (n,), or (0,) where all are 0."""
        if bit_volts is None:
            return _GROUND
        held = np.ascontiguousarray(bit_volts, dtype=np.float64)
        if held.shape != self.shape[1:] or not np.isfinite(held).all():
            raise BadInput(f"bit_volts: must be finite, of shape {self.shape[1:]}, got {held.shape}")
        return held if held.any() else _GROUND

    def solve_nonlinear(
        self,
        g: Any,
        v: Any,
        chord: Callable[[F64], F64],
        *,
        bit_volts: Any = None,
        tolerance: float = DEFAULT_TOLERANCE,
        most: int = 100,
    ) -> WireSolution:
        """The same where a cell's current is not proportional to its voltage: ``i = g chord(V) V``.

        The conductances are those of the chords, worked out again from the voltages until the currents stay. Where
        wires take a small part of the voltage, an error in a chord comes back smaller. Where they, or other cells in
        series (sneak paths), take most of it, it comes back larger: then a smaller share of each change is made, in
        the logarithm, until it does not.

        Parameters
        ----------
        g : (m, n) conductances at small voltage [S]
        v : (m,) drivers [V]; NaN: the word line floats
        bit_volts : (n,) of the bit lines' ends, as in `solve` [V]
        chord : from cells' voltages (m, n) to their conductance over that at small voltage, at least 0
        tolerance : of the currents, over the largest
        most : rounds after which it gives up

        Returns
        -------
        with `steps` the number of rounds and `error` the largest miss of a cell's current, over the largest
        """
        g = checked_conductances(g, self.shape)
        drivers, held = self._drivers(v, self.shape[:1])[0], self._held(bit_volts)
        across = drivers[:, None] - (held if held.size else 0.0)
        inner = min(0.01 * tolerance, DEFAULT_TOLERANCE)
        made, share, change = chord(np.broadcast_to(across, self.shape)), 1.0, np.inf
        tiny = np.finfo(np.float64).tiny
        for rounds in range(1, most + 1):
            found = self.solve(g * made, v, bit_volts=bit_volts, tolerance=inner)
            wanted = chord(found.u - found.w)
            # What is left to do, seen from the cells: settled currents that are not the cells' own would not count.
            flow = g * np.abs(found.u - found.w)
            largest = float((flow * made).max())
            last, change = (
                change,
                float((flow * np.abs(wanted - made)).max()) / largest if largest > 0.0 else 0.0,
            )
            if change <= tolerance:
                return found._replace(steps=rounds, error=change)
            share = max(0.5 * share, _LEAST_SHARE) if change > 0.9 * last else min(1.1 * share, 1.0)
            made = made * (np.maximum(wanted, tiny) / np.maximum(made, tiny)) ** share
        raise BadInput(
            f"chord: the currents did not settle within {tolerance:g} in {most} rounds, but within {change:.2g}"
        )

    def matrix(self, g: Any, driven: Flags | None = None) -> F64:
        """K of `effective`."""
        return self.effective(g, driven).k

    def effective(self, g: Any, driven: Flags | None = None) -> Effective:
        """What the array is to its lines' ends, exact for these cells whatever the voltages.

        Parameters
        ----------
        g : (m, n) conductances [S]
        driven : (m,) word lines with a driver; the others float. None: all
        """
        from .effective import effective

        g = checked_conductances(g, self.shape)
        driven = (
            np.ones(self.shape[0], dtype=np.bool_) if driven is None else np.asarray(driven, dtype=np.bool_)
        )
        if driven.shape != self.shape[:1]:
            raise BadInput(f"driven: must have shape {self.shape[:1]}, got {driven.shape}")
        return effective(self, g, driven)

    def ends(self, driven: Flags) -> tuple[F64, F64]:
        """Resistance from the driver to the first node and, where both ends are driven, to the last [ohm]."""
        p = self.params
        both = p.two_sided and p.word_ohm > 0.0
        # Without resistance along the line both drivers meet at one node.
        alone = p.driver_ohm * (0.5 if p.two_sided and not both else 1.0)
        r_in = np.where(driven, p.word_ohm + alone, np.inf)
        return r_in, (r_in if both else np.full(r_in.size, np.inf))

    def _folded(self, g: F64, driven: Flags) -> _Folded:
        """What all vectors of one matrix share; written into the solver's own arrays."""
        from . import lines  # numba takes seconds to import

        p = self.params
        r_in, r_end = self.ends(driven)
        y_end = 1.0 / r_end
        wa, ba = self._fold
        lines.fold_word_lines(g, p.word_ohm, y_end, wa, self._y_word)
        lines.fold_bit_lines(g, p.bit_ohm, ba, self._y_bit)
        return _Folded(r_in, y_end, wa, ba, self._slow(g, r_in))

    def _slow(self, g: F64, r_in: F64) -> Coarse:
        """The second level, where it pays."""
        from . import coarse, lines

        p, (m, n) = self.params, self.shape
        count = coarse.waves_that_pay(self.shape, float(g.mean()), p.word_ohm, p.bit_ohm)
        if not count[0]:
            return coarse.none()
        down, across = coarse.waves(self.shape, count, p.two_sided)
        if self._leak.shape[0] != count[1]:
            self._leak = np.empty((count[1], m, n))
        field, u, quiet = self._space.work[0], self._space.work[1], self._space.quiet
        for wave, leak in zip(across, self._leak, strict=True):
            field[:] = wave
            lines.sweep_words(g, self._fold[0], self._y_word, p.word_ohm, r_in, quiet, quiet, field, u)
            coarse.leaking(g, u, wave, leak)
        return coarse.ready(down, across, self._leak, 1.0 / p.bit_ohm, 1.0 / self.r_out)

    def _lines(
        self,
        g: F64,
        v: F64,
        driven: Flags,
        held: F64,
        tolerance: float,
        *,
        folded: _Folded | None = None,
        space: _Space | None = None,
    ) -> WireSolution:
        from . import lines  # numba takes seconds to import

        p = self.params
        space = space or self._space
        r_in, y_end, wa, ba, level = folded or self._folded(g, driven)
        u, w = np.empty(self.shape), np.empty(self.shape)
        s_end = y_end * v
        steps, reached = lines.descend(
            g,
            wa,
            self._y_word,
            ba,
            self._y_bit,
            p.word_ohm,
            p.bit_ohm,
            r_in,
            self.r_out,
            v,
            s_end,
            held,
            level,
            tolerance,
            100 + 4 * max(self.shape),
            w,
            u,
            space.work,
            space.line,
            space.quiet,
        )
        # One more sweep each way. `out` then fulfils Kirchhoff's law along every bit line for the u before; by how much
        # each line's current changes with the u after it is what may still be missing.
        into, out = np.empty(self.shape[0]), np.empty(self.shape[1])
        line, current = space.line, space.work[0]
        np.multiply(g, u, out=current)
        lines.sweep_bits(ba, self._y_bit, p.bit_ohm, self.r_out, held, current, w, line)
        lines.currents(g, u, w, into, out)
        lines.sweep_words(g, wa, self._y_word, p.word_ohm, r_in, v, s_end, w, u)
        lines.currents(g, u, w, into, line)
        largest = float(np.abs(out).max())
        error = float(np.abs(line - out).max()) / largest if largest > 0.0 else 0.0
        if reached > tolerance or error > max(_SLACK * tolerance, _ROUNDING):
            return self._nodal(g, v, driven, held, tolerance)
        return self._solution(out, into, u, w, driven, steps, error)

    def _nodal(self, g: F64, v: F64, driven: Flags, held: F64, tolerance: float) -> WireSolution:
        from .nodal import solve_nodal

        r_in, r_end = self.ends(driven)
        v_out = held if held.size else np.zeros(self.shape[1])
        u, w = solve_nodal(g, v, self.params.word_ohm, self.params.bit_ohm, r_in, r_end, self.r_out, v_out)
        cell = g * (u - w)
        out, into = cell.sum(axis=0), cell.sum(axis=1)
        return self._solution(out, into, u, w, driven, 0, 0.0)

    def _solution(
        self, out: F64, into: F64, u: F64, w: F64, driven: Flags, steps: int, error: float
    ) -> WireSolution:
        out[~self.grounded] = np.nan
        into[~driven] = np.nan
        return WireSolution(out, into, u, w, steps, error)


ENGINES = {"lines": WireSolver._lines, "nodal": WireSolver._nodal}


def _check_tolerance(tolerance: float) -> None:
    if not (isinstance(tolerance, float) and 0.0 < tolerance < 1.0):
        raise BadInput(f"tolerance: must lie between 0 and 1, got {tolerance!r}")


def checked_conductances(g: Any, shape: tuple[int, int]) -> F64:
    """`g` as float64 in C order, refused where it cannot be conductances of an array of `shape`."""
    cells: F64 = np.ascontiguousarray(g, dtype=np.float64)
    if cells.shape != shape:
        raise BadInput(f"g: must have shape {shape}, got {cells.shape}")
    # One pass each; a NaN makes both comparisons fail.
    if not (float(cells.min()) >= 0.0 and float(cells.max()) < np.inf):
        i, j = np.argwhere(~(np.isfinite(cells) & (cells >= 0.0)))[0]
        raise BadInput(f"g: must be finite and not negative, got {cells[i, j]} S at row {i}, column {j}")
    return cells
