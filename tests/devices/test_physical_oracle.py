"""Physical models against stored transients of ngspice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devices.physical import LinearDrift, PhysicalModel, PulseTrain, Sine, Vteam, Waveform, Yakopcic, simulate

CASES = ("tr1_hp_joglekar_sine", "tr3_hp_biolek_pulse", "tr5_yakopcic_sine", "tr7_vteam_nowindow_pulse")


@pytest.fixture
def folder() -> Path:
    found = Path(__file__).resolve().parents[3] / "shared" / "oracles" / "spice"
    if not found.is_dir():
        pytest.skip("the golden data oracles/spice is not beside this checkout")
    return found


def model_of(meta: dict[str, Any]) -> PhysicalModel:
    if meta["model"] == "hp_linear_drift":
        return LinearDrift(
            r_on=meta["Ron"], r_off=meta["Roff"], mobility=meta["mu_v"], thickness=meta["D"],
            window=meta["window"], p=meta["p"], initial_state=meta["x0"],
        )  # fmt: skip
    if meta["model"] == "yakopcic":
        return Yakopcic(
            initial_state=meta["x0"],
            **{name: meta[name] for name in ("a1", "a2", "b", "xp", "xn", "alpha_p", "alpha_n", "eta")},
            **{name.lower(): meta[name] for name in ("Vp", "Vn", "Ap", "An")},
        )
    return Vteam(
        r_on=meta["Ron"], r_off=meta["Roff"], k_on=meta["k_on_per_s"], k_off=meta["k_off_per_s"],
        window=meta["window"], p=meta["p"], initial_state=meta["x0"],
        **{name: meta[name] for name in ("alpha_on", "alpha_off", "v_on", "v_off")},
    )  # fmt: skip


def drive_of(drive: dict[str, Any]) -> Waveform:
    if drive["kind"] == "sine":
        return Sine(amplitude=drive["amplitude"], frequency=drive["frequency"])
    return PulseTrain(
        amplitudes=drive["amplitudes"], width=drive["width"], gap=drive["gap"], edge=drive["edge"],
        delay=drive["first_at"],
    )  # fmt: skip


@pytest.mark.parametrize("method", ["explicit", "implicit"])
@pytest.mark.parametrize("case", CASES)
def test_equals_the_stored_transient(folder: Path, case: str, method: Any) -> None:
    with np.load(folder / f"{case}.npz") as stored:
        t, v, i, x, meta = (stored[name] for name in ("t", "v", "i", "x", "meta"))
    settings = json.loads(str(meta))
    trace = simulate(model_of(settings), drive_of(settings["drive"]), t, method=method)
    # ngspice itself is off by up to 3e-6 of x and 3e-5 of i; required is 1e-2, or 1e-3 without a window.
    for ours, theirs in ((trace.voltage, v), (trace.current, i), (trace.state, x)):
        assert np.abs(ours - theirs).max() < 1e-4 * np.ptp(theirs)
