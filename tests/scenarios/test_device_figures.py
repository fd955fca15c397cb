"""Sheets of devices: what is measured obeys the model, what is drawn is what was measured."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devices.fit.result import Estimate, Fit, Panel
from devices.model import DeviceModel
from devices.presets import DEVICES, device_from
from htm.pick import BadInput
from scenarios.device_facts import key_numbers, model_word, origin, plain, preset_of, quantity
from scenarios.device_sheet import (
    CLOSED_LOOP_STEPS,
    YEAR,
    Sheet,
    iv_curve,
    measure_sheet,
    read_noise,
    retention_fan,
    train_length,
    written_levels,
)

FEW = 200


def sheet_of(spec: Any) -> Sheet:
    return measure_sheet(device_from(spec), cells=FEW)


@pytest.fixture(scope="module", params=sorted(DEVICES))
def sheet(request: pytest.FixtureRequest) -> Sheet:
    return sheet_of(request.param)


# Laws of every sheet ---------------------------------------------------------------------------------------


def test_pulses_raise_and_lower_the_mean(sheet: Sheet) -> None:
    train, mean = sheet.train, sheet.train.cells.mean(axis=1)
    top = int(np.flatnonzero(train.pulses == train.turn)[0])
    assert train.pulses[-1] == 2 * train.turn
    assert mean[top] > mean[0] + 0.3 * sheet.device.span
    assert mean[-1] < mean[top] - 0.3 * sheet.device.span
    assert train.cells.shape == (train.pulses.size, FEW)


def test_levels_are_in_order_and_complete(sheet: Sheet) -> None:
    levels = sheet.levels
    middle = np.nanmedian(levels.g, axis=1)
    assert (np.diff(middle) > 0).all()
    assert levels.faulty.size + np.isfinite(levels.g).sum() == levels.g.size
    assert levels.targets[[0, -1]] == pytest.approx([sheet.device.g_min, sheet.device.g_max])


def test_fans_open_around_their_median_for_a_year(sheet: Sheet) -> None:
    fan = sheet.fan
    assert fan.seconds[-1] == pytest.approx(YEAR)
    assert (fan.low <= fan.middle).all()
    assert (fan.middle <= fan.high).all()
    still = np.array_equal(fan.middle[:, 0], fan.middle[:, -1])
    assert still == (not fan.ages)


def test_reads_scatter_as_the_model_says(sheet: Sheet) -> None:
    """|z| < 4.5 for mean and sd of the drawn reads."""
    noise = sheet.noise
    assert (noise.off.size > 0) == sheet.device.noisy
    if noise.off.size:
        n = noise.off.size
        assert abs(noise.off.mean()) < 4.5 * noise.sd / np.sqrt(n)
        assert abs(noise.off.std() / noise.sd - 1) < 4.5 / np.sqrt(2 * n)
    if noise.growth.size:
        assert (noise.growth[:, -1] > noise.growth[:, 0]).all()


def test_currents_rise_and_start_at_nought(sheet: Sheet) -> None:
    middle = sheet.volts.size // 2
    assert sheet.amps[:, middle] == pytest.approx(0.0, abs=1e-18)
    assert (np.diff(sheet.amps[-1]) > 0).all()
    assert sheet.volts[-1] == pytest.approx(2 * sheet.device.read_voltage)


def test_key_numbers_are_short_words(sheet: Sheet) -> None:
    rows = key_numbers(sheet)
    assert [name for name, _ in rows][:2] == ["model", "range"]
    assert all(value and "nan" not in value and "e+" not in value for _, value in rows)
    assert len(rows) <= 15


# Cases -----------------------------------------------------------------------------------------------------


def test_same_seed_same_sheet() -> None:
    one, other, third = (measure_sheet(device_from("rram_gong2018"), seed, cells=50) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.train.cells, other.train.cells)
    np.testing.assert_array_equal(one.levels.g, other.levels.g)
    assert not np.array_equal(one.levels.g, third.levels.g)


def test_the_cycles_of_one_cell_vary_less_than_cells_do() -> None:
    train = sheet_of("ecram_tang2018").train
    assert train.cycles is not None
    assert train.cycles[-1].std() < 0.5 * train.cells[-1].std()
    assert sheet_of("rram_jo2010").train.cycles is None  # whose cells are alike


def test_faults_are_counted_and_kept_out_of_the_levels() -> None:
    device = device_from({"preset": "rram_wan2022", "faults": "chen2015_mostly_on"})
    levels = written_levels(device, 0, cells=2000)
    share = 0.0904 + 0.0175
    assert abs(levels.faulty_share - share) < 4.5 * np.sqrt(share * (1 - share) / levels.g.size)
    stuck_on = float((levels.faulty == np.float32(device.g_max)).mean())
    assert stuck_on == pytest.approx(0.0904 / share, abs=0.02)
    clean = written_levels(device_from("rram_wan2022"), 0, cells=2000)
    assert clean.faulty.size == 0
    assert np.nanstd(levels.g[8]) == pytest.approx(clean.g[8].std(), rel=0.1)


def test_a_fan_shows_the_power_law_and_leaves_faults_out() -> None:
    device = device_from({"preset": "pcm_joshi2020", "program_scale": 0, "stuck_off_fraction": 0.4})
    fan = retention_fan(device, 0, cells=500)
    late = int(np.argmin(np.abs(fan.seconds - 86400 * 30)))
    expected = fan.targets[-1] * (fan.seconds[late] / 20.0) ** -0.049  # the exponent at 0.9 of the range
    assert fan.middle[-1, late] == pytest.approx(expected, rel=0.01)


def test_what_leaks_within_a_second_is_looked_at_sooner() -> None:
    assert retention_fan(device_from("capacitor_li2018"), 0, cells=20).seconds[0] == pytest.approx(1e-3)
    assert retention_fan(device_from("pcm_joshi2020"), 0, cells=20).seconds[0] == 1.0


def test_trains_are_as_long_as_the_device_needs() -> None:
    assert train_length(device_from("rram_jo2010")) == pytest.approx(98, abs=2)
    assert train_length(device_from("pcm_joshi2020")) == CLOSED_LOOP_STEPS
    assert train_length(device_from("rram_gong2018")) > 1000


def test_telegraph_noise_is_measured_by_its_own_law() -> None:
    noise = read_noise(
        device_from({"preset": "ideal", "rtn_fraction": 1.0, "rtn_amplitude": 0.2}), 0, cells=4000
    )
    step = 0.2 * 2**0.5  # at half the range
    assert noise.sd == pytest.approx(0.5 * step * 0.5, rel=1e-5)
    assert np.unique(np.round(noise.off, 6)).size == 2


def test_a_bent_curve_is_the_devices() -> None:
    volts, g, amps = iv_curve(device_from({"preset": "rram_wan2022", "iv_sinh": 4.0}))
    np.testing.assert_allclose(amps[1], g[1] * np.sinh(4 * volts) / 4, rtol=1e-6, atol=1e-18)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(970.2, 2, "970"), (0.0123456, 3, "0.0123"), (0.0, 3, "0"), (1e7, 3, "1e7"), (-43.71, 2, "-44")],
)
def test_numbers_are_plain(value: float, digits: int, text: str) -> None:
    assert plain(value, digits) == text


def test_quantities_have_their_prefix() -> None:
    assert quantity(1.25e-5, "S") == "12.5 µS"
    assert quantity(26e6, "ohm") == "26 MΩ"
    assert quantity(0.3, "") == "0.3"


def test_a_device_knows_whose_it_is() -> None:
    device = device_from("rram_milo2021")
    assert preset_of(device) == "rram_milo2021"
    assert "Milo et al., IRPS (2021)" in origin(device)
    own = device_from({"preset": "rram_milo2021", "read_sigma": 0.1})
    assert preset_of(own) is None
    assert model_word(own) == "level_rram"
    assert "user" in origin(own)


# Pictures --------------------------------------------------------------------------------------------------


def texts(figure: Any) -> str:
    found = [text.get_text() for ax in figure.axes for text in (*ax.texts, ax.title, ax._left_title)]
    return "\n".join(
        [*found, *(ax.get_xlabel() for ax in figure.axes), *(ax.get_ylabel() for ax in figure.axes)]
    )


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (
            "rram_gong2018",
            ["no drift or loss", "Read noise: none", "ohmic", "Gong et al.", "16 levels", "(µS)"],
        ),
        ("pcm_joshi2020", ["median and 5-95 %", "Gaussian", "1/f: grows with time", "increments of 1/16"]),
        ("vcm_binary", ["2 levels", "a pulse switches"]),
        ("rram_milo2021", ["I-V: bent", "(mV)", "(µA)"]),
        ({"preset": "rram_wan2022", "read_law": "log_normal"}, ["log-normal", "the user's"]),
        ({"preset": "rram_wan2022", "n_levels": 4}, ["4 levels"]),
    ],
)
def test_a_sheet_says_what_there_is(spec: Any, said: list[str]) -> None:
    from scenarios.figures.device import sheet_figure
    from scenarios.figures.style import house_style

    with house_style():
        found = texts(sheet_figure(sheet_of(spec), "a title"))
    assert not [word for word in said if word not in found]


@pytest.mark.parametrize(
    "changes",
    [
        {"preset": "rram_jo2010", "stuck_on_fraction": 1.0},
        {"preset": "rram_gong2018", "rtn_fraction": 0.3, "drift_nu": 0.05, "iv_sinh": 5, "endurance": 2000},
        {"preset": "ecram_kim2019", "disturb_share": 0.01},
        {"preset": "vcm_binary", "write_failure": 0.2, "read_sigma": 0.1, "set_probability": 1},
    ],
)
def test_any_device_has_a_sheet(changes: dict[str, Any]) -> None:
    from scenarios.figures.device import sheet_figure

    assert len(sheet_figure(sheet_of(changes), "odd").axes) >= 6


@pytest.mark.parametrize("level", [None, 5.0])
def test_the_law_that_is_drawn_is_a_density_with_its_sd(level: float | None) -> None:
    from scenarios.figures.device import _density

    x = np.linspace(-6.0, 12.0, 20_001)
    p = _density(x, 0.8, level)
    moments = [np.trapezoid(p * x**k, x) for k in range(3)]
    assert moments == pytest.approx([1.0, 0.0, 0.64], abs=2e-3)


def drawn_inside(figure: Any) -> None:
    """No text beyond the paper, and none of the key numbers on one another."""
    renderer = figure.canvas.get_renderer()
    figure.draw(renderer)
    paper = figure.bbox
    boxes = []
    for ax in figure.axes:
        for text in ax.texts:
            box = text.get_window_extent(renderer)
            assert box.x1 <= paper.x1 + 1, text.get_text()
            assert box.y0 >= paper.y0 - 1, text.get_text()
            if not ax.axison:
                boxes.append((text.get_text(), box))
    for k, (one, box) in enumerate(boxes):
        for other, beside in boxes[k + 1 :]:
            assert not box.shrunk(0.98, 0.9).overlaps(beside.shrunk(0.98, 0.9)), f"{one!r} on {other!r}"


@pytest.mark.parametrize("name", ["rram_gongrasch2022_hfo2", "rram_cmo2024"])
def test_nothing_is_written_over_anything(name: str) -> None:
    from scenarios.figures.device import sheet_figure
    from scenarios.figures.style import house_style

    with house_style():
        drawn_inside(sheet_figure(sheet_of(name), name))


def test_files_are_written_and_the_same_twice(tmp_path: Path) -> None:
    from scenarios.figures.device import draw_sheet, draw_thumbnail

    device: DeviceModel = device_from("vcm_binary")
    first, again = draw_thumbnail(device, tmp_path / "a.png"), draw_thumbnail(device, tmp_path / "b.png")
    assert first.read_bytes() == again.read_bytes()
    assert draw_sheet(device, "binary", tmp_path / "sheet.png").stat().st_size > 20_000
    with pytest.raises(BadInput, match="formats: must be among png, svg, pdf, got 'gif'"):
        draw_thumbnail(device, tmp_path / "a.gif")


# Fits ------------------------------------------------------------------------------------------------------


def panel(**changes: Any) -> Panel:
    x = np.tile(np.arange(20.0), 2)
    model = np.repeat([1.0, 3.0], 20) + 0.1 * x
    base: dict[str, Any] = {
        "x": x,
        "data": model + 0.05,
        "model": model,
        "low": model - 0.2,
        "high": model + 0.2,
    }
    return Panel("Pulses", "pulse", "conductance (µS)", **(base | changes))


FIT = Fit(
    "pulses",
    "soft_bounds",
    {},
    (
        Estimate("step_up", 1.5e-3, 1.4e-3, 1.6e-3),
        Estimate("g_max", 1e-5, 0.99e-5, 1.01e-5, "S"),
        Estimate("d2d_sigma", 0.0, np.nan, np.nan, identified=False, why="one device only"),
    ),
    {"R squared": 0.987},
    (panel(),),
)


def test_a_fit_shows_data_model_and_intervals(tmp_path: Path) -> None:
    from scenarios.figures.device import draw_fit
    from scenarios.figures.fits import fit_figure

    figure = fit_figure([FIT, Fit("iv", "", {}, (), {}, (panel(lines=True, log_x=True),))])
    found = texts(figure)
    for word in (
        "step_up",
        "0.0015  [0.0014, 0.0016]",
        "10  [9.9, 10.1] µS",
    ):
        assert word in found
    assert "d2d_sigma" not in found
    assert "Not identified by these data: d2d_sigma." in " ".join(figure.get_supxlabel().split())
    points, curves = figure.axes[0].lines[0], figure.axes[0].lines[1:]
    np.testing.assert_array_equal(points.get_ydata(), FIT.panels[0].data)
    assert len(curves) == 2  # one a level, not joined
    assert figure.axes[1].get_xscale() == "log"
    assert draw_fit([FIT], tmp_path / "fit.png").stat().st_size > 10_000


def test_bands_of_the_same_curve_are_drawn_once() -> None:
    from scenarios.figures.fits import fit_figure

    x = np.tile(np.arange(10.0), 30)
    many = panel(x=x, data=x, model=x, low=x - 1, high=x + 1)
    figure = fit_figure([Fit("pulses", "soft_bounds", {}, (), {}, (many,))])
    assert len(figure.axes[0].collections) == 1
    assert len(figure.axes[0].lines) == 2


def test_data_in_no_order_get_points() -> None:
    from scenarios.figures.fits import fit_figure

    x = np.random.default_rng(0).permutation(50.0 * np.arange(60))
    figure = fit_figure([Fit("reads", "", {}, (), {}, (panel(x=x, data=x, model=x, low=x - 1, high=x + 1),))])
    assert [line.get_marker() for line in figure.axes[0].lines] == [".", "."]


def test_a_fit_of_nothing_is_refused() -> None:
    from scenarios.figures.fits import fit_figure

    with pytest.raises(BadInput, match="fits: must have something to draw"):
        fit_figure([Fit("iv", "", {}, ())])


def test_measuring_a_sheet_loads_no_matplotlib() -> None:
    code = "import sys, scenarios.device_sheet, scenarios.device_facts; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
