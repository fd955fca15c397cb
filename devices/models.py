"""Device models by the name that preset files and fits give them."""

from __future__ import annotations

from .binary import BinaryVcm
from .charge_trap import ChargeTrap
from .exp_step import ExpStep, OneSidedPcm
from .ideal import IdealDevice
from .levels import LevelRram
from .linear_step import LinearStep, NeuroSimDevice
from .model import DeviceModel
from .pcm import Pcm
from .relaxing import RelaxingRram
from .soft_bounds import SoftBoundsRram

MODELS: dict[str, type[DeviceModel]] = {
    "ideal": IdealDevice,
    "soft_bounds": SoftBoundsRram,
    "linear_step": LinearStep,
    "neurosim": NeuroSimDevice,
    "exp_step": ExpStep,
    "one_sided_pcm": OneSidedPcm,
    "binary_vcm": BinaryVcm,
    "pcm": Pcm,
    "level_rram": LevelRram,
    "relaxing_rram": RelaxingRram,
    "charge_trap": ChargeTrap,
}
