"""Does the spatial pooler beat raw pixels with the same classifier? Ten seeds of the digits scenario.

Run: python benchmarks/digits_accuracy.py [--set key=value ...]
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import scenarios
from scenarios.digits import run_point


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--set", action="append", default=[], help="any setting of the scenario")
    options = parser.parse_args()
    rows = []
    print(f"{'seed':>4} {'raw':>7} {'software':>9} {'hardware':>9} {'fidelity':>9} {'s':>6}")
    for seed in range(options.seeds):
        start = time.perf_counter()
        config = scenarios.load("digits", [*options.set, f"seed={seed}"])
        metrics = run_point(config, lambda *_: None).metrics
        row = [
            metrics[name] for name in ("accuracy_raw", "accuracy_software", "accuracy_hardware", "fidelity")
        ]
        rows.append(row)
        print(
            f"{seed:4d} {row[0]:7.4f} {row[1]:9.4f} {row[2]:9.4f} {row[3]:9.3f} {time.perf_counter() - start:6.1f}"
        )
    table = np.array(rows)
    raw, software, hardware, fidelity = table.mean(axis=0)
    print(f"mean {raw:7.4f} {software:9.4f} {hardware:9.4f} {fidelity:9.3f}")
    print(f"software beats raw pixels in {(table[:, 1] > table[:, 0]).sum()} of {len(table)} seeds")


if __name__ == "__main__":
    main()
