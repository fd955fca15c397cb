"""The run's folder: torn, damaged and doubled records, a full disk, somebody else's folder."""

from __future__ import annotations

import errno
import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from htm.pick import BadInput
from scenarios import store
from scenarios.registry import Outcome

MANIFEST: dict[str, Any] = {"scenario": "fake", "base": {"gain": 1.0, "pool": {"columns": 8}}, "vary": {"gain": [1, 2]},
                            "seeds": [0, 1]}  # fmt: skip
OUTCOME = Outcome(
    metrics={"a": 0.1, "b": np.int64(3), "c": math.nan, "d": math.inf},
    arrays={"x": np.arange(6).reshape(2, 3)},
)


@pytest.fixture
def folder(tmp_path: Path) -> store.RunFolder:
    return store.create(tmp_path / "run", MANIFEST)


def shards(folder: store.RunFolder) -> list[Path]:
    return sorted((folder.path / "points").glob("*.jsonl"))


def test_what_is_written_is_read(folder: store.RunFolder) -> None:
    writer = folder.writer()
    writer.add("p1", 0, {"gain": 1}, OUTCOME, 0.5)
    writer.add("p2", 1, {"gain": [1, "x"]}, OUTCOME, 0.25)
    records = store.RunFolder(folder.path).finished()
    assert list(records) == ["p1", "p2"]
    assert records["p2"].values == {"gain": [1, "x"]}
    assert records["p1"].metrics["a"] == 0.1
    assert records["p1"].metrics["b"] == 3
    assert isinstance(records["p1"].metrics["b"], int)
    assert math.isnan(records["p1"].metrics["c"])
    assert records["p1"].metrics["d"] == math.inf
    np.testing.assert_array_equal(folder.arrays("p1")["x"], OUTCOME.arrays["x"])
    assert len(shards(folder)) == 1


def test_each_writer_has_a_shard_and_the_first_of_two_records_counts(folder: store.RunFolder) -> None:
    folder.writer().add("p", 0, {}, Outcome(metrics={"a": 1.0}), 0.5)
    folder.writer().add("p", 0, {}, Outcome(metrics={"a": 1.0}), 0.7)
    assert len(shards(folder)) == 2
    assert len(folder.records()) == 1


@pytest.mark.parametrize("cut", [1, 2, 20, 60])
def test_a_torn_last_line_is_dropped(folder: store.RunFolder, cut: int) -> None:
    writer = folder.writer()
    writer.add("p1", 0, {}, OUTCOME, 0.5)
    writer.add("p2", 0, {}, OUTCOME, 0.5)
    path = shards(folder)[0]
    path.write_bytes(path.read_bytes()[:-cut])
    assert list(folder.finished()) == ["p1"]


@pytest.mark.parametrize(
    "damage", [lambda line: line.replace(b"0.1", b"0.2"), lambda line: line[:30], lambda line: b"3"]
)
def test_a_damaged_line_is_named(folder: store.RunFolder, damage: Any) -> None:
    writer = folder.writer()
    for name in ("p1", "p2", "p3"):
        writer.add(name, 0, {}, OUTCOME, 0.5)
    path = shards(folder)[0]
    lines = path.read_bytes().split(b"\n")
    lines[1] = damage(lines[1])
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(BadInput, match=r"\.jsonl line 2: damaged record .*delete that line"):
        folder.records()


def test_a_point_without_arrays_is_not_finished(folder: store.RunFolder) -> None:
    folder.writer().add("p", 0, {}, OUTCOME, 0.5)
    folder.arrays_path("p").unlink()
    assert list(folder.records()) == ["p"]
    assert not folder.finished()


def test_arrays_never_run_code(folder: store.RunFolder) -> None:
    with pytest.raises(TypeError, match="Python objects"):
        folder.writer().add("p", 0, {}, Outcome(metrics={}, arrays={"x": np.array([{}])}), 0.5)
    np.savez(folder.path / "arrays" / "evil.npz", x=np.array([{}], dtype=object))
    with pytest.raises(BadInput, match=r"evil\.npz: damaged"):
        folder.arrays("evil")
    (folder.path / "arrays" / "short.npz").write_bytes(b"PK\x03\x04")
    with pytest.raises(BadInput, match=r"short\.npz: damaged"):
        folder.arrays("short")
    with pytest.raises(BadInput, match="no such file"):
        folder.arrays("absent")


@pytest.mark.parametrize("short", [False, True])
def test_a_full_disk_is_one_line_and_finished_points_stay(
    folder: store.RunFolder, monkeypatch: pytest.MonkeyPatch, short: bool
) -> None:
    writer = folder.writer()
    writer.add("p1", 0, {}, OUTCOME, 0.5)
    write = os.write

    def full(handle: int, data: bytes) -> int:
        if short:
            return write(handle, data[:10])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(
            BadInput, match=r"cannot be written: No space left on device.*finished points are kept"
        ):
            writer.add("p2", 0, {}, OUTCOME, 0.5)
    assert list(folder.finished()) == ["p1"]
    writer.add("p3", 0, {}, OUTCOME, 0.5)  # goes on behind the last whole line
    assert list(folder.finished()) == ["p1", "p3"]


def test_arrays_that_do_not_fit_leave_nothing_behind(
    folder: store.RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadInput, match="No space left"):
        folder.writer().add("p", 0, {}, OUTCOME, 0.5)
    assert list((folder.path / "arrays").iterdir()) == []
    assert not folder.records()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"base": {"gain": 2.0, "pool": {"columns": 8}}}, "gain: 1.0 there, 2.0 asked for"),
        ({"base": {"gain": 1.0, "pool": {"columns": 9}}}, "pool.columns: 8 there, 9 asked for"),
        ({"base": {"gain": 1.0}}, "pool: "),
        ({"vary": {"gain": [1, 3]}}, "--vary gain: [1, 2] there, [1, 3] asked for"),
        ({"vary": {}}, "--vary gain: [1, 2] there, nothing asked for"),
        ({"seeds": [0]}, "--seeds: [0, 1] there, [0] asked for"),
        ({"scenario": "digits"}, "scenario: "),
    ],
)
def test_the_folder_of_another_run_is_refused(
    folder: store.RunFolder, change: dict[str, Any], expected: str
) -> None:
    store.create(folder.path, {**MANIFEST, "created": "later"})
    with pytest.raises(BadInput) as caught:
        store.create(folder.path, {**MANIFEST, **change})
    assert expected in str(caught.value)
    assert "--out" in str(caught.value)


def test_folders_that_are_no_run(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such run folder"):
        store.RunFolder(tmp_path / "absent")
    with pytest.raises(BadInput, match=r"no run\.json"):
        store.RunFolder(tmp_path)
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(BadInput, match="holds other files"):
        store.create(tmp_path, MANIFEST)
    with pytest.raises(BadInput, match="is no folder"):
        store.create(tmp_path / "letter.txt", MANIFEST)
    with pytest.raises(BadInput, match="cannot be written"):
        store.create(tmp_path / "letter.txt" / "below", MANIFEST)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema": 99}', "\x00", "null"])
def test_a_damaged_manifest_is_one_line(folder: store.RunFolder, text: str) -> None:
    (folder.path / "run.json").write_text(text)
    with pytest.raises(BadInput, match=r"run\.json"):
        store.RunFolder(folder.path)


def test_a_later_layout_is_refused(folder: store.RunFolder) -> None:
    manifest = json.loads((folder.path / "run.json").read_text())
    (folder.path / "run.json").write_text(json.dumps({**manifest, "schema": 2}))
    with pytest.raises(BadInput, match="schema: this version reads 1, got 2"):
        store.RunFolder(folder.path)


def test_a_killed_creation_does_not_block_the_folder(tmp_path: Path) -> None:
    (tmp_path / ".run.json.123.tmp").write_text("{")
    store.create(tmp_path, MANIFEST)
