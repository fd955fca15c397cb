"""What do slow inhibition and unequal thresholds cost a spatial pooler whose competition is a race of spikes?

``hwsim sweep digits8x8`` on ideal devices, so that only neurons differ from software: membranes of 10 ms, the first
102 of 1,024 to spike win. Inhibition takes a latency to arrive, and thresholds have a spread. Told are the winners of a
record, of which 102 are wanted, the fidelity (how many of software's winners are among them, so that it rises where
too many win) and the accuracy, mean and 95 % interval.

Run: python benchmarks/spiking_latency.py FOLDER [--seeds N] [--jobs N] [--picture FILE]

FOLDER keeps every finished point: the same call goes on where it was stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

import scenarios
from scenarios.figures.stats import mean_interval

BASE: dict[str, Any] = {
    "substrate": "spiking", "device": "ideal", "data.train": 200, "data.test": 100,
    "robustness.records": 1, "robustness.levels": 2,
}  # fmt: skip
LATENCY, SPREAD = "crossbar.neurons.inhibition_latency", "crossbar.neurons.threshold_sigma"
LATENCIES, SPREADS = [0.0, 1e-4, 3e-4, 1e-3, 3e-3], [0.0, 0.01, 0.03]
COLUMNS, WANTED = 1024, 102
MEASURES = {"sparsity_hardware": COLUMNS, "fidelity": 100.0, "accuracy_hardware": 100.0}


def study(folder: Path, seeds: int, jobs: int) -> dict[str, np.ndarray]:
    """Mean and half interval of each measure, (spreads, latencies, 2)."""
    vary = {LATENCY: LATENCIES, SPREAD: SPREADS}
    results = scenarios.sweep(
        "digits8x8", BASE, vary=vary, seeds=seeds, out=folder, jobs=jobs, progress=False
    )
    frame = results.to_dataframe()
    found = {name: np.zeros((len(SPREADS), len(LATENCIES), 2)) for name in MEASURES}
    for i, spread in enumerate(SPREADS):
        for j, latency in enumerate(LATENCIES):
            rows = frame[(frame[SPREAD] == spread) & (frame[LATENCY] == latency)]
            for name, factor in MEASURES.items():
                one = mean_interval(factor * rows[name].astype(float))
                found[name][i, j] = one.mean, one.half
    return found


def draw(found: dict[str, np.ndarray], path: Path, seeds: int) -> None:
    """Winners, fidelity and accuracy against the latency; a line a spread."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(3, 1, figsize=(7, 8), sharex=True, layout="constrained")
    places = np.arange(len(LATENCIES))
    for ax, name in zip(axes, MEASURES, strict=True):
        for i, spread in enumerate(SPREADS):
            mean, half = found[name][i].T
            shift = 0.04 * (i - 1)
            ax.errorbar(places + shift, mean, half, fmt="o-", ms=4, capsize=3, label=f"{100 * spread:g} %")
        ax.grid(axis="y", alpha=0.3)
    axes[0].axhline(WANTED, color="0.3", linewidth=1, linestyle="--", label=f"wanted: {WANTED}")
    axes[0].set_ylabel("winners of a record, of 1,024")
    axes[0].legend(title="spread of thresholds", loc="center left")
    for ax, words in zip(axes[1:], ("software's winners\namong them [%]", "accuracy [%]"), strict=True):
        ax.set_ylim(0, 105)
        ax.set_ylabel(words)
    axes[2].set_xticks(places, ["0", "0.1", "0.3", "1", "3"])
    axes[2].set_xlabel("latency of inhibition [ms], membranes of 10 ms")
    fig.suptitle(
        f"Late inhibition lets more win, unequal thresholds let others win ({seeds} seeds)", fontsize=11
    )
    fig.savefig(path, dpi=130)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    found = study(options.folder, options.seeds, options.jobs)
    print(f"{'latency':>8} {'spread':>7}   winners           fidelity %        accuracy %")
    for j, latency in enumerate(LATENCIES):
        for i, spread in enumerate(SPREADS):
            told = "   ".join("{:6.1f} +- {:5.1f}".format(*found[name][i, j]) for name in MEASURES)
            print(f"{1e3 * latency:5g} ms {100 * spread:5g} %   {told}")
    if options.picture is not None:
        draw(found, options.picture, options.seeds)


if __name__ == "__main__":
    main()
