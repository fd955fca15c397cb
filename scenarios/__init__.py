"""What a user runs: data, tasks, runs, sweeps, results, plots and the command line.

>>> import scenarios
>>> results = scenarios.run("digits", {"device": "pcm_joshi2020"})  # doctest: +SKIP
>>> results.to_dataframe()  # doctest: +SKIP

Everything is imported on first use, so ``import scenarios`` costs nothing.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

HWSIM_HOUSE = "hwsim"
"""Marks this package as ours (see ``hwsim/__init__.py``)."""

_HOMES = {
    "load": "config:load",
    "dump": "config:dump",
    "to_toml": "config:to_toml",
    "run": "sweeps:run",
    "sweep": "sweeps:sweep",
    "PointsFailed": "sweeps:PointsFailed",
    "plot": "results:plot",
    "Results": "results:Results",
    "list": "catalogue:catalogue",
    "BadInput": "config:BadInput",
}

if TYPE_CHECKING:
    from htm.pick import BadInput as BadInput

    from .catalogue import catalogue as list
    from .config import dump as dump
    from .config import load as load
    from .config import to_toml as to_toml
    from .results import Results as Results
    from .results import plot as plot
    from .sweeps import PointsFailed as PointsFailed
    from .sweeps import run as run
    from .sweeps import sweep as sweep

__all__ = ["BadInput", "PointsFailed", "Results", "dump", "list", "load", "plot", "run", "sweep", "to_toml"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _HOMES[name].partition(":")
    return getattr(importlib.import_module(f".{module}", __name__), attribute)


def __dir__() -> Sequence[str]:
    return sorted({*globals(), *_HOMES})
