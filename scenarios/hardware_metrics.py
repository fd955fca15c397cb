"""Metrics of the hardware itself that all scenarios share; `scenarios.meter` measures them."""

from __future__ import annotations

from .registry import Metric

DEFECTS = {
    "cell_found_bad_share": Metric("cells found bad by the test at power-on, hardware"),
    "cell_lost_share": Metric("places of synapses that bad cells take after spares, hardware"),
}
"""Of the test that `crossbar.remap` makes; absent without it."""

METAL = {
    "area_m2": Metric("area of arrays and converters", "m2"),
    "devices": Metric("devices of all tiles, hardware"),
    **DEFECTS,
}

SPIKING = {
    "energy_per_record_crossbar_J": Metric(
        "energy per record with a crossbar's comparators instead of neurons, hardware", "J"
    ),
    "spikes_per_record": Metric("spikes per record, hardware"),
    "dendritic_spikes_per_record": Metric("dendritic spikes per record, hardware"),
    "synaptic_events_per_record": Metric(
        "driven synapses per record, hardware (as many additions in software, which are not priced)"
    ),
    "pulses_per_record": Metric("programming pulses per learned record, hardware"),
}
"""What is told of spiking hardware beside its energy."""
