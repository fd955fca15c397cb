"""How well does the temporal memory learn high-order sequences, relearn after a swap, and stand the death of cells?

The task of Cui, Ahmad, Hawkins 2016 (Neural Comput. 28:2474): eight sequences of 7 or 8 symbols in pairs with shared
middles, in random order without resets, one random noise symbol after each; after 10,000 elements the endings of each
pair are swapped. The score is whether the last symbol is the one whose code overlaps best with what was predicted.

Run: python benchmarks/sequences.py [--seeds N]
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from htm.software import SoftwareSubstrate
from htm.temporal_memory import TemporalMemory, TemporalMemoryParams

PAIRS = (
    ([6, 8, 7, 4, 2, 3, 0], [1, 8, 7, 4, 2, 3, 5]),
    ([6, 3, 4, 2, 7, 8, 5], [1, 3, 4, 2, 7, 8, 0]),
    ([0, 9, 7, 8, 5, 3, 4, 1], [2, 9, 7, 8, 5, 3, 4, 6]),
    ([0, 4, 3, 5, 8, 7, 9, 6], [2, 4, 3, 5, 8, 7, 9, 1]),
)
SWAP, END = 10_000, 20_000  # elements
WINDOW = 100  # endings in a row that must be right for a task to count as learned
SYMBOLS, COLUMNS, ACTIVE = 10, 2048, 40
DEATHS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
PARAMS = TemporalMemoryParams(
    columns=COLUMNS,
    activation_threshold=15,
    matching_threshold=15,
    new_synapses=32,
    punishment=0.02,
    synapses_per_segment=128,
    segments_per_cell=128,
)


class Task:
    """One seed: a memory, the symbols' codes, and the stream of sequences."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.memory = TemporalMemory(PARAMS, SoftwareSubstrate(), seed)
        self.codes = [self.code() for _ in range(SYMBOLS)]
        self.on = np.zeros((SYMBOLS, COLUMNS), dtype=np.int64)
        for symbol, code in enumerate(self.codes):
            self.on[symbol, code] = 1
        self.alive = np.ones(PARAMS.cells, dtype=np.bool_)
        self.elements = 0

    def code(self) -> np.ndarray:
        return np.sort(self.rng.choice(COLUMNS, ACTIVE, replace=False)).astype(np.int32)

    def show(self, columns: np.ndarray, learn: bool) -> None:
        self.memory.compute(columns, learn)
        memory = self.memory
        if not self.alive.all():  # dead cells neither fire nor are learned from
            memory.active_cells = memory.active_cells[self.alive[memory.active_cells]]
            memory.winner_cells = memory.winner_cells[self.alive[memory.winner_cells]]
        self.elements += 1

    def ending(self, swapped: bool, learn: bool = True) -> bool:
        """Show one sequence and noise; whether its last symbol was foreseen."""
        pair, which = self.rng.integers(len(PAIRS)), self.rng.integers(2)
        sequence = PAIRS[pair][which]
        last = PAIRS[pair][1 - which if swapped else which][-1]
        for symbol in sequence[:-1]:
            self.show(self.codes[symbol], learn)
        overlap = self.on[:, self.memory.predicted].sum(axis=1)
        right = bool(overlap[last] > 0 and np.argmax(overlap) == last)
        self.show(self.codes[last], learn)
        self.show(self.code(), learn)
        return right

    def learn(self, until: int, swapped: bool) -> tuple[float, int]:
        """Accuracy over the last endings before element `until`, and elements before all went right."""
        start, right, at = self.elements, [], []
        while self.elements < until:
            at.append(self.elements - start)
            right.append(self.ending(swapped))
        misses = np.flatnonzero(~np.array(right))
        streaks = np.diff(np.concatenate(([-1], misses, [len(right)]))) - 1
        long = np.flatnonzero(streaks >= WINDOW)
        learned = at[int(np.concatenate(([-1], misses))[long[0]]) + 1] if long.size else until - start
        return float(np.mean(right[-WINDOW:])), learned

    def kill(self, share: float) -> None:
        """Let a share of all cells die, with their segments."""
        dendrites = self.memory.dendrites
        self.alive = self.rng.random(PARAMS.cells) >= share
        owned = np.flatnonzero((dendrites.cell >= 0) & ~self.alive[dendrites.cell]).astype(np.int32)
        dendrites.segments.clear(owned)


def study(seed: int) -> tuple[list[float], list[float]]:
    """Accuracy and elements to learn before and after the swap; accuracy after cells died."""
    task = Task(seed)
    before, learned = task.learn(SWAP, swapped=False)
    state = task.memory.state()
    after, relearned = task.learn(END, swapped=True)
    deaths = []
    for share in DEATHS:
        task.memory.restore(state)
        task.kill(share)
        deaths.append(float(np.mean([task.ending(False, learn=False) for _ in range(WINDOW)])))
    return [before, after, learned, relearned], deaths


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=10)
    seeds = parser.parse_args().seeds
    start = time.process_time()
    made = [study(seed) for seed in range(seeds)]
    main_, deaths = (np.array(part) for part in zip(*made, strict=True))
    mean, spread = main_.mean(axis=0), main_.std(axis=0)
    print(
        f"{seeds} seeds, {time.process_time() - start:.0f} CPU s; mean +- standard deviation; published in brackets"
    )
    print(f"accuracy before / after the swap  {mean[0]:.3f} / {mean[1]:.3f}  (1.00 / 1.00)")
    print(f"elements to learn                 {mean[2]:.0f} +- {spread[2]:.0f}  (7010 +- 1206)")
    print(f"elements to relearn               {mean[3]:.0f} +- {spread[3]:.0f}  (2935 +- 230)")
    print("share of cells killed             " + "  ".join(f"{share:5.1f}" for share in DEATHS))
    print("accuracy                          " + "  ".join(f"{value:5.3f}" for value in deaths.mean(axis=0)))
    print("published                         1.000  1.000  1.000  1.000  0.894  0.522")


if __name__ == "__main__":
    main()
