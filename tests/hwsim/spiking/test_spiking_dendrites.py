"""Compartments of segments: the closed form of what crosses within a window, Brian2, and a memory that uses them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from devices.presets import device_from
from htm.pick import BadInput
from htm.software import SoftwareSubstrate
from htm.synapses import Substrate
from htm.temporal_memory import TemporalMemory, TemporalMemoryParams
from hwsim.crossbar import CrossbarSubstrate
from hwsim.params import CrossbarParams
from hwsim.spiking.dendrites import Compartments, DendriteParams
from hwsim.spiking.substrate import SpikingSubstrate

ROWS, LEAST = 4000, 13
ALL = np.arange(ROWS, dtype=np.int32)
MEMORY = TemporalMemoryParams(
    columns=40, cells_per_column=4, capacity=400, synapses_per_segment=16, new_synapses=10, activation_threshold=6,
    matching_threshold=4, initial_permanence=0.55, increment=0.1, decrement=0.05,
)  # fmt: skip
SEQUENCE = [np.arange(10 * (k % 4), 10 * (k % 4) + 10, dtype=np.int32) for k in range(24)]


def compartments(rows: int = ROWS, seed: int = 0, **fields: Any) -> Compartments:
    return Compartments(DendriteParams(**fields), rows, seed, "test")


def spiking(device: str = "ideal", readout: str = "binary", **dendrites: Any) -> SpikingSubstrate:
    params = CrossbarParams(readout=readout, dendrites=DendriteParams(**dendrites))
    return SpikingSubstrate(device_from(device), params, 0)


def learn(substrate: Substrate, records: int = len(SEQUENCE)) -> tuple[list[float], TemporalMemory]:
    memory = TemporalMemory(MEMORY, substrate, 0)
    return [memory.compute(columns) for columns in SEQUENCE[:records]], memory


def test_with_all_the_time_a_segment_is_active_from_its_number_of_synapses_on() -> None:
    overlap = np.arange(ROWS) % 30
    assert np.array_equal(compartments().crossing(ALL, overlap, LEAST), overlap >= LEAST)


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0, 3.0, 5.0, 12.0])
@pytest.mark.parametrize("margin", [0.0, 0.5])
def test_a_short_window_asks_for_more_synapses(ratio: float, margin: float) -> None:
    # n (1 - exp(-T / tau)) > A - m, so n from the next whole number above (A - m) / (1 - exp(-T / tau)) on.
    overlap = np.arange(ROWS) % 60
    seen = compartments(time_constant=20e-3, window=20e-3 * ratio, margin=margin)
    wanted = math.floor((LEAST - margin) / (1.0 - math.exp(-ratio))) + 1
    assert np.array_equal(seen.crossing(ALL, overlap, LEAST), overlap >= wanted)


def _normal_cdf(x: float) -> float:
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))


@pytest.mark.parametrize("overlap", [11, 12, 13, 14])
def test_thresholds_spread_as_said(overlap: int) -> None:
    # n > (A - 1/2)(1 + sigma x)
    wanted = _normal_cdf((overlap / 12.5 - 1.0) / 0.1)
    seen = compartments(threshold_sigma=0.1).crossing(ALL, np.full(ROWS, overlap), LEAST).mean()
    assert abs(seen - wanted) < 4.0 * math.sqrt(wanted * (1 - wanted) / ROWS)


@pytest.mark.parametrize("overlap", [13, 14, 15])
def test_time_constants_spread_as_said(overlap: int) -> None:
    # n (1 - exp(-T / tau)) > A - 1/2 where tau < T / -ln(1 - (A - 1/2) / n), ln tau normal about ln 10 ms
    longest = 20e-3 / -math.log(1.0 - 12.5 / overlap)
    wanted = _normal_cdf(math.log(longest / 10e-3) / 0.3)
    seen = (
        compartments(time_constant_sigma=0.3, window=20e-3)
        .crossing(ALL, np.full(ROWS, overlap), LEAST)
        .mean()
    )
    assert abs(seen - wanted) < 4.0 * math.sqrt(wanted * (1 - wanted) / ROWS)


def test_a_chip_keeps_its_spread_and_another_has_its_own() -> None:
    overlap = np.full(ROWS, LEAST)
    one, again, other = (
        compartments(seed=seed, threshold_sigma=0.1).crossing(ALL, overlap, LEAST) for seed in (0, 0, 1)
    )
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    some = ALL[100:200]
    assert np.array_equal(
        compartments(threshold_sigma=0.1).crossing(some, overlap[some], LEAST), one[100:200]
    )


# Brian2 2.9 calls its parser by names that the parser's newest version deprecates.
@pytest.mark.filterwarnings("ignore:.* deprecated - use:DeprecationWarning")
def test_brian2_crosses_where_the_closed_form_does() -> None:
    brian2 = pytest.importorskip("brian2", reason="needs brian2")
    ours = compartments(600, threshold_sigma=0.1, time_constant_sigma=0.3, window=25e-3)
    overlap = np.random.default_rng(1).integers(8, 22, 600)
    group = brian2.NeuronGroup(
        600,
        "dv/dt = (ri - v) / tau : 1\nri : 1\ntheta : 1\ntau : second\ncrossed : boolean",
        threshold="v > theta and not crossed",
        reset="crossed = True",
        method="exact",
        clock=brian2.Clock(dt=1e-3 * brian2.second),
        codeobj_class=brian2.NumpyCodeObject,
    )
    group.ri, group.tau = overlap, ours.time_constant * brian2.second
    group.theta = (LEAST - 0.5) * ours.scale
    brian2.Network(group).run(25e-3 * brian2.second, namespace={})
    seen = ours.crossing(ALL[:600], overlap, LEAST)
    assert np.array_equal(np.asarray(group.crossed), seen)
    assert 0.2 < seen.mean() < 0.8
    assert not np.array_equal(seen, overlap >= LEAST)


def test_ideal_compartments_are_the_software() -> None:
    ours, theirs = learn(spiking()), learn(SoftwareSubstrate())
    assert ours[0] == theirs[0]
    assert ours[0][-1] == 0.0
    # and at any window that leaves 6 synapses above 5.5
    assert learn(spiking(window=25e-3))[0] == theirs[0]


def test_a_window_that_is_too_short_predicts_nothing() -> None:
    # 10 driven synapses come to 10 (1 - exp(-0.5)) = 3.9 < 5.5
    anomalies, _ = learn(spiking(window=5e-3))
    assert anomalies == [1.0] * len(SEQUENCE)


def test_dendritic_spikes_and_driven_synapses_are_counted() -> None:
    substrate = spiking(window=50e-3)
    _, memory = learn(substrate, len(SEQUENCE) - 1)  # the last record is foretold
    before = (
        substrate.events["dendritic_spike"],
        substrate.events["synaptic_event"],
        substrate.loads["settle"],
    )
    memory.predict()
    dendrites = memory.dendrites
    assert substrate.events["dendritic_spike"] - before[0] == dendrites.predicts.sum() > 0
    assert substrate.events["synaptic_event"] - before[1] == dendrites.potential.sum() > 0
    assert substrate.loads["settle"] - before[2] == pytest.approx(50e-3)
    memory.predictive_cells, memory.predicted  # noqa: B018 (looks are free)
    assert substrate.events["dendritic_spike"] - before[0] == dendrites.predicts.sum()


def test_a_crossbar_has_no_compartments() -> None:
    params = CrossbarParams(dendrites=DendriteParams(window=1e-6))
    substrate = CrossbarSubstrate(device_from("ideal"), params, 0)
    assert learn(substrate)[0] == learn(SoftwareSubstrate())[0]
    assert not {"dendritic_spike", "synaptic_event"} & substrate.events.keys()


def test_a_memory_goes_on_where_it_was_saved_its_decisions_included() -> None:
    flaws = {"threshold_sigma": 0.1, "time_constant_sigma": 0.2, "window": 30e-3}
    (_, a), b = learn(spiking("rram_wan2022", "analog", **flaws)), spiking("rram_wan2022", "analog", **flaws)
    a.predict()
    restored = TemporalMemory(MEMORY, b, 0)
    restored.restore(a.state())
    b.restore(a.substrate.state())
    assert restored.dendrites.predicts.any()
    for columns in SEQUENCE:
        assert a.compute(columns) == restored.compute(columns)
    assert a.substrate.events == b.events


def test_bad_input_is_one_line() -> None:
    with pytest.raises(BadInput, match=r"DendriteParams.window: .*greater than 0"):
        DendriteParams(window=0)
    with pytest.raises(BadInput, match=r"DendriteParams.margin: .*less than 1"):
        DendriteParams(margin=1.5)
    segments = spiking().segments(10, 4, 4, 0.5)
    none = np.zeros(0, dtype=np.int32)
    with pytest.raises(BadInput, match=r"least: must be at least 1, got 0"):
        segments.fire(none, none, none, 0)
