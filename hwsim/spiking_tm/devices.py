"""Memristive synapses of the spiking temporal memory: digital permanences with a device each, written at crossings.

A synapse's permanence is a number in a controller; its weight is a device's conductance. The device is written on or
off where the permanence crosses maturity, and read at every spike. Form: the binary synapse of Bouhadjar et al. 2023
(Neuromorph. Comput. Eng. 3:034014), as others quote it; what a device does comes from the device's own model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from devices.model import DeviceModel
from htm.streams import stream

_TRIALS = 16
"""Writes of each kind by which every device's mean and cycle noise are found."""

WIDTH = 256
"""Cells of a row of the array that they are made as."""


@dataclass(frozen=True)
class Devices:
    """One device a synapse, as its writes and reads will find it.

    Attributes
    ----------
    on, off : (synapses,) mean conductance after a write to g_max, to g_min [S]
    on_cycle, off_cycle : (synapses,) standard deviation from write to write [S]; 0 in a stuck cell
    on_read, off_read : standard deviation of a read there, root mean square over devices [S]
    failure : share of writes that leave the cell as it is
    middle : nominal conductance half-way between, by which a read tells on from off [S]
    full : nominal conductance of a synapse that acts in full, g_max [S]
    """

    on: NDArray[np.float64]
    off: NDArray[np.float64]
    on_cycle: NDArray[np.float64]
    off_cycle: NDArray[np.float64]
    on_read: float
    off_read: float
    failure: float
    middle: float
    full: float

    def values(self) -> dict[str, float | NDArray[np.float64]]:
        """By the variables of the binary synapses' equations; all are off at first."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__} | {"G": self.off}


def fabricate(device: DeviceModel, synapses: int, seed: int) -> Devices:
    """Make a device for each synapse and try it out: `_TRIALS` writes on and off, each taken up at once.

    Conductances are those at the device's read voltage, its current there over the voltage, as in the crossbar.

    Parameters
    ----------
    device : the model
    synapses : how many
    seed : of the streams ``spiking_tm.devices`` and ``spiking_tm.trials``
    """
    failure = float(getattr(device, "write_failure", 0.0))
    # A failed trial would tell of neither state.
    sound = device.model_copy(update={"write_failure": 0.0}) if failure else device
    shape = (-(-synapses // WIDTH), WIDTH)
    cells = sound.fabricate(shape, stream(seed, "spiking_tm.devices"))
    rng = stream(seed, "spiking_tm.trials")
    whole = np.arange(shape[0], dtype=np.int32)
    found = {}
    for name, target in (("on", device.g_max), ("off", device.g_min)):
        tried = []
        for _ in range(_TRIALS):
            sound.write(cells, whole, np.full(shape, target, dtype=np.float32), rng)
            shown = sound.chord(sound.conductance(cells, whole)).ravel()[:synapses]
            tried.append(shown.astype(np.float64))
        read = sound.read_noise(cells, whole, sound.conductance(cells, whole))
        found[name] = np.mean(tried, axis=0), np.std(tried, axis=0, ddof=1), float(np.sqrt(np.mean(read**2)))
    low, full = device.chord(np.array([device.g_min, device.g_max], dtype=np.float32))
    return Devices(
        on=found["on"][0],
        off=found["off"][0],
        on_cycle=found["on"][1],
        off_cycle=found["off"][1],
        on_read=found["on"][2],
        off_read=found["off"][2],
        failure=failure,
        middle=0.5 * (float(low) + float(full)),
        full=float(full),
    )


def unplayed(device: DeviceModel) -> list[str]:
    """Fields of what no spiking synapse plays: what time and other cells' writes do to `device`, and wear."""
    found = {
        "drift_nu, drift_nu_sigma, leak_time": device.ages,
        "endurance": device.endurance is not None,
        "disturb_share": not device.still,
    }
    return [fields for fields, given in found.items() if given]
