"""What a read sees of a conductance: the laws of read noise, telegraph noise, and what reading does to a cell.

``s`` is a model's standard deviation of one read over the conductance.

=============  ==================================================================================================
gaussian       ``g (1 + s xi)``
log_normal     ``g exp(s xi - s^2 / 2)``: the same mean, never negative
telegraph      times ``1 + a (d - b)``, b = 1 with probability d at every read: two levels, the mean kept. The step
               over g is ``a = rtn_amplitude (g_max / g)^rtn_power``, at most 1. Reads are taken to be further apart
               than the trap's own times, so that each finds it anew
=============  ==================================================================================================
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from htm.pick import Params

F32 = NDArray[np.float32]
_TINY = np.float32(np.finfo(np.float32).tiny)


class Reads(Params):
    """Noise of reads and their effect on the cell."""

    read_sigma: float = Field(
        default=0.0, ge=0.0, description="sd of fresh read noise, as a fraction of the conductance"
    )
    read_law: Literal["gaussian", "log_normal"] = Field(
        default="gaussian",
        description="distribution of read noise; log_normal: its sd is that of the natural logarithm of g",
    )
    rtn_fraction: float = Field(
        default=0.0, ge=0.0, le=1.0, description="share of cells with two-level random telegraph noise"
    )
    rtn_amplitude: float = Field(
        default=0.1, ge=0.0, le=1.0, description="telegraph noise: step over g at g_max; 0.1 is assumed [1]"
    )
    rtn_power: float = Field(
        default=0.5,
        ge=0.0,
        description="telegraph noise: the step over g grows as (g_max / g)^power; assumed [1]",
    )
    rtn_duty: float = Field(
        default=0.5,
        ge=0.0,
        le=1.0,
        description="telegraph noise: share of reads that find the lower level [1]",
    )
    disturb_share: float = Field(
        default=0.0,
        ge=0.0,
        lt=1.0,
        description="share of the distance to g_max by which one read raises a cell, until it is programmed [1]",
    )

    @property
    def telegraphs(self) -> bool:
        """Whether some cells have telegraph noise."""
        return self.rtn_fraction > 0.0 and self.rtn_amplitude > 0.0 and 0.0 < self.rtn_duty < 1.0

    @property
    def gaussian_reads(self) -> bool:
        """Whether the noise of a read is Gaussian, so that the noise of a sum is known from its variance."""
        return self.read_law == "gaussian" and not self.telegraphs

    def telegraph_step(self, g: F32, g_max: float, trapped: NDArray[np.bool_]) -> F32:
        """Distance of the two levels over g, 0 where a cell has no trap."""
        ratio = np.float32(g_max) / np.maximum(g, _TINY)
        step = np.float32(self.rtn_amplitude) * ratio ** np.float32(self.rtn_power)
        return np.asarray(np.where(trapped, np.minimum(step, np.float32(1)), 0), dtype=np.float32)

    def law_sd(self, g: F32, sd: F32, step: F32 | None) -> F32:
        """Standard deviation [S] of one read by law, from the model's `sd` [S] and the telegraph `step`."""
        if self.read_law == "log_normal":
            s = sd / np.maximum(g, _TINY)
            sd = np.asarray(g * np.sqrt(np.expm1(s * s)), dtype=np.float32)
        if step is None:
            return sd
        two = np.float32(self.rtn_duty * (1.0 - self.rtn_duty)) * step * step
        return np.asarray(np.sqrt(sd * sd * (1 + two) + g * g * two), dtype=np.float32)

    def law_read(self, g: F32, sd: F32, step: F32 | None, xi: F32, other: F32 | None) -> F32:
        """One read [S] of cells at `g` [S], given standard normal draws; `other` chooses the telegraph's level."""
        if self.read_law == "log_normal":
            s = sd / np.maximum(g, _TINY)
            seen = g * np.exp(s * xi - np.float32(0.5) * s * s)
        else:
            seen = xi * sd
            seen += g
        if step is not None and other is not None:
            low = (other < np.float32(_quantile(self.rtn_duty))).astype(np.float32)
            seen = seen * (1 + step * (np.float32(self.rtn_duty) - low))
        return np.asarray(seen, dtype=np.float32)

    def law_margin(self, g: F32, sd: F32, step: F32 | None, reference: np.float32) -> F32:
        """Standard normal quantile of the probability that a read finds a cell above `reference` [S].

        One comparison is a coin, so whatever the law, a normal draw against this margin has the same one.
        """
        from scipy.special import ndtr, ndtri  # scipy takes a while to import: only for who needs it

        def above(level: F32) -> NDArray[Any]:
            at = np.maximum(level, _TINY)
            if self.read_law == "log_normal":
                s = np.maximum(sd / np.maximum(g, _TINY), _TINY)
                return np.asarray((np.log(at / reference) - np.float32(0.5) * s * s) / s)
            return np.asarray((level - reference) / np.maximum(sd * level / np.maximum(g, _TINY), _TINY))

        if step is None:
            return np.clip(above(g), -1e9, 1e9).astype(np.float32)
        duty = self.rtn_duty
        high, low = (
            above(g * (1 + step * np.float32(shift))).astype(np.float64) for shift in (duty, duty - 1.0)
        )
        p = (1.0 - duty) * ndtr(high) + duty * ndtr(low)
        return np.clip(np.where(step > 0, ndtri(p), high), -1e9, 1e9).astype(np.float32)


def _quantile(p: float) -> float:
    """Standard normal quantile."""
    from statistics import NormalDist

    return NormalDist().inv_cdf(p)
