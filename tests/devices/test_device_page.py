"""docs/devices.md is what its generator would write now; nothing in it leads nowhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from devices.models import MODELS
from devices.presets import DEVICES

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))

import device_pages

ROOT = device_pages.DOCS.parent


@pytest.fixture(scope="module")
def page() -> str:
    return device_pages.PAGE.read_text(encoding="utf-8")


def test_the_page_is_up_to_date(page: str) -> None:
    wrong = device_pages.differences(page, device_pages.page())
    assert not wrong, "run python benchmarks/device_pages.py\n" + "\n".join(wrong[:10])


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("| sd | uS | 1.00 | 1.01 | 0.02 |", "| sd | uS | 1.00 | 0.99 | 0.02 |", True),  # another draw
        ("| sd | uS | 1.00 | 1.01 | 0.02 |", "| sd | uS | 1.00 | 1.06 | 0.02 |", False),
        ("| sd | uS | 1.00 | 1.01 | 0.02 |", "| sd | uS | 1.05 | 1.01 | 0.02 |", False),
        ("| sd | uS | 1.00 | 1.01 | 0.02 |", "| mean | uS | 1.00 | 1.01 | 0.02 |", False),
        ("| sd | uS | 1.00 | 1.01 | 0.02 |", "| sd | uS | 1.00 | 1.01 | 0.05 |", False),
        ("| `g_max` | 10 µS | highest |", "| `g_max` | 20 µS | highest |", False),
        ("x", "x\ny", False),
    ],
)
def test_what_counts_as_different(old: str, new: str, same: bool) -> None:
    assert (not device_pages.differences(old, new)) == same


def test_every_preset_model_and_field_is_there(page: str) -> None:
    for name in DEVICES:
        assert f"### {name}\n" in page
        assert (device_pages.PICTURES / f"{name}.png").stat().st_size > 5_000
    for word, model in MODELS.items():
        assert f"### Model {word}\n" in page
        assert not [field for field in model.model_fields if f"| `{field}` |" not in page]


def test_no_picture_without_a_preset() -> None:
    assert {path.stem for path in device_pages.PICTURES.glob("*.png")} == set(DEVICES)


def test_links_lead_somewhere(page: str) -> None:
    anchors = {
        re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in page.splitlines()
        if line.startswith("#")
    }
    assert set(re.findall(r"\]\(#([^)]*)\)", page)) <= anchors
    for target in re.findall(r"\]\(([^#)][^)]*)\)", page):
        assert (device_pages.DOCS / target).is_file()


def test_the_example_of_a_physical_model_runs(page: str) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    step, r2, off = map(float, done.stdout.split())
    assert 0.0 < step < 1.0
    assert r2 > 0.95
    assert off < 0.2
