"""Error of leaving the wires out: its size against other solvers' figures, its laws, and the command."""

import numpy as np
import pytest

from devices.ideal import IdealDevice
from htm.streams import stream
from scenarios.cli import main
from scenarios.wire_errors import wire_errors
from scenarios.write_maps import write_maps

DEVICE = IdealDevice(g_min=1e-6, g_max=1e-4)


def test_it_is_as_large_as_other_solvers_say():
    """5 ohm, cells even in 1..100 uS: 68 % at 64 x 64 and 2.4 times at 128 x 128 (crossbar figures, other draws)."""
    found = wire_errors(DEVICE, "even", [64, 128], [5.0])
    assert found.error[0] == pytest.approx([0.68, 2.4], rel=0.05)


def test_it_grows_with_size_and_resistance_and_is_nothing_without():
    found = wire_errors(DEVICE, "even", [8, 16, 32], [0.0, 1.0, 4.0], draws=1)
    assert not found.error[0].any()
    assert (np.diff(found.error[1:], axis=1) > 0).all()
    assert (np.diff(found.error, axis=0) > 0).all()
    assert (found.worst[1:] > found.error[1:]).all()


def test_a_weak_wire_costs_in_proportion():
    """To first order the loss is linear in the resistance: half the ohms, half the error within 1 %."""
    found = wire_errors(DEVICE, "even", [16], [0.005, 0.01], draws=1)
    assert found.error[1, 0] == pytest.approx(2 * found.error[0, 0], rel=0.01)


def test_the_command_prints_and_draws(tmp_path, capsys):
    out = tmp_path / "wires.png"
    assert main(["wires", "--sizes", "8,16", "--ohms", "1,5", "-o", str(out)]) == 0
    said = capsys.readouterr().out
    assert "16 x 16" in said
    assert "5 ohm" in said
    assert out.stat().st_size > 10_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sizes", "8,x"], "--sizes: must be whole numbers with commas between, got '8,x'"),
        (["--sizes", "9999"], "--sizes: must lie in 1..2048, got 9999"),
        (["--ohms", "-1"], "--ohms: must not be negative, got -1"),
        (["--driven", "0"], "--driven: must lie in 0..1, above 0, got 0"),
        (["--device", "rram_gong"], "device: unknown name 'rram_gong'"),
    ],
)
def test_bad_input_is_one_line(arguments, message, tmp_path, capsys):
    out = tmp_path / "wires.png"
    assert main(["wires", *arguments, "-o", str(out)]) == 2
    assert message in capsys.readouterr().err
    assert not out.exists()


class TestWrites:
    def test_without_wires_they_are_what_the_schemes_say(self):
        found = {one.scheme: one for one in write_maps(DEVICE, [8], [0.0], voltage=1.5, width=1e-7)}
        shares = {"none": (0.0, 0.0), "half": (0.5, 0.0), "third": (1 / 3, 1 / 3)}
        for scheme, (beside, apart) in shares.items():
            one = found[scheme]
            assert one.chosen == pytest.approx(1.5)
            assert (one.beside, one.apart) == pytest.approx((1.5 * beside, 1.5 * apart))

    def test_energy_is_what_all_cells_and_wires_take(self):
        """Ideal wires: V^2 t of the chosen cell over its share; wires only take from the cells' share of the energy."""
        for ohm in (0.0, 50.0):
            for one in write_maps(DEVICE, [8], [ohm], voltage=1.5, width=1e-7):
                g = stream(0, "wires.8").uniform(DEVICE.g_min, DEVICE.g_max, (8, 8))
                if one.scheme == "none":
                    g[:, :-1] = g[1:] = 0.0
                cells = float((g * one.volts**2).sum()) * 1e-7
                assert one.energy * one.share == pytest.approx(float(g[0, -1]) * one.chosen**2 * 1e-7)
                if ohm:
                    assert cells < one.energy
                else:
                    assert cells == pytest.approx(one.energy)

    def test_the_chosen_cell_loses_most_where_half_the_voltage_leaks(self):
        small, large = (write_maps(DEVICE, [n], [5.0], voltage=1.6, width=5e-8) for n in (16, 64))
        for one, other in zip(small, large, strict=True):
            assert other.chosen < one.chosen < 1.6
        none, half, third = large
        assert half.chosen < third.chosen < none.chosen

    def test_the_command_prints_and_draws(self, tmp_path, capsys):
        out = tmp_path / "writes.png"
        assert main(["wires", "--write", "--sizes", "8,16", "--ohms", "2", "-o", str(out)]) == 0
        said = capsys.readouterr().out
        assert "16 x 16" in said
        assert "V/3, 2V/3" in said
        assert out.stat().st_size > 10_000

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--sizes", "1"], "--sizes: must lie in 2..2048, got 1"),
            (["--voltage", "0"], "--voltage: must be above 0, got 0"),
            (["--width", "-1"], "--width: must be above 0, got -1"),
        ],
    )
    def test_bad_input_is_one_line(self, arguments, message, tmp_path, capsys):
        out = tmp_path / "writes.png"
        assert main(["wires", "--write", *arguments, "-o", str(out)]) == 2
        assert message in capsys.readouterr().err
        assert not out.exists()
