"""Topology: pools around centres, neighbourhoods, local inhibition, its radius; htm.core's golden vectors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.presets import DEVICES
from htm import reference
from htm.columns import ListedColumns
from htm.inhibition import Neighbourhoods
from htm.pick import BadInput
from htm.pooler import SpatialPooler, SpatialPoolerParams, draw_pool
from htm.software import SoftwareColumns, SoftwareSubstrate
from htm.topology import column_centres, inputs_near, radius_of_inhibition
from hwsim.crossbar import CrossbarSubstrate
from hwsim.params import CrossbarParams

GOLDEN = {
    "sp_local": dict(wrap=True, minimum_duty_fraction=0.001),
    "sp_local_nowrap": dict(wrap=False, minimum_duty_fraction=0.0, stimulus_threshold=1),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_equals_htmcore(name, htmcore_oracles):
    data = np.load(htmcore_oracles / f"{name}.npz", allow_pickle=False)
    start = data["perm0_q256"]
    inputs = start.shape[1]
    pool = np.unpackbits(data["pool"], axis=1)[:, :inputs].astype(bool)
    params = SpatialPoolerParams(
        column_shape=tuple(data["col_dims"].tolist()),
        inhibition="local",
        density=0.06,
        increment=1 / 16,
        decrement=1 / 64,
        bump=1 / 32,
        **GOLDEN[name],
    )
    pooler = SpatialPooler(
        params,
        tuple(data["in_dims"].tolist()),
        SoftwareSubstrate(),
        pool=pool,
        permanence=(start / 256).astype(np.float32),
    )
    pooler.inhibition_radius = int(data["inhibition_radius"][0])  # the first comes from htm.core's own start
    wanted = np.split(data["active_concat"], np.cumsum(data["active_count"])[:-1])
    for i, active in enumerate(data["inputs"]):
        bits = np.sort(active).astype(np.int32)
        assert np.array_equal(pooler.synapses.overlap(bits), data["overlaps"][i]), f"overlap, step {i}"
        assert np.array_equal(pooler.compute(bits), wanted[i]), f"winners, step {i}"
        assert pooler.inhibition_radius == data["inhibition_radius"][i], f"radius, step {i}"
    final = np.where(pool, pooler.synapses.permanence * 256, 0)
    assert np.array_equal(final, np.where(pool, data["perm_final_q256"], 0))
    assert pooler.overlap_duty == pytest.approx(data["overlap_duty"], abs=1e-6)
    assert pooler.active_duty == pytest.approx(data["active_duty"], abs=1e-6)
    assert pooler.minimum_duty == pytest.approx(data["min_overlap_duty"], abs=1e-6)
    probes = np.split(data["probe_active_concat"], np.cumsum(data["probe_active_count"])[:-1])
    for active, winners in zip(data["probe_inputs"], probes, strict=True):
        assert np.array_equal(pooler.compute(np.sort(active).astype(np.int32), learn=False), winners)


@st.composite
def grids(draw):
    shape = draw(st.sampled_from([(1,), (37,), (1, 9), (6, 7), (13, 5), (8, 8), (3, 4, 5), (2, 3, 2, 4)]))
    return shape, draw(st.integers(0, 9)), draw(st.booleans())


@settings(max_examples=120, deadline=None)
@given(
    grids(),
    st.floats(0.01, 0.6),
    st.integers(0, 3),
    st.sampled_from([None, 0.0, 1.0, 2.0]),
    st.integers(0, 2**32 - 1),
)
def test_local_winners_equal_their_definition(grid, density, kind, floor, seed):
    shape, radius, wrap = grid
    rng, n = np.random.default_rng(seed), int(np.prod(shape))
    score = (
        rng.integers(0, 4, n).astype(np.int32),
        rng.integers(0, 200, n).astype(np.int32),
        rng.normal(size=n).astype(np.float32),
        rng.integers(-3, 5, n) / 2,
    )[kind]
    ours = Neighbourhoods(shape, radius, wrap).winners(score, density, floor)
    assert ours.tolist() == reference.local_winners(score, shape, radius, density, wrap, floor).tolist()


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("kind", ["few", "many", "real"])
def test_local_winners_of_a_large_grid_equal_their_definition(wrap, kind):
    """Large enough for the levels."""
    rng = np.random.default_rng(5)
    score = {"few": rng.integers(0, 9, 900), "many": rng.integers(0, 500, 900), "real": rng.normal(size=900)}
    values = score[kind].astype(np.float32 if kind == "real" else np.int32)
    ours = Neighbourhoods((30, 30), 4, wrap).winners(values, 0.1)
    assert ours.tolist() == reference.local_winners(values, (30, 30), 4, 0.1, wrap).tolist()


@settings(max_examples=60, deadline=None)
@given(grids(), st.integers(0, 2**32 - 1))
def test_neighbourhood_sizes_means_and_maxima(grid, seed):
    shape, radius, wrap = grid
    values = np.random.default_rng(seed).random(int(np.prod(shape))).astype(np.float32)
    near = Neighbourhoods(shape, radius, wrap)
    for column in range(values.size):
        own = inputs_near(np.array(np.unravel_index(column, shape)), shape, radius, wrap)
        assert near.size[column] == own.size
        assert near.maximum(values)[column] == values[own].max()
        assert near.mean(values)[column] == pytest.approx(values[own].mean(), abs=1e-6)


def test_centres_follow_the_grid():
    params = SpatialPoolerParams(column_shape=(2, 3), density=0.5)
    assert column_centres(params, (4, 9)).tolist() == [[1, 1], [1, 4], [1, 7], [3, 1], [3, 4], [3, 7]]
    params = SpatialPoolerParams(column_shape=(4,), density=0.5)
    assert column_centres(params, (2,)).tolist() == [[0], [0], [1], [1]]


@pytest.mark.parametrize("wrap", [False, True])
def test_pools_lie_around_their_centres(wrap):
    params = SpatialPoolerParams(
        column_shape=(6, 6), density=0.1, potential_radius=2, potential_fraction=0.5, wrap=wrap
    )
    pool = draw_pool(params, (12, 12), seed=3)
    for column, centre in enumerate(column_centres(params, (12, 12))):
        near = inputs_near(centre, (12, 12), 2, wrap)
        assert near.size == (25 if wrap else near.size)
        assert np.isin(np.flatnonzero(pool[column]), near).all()
        assert pool[column].sum() == round(0.5 * near.size)


def test_radius():
    assert radius_of_inhibition(np.full(4, 5, np.float32), (4,), (4,)) == 2
    assert radius_of_inhibition(np.full(4, 6, np.float32), (4,), (4,)) == 3  # a half rounds away from zero
    assert radius_of_inhibition(np.zeros(4, np.float32), (4,), (4,)) == 1
    assert radius_of_inhibition(np.full(4, 9, np.float32), (8, 4), (4, 4)) == 6


def _columns(fill, seed=0):
    rng = np.random.default_rng(seed)
    pool = rng.random((50, 60)) < fill
    return pool, rng.random((50, 60), dtype=np.float32)


def test_listed_columns_equal_dense_ones():
    pool, permanence = _columns(0.1)
    listed = SoftwareSubstrate().columns(pool, permanence, 0.5)
    dense = SoftwareColumns(pool, permanence, 0.5)
    assert isinstance(listed, ListedColumns)
    rng = np.random.default_rng(1)
    for _ in range(40):
        active = np.sort(rng.choice(60, 12, replace=False)).astype(np.int32)
        rows = np.sort(rng.choice(50, 9, replace=False)).astype(np.int32)
        assert np.array_equal(listed.overlap(active), dense.overlap(active))
        for columns in (listed, dense):
            columns.adapt(rows, active, 0.2, 0.1)
            columns.trim(rows, 0.05)
        assert np.array_equal(listed.permanence, dense.permanence)
        assert np.array_equal(listed.spans((5, 12)), dense.spans((5, 12)))
    other = SoftwareSubstrate().columns(pool, permanence, 0.5)
    other.restore(listed.state())
    assert np.array_equal(other.permanence, listed.permanence)
    assert np.array_equal(other.overlap(active), listed.overlap(active))


def test_local_pooler_on_ideal_devices_equals_software():
    params = SpatialPoolerParams(
        column_shape=(8, 8), inhibition="local", density=0.1, potential_radius=3, trim=0.05, wrap=True
    )
    hard = CrossbarSubstrate(DEVICES["ideal"](), CrossbarParams(tile_rows=32, tile_columns=16), 1)
    a = SpatialPooler(params, (10, 10), SoftwareSubstrate(), seed=5)
    b = SpatialPooler(params, (10, 10), hard, seed=5)
    rng = np.random.default_rng(0)
    seen = 0
    for _ in range(120):
        bits = np.sort(rng.choice(100, 30, replace=False)).astype(np.int32)
        assert np.array_equal(a.compute(bits), b.compute(bits))
        assert hard.events["compare"] > seen
        seen = hard.events["compare"]
    assert np.array_equal(a.synapses.permanence, b.synapses.permanence)
    assert a.inhibition_radius == b.inhibition_radius
    assert hard.events["cell_read"] > 0


def test_noisy_comparators_err_locally():
    hard = CrossbarSubstrate(DEVICES["ideal"](), CrossbarParams(comparator_sigma=1e3), 1)
    score = np.arange(64, dtype=np.int32)
    exact = SoftwareSubstrate().local_winners(score, (8, 8), 2, 0.1, False)
    assert not np.array_equal(hard.local_winners(score, (8, 8), 2, 0.1, False), exact)
    assert hard.events["compare"] == 64


def test_saved_and_restored_it_continues_identically():
    rng = np.random.default_rng(6)
    params = SpatialPoolerParams(
        column_shape=(9, 9), inhibition="local", density=0.1, potential_radius=2, boost_strength=3.0
    )
    records = [np.sort(rng.choice(81, 20, replace=False)).astype(np.int32) for _ in range(140)]
    a = SpatialPooler(params, (9, 9), SoftwareSubstrate(), seed=1)
    for bits in records[:75]:
        a.compute(bits)
    b = SpatialPooler(params, (9, 9), SoftwareSubstrate(), seed=1)
    b.restore(a.state())
    for bits in records[75:]:
        assert np.array_equal(a.compute(bits), b.compute(bits))
    assert np.array_equal(a.synapses.permanence, b.synapses.permanence)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(column_shape=(3, 3), columns=8), "column_shape: must hold 8 columns, got (3, 3)"),
        (dict(column_shape=(0, 3)), "column_shape.0: input should be greater than 0, got 0"),
        (dict(boost_form="linear", boost_strength=0.5), "must be 0 or at least 1 where boost_form is linear"),
        (dict(inhibition="locl"), "inhibition: input should be 'global' or 'local', got 'locl'"),
    ],
)
def test_bad_parameters(options, message):
    with pytest.raises(BadInput) as error:
        SpatialPoolerParams(**options)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(inhibition="local"), "column_shape: must be given for local inhibition"),
        (dict(column_shape=(8, 8, 2)), "column_shape: must have as many axes as the input"),
    ],
)
def test_topology_must_fit_the_input(options, message):
    with pytest.raises(BadInput, match=message):
        SpatialPooler(SpatialPoolerParams(**options), (8, 8), SoftwareSubstrate())
