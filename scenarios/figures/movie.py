"""Movies: frames of one figure, written as an animated GIF, or as MP4 where ffmpeg is installed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib.animation import AbstractMovieWriter, FFMpegWriter, PillowWriter
from matplotlib.figure import Figure

from htm.pick import BadInput

FORMATS = ("gif", "mp4")


@dataclass(frozen=True)
class Movie:
    """A figure and how each frame of it is drawn.

    Attributes
    ----------
    figure : what every frame shows
    draw : ``draw(k)`` changes it into frame k
    frames : how many
    per_second : frames a second
    dpi : pixels an inch
    """

    figure: Figure
    draw: Callable[[int], None]
    frames: int
    per_second: int = 12
    dpi: int = 80


def save_movie(movie: Movie, path: Path, progress: Callable[[int, int], None] | None = None) -> Path:
    """Write a movie under a temporary name and rename it.

    Parameters
    ----------
    movie : it
    path : its ending says the format
    progress : told how many frames of how many are drawn

    Raises
    ------
    BadInput
        Where the format is unknown, ffmpeg is missing for MP4, or the file cannot be written.
    """
    kind = path.suffix.removeprefix(".")
    if kind not in FORMATS:
        raise BadInput(f"formats: a movie must be among {', '.join(FORMATS)}, got {kind!r}")
    if kind == "mp4" and not _find_ffmpeg():
        raise BadInput(
            "formats: mp4 needs ffmpeg: on the path, or by pip install 'hwsim[movie]'; "
            "a movie is written as gif without"
        )
    writer: AbstractMovieWriter = (PillowWriter if kind == "gif" else FFMpegWriter)(fps=movie.per_second)
    part = path.with_name(f".{path.stem}.{os.getpid()}.part.{kind}")
    try:
        with writer.saving(movie.figure, str(part), movie.dpi):
            for k in range(movie.frames):
                movie.draw(k)
                writer.grab_frame()
                if progress is not None:
                    progress(k + 1, movie.frames)
        part.replace(path)
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror or error})") from None
    finally:
        part.unlink(missing_ok=True)
    return path


def _find_ffmpeg() -> bool:
    """Whether there is one; where none is on the path, matplotlib is shown the one that the extra brings."""
    if FFMpegWriter.isAvailable():
        return True
    try:
        import imageio_ffmpeg
    except ImportError:
        return False
    mpl.rcParams["animation.ffmpeg_path"] = imageio_ffmpeg.get_ffmpeg_exe()
    return bool(FFMpegWriter.isAvailable())
