"""Compiled networks, kept by their content: built once, then run as plain programs by any process.

A folder of the cache is named by a hash of everything that decides the program (structure, the code that describes it,
Brian2's version, compiler, processor). The program takes numbers, wiring and length with each run, and neither needs
Brian2 nor writes into its folder, so workers share it.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from htm.pick import BadInput

from .network import Layout, Links, Values

CACHE_VARIABLE = "HWSIM_CACHE"
"""Environment variable that names the folder of all compiled networks."""

_SEALED = ("main", "files.json")

LONGEST_BUILD_S = 1800.0
"""No build takes so long on any machine: what does is stuck."""


@dataclass(frozen=True)
class Program:
    """A finished build.

    Attributes
    ----------
    folder : where it lies
    results, links : file names by what they hold
    """

    folder: Path
    results: dict[str, str]
    links: dict[str, str]


def has_compiler() -> bool:
    """Whether g++ and make are there, and files can be locked."""
    try:
        import fcntl  # noqa: F401
    except ImportError:
        return False
    return shutil.which("g++") is not None and shutil.which("make") is not None


def cache_folder() -> Path:
    """Folder of all compiled networks: ``HWSIM_CACHE``, else ``hwsim`` in the user's cache."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hwsim"


def key(form: Layout) -> str:
    """Name of the build of this structure: 24 hexadecimal digits."""
    here = Path(__file__).parent
    parts = [json.dumps(asdict(form), sort_keys=True)]
    described = ("network.py", "synapses.py", "compiling.py")
    parts += [(here / name).read_text(encoding="utf-8") for name in described]
    parts += [version("brian2"), np.__version__, _compiler(), platform.machine(), _processor()]
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()


def program(form: Layout, cache: Path | None = None) -> Program:
    """The compiled network of this structure; built where it is not there yet, by one process at a time.

    Raises
    ------
    BadInput
        Where there is no compiler, the build fails, or the folder holds something else.
    """
    if not has_compiler():
        raise BadInput(
            "spiking_tm.target: cpp needs g++ and make, and they are not on the path; "
            "install them, or set numpy (some 40 times slower)"
        )
    cache = cache if cache is not None else cache_folder()
    folder = cache / f"spiking_tm-{key(form)}"
    if not folder.exists():
        try:
            cache.mkdir(parents=True, exist_ok=True)
            with _locked(folder.with_suffix(".lock")):
                if not folder.exists():
                    # Only whoever holds the lock builds: what lies here was left by a build that was killed.
                    for left in cache.glob(f"{_scratch(folder)}*"):
                        shutil.rmtree(left, ignore_errors=True)
                    _build(form, folder)
        except OSError as error:
            raise BadInput(
                f"{cache}: cannot be written ({error.strerror}); name another by {CACHE_VARIABLE}"
            ) from None
    return _open(folder)


def _open(folder: Path) -> Program:
    """Check that `folder` is what its seal says."""
    try:
        seal = json.loads((folder / "seal.json").read_text(encoding="utf-8"))
        if seal != _seal(folder):
            raise ValueError
        files = json.loads((folder / "files.json").read_text(encoding="utf-8"))
        return Program(folder, files["results"], files["links"])
    except (OSError, ValueError, KeyError, TypeError):
        raise BadInput(
            f"{folder}: is no finished build of this network (stale or foreign); delete it to have it built anew"
        ) from None


def _seal(folder: Path) -> dict[str, str]:
    """Hashes of what must not change, and the folder's own name."""
    names = [*_SEALED, *(f"static_arrays/{one.name}" for one in sorted((folder / "static_arrays").iterdir()))]
    hashes = {
        name: hashlib.blake2b((folder / name).read_bytes(), digest_size=12).hexdigest() for name in names
    }
    return {"name": folder.name, **hashes}


def _scratch(folder: Path) -> str:
    """How the names of folders begin that builds of this network work in."""
    return f".{folder.name}-"


def _build(form: Layout, folder: Path) -> None:
    """Compile beside `folder` in a process of its own, and move it there when it is finished."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=_scratch(folder)) as scratch:
        made = Path(scratch) / "build"
        made.mkdir()
        command = [sys.executable, "-m", f"{__package__}.compiling", json.dumps(asdict(form)), str(made)]
        root = str(Path(__file__).parents[2])
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                env={**os.environ, "PYTHONPATH": path},
                check=False,
                timeout=LONGEST_BUILD_S,
            )
        except subprocess.TimeoutExpired:
            raise BadInput(
                f"spiking_tm.target: cpp: the network was not compiled within {LONGEST_BUILD_S:.0f} s; set numpy"
            ) from None
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise BadInput(f"spiking_tm.target: cpp: the network could not be compiled: {last}")
        for rubbish in ("code_objects", "brianlib", "results"):
            shutil.rmtree(made / rubbish, ignore_errors=True)
        for one in made.iterdir():
            if one.suffix in (".o", ".cpp", ".h", ".deps", ".gch") or one.name == "makefile":
                one.unlink()
        # The name inside the seal is the final one.
        (made / "seal.json").write_text(json.dumps({**_seal(made), "name": folder.name}), encoding="utf-8")
        made.rename(folder)


def execute(built: Program, values: Values, links: Links) -> dict[str, NDArray[Any]]:
    """Run the program.

    Parameters
    ----------
    built : it
    values : every number, by ``"group.variable"``
    links : who is connected to whom

    Returns
    -------
    By the names of ``compiling.RESULTS``: who fired when [s], and permanences.
    """
    with tempfile.TemporaryDirectory(prefix="hwsim-spiking-") as scratch:
        folder = Path(scratch)
        (folder / "results").mkdir()
        arrays = folder / "static_arrays"
        arrays.mkdir()
        for one in (built.folder / "static_arrays").iterdir():
            if one.name not in built.links.values():
                (arrays / one.name).symlink_to(one.resolve())
        for name, file in built.links.items():
            links[name].astype(np.int32).tofile(arrays / file)
        command = [str((built.folder / "main").resolve()), "--results_dir", "results/"]
        for name, value in values.items():
            if isinstance(value, np.ndarray):
                value.astype(np.int8 if value.dtype == np.bool_ else np.float64).tofile(folder / name)
                command.append(f"{name}={name}")
            else:
                command.append(f"{name}={float(value)!r}")
        done = subprocess.run(
            [*_tied_to_us(), *command], cwd=folder, capture_output=True, text=True, check=False
        )
        # The program tells of a value that it cannot take, and goes on without it.
        if done.returncode or done.stderr.strip():
            told = (done.stderr.strip().splitlines() or [f"it ended with code {done.returncode}"])[-1]
            raise RuntimeError(f"{built.folder.name}: the compiled network failed: {told}")
        return {
            name: np.fromfile(
                folder / "results" / file, dtype=np.int32 if name.endswith("_neuron") else np.float64
            )
            for name, file in built.results.items()
        }


def _tied_to_us() -> list[str]:
    """What a command is begun with so that it ends with this process, even with one that is killed; none off Linux."""
    found = shutil.which("setpriv")
    return [found, "--pdeathsig", "KILL", "--"] if found else []


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that its process's end gives back, whatever ends it; wait for it no longer than a build may take."""
    import fcntl

    with path.open("w") as file:
        until = time.monotonic() + LONGEST_BUILD_S
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise BadInput(
                        f"{path}: another process has been building this network for {LONGEST_BUILD_S:.0f} s; "
                        f"end it, or name another cache by {CACHE_VARIABLE}"
                    ) from None
                time.sleep(0.2)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)


def _compiler() -> str:
    done = subprocess.run(
        ["g++", "-dumpfullversion", "-dumpmachine"], capture_output=True, text=True, check=False
    )
    return done.stdout


def _processor() -> str:
    """What the compiler's -march=native sees: a build is of no use on another kind of processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")
