"""Results: frames, named axes, tables and files for other programs."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

import scenarios
from htm.pick import BadInput
from scenarios import store, tables
from scenarios.registry import SCENARIOS

pytestmark = pytest.mark.usefixtures("fake")


@pytest.fixture
def swept() -> scenarios.Results:
    vary = {"device.read_sigma": [0, 0.5], "device": ["pcm_joshi2020", "ideal"]}
    return scenarios.sweep("fake", vary=vary, seeds=3, out="swept", progress=False)


def text_of(results: scenarios.Results) -> str:
    stream = io.StringIO()
    Console(file=stream, width=200).print(results.table())
    return stream.getvalue()


def test_frame_has_a_row_a_point_in_the_order_of_the_sweep(swept: scenarios.Results) -> None:
    frame = swept.to_dataframe()
    assert list(frame.columns[:4]) == ["id", "device.read_sigma", "device", "seed"]
    assert frame.columns[-1] == "wall_s"
    assert list(frame["device"][:4]) == ["pcm_joshi2020"] * 3 + ["ideal"]
    assert list(frame["seed"][:4]) == [3, 4, 5, 3]
    assert frame["odd"].isna().all()
    assert swept.expected == 12


def test_named_axes(swept: scenarios.Results) -> None:
    data = swept.to_xarray()
    assert data.score_hardware.dims == ("device.read_sigma", "device", "seed")
    picked = data.score_hardware.sel({"device": "ideal", "seed": 4, "device.read_sigma": 0.5})
    row = swept.to_dataframe().query("device == 'ideal' and seed == 4 and `device.read_sigma` == 0.5")
    assert float(picked) == row["score_hardware"].item()
    assert data.energy_J.attrs == {"long_name": "energy, hardware", "units": "J"}


def test_files_hold_the_frame(swept: scenarios.Results, tmp_path: Path) -> None:
    import xarray

    written = swept.export(csv="out.csv", parquet="out.parquet", netcdf=tmp_path / "out.nc")
    assert [path.name for path in written] == ["out.csv", "out.parquet", "out.nc"]
    frame = swept.to_dataframe()
    pd.testing.assert_frame_equal(pd.read_csv("out.csv"), frame, check_dtype=False, rtol=1e-15)
    pd.testing.assert_frame_equal(pd.read_parquet("out.parquet"), frame, check_dtype=False, rtol=1e-15)
    with xarray.open_dataset("out.nc", engine="h5netcdf") as data:
        assert data.sizes == {"device.read_sigma": 2, "device": 2, "seed": 3}
    assert not list(tmp_path.glob(".*.tmp"))


def test_mixed_values_become_text_where_a_format_needs_one_kind() -> None:
    results = scenarios.sweep("fake", vary={"pool.limit": ["none", 3], "pool.inner": [{"depth": 1}, {"depth": 2}]},
                              out="mixed", progress=False)  # fmt: skip
    results.export(parquet="out.parquet", netcdf="out.nc", csv="out.csv")
    assert list(pd.read_parquet("out.parquet")["pool.limit"]) == ["none", "none", "3", "3"]
    assert "none" in text_of(results)


@pytest.mark.parametrize(
    ("package", "option", "extra"),
    [("pyarrow", "parquet", "parquet"), ("h5netcdf", "netcdf", "xarray"), ("xarray", "netcdf", "xarray")],
)
def test_a_missing_package_names_its_extra(
    swept: scenarios.Results, monkeypatch: pytest.MonkeyPatch, package: str, option: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(BadInput, match=rf'needs the extra {extra}: pip install "hwsim\[{extra}\]"'):
        swept.export(**{option: "out"})  # type: ignore[arg-type]
    assert not Path("out").exists()


def test_nothing_finished_is_refused(swept: scenarios.Results) -> None:
    empty = scenarios.Results(store.create("empty", dict(swept.manifest)).path)
    assert list(empty.to_dataframe().columns) == ["id", "device.read_sigma", "device", "seed", "wall_s"]
    for ask in (lambda: empty.export(csv="out.csv"), empty.table, empty.to_xarray):
        with pytest.raises(BadInput, match="no point is finished yet"):
            ask()
    with pytest.raises(BadInput, match="name a file"):
        swept.export()
    with pytest.raises(BadInput, match=r"absent/out\.csv: cannot be written: No such file"):
        swept.export(csv="absent/out.csv")


def test_a_run_is_told_side_by_side() -> None:
    text = text_of(scenarios.run("fake", out="run", progress=False))
    lines = [line.split() for line in text.splitlines()]
    assert ["raw", "input", "software", "hardware", "difference"] in lines
    assert any(line[:1] == ["score"] and len(line) == 5 for line in lines)
    assert ["energy", "[nJ]", "3.500"] in lines
    assert "device ideal" in text
    assert "seed 3" in text


def test_seeds_give_an_interval_and_a_sweep_a_row_a_combination(swept: scenarios.Results) -> None:
    text = text_of(swept)
    assert "3 seeds, mean ± 95 % interval" in text
    assert text.count(" ± ") == 1 + 4 * 3
    assert "± " in text_of(scenarios.run("fake", seeds=2, out="run", progress=False))


def test_a_folder_of_an_unknown_scenario_can_still_be_read(
    swept: scenarios.Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(SCENARIOS, "fake")
    assert "score hardware" in text_of(scenarios.Results("swept"))


def test_numbers_are_shown_as_far_as_they_mean_something() -> None:
    cell = tables._cell
    one = tables.Interval
    assert cell(one(0.93124, float("nan"), float("nan"), 1), 1.0) == "0.9312"
    assert cell(one(0.93124, 0.92124, 0.94124, 3), 1.0) == "0.931 ± 0.010"
    assert cell(one(12345.0, float("nan"), float("nan"), 1), 1.0) == "12,345"
    assert cell(one(-0.02, float("nan"), float("nan"), 1), 1.0, sign=True) == "-0.02000"
    assert cell(one(2.0, 2.0, 2.0, 3), 1.0) == "2 ± 0"
    assert cell(one(float("nan"), float("nan"), float("nan"), 0), 1.0) == "-"
    assert cell(one(1e12, float("nan"), float("nan"), 1), 1.0) == "1.000e+12"
    assert tables._scale([1.8e-10], "m2")[1] == "µm²"
    labels = ["energy, hardware", "shared by software and hardware"]
    assert [tables._label("x", [label]) for label in labels] == ["energy", labels[1]]
    assert tables._label("x", ["score, raw input", "score, software"]) == "score"


def test_software_alone_has_no_columns_of_hardware(monkeypatch: pytest.MonkeyPatch) -> None:
    results = scenarios.run("fake", seeds=2, out="run", progress=False)
    frame = results.to_dataframe().drop(columns=["score_raw", "score_hardware"])
    monkeypatch.setattr(results, "to_dataframe", lambda: frame)
    lines = text_of(results).splitlines()
    assert (
        lines[0].strip() == "fake, software, 2 seeds, mean ± 95 % interval"
    )  # whole, however narrow the table
    assert lines[2].split() == ["software"]
    assert [line.split()[0] for line in lines if "±" in line][1:] == ["score", "energy"]
    assert results.table().columns[1].header == "software"
    assert len(results.table().columns) == 2


def test_differences_show_what_either_side_has_to_show() -> None:
    frame = pd.DataFrame({"a_software": [1.0], "a_hardware": [0.72]})
    assert tables._difference(frame, {"software": "a_software", "hardware": "a_hardware"}, 1.0) == "-0.2800"
    whole = pd.DataFrame({"a_software": [6783.0], "a_hardware": [6790.0]})
    assert tables._difference(whole, {"software": "a_software", "hardware": "a_hardware"}, 1.0) == "+7"


def test_plots_are_asked_of_the_plot_module(
    swept: scenarios.Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    import scenarios.plots

    asked = []
    monkeypatch.setattr(
        scenarios.plots, "plot_results", lambda results, out: asked.append((results.folder, out)) or []
    )
    assert scenarios.plot("swept") == []
    assert scenarios.plot(swept, "pictures") == []
    assert asked == [(Path("swept"), Path("swept/plots")), (Path("swept"), Path("pictures"))]
