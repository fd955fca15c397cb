"""Sequences for the spiking temporal memory: the published sets, the grid they are laid on, what is refused."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from htm.pick import BadInput
from hwsim.spiking_tm.params import PlasticityParams, SpikingMemoryParams, on_grid
from hwsim.spiking_tm.run import rates
from hwsim.spiking_tm.sets import SETS
from hwsim.spiking_tm.task import SequenceTaskParams, schedule, words

STEP = 1e-4


@pytest.mark.parametrize(
    ("name", "populations", "sequences", "period_ms"),
    [("I", 6, 2, 440), ("II", 14, 6, 1560), ("III", 14, 6, 1560), ("order10", 14, 2, 1080)],
)
def test_a_published_set_has_its_populations_and_length(
    name: str, populations: int, sequences: int, period_ms: int
) -> None:
    task = SequenceTaskParams(set=name)
    plan = schedule(task, STEP)
    assert (len(task.populations), len(task.shown), plan.period) == (populations, sequences, period_ms * 10)
    # tau_h is one episode: S ((C - 1) 40 + 100) ms.
    length = len(task.shown[0])
    assert plan.period == 10 * sequences * ((length - 1) * 40 + 100)
    assert plan.step[0] == 300


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.text("ABCDEFG", min_size=2, max_size=6), min_size=1, max_size=4, unique_by=lambda one: one[:-1]
    ),
    st.integers(1, 5),
)
def test_symbols_follow_at_the_interval_and_sequences_after_the_pause(
    sequences: list[str], episodes: int
) -> None:
    task = SequenceTaskParams(sequences=sequences, episodes=episodes)
    plan = schedule(task, STEP)
    assert [task.populations[k] for k in plan.symbol] == list("".join(sequences))
    gaps = np.diff(np.append(plan.step, plan.period + plan.step[0]))
    assert (gaps[plan.last] == 1000).all()
    assert (np.delete(gaps, plan.last) == 400).all()
    assert plan.probes().shape == (episodes, len(sequences))
    before = plan.step[plan.last - 1]
    assert ((plan.probes()[0] > before) & (plan.probes()[0] < plan.step[plan.last])).all()
    assert plan.probes().max() < plan.steps
    assert [task.populations[k] for k in plan.targets()] == [one[-1] for one in sequences]


def test_first_symbols_are_primed_in_set_three_and_where_one_asks() -> None:
    assert [name for name in SETS if SequenceTaskParams(set=name).primes] == ["III"]
    task = SequenceTaskParams(set="III")
    plan = schedule(task, STEP)
    assert [task.populations[k] for k in plan.prime_symbol] == list("ELGFBA")
    first = [0, *(plan.last[:-1] + 1)]
    assert (plan.step[first] - plan.prime_step == 200).all()
    assert schedule(SequenceTaskParams(set="III", primed=False), STEP).prime_symbol.size == 0
    own = schedule(SequenceTaskParams(sequences=["ABC", "CBA"], primed=True, lead=0.01), STEP)
    assert (own.prime_symbol.tolist(), own.prime_step.tolist()) == ([0, 2], [200, 2000])


def test_words_may_be_symbols() -> None:
    task = SequenceTaskParams(sequences=[["wake", "wash", "go"], ["rest", "wash", "stay"]])
    assert task.populations == ("go", "rest", "stay", "wake", "wash")
    assert [words(one) for one in task.shown] == ["wake-wash-go", "rest-wash-stay"]
    assert words("ADBE") == "ADBE"


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"sequences": ["AB", "C"]}, r"sequence 1: must have at least 2 symbols, got \['C'\]"),
        ({"sequences": []}, "at least one sequence"),
        ({"sequences": ["ABC", "ABD"]}, "must differ before their last symbol"),
        ({"sequences": ["ABX"], "symbols": "ABC"}, "symbol without a population: 'X'"),
        ({"sequences": [["A", ""]]}, "must have a name"),
        ({"symbols": "ABB"}, "name each symbol once"),
        ({"set": "IV"}, "unknown name 'IV'"),
        ({"probe": 0.04}, "probe: must be shorter than interval"),
        ({"pause": 0.04}, "pause: must be longer than interval"),
        ({"start": 0.2}, "start: must be before pause"),
        ({"episodes": 0}, "episodes"),
        ({"primed": True, "lead": 0.03}, "lead: must be shorter than start"),
    ],
)
def test_a_bad_task_is_refused_in_one_line(values: dict[str, Any], told: str) -> None:
    with pytest.raises(BadInput, match=told) as caught:
        SequenceTaskParams(**values)
    assert "\n" not in str(caught.value)


def test_times_off_the_grid_are_refused() -> None:
    with pytest.raises(ValueError, match=r"interval: must be whole steps"):
        schedule(SequenceTaskParams(interval=0.04003), STEP)
    with pytest.raises(ValueError, match=r"lead: must be whole steps"):
        schedule(SequenceTaskParams(primed=True, lead=0.01003), STEP)
    with pytest.raises(BadInput, match="delay: must be whole steps"):
        SpikingMemoryParams(delay=0.00205)
    assert on_grid(2e-3, STEP)
    assert not on_grid(0.0, STEP)


def test_rates_are_those_of_the_authors_files_or_ours() -> None:
    files = {name: (one.potentiation, one.homeostasis, one.depression) for name, one in SETS.items()}
    assert files == {
        "I": (0.08, 0.014, 0.0015),
        "II": (0.28, 0.024, 0.0063),
        "III": (0.39, 0.034, 0.005785),
        "order10": (0.08, 0.014, 0.0015),
    }
    taken = {
        (name, as_published, parity): rates(
            SpikingMemoryParams(parity=parity, plasticity=PlasticityParams(as_published=as_published)),
            SequenceTaskParams(set=name),
        )
        for name in SETS
        for as_published in (None, False, True)
        for parity in (False, True)
    }
    for (name, as_published, parity), found in taken.items():
        one = SETS[name]
        printed = (one.potentiation, one.depression, one.homeostasis)
        ours = name == "II" and not (parity if as_published is None else as_published)
        assert found == (one.steadier if ours else printed), (name, as_published, parity)
    assert SETS["II"].steadier == (0.195, 0.0042, 0.0089)
    # A rate that is given is taken, beside the set's others.
    mixed = SpikingMemoryParams(plasticity=PlasticityParams(potentiation=0.3))
    assert rates(mixed, SequenceTaskParams(set="II")) == (0.3, 0.0042, 0.0089)
    # Only the first symbols tell how a sequence goes on.
    for one in SETS.values():
        for a, b in itertools.combinations(one.sequences, 2):
            assert a[:-1] != b[:-1]
