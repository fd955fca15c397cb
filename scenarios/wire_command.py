"""`hwsim wires`: what wires do to the reads and the writes of a tile."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

DEFAULT_OUT = Path("wires.png")


def wires(
    device: Annotated[
        str, typer.Option("--device", metavar="NAME", help="whose range the cells fill")
    ] = "rram_gong2018",
    sizes: Annotated[
        str, typer.Option("--sizes", metavar="N,N", help="lines each way of square tiles")
    ] = "16,32,64,128,256",
    ohms: Annotated[
        str, typer.Option("--ohms", metavar="R,R", help="of a wire between two cells [ohm]")
    ] = "0.5,1,2,5",
    driven: Annotated[float, typer.Option("--driven", metavar="SHARE", help="of the word lines")] = 0.5,
    write: Annotated[
        bool, typer.Option("--write", help="look at a write of one cell instead, under none, V/2 and V/3")
    ] = False,
    voltage: Annotated[float, typer.Option("--voltage", metavar="V", help="of the write [V]")] = 1.6,
    width: Annotated[float, typer.Option("--width", metavar="S", help="of its pulse [s]")] = 50e-9,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="the picture")] = DEFAULT_OUT,
) -> None:
    """Tell how wrong a read is that leaves the wires out, by tile size and wire resistance; or what a write meets."""
    from devices.presets import device_from

    tiles, wired = (
        _numbers(text, name, kind) for text, name, kind in ((sizes, "--sizes", int), (ohms, "--ohms", float))
    )
    draw = _writes if write else _reads
    draw(device_from(device), device, tiles, wired, driven, voltage, width, out)


def _reads(
    device: Any,
    name: str,
    sizes: list[int],
    ohms: list[float],
    driven: float,
    _v: float,
    _s: float,
    out: Path,
) -> None:
    from .figures.wires import draw_wire_errors
    from .tables import shown, wire_table
    from .wire_errors import DRAWS, wire_errors

    found = wire_errors(device, name, sizes, ohms, driven=driven)
    shown(wire_table(found))
    note = (
        f"Conductances even over the device's range, {100 * driven:.0f} % of the word lines driven, the others at 0 V, "
        f"every bit line sensed at its end; mean of {DRAWS} tiles."
    )
    print(draw_wire_errors(found, out, note))


def _writes(
    device: Any,
    name: str,
    sizes: list[int],
    ohms: list[float],
    _: float,
    volts: float,
    width: float,
    out: Path,
) -> None:
    from .figures.wires import draw_writes
    from .tables import shown, write_table
    from .write_maps import write_maps

    found = write_maps(device, sizes, ohms, voltage=volts, width=width)
    shown(write_table(found))
    largest = [one for one in found if (one.size, one.ohm) == (max(sizes), max(ohms))]
    print(draw_writes(largest, name, out))


def _numbers(text: str, name: str, kind: Any) -> list[Any]:
    try:
        return [kind(part) for part in text.split(",")]
    except ValueError:
        from htm.pick import BadInput

        what = "whole numbers" if kind is int else "numbers"
        raise BadInput(f"{name}: must be {what} with commas between, got {text!r}") from None
