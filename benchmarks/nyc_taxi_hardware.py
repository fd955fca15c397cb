"""Does device non-ideality lower the error of a forecast? NYC taxi passengers on crossbars, beside the software.

Zyarah, Gomez, Kudithipudi 2020 (arXiv 2006.11958) report a MAPE 1.129 times lower on their memristive HTM than in
its own software, and put it down to the devices. Here pooler and temporal memory of nyc_taxi.py run in software and on
crossbars of several devices: the same data, wiring and initial permanences for each seed, the same capacity, and half
an hour of drift between records. The table gives errors over the records from 10,000 on, and the ratio of software's
MAPE to the hardware's with a 95 % interval over the seeds (paired, Student's t of the logarithm); above 1 the hardware
is better.

Run: python benchmarks/nyc_taxi_hardware.py FOLDER_OF_THE_SERIES [--seeds N] [--jobs N] [--devices NAME ...]
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from nyc_taxi import MEMORY, PREDICTOR, TEST, htm, load, scores
from scipy.stats import t as student

from devices.presets import device_from
from htm.software import SoftwareSubstrate
from htm.synapses import Substrate
from hwsim.crossbar import CrossbarSubstrate
from hwsim.params import CrossbarParams

RECORD = 1800.0  # s
CLAIM = 1.129
CAPACITY = 60_000
DEVICES = ("ideal", "rram_wan2022", "rram_gong2018", "pcm_joshi2020", "ecram_tang2018")


def substrate_of(name: str, readout: str, seed: int) -> Substrate:
    """Software, or a crossbar of a device."""
    if name == "software":
        return SoftwareSubstrate()
    return CrossbarSubstrate(device_from(name), CrossbarParams(readout=readout), seed)


def errors(folder: str, name: str, readout: str, seed: int) -> tuple[float, float, float]:
    """NRMSE, MAPE of the median forecast, and CPU seconds."""
    series, since = load(folder, "nyc_taxi"), time.process_time()
    params = MEMORY.model_copy(update={"capacity": CAPACITY})
    told = htm(series, seed, params, PREDICTOR, substrate_of(name, readout, seed), RECORD)["median"]
    return (*scores(series, told, TEST), time.process_time() - since)


def ratio(software: np.ndarray, hardware: np.ndarray) -> tuple[float, float, float]:
    """Geometric mean of software over hardware by seed, and its 95 % interval."""
    logs = np.log(software / hardware)
    half = (
        student.ppf(0.975, logs.size - 1) * logs.std(ddof=1) / np.sqrt(logs.size) if logs.size > 1 else np.nan
    )
    return float(np.exp(logs.mean())), float(np.exp(logs.mean() - half)), float(np.exp(logs.mean() + half))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", help="with nyc_taxi.csv")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--devices", nargs="+", default=list(DEVICES))
    parser.add_argument("--readout", choices=("analog", "binary"), default="analog")
    options = parser.parse_args()
    names = ["software", *options.devices]
    found: dict[str, np.ndarray] = {}
    with ProcessPoolExecutor(options.jobs) as pool:
        waiting = {
            name: [
                pool.submit(errors, options.folder, name, options.readout, seed)
                for seed in range(options.seeds)
            ]
            for name in names
        }
        print(f"{options.seeds} seeds, {options.readout} read-out, half an hour between records; mean +- sd")
        print(f"{'':18}{'NRMSE':>18}{'MAPE':>18}   software / hardware (95 %)   CPU s", flush=True)
        for name, futures in waiting.items():
            found[name] = np.array([future.result() for future in futures])
            mean, sd = found[name].mean(axis=0), found[name].std(axis=0)
            told = "".join(f"   {mean[i]:.4f} +- {sd[i]:.4f}" for i in range(2))
            if name == "software":
                print(f"{name:18}{told}{'':30}{mean[2]:6.0f}", flush=True)
                continue
            middle, low, high = ratio(found["software"][:, 1], found[name][:, 1])
            print(f"{name:18}{told}   {middle:.3f} ({low:.3f} .. {high:.3f}){'':7}{mean[2]:6.0f}", flush=True)
    print(f"\nclaimed: {CLAIM} (arXiv 2006.11958)")


if __name__ == "__main__":
    main()
