"""The fake scenario for every test that asks, found by worker processes too."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scenarios.registry import SCENARIOS

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

# A shell's background job ignores Ctrl-C and hands that on, so it is made to count again.
START = (
    "import signal, sys, fake_scenario; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "fake_scenario.register(); from scenarios.cli import main; sys.exit(main())"
)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The fake scenario under its name, in an empty working directory."""
    monkeypatch.syspath_prepend(str(HERE))
    # Pytest found the project wherever it was started; a worker process has only the path.
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.chdir(tmp_path)
    import fake_scenario

    monkeypatch.setitem(SCENARIOS, "fake", fake_scenario.FAKE)


@pytest.fixture
def hwsim(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts ``hwsim`` with the fake scenario in a process of its own."""

    def start(*arguments: str) -> subprocess.Popen[str]:
        path = os.pathsep.join([str(HERE), str(ROOT), os.environ.get("PYTHONPATH", "")])
        return subprocess.Popen(
            [sys.executable, "-c", START, *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path, "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return start
