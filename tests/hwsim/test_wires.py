"""Wires: against a circuit simulator, a sparse direct solver, closed forms and the laws of linear networks."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from htm.pick import BadInput
from hwsim.wires import WireNetwork, WireParams, WireSolver

SPICE = Path(__file__).resolve().parents[3] / "shared" / "oracles" / "spice"
CASES = sorted(SPICE.glob("xb*.npz"))
needs_spice = pytest.mark.skipif(not CASES, reason="shared/oracles/spice is not here")


def apart(ours, theirs):
    """Largest difference over the largest value; floating lines are NaN in both."""
    assert np.array_equal(np.isnan(ours), np.isnan(theirs))
    return np.nanmax(np.abs(ours - theirs)) / np.nanmax(np.abs(theirs))


@needs_spice
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_engine_equals_ngspice(path):
    with np.load(path) as case:
        g, v, grounded = case["G"], case["v"], case["bl_grounded"]
        resistances = {"word": "rw", "bit": "rb", "driver": "r_driver", "sense": "r_sense"}
        params = WireParams(**{f"{ours}_ohm": float(case[theirs]) for ours, theirs in resistances.items()})
        solver = WireSolver(params, g.shape, grounded)
        for engine, tolerance, bound in (
            ("lines", 1e-12, 1e-9),
            ("nodal", 1e-6, 1e-9),
            ("lines", 1e-6, 1e-5),
        ):
            got = solver.solve(g, v, engine=engine, tolerance=tolerance)
            assert apart(got.out, case["I_out"]) < bound
            assert apart(got.into, case["I_in"]) < bound
            assert apart(got.u, case["u"]) < bound
            assert np.abs(got.w - case["w"]).max() < bound * np.nanmax(np.abs(case["u"]))
        driven = ~np.isnan(v)
        k = solver.matrix(g, driven)
        out = np.where(grounded, np.where(driven, v, 0.0) @ k, np.nan)
        assert apart(out, case["I_out"]) < 1e-9


def networks(draw, floating=True):
    """A random array: conductances over five decades, absent and short cells, any ends."""
    m, n = draw(st.integers(1, 14)), draw(st.integers(1, 14))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    g = 10.0 ** rng.uniform(-7, -3, (m, n))
    g[rng.random((m, n)) < draw(st.sampled_from([0.0, 0.2]))] = 0.0
    g[rng.random((m, n)) < draw(st.sampled_from([0.0, 0.1]))] = 0.01
    ohm = st.sampled_from([0.0, 1e-3, 0.3, 2.0, 50.0])
    params = WireParams(
        word_ohm=draw(ohm),
        bit_ohm=draw(ohm),
        driver_ohm=draw(ohm),
        sense_ohm=draw(ohm),
        two_sided=draw(st.booleans()),
    )
    v = rng.uniform(-0.3, 0.3, m)
    grounded = np.ones(n, dtype=bool)
    if floating and draw(st.booleans()):
        v[rng.random(m) < 0.4] = np.nan
        grounded[rng.random(n) < 0.4] = False
        if np.isnan(v).all() and not grounded.any():
            grounded[0] = True
    return g, v, params, grounded


network = st.composite(networks)
laws = settings(deadline=None, max_examples=60)


def rounding(g, v, params):
    """What a current may owe to rounding: a voltage's last digits over the smallest resistance [A]."""
    ohms = [ohm for ohm in (params.word_ohm, params.bit_ohm, params.driver_ohm, params.sense_ohm) if ohm > 0]
    least = min([*ohms, 1.0 / max(g.max(), 1e-12)])
    return 4 * np.finfo(float).eps * np.nanmax(np.abs(v), initial=0.0) / least


@laws
@given(network())
def test_lines_equal_the_direct_solver_on_any_network(case):
    g, v, params, grounded = case
    solver = WireSolver(params, g.shape, grounded)
    got, exact = solver.solve(g, v, tolerance=1e-12), solver.solve(g, v, engine="nodal")
    scale = max(np.nanmax(np.abs(exact.into), initial=0.0), np.nanmax(np.abs(exact.out), initial=0.0), 1e-12)
    bound = 1e-8 * scale + rounding(g, v, params)
    for name in ("out", "into"):
        np.testing.assert_allclose(getattr(got, name), getattr(exact, name), atol=bound, rtol=0)


@laws
@given(network())
def test_the_matrix_equals_solving_for_any_voltages(case):
    g, v, params, grounded = case
    solver = WireSolver(params, g.shape, grounded)
    driven = ~np.isnan(v)
    out = np.where(driven, v, 0.0) @ solver.matrix(g, driven)
    exact = np.nan_to_num(solver.solve(g, v, engine="nodal").out)
    scale = max(np.abs(exact).max(), np.abs(v[driven]).max(initial=0.0) * 1e-9)
    np.testing.assert_allclose(np.where(grounded, out, 0.0), exact, atol=1e-7 * scale, rtol=0)


@laws
@given(network())
def test_the_admittance_equals_solving_for_any_voltages(case):
    g, v, params, grounded = case
    solver = WireSolver(params, g.shape, grounded)
    driven = ~np.isnan(v)
    y = solver.effective(g, driven).y
    found = solver.solve(g, v, engine="nodal")
    exact = np.nan_to_num(found.into)
    flows = (found.into, found.out)
    scale = max(
        *(np.nanmax(np.abs(one), initial=0.0) for one in flows), np.abs(v[driven]).max(initial=0.0) * 1e-9
    )
    bound = 1e-7 * scale + rounding(g, v, params)
    np.testing.assert_allclose(y @ np.where(driven, v, 0.0), exact, atol=bound, rtol=0)


@laws
@given(network())
def test_kirchhoff_currents_in_are_currents_out(case):
    g, v, params, grounded = case
    got = WireSolver(params, g.shape, grounded).solve(g, v, tolerance=1e-13)
    flows = np.concatenate([np.nan_to_num(got.into), -np.nan_to_num(got.out)])
    # Behind floating lines little flows, and what is left is rounding of voltages over resistances.
    assert abs(flows.sum()) <= 1e-9 * max(np.abs(flows).max(), 1e-9) + flows.size * rounding(g, v, params)


@laws
@given(network(floating=False))
def test_reciprocity(case):
    """What bit line j gets from word line i is what word line i would get from bit line j (passive network)."""
    g, _, params, _ = case
    params = params.model_copy(update={"two_sided": False})
    turned = WireParams(
        word_ohm=params.bit_ohm,
        bit_ohm=params.word_ohm,
        driver_ohm=params.sense_ohm,
        sense_ohm=params.driver_ohm,
    )
    # Driven from the bit lines' ends and sensed at the drivers, the array is itself turned over and round.
    other = np.ascontiguousarray(g[::-1, ::-1].T)
    one = WireSolver(params, g.shape).matrix(g)
    two = WireSolver(turned, other.shape).matrix(other)
    np.testing.assert_allclose(two[::-1, ::-1].T, one, atol=1e-8 * one.max(), rtol=0)


@laws
@given(network(floating=False), st.integers(0, 2**32 - 1))
def test_another_device_never_lowers_the_total_current(case, seed):
    """Rayleigh's monotonicity law, with all drivers at one voltage."""
    g, v, params, _ = case
    v = np.full(v.size, 0.2)
    rng = np.random.default_rng(seed)
    more = g.copy()
    more[rng.integers(g.shape[0]), rng.integers(g.shape[1])] += 10.0 ** rng.uniform(-6, -3)
    before, after = (
        WireSolver(params, g.shape).solve(one, v, tolerance=1e-12).out.sum() for one in (g, more)
    )
    assert after >= before * (1 - 1e-9)


@laws
@given(network(floating=False), st.floats(0.1, 10.0))
def test_currents_are_linear_in_the_voltages(case, factor):
    g, v, params, _ = case
    solver = WireSolver(params, g.shape)
    one, many = solver.solve(g, v, tolerance=1e-12).out, solver.solve(g, factor * v, tolerance=1e-12).out
    np.testing.assert_allclose(many, factor * one, atol=1e-8 * factor * np.abs(one).max(initial=0), rtol=0)


@pytest.mark.parametrize("two_sided", [False, True])
def test_one_cell_and_one_line_have_closed_forms(two_sided):
    params = WireParams(word_ohm=3, bit_ohm=2, driver_ohm=5, sense_ohm=7)
    got = WireSolver(params, (1, 1)).solve([[1e-3]], [0.5], tolerance=1e-12)
    assert got.out[0] == pytest.approx(0.5 / (3 + 5 + 1000 + 2 + 7), rel=1e-14)
    # One word line into cells without bit-line resistance is a ladder, folded from its end by hand.
    params, g = WireParams(word_ohm=40, two_sided=two_sided), np.array([[1e-3, 2e-3, 5e-4]])
    nodes = np.diag(g[0] + 2 / 40)
    nodes[2, 2] -= 0 if two_sided else 1 / 40
    nodes -= np.diag([1 / 40, 1 / 40], 1) + np.diag([1 / 40, 1 / 40], -1)
    u = np.linalg.solve(nodes, np.array([0.5, 0, 0.5 if two_sided else 0]) / 40)
    got = WireSolver(params, (1, 3)).solve(g, [0.5], tolerance=1e-12)
    np.testing.assert_allclose(got.out, g[0] * u, rtol=1e-12)


@pytest.mark.parametrize("engine", ["lines", "nodal"])
def test_without_resistance_it_is_the_ideal_product(engine):
    rng = np.random.default_rng(0)
    g, v = rng.uniform(0, 1e-4, (20, 30)), rng.uniform(0, 0.2, 20)
    got = WireSolver(WireParams(), g.shape).solve(g, v, engine=engine)
    np.testing.assert_allclose(got.out, v @ g, rtol=1e-14)
    tiny = WireParams(word_ohm=1e-9, bit_ohm=1e-9)
    np.testing.assert_allclose(WireSolver(tiny, g.shape).solve(g, v, engine="lines").out, v @ g, rtol=1e-9)


@laws
@given(network(), st.integers(0, 2**32 - 1))
def test_bit_lines_held_at_voltages_of_their_own(case, seed):
    """As a write holds them; with every source at one voltage no current flows."""
    g, v, params, grounded = case
    solver = WireSolver(params, g.shape, grounded)
    held = np.random.default_rng(seed).uniform(-1, 1, g.shape[1])
    got = solver.solve(g, v, bit_volts=held, tolerance=1e-12)
    exact = solver.solve(g, v, bit_volts=held, engine="nodal")
    scale = max(np.nanmax(np.abs(exact.into), initial=0.0), np.nanmax(np.abs(exact.out), initial=0.0), 1e-12)
    bound = 1e-8 * scale + rounding(g, np.append(held, v), params)
    for name in ("out", "into"):
        np.testing.assert_allclose(getattr(got, name), getattr(exact, name), atol=bound, rtol=0)
    level = np.where(np.isnan(v), np.nan, 0.7)
    still = solver.solve(g, level, bit_volts=np.full(g.shape[1], 0.7), tolerance=1e-12)
    assert np.nanmax(np.abs(np.r_[still.out, still.into]), initial=0.0) <= 1e-9 * 0.01 * 0.7


def steps_of(n, second_level, monkeypatch):
    """Steps at 1250 ohm a segment, where 4 cells are a healing length."""
    from hwsim.wires import coarse

    monkeypatch.setattr(coarse, "_LEAST", 3 if second_level else 10**9)
    rng = np.random.default_rng(n)
    g, v = rng.uniform(1e-6, 1e-4, (n, n)), 0.2 * (rng.random(n) < 0.5)
    return WireSolver(WireParams(word_ohm=1250, bit_ohm=1250), g.shape).solve(g, v).steps


def test_with_slow_fields_apart_steps_stop_growing_with_size(monkeypatch):
    alone, apart_ = ([steps_of(n, on, monkeypatch) for n in (48, 96)] for on in (False, True))
    assert alone[1] >= 1.6 * alone[0], "one level alone must need ever more, or nothing was tested"
    assert apart_[1] <= apart_[0] + 3
    assert apart_[1] <= 0.5 * alone[1]


@pytest.mark.parametrize("two_sided", [False, True])
@pytest.mark.parametrize("floating", [False, True])
def test_with_slow_fields_apart_answers_stay_exact(two_sided, floating):
    rng = np.random.default_rng(7)
    g, v = 10.0 ** rng.uniform(-6, -3, (60, 52)), rng.uniform(0, 0.2, 60)
    g[rng.random(g.shape) < 0.2] = 0.0
    grounded = np.ones(52, dtype=bool)
    if floating:
        v[rng.random(60) < 0.3] = np.nan
        grounded[rng.random(52) < 0.3] = False
    params = WireParams(word_ohm=900, bit_ohm=500, driver_ohm=50, sense_ohm=70, two_sided=two_sided)
    solver = WireSolver(params, g.shape, grounded)
    held = rng.uniform(0, 0.1, 52)
    for bit_volts in (None, held):
        got = solver.solve(g, v, bit_volts=bit_volts, tolerance=1e-12)
        exact = solver.solve(g, v, bit_volts=bit_volts, engine="nodal")
        assert solver._leak.shape[0] >= 3, "the second level must have been at work"
        assert got.steps > 0, "the direct solver must not have stood in"
        assert apart(got.out, exact.out) < 1e-10
        assert apart(got.into, exact.into) < 1e-10


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_many_vectors_are_solved_one_by_one_whatever_the_threads(threads):
    rng = np.random.default_rng(6)
    g, many = rng.uniform(1e-6, 1e-4, (50, 33)), rng.uniform(0, 0.2, (7, 50))
    many[:, 3] = np.nan
    solver = WireSolver(WireParams(word_ohm=5, bit_ohm=5), g.shape, rng.random(33) < 0.8)
    alone = np.array([solver.solve(g, v).out for v in many])
    np.testing.assert_array_equal(solver.solve_many(g, many, threads=threads), alone)
    assert solver.solve_many(g, many[:0], threads=threads).shape == (0, 33)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"v": np.ones(3)}, r"v: must have shape \(vectors, 3\), got \(3,\)"),
        ({"v": np.ones((2, 4))}, r"v: must have shape \(2, 3\), got \(2, 4\)"),
        ({"v": [[1, 1, np.nan], [1, 1, 1]]}, "v: must float on the same word lines"),
        ({"threads": 0}, "threads: must be a whole number from 1, got 0"),
    ],
)
def test_bad_vectors_are_refused_in_one_line(change, message):
    given_ = {"g": np.full((3, 2), 1e-5), "v": np.full((2, 3), 0.2)} | change
    with pytest.raises(BadInput, match=message):
        WireSolver(WireParams(word_ohm=1, bit_ohm=1), (3, 2)).solve_many(**given_)


def sinh_chord(scale):
    return lambda v: np.where(np.abs(v) < 1e-6, 1.0, np.sinh(v / scale) / np.where(v == 0, 1.0, v / scale))


def test_a_nonlinear_cell_in_series_has_the_root_that_bisection_finds():
    from scipy.optimize import brentq

    params = WireParams(word_ohm=300, bit_ohm=200)
    got = WireSolver(params, (1, 1)).solve_nonlinear([[1e-3]], [0.5], sinh_chord(0.1), tolerance=1e-10)
    current = brentq(lambda i: 1e-3 * 0.1 * np.sinh((0.5 - 500 * i) / 0.1) - i, 0, 1e-3, xtol=1e-18)
    assert got.out[0] == pytest.approx(current, rel=1e-8)


@pytest.mark.parametrize("scale", [0.05, 0.3])
def test_nonlinear_cells_fulfil_kirchhoffs_law(scale):
    rng = np.random.default_rng(5)
    g, v = rng.uniform(1e-6, 1e-4, (30, 20)), rng.uniform(0, 0.2, 30)
    solver = WireSolver(WireParams(word_ohm=5, bit_ohm=5), g.shape)
    got = solver.solve_nonlinear(g, v, sinh_chord(scale), tolerance=1e-10)
    cell = g * scale * np.sinh((got.u - got.w) / scale)
    np.testing.assert_allclose(cell.sum(axis=0), got.out, rtol=1e-7)
    np.testing.assert_allclose(cell.sum(axis=1), got.into, rtol=1e-7, atol=1e-7 * got.into.max())
    np.testing.assert_allclose((v - got.u[:, 0]) / 5, got.into, atol=1e-6 * got.into.max())
    straight = solver.solve_nonlinear(g, v, np.ones_like, tolerance=1e-10)
    np.testing.assert_allclose(straight.out, solver.solve(g, v, tolerance=1e-12).out, rtol=1e-9)


def test_nonlinear_cells_that_never_settle_are_refused():
    with pytest.raises(BadInput, match="did not settle within 1e-06 in 5 rounds"):
        WireSolver(WireParams(word_ohm=1e5), (1, 1)).solve_nonlinear(
            [[1e-3]], [0.5], lambda v: np.where(v > 0.1, 100.0, 0.01), most=5
        )


@pytest.mark.parametrize("size", [(130, 70), (64, 200)])
def test_large_arrays_agree_over_all_engines(size):
    rng = np.random.default_rng(1)
    g, v = rng.uniform(1e-6, 1e-4, size), rng.uniform(0, 0.2, size[0])
    solver = WireSolver(WireParams(word_ohm=5, bit_ohm=5, driver_ohm=100, sense_ohm=20), size)
    exact = solver.solve(g, v, engine="nodal").out
    assert apart(solver.solve(g, v).out, exact) < 1e-6
    assert apart(solver.solve(g, v, tolerance=1e-12).out, exact) < 1e-11
    assert apart(v @ solver.matrix(g), exact) < 1e-11
    ideal = v @ g
    assert apart(exact, ideal) > 0.3, "the wires must matter, or nothing was tested"


def test_what_does_not_converge_is_solved_directly(monkeypatch):
    from hwsim.wires import lines

    def gives_up(*args):
        return 1, 0.5

    rng = np.random.default_rng(2)
    g, v = rng.uniform(1e-6, 1e-4, (9, 9)), rng.uniform(0, 0.2, 9)
    solver = WireSolver(WireParams(word_ohm=5, bit_ohm=5), g.shape)
    exact = solver.solve(g, v, engine="nodal").out
    monkeypatch.setattr(lines, "descend", gives_up)
    got = solver.solve(g, v)
    assert got.steps == 0
    np.testing.assert_array_equal(got.out, exact)


def test_a_matrix_that_lost_its_digits_is_not_used():
    """At a micro-ohm beside a micro-siemens, differences of admittances keep few digits."""
    rng = np.random.default_rng(3)
    g, v = rng.uniform(1e-6, 1e-5, (40, 24)), rng.uniform(0, 0.2, 40)
    solver = WireSolver(WireParams(word_ohm=1e-7, bit_ohm=1e-7), g.shape)
    assert apart(v @ solver.matrix(g), v @ g) < 1e-8


def test_reading_often_builds_the_matrix_and_programming_forgets_it():
    rng = np.random.default_rng(4)
    shape = (20, 12)
    params = WireParams(word_ohm=5, bit_ohm=5)
    solver = WireSolver(params, shape)
    auto, lines = WireNetwork(solver), WireNetwork(solver, engine="lines", tolerance=1e-10)
    for _ in range(2):
        g = rng.uniform(1e-6, 1e-4, shape)
        auto.program(g)
        lines.program(g)
        for _ in range(120):
            v = 0.2 * (rng.random(20) < 0.3)
            np.testing.assert_allclose(auto.currents(v), lines.currents(v), rtol=1e-6, atol=1e-12)
        assert auto._matrix is not None
        assert lines._matrix is None
        many = rng.uniform(0, 0.2, (3, 20))
        np.testing.assert_allclose(auto.currents(many), lines.currents(many), rtol=1e-8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"g": np.full((3, 2), -1e-6)},
            "g: must be finite and not negative, got -1e-06 S at row 0, column 0",
        ),
        ({"g": np.full((3, 2), np.nan)}, "g: must be finite"),
        ({"g": np.full((3, 2), np.inf)}, "g: must be finite"),
        ({"g": np.ones((2, 2))}, r"g: must have shape \(3, 2\), got \(2, 2\)"),
        ({"v": np.ones(2)}, r"v: must have shape \(3,\), got \(2,\)"),
        ({"v": [1, np.inf, 0]}, "v: must be finite, or NaN for a floating line"),
        ({"tolerance": 0.0}, "tolerance: must lie between 0 and 1, got 0.0"),
        ({"bit_volts": np.ones(3)}, r"bit_volts: must be finite, of shape \(2,\), got \(3,\)"),
        ({"engine": "line"}, "engine: unknown name 'line' .*did you mean lines"),
    ],
)
def test_bad_input_is_refused_in_one_line(change, message):
    given_ = {"g": np.full((3, 2), 1e-5), "v": np.full(3, 0.2)} | change
    with pytest.raises(BadInput, match=message):
        WireSolver(WireParams(word_ohm=1, bit_ohm=1), (3, 2)).solve(**given_)


def test_bad_networks_are_refused():
    with pytest.raises(BadInput, match=r"word_ohm: .*greater than or equal to 0"):
        WireParams(word_ohm=-1)
    with pytest.raises(BadInput, match="every line floats"):
        WireSolver(WireParams(word_ohm=1), (2, 2), [False, False]).solve(
            np.full((2, 2), 1e-5), [np.nan, np.nan]
        )
    with pytest.raises(BadInput, match="too large for the memory"):
        WireSolver(WireParams(word_ohm=1), (10**7, 10**7))
    with pytest.raises(BadInput, match="g: must be programmed"):
        WireNetwork(WireSolver(WireParams(), (2, 2))).currents([1.0, 1.0])
    assert WireParams(word_ohm="2.5 ohm").word_ohm == 2.5
