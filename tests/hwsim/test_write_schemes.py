"""Write schemes: voltages by definition and through wires, half-selects counted, selectors, disturb."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, root

from devices.physical import Vteam
from htm.pick import BadInput
from hwsim.wires import WireParams, WireSolver
from hwsim.write_schemes import (
    HalfSelects,
    Selector,
    WritePulse,
    half_select_share,
    line_volts,
    select,
    write_field,
)

V = 1.5


def array(m=7, n=5, seed=0):
    return np.random.default_rng(seed).uniform(1e-6, 1e-4, (m, n))


@pytest.mark.parametrize(
    ("scheme", "beside", "apart"), [("none", 0.0, 0.0), ("half", V / 2, 0.0), ("third", V / 3, -V / 3)]
)
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("word", [[2], [0, 3, 6]], ids=["one cell", "cells of one bit line"])
def test_every_cell_sees_what_the_scheme_says(scheme, beside, apart, sign, word):
    g, chosen = array(), select((7, 5), word, [1])
    got = write_field(g, scheme, chosen, sign * V)
    expected = np.select([chosen.chosen, chosen.beside], [V, beside], apart) * sign
    np.testing.assert_allclose(got.volts, expected, atol=1e-12)
    np.testing.assert_allclose(got.current, g * expected, atol=1e-15)


@pytest.mark.parametrize("scheme", ["none", "half", "third"])
def test_wires_take_their_part_and_kirchhoff_holds(scheme):
    g, chosen = array(20, 12), select((20, 12), [0, 4, 19], [11])
    wires = WireParams(word_ohm=40, bit_ohm=20, driver_ohm=100, sense_ohm=50)
    got = write_field(g, scheme, chosen, V, wires=wires, tolerance=1e-12)
    np.testing.assert_allclose(got.current.sum(axis=1), got.into, atol=1e-12)
    np.testing.assert_allclose(got.current.sum(axis=0), got.out, atol=1e-12)
    exact_g = np.where(chosen.chosen, g, 0.0) if scheme == "none" else g
    word, bit = line_volts(scheme, chosen, V)
    exact = WireSolver(wires, g.shape).solve(exact_g, word, bit_volts=bit, engine="nodal")
    np.testing.assert_allclose(got.current, exact_g * (exact.u - exact.w), atol=1e-9 * got.current.max())
    reached = got.volts[chosen.chosen]
    assert (reached < V).all()
    assert 0 < reached.min() < 0.95 * V
    # The far end of a word line and the far end of a bit line get the least.
    far, near = (write_field(np.full((20, 12), 5e-5), "half", select((20, 12), i, j), V, wires=wires).volts[i, j]
                 for i, j in ((0, 11), (19, 0)))  # fmt: skip
    assert far < near


selections = st.lists(
    st.tuples(
        st.sets(st.integers(0, 5), min_size=1), st.sets(st.integers(0, 3), min_size=1), st.integers(0, 3)
    ),
    max_size=6,
)


@settings(deadline=None, max_examples=60)
@given(selections, st.sampled_from(["none", "half", "third"]))
def test_counts_by_line_are_the_counts_of_every_cell(writes, scheme):
    counter, beside, apart = HalfSelects((6, 4), scheme), np.zeros((6, 4)), np.zeros((6, 4))
    told = 0
    for word, bit, pulses in writes:
        chosen = select((6, 4), sorted(word), sorted(bit))
        told += counter.note(chosen, pulses)
        if scheme != "none":
            beside += pulses * chosen.beside
        if scheme == "third":
            apart += pulses * chosen.apart
    np.testing.assert_array_equal(counter.beside, beside)
    np.testing.assert_array_equal(counter.apart, apart)
    assert told == beside.sum()
    np.testing.assert_allclose(counter.disturb(0.25, 0.125), 0.25 * beside - 0.125 * apart)


def test_no_half_select_behind_transistors_and_none_where_everything_is_chosen():
    for scheme, chosen in (
        ("none", select((3, 3), [0], [1])),
        ("half", select((3, 3), slice(None), slice(None))),
    ):
        counter = HalfSelects((3, 3), scheme)
        assert counter.note(chosen, 5) == 0
        assert not counter.beside.any()


def test_a_selector_has_the_nonlinearity_that_was_asked_for():
    selector = Selector(conductance=1e-9, write_voltage=1.0, nonlinearity=1e3)
    a = selector.scale
    assert np.sinh(1 / a) / np.sinh(0.5 / a) == pytest.approx(1e3, rel=1e-12)
    # Beside a cell that conducts far better, the pair is the selector alone; beside one that conducts worse, the cell.
    chord = selector.chord(np.array([[1.0]]))
    flow = chord(np.array([[1.0]])) / (0.5 * chord(np.array([[0.5]])))
    assert flow[0, 0] == pytest.approx(1e3, rel=1e-3)
    weak = np.array([[1e-12]])
    assert (selector.in_series(weak) * selector.chord(weak)(np.array([[1.0]])))[0, 0] == pytest.approx(
        1e-12, rel=0.1
    )


@settings(deadline=None, max_examples=40)
@given(st.floats(-3, 3), st.floats(-9, -3), st.floats(3, 1e5))
def test_cell_and_selector_in_series_carry_one_current(volts, log_g, nonlinearity):
    selector = Selector(conductance=1e-8, write_voltage=1.0, nonlinearity=nonlinearity)
    g, a = 10.0**log_g, selector.scale
    cell = np.array([[g]])
    current = (selector.in_series(cell) * selector.chord(cell)(np.array([[volts]])) * volts)[0, 0]
    back = current / g + a * np.arcsinh(current / (1e-8 * a))  # each one's voltage, by its own law
    assert back == pytest.approx(volts, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("nonlinearity", [10, 1e3])
def test_sneak_paths_through_selectors_equal_a_general_root_finder(nonlinearity):
    """Unchosen lines float: the current sneaks through three cells in series, and selectors stop it."""
    m, n = 4, 3
    g, selector = array(m, n, 3), Selector(conductance=1e-6, write_voltage=1.0, nonlinearity=nonlinearity)
    drivers = np.array([1.0, np.nan, np.nan, np.nan])
    grounded = np.array([True, False, False])
    params = WireParams(driver_ohm=10, sense_ohm=10)
    solver = WireSolver(params, (m, n), grounded)
    small, chord = selector.in_series(g), selector.chord(g)
    got = solver.solve_nonlinear(small, drivers, chord, tolerance=1e-9, most=2000)

    def misses(x):
        across = x[:m, None] - x[None, m:]
        flow = small * chord(across) * across
        at_word, at_bit = flow.sum(axis=1), -flow.sum(axis=0)
        at_word[0] -= (1.0 - x[0]) / 10
        at_bit[0] += x[m] / 10
        return 1e6 * np.concatenate([at_word, at_bit])

    start = np.concatenate([[1.0], np.full(m - 1, 0.4), [0.0], np.full(n - 1, 0.6)])
    exact = root(misses, start, tol=1e-14)
    assert np.abs(misses(exact.x)).max() < 1e-8
    assert got.out[0] == pytest.approx(exact.x[m] / 10, rel=1e-6)
    direct = (small * chord(np.ones((m, n))))[0, 0]
    bare = WireSolver(params, (m, n), grounded).solve(g, drivers, tolerance=1e-12).out[0] / g[0, 0]
    assert got.out[0] / direct < bare, "selectors must lower what sneaks around the chosen cell"


def test_a_selector_spares_half_selected_cells():
    g, chosen = array(16, 16), select((16, 16), [3], [9])
    selector = Selector(conductance=1e-8, write_voltage=1.0, nonlinearity=1e3)
    bare, spared = (write_field(g, "half", chosen, 1.0, selector=one) for one in (None, selector))
    shares = [f.current[chosen.beside].mean() / f.current[chosen.chosen].mean() for f in (bare, spared)]
    assert shares[1] < 0.1 * shares[0]
    a = selector.scale
    alone = brentq(lambda i: 1.0 - i / g[3, 9] - a * np.arcsinh(i / (1e-8 * a)), 0, 1e-3, xtol=1e-20)
    assert spared.current[3, 9] == pytest.approx(alone, rel=1e-6)


def test_half_select_share_is_what_the_physics_says():
    """VTEAM without a window moves at the rate ``k (v / v_on - 1)^alpha``: shares have a closed form."""
    device = Vteam()
    for threshold, alpha in ((device.v_on, device.alpha_on), (device.v_off, device.alpha_off)):
        pulse = WritePulse(amplitude=12 * threshold, width=1e-13)
        assert half_select_share(device, pulse, "half") == pytest.approx((5 / 11) ** alpha, rel=1e-6)
        assert half_select_share(device, pulse, "third") == pytest.approx((3 / 11) ** alpha, rel=1e-6)
        assert half_select_share(device, pulse, "none") == 0.0
        mild = WritePulse(amplitude=1.8 * threshold, width=1e-13)
        assert half_select_share(device, mild, "half") == 0.0, "below its threshold nothing moves"
    with pytest.raises(BadInput, match="amplitude: must move the device"):
        half_select_share(device, WritePulse(amplitude=0.01, width=1e-9), "half")
    with pytest.raises(BadInput, match="width: must leave the device short of its bound"):
        half_select_share(device, WritePulse(amplitude=-2.4, width=1e-6), "half")


def test_power_counts_half_selected_cells():
    g, chosen = np.full((4, 4), 1e-5), select((4, 4), [0], [0])
    power = write_field(g, "half", chosen, 2.0).power
    assert power[0, 0] == pytest.approx(4e-5)
    assert power[chosen.beside].sum() == pytest.approx(6 * 1e-5)
    assert power[chosen.apart].sum() == pytest.approx(0, abs=1e-18)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: select((3, 2), [3], [0]), "word: must be lines within 0..2"),
        (lambda: select((3, 2), [0], []), "bit: must choose at least one line, got none"),
        (lambda: line_volts("thrid", select((3, 2), [0], [0]), 1.0), "did you mean third"),
        (lambda: line_volts("half", select((3, 2), [0], [0]), np.nan), "voltage: must be finite, got nan"),
        (
            lambda: write_field(np.ones((2, 2)), "half", select((3, 2), [0], [0]), 1.0),
            r"g: must have shape \(3, 2\)",
        ),
        (lambda: HalfSelects((3, 2), "halv"), "did you mean half"),
        (
            lambda: HalfSelects((3, 2), "half").note(select((3, 2), [0], [0]), -1),
            "pulses: must not be negative",
        ),
        (
            lambda: HalfSelects((4, 2), "half").note(select((3, 2), [0], [0])),
            r"selection: must be of \(4, 2\) lines",
        ),
        (lambda: HalfSelects((3, 2), "half").disturb(1.5), "share: must lie between 0 and 1, got 1.5"),
        (
            lambda: Selector(conductance=1e-6, write_voltage=1.0, nonlinearity=2.0),
            "nonlinearity: .*greater than 2",
        ),
    ],
)
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(BadInput, match=message):
        call()
