"""What does fresh read noise of every cell cost a product? 512 x 512 cells, 256 vectors, over numpy's float32 product.

Every round runs all rows; one thread, medians of CPU time. `prepared` keeps the squares of the standard deviations
from product to product (cells stay where they are), `anew` works them out at each. CrossSim 3.2.0, which draws every
cell for every vector, was measured at 4,400 products on another day.

Run: python benchmarks/noisy_product.py
"""

from __future__ import annotations

import os

os.environ.update({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"})

import numpy as np
from timing import medians

from hwsim.noisy_product import NoisyMatrix, noisy_product

SIZE, BATCH, SHARE = 512, 256, 0.02


def by_cell(x: np.ndarray, g: np.ndarray, sd: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A draw for each cell and vector: the definition."""
    return np.stack([one @ (g + sd * rng.standard_normal(g.shape, dtype=np.float32)) for one in x])


def main() -> None:
    rng = np.random.default_rng(0)
    g = rng.uniform(1e-6, 1e-4, (SIZE, SIZE)).astype(np.float32)
    sd = np.float32(SHARE) * g
    real = rng.standard_normal((BATCH, SIZE)).astype(np.float32)
    binary = (rng.random((BATCH, SIZE)) < 0.05).astype(np.float32)
    flags = binary.astype(np.bool_)
    cells, alike = NoisyMatrix(g, sd), NoisyMatrix(g, 1e-6)
    few = BATCH // 16
    times = medians(
        {
            "numpy float32 product": lambda: real @ g,
            "prepared, real inputs": lambda: cells.product(real, rng),
            "prepared, binary inputs": lambda: cells.product(binary, rng),
            "prepared, flags": lambda: cells.product(flags, rng),
            "prepared, one sd for all": lambda: alike.product(real, rng),
            "anew, real inputs": lambda: noisy_product(real, g, sd, rng),
            "a draw a cell (numpy)": lambda: by_cell(real[:few], g, sd, rng),
        },
        rounds=15,
    )
    times["a draw a cell (numpy)"] *= BATCH / few
    unit = times["numpy float32 product"]
    for name, seconds in times.items():
        print(f"{name:26} {1e3 * seconds:9.2f} ms {seconds / unit:8.2f} x")


if __name__ == "__main__":
    main()
