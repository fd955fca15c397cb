"""One ordinary differential equation with a bounded state, solved to a stated error on one smooth piece of time.

Explicit by default (Dormand and Prince's pair of orders 5 and 4 in plain numbers: one state needs no arrays, and
a step costs its seven rates and little more); where that turns out stiff, SciPy's Radau finishes the piece. At a
limit the state rests until its rate leads back inside.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from htm.pick import BadInput

Slope = Callable[[float, float], float]
"""Rate [state/s] at a time [s] and a state."""
Method = Literal["auto", "explicit", "implicit"]

_STIFF_STEPS = 15  # steps whose size stability set and not accuracy (Hairer and Wanner)
_CALM_STEPS = 6  # others in a row that make them forgotten
_STABLE = 2.5  # the pair is stable down to -3.3; error control keeps its steps a little shorter
_NEAREST = 1e-7  # share of the range below which a distance to a limit is not resolved any finer
_MANY_STEPS = 10_000  # on one smooth piece: something other than accuracy keeps them small
_MOST_STEPS = 1_000_000


class Step(NamedTuple):
    """One step of the pair.

    Attributes
    ----------
    state : at its end, of order 5
    error : estimate of the local error, signed
    slope : rate at its end
    stiffness : step times the size of the slope's derivative
    dense : coefficients of the interpolant of order 4 (see `between`)
    """

    state: float
    error: float
    slope: float
    stiffness: float
    dense: tuple[float, float, float, float, float]


def step(slope: Slope, t: float, x: float, k1: float, h: float) -> Step:
    """One step of Dormand and Prince's pair.

    Parameters
    ----------
    slope : rate
    t, x : time [s] and state at the start
    k1 : rate there
    h : length [s]

    Source: Dormand and Prince, J. Comp. Appl. Math. 6:19 (1980); interpolant and stiffness of Hairer, Norsett,
    Wanner, Solving Ordinary Differential Equations I, section II.6, and II, section IV.2
    """
    k2 = slope(t + h / 5, x + h * k1 / 5)
    k3 = slope(t + h * 3 / 10, x + h * (3 / 40 * k1 + 9 / 40 * k2))
    k4 = slope(t + h * 4 / 5, x + h * (44 / 45 * k1 - 56 / 15 * k2 + 32 / 9 * k3))
    k5 = slope(
        t + h * 8 / 9,
        x + h * (19372 / 6561 * k1 - 25360 / 2187 * k2 + 64448 / 6561 * k3 - 212 / 729 * k4),
    )
    x6 = x + h * (9017 / 3168 * k1 - 355 / 33 * k2 + 46732 / 5247 * k3 + 49 / 176 * k4 - 5103 / 18656 * k5)
    k6 = slope(t + h, x6)
    x7 = x + h * (35 / 384 * k1 + 500 / 1113 * k3 + 125 / 192 * k4 - 2187 / 6784 * k5 + 11 / 84 * k6)
    k7 = slope(t + h, x7)
    error = h * (
        71 / 57600 * k1 - 71 / 16695 * k3 + 71 / 1920 * k4 - 17253 / 339200 * k5 + 22 / 525 * k6 - 1 / 40 * k7
    )
    difference = x7 - x
    left = h * k1 - difference
    curve = h * (
        -12715105075 / 11282082432 * k1
        + 87487479700 / 32700410799 * k3
        - 10690763975 / 1880347072 * k4
        + 701980252875 / 199316789632 * k5
        - 1453857185 / 822651844 * k6
        + 69997945 / 29380423 * k7
    )
    stiffness = 0.0 if x7 == x6 else abs(h * (k7 - k6) / (x7 - x6))
    return Step(x7, error, k7, stiffness, (x, difference, left, difference - h * k7 - left, curve))


def between(dense: tuple[float, float, float, float, float], share: float) -> float:
    """State at a share (0..1) of a step."""
    a, b, c, d, e = dense
    rest = 1.0 - share
    return a + share * (b + rest * (c + share * (d + rest * e)))


@dataclass
class Solver:
    """Solves one piece after the other.

    Attributes
    ----------
    low, high : limits of the state
    tolerance : largest local error of a step, as a share of the distance to the nearer limit
    method : explicit, implicit, or explicit until found stiff
    wanted : times at which the state is asked for, ascending [s]
    states : the states there, as far as solved
    """

    low: float
    high: float
    tolerance: float
    method: Method
    wanted: list[float]
    states: list[float] = field(default_factory=list)
    _steps: int = 0

    def rest(self, stop: float, x: float) -> None:
        """Answer every time asked for up to `stop` [s] with the state `x`."""
        while len(self.states) < len(self.wanted) and self.wanted[len(self.states)] <= stop:
            self.states.append(x)

    def solve(self, slope: Slope, start: float, stop: float, x: float, longest: float = math.inf) -> float:
        """Solve from `start` to `stop` [s] in steps of at most `longest` [s]; the state at the end."""
        t, stiff, left = start, self.method == "implicit", -math.inf

        def inside(time: float, state: float) -> float:
            return slope(time, min(max(state, self.low), self.high))

        while t < stop:
            outwards = -1.0 if x <= self.low else 1.0 if x >= self.high else 0.0
            # A state that left its limit only to land there at the same instant is at rest too.
            if outwards != 0.0 and (inside(t, x) * outwards >= 0.0 or left == t):
                t = self._release(inside, t, stop, x)
                self.rest(t, x)
                continue
            left = t
            if stiff:
                t, x = self._implicit(inside, t, stop, x, longest)
            else:
                t, x, stiff = self._explicit(inside, t, stop, x, longest)
                stiff = stiff and self.method == "auto"
        return x

    def _release(self, slope: Slope, start: float, stop: float, x: float) -> float:
        """Time [s] at which the rate of a state at its limit turns inwards, else `stop`."""
        inwards = 1.0 if x <= self.low else -1.0
        grid = np.linspace(start, stop, 33)[1:].tolist()
        before = start
        for t in grid:
            if slope(t, x) * inwards > 0.0:
                after = t
                while after - before > 4.0 * np.spacing(max(abs(before), abs(after))):
                    middle = 0.5 * (before + after)
                    before, after = (before, middle) if slope(middle, x) * inwards > 0.0 else (middle, after)
                return float(min(max(after, math.nextafter(start, math.inf)), stop))
            before = t
        return stop

    def _scale(self, x: float) -> float:
        """Largest local error, for a state that moves between the limits or lands on one.

        Near a limit whose window closes exponentially, how far the state got decides when it comes back.
        """
        size = self.high - self.low
        if not self.low <= x <= self.high:
            return self.tolerance * 1e-2 * size
        return self.tolerance * (min(x - self.low, self.high - x) + _NEAREST * size)

    def _explicit(
        self, slope: Slope, t: float, stop: float, x: float, longest: float
    ) -> tuple[float, float, bool]:
        """Time and state where the piece or the free motion ends, and whether it was left for being stiff."""
        k = slope(t, x)
        h = 0.125 * (stop - t)
        if k != 0.0:
            h = min(h, 0.01 * (self.high - self.low) / abs(k))
        stiff_steps = calm_steps = taken = 0
        smallest = 8.0 * float(np.spacing(max(abs(t), abs(stop))))
        while t < stop:
            h = min(h, longest, stop - t)
            last = stop - t <= h * (1.0 + 1e-9)
            h = stop - t if last else max(h, smallest)
            made = step(slope, t, x, k, h)
            error = abs(made.error) / self._scale(made.state)
            if not error <= 1.0 and h > smallest:
                h *= max(0.2, 0.9 * error**-0.2) if error < np.inf else 0.2
                continue
            self._count()
            if not self.low <= made.state <= self.high:
                return *self._landed(made, t, h), False
            t_new = stop if last else t + h
            self._sample(made, t, h, t_new)
            t, x, k = t_new, made.state, made.slope
            h *= min(5.0, 0.9 * error**-0.2) if error > 0.0 else 5.0
            if made.stiffness > _STABLE:
                stiff_steps, calm_steps = stiff_steps + 1, 0
            else:
                calm_steps += 1
                stiff_steps = 0 if calm_steps >= _CALM_STEPS else stiff_steps
            taken += 1
            if (stiff_steps >= _STIFF_STEPS or taken > _MANY_STEPS) and self.method == "auto":
                return t, x, True
        return t, x, False

    def _landed(self, made: Step, t: float, h: float) -> tuple[float, float]:
        """Time and state at which a step that went too far met the limit."""
        limit = self.low if made.state < self.low else self.high
        side = 1.0 if limit == self.high else -1.0
        before, after = 0.0, 1.0
        for _ in range(60):
            middle = 0.5 * (before + after)
            past = (between(made.dense, middle) - limit) * side >= 0.0
            before, after = (before, middle) if past else (middle, after)
        met = t + after * h
        self._sample(made, t, h, met)
        return met, limit

    def _sample(self, made: Step, t: float, h: float, until: float) -> None:
        while len(self.states) < len(self.wanted) and self.wanted[len(self.states)] <= until:
            x = between(made.dense, (self.wanted[len(self.states)] - t) / h)
            self.states.append(min(max(x, self.low), self.high))

    def _implicit(self, slope: Slope, t: float, stop: float, x: float, longest: float) -> tuple[float, float]:
        """Time and state where the piece ends or the state meets a limit, by SciPy's Radau."""
        from scipy.integrate import solve_ivp

        span, size = stop - t, self.high - self.low

        def scaled(share: float, y: np.ndarray) -> list[float]:
            return [slope(t + share * span, self.low + size * float(y[0])) * span / size]

        def met_low(_: float, y: np.ndarray) -> float:
            return float(y[0])

        def met_high(_: float, y: np.ndarray) -> float:
            return float(y[0]) - 1.0

        for event, direction in ((met_low, -1.0), (met_high, 1.0)):
            event.terminal, event.direction = True, direction  # type: ignore[attr-defined]
        solved = solve_ivp(
            scaled,
            (0.0, 1.0),
            [(x - self.low) / size],
            method="Radau",
            # SciPy controls the error of order 3 by the norm of all, ours is a share of each step's state.
            rtol=max(self.tolerance, 1e-13) * 10,
            atol=max(self.tolerance, 1e-13) * 1e-3,
            max_step=longest / span,
            events=(met_low, met_high),
            dense_output=True,
        )
        if not solved.success and solved.status != 1:
            raise BadInput(f"tolerance: no solution at {self.tolerance:g} from {t:g} s on: {solved.message}")
        met = stop if solved.status == 0 else t + float(solved.t[-1]) * span
        while len(self.states) < len(self.wanted) and self.wanted[len(self.states)] <= met:
            share = min((self.wanted[len(self.states)] - t) / span, float(solved.t[-1]))
            y = min(max(float(solved.sol(share)[0]), 0.0), 1.0)
            self.states.append(self.low + size * y)
        y = float(solved.y[0, -1])
        if solved.status == 1:
            return met, self.low if y < 0.5 else self.high
        return met, self.low + size * min(max(y, 0.0), 1.0)

    def _count(self) -> None:
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise BadInput(
                f"tolerance: more than {_MOST_STEPS} steps at {self.tolerance:g}; "
                "give a larger one or method 'implicit'"
            )
