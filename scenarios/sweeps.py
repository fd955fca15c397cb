"""Runs and sweeps: a grid of parameters times seeds, each point run once, whatever happens in between."""

from __future__ import annotations

import datetime
import itertools
import math
import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from htm.pick import BadInput, Params

from . import config as configs
from . import store
from .engine import Failure, Queue, run_dask, run_here, run_lanes
from .overrides import Sets, Vary, parse_varies
from .progress import Watch, choose
from .registry import SCENARIOS
from .worker import EVERY_S, Job

if TYPE_CHECKING:
    from .results import Results

MOST_POINTS = 200_000
"""Most points of one sweep: beyond it somebody mistyped a count."""

ENGINES = ("processes", "dask")


class PointsFailed(RuntimeError):
    """Some points failed by themselves; the others are finished and kept.

    Attributes
    ----------
    failures : which, and why
    folder : the run's folder
    """

    def __init__(self, failures: Sequence[Failure], total: int, folder: Path) -> None:
        self.failures, self.folder = tuple(failures), folder
        super().__init__(
            f"{len(failures)} of {total} points failed, first {failures[0]}; {store.AGAIN} in {folder}"
        )


@dataclass(frozen=True)
class Plan:
    """Everything that is to be run, before any of it is.

    Attributes
    ----------
    base : resolved parameters without the swept values
    vary : swept values by key
    seeds : every point is run with each
    jobs : points with the name of their group, in the order in which they are best run
    folder : where the results go
    """

    base: Params
    vary: Mapping[str, Sequence[Any]]
    seeds: Sequence[int]
    jobs: Sequence[tuple[str, Job]]
    folder: Path

    @property
    def manifest(self) -> dict[str, Any]:
        """What run.json says."""
        resolved = configs.dump(self.base)
        return {
            "scenario": resolved["scenario"],
            "base": resolved,
            "vary": {key: list(values) for key, values in self.vary.items()},
            "seeds": list(self.seeds),
            **_contents(self.vary),
            "versions": versions(),
            "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
            "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        }


def run(
    source: configs.Source,
    sets: Sets = (),
    *,
    seeds: int = 1,
    out: Path | str | None = None,
    jobs: int = 1,
    progress: bool | Watch | None = None,
    checkpoint: float = EVERY_S,
) -> Results:
    """Run a scenario once for each seed (see `sweep`)."""
    return sweep(source, sets, seeds=seeds, out=out, jobs=jobs, progress=progress, checkpoint=checkpoint)


def sweep(
    source: configs.Source,
    sets: Sets = (),
    *,
    vary: Vary = (),
    seeds: int = 1,
    out: Path | str | None = None,
    jobs: int = 1,
    shard: tuple[int, int] | None = None,
    engine: str = "processes",
    scheduler_file: str | None = None,
    progress: bool | Watch | None = None,
    checkpoint: float = EVERY_S,
) -> Results:
    """Run every combination of the swept values for each seed, but no finished point again.

    Parameters
    ----------
    source : a scenario's name, a TOML file, or resolved parameters
    sets : overrides, ``{"device": "pcm_joshi2020", "device.read_sigma": 0.1}`` or ``["a.b=1"]``
    vary : swept values, ``{"device.read_sigma": [0, 0.1]}`` or ``["device.read_sigma=0:0.5:11"]``
    seeds : number of seeds, from the parameters' ``seed`` upwards
    out : the run's folder; else one in ``runs/`` named after what is run, so that the same call goes on
    jobs : worker processes; 1 runs in this process
    shard : (i, n): run only points i, i + n, i + 2n ...; n such jobs may share one folder
    engine : ``processes`` or ``dask``
    scheduler_file : of the dask scheduler
    progress : False for none, or a `scenarios.Watch`
    checkpoint : least time between two checkpoints of a long point, from which it goes on after a kill [s]

    Raises
    ------
    BadInput
        Where the input is at fault; finished points are kept.
    PointsFailed
        Where single points failed by themselves, once all others are finished.
    """
    return execute(
        plan(source, sets, vary=vary, seeds=seeds, out=out),
        jobs=jobs, shard=shard, engine=engine, scheduler_file=scheduler_file, progress=progress,
        checkpoint=checkpoint,
    )  # fmt: skip


def plan(
    source: configs.Source,
    sets: Sets = (),
    *,
    vary: Vary = (),
    seeds: int = 1,
    out: Path | str | None = None,
) -> Plan:
    """Resolve every point of a sweep; see `sweep` for the parameters."""
    draft = configs.draft(source).having(sets)
    base = draft.resolve()
    resolved = configs.dump(base)
    swept = _plain(parse_varies(vary))
    if isinstance(seeds, bool) or not isinstance(seeds, int) or seeds < 1:
        raise BadInput(f"--seeds: must be a number of seeds, 1 or more, got {seeds!r}")
    total = seeds
    for values in swept.values():
        total *= len(values)
    if total > MOST_POINTS:
        raise BadInput(f"--vary: at most {MOST_POINTS} points in one sweep, got {total}")
    numbers = [resolved["seed"] + i for i in range(seeds)]
    identity = {"base": resolved, "vary": swept, "seeds": numbers, **_contents(swept)}
    folder = Path(out) if out else Path("runs") / f"{resolved['scenario']}-{configs.digest(identity, 5)}"
    points = _points(draft, swept, numbers, folder)
    return Plan(base=base, vary=swept, seeds=numbers, jobs=points, folder=folder)


def execute(
    plan: Plan,
    *,
    jobs: int = 1,
    shard: tuple[int, int] | None = None,
    engine: str = "processes",
    scheduler_file: str | None = None,
    progress: bool | Watch | None = None,
    checkpoint: float = EVERY_S,
) -> Results:
    """Run what of `plan` is not finished yet; see `sweep` for the parameters."""
    from .results import Results

    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1:
        raise BadInput(f"--jobs: must be a number of worker processes, 1 or more, got {jobs!r}")
    if engine not in ENGINES:
        raise BadInput(f"--engine: must be {' or '.join(ENGINES)}, got {engine!r}")
    mine = _shard(plan.jobs, shard)
    fresh = shard is None and not (plan.folder / "run.json").exists()
    folder = store.create(plan.folder, plan.manifest)
    finished = folder.finished()
    if not (isinstance(checkpoint, int | float) and 0.0 <= checkpoint < math.inf):
        raise BadInput(f"--checkpoint: must be a time in seconds, 0 or more, got {checkpoint!r}")
    todo = [
        (group, replace(job, checkpoint_s=float(checkpoint))) for group, job in mine if job.id not in finished
    ]
    try:
        failures = _drive(plan, mine, todo, jobs, engine, scheduler_file, progress)
    except BadInput:
        if fresh and not folder.finished():
            store.discard(plan.folder)  # nothing came of it, and its name is wanted again
        raise
    if failures:
        raise PointsFailed(failures, len(mine), folder.path)
    return Results(folder.path)


def _drive(
    plan: Plan, mine: Sequence[Any], todo: Sequence[tuple[str, Job]], jobs: int, kind: str,
    scheduler_file: str | None, shown: bool | Watch | None,
) -> list[Failure]:  # fmt: skip
    queue = Queue(todo)
    watch = choose(shown)
    watch.begin(configs.dump(plan.base)["scenario"], len(mine), len(mine) - len(todo))
    try:
        if not todo:
            return []
        if kind == "dask":
            return run_dask(queue, watch, scheduler_file)
        return run_here(queue, watch) if jobs == 1 else run_lanes(queue, watch, jobs)
    finally:
        watch.end()


def _points(
    draft: configs.Draft, vary: Mapping[str, Sequence[Any]], seeds: Sequence[int], folder: Path
) -> list[tuple[str, Job]]:
    """Every point with its group; groups one after the other, so that a worker can keep the software half."""
    scenario = draft.scenario
    groups: dict[str, list[Job]] = {}
    seen: dict[str, Job] = {}
    tables = []
    for values in itertools.product(*vary.values()):
        swept = dict(zip(vary, values, strict=True))
        tables.append((swept, configs.dump(draft.having(swept).resolve() if swept else draft.resolve())))
    for seed, (swept, table) in itertools.product(seeds, tables):
        parameters = {**table, "seed": seed}
        software = {key: value for key, value in parameters.items() if key not in scenario.hardware}
        job = Job(
            id=configs.digest(parameters), seed=seed, values=swept, parameters=parameters,
            config=scenario.config, run=scenario.run, folder=str(folder.absolute()),
            resumes=scenario.resumes,
        )  # fmt: skip
        if job.id in seen:
            raise BadInput(f"--vary: {seen[job.id].title} and {job.title} are the same point; leave one out")
        seen[job.id] = job
        groups.setdefault(configs.digest(software), []).append(job)
    return [(group, job) for group, jobs in groups.items() for job in jobs]


def _shard(jobs: Sequence[tuple[str, Job]], shard: tuple[int, int] | None) -> Sequence[tuple[str, Job]]:
    if shard is None:
        return jobs
    i, n = shard
    if n < 1 or not 0 <= i < n:
        raise BadInput(
            f"--shard: counts from 0, so 0/{max(n, 1)} to {max(n, 1) - 1}/{max(n, 1)}, got {i}/{n}"
        )
    return jobs[i::n]


def _contents(vary: Mapping[str, Sequence[Any]]) -> dict[str, dict[str, str]]:
    """Hash of what each swept device file says, so that another content is another sweep; empty without files."""
    from devices.presets import device_from, names_file

    words = {
        value for key in ("device", "device.preset") for value in vary.get(key, ()) if isinstance(value, str)
    }
    found = {
        word: configs.digest(device_from(word).model_dump(mode="json"))
        for word in sorted(words)
        if names_file(word)
    }
    return {"files": found} if found else {}


def _plain(vary: dict[str, list[Any]]) -> dict[str, list[Any]]:
    for key, values in vary.items():
        try:
            configs.canonical(values)
        except (TypeError, ValueError):
            raise BadInput(f"--vary {key}: values must be finite numbers, texts, true or false") from None
    return vary


def versions() -> dict[str, str]:
    """Versions of what the numbers depend on."""
    found = {"python": platform.python_version()}
    for name in ("numpy", "numba", "scipy", "hwsim"):
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    if "hwsim" not in found:  # run from its source
        import hwsim

        found["hwsim"] = str(getattr(hwsim, "__version__", "unknown"))
    return found


def scenario_of(manifest: Mapping[str, Any]) -> Any:
    """The scenario that a folder was made by, or None where this version knows no such name."""
    return SCENARIOS.get(manifest["scenario"])
