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
    voltage: Annotated[
        float | None,
        typer.Option("--voltage", metavar="V", help="of the write; else as isaac_puma has it [V]"),
    ] = None,
    width: Annotated[
        float | None, typer.Option("--width", metavar="S", help="of its pulse; else likewise [s]")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="the picture")] = DEFAULT_OUT,
) -> None:
    """Tell how wrong a read is that leaves the wires out, by tile size and wire resistance; or what a write meets."""
    tiles, wired = (
        _numbers(text, name, kind) for text, name, kind in ((sizes, "--sizes", int), (ohms, "--ohms", float))
    )
    if write:
        _writes(device, tiles, wired, voltage, width, out)
    else:
        _reads(device, tiles, wired, driven, out)


def _reads(name: str, sizes: list[int], ohms: list[float], driven: float, out: Path) -> None:
    from devices.presets import device_from

    from .figures.wires import draw_wire_errors
    from .tables import shown, wire_table
    from .wire_errors import DRAWS, wire_errors

    found = wire_errors(device_from(name), name, sizes, ohms, driven=driven)
    shown(wire_table(found))
    note = (
        f"Conductances even over the device's range, {100 * driven:.0f} % of the word lines driven, the others at 0 V, "
        f"every bit line sensed at its end; mean of {DRAWS} tiles."
    )
    print(draw_wire_errors(found, out, note))


def _writes(
    name: str, sizes: list[int], ohms: list[float], volts: float | None, width: float | None, out: Path
) -> None:
    from devices.presets import device_from
    from hwsim.cost import isaac_puma

    from .figures.wires import draw_writes
    from .tables import shown, write_table
    from .write_maps import write_maps

    usual = isaac_puma()
    found = write_maps(
        device_from(name),
        sizes,
        ohms,
        voltage=usual.write_voltage if volts is None else volts,
        width=usual.write_time if width is None else width,
    )
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
