"""What does each mitigation buy against the flaw that it is for, and what does it cost?

A device without flaws (that of sequence_flaws.py) is given one flaw, of a size that hurts, and runs with each
mitigation off and on: a temporal memory that learns two pairs of the high-order sequences of ``hwsim run sequences``
(1,500 elements, 4,000 segments, line currents), and a spatial pooler that learns ``digits8x8``. Beside quality: energy
of a record while learning (of a test image in digits) and before anything is learned (in digits, of all learning),
pulses that a device in use has seen, area. Records of the drifting devices come every five minutes, and ten days pass
before the test.

Run: python benchmarks/mitigations.py FOLDER [--seeds N] [--only WORD] [--picture FILE]

FOLDER keeps every finished point: the same call goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from sequence_flaws import DAY, FLAWLESS, HOUR, interval

import scenarios

SEQUENCES: dict[str, Any] = {
    "substrate": "crossbar",
    "crossbar.readout": "analog",
    "memory.capacity": 4_000,
    "task.sequences": [[[6, 8, 7, 4, 2, 3, 0], [1, 8, 7, 4, 2, 3, 5]], [[6, 3, 4, 2, 7, 8, 5], [1, 3, 4, 2, 7, 8, 0]]],
    "task.swap": 1_500,
    "task.elements": 1_510,
    "task.window": 50,
    "task.killed": [0.0],
}  # fmt: skip
DIGITS: dict[str, Any] = {"substrate": "crossbar", "crossbar.readout": "analog"}

DIGITAL = {"crossbar.permanences": "digital"}
PARALLEL = {"crossbar.pairing": "parallel"}
REMAP = {"crossbar.remap.on": True}
STUCK_ON = {"device.stuck_on_fraction": 0.4}
MISSES = {"device.write_sigma": 0.4}
VERIFY = {"crossbar.programming": "write_verify"}
NOISE = {"device.read_sigma": 0.8}
OFFSETS = {**DIGITAL, "crossbar.segment_output": "comparator", "crossbar.sense.offset_sigma": 40e-6}
WAITS = {"time.record": 300.0, "time.pause": 10 * DAY}
DRIFTS = {**DIGITAL, **WAITS, "device.drift_nu": 0.06}
CREEPS = {**WAITS, "device.drift_nu": 0.005}
POOL, STILL = {"device.stuck_on_fraction": 0.2}, {"pooler.boost_strength": 0.0}
SENSED = {"crossbar.readout": "binary"}


def _refresh(period: float) -> dict[str, Any]:
    return {"crossbar.refresh_period": period}


PERIODS = {"10 d": 10 * DAY, "3 d": 3 * DAY, "1 d": DAY, "6 h": 6 * HOUR, "1 h": HOUR}

STUDIES: dict[str, tuple[str, dict[str, dict[str, Any]]]] = {
    "no flaw": ("sequences", {"analog permanences": {}, "digital permanences": DIGITAL}),
    "two fifths of the cells stuck on": (
        "sequences",
        {
            "none": STUCK_ON,
            "two devices in parallel": STUCK_ON | PARALLEL,
            "remapping": STUCK_ON | REMAP,
            "remapping, 128 spare slots": STUCK_ON | REMAP | {"crossbar.remap.spare_slots": 128},
        },
    ),
    "programming noise, 0.4 of the range": (
        "sequences",
        {
            "none": MISSES,
            "two devices in parallel": MISSES | PARALLEL,
            "write-verify": MISSES | VERIFY,
            "digital permanences": MISSES | DIGITAL,
            "digital permanences, write-verify": MISSES | DIGITAL | VERIFY,
        },
    ),
    "read noise, 0.8 of the conductance": (
        "sequences",
        {"none": NOISE, "two devices in parallel": NOISE | PARALLEL},
    ),
    "comparators' offsets, sd 40 uA": (
        "sequences",
        {
            "none": OFFSETS,
            "trimmed by 2 bits": OFFSETS | {"crossbar.sense.trim_bits": 2},
            "trimmed by 4 bits": OFFSETS | {"crossbar.sense.trim_bits": 4},
        },
    ),
    "drift exponent 0.06, digital permanences": (
        "sequences",
        {"never refreshed": DRIFTS, **{f"every {name}": DRIFTS | _refresh(s) for name, s in PERIODS.items()}},
    ),
    "drift exponent 0.005, analog permanences": (
        "sequences",
        {
            "never refreshed": CREEPS,
            **{f"every {name}": CREEPS | _refresh(PERIODS[name]) for name in ("10 d", "1 d", "6 h")},
        },
    ),
    "a pooler, a fifth of the cells stuck on": (
        "digits8x8",
        {
            "no flaw": {},
            "no flaw, not boosted": STILL,
            "not boosted": POOL | STILL,
            "boosting": POOL,
            "boosting, two devices in parallel": POOL | PARALLEL,
            "boosting, remapping, 16 spare lines": POOL | REMAP | {"crossbar.remap.spare_lines": 16},
            "boosting, cells sensed": POOL | SENSED,
            "boosting, cells sensed, remapping": POOL | SENSED | REMAP,
        },
    ),
}
COLUMNS = {
    "sequences": (
        "accuracy_after_pause_hardware", "fidelity", "energy_per_element_J", "energy_setup_J",
        "pulses_per_device_mean", "area_m2",
    ),
    "digits8x8": (
        "accuracy_hardware", "fidelity", "energy_per_record_J", "energy_learning_J",
        "pulses_per_device_mean", "area_m2",
    ),
}  # fmt: skip
"""Quality, fidelity, energy of a record and before (digits: of learning with its set-up), pulses, area."""


def measured(folder: Path, study: str, label: str, seed: int) -> list[float]:
    """The columns of one way to run with one seed."""
    scenario, ways = STUDIES[study]
    device = folder / "flawless.toml"
    device.write_text(FLAWLESS, encoding="utf-8")
    base = SEQUENCES if scenario == "sequences" else DIGITS
    sets = {**base, "device": str(device), "seed": seed, **ways[label]}
    out = folder / re.sub(r"\W+", "_", f"{study} {label}") / f"seed_{seed}"
    kept = out / "columns.json"  # so that a picture needs no scenario
    if not kept.exists():
        row = scenarios.run(scenario, sets, out=out, progress=False).to_dataframe().iloc[0]
        kept.write_text(json.dumps([float(row[name]) for name in COLUMNS[scenario]]))
    return [float(value) for value in json.loads(kept.read_text())]


def line(label: str, values: np.ndarray) -> str:
    """One line of the table: quality and fidelity with 95 % intervals, means of the rest."""
    told = [f"{mean:.3f} +- {half:.3f}" for mean, half in map(interval, values[:2])]
    energy, before, pulses, area = values[2:].mean(axis=1)
    return (
        f"  {label:38} {told[0]:>16} {told[1]:>16} {1e9 * energy:10.3g} nJ {1e6 * before:9.3g} uJ "
        f"{pulses:9.3g} {1e6 * area:8.3g} mm2"
    )


def draw(found: dict[str, dict[str, np.ndarray]], path: Path) -> None:
    """What refresh buys: quality, energy and wear over its period, digital and analog permanences."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(3, 1, figsize=(6.4, 7.6), sharex=True, layout="constrained")
    names = ["never", *PERIODS]
    for k, study in enumerate(name for name in STUDIES if name.startswith("drift")):
        ways = found[study]
        places = [names.index(label.removeprefix("every ").removesuffix(" refreshed")) for label in ways]
        rows = {"endings foreseen": 0, "energy of a record [nJ]": 2, "pulses a device": 4}
        for ax, (what, row) in zip(axes, rows.items(), strict=True):
            scale = 1e9 if row == 2 else 1.0
            own = np.stack([scale * values[row] for values in ways.values()])
            means, halves = np.array([interval(one) for one in own]).T
            if row == 0:
                ax.plot(np.repeat(places, own.shape[1]), own.ravel(), ".", color=f"C{k}", alpha=0.3, ms=4)
            ax.errorbar(places, means, halves, fmt="o-", ms=4, capsize=3, color=f"C{k}", label=study)
            ax.set_ylabel(what)
            ax.grid(alpha=0.3)
            if row:
                ax.set_yscale("log")
    axes[0].set_ylim(-0.03, 1.03)
    axes[1].legend(loc="center left", fontsize=8)
    axes[-1].set_xticks(range(len(names)), names)
    axes[-1].set_xlabel("time between refreshes")
    fig.suptitle("What refresh buys: a record every 5 minutes, then 10 days", fontsize=11)
    fig.savefig(path, dpi=130)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--only", default="", help="studies whose names hold this word")
    parser.add_argument("--picture", type=Path, help="of the two studies of refresh")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    chosen = [study for study in STUDIES if options.only in study]
    # Seed by seed, because all ways share the software's half of a seed.
    made = [
        {
            (study, label): measured(options.folder, study, label, seed)
            for study in chosen
            for label in STUDIES[study][1]
        }
        for seed in range(options.seeds)
    ]
    found: dict[str, dict[str, np.ndarray]] = {}
    for study in chosen:
        print(study)
        found[study] = {label: np.array([one[study, label] for one in made]).T for label in STUDIES[study][1]}
        for label, values in found[study].items():
            print(line(label, values))
    if options.picture is not None:
        draw(found, options.picture)


if __name__ == "__main__":
    main()
