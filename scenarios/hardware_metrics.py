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
