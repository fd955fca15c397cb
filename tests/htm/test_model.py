"""A whole model: equal to its parts wired by hand, stacks, feedback, river's verbs, saving."""

from functools import partial

import numpy as np
import pytest

from devices.presets import DEVICES
from htm.encoders import Record, RecordParams
from htm.likelihood import AnomalyLikelihood, AnomalyLikelihoodParams, log_likelihood
from htm.model import Model, ModelParams
from htm.pick import BadInput
from htm.pooler import SpatialPooler
from htm.region import Region, RegionParams
from htm.saving import load, save
from htm.software import SoftwareSubstrate
from htm.streams import stream
from htm.temporal_memory import TemporalMemory, TemporalMemoryParams
from hwsim.crossbar import CrossbarSubstrate
from hwsim.params import CrossbarParams

VALUE = {"encoder": "random_scalar", "size": 200, "active_bits": 21, "resolution": 1.0}
POOLER = {"columns": 128, "density": 0.08}
MEMORY = {
    "cells_per_column": 4,
    "activation_threshold": 4,
    "matching_threshold": 3,
    "new_synapses": 10,
    "segments_per_cell": 16,
    "synapses_per_segment": 24,
}
ABOVE = {"pooler": {"columns": 96, "density": 0.08}, "memory": MEMORY}
LIKELIHOOD = AnomalyLikelihoodParams(learning_period=20, estimation_samples=20, reestimation_period=7)


def params(levels=1, **more):
    made = {"pooler": POOLER, "memory": MEMORY, "likelihood": LIKELIHOOD, "value": "v"}
    return ModelParams(encoder={"fields": {"v": VALUE}}, **{**made, "above": (ABOVE,) * (levels - 1), **more})


def records(n, seed=0):
    """A repeating melody with a wrong note now and then."""
    rng = np.random.default_rng(seed)
    melody = [1.0, 9.0, 4.0, 30.0, 22.0, 9.0, 60.0]
    return [{"v": 80.0 if rng.random() < 0.05 else melody[i % 7]} for i in range(n)]


def crossbar(columns=128 + 96):
    return CrossbarSubstrate(DEVICES["rram_wan2022"](), CrossbarParams(tile_rows=64, tile_columns=64), seed=5)


def test_one_region_equals_its_parts_wired_by_hand():
    model = Model(params(), seed=3)
    substrate = SoftwareSubstrate()
    encoder = Record(RecordParams(fields={"v": VALUE}))
    pooler = SpatialPooler(params().pooler, (encoder.size,), substrate, 3)
    memory = TemporalMemory(params().memory, substrate, 3)
    likelihood = AnomalyLikelihood(LIKELIHOOD)
    for i, record in enumerate(records(150)):
        learn = i % 11 != 5
        anomaly = memory.compute(pooler.compute(encoder.encode(record), learn), learn)
        expected = likelihood.compute(anomaly, record["v"])
        assert model.compute(record, learn) == (anomaly, expected, log_likelihood(expected))
    assert np.array_equal(model.regions[0].pooler.synapses.permanence, pooler.synapses.permanence)


def test_an_upper_region_sees_the_output_of_the_one_below():
    model = Model(params(levels=2, feedback="none"), seed=3)
    lower = Model(params(), seed=3)
    upper_seed = int(stream(3, "model.regions").integers(0, 2**31, 1)[0])
    above = RegionParams.model_validate(ABOVE)
    upper = Region(above.pooler, above.memory, (128 * 4,), SoftwareSubstrate(), upper_seed)
    for record in records(120):
        model.compute(record)
        lower.compute(record)
        anomaly = upper.compute(lower.output())
        assert model.anomalies == [lower.anomalies[0], anomaly]
    assert np.array_equal(model.output(), upper.memory.active_cells)


@pytest.mark.parametrize("output", ["columns", "active", "predicted"])
@pytest.mark.parametrize("feedback", ["none", "active", "predicted"])
def test_every_level_learns_the_melody(output, feedback):
    model = Model(params(levels=3, output=output, feedback=feedback), seed=1)
    passes = []
    for _ in range(80):
        model.reset()
        notes = (1.0, 9.0, 4.0, 30.0, 22.0)
        passes.append([model.compute({"v": v}) and list(model.anomalies) for v in notes])
    seen = np.array(passes)  # (passes, notes, levels)
    assert (seen[0] > 0.9).all()
    late = seen[-20:, 1:].mean(axis=(0, 1))
    assert (late < 0.1).all(), late
    assert model.output(0).max() < (128 if output == "columns" else 128 * 4)


PAIR = ([1.0, 9, 40, 70, 100, 130, 5], [500.0, 9, 40, 70, 100, 130, 600])  # a shared middle


def learned_pair(seed, feedback):
    """Two levels that know both sequences; the upper sees columns, so its context outlasts a burst below."""
    pooler = {"columns": 256, "density": 0.08}
    memory = {
        "cells_per_column": 8,
        "activation_threshold": 8,
        "matching_threshold": 6,
        "new_synapses": 16,
        "punishment": 0.02,
    }
    above = ({"pooler": pooler, "memory": memory},)
    parts = params(pooler=pooler, memory=memory, above=above, output="columns", feedback=feedback)
    model, which = Model(parts, seed=seed), np.random.default_rng(seed)
    for _ in range(120):
        model.reset()
        for value in PAIR[which.integers(2)]:
            model.compute({"v": value})
    return model


def foreseen_endings(model, sequence, feedback):
    """Shares of the columns of its own and the other's ending that are predicted, context lost on the way below."""
    model.reset()
    for place, value in enumerate(sequence[:-1]):
        if place == 2:
            model.regions[0].reset()
        model.compute({"v": value}, learn=False)
    upper = model.regions[1].memory.active_cells if feedback != "none" else None
    predicted, pooler = model.memory.predict(apical=upper), model.regions[0].pooler
    shares = []
    for ending in (sequence, PAIR[sequence is PAIR[0]]):
        columns = pooler.inhibit(pooler.synapses.overlap(model.encoder.encode({"v": ending[-1]})))
        shares.append(float(np.isin(columns, predicted).mean()))
    return shares


@pytest.mark.parametrize("seed", range(3))
def test_feedback_tells_a_region_the_context_that_it_lost(seed):
    for sequence in PAIR:
        alone = foreseen_endings(learned_pair(seed, "none"), sequence, "none")
        own, other = foreseen_endings(learned_pair(seed, "active"), sequence, "active")
        assert min(alone) > 0.9, "without the context both endings are to be expected"
        assert own > 0.9
        assert other < 0.1


def test_feedback_chooses_between_predicted_cells_and_never_adds_a_column():
    model = learned_pair(2, "active")
    chosen = 0
    for i in range(60):
        model.compute({"v": PAIR[i // 7 % 2][i % 7]}, learn=False)
        model.regions[0].reset() if i % 7 == 2 else None
        memory = model.memory
        memory.predict()
        alone, columns = set(memory.predictive_cells), set(memory.predicted)
        memory.predict(apical=model.regions[1].memory.active_cells)
        assert set(memory.predictive_cells) <= alone
        assert set(memory.predicted) == columns
        chosen += set(memory.predictive_cells) < alone
    assert chosen > 0, "feedback never decided anything, so nothing was tested"


@pytest.mark.parametrize("feedback", ["active", "predicted"])
def test_feedback_is_what_the_level_above_said_of_the_record_before(monkeypatch, feedback):
    heard = []

    def listen(*args, compute=None, **more):
        heard.append(more["apical"])
        return compute(*args, **more)

    model = Model(params(levels=2, feedback=feedback), seed=2)
    monkeypatch.setattr(model.memory, "compute", partial(listen, compute=model.memory.compute))
    for record in records(120):
        upper = model.regions[1].memory
        before = (upper.active_cells if feedback == "active" else upper.predictive_cells).copy()
        model.compute(record)
        assert np.array_equal(heard[-1], before)
    assert before.size


def test_scoring_changes_nothing_and_foresees_what_computing_finds():
    scored, plain = Model(params(), seed=4), Model(params(), seed=4)
    raw = Model(params(score="anomaly"), seed=4)
    for record in records(200):
        told, told_raw = scored.score_one(record), raw.score_one(record)
        scored.score_one({"v": 777.0})
        result = plain.compute(record)
        assert told == pytest.approx(result.log_likelihood, abs=1e-12)
        assert told_raw == pytest.approx(result.anomaly, abs=1e-12)
        scored.learn_one(record)
        raw.learn_one(record)
        assert scored.anomalies == plain.anomalies
    assert scored.regions[0].pooler.step == plain.regions[0].pooler.step


@pytest.mark.parametrize("make", [SoftwareSubstrate, crossbar])
def test_save_load_and_continue_is_bit_identical(tmp_path, make):
    memory = {**MEMORY, "capacity": 600}
    setting = params(levels=2, memory=memory).model_copy(
        update={"above": (RegionParams.model_validate({**ABOVE, "memory": memory}),)}
    )
    model, twin = Model(setting, make(), seed=6), Model(setting, make(), seed=6)
    story = records(160)
    for record in story[:100]:
        model.compute(record)
    save(tmp_path / "model.npz", model)
    load(tmp_path / "model.npz", into=twin)
    for record in story[100:]:
        model.elapse(60.0)
        twin.elapse(60.0)
        assert model.compute(record) == twin.compute(record)
        assert model.anomalies == twin.anomalies
    assert model.substrate.events == twin.substrate.events
    save(tmp_path / "one.npz", model)
    save(tmp_path / "two.npz", twin)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_another_model_does_not_load(tmp_path):
    save(tmp_path / "model.npz", Model(params()))
    with pytest.raises(BadInput, match="density"):
        load(tmp_path / "model.npz", into=Model(params(pooler={**POOLER, "density": 0.1})))
    with pytest.raises(BadInput, match=r"region\d.*not in the file"):
        load(tmp_path / "model.npz", into=Model(params(levels=2)), same_params=False)


def test_an_ideal_crossbar_equals_software():
    memory = {**MEMORY, "capacity": 600}
    software = Model(params(memory=memory), seed=7)
    hardware = Model(
        params(memory=memory), CrossbarSubstrate(DEVICES["ideal"](), CrossbarParams(), 1), seed=7
    )
    for record in records(150):
        assert software.compute(record) == hardware.compute(record)
        assert np.array_equal(software.memory.predictive_cells, hardware.memory.predictive_cells)


def test_a_memory_takes_the_columns_of_its_pooler():
    assert ModelParams(pooler={"columns": 300}).memory.columns == 300
    assert RegionParams(pooler={"columns": 300}, memory={"new_synapses": 5}).memory.columns == 300
    with pytest.raises(BadInput, match=r"memory\.columns: must be pooler\.columns \(300\), got 200"):
        ModelParams(pooler={"columns": 300}, memory={"columns": 200})


def test_without_a_pooler_bits_are_columns():
    fields = {"symbol": {"encoder": "category", "categories": ["a", "b", "c", "d"], "active_bits": 12}}
    size = Record(RecordParams(fields=fields)).size
    memory = {**MEMORY, "columns": size}
    model = Model(
        ModelParams(encoder={"fields": fields}, pooler=None, memory=memory, likelihood=None, score="anomaly")
    )
    seen = [model.compute({"symbol": "abcd"[i % 4]}).anomaly for i in range(200)]
    assert seen[0] == 1.0 and np.mean(seen[-20:]) < 0.05
    with pytest.raises(BadInput, match=r"memory\.columns: must be the input's size"):
        Model(ModelParams(encoder={"fields": fields}, pooler=None, memory=TemporalMemoryParams(columns=7)))


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"w": 1.0}, "v: must be in every record"),
        ({"v": float("inf")}, "v.value: must be finite"),
        ({"v": float("nan")}, "v.value"),
        ({"v": "many"}, "v: must be a number"),
        ([1.0], "value: must be a mapping"),
    ],
)
def test_a_bad_record_is_refused_in_one_line_and_changes_nothing(record, message):
    model, twin = Model(params(), seed=1), Model(params(), seed=1)
    for good in records(30):
        model.compute(good)
        twin.compute(good)
    with pytest.raises(BadInput, match=message) as error:
        model.compute(record)
    assert "\n" not in str(error.value)
    for good in records(60)[30:]:
        assert model.compute(good) == twin.compute(good)


def test_parameters_that_contradict_are_refused():
    with pytest.raises(BadInput, match="score: must be 'anomaly' without a likelihood"):
        ModelParams(likelihood=None)
    with pytest.raises(BadInput, match="encoder: exactly one must be given"):
        Model(ModelParams())
    with pytest.raises(BadInput, match="output"):
        ModelParams(output="cells")
