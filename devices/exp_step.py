"""Devices whose step changes exponentially along the range."""

from __future__ import annotations

import math
from abc import ABC
from dataclasses import dataclass
from typing import final

import numpy as np
from pydantic import Field

from .cells import F32, Cells, Where
from .lanes import normals
from .pulsed import PulsedDevice

_HIGHEST = np.float32(60.0)
"""Largest exponent: beyond it a float32 overflows, and the step is at its limit anyway."""


@dataclass(frozen=True)
class Course:
    """One direction's step over its own coordinate v, 0 at the start of the range and 1 at its end.

    ``dv = step max(0, 1 - k exp(kappa v))``; the noise of one pulse is ``c2c (dv + add + slope abs(v - symmetry))``.
    """

    step: float
    k: float
    kappa: float
    c2c: float
    add: float
    slope: float
    symmetry: float

    def at(self, v: F32) -> F32:
        """``1 - k exp(kappa v)``, not below 0."""
        grown: F32 = np.minimum(v * np.float32(self.kappa), _HIGHEST)
        np.exp(grown, out=grown)
        grown *= np.float32(-self.k)
        grown += np.float32(1)
        np.maximum(grown, np.float32(0), out=grown)
        return grown

    @property
    def row(self) -> F32:
        """The fields in their order, as `devices.exp_kernels` takes them."""
        fields = (self.step, self.k, self.kappa, self.c2c, self.add, self.slope, self.symmetry)
        return np.array(fields, dtype=np.float32)


class ExponentialDevice(PulsedDevice, ABC):
    """What one-sided and two-sided exponential steps share."""

    step_up: float = Field(
        gt=0.0, lt=1.0, description="unit of the SET step, as a fraction of g_max - g_min [1]"
    )
    exp_up: float = Field(description="A_up: the SET step is its unit times 1 - A_up exp(gamma_up z) [1]")
    rate_up: float = Field(gt=0.0, description="gamma_up, likewise [1]")
    exp_scale: float = Field(
        description="a of z = 2 a w + b, w the distance from the symmetry point over g_max - g_min [1]"
    )
    exp_offset: float = Field(description="b of z [1]")
    symmetry: float = Field(
        default=0.5, ge=0.0, lt=1.0, description="place of the symmetry point in the range, 0..1 [1]"
    )
    c2c_add: float = Field(
        default=0.0,
        ge=0.0,
        description="part of the step that the noise of a pulse has besides, of the range [1]",
    )
    c2c_slope: float = Field(
        default=0.0, ge=0.0, description="the same, per distance from the symmetry point over the range [1]"
    )

    @property
    def _upward(self) -> Course:
        turn = self.rate_up * 2.0 * self.exp_scale
        k = self.exp_up * math.exp(self.rate_up * self.exp_offset - turn * self.symmetry)
        return self._course(self.step_up, k, turn, self.symmetry)

    def _course(self, step: float, k: float, kappa: float, symmetry: float) -> Course:
        return Course(step, k, kappa, self.c2c_sigma, self.c2c_add, self.c2c_slope, symmetry)

    def _share(self, g: F32) -> F32:
        """Place in the range, 0..1."""
        return (g - np.float32(self.g_min)) * np.float32(1.0 / self.span)

    def _spread(self, cells: Cells, rng: np.random.Generator) -> None:
        self._spread_compactly(cells, rng)

    def _landed(self, cells: Cells, where: Where, moved: F32, g: F32, pulses: F32) -> F32:
        """Conductance [S] of cells that were at `g` [S], from the places that they moved to, flat."""
        from .exp_kernels import landed  # numba takes seconds to import: only for who pulses

        low, high = (bound.ravel() for bound in self.bounds(cells, where))
        landed(moved, g.ravel(), pulses, low, high, np.float32(self.g_min), np.float32(self.span))
        return moved.reshape(g.shape)


@final
class ExpStep(ExponentialDevice):
    """Steps that change exponentially with the conductance, as ``ExpStepDevice`` of IBM's aihwkit.

    With w the conductance from the symmetry point over the range and ``z = 2 a w + b``, one SET pulse makes the step
    ``step_up max(0, 1 - A_up e^(gamma_up z))``, one RESET pulse ``-step_down max(0, 1 - A_down e^(-gamma_down z))``.
    The noise of a pulse is ``c2c_sigma (step + c2c_add + c2c_slope abs(w))``. Cells stop at bounds of their own;
    z counts from the nominal range (aihwkit's from the cell's own).

    n pulses at once: see `devices.reference.course_pulse`. Against pulse after pulse (tested) the mean is within 1 %
    and the sd within 5 % of the range covered.
    """

    step_down: float = Field(
        gt=0.0, lt=1.0, description="unit of the RESET step, as a fraction of g_max - g_min [1]"
    )
    exp_down: float = Field(
        description="A_down: the RESET step is its unit times 1 - A_down exp(-gamma_down z) [1]"
    )
    rate_down: float = Field(gt=0.0, description="gamma_down, likewise [1]")

    @property
    def _downward(self) -> Course:
        """Along v = 1 - place in the range."""
        turn = self.rate_down * 2.0 * self.exp_scale
        k = self.exp_down * math.exp(-self.rate_down * self.exp_offset - turn * (1.0 - self.symmetry))
        return self._course(self.step_down, k, turn, 1.0 - self.symmetry)

    @property
    def step(self) -> float:
        """Mean of a SET and a RESET step at mid-range [S]."""
        middle = np.full(1, 0.5, dtype=np.float32)
        up, down = self._upward, self._downward
        return 0.5 * self.span * (up.step * float(up.at(middle)[0]) + down.step * float(down.at(middle)[0]))

    def _moved_by(self, cells: Cells, where: Where, g: F32, count: F32, xi: F32) -> F32:
        from .exp_kernels import course_pulses  # numba takes seconds to import: only for who pulses

        moved, pulses = np.empty(g.size, dtype=np.float32), np.rint(count).ravel()
        courses = np.stack((self._upward.row, self._downward.row))
        course_pulses(self._share(g).ravel(), pulses, *self._gains(cells, where), xi.ravel(), courses, moved)
        return self._landed(cells, where, moved, g, pulses)


@final
class OneSidedPcm(ExponentialDevice):
    """Phase-change cell in which only crystallising (SET) pulses accumulate; melting (RESET) empties it at once.

    SET pulses follow `ExpStep`. A decrement is the controller's: it knows the cell's conductance, RESETs the cell,
    which leaves it at g_min + N(0, reset_sigma) of the range, and gives it as many SET pulses as its nominal course
    takes from there to the wanted conductance, rounded. So is a direct write. What a cell's own gain and the noise of
    its pulses make of them stays: no verify.

    A signed count is worth `step` each: upward as many pulses, downward the conductance less by `count` steps.
    """

    reset_sigma: float = Field(
        default=0.0,
        ge=0.0,
        description="sd of the conductance after a RESET, as a fraction of g_max - g_min [1]",
    )

    @property
    def step(self) -> float:
        """A SET step at mid-range [S]."""
        course = self._upward
        return self.span * course.step * float(course.at(np.full(1, 0.5, dtype=np.float32))[0])

    def _pulses_to(self, wanted: F32) -> F32:
        """SET pulses that the nominal course takes from empty to the places `wanted` in the range, flat."""
        from .exp_kernels import course_pulses_to  # numba: only for who pulses

        pulses = np.empty_like(wanted)
        course_pulses_to(wanted, self._upward.row, pulses)
        return pulses

    def _crystallised(self, cells: Cells, where: Where, start: F32, pulses: F32, xi: F32) -> F32:
        """Place in the range, flat, after SET pulses on cells at place `start`."""
        from .exp_kernels import course_pulses  # numba: only for who pulses

        gain = self._gain(cells, where, "gain_up")
        course, moved = self._upward.row, np.empty_like(start)
        course_pulses(start, pulses, gain, gain, xi, np.stack((course, course)), moved)
        return moved

    def _moved_by(self, cells: Cells, where: Where, g: F32, count: F32, xi: F32) -> F32:
        raise NotImplementedError  # `_pulsed` draws the RESETs too

    def _pulsed(self, cells: Cells, where: Where, g: F32, count: F32, rng: np.random.Generator) -> F32:
        from .exp_kernels import emptied, refilled  # numba takes seconds to import: only for who pulses

        g = self._start(cells, where, g)
        xi = normals(rng, g.size)
        count = np.rint(np.broadcast_to(count, g.shape)).ravel()
        place, pulses = self._share(g).ravel(), count.copy()
        wanted, fallen = np.empty_like(xi), np.empty(xi.size, dtype=np.int32)
        falls = emptied(place, count, np.float32(self.step / self.span), wanted, fallen)
        left = normals(rng, falls)
        left *= np.float32(self.reset_sigma)
        refilled(fallen[:falls], left, self._pulses_to(wanted[:falls]), place, pulses)
        return self._landed(cells, where, self._crystallised(cells, where, place, pulses, xi), g, count)

    def _written(self, cells: Cells, where: Where, target: F32, rng: np.random.Generator) -> F32:
        xi, start = normals(rng, target.size), normals(rng, target.size)
        start *= np.float32(self.reset_sigma)
        wanted = np.maximum(self._share(target), np.float32(0)).ravel()
        moved = self._crystallised(cells, where, start, self._pulses_to(wanted), xi)
        return self._landed(cells, where, moved, target, np.ones_like(wanted))
