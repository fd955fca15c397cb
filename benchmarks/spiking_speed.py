"""How fast is the spiking temporal memory once it is built, how much memory does it take, and do two workers help?

Run: python benchmarks/spiking_speed.py [--only small,large,sweep] [--rounds 3]
Real-time factors are seconds of the compiled program per simulated second, one thread, start-up and files included:
CPU seconds and, beside them, wall seconds, which other programs on the machine lengthen. Each run is a process of its
own, so that its peak of memory is its own. NEST 3.10 on set I took 0.366 wall seconds a simulated second (one thread of
a machine with two cores). Targets: 0.10 on set I (162 k synapses), 0.8 and 400 MB at 2.6 million synapses, and on two
workers 1.7 times the points a second of one.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sweep_scaling import same

from hwsim.spiking_tm import building
from hwsim.spiking_tm.params import SpikingMemoryParams
from hwsim.spiking_tm.run import run
from hwsim.spiking_tm.task import SequenceTaskParams
from scenarios import Results

NEURONS = {"small": 150, "large": 600}
EPISODES = {"small": 40, "large": 10}


def one(size: str, episodes: int) -> dict[str, float]:
    """Measure one run in this process, whose only long child is the compiled program."""
    params, task = (
        SpikingMemoryParams(neurons=NEURONS[size], target="cpp"),
        SequenceTaskParams(episodes=episodes),
    )
    spent: dict[str, float] = {}
    real = building.execute

    def timed(*arguments: object) -> object:
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        found = real(*arguments)  # type: ignore[arg-type]
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent["wall"] = time.perf_counter() - start
        spent["cpu"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        spent["peak_MB"] = after.ru_maxrss / 1024  # of the largest child: the program
        return found

    building.execute = timed  # type: ignore[assignment]
    record = run(params, task, seed=1)
    seconds = record.plan.steps * params.step
    return {
        "synapses": record.wiring.synapses,
        "seconds": seconds,
        "rtf_cpu": spent["cpu"] / seconds,
        "rtf_wall": spent["wall"] / seconds,
        "peak_MB": spent["peak_MB"],
    }


def speed(size: str, rounds: int) -> None:
    """Build, then run several times."""
    one(size, 1)
    found = []
    for _ in range(rounds):
        command = [sys.executable, __file__, "--one", size]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        found.append(json.loads(done.stdout))
    cpu, wall, peak = (
        statistics.median(each[name] for each in found) for name in ("rtf_cpu", "rtf_wall", "peak_MB")
    )
    print(
        f"{found[0]['synapses']:>9,} synapses, {found[0]['seconds']:.1f} s simulated: real-time factor {cpu:.3f} CPU, "
        f"{wall:.3f} wall (medians of {rounds}), peak {peak:.0f} MB"
    )


def sweep(folder: Path, jobs: int) -> tuple[float, float]:
    """Wall and CPU seconds of a sweep of ten rates and two seeds."""
    command = [sys.executable, "-m", "scenarios.cli", "sweep", "spiking_sequences", "--out", str(folder)]
    command += [
        "--vary",
        "spiking_tm.plasticity.potentiation=0.06:0.1:10",
        "--seeds",
        "2",
        "--jobs",
        str(jobs),
    ]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([*command, "--quiet", "--no-plots"], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall = time.perf_counter() - start
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def workers() -> None:
    """The same sweep on one worker and on two, from one build."""
    with tempfile.TemporaryDirectory() as temporary:
        cache = Path(temporary) / "cache"
        os.environ[building.CACHE_VARIABLE] = str(cache)
        one("small", 1)
        folders = {jobs: Path(temporary) / f"jobs{jobs}" for jobs in (1, 2)}
        spent = {jobs: sweep(folder, jobs) for jobs, folder in folders.items()}
        equal = same(*(Results(folder) for folder in folders.values()))
        builds = sum(path.is_dir() for path in cache.iterdir())
    (wall_1, cpu_1), (wall_2, cpu_2) = spent[1], spent[2]
    told = "identical" if equal else "DIFFERENT"
    print(
        f"20 points: 1 worker {wall_1:.1f} s wall, {cpu_1:.1f} s CPU; 2 workers {wall_2:.1f} s wall, {cpu_2:.1f} s "
        f"CPU: {wall_1 / wall_2:.2f} times the throughput, {builds} build, results {told}; "
        f"{os.getloadavg()[0]:.1f} processes wanted this machine meanwhile"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="small,large,sweep")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", choices=NEURONS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(options.one, EPISODES[options.one])))
        return
    for name in options.only.split(","):
        if name == "sweep":
            workers()
        else:
            speed(name, options.rounds)


if __name__ == "__main__":
    main()
