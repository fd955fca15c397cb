"""Laws that every device obeys, on every preset: a new preset is covered without touching this file."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.model import STUCK_OFF, STUCK_ON, Cells, DeviceModel
from devices.presets import DEVICES, device_from
from htm.streams import restore_stream, save_stream, stream

F = np.float32
SHAPE = (6, 8)
law = settings(max_examples=60, deadline=None, derandomize=True)

presets = st.sampled_from(sorted(DEVICES))
seeds = st.integers(0, 2**32)
fractions = st.floats(0, 0.5)
seconds = st.floats(0, 1e7)


def somewhere(device: DeviceModel, seed: int, shape: tuple[int, int] = SHAPE) -> Cells:
    """Cells written all over the range, aged a minute."""
    cells = device.fabricate(shape, stream(seed, "fabricate"))
    u = stream(seed, "targets").random(shape, dtype=F)
    device.write(cells, ..., F(device.g_min) + u * F(device.g_max - device.g_min), stream(seed, "write"))
    device.relax(cells, 60.0)
    return cells


def pulses(device: DeviceModel, counts: Any) -> np.ndarray:
    """Whole pulses for a device of pulses, hundredths of the range for a device of targets."""
    return np.asarray(counts, dtype=F) * F(1 if device.whole_pulses else 0.01)


@law
@given(
    presets, seeds, st.lists(st.integers(-200, 200), min_size=8, max_size=8), st.integers(2, 40) | st.none()
)
def test_conductance_stays_within_bounds(
    name: str, seed: int, counts: list[int], n_levels: int | None
) -> None:
    device = device_from({"preset": name, "n_levels": n_levels})
    cells, rng = somewhere(device, seed), stream(seed, "pulse")
    low, high = device.bounds(cells, ...)
    for _ in range(3):
        device.pulse(cells, ..., np.broadcast_to(pulses(device, counts), SHAPE), rng)
        assert (cells.g >= 0).all()
        if "hidden" in cells.more and n_levels is None:
            rest = cells.more["hidden"]
            assert ((rest >= low) & (rest <= high)).all()
        if n_levels is not None:
            rest = cells.more.get("hidden", cells.g)
            level = (rest - device.g_min) / ((device.g_max - device.g_min) / (n_levels - 1))
            np.testing.assert_allclose(level, np.rint(level), rtol=0, atol=1e-4)
            assert level.min() > -0.5
            assert level.max() < n_levels - 0.5
    if name == "ideal":
        assert (cells.g <= device.g_max).all()


@law
@given(presets, seeds, fractions, fractions, st.lists(st.integers(-3, 3), min_size=8, max_size=8), seconds)
def test_only_pulsed_healthy_cells_of_listed_rows_change(
    name: str, seed: int, on: float, off: float, counts: list[int], age: float
) -> None:
    device = device_from({"preset": name, "stuck_on_fraction": on, "stuck_off_fraction": off})
    cells = somewhere(device, seed)
    device.relax(cells, age)
    before = {name: array.copy() for name, array in cells.more.items()}
    g, seen = cells.g.copy(), device.conductance(cells, ...)
    rows = np.array([1, 4])
    device.pulse(cells, rows, np.broadcast_to(pulses(device, counts), (2, 8)), stream(seed, "pulse"))
    touched = np.zeros(SHAPE, dtype=bool)
    touched[rows] = np.asarray(counts) != 0
    if "stuck" in cells.more:
        touched &= cells.more["stuck"] == 0
        np.testing.assert_array_equal(cells.g[cells.more["stuck"] == STUCK_ON], F(device.g_max))
        np.testing.assert_array_equal(cells.g[cells.more["stuck"] == STUCK_OFF], F(device.g_min))
    np.testing.assert_array_equal(cells.g[~touched], g[~touched])
    np.testing.assert_array_equal(device.conductance(cells, ...)[~touched], seen[~touched])
    healthy = cells.more.get("stuck", np.zeros(SHAPE)) == 0
    for key, array in cells.more.items():
        np.testing.assert_array_equal(array[~touched & healthy], before[key][~touched & healthy])


@pytest.mark.parametrize("name", sorted(DEVICES))
@pytest.mark.parametrize("n_levels", [None, 5])
def test_mean_rises_with_pulses_up_and_falls_with_pulses_down(name: str, n_levels: int | None) -> None:
    """z = mean change / (sd of the changes / sqrt(N)): beyond 4 in the right direction."""
    shape = (200, 200)
    device = device_from({"preset": name, "n_levels": n_levels})
    step = 60 if device.whole_pulses else 6
    for sign in (1, -1):
        cells = somewhere(device, 3, shape)
        before = device.conductance(cells, ...).astype(float)
        device.pulse(cells, ..., pulses(device, np.full(shape, sign * step)), stream(3, "pulse"))
        change = device.conductance(cells, ...).astype(float) - before
        assert sign * change.mean() > 4 * change.std() / np.sqrt(change.size)


@law
@given(presets, seeds, seconds, seconds)
def test_time_adds_up(name: str, seed: int, first: float, second: float) -> None:
    device = device_from(name)
    once, twice, looked = somewhere(device, seed), somewhere(device, seed), somewhere(device, seed)
    device.relax(once, first + second)
    for part in (first, second):
        device.relax(twice, part)
        device.relax(looked, part)
        device.read(looked, ..., stream(seed, "read"))  # a look between changes nothing
    g = device.conductance(once, ...)
    np.testing.assert_allclose(device.conductance(twice, ...), g, rtol=1e-6)
    np.testing.assert_array_equal(device.conductance(looked, ...), device.conductance(twice, ...))
    np.testing.assert_allclose(
        device.read_noise(twice, ..., g), device.read_noise(once, ..., g), rtol=1e-5, atol=1e-15
    )


@law
@given(presets, seeds)
def test_no_time_changes_nothing(name: str, seed: int) -> None:
    device = device_from(name)
    cells = somewhere(device, seed)
    before, state = device.conductance(cells, ...), cells.state()
    device.relax(cells, 0.0)
    np.testing.assert_array_equal(device.conductance(cells, ...), before)
    assert state.keys() == cells.state().keys()
    for key, value in cells.state().items():
        np.testing.assert_array_equal(value, state[key])


@law
@given(presets, seeds)
def test_same_seed_same_cells(name: str, seed: int) -> None:
    device = device_from({"preset": name, "stuck_on_fraction": 0.1})
    one, same, other = (somewhere(device, s) for s in (seed, seed, seed + 1))
    for key, value in one.state().items():
        np.testing.assert_array_equal(value, same.state()[key])
    assert (one.more["stuck"] != other.more["stuck"]).any() or (one.g != other.g).any()


@law
@given(presets, seeds, fractions, fractions, fractions)
def test_raising_one_fault_share_never_moves_the_others_cells(
    name: str, seed: int, on: float, off: float, more_on: float
) -> None:
    def faults(on: float, off: float) -> np.ndarray:
        device = device_from({"preset": name, "stuck_on_fraction": on, "stuck_off_fraction": off})
        cells = device.fabricate((20, 20), stream(seed, "fabricate"))
        return cells.more.get("stuck", np.zeros((20, 20)))

    few, many = faults(min(on, more_on), off), faults(max(on, more_on), off)
    np.testing.assert_array_equal(few == STUCK_OFF, many == STUCK_OFF)
    assert not ((few == STUCK_ON) & (many != STUCK_ON)).any()


@law
@given(presets, seeds, seconds)
def test_saved_and_restored_cells_continue_identically(name: str, seed: int, age: float) -> None:
    device = device_from({"preset": name, "n_levels": 30, "stuck_off_fraction": 0.1})
    cells, rng = somewhere(device, seed), stream(seed, "pulse")
    rng.random(3, dtype=F)  # leaves half a draw in the generator
    state, saved = cells.state(), save_stream(rng)
    again = device.fabricate(SHAPE, stream(seed + 1, "fabricate"))
    again.restore(state)

    def go_on(cells: Cells, rng: np.random.Generator) -> tuple[np.ndarray, int]:
        device.relax(cells, age)
        device.pulse(cells, ..., pulses(device, np.full(SHAPE, 4)), rng)
        half = np.full(SHAPE, (device.g_min + device.g_max) / 2, dtype=F)
        attempts = device.write(cells, np.array([2]), half[:1], rng, tolerance=device.g_max / 100, cycles=4)
        return device.read(cells, ..., rng), attempts

    one, two = go_on(cells, rng), go_on(again, restore_stream(saved))
    np.testing.assert_array_equal(one[0], two[0])
    assert one[1] == two[1]


@law
@given(presets, seeds)
def test_what_is_switched_on_never_shifts_the_next_draws(name: str, seed: int) -> None:
    after = []
    for overrides in ({}, {"n_levels": 9}, {"stuck_on_fraction": 0.2}):
        device = device_from({"preset": name, **overrides})
        rng = stream(seed, "one for all")
        cells = device.fabricate(SHAPE, rng)
        device.write(cells, ..., np.full(SHAPE, device.g_max / 2, dtype=F), rng)
        device.pulse(cells, ..., pulses(device, np.ones(SHAPE)), rng)
        after.append(save_stream(rng))
    assert after[0] == after[1] == after[2]


@pytest.mark.parametrize("name", sorted(DEVICES))
def test_read_noise_and_faults_are_as_told(name: str) -> None:
    """|z| < 4: sd of a sample sd is sd / sqrt(2 N), that of a share p is sqrt(p (1 - p) / N)."""
    quiet = {"read_noise_scale": 0} if "read_noise_scale" in type(device_from(name)).model_fields else {}
    device = device_from(
        {
            "preset": name,
            "read_sigma": 0.03,
            "stuck_on_fraction": 0.0904,
            "stuck_off_fraction": 0.0175,
            **quiet,
        }
    )
    shape, n = (300, 300), 90_000
    cells = somewhere(device, 5, shape)
    for code, share in ((STUCK_ON, 0.0904), (STUCK_OFF, 0.0175)):
        seen = float((cells.more["stuck"] == code).mean())
        assert abs((seen - share) / np.sqrt(share * (1 - share) / n)) < 4
    g = device.conductance(cells, ...).astype(float)
    some = g > 0
    off = (device.read(cells, ..., stream(5, "read")).astype(float) - g)[some] / g[some]
    assert abs(off.mean() / (0.03 / np.sqrt(off.size))) < 4
    assert abs((off.std() - 0.03) / (0.03 / np.sqrt(2 * off.size))) < 4


@pytest.mark.parametrize("name", sorted(DEVICES))
def test_any_numpy_index_works(name: str) -> None:
    device = device_from(name)
    for where in (
        ...,
        np.array([0, 3]),
        (np.array([0, 3]), np.array([7, 1])),
        (slice(None), np.array([2, 5])),
    ):
        cells, rng = somewhere(device, 1), stream(1, "pulse")
        shape = cells.g[where].shape
        before = cells.g.copy()
        device.pulse(cells, where, pulses(device, np.full(shape, 30)), rng)
        assert device.write(cells, where, np.full(shape, device.g_max / 2, dtype=F), rng) == np.prod(shape)
        assert device.read(cells, where, rng).shape == shape
        outside = np.ones(SHAPE, dtype=bool)
        outside[where] = False
        np.testing.assert_array_equal(cells.g[outside], before[outside])


@pytest.mark.parametrize("name", sorted(DEVICES))
def test_a_look_is_never_a_view(name: str) -> None:
    device = device_from({"preset": name, "read_sigma": 0})
    cells = somewhere(device, 1)
    for look in (device.conductance(cells, ...), device.read(cells, slice(0, 3), stream(1, "read"))):
        kept = cells.g.copy()
        look[...] = -1
        np.testing.assert_array_equal(cells.g, kept)


@law
@given(presets, seeds)
def test_nothing_ages_before_time_has_passed(name: str, seed: int) -> None:
    """Read-outs rely on it: until then the cells are where they were programmed."""
    device = device_from(name)
    cells = device.fabricate(SHAPE, stream(seed, "fabricate"))
    u = stream(seed, "targets").random(SHAPE, dtype=F)
    device.write(cells, ..., F(device.g_min) + u * F(device.g_max - device.g_min), stream(seed, "write"))
    np.testing.assert_array_equal(device.conductance(cells, ...), cells.g)
