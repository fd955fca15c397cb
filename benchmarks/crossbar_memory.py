"""How much longer does a temporal memory take on a crossbar than in software, and how much more memory?

The sequences of temporal_memory.py (high-order, 32 cells a column), analog read-out, read noise, ideal wires; both
memories take turns of 250 records in one process, so that what loads the machine loads both. Peak memory is that of a
process of each one's own.

Run: python benchmarks/crossbar_memory.py [--records N] [--devices NAME ...] [--repeats N]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from temporal_memory import sequences

from devices.presets import device_from
from htm.software import SoftwareSubstrate
from htm.synapses import Substrate
from htm.temporal_memory import TemporalMemory, TemporalMemoryParams
from hwsim.crossbar import CrossbarSubstrate
from hwsim.params import CrossbarParams

MARKS = (1000, 5000, 20000)
TURN = 250
PARAMS = TemporalMemoryParams(capacity=140_000, synapses_per_segment=40)


def records_of(n: int) -> list[np.ndarray]:
    """Codes of the sequences in random order."""
    rng = np.random.default_rng(0)
    known, made = sequences(rng), []
    while len(made) < n:
        made += known[rng.integers(len(known))]
    return made[:n]


def memory_on(name: str) -> TemporalMemory:
    """A temporal memory in software, or on a crossbar of a device."""
    if name == "software":
        substrate: Substrate = SoftwareSubstrate()
    else:
        device = device_from({"preset": name, "read_sigma": 0.01})
        substrate = CrossbarSubstrate(device, CrossbarParams(readout="analog"), seed=0)
    return TemporalMemory(PARAMS, substrate, seed=0)


def stretches(name: str, records: list[np.ndarray], repeats: int) -> dict[int, tuple[float, float]]:
    """CPU seconds a record of software and crossbar in the stretch that ends at each mark, medians of repeats."""
    found: dict[int, list[tuple[float, float]]] = {}
    for _ in range(repeats):
        memories = [memory_on("software"), memory_on(name)]
        spent, start = [0.0, 0.0], 0
        for begin in range(0, len(records), TURN):
            for i, memory in enumerate(memories):
                since = time.process_time()
                for code in records[begin : begin + TURN]:
                    memory.compute(code)
                spent[i] += time.process_time() - since
            done = begin + TURN
            if done in MARKS or done >= len(records):
                found.setdefault(done, []).append((spent[0] / (done - start), spent[1] / (done - start)))
                spent, start = [0.0, 0.0], done
    return {
        mark: (statistics.median(a for a, _ in runs), statistics.median(b for _, b in runs))
        for mark, runs in found.items()
    }


def megabytes() -> float:
    """Peak memory of this program; what getrusage tells includes the parent's before exec."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def peak(name: str, n: int) -> float:
    """Peak memory of a process that only learns `n` records [MB]."""
    command = [sys.executable, __file__, "--peak", name, "--records", str(n)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=MARKS[-1])
    parser.add_argument("--devices", nargs="+", default=["rram_wan2022", "rram_gong2018"])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peak", help=argparse.SUPPRESS)
    options = parser.parse_args()
    records = records_of(options.records)
    if options.peak:
        memory = memory_on(options.peak)
        for code in records:
            memory.compute(code)
        print(megabytes())
        return
    for name in options.devices:
        stretches(name, records[:TURN], 1)  # compiles
    print(
        f"{'device':16} {'records':>8} {'software us':>12} {'crossbar us':>12} {'ratio':>6}"
        f" {'MB':>6} {'MB':>6} {'ratio':>6}"
    )
    for name in options.devices:
        for mark, (software, crossbar) in stretches(name, records, options.repeats).items():
            ours, theirs = peak(name, mark), peak("software", mark)
            print(
                f"{name:16} {mark:8d} {1e6 * software:12.0f} {1e6 * crossbar:12.0f} {crossbar / software:6.2f}"
                f" {theirs:6.0f} {ours:6.0f} {ours / theirs:6.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
