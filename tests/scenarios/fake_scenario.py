"""A scenario that takes no time and misbehaves on demand: the engine is tested without a simulation."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

import numpy as np
from pydantic import Field, SerializeAsAny

from devices.model import DeviceModel
from devices.units import Second
from htm.pick import BadInput, Params
from htm.streams import stream
from scenarios.registry import SCENARIOS, Metric, Outcome, Progress, Scenario


class InnerParams(Params):
    """A section inside a section."""

    depth: int = Field(default=1, ge=0, description="how deep")
    note: str | None = Field(default='a "quoted" \\ text\n\x7f µ', description="any text; none: nothing")


class PoolParams(Params):
    """What shapes the result."""

    columns: int = Field(default=8, ge=1, le=4096, description="number of columns")
    density: float = Field(default=0.1, gt=0.0, le=1.0, description="share that wins")
    limit: int | None = Field(default=5, ge=0, description="an optional limit; none: no limit")
    wait: Second | None = Field(default=None, ge=0.0, description="an optional time")
    inner: InnerParams = Field(default_factory=InnerParams)


class TrickParams(Params):
    """How to misbehave; each but `log` names the gain at which it does."""

    log: str | None = Field(default=None, description="file that gets a line when a point starts")
    sleep: Second = Field(default=0.0, ge=0.0, description="time that a point takes")
    kill_at: float | None = Field(default=None, description="its process is killed")
    kill_once: str | None = Field(
        default=None, description="file; whoever finds it missing makes it and is killed"
    )
    error_at: float | None = Field(default=None, description="an exception")
    refuse_at: float | None = Field(default=None, description="a refusal of the input")


class FakeConfig(Params):
    """Parameters of the fake scenario."""

    scenario: str = Field(description="the scenario's name")
    seed: int = Field(default=0, ge=0, description="seed of every random stream")
    gain: float = Field(default=1.0, description="multiplies the result")
    device: SerializeAsAny[DeviceModel] = Field(description="what one synapse is made of")
    pool: PoolParams = Field(default_factory=PoolParams)
    trick: TrickParams = Field(default_factory=TrickParams)


METRICS = {
    "score_raw": Metric("score, raw input", headline=True),
    "score_software": Metric("score, software", headline=True),
    "score_hardware": Metric("score, hardware", headline=True),
    "energy_J": Metric("energy, hardware", "J"),
}


def run_point(config: FakeConfig, progress: Progress) -> Outcome:
    """Draw a few numbers, or misbehave."""
    trick = config.trick
    if trick.log is not None:
        with Path(trick.log).open("a") as file:
            file.write(f"{config.seed} {config.gain} {config.device.read_sigma}\n")
    if trick.kill_at == config.gain:
        os.kill(os.getpid(), signal.SIGKILL)
    if trick.kill_once is not None:
        with contextlib.suppress(FileExistsError):
            Path(trick.kill_once).touch(exist_ok=False)  # one of two workers gets it
            os.kill(os.getpid(), signal.SIGKILL)
    if trick.error_at == config.gain:
        raise RuntimeError("a fault of the scenario")
    if trick.refuse_at == config.gain:
        raise BadInput("pool.columns: cannot be used with this gain")
    time.sleep(trick.sleep)
    draws = stream(config.seed, "fake").standard_normal((config.pool.columns, 300)).astype(np.float32)
    # Long float32 products, whose last bit would show another number of threads.
    score = float((draws @ draws.T).sum()) * config.gain
    progress(1, 1, "drawing")
    metrics = {
        "score_raw": score / 2,
        "score_software": score,
        "score_hardware": score - config.device.read_sigma,
        "energy_J": np.float64(3.5e-9),
        "odd": float("nan"),
    }
    return Outcome(metrics=metrics, arrays={"draws": draws, "empty": np.zeros((0, 3))})


FAKE = Scenario(
    name="fake",
    summary="nothing at all",
    source="none",
    preset=str(Path(__file__).with_name("fake.toml")),
    config="fake_scenario:FakeConfig",
    run="fake_scenario:run_point",
    metrics="fake_scenario:METRICS",
)


def register() -> None:
    """Add it, for a process of its own."""
    SCENARIOS["fake"] = FAKE
