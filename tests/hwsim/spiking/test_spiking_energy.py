"""What spiking costs: counts by hand, prices by the preset."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from devices.presets import device_from
from hwsim.crossbar import CrossbarSubstrate
from hwsim.params import CrossbarParams
from hwsim.spiking.params import NeuronParams
from hwsim.spiking.substrate import SpikingSubstrate
from scenarios.meter import Meter

POOL = np.random.default_rng(0).random((30, 50)) < 0.6
ACTIVE = np.arange(0, 50, 4, dtype=np.int32)


def watched(maker: type[CrossbarSubstrate], **crossbar: Any) -> tuple[CrossbarSubstrate, Meter]:
    """Five reads and competitions between the marks "made" and "done"."""
    params = CrossbarParams(neurons=NeuronParams(window=0.05), **crossbar)
    substrate = maker(device_from("rram_wan2022"), params, 0)
    meter = Meter(substrate, params, "isaac_puma", "loihi")
    columns = substrate.columns(POOL, np.where(POOL, 0.6, 0).astype(np.float32), 0.5)
    meter.mark("made")
    for _ in range(5):
        substrate.winners(columns.overlap(ACTIVE), 3)
    meter.mark("done")
    return substrate, meter


def test_spikes_and_synaptic_events_are_counted_and_spikes_priced() -> None:
    substrate, meter = watched(SpikingSubstrate)
    assert substrate.events["spike"] == 15
    assert substrate.events["synaptic_event"] == 5 * POOL[:, ACTIVE].sum()
    found = meter.between("made", "done")
    assert found.breakdown["neurons"] == pytest.approx(15 * 1.7e-12)
    assert found.energy == pytest.approx(sum(found.breakdown.values()))
    assert found.latency > 5 * 0.05


def test_beside_it_stands_what_a_crossbar_would_take() -> None:
    _, ours = watched(SpikingSubstrate)
    crossbar, theirs = watched(CrossbarSubstrate)
    plain = theirs.between("made", "done")
    told = ours.spiking(("made", "done", 5), (None, "made", 1))
    assert told["energy_per_record_crossbar_J"] == pytest.approx(plain.energy / 5)
    assert ours.between("made", "done", comparators=True).latency == pytest.approx(plain.latency)
    assert told["spikes_per_record"] == 3
    assert told["synaptic_events_per_record"] == POOL[:, ACTIVE].sum()
    assert theirs.spiking(("made", "done", 5), ("made", "done", 5)) == {}
    assert not {"spike", "synaptic_event", "integrate"} & crossbar.events.keys()


def test_lines_that_charge_neurons_themselves_are_driven_for_the_window() -> None:
    # 50 ms against the preset's 100 ns; with an ADC between them neurons get a number.
    direct = watched(SpikingSubstrate, readout="analog", adc_bits=None)[1].between("made", "done").breakdown
    number = watched(SpikingSubstrate, readout="analog")[1].between("made", "done").breakdown
    for part in ("array read", "drivers"):
        assert direct[part] == pytest.approx(number[part] * 0.05 / 100e-9)
        assert number[part] > 0
    names = watched(SpikingSubstrate)[1].arrays({"test": ("made", "done", 5)})
    assert list(names["energy_names"])[-1] == "neurons"
    assert "Neurons: " in str(names["energy_assumed"])
