"""Where the energy of a record goes, part by part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from .labels import si_scale
from .style import headline, new_figure, sequential

PREFIX = "energy_parts_"


def has_energy(arrays: Sequence[Mapping[str, np.ndarray]]) -> bool:
    """Whether any phase of the run was priced."""
    return bool(arrays) and any(name.startswith(PREFIX) for name in arrays[0])


def energy_figure(arrays: Sequence[Mapping[str, np.ndarray]], scenario: str) -> Figure:
    """A bar a part, for every phase of the run; means over the seeds.

    Parameters
    ----------
    arrays : of each seed: ``energy_parts_PHASE`` (parts,) [J], their names in ``energy_names``, what the prices
        assume in ``energy_assumed``, and where that is no record in ``energy_of`` what they are of
    """
    names = [str(name) for name in arrays[0]["energy_names"]]
    phases = [name.removeprefix(PREFIX) for name in arrays[0] if name.startswith(PREFIX)]
    found = {
        phase: np.mean([np.asarray(one[PREFIX + phase], dtype=float) for one in arrays], axis=0)
        for phase in phases
    }
    shown = [i for i in range(len(names)) if any(values[i] > 0.0 for values in found.values())]
    factor, unit = si_scale([float(values.max()) for values in found.values()], "J")
    what = str(arrays[0].get("energy_of", "record"))
    figure = new_figure(
        1.8 + 0.32 * len(shown) * len(phases) + 0.2 * len(str(arrays[0]["energy_assumed"])) / 90
    )
    ax = figure.add_subplot()
    height, colours = 0.8 / len(phases), sequential("viridis", len(phases), 0.25, 0.75)
    for k, (phase, values) in enumerate(found.items()):
        total = values.sum()
        place = np.arange(len(shown)) + (k - (len(phases) - 1) / 2) * height
        bars = ax.barh(
            place, values[shown] * factor, height, color=colours[k], label=f"{phase.replace('_', ' ')}"
        )
        share = [100.0 * values[i] / total if total else 0.0 for i in shown]
        ax.bar_label(bars, [_percent(part) for part in share], padding=3, fontsize=8.5)
    ax.set_yticks(np.arange(len(shown)), [names[i] for i in shown])
    ax.invert_yaxis()
    ax.margins(x=0.12)
    ax.set_xlabel(f"energy of one {what} ({unit})")
    ax.legend(loc="lower right")
    totals = ", ".join(
        f"{values.sum() * factor:.3g} {unit} {phase.replace('_', ' ')}" for phase, values in found.items()
    )
    headline(
        figure,
        f"{scenario}: energy of a{'n' if what[0] in 'aeiou' else ''} {what}, {totals}",
        f"Assumed: {arrays[0]['energy_assumed']}",
    )
    return figure


def _percent(share: float) -> str:
    return "0" if share == 0.0 else f"{share:.0f} %" if share >= 0.5 else "< 1 %"
