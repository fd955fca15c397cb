"""How fast are the wires of a crossbar solved? Beside badcrossbar in the same run, where it is installed.

Uniform conductances 1e-6..1e-4 S, half of the inputs at 0.2 V, segments of 5 ohm. *One* is a fresh matrix and a vector;
*256* is one matrix and 256 vectors with all set-up, *more* a further 256 vectors of the same matrix.
badcrossbar: pip install badcrossbar (needs cairo's headers).

`--levels` prints steps and CPU time of one vector with and without the second level (`hwsim.wires.coarse`), from where
it is used by itself (3 waves each way), and 8 vectors on one matrix by one and by two threads (wall time).

Run: python benchmarks/wires.py [--sizes 64 128 256] [--large] [--levels]
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import time

os.environ.update({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})

import logging

import numpy as np
from timing import cpu_seconds

from hwsim.wires import WireParams, WireSolver, coarse

try:
    import badcrossbar
except ImportError:
    badcrossbar = None

PUBLISHED = {64: (0.062, 0.23), 128: (0.26, 0.99), 256: (1.2, 4.8), 512: (8.8, None), 1024: (67.0, None)}
"""badcrossbar's CPU seconds for one and for 256 vectors, measured once on a machine like ours."""

OHM = 5.0


def case(n: int, vectors: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    return rng.uniform(1e-6, 1e-4, (n, n)), 0.2 * (rng.random((vectors, n)) < 0.5)


def median(work, rounds: int) -> float:
    work()
    return statistics.median(cpu_seconds(work) for _ in range(rounds))


def peer(g: np.ndarray, v: np.ndarray, rounds: int) -> tuple[float, np.ndarray] | None:
    """CPU seconds and outputs of badcrossbar; none where it is not installed."""
    if badcrossbar is None:
        return None
    logging.getLogger("badcrossbar").setLevel(logging.ERROR)
    found = []

    def work() -> None:
        found[:] = [badcrossbar.compute(np.ascontiguousarray(v.T), 1.0 / g, r_i=OHM).currents.output]

    seconds = statistics.median(cpu_seconds(work) for _ in range(rounds))
    return seconds, found[0]


def line(n: int, rounds: int) -> str:
    g, many = case(n, 256)
    solver = WireSolver(WireParams(word_ohm=OHM, bit_ohm=OHM), (n, n))
    one = median(lambda: solver.solve(g, many[0]), rounds)
    answer = solver.solve(g, many[0])
    batch = median(lambda: many @ solver.matrix(g), max(3, rounds // 3))
    k = solver.matrix(g)
    more = median(lambda: many @ k, rounds)
    text = f"{n:5} {1e3 * one:9.3f} {answer.steps:5} {1e3 * batch:9.1f} {1e3 * more:8.2f}"
    theirs = peer(g, many[:1], 3 if n <= 256 else 1), peer(g, many, 1) if n <= 256 else None
    for ours, measured, known in zip((one, batch), theirs, PUBLISHED.get(n, (None, None)), strict=True):
        seconds = measured[0] if measured else known
        mark = "" if measured else "*"
        text += f" {seconds:9.3f}{mark:1} {seconds / ours:7.0f}" if seconds else f" {'-':>10} {'-':>7}"
    if theirs[0]:
        apart = np.abs(answer.out - theirs[0][1][0]).max() / np.abs(answer.out).max()
        exact = solver.solve(g, many[0], tolerance=1e-12).out
        tight = np.abs(exact - theirs[0][1][0]).max() / np.abs(exact).max()
        text += f"   {apart:.0e} {tight:.0e}"
    return text


def levels(n: int, kind: str) -> str:
    g, many = case(n, 8)
    if kind == "sparse":  # 90 % of the cells off
        g[np.random.default_rng(n).random((n, n)) < 0.9] = 1e-6
    solver = WireSolver(WireParams(word_ohm=OHM, bit_ohm=OHM), (n, n))
    text, usual = f"{n:5} {kind:8}", coarse._LEAST
    for least in (10**9, usual):
        coarse._LEAST = least
        seconds = median(lambda: solver.solve(g, many[0]), 5)
        text += f" {solver.solve(g, many[0]).steps:6} {1e3 * seconds:9.2f}"
    coarse._LEAST = usual
    for threads in (1, 2):
        start = time.perf_counter()
        solver.solve_many(g, many, threads=threads)
        text += f" {1e3 * (time.perf_counter() - start) / len(many):9.2f}"
    return text


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="*", default=[64, 128, 256])
    parser.add_argument("--large", action="store_true", help="one vector at 1,024 x 1,024, with its memory")
    parser.add_argument("--levels", action="store_true", help="steps with and without the second level")
    options = parser.parse_args()
    if options.levels:
        print(
            f"{'n':>5} {'cells':8} {'steps':>6} {'one ms':>9} {'steps2':>6} {'one ms':>9} {'8, 1 thr':>9} {'2 thr':>9}"
        )
        for n in (64, 128, 256, 512, 1024):
            for kind in ("uniform", "sparse"):
                print(levels(n, kind), flush=True)
        return
    print(
        f"{'n':>5} {'one ms':>9} {'steps':>5} {'256 ms':>9} {'more ms':>8} {'peer s':>10} {'ratio':>7} "
        f"{'peer 256':>10} {'ratio':>7}   apart, at 1e-6 and 1e-12   (* not measured here)"
    )
    for n in options.sizes:
        print(line(n, 11 if n <= 256 else 3), flush=True)
    if options.large:
        n = 1024
        small, v = case(64, 1)
        WireSolver(WireParams(word_ohm=OHM, bit_ohm=OHM), (64, 64)).solve(small, v[0])
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        g, v = case(n, 1)
        solver = WireSolver(WireParams(word_ohm=OHM, bit_ohm=OHM), (n, n))
        seconds = median(lambda: solver.solve(g, v[0]), 3)
        size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{n} x {n}: {seconds:.3f} s, {size:.0f} MB at most (Python and kernels before: {before:.0f} MB)"
        )


if __name__ == "__main__":
    main()
