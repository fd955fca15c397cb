"""The circuit of a read, as ngspice reads it: to look at a tile with another program, or to check this one.

The elements are those of `hwsim.wires`. The file runs by itself (``ngspice -b tile.cir``) and prints the current into
the virtual ground of every sensed bit line, as ``i(vbl<j>)``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from htm.pick import BadInput

from .wires import WireParams
from .wires.solver import checked_conductances

_LEAST_OHM = 1e-9
"""Stands for 0 ohm, which ngspice would replace by a larger value of its own."""

_PRINTED = re.compile(r"^i\(vbl(\d+)\)\s*=\s*([-+0-9.eE]+)", re.MULTILINE)


def netlist(
    g: Any,
    v: Any,
    params: WireParams,
    *,
    grounded: NDArray[np.bool_] | None = None,
    title: str = "crossbar tile",
) -> str:
    """Netlist of one read of an array.

    Parameters
    ----------
    g : (m, n) conductances [S]; 0: no cell, and no element
    v : (m,) voltages of the drivers [V]; NaN: the word line floats
    params : resistances; 0 ohm is written as a nano-ohm
    grounded : (n,) bit lines that are sensed; the others float. None: all
    title : first line
    """
    shape = np.shape(g)
    if len(shape) != 2:
        raise BadInput(f"g: must have two axes, word lines and bit lines, got shape {shape}")
    g = checked_conductances(g, (int(shape[0]), int(shape[1])))
    v = np.asarray(v, dtype=np.float64)
    sensed = np.ones(shape[1], dtype=np.bool_) if grounded is None else np.asarray(grounded, dtype=np.bool_)
    if v.shape != shape[:1] or np.isinf(v).any():
        raise BadInput(f"v: must be finite or NaN, of shape {shape[:1]}, got shape {v.shape}")
    if sensed.shape != shape[1:]:
        raise BadInput(f"grounded: must have shape {shape[1:]}, got {sensed.shape}")
    lines = [f"* {' '.join(title.split())}", *_word_lines(v, shape[1], params), *_cells(g)]
    lines += _bit_lines(sensed, shape[0], params)
    lines += [
        ".options gmin=1e-20 abstol=1e-18 reltol=1e-9 vntol=1e-15 numdgt=15",
        ".control",
        "set numdgt=15",
        "op",
        *(f"print i(vbl{j})" for j in np.flatnonzero(sensed)),
        ".endc",
        ".end",
    ]
    return "\n".join(lines) + "\n"


def write_netlist(path: Path | str, g: Any, v: Any, params: WireParams, **options: Any) -> Path:
    """Write `netlist` to a file, which is complete or not there."""
    path = Path(path)
    text = netlist(g, v, params, **options)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="ascii", errors="replace")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise BadInput(f"{path}: cannot be written: {error.strerror or error}") from None
    return path


def read_currents(printed: str, n: int) -> NDArray[np.float64]:
    """The currents that ngspice printed for a netlist of `n` bit lines, (n,), NaN where a line floats [A]."""
    found = {int(line): float(value) for line, value in _PRINTED.findall(printed)}
    return np.array([found.get(j, np.nan) for j in range(n)])


def _ohm(value: float) -> str:
    return f"{max(value, _LEAST_OHM):.17g}"


def _word_lines(v: NDArray[np.float64], n: int, p: WireParams) -> Iterator[str]:
    for i, volt in enumerate(v):
        if not np.isnan(volt):
            yield f"VWL{i} wl{i} 0 {volt:.17g}"
            yield f"RWL{i} wl{i} u{i}_0 {_ohm(p.word_ohm + p.driver_ohm)}"
            if p.two_sided:
                yield f"RWE{i} wl{i} u{i}_{n - 1} {_ohm(p.word_ohm + p.driver_ohm)}"
        yield from (f"RW{i}_{j} u{i}_{j - 1} u{i}_{j} {_ohm(p.word_ohm)}" for j in range(1, n))


def _cells(g: NDArray[np.float64]) -> Iterator[str]:
    for i, j in np.argwhere(g > 0):
        yield f"RC{i}_{j} u{i}_{j} w{i}_{j} {1 / g[i, j]:.17g}"


def _bit_lines(sensed: NDArray[np.bool_], m: int, p: WireParams) -> Iterator[str]:
    for j, ends in enumerate(sensed):
        yield from (f"RB{i}_{j} w{i - 1}_{j} w{i}_{j} {_ohm(p.bit_ohm)}" for i in range(1, m))
        if ends:
            yield f"RBL{j} w{m - 1}_{j} bl{j} {_ohm(p.bit_ohm + p.sense_ohm)}"
            yield f"VBL{j} bl{j} 0 0"
