"""HTM's synapses on simulated hardware: mapping, crossbar, read-out, events and their cost.

htm.core installs a top-level ``htm`` too, and whichever comes first on the path wins; the guard below says so at
once instead of failing somewhere inside.
"""

import importlib.util
from pathlib import Path

__version__ = "0.1.0"

HWSIM_HOUSE = "hwsim"
"""Marks this package as ours."""


def _refuse_foreign(name: str) -> None:
    """Raise one clear line where the importable package `name` is not this project's."""
    spec = importlib.util.find_spec(name)
    origin = spec.origin if spec is not None else None
    if origin is not None and "HWSIM_HOUSE" in Path(origin).read_text(encoding="utf-8", errors="replace"):
        return
    raise ImportError(
        f"hwsim needs its own package '{name}' but Python found {origin or 'none'}; "
        "htm.core and hwsim cannot share an environment: use a separate one for each"
    )


for _name in ("htm", "devices"):
    _refuse_foreign(_name)
