"""``hwsim device``, and a preset file wherever a preset's name goes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from devices.fit.result import Estimate, Fit, Panel
from devices.measurements import RepeatedReads
from devices.preset_file import read_preset, write_preset
from devices.presets import DEVICES, device_from
from devices.read_csv import read_csv
from htm.pick import BadInput
from scenarios import cli, config, device_command, sweep
from scenarios.device_tables import MEASURED

pytestmark = pytest.mark.usefixtures("fake")
Capture = pytest.CaptureFixture[str]


def said(capsys: Capture, *arguments: str) -> str:
    assert cli.main(list(arguments)) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def refused(capsys: Capture, *arguments: str) -> str:
    assert cli.main(list(arguments)) == 2
    errors = capsys.readouterr().err
    assert errors.startswith("hwsim: error: ")
    assert errors.count("\n") == 1
    return errors


def test_list_has_every_preset_with_its_model_range_and_mechanisms(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    lines = said(capsys, "device", "list").splitlines()
    first = {line.split()[0]: line for line in lines if line[:1].strip()}
    assert set(DEVICES) <= set(first)
    assert all(part in first["rram_gong2018"] for part in ("soft_bounds", "588 nS .. 10 µS", "d2d, c2c"))
    assert "drift" in first["pcm_joshi2020"]
    assert "drift" not in first["rram_gong2018"]


@pytest.mark.parametrize("name", DEVICES)
def test_what_show_prints_is_the_preset_in_a_run(capsys: Capture, name: str) -> None:
    Path("mine.toml").write_text(said(capsys, "device", "show", name), encoding="utf-8")
    mine = config.load("fake", ["device=mine.toml"])
    assert config.point_id(mine) == config.point_id(config.load("fake", [f"device={name}"]))


def test_show_takes_changes_files_and_their_changes(capsys: Capture) -> None:
    text = said(capsys, "device", "show", "rram_gong2018", "--set", "read_sigma=0.1")
    Path("a.toml").write_text(text, encoding="utf-8")
    assert read_preset("a.toml") == device_from({"preset": "rram_gong2018", "read_sigma": 0.1})
    again = said(capsys, "device", "show", "a.toml", "--set", "device.read_sigma=0")
    Path("b.toml").write_text(again, encoding="utf-8")
    assert read_preset("b.toml") == DEVICES["rram_gong2018"]()
    assert said(capsys, "show", "a.toml") == said(capsys, "device", "show", "a.toml")
    assert "unknown name 'rram_gong' (did you mean" in refused(capsys, "device", "show", "rram_gong")
    assert "no.toml: there is no such file" in refused(capsys, "device", "show", "no.toml")
    assert "read_sigm: unknown key" in refused(capsys, "device", "show", "a.toml", "--set", "read_sigm=1")


# A preset file in runs and sweeps --------------------------------------------------------------------------

LINEAR = {"model": "linear_step", "g_min": 1e-6, "g_max": 1e-5}


def linear() -> Any:
    from devices.linear_step import LinearStep

    required = [key for key, field in LinearStep.model_fields.items() if field.is_required()]
    return device_from({**{key: 0.01 for key in required}, **LINEAR})


def files() -> None:
    write_preset("soft.toml", device_from({"preset": "rram_gong2018", "read_sigma": 0.2, "g_max": 2e-5}))
    write_preset("linear.toml", linear())


@pytest.mark.parametrize("of_a_preset", [True, False])
@pytest.mark.parametrize("file", ["soft.toml", "linear.toml"])
def test_a_file_resolves_to_its_values_and_needs_no_file_again(
    file: str, of_a_preset: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where no preset is of its model."""
    files()
    if not of_a_preset:
        monkeypatch.setattr(config, "preset_of", lambda device: None)
    device = read_preset(file)
    found = config.load("fake", [f"device={file}"])
    resolved, text = config.dump(found), config.to_toml(found)
    Path(file).unlink()
    assert file not in json.dumps(resolved) + text
    Path("run.toml").write_text(text, encoding="utf-8")
    for one in (found, config.load_resolved(resolved), config.load("run.toml")):
        assert getattr(one, "device", None) == device
        assert config.point_id(one) == config.point_id(found)


@pytest.mark.parametrize(
    "sets", [["device=soft.toml", "device.c2c_sigma=0"], ["device.c2c_sigma=0", "device=soft.toml"]]
)
def test_changes_of_a_file_hold_in_either_order(sets: list[str]) -> None:
    files()
    found = config.load("fake", sets)
    assert getattr(found, "device", None) == device_from({"preset": "soft.toml", "c2c_sigma": 0})


def test_a_configuration_names_a_file_beside_itself_and_changes_it() -> None:
    Path("sub").mkdir()
    write_preset("sub/my.toml", linear())
    Path("sub/run.toml").write_text('scenario = "fake"\n[device]\npreset = "my.toml"\nread_sigma = 0.3\n')
    found = config.load("sub/run.toml")
    assert getattr(found, "device", None) == device_from(
        {**linear().model_dump(), "read_sigma": 0.3, "model": "linear_step"}
    )
    Path("sub/run.toml").write_text('scenario = "fake"\ndevice = "my.toml"\n')
    assert getattr(config.load("sub/run.toml"), "device", None) == linear()


def test_another_device_drops_the_fields_of_a_file() -> None:
    files()
    Path("run.toml").write_text('scenario = "fake"\ndevice = "linear.toml"\n')
    found = config.load("run.toml", ["device=pcm_joshi2020"])
    assert getattr(found, "device", None) == DEVICES["pcm_joshi2020"]()


def test_a_sweep_over_files_notices_a_changed_one() -> None:
    files()
    arguments: dict[str, Any] = {"vary": ["device=soft.toml,linear.toml,ideal"], "progress": False}
    first = sweep("fake", **arguments)
    ids = set(first.to_dataframe()["id"])
    assert len(first.to_dataframe()) == 3
    write_preset("soft.toml", device_from({"preset": "rram_gong2018", "read_sigma": 0.4}))
    again = sweep("fake", **arguments)
    assert again.folder != first.folder
    assert len(again.to_dataframe()) == 3
    assert len(ids & set(again.to_dataframe()["id"])) == 2
    with pytest.raises(BadInput, match=r"soft\.toml"):
        sweep("fake", out=first.folder, **arguments)


def test_a_bad_file_in_a_run_is_one_line(capsys: Capture) -> None:
    Path("bad.toml").write_text('model = "soft_bound"\n')
    assert "bad.toml: model: unknown name 'soft_bound'" in refused(
        capsys, "run", "fake", "--set", "device=bad.toml"
    )
    assert "bad.toml: model: unknown" in refused(capsys, "sweep", "fake", "--vary", "device=bad.toml,ideal")


# Measuring and fitting -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MEASURED)
@pytest.mark.parametrize("name", ["pcm_joshi2020", "rram_gong2018", "ideal"])
def test_what_is_simulated_can_be_read(capsys: Capture, kind: str, name: str) -> None:
    arguments = ["--devices", "2", "--cycles", "1", "--pulses", "8", "-o", "a.csv"]
    assert said(capsys, "device", "simulate", name, "--kind", kind, *arguments) == "a.csv\n"
    assert read_csv("a.csv").kind == kind


def test_simulate_is_the_same_for_the_same_seed(capsys: Capture) -> None:
    for out, seed in (("a.csv", "1"), ("b.csv", "1"), ("c.csv", "2")):
        said(capsys, "device", "simulate", "rram_gong2018", "--kind", "pulses", "-o", out, "--seed", seed)
    assert Path("a.csv").read_bytes() == Path("b.csv").read_bytes() != Path("c.csv").read_bytes()
    wrong = refused(capsys, "device", "simulate", "ideal", "--kind", "pulse", "-o", "a.csv")
    assert "--kind: unknown name 'pulse' (did you mean pulses?)" in wrong


def fake_pulses(data: Any, model: str | None) -> Fit:
    x = np.arange(4.0)
    return Fit(
        "pulses",
        model or "soft_bounds",
        {"g_min": 1e-6, "g_max": 1e-5, "step_up": 0.1, "step_down": 0.05},
        (
            Estimate("g_max", 1e-5, 0.9e-5, 1.1e-5, "S"),
            Estimate("d2d_sigma", 0.0, np.nan, np.nan, identified=False, why="one device only"),
        ),
        {"R2": 0.987},
        (Panel("pulses", "pulse", "conductance (S)", x, x, x),),
        ("Fitted to very little.",),
    )


def fake_reads(data: RepeatedReads) -> Fit:
    return Fit("reads", "", {"read_sigma": 0.03}, (Estimate("read_sigma", 0.03, 0.02, 0.04),), {})


@pytest.fixture
def fitted(fake: None, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> Callable[..., str]:
    """Runs ``hwsim device fit`` with fits that take no time."""
    monkeypatch.setitem(sys.modules, "devices.fit.pulses", SimpleNamespace(fit_pulses=fake_pulses))
    monkeypatch.setitem(sys.modules, "devices.fit.reads", SimpleNamespace(fit_reads=fake_reads))
    for kind in ("pulses", "reads"):
        said(
            capsys,
            "device",
            "simulate",
            "rram_gong2018",
            "--kind",
            kind,
            "-o",
            f"{kind}.csv",
            "--devices",
            "1",
        )
    monkeypatch.setenv("COLUMNS", "160")
    return lambda *arguments: said(capsys, "device", "fit", *arguments)


def test_fit_prints_a_table_and_writes_a_file_that_a_run_takes(fitted: Callable[..., str]) -> None:
    shown = fitted("pulses.csv", "reads.csv", "-o", "mine.toml", "--plot", "fit.png")
    for part in ("9 .. 11", "µS", "not identifiable: one device only", "R2 0.987", "Fitted to very little.",
                 "preset: mine.toml", "plot: fit.png", "pulses: soft_bounds (pulses.csv)"):  # fmt: skip
        assert part in shown
    assert Path("fit.png").stat().st_size > 10_000
    device = getattr(config.load("fake", ["device=mine.toml"]), "device", None)
    assert (device.g_max, device.read_sigma) == (1e-5, 0.03)
    first = Path("mine.toml").read_bytes()
    fitted("pulses.csv", "reads.csv", "-o", "mine.toml")
    assert Path("mine.toml").read_bytes() == first


def test_reads_alone_are_shown_but_make_no_device(fitted: Callable[..., str], capsys: Capture) -> None:
    assert "read_sigma" in fitted("reads.csv")
    assert cli.main(["device", "fit", "reads.csv", "-o", "mine.toml"]) == 2
    assert "reads.csv: drift, reads and I-V curves alone make no device" in capsys.readouterr().err
    assert not Path("mine.toml").exists()


def test_bad_input_is_refused_before_any_fit(
    fitted: Callable[..., str], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted("pulses.csv")
    monkeypatch.setitem(device_command.FITS, "pulses", "no.such:fit")
    Path("bad.csv").write_text("read,conductance\n1,x\n")
    assert "bad.csv: row 2: conductance must be a number" in refused(
        capsys, "device", "fit", "pulses.csv", "bad.csv"
    )
    assert "--model: unknown name 'pcmm'" in refused(capsys, "device", "fit", "pulses.csv", "--model", "pcmm")
    assert "must end in .toml" in refused(capsys, "device", "fit", "pulses.csv", "-o", "a.json")


def test_plot_draws_a_sheet(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    import scenarios.figures.device as drawn

    seen: list[Any] = []
    monkeypatch.setattr(drawn, "draw_sheet", lambda *given: seen.append(given) or given[2])
    write_preset("a.toml", DEVICES["rram_gong2018"]())
    assert said(capsys, "device", "plot", "a.toml", "--set", "read_sigma=0.1") == "a.png\n"
    device, title, path, seed = seen[0]
    assert device == device_from({"preset": "rram_gong2018", "read_sigma": 0.1})
    assert (title, path, seed) == ("a.toml, read_sigma=0.1", Path("a.png"), 0)


def test_measured_fitted_and_run(capsys: Capture) -> None:
    """From a simulated lab to a device in a run, nothing stood in for: it comes back as it was."""
    true = {"step_up": 0.02, "step_down": 0.03, "c2c_sigma": 0.5, "write_sigma": 0.01, "read_sigma": 0.02}
    sets = [
        f"--set={name}={value}" for name, value in {**true, "d2d_sigma": 0.1, "g_min_sigma": 0.02}.items()
    ]
    measured = ("--devices", "8", "--cycles", "2", "--pulses", "80")
    for kind in ("pulses", "reads", "iv"):
        said(
            capsys,
            "device",
            "simulate",
            "rram_gong2018",
            "--kind",
            kind,
            "-o",
            f"{kind}.csv",
            *sets,
            *measured,
        )
    told = said(
        capsys, "device", "fit", "pulses.csv", "reads.csv", "iv.csv", "-o", "mine.toml", "--plot", "fit.png"
    )
    assert "step_up" in told
    assert "not identifiable" in told
    assert Path("fit.png").stat().st_size > 10_000
    device = config.load("fake", ["device=mine.toml"]).device  # type: ignore[attr-defined]
    assert type(device).__name__ == "SoftBoundsRram"
    for name in ("step_up", "step_down", "read_sigma"):
        assert getattr(device, name) == pytest.approx(true[name], rel=0.35)
    assert device.g_max == pytest.approx(1e-5, rel=0.15)
    assert device.iv_sinh == 0.0
