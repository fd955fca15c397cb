"""Every preset against its source: what the source's own formula or table says, and what simulated cells do.

The expected numbers are computed here from the sources' formulas, in their units, without the device models' own
curves. Bounds are 4.5 standard errors of the simulated statistic (and of the reference, where that is simulated too),
a stated share, or 1e-4 of the number where nothing is drawn.

References: aihwkit's ``simulator/presets/devices.py`` and ``inference/noise``, CrossSim's ``devices/custom``, the
MLP+NeuroSim V3.0 manual and its ``getParamA`` table.
"""

from __future__ import annotations

from .common import Check, Checks
from .levels import LEVELS
from .neurosim import NEUROSIM
from .pulses import PULSES

CHECKS: dict[str, Checks] = LEVELS | PULSES | NEUROSIM


def checks_of(name: str) -> list[Check]:
    """All checks of a preset, simulated now."""
    return list(CHECKS[name](name))


def table(names: list[str] | None = None) -> str:
    """Preset against source, a Markdown table."""
    lines = [
        "| preset | quantity | unit | source | simulated | allowed deviation | |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in names or list(CHECKS):
        lines += [
            f"| {c.preset} | {c.quantity} | {c.unit} | {c.expected:.5g} | {c.seen:.5g} | {c.bound:.2g} | "
            f"{'ok' if c.holds else 'OFF'} |"
            for c in checks_of(name)
        ]
    return "\n".join(lines)
