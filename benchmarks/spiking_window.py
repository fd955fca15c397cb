"""How long does one competition of spiking neurons take, and are the first k to spike the top k by current?

2,048 neurons, k = 40, windows of 20 ms in steps of 0.1 ms, whole scores of 0 to 29 (full of ties). CPU time of a
window: in closed form; in the network that runs on; and in a network made for each window, whose call of Brian2's
`run` is what the long run spares.

Run: python benchmarks/spiking_window.py [--patterns N]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from htm.synapses import top_k
from hwsim.spiking.neurons import Neurons
from hwsim.spiking.params import NeuronParams

N, K = 2048, 40


def made(engine: str) -> Neurons:
    return Neurons(NeuronParams(engine=engine, window=0.02), N, 0, "benchmark")


def timed(compete: Callable[[np.ndarray], np.ndarray], patterns: list[np.ndarray]) -> tuple[float, int]:
    """CPU time of a window [ms], and how many have the wrong winners."""
    took, wrong = 0.0, 0
    for pattern in patterns:
        start = time.process_time()
        winners = compete(pattern)
        took += time.process_time() - start
        wrong += not np.array_equal(winners, top_k(pattern, K))
    return 1e3 * took / len(patterns), wrong


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patterns", type=int, default=1000)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    patterns = [rng.integers(0, 30, N) for _ in range(options.patterns)]
    exact, running, fresh = made("closed_form"), made("brian2"), made("brian2")
    running.compete(patterns[0], K)

    def anew(pattern: np.ndarray) -> np.ndarray:
        fresh.close()
        return fresh.compete(pattern, K)

    for name, compete, count in (
        ("closed form", lambda one: exact.compete(one, K), len(patterns)),
        ("network that runs on", lambda one: running.compete(one, K), len(patterns)),
        ("network a window", anew, min(20, len(patterns))),
    ):
        took, wrong = timed(compete, patterns[:count])
        print(f"{name:22} {took:8.3f} ms a window   {count - wrong} of {count} are the top {K}", flush=True)


if __name__ == "__main__":
    main()
