"""Two devices to a synapse: side by side, where errors average out, or against each other, where the difference counts.

*parallel*: both get every pulse and conduct together. *differential*: what raises the one lowers the other, and the
difference of their currents is read, so that what both have in common cancels. Its conductance is told as
``(g_min + g_max + g_first - g_second) / 2``, which fills the range of one device; the current that flows is both's
(`DeviceModel.drawn`).

In a fresh differential pair the second cell has been written to g_max, so that the pair is off.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from htm.pick import BadInput

from .cells import STUCK, Cells, Where
from .model import F32, DeviceModel

Pairing = Literal["none", "parallel", "differential"]

NAMES = ("first.", "second.")
"""What the arrays of either cell begin with in the synapse's own."""


class DevicePair(DeviceModel):
    """A synapse of two equal devices; made by `paired`. Spread, noise, faults and drift are each cell's own."""

    of: DeviceModel = Field(description="what both devices are")
    differential: bool = Field(default=False, description="whether the difference of their currents is read")

    @property
    def each(self) -> DeviceModel:
        return self.of

    @property
    def cells_per_synapse(self) -> int:
        return 2

    @property
    def step(self) -> float:
        return self.of.step if self.differential else 2.0 * self.of.step

    @property
    def ages(self) -> bool:
        # A difference may fall below 0, which the array of conductances cannot keep: it is worked out at every look.
        return self.of.ages or self.differential

    @property
    def flickers(self) -> bool:
        return self.of.noisy

    @property
    def lines_per_synapse(self) -> int:
        return 2 if self.differential else 1

    def planes(self, cells: Cells) -> tuple[Cells, ...]:
        return _both(cells) if self.differential else (cells,)

    def strike(self, cells: Cells, struck: NDArray[np.bool_], *, on: bool) -> None:
        super().strike(cells, struck, on=on)
        for name, up in zip(NAMES, (on, on != self.differential), strict=True):
            one = _part(cells, name)
            self.of.strike(one, struck, on=up)
            cells.more[name + STUCK] = one.more[STUCK]

    def drawn(self, cells: Cells, where: Where) -> F32:
        first, second = (self.of.conductance(one, where) for one in _both(cells))
        return first + second

    def _spread(self, cells: Cells, rng: np.random.Generator) -> None:
        for at, name in enumerate(NAMES):
            own = self.of.fabricate((cells.g.shape[0], cells.g.shape[1]), _child(rng))
            cells.more[f"{name}g"] = own.g
            cells.more |= {name + key: array for key, array in own.more.items()}
            if at == 1 and self.differential:
                self.of.write(
                    _part(cells, name), ..., np.full(own.g.shape, self.of.g_max, np.float32), _child(rng)
                )
        cells.g[...] = np.maximum(self._of_both(cells, ...), np.float32(0))

    def _pulsed(self, cells: Cells, where: Where, g: F32, count: F32, rng: np.random.Generator) -> F32:
        count = np.ascontiguousarray(np.broadcast_to(count, g.shape))
        for one, sign in zip(_both(cells), (1, -1 if self.differential else 1), strict=True):
            self.of.pulse(one, where, count if sign > 0 else -count, _child(rng))
        return self._of_both(cells, where)

    def _written(self, cells: Cells, where: Where, target: F32, rng: np.random.Generator) -> F32:
        if self.differential:
            wanted = (target, np.float32(self.of.g_min + self.of.g_max) - target)
        else:
            wanted = (np.float32(0.5) * target,) * 2
        for one, own in zip(_both(cells), wanted, strict=True):
            self.of.write(one, where, own, _child(rng))
        return self._of_both(cells, where)

    def _of_both(self, cells: Cells, where: Where) -> F32:
        first, second = (self.of.conductance(one, where) for one in _both(cells))
        if not self.differential:
            return first + second
        middle = np.float32(0.5 * (self.of.g_min + self.of.g_max))
        return middle + np.float32(0.5) * (first - second)

    def _aged(self, cells: Cells, where: Where, g: F32) -> F32:
        return self._of_both(cells, where)

    def _noise(self, cells: Cells, where: Where, g: F32) -> F32:
        first, second = (
            self.of.read_noise(one, where, self.of.conductance(one, where)) for one in _both(cells)
        )
        return np.hypot(first, second) * np.float32(0.5 if self.differential else 1.0)


class FractionPair(DevicePair):
    """The same of devices that take any fraction of a pulse."""

    whole_pulses: ClassVar[bool] = False


def paired(device: DeviceModel, pairing: Pairing) -> DeviceModel:
    """`device`, or two of it to a synapse.

    Raises
    ------
    BadInput
        where reads of the device cannot be added up: other laws than Gaussian, disturb, a polynomial I-V curve
    """
    if pairing == "none":
        return device
    for bad, what in (
        (not device.gaussian_reads, "Gaussian reads without telegraph noise"),
        (device.disturb_share > 0.0, "a device whose reads do not disturb it (disturb_share 0)"),
        (bool(device.iv_square or device.iv_cubic), "a device without a polynomial I-V curve"),
    ):
        if bad:
            raise BadInput(f"pairing: must be none here, or have {what}, got {pairing}")
    differential = pairing == "differential"
    both = 1.0 if differential else 2.0
    make = DevicePair if device.whole_pulses else FractionPair
    fields: dict[str, Any] = {
        "of": device,
        "differential": differential,
        "g_min": both * device.g_min,
        "g_max": both * device.g_max,
        "read_voltage": device.read_voltage,
        "iv_sinh": device.iv_sinh,
    }
    return make(**fields)


def _part(cells: Cells, name: str) -> Cells:
    """One of the two cells, as its own device knows it: views."""
    more: dict[str, NDArray[Any]] = {
        key.removeprefix(name): array for key, array in cells.more.items() if key.startswith(name)
    }
    return Cells(g=more.pop("g"), more=more, clock=cells.clock)


def _both(cells: Cells) -> tuple[Cells, Cells]:
    return _part(cells, NAMES[0]), _part(cells, NAMES[1])


def _child(rng: np.random.Generator) -> np.random.Generator:
    """A generator of its own for what draws lanes of its own: lanes within lanes would meet those of other calls."""
    return np.random.Generator(np.random.PCG64(rng.integers(0, 1 << 63, size=2).tolist()))
