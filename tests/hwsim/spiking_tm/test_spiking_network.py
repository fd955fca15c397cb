"""The spiking temporal memory's neurons and synapses, in Brian2 on numpy: physics first, then what it learns."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from hwsim.spiking_tm import propagators
from hwsim.spiking_tm.connectivity import primed
from hwsim.spiking_tm.measure import active, answered, errors, first_zero, in_dap, predicted
from hwsim.spiking_tm.params import (
    ExcitatoryParams,
    InhibitoryParams,
    PlasticityParams,
    SpikingMemoryParams,
    inhibitory_peak,
)
from hwsim.spiking_tm.run import Record, run
from hwsim.spiking_tm.task import SequenceTaskParams

# Brian2 calls pyparsing by names that pyparsing means to drop.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:brian2.*")

FROZEN = {"potentiation": 0.0, "depression": 0.0, "homeostasis": 0.0}
N = 12


def _wired(
    folder: Path, pairs: list[tuple[int, int]], floors: list[float], learn: dict[str, Any], **task: Any
) -> Record:
    """A run on numpy of two populations of 12 neurons with these synapses."""
    pre, post = np.array(pairs).T
    file = folder / "wiring.npz"
    np.savez(file, pre=pre, post=post, floor=np.array(floors))
    params = SpikingMemoryParams(
        neurons=N, active=4, connectivity=str(file), target="numpy", plasticity=PlasticityParams(**learn)
    )
    return run(params, SequenceTaskParams(**({"sequences": ["AB"], "episodes": 1} | task)), seed=0)


def _onto(targets: int, sources: int = 5) -> list[tuple[int, int]]:
    """Synapses from the first neurons of A onto the first of B."""
    return [(source, N + target) for target in range(targets) for source in range(sources)]


# Propagators ---------------------------------------------------------------------------------------------


def test_a_step_is_the_exact_solution_of_the_equations() -> None:
    E, h = ExcitatoryParams(), 1e-3
    start = np.array([3e-3, 2e-9, -1e-9, 40e-12, 7e-9])

    def slope(_: float, y: np.ndarray) -> list[float]:
        V, X, Y, D, H = y
        return [
            -V / E.tau_membrane + (X + Y + D) / E.capacitance,
            -X / E.tau_stimulus,
            -Y / E.tau_inhibition,
            -D / E.tau_dendrite + H,
            -H / E.tau_dendrite,
        ]

    V, X, Y, D, _ = solve_ivp(slope, (0.0, h), start, rtol=1e-10, atol=1e-20).y[:, -1]
    p = propagators.excitatory(E, h)
    factors = np.array([p["VV"], p["VX"], p["VY"], p["VD"], p["VH"]])
    assert factors @ start == pytest.approx(V, rel=1e-8)
    assert (p["XX"] * start[1], p["YY"] * start[2]) == pytest.approx((X, Y), rel=1e-8)
    assert p["DD"] * start[3] + p["DH"] * start[4] == pytest.approx(D, rel=1e-8)
    constant = solve_ivp(
        lambda _, V: -V / E.tau_membrane + 2e-10 / E.capacitance, (0.0, h), [0.0], rtol=1e-10, atol=1e-20
    ).y[0, -1]
    assert p["VC"] * 2e-10 == pytest.approx(constant, rel=1e-8)


def test_currents_are_the_published_ones_and_make_the_peak_they_are_made_for() -> None:
    E, R = ExcitatoryParams(), InhibitoryParams()
    currents = [
        propagators.current_for_peak(E.stimulus_peak, E.tau_membrane, E.tau_stimulus, E.capacitance),
        propagators.current_for_peak(E.inhibition_peak, E.tau_membrane, E.tau_inhibition, E.capacitance),
        propagators.current_for_peak(
            inhibitory_peak(SpikingMemoryParams()), R.tau_membrane, R.tau_excitation, R.capacitance
        ),
    ]
    assert [round(1e12 * one, 2) for one in currents] == [4112.21, 12915.5, 581.2]
    p = propagators.excitatory(E, 1e-5)
    V, X, highest = 0.0, currents[0], 0.0
    for _ in range(2000):
        V, X = p["VV"] * V + p["VX"] * X, p["XX"] * X
        highest = max(highest, V)
    assert highest == pytest.approx(E.stimulus_peak, rel=1e-5)
    # Equal time constants have a limit of their own.
    near = propagators.current_for_peak(1e-3, 5e-3, 5e-3 * (1 + 1e-4), 1e-10)
    assert propagators.current_for_peak(1e-3, 5e-3, 5e-3, 1e-10) == pytest.approx(near, rel=1e-3)


# Neurons -------------------------------------------------------------------------------------------------


def test_without_predictions_all_neurons_of_the_shown_population_fire_at_once(tmp_path: Path) -> None:
    record = _wired(tmp_path, _onto(4), [1.0] * 20, FROZEN)
    assert [one.tolist() for one in active(record)[0]] == [list(range(N)), list(range(N, 2 * N))]
    assert np.unique(record.spike_step).size == 2
    assert record.dap_step.size == 0
    assert not answered(record).any()


@pytest.mark.parametrize(("sources", "begins"), [(4, False), (5, True)])
def test_five_mature_synapses_start_a_dendritic_action_potential_and_four_do_not(
    tmp_path: Path, sources: int, begins: bool
) -> None:
    record = _wired(tmp_path, _onto(4, sources), [20.0] * (4 * sources), FROZEN)
    assert (record.dap_step.size > 0) == begins
    if begins:
        assert sorted(record.dap_neuron) == list(range(N, N + 4))
        # The alpha current crosses 59 pA before its peak, tau_EE after the spikes arrive (2 ms), grid and all.
        lag = record.dap_step - record.spike_step[0]
        assert ((lag > 20) & (lag <= 20 + 50 + 1)).all()


def test_predicted_neurons_fire_first_and_silence_the_others(tmp_path: Path) -> None:
    record = _wired(tmp_path, _onto(4), [20.0] * 20, FROZEN)
    first, second = active(record)[0]
    assert first.size == N
    assert second.tolist() == list(range(N, N + 4))
    assert answered(record).tolist() == [False] * N + [True] * 4
    # Population B's inhibitory neuron answers rho = 4 spikes no sooner than the short delay allows.
    b = record.brake_step[record.brake_population == 1]
    assert b.size >= 1
    assert b[0] > record.spike_step[record.spike_neuron >= N].min()
    delays = [np.diff(record.spike_step[[0, -1]])[0], np.diff(record.plan.step)[0]]
    assert delays[0] < delays[1]  # depolarised, they are ahead of an unpredicted burst


def test_an_unanswered_dendritic_action_potential_lasts_its_time(tmp_path: Path) -> None:
    # Only A is shown for 60 ms; B's dendrites, already mature, begin and are not answered.
    record = _wired(tmp_path, _onto(4), [20.0] * 20, FROZEN, interval=0.09, pause=0.1, probe=0.008)
    begun, ended = record.dap_step[:4], record.dap_ends()[:4]
    assert (ended - begun == 600).all()
    step = int(begun.max())
    assert in_dap(record, step)[1].tolist() == [True] * 4 + [False] * (N - 4)
    assert in_dap(record, step + 599)[1].any()
    assert not in_dap(record, step + 600).any()
    assert not in_dap(record, int(begun.min()) - 1).any()


def test_a_primed_first_symbol_is_answered_by_the_primed_alone(tmp_path: Path) -> None:
    task = {"sequences": ["AB"], "primed": True, "episodes": 2}
    record = _wired(tmp_path, _onto(4), [1.0] * 20, FROZEN, **task)
    chosen = primed(SpikingMemoryParams(neurons=N, active=4), 2, seed=0)[:N].nonzero()[0]
    assert chosen.size == 5  # rho + 1
    for first, second in active(record):
        assert first.tolist() == chosen.tolist()
        assert second.size == N
    # The alpha current of 1.4 times the threshold crosses it 2 ms or so after it began, 20 ms before the symbol.
    lag = record.dap_step[:5] - (record.plan.step[0] - 200)
    assert ((lag > 10) & (lag < 50)).all()
    assert np.array_equal(np.sort(record.dap_neuron[:5]), chosen)


# Plasticity ----------------------------------------------------------------------------------------------


def test_one_pairing_changes_a_permanence_as_the_equations_say(tmp_path: Path) -> None:
    up, down, balance = 0.1, 0.01, 0.02
    learn = {"potentiation": up, "depression": down, "homeostasis": balance}
    # One synapse forward, one backward, within A: two floors each, at and below the clip.
    record = _wired(tmp_path, [(0, N), (1, N), (N, 0), (0, 1)], [0.0, 19.5, 3.0, 4.0], learn)
    a, b = record.spike_step[record.spike_neuron == 0][0], record.spike_step[record.spike_neuron == N][0]
    x = math.exp(-(b + 20 - a) / 200)
    rise = 20.0 * (up * x + balance * 1.0)
    by_pair = dict(
        zip(zip(record.wiring.pre, record.wiring.post, strict=True), record.permanence, strict=True)
    )
    assert by_pair[0, N] == pytest.approx(rise, rel=1e-9)  # depressed at 0: held by its floor, then up
    assert by_pair[1, N] == pytest.approx(20.0)  # not beyond P_max
    assert by_pair[N, 0] == 3.0  # backward: depressed onto its floor, never paired
    assert by_pair[0, 1] == 4.0  # fired together: the lag is under dt_min


@pytest.mark.parametrize(("counted", "paired"), [(True, False), (False, True)])
def test_whether_the_dendritic_delay_counts_decides_who_is_paired(
    tmp_path: Path, counted: bool, paired: bool
) -> None:
    # B comes 39 ms after A: with the delay of 2 ms the lag is beyond 40 ms, without it below.
    learn = {"potentiation": 0.1, "depression": 0.0, "homeostasis": 0.0}
    record = _wired(
        tmp_path, [(0, N)], [1.0], learn | {"latest": 0.04, "lag_with_delay": counted}, interval=0.039
    )
    assert (record.permanence[0] > 1.0) == paired


def test_permanences_stay_between_floor_and_maximum_and_a_seed_decides() -> None:
    params = SpikingMemoryParams(neurons=20, active=5, probability=0.5, target="numpy")
    task = SequenceTaskParams(sequences=["ABC"], episodes=2)
    one, same = run(params, task, 1), run(params, task, 1)
    assert (one.permanence >= one.wiring.floor).all()
    assert (one.permanence <= 20.0).all()
    assert (one.permanence > one.wiring.floor).any()
    for name in ("permanence", "spike_step", "spike_neuron", "dap_step", "brake_step"):
        assert np.array_equal(getattr(one, name), getattr(same, name))


# The error -----------------------------------------------------------------------------------------------


def test_the_error_counts_what_was_missed_and_what_was_invented() -> None:
    targets = np.array([0, 2])
    foreseen = np.zeros((4, 2, 3), dtype=np.bool_)
    foreseen[1, 0, 0] = foreseen[1, 1, 2] = True  # both right
    foreseen[2] = foreseen[1]
    foreseen[2, 0, 1] = True  # one invented
    foreseen[3, :, 1] = True  # both wrong: one missed, one invented each
    found = errors(foreseen, targets)
    assert found == pytest.approx([1.0, 0.0, 0.5, math.sqrt(2.0)])
    assert first_zero(found) == 2
    assert first_zero(found[2:]) is None


def test_a_population_is_predicted_from_half_of_rho_on(tmp_path: Path) -> None:
    record = _wired(tmp_path, _onto(3), [20.0] * 15, FROZEN)
    assert predicted(record, 3)[0, 0].tolist() == [False, True]
    assert not predicted(record, 4).any()
