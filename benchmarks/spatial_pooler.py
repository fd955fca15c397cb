"""How fast is the software spatial pooler, beside a plain numpy step in the same run and beside htm.core?

Records a CPU second, medians of rounds of fresh random records, 5 % of the inputs on, 2 % winners. htm.core's figures
were measured elsewhere on a like machine (its build cannot share an environment with this project): read them as
ratios, +- 30 %. Its local runs are taken to have pools of radius 8 on square grids, which fits their memory.

Run: python benchmarks/spatial_pooler.py
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from htm.pooler import SpatialPooler, SpatialPoolerParams, draw_permanence, draw_pool
from htm.software import SoftwareSubstrate

ROUNDS, RECORDS = 7, 200
# inputs, columns, learning, fields of the parameters, htm.core's records a CPU second, numpy beside it
CASES = [
    ((1024,), 2048, True, {}, 1957, True),
    ((1024,), 2048, True, {"boost_strength": 3.0}, 1671, False),
    ((1024,), 2048, False, {}, 20684, False),
    ((1024,), 4096, True, {}, 874, False),
    ((1024,), 16384, True, {}, 206, False),
    ((4096,), 2048, True, {}, 317, False),
    ((4096,), 4096, True, {}, 153, True),
    ((16384,), 2048, True, {}, 79, False),
    ((32, 32), 2048, True, {"column_shape": (32, 64), "potential_radius": 8}, 295, False),
    ((64, 64), 4096, True, {"column_shape": (64, 64), "potential_radius": 8}, 150, False),
    ((32, 32), 2048, True, {"column_shape": (32, 64)}, 295, False),
    ((64, 64), 4096, True, {"column_shape": (64, 64)}, 150, False),
]
HTMCORE_CONSTRUCTION = {(1024, 2048): 3.3, (1024, 16384): 35, (4096, 4096): 105}  # CPU seconds
HTMCORE_MEMORY = 1590  # MB at 1,024 x 16,384


class NumpyPooler:
    """The step as one writes it from the equations: dense float permanences, a matrix product, a sort."""

    def __init__(self, params: SpatialPoolerParams, n_inputs: int) -> None:
        self.params = params
        self.pool = draw_pool(params, (n_inputs,), 0)
        self.phi = draw_permanence(params, self.pool, 0)
        self.overlap_duty = np.zeros(params.columns, dtype=np.float32)
        self.active_duty = np.zeros(params.columns, dtype=np.float32)
        self.minimum, self.step = np.float32(0), 0

    def compute(self, active: np.ndarray) -> np.ndarray:
        params, self.step = self.params, self.step + 1
        overlap = (self.phi[:, active] >= params.threshold).sum(axis=1)
        winners = np.sort(np.argsort(overlap, kind="stable")[-params.winners :])
        change = np.full(self.phi.shape[1], -params.decrement, dtype=np.float32)
        change[active] = params.increment
        fresh = np.clip(self.phi[winners] + change, 0, 1)
        self.phi[winners] = np.where(self.pool[winners], fresh, 0)
        won = np.zeros(params.columns, dtype=np.float32)
        won[winners] = 1
        period = min(params.duty_period, self.step)
        self.overlap_duty += ((overlap > 0) - self.overlap_duty) / period
        self.active_duty += (won - self.active_duty) / period
        weak = self.overlap_duty < self.minimum
        if weak.any():
            self.phi[weak] = np.where(self.pool[weak], np.clip(self.phi[weak] + params.weak_bump, 0, 1), 0)
        if self.step % 50 == 0:
            self.minimum = params.minimum_duty_fraction * self.overlap_duty.max()
        return winners


def records(n_inputs: int) -> Iterator[list[np.ndarray]]:
    """Rounds of fresh random records."""
    rng = np.random.default_rng(0)
    while True:
        yield [
            np.sort(rng.choice(n_inputs, n_inputs // 20, replace=False)).astype(np.int32)
            for _ in range(RECORDS)
        ]


def rates(works: list[Callable[[np.ndarray], object]], n_inputs: int) -> list[float]:
    """Median records a CPU second of each; every round gives all of them the same records in turn."""
    source = records(n_inputs)
    times: list[list[float]] = [[] for _ in works]
    for number in range(ROUNDS + 1):
        batch = next(source)
        for work, spent in zip(works, times, strict=True):
            part = batch if number or len(works) == 1 else batch[:20]
            start = time.process_time()
            for bits in part:
                work(bits)
            if number:  # the first round compiles and warms up
                spent.append((time.process_time() - start) / len(part))
    return [1 / statistics.median(spent) for spent in times]


def report_memory(n_inputs: int, columns: int) -> None:
    """Print construction time and peak memory of this process."""
    params = SpatialPoolerParams(columns=columns)
    SpatialPooler(SpatialPoolerParams(columns=64), (64,), SoftwareSubstrate())
    start = time.process_time()
    pooler = SpatialPooler(params, (n_inputs,), SoftwareSubstrate())
    built = time.process_time() - start
    for bits in next(records(n_inputs))[:60]:
        pooler.compute(bits)
    # Not getrusage: a child starts from its parent's peak.
    status = Path("/proc/self/status").read_text()
    print(built, int(status.split("VmHWM:")[1].split()[0]) / 1024)


def main() -> None:
    if len(sys.argv) == 3:
        report_memory(int(sys.argv[1]), int(sys.argv[2]))
        return
    print(f"{'inputs x columns':>18} {'what':<28} {'numpy/s':>9} {'ours/s':>9} {'ours/numpy':>11} ", end="")
    print(f"{'htm.core/s':>11} {'ours/htm.core':>14}")
    for shape, columns, learn, options, peer, beside in CASES:
        n_inputs = int(np.prod(shape))
        local = len(shape) > 1
        params = SpatialPoolerParams(columns=columns, inhibition="local" if local else "global", **options)
        pooler = SpatialPooler(params, shape, SoftwareSubstrate())
        works = [lambda bits, p=pooler, on=learn: p.compute(bits, on)]
        if beside:
            works.append(NumpyPooler(params, n_inputs).compute)
        rate = rates(works, n_inputs)
        what = (
            "local, radius 8"
            if "potential_radius" in options
            else "local, whole pools"
            if local
            else "global"
        )
        what += "" if learn else ", learning off"
        what += ", boost 3" if "boost_strength" in options else ""
        plain = (
            f"{rate[1]:9.0f} {rate[0]:9.0f} {rate[0] / rate[1]:11.1f}"
            if beside
            else f"{'':9} {rate[0]:9.0f} {'':11}"
        )
        print(
            f"{f'{n_inputs} x {columns}':>18} {what:<28} {plain} {peer:12} {rate[0] / peer:14.1f}", flush=True
        )
    print(f"\n{'inputs x columns':>18} {'built CPU s':>12} {'htm.core':>9} {'peak MB':>9} {'htm.core':>9}")
    for (n_inputs, columns), peer_built in HTMCORE_CONSTRUCTION.items():
        call = [sys.executable, __file__, str(n_inputs), str(columns)]
        out = subprocess.run(call, capture_output=True, text=True, check=True, env=os.environ).stdout
        built, memory = (float(word) for word in out.split())
        peer_memory = HTMCORE_MEMORY if columns == 16384 else ""
        print(f"{f'{n_inputs} x {columns}':>18} {built:12.2f} {peer_built:9} {memory:9.0f} {peer_memory:>9}")


if __name__ == "__main__":
    main()
