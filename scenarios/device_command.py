"""``hwsim device``: list, show and plot devices, measure simulated ones, and fit a device to measurements."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from devices.fit.result import Fit
    from devices.measurements import Measurement
    from devices.read_csv import MeasuredFile

app = typer.Typer(
    help="Devices: list, show, plot; simulate measurements, and fit a device to your own.",
    no_args_is_help=True,
)

DeviceArgument = Annotated[
    str, typer.Argument(metavar="NAME|FILE", help="a preset, or a preset file (.toml)", show_default=False)
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="change a parameter, e.g. read_sigma=0.1; repeatable"),
]


@app.command("list")
def list_() -> None:
    """List devices: model, conductance range, which mechanisms they have, summary and source."""
    from .device_tables import list_table
    from .tables import shown

    shown(list_table())


@app.command()
def show(name: DeviceArgument, sets: SetOption = None) -> None:
    """Show all parameters as a preset file: hwsim device show NAME > my.toml; ... --set device=my.toml."""
    from .catalogue import device_text

    sys.stdout.write(device_text(name, sets or []))


@app.command()
def plot(
    name: DeviceArgument,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="picture; else NAME.png")
    ] = None,
    sets: SetOption = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="of the simulated cells", min=0)] = 0,
) -> None:
    """Draw a device's sheet: pulses, levels, retention, read noise, I-V curve."""
    from .config import load_device
    from .figures.device import draw_sheet

    device = load_device(name, sets or [])
    title = ", ".join([Path(name).name, *(sets or [])])
    print(draw_sheet(device, title, out or Path(f"{Path(name).stem}.png"), seed))


@app.command()
def fit(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE.csv...",
            help="measurements, their kind known from the columns: pulses (pulse, polarity, conductance), retention "
            "(time, conductance), reads (read, conductance), I-V (voltage, current); units in the header: "
            "'conductance \\[uS]'",
            show_default=False,
        ),
    ],
    model: Annotated[
        str | None, typer.Option("--model", metavar="NAME", help="device model; else told from the data")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE.toml", help="preset file to write")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="picture of data against model")
    ] = None,
) -> None:
    """Fit a device to measurements; the file written goes wherever a preset does: --set device=FILE."""
    from rich.console import Console

    from devices.fit.join import device_of
    from devices.models import MODELS
    from devices.preset_file import preset_text, record_of
    from devices.read_csv import joined, read_csv
    from htm.pick import BadInput, pick

    from .device_tables import fit_table
    from .tables import shown

    if model is not None:
        pick(MODELS, model, "--model")
    if out is not None and out.suffix != ".toml":
        raise BadInput(f"--out: a preset file's name must end in .toml, got {out}")
    read = [read_csv(path) for path in files]
    for one in read:
        for note in one.notes:
            print(f"{one.path}: {note}", file=sys.stderr)
    by_kind: dict[str, list[MeasuredFile]] = {}
    for one in read:
        by_kind.setdefault(one.kind, []).append(one)
    with Console(stderr=True).status("") as status:  # a fit of thousands of pulses takes some seconds
        fits = []
        for kind, parts in by_kind.items():
            status.update(f"fitting {kind}: {', '.join(one.path for one in parts)}")
            fits.append(_fit(kind, joined(parts), model))
    names = [" + ".join(one.path for one in parts) for parts in by_kind.values()]
    for name, found in zip(names, fits, strict=True):
        shown(fit_table(found, name))
    device = None
    if out is not None or any(found.model for found in fits):
        device = device_of(fits, names)
    if out is not None and device is not None:
        title = f"fitted to {', '.join(Path(path).name for path in files)}"
        out.write_text(preset_text(device, title, record_of(fits, [Path(f).name for f in files])), "utf-8")
        print(f"preset: {out}")
    if picture is not None:
        from .figures.device import draw_fit

        print(f"plot: {draw_fit(fits, picture)}")


@app.command()
def simulate(
    name: DeviceArgument,
    kind: Annotated[
        str, typer.Option("--kind", metavar="KIND", help="pulses, retention, reads or iv", show_default=False)
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE.csv", help="file to write")],
    sets: SetOption = None,
    devices: Annotated[int, typer.Option("--devices", metavar="N", help="cells (of each level)")] = 20,
    cycles: Annotated[
        int, typer.Option("--cycles", metavar="N", help="SET and RESET trains of each cell")
    ] = 3,
    pulses: Annotated[int, typer.Option("--pulses", metavar="N", help="of one polarity in a cycle")] = 100,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="another: other cells", min=0)] = 0,
) -> None:
    """Measure a simulated device as a lab would, and write the CSV that `fit` reads."""
    from devices.read_csv import write_csv
    from htm.pick import pick

    from .config import load_device
    from .device_tables import MEASURED

    measure = pick(MEASURED, kind, "--kind")
    data: Measurement = measure(load_device(name, sets or []), devices, cycles, pulses, seed)
    data, raised = _none_negative(data)
    if raised:
        print(f"{out}: {raised} readings below 0 (noise) are written as 0", file=sys.stderr)
    print(write_csv(data, out))


FITS = {
    "pulses": "devices.fit.pulses:fit_pulses",
    "retention": "devices.fit.retention:fit_retention",
    "reads": "devices.fit.reads:fit_reads",
    "iv": "devices.fit.iv:fit_iv",
}
"""Fit of each kind; imported when it is needed, as it needs scipy."""


def _fit(kind: str, data: Measurement, model: str | None) -> Fit:
    from importlib import import_module

    module, _, name = FITS[kind].partition(":")
    run = getattr(import_module(module), name)
    # Only pulses and retention depend on the model.
    found: Fit = run(data, model) if kind in ("pulses", "retention") else run(data)
    return found


def _none_negative(data: Measurement) -> tuple[Measurement, int]:
    """A conductance read below zero is noise about zero, and no file of conductances holds one."""
    from dataclasses import replace

    from devices.measurements import IvCurves

    if isinstance(data, IvCurves):
        return data, 0
    return replace(data, conductance=data.conductance.clip(0.0)), int((data.conductance < 0).sum())
