"""The spiking substrate under pooler and memory: ideal neurons are software, flaws are not, and a run can go on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from devices.presets import device_from
from htm.pick import BadInput
from htm.pooler import SpatialPooler, SpatialPoolerParams
from htm.software import SoftwareSubstrate
from htm.synapses import Substrate
from htm.temporal_memory import TemporalMemory, TemporalMemoryParams
from hwsim.params import CrossbarParams
from hwsim.spiking.params import NeuronParams
from hwsim.spiking.substrate import SpikingSubstrate

POOLER = SpatialPoolerParams(columns=64, density=0.1, boost_strength=2.0)
MEMORY = TemporalMemoryParams(
    columns=64, cells_per_column=4, capacity=400, synapses_per_segment=12, new_synapses=8, activation_threshold=4,
    matching_threshold=3, initial_permanence=0.4, increment=0.1, decrement=0.05,
)  # fmt: skip
RNG = np.random.default_rng(0)
CODES = [np.sort(RNG.choice(80, 12, replace=False)).astype(np.int32) for _ in range(8)]


def spiking(
    device: str = "ideal", crossbar: dict[str, Any] | None = None, **neurons: Any
) -> SpikingSubstrate:
    params = CrossbarParams(**(crossbar or {}), neurons=NeuronParams(**neurons))
    return SpikingSubstrate(device_from(device), params, seed=0)


def learn(
    substrate: Substrate, records: int = 60
) -> tuple[list[np.ndarray], list[float], SpatialPooler, TemporalMemory]:
    pooler, memory = SpatialPooler(POOLER, (80,), substrate, 0), TemporalMemory(MEMORY, substrate, 0)
    winners, anomalies = [], []
    for k in range(records):
        winners.append(pooler.compute(CODES[k % 8]))
        anomalies.append(memory.compute(winners[-1]))
    return winners, anomalies, pooler, memory


def test_ideal_neurons_and_devices_are_the_software() -> None:
    ours, theirs = learn(spiking()), learn(SoftwareSubstrate())
    assert ours[1] == theirs[1]
    assert min(ours[1][-8:]) < 0.5  # something was foretold, so that segments were compared
    assert all(np.array_equal(a, b) for a, b in zip(ours[0], theirs[0], strict=True))
    assert np.array_equal(ours[2].synapses.permanence, theirs[2].synapses.permanence)
    segments = [memory.dendrites.segments.permanence for *_, memory in (ours, theirs)]
    stored = segments[1].shape[1]  # software stores the slots in use
    assert np.array_equal(segments[0][:, :stored], segments[1])


def test_learning_is_the_hebbian_step_bit_for_bit() -> None:
    """Against numpy alone: permanences of 32 bits, raised where the input is active, lowered elsewhere, clipped."""
    rng = np.random.default_rng(4)
    pool = rng.random((64, 80)) < 0.7
    start = np.where(pool, rng.uniform(0.0, 1.0, pool.shape), 0.0).astype(np.float32)
    substrate = spiking()
    columns, plain = substrate.columns(pool, start, 0.5), start.copy()
    for k in range(40):
        active = CODES[k % 8]
        score = columns.overlap(active)
        assert np.array_equal(score, ((plain >= np.float32(0.5)) & pool)[:, active].sum(axis=1))
        winners = substrate.winners(score, 6)
        columns.adapt(winners, active, 0.03, 0.015)
        change = np.full(80, -np.float32(0.015))
        change[active] = np.float32(0.03)
        moved = np.clip(plain[winners] + change, np.float32(0), np.float32(1))
        plain[winners] = np.where(pool[winners], moved, np.float32(0))
    assert np.array_equal(columns.permanence, plain)
    assert (plain == 0).any() and (plain[pool] == 1).any()  # clipped at both ends


def test_spikes_are_counted_and_take_the_window() -> None:
    substrate = spiking(window=0.05)
    winners = learn(substrate, 10)[0]
    assert substrate.events["spike"] == sum(one.size for one in winners)
    assert substrate.loads["settle"] == pytest.approx(10 * 0.05)


@pytest.mark.parametrize("flaw", [{"threshold_sigma": 0.02}, {"time_constant_sigma": 0.1}, {"jitter": 1e-3}])
def test_flawed_neurons_choose_others(flaw: dict[str, float]) -> None:
    assert any(
        not np.array_equal(a, b) for a, b in zip(learn(spiking(**flaw))[0], learn(spiking())[0], strict=True)
    )


def test_slow_inhibition_lets_more_win() -> None:
    sizes = [
        np.mean([one.size for one in learn(spiking(inhibition_latency=late))[0]]) for late in (0.0, 2e-3)
    ]
    assert sizes[0] < sizes[1]


def test_a_run_goes_on_where_it_was_saved() -> None:
    flaws = {"threshold_sigma": 0.02, "jitter": 1e-3, "refractory": 0.09}
    a, b = spiking("rram_wan2022", **flaws), spiking("rram_wan2022", **flaws)
    rng = np.random.default_rng(1)
    scores = [rng.integers(0, 12, 64) for _ in range(12)]
    for score in scores[:6]:
        a.winners(score, 6)
    b.restore(a.state())
    for score in scores[6:]:
        assert np.array_equal(a.winners(score, 6), b.winners(score, 6))


@pytest.mark.filterwarnings("ignore:.* deprecated - use:DeprecationWarning")
def test_the_engine_of_brian2_chooses_the_same() -> None:
    pytest.importorskip("brian2", reason="the integrated engine needs brian2")
    flaws = {"threshold_sigma": 0.02, "time_constant_sigma": 0.05, "window": 0.04}
    score = np.random.default_rng(2).integers(0, 12, 64)
    assert np.array_equal(
        spiking(engine="brian2", **flaws).winners(score, 6), spiking(**flaws).winners(score, 6)
    )


def test_what_cannot_be_is_said() -> None:
    with pytest.raises(BadInput, match="at least 6 neurons must reach their threshold"):
        spiking(bias=0.5, gain=0.01).winners(np.zeros(64), 6)
    with pytest.raises(BadInput, match="inhibition: must be global"):
        spiking().local_winners(np.zeros(64), (64,), 3, 0.1, False)
