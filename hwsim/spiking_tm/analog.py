"""Analog synapses of the spiking temporal memory: the permanence is a device's conductance, and pulses move it.

The controller turns a wanted change of permanence into pulses as the crossbar's does (`hwsim.mapping`): as many as
make that change at mid-range, rounded up or down at random where a device needs whole ones. What the pulses come to
is the device's own law, so steps shrink towards its bounds and have its spread and noise. A synapse at g_max acts in
full, any other in proportion to its conductance.

With soft bounds of equal steps a small change d of permanence makes ``dG = 2 d G_max (1 - G / G_max)`` upwards and
``-2 d G_max (G / G_max)`` downwards (g_min 0): the form quoted for Bouhadjar et al. 2023 (Neuromorph. Comput. Eng.
3:034014) with both exponents 1, and twice the rate. Noise is that of the device: it belongs to pulses, not to the
range.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from devices.faults import OK
from devices.model import DeviceModel
from devices.pulse_law import PulseLaw
from htm.pick import BadInput
from htm.streams import stream

from ..mapping import Mapping
from .devices import WIDTH, unplayed

SMALLEST_SHARE, LARGEST_SHARE = 1e-9, 0.999
"""A step's change with the conductance is taken to be at least and at most this: sums over pulses divide by it."""


@dataclass(frozen=True)
class AnalogDevices:
    """One device a synapse, as pulses and reads will find it.

    Attributes
    ----------
    law : what one pulse does to each
    start, shown : (synapses,) conductance that pulses start from, and that conducts, after the first writing [S]
    works : (synapses,) 1; 0 where a cell never moves
    blur : (synapses,) standard deviation of a read over the conductance
    pulses : that a permanence change of 1 takes
    whole : whether they are whole ones
    shown_sd : of what conducts after a programming event about what pulses move [S]
    bottom, spacing, levels : lowest level and distance of two [S], and how many there are; 0, 1, 0 where continuous
    full : conductance of a synapse that acts in full, g_max [S]
    """

    law: PulseLaw
    start: NDArray[np.float64]
    shown: NDArray[np.float64]
    works: NDArray[np.float64]
    blur: NDArray[np.float64]
    pulses: float
    whole: bool
    shown_sd: float
    bottom: float
    spacing: float
    levels: int
    full: float

    def values(self) -> dict[str, float | NDArray[np.float64]]:
        """By the variables of the analog synapses' equations."""
        law, names = self.law, ("first_up", "first_down", "sd_up", "sd_down", "relative", "low", "high")
        return {name: getattr(law, name) for name in names} | {
            "share_up": _safe(law.share_up),
            "share_down": _safe(law.share_down),
            "inner": self.start,
            "G": self.shown,
            "works": self.works,
            "blur": self.blur,
            "per_change": self.pulses,
            "whole": float(self.whole),
            "shown_sd": self.shown_sd,
            "bottom": self.bottom,
            "spacing": self.spacing,
            "top_level": float(max(self.levels - 1, 0)),
            "levelled": float(self.levels > 0),
            "full": self.full,
        }


def check(device: DeviceModel) -> None:
    """Refuse a device that no analog synapse can be made of.

    Raises
    ------
    BadInput
        One line that says which can.
    """
    name = type(device).__name__
    if device.pulse_law(device.fabricate((1, 1), np.random.default_rng(0))) is None:
        raise BadInput(
            "device: analog synapses need a model whose step is an affine function of the conductance: ideal, "
            f"linear_step, neurosim or soft_bounds, got {name}"
        )
    if wrong := unplayed(device) + ["iv_square, iv_cubic"] * bool(device.iv_square or device.iv_cubic):
        raise BadInput(
            f"device: analog synapses do not play {wrong[0]}: must be left out, got {name} with it"
        )


def fabricate(
    device: DeviceModel, permanence: NDArray[np.float64], threshold: float, seed: int
) -> AnalogDevices:
    """Make a device for each synapse and write its first permanence once.

    Reads are taken for Gaussian, of the standard deviation that the device's law of reads has at mid-range.

    Parameters
    ----------
    device : the model
    permanence : (synapses,) first ones, 0..1
    threshold : permanence of a mature synapse, 0..1
    seed : of the streams ``spiking_tm.devices`` and ``spiking_tm.trials``
    """
    check(device)
    mapping = Mapping(device=device, threshold=threshold)
    n = permanence.size
    shape = (-(-n // WIDTH), WIDTH)
    cells = device.fabricate(shape, stream(seed, "spiking_tm.devices"))
    whole = np.arange(shape[0], dtype=np.int32)
    first = np.zeros(shape, dtype=np.float32)
    first.ravel()[:n] = permanence
    device.write(cells, whole, mapping.conductance(first), stream(seed, "spiking_tm.trials"))
    law = device.pulse_law(cells)
    assert law is not None
    middle = np.full(shape, 0.5 * (device.g_min + device.g_max), dtype=np.float32)
    stuck = cells.more.get("stuck")
    works = np.ones(shape) if stuck is None else (stuck == OK).astype(np.float64)

    def each(values: NDArray[np.float32] | NDArray[np.float64]) -> NDArray[np.float64]:
        return values.ravel()[:n].astype(np.float64)

    arrays = {name: each(value) for name, value in vars(law).items() if isinstance(value, np.ndarray)}
    levels = device.n_levels or 0
    return AnalogDevices(
        law=PulseLaw(**arrays, relative=law.relative),
        start=each(cells.more.get("hidden", cells.g)),
        shown=each(cells.g),
        works=each(works),
        blur=each(device.read_noise(cells, whole, middle) / middle),
        pulses=mapping.pulses(1.0),
        whole=device.whole_pulses,
        shown_sd=float(getattr(device, "write_sigma", 0.0)) * device.span,
        bottom=device.g_min,
        spacing=device.span / (levels - 1) if levels else 1.0,
        levels=levels,
        full=device.g_max,
    )


def _safe(share: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.abs(share) < SMALLEST_SHARE, SMALLEST_SHARE, np.minimum(share, LARGEST_SHARE))
