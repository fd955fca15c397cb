"""How much faster is a sweep of 40 points on two workers than on one, and are the results the same?

Run: python benchmarks/sweep_scaling.py [--set key=value ...]
Whole processes are timed, start-up included, in turn; the ratio is of wall times.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from scenarios import Results


def sweep(folder: Path, jobs: int, sets: list[str]) -> float:
    """Wall seconds of one sweep of 8 values x 5 seeds."""
    command = [
        sys.executable,
        "-m",
        "scenarios.cli",
        "sweep",
        "digits",
        "--out",
        str(folder),
        "--jobs",
        str(jobs),
    ]
    command += ["--vary", "device.read_sigma=0:0.7:8", "--seeds", "5", "--quiet"]
    command += [word for value in sets for word in ("--set", value)]
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def same(a: Results, b: Results) -> bool:
    """Whether two run folders hold the same numbers, bit for bit."""
    frames = [
        r.to_dataframe().drop(columns="wall_s").sort_values("id").reset_index(drop=True) for r in (a, b)
    ]
    if not frames[0].equals(frames[1]):
        return False
    for point in frames[0]["id"]:
        arrays = [r.arrays(point) for r in (a, b)]
        for name, values in arrays[0].items():
            if not np.array_equal(values, arrays[1][name], equal_nan=values.dtype.kind == "f"):
                return False
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--set", action="append", default=["data.train=2000", "data.test=500"])
    options = parser.parse_args()
    ratios = []
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory() as temporary:
            one, two = (Path(temporary) / f"jobs{jobs}" for jobs in (1, 2))
            times = [sweep(one, 1, options.set), sweep(two, 2, options.set)]
            ratios.append(times[1] / times[0])
            equal = same(Results(one), Results(two))
        print(
            f"round {number}: 1 worker {times[0]:.1f} s, 2 workers {times[1]:.1f} s, ratio {ratios[-1]:.3f}",
            end="",
        )
        print(", results identical" if equal else ", RESULTS DIFFER")
    print(f"median ratio {np.median(ratios):.3f}")


if __name__ == "__main__":
    main()
