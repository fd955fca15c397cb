"""Devices whose step changes linearly along the range."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cache
from typing import final

import numpy as np
from pydantic import Field, model_validator

from .cells import F32, Cells, Where
from .lanes import Lanes, normals
from .pulse_law import PulseLaw
from .pulsed import PulsedDevice
from .units import Second

Pair = tuple[F32, F32]


class AffineDevice(PulsedDevice, ABC):
    """A device whose step is ``slope x + first``, x the distance to the end of the range that pulses lead to.

    n pulses are applied at once; their mean and variance are exact but for the bounds, at which a cell is clipped
    once, after the last pulse. One Gaussian with these two moments is drawn: for proportional noise the true law
    is slightly skewed (see `SoftBoundsRram`).
    """

    c2c_additive: bool = Field(
        default=True, description="whether the cycle-to-cycle sd keeps its size instead of following the step"
    )

    @abstractmethod
    def _lines(self, cells: Cells, where: Where) -> tuple[Pair, Pair]:
        """Slope [1] and step at the end of the range [S], for SET and RESET, each (n,) or (1,)."""

    @property
    @abstractmethod
    def _nominal_steps(self) -> tuple[float, float]:
        """Step of a SET and a RESET pulse to which `c2c_sigma` refers where it is additive [S]."""

    def pulse_law(self, cells: Cells) -> PulseLaw:
        n = cells.g.size
        (a_up, a_down), (b_up, b_down) = self._lines(cells, ...)
        gain_up, gain_down = (np.broadcast_to(gain, n).astype(np.float64) for gain in self._gains(cells, ...))
        low, high = (bound.ravel().astype(np.float64) for bound in self.bounds(cells, ...))
        steps = self._nominal_steps if self.c2c_additive else (0.0, 0.0)
        return PulseLaw(
            first_up=gain_up * (b_up + a_up * self.g_max),
            share_up=gain_up * a_up,
            first_down=gain_down * (b_down - a_down * self.g_min),
            share_down=gain_down * a_down,
            sd_up=gain_up * (self.c2c_sigma * steps[0]),
            sd_down=gain_down * (self.c2c_sigma * steps[1]),
            relative=0.0 if self.c2c_additive else self.c2c_sigma,
            low=low,
            high=high,
        )

    def _moved_by(self, cells: Cells, where: Where, g: F32, count: F32, xi: F32) -> F32:
        from .affine_kernels import affine_pulses  # numba takes seconds to import: only for who pulses

        slope, first = self._lines(cells, where)
        up, down = self._nominal_steps if self.c2c_additive else (1.0, 1.0)
        fresh = np.empty(g.size, dtype=np.float32)
        low, high = self.bounds(cells, where) if "low" in cells.more else (_one(self.g_min), _one(self.g_max))
        affine_pulses(
            np.ascontiguousarray(g).ravel(),
            np.ascontiguousarray(count, dtype=np.float32).ravel(),
            np.ascontiguousarray(xi).ravel(),
            slope,
            first,
            self._gains(cells, where),
            (low.ravel(), high.ravel()),
            (np.float32(self.c2c_sigma * up), np.float32(self.c2c_sigma * down)),
            not self.c2c_additive,
            (np.float32(self.g_min), np.float32(self.g_max)),
            fresh,
        )
        return fresh.reshape(g.shape)


@final
class LinearStep(AffineDevice):
    """Steps that change linearly with the conductance, as ``LinearStepDevice`` of IBM's aihwkit.

    With w the conductance from the symmetry point, in fractions of the range, one SET pulse makes the step
    ``step_up (1 - slope_up w / w_max)``, one RESET pulse ``-step_down (1 - slope_down w / w_min)``, w_max and w_min
    the distances of the nominal bounds. slope 0 is a constant step, slope 1 a soft bound. Each cell stops at bounds
    of its own.

    Leakage: with `leak_time`, w decays as ``exp(-t / tau)``; tau is common to all cells.
    """

    step_up: float = Field(
        gt=0.0, lt=1.0, description="SET step at the symmetry point, as a fraction of g_max - g_min [1]"
    )
    step_down: float = Field(
        gt=0.0, lt=1.0, description="RESET step at the symmetry point, as a fraction of g_max - g_min [1]"
    )
    slope_up: float = Field(
        default=0.0, ge=-10.0, le=1.0, description="share of the SET step lost on the way to g_max [1]"
    )
    slope_down: float = Field(
        default=0.0, ge=-10.0, le=1.0, description="share of the RESET step lost on the way to g_min [1]"
    )
    symmetry: float = Field(
        default=0.5, gt=0.0, lt=1.0, description="place of the symmetry point in the range, 0..1 [1]"
    )
    leak_time: Second | None = Field(
        default=None,
        gt=0.0,
        description="time constant of the decay to the symmetry point; none: no leak [s]",
    )

    @property
    def step(self) -> float:
        """Mean of a SET and a RESET step at mid-range [S]."""
        (up, down), (first_up, first_down) = self._line_numbers()
        return 0.25 * (up + down) * self.span + 0.5 * (first_up + first_down)

    def _line_numbers(self) -> tuple[tuple[float, float], tuple[float, float]]:
        above, below = 1.0 - self.symmetry, self.symmetry
        slopes = self.step_up * self.slope_up / above, self.step_down * self.slope_down / below
        firsts = self.step_up * (1.0 - self.slope_up), self.step_down * (1.0 - self.slope_down)
        return slopes, (firsts[0] * self.span, firsts[1] * self.span)

    def _lines(self, cells: Cells, where: Where) -> tuple[Pair, Pair]:
        (up, down), (first_up, first_down) = self._line_numbers()
        return (_one(up), _one(down)), (_one(first_up), _one(first_down))

    @property
    def _nominal_steps(self) -> tuple[float, float]:
        return self.step_up * self.span, self.step_down * self.span

    def _spread(self, cells: Cells, rng: np.random.Generator) -> None:
        self._spread_compactly(cells, rng)

    @property
    def ages(self) -> bool:
        return self.leak_time is not None or self.drift_nu + self.drift_nu_sigma > 0.0

    def _aged(self, cells: Cells, where: Where, g: F32) -> F32:
        if self.drift_nu + self.drift_nu_sigma > 0.0:
            g = self._drifted(cells, where, g)
        if self.leak_time is None or cells.clock == 0.0:
            return g
        left = self._age(cells, where)
        left *= np.float32(-1.0 / self.leak_time)
        np.exp(left, out=left)
        rest = np.float32(self.g_min + self.symmetry * self.span)
        # Written so that no time leaves a cell just where it is.
        return g + (rest - g) * (1 - left)


@final
class NeuroSimDevice(AffineDevice):
    """Potentiation and depression curves with a non-linearity label, as in MLP+NeuroSim.

    ``G_LTP(P) = B (1 - exp(-P / A)) + G_min`` over the pulses P = 0..`pulses_up`, with B so that the last one reaches
    g_max; depression likewise from g_max down, with its own A. A pulse moves a cell along the curve from the place
    where its present conductance lies. A/P_max follows from the label (`normal_a`). A positive label starts fast and
    saturates. NeuroSim gives such a depression a negative sign; here the sign is turned round, and a negative label
    is a curve that starts slowly.

    Cycle-to-cycle noise adds ``N(0, c2c_sigma step)`` at every pulse, whatever the place, step the mean step; a
    NeuroSim sigma of the range is ``sigma (g_max - g_min) / step``. With `nonlinearity_sigma` every cell has labels
    of its own.
    """

    nonlinearity_up: float = Field(ge=-9.0, le=9.0, description="non-linearity label of potentiation [1]")
    nonlinearity_down: float = Field(ge=-9.0, le=9.0, description="non-linearity label of depression [1]")
    nonlinearity_sigma: float = Field(default=0.0, ge=0.0, description="cell-to-cell sd of both labels [1]")
    pulses_up: int = Field(ge=2, description="SET pulses from g_min to g_max")
    pulses_down: int = Field(ge=2, description="RESET pulses from g_max to g_min")

    @model_validator(mode="after")
    def _check_noise(self) -> NeuroSimDevice:
        if not self.c2c_additive:
            raise ValueError(
                "c2c_additive: must be true, the noise keeps its size along these curves, got false"
            )
        return self

    @property
    def step(self) -> float:
        """Mean step of the two curves [S]."""
        return 0.5 * self.span * (1.0 / self.pulses_up + 1.0 / self.pulses_down)

    @property
    def _nominal_steps(self) -> tuple[float, float]:
        return self.step, self.step

    def _spread(self, cells: Cells, rng: np.random.Generator) -> None:
        self._spread_compactly(cells, rng)
        if self.nonlinearity_sigma > 0.0:
            with Lanes(rng) as lane:
                for i, (name, label, pulses) in enumerate(self._curves()):
                    own = label + np.float32(self.nonlinearity_sigma) * normals(lane(i), cells.g.shape)
                    cells.more[name] = slope_of(np.clip(own, -9.0, 9.0), pulses).astype(np.float32)

    def _curves(self) -> tuple[tuple[str, float, int], tuple[str, float, int]]:
        return (
            ("slope_up", self.nonlinearity_up, self.pulses_up),
            ("slope_down", self.nonlinearity_down, self.pulses_down),
        )

    def _lines(self, cells: Cells, where: Where) -> tuple[Pair, Pair]:
        slopes, firsts = [], []
        for name, label, pulses in self._curves():
            own = cells.more.get(name)
            own_slope = None if own is None else own[where].ravel().astype(np.float64)
            a = np.array([_nominal_slope(label, pulses)]) if own_slope is None else own_slope
            # The first step, at x = span, is a B: from there the step falls to its value at the far end.
            whole = -np.expm1(pulses * np.log1p(-a))
            slopes.append(a.astype(np.float32))
            firsts.append((self.span * (a / whole - a)).astype(np.float32))
        return (slopes[0], slopes[1]), (firsts[0], firsts[1])


LABEL_SCALE = 10.1015
"""Label over the largest distance of the normalised curve from the straight line. NeuroSim prints no formula, only a
table of labels and A (``getParamA``); this definition gives 126.269, 1.2517, 0.4992, 0.2691, 0.2003 for the labels
0.01, 1, 2.40, 4.00, 4.88, the table's values within 1e-5: fitted by us."""


def normal_a(label: F32 | np.ndarray) -> np.ndarray:
    """A / P_max of non-linearity labels; infinite (a straight line) at 0, negative where the label is.

    The curve ``y(x) = (1 - e^(-x/A)) / (1 - e^(-1/A))`` lies furthest from y = x, by D, where its slope is 1. The
    label is `LABEL_SCALE` D. D falls with A; a table of it is interpolated, its logarithms being nearly straight.
    """
    log_distance, log_a = _label_table()
    size = np.maximum(np.abs(np.asarray(label, dtype=np.float64)), 1e-9) / LABEL_SCALE
    found = np.exp(np.interp(np.log(size), log_distance, log_a))
    return np.where(np.asarray(label) < 0, -found, found)


@cache
def _label_table() -> tuple[np.ndarray, np.ndarray]:
    """Logarithms of the distance D, rising, and of A / P_max."""
    a = np.geomspace(1e5, 2e-3, 20_001)
    shrunk = -a * np.expm1(-1.0 / a)
    distance = (1.0 - shrunk) / -np.expm1(-1.0 / a) + a * np.log(shrunk)
    exact = a > 1e3  # a difference of near numbers: its limit instead
    distance[exact] = 1.0 / (8.0 * a[exact])
    return np.log(distance), np.log(a)


@cache
def _nominal_slope(label: float, pulses: int) -> float:
    return float(slope_of(np.array([label]), pulses)[0])


def slope_of(label: np.ndarray, pulses: int) -> np.ndarray:
    """Share by which the step shrinks from one pulse to the next."""
    share: np.ndarray = -np.expm1(-1.0 / (normal_a(label) * pulses))
    return share


def _one(value: float) -> F32:
    return np.array([value], dtype=np.float32)
