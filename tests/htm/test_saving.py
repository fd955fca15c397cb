"""Saved states: continue bit for bit, and refuse whatever is not sound, in one line and without running anything."""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.presets import DEVICES
from htm.likelihood import AnomalyLikelihood, AnomalyLikelihoodParams
from htm.measures import CodeMeasures
from htm.pick import BadInput
from htm.pooler import SpatialPooler, SpatialPoolerParams
from htm.predictor import BucketsParams, MultiStepPredictor, MultiStepPredictorParams
from htm.saving import load, save
from htm.software import SoftwareSubstrate
from htm.streams import restore_stream, save_stream, stream
from htm.temporal_memory import TemporalMemory, TemporalMemoryParams
from hwsim.crossbar import CrossbarSubstrate
from hwsim.params import CrossbarParams


class Bag:
    """A thing that keeps whatever state it is given."""

    growing = ("more.*",)

    def __init__(self, **state):
        self.kept = state

    def state(self):
        return self.kept

    def restore(self, state):
        self.kept = state


def inputs(n, seed=0):
    rng = np.random.default_rng(seed)
    return [np.sort(rng.choice(60, 12, replace=False)).astype(np.int32) for _ in range(n)]


def pooler_on(substrate, columns=40, size=60, **more):
    params = SpatialPoolerParams(columns=columns, density=0.1, boost_strength=1.0, duty_period=20, **more)
    return SpatialPooler(params, (size,), substrate, seed=3)


def crossbar():
    # read noise, programming noise and drift: every stream of the chip is drawn from
    device = DEVICES["pcm_joshi2020"]()
    return CrossbarSubstrate(device, CrossbarParams(tile_rows=32, tile_columns=16, readout="analog"), seed=5)


@pytest.mark.parametrize("make", [SoftwareSubstrate, crossbar])
def test_save_load_and_continue_is_bit_identical(tmp_path, make):
    records = inputs(60)
    substrate, other = make(), make()
    pooler, twin = pooler_on(substrate), pooler_on(other)
    for record in records[:30]:
        pooler.compute(record)
    save(tmp_path / "state.npz", {"pooler": pooler, "substrate": substrate})
    load(tmp_path / "state.npz", into={"pooler": twin, "substrate": other})
    for record in records[30:]:
        assert np.array_equal(pooler.compute(record), twin.compute(record))
    assert np.array_equal(pooler.synapses.permanence, twin.synapses.permanence)
    assert substrate.events == other.events
    save(tmp_path / "one.npz", {"pooler": pooler, "substrate": substrate})
    save(tmp_path / "two.npz", {"pooler": twin, "substrate": other})
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.npz", "state.npz", "two.npz"]


def test_the_outputs_continue_too(tmp_path):
    def make():
        buckets = BucketsParams(low=0, high=9, count=10)
        return {
            "likelihood": AnomalyLikelihood(
                AnomalyLikelihoodParams(learning_period=9, estimation_samples=9, window=30)
            ),
            "predictor": MultiStepPredictor(60, MultiStepPredictorParams(steps=(1, 4), buckets=buckets)),
            "measures": CodeMeasures(60, period=10),
        }

    def step(parts, i, record):
        parts["measures"].add(record, item=f"{i % 3}")
        forecast = parts["predictor"].compute(record, float(i % 10))
        return parts["likelihood"].compute((i * 7 % 11) / 11), forecast[4].expected, parts["measures"].entropy

    records = inputs(80)
    parts, twin = make(), make()
    for i, record in enumerate(records[:45]):
        step(parts, i, record)
    save(tmp_path / "s.npz", parts)
    assert load(tmp_path / "s.npz", into=twin) is twin
    for i, record in enumerate(records[45:]):
        assert step(parts, i, record) == step(twin, i, record)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4).filter(lambda s: not s.startswith("$")), inner, max_size=3)
        | st.tuples(inner, inner)
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text("abc.", min_size=1, max_size=4), json_values, max_size=4))
def test_any_json_value_comes_back(tmp_path, state):
    save(tmp_path / "s.npz", Bag(**state))
    bag = Bag(**state)
    load(tmp_path / "s.npz", into=bag)
    assert repr(bag.kept) == repr(state)  # repr, because NaN is not equal to itself


def test_arrays_of_every_kind_come_back(tmp_path):
    state = {
        "floats": np.array([np.nan, np.inf, -0.0, 1e-320]),
        "bits": np.arange(12, dtype=np.int32).reshape(3, 4)[:, ::2],
        "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "truth": np.array([True, False]),
        "empty": np.empty((0, 3), np.float32),
        "point": np.array(3.5, dtype=np.float32),
        "scalar": np.float32(0.1),
        "text": np.array(["a", "bcd"]),
        "deep": {"inside": {"here": np.arange(3)}, "list": [1, {"x": np.arange(2)}]},
        "deep.inside": {"here": np.arange(4)},
        "rng": save_stream(stream(1, "x")),
    }
    bag = Bag(**{key: value for key, value in state.items()})
    save(tmp_path / "s.npz", bag)
    load(tmp_path / "s.npz", into=bag)
    for name in ("floats", "bits", "fortran", "truth", "empty", "point", "text"):
        assert np.array_equal(bag.kept[name], state[name], equal_nan=name == "floats"), name
        assert bag.kept[name].dtype == state[name].dtype
    assert type(bag.kept["scalar"]) is np.float32 and bag.kept["scalar"] == np.float32(0.1)
    assert bag.kept["deep"]["inside"]["here"].size == 3 and bag.kept["deep.inside"]["here"].size == 4
    assert bag.kept["deep"]["list"][1]["x"].tolist() == [0, 1]
    assert restore_stream(bag.kept["rng"]).random() == stream(1, "x").random()


@pytest.mark.parametrize(
    ("value", "match"),
    [
        (object(), "thing.x: must be an array or a JSON-able value, got object"),
        (np.array([None, {}], dtype=object), "thing.x: holds Python objects"),
        ({1: 2}, "thing.x: its keys must be texts"),
        ({"$array": "y"}, "thing.x: its keys must be texts that do not begin"),
        ([b"bytes"], r"thing.x.0: must be an array or a JSON-able value, got bytes"),
    ],
)
def test_what_cannot_be_kept_is_refused_before_writing(tmp_path, value, match):
    with pytest.raises(BadInput, match=match):
        save(tmp_path / "s.npz", Bag(x=value))
    assert not list(tmp_path.iterdir())


def test_a_failed_write_keeps_the_old_file(tmp_path):
    save(tmp_path / "s.npz", Bag(x=1))
    before = (tmp_path / "s.npz").read_bytes()
    with pytest.raises(BadInput):
        save(tmp_path / "s.npz", Bag(x=object()))
    assert (tmp_path / "s.npz").read_bytes() == before
    with pytest.raises(BadInput, match="cannot be written"):
        save(tmp_path / "none" / "s.npz", Bag(x=1))
    (tmp_path / "folder").mkdir()
    with pytest.raises(BadInput, match="cannot be written"):
        save(tmp_path / "folder", Bag(x=1))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder", "s.npz"]


class Trap:
    """Unpickling this would leave a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def refuse(path, into=None, match=None):
    bag = Bag(x=np.arange(5), more={"y": np.arange(3)}) if into is None else into
    before = repr(bag.state())
    with pytest.raises(BadInput, match=match) as error:
        load(path, into=bag)
    assert "\n" not in str(error.value) and str(error.value).startswith(str(path))
    assert len(str(error.value)) < 500
    assert repr(bag.state()) == before  # nothing changed


@pytest.fixture
def saved(tmp_path):
    save(tmp_path / "s.npz", Bag(x=np.arange(5), more={"y": np.arange(3)}))
    return tmp_path / "s.npz"


class TestUnsound:
    def test_truncated_anywhere(self, saved):
        whole = saved.read_bytes()
        for size in [0, 1, 10, *range(30, len(whole), 37), len(whole) - 1]:
            saved.write_bytes(whole[:size])
            refuse(saved, match="is no sound saved state")

    def test_any_byte_changed(self, saved):
        """Every change is either found or without effect (a name's time stamp, say)."""
        whole = saved.read_bytes()
        found = 0
        for place in range(0, len(whole), 3):
            saved.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
            bag = Bag(x=np.arange(5), more={"y": np.arange(3)})
            try:
                load(saved, into=bag)
                assert bag.kept["x"].tolist() == [0, 1, 2, 3, 4] and bag.kept["more"]["y"].tolist() == [
                    0,
                    1,
                    2,
                ]
            except BadInput as error:
                assert "\n" not in str(error)
                found += 1
        assert found > len(whole) / 3 / 2

    @pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04", b"\x93NUMPY", b"\x80\x04."])
    def test_foreign(self, tmp_path, content):
        (tmp_path / "x").write_bytes(content)
        refuse(tmp_path / "x", match="is no sound saved state")

    def test_a_pickle_is_not_opened(self, tmp_path):
        trap = tmp_path / "sprung"
        (tmp_path / "x.npz").write_bytes(pickle.dumps(Trap(trap)))
        refuse(tmp_path / "x.npz")
        assert not trap.exists()

    def test_planted_objects_are_not_opened(self, saved, tmp_path):
        trap = tmp_path / "sprung"
        planted = io.BytesIO()
        np.save(planted, np.array([Trap(trap)], dtype=object), allow_pickle=True)
        with zipfile.ZipFile(saved, "a") as archive:
            archive.writestr("planted.npy", planted.getvalue())
        refuse(saved, match="Object arrays cannot be loaded")
        assert not trap.exists()

    def test_other_npz_files(self, tmp_path):
        np.savez(tmp_path / "x.npz", a=np.arange(3))
        refuse(tmp_path / "x.npz", match="is no sound saved state")
        np.savez(tmp_path / "x.npz", header=np.frombuffer(b'{"format": "else"}', np.uint8))
        refuse(tmp_path / "x.npz", match="another one's")
        np.savez_compressed(tmp_path / "x.npz", header=np.zeros(10**6, np.uint8))
        refuse(tmp_path / "x.npz", match="it is compressed")

    def test_tampered_with_a_whole_zip(self, saved):
        """A changed array under a right zip checksum: the digest does not fit."""
        with np.load(saved) as members:
            arrays = {name: members[name] for name in members.files}
        arrays["thing.x"][2] = 99
        np.savez(saved, **arrays)
        refuse(saved, match="its digest does not fit")

    @pytest.mark.parametrize(
        "parts",
        [
            {},
            {"thing": {}},
            {"thing": {"class": "Bag", "params": None, "state": {"x": {"$array": "absent"}}}},
            {"thing": {"class": "Bag", "params": None, "state": [1]}},
            {"thing": {"class": 3, "params": None, "state": {}}},
            [],
            None,
            {"thing": {"class": "Bag", "params": None, "state": {"x": {"$float": "abc"}}}},
        ],
    )
    def test_a_fitting_digest_alone_does_not_help(self, tmp_path, parts):
        from htm import saving

        header = {"format": "htm-state", "schema": 1, "parts": parts}
        header["digest"] = saving._digest(header, {})
        np.savez(tmp_path / "x.npz", header=np.frombuffer(json.dumps(header).encode(), np.uint8))
        refuse(tmp_path / "x.npz")

    def test_deep_json(self, tmp_path):
        text = b"[" * 200000
        np.savez(tmp_path / "x.npz", header=np.frombuffer(text, np.uint8))
        refuse(tmp_path / "x.npz", match="RecursionError")

    def test_another_schema(self, tmp_path):
        text = json.dumps({"format": "htm-state", "schema": 2}).encode()
        np.savez(tmp_path / "x.npz", header=np.frombuffer(text, np.uint8))
        refuse(tmp_path / "x.npz", match="schema: this version reads 1, got 2")

    def test_no_file(self, tmp_path):
        refuse(tmp_path / "none.npz", match="there is no such file")
        refuse(tmp_path, match="cannot be read")


class TestUnfit:
    @pytest.mark.parametrize(
        ("columns", "size", "match"),
        [
            (30, 60, r"SpatialPooler.columns: 40 in the file, 30 here"),
            (40, 50, r"in the file, .*\(40, 50\) here"),
        ],
    )
    def test_changed_dimensions(self, tmp_path, columns, size, match):
        save(tmp_path / "s.npz", pooler_on(SoftwareSubstrate()))
        with pytest.raises(BadInput, match=match):
            load(tmp_path / "s.npz", into=pooler_on(SoftwareSubstrate(), columns, size))

    def test_changed_parameters_are_refused_unless_asked_for(self, tmp_path):
        pooler = pooler_on(SoftwareSubstrate())
        for record in inputs(5):
            pooler.compute(record)
        save(tmp_path / "s.npz", pooler)
        other = pooler_on(SoftwareSubstrate(), increment=0.2)
        with pytest.raises(BadInput, match=r"SpatialPooler.increment: 0.05 in the file, 0.2 here"):
            load(tmp_path / "s.npz", into=other)
        load(tmp_path / "s.npz", into=other, same_params=False)
        assert np.array_equal(other.synapses.permanence, pooler.synapses.permanence)

    @pytest.mark.parametrize("make", [SoftwareSubstrate, crossbar])
    @pytest.mark.parametrize("reach", [None, 3])  # with it, pools are small and their synapses listed
    def test_another_pool(self, tmp_path, make, reach):
        params = SpatialPoolerParams(columns=40, density=0.1, potential_fraction=0.5, potential_radius=reach)
        pooler, other = (SpatialPooler(params, (60,), make(), seed=seed) for seed in (3, 4))
        for record in inputs(5):
            pooler.compute(record)
        save(tmp_path / "s.npz", pooler)
        before = other.synapses.permanence.copy()
        for same_params in (True, False):
            with pytest.raises(
                BadInput, match=r"pool: another one than was saved \(from another seed\?\)"
            ) as error:
                load(tmp_path / "s.npz", into=other, same_params=same_params)
            assert "\n" not in str(error.value)
        assert other.step == 0 and np.array_equal(other.synapses.permanence, before)
        load(tmp_path / "s.npz", into=SpatialPooler(params, (60,), make(), seed=3))

    def test_a_pool_of_another_width_is_another(self):
        """The same bits in bytes: 60 and 61 inputs, of which the last is in no pool."""
        params, pool = SpatialPoolerParams(columns=40, density=0.1), np.ones((40, 61), dtype=np.bool_)
        pool[:, -1] = False
        marks = [
            SpatialPooler(params, (n,), SoftwareSubstrate(), pool=pool[:, :n]).state()["pool"]
            for n in (60, 61)
        ]
        assert marks[0] != marks[1]

    def test_a_state_from_before_pools_were_noted(self, tmp_path):
        pooler = pooler_on(SoftwareSubstrate())
        old = {name: value for name, value in pooler.state().items() if name != "pool"}
        with pytest.raises(BadInput, match="pool: not noted in the state, which is of an earlier version"):
            pooler.restore(old)
        pooler.state = lambda: old
        save(tmp_path / "s.npz", pooler)
        with pytest.raises(BadInput, match="pool: not in the file, here"):
            load(tmp_path / "s.npz", into=pooler_on(SoftwareSubstrate()))

    def test_another_thing(self, tmp_path):
        save(tmp_path / "s.npz", AnomalyLikelihood())
        refuse(tmp_path / "s.npz", match="holds a AnomalyLikelihood, but a Bag must be restored")

    def test_other_names(self, tmp_path):
        save(tmp_path / "s.npz", {"a": Bag(x=1), "b": Bag(x=2)})
        with pytest.raises(BadInput, match="holds a, b, but a, c must be restored"):
            load(tmp_path / "s.npz", into={"a": Bag(x=1), "c": Bag(x=2)})

    @pytest.mark.parametrize(
        ("here", "match"),
        [
            (
                {"x": np.arange(6), "more": {"y": np.arange(3)}},
                r"x: int64\(5,\) in the file, int64\(6,\) here",
            ),
            ({"x": np.arange(5.0), "more": {"y": np.arange(3)}}, r"x: int64\(5,\) in the file, float64"),
            ({"x": np.zeros((1, 5), int), "more": {"y": np.arange(3)}}, r"x: int64\(5,\) in the file"),
            ({"x": 3, "more": {"y": np.arange(3)}}, "x: an array in the file only"),
            ({"x": np.arange(5), "more": {"z": np.arange(3)}}, "more.z: not in the file"),
            ({"x": np.arange(5), "more": {"y": np.arange(3)}, "w": 1}, "w: not in the file, here"),
            ({"x": np.arange(5)}, "more: in the file, not here"),
        ],
    )
    def test_another_form(self, saved, here, match):
        refuse(saved, Bag(**here), match)

    @pytest.mark.parametrize("here", [np.arange(7), None])
    def test_growing_arrays_may_have_other_lengths_or_none(self, saved, here):
        bag = Bag(x=np.arange(5), more={"y": here, "z": np.arange(1)})
        saved_too = saved.with_name("t.npz")
        save(saved_too, Bag(x=np.arange(5), more={"y": np.arange(3), "z": None}))
        load(saved_too, into=bag)
        assert bag.kept["more"]["y"].size == 3 and bag.kept["more"]["z"] is None
        refuse(
            saved_too, Bag(x=np.arange(5), more={"y": np.zeros((2, 2), int), "z": None}), r"more\.y: int64"
        )

    def test_a_failing_restore_changes_nothing(self, tmp_path):
        class Sour(Bag):
            def restore(self, state):
                if self.kept["x"] != state["x"] and state["x"] == 2:
                    raise KeyError("no")
                self.kept = state

        sour, sweet = Sour(x=2), Bag(x=5)
        save(tmp_path / "s.npz", {"sweet": sweet, "sour": sour})
        twin = {"sweet": Bag(x=6), "sour": Sour(x=3)}
        with pytest.raises(BadInput, match=r"does not fit this Sour \(KeyError: 'no'\)"):
            load(tmp_path / "s.npz", into=twin)
        assert twin["sweet"].kept == {"x": 6} and twin["sour"].kept == {"x": 3}

    def test_what_is_no_thing(self, tmp_path):
        with pytest.raises(BadInput, match="must have state"):
            save(tmp_path / "s.npz", 3)


def test_a_trained_temporal_memory_continues_in_a_fresh_one(tmp_path):
    """It has grown segments that the fresh one has not."""
    rng = np.random.default_rng(0)
    codes = [np.sort(rng.choice(64, 8, replace=False)).astype(np.int32) for _ in range(6)]
    params = TemporalMemoryParams(
        columns=64, cells_per_column=4, activation_threshold=5, matching_threshold=4, new_synapses=8
    )
    trained, fresh = (TemporalMemory(params, SoftwareSubstrate(), seed=2) for _ in range(2))
    for _ in range(20):
        for code in codes:
            trained.compute(code)
    assert trained.anomaly < 0.2
    save(tmp_path / "memory.npz", trained)
    load(tmp_path / "memory.npz", into=fresh)
    for code in [*codes, *codes[::-1], *codes]:
        assert trained.compute(code) == fresh.compute(code)
        assert np.array_equal(trained.predictive_cells, fresh.predictive_cells)
    assert trained.dendrites.n_synapses == fresh.dendrites.n_synapses
