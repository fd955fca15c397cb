"""The scenario of the spiking temporal memory: what it reports, what it draws, what it refuses."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scenarios
from htm.pick import BadInput
from scenarios.figures import spiking_movie
from scenarios.plots import figures_of
from scenarios.registry import Outcome
from scenarios.results import Results
from scenarios.spiking_sequences import METRICS, SpikingSequencesConfig, run_point

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:brian2.*")

SMALL = [
    "spiking_tm.target=numpy",
    "spiking_tm.neurons=16",
    "spiking_tm.active=4",
    "spiking_tm.probability=0.5",
    # Mature after one pairing, so that two episodes show predictions.
    "spiking_tm.plasticity.potentiation=0.6",
    "spiking_tm.plasticity.homeostasis=0.4",
    'task.sequences=["AB","CD"]',
    "task.episodes=2",
]


def _load(*sets: str) -> SpikingSequencesConfig:
    config = scenarios.load("spiking_sequences", [*SMALL, *sets])
    assert isinstance(config, SpikingSequencesConfig)
    return config


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return run_point(_load(), lambda *_: None)


def test_numbers_and_arrays_belong_together(outcome: Outcome) -> None:
    metrics, arrays = outcome.metrics, outcome.arrays
    assert set(metrics) == {name for name in METRICS if "hardware" not in name}
    assert (arrays["active_software"][0] == 16).all()  # nothing is predicted yet: all fire
    assert metrics["error_software"] == pytest.approx(arrays["error_software"].mean())
    assert metrics["accuracy_software"] == pytest.approx(arrays["right_software"].mean())
    zeros = np.flatnonzero(arrays["error_software"] == 0)
    expected = zeros[0] + 1 if zeros.size else math.nan
    assert metrics["episodes_to_zero_software"] == pytest.approx(expected, nan_ok=True)
    # Where every last symbol is right the error is 0, and the other way round.
    assert np.array_equal(arrays["right_software"].all(axis=1), arrays["error_software"] == 0)
    assert arrays["active_software"].shape == (2, 4)
    for name in ("first", "last"):
        assert (
            arrays["permanence_first_software"].sum() == arrays["permanence_last_software"].sum() == 64 * 32
        )
        assert (
            arrays[f"{name}_spike_s_software"].size
            == arrays["active_software"][0 if name == "first" else 1].sum()
        )
        begun, ended = arrays[f"{name}_dap_s_software"].T
        assert (ended > begun).all()
    assert arrays["last_dap_s_software"].size > 0
    assert arrays["last_spike_predicted_software"].any()
    assert not arrays["first_spike_predicted_software"].any()


def test_a_run_is_kept_and_drawn_from_what_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = scenarios.run(_load(), out=tmp_path / "run")
    assert isinstance(results, Results)
    figures = figures_of(results)
    assert list(figures) == ["learning", "raster_software", "replay_software", "permanences", "events"]
    above, below = figures["learning"].axes
    frame = results.to_dataframe()
    (line,) = [one for one in above.lines if one.get_linewidth() > 1]
    arrays = results.arrays(str(frame["id"][0]))
    assert np.array_equal(line.get_ydata(), arrays["error_software"])
    assert below.get_xlabel() == "episode"
    first, last = figures["raster_software"].axes
    assert [text.get_text() for text in first.get_yticklabels()] == list("ABCD")
    shown = sum(len(one.get_offsets()) for one in last.collections if hasattr(one, "get_sizes"))
    assert shown == arrays["last_spike_s_software"].size
    monkeypatch.setattr(spiking_movie, "MOST_FRAMES", 6)
    drawn = [path.name for path in scenarios.plot(results, movie="gif")]
    assert drawn == [*(f"{name}.png" for name in figures), "movie_software.gif"]


def test_the_replay_is_judged_and_drawn(outcome: Outcome) -> None:
    metrics, arrays = outcome.metrics, outcome.arrays
    right = arrays["replayed_software"]
    assert metrics["replayed_software"] == pytest.approx(right.mean())
    assert metrics["replayed_and_more_software"] >= metrics["replayed_software"]
    for k, sequence in enumerate(arrays["sequences"]):
        of = arrays["replay_of_software"] == k
        played = "".join(arrays["populations"][arrays["replay_symbol_software"][of]])
        assert (played == sequence) == right[k]
        assert played.startswith(sequence[0])
    assert arrays["replay_spike_s_software"].size > 0
    # Both first symbols stand nowhere else.
    assert not arrays["replay_ambiguous_software"].any()
    without = run_point(_load("replay.enabled=false"), lambda *_: None)
    assert "replayed_software" not in without.metrics
    assert "replay_s_software" not in without.arrays
    assert without.metrics["error_software"] == metrics["error_software"]


def test_an_ideal_device_beside_it_shows_no_difference(outcome: Outcome) -> None:
    beside = run_point(_load("synapses=binary", "device=ideal"), lambda *_: None)
    assert set(beside.metrics) == set(METRICS) - {"pulses_per_synapse_hardware"}
    for name, number in outcome.metrics.items():
        if name.startswith("energy"):
            continue  # of other chips
        other = beside.metrics[name.replace("_software", "_hardware")]
        assert beside.metrics[name] == pytest.approx(number, nan_ok=True)
        assert other == pytest.approx(number, nan_ok=True)
    assert beside.metrics["writes_per_synapse_hardware"] > 0
    assert beside.metrics["checks_per_synapse_hardware"] == beside.metrics["writes_per_synapse_hardware"]
    assert beside.metrics["energy_per_episode_software_J"] == outcome.metrics["energy_per_episode_software_J"]
    parts = beside.arrays["energy_parts_with_devices"]
    assert beside.metrics["energy_per_episode_hardware_J"] == pytest.approx(parts.sum())


def test_analog_synapses_run_beside_the_ideal_ones_and_are_drawn(outcome: Outcome, tmp_path: Path) -> None:
    config = _load("synapses=analog", "device=rram_gong2018", "spiking_tm.analog.potentiation=0.6")
    results = scenarios.run(config, out=tmp_path / "run")
    assert isinstance(results, Results)
    row = results.to_dataframe().iloc[0]
    told = [name for name in METRICS if name != "checks_per_synapse_hardware"]
    assert set(told) <= set(row.index)
    for name, number in outcome.metrics.items():
        assert row[name] == pytest.approx(number, nan_ok=True)
    assert row["pulses_per_synapse_hardware"] > row["writes_per_synapse_hardware"] > 0
    assert row["energy_per_episode_hardware_J"] > 0
    assert {"learning", "raster_hardware", "permanences"} <= set(figures_of(results))


def test_what_a_device_would_do_and_binary_synapses_do_not_is_told(tmp_path: Path) -> None:
    config = _load("synapses=binary")
    found = scenarios.sweep(config, vary=["device=ideal,pcm_joshi2020"], out=tmp_path / "run")
    assert isinstance(found, Results)
    assert "drift_nu" in found.notes
    assert "is not played" in found.notes
    assert found.notes.count("binary synapses") == 1
    # Damaged arrays do not keep the table from being printed.
    for path in (found.folder / "arrays").iterdir():
        path.write_bytes(b"damaged")
    assert found.notes == ""
    alone = scenarios.run(_load("synapses=binary", "device=ideal"), out=tmp_path / "ideal")
    assert isinstance(alone, Results)
    assert alone.notes == ""


@pytest.mark.parametrize(
    ("sets", "told"),
    [
        (['task.sequences=["AB","C"]'], r"task.sequences: sequence 1: must have at least 2 symbols"),
        (["task.symbols=ABC"], "symbol without a population: 'D'"),
        (["task.probe=0.04"], "task: probe: must be shorter than interval"),
        (["task.interval=0.005"], "task: probe: must be shorter"),
        (["spiking_tm.plasticity.latest=0.04"], r"interval: must lie between spiking_tm.plasticity.soonest"),
        (["spiking_tm.excitatory.refractory=0.04"], "interval: must exceed spiking_tm.excitatory.refractory"),
        (["task.interval=0.02003"], "interval: must be whole steps"),
        (["spiking_tm.plasticity.soonest=0.09"], "latest: must exceed soonest"),
        (["spiking_tm.plasticity.latest=0.1"], r"pause: must exceed spiking_tm.plasticity.latest \(0.1 s\)"),
        (["spiking_tm.excitatory.dap_duration=0.1"], "pause: must exceed spiking_tm.excitatory.dap_duration"),
        (["spiking_tm.excitatory.dap_duration=0.01"], r"interval: must be less than 0.037 s"),
        (["task.probe=0.002"], r"probe: must exceed spiking_tm.delay \(0.002 s\)"),
        (["replay.cue_interval=0.08003"], "replay: cue_interval: must be whole steps"),
        (["replay.cue_interval=0.01"], "replay: cue_interval: must exceed"),
        (["replay.threshold_share=0"], "replay.threshold_share"),
        (["cost=cheap"], "^cost: unknown name 'cheap'"),
        (["neuron_cost=loihi3"], "^neuron_cost: unknown name 'loihi3'"),
        (["spiking_tm.active=17"], r"active: must not exceed neurons \(16\)"),
        (["spiking_tm.target=cuda"], "target"),
        (["synapses=digital"], "synapses: "),
        (["synapses=analog", "device=vcm_binary"], "device: analog synapses need .*soft_bounds.*BinaryVcm"),
        (["synapses=analog", "device=rram_gong2018", "device.drift_nu=0.1"], "device: .*drift_nu.* left out"),
        (["task.sett=II"], "unknown key"),
    ],
)
def test_bad_input_is_one_line_that_names_the_field(sets: list[str], told: str) -> None:
    with pytest.raises(BadInput, match=told) as caught:
        _load(*sets)
    assert "\n" not in str(caught.value)


def test_a_file_of_connectivity_that_does_not_fit_is_told_of(tmp_path: Path) -> None:
    file = tmp_path / "w.npz"
    made: dict[str, Any] = {"pre": np.array([0]), "post": np.array([64]), "floor": np.array([1.0])}
    np.savez(file, **made)
    config = _load(f"spiking_tm.connectivity={file}")
    with pytest.raises(BadInput, match=r"post must lie in 0..63"):
        run_point(config, lambda *_: None)


def test_the_preset_is_the_first_published_set() -> None:
    config = scenarios.load("spiking_sequences")
    assert isinstance(config, SpikingSequencesConfig)
    assert ["".join(one) for one in config.task.shown] == ["ADBE", "FDBC"]
    assert config.spiking_tm.plasticity.potentiation is None
