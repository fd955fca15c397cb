"""Movies: what a frame shows, what a file holds, what is refused."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.animation import FFMpegWriter
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from htm.pick import BadInput
from scenarios import progress
from scenarios.figures import movie as movies
from scenarios.figures import spiking_movie as spiking_movie_file
from scenarios.figures.movie import Movie, save_movie
from scenarios.figures.spiking_movie import _places, _states, spiking_movie
from scenarios.figures.spiking_raster import DENDRITE, PREDICTED, UNPREDICTED
from scenarios.figures.style import new_figure

REST, DAP, FORETOLD, OTHER, GAP = range(5)


def _episode() -> dict[str, Any]:
    """Two populations of five neurons: neuron 6 is foretold from 10 ms on and fires at 30 ms, 1 fires at 5 ms."""
    one: dict[str, Any] = {
        "populations": np.array(["A", "B"]),
        "neurons": np.array(5),
        "period_s": np.array(0.1),
        "stimulus_s": np.array([0.004, 0.028]),
        "stimulus_symbol": np.array([0, 1]),
        "error_software": np.zeros(7),
    }
    for which in ("first", "last"):
        one |= {
            f"{which}_spike_s_software": np.array([0.005, 0.030]),
            f"{which}_spike_neuron_software": np.array([1, 6]),
            f"{which}_spike_predicted_software": np.array([False, True]),
            f"{which}_dap_s_software": np.array([[0.010, 0.030]]),
            f"{which}_dap_neuron_software": np.array([6]),
        }
    return one


class _Table:
    scenario = "spiking_sequences"


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (0.004, {}),
        (0.006, {1: OTHER}),
        (0.012, {1: OTHER, 6: DAP}),
        (0.020, {6: DAP}),
        (0.031, {6: FORETOLD}),
        (0.050, {}),
    ],
)
def test_a_neuron_is_shown_as_it_is(now: float, expected: dict[int, int]) -> None:
    place = np.append(np.arange(10), -1)[None, :]
    shown = _states(_episode(), "last", "software", now, 0.008, place)[0]
    assert shown[-1] == GAP
    assert {k: int(state) for k, state in enumerate(shown[:-1]) if state != REST} == expected


@pytest.mark.parametrize(("populations", "neurons"), [(1, 2), (2, 5), (6, 150), (14, 150), (26, 16)])
def test_every_neuron_has_one_place(populations: int, neurons: int) -> None:
    place = _places(populations, neurons)
    assert np.array_equal(np.sort(place[place >= 0]), np.arange(populations * neurons))
    # A population is one block, with a gap around it.
    for k in range(populations):
        rows, columns = np.nonzero((place // neurons == k) & (place >= 0))
        block = place[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert set(np.unique(block)) - {-1} == set(range(k * neurons, (k + 1) * neurons))


def test_a_movie_is_frames_in_a_small_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spiking_movie_file, "MOST_FRAMES", 16)
    made = spiking_movie(_Table(), _episode(), "software", "ideal synapses")  # type: ignore[arg-type]
    told: list[tuple[int, int]] = []
    path = save_movie(made, tmp_path / "movie.gif", lambda done, total: told.append((done, total)))
    assert told == [(k + 1, made.frames) for k in range(made.frames)]
    assert [one.name for one in tmp_path.iterdir()] == ["movie.gif"]
    assert path.stat().st_size < 1_000_000
    with Image.open(path) as image:
        seen: set[tuple[int, ...]] = set()
        frames = int(getattr(image, "n_frames", 1))
        for k in range(frames):
            image.seek(k)
            pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
            # The legend below has all colours; the blocks above it are what changes.
            seen |= set(map(tuple, pixels[: int(0.8 * len(pixels))].tolist()))
    for colour in (PREDICTED, UNPREDICTED, DENDRITE):
        wanted = 255 * np.array(to_rgb(colour))
        assert min(np.abs(wanted - np.array(one)).max() for one in seen) < 6, colour
    # Still frames are stored once.
    assert 4 <= frames <= made.frames


@pytest.mark.skipif(not movies._find_ffmpeg(), reason="there is no ffmpeg, on the path or of imageio-ffmpeg")
def test_an_mp4_has_the_frames_that_were_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spiking_movie_file, "MOST_FRAMES", 16)
    made = spiking_movie(_Table(), _episode(), "software", "ideal synapses")  # type: ignore[arg-type]
    path = save_movie(made, tmp_path / "movie.mp4")
    assert [one.name for one in tmp_path.iterdir()] == ["movie.mp4"]
    width, height = (round(inches * made.dpi) // 2 * 2 for inches in made.figure.get_size_inches())
    reader = ["-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run([FFMpegWriter.bin_path(), *reader], capture_output=True, check=True).stdout
    frames = np.frombuffer(raw, dtype=np.uint8).reshape(-1, height, width, 3)
    assert len(frames) == made.frames
    # Not a still: what is shown changes by more than compression does.
    assert np.abs(np.diff(frames.astype(int), axis=0)).max() > 60


def test_what_cannot_be_written_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figure: Figure = new_figure(1.0, 1.0)
    made = Movie(figure, lambda k: None, 2)
    with pytest.raises(BadInput, match="must be among gif, mp4, got 'avi'"):
        save_movie(made, tmp_path / "movie.avi")
    monkeypatch.setattr(movies, "_find_ffmpeg", lambda: False)
    with pytest.raises(BadInput, match="mp4 needs ffmpeg"):
        save_movie(made, tmp_path / "movie.mp4")
    with pytest.raises(BadInput, match="cannot be written"):
        save_movie(made, tmp_path / "none" / "movie.gif")
    assert not any(tmp_path.iterdir())


def test_a_long_movie_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    stream = io.StringIO()
    told = progress.frames(stream)
    for k in range(1, 6):
        now[0] = k
        told(k, 5)
    assert stream.getvalue() == "movie: 2 of 5 frames\nmovie: 4 of 5 frames\n"
