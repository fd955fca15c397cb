"""A long point that was killed goes on where it stood, and ends as if nothing had been."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import scenarios
from scenarios.checkpoint import Checkpoint
from scenarios.registry import SCENARIOS

RUN = [
    "substrate=crossbar", "device=pcm_joshi2020", "crossbar.readout=analog", "time.record=300", "prediction.steps=2",
    "detector.pooler.columns=512", "detector.pooler.density=0.08", "detector.memory.cells_per_column=8",
    "detector.memory.capacity=4000", "crossbar.refresh_period=86400", "data.synthetic.weeks=2",
]  # fmt: skip


class Thing:
    def __init__(self, n: int = 3) -> None:
        self.values = np.zeros(n)

    def state(self):
        return {"values": self.values.copy()}

    def restore(self, state):
        self.values[...] = state["values"]


def test_it_keeps_what_is_due_and_gives_it_back(tmp_path):
    now = [0.0]
    kept = Checkpoint(tmp_path / "inner" / "a.npz", 10.0, lambda: now[0])
    thing, other = Thing(), Thing()
    thing.values[:] = 7
    kept.offer(thing)
    assert not kept.resume(other)  # it was not time yet
    now[0] = 11.0
    kept.offer(thing)
    assert kept.resume(other)
    assert (other.values == 7).all()
    kept.forget()
    assert not kept.resume(other)
    kept.forget()


@pytest.mark.parametrize("damage", ["cut", "other", "empty"])
def test_a_damaged_or_foreign_checkpoint_is_dropped(tmp_path, damage):
    path = tmp_path / "a.npz"
    kept = Checkpoint(path, 0.0)
    kept.offer(Thing())
    if damage == "other":
        kept.offer(Thing(n=5))
    else:
        path.write_bytes(path.read_bytes()[: 100 if damage == "cut" else 0])
    thing = Thing()
    assert not kept.resume(thing)
    assert not thing.values.any()
    assert not path.exists()


def test_none_keeps_nothing():
    kept = Checkpoint(None, 0.0)
    kept.offer(Thing())
    assert not kept.resume(Thing())
    kept.forget()


def test_a_killed_stream_goes_on_and_ends_bit_identical(tmp_path: Path) -> None:
    """kill -9 in the middle of a stream on drifting devices, twice; the arrays are those of a run in peace."""
    peace = scenarios.run("stream", RUN, out=tmp_path / "peace", progress=False)
    command = [
        sys.executable,
        "-m",
        "scenarios.cli",
        "run",
        "stream",
        "-q",
        "--no-plots",
        "--checkpoint",
        "0",
    ]
    command += ["--out", str(tmp_path / "killed"), *(f"--set={one}" for one in RUN)]
    folder, seen = tmp_path / "killed" / "checkpoints", -1
    for _ in range(2):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        since = time.monotonic()
        while process.poll() is None and time.monotonic() - since < 60:
            files = list(folder.glob("*.npz")) if folder.exists() else []
            stamp = max((file.stat().st_mtime_ns for file in files), default=-1)
            if stamp > seen >= 0 or (seen < 0 <= stamp):
                seen = stamp
                break
            time.sleep(0.01)
        assert process.poll() is None  # it was in the middle
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert list(folder.glob("*.npz"))
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert not list(folder.glob("*"))
    results = scenarios.Results(tmp_path / "killed")
    (one,), (two,) = (list(run.to_dataframe()["id"]) for run in (peace, results))
    assert one == two
    ours, theirs = results.arrays(two), peace.arrays(one)
    assert ours.keys() == theirs.keys()
    for name, array in ours.items():
        assert np.array_equal(array, theirs[name], equal_nan=array.dtype.kind == "f"), name
    a, b = (run.to_dataframe().drop(columns=["wall_s"]).to_json(orient="records") for run in (peace, results))
    assert json.loads(a) == json.loads(b)


def test_a_bad_time_is_refused():
    from htm.pick import BadInput

    with pytest.raises(BadInput, match="--checkpoint: must be a time in seconds, 0 or more, got -1"):
        scenarios.run("stream", checkpoint=-1, progress=False)


def test_scenarios_that_resume_take_a_checkpoint():
    import inspect

    from scenarios.registry import resolve

    for scenario in SCENARIOS.values():
        takes = "checkpoint" in inspect.signature(resolve(scenario.run)).parameters
        assert takes == scenario.resumes
