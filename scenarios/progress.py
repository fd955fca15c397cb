"""How far a run is: a bar where somebody watches, a plain line now and then where a log is written."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable
from typing import IO, Any, Protocol

LINE_EVERY_S = 30.0
LINE_EVERY_SHARE = 0.05
FRAMES_EVERY_S = 2.0


class Watch(Protocol):
    """What the engine tells while it runs."""

    def begin(self, title: str, total: int, already: int) -> None:
        """`total` points in all, `already` of them finished in an earlier run."""

    def step(self, done: int, total: int, what: str) -> None:
        """How far the point that runs in this process is."""

    def point(self, ok: bool) -> None:
        """One more point is finished, or has failed."""

    def end(self) -> None:
        """Nothing more will come."""


def choose(progress: bool | Watch | None = None, stream: IO[str] | None = None) -> Watch:
    """A watch.

    Parameters
    ----------
    progress : none: a bar on a terminal or in a notebook with ipywidgets, else lines; False: nothing;
        or a watch of your own
    stream : where to write, else standard error
    """
    if progress is False:
        return Silent()
    if progress is not None and progress is not True:
        return progress
    stream = stream or sys.stderr
    return Bar(stream) if stream.isatty() or _in_notebook() else Lines(stream)


class Silent:
    """Says nothing."""

    def begin(self, title: str, total: int, already: int) -> None:
        """Nothing."""

    def step(self, done: int, total: int, what: str) -> None:
        """Nothing."""

    def point(self, ok: bool) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""


class Lines:
    """A line every 5 % of the points or 30 s, whichever comes first: for logs of jobs that nobody watches.

    Parameters
    ----------
    stream : where the lines go
    """

    def __init__(self, stream: IO[str]) -> None:
        self.stream = stream
        self.total = self.done = self.already = self.failed = 0
        self.start = self.said_at = time.monotonic()
        self.said = 0

    def begin(self, title: str, total: int, already: int) -> None:
        """Say what is run."""
        self.total, self.done, self.already, self.said = total, already, already, already
        self.start = self.said_at = time.monotonic()
        self._say(f"{title}: {_points(total)}" + (f", {already} finished already" if already else ""))

    def step(self, done: int, total: int, what: str) -> None:
        """Say it where nothing was said for long."""
        if time.monotonic() - self.said_at >= LINE_EVERY_S:
            self._say(f"{what} {done}/{total}")

    def point(self, ok: bool) -> None:
        """Count, and say it where it is time."""
        self.done += ok
        self.failed += not ok
        came = self.done + self.failed
        often = came - self.said >= LINE_EVERY_SHARE * self.total
        if often or came == self.total or time.monotonic() - self.said_at >= LINE_EVERY_S:
            self.said = came
            self._say(self.summary())

    def summary(self) -> str:
        """``done/total, failed, rate, time left``."""
        new = self.done + self.failed - self.already
        each = (time.monotonic() - self.start) / max(new, 1)
        left = each * (self.total - self.done - self.failed)
        return (
            f"{self.done}/{self.total} points, {self.failed} failed, "
            f"{duration(each)} a point, ETA {duration(left)}"
        )

    def end(self) -> None:
        """Nothing is left open."""

    def _say(self, text: str) -> None:
        self.said_at = time.monotonic()
        print(text, file=self.stream, flush=True)


class Bar:
    """A bar over the points and, where they run in this process, one over the steps of a point.

    Parameters
    ----------
    stream : the terminal
    """

    def __init__(self, stream: IO[str]) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        # In a notebook rich writes to the cell, whichever stream it is given.
        console = Console() if _in_notebook() else Console(file=stream)
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self.points: Any = None
        self.steps: Any = None
        self.failed = 0

    def begin(self, title: str, total: int, already: int) -> None:
        """Show the bar."""
        if already:
            self.progress.console.print(f"{title}: {already} of {_points(total)} finished already")
        self.points = self.progress.add_task(title, total=total, completed=already, visible=total > 1)
        if already < total:
            self.progress.start()

    def step(self, done: int, total: int, what: str) -> None:
        """Move the bar of the steps."""
        if self.steps is None:
            self.steps = self.progress.add_task(what, total=total)
        self.progress.update(self.steps, completed=done, total=total, description=what)

    def point(self, ok: bool) -> None:
        """Move the bar of the points."""
        self.failed += not ok
        failed = f" ({self.failed} failed)" if self.failed else ""
        self.progress.update(self.points, advance=1)
        if failed:
            title = self.progress.tasks[0].description.split(" (")[0]
            self.progress.update(self.points, description=title + failed)

    def end(self) -> None:
        """Take the bar away."""
        self.progress.stop()


def duration(seconds: float) -> str:
    """A time for reading: ``0.3 s``, ``42 s``, ``3 min 5 s``, ``2 h 4 min``."""
    if seconds < 10:
        return f"{seconds:.2g} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _points(count: int) -> str:
    return "1 point" if count == 1 else f"{count} points"


def _in_notebook() -> bool:
    """Whether this is a notebook that can show a bar."""
    shell = sys.modules.get("IPython")
    kernel = shell.get_ipython() if shell is not None else None
    if type(kernel).__name__ != "ZMQInteractiveShell":
        return False
    return importlib.util.find_spec("ipywidgets") is not None  # rich warns at every refresh without it


def frames(stream: IO[str] | None = None) -> Callable[[int, int], None]:
    """Tells how far a movie is: a line every two seconds.

    Parameters
    ----------
    stream : where to write, else standard error
    """
    stream, last = stream or sys.stderr, time.monotonic()

    def told(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= FRAMES_EVERY_S:
            last = time.monotonic()
            stream.write(f"movie: {done} of {total} frames\n")
            stream.flush()

    return told
