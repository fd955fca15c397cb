"""Netlists: what ngspice makes of them equals our own solver."""

import shutil
import subprocess

import numpy as np
import pytest

from htm.pick import BadInput
from hwsim.netlist import netlist, read_currents, write_netlist
from hwsim.wires import WireParams, WireSolver

needs_ngspice = pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")


@needs_ngspice
@pytest.mark.parametrize(
    ("params", "floats"),
    [
        (WireParams(word_ohm=2.5, bit_ohm=4), False),
        (WireParams(word_ohm=5, bit_ohm=5, driver_ohm=40, sense_ohm=10), True),
        (WireParams(word_ohm=5, bit_ohm=1, driver_ohm=3, two_sided=True), False),
        (WireParams(bit_ohm=5), False),
    ],
)
def test_ngspice_runs_it_and_agrees(tmp_path, params, floats):
    rng = np.random.default_rng(0)
    g, v = 10 ** rng.uniform(-6, -4, (7, 9)), rng.uniform(0, 0.2, 7)
    g[2, 3] = 0.0
    grounded = np.ones(9, dtype=bool)
    if floats:
        v[1], grounded[4] = np.nan, False
    path = write_netlist(tmp_path / "tile.cir", g, v, params, grounded=grounded)
    done = subprocess.run(["ngspice", "-b", str(path)], capture_output=True, text=True, timeout=60)
    ours = WireSolver(params, g.shape, grounded).solve(g, v, tolerance=1e-12).out
    np.testing.assert_allclose(read_currents(done.stdout, 9), ours, rtol=1e-7, equal_nan=True)


def test_it_holds_every_element_once():
    g = np.array([[1e-5, 0.0, 2e-5], [3e-5, 4e-5, 5e-5]])
    text = netlist(g, [0.1, np.nan], WireParams(word_ohm=2, bit_ohm=3), title="two\nlines")
    names = [line.split()[0] for line in text.splitlines() if line[0] in "RV"]
    assert len(set(names)) == len(names)
    cells = [line for line in text.splitlines() if line.startswith("RC")]
    assert len(cells) == 5
    assert "RC1_2 u1_2 w1_2 20000" in cells[-1] or float(cells[-1].split()[-1]) == pytest.approx(2e4)
    assert text.startswith("* two lines\n")
    assert "VWL0 wl0 0 0.1" in text
    assert "VWL1" not in text, "a floating line has no source"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"g": [1e-5, 2e-5]}, "g: must have two axes"),
        ({"g": [[-1e-5]]}, "g: must be finite and not negative"),
        ({"v": [0.1, 0.2]}, "v: must be finite or NaN"),
        ({"grounded": np.ones(3, dtype=bool)}, "grounded: must have shape"),
    ],
)
def test_bad_input_is_refused(change, message):
    made = {"g": [[1e-5]], "v": [0.1], "params": WireParams(), **change}
    with pytest.raises(BadInput, match=message):
        netlist(**made)


def test_nothing_is_left_where_it_cannot_be_written(tmp_path):
    with pytest.raises(BadInput, match="cannot be written"):
        write_netlist(tmp_path / "missing" / "tile.cir", [[1e-5]], [0.1], WireParams())
