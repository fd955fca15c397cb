"""What every scenario asks for that can run hardware beside the software."""

from __future__ import annotations

from pydantic import Field, SerializeAsAny, field_validator

from devices.model import DeviceModel
from htm.pick import Params, pick
from hwsim.cost import COSTS
from hwsim.neuron_cost import NEURON_COSTS
from hwsim.params import CrossbarParams

from .substrates import SUBSTRATES


class BesideConfig(Params):
    """Base of such scenarios' parameters."""

    scenario: str = Field(description="the scenario's name")
    seed: int = Field(default=0, ge=0, description="seed of every random stream")
    substrate: str = Field(
        default="software", description="what runs beside the software, where it is another"
    )
    device: SerializeAsAny[DeviceModel] = Field(description="what one synapse is made of")
    crossbar: CrossbarParams = Field(default_factory=CrossbarParams)
    cost: str = Field(default="isaac_puma", description="preset of energies, times and areas")
    neuron_cost: str = Field(
        default="lif_28nm", description="substrate spiking: preset of energies of neurons"
    )

    @field_validator("substrate")
    @classmethod
    def _known_substrate(cls, word: str) -> str:
        pick(SUBSTRATES, word, "substrate")
        return word

    @field_validator("cost")
    @classmethod
    def _known_cost(cls, word: str) -> str:
        pick(COSTS, word, "cost")
        return word

    @field_validator("neuron_cost")
    @classmethod
    def _known_neuron_cost(cls, word: str) -> str:
        pick(NEURON_COSTS, word, "neuron_cost")
        return word
