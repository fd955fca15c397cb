"""What the tests of the spiking temporal memory share: NEST's run, and one cache of compiled networks."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwsim.spiking_tm.building import CACHE_VARIABLE


@pytest.fixture
def nest_run() -> Path:
    """File of a run in NEST, which is not part of the project."""
    file = Path(__file__).resolve().parents[4] / "shared" / "oracles" / "nest" / "set1_seed7.npz"
    if not file.is_file():
        pytest.skip("the golden data oracles/nest are not beside this checkout")
    return file


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One folder of builds for this test run, shared by its worker processes."""
    base = tmp_path_factory.getbasetemp()
    # Under pytest-xdist each worker has a folder of its own inside the run's.
    folder = (base.parent if base.name.startswith("popen-") else base) / "hwsim-builds"
    monkeypatch.setenv(CACHE_VARIABLE, str(folder))
    return folder
