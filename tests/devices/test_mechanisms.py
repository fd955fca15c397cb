"""Mechanisms that every model has, or all that age: reads, faults, wear, disturb, temperature, I-V curves.

Statistical bounds: 4.5 standard errors, fixed seeds.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from devices.cells import Cells
from devices.faults import DEAD, OK, STUCK_OFF, STUCK_ON, WORN
from devices.model import DeviceModel
from devices.presets import DEVICES, device_from, override
from devices.retention import BOLTZMANN, AgeingDevice
from htm.pick import BadInput
from htm.streams import save_stream, stream

F = np.float32
SHAPE = (100, 200)
N = 20_000


def at(device: DeviceModel, place: float, seed: int = 0) -> Cells:
    """Cells put exactly at a place in the range."""
    cells = device.fabricate(SHAPE, np.random.default_rng(seed))
    cells.g[...] = device.g_min + place * device.span
    return cells


def ideal(**overrides: Any) -> DeviceModel:
    return device_from({"preset": "ideal", "g_min": 1e-6, "g_max": 101e-6, **overrides})


# Reads ------------------------------------------------------------------------------------------------------


def test_log_normal_reads_keep_the_mean_and_have_the_sd_of_the_logarithm() -> None:
    device = ideal(read_sigma=0.4, read_law="log_normal")
    cells = at(device, 0.5)
    seen = device.read(cells, ..., np.random.default_rng(1)).astype(float)
    assert seen.min() > 0
    assert abs(np.log(seen).std() - 0.4) < 4.5 * 0.4 / math.sqrt(2 * N)
    sd = float(device.read_noise(cells, ..., cells.g)[0, 0])
    assert sd == pytest.approx(51e-6 * math.sqrt(math.expm1(0.16)), rel=1e-5)
    assert abs(seen.mean() - 51e-6) < 4.5 * sd / math.sqrt(N)


def test_laws_of_reads_agree_where_noise_is_small() -> None:
    seen = [
        device.read(at(device, 0.5), ..., np.random.default_rng(1))
        for device in (ideal(read_sigma=0.001), ideal(read_sigma=0.001, read_law="log_normal"))
    ]
    np.testing.assert_allclose(seen[0], seen[1], rtol=2e-5)


def test_telegraph_noise_has_two_levels_whose_step_grows_with_resistance() -> None:
    device = ideal(rtn_fraction=0.3, rtn_amplitude=0.02, rtn_power=0.5, rtn_duty=0.25)
    for place in (1.0, 0.1):
        cells = at(device, place)
        g = float(cells.g[0, 0])
        reads = np.stack([device.read(cells, ..., np.random.default_rng(seed)) for seed in range(60)])
        trapped = np.ptp(reads, axis=0) > 0
        assert abs(trapped.mean() - 0.3) < 4.5 * math.sqrt(0.21 / N)
        step = 0.02 * math.sqrt(101e-6 / g)
        levels = np.unique(np.round(reads[:, trapped] / g, 5))
        np.testing.assert_allclose(levels, [1 - 0.75 * step, 1 + 0.25 * step], atol=2e-5)
        low = float((reads[:, trapped] < g).mean())
        assert abs(low - 0.25) < 4.5 * math.sqrt(0.1875 / reads[:, trapped].size)
        assert abs(reads.mean() / g - 1) < 1e-3  # the time average is the conductance
        sd = device.read_noise(cells, ..., cells.g)[trapped]
        np.testing.assert_allclose(sd, g * step * math.sqrt(0.1875), rtol=1e-4)


@pytest.mark.parametrize(
    "fields",
    [
        {"read_sigma": 0.2},
        {"read_sigma": 0.3, "read_law": "log_normal"},
        {"read_sigma": 0.05, "rtn_fraction": 1.0, "rtn_amplitude": 0.3, "rtn_power": 0, "rtn_duty": 0.3},
        {
            "read_sigma": 0.1,
            "read_law": "log_normal",
            "rtn_fraction": 1.0,
            "rtn_amplitude": 0.4,
            "rtn_duty": 0.6,
        },
    ],
)
@pytest.mark.parametrize("place", [0.4, 0.5, 0.65])
def test_margin_has_the_probability_of_a_read(fields: dict[str, Any], place: float) -> None:
    device = ideal(**fields)
    cells = at(device, place)
    reference = F(51e-6)
    margin = float(device.margin(cells, ..., cells.g, reference)[0, 0])
    p = 0.5 * math.erfc(-margin / math.sqrt(2))
    share = float(np.mean([device.read(cells, ..., np.random.default_rng(i)) >= reference for i in range(5)]))
    assert abs(share - p) < 4.5 * math.sqrt(p * (1 - p) / (5 * N)) + 1e-4


def test_a_law_of_reads_never_shifts_the_next_draws() -> None:
    after = []
    for fields in ({}, {"read_law": "log_normal"}, {"rtn_fraction": 0.5}):
        device = ideal(read_sigma=0.1, **fields)
        rng = stream(3, "read")
        device.read(at(device, 0.5), ..., rng)
        after.append(save_stream(rng))
    assert after[0] == after[1] == after[2]


# Disturb ----------------------------------------------------------------------------------------------------


def test_reads_disturb_until_the_cell_is_programmed() -> None:
    device, rng = ideal(disturb_share=0.01), np.random.default_rng(0)
    cells = at(device, 0.2)
    rows = np.array([1, 4], dtype=np.int32)
    for _ in range(5):
        device.read(cells, rows, rng)
    device.note_line_reads(cells, np.array([7], dtype=np.int32))
    times = np.zeros(SHAPE)
    times[rows] = 5
    times[:, 7] += 1
    expected = 101e-6 - 80e-6 * 0.99**times
    np.testing.assert_allclose(device.conductance(cells, ...), expected, rtol=1e-5)
    device.pulse(cells, (np.array([1]), np.array([7])), np.full(1, 1e-30, dtype=F), rng)
    times[1, 7] = 0
    held = device.conductance(cells, ...)
    assert held[1, 7] == pytest.approx(expected[1, 7], rel=1e-5)
    device.note_line_reads(cells, np.array([7], dtype=np.int32))
    assert device.conductance(cells, ...)[1, 7] == pytest.approx(
        101e-6 - (101e-6 - held[1, 7]) * 0.99, rel=1e-5
    )


def test_without_disturb_nothing_is_counted() -> None:
    assert "reads" not in ideal().fabricate((2, 2), np.random.default_rng(0)).more


# Faults and wear --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(DEVICES))
def test_dead_cells_are_as_many_as_told_and_never_move(name: str) -> None:
    device = device_from({"preset": name, "dead_fraction": 0.2, "stuck_on_fraction": 0.1})
    cells, rng = device.fabricate(SHAPE, np.random.default_rng(0)), np.random.default_rng(1)
    dead = cells.more["stuck"] == DEAD
    assert abs(dead.mean() - 0.18) < 4.5 * math.sqrt(0.18 * 0.82 / N)
    g = cells.g[dead]
    place = (g - device.g_min) / device.span
    assert abs(place.mean() - 0.5) < 4.5 * math.sqrt(1 / 12 / dead.sum())
    device.pulse(cells, ..., np.full(SHAPE, 3 if device.whole_pulses else 0.2, dtype=F), rng)
    device.write(cells, ..., np.full(SHAPE, device.g_max, dtype=F), rng)
    device.relax(cells, 1e6)
    np.testing.assert_array_equal(device.conductance(cells, ...)[dead], g)


@pytest.mark.parametrize("name", ["ideal", "rram_gong2018", "rram_wan2022", "pcm_nandakumar2020"])
def test_cells_wear_out_after_a_log_normal_number_of_pulses(name: str) -> None:
    device = device_from({"preset": name, "endurance": 200, "endurance_sigma": 0.5, "dead_fraction": 0})
    cells, rng = device.fabricate(SHAPE, np.random.default_rng(0)), np.random.default_rng(1)
    rows = np.arange(SHAPE[0], dtype=np.int32)
    done = 0
    for total in (100, 200, 400):
        device.pulse(cells, rows, np.full(SHAPE, total - done, dtype=F), rng)
        done = total
        worn = cells.more["stuck"] == WORN
        p = 0.5 * math.erfc(-math.log(total / 200) / 0.5 / math.sqrt(2))
        assert abs(worn.mean() - p) < 4.5 * math.sqrt(p * (1 - p) / N)
    g = cells.g[worn].copy()
    device.write(cells, ..., np.full(SHAPE, device.g_max, dtype=F), rng)
    np.testing.assert_array_equal(cells.g[worn], g)


def test_a_write_wears_like_a_pulse() -> None:
    device = ideal(endurance=2.5)
    cells = device.fabricate((3, 3), np.random.default_rng(0))
    target = np.full((3, 3), 5e-5, dtype=F)
    for expected in (OK, OK, WORN):
        device.write(cells, ..., target, np.random.default_rng(1))
        assert (cells.more["stuck"] == expected).all()


@pytest.mark.parametrize(
    ("name", "on", "off"), [("chen2015_mostly_on", 0.0904, 0.0175), ("chen2015_mostly_off", 0.0175, 0.0904)]
)
def test_both_assignments_of_the_quoted_stuck_shares(name: str, on: float, off: float) -> None:
    device = device_from({"preset": "rram_wan2022", "faults": name})
    assert (device.stuck_on_fraction, device.stuck_off_fraction) == (on, off)
    stuck = device.fabricate(SHAPE, np.random.default_rng(0)).more["stuck"]
    for code, share in ((STUCK_ON, on), (STUCK_OFF, off)):
        assert abs((stuck == code).mean() - share) < 4.5 * math.sqrt(share * (1 - share) / N)
    other = override(device, {"faults": "chen2015_mostly_on"})
    assert override(other, {"faults": name}) == device
    changed = override(device, {"stuck_on_fraction": 0.5})
    assert (changed.faults, changed.stuck_on_fraction, changed.stuck_off_fraction) == (None, 0.5, off)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"faults": "chen2015_mostly_on", "stuck_on_fraction": 0.2},
            "device: faults: gives stuck_on_fraction = 0.0904",
        ),
        ({"faults": "chen"}, "device.faults: "),
        (
            {"stuck_on_fraction": 0.7, "stuck_off_fraction": 0.6},
            "device: stuck_on_fraction + stuck_off_fraction: ",
        ),
        ({"endurance": 0}, "device.endurance: "),
        ({"disturb_share": 1}, "device.disturb_share: "),
        ({"read_law": "cauchy"}, "device.read_law: "),
        ({"iv_sinh": 2, "iv_square": (1.0,)}, "device: iv_sinh: "),
        ({"iv_square": (1.0,)}, "device: g_min: must be above 0 S"),
        ({"g_min": 1e-3, "iv_square": (-1.0,)}, "device: iv_square, iv_cubic: must not turn"),
        ({"temperature": 300}, "device.temperature: unknown key"),
    ],
)
def test_bad_values_are_refused_in_one_line(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput) as refused:
        device_from({"preset": "ideal", **fields})
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


# Time and temperature ---------------------------------------------------------------------------------------

AGEING = sorted(name for name in DEVICES if isinstance(device_from(name), AgeingDevice))


@pytest.mark.parametrize("name", AGEING)
def test_warmth_is_time(name: str) -> None:
    """Arrhenius: 350 K with 0.6 eV for a while are 300 K for longer, but for the reads' own 1/f noise."""
    fields = {} if device_from(name).ages else {"drift_nu": 0.05, "drift_nu_sigma": 0.01}
    if name == "rram_milo2021":
        pytest.skip("written levels without published retention: nothing ages")
    factor = math.exp(0.6 / BOLTZMANN * (1 / 300 - 1 / 350))
    warm = device_from({"preset": name, **fields, "temperature": 350, "activation_energy": 0.6})
    cold = device_from({"preset": name, **fields})
    assert warm.acceleration == pytest.approx(factor)
    seen = []
    for device, seconds in ((warm, 3e3), (cold, 3e3 * factor)):
        cells = device.fabricate((20, 20), np.random.default_rng(0))
        device.write(cells, ..., np.full((20, 20), device.g_max / 2, dtype=F), np.random.default_rng(1))
        before = device.conductance(cells, ...)
        device.relax(cells, seconds)
        seen.append(device.conductance(cells, ...))
    np.testing.assert_allclose(seen[0], seen[1], rtol=1e-4)
    assert not np.array_equal(seen[0], before)


@pytest.mark.parametrize("name", ["rram_gong2018", "ecram_tang2018", "rram_gong2018_exp", "rram_jo2010"])
def test_pulsed_devices_drift_by_a_power_law_of_their_own(name: str) -> None:
    device = device_from({"preset": name, "drift_nu": 0.08, "drift_nu_sigma": 0.01, "drift_t0": 2.0})
    cells = device.fabricate(SHAPE, np.random.default_rng(0))
    device.write(cells, ..., np.full(SHAPE, device.g_max / 2, dtype=F), np.random.default_rng(1))
    before = device.conductance(cells, ...).astype(float)
    device.relax(cells, 2.0)
    np.testing.assert_array_equal(device.conductance(cells, ...), before.astype(F))
    device.relax(cells, 2e5 - 2.0)
    some = before > 0
    nu = -np.log(device.conductance(cells, ...)[some] / before[some]) / math.log(1e5)
    assert abs(nu.mean() - 0.08) < 4.5 * 0.01 / math.sqrt(some.sum()) + 1e-5
    assert abs(nu.std() - 0.01) < 4.5 * 0.01 / math.sqrt(2 * some.sum()) + 1e-5


# I-V curves -------------------------------------------------------------------------------------------------


def test_currents_bend_as_told() -> None:
    device = ideal(iv_sinh=3.0, read_voltage=0.5)
    g = np.array([1e-6, 5e-5], dtype=F)
    np.testing.assert_allclose(device.chord(g), g * math.sinh(1.5) / 1.5, rtol=1e-6)
    device = ideal(iv_square=(1e-5, 1e-6), iv_cubic=(3e-6,), read_voltage=0.4)
    level = math.log10(5e-5)
    expected = 5e-5 + (1e-5 + 1e-6 * level) * 0.4 + 3e-6 * 0.16
    assert device.chord(g)[1] == pytest.approx(expected, rel=1e-5)
    assert ideal().chord(g) is g
