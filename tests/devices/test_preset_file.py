"""Preset files: what is written is read back, every preset and model; wrong files name the file and the key."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from devices.fit.join import device_of
from devices.fit.result import Estimate, Fit
from devices.linear_step import LinearStep
from devices.models import MODELS
from devices.preset_file import FitRecord, model_name, preset_text, read_preset, record_of, write_preset
from devices.presets import DEVICES, device_from
from htm.pick import BadInput


@pytest.mark.parametrize("name", DEVICES)
def test_every_preset_survives_its_file(name: str, tmp_path: Path) -> None:
    device = DEVICES[name]()
    path = write_preset(tmp_path / "a.toml", device, "a title\nof two lines")
    assert read_preset(path) == device
    assert device_from(str(path)) == device
    assert preset_text(read_preset(path), "a title\nof two lines") == path.read_text(encoding="utf-8")


def test_a_model_is_given_by_its_name(tmp_path: Path) -> None:
    linear = device_from({"model": "linear_step", **_linear()})
    assert type(linear) is MODELS["linear_step"] is LinearStep
    assert read_preset(write_preset(tmp_path / "a.toml", linear)) == linear


def _linear() -> dict[str, float]:
    required = [name for name, field in LinearStep.model_fields.items() if field.is_required()]
    values = {"g_min": 1e-6, "g_max": 1e-5}
    return {name: values.get(name, 0.01) for name in required}


def test_a_path_with_changes(tmp_path: Path) -> None:
    path = write_preset(tmp_path / "a.toml", DEVICES["rram_gong2018"]())
    changed = device_from({"preset": str(path), "read_sigma": 0.1})
    assert changed == device_from({"preset": "rram_gong2018", "read_sigma": 0.1})


def test_units_and_none_as_text(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(
        'model = "soft_bounds"\ng_min = "1 uS"\ng_max = "10 uS"\nstep_up = 0.1\nstep_down = 0.1\nn_levels = "none"\n'
    )
    device = read_preset(path)
    assert (device.g_min, device.g_max, device.n_levels) == (1e-6, 1e-5, None)


def fits() -> list[Fit]:
    base = {"g_min": 1e-6, "g_max": 1e-5, "step_up": 0.1, "step_down": 0.05}
    return [
        Fit(
            "pulses",
            "soft_bounds",
            {**base, "read_sigma": 0.02},
            (
                Estimate("step_up", 0.1, 0.09, 0.11),
                Estimate("read_sigma", 0.02, 0.0, 0.04),
                Estimate("c2c_sigma", 0.0, np.nan, np.nan, identified=False, why="one cycle"),
            ),
            {"R2": 0.99, "AIC": float("nan")},
        ),
        Fit(
            "reads", "", {"read_sigma": 0.031}, (Estimate("read_sigma", 0.031, 0.03, 0.032),), {"rows": 10.0}
        ),
    ]


def test_a_fit_is_recorded_beside_the_device_and_ignored(tmp_path: Path) -> None:
    device = device_of(fits())
    path = write_preset(tmp_path / "a.toml", device, "x\x00y", record_of(fits(), ["a.csv", 'b".csv']))
    assert read_preset(path) == device
    fit = tomllib.loads(path.read_text(encoding="utf-8"))["fit"]
    assert fit["intervals"]["read_sigma"] == [0.03, 0.032]
    assert fit["not_identified"] == {"c2c_sigma": "one cycle"}
    assert fit["goodness"] == {"pulses": {"R2": 0.99}, "reads": {"rows": 10.0}}
    assert FitRecord.model_validate(fit) == record_of(fits(), ["a.csv", 'b".csv'])


HEAD = 'model = "soft_bounds"\ng_min = 1e-6\ng_max = 1e-5\nstep_up = 0.1\nstep_down = 0.1\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "model: must be given, one of ideal, "),
        ('scenario = "digits"', "model: must be given"),
        (HEAD.replace("soft_bounds", "soft_bound"), "model: unknown name 'soft_bound' (did you mean soft_bounds"),
        ("model = 3", "model: unknown name 3"),
        (HEAD.replace("g_max", "gmax"), "g_max: must be given; gmax: unknown key (did you mean g_max"),
        (HEAD + "read_sigma = -1", "read_sigma: input should be greater than or equal to 0, got -1"),
        (HEAD + "read_sigma = nan", "read_sigma: input should be a finite number"),
        (HEAD.replace("1e-5", '"10 A"'), "g_max: must be in S"),
        (HEAD + "[fit]\nfile = 1", "fit.file: unknown key (did you mean files"),
        (HEAD + '[fit.intervals]\na = [1, "x"]', "fit.intervals.a.1: "),
        ("model = ", "is no valid TOML"),
        ("a = " + "[" * 5000, "is no valid TOML"),
        ("#" * (1 << 21), "is no preset file: longer than"),
    ],
)  # fmt: skip
def test_bad_files_name_the_file_and_the_key(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.toml"
    path.write_text(text)
    with pytest.raises(BadInput) as refused:
        device_from(str(path))
    assert str(refused.value).startswith(f"{path}: {message}")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no such file"):
        device_from(str(tmp_path / "a.toml"))
    with pytest.raises(BadInput, match="cannot be read"):
        read_preset(tmp_path)
    with pytest.raises(BadInput, match=r"must end in \.toml"):
        write_preset(tmp_path / "a.txt", DEVICES["ideal"]())


# Joining fits ----------------------------------------------------------------------------------------------


def test_the_measurement_made_for_a_parameter_holds() -> None:
    assert device_of(fits()).read_sigma == 0.031
    assert device_of(fits()[::-1]).read_sigma == 0.031


def test_fits_that_contradict_each_other_are_refused_by_file() -> None:
    one, _ = fits()
    other = Fit("reads", "", {"read_sigma": 0.1}, (Estimate("read_sigma", 0.1, 0.09, 0.11),))
    with pytest.raises(BadInput, match=r"a\.csv and b\.csv disagree on read_sigma: 0.02 \[0, 0.04\] and 0.1"):
        device_of([one, other], ["a.csv", "b.csv"])


def test_an_assumed_value_yields_to_a_determined_one() -> None:
    one, _ = fits()
    retention = Fit(
        "retention", "soft_bounds", {"g_min": 0.0, "g_max": 1e-4, "step_up": 0.5, "step_down": 0.05}, ()
    )
    joined = device_of([retention, one])
    assert (joined.g_max, getattr(joined, "step_up", None)) == (1e-5, 0.1)


def test_retention_adds_to_a_pulsed_model_that_has_its_fields() -> None:
    one, _ = fits()
    capacitor = DEVICES["capacitor_li2018"]()
    assert "leak_time" in type(capacitor).model_fields
    warm = Fit(
        "retention",
        "relaxing_rram",
        {"activation_energy": 0.5},
        (Estimate("activation_energy", 0.5, 0.4, 0.6, "eV"),),
    )
    joined = device_of([one, warm])
    assert model_name(joined) == "soft_bounds"
    assert joined.model_dump()["activation_energy"] == 0.5


def test_models_that_do_not_go_together_and_fits_without_a_model() -> None:
    one, reads = fits()
    drift = Fit("retention", "pcm", {"drift_nu_mean": {}}, ())
    with pytest.raises(BadInput, match=r"soft_bounds lacks drift_nu_mean.*--model"):
        device_of([one, drift])
    with pytest.raises(BadInput, match="alone make no device"):
        device_of([reads])
