"""One point, run anywhere: in this process, in a worker process of ours, in a dask worker.

A `Job` is plain text and numbers, so that it can cross to another process or machine. Nothing heavy is
imported at module level: a worker's thread counts must be set before numpy is.
"""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .registry import Progress, resolve

if TYPE_CHECKING:
    from .checkpoint import Checkpoint
    from .store import Writer

ONE_THREAD = {
    name: "1"
    for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
                 "VECLIB_MAXIMUM_THREADS")
}  # fmt: skip
"""Environment of a worker. Points run beside each other, not threads inside one; and the number of threads
can change the last bit of a sum, which must not depend on the machine."""

EVERY_S = 30.0
"""Least time between two checkpoints of a point [s]: seldom enough to cost nothing, often enough to lose little."""


@dataclass(frozen=True)
class Job:
    """One point to run.

    Attributes
    ----------
    id : the point's name
    seed : its seed
    values : value of each swept key
    parameters : resolved, as `scenarios.config.dump` gives them
    config : ``"module:class"`` of the parameters
    run : ``"module:function"`` that runs them
    folder : the run's folder
    resumes : whether a point that was killed goes on where it stood
    checkpoint_s : least time between two checkpoints [s]
    """

    id: str
    seed: int
    values: Mapping[str, Any]
    parameters: Mapping[str, Any]
    config: str
    run: str
    folder: str
    resumes: bool = False
    checkpoint_s: float = EVERY_S

    @property
    def title(self) -> str:
        """What it is called in a message."""
        return ", ".join([*(f"{key}={value}" for key, value in self.values.items()), f"seed={self.seed}"])


@dataclass(frozen=True)
class Report:
    """How a job went, as text: any exception can be told, whether or not it can be pickled.

    Attributes
    ----------
    bad_input : message, where the input was at fault
    error : type and message of any other exception
    trace : its traceback
    """

    bad_input: str = ""
    error: str = ""
    trace: str = ""


def work(job: Job, progress: Progress) -> None:
    """Run a point and keep its result; whatever goes wrong is raised."""
    from .config import build

    config = build(resolve(job.config), job.parameters)
    function = resolve(job.run)
    kept = _checkpoint(job)
    more = [] if kept is None else [kept]
    with _one_thread():
        start = time.perf_counter()
        outcome = function(config, progress, *more)
        wall_s = time.perf_counter() - start
    _writer(job.folder).add(job.id, job.seed, job.values, outcome, wall_s)
    if kept is not None:
        kept.forget()


def _checkpoint(job: Job) -> Checkpoint | None:
    """Where the point is kept meanwhile, if it can be."""
    if not job.resumes:
        return None
    from .checkpoint import Checkpoint

    return Checkpoint(Path(job.folder) / "checkpoints" / f"{job.id}.npz", job.checkpoint_s)


def work_aside(job: Job) -> Report:
    """The same in another process: whatever goes wrong is told."""
    from htm.pick import BadInput

    try:
        work(job, _silent)
    except BadInput as error:
        return Report(bad_input=str(error))
    except (Exception, SystemExit) as error:
        return Report(error=f"{type(error).__name__}: {error}", trace=traceback.format_exc())
    return Report()


def _one_thread() -> AbstractContextManager[Any]:
    """The same for a process that has numpy loaded already, as a notebook has; needs threadpoolctl."""
    try:
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
    except ImportError:
        return nullcontext()
    limited: AbstractContextManager[Any] = threadpool_limits(1)
    return limited


def enter() -> None:
    """Make this process a worker: deaf to Ctrl-C, which its parent hears, and gone when its parent is."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    from multiprocessing import connection, parent_process

    parent = parent_process()
    if parent is not None:
        # A worker whose parent was killed would wait for work for ever.
        connection.wait([parent.sentinel])
        os._exit(1)


def _silent(done: int, total: int, what: str) -> None:
    """Progress that nobody watches."""


_WRITERS: dict[tuple[str, int], Writer] = {}


def _writer(folder: str) -> Writer:
    """This process's writer for `folder`: one shard a process, not one a point."""
    from .store import Writer

    key = folder, os.getpid()
    if key not in _WRITERS:
        _WRITERS[key] = Writer(folder)
    return _WRITERS[key]
