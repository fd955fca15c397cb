"""The solver and the waveforms: order, error control, stiffness, limits, edges."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.physical import (
    Custom,
    LinearDrift,
    PiecewiseLinear,
    PulseTrain,
    Sine,
    Triangle,
    Vteam,
    Waveform,
    simulate,
)
from devices.physical.integration import Solver, between, step

F = np.float64


def swinging(t: float, x: float) -> float:
    return x * math.cos(t)  # x = exp(sin t)


def fixed(steps: int) -> tuple[float, float]:
    """Largest errors at the ends of equal steps and at their middles."""
    h, x, k = 2.0 / steps, 1.0, swinging(0.0, 1.0)
    at_end = at_middle = 0.0
    for number in range(steps):
        made = step(swinging, number * h, x, k, h)
        at_middle = max(at_middle, abs(between(made.dense, 0.5) - math.exp(math.sin((number + 0.5) * h))))
        x, k = made.state, made.slope
        at_end = max(at_end, abs(x - math.exp(math.sin((number + 1) * h))))
    return at_end, at_middle


def test_the_pair_converges_with_order_5_and_its_interpolant_with_4() -> None:
    errors = np.log2([fixed(steps) for steps in (8, 16, 32, 64)])
    orders = -np.diff(errors, axis=0)
    assert (np.abs(orders[1:, 0] - 5.0) < 0.5).all(), orders
    assert (orders[1:, 1] > 3.7).all(), orders


def test_the_estimate_shrinks_with_order_5() -> None:
    estimates = [abs(step(swinging, 0.3, 1.0, swinging(0.3, 1.0), h).error) for h in (0.2, 0.1, 0.05)]
    assert -np.diff(np.log2(estimates)) == pytest.approx([5.0, 5.0], abs=0.5)


def test_the_interpolant_meets_both_ends() -> None:
    made = step(swinging, 0.1, 1.3, swinging(0.1, 1.3), 0.4)
    assert between(made.dense, 0.0) == 1.3
    assert between(made.dense, 1.0) == pytest.approx(made.state, rel=1e-15)


@pytest.mark.parametrize("method", ["explicit", "implicit"])
def test_error_follows_tolerance(method: Any) -> None:
    def error(tolerance: float) -> float:
        solver = Solver(0.0, 10.0, tolerance, method, [])
        return abs(solver.solve(swinging, 0.0, 6.0, 1.0) - math.exp(math.sin(6.0)))

    assert error(1e-4) < 5e-3
    assert error(1e-8) < 1e-6
    assert error(1e-8) < 0.02 * error(1e-4)


def test_a_stiff_piece_is_finished_implicitly() -> None:
    calls = 0

    def relaxing(t: float, x: float) -> float:
        nonlocal calls
        calls += 1
        return -1e6 * (x - 0.5 - 0.1 * math.sin(t))

    solver = Solver(0.0, 1.0, 1e-7, "auto", [0.5, 1.0])
    x = solver.solve(relaxing, 0.0, 1.0, 0.2)
    # x lags behind the sine by its slope over the speed, 1e-7.
    assert x == pytest.approx(0.5 + 0.1 * math.sin(1.0), abs=1e-6)
    assert solver.states == pytest.approx([0.5 + 0.1 * math.sin(t) for t in (0.5, 1.0)], abs=5e-6)
    assert calls < 5000  # explicitly, stability asks for a million steps / 3.3


@pytest.mark.parametrize("method", ["explicit", "implicit"])
def test_a_state_lands_on_its_limit_and_leaves_it_in_time(method: Any) -> None:
    """dx/dt = cos t from 0.5 within 0..1: at the limit from pi/6, down again from pi/2, at 0 from pi."""
    wanted = np.linspace(0.0, 6.0, 61).tolist()
    solver = Solver(0.0, 1.0, 1e-9, method, wanted)
    solver.rest(0.0, 0.5)
    x = solver.solve(lambda t, state: math.cos(t), 0.0, 6.0, 0.5)
    t = np.array(wanted)
    expected = np.where(t < math.pi / 6, 0.5 + np.sin(t), np.where(t < math.pi / 2, 1.0, np.sin(t)))
    expected = np.where(t > math.pi, 0.0, expected)
    expected = np.where(t > 1.5 * math.pi, np.sin(t) + 1.0, expected)
    np.testing.assert_allclose(solver.states, expected, rtol=0, atol=2e-7)
    assert x == pytest.approx(math.sin(6.0) + 1.0, abs=2e-7)


def test_a_short_pulse_is_never_stepped_over() -> None:
    """A nanosecond in an hour of silence."""
    model = Vteam(r_on=1e3, r_off=1e5, k_on=-1e8, k_off=1e8, v_on=-0.5, v_off=0.5, alpha_on=1, alpha_off=1)
    quiet = PiecewiseLinear(times=(1.0, 1.0, 1.0 + 2e-9, 1.0 + 2e-9), voltages=(0.0, 1.0, 1.0, 0.0))
    trace = simulate(model, quiet, [0.0, 3600.0])
    assert trace.state[-1] == pytest.approx(0.5 + 0.2, rel=1e-6)


def test_a_function_with_corners_equals_the_same_points() -> None:
    points = PiecewiseLinear(times=(0.0, 0.3, 0.3, 1.0), voltages=(0.0, 1.0, -1.0, 0.0))
    custom = Custom(lambda t: t / 0.3 if t < 0.3 else -(1.0 - t) / 0.7, longest_step=0.02, corners=(0.3,))
    t = np.linspace(0.0, 1.0, 101)
    model = LinearDrift(window="biolek", p=2)
    by_points, by_function = simulate(model, points, t), simulate(model, custom, t)
    np.testing.assert_allclose(by_points.state, by_function.state, rtol=0, atol=1e-7)
    np.testing.assert_allclose(by_points.source, by_function.source, rtol=0, atol=1e-12)


WAVES: list[Waveform] = [
    Sine(amplitude=0.7, frequency=3.0, phase=0.4, offset=0.1),
    Triangle(high=1.0, low=-0.5, period=0.37),
    PulseTrain(amplitudes=(1.0, -0.8, 0.3), width=0.1, gap=0.05, edge=0.02),
    PulseTrain(amplitudes=(1.0, -0.8, 0.3), width=0.1, edge=0.0, delay=0.2),
    PiecewiseLinear(times=(0.1, 0.2, 0.2, 0.7), voltages=(0.0, 1.0, -1.0, 0.5)),
]


@settings(max_examples=60, deadline=None)
@given(
    wave=st.sampled_from(WAVES),
    start=st.floats(0.0, 0.6),
    span=st.floats(0.01, 0.8),
    levels=st.lists(st.floats(-1.0, 1.0), max_size=3),
)
def test_pieces_tile_the_time_and_cross_no_level(
    wave: Waveform, start: float, span: float, levels: list[float]
) -> None:
    pieces = list(wave.pieces(start, start + span, levels))
    assert pieces[0].start == start and pieces[-1].stop == start + span
    for before, after in pairwise(pieces):
        assert before.stop == pytest.approx(after.start, abs=1e-12)
    for piece in pieces:
        inner = np.linspace(piece.start, piece.stop, 9)
        volts = np.array([piece.voltage(t) for t in inner.tolist()])
        np.testing.assert_allclose(volts[1:-1], wave.voltage(inner[1:-1]), rtol=0, atol=1e-9)
        slopes = np.diff(volts)
        assert (slopes >= -1e-9).all() or (slopes <= 1e-9).all()
        for level in levels:
            assert not (volts.min() < level - 1e-9 and volts.max() > level + 1e-9)


def test_a_pulse_train_is_where_it_says() -> None:
    train = PulseTrain(amplitudes=(1.0, -2.0), width=0.1, gap=0.05, edge=0.01)
    t = np.array([0.0, 0.05, 0.055, 0.06, 0.16, 0.165, 0.17, 0.22, 0.28, 0.33, 0.34, 0.39, 9.0])
    expected = [0.0, 0.0, 0.5, 1.0, 1.0, 0.5, 0.0, 0.0, -2.0, -2.0, 0.0, 0.0, 0.0]
    np.testing.assert_allclose(train.voltage(t), expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(train.ends, [0.22, 0.39])
    sharp = PulseTrain(amplitudes=(1.0,), width=0.1, delay=0.0)
    np.testing.assert_array_equal(sharp.voltage([0.0, 0.05, 0.1]), [1.0, 1.0, 0.0])


def test_sampling_does_not_change_the_solution() -> None:
    model, wave = LinearDrift(window="joglekar", p=2), Sine(amplitude=1.0, frequency=1.0)
    few = simulate(model, wave, [0.0, 0.37, 1.0])
    many = simulate(model, wave, np.unique(np.append(np.linspace(0.0, 1.0, 1001), 0.37)))
    assert few.state[1] == pytest.approx(float(many.state[many.time == 0.37][0]), abs=1e-12)
    assert few.state[2] == many.state[-1]


def test_a_train_is_the_sum_of_its_pulses() -> None:
    """Stopping between two pulses and starting again changes nothing."""
    model = Vteam(r_on=1e3, r_off=1e5, k_on=-50.0, k_off=50.0, v_on=-0.5, v_off=0.5, window="biolek", p=2)
    train = PulseTrain(amplitudes=(1.0,) * 6, width=1e-3, gap=1e-3, edge=1e-4)
    whole = simulate(model, train, [0.0, *train.ends])
    x = model.initial_state
    for start, stop in zip(whole.time, whole.time[1:], strict=False):
        x = float(simulate(model, train, [start, stop], state=x).state[-1])
    assert x == pytest.approx(float(whole.state[-1]), abs=1e-9)
