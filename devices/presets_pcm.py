"""Presets of phase-change memory.

Each docstring says where its numbers come from, and of every number whether it is *printed* (in the source),
*fitted* (to the source's data, by whom is said) or *assumed*.
"""

from __future__ import annotations

from .curves import ClippedLog, over
from .exp_step import OneSidedPcm
from .pcm import Pcm


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
        program_poly=over(25.0, 0.26348, 1.9650, -1.1731),
        drift_nu_mean=ClippedLog(slope=-0.0155, intercept=0.0244, low=0.049, high=0.1),
        drift_nu_sd=ClippedLog(slope=-0.0125, intercept=-0.0059, low=0.008, high=0.045),
        drift_t0=20.0,
        read_noise_q=0.0088,
        read_noise_power=0.65,
        read_noise_cap=0.2,
        read_noise_time=250e-9,
    )


def pcm_hermes2023() -> Pcm:
    """Phase-change memory of the HERMES chip, one device a weight: level-dependent noise, drift, 1/f reads.

    Source: Le Gallo et al., Nature Electronics (2023); models of Khaddam-Aljameh et al. 2022, Vasilopoulos et al. 2023

    The numbers are those of aihwkit's ``hermes.py``. Valid for 0..10.35 uS and from 200 s after programming;
    earlier the conductance is taken as constant.

    - `program_poly`, `drift_nu_mean`, `drift_nu_sd`, `read_noise_curve`: fitted (by aihwkit's authors), over r, the
      curves with a polynomial from their split on.
    - `drift_t0` 200 s, `read_noise_time` 512 ns, `g_max` 10.35 uS, `g_min` 0: of the fit.
    - no faults: assumed, for lack of a number.
    """
    return _hermes(
        10.35,
        (0.15781817, 2.32443916, -2.16310839, 0.68841818),
        200.0,
        ClippedLog(
            slope=-0.0120,
            intercept=-0.0023,
            low=0.0124,
            high=0.04,
            split=0.3039,
            poly=(0.0104, 0.0116, -0.0165),
        ),
        ClippedLog(
            slope=-0.0078,
            intercept=0.0038,
            low=0.0179,
            high=0.04,
            split=0.1591,
            poly=(0.0088, 0.0768, -0.1352, 0.0664),
        ),
    )


def pcm_hermes2023_pair() -> Pcm:
    """Phase-change memory of the HERMES chip, two devices in parallel a weight.

    Source: Le Gallo et al., Nature Electronics (2023); models of Khaddam-Aljameh et al. 2022, Vasilopoulos et al. 2023

    As `pcm_hermes2023`, with the fits of two devices: valid for 0..20.7 uS and from 300 s after programming.

    - `program_poly`, `drift_nu_mean`, `drift_nu_sd`, `read_noise_curve`: fitted (by aihwkit's authors).
    - `drift_t0` 300 s, `read_noise_time` 512 ns, `g_max` 20.7 uS, `g_min` 0: of the fit.
    - no faults: assumed, for lack of a number.
    """
    return _hermes(
        20.7,
        (0.16603222, 4.71806468, -8.48101252, 4.68961419),
        300.0,
        ClippedLog(
            slope=-0.0117,
            intercept=-0.0057,
            low=0.0091,
            high=0.04,
            split=0.3055,
            poly=(0.0073, 0.0093, -0.0118),
        ),
        ClippedLog(
            slope=-0.0117,
            intercept=-0.0069,
            low=0.015,
            high=0.04,
            split=0.16,
            poly=(0.0123, 0.0211, -0.0280, 0.0069),
        ),
    )


def _hermes(g_max: float, program: tuple[float, ...], t0: float, nu_sd: ClippedLog, q: ClippedLog) -> Pcm:
    """What the two have in common; `g_max` and `program` in uS, `t0` in s."""
    return Pcm(
        g_min=0.0,
        g_max=g_max * 1e-6,
        program_poly=over(g_max, *program),
        drift_nu_mean=ClippedLog(
            slope=-0.0387,
            intercept=-0.0182,
            low=0.072,
            high=0.13,
            split=0.0945,
            poly=(0.0736, -0.0126, -0.0436),
        ),
        drift_nu_sd=nu_sd,
        drift_t0=t0,
        read_noise_q=0.0,
        read_noise_power=0.0,
        read_noise_cap=0.0,
        read_noise_curve=q,
        read_noise_time=512e-9,
    )


def pcm_nandakumar2020() -> OneSidedPcm:
    """Phase-change memory pulsed open-loop: SET pulses accumulate, a decrement needs RESET and SET pulses anew.

    Source: Nandakumar et al., Frontiers in Neuroscience (2020)

    The numbers are those of aihwkit's one-sided PCM preset, an exponential-step device over weights of 0..2; here
    g_min..g_max is that span. aihwkit pairs two such devices and RESETs both now and then; how one device is
    lowered here is `OneSidedPcm`'s.

    - `step_up` 0.01 over 2, `exp_up` -27.235, `rate_up` 2.5, `exp_scale` -1, `exp_offset` 0: fitted (by aihwkit's
      authors).
    - `c2c_sigma` 0.6, `c2c_add` 0.042 over 2, `c2c_slope` 0.108: fitted (dw_min_std, its add and slope).
    - `d2d_sigma` 0.2, `g_max_sigma` 0.1, `up_down_sigma` 0.05: fitted (dw_min_dtod, w_max_dtod, up_down_dtod).
    - `reset_sigma` 0.01 over 2: fitted (the preset's reset of 0.01; that it is the spread around 0 is assumed).
    - `g_max` 25 uS, `g_min` 0: assumed, the range of `pcm_joshi2020`.
    - no drift, read noise, faults: assumed, for the preset has none. `drift_nu` and `drift_nu_sigma` are at hand.
    """
    weights = 2.0
    return OneSidedPcm(
        g_min=0.0,
        g_max=25e-6,
        step_up=0.01 / weights,
        exp_up=-27.235,
        rate_up=2.5,
        exp_scale=-1.0,
        exp_offset=0.0,
        symmetry=0.0,
        c2c_sigma=0.6,
        c2c_add=0.042 / weights,
        c2c_slope=0.108,
        d2d_sigma=0.2,
        g_max_sigma=0.1,
        up_down_sigma=0.05,
        reset_sigma=0.01 / weights,
    )
