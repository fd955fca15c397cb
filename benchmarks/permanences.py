"""Permanences in the conductances, or in a memory beside cells that are on or off: what each costs a stream.

The made stream of ``hwsim run stream`` (3,360 records five minutes apart, three labelled anomalies), crossbars of four
devices, line currents, both kinds of permanences; then the drifting one of them with its cells refreshed. Time passes
by the hour, which spares most looks at ageing cells.

Run: python benchmarks/permanences.py FOLDER [--seeds N] [--jobs N] [--picture FILE]

FOLDER keeps every finished point: the same call goes on where it was stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from sequence_flaws import HOUR, interval

import scenarios

BASE: dict[str, Any] = {
    "substrate": "crossbar",
    "crossbar.readout": "analog",
    "prediction.steps": 1,
    "time.record": 300.0,
    "time.lump": HOUR,
}
DEVICES = ["rram_gong2018", "rram_wan2022", "vcm_binary", "pcm_joshi2020"]
KINDS = ["analog", "digital"]
PERIODS = ["1 h", "6 h", "1 d"]
COLUMNS = {
    "detected_hardware": "anomalies detected, of 3",
    "false_alarms_hardware": "false alarms",
    "fidelity": "winners shared with software",
    "nrmse_hardware": "forecast error (NRMSE)",
    "energy_per_record_J": "energy a record [J]",
    "pulses_per_device_mean": "writes a device",
    "pulses_per_device_most": "writes of the busiest device",
}
DRAWN = ("detected_hardware", "nrmse_hardware", "energy_per_record_J", "pulses_per_device_mean")
COLOURS = {"analog": "#D55E00", "digital": "#0072B2"}


def swept(
    folder: Path, name: str, sets: dict[str, Any], vary: dict[str, list[Any]], args: Any
) -> pd.DataFrame:
    """Rows of a study."""
    found = scenarios.sweep(
        "stream",
        {**BASE, **sets},
        vary=vary,
        seeds=args.seeds,
        out=folder / name,
        jobs=args.jobs,
        progress=False,
    )
    return found.to_dataframe()


def table(frame: pd.DataFrame, keys: list[str]) -> dict[tuple[Any, ...], dict[str, tuple[float, float]]]:
    """Mean and half the 95 % interval of every column, by the swept values."""
    return {
        key if isinstance(key, tuple) else (key,): {one: interval(rows[one].to_numpy()) for one in COLUMNS}
        for key, rows in frame.groupby(keys, sort=False)
    }


def tell(found: dict[tuple[Any, ...], dict[str, tuple[float, float]]]) -> None:
    """A Markdown table."""
    print("| | " + " | ".join(COLUMNS.values()) + " |")
    print("| --- " * (len(COLUMNS) + 1) + "|")
    for key, row in found.items():
        cells = [f"{mean:.3g} ± {half:.1g}" for mean, half in row.values()]
        print(f"| {', '.join(map(str, key))} | " + " | ".join(cells) + " |")


def draw(
    found: dict[tuple[Any, ...], dict[str, tuple[float, float]]], software: dict[str, float], path: Path
) -> None:
    """A panel for each of `DRAWN`: devices side by side, both kinds of permanences."""
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(DRAWN), figsize=(13, 3.6), layout="constrained")
    places = np.arange(len(DEVICES))
    for ax, column in zip(axes, DRAWN, strict=True):
        for shift, kind in ((-0.2, "analog"), (0.2, "digital")):
            means, halves = np.array([found[device, kind][column] for device in DEVICES]).T
            ax.bar(
                places + shift,
                means,
                0.38,
                yerr=halves,
                color=COLOURS[kind],
                capsize=2,
                label=f"{kind} permanences",
            )
        if column in software:
            ax.axhline(software[column], color="0.2", lw=1, ls=(0, (4, 3)), label="software")
        if column.startswith(("energy", "pulses")):
            ax.set_yscale("log")
        ax.set_title(COLUMNS[column], fontsize=11)
        ax.set_xticks(places, DEVICES, rotation=30, ha="right", fontsize=9)
        ax.grid(axis="y", alpha=0.3)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False)
    figure.savefig(path, dpi=100)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--picture", type=Path)
    args = parser.parse_args()
    vary: dict[str, list[Any]] = {"device": DEVICES, "crossbar.permanences": KINDS}
    frame = swept(args.folder, "permanences", {}, vary, args)
    found = table(frame, list(vary))
    tell(found)
    software = {one: float(frame[one.replace("hardware", "software")].mean()) for one in DRAWN[:2]}
    print("software: " + ", ".join(f"{COLUMNS[one]} {number:.3g}" for one, number in software.items()))
    drifting = {"device": DEVICES[-1], "crossbar.permanences": "digital"}
    vary = {"crossbar.refresh_period": PERIODS}
    tell(table(swept(args.folder, "refresh", drifting, vary, args), list(vary)))
    if args.picture is not None:
        draw(found, software, args.picture)


if __name__ == "__main__":
    main()
