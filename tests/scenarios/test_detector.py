"""The detector: settings that follow from the stream, its members, its rest, and going on from a saved state."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from htm.pick import BadInput
from scenarios.detector import Detector, DetectorParams, ValueEncodingParams


@given(
    low=st.floats(-1e6, 1e6, allow_nan=False),
    width=st.floats(0.0, 1e6, allow_nan=False),
)
def test_the_widened_range_has_130_buckets(low, width):
    high = low + width
    resolution = ValueEncodingParams().encoder(low, high).resolution
    span = 1.4 * (high - low) if high > low else 1.0
    assert resolution == pytest.approx(max(0.001, span / 130))


def test_a_range_upside_down_is_refused():
    with pytest.raises(BadInput, match=r"low: must not exceed high \(1\), got 2"):
        ValueEncodingParams().encoder(2, 1)


def test_one_changed_field_leaves_its_section_as_it_is():
    plain, changed = DetectorParams(), DetectorParams(pooler={"columns": 512}, memory={"new_synapses": 25})
    assert changed.pooler == plain.pooler.model_copy(update={"columns": 512})
    assert changed.memory == plain.memory.model_copy(update={"columns": 512, "new_synapses": 25})
    assert changed.time == plain.time


@pytest.mark.parametrize(("records", "probation"), [(100, 15), (4032, 604), (5000, 750), (22695, 750)])
def test_the_probationary_part_is_nabs(records, probation):
    small = DetectorParams(pooler={"columns": 64, "density": 0.1}, memory={"cells_per_column": 1})
    assert Detector(small, 0.0, 1.0, records).probation == probation


def test_a_resting_detector_halves_what_is_no_news():
    rng = np.random.default_rng(0)
    memory = {"cells_per_column": 4, "activation_threshold": 6, "matching_threshold": 4, "new_synapses": 10}
    params = {"pooler": {"columns": 128, "density": 0.08}, "memory": memory}
    restless, resting = (
        Detector(DetectorParams(rest=rest, time=None, **params), 0.0, 10.0, 600, seed=1)
        for rest in (0.0, 1.0)
    )
    alarms, halved, calm, peak = 0, 0, 0, 0.0
    for i in range(600):
        wild = i >= 300 and i // 10 % 4 == 0
        value = float(rng.uniform(5, 10)) if wild else float(i % 3)
        moment = datetime(2024, 1, 1) + timedelta(hours=i)
        one, two = restless.compute(moment, value), resting.compute(moment, value)
        assert one.score == one.log_likelihood == two.log_likelihood
        if i < calm and one.log_likelihood <= peak:
            assert two.score == one.log_likelihood / 2
            halved += 1
        else:
            assert two.score == one.log_likelihood
            if one.log_likelihood >= 0.5:
                alarms, calm, peak = alarms + 1, i + 1 + resting.probation, one.log_likelihood
    assert alarms and halved


def test_members_are_averaged_and_a_saved_detector_continues():
    params = DetectorParams(
        members=3, pooler={"columns": 128, "density": 0.08}, memory={"cells_per_column": 2}
    )
    made = [Detector(params, 0.0, 9.0, 200, seed=4) for _ in range(2)]
    moments = [datetime(2024, 1, 1) + timedelta(hours=i) for i in range(200)]
    for i in range(100):
        made[0].compute(moments[i], float(i % 9))
    assert len({tuple(one.regions[0].columns) for one in made[0].models}) == 3, "members must differ"
    made[1].restore(made[0].state())
    for i in range(100, 200):
        found = made[0].compute(moments[i], float(i % 7))
        assert found == made[1].compute(moments[i], float(i % 7))
        assert found.anomaly == pytest.approx(np.mean([one.anomalies[0] for one in made[0].models]))
