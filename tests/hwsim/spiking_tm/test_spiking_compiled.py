"""The compiled network: equal to NEST and to numpy, built once, run by many, and refused where it is not what it says.

All tests but the last share one build of set I, which serves the equations as printed and as NEST has them.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from htm.pick import BadInput
from hwsim.spiking_tm import building
from hwsim.spiking_tm.connectivity import connectivity
from hwsim.spiking_tm.measure import active, errors, first_zero, predicted
from hwsim.spiking_tm.network import Layout, layout, links_of, start_values
from hwsim.spiking_tm.params import PlasticityParams, SpikingMemoryParams
from hwsim.spiking_tm.replay import ReplayParams, interval, replay, replayed
from hwsim.spiking_tm.run import Record, rates, run
from hwsim.spiking_tm.task import SequenceTaskParams, schedule

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:brian2.*"),
    pytest.mark.skipif(not building.has_compiler(), reason="there is no g++ or make"),
]
RHO = 20


def _as_nest(record: Record, file: Path) -> Record:
    """NEST's spikes in the place of ours."""
    with np.load(file) as nest:
        return dataclasses.replace(
            record,
            spike_step=nest["spike_step"].astype(np.int64),
            spike_neuron=nest["spike_neuron"].astype(np.int64),
        )


def _equal_episodes(record: Record, other: Record) -> list[bool]:
    pairs = zip(active(record), active(other), strict=True)
    return [all(np.array_equal(a, b) for a, b in zip(one, two, strict=True)) for one, two in pairs]


def test_in_parity_error_and_active_sets_are_nest_s(cache: Path, nest_run: Path) -> None:
    params = SpikingMemoryParams(connectivity=str(nest_run), parity=True, target="cpp")
    record = run(params, SequenceTaskParams(episodes=40), seed=0)
    with np.load(nest_run) as nest:
        error = nest["error"]
    assert np.array_equal(errors(predicted(record, RHO // 2), record.plan.targets()).round(8), error.round(8))
    assert all(_equal_episodes(record, _as_nest(record, nest_run)))


def test_plain_equations_give_nest_s_active_sets_in_the_first_episodes(cache: Path, nest_run: Path) -> None:
    params = SpikingMemoryParams(connectivity=str(nest_run), target="cpp")
    record = run(params, SequenceTaskParams(episodes=40), seed=0)
    same = _equal_episodes(record, _as_nest(record, nest_run))
    assert all(same[:6])
    assert not all(same)  # it is another model: else `parity` would say nothing


def test_set_one_is_learned_and_kept_and_replayed(cache: Path) -> None:
    params, task = SpikingMemoryParams(target="cpp"), SequenceTaskParams(episodes=42)
    record = run(params, task, seed=1)
    error = errors(predicted(record, RHO // 2), record.plan.targets())
    found = first_zero(error)
    assert found is not None
    assert found <= 30
    assert (error[-10:] == 0.0).all()
    sizes = [active(record)[-1][k].size for k in record.plan.last]
    assert all(10 <= size <= 40 for size in sizes)
    # The same program plays both sequences, some three times as fast as they were shown.
    found = replay(params, task, ReplayParams(), record, seed=1)
    assert replayed(found, task).all()
    assert 2.5 < 400 / interval(found, task) < 4.0
    assert len([one for one in cache.iterdir() if one.is_dir()]) == 1


def test_numpy_and_the_compiled_program_agree(cache: Path) -> None:
    # So fast that the second sequence is predicted already, and that every part of the network is used.
    learn = PlasticityParams(potentiation=0.5, homeostasis=0.5)
    task = SequenceTaskParams(episodes=1)
    one, two = (
        run(SpikingMemoryParams(target=target, plasticity=learn), task, seed=5) for target in ("cpp", "numpy")
    )
    assert one.dap_step.size > 100
    for name in ("spike_step", "spike_neuron", "dap_step", "dap_neuron", "brake_step", "brake_population"):
        assert np.array_equal(getattr(one, name), getattr(two, name)), name
    assert one.permanence == pytest.approx(two.permanence, rel=1e-12)


def test_one_build_serves_all_values_seeds_sequences_and_lengths_at_the_same_time(cache: Path) -> None:
    others = SequenceTaskParams(sequences=["ABCD", "FEDC"], interval=0.03, episodes=1)
    tasks = [SequenceTaskParams(episodes=1), SequenceTaskParams(episodes=2), others]
    points = [(gain, seed, task) for gain in (0.05, 0.3) for seed in (1, 2) for task in tasks]

    def point(gain: float, seed: int, task: SequenceTaskParams) -> Record:
        params = SpikingMemoryParams(target="cpp", plasticity=PlasticityParams(potentiation=gain))
        return run(params, task, seed)

    alone = [point(*one) for one in points]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda one: point(*one), points))
    for a, b in zip(alone, together, strict=True):
        assert np.array_equal(a.permanence, b.permanence)
        assert np.array_equal(a.spike_step, b.spike_step)
    ends = {record.permanence.tobytes() for record in alone}
    assert len(ends) == len(points)
    assert len([one for one in cache.iterdir() if one.is_dir()]) == 1


# What is refused -----------------------------------------------------------------------------------------


def _form() -> tuple[Layout, SpikingMemoryParams]:
    params = SpikingMemoryParams(target="cpp")
    task = SequenceTaskParams()
    return layout(params, schedule(task, params.step), 6, 162_000), params


def test_a_stale_or_foreign_build_is_refused_in_one_line(cache: Path, tmp_path: Path) -> None:
    form, _ = _form()
    good = building.program(form).folder
    other = tmp_path / "cache"
    place = other / good.name
    for spoil in ("main", "files.json", "seal.json"):
        shutil.copytree(good, place)
        (place / spoil).write_bytes(b"something else")
        with pytest.raises(BadInput, match=r"stale or foreign.*delete it") as caught:
            building.program(form, other)
        assert "\n" not in str(caught.value)
        shutil.rmtree(place)
    place.mkdir(parents=True)
    with pytest.raises(BadInput, match="is no finished build"):
        building.program(form, other)
    # Another network's folder under this one's name.
    shutil.rmtree(place)
    shutil.copytree(good, place)
    seal = json.loads((place / "seal.json").read_text(encoding="utf-8"))
    (place / "seal.json").write_text(json.dumps(seal | {"name": "spiking_tm-other"}), encoding="utf-8")
    with pytest.raises(BadInput, match="stale or foreign"):
        building.program(form, other)


def test_a_value_the_program_does_not_know_is_no_silent_loss(cache: Path) -> None:
    form, params = _form()
    task = SequenceTaskParams(episodes=1)
    plan, wiring = schedule(task, params.step), connectivity(params, 6, 0)
    values = start_values(params, rates(params, task), form, plan, wiring)
    links = links_of(form, plan, wiring)
    with pytest.raises(RuntimeError, match="unknown variable"):
        building.execute(building.program(form), values | {"cells.nothing": 1.0}, links)
    with pytest.raises(RuntimeError, match="file size"):
        building.execute(building.program(form), values | {"synapses.P": np.zeros(3)}, links)


def test_structure_and_nothing_else_names_a_build() -> None:
    form, _ = _form()
    assert building.key(form) == building.key(dataclasses.replace(form))
    changed = [
        dataclasses.replace(form, **{name: 7}) for name in ("neurons", "synapses", "delay", "elements")
    ]
    assert len({building.key(one) for one in (form, *changed)}) == 5


def test_a_failed_compilation_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = subprocess.CompletedProcess([], 1, stdout="", stderr="first\nlast words\n")
    monkeypatch.setattr(building.subprocess, "run", lambda *_, **__: failed)
    monkeypatch.setattr(building, "key", lambda _: "k")
    with pytest.raises(BadInput, match="could not be compiled: last words"):
        building.program(_form()[0], tmp_path)
    assert not any(one.is_dir() for one in tmp_path.iterdir())


def _stub_build(form: Layout, folder: Path) -> None:
    """Stands for a compilation of a second."""
    made = folder.with_suffix(".made")
    (made / "static_arrays").mkdir(parents=True)
    time.sleep(1.0)
    (made / "main").write_bytes(b"program")
    (made / "files.json").write_text(json.dumps({"results": {}, "links": {}}), encoding="utf-8")
    seal = {**building._seal(made), "name": folder.name}
    (made / "seal.json").write_text(json.dumps(seal), encoding="utf-8")
    made.rename(folder)


def test_of_two_that_build_at_once_one_builds_and_the_other_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []
    monkeypatch.setattr(building, "_build", lambda *which: (built.append(which), _stub_build(*which)))
    with ThreadPoolExecutor(2) as pool:
        folders = {one.folder for one in pool.map(lambda _: building.program(_form()[0], tmp_path), range(2))}
    assert len(built) == len(folders) == 1


def test_a_killed_build_neither_blocks_the_next_nor_leaves_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    form, _ = _form()
    folder = tmp_path / f"spiking_tm-{building.key(form)}"
    script = (
        "import sys, time, pathlib; from hwsim.spiking_tm import building\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "with building._locked(folder.with_suffix('.lock')):\n"
        "    (folder.parent / (building._scratch(folder) + 'x') / 'build').mkdir(parents=True)\n"
        "    print('building', flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(folder)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "building\n"
        # While it lives, whoever waits is told in the end.
        monkeypatch.setattr(building, "LONGEST_BUILD_S", 0.5)
        with pytest.raises(BadInput, match="another process has been building") as caught:
            building.program(form, tmp_path)
        assert "\n" not in str(caught.value)
        other.kill()
    monkeypatch.setattr(building, "_build", _stub_build)
    assert building.program(form, tmp_path).folder == folder
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted([folder.name, f"{folder.name}.lock"])


@pytest.mark.skipif(not building._tied_to_us(), reason="there is no setpriv to tie a program to its caller")
def test_a_killed_run_takes_its_program_with_it(tmp_path: Path) -> None:
    (tmp_path / "static_arrays").mkdir()
    program = tmp_path / "main"
    program.write_text("#!/bin/sh\necho $$ > running.tmp; mv running.tmp running; exec sleep 600\n")
    program.chmod(0o755)
    script = (
        "import sys, pathlib, tempfile; from hwsim.spiking_tm import building\n"
        "folder = pathlib.Path(sys.argv[1]); tempfile.tempdir = sys.argv[1]\n"
        "building.execute(building.Program(folder, {}, {}), {}, {})\n"
    )

    def until(what: str, found: Callable[[], object]) -> None:
        end = time.monotonic() + 60
        while not found():
            assert time.monotonic() < end, what
            time.sleep(0.05)

    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)]) as run_of_it:
        until("the program begins", lambda: list(tmp_path.glob("*/running")))
        number = int(next(tmp_path.glob("*/running")).read_text())
        run_of_it.kill()
    until("the program ends", lambda: _ended(number))


def _ended(number: int) -> bool:
    """Whether this process is over, or only waits for somebody to ask how it ended."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX"
    except OSError:
        return True


def test_a_compilation_that_never_ends_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "LONGEST_BUILD_S", 0.05)
    with pytest.raises(BadInput, match="was not compiled within"):
        building.program(_form()[0], tmp_path)
    assert not any(one.is_dir() for one in tmp_path.iterdir())


def test_without_a_compiler_numpy_runs_or_one_line_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    task = SequenceTaskParams(sequences=["AB"], episodes=1)
    with pytest.raises(BadInput, match=r"cpp needs g\+\+ and make") as caught:
        run(SpikingMemoryParams(neurons=10, active=3, target="cpp"), task, 0)
    assert "\n" not in str(caught.value)
    assert run(SpikingMemoryParams(neurons=10, active=3), task, 0).spike_step.size == 20
