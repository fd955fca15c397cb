"""Which flaw of a device hurts a temporal memory on a crossbar, and from what size on?

A device without flaws (linear steps of a thousandth of the range, 100 nS to 10 uS) is given one flaw at a time, in
growing sizes. On it a temporal memory learns the high-order sequences of ``hwsim run sequences``: segments read as line
currents, permanences in the conductances (or, with --permanences digital, beside them). Judged by the share of endings
foreseen after 8,000 elements, and, where time passes, of those foreseen after it.

Run: python benchmarks/sequence_flaws.py FOLDER [--seeds N] [--permanences analog|digital] [--jobs N] [--picture FILE]

FOLDER keeps every finished point: the same call goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

import numpy as np

import scenarios

FLAWLESS = """model = "linear_step"
g_min = 1e-7
g_max = 1e-5
step_up = 0.001
step_down = 0.001
"""

BASE: dict[str, Any] = {
    "substrate": "crossbar",
    "crossbar.readout": "analog",
    "memory.capacity": 20_000,
    "task.swap": 8_000,
    "task.elements": 8_010,
    "task.killed": [0.0],
}

HOUR, DAY = 3600.0, 86400.0
FLAWS: dict[str, tuple[str, list[Any], dict[str, Any]]] = {
    "read noise": ("device.read_sigma", [0, 0.05, 0.1, 0.2, 0.4, 0.8], {}),
    "programming noise": ("device.write_sigma", [0, 0.02, 0.05, 0.1, 0.2, 0.4], {}),
    "noise of a pulse": ("device.c2c_sigma", [0, 1, 3, 10, 30], {}),
    "drift exponent, after a day": ("device.drift_nu", [0, 0.01, 0.03, 0.06, 0.1, 0.2], {"time.pause": DAY}),
    "time since learning, drift exponent 0.03": (
        "time.pause", [0, 60.0, HOUR, DAY, 30 * DAY], {"device.drift_nu": 0.03},
    ),
    "lowest conductance [S], of 1e-5 at most": ("device.g_min", [5e-6, 3.3e-6, 2e-6, 1e-6, 1e-7], {}),
    "levels": ("device.n_levels", [2, 3, 4, 8, 16, 32], {}),
    "stuck off": ("device.stuck_off_fraction", [0, 0.02, 0.05, 0.1, 0.2, 0.4], {}),
    "stuck on": ("device.stuck_on_fraction", [0, 0.02, 0.05, 0.1, 0.2, 0.4], {}),
}  # fmt: skip
MEASURE = "accuracy_after_pause_hardware"


def study(folder: Path, flaw: str, permanences: str, seeds: int, jobs: int) -> tuple[list[Any], np.ndarray]:
    """Sizes of a flaw, and the accuracy of each with each seed, (sizes, seeds)."""
    key, sizes, more = FLAWS[flaw]
    device = folder / "flawless.toml"
    device.write_text(FLAWLESS, encoding="utf-8")
    sets = {**BASE, "device": str(device), "crossbar.permanences": permanences, **more}
    out = folder / f"{permanences}_{flaw.replace(' ', '_').replace('/', '_').replace(',', '')}"
    results = scenarios.sweep(
        "sequences", sets, vary={key: sizes}, seeds=seeds, out=out, jobs=jobs, progress=False
    )
    frame = results.to_dataframe()
    values = np.stack([frame[frame[key] == size].sort_values("seed")[MEASURE].to_numpy() for size in sizes])
    return sizes, values


def interval(values: np.ndarray) -> tuple[float, float]:
    """Mean and half its 95 % interval (Student's t) of one size's seeds."""
    from scipy.stats import t

    n = values.size
    half = t.ppf(0.975, n - 1) * values.std(ddof=1) / math.sqrt(n) if n > 1 else math.nan
    return float(values.mean()), float(half)


def draw(found: dict[str, tuple[list[Any], np.ndarray]], path: Path, permanences: str) -> None:
    """One panel a flaw: accuracy over its size."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(3, 3, figsize=(10, 8), sharey=True, layout="constrained")
    for ax, (flaw, (sizes, values)) in zip(axes.flat, found.items(), strict=False):
        told = [interval(row) for row in values]
        means, halves = np.array(told).T
        places = np.arange(len(sizes))
        ax.plot(np.repeat(places, values.shape[1]), values.ravel(), ".", color="0.7", ms=4, zorder=1)
        ax.errorbar(places, means, halves, fmt="o-", ms=4, capsize=3, color="C0")
        ax.set_xticks(places, [_word(size, FLAWS[flaw][0]) for size in sizes])
        ax.set_xlabel(flaw)
        ax.set_ylim(-0.03, 1.03)
        ax.grid(axis="y", alpha=0.3)
    for ax in axes[:, 0]:
        ax.set_ylabel("endings foreseen")
    fig.suptitle(
        f"A temporal memory on a crossbar, one flaw of its devices at a time ({permanences} permanences, "
        f"{values.shape[1]} seeds)",
        fontsize=11,
    )
    fig.savefig(path, dpi=130)


def _word(size: float, key: str) -> str:
    if key != "time.pause":
        return f"{size:g}"
    units = (("d", DAY), ("h", HOUR), ("min", 60.0))
    return next((f"{size / unit:g} {name}" for name, unit in units if size >= unit), f"{size:g} s")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--permanences", choices=("analog", "digital"), default="analog")
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for flaw in FLAWS:
        found[flaw] = study(options.folder, flaw, options.permanences, options.seeds, options.jobs)
        told = "   ".join(
            f"{_word(size, FLAWS[flaw][0])}: {mean:.3f} +- {half:.3f}"
            for size, (mean, half) in zip(found[flaw][0], map(interval, found[flaw][1]), strict=True)
        )
        print(f"{flaw:42} {told}", flush=True)
    if options.picture is not None:
        draw(found, options.picture, options.permanences)


if __name__ == "__main__":
    main()
