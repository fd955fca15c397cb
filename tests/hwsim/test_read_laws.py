"""Read-outs under every law of reads, read disturb and bent I-V curves."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from devices.presets import device_from
from hwsim.crossbar import CrossbarColumns, CrossbarSubstrate
from hwsim.params import CrossbarParams

ROWS, INPUTS = 40, 64
ACTIVE = np.arange(0, INPUTS, 2, dtype=np.int32)


def columns(fields: dict[str, Any], **params: Any) -> CrossbarColumns:
    device = device_from({"preset": "ideal", "g_min": 1e-6, "g_max": 101e-6, **fields})
    substrate = CrossbarSubstrate(device, CrossbarParams(tile_rows=32, tile_columns=32, **params), 1)
    permanence = np.random.default_rng(0).uniform(0.3, 0.7, (ROWS, INPUTS)).astype(np.float32)
    return substrate.columns(np.ones((ROWS, INPUTS), dtype=bool), permanence, 0.5)


LAWS = [
    {"read_sigma": 0.15},
    {"read_sigma": 0.15, "read_law": "log_normal"},
    {"read_sigma": 0.05, "rtn_fraction": 0.5, "rtn_amplitude": 0.3},
]


@pytest.mark.parametrize("fields", LAWS)
@pytest.mark.parametrize("readout", ["binary", "analog"])
def test_overlaps_have_the_moments_of_cells_read_one_by_one(fields: dict[str, Any], readout: str) -> None:
    """Mean and sd of every line over 400 reads, |z| < 5 over 40 lines, against reads of the cells themselves."""
    made = columns(fields, readout=readout, adc_bits=None, reference_column=False)
    array, n = made.array, 400
    seen = np.stack([made.overlap(ACTIVE).astype(float) for _ in range(n)])
    rng = np.random.default_rng(5)
    cells = np.stack([array.device.read(array.cells, slice(0, ROWS), rng)[:, ACTIVE] for _ in range(n)])
    if readout == "binary":
        wanted = (cells >= array.mapping.reference).sum(axis=2).astype(float)
    else:
        wanted = cells.astype(float).sum(axis=2) / array.mapping.span
    error = np.hypot(seen.std(axis=0), wanted.std(axis=0)) / math.sqrt(n)
    assert (np.abs(seen.mean(axis=0) - wanted.mean(axis=0)) < 5 * error).all()
    spread = wanted.std(axis=0)
    assert (np.abs(seen.std(axis=0) - spread) < 6 * spread / math.sqrt(n)).all()


@pytest.mark.parametrize("readout", ["binary", "analog"])
def test_a_read_line_is_disturbed_and_the_others_are_not(readout: str) -> None:
    made = columns({"disturb_share": 0.02}, readout=readout, adc_bits=None, reference_column=False)
    before = made.permanence.copy()
    first = made.overlap(ACTIVE).astype(float)
    for _ in range(9):
        last = made.overlap(ACTIVE).astype(float)
    expected = before.copy()
    expected[:, ACTIVE] = 1 - (1 - before[:, ACTIVE]) * 0.98**10
    np.testing.assert_allclose(made.permanence, expected, rtol=1e-4)
    assert (last >= first).all()
    assert last.sum() > first.sum()


@pytest.mark.parametrize("wire", [0.0, 1e-6])
def test_a_bent_curve_reaches_the_line_and_not_the_sense_amplifier(wire: float) -> None:
    bent = {"iv_square": (8e-5, 1e-5), "read_voltage": 0.5}
    straight, curved = columns({}, wire_ohm=wire), columns(bent, wire_ohm=wire)
    np.testing.assert_array_equal(straight.overlap(ACTIVE), curved.overlap(ACTIVE))
    made = columns(bent, readout="analog", adc_bits=None, wire_ohm=wire)
    mapping, device = made.array.mapping, made.array.device
    g = made.array.conductance(slice(0, ROWS))[:, ACTIVE].astype(float)
    current = g * 0.5 + (8e-5 + 1e-5 * np.log10(g)) * 0.25
    low, high = (x * 0.5 + (8e-5 + 1e-5 * math.log10(x)) * 0.25 for x in (1e-6, 101e-6))
    wanted = (current - low).sum(axis=1) / (high - low)
    np.testing.assert_allclose(made.overlap(ACTIVE), wanted, rtol=2e-3)
    assert mapping.unit_current == pytest.approx(high - low, rel=1e-4)
    assert not device.ohmic
