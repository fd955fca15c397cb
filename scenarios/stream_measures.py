"""How well a stream was judged and foretold: alarms against labels, predictions against what came."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .hardware_metrics import METAL, SPIKING
from .nab_data import Times
from .registry import Metric
from .side_by_side import SHARED
from .stream_data import Windows

Floats = NDArray[np.float64]


def _sided(
    name: str, label: str, unit: str = "", *, raw: str = "", headline: bool = False
) -> dict[str, Metric]:
    """The same metric in software, on hardware and, where `raw` says what that is, without an HTM."""
    head, _, tail = name.partition("{}")
    found = {f"{head}raw{tail}": Metric(f"{label}, {raw}", unit, headline)} if raw else {}
    for side in ("software", "hardware"):
        found[f"{head}{side}{tail}"] = Metric(f"{label}, {side}", unit, headline)
    return found


METRICS: dict[str, Metric] = {
    "records": Metric("records"),
    "judged_records": Metric("judged records, after probation"),
    "windows": Metric("labelled anomalies after the probationary part"),
    **_sided("detected_{}", "labelled anomalies detected", headline=True),
    **_sided("alarms_{}", "alarms"),
    **_sided("alarm_share_{}", "share of judged records with an alarm"),
    **_sided("false_alarms_{}", "alarms outside labelled anomalies"),
    **_sided("precision_{}", "share of alarms inside labelled anomalies"),
    **_sided("delay_records_{}", "records from a label's start to its first alarm, mean"),
    **_sided("delay_{}_s", "time from a label's start to its first alarm, mean", "s"),
    **_sided("anomaly_{}", "anomaly score, mean", headline=True),
    **_sided("anomaly_last_quarter_{}", "anomaly score, mean of the last quarter"),
    **_sided("likelihood_{}", "anomaly likelihood, mean"),
    **_sided("nrmse_{}", "prediction error, rms over the values' sd", raw="last value repeated"),
    **_sided("mape_{}", "prediction error, mean over the values' mean", raw="last value repeated"),
    **_sided("rmse_{}", "prediction error, rms in the values' unit", raw="last value repeated"),
    **SHARED,
    "outage_excess_before": Metric("anomaly above software's, before the outage"),
    "outage_excess_peak": Metric("anomaly above software's, highest after the outage", headline=True),
    "outage_excess_end": Metric("anomaly above software's, at the end"),
    "outage_recovery_records": Metric(
        "records from the outage until three quarters of its anomaly are gone", headline=True
    ),
    "energy_per_record_J": Metric("energy per record, learning included, hardware", "J", headline=True),
    **SPIKING,
    "energy_setup_J": Metric("energy of the first programming, hardware", "J"),
    "latency_per_record_s": Metric("latency per record, learning included, hardware", "s"),
    "segments_new": Metric("rows of segments taken into use for the first time, hardware"),
    "segments_reused": Metric("rows of segments taken into use again, hardware"),
    "segments_freed": Metric("rows of segments given back, hardware"),
    "pulses_per_device_mean": Metric("pulses that a device in use has seen, mean, hardware"),
    "pulses_per_device_most": Metric("pulses that the busiest device has seen, hardware"),
    "life_years": Metric(
        "life of the busiest device at this rate of records, by its median endurance, hardware", "years"
    ),
    **METAL,
}

HEALING = 200
"""Records over which the anomaly before and after an outage is averaged."""


def healing(software: Floats, hardware: Floats, at: int) -> dict[str, float]:
    """How far hardware is thrown back by an outage, and how soon it has learned to do without what failed.

    The excess is the hardware's anomaly score above the software's, which sees the same stream, averaged over the last
    `HEALING` records. It has recovered when three quarters of its rise to the peak are gone.

    Parameters
    ----------
    software, hardware : anomaly score, (records,)
    at : record before which the outage is, at least `HEALING`
    """
    excess = np.convolve(hardware - software, np.full(HEALING, 1.0 / HEALING), "valid")
    # excess[i] is of the records i .. i + HEALING - 1
    before, after = float(excess[at - HEALING]), excess[at - HEALING + 1 :]
    top = int(np.argmax(after))
    back = np.flatnonzero(after[top:] <= before + 0.25 * (after[top] - before) + 1e-9)  # of rounding
    return {
        "outage_excess_before": before,
        "outage_excess_peak": float(after[top]),
        "outage_excess_end": float(after[-1]),
        "outage_recovery_records": float(top + back[0] + 1) if back.size else math.nan,
    }


def judged_alarms(log_likelihood: Floats, threshold: float, probation: int) -> NDArray[np.int64]:
    """Records with an alarm, in order; none in the probationary part.

    Parameters
    ----------
    log_likelihood : (records,)
    threshold : least value of an alarm
    probation : records that are not judged
    """
    return np.flatnonzero(log_likelihood[probation:] >= threshold) + probation


def detections(
    alarms: NDArray[np.int64], windows: Windows, times: Times, probation: int
) -> list[tuple[int, float] | None]:
    """How late every window is detected.

    Parameters
    ----------
    alarms : records, in order
    windows : those that end in the probationary part are left out; of one that begins there, what is judged counts
    times : (records,)
    probation : records that are not judged

    Returns
    -------
    for each window records and time [s] from its start to the first alarm in it, none where there is no alarm
    """
    found: list[tuple[int, float] | None] = []
    for first, last in windows:
        if last < probation:
            continue
        start = max(first, probation)
        inside = alarms[(alarms >= start) & (alarms <= last)]
        if inside.size:
            seconds = float((times[inside[0]] - times[start]) / np.timedelta64(1, "s"))
            found.append((int(inside[0] - start), seconds))
        else:
            found.append(None)
    return found


def errors(truth: Floats, told: Floats) -> dict[str, float]:
    """Errors of what was foretold, over the records for which something was.

    1. ``rmse = sqrt(mean (told - truth)^2)``
    2. ``nrmse = rmse / sd(truth)``
    3. ``mape = mean |told - truth| / mean |truth|``

    Source: Cui, Ahmad, Hawkins 2016 (Neural Comput. 28:2474), code of its figures.

    Parameters
    ----------
    truth, told : (records,); NaN where nothing was foretold
    """
    known = np.isfinite(told)
    if not known.any():
        return dict.fromkeys(("rmse", "nrmse", "mape"), math.nan)
    truth, apart = truth[known], told[known] - truth[known]
    rmse, sd, size = float(np.sqrt(np.mean(apart**2))), float(truth.std()), float(np.abs(truth).mean())
    return {
        "rmse": rmse,
        "nrmse": rmse / sd if sd > 0 else math.nan,
        "mape": float(np.abs(apart).mean()) / size if size > 0 else math.nan,
    }


def repeated(values: Floats, steps: int) -> Floats:
    """Every value told as the one `steps` records before it; NaN at the start."""
    told = np.full(values.size, np.nan)
    told[steps:] = values[: max(0, values.size - steps)]
    return told
