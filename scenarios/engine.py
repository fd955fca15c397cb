"""Running many points: in this process, in worker processes, or on a dask cluster.

Every way keeps a point the moment it is finished, and tells a failed point apart from a failed run.
"""

from __future__ import annotations

import time
import traceback
from collections import deque
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from htm.pick import BadInput

from .lanes import Lane
from .progress import Watch
from .worker import Job, Report, work, work_aside

STRIKES = 2
"""A point that ended this many workers is given up."""

MOST_BLAMED = 5
"""So many points given up with none finished in between: the fault lies elsewhere, and the run stops."""


@dataclass(frozen=True)
class Failure:
    """A point that failed by itself, while the others went on.

    Attributes
    ----------
    job : the point
    reason : one line
    trace : traceback, where there is one
    """

    job: Job
    reason: str
    trace: str = ""

    def __str__(self) -> str:
        return f"{self.job.title}: {self.reason}"


class Queue:
    """Points still to run, handed out so that one worker gets points of the same software half.

    Parameters
    ----------
    jobs : each with the name of its group
    """

    def __init__(self, jobs: Sequence[tuple[str, Job]]) -> None:
        self._groups: dict[str, deque[Job]] = {}
        self._group_of = {job.id: group for group, job in jobs}
        self._owner: dict[int, str] = {}
        for group, job in jobs:
            self._groups.setdefault(group, deque()).append(job)

    def __len__(self) -> int:
        return sum(map(len, self._groups.values()))

    def take(self, worker: int) -> Job:
        """Next point for `worker`: of its own group, else of one that nobody has, else of the longest."""
        left = {group: jobs for group, jobs in self._groups.items() if jobs}
        mine = self._owner.get(worker)
        if mine not in left:
            owned = {group for one, group in self._owner.items() if one != worker}
            mine = next(
                (group for group in left if group not in owned), max(left, key=lambda g: len(left[g]))
            )
            self._owner[worker] = mine
        return left[mine].popleft()

    def put_back(self, job: Job) -> None:
        """Run `job` again, before anything else of its group."""
        self._groups[self._group_of[job.id]].appendleft(job)

    def everything(self) -> list[Job]:
        """All points, group by group."""
        return [job for jobs in self._groups.values() for job in jobs]


def run_here(queue: Queue, watch: Watch) -> list[Failure]:
    """One after the other, in this process."""
    failures = []
    alone = len(queue) == 1
    while len(queue):
        job = queue.take(0)
        try:
            work(job, watch.step)
        except BadInput:
            raise
        except Exception as error:
            if alone:  # nothing else to save: the exception itself says most
                raise
            failures.append(Failure(job, f"{type(error).__name__}: {error}", traceback.format_exc()))
        watch.point(not failures or failures[-1].job is not job)
    return failures


def run_lanes(queue: Queue, watch: Watch, workers: int) -> list[Failure]:
    """In `workers` processes on this machine; a process that dies is replaced and its point run again."""
    lanes = [Lane() for _ in range(min(workers, len(queue)))]
    running: dict[Future[Report], tuple[int, Job]] = {}
    strikes: dict[str, int] = {}
    failures: list[Failure] = []
    blamed = 0
    try:
        idle = set(range(len(lanes)))
        while len(queue) or running:
            for number in sorted(idle):
                if len(queue):
                    job = queue.take(number)
                    running[lanes[number].submit(work_aside, job)] = number, job
                    idle.discard(number)
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                number, job = running.pop(future)
                idle.add(number)
                try:
                    failure = _judge(job, future.result())
                    blamed = 0
                except BrokenProcessPool:
                    lanes[number].close()  # first: the pool's own thread learns how the process ended
                    code = lanes[number].exit_code()
                    strikes[job.id] = strikes.get(job.id, 0) + 1
                    if strikes[job.id] < STRIKES:
                        queue.put_back(job)
                        continue
                    failure = Failure(job, _death(code))
                    blamed += 1
                failures += [failure] if failure else []
                watch.point(failure is None)
            if blamed >= MOST_BLAMED:
                failures += [Failure(job, "not run, since workers kept dying") for job in queue.everything()]
                break
    except BaseException:  # Ctrl-C included: what runs now is given up, what is finished is kept
        for lane in lanes:
            lane.close(kill=True)
        raise
    for lane in lanes:
        lane.close(kill=blamed >= MOST_BLAMED)
    return failures


def run_dask(
    queue: Queue, watch: Watch, scheduler_file: str | None, stall_s: float = 3600.0
) -> list[Failure]:
    """On the workers of a running dask scheduler, which share this disk.

    Parameters
    ----------
    scheduler_file : the file that ``dask scheduler --scheduler-file F`` wrote
    stall_s : given up where no point finishes for so long [s], or for a minute with no worker connected
    """
    client = _client(scheduler_file)
    failures: list[Failure] = []
    try:
        executor = client.get_executor(pure=False)
        running = {executor.submit(work_aside, job): job for job in queue.everything()}
        last = connected = time.monotonic()
        while running:
            done = wait(running, timeout=5.0, return_when=FIRST_COMPLETED).done
            now = time.monotonic()
            for future in done:
                job, last = running.pop(future), now
                error = future.exception()
                # KilledWorker: dask has tried the point on several workers already.
                failure = (
                    Failure(job, f"{type(error).__name__}: {error}")
                    if error
                    else _judge(job, future.result())
                )
                failures += [failure] if failure else []
                watch.point(failure is None)
            connected = now if client.nthreads() else connected
            _refuse_stall(now - last, now - connected, stall_s)
        return failures
    finally:
        client.close()


def _client(scheduler_file: str | None) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise BadInput('--engine dask: needs the extra dask: pip install "hwsim[dask]"') from None
    if not scheduler_file:
        raise BadInput(
            "--engine dask: needs --scheduler-file, which `dask scheduler --scheduler-file F` writes"
        )
    if not Path(scheduler_file).is_file():  # the client would wait for it for ever
        raise BadInput(f"--scheduler-file {scheduler_file}: there is no such file")
    try:
        return Client(scheduler_file=scheduler_file, timeout=30)
    except Exception as error:  # of many kinds: an address that is none, nobody there, no answer in time
        reason = f"{type(error).__name__} {error}"
        raise BadInput(f"--scheduler-file {scheduler_file}: no scheduler answers there ({reason})") from None


def _refuse_stall(idle_s: float, alone_s: float, stall_s: float) -> None:
    if alone_s > min(60.0, stall_s):
        raise BadInput(
            f"--engine dask: no worker has been connected for {alone_s:.0f} s; start one and run again"
        )
    if idle_s > stall_s:
        raise BadInput(f"--engine dask: no point finished for {idle_s:.0f} s; finished points are kept")


def _judge(job: Job, report: Report) -> Failure | None:
    if report.bad_input:
        raise BadInput(report.bad_input)
    return Failure(job, report.error, report.trace) if report.error else None


def _death(code: int | None) -> str:
    how = f"by signal {-code}" if code is not None and code < 0 else f"with exit code {code}"
    memory = "; was memory short?" if code == -9 else ""
    return f"ended its worker process {STRIKES} times ({how}){memory}"
