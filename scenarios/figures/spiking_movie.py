"""A movie of one episode before and after learning: who fires, and whose dendrites foretell it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch
from numpy.typing import NDArray

from .movie import Movie
from .spiking_raster import DENDRITE, PREDICTED, UNPREDICTED
from .style import new_figure
from .table import Table

Arrays = Mapping[str, np.ndarray]

MOST_FRAMES = 110
GLOW_S = 8e-3
"""How long a spike stays seen: a single frame is over before it is found."""

_REST, _DAP, _PREDICTED, _UNPREDICTED, _GAP = range(5)
_COLOURS = np.array([to_rgb(one) for one in ("#ECECEC", DENDRITE, PREDICTED, UNPREDICTED, "#FFFFFF")])


def spiking_movie(table: Table, one: Arrays, side: str, name: str) -> Movie:
    """First and last episode of one seed side by side, at the same time of the episode.

    Each population is a block of its neurons, in rows: grey at rest, yellow in a dendritic action potential, blue or
    red where it fired in the last milliseconds, predicted or not.

    Parameters
    ----------
    table : for the scenario's name
    one : arrays of a seed
    side : software, hardware
    name : what that side is called
    """
    populations, neurons = [str(word) for word in one["populations"]], int(one["neurons"])
    place = _places(len(populations), neurons)
    period = float(one["period_s"])
    # A frame a quarter of what a spike stays seen, or longer where that were too many frames.
    frames = int(min(MOST_FRAMES, max(2, round(period / (GLOW_S / 4)))))
    figure = new_figure(1.3 + 6.4 * place.shape[0] / max(place.shape[1], 1) / 2 + 0.35, 8.0)
    axes = figure.subplots(1, 2)
    images = []
    for ax, title in zip(axes, ("episode 1", f"episode {len(one[f'error_{side}'])}"), strict=True):
        images.append(ax.imshow(np.ones((*place.shape, 3)), interpolation="nearest"))
        ax.set_title(title, fontsize=10, loc="left")
        ax.set_xticks([])
        rows = [np.argwhere(place == k * neurons)[0] for k in range(len(populations))]
        for word, (row, column) in zip(populations, rows, strict=True):
            ax.text(column - 0.7, row - 0.6, word[:8], fontsize=8.5, ha="left", va="bottom")
        ax.set_yticks([])
        ax.grid(False)
        for spine in ax.spines.values():
            spine.set_visible(False)
    heading = figure.suptitle("", x=0.012, ha="left")
    looks = {
        "predicted spike": PREDICTED,
        "spike, not predicted": UNPREDICTED,
        "dendritic action potential": DENDRITE,
    }
    figure.legend(
        handles=[Patch(color=colour, label=label) for label, colour in looks.items()],
        loc="outside lower left",
        ncols=3,
    )
    heading.set_text("0")
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # frames with other words keep their places
    shown = [populations[int(k)] for k in one["stimulus_symbol"]]
    at = np.asarray(one["stimulus_s"], dtype=float)

    def draw(k: int) -> None:
        now = (k + 1) * period / frames
        glow = max(GLOW_S, period / frames)
        for image, which in zip(images, ("first", "last"), strict=True):
            image.set_data(_COLOURS[_states(one, which, side, now, glow, place)])
        past = np.flatnonzero(at <= now)
        told = (
            f"{shown[past[-1]]} shown {1e3 * (now - at[past[-1]]):.0f} ms ago"
            if past.size
            else "nothing shown yet"
        )
        heading.set_text(f"{table.scenario}, {name}: {1e3 * now:.0f} ms, {told}")

    return Movie(figure, draw, frames)


def _places(populations: int, neurons: int) -> NDArray[np.int64]:
    """Neuron number at each place of the picture, -1 in the gaps: blocks of about 5 rows to 3, three to a row."""
    width = max(1, round(np.sqrt(neurons * 5 / 3)))
    height = -(-neurons // width)
    across = min(populations, 3 if populations <= 9 else 5)
    down = -(-populations // across)
    place = np.full((down * (height + 4), across * (width + 2)), -1, dtype=np.int64)
    for k in range(populations):
        block = np.full(width * height, -1)
        block[:neurons] = k * neurons + np.arange(neurons)
        top, left = (k // across) * (height + 4) + 3, (k % across) * (width + 2) + 1
        place[top : top + height, left : left + width] = block.reshape(height, width)
    return place


def _states(
    one: Arrays, which: str, side: str, now: float, glow: float, place: NDArray[np.int64]
) -> NDArray[np.int64]:
    """What each place shows at `now`: the later of its spikes, else its dendrite, else rest."""
    state = np.full(len(one["populations"]) * int(one["neurons"]), _REST)
    begun, ended = np.asarray(one[f"{which}_dap_s_{side}"], dtype=float).reshape(-1, 2).T
    state[one[f"{which}_dap_neuron_{side}"][(begun <= now) & (now < ended)]] = _DAP
    when = np.asarray(one[f"{which}_spike_s_{side}"], dtype=float)
    seen = (when <= now) & (when > now - glow)
    predicted = np.asarray(one[f"{which}_spike_predicted_{side}"], dtype=bool)[seen]
    state[one[f"{which}_spike_neuron_{side}"][seen]] = np.where(predicted, _PREDICTED, _UNPREDICTED)
    return np.append(state, _GAP)[place]
