"""The import rule: which package may know which, and what a bare import must not load."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("htm", "devices", "hwsim", "scenarios")
HEAVY = ("brian2", "matplotlib", "pandas")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of pyproject.toml on the packages in `folder`."""
    # The folder goes first on the path, so that its copies are judged and not what is installed.
    start = f"import sys; sys.path.insert(0, {str(folder)!r})"
    code = f"{start}; from importlinter.cli import lint_imports_command as main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, "--no-cache", "--no-logo"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the packages, to plant an import in."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_contracts_hold() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("where", "what", "contract"),
    [
        ("htm/bits.py", "import devices.units", "Imports point one way"),
        ("htm/bits.py", "import scenarios.registry", "Imports point one way"),
        ("devices/units.py", "from hwsim import mapping", "Imports point one way"),
        ("devices/units.py", "import scenarios.registry", "Imports point one way"),
        ("hwsim/mapping.py", "import scenarios.registry", "Imports point one way"),
        ("hwsim/mapping.py", "from htm.pooler import SpatialPooler", "hwsim knows of htm the seam"),
        ("hwsim/mapping.py", "from htm import software", "hwsim knows of htm the seam"),
        ("devices/units.py", "from htm.bits import Bits", "devices knows of htm the streams"),
        ("devices/units.py", "from htm.synapses import Substrate", "devices knows of htm the streams"),
        ("hwsim/mapping.py", "import brian2", "brian2 is imported in hwsim.spiking only"),
        ("scenarios/registry.py", "from brian2 import Network", "brian2 is imported in hwsim.spiking only"),
        (
            "scenarios/registry.py",
            "import matplotlib.figure",
            "matplotlib is imported in scenarios' plot files",
        ),
        (
            "hwsim/mapping.py",
            "def f():\n    import matplotlib",
            "matplotlib is imported in scenarios' plot files",
        ),
    ],
)
def test_a_planted_import_breaks_its_contract(copy: Path, where: str, what: str, contract: str) -> None:
    with (copy / where).open("a", encoding="utf-8") as file:
        file.write(f"\n{what}\n")
    done = lint(copy)
    assert done.returncode == 1, done.stdout + done.stderr
    broken = [line for line in done.stdout.splitlines() if " BROKEN" in line]
    assert any(line.startswith(contract) for line in broken), done.stdout


def test_brian2_may_live_in_the_spiking_files(copy: Path) -> None:
    (copy / "hwsim" / "spiking").mkdir(exist_ok=True)
    (copy / "hwsim" / "spiking" / "__init__.py").write_text("")
    (copy / "hwsim" / "spiking" / "network.py").write_text("import brian2\n")
    with (copy / "scenarios" / "registry.py").open("a", encoding="utf-8") as file:
        file.write("\nfrom hwsim.spiking import network\n")
    done = lint(copy)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("module", [*PACKAGES, "scenarios.cli", "scenarios.config", "scenarios.plots"])
def test_a_bare_import_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_of_a_package_says_what_it_is_for(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        assert path.read_text(encoding="utf-8").lstrip().startswith('"""'), f"{path}: no docstring"


def test_the_style_file_is_in_the_package() -> None:
    from importlib.resources import files

    assert files("scenarios").joinpath("hwsim.mplstyle").is_file()
