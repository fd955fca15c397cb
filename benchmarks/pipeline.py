"""How fast is a whole stream judged: encoder, pooler, memory, likelihood? Beside htm.core's figures.

NAB's nyc_taxi.csv, 10,320 records, NuPIC's parameters, encoder resolution from the value range: once with 400 bits, as
the detector here and NuPIC have it, once with 1,000, as htm.core's figures were measured. *Parts* are timed in a second
pass over the same records.

Run: python benchmarks/pipeline.py FOLDER [--repeats N]      (FOLDER: a NAB checkout, or one file's folder)
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import numpy as np

import scenarios
from scenarios.detector import TIME, VALUE, Detector, DetectorParams
from scenarios.nab_data import Series, read_series

PEER, PEER_PARTS, PEER_ANOMALY = 632, (17, 213, 1364, 93), 0.045
"""htm.core 2.2.0: records / s; us a record of encoder, pooler, memory, likelihood; mean anomaly."""


def with_bits(size: int) -> DetectorParams:
    """NuPIC's parameters but for the bits of the value."""
    return DetectorParams(value={"size": size})  # type: ignore[arg-type]


def detector(series: Series, params: DetectorParams) -> Detector:
    return Detector(params, float(series.values.min()), float(series.values.max()), len(series))


def whole(series: Series, params: DetectorParams) -> tuple[float, float]:
    """CPU seconds and mean anomaly."""
    judge = detector(series, params)
    records = list(zip(series.timestamps.tolist(), series.values.tolist(), strict=True))
    start = time.process_time()
    seen = [judge.compute(*record).anomaly for record in records]
    return time.process_time() - start, float(np.mean(seen))


def parts(series: Series, size: int) -> tuple[float, ...]:
    """Microseconds a record of encoder, pooler, memory and likelihood."""
    judge = detector(series, with_bits(size))
    region = judge.model.regions[0]
    assert region.pooler is not None
    spent = np.zeros(4)
    for moment, value in zip(series.timestamps.tolist(), series.values.tolist(), strict=True):
        at = [time.perf_counter()]
        bits = judge.model.encoder.encode({TIME: moment, VALUE: value})
        at.append(time.perf_counter())
        columns = region.pooler.compute(bits)
        at.append(time.perf_counter())
        anomaly = region.memory.compute(columns)
        at.append(time.perf_counter())
        judge.likelihood.compute(anomaly, value)
        at.append(time.perf_counter())
        spent += np.diff(at)
    return tuple(1e6 * spent / len(series))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeats", type=int, default=5, help="medians are over so many runs")
    options = parser.parse_args()
    inside = options.folder / "data" / "realKnownCause"
    series = read_series((inside if inside.is_dir() else options.folder) / "nyc_taxi.csv")
    whole(series, with_bits(400))
    print(f"{'bits':>5} {'records/s':>10} {'htm.core':>9} {'ratio':>6} {'anomaly':>8}", end="   ")
    print("us: encoder pooler memory likelihood")
    for size in (400, 1000):
        runs = [whole(series, with_bits(size)) for _ in range(options.repeats)]
        rate = len(series) / statistics.median(seconds for seconds, _ in runs)
        shown = " ".join(f"{one:6.0f}" for one in parts(series, size))
        print(f"{size:5} {rate:10.0f} {PEER:9} {rate / PEER:6.2f} {runs[0][1]:8.3f}   {shown}")
    print(
        f"{'':31} {PEER_ANOMALY:8.3f}   {' '.join(f'{one:6}' for one in PEER_PARTS)}   (htm.core, 1,000 bits)"
    )
    preset = scenarios.load("nab").detector
    for members in (1, preset.members):
        seconds, anomaly = whole(series, preset.model_copy(update={"members": members}))
        print(f"nab preset, members {members}: {len(series) / seconds:.0f} records/s, anomaly {anomaly:.3f}")


if __name__ == "__main__":
    main()
