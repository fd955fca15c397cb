"""Device presets: one function per published parameter set, looked up by its name in `DEVICES`.

Each docstring says where its numbers come from, and of every number whether it is *printed* (in the source),
*fitted* (to the source's data, by whom is said) or *assumed*.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from htm.pick import BadInput, one_line, pick

from .curves import ClippedLog
from .ideal import IdealDevice
from .levels import LevelRram, Miss
from .model import DeviceModel
from .pcm import Pcm
from .soft_bounds import SoftBoundsRram

DAY = 86400.0


def ideal() -> IdealDevice:
    """Any conductance, exactly, for ever: the crossbar then equals the software bit for bit.

    Source: none, the reference device

    Spans 0..1 S, so that a conductance is a permanence; assumed, and meaningless as a power.
    """
    return IdealDevice()


def rram_gong2018() -> SoftBoundsRram:
    """Analog RRAM pulsed open-loop: soft bounds, noisy steps, large spread from cell to cell.

    Source: Gong et al., Nature Communications (2018), doi 10.1038/s41467-018-04485-1

    The numbers are those of ``ReRamSBPresetDevice`` in IBM's aihwkit, which calls itself a loose fit of a
    soft-bounds device to this paper, calibrated to its symmetry point. Weights there span -0.75..1.25, two
    units, with the symmetry point at 0; here g_min..g_max is that span. Valid for trains of identical pulses
    from anywhere in the range; nothing is known of retention, read noise and faults.

    - `step_up` 0.002 / 1.25, `step_down` 0.002 / 0.75: fitted (dw_min over the bound, by aihwkit's authors).
    - `d2d_sigma` 0.3, `up_down_sigma` 0.01: fitted (dw_min_dtod, up_down_dtod).
    - `g_max_sigma` 0.24 of 1.25 over 2 units, `g_min_sigma` 0.40 of 0.75 over 2 units: fitted (w_max_dtod,
      w_min_dtod), 0.15 of the range both. That a cell's share of the remaining distance does not change with
      its own range is assumed (aihwkit's grows as the range shrinks), and so is the floor at 0 S, which cuts
      a third of the lower bounds at the on/off ratio below.
    - `c2c_sigma` 3.75, `c2c_additive`: fitted (dw_min_std, mult_noise off).
    - `write_sigma` 56 x 0.002 over 2 units: fitted (write_noise_std, in units of dw_min).
    - `g_max` 10 uS, `on_off_ratio` 17: assumed. No conductances come with the fit; these are NeuroSim V1.4's
      default RRAM, R_on 100 kOhm and R_off 1.7 MOhm.
    - `program_sigma` 0: assumed. A direct write misses by the write noise, for no more is known.
    - `read_sigma` 0, no faults: assumed, for lack of a number.
    """
    weights = 1.25 + 0.75
    return SoftBoundsRram(
        g_min=10e-6 / 17.0,
        g_max=10e-6,
        on_off_ratio=17.0,
        step_up=0.002 / 1.25,
        step_down=0.002 / 0.75,
        d2d_sigma=0.3,
        up_down_sigma=0.01,
        g_max_sigma=0.24 * 1.25 / weights,
        g_min_sigma=0.40 * 0.75 / weights,
        c2c_sigma=3.75,
        c2c_additive=True,
        write_sigma=56 * 0.002 / weights,
    )


def rram_wan2022() -> LevelRram:
    """Write-verified RRAM of the NeuRRAM chip: level-dependent misses that grow over two days.

    Source: Wan et al., Nature (2022), doi 10.1038/s41586-022-04992-8

    Deviation from the target 1 s, 1 day and 2 days after programming, as fitted by aihwkit's authors to the
    published figures (``ReRamWan2022NoiseModel``). Valid for 0..40 uS and between 1 s and 2 days; constant
    outside. CrossSim's own fit to Extended Data Fig. 3 gives 2.36 uS at 20 uS after 1 s, this one 2.02.

    - `program_poly`, `retention`: fitted, in uS over 40 uS.
    - `g_max` 40 uS, `g_min` 0: the range of the fit.
    - that sigma is linear in log t between the three times, and that a cell's deviation is one draw scaled:
      assumed (only the three distributions are published).
    - `read_sigma` 0.01: aihwkit advises about 1 %, constant in weight; that it is proportional to the
      conductance is assumed.
    - no faults: assumed, for lack of a number.
    """
    g_max = 40.0  # [uS], what the coefficients refer to
    return LevelRram(
        g_min=0.0,
        g_max=40e-6,
        program_time=1.0,
        program_poly=_over(g_max, 0.348, 16.030, -43.853, 45.393, -16.815),
        retention=(
            Miss(after=DAY, poly=_over(g_max, 0.701, 22.086, -50.773, 47.095, -16.458)),
            Miss(after=2 * DAY, poly=_over(g_max, 0.782, 20.274, -43.507, 37.062, -11.934)),
        ),
        read_sigma=0.01,
    )


def pcm_joshi2020() -> Pcm:
    """Phase-change memory: level-dependent programming noise, drift and 1/f read noise.

    Source: Joshi et al., Nature Communications 11, 2473 (2020); model of Nandakumar et al., ICECS (2019)

    The numbers are those of ``PCMLikeNoiseModel`` in IBM's aihwkit. Valid for 0..25 uS and from 20 s after
    programming; earlier the conductance is taken as constant. CrossSim's own fit to Joshi et al., Fig. 3b,
    27.36 s after programming, gives 0.955 uS at 12.5 uS and 1.066 uS at 25 uS, this one 0.953 and 1.055.

    - `program_poly`: fitted (by aihwkit's authors, like all below), in uS over 25 uS.
    - `drift_nu_mean`, `drift_nu_sd`, `drift_t0` 20 s: fitted.
    - `read_noise_q` 0.0088, `read_noise_power` 0.65, `read_noise_cap` 0.2, `read_noise_time` 250 ns: fitted.
    - `g_max` 25 uS, `g_min` 0: the range of the fit.
    - no faults: assumed, for lack of a number.
    """
    return Pcm(
        g_min=0.0,
        g_max=25e-6,
        program_poly=_over(25.0, 0.26348, 1.9650, -1.1731),
        drift_nu_mean=ClippedLog(slope=-0.0155, intercept=0.0244, low=0.049, high=0.1),
        drift_nu_sd=ClippedLog(slope=-0.0125, intercept=-0.0059, low=0.008, high=0.045),
        drift_t0=20.0,
        read_noise_q=0.0088,
        read_noise_power=0.65,
        read_noise_cap=0.2,
        read_noise_time=250e-9,
    )


DEVICES: dict[str, Callable[[], DeviceModel]] = {
    "ideal": ideal,
    "rram_gong2018": rram_gong2018,
    "rram_wan2022": rram_wan2022,
    "pcm_joshi2020": pcm_joshi2020,
}


def describe(name: str) -> tuple[str, str]:
    """Summary and source of a preset: its docstring's first line and what follows ``Source:``."""
    lines = inspect.getdoc(pick(DEVICES, name, "device")) or ""
    summary, *rest = lines.splitlines()
    sources = [line.removeprefix("Source:").strip() for line in rest if line.startswith("Source:")]
    return summary, sources[0]


def device_from(spec: str | Mapping[str, Any]) -> DeviceModel:
    """Device of a configuration: a preset's name, or a mapping ``{"preset": name, **overrides}``.

    Raises
    ------
    BadInput
        One line that names the field: an unknown preset, an unknown key, a bad value.
    """
    if isinstance(spec, Mapping):
        overrides = dict(spec)
        if "preset" not in overrides:
            raise BadInput(f"device.preset: must be given, one of {', '.join(DEVICES)}")
        return override(pick(DEVICES, overrides.pop("preset"), "device")(), overrides)
    return pick(DEVICES, spec, "device")()


def override(device: DeviceModel, changes: Mapping[str, Any]) -> DeviceModel:
    """`device` with some parameters replaced; the same changes again change nothing.

    A device that has an `on_off_ratio` keeps it when `g_max` is replaced; replacing `g_min` gives it up.

    Raises
    ------
    BadInput
        Where a key is unknown or a value bad.
    """
    model = type(device)
    values = {name: getattr(device, name) for name in model.model_fields} | dict(changes)
    if "g_min" in changes and changes.get("on_off_ratio") is None:
        values["on_off_ratio"] = None
    elif "g_min" not in changes and values["on_off_ratio"] is not None:
        del values["g_min"]
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise BadInput(one_line("device", error, model=model)) from None


def _over(g_max: float, *coefficients: float) -> tuple[float, ...]:
    """Coefficients as fractions of the range that they were published for."""
    return tuple(coefficient / g_max for coefficient in coefficients)
