"""A stream of numbers, judged and foretold record by record; on hardware too, beside the software, where asked.

Both sides learn as they go, from the same records, wiring and initial permanences. They take turns record by record,
so that what they share is measured as it happens and nothing of a long stream is kept but a few numbers a record.
Only records after the probationary part are judged; all are learned from.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from htm.likelihood import AnomalyLikelihoodParams
from htm.pick import BadInput, Params
from htm.predictor import BucketsParams, MultiStepPredictor, MultiStepPredictorParams
from htm.synapses import State, Substrate
from hwsim.crossbar import CrossbarSubstrate
from hwsim.outage import OutageParams

from .beside import BesideConfig
from .checkpoint import Checkpoint
from .detector import Detector, DetectorParams, with_rows_of_metal
from .meter import Meter
from .registry import Outcome, Progress
from .side_by_side import SHARED, StreamTimeParams, pauses, shared
from .stream_data import Stream, StreamDataParams, load_stream, value_range
from .stream_measures import HEALING, METRICS, Floats, detections, errors, healing, judged_alarms, repeated
from .substrates import SUBSTRATES

MARGIN = 0.2
"""Share of the values' range that the predictor's buckets go beyond it on either side."""


class PredictionParams(Params):
    """What is foretold, from the columns that are active now and those of their cells that are: input and context."""

    steps: int = Field(default=0, ge=0, description="records ahead; 0: nothing is foretold")
    told: Literal["expected", "median", "most_likely"] = Field(
        default="expected", description="the value taken from the probabilities of the buckets"
    )
    rate: float = Field(default=0.02, gt=0.0, description="step size of one update")
    buckets: int = Field(default=100, ge=2, description="buckets over the range of values")


class AlarmParams(Params):
    """When an alarm is given."""

    threshold: float = Field(
        default=0.5,
        ge=0.0,
        le=1.0,
        description="least log-likelihood of an alarm; 0.5: a likelihood of 0.99999",
    )


class StreamConfig(BesideConfig):
    """Everything that decides a run of the stream scenario."""

    data: StreamDataParams = Field(default_factory=StreamDataParams)
    detector: DetectorParams = Field(default_factory=DetectorParams)
    prediction: PredictionParams = Field(default_factory=PredictionParams)
    alarm: AlarmParams = Field(default_factory=AlarmParams)
    time: StreamTimeParams = Field(default_factory=StreamTimeParams)
    outage: OutageParams = Field(default_factory=OutageParams)

    @model_validator(mode="after")
    def _outage_needs_metal(self) -> StreamConfig:
        if self.outage.at is not None and self.substrate == "software":
            raise ValueError("outage.at: needs hardware that can fail, got substrate software")
        return self

    @model_validator(mode="before")
    @classmethod
    def _rows_of_metal(cls, values: Any) -> Any:
        return with_rows_of_metal(values)


def run_point(config: StreamConfig, progress: Progress, checkpoint: Checkpoint | None = None) -> Outcome:
    """One point: the whole stream, once.

    Parameters
    ----------
    config : the resolved parameters
    progress : told how far it is, in records
    checkpoint : where it goes on, if it was killed
    """
    data = load_stream(config.data, config.seed)
    probation = _probation(config, data)
    if config.outage.at is not None and not HEALING <= config.outage.at <= len(data) - HEALING:
        raise BadInput(
            f"outage.at: must leave {HEALING} records before and after it to compare, so lie in "
            f"{HEALING}..{len(data) - HEALING}, got {config.outage.at}"
        )
    sides = {"software": _Side(config, data, probation, "software")}
    if config.substrate != "software":
        sides["hardware"] = _Side(config, data, probation, config.substrate)
    meter = Meter(list(sides.values())[-1].substrate, config.crossbar, config.cost, config.neuron_cost)
    meter.mark("made")
    alike = _through(config, data, _Both(list(sides.values()), len(data)), progress, checkpoint)
    meter.mark("done")
    judged = slice(probation, None)
    metrics: dict[str, float | int] = {"records": len(data), "judged_records": len(data) - probation}
    arrays = _arrays(config, data, probation)
    for name, side in sides.items():
        metrics |= {f"{key}_{name}": number for key, number in _anomaly_metrics(side, probation).items()}
        alarms = judged_alarms(side.log_likelihood, config.alarm.threshold, probation)
        metrics |= _alarm_metrics(alarms, data, probation, name)
        metrics |= {
            f"{key}_{name}": number
            for key, number in errors(data.series.values[judged], side.predicted[judged]).items()
            if config.prediction.steps
        }
        arrays |= side.arrays(name)
    if config.prediction.steps:
        raw = errors(
            data.series.values[judged], repeated(data.series.values, config.prediction.steps)[judged]
        )
        metrics |= {f"{key}_raw": number for key, number in raw.items()}
    if "hardware" in sides:
        for name, values in alike.items():
            metrics[name] = float(values.mean())
            arrays[f"{name}_per_record"] = values.astype(np.float32)
        metrics |= meter.spiking(*[("made", "done", len(data))] * 2)
        metrics |= _rows(sides["hardware"].substrate)
        metrics |= _spent(meter, len(data)) | meter.wear("done", len(data), config.time.record)
        if config.outage.at is not None:
            metrics |= healing(sides["software"].anomaly, sides["hardware"].anomaly, config.outage.at)
            arrays["outage"] = np.array(config.outage.at)
        arrays |= meter.arrays({"record": ("made", "done", len(data))})
    return Outcome(metrics={name: metrics[name] for name in METRICS if name in metrics}, arrays=arrays)


def _probation(config: StreamConfig, data: Stream) -> int:
    """Records that are not judged, as the detector counts them."""
    share = config.detector.probation
    least = math.ceil(1.0 / share)
    if len(data) < least:
        raise BadInput(f"{data.name}: must hold at least {least} records, got {len(data)}")
    periods = AnomalyLikelihoodParams.of_stream(len(data), share)
    return periods.learning_period + periods.estimation_samples


class _Side:
    """A detector with its predictor, and what they said of every record."""

    def __init__(self, config: StreamConfig, data: Stream, probation: int, substrate: str) -> None:
        low, high = value_range(config.data, data.series.values, probation)
        self.substrate: Substrate = SUBSTRATES[substrate](config.device, config.crossbar, config.seed)
        self.detector = Detector(config.detector, low, high, len(data), self.substrate, config.seed)
        self.told, self.steps = config.prediction.told, config.prediction.steps
        self.predictor = None
        if self.steps:
            margin = MARGIN * (high - low) or 0.5
            buckets = BucketsParams(low=low - margin, high=high + margin, count=config.prediction.buckets)
            self.predictor = MultiStepPredictor(
                self.detector.model.memory.params.columns + self.detector.model.memory.params.cells,
                MultiStepPredictorParams(steps=(self.steps,), rate=config.prediction.rate, buckets=buckets),
            )
        if config.outage.at is not None and isinstance(self.substrate, CrossbarSubstrate):
            self.substrate.arm()
        self.anomaly, self.likelihood, self.log_likelihood = np.zeros((3, len(data)))
        self.predicted = np.full(len(data), np.nan)

    def fail(self, outage: OutageParams) -> None:
        """Parts of the hardware fail."""
        if isinstance(self.substrate, CrossbarSubstrate):
            self.substrate.strike(outage)

    def compute(self, i: int, moment: Any, value: float) -> None:
        """Record number `i`."""
        result = self.detector.compute(moment, value)
        self.anomaly[i], self.likelihood[i], _, self.log_likelihood[i] = result
        if self.predictor is not None:
            memory, columns = self.detector.model.memory, self.detector.model.regions[0].columns
            # Cells alone know little where a context is new; the columns then still tell the input.
            code = np.concatenate([columns, memory.active_cells + np.int32(memory.params.columns)])
            forecast = self.predictor.compute(code, value)[self.steps]
            if i + self.steps < self.predicted.size:
                self.predicted[i + self.steps] = getattr(forecast, self.told)

    @property
    def growing(self) -> tuple[str, ...]:
        """Names of arrays whose length depends on what was seen (see `htm.saving`)."""
        return (
            *(f"detector.{name}" for name in Detector.growing),
            *(f"predictor.{name}" for name in MultiStepPredictor.growing),
        )

    def state(self) -> State:
        """Everything needed to continue identically."""
        told = np.stack((self.anomaly, self.likelihood, self.log_likelihood, self.predicted))
        parts = {"detector": self.detector.state(), "substrate": self.substrate.state(), "told": told}
        return parts if self.predictor is None else {**parts, "predictor": self.predictor.state()}

    def restore(self, state: State) -> None:
        """Continue from `state`."""
        self.detector.restore(state["detector"])
        self.substrate.restore(state["substrate"])
        for mine, array in zip(
            (self.anomaly, self.likelihood, self.log_likelihood, self.predicted), state["told"], strict=True
        ):
            mine[...] = array
        if self.predictor is not None:
            self.predictor.restore(state["predictor"])

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """What the pictures need."""
        found: dict[str, NDArray[Any]] = {
            f"anomaly_{name}": self.anomaly.astype(np.float32),
            f"log_likelihood_{name}": self.log_likelihood,
        }
        if self.predictor is not None:
            found[f"predicted_{name}"] = self.predicted
        return found


class _Both:
    """The sides, what they share with each record, and how far they are: what a checkpoint holds."""

    def __init__(self, sides: list[_Side], records: int) -> None:
        self.sides = sides
        self.shared = np.zeros((len(SHARED), records if len(sides) == 2 else 0))
        self.done = 0

    @property
    def growing(self) -> tuple[str, ...]:
        return tuple(f"side{i}.{name}" for i, side in enumerate(self.sides) for name in side.growing)

    def state(self) -> State:
        sides = {f"side{i}": side.state() for i, side in enumerate(self.sides)}
        return {**sides, "shared": self.shared.copy(), "done": self.done}

    def restore(self, state: State) -> None:
        for i, side in enumerate(self.sides):
            side.restore(state[f"side{i}"])
        self.shared[...], self.done = state["shared"], int(state["done"])


def _through(
    config: StreamConfig, data: Stream, both: _Both, progress: Progress, checkpoint: Checkpoint | None
) -> dict[str, Floats]:
    """Put every record through every side; what two sides share with each record, by metric."""
    sides = both.sides
    apart = pauses(config.time, data.series.timestamps)
    every = max(1, min(100, len(data) // 50))
    if checkpoint is not None:
        checkpoint.resume(both)
    moments, values = data.series.timestamps.tolist(), data.series.values.tolist()
    for i in range(both.done, len(data)):
        if i == config.outage.at:
            sides[-1].fail(config.outage)
        for side in sides:
            if apart[i] > 0.0:
                side.detector.elapse(apart[i])
            side.compute(i, moments[i], values[i])
        if len(sides) == 2:
            difference = float(sides[1].anomaly[i] - sides[0].anomaly[i])
            both.shared[:, i] = shared(sides[0].detector, sides[1].detector, difference)
        both.done = i + 1
        if both.done % every == 0 or both.done == len(data):
            progress(both.done, len(data), "records")
            if checkpoint is not None:
                checkpoint.offer(both)
    return dict(zip(SHARED, both.shared, strict=True))


def _anomaly_metrics(side: _Side, probation: int) -> dict[str, float]:
    last = max(probation, side.anomaly.size - side.anomaly.size // 4)
    return {
        "anomaly": float(side.anomaly[probation:].mean()),
        "anomaly_last_quarter": float(side.anomaly[last:].mean()),
        "likelihood": float(side.likelihood[probation:].mean()),
    }


def _alarm_metrics(
    alarms: NDArray[np.int64], data: Stream, probation: int, name: str
) -> dict[str, float | int]:
    metrics: dict[str, float | int] = {
        f"alarms_{name}": int(alarms.size),
        f"alarm_share_{name}": alarms.size / (len(data) - probation),
    }
    if data.windows is None:
        return metrics
    found = detections(alarms, data.windows, data.series.timestamps, probation)
    inside = sum(int(((alarms >= first) & (alarms <= last)).sum()) for first, last in data.windows)
    delays = [one for one in found if one is not None]
    return metrics | {
        "windows": len(found),
        f"detected_{name}": len(delays),
        f"false_alarms_{name}": int(alarms.size) - inside,
        f"precision_{name}": inside / alarms.size if alarms.size else math.nan,
        f"delay_records_{name}": float(np.mean([n for n, _ in delays])) if delays else math.nan,
        f"delay_{name}_s": float(np.mean([seconds for _, seconds in delays])) if delays else math.nan,
    }


def _rows(substrate: Substrate) -> dict[str, int]:
    """What the controller did with rows of segments."""
    events = substrate.events
    return {f"segments_{word}": events[f"segment_{word}"] for word in ("new", "reused", "freed")}


def _spent(meter: Meter, records: int) -> dict[str, float]:
    """Energy, latency and area; nothing where the substrate has no cost model."""
    if not meter.priced:
        return {}
    running = meter.between("made", "done")
    return {
        "energy_per_record_J": running.energy / records,
        "energy_setup_J": meter.between(None, "made").energy,
        "latency_per_record_s": running.latency / records,
        "area_m2": meter.area,
        "devices": meter.devices,
        **meter.defects(),
    }


def _arrays(config: StreamConfig, data: Stream, probation: int) -> dict[str, NDArray[Any]]:
    """The stream itself and what is known of it."""
    arrays: dict[str, NDArray[Any]] = {
        "timestamps": data.series.timestamps,
        "values": data.series.values,
        "probation": np.array(probation),
        "threshold": np.array(config.alarm.threshold),
        "steps": np.array(config.prediction.steps),
    }
    if data.windows is not None:
        arrays["windows"] = np.array(data.windows, dtype=np.int64).reshape(-1, 2)
    return arrays
