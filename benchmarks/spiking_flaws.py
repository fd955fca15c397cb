"""Which flaw of a device hurts the spiking temporal memory, and from what size on: binary and analog synapses.

A device without flaws (linear steps of a thousandth of the range, 0.5 to 10 uS) is given one flaw at a time, in growing
sizes, and some two at a time. On it the network of Bouhadjar et al. 2022 learns its set I: with binary synapses
at the published rates (45 episodes), with analog ones at the rates of `spiking_tm.analog` (120 episodes; they learn
more slowly). Judged by the paper's prediction error, mean over the last 10 episodes.

A flaw *breaks* the memory at the first size whose mean error's 95 % interval lies above 0.1, or whose mean accuracy
(last symbols foretold, and nothing else) is below 0.9. That was fixed before the first run.

Some flaws belong to one kind. A binary device has two levels by nature and takes no pulses; a write of it can fail, and
be repeated or not. A pulse that does nothing is no mechanism of the device models, so analog synapses have no failure.

Run: python benchmarks/spiking_flaws.py FOLDER [--seeds N] [--map-seeds N] [--jobs N] [--draw] [--images DIR]

FOLDER/rows.jsonl keeps every finished run: the same call goes on where it was stopped. Runs of all points with the
first seeds come first. --draw only draws, from the rows that there are.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from devices.presets import device_from
from hwsim.spiking_tm.measure import errors, first_zero, predicted
from hwsim.spiking_tm.params import SpikingMemoryParams, half
from hwsim.spiking_tm.run import run
from hwsim.spiking_tm.task import SequenceTaskParams

RANGE: dict[str, Any] = {"g_max": 1e-5, "on_off_ratio": 20.0}
PULSED: dict[str, Any] = {"model": "linear_step", "step_up": 0.001, "step_down": 0.001, **RANGE}
# The same two conductances; the model that knows failing writes.
SWITCHED: dict[str, Any] = {"model": "binary_vcm", "set_probability": 1.0, "reset_probability": 1.0, **RANGE}

EPISODES = {"binary": 45, "analog": 120}
JUDGED = 10
MOST_ERROR, LEAST_ACCURACY = 0.1, 0.9
RETRIES = "retry_writes"
"""The one swept key that is the controller's and not the device's."""

SOFTNESS = "softness"
"""Stands for both slopes of the step."""

Changes = dict[str, Any]


@dataclass(frozen=True)
class Flaw:
    """Growing sizes of one flaw of one kind of synapse.

    Attributes
    ----------
    panel : where it is drawn
    kind : binary or analog
    key : field of the device
    sizes : the flawless one is not among them
    flawless : what the base device stands for
    more : what else is changed
    note : told in the legend
    """

    panel: str
    kind: str
    key: str
    sizes: tuple[float, ...]
    flawless: float
    more: tuple[tuple[str, Any], ...] = ()
    note: str = ""

    def points(self) -> list[Changes]:
        """Changes of each size, the flawless one first."""
        return [{}] + [{self.key: size, **dict(self.more)} for size in self.sizes]

    @property
    def label(self) -> str:
        return f"{self.kind}{', ' if self.note else ''}{self.note}"


STUCK = (0.02, 0.05, 0.1, 0.2, 0.4)
NOISE = (0.1, 0.2, 0.4, 0.8)
RATIO = (10.0, 7.0, 5.0, 3.0, 2.0)
VCM = (("model", "binary_vcm"),)
PANELS = {
    "on/off ratio": "g_max over g_min",
    "levels": "of the conductance",
    "device spread": "sd of g_max over the range",
    "step spread": "sd of the step over it",
    "read noise": "sd over the conductance",
    "write noise": "sd over the range",
    "pulse noise": "sd over the step of a pulse",
    "bounds": "share of the step lost on the way, soft: 1",
    "write failure": "share of writes",
    "stuck on": "share of devices",
    "stuck off": "share of devices",
}
FLAWS = (
    Flaw("on/off ratio", "binary", "on_off_ratio", RATIO, 20.0),
    Flaw("on/off ratio", "analog", "on_off_ratio", RATIO, 20.0),
    Flaw("levels", "analog", "n_levels", (32, 16, 8, 4, 2), math.inf),
    Flaw("device spread", "binary", "g_max_sigma", NOISE, 0.0),
    Flaw("device spread", "analog", "g_max_sigma", NOISE, 0.0),
    Flaw("step spread", "analog", "d2d_sigma", NOISE, 0.0),
    Flaw("read noise", "binary", "read_sigma", (*NOISE, 1.6), 0.0),
    Flaw("read noise", "analog", "read_sigma", (*NOISE, 1.6), 0.0),
    Flaw("write noise", "binary", "write_sigma", (0.05, 0.1, 0.2, 0.3, 0.4), 0.0),
    Flaw("write noise", "analog", "write_sigma", (0.05, 0.1, 0.2, 0.3, 0.4), 0.0),
    Flaw("pulse noise", "analog", "c2c_sigma", (1.0, 3.0, 10.0, 30.0), 0.0),
    Flaw("bounds", "analog", "softness", (0.25, 0.5, 0.75, 1.0), 0.0),
    Flaw("write failure", "binary", "write_failure", (0.1, 0.2, 0.4, 0.6, 0.8, 0.95), 0.0, VCM, "20 repeats"),
    Flaw(
        "write failure", "binary", "write_failure", (0.1, 0.2, 0.4, 0.6, 0.8, 0.95), 0.0,
        (*VCM, (RETRIES, 0)), "not repeated",
    ),
    Flaw("stuck on", "binary", "stuck_on_fraction", (0.01, *STUCK[:-1]), 0.0),
    Flaw("stuck on", "analog", "stuck_on_fraction", (0.01, *STUCK[:-1]), 0.0),
    Flaw("stuck off", "binary", "stuck_off_fraction", STUCK, 0.0),
    Flaw("stuck off", "analog", "stuck_off_fraction", STUCK, 0.0),
)  # fmt: skip


@dataclass(frozen=True)
class Map:
    """Two flaws at a time; a size that is none is the base device's."""

    kind: str
    keys: tuple[str, str]
    sizes: tuple[tuple[float | None, ...], tuple[float | None, ...]]
    labels: tuple[str, str]
    more: tuple[tuple[str, Any], ...] = ()

    def points(self) -> Iterator[tuple[int, int, Changes]]:
        """Place in the map, and changes."""
        for i, a in enumerate(self.sizes[0]):
            for j, b in enumerate(self.sizes[1]):
                given = {key: one for key, one in zip(self.keys, (a, b), strict=True) if one is not None}
                yield i, j, ({**given, **dict(self.more)} if given else {})


BY_RATIO = ((None, 10.0, 7.0, 5.0), (None, 0.4, 0.8, 1.6))
MAPS = (
    Map("binary", ("on_off_ratio", "read_sigma"), BY_RATIO, ("on/off ratio", "read noise")),
    Map("analog", ("on_off_ratio", "read_sigma"), BY_RATIO, ("on/off ratio", "read noise")),
    Map(
        "binary", ("write_failure", "read_sigma"), ((None, 0.4, 0.8, 0.95), (None, 0.4, 0.8, 1.6)),
        ("write failure, repeated", "read noise"), VCM,
    ),
    Map(
        "analog", ("n_levels", "write_sigma"), ((None, 8, 4, 2), (None, 0.1, 0.2, 0.3)),
        ("levels", "write noise"),
    ),
)  # fmt: skip


# Runs ------------------------------------------------------------------------------------------------------


def name_of(kind: str, changes: Changes, seed: int) -> str:
    """Of one run, in the file of rows."""
    return json.dumps([kind, dict(sorted(changes.items())), seed])


def one_run(kind: str, changes: Changes, seed: int) -> dict[str, Any]:
    """Row of one run."""
    fields = dict(changes)
    retries = {RETRIES: fields.pop(RETRIES)} if RETRIES in fields else {}
    if SOFTNESS in fields:
        fields["slope_up"] = fields["slope_down"] = fields.pop(SOFTNESS)
    base = SWITCHED if fields.get("model") == SWITCHED["model"] else PULSED
    params = SpikingMemoryParams(**retries)
    task = SequenceTaskParams(set="I", episodes=EPISODES[kind])
    record = run(params, task, seed, device_from({**base, **fields}), analog=kind == "analog")
    foreseen, targets = predicted(record, half(params)), record.plan.targets()
    error = errors(foreseen, targets)
    right = foreseen[:, np.arange(targets.size), targets] & (foreseen.sum(axis=2) == 1)
    each = record.wiring.synapses * task.episodes
    return {
        "kind": kind,
        "changes": changes,
        "seed": seed,
        "error": float(error[-JUDGED:].mean()),
        "accuracy": float(right[-JUDGED:].mean()),
        "first_zero": first_zero(error),
        "writes": record.writes / each,
        "checks": record.checks / each,
        "pulses": record.pulses / each,
    }


Rows = dict[str, dict[str, Any]]


def read_rows(path: Path) -> Rows:
    """Finished runs by name; a line cut off in the middle is none."""
    rows: Rows = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        rows[name_of(row["kind"], row["changes"], row["seed"])] = row
    return rows


def wanted(seeds: int, map_seeds: int) -> Iterator[tuple[str, Changes, int]]:
    """All runs: single flaws with the first seeds, then maps, then further seeds."""
    single = [
        (kind, one) for kind in EPISODES for flaw in FLAWS if flaw.kind == kind for one in flaw.points()
    ]
    double = [(one.kind, changes) for one in MAPS for _, _, changes in one.points()]
    first = min(seeds, map_seeds)
    for points, numbers in (
        (single, range(first)),
        (double, range(map_seeds)),
        (single, range(first, seeds)),
    ):
        for seed in numbers:
            for kind, changes in points:
                yield kind, changes, seed


def complete(path: Path, seeds: int, map_seeds: int, jobs: int) -> None:
    """Make the runs that are missing, `jobs` at a time, and write each down as it ends."""
    rows = read_rows(path)
    if path.exists() and not path.read_text(encoding="utf-8").endswith("\n"):
        with path.open("a", encoding="utf-8") as file:
            file.write("\n")
    missing = {name_of(*one): one for one in wanted(seeds, map_seeds) if name_of(*one) not in rows}
    # A run is a program of its own; a thread waits for it.
    with ThreadPoolExecutor(jobs) as pool:
        for row in pool.map(lambda one: one_run(*one), missing.values()):
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")


# What they say -----------------------------------------------------------------------------------------------


def of_point(rows: Rows, kind: str, changes: Changes, key: str) -> np.ndarray[Any, Any]:
    """One number of all seeds that there are."""
    found = [row for row in rows.values() if row["kind"] == kind and row["changes"] == changes]
    return np.array([row[key] for row in sorted(found, key=lambda row: row["seed"])], dtype=float)


def interval(values: np.ndarray[Any, Any]) -> tuple[float, float]:
    """Mean and half its 95 % interval (Student's t)."""
    from scipy.stats import t

    n = values.size
    half_width = t.ppf(0.975, n - 1) * values.std(ddof=1) / math.sqrt(n) if n > 1 else math.nan
    return float(values.mean()) if n else math.nan, float(half_width)


def broken(rows: Rows, kind: str, changes: Changes) -> bool:
    """Whether this point meets the definition above."""
    mean, width = interval(of_point(rows, kind, changes, "error"))
    accuracy = of_point(rows, kind, changes, "accuracy")
    return mean - width > MOST_ERROR or bool(accuracy.size and accuracy.mean() < LEAST_ACCURACY)


def table(rows: Rows) -> Iterator[str]:
    """Lines of a Markdown table: error of each size, and where it breaks."""
    yield "| flaw | synapses | seeds | error by size | breaks at | programmed a synapse and episode |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for flaw in FLAWS:
        sizes, points = (flaw.flawless, *flaw.sizes), flaw.points()
        told = []
        for size, changes in zip(sizes, points, strict=True):
            mean, width = interval(of_point(rows, flaw.kind, changes, "error"))
            told.append(f"{size:g}: {_short(mean, width)}")
        seeds = [of_point(rows, flaw.kind, changes, "error").size for changes in points]
        at = [f"{size:g}" for size, one in zip(sizes, points, strict=True) if broken(rows, flaw.kind, one)]
        worst = [of_point(rows, flaw.kind, one, "writes") for one in (points[0], points[-1])]
        writes = " to ".join(f"{one.mean():.4f}" if one.size else "?" for one in worst)
        yield (
            f"| {flaw.panel}, {PANELS[flaw.panel]} | {flaw.label} | {_span(seeds)} | {', '.join(told)} "
            f"| {at[0] if at else 'nowhere here'} | {writes} |"
        )


# Pictures ----------------------------------------------------------------------------------------------------

COLOURS = {
    "binary": "#0072B2", "analog": "#D55E00", "binary, 20 repeats": "#0072B2", "binary, not repeated": "#56B4E9",
}  # fmt: skip


def draw_lines(rows: Rows, path: Path) -> None:
    """One panel a flaw: error over its size."""
    plt = _pyplot()
    figure, axes = plt.subplots(3, 4, figsize=(13, 9), sharey=True, layout="constrained")
    for ax, (panel, unit) in zip(axes.flat, PANELS.items(), strict=False):
        flaws = [flaw for flaw in FLAWS if flaw.panel == panel]
        for flaw, shift in zip(flaws, (-0.06, 0.06), strict=False):
            told = [interval(of_point(rows, flaw.kind, one, "error")) for one in flaw.points()]
            places = np.arange(len(told)) + shift
            means, widths = np.array(told).T
            look = {"color": COLOURS[flaw.label], "capsize": 3, "ms": 4}
            ax.errorbar(places, means, np.nan_to_num(widths), fmt="o-", label=flaw.label, **look)
            for place, mean, one in zip(places, means, flaw.points(), strict=True):
                if broken(rows, flaw.kind, one):
                    ax.plot(place, mean, "o", ms=9, mfc="none", color=COLOURS[flaw.label])
        names = ["none" if math.isinf(flaws[0].flawless) else f"{flaws[0].flawless:g}"]
        names += [f"{size:g}" for size in flaws[0].sizes]
        ax.set_xticks(range(len(names)), names)
        ax.set_title(panel, fontsize=11)
        ax.set_xlabel(unit)
        ax.axhline(MOST_ERROR, color="0.5", lw=0.8, ls=(0, (4, 3)))
        ax.grid(axis="y", alpha=0.3)
        if panel == "write failure":
            ax.legend(fontsize=8, loc="upper left")
    for ax in axes[:, 0]:
        ax.set_ylabel("prediction error")
    for ax in axes.flat[len(PANELS) :]:
        ax.set_axis_off()
    handles = [
        plt.Line2D([], [], color=COLOURS[kind], marker="o", ms=4, label=f"{kind} synapses")
        for kind in EPISODES
    ]
    handles.append(plt.Line2D([], [], color="0.3", marker="o", ms=9, mfc="none", ls="", label="broken"))
    handles.append(plt.Line2D([], [], color="0.5", lw=0.8, ls=(0, (4, 3)), label="error 0.1"))
    axes.flat[len(PANELS)].legend(handles=handles, loc="center left", frameon=False, fontsize=11)
    told = ", ".join(
        kind
        + " "
        + _span(
            [of_point(rows, kind, one, "error").size for f in FLAWS if f.kind == kind for one in f.points()]
        )
        for kind in EPISODES
    )
    figure.suptitle(
        f"Set I, one flaw of the devices at a time: mean and 95 % interval ({told} seeds)",
        fontsize=13,
    )
    figure.savefig(path, dpi=110)


def draw_maps(rows: Rows, path: Path) -> None:
    """Error over two flaws."""
    plt = _pyplot()
    figure, axes = plt.subplots(2, 2, figsize=(9.5, 8), layout="constrained")
    image = None
    for ax, one in zip(axes.flat, MAPS, strict=True):
        shown = np.full([len(sizes) for sizes in one.sizes], np.nan)
        for i, j, changes in one.points():
            found = of_point(rows, one.kind, changes, "error")[: _map_seeds(rows, one)]
            shown[i, j] = found.mean() if found.size else np.nan
        image = ax.imshow(shown, vmin=0.0, vmax=1.5, cmap="viridis", aspect="auto")
        for (i, j), mean in np.ndenumerate(shown):
            if not math.isnan(mean):
                ax.text(j, i, f"{mean:.2f}", ha="center", va="center", color="w" if mean < 0.9 else "k")
        for axis, sizes, label, key in zip(
            (ax.yaxis, ax.xaxis), one.sizes, one.labels, one.keys, strict=True
        ):
            axis.set_ticks(range(len(sizes)), [_size(size, key) for size in sizes])
            axis.set_label_text(label)
        seeds = _map_seeds(rows, one)
        ax.set_title(f"{one.kind} synapses, {seeds} seed{'s' * (seeds != 1)}", fontsize=11)
    figure.colorbar(image, ax=axes, label="prediction error", shrink=0.7)
    figure.suptitle("Set I, two flaws at a time: mean prediction error", fontsize=13)
    figure.savefig(path, dpi=110)


def _short(mean: float, width: float) -> str:
    """Mean and half its interval, to hundredths; no more than is not 0."""
    told = f"{mean:.2f}" if round(mean, 2) or round(width, 2) else "0"
    return f"{told} ± {width:.2f}" if round(width, 2) else told


def _span(counts: list[int]) -> str:
    return f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"


def _map_seeds(rows: Rows, one: Map) -> int:
    return min(of_point(rows, one.kind, changes, "error").size for _, _, changes in one.points())


def _size(size: float | None, key: str) -> str:
    if size is not None:
        return f"{size:g}"
    return {"on_off_ratio": "20", "n_levels": "none"}.get(key, "0")


def _pyplot() -> Any:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--map-seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--draw", action="store_true", help="only draw what there is")
    parser.add_argument("--images", type=Path, default=Path("docs/images"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    path = options.folder / "rows.jsonl"
    if not options.draw:
        complete(path, options.seeds, options.map_seeds, options.jobs)
    rows = read_rows(path)
    draw_lines(rows, options.images / "spiking_flaws.png")
    draw_maps(rows, options.images / "spiking_flaws_map.png")
    print("\n".join(table(rows)))


if __name__ == "__main__":
    main()
