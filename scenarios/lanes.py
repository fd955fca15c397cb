"""Worker processes on this machine: each a process pool of one, so that a crash has one culprit.

A `concurrent.futures` pool that loses a worker loses every point it holds and does not say which one was to
blame. With a pool a worker, the others never notice, and only the point that was running is run again.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing.context import SpawnContext, SpawnProcess
from types import ModuleType
from typing import Any, TypeVar

from . import worker

T = TypeVar("T")


class Lane:
    """A pool of one worker process, started on the first job and again after a crash."""

    def __init__(self) -> None:
        self._context = _Context()
        self._pool: ProcessPoolExecutor | None = None

    def submit(self, function: Callable[..., T], *arguments: Any) -> Future[T]:
        """Run ``function(*arguments)`` in the worker."""
        try:
            return self._open().submit(function, *arguments)
        except BrokenProcessPool:  # the worker died while it was idle: no point is to blame
            self.close()
            return self._open().submit(function, *arguments)

    def _open(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, mp_context=self._context, initializer=worker.enter)
        return self._pool

    def exit_code(self) -> int | None:
        """How the latest worker ended, negative for a signal; None while it runs."""
        return self._context.started[-1].exitcode if self._context.started else None

    def close(self, kill: bool = False) -> None:
        """End the worker; at once where `kill`, else when it is idle."""
        if self._pool is None:
            return
        pool, self._pool = self._pool, None
        if kill:
            for process in self._context.started:
                with suppress(ValueError):  # already closed
                    process.kill()
        pool.shutdown(wait=True, cancel_futures=True)


class _Process(SpawnProcess):
    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802 - multiprocessing's own name
        with _clean_start():
            return SpawnProcess._Popen(process_obj)


class _Context(SpawnContext):
    """Starts workers cleanly and remembers them. Spawned: a fork inherits locks, threads and numpy."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[SpawnProcess] = []

    def Process(self, *arguments: Any, **named: Any) -> SpawnProcess:  # type: ignore[override]  # noqa: N802
        process = _Process(*arguments, **named)
        self.started.append(process)
        return process


@contextmanager
def _clean_start() -> Iterator[None]:
    """While a worker starts: one thread, no Ctrl-C, and no look at the main program.

    A worker would import the user's script again, and a script without ``if __name__ == "__main__"`` would
    start the sweep once more in every worker.
    """
    before = {name: os.environ.get(name) for name in worker.ONE_THREAD}
    main = sys.modules["__main__"]
    block = getattr(signal, "pthread_sigmask", None)
    mask = block(signal.SIG_BLOCK, {signal.SIGINT}) if block else None
    os.environ.update(worker.ONE_THREAD)
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        if block:
            block(signal.SIG_SETMASK, mask)
