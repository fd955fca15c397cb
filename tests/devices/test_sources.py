"""Every preset reproduces its source; the checks and their bounds are in `sources.py`."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from devices.presets import DEVICES

_spec = importlib.util.spec_from_file_location("device_sources", Path(__file__).with_name("sources.py"))
assert _spec is not None
assert _spec.loader is not None
sources = importlib.util.module_from_spec(_spec)
sys.modules["device_sources"] = sources
_spec.loader.exec_module(sources)


@pytest.mark.parametrize("name", sorted(set(DEVICES) - {"ideal"}))
def test_preset_reproduces_its_source(name: str) -> None:
    checks = sources.checks_of(name)
    assert len(checks) >= 5
    off = [check for check in checks if not check.holds]
    assert not off, "\n".join(map(str, off))


def test_a_check_can_fail() -> None:
    assert not sources.Check("x", "y", "1", 1.0, 1.2, 0.1).holds
