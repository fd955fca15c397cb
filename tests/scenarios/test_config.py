"""Parameters: layers, overrides, round trips, and one line for every wrong input."""

from __future__ import annotations

import contextlib
import io
import json
import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.presets import DEVICES, device_from
from htm.pick import BadInput
from scenarios import cli, config
from scenarios.overrides import parse_value, parse_varies, parse_vary

pytestmark = pytest.mark.usefixtures("fake")

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def refused(source: object, sets: object = ()) -> str:
    with pytest.raises(BadInput) as caught:
        config.load(source, sets)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_layers_lie_on_each_other(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text('scenario = "fake"\n[pool]\ndensity = 0.5\nlimit = 1\n')
    loaded = config.load(file, ["pool.limit=2", "pool.limit=3"])
    assert (loaded.pool.columns, loaded.pool.density, loaded.pool.limit) == (12, 0.5, 3)
    assert loaded.pool.inner.depth == 2


def test_overrides_in_every_form_say_the_same() -> None:
    first = config.load("fake", ["pool.columns=9", 'trick.log="x"'])
    assert first == config.load("fake", {"pool": {"columns": 9}, "trick.log": "x"})
    assert first == config.load("fake", ["pool={columns=9}", "trick.log=x"])


@pytest.mark.parametrize("order", [1, -1])
def test_device_preset_and_fields_in_either_order(order: int) -> None:
    sets = ["device=pcm_joshi2020", "device.stuck_on_fraction=0.1"][::order]
    expected = device_from({"preset": "pcm_joshi2020", "stuck_on_fraction": 0.1})
    assert config.load("fake", sets).device == expected


def test_another_device_preset_drops_the_fields_of_the_one_before(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text('scenario = "fake"\n[device]\npreset = "rram_gong2018"\nstuck_on_fraction = 0.2\n')
    assert config.load(file).device.stuck_on_fraction == 0.2
    assert config.load(file, ["device.read_sigma=0.5"]).device.stuck_on_fraction == 0.2
    assert config.load(file, ["device=ideal"]).device == device_from("ideal")


def test_part_of_a_nested_device_table_can_be_changed() -> None:
    changed = config.load("fake", ["device=pcm_joshi2020", "device.drift_nu_mean.slope=-0.01"]).device
    assert changed.drift_nu_mean.slope == -0.01  # type: ignore[attr-defined]
    same = device_from("pcm_joshi2020").drift_nu_mean.intercept  # type: ignore[attr-defined]
    assert changed.drift_nu_mean.intercept == same  # type: ignore[attr-defined]


def test_g_min_of_a_saved_file_can_be_overridden(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text(config.to_toml(config.load("fake", ["device=rram_gong2018"])))
    assert config.load(file, ["device.g_min=1e-7"]).device.g_min == 1e-7
    assert config.load(config.load(file), ["device.g_min=1e-7"]).device.g_min == 1e-7


@pytest.mark.parametrize("device", DEVICES)
def test_round_trips(device: str, tmp_path: Path) -> None:
    loaded = config.load("fake", {"device": device, "pool.limit": "none", "device.read_sigma": 0.125})
    table = json.loads(json.dumps(config.dump(loaded)))
    assert table["device"]["preset"] == device
    assert config.load_resolved(table) == loaded
    file = tmp_path / "saved.toml"
    file.write_text(config.to_toml(loaded), encoding="utf-8")
    again = config.load(file)
    assert again == loaded
    assert config.point_id(again) == config.point_id(loaded)
    assert config.point_id(config.load("fake", {"device": device})) != config.point_id(loaded)


def test_toml_tells_unit_meaning_and_none() -> None:
    text = config.to_toml(config.load("fake"))
    assert "[S]" in text
    assert "share that wins" in text
    assert "# wait = none" in text
    assert 'limit = "none"' in config.to_toml(config.load("fake", ["pool.limit=none"]))


@pytest.mark.parametrize(
    ("sets", "expected"),
    [
        (["pool.colums=3"], "pool.colums: unknown key (did you mean columns?)"),
        (["pool.inner.dept=3"], "pool.inner.dept: unknown key (did you mean depth?)"),
        (["gian=3"], "gian: unknown key (did you mean gain?)"),
        (["pool.columns=0"], "pool.columns: input should be greater than or equal to 1, got 0"),
        (["pool.columns=many"], "pool.columns: "),
        (["pool=3"], "pool: "),
        (["seed.x=3"], "seed: "),
        (["seed=-1"], "seed: "),
        (["gain=nan"], "gain: must be a finite number, got nan"),
        (["gain=-inf"], "gain: must be a finite number, got -inf"),
        (["gain=1e999"], "gain: must be a finite number"),
        (["device.read_sigma=nan"], "device.read_sigma: must be a finite number"),
        (["device.read_sigm=1"], "device.read_sigm: unknown key (did you mean read_sigma"),
        (["device=pcm_joshi"], "device: unknown name 'pcm_joshi' (did you mean pcm_joshi2020"),
        (["device=3"], "device: must be a preset's name or a table"),
        (["device.g_max=3 V"], "device.g_max: must be in S"),
        (["scenario=digits"], "scenario: "),
        (["pool.columns"], "--set pool.columns: must look like key=value"),
        (["=3"], "no dotted key"),
        (["a..b=3"], "no dotted key"),
        (["pool=3", "pool.columns=3"], "pool.columns: pool was set to a single value"),
        (["seed=0x" + "f" * 5000], "seed: must be an integer of at most 64 bits"),
        (["pool.inner.note=3"], "pool.inner.note: "),
        ([".".join("a" * 2000) + "=1"], "no dotted key"),
    ],
)
def test_wrong_overrides_name_their_key(sets: list[str], expected: str) -> None:
    assert expected in refused("fake", sets)


def test_all_errors_come_at_once() -> None:
    message = refused("fake", ["pool.colums=3", "gain=x"])
    assert "pool.colums: unknown key" in message
    assert "gain: " in message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "scenario: must be given"),
        ("scenario = 3", "scenario: unknown name 3"),
        ('scenario = "fak"', "did you mean fake"),
        ("scenario = ", "no valid TOML"),
        ('scenario = "fake"\nx = ' + "[" * 5000 + "]" * 5000, ""),
        ('scenario = "fake"\n' + ".".join("a" * 3000) + " = 1", ""),
        ('scenario = "fake"\ndevice = [1]', "device: must be a preset's name or a table"),
        ('scenario = "fake"\n[device]\nread_sigma = 0.1', ""),
    ],
)
def test_wrong_files(text: str, expected: str, tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text(text)
    try:
        config.load(file)
    except BadInput as error:
        assert expected in str(error)
    else:
        assert expected == ""


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "absent.toml")
    assert "cannot be read" in refused(tmp_path)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    assert "no valid TOML" in refused(tmp_path / "binary.toml")
    assert "did you mean fake" in refused("faka")


def test_ranges_and_lists() -> None:
    assert parse_vary("a.b=0:0.5:11") == ("a.b", [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5])
    assert parse_vary("a=256:1024:4") == ("a", [256, 512, 768, 1024])
    assert parse_vary("a=log:1e-3:1:4") == ("a", [0.001, 0.01, 0.1, 1.0])
    assert parse_vary("a=2:2:1") == ("a", [2])
    assert parse_vary("a=0,0.05,true") == ("a", [0, 0.05, True])
    assert parse_vary("device=pcm_joshi2020,ideal") == ("device", ["pcm_joshi2020", "ideal"])
    assert parse_vary("a=10 uS, 20 uS") == ("a", ["10 uS", "20 uS"])
    assert parse_vary("a=[1,2],[3]") == ("a", [[1, 2], [3]])
    assert parse_varies({"a": "0:1:3", "b": (1, 2)}) == {"a": [0.0, 0.5, 1.0], "b": [1, 2]}


@pytest.mark.parametrize(
    "text",
    ["a", "a=", "=1", "a=1,,2", "a=1,1", "a=0:1:0", "a=0:1:1", "a=0:1:x", "a=0:1:2.5", "a=0:nan:3", "a=0:inf:3",
     "a=0:1:999999999", "a=log:0:1:3", "a=log:-1:1:3", "a=log:1e-300:1e300:9", "seed=1,2", "a=0:1:-3"],
)  # fmt: skip
def test_wrong_ranges(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_vary(text)
    assert "\n" not in str(caught.value)


def test_a_key_is_swept_once() -> None:
    with pytest.raises(BadInput, match="swept twice"):
        parse_varies(["a=1,2", "a=3,4"])


@QUICK
@given(st.text(max_size=40))
def test_any_text_is_a_value(text: str) -> None:
    parse_value(text)


@QUICK
@given(st.text(alphabet=string.printable + "µ\x00", max_size=30), st.booleans())
def test_any_vary_is_read_or_refused(text: str, with_key: bool) -> None:
    with contextlib.suppress(BadInput):
        parse_vary(f"a.b={text}" if with_key else text)


_SCALARS = st.one_of(
    st.integers(), st.floats(), st.booleans(), st.text(max_size=12), st.lists(st.integers(), max_size=3),
    st.dates(), st.sampled_from(["none", "1 S", "10 uS", "ideal", "nan"]),
)  # fmt: skip


def _as_toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value)
    return str(value)


@st.composite
def mutated(draw: st.DrawFn, base: str) -> str:
    """A valid file with some lines dropped, doubled, renamed, revalued, or some characters changed."""
    lines = base.splitlines()
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        key, equals, value = lines[at].partition(" = ")
        kind = draw(
            st.sampled_from(["drop", "double", "key", "value", "value", "value", "character", "section"])
        )
        if kind == "drop" and len(lines) > 1:
            del lines[at]
        elif kind == "double":
            lines.insert(at, lines[at])
        elif kind == "key" and equals:
            lines[at] = f"{draw(st.text(string.ascii_lowercase + '._', min_size=1, max_size=8))} = {value}"
        elif kind == "value" and equals:
            lines[at] = f"{key} = {_as_toml(draw(_SCALARS))}"
        elif kind == "section":
            lines.insert(
                at, draw(st.sampled_from(["[device]", "[pool]", "[seed]", "[[pool]]", "[pool.inner.x]"]))
            )
        else:
            cut = draw(st.integers(0, len(lines[at])))
            lines[at] = lines[at][:cut] + draw(st.characters()) + lines[at][cut + 1 :]
    return "\n".join(lines)


@QUICK
@given(data=st.data(), device=st.sampled_from(sorted(DEVICES)))
def test_a_mutated_file_loads_or_is_refused_in_one_line(
    data: st.DataObject, device: str, tmp_path: Path
) -> None:
    text = data.draw(mutated(config.to_toml(config.load("fake", {"device": device}))))
    file = tmp_path / "mutated.toml"
    file.write_text(text, encoding="utf-8", errors="surrogatepass")
    output, complaint = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(complaint):
        code = cli.main(["show", str(file)])
    if code == 0:
        saved = tmp_path / "saved.toml"
        saved.write_text(output.getvalue(), encoding="utf-8")
        assert config.load(saved) == config.load(file)
        assert config.load_resolved(config.dump(config.load(file))) == config.load(file)
    else:
        assert code == 2
        assert complaint.getvalue().startswith("hwsim: error: ")
        assert complaint.getvalue().count("\n") == 1


@QUICK
@given(
    key=st.sampled_from(
        ["gain", "seed", "device", "device.read_sigma", "pool.limit", "pool.inner", "trick.log", "x.y"]
    ),
    value=st.one_of(st.text(max_size=15), _SCALARS.map(_as_toml)),
)
def test_any_override_is_taken_or_refused_in_one_line(key: str, value: str) -> None:
    complaint = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(complaint):
        code = cli.main(["show", "fake", "--set", f"{key}={value}"])
    assert code in (0, 2)
    assert complaint.getvalue().count("\n") == (code == 2)
