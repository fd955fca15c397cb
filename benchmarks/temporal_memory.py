"""How fast does the temporal memory learn, and does it slow down with what it knows? Beside htm.core's figures.

High-order sequences: 200 of 10 random codes (40 of 2,048 columns), in pairs that share all but the first and the last
code, in random order without resets; 32 cells a column, NuPIC's defaults.

With --taxi also a real stream, NAB's nyc_taxi.csv: columns from a spatial pooler over value and time of day, as the
detector makes them; here and there the time is the memory's alone.

Run: python benchmarks/temporal_memory.py [--records N] [--repeats N] [--profile] [--taxi nyc_taxi.csv]
"""

from __future__ import annotations

import argparse
import cProfile
import csv
import pstats
import resource
import statistics
import time
from datetime import datetime
from pathlib import Path

import numpy as np

from htm.software import SoftwareSubstrate
from htm.temporal_memory import TemporalMemory, TemporalMemoryParams

MARKS = (1000, 5000, 20000)
# htm.core 2.2.0: records / CPU s in the stretch, segments, synapses, MB
PEER = {
    1000: (4754, 27773, 555460, 74),
    5000: (2649, 61287, 1225740, 172),
    20000: (3768, 122073, 2441503, 329),
}

TAXI_PEER = 1364  # htm.core's memory on nyc_taxi.csv [CPU us a record]

HEAD = (
    f"{'records':>8} {'rec/s':>8} {'best':>8} {'htm.core':>9} {'ratio':>6} {'segments':>9} {'htm.core':>9}"
    f" {'synapses':>9} {'htm.core':>9} {'MB':>5} {'htm.core':>9}  anomaly first / middle / last"
)


def sequences(rng: np.random.Generator, count: int = 200, length: int = 10) -> list[list[np.ndarray]]:
    """Pairs of sequences with a shared middle."""

    def code() -> np.ndarray:
        return np.sort(rng.choice(2048, 40, replace=False)).astype(np.int32)

    made = []
    for _ in range(count // 2):
        middle = [code() for _ in range(length - 2)]
        made += [[code(), *middle, code()] for _ in range(2)]
    return made


def megabytes() -> float:
    """Peak memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def warm_up() -> None:
    """Compile every kernel."""
    memory = TemporalMemory(TemporalMemoryParams(), SoftwareSubstrate())
    for sequence in sequences(np.random.default_rng(1), 4) * 6:
        for columns in sequence:
            memory.compute(columns)


def line(mark: int, ours: tuple[float, ...], peer: tuple[int, ...], seen: list[float]) -> str:
    """One row of the table."""
    rate, best, segments, synapses, size = ours
    return (
        f"{mark:8} {rate:8.0f} {best:8.0f} {peer[0]:9} {rate / peer[0]:6.2f} {segments:9} {peer[1]:9}"
        f" {synapses:9} {peer[2]:9} {size:5.0f} {peer[3]:9}  {' / '.join(f'{a:.3f}' for a in seen)}"
    )


class Run:
    """One pass over the records with a fresh memory: seconds, sizes and anomaly at each mark."""

    def __init__(self, records: list[tuple[int, np.ndarray]]) -> None:
        self.seconds: dict[int, float] = {}
        self.sizes: dict[int, tuple[int, int, float]] = {}
        self.anomaly: dict[int, list[float]] = {}
        memory = TemporalMemory(TemporalMemoryParams(), SoftwareSubstrate())
        done, seen = 0, np.zeros(len(records))
        for mark in (mark for mark in MARKS if mark <= len(records)):
            start = time.process_time()
            for i in range(done, mark):
                seen[i] = memory.compute(records[i][1])
            self.seconds[mark] = time.process_time() - start
            self.sizes[mark] = (memory.dendrites.n_segments, memory.dendrites.n_synapses, megabytes())
            last = np.arange(max(mark - 1000, done), mark)
            place = np.array([records[i][0] for i in last])
            parts = (place == 0, (place > 0) & (place < 9), place == 9)
            self.anomaly[mark] = [float(seen[last][part].mean()) for part in parts]
            done = mark


def taxi(path: Path, repeats: int) -> str:
    """Microseconds a record of NAB's taxi stream, learning."""
    from scenarios.detector import Detector, DetectorParams

    with path.open(newline="") as file:
        moments, values = zip(*list(csv.reader(file))[1:], strict=True)
    numbers = [float(value) for value in values]
    model = Detector(DetectorParams(), min(numbers), max(numbers), len(numbers)).model
    records = [
        model.regions[0].pooler.compute(
            model.encoder.encode({"timestamp": datetime.fromisoformat(at), "value": value})
        )
        for at, value in zip(moments, numbers, strict=True)
    ]
    passes, anomaly = [], 0.0
    for _ in range(repeats):
        memory = TemporalMemory(DetectorParams().memory, SoftwareSubstrate())
        start = time.process_time()
        anomaly = sum(memory.compute(columns) for columns in records) / len(records)
        passes.append((time.process_time() - start) / len(records) * 1e6)
    rate = statistics.median(passes)
    return (
        f"taxi: {rate:.0f} us a record (best {min(passes):.0f}), htm.core {TAXI_PEER}, ratio {TAXI_PEER / rate:.2f}; "
        f"mean anomaly {anomaly:.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=MARKS[-1], help="at least 1,000")
    parser.add_argument("--repeats", type=int, default=5, help="medians are over so many runs")
    parser.add_argument("--profile", action="store_true", help="show where the time goes")
    parser.add_argument("--taxi", type=Path, help="nyc_taxi.csv of a NAB checkout")
    options = parser.parse_args()
    warm_up()
    at_rest = megabytes()
    rng = np.random.default_rng(0)
    known = sequences(rng)
    order = rng.integers(0, len(known), options.records // 10 + 1)
    records = [(at, columns) for i in order for at, columns in enumerate(known[i])][: options.records]
    first = Run(records)  # before the others, so that its peak memory is its own
    runs = [first] + [Run(records) for _ in range(options.repeats - 1)]
    print(HEAD)
    before = 0
    for mark in first.seconds:
        rates = [(mark - before) / run.seconds[mark] for run in runs]
        ours = (statistics.median(rates), max(rates), *first.sizes[mark])
        print(line(mark, ours, PEER[mark], first.anomaly[mark]))
        before = mark
    print(f"peak before the run, Python and compiled kernels: {at_rest:.0f} MB")
    if options.taxi:
        print(taxi(options.taxi, options.repeats))
    if options.profile:
        with cProfile.Profile() as profile:
            Run(records)
        pstats.Stats(profile).sort_stats("tottime").print_stats(20)


if __name__ == "__main__":
    main()
