"""Physical models against ngspice, run here: circuits and waveforms that the stored examples do not have.

Each netlist writes the model's equations out once more, from the papers and not from this package's code, with
the state as the voltage of a capacitor of 1 F.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devices.physical import (
    JartVcm,
    LinearDrift,
    PhysicalModel,
    PiecewiseLinear,
    PulseTrain,
    Sine,
    StanfordPku,
    Triangle,
    Vteam,
    Waveform,
    Yakopcic,
    simulate,
)

pytestmark = pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")

OPTIONS = (
    ".options reltol=1e-6 abstol=1e-16 vntol=1e-12 chgtol=1e-24 gmin=1e-18 method=trap\n"
    ".option noopiter gminsteps=0\n"
)


@dataclass(frozen=True)
class Netlist:
    """Sources of one device between node te and ground; V(x) times `unit` is the state, BX its free rate."""

    lines: tuple[str, ...]
    unit: float = 1.0
    options: str = field(default=OPTIONS)


def window_of(m: Any, rising: str) -> str:
    p = f"{2 * m.p:g}"
    return {
        "none": "1",
        "joglekar": f"(1-abs(2*V(x)-1)**{p})",
        "biolek": f"(({rising}) ? (1-abs(V(x))**{p}) : (1-abs(V(x)-1)**{p}))",
        "prodromakis": f"({m.j}*(1-((V(x)-0.5)**2+0.75)**{m.p}))",
    }[m.window]


def linear_drift(m: LinearDrift) -> Netlist:
    i = f"V(te)/({m.r_on}*V(x)+{m.r_off}*(1-V(x)))"
    k = m.mobility * m.r_on / m.thickness**2
    return Netlist((f"BM te 0 I = {i}", f"BX 0 x I = {k}*({i})*{window_of(m, 'V(te) >= 0')}"))


def vteam(m: Vteam) -> Netlist:
    i = f"V(te)/({m.r_on}+({m.r_off}-{m.r_on})*V(x))"
    if m.conduction == "exponential":
        i = f"V(te)/{m.r_on}*exp(-V(x)*ln({m.r_off / m.r_on}))"
    up = f"{m.k_off}*abs(V(te)/{m.v_off}-1)**{m.alpha_off}"
    down = f"{m.k_on}*abs(V(te)/({m.v_on})-1)**{m.alpha_on}"
    f = window_of(m, "V(te) > 0")
    return Netlist(
        (f"BM te 0 I = {i}", f"BX 0 x I = (V(te) > {m.v_off} ? {up} : (V(te) < {m.v_on} ? {down} : 0))*{f}")
    )


def yakopcic(m: Yakopcic) -> Netlist:
    g = (
        f"(V(te) > {m.vp} ? {m.ap}*(exp(V(te))-exp({m.vp})) : "
        f"(V(te) < -{m.vn} ? -{m.an}*(exp(-V(te))-exp({m.vn})) : 0))"
    )
    up = f"(V(x) >= {m.xp} ? exp(-{m.alpha_p}*(V(x)-{m.xp}))*(({m.xp}-V(x))/(1-{m.xp})+1) : 1)"
    down = f"(V(x) <= 1-{m.xn} ? exp({m.alpha_n}*(V(x)+{m.xn}-1))*V(x)/(1-{m.xn}) : 1)"
    f = f"({m.eta}*V(te) >= 0 ? {up} : {down})"
    i = f"(V(te) >= 0 ? {m.a1} : {m.a2})*V(x)*sinh({m.b}*V(te))"
    return Netlist((f"BM te 0 I = {i}", f"BX 0 x I = {m.eta}*{g}*{f}"))


def stanford_pku(m: StanfordPku) -> Netlist:
    """State in nm. Without the least field, whose step this circuit would have to smooth alike."""
    assert m.minimum_field == 0.0
    i = f"{m.i0}*exp(-V(x)/{m.g0 * 1e9})*sinh(V(te)/{m.v0})"
    kt = f"({1.3806503e-23 / 1.6e-19}*({m.ambient}+abs(V(te)*V(i))*{m.thermal_resistance}))"
    gamma = f"({m.gamma0}-{m.beta}*V(x)**3)"
    rate = (
        f"-{m.velocity * 1e9}*exp(-{m.activation_energy}/{kt})*sinh({gamma}*{m.hop / m.thickness}*V(te)/{kt})"
    )
    return Netlist((f"BI i 0 V = {i}", "BM te 0 I = V(i)", f"BX 0 x I = {rate}"), unit=1e-9)


def jart_vcm(m: JartVcm) -> Netlist:
    """State in 1e26/m3; the contact's current is V(i), found together with the temperature V(t)."""
    q, kb, z = 1.602e-19, 1.3807e-23, 2
    unit = z * q * m.mobility * m.area
    disc = f"({m.disc_length / (unit * 1e26)}/V(x))"
    plug = (m.cell_length - m.disc_length) / (m.n_plug * unit)
    series = (
        f"({m.layer_resistance + m.line_resistance}+"
        f"{m.line_resistance**2 * m.line_coefficient * m.line_thermal_resistance}*V(i)**2)"
    )
    kt = f"({kb / q}*V(t))"
    edge = m.barrier - m.fermi_depth
    eps3 = (m.barrier_permittivity * 8.854e-12) ** 3
    lower = f"sqrt(sqrt({q**3 * z * 1e26 / (8 * np.pi**2 * eps3)}*V(x)*abs({edge}-V(s))))"
    barrier = f"(V(s) < {edge} ? max(0,{m.barrier}-{lower}) : {m.barrier})"
    w = f"({6.626e-34 / (4 * np.pi) * np.sqrt(z * 1e26 / (9.10938e-31 * m.permittivity * 8.854e-12))}*sqrt(V(x)))"
    te = f"{m.area * 6.01e5}*V(t)**2*exp(-V(b)/{kt})*(exp(V(s)/{kt})-1)"
    tfe = (
        f"-{m.area * 6.01e5 * q / kb}*V(t)*sqrt({np.pi}*V(w)*(abs(V(s))+V(b)/cosh(V(w)/{kt})**2))"
        f"*exp(-V(b)*tanh(V(w)/{kt})/V(w))*(exp(abs(V(s))*(V(w)/{kt}-tanh(V(w)/{kt}))/V(w))-1)"
    )
    heat = f"(V(te) < 0 ? {m.thermal_resistance} : {m.thermal_resistance * m.reset_scaling})"
    field = f"(V(te) > 0 ? (V(te)-V(i)*{series})/{m.cell_length} : V(i)*{disc}/{m.disc_length})"
    f_lim = f"(V(te) > 0 ? 1-({m.n_min / 1e26}/V(x))**10 : 1-abs(V(x)/{m.n_max / 1e26})**10)"
    even = "(sqrt(max(0,1-V(g)**2))+V(g)*asin(max(-1,min(1,V(g)))))"
    low = f"exp(-{m.activation_energy}*({even}-V(g)*{np.pi / 2})/{kt})"
    high = f"exp(-{m.activation_energy}*({even}+V(g)*{np.pi / 2})/{kt})"
    speed = f"{m.hop * m.attempt_frequency / m.disc_length}"
    return Netlist(
        (
            f"BW w 0 V = {w}",
            f"BB b 0 V = {barrier}",
            f"BC te s2 I = V(s) >= 0 ? {te} : {tfe}",
            "ES s 0 te s2 1",
            f"BR s2 s3 V = V(i)*({disc}+{plug}+{series})",
            "VM s3 0 0",
            "HI i 0 VM 1",
            f"BT t 0 V = {m.ambient}+V(i)*(V(te)-V(i)*{series})*{heat}",
            f"BG g 0 V = {z * m.hop / (np.pi * m.activation_energy)}*{field}",
            f"BX 0 x I = -0.5*({m.n_plug / 1e26}+V(x))*{speed}*({low}-{high})*{f_lim}",
        ),
        unit=1e26,
        options=OPTIONS.replace("vntol=1e-12", "vntol=1e-9").replace("abstol=1e-16", "abstol=1e-12"),
    )


# The thermal runaway of a RESET takes a thousandth of the pulse.
STEPS = {JartVcm: 20_000}
WRITERS: dict[type[PhysicalModel], Any] = {
    LinearDrift: linear_drift,
    Vteam: vteam,
    Yakopcic: yakopcic,
    StanfordPku: stanford_pku,
    JartVcm: jart_vcm,
}


def source_of(waveform: Waveform, stop: float) -> str:
    if isinstance(waveform, Sine):
        return f"SIN({waveform.offset} {waveform.amplitude} {waveform.frequency})"
    times, volts = waveform.knots(0.0, stop)  # type: ignore[attr-defined]
    points = {0.0: 0.0} | {t: v for t, v in zip(times, volts, strict=True) if t >= 0.0}
    return "PWL(" + " ".join(f"{t!r} {v!r}" for t, v in points.items()) + ")"


def run_ngspice(
    folder: Path, model: PhysicalModel, waveform: Waveform, stop: float, series: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Time [s], device voltage [V], current [A] and state, at ngspice's own steps."""
    netlist = WRITERS[type(model)](model)
    low, high = (limit / netlist.unit for limit in model.state_limits)
    source = "VD te 0" if series == 0.0 else f"RS in te {series!r}\nVD in 0"
    text = "\n".join(
        (
            "* one memristor",
            f"{source} {source_of(waveform, stop)}",
            *(line.replace("BX 0 x I", "BQ q 0 V") for line in netlist.lines),
            f"BX 0 x I = V(x) >= {high!r} ? min(V(q),0) : (V(x) <= {low!r} ? max(V(q),0) : V(q))",
            "CX x 0 1",
            f".ic v(x)={model.initial_state / netlist.unit!r}",
            netlist.options,
            f".tran {stop / 1000!r} {stop!r} 0 {stop / STEPS.get(type(model), 6000)!r} uic",
            ".control",
            "set filetype=ascii",
            "set wr_singlescale",
            "set numdgt=12",
            "run",
            "wrdata out.txt v(te) i(vd) v(x)",
            ".endc",
            ".end",
        )
    )
    folder.joinpath("circuit.cir").write_text(text + "\n")
    done = subprocess.run(
        ["ngspice", "-b", "circuit.cir"], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    out = folder / "out.txt"
    assert out.is_file(), done.stdout[-2000:] + done.stderr[-2000:]
    time, voltage, current, state = np.loadtxt(out).T
    return time, voltage, -current, state * netlist.unit


HP = dict(r_on=100.0, r_off=16e3, thickness=10e-9, mobility=1e-14)
ROUND = dict(r_on=1e3, r_off=1e5, k_on=-100.0, k_off=100.0, v_on=-0.5, v_off=0.5)
SET_RESET = PulseTrain(amplitudes=(0.8, 0.9, -0.8, 1.1, -1.2), width=1e-3, gap=5e-4, edge=5e-5)
CASES: dict[str, tuple[PhysicalModel, Waveform, float, float]] = {
    "drift, no window, triangle": (
        LinearDrift(**HP, window="none", initial_state=0.3), Triangle(high=1.0, low=-0.8, period=1.0), 2.0, 0.0
    ),
    "drift, joglekar 5, pulses": (
        LinearDrift(**HP, window="joglekar", p=5, initial_state=0.4),
        PulseTrain(amplitudes=(1.0, 0.8, -1.2, -0.5), width=0.1, gap=0.05, edge=0.01), 0.72, 0.0,
    ),
    "drift, biolek 3, sine, 2 kohm": (
        LinearDrift(**HP, window="biolek", p=3, initial_state=0.2), Sine(amplitude=1.5, frequency=1.0), 2.0, 2e3
    ),
    "drift, biolek to the bound": (
        LinearDrift(**HP, window="biolek", p=2, initial_state=0.6), Sine(amplitude=2.0, frequency=0.5), 4.0, 0.0
    ),
    "drift, prodromakis, sine": (
        LinearDrift(**HP, window="prodromakis", p=4, j=1.5, initial_state=0.3),
        Sine(amplitude=1.0, frequency=2.0, offset=0.1), 1.5, 0.0,
    ),
    "vteam, biolek, pulses": (
        Vteam(**ROUND, alpha_on=2, alpha_off=3, window="biolek", p=2, initial_state=0.4), SET_RESET, 8e-3, 0.0
    ),
    "vteam, exponential, joglekar, sine, 3 kohm": (
        Vteam(**ROUND, alpha_on=1.5, alpha_off=2.5, window="joglekar", conduction="exponential"),
        Sine(amplitude=1.5, frequency=100.0), 0.02, 3e3,
    ),
    "vteam, points": (
        Vteam(**ROUND, initial_state=0.5),
        PiecewiseLinear(times=(0.0, 1e-3, 2e-3, 4e-3, 6e-3), voltages=(0.0, 0.9, 0.3, -1.1, 0.0)), 6e-3, 0.0,
    ),
    "yakopcic, pulses": (
        Yakopcic(), PulseTrain(amplitudes=(0.3, 0.4, -0.3, 0.2, -0.4), width=1e-3, gap=1e-3, edge=1e-4), 0.012, 0.0
    ),
    "yakopcic, turned, uneven, triangle, 20 ohm": (
        Yakopcic(eta=-1, a2=0.1, an=2000.0, xp=0.2, xn=0.35, alpha_p=3.0, initial_state=0.4),
        Triangle(high=0.5, low=-0.45, period=0.02), 0.04, 20.0,
    ),
    "stanford, triangle, 500 ohm": (
        StanfordPku(minimum_field=0.0, initial_state=1.2e-9), Triangle(high=1.1, low=-1.3, period=1e-5), 2e-5, 500.0
    ),
    "stanford, pulses, 1 kohm": (
        StanfordPku(minimum_field=0.0, initial_state=0.8e-9),
        PulseTrain(amplitudes=(-1.4, -1.6, 1.4, 1.4), width=1e-6, gap=1e-6, edge=1e-7), 9e-6, 1e3,
    ),
    "jart, set from the middle and gradual reset": (
        JartVcm(initial_state=2e26),
        PulseTrain(amplitudes=(-0.6, -0.65, 0.9, 1.0, -0.7), width=1e-5, gap=1e-5, edge=1e-6), 1.2e-4, 0.0,
    ),
    "jart, emptied by a reset": (
        JartVcm(initial_state=3e26),
        PulseTrain(amplitudes=(1.05,), width=1e-5, gap=1e-6, edge=1e-6), 1.4e-5, 0.0,
    ),
    "jart, nearly empty": (
        JartVcm(initial_state=3e24),
        PulseTrain(amplitudes=(1.3, -0.5, 1.2), width=1e-6, gap=1e-6, edge=1e-7), 7.6e-6, 0.0,
    ),
    "jart, set and reset, 300 ohm": (
        JartVcm(initial_state=1.5e26),
        PulseTrain(amplitudes=(-0.8, 1.2, 1.25, -0.7), width=1e-5, gap=1e-5, edge=1e-6), 9.8e-5, 300.0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_equals_ngspice(case: str, tmp_path: Path) -> None:
    model, waveform, stop, series = CASES[case]
    answers = run_ngspice(tmp_path, model, waveform, stop, series)
    every = max(len(answers[0]) // 3000, 1)
    time, voltage, current, state = (column[::every] for column in answers)
    trace = simulate(model, waveform, time, series_resistance=series)
    for name, ours, theirs in (
        ("voltage", trace.voltage, voltage),
        ("current", trace.current, current),
        ("state", trace.state, state),
    ):
        off = np.abs(ours - theirs).max() / np.ptp(theirs)
        print(f"{case}: {name} {off:.1e}")
        # A runaway is resolved by ngspice's longest step.
        assert off < (3e-3 if case == "jart, emptied by a reset" else 1e-3), f"{name}: {off:.2e} of range"
    assert np.ptp(state) > 0.02 * min(model.initial_state, np.ptp(model.state_limits)), (
        "the case moves too little to test anything"
    )
