"""How long is one step of a spatial pooler: plain numpy, software, noisy analog crossbar? And how does it grow?

Run: python benchmarks/pooler_step.py [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
from collections.abc import Callable

import numpy as np
from timing import medians

from devices.presets import device_from
from htm.pooler import SpatialPooler, SpatialPoolerParams, draw_permanence, draw_pool
from htm.software import SoftwareSubstrate
from hwsim.crossbar import CrossbarSubstrate
from hwsim.params import CrossbarParams

RECORDS = 60
ACTIVE_SHARE = 0.2
DEVICES = {
    "rram_gong2018": {"preset": "rram_gong2018", "read_sigma": 0.05},
    "rram_wan2022": {"preset": "rram_wan2022"},
    "pcm_joshi2020": {"preset": "pcm_joshi2020"},
}


class NumpyPooler:
    """A straightforward vectorised step, as one would write it from the equations (m columns, q synapses)."""

    def __init__(self, params: SpatialPoolerParams, n_inputs: int, seed: int) -> None:
        self.params = params
        pool = draw_pool(params, (n_inputs,), seed)
        permanence = draw_permanence(params, pool, seed)
        q = int(pool.sum(axis=1).min())
        self.map = np.stack([np.flatnonzero(row)[:q] for row in pool])
        self.phi = np.take_along_axis(permanence, self.map, axis=1)
        self.overlap_duty = np.zeros(params.columns)
        self.active_duty = np.zeros(params.columns)
        self.n_inputs = n_inputs

    def compute(self, active: np.ndarray) -> np.ndarray:
        params = self.params
        x = np.zeros(self.n_inputs, dtype=bool)
        x[active] = True
        driven = x[self.map]
        overlap = (driven & (self.phi >= params.threshold)).sum(axis=1)
        winners = np.argpartition(overlap, -params.winners)[-params.winners :]
        change = np.where(driven[winners], params.increment, -params.decrement)
        self.phi[winners] = np.clip(self.phi[winners] + change, 0, 1)
        won = np.zeros(params.columns)
        won[winners] = 1
        self.overlap_duty += ((overlap > 0) - self.overlap_duty) / params.duty_period
        self.active_duty += (won - self.active_duty) / params.duty_period
        return winners


def records(n_inputs: int) -> list[np.ndarray]:
    """Random inputs of the sparsity of a binarised digit."""
    rng = np.random.default_rng(0)
    n = int(ACTIVE_SHARE * n_inputs)
    return [np.sort(rng.choice(n_inputs, n, replace=False)).astype(np.int32) for _ in range(RECORDS)]


def runner(compute: Callable[[np.ndarray], object], inputs: list[np.ndarray]) -> Callable[[], None]:
    """A pass over all inputs."""

    def work() -> None:
        for bits in inputs:
            compute(bits)

    return work


def crossbar(params: SpatialPoolerParams, n_inputs: int, device: str) -> SpatialPooler:
    """Pooler on a noisy analog crossbar."""
    substrate = CrossbarSubstrate(device_from(DEVICES[device]), CrossbarParams(readout="analog"), 0)
    return SpatialPooler(params, (n_inputs,), substrate)


def measure(n_inputs: int, columns: int, devices: list[str]) -> dict[str, float]:
    """CPU microseconds a step, learning on."""
    params = SpatialPoolerParams(columns=columns)
    inputs = records(n_inputs)
    works = {
        "numpy": runner(NumpyPooler(params, n_inputs, 0).compute, inputs),
        "software": runner(SpatialPooler(params, (n_inputs,), SoftwareSubstrate()).compute, inputs),
    }
    for device in devices:
        works[device] = runner(crossbar(params, n_inputs, device).compute, inputs)
    return {name: 1e6 * t / RECORDS for name, t in medians(works).items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", action="store_true", help="show where a crossbar step spends its time")
    profile = parser.parse_args().profile
    print(f"{'inputs x columns':>18} {'numpy us':>10} {'software us':>12} {'numpy/software':>15}", end="")
    print("  crossbar us (x software)")
    for n_inputs, columns in ((784, 2048), (784, 512), (784, 1024), (784, 4096), (196, 2048), (3136, 2048)):
        devices = list(DEVICES) if (n_inputs, columns) == (784, 2048) else ["rram_gong2018"]
        t = measure(n_inputs, columns, devices)
        ratios = "  ".join(f"{d} {t[d]:.0f} ({t[d] / t['software']:.1f})" for d in devices)
        size = f"{n_inputs} x {columns}"
        print(
            f"{size:>18} {t['numpy']:10.0f} {t['software']:12.0f} {t['numpy'] / t['software']:15.1f}  {ratios}"
        )
    if profile:
        pooler, inputs = crossbar(SpatialPoolerParams(), 784, "rram_gong2018"), records(784)
        runner(pooler.compute, inputs)()
        with cProfile.Profile() as prof:
            for _ in range(5):
                runner(pooler.compute, inputs)()
        pstats.Stats(prof).sort_stats("tottime").print_stats(12)


if __name__ == "__main__":
    main()
