"""The command line, ``hwsim``. Heavy imports are inside the commands: ``--help`` answers at once."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import device_command, wire_command

if TYPE_CHECKING:
    from .results import Results
    from .sweeps import Plan

BAD_INPUT, INTERRUPTED, BROKEN_PIPE = 2, 130, 141

app = typer.Typer(
    name="hwsim",
    help="Hierarchical Temporal Memory on simulated memristor crossbars, beside the software reference.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(device_command.app, name="device")

SourceArgument = Annotated[str, typer.Argument(metavar="NAME|FILE", help="scenario, or TOML file")]
FolderArgument = Annotated[Path, typer.Argument(metavar="FOLDER", help="a run's folder", show_default=False)]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="change a parameter, e.g. device.read_sigma=0.1; repeatable"
    ),
]
SeedsOption = Annotated[int, typer.Option("--seeds", metavar="N", help="run with N seeds: seed .. seed+N-1")]
JobsOption = Annotated[int, typer.Option("--jobs", "-j", metavar="N", help="worker processes; 1: this one")]
OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", metavar="FOLDER", help="the run's folder; else one in runs/ named after what is run"
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="no progress, only the result")]
CheckpointOption = Annotated[
    float,
    typer.Option(
        "--checkpoint",
        metavar="S",
        help="seconds between checkpoints of long points, to go on from after a kill",
    ),
]
PlotsOption = Annotated[bool, typer.Option("--plots/--no-plots", help="draw the plots at the end")]


def _version(asked: bool) -> None:
    if asked:
        import hwsim

        print(f"hwsim {hwsim.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="show the version")
    ] = False,
) -> None:
    pass


@app.command()
def run(
    source: SourceArgument,
    sets: SetOption = None,
    seeds: SeedsOption = 1,
    out: OutOption = None,
    jobs: JobsOption = 1,
    quiet: QuietOption = False,
    plots: PlotsOption = True,
    checkpoint: CheckpointOption = 30.0,
) -> int:
    """Run a scenario: software and hardware side by side, on the same data and wiring."""
    from .sweeps import plan

    return _execute(
        plan(source, sets or (), seeds=seeds, out=out), quiet, plots, jobs=jobs, checkpoint=checkpoint
    )


@app.command()
def sweep(
    source: SourceArgument,
    vary: Annotated[
        list[str],
        typer.Option(
            "--vary", metavar="KEY=VALUES", help="start:stop:count, log:start:stop:count or a,b,c; repeatable"
        ),
    ],
    sets: SetOption = None,
    seeds: SeedsOption = 1,
    out: OutOption = None,
    jobs: JobsOption = 1,
    shard: Annotated[
        str | None,
        typer.Option("--shard", metavar="I/N", help="run only each N-th point, from the I-th (from 0)"),
    ] = None,
    engine: Annotated[str, typer.Option("--engine", metavar="NAME", help="processes or dask")] = "processes",
    scheduler_file: Annotated[
        str | None, typer.Option("--scheduler-file", metavar="FILE", help="of a running dask scheduler")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would be run")] = False,
    quiet: QuietOption = False,
    plots: PlotsOption = True,
    checkpoint: CheckpointOption = 30.0,
) -> int:
    """Run a scenario for every combination of swept values; the same command again resumes it."""
    from .sweeps import plan

    planned = plan(source, sets or (), vary=vary, seeds=seeds, out=out)
    part = _shard(shard) if shard is not None else None
    if dry_run:
        return _preview(planned)
    options: dict[str, Any] = {
        "jobs": jobs,
        "shard": part,
        "engine": engine,
        "scheduler_file": scheduler_file,
    }
    options["checkpoint"] = checkpoint
    return _execute(planned, quiet, plots, **options)


@app.command()
def plot(
    folder: FolderArgument,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="else plots/ in the folder")
    ] = None,
    movie: Annotated[
        str,
        typer.Option(
            "--movie",
            metavar="gif|mp4|none",
            help="where the scenario has one; mp4 needs ffmpeg, or the extra movie",
        ),
    ] = "gif",
) -> None:
    """Draw everything that a run's results can show."""
    from .progress import frames
    from .results import plot as draw

    for path in draw(folder, out, movie=None if movie == "none" else movie, progress=frames()):
        print(path)


@app.command("list")
def list_() -> None:
    """List scenarios, devices, substrates and encoders, each with its source."""
    from .catalogue import catalogue
    from .tables import lines_of, shown

    for heading, entries in catalogue().items():
        shown(lines_of(((name, *entry) for name, entry in entries.items()), heading))


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME|FILE", help="scenario, TOML file, or device")],
    sets: SetOption = None,
) -> None:
    """Show all parameters with units, as a TOML file: hwsim show digits > my.toml; hwsim run my.toml."""
    from .catalogue import show as text_of

    sys.stdout.write(text_of(name, sets or []))


@app.command()
def export(
    folder: FolderArgument,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="text for any program")] = None,
    parquet: Annotated[Path | None, typer.Option("--parquet", metavar="FILE", help="extra: parquet")] = None,
    netcdf: Annotated[Path | None, typer.Option("--netcdf", metavar="FILE", help="extra: xarray")] = None,
) -> None:
    """Write a run's results for other programs, one row a point."""
    from .results import Results

    for path in Results(folder).export(csv=csv, parquet=parquet, netcdf=netcdf):
        print(path)


RecordsOption = Annotated[
    int, typer.Option("--records", metavar="N", help="training records learned before the tile is looked at")
]
TileOption = Annotated[
    str, typer.Option("--tile", metavar="I,J", help="which tile, counted down (inputs) and across (columns)")
]
TileSource = Annotated[
    str,
    typer.Argument(metavar="NAME|FILE", help="a digits scenario, its TOML file, or a matrix (.npz, .csv)"),
]


@app.command()
def tile(
    source: TileSource,
    sets: SetOption = None,
    records: RecordsOption = 0,
    place: TileOption = "0,0",
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="where the files go")] = Path(
        "tile"
    ),
) -> None:
    """Look at one tile through its wires: a picture, its matrix (npz, csv) and an ngspice netlist."""
    from hwsim.exchange import export_matrix
    from hwsim.netlist import write_netlist

    from .figures.tile import draw_tile
    from .tile import tile_of

    found = tile_of(source, sets or (), records=records, place=_tile(place))
    about = {"title": found.title, "volts": found.volts.tolist(), "wires": found.wires.model_dump()}
    out.mkdir(parents=True, exist_ok=True)
    print(export_matrix(out / "tile.npz", found.g, about))
    print(export_matrix(out / "tile.csv", found.g))
    print(write_netlist(out / "tile.cir", found.g, found.volts, found.wires, title=found.title))
    print(draw_tile(found, out / "tile.png"))


app.command()(wire_command.wires)


@app.command()
def netlist(
    source: TileSource,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="the netlist")],
    sets: SetOption = None,
    records: RecordsOption = 0,
    place: TileOption = "0,0",
) -> None:
    """Write one tile as an ngspice netlist that runs by itself: ngspice -b FILE."""
    from hwsim.netlist import write_netlist

    from .tile import tile_of

    found = tile_of(source, sets or (), records=records, place=_tile(place))
    print(write_netlist(out, found.g, found.volts, found.wires, title=found.title))


def _tile(text: str) -> tuple[int, int]:
    down, comma, across = text.partition(",")
    if not (comma and down.strip().isdecimal() and across.strip().isdecimal()):
        from htm.pick import BadInput

        raise BadInput(f"--tile {text}: must look like 0,3: how far down and how far across")
    return int(down), int(across)


def _execute(plan: Plan, quiet: bool, plots: bool, **options: Any) -> int:
    from .sweeps import PointsFailed, execute

    try:
        results = execute(plan, progress=False if quiet else None, **options)
    except PointsFailed as error:
        traces = [failure.trace for failure in error.failures if failure.trace]
        for failure in error.failures[1:]:
            _complain(str(failure))
        sys.stderr.write(traces[0] if traces else "")
        _complain(str(error))
        return 1
    _report(results, plots)
    return 0


def _report(results: Results, plots: bool) -> None:
    done = len(results.to_dataframe())
    if done:
        from .tables import shown

        shown(results.table())
        assumed = results.assumed
        if assumed:
            print(f"energy assumes: {assumed}")
        if notes := results.notes:
            print(f"note: {notes}")
    print(f"results: {results.folder}")
    if plots and done == results.expected:
        from .results import plot as draw

        for path in draw(results):
            print(f"plot: {path}")


def _preview(plan: Plan) -> int:
    from .store import RunFolder

    print(f"{len(plan.jobs)} points in {plan.folder}")
    if (plan.folder / "run.json").exists():
        print(f"{len(RunFolder(plan.folder).finished())} of them finished already")
    for _, job in plan.jobs[:5]:
        print(f"  {job.id}  {job.title}")
    if len(plan.jobs) > 5:
        print(f"  ... and {len(plan.jobs) - 5} more")
    return 0


def _shard(text: str) -> tuple[int, int]:
    i, slash, n = text.partition("/")
    if not (slash and i.isdecimal() and n.isdecimal()):
        from htm.pick import BadInput

        raise BadInput(f"--shard {text}: must look like 0/4, the first of four parts")
    return int(i), int(n)


def _complain(message: str) -> None:
    print(f"hwsim: error: {' '.join(message.split())}", file=sys.stderr)


def main(arguments: list[str] | None = None) -> int:
    """Entry point of the command; returns the exit code."""
    try:
        import hwsim  # noqa: F401 - refuses a foreign htm before anything of it is used
    except ImportError as error:
        _complain(str(error))
        return BAD_INPUT
    if "numpy" not in sys.modules:
        from .worker import ONE_THREAD

        os.environ.update(ONE_THREAD)
    try:
        code = app(arguments, prog_name="hwsim", standalone_mode=False)
        sys.stdout.flush()
        if code == INTERRUPTED:  # typer's own answer to Ctrl-C
            return _interrupted()
        return code if isinstance(code, int) else 0
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted()
    except BrokenPipeError:
        # Whoever read has left, as `head` does. Else Python complains once more on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except Exception as error:
        message = _blameless(error)
        if message is None:
            raise
        if message:  # none: the help was shown instead
            _complain(message)
        return BAD_INPUT


def _interrupted() -> int:
    _complain("interrupted; finished points are kept, the same command goes on")
    return INTERRUPTED


def _blameless(error: Exception) -> str | None:
    """One line for an error that is the input's or the machine's; none for a fault of ours."""
    if hasattr(error, "format_message"):  # the parser's own complaint
        return str(error.format_message())
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}"
    from htm.pick import BadInput

    return str(error) if isinstance(error, BadInput) else None


if __name__ == "__main__":
    sys.exit(main())
