"""Sweeps: every point once, the same bits for any number of workers, and after kill -9."""

from __future__ import annotations

import functools
import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import scenarios
from htm.pick import BadInput
from scenarios.engine import Queue
from scenarios.store import RunFolder
from scenarios.sweeps import PointsFailed, plan
from scenarios.worker import Job

pytestmark = pytest.mark.usefixtures("fake")

VARY = ["device.read_sigma=0:0.5:3", "gain=1,2,4"]
Starter = Callable[..., "subprocess.Popen[str]"]


def sweep(folder: str, jobs: int = 1, sets: Any = (), **more: Any) -> scenarios.Results:
    options = {"vary": VARY, "seeds": 2, **more}
    return scenarios.sweep("fake", sets, out=folder, jobs=jobs, progress=False, **options)


def contents(results: scenarios.Results) -> dict[str, Any]:
    """All that a run found: records without their times, and the arrays' bytes."""
    frame = results.to_dataframe().drop(columns="wall_s")
    arrays = {name: (results.folder / "arrays" / f"{name}.npz").read_bytes() for name in frame["id"]}
    return {"records": frame.to_csv(), "arrays": arrays}


def starts(log: Path) -> Counter[str]:
    return Counter(log.read_text().splitlines())


def wait_for(what: Callable[[], Any], seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.02)


def test_a_run_gives_one_point_a_seed() -> None:
    results = scenarios.run("fake", {"gain": 2.0}, seeds=3, progress=False)
    frame = results.to_dataframe()
    assert list(frame["seed"]) == [3, 4, 5]
    assert results.folder.parent.name == "runs"
    assert results.folder.name.startswith("fake-")
    assert results.arrays(frame["id"][0])["draws"].shape == (12, 300)


def test_one_and_two_workers_agree_bit_for_bit_and_finished_points_rest(tmp_path: Path) -> None:
    sets = {"trick.log": str(tmp_path / "log")}
    one, two = sweep("one", sets=sets), sweep("two", jobs=2, sets=sets)
    assert len(one.to_dataframe()) == 18
    assert contents(one) == contents(two)
    assert set(starts(tmp_path / "log").values()) == {2}
    sweep("one", sets=sets)
    sweep("two", jobs=2, sets=sets)
    assert set(starts(tmp_path / "log").values()) == {2}


def test_driver_killed_in_the_middle_then_resumed(hwsim: Starter, tmp_path: Path) -> None:
    log = tmp_path / "log"
    sets = [f"trick.log={log}", "trick.sleep=0.1"]
    arguments = [part for text in VARY for part in ("--vary", text)]
    arguments += [part for text in sets for part in ("--set", text)]
    driver = hwsim(
        "sweep", "fake", *arguments, "--seeds", "2", "--jobs", "2", "--out", "killed", "--no-plots"
    )
    with driver:
        wait_for(lambda: len(list((tmp_path / "killed" / "arrays").glob("*.npz"))) >= 5)
        driver.kill()
        driver.communicate()
    time.sleep(0.5)  # the workers notice
    running = log.read_text()
    time.sleep(0.5)
    assert log.read_text() == running, "a worker outlived its driver"
    finished = {
        f"{one.seed} {float(one.values['gain'])} {one.values['device.read_sigma']}"
        for one in RunFolder("killed").finished().values()
    }
    assert 4 <= len(finished) < 18
    resumed = sweep("killed", jobs=2, sets=sets)
    counted = starts(log)
    assert len(counted) == 18
    assert all(counted[line] == 1 for line in finished)
    records = b"".join(shard.read_bytes() for shard in (tmp_path / "killed" / "points").iterdir())
    assert records.count(b"\n") == 18, "a point was run twice"
    assert contents(resumed) == contents(sweep("clean", sets=sets))


def test_worker_killed_in_the_middle_of_a_point(tmp_path: Path) -> None:
    sets = {"trick.kill_once": str(tmp_path / "marker"), "trick.log": str(tmp_path / "log")}
    results = sweep("run", jobs=2, sets=sets)
    assert len(results.to_dataframe()) == 18
    assert sorted(starts(tmp_path / "log").values()) == [1] * 17 + [2]


def test_a_point_that_kills_its_workers_is_blamed_and_the_others_finish() -> None:
    sets = {"trick.kill_at": 2.0}
    with pytest.raises(PointsFailed) as caught:
        sweep("run", jobs=2, seeds=1, vary=["gain=1,2,3,4"], sets=sets)
    assert len(caught.value.failures) == 1
    assert (
        "1 of 4 points failed, first gain=2, seed=3: ended its worker process 2 times (by signal 9)"
        in str(caught.value)
    )
    assert len(scenarios.Results("run").to_dataframe()) == 3


def test_workers_that_keep_dying_end_the_sweep() -> None:
    vary = [f"pool.columns={','.join(map(str, range(1, 30)))}"]
    with pytest.raises(PointsFailed) as caught:
        sweep("run", jobs=2, seeds=1, vary=vary, sets={"trick.kill_at": 1.0})
    assert len(caught.value.failures) >= 27
    assert any("workers kept dying" in failure.reason for failure in caught.value.failures)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_fault_fails_its_point_only(jobs: int) -> None:
    with pytest.raises(PointsFailed) as caught:
        sweep("run", jobs=jobs, seeds=1, vary=["gain=1,2,3"], sets={"trick.error_at": 2.0})
    (failure,) = caught.value.failures
    assert str(failure) == "gain=2, seed=3: RuntimeError: a fault of the scenario"
    assert "run_point" in failure.trace
    assert len(scenarios.Results("run").to_dataframe()) == 2


def test_a_fault_of_a_single_point_shows_itself() -> None:
    with pytest.raises(RuntimeError, match="a fault of the scenario"):
        scenarios.run("fake", {"trick.error_at": 1.0}, progress=False)


@pytest.mark.parametrize("jobs", [1, 2])
def test_bad_input_found_by_a_point_arrives_as_bad_input(jobs: int) -> None:
    with pytest.raises(BadInput, match=r"^pool\.columns: cannot be used with this gain$"):
        sweep("run", jobs=jobs, seeds=1, vary=["gain=1,2,3"], sets={"trick.refuse_at": 2.0})


def test_shards_fill_one_folder(tmp_path: Path) -> None:
    sets = {"trick.log": str(tmp_path / "log")}
    sizes = [len(sweep("parts", shard=(i, 4), sets=sets).to_dataframe()) for i in range(4)]
    assert sizes == [5, 10, 14, 18]
    assert set(starts(tmp_path / "log").values()) == {1}
    assert contents(scenarios.Results("parts")) == contents(sweep("whole", sets=sets))
    for wrong in ((4, 4), (-1, 4), (0, 0)):
        with pytest.raises(BadInput, match="--shard"):
            sweep("parts", shard=wrong, sets=sets)


def test_sets_hold_for_every_swept_device() -> None:
    planned = plan("fake", ["device.read_sigma=0.25"], vary=["device=pcm_joshi2020,ideal"])
    assert [job.parameters["device"]["read_sigma"] for _, job in planned.jobs] == [0.25, 0.25]
    assert {job.parameters["device"]["preset"] for _, job in planned.jobs} == {"pcm_joshi2020", "ideal"}


def test_resolved_parameters_can_be_swept() -> None:
    loaded = scenarios.load("fake", {"pool.columns": 5})
    planned = plan(loaded, vary={"device.read_sigma": [0.0, 0.5]})
    assert [job.id for _, job in planned.jobs] == [
        job.id for _, job in plan("fake", ["pool.columns=5"], vary=["device.read_sigma=0,0.5"]).jobs
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"vary": ["gian=1,2"]}, "gian: unknown key"),
        ({"vary": ["pool.columns=1,-2"]}, "pool.columns: "),
        ({"vary": ["gain=1,nan"]}, "--vary gain: values must be finite numbers"),
        ({"vary": ["gain=1979-05-27,2"]}, ""),
        ({"vary": ["gain=1,1.0"]}, "the same point"),
        ({"vary": ["gain=0:1:1000", "pool.density=0.1:1:1000"]}, "at most"),
        ({"seeds": 0}, "--seeds"),
        ({"seeds": True}, "--seeds"),
        ({"jobs": 0}, "--jobs"),
        ({"engine": "ray"}, "--engine"),
        ({"vary": "gain=1,2"}, "vary: "),
    ],
)
def test_wrong_sweeps(options: dict[str, Any], expected: str) -> None:
    with pytest.raises(BadInput) as caught:
        sweep("run", **{"vary": (), **options})
    assert expected in str(caught.value)
    assert not Path("run").exists()


def test_dask_is_asked_for_by_name_of_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(BadInput, match=r"needs the extra dask: pip install"):
        sweep("run", engine="dask", scheduler_file="s.json")
    monkeypatch.setitem(sys.modules, "distributed", SimpleNamespace(Client=None))
    with pytest.raises(BadInput, match="needs --scheduler-file"):
        sweep("run", engine="dask")
    with pytest.raises(BadInput, match="no such file"):
        sweep("run", engine="dask", scheduler_file="absent.json")
    Path("wrong.json").write_text("{}")
    with pytest.raises(BadInput, match="no scheduler answers there"):
        sweep("run", engine="dask", scheduler_file="wrong.json")


@pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="needs the extra dask")
def test_dask_gives_the_same_bits(hwsim: Starter, tmp_path: Path) -> None:
    file = tmp_path / "scheduler.json"
    path = os.pathsep.join(sys.path)
    start = functools.partial(
        subprocess.Popen, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.DEVNULL
    )
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--scheduler-file", str(file)]
    with start([*command, "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]) as scheduler:
        wait_for(file.exists)
        command = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(file)]
        with start([*command, "--nthreads", "1", "--no-dashboard"]) as worker:
            arguments = [part for text in VARY for part in ("--vary", text)]
            arguments += ["--seeds", "2", "--out", "dask", "--no-plots", "--engine", "dask"]
            with hwsim("sweep", "fake", *arguments, "--scheduler-file", str(file)) as driver:
                _, errors = driver.communicate(timeout=120)
            worker.terminate()
        scheduler.terminate()
    assert driver.returncode == 0, errors
    assert contents(scenarios.Results("dask")) == contents(sweep("here"))


def test_a_script_without_a_guard_can_use_workers(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import fake_scenario, scenarios\nfake_scenario.register()\n"
        "r = scenarios.sweep('fake', vary={'gain': [1, 2]}, jobs=2, progress=False)\nprint(len(r.to_dataframe()))\n"
    )
    path = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, str(script)], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True
    )
    assert done.stdout == "2\n", done.stderr


def test_ctrl_c_keeps_what_is_finished(hwsim: Starter, tmp_path: Path) -> None:
    arguments = [
        "--vary",
        "gain=1:40:40",
        "--set",
        "trick.sleep=0.1",
        "--set",
        f"trick.log={tmp_path / 'log'}",
    ]
    driver = hwsim("sweep", "fake", *arguments, "--jobs", "2", "--out", "run", "--no-plots")
    with driver:
        wait_for(lambda: len(list((tmp_path / "run" / "arrays").glob("*.npz"))) >= 3)
        os.killpg(driver.pid, signal.SIGINT)  # as a terminal does: to everybody
        _, errors = driver.communicate(timeout=30)
    assert driver.returncode == 130
    assert errors.splitlines()[-1].startswith("hwsim: error: interrupted")
    assert "Traceback" not in errors
    assert 3 <= len(RunFolder(tmp_path / "run").finished()) < 40
    count = len((tmp_path / "log").read_text())
    time.sleep(0.5)
    assert len((tmp_path / "log").read_text()) == count, "a worker went on"


def test_a_worker_gets_points_of_one_group_while_there_are_any() -> None:
    def job(name: str) -> Job:
        return Job(id=name, seed=0, values={}, parameters={}, config="", run="", folder="")

    queue = Queue([(group, job(f"{group}{i}")) for group in "ab" for i in range(3)])
    taken = [queue.take(worker).id for worker in (0, 1, 0, 1, 0)]
    assert taken == ["a0", "b0", "a1", "b1", "a2"]
    queue.put_back(job("b1"))
    assert [queue.take(0).id, queue.take(0).id, len(queue)] == ["b1", "b2", 0]


def test_bad_input_that_shows_only_when_run_leaves_no_folder(tmp_path):
    (tmp_path / "x.csv").write_text("timestamp,other\n")
    for out in (tmp_path / "new", tmp_path / "mine"):
        if out.name == "mine":
            out.mkdir()
        with pytest.raises(BadInput, match="must have the columns timestamp, value"):
            scenarios.run("stream", {"data.path": str(tmp_path / "x.csv")}, out=out, progress=False)
        assert not out.exists()
