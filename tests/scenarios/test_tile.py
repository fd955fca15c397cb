"""Looking at a tile: what is written fits together, and bad questions get one line."""

import numpy as np
import pytest

from hwsim.exchange import export_matrix, import_matrix
from hwsim.netlist import netlist
from hwsim.wires import WireParams
from scenarios.cli import main
from scenarios.tile import tile_of

SMALL = [
    "--set",
    "crossbar.tile_rows=32",
    "--set",
    "crossbar.tile_columns=32",
    "--set",
    "crossbar.wire_ohm=20",
]


def test_the_files_of_a_tile_fit_together(tmp_path, capsys):
    analog = ["--set", "crossbar.readout=analog"]
    out = tmp_path / "look"
    assert (
        main(["tile", "digits8x8", *SMALL, *analog, "--records", "3", "--tile", "1,2", "-o", str(out)]) == 0
    )
    assert [one.name for one in sorted(out.iterdir())] == ["tile.cir", "tile.csv", "tile.npz", "tile.png"]
    g, about = import_matrix(out / "tile.npz")
    np.testing.assert_array_equal(import_matrix(out / "tile.csv")[0], g)
    text = (out / "tile.cir").read_text()
    wires = WireParams(word_ohm=20, bit_ohm=20)
    assert text == netlist(g, about["volts"], wires, title=about["title"])
    assert (out / "tile.png").stat().st_size > 20_000
    assert main(["netlist", str(out / "tile.npz"), "-o", str(tmp_path / "again.cir")]) == 0
    assert (tmp_path / "again.cir").read_text() == text
    assert str(out / "tile.png") in capsys.readouterr().out


def test_learning_changes_the_tile_and_transistors_cut_off_what_is_not_driven():
    sets = ["crossbar.tile_rows=32", "crossbar.wire_ohm=5"]
    fresh, later = (tile_of("digits8x8", sets, records=n) for n in (0, 40))
    assert fresh.g.shape == later.g.shape
    assert not np.array_equal(fresh.g, later.g)
    for tile in (fresh, later):  # binary: 1T1R
        assert not tile.g[tile.volts == 0].any()
    analog = tile_of("digits8x8", [*sets, "crossbar.readout=analog"], records=0)
    assert analog.g[analog.volts == 0].any()


def test_the_figure_shows_the_solved_network(tmp_path):
    from scenarios.figures.tile import tile_figure

    rng = np.random.default_rng(0)
    path = export_matrix(tmp_path / "g.csv", rng.uniform(1e-6, 1e-4, (12, 9)))
    tile = tile_of(str(path), ["crossbar.wire_ohm=50"])
    figure = tile_figure(tile)
    panels = [ax for ax in figure.axes if ax.get_title()]
    found = tile.solve()
    lost = 100 * (1 - found.out.sum() / (tile.volts @ tile.g).sum())
    assert f"wires cost {lost:.1f} %" in figure.get_suptitle()
    word, bit, across = (np.asarray(ax.get_images()[0].get_array()) for ax in panels[:3])
    np.testing.assert_allclose(across, 1e3 * (found.u - found.w), rtol=1e-9)
    for seen, true in ((word, found.u), (bit, found.w)):
        np.testing.assert_allclose(seen / seen.max(), true / true.max(), rtol=1e-9)
    ideal, real = (line.get_ydata() for line in panels[-1].get_lines())
    np.testing.assert_allclose(real / ideal, found.out / (tile.volts @ tile.g), rtol=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["digits8x8", "--tile", "9,0"], "tile: must lie within 0..0,0..7, got 9,0"),
        (["digits8x8", "--tile", "3"], "--tile 3: must look like 0,3"),
        (["digits8x8", "--records", "99999"], "records: must be 0..1437"),
        (["missing.npz"], "missing.npz: cannot be read"),
        (["digit8x8"], "did you mean digits8x8"),
        (
            ["digits8x8", "--set", "crossbar.pairing=differential"],
            "crossbar.pairing: must be none or parallel",
        ),
    ],
)
def test_bad_questions_get_one_line(arguments, message, capsys, tmp_path):
    assert main(["netlist", *arguments, "-o", str(tmp_path / "out.cir")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out.cir").exists()


def test_a_matrix_takes_crossbar_settings_only(tmp_path, capsys):
    path = export_matrix(tmp_path / "g.csv", np.full((2, 2), 1e-5))
    assert main(["netlist", str(path), "--set", "pooler.columns=3", "-o", str(tmp_path / "x.cir")]) == 2
    assert "pooler.columns: only crossbar" in capsys.readouterr().err
