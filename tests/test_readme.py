"""Every command of README.md runs, at smoke size; its two install commands are what `.ci/run` executes."""

import json
import re
import shlex
from pathlib import Path

import pytest

from scenarios.cli import main

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SMALL = ["data.train=60", "data.test=30", "pooler.columns=256", "robustness.records=2", "robustness.levels=2"]
MEMORY = [
    "pooler.columns=256",
    "pooler.density=0.05",
    "memory.activation_threshold=8",
    "memory.matching_threshold=6",
]
SMALLER = {
    "digits": SMALL,
    "stream": [f"detector.{one}" for one in MEMORY],
    "nab": ["detector.members=1", *(f"detector.{one}" for one in MEMORY)],
    "spiking_sequences": [
        "spiking_tm.target=numpy",
        "spiking_tm.neurons=16",
        "spiking_tm.active=4",
        "spiking_tm.probability=0.5",
        "task.episodes=2",
    ],
    "sequences": ["task.swap=300", "task.elements=600", "task.window=5"],
}


def _blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


COMMANDS = [
    line.removeprefix("$ ")
    for block in _blocks("console")
    for line in block.splitlines()
    if line.startswith("$ ")
]


def _arguments(command, idx_folder, nab_checkout):
    """Words of a command, with a small configuration where it computes."""
    words = shlex.split(command.replace("NAB_CHECKOUT", str(nab_checkout)).replace("FOLDER", str(idx_folder)))
    assert words[0] == "hwsim"
    words = words[1:]
    target = None
    if ">" in words:
        target = words[words.index(">") + 1]
        words = words[: words.index(">")]
    if words[0] in ("run", "sweep"):
        words = [re.sub(r"=([\d.]+):([\d.]+):\d+$", r"=\1:\2:2", word) for word in words]
        words = [re.sub(r"^task\.episodes=\d+$", "task.episodes=2", word) for word in words]
        if "--seeds" in words:
            words[words.index("--seeds") + 1] = "1"
        small = SMALLER.get(words[1], SMALL)  # else a TOML file, of digits
        given = {word.partition("=")[0] for word in words}
        words += [
            word for value in small if value.partition("=")[0] not in given for word in ("--set", value)
        ]
    return words, target


@pytest.fixture
def idx_folder(tmp_path_factory):
    """A few digits as an IDX folder."""
    import struct

    from scenarios.data import DataParams, load_images

    folder = tmp_path_factory.mktemp("idx")
    data = load_images(DataParams(train=60, test=30))
    for prefix, images, labels in (
        ("train", data.train_images, data.train_labels),
        ("t10k", data.test_images, data.test_labels),
    ):
        for kind, array in (("images-idx3", images), ("labels-idx1", labels.astype("uint8"))):
            header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
            (folder / f"{prefix}-{kind}-ubyte").write_bytes(header + array.tobytes())
    return folder


@pytest.fixture
def nab_checkout(tmp_path_factory):
    """One labelled series, laid out as NAB's."""
    folder = tmp_path_factory.mktemp("nab")
    path = folder / "data" / "realKnownCause" / "one.csv"
    path.parent.mkdir(parents=True)
    _write_stream(path)
    (folder / "labels").mkdir()
    windows = {"realKnownCause/one.csv": [["2024-01-11 00:00:00", "2024-01-12 00:00:00"]]}
    (folder / "labels" / "combined_windows.json").write_text(json.dumps(windows))
    return folder


def _write_stream(path):
    """300 hours with a daily course, and a plateau in it."""
    rows = [
        f"2024-01-{1 + i // 24:02d} {i % 24:02d}:00:00,{80 if 240 <= i < 260 else i % 24}" for i in range(300)
    ]
    path.write_text("\n".join(["timestamp,value", *rows]) + "\n")


# Brian2 calls its parser by names that the parser's newest version deprecates.
@pytest.mark.filterwarnings("ignore:.* deprecated - use:DeprecationWarning")
def test_commands_in_their_order(tmp_path, idx_folder, nab_checkout, monkeypatch, capfd):
    """One test for all, since later commands use what earlier ones made."""
    monkeypatch.chdir(tmp_path)
    _write_stream(tmp_path / "FILE.csv")
    (tmp_path / "WINDOWS.csv").write_text("start,end\n2024-01-11 00:00:00,2024-01-12 00:00:00\n")
    for command in COMMANDS:
        words, target = _arguments(command, idx_folder, nab_checkout)
        code = main(words)
        out, err = capfd.readouterr()
        if "read_nois=" in command:
            assert code == 2, command
            assert err.strip() in README
            continue
        assert code == 0, f"{command}: {err}"
        assert "Traceback" not in err
        assert "WARNING" not in err, command
        if target is not None:
            Path(target).write_text(out, encoding="utf-8")
        if words[0] in ("run", "sweep"):
            assert "results: " in out, command
            pictures = re.findall(r"^plot: (.*)$", out, flags=re.MULTILINE)
            assert pictures, command
            assert all(Path(picture).stat().st_size > 5000 for picture in pictures)


@pytest.mark.parametrize("code", _blocks("python"), ids=["scenarios", "parts", "model"])
def test_python(code, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    settings = ", ".join(f"{value.split('=')[0]!r}: {value.split('=')[1]}" for value in SMALL)
    code = code.replace('"crossbar.readout": "analog"}', f'"crossbar.readout": "analog", {settings}}}')
    code = code.replace('sweep("digits", vary', f'sweep("digits", {{{settings}}}, vary').replace(
        "jobs=2", "jobs=1"
    )
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    assert capfd.readouterr().out.strip()


def test_every_command_is_walked_in_order():
    """Later commands use what earlier ones made."""
    assert COMMANDS[0] == "hwsim run digits --out runs/first"
    assert any(command.startswith("hwsim plot ") for command in COMMANDS)
    assert any(command.startswith("hwsim export ") for command in COMMANDS)


def test_install_commands_are_the_ones_ci_runs():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for name in ("run", "test"):
        assert re.search(rf"<!-- command: {name} -->\n```bash\n[^\n]+\n```", README), name
        assert re.search(rf"readme {name} ", script), name


def test_pictures_and_links_are_there():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
