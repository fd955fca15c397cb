"""The command line: what it prints, its exit codes, one line for every error, and its cost at start-up."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from scenarios import cli
from scenarios.progress import Bar, Lines, choose, duration
from scenarios.registry import SCENARIOS

pytestmark = pytest.mark.usefixtures("fake")
Capture = pytest.CaptureFixture[str]


def refused(capsys: Capture, *arguments: str) -> str:
    assert cli.main(list(arguments)) == 2
    errors = capsys.readouterr().err
    assert errors.startswith("hwsim: error: ")
    assert errors.count("\n") == 1
    return errors


def test_run_prints_a_table_and_the_folder_and_says_what_is_done(capsys: Capture) -> None:
    assert cli.main(["run", "fake", "--no-plots"]) == 0
    first = capsys.readouterr()
    assert "difference" in first.out
    assert "results: runs/fake-" in first.out
    assert "1/1 points" in first.err
    assert cli.main(["run", "fake", "--no-plots"]) == 0
    again = capsys.readouterr()
    assert again.out == first.out
    assert "1 finished already" in again.err


def test_sweep_then_export_and_plot(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    import scenarios.plots

    asked = []
    monkeypatch.setattr(
        scenarios.plots,
        "plot_results",
        lambda results, out, **options: asked.append(options.get("movie")) or [out / "a.png"],
    )
    arguments = ["sweep", "fake", "--vary", "device.read_sigma=0:0.5:3", "--vary", "gain=1,2", "--seeds", "2"]
    assert cli.main([*arguments, "--out", "run", "--jobs", "2", "--quiet"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert "plot: run/plots/a.png" in shown.out
    assert cli.main(["export", "run", "--csv", "out.csv"]) == 0
    assert len(Path("out.csv").read_text().splitlines()) == 13
    assert cli.main(["plot", "run"]) == 0
    assert capsys.readouterr().out == "out.csv\nrun/plots/a.png\n"
    assert cli.main(["plot", "run", "--movie", "none"]) == 0
    assert asked == [None, "gif", None]  # a movie takes seconds: only where it is asked for


def test_dry_run_runs_nothing(capsys: Capture) -> None:
    assert cli.main(["sweep", "fake", "--vary", "gain=0:1:11", "--seeds", "2", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("22 points in runs/fake-")
    assert "gain=0.1, seed=3" in out
    assert "and 17 more" in out
    assert not Path("runs").exists()


def test_shards_wait_with_the_plots(capsys: Capture) -> None:
    sweep = ["sweep", "fake", "--vary", "gain=1,2", "--out", "run", "--quiet"]
    assert cli.main([*sweep, "--shard", "0/2"]) == 0
    assert "1 of 2 points finished" in capsys.readouterr().out


def test_show_gives_a_file_that_run_takes(capsys: Capture) -> None:
    assert cli.main(["show", "fake", "--set", "gain=2.5"]) == 0
    Path("my.toml").write_text(capsys.readouterr().out)
    assert cli.main(["run", "my.toml", "--no-plots", "--out", "a"]) == 0
    assert cli.main(["run", "fake", "--set", "gain=2.5", "--no-plots", "--out", "a"]) == 0
    assert cli.main(["show", "pcm_joshi2020"]) == 0
    assert "[device]\npreset = " in capsys.readouterr().out


def test_list_names_everything_with_its_source(capsys: Capture) -> None:
    pytest.importorskip("scenarios.substrates")
    assert cli.main(["list"]) == 0
    out = capsys.readouterr().out
    for word in (
        "scenarios",
        "fake",
        "devices",
        "pcm_joshi2020",
        "Joshi et al.",
        "substrates",
        "crossbar",
        "encoders",
    ):
        assert word in out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["run", "fak"], "scenario: unknown name 'fak' (did you mean fake?)"),
        (["run"], "Missing argument"),
        (["rum"], "No such command 'rum'"),
        (["run", "fake", "--sets", "x"], "No such option"),
        (["run", "fake", "--seeds", "x"], "--seeds"),
        (["run", "fake", "--seeds", "0"], "--seeds"),
        (["run", "fake", "--jobs", "0"], "--jobs"),
        (["run", "fake", "--set", "pool.colums=1"], "pool.colums: unknown key (did you mean columns?)"),
        (["run", "absent.toml"], "no such file"),
        (["run", "fake", "--set", "trick.refuse_at=1.0", "-q"], "pool.columns: cannot be used"),
        (["sweep", "fake"], "--vary"),
        (["sweep", "fake", "--vary", "gain"], "must look like"),
        (["sweep", "fake", "--vary", "gain=1,2", "--shard", "1"], "--shard 1: must look like 0/4"),
        (["plot", "absent"], "absent: there is no such run folder"),
        (["export", "absent", "--csv", "x"], "absent: there is no such run folder"),
        (["show", "pcm"], "did you mean"),
        (["show", "ideal", "--set", "x=1"], "--set: "),
        (["run", "fake", "--out", "/dev/null"], "/dev/null"),
        (["run", "fake", "--out", "/dev/null/x"], "/dev/null/x: cannot be written"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments: list[str], expected: str, capsys: Capture) -> None:
    assert expected in refused(capsys, *arguments)


def test_a_wrong_folder_names_the_first_difference(capsys: Capture) -> None:
    assert cli.main(["run", "fake", "--out", "a", "--no-plots", "-q"]) == 0
    capsys.readouterr()
    assert "gain: 1.0 there, 3.0 asked for" in refused(capsys, "run", "fake", "--set", "gain=3", "--out", "a")


def test_a_full_disk_is_one_line(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        code = cli.main(["run", "fake", "--out", "a", "-q"])
    assert code == 2
    assert "a: cannot be written: No space left on device" in capsys.readouterr().err


def test_failed_points_are_exit_code_1(capsys: Capture) -> None:
    assert cli.main(["sweep", "fake", "--vary", "gain=1,2,3", "--set", "trick.error_at=2.0", "-q"]) == 1
    errors = capsys.readouterr().err
    assert "hwsim: error: 1 of 3 points failed, first gain=2, seed=3: RuntimeError: a fault" in errors
    assert "Traceback" in errors, "a fault of ours shows where it is"


def test_ctrl_c_is_130(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    import fake_scenario

    def interrupted(config: object, progress: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fake_scenario, "run_point", interrupted)
    assert cli.main(["run", "fake", "-q"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_a_foreign_htm_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "htm").mkdir()
    (tmp_path / "htm" / "__init__.py").write_text("")
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, "-m", "scenarios.cli", "list"],
        env={**os.environ, "PYTHONPATH": path}, cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("hwsim: error: ")
    assert done.stderr.count("\n") == 1


def test_a_reader_that_leaves_is_no_error() -> None:
    path = os.pathsep.join(sys.path)
    with subprocess.Popen(
        [sys.executable, "-m", "scenarios.cli", "show", "pcm_joshi2020"],
        env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""


def test_help_and_version_cost_little() -> None:
    path = os.pathsep.join(sys.path)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    shown = subprocess.run(
        [sys.executable, "-m", "scenarios.cli", "--help"],
        env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert "sweep" in shown.stdout
    assert cpu_s < 0.6


@pytest.mark.parametrize("command", [[], ["sweep"]])
def test_nothing_heavy_is_imported_for_help(command: list[str]) -> None:
    heavy = ["numpy", "pandas", "numba", "matplotlib", "brian2", "scipy", "scenarios.config"]
    code = (
        "import sys; from scenarios.cli import main\n"
        f"main({[*command, '--help']!r})\n"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    path = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True
    )
    assert done.stderr == "[]\n"


def test_progress_lines_are_few_and_tell_the_rest(capsys: Capture) -> None:
    lines = Lines(sys.stderr)
    lines.begin("fake", 200, 100)
    for i in range(100):
        lines.point(ok=i != 50)
    lines.end()
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "fake: 200 points, 100 finished already"
    assert len(said) == 11
    assert said[-1].startswith("199/200 points, 1 failed, ")
    assert [duration(s) for s in (0.25, 42.4, 185, 7440)] == ["0.25 s", "42 s", "3 min 5 s", "2 h 4 min"]


def test_progress_bar_where_somebody_watches() -> None:
    class Terminal:
        encoding = "utf-8"

        def __init__(self) -> None:
            self.text = ""

        def write(self, text: str) -> int:
            self.text += text
            return len(text)

        def flush(self) -> None:
            pass

        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    bar = choose(None, terminal)  # type: ignore[arg-type]
    assert isinstance(bar, Bar)
    bar.begin("fake", 3, 1)
    bar.step(1, 2, "learning")
    bar.point(True)
    bar.point(False)
    bar.end()
    assert "points finished already" in terminal.text
    assert "fake (1 failed)" in terminal.text


def test_package_offers_its_words_lazily() -> None:
    import scenarios

    assert scenarios.list()["scenarios"]["fake"] == ("nothing at all", "none")
    assert {"load", "run", "sweep", "plot", "Results"} <= set(dir(scenarios))
    with pytest.raises(AttributeError):
        scenarios.absent  # noqa: B018
    assert "digits" in SCENARIOS
