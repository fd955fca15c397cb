"""How well does the temporal memory learn high-order sequences, relearn after a swap, and stand the death of cells?

The task of Cui, Ahmad, Hawkins 2016 (Neural Comput. 28:2474), as ``hwsim run sequences`` runs it: see
`scenarios.sequences_task`. Published numbers of the same paper stand beside ours.

Run: python benchmarks/sequences.py [--seeds N]
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import scenarios
from scenarios.sequences import SequencesConfig, run_point
from scenarios.sequences_task import TaskParams

MEASURES = ("accuracy", "accuracy_after_swap", "elements_to_learn", "elements_to_relearn")


def study(seed: int) -> tuple[list[float], list[float]]:
    """Accuracy before and after the swap and elements to learn and relearn; accuracy after cells died."""
    config = scenarios.load("sequences", {"seed": seed})
    assert isinstance(config, SequencesConfig)
    outcome = run_point(config, lambda *_: None)
    measures = [outcome.metrics[f"{name}_software"] for name in MEASURES]
    return measures, outcome.arrays["accuracy_dead_software"].tolist()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=10)
    seeds = parser.parse_args().seeds
    start = time.process_time()
    made = [study(seed) for seed in range(seeds)]
    main_, deaths = (np.array(part) for part in zip(*made, strict=True))
    mean, spread = main_.mean(axis=0), main_.std(axis=0)
    took = time.process_time() - start
    killed = TaskParams().killed
    print(f"{seeds} seeds, {took:.0f} CPU s; mean +- standard deviation; published in brackets")
    print(f"accuracy before / after the swap  {mean[0]:.3f} / {mean[1]:.3f}  (1.00 / 1.00)")
    print(f"elements to learn                 {mean[2]:.0f} +- {spread[2]:.0f}  (7010 +- 1206)")
    print(f"elements to relearn               {mean[3]:.0f} +- {spread[3]:.0f}  (2935 +- 230)")
    print("share of cells killed             " + "  ".join(f"{share:5.1f}" for share in killed))
    print("accuracy                          " + "  ".join(f"{value:5.3f}" for value in deaths.mean(axis=0)))
    print("published                         1.000  1.000  1.000  1.000  0.894  0.522")


if __name__ == "__main__":
    main()
