"""Handwritten digits through a spatial pooler, in software and on hardware: same images, wiring and start.

Both poolers learn the training images in the same order without labels; a softmax classifier then reads their
codes. The classifier is trained on codes taken right after learning; the test may come after a pause, during
which devices drift.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from devices.units import Second
from htm import measures
from htm.bits import Bits
from htm.classifier import SoftmaxClassifier, SoftmaxClassifierParams
from htm.encoders import ImageEncoder, ImageEncoderParams
from htm.pick import Params
from htm.pooler import SpatialPooler, SpatialPoolerParams
from htm.streams import stream
from hwsim.crossbar import CrossbarColumns

from .beside import BesideConfig
from .data import DataParams, LabelledImages, load_images
from .hardware_metrics import METAL, SPIKING
from .meter import Meter
from .registry import Metric, Outcome, Progress
from .substrates import SUBSTRATES

Codes: TypeAlias = list[Bits]


class TimeParams(Params):
    """What the clock does while devices age."""

    record: Second = Field(default=0.0, ge=0.0, description="time between records [s]")
    pause: Second = Field(default=0.0, ge=0.0, description="time between learning and test [s]")


class LearningParams(Params):
    """How long to learn."""

    passes: int = Field(default=1, ge=0, description="passes over the training images")


class RobustnessParams(Params):
    """How noise robustness is measured."""

    records: int = Field(default=50, ge=1, description="test images used")
    levels: int = Field(default=21, ge=2, description="shares of moved input bits from 0 to 1")


class DigitsConfig(BesideConfig):
    """Everything that decides a run of the digits scenarios."""

    substrate: str = Field(default="crossbar", description="what runs beside the software")
    data: DataParams = Field(default_factory=DataParams)
    encoder: ImageEncoderParams = Field(default_factory=ImageEncoderParams)
    pooler: SpatialPoolerParams = Field(default_factory=SpatialPoolerParams)
    learning: LearningParams = Field(default_factory=LearningParams)
    classifier: SoftmaxClassifierParams = Field(default_factory=SoftmaxClassifierParams)
    robustness: RobustnessParams = Field(default_factory=RobustnessParams)
    time: TimeParams = Field(default_factory=TimeParams)


METRICS: dict[str, Metric] = {
    "accuracy_raw": Metric("classification accuracy, raw pixels", headline=True),
    "accuracy_software": Metric("classification accuracy, software", headline=True),
    "accuracy_hardware": Metric("classification accuracy, hardware", headline=True),
    "fidelity": Metric("fidelity: winners shared by software and hardware", headline=True),
    "sparsity_software": Metric("sparsity, software"),
    "sparsity_hardware": Metric("sparsity, hardware"),
    "entropy_software_bit": Metric("entropy of a column, software", "bit"),
    "entropy_hardware_bit": Metric("entropy of a column, hardware", "bit"),
    "noise_robustness_software": Metric("noise robustness, software"),
    "noise_robustness_hardware": Metric("noise robustness, hardware"),
    "energy_per_record_J": Metric("energy per test image, hardware", "J", headline=True),
    "energy_learning_J": Metric("energy of learning and its set-up, hardware", "J"),
    **SPIKING,
    "latency_per_record_s": Metric("latency per test image, hardware", "s"),
    "pulses_per_device_mean": Metric("pulses that a device in use has seen, mean, hardware"),
    "pulses_per_device_most": Metric("pulses that the busiest device has seen, hardware"),
    **METAL,
}


@dataclass(frozen=True)
class _Task:
    """Encoded images and their labels."""

    images: LabelledImages
    train: Codes
    test: Codes
    n_inputs: int


@dataclass(frozen=True)
class _Run:
    """What a learned pooler made of the images."""

    codes: Codes
    accuracy: float
    predicted: NDArray[np.int64]
    robustness: NDArray[np.float64]


def run_point(config: DigitsConfig, progress: Progress) -> Outcome:
    """One point: software (kept between points that share it), then hardware on the same data and wiring.

    Parameters
    ----------
    config : the resolved parameters
    progress : told how far it is, in images
    """
    steps = _Steps(config, progress)
    task, raw_accuracy, software = _software_half(config, steps)
    substrate = SUBSTRATES[config.substrate](config.device, config.crossbar, config.seed)
    pooler = SpatialPooler(config.pooler, task.images.shape, substrate, config.seed)
    before = _conductances(pooler)
    meter = Meter(substrate, config.crossbar, config.cost, config.neuron_cost)
    meter.mark("made")
    hardware = _learn_and_test(config, task, pooler, steps, config.substrate, meter)
    fidelity = np.array([measures.match(a, b) for a, b in zip(software.codes, hardware.codes, strict=True)])
    n, labels = config.pooler.columns, task.images.test_labels
    metrics: dict[str, float | int] = {"accuracy_raw": raw_accuracy, "fidelity": float(fidelity.mean())}
    arrays: dict[str, NDArray[Any]] = {"fidelity_per_record": fidelity, "labels": labels}
    for name, result in (("software", software), ("hardware", hardware)):
        metrics[f"accuracy_{name}"] = result.accuracy
        metrics[f"sparsity_{name}"] = measures.sparsity(result.codes, n)
        metrics[f"entropy_{name}_bit"] = measures.entropy(result.codes, n)
        metrics[f"noise_robustness_{name}"] = float(result.robustness.mean())
        arrays[f"predicted_{name}"] = result.predicted
        arrays[f"robustness_{name}"] = result.robustness
        arrays[f"confusion_{name}"] = _confusion(labels, result.predicted, task.images.classes)
    metrics |= _spent(meter, len(task.test))
    learned = len(task.train) * config.learning.passes
    metrics |= meter.spiking(("test", "tested", len(task.test)), ("made", "learned", learned))
    arrays |= meter.arrays(
        {"learning": ("made", "learned", learned), "test": ("test", "tested", len(task.test))}
        if learned
        else {"test": ("test", "tested", len(task.test))}
    )
    arrays |= _conductance_pictures(before, _conductances(pooler))
    arrays["robustness_noise_levels"] = _levels(config)
    arrays |= _examples(task, software.codes, hardware.codes)
    return Outcome(metrics=dict(sorted(metrics.items())), arrays=arrays)


class _Steps:
    """Counts images for the progress bar."""

    def __init__(self, config: DigitsConfig, progress: Progress) -> None:
        self._progress, self._done, self._total = progress, 0, 0
        self._what = "encoding"

    def expect(self, n: int) -> None:
        self._total += n

    def start(self, what: str) -> None:
        self._what = what

    def step(self) -> None:
        self._done += 1
        if self._done % 50 == 0 or self._done == self._total:
            self._progress(self._done, self._total, self._what)


def _spent(meter: Meter, n_test: int) -> dict[str, float]:
    """Energy, latency and area; nothing where the substrate has no cost model."""
    if not meter.priced:
        return {}
    learning, test = meter.between(None, "learned"), meter.between("test", "tested")
    worn = meter.wear("tested", n_test, 0.0)
    del worn["life_years"]  # images come in no time that is theirs
    return {
        "energy_per_record_J": test.energy / n_test,
        "energy_learning_J": learning.energy,
        "latency_per_record_s": test.latency / n_test,
        **worn,
        "area_m2": meter.area,
        "devices": meter.devices,
        **meter.defects(),
    }


_KEPT: OrderedDict[str, tuple[_Task, float, _Run]] = OrderedDict()
"""Software halves of this process, by the parameters that decide them; the two last used are kept."""


def _software_half(config: DigitsConfig, steps: _Steps) -> tuple[_Task, float, _Run]:
    """Images, baseline accuracy and the software run: the same for every device, so made once a process."""
    key = config.model_dump_json(exclude={"device", "crossbar", "substrate", "time", "cost", "neuron_cost"})
    if key not in _KEPT:
        task = _encode(config)
        per_run = len(task.train) * (config.learning.passes + 1) + len(task.test)
        steps.expect(2 * per_run)
        raw, _ = _classify(config, task, task.train, task.test, task.n_inputs)
        pooler = SpatialPooler(
            config.pooler,
            task.images.shape,
            SUBSTRATES["software"](config.device, config.crossbar, 0),
            config.seed,
        )
        _KEPT[key] = (task, raw, _learn_and_test(config, task, pooler, steps, "software", None))
        while len(_KEPT) > 2:
            _KEPT.popitem(last=False)
    else:
        task = _KEPT[key][0]
        steps.expect(len(task.train) * (config.learning.passes + 1) + len(task.test))
        _KEPT.move_to_end(key)
    return _KEPT[key]


def _encode(config: DigitsConfig) -> _Task:
    images = load_images(config.data)
    encoder = ImageEncoder(config.encoder, images.shape)
    return _Task(
        images=images,
        train=[encoder.encode(image) for image in images.train_images],
        test=[encoder.encode(image) for image in images.test_images],
        n_inputs=encoder.size,
    )


def _learn_and_test(
    config: DigitsConfig, task: _Task, pooler: SpatialPooler, steps: _Steps, name: str, meter: Meter | None
) -> _Run:
    """Learn without labels, then take codes with learning off; test codes come after the pause."""
    steps.start(f"{name}: learning")
    order = stream(config.seed, "data.order")
    for _ in range(config.learning.passes):
        for i in order.permutation(len(task.train)):
            pooler.compute(task.train[i])
            pooler.synapses.elapse(config.time.record)
            steps.step()
    if meter is not None:
        meter.mark("learned")
    steps.start(f"{name}: reading codes")
    train = _codes(config, pooler, task.train, steps)
    pooler.synapses.elapse(config.time.pause)
    if meter is not None:
        meter.mark("test")
    test = _codes(config, pooler, task.test, steps)
    if meter is not None:
        meter.mark("tested")
    accuracy, predicted = _classify(config, task, train, test, config.pooler.columns)
    n = config.robustness.records
    robustness = measures.noise_robustness(
        task.test[:n],
        test[:n],
        task.n_inputs,
        lambda bits: pooler.compute(bits, learn=False),
        _levels(config),
        stream(config.seed, "robustness"),
    )
    return _Run(codes=test, accuracy=accuracy, predicted=predicted, robustness=robustness)


def _codes(config: DigitsConfig, pooler: SpatialPooler, inputs: Codes, steps: _Steps) -> Codes:
    codes = []
    for bits in inputs:
        codes.append(pooler.compute(bits, learn=False))
        pooler.synapses.elapse(config.time.record)
        steps.step()
    return codes


def _classify(
    config: DigitsConfig, task: _Task, train: Codes, test: Codes, n_bits: int
) -> tuple[float, NDArray[np.int64]]:
    """Accuracy and predicted labels of the classifier trained on `train`."""
    classifier = SoftmaxClassifier(n_bits, max(2, task.images.classes), config.classifier, config.seed)
    classifier.fit(train, task.images.train_labels)
    predicted = classifier.predict(test)
    return float(np.mean(predicted == task.images.test_labels)), predicted


def _levels(config: DigitsConfig) -> NDArray[np.float64]:
    return np.linspace(0.0, 1.0, config.robustness.levels)


def _confusion(labels: NDArray[np.int32], predicted: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Counts, (classes, classes): rows are true labels, columns predicted ones."""
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (labels, predicted), 1)
    return counts


def _conductances(pooler: SpatialPooler) -> tuple[NDArray[np.bool_], NDArray[np.float32]] | None:
    """Pool and conductances [S] of a crossbar's columns, or nothing where there are none."""
    synapses = pooler.synapses
    if not isinstance(synapses, CrossbarColumns):
        return None
    return synapses.pool, synapses.array.conductance(slice(0, synapses.rows)).copy()


def _conductance_pictures(
    before: tuple[NDArray[np.bool_], NDArray[np.float32]] | None,
    after: tuple[NDArray[np.bool_], NDArray[np.float32]] | None,
) -> dict[str, NDArray[Any]]:
    """Histograms over all synapses, and a block of the crossbar, before and after learning."""
    if before is None or after is None:
        return {}
    pool = before[0]
    first = max(0, pool.shape[0] // 2 - 64)  # columns from the middle, where images have something to show
    rows = slice(first, first + 128)
    slots = _busiest_slots(pool[rows])
    low = min(float(before[1][pool].min()), float(after[1][pool].min()))
    high = max(float(before[1][pool].max()), float(after[1][pool].max()))
    edges = np.linspace(low, high if high > low else low + 1e-12, 61)
    pictures: dict[str, NDArray[Any]] = {"histogram_edges_S": edges}
    for name, (_, g) in (("before", before), ("after", after)):
        pictures[f"histogram_{name}"] = np.histogram(g[pool], bins=edges)[0]
        pictures[f"conductance_{name}_S"] = np.where(pool, g, np.float32(np.nan))[rows, slots]
    return pictures


def _busiest_slots(pool: NDArray[np.bool_]) -> slice:
    """The 128 neighbouring inputs that some columns reach most."""
    width = min(128, pool.shape[1])
    sums = np.concatenate([[0], np.cumsum(pool.sum(axis=0))])
    start = int(np.argmax(sums[width:] - sums[:-width]))
    return slice(start, start + width)


def _examples(task: _Task, software: Codes, hardware: Codes) -> dict[str, NDArray[Any]]:
    """A few test images with their winners in both runs, -1 where fewer won."""
    n = min(8, len(task.test))
    width = max(1, *(code.size for code in (*software[:n], *hardware[:n])))

    def padded(codes: Codes) -> NDArray[np.int32]:
        rows = np.full((n, width), -1, dtype=np.int32)
        for i, code in enumerate(codes[:n]):
            rows[i, : code.size] = code
        return rows

    return {
        "example_images": task.images.test_images[:n],
        "example_labels": task.images.test_labels[:n],
        "example_winners_software": padded(software),
        "example_winners_hardware": padded(hardware),
    }
