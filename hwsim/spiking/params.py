"""Parameters of the leaky integrate-and-fire neurons behind a crossbar's lines, and of segments' compartments."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from devices.units import Second
from htm.pick import Params


class NeuronParams(Params):
    """Neurons that turn line currents into spikes. The defaults are assumed and ideal: no spread, no latency.

    A line's drive, input resistance times current, is given in thresholds: 1 is the least that ever spikes.
    """

    engine: Literal["closed_form", "brian2"] = Field(
        default="closed_form",
        description="exact first-spike times, or a network really integrated by Brian2 and compared with them: slow",
    )
    step: Second = Field(default=1e-4, gt=0.0, description="brian2: of the integration [s]")
    time_constant: Second = Field(default=10e-3, gt=0.0, description="of the membrane [s]")
    window: Second = Field(default=100e-3, gt=0.0, description="time that one competition may take [s]")
    bias: float = Field(default=1.05, ge=0.0, description="drive of a line of score 0, in thresholds")
    gain: float = Field(default=0.05, gt=0.0, description="drive of one connected synapse, in thresholds")
    threshold_sigma: float = Field(
        default=0.0, ge=0.0, lt=0.3, description="sd of the neurons' thresholds, as a share of the mean"
    )
    time_constant_sigma: float = Field(
        default=0.0, ge=0.0, lt=1.0, description="sd of the logarithm of the neurons' time constants"
    )
    inhibition_latency: Second = Field(
        default=0.0, ge=0.0, description="from the k-th spike until no other neuron can spike [s]"
    )
    refractory: Second = Field(
        default=0.0, ge=0.0, description="after its spike a neuron stays at rest, into later windows [s]"
    )
    jitter: Second = Field(default=0.0, ge=0.0, description="sd of the noise of a spike's time [s]")

    @model_validator(mode="after")
    def _check_step(self) -> NeuronParams:
        if self.engine == "brian2" and self.step > self.window:
            raise ValueError(f"step: must not exceed window ({self.window:g} s), got {self.step:g} s")
        return self
