"""Physical models: closed forms, published forms of windows, and laws that hold for any memristor."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.physical import (
    PHYSICAL,
    WINDOWS,
    Custom,
    JartVcm,
    LinearDrift,
    PhysicalModel,
    PiecewiseLinear,
    PulseTrain,
    Sine,
    StanfordPku,
    Triangle,
    Vteam,
    Yakopcic,
    simulate,
)
from htm.pick import BadInput

ROUND = dict(r_on=1e3, r_off=1e5, k_on=-100.0, k_off=100.0, v_on=-0.5, v_off=0.5, alpha_on=3, alpha_off=3)
EACH = [
    *(LinearDrift(window=name, p=2) for name in WINDOWS),
    *(Vteam(**ROUND, window=name, p=2) for name in WINDOWS),
    Vteam(**ROUND, conduction="exponential"),
    Yakopcic(),
    Yakopcic(eta=-1, a2=0.1),
    StanfordPku(),
    StanfordPku(minimum_field=0.0),
    JartVcm(),
]
NAMES = [f"{type(model).__name__}-{number}" for number, model in enumerate(EACH)]
every = pytest.mark.parametrize("model", EACH, ids=NAMES)


def share(model: PhysicalModel, x: float) -> float:
    """State at a share of the range; in decades where it covers more than two."""
    low, high = model.state_limits
    if low > 0.0 and high / low > 100.0:
        return min(max(low * (high / low) ** x, low), high)
    return low + x * (high - low)


# Closed forms ------------------------------------------------------------------------------------------


def flux_state(model: LinearDrift, flux: Any, resistance: float = 0.0) -> Any:
    """x where the flux is known: (R + R_off) (x - x0) - (R_off - R_on) (x^2 - x0^2) / 2 = mu_v R_on / D^2 phi."""
    k = model.mobility * model.r_on / model.thickness**2
    total, difference, x0 = resistance + model.r_off, model.r_off - model.r_on, model.initial_state
    c = total * x0 - difference * x0**2 / 2 + k * flux
    return (total - np.sqrt(total**2 - 2 * difference * c)) / difference


@pytest.mark.parametrize("resistance", [0.0, 5e3])
@pytest.mark.parametrize("method", ["explicit", "implicit"])
def test_linear_drift_without_window_follows_its_flux(resistance: float, method: Any) -> None:
    model = LinearDrift(window="none", initial_state=0.1)
    t = np.linspace(0.0, 2.0, 301)
    trace = simulate(
        model, Sine(amplitude=0.9, frequency=1.0), t, series_resistance=resistance, method=method
    )
    flux = 0.9 / (2 * np.pi) * (1 - np.cos(2 * np.pi * t))
    expected = flux_state(model, flux, resistance)
    np.testing.assert_allclose(trace.state, expected, rtol=0, atol=1e-7)
    np.testing.assert_allclose(trace.voltage + resistance * trace.current, trace.source, rtol=0, atol=1e-12)
    assert np.ptp(trace.state) > 0.1


def test_charge_and_state_of_linear_drift_are_proportional() -> None:
    model = LinearDrift(window="none", initial_state=0.2)
    t = np.linspace(0.0, 1.0, 20001)
    trace = simulate(model, Triangle(high=0.9, low=-0.5, period=1.0), t)
    charge = np.concatenate(([0.0], np.cumsum(0.5 * (trace.current[1:] + trace.current[:-1]) * np.diff(t))))
    k = model.mobility * model.r_on / model.thickness**2
    np.testing.assert_allclose(trace.state - 0.2, k * charge, rtol=0, atol=1e-6)


def test_joglekar_of_exponent_1_follows_its_closed_form_down_to_the_bound() -> None:
    """R_off ln x - R_on ln(1 - x) rises by 4 mu_v R_on / D^2 phi; far into the bound and back again."""
    model = LinearDrift(r_on=100.0, r_off=1e3, window="joglekar", p=1, initial_state=0.5)
    amplitude, frequency = 0.32, 2.0
    t = np.linspace(0.0, 1.0, 401)
    trace = simulate(model, Sine(amplitude=amplitude, frequency=frequency), t)
    flux = amplitude / (2 * np.pi * frequency) * (1 - np.cos(2 * np.pi * frequency * t))
    k = model.mobility * model.r_on / model.thickness**2

    def height(x: Any) -> Any:
        return model.r_off * np.log(x) - model.r_on * np.log1p(-x)

    inside = 1.0 - trace.state > 1e-9  # beyond, 1 - x has too few digits left to be compared
    off = height(trace.state[inside]) - height(0.5) - 4 * k * flux[inside]
    assert np.abs(off).max() < 1e-4 * model.r_on
    assert trace.state.max() > 1 - 1e-6
    assert trace.state[-1] == pytest.approx(0.5, abs=1e-5)


def test_vteam_follows_its_power_law() -> None:
    model = Vteam(**{**ROUND, "alpha_off": 2.5}, initial_state=0.1)
    ramp = PiecewiseLinear(times=(0.0, 1e-2), voltages=(0.0, 1.5))
    t = np.linspace(0.0, 1e-2, 101)
    beyond = np.maximum(150.0 * t / 0.5 - 1.0, 0.0)
    expected = np.minimum(0.1 + 100.0 * beyond**3.5 / 3.5 * 0.5 / 150.0, 1.0)
    np.testing.assert_allclose(simulate(model, ramp, t).state, expected, rtol=0, atol=1e-7)
    assert expected[-1] == 1.0


def test_yakopcic_follows_its_exponentials() -> None:
    """Below xp nothing damps: x rises by Ap (e^v - e^Vp) t; beyond 1 - xn falling is the same with An."""
    model = Yakopcic(xp=0.9, initial_state=0.2)
    t = np.linspace(0.0, 1e-3, 21)
    held = PiecewiseLinear(times=(0.0,), voltages=(0.25,))
    expected = 0.2 + 4000.0 * (math.exp(0.25) - math.exp(0.16)) * t
    np.testing.assert_allclose(simulate(model, held, t).state, expected, rtol=0, atol=1e-12)
    fall = PiecewiseLinear(times=(0.0,), voltages=(-0.25,))
    expected = 0.99 - 4000.0 * (math.exp(0.25) - math.exp(0.15)) * t
    np.testing.assert_allclose(simulate(model, fall, t, state=0.99).state, expected, rtol=0, atol=1e-12)


def test_a_cold_stanford_gap_moves_at_constant_speed() -> None:
    model = StanfordPku(minimum_field=0.0, thermal_resistance=0.0, beta=0.0, initial_state=1.5e-9)
    kt = 1.3806503e-23 * 298.0 / 1.6e-19
    speed = 10.0 * math.exp(-0.6 / kt) * math.sinh(16 * 0.25 / 12 * 0.8 / kt)
    t = np.linspace(0.0, 1e-9 / speed, 11)
    trace = simulate(model, lambda time: 0.8, t)
    np.testing.assert_allclose(trace.state, 1.5e-9 - speed * t, rtol=0, atol=1e-15)
    np.testing.assert_allclose(
        trace.current, 1e-3 * np.exp(-trace.state / 0.25e-9) * math.sinh(3.2), rtol=1e-12
    )


def test_stanford_moves_at_full_speed_above_its_field_and_not_at_all_below() -> None:
    with_field, without = StanfordPku(), StanfordPku(minimum_field=0.0)
    least = 1.4e9 * 12e-9 / (16 - 0.8)  # at a gap of 1 nm [V]
    for v in (1.002 * least, 2.0, -1.002 * least):
        assert with_field.rate(v, 1e-9) == without.rate(v, 1e-9)
    for v in (0.0, 0.2, 0.998 * least, -0.998 * least):
        assert with_field.rate(v, 1e-9) == 0.0


# Windows -----------------------------------------------------------------------------------------------

W = st.floats(0.0, 1.0)
P = st.sampled_from([1.0, 2.0, 5.0, 10.0])


@given(W, P)
def test_windows_have_their_published_values_and_symmetries(x: float, p: float) -> None:
    joglekar, biolek, prodromakis = (WINDOWS[name] for name in ("joglekar", "biolek", "prodromakis"))
    for rising in (True, False):
        assert joglekar(0.5, rising, p, 1.0) == 1.0
        assert joglekar(0.0, rising, p, 1.0) == joglekar(1.0, rising, p, 1.0) == 0.0
        assert joglekar(x, rising, p, 1.0) == pytest.approx(joglekar(1.0 - x, rising, p, 1.0), abs=1e-12)
        assert prodromakis(x, rising, p, 2.5) == pytest.approx(
            2.5 * prodromakis(1 - x, rising, p, 1.0), abs=1e-12
        )
        assert prodromakis(0.5, rising, p, 1.0) == pytest.approx(1 - 0.75**p)
        assert 0.0 <= joglekar(x, rising, p, 1.0) <= 1.0
        assert -1e-12 <= prodromakis(x, rising, p, 1.0) <= 1.0
    assert biolek(1.0, True, p, 1.0) == biolek(0.0, False, p, 1.0) == 0.0
    assert biolek(0.0, True, p, 1.0) == biolek(1.0, False, p, 1.0) == 1.0
    assert biolek(x, True, p, 1.0) == pytest.approx(biolek(1.0 - x, False, p, 1.0), abs=1e-12)


@pytest.mark.parametrize(
    ("name", "x", "rising", "p", "expected"),
    [
        ("joglekar", 0.25, True, 1.0, 0.75),
        ("joglekar", 0.25, True, 2.0, 0.9375),
        ("biolek", 0.5, True, 1.0, 0.75),
        ("biolek", 0.25, False, 1.0, 0.4375),
        ("prodromakis", 0.0, True, 3.0, 0.0),
        ("prodromakis", 0.25, True, 1.0, 0.1875),
        ("prodromakis", 0.25, True, 2.0, 1 - 0.8125**2),
    ],
)
def test_windows_by_hand(name: str, x: float, rising: bool, p: float, expected: float) -> None:
    assert WINDOWS[name](x, rising, p, 1.0) == pytest.approx(expected, abs=1e-15)


# Laws --------------------------------------------------------------------------------------------------


@every
@settings(max_examples=40, deadline=None)
@given(v=st.floats(-2.0, 2.0), x=st.floats(0.0, 1.0))
def test_a_memristor_only_dissipates(model: PhysicalModel, v: float, x: float) -> None:
    i = model.current(v, share(model, x))
    assert i * v >= 0.0
    assert model.current(0.0, share(model, x)) == 0.0
    assert model.rate(0.0, share(model, x)) == 0.0
    assert math.isfinite(model.rate(v, share(model, x)))


DRIVES = st.lists(st.floats(-1.5, 1.5), min_size=2, max_size=6)


@every
@settings(max_examples=12, deadline=None)
@given(
    volts=DRIVES,
    span=st.sampled_from([1e-6, 1e-3, 0.1]),
    x=st.floats(0.0, 1.0),
    r=st.sampled_from([0.0, 2e3]),
)
def test_the_state_stays_within_its_limits(
    model: PhysicalModel, volts: list[float], span: float, x: float, r: float
) -> None:
    t = np.linspace(0.0, span, len(volts))
    drive = PiecewiseLinear(times=t.tolist(), voltages=volts)
    asked = np.linspace(0.0, span, 41)
    trace = simulate(model, drive, asked, state=share(model, x), series_resistance=r, tolerance=1e-6)
    low, high = model.state_limits
    assert trace.state.shape == (41,)
    assert ((trace.state >= low) & (trace.state <= high)).all()
    assert np.isfinite(trace.current).all()
    assert (trace.voltage * trace.current >= 0.0).all()


@every
def test_the_hysteresis_is_pinched_and_there(model: PhysicalModel) -> None:
    """The loop passes the origin, and the way up differs from the way down elsewhere."""
    slow, high, series = {
        LinearDrift: (1.0, 1.0, 500.0),
        Vteam: (2e-3, 1.3, 500.0),
        Yakopcic: (1e-2, 0.4, 0.0),
        StanfordPku: (1e-5, 1.8, 500.0),
        JartVcm: (1e-4, 1.1, 0.0),
    }[type(model)]
    t = np.linspace(0.0, slow, 201)
    trace = simulate(
        model,
        Triangle(high=high, low=-high, period=slow),
        t,
        state=share(model, 0.6),
        series_resistance=series,
    )
    zero = np.abs(trace.source) < 1e-9
    assert zero.sum() == 3
    assert np.abs(trace.current[zero]).max() < 1e-9 * np.abs(trace.current).max()
    for half in (trace.current[:101], trace.current[100:]):
        assert np.abs(half - half[::-1]).max() > 1e-3 * np.abs(half).max()


@pytest.mark.parametrize("model", EACH[:4], ids=NAMES[:4])
def test_linear_drift_knows_flux_only(model: LinearDrift) -> None:
    """Twice the voltage in half the time moves the state alike, window or not; the current doubles."""
    t = np.linspace(0.0, 1.0, 51)
    slow = simulate(model, Sine(amplitude=0.6, frequency=1.0), t)
    fast = simulate(model, Sine(amplitude=1.2, frequency=2.0), t / 2)
    np.testing.assert_allclose(fast.state, slow.state, rtol=0, atol=1e-7)
    np.testing.assert_allclose(fast.current, 2 * slow.current, rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize(
    ("slow", "fast"),
    [
        (Vteam(**ROUND), Vteam(**{**ROUND, "k_on": -300.0, "k_off": 300.0})),
        (Yakopcic(), Yakopcic(ap=12e3, an=12e3)),
        (StanfordPku(initial_state=1e-9), StanfordPku(initial_state=1e-9, velocity=30.0)),
        (JartVcm(initial_state=2e26), JartVcm(initial_state=2e26, attempt_frequency=6e13)),
        (LinearDrift(), LinearDrift(mobility=3e-14)),
    ],
    ids=lambda model: type(model).__name__,
)
def test_three_times_the_speed_is_a_third_of_the_time(slow: PhysicalModel, fast: PhysicalModel) -> None:
    pulses = (
        dict(amplitudes=(0.9, -0.65, 1.1)) if not isinstance(slow, Yakopcic) else dict(amplitudes=(0.3, -0.3))
    )
    width = {LinearDrift: 0.05, StanfordPku: 3e-6, JartVcm: 3e-6}.get(type(slow), 3e-4)
    t = np.linspace(0.0, 6.0 * width, 31)
    first = simulate(slow, PulseTrain(**pulses, width=width, gap=width / 2, edge=width / 9), t)
    second = simulate(fast, PulseTrain(**pulses, width=width / 3, gap=width / 6, edge=width / 27), t / 3)
    size = slow.state_limits[1] - slow.state_limits[0]
    np.testing.assert_allclose(first.state, second.state, rtol=0, atol=1e-6 * size)
    assert np.ptp(first.state) > 1e-4 * size or isinstance(slow, StanfordPku)


@given(v=st.floats(-2.0, 2.0), x=st.floats(0.0, 1.0))
def test_symmetric_parameters_give_odd_rates(v: float, x: float) -> None:
    for model in (
        LinearDrift(window="joglekar", p=3),
        Vteam(**ROUND, window="prodromakis"),
        Vteam(**ROUND),
        StanfordPku(),
    ):
        at = share(model, x)
        assert model.rate(-v, at) == pytest.approx(-model.rate(v, at), rel=1e-12, abs=1e-300)
        assert model.current(-v, at) == pytest.approx(-model.current(v, at), rel=1e-12)
    # Biolek's window mirrors with the direction.
    biolek = Vteam(**ROUND, window="biolek", p=2)
    assert biolek.rate(-v, 1.0 - x) == pytest.approx(-biolek.rate(v, x), rel=1e-9, abs=1e-9)


# JART ---------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(v=st.floats(-1.5, 1.5), x=st.floats(0.0, 1.0))
def test_jart_voltages_add_up(v: float, x: float) -> None:
    model = JartVcm()
    n = share(model, x)
    point = model.operating_point(v, n)
    unit = 2 * 1.602e-19 * 4e-6 * math.pi * 45e-9**2
    plug = point.current * (3e-9 - 0.4e-9) / (20e26 * unit)
    assert point.disc == pytest.approx(point.current * 0.4e-9 / (n * unit), rel=1e-12)
    assert point.schottky + point.disc + plug + point.series == pytest.approx(v, abs=1e-12)
    heat = point.current * (v - point.series) * 1.572e7 * (0.27 if v > 0 else 1.0)
    assert point.temperature == pytest.approx(293.0 + heat, rel=1e-9)
    assert point.schottky * v >= 0.0
    assert model._contact(point.schottky, n, point.temperature) == pytest.approx(
        point.current, rel=1e-6, abs=1e-18
    )


def test_jart_takes_the_largest_of_several_currents() -> None:
    model, v, n = JartVcm(), 0.1715, 4.8e26
    largest = model.operating_point(v, n).current
    unit = 2 * 1.602e-19 * 4e-6 * math.pi * 45e-9**2
    filament = 0.4e-9 / (n * unit) + 2.6e-9 / (20e26 * unit)
    heating = 719.2437**2 * 3.92e-3 * 90471.47
    currents = np.linspace(0.0, v / (filament + 1369.2437), 4001)[1:]

    def excess(i: float) -> float:
        series = i * (1369.2437 + heating * i * i)
        temperature = 293.0 + 1.572e7 * 0.27 * i * (v - series)
        return model._contact(v - series - filament * i, n, temperature) - i

    signs = np.sign([excess(i) for i in currents.tolist()])
    roots = currents[1:][np.diff(signs) != 0]
    assert roots.size == 3
    assert largest == pytest.approx(roots.max(), abs=2 * currents[0])


def test_jart_sets_abruptly_at_a_negative_voltage_and_resets_gradually() -> None:
    t = np.linspace(0.0, 4e-6, 401)
    pulse = PulseTrain(amplitudes=(-1.0,), width=3e-6, gap=5e-7, edge=1e-8)
    set_state = simulate(JartVcm(), pulse, t).state
    assert set_state[0] == 0.008e26 and set_state[-1] > 19e26
    reset = PulseTrain(amplitudes=(0.95,), width=3e-6, gap=5e-7, edge=1e-8)
    reset_state = simulate(JartVcm(initial_state=4e26), reset, t).state
    assert (np.diff(reset_state) <= 0.0).all() and reset_state[-1] < reset_state[0]
    assert np.abs(np.diff(set_state)).max() > 10 * np.abs(np.diff(reset_state)).max()


# Face ---------------------------------------------------------------------------------------------------


def test_arrays_and_numbers_agree() -> None:
    model = Yakopcic()
    v, x = np.array([[0.1, -0.2], [0.3, 0.0]]), np.array([0.2, 0.7])
    expected = [[model.current(0.1, 0.2), model.current(-0.2, 0.7)], [model.current(0.3, 0.2), 0.0]]
    np.testing.assert_array_equal(model.current(v, x), expected)
    assert model.rate(v, x).shape == (2, 2)
    assert model.conductance(0.5) == model.current(0.2, 0.5) / 0.2


def test_quantities_with_units() -> None:
    assert LinearDrift(thickness="10 nm", r_off="16 kohm") == LinearDrift()
    assert StanfordPku(hop="0.25 nm", v0="250 mV").hop == pytest.approx(0.25e-9)
    with pytest.raises(BadInput, match=r"LinearDrift\.thickness: must be in m"):
        LinearDrift(thickness="10 nV")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LinearDrift(initial_state=1.5), "initial_state: must be within 0..1, got 1.5"),
        (lambda: LinearDrift(window="jogleker"), "LinearDrift.window: "),
        (lambda: Vteam(v_on=0.1), "Vteam.v_on: .*less than 0"),
        (lambda: JartVcm(n_min=3e27), "lower must be below the upper"),
        (lambda: LinearDrift(r_of=1.0), "unknown key .did you mean r_off"),
        (lambda: LinearDrift().current(1.0, 2.0), "state: must be within 0..1, got 2"),
        (lambda: LinearDrift().current(np.nan, 0.5), "voltage: must be finite"),
        (lambda: LinearDrift().conductance(0.5, 0.0), "read_voltage: "),
        (lambda: simulate(LinearDrift(), lambda t: 0.0, [0.0, -1.0]), "times: must ascend, got -1 s after 0 s"),
        (lambda: simulate(LinearDrift(), lambda t: 0.0, []), "times: must be one or more"),
        (lambda: simulate(LinearDrift(), lambda t: 0.0, [0.0, np.inf]), "times: must be finite"),
        (lambda: simulate(LinearDrift(), lambda t: 0.0, [0.0], state=-1), "state: must be within"),
        (lambda: simulate(LinearDrift(), lambda t: 0.0, [0.0], series_resistance=-1.0), "series_resistance: "),
        (lambda: simulate(LinearDrift(), lambda t: 0.0, [0.0], tolerance=1.0), "tolerance: must be within"),
        (lambda: simulate(LinearDrift(), lambda t: 0.0, [0.0], method="euler"), "method: must be one of auto"),  # type: ignore[arg-type]
        (lambda: PiecewiseLinear(times=(0, 1), voltages=(0,)), "voltages: must be one a time .2., got 1"),
        (lambda: PiecewiseLinear(times=(1, 0), voltages=(0, 0)), "times: must not fall"),
        (lambda: PulseTrain(amplitudes=(), width=1.0), "PulseTrain.amplitudes"),
        (lambda: Custom(lambda t: 0.0, longest_step=0.0), "longest_step: must be above 0 s"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(make: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_every_model_has_a_word() -> None:
    assert {type(model) for model in EACH} == set(PHYSICAL.values())
    for model in PHYSICAL.values():
        assert "Source:" in (model.__doc__ or "")
        for name, field in model.model_fields.items():
            assert field.description, name
