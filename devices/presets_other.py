"""Presets of electrochemical memory, capacitors and charge traps.

Each docstring says where its numbers come from, and of every number whether it is *printed* (in the source),
*fitted* (to the source's data, by whom is said) or *assumed*.
"""

from __future__ import annotations

from .charge_trap import ChargeTrap, Day
from .linear_step import LinearStep


def ecram_tang2018() -> LinearStep:
    """Li electrochemical memory pulsed open-loop: 1,000 small steps, little noise.

    Source: Tang et al., IEDM (2018)

    The numbers are those of ``EcRamPresetDevice`` in IBM's aihwkit. Weights there span -0.8276..1.1724, two units;
    here g_min..g_max is that span.

    - `step_up`, `step_down` 0.002 over 2; `slope_up` 0.1153, `slope_down` 0.5085: fitted (by aihwkit's authors).
    - `d2d_sigma` 0.1, `up_down_sigma` 0.01, bounds 0.05 of 1.1724 and of 0.8276 over 2: fitted (their dtod).
    - `c2c_sigma` 0.3, in proportion to the step: fitted (dw_min_std, mult_noise on).
    - that the slopes do not differ from cell to cell is assumed (aihwkit has an sd of 0.05).
    - `g_max` 10 uS, `on_off_ratio` 17: assumed, for no conductances come with the fit.
    - `program_sigma`, the noise of one pulse, for a direct write; no drift, read noise, faults: assumed.
    """
    return _ecram(0.002, 1.1724, 0.8276, slopes=(0.1153, 0.5085), c2c=0.3)


def ecram_kim2019() -> LinearStep:
    """Metal-oxide electrochemical memory pulsed open-loop: 7,000 tiny steps, noisier.

    Source: Kim et al., IEDM (2019)

    As `ecram_tang2018`, with aihwkit's ``EcRamMOPresetDevice``: weights of -0.8286..1.1714.

    - `step_up`, `step_down` 2.8214e-4 over 2; `slope_up` 0.4152, `slope_down` 0.7342: fitted.
    - `d2d_sigma` 0.1, `up_down_sigma` 0.01, bounds 0.05, `c2c_sigma` 2 in proportion to the step: fitted.
    - `g_max` 10 uS, `on_off_ratio` 17, `program_sigma`, no drift, read noise, faults: assumed.
    """
    return _ecram(2.8214e-4, 1.1714, 0.8286, slopes=(0.4152, 0.7342), c2c=2.0)


def _ecram(
    dw_min: float, w_max: float, w_min: float, *, slopes: tuple[float, float], c2c: float
) -> LinearStep:
    """Linear-step device of aihwkit's numbers over weights of -w_min..w_max."""
    weights = w_max + w_min
    return LinearStep(
        g_min=10e-6 / 17.0,
        g_max=10e-6,
        on_off_ratio=17.0,
        step_up=dw_min / weights,
        step_down=dw_min / weights,
        slope_up=slopes[0],
        slope_down=slopes[1],
        symmetry=w_min / weights,
        d2d_sigma=0.1,
        up_down_sigma=0.01,
        g_max_sigma=0.05 * w_max / weights,
        g_min_sigma=0.05 * w_min / weights,
        c2c_sigma=c2c,
        c2c_additive=False,
        program_sigma=c2c * dw_min / weights,
    )


def capacitor_li2018() -> LinearStep:
    """Capacitor with read-out transistor pulsed open-loop: 400 straight steps, leaking.

    Source: Li et al., VLSI (2018)

    The numbers are those of ``CapacitorPresetDevice`` in IBM's aihwkit. Weights there span -1..1.

    - `step_up`, `step_down` 0.005 over 2; both slopes 0.05: fitted (by aihwkit's authors).
    - `d2d_sigma` 0.1, `up_down_sigma` 0.06, bounds 0.07 of 1 over 2: fitted (their dtod).
    - `c2c_sigma` 0.3, `c2c_additive`: fitted (dw_min_std).
    - that the slopes do not differ from cell to cell is assumed (aihwkit has an sd of 0.01).
    - `leak_time` 1e6 updates: fitted; that an update takes 1 us, so that they are 1 s, is assumed. The 30 % spread
      of the leak over cells is left out.
    - `g_max` 10 uS, `on_off_ratio` 17, `program_sigma` (one pulse's noise), no read noise, no faults: assumed.
    """
    weights = 2.0
    return LinearStep(
        g_min=10e-6 / 17.0,
        g_max=10e-6,
        on_off_ratio=17.0,
        step_up=0.005 / weights,
        step_down=0.005 / weights,
        slope_up=0.05,
        slope_down=0.05,
        symmetry=0.5,
        d2d_sigma=0.1,
        up_down_sigma=0.06,
        g_max_sigma=0.07 / weights,
        g_min_sigma=0.07 / weights,
        c2c_sigma=0.3,
        program_sigma=0.3 * 0.005 / weights,
        leak_time=1e6 * 1e-6,
    )


def sonos_agrawal2022() -> ChargeTrap:
    """SONOS charge-trap memory read below threshold: misses and shifts that depend on level and day.

    Source: Agrawal et al., IEDM 21.7 (2022), Figs. 10 and 11

    The numbers are those of ``SONOS`` in Sandia's CrossSim, in nA of currents up to 1,600, which it takes as 16 uS:
    a read at 0.1 V. Valid up to 5 days after programming.

    - `days`: sd ``A (1 - exp(-I / B))`` and mean shift, a polynomial of the tenth degree, of days 0..5: fitted (by
      CrossSim's authors, to 128 thousand devices).
    - `read_noise_top` 12.58037 nA, `read_noise_level` 215.36557 nA: fitted.
    - `on_off_ratio` 1e7, `g_max` 16 uS: suggested there.
    - that a cell's deviation is one draw scaled, no faults: assumed.
    """
    top = 1600.0  # [nA]
    return ChargeTrap(
        g_min=16e-6 / 1e7,
        g_max=16e-6,
        on_off_ratio=1e7,
        read_voltage=0.1,
        days=tuple(
            Day(
                after=day * 86400.0,
                sigma=a / top,
                scale=b / top,
                shift_poly=tuple(c * top ** (power - 1) for power, c in enumerate(poly)),
            )
            for day, a, b, poly in _SONOS_DAYS
        ),
        read_noise_top=12.58037 / top,
        read_noise_level=215.36557 / top,
    )


_SONOS_DAYS: tuple[tuple[float, float, float, tuple[float, ...]], ...] = (
    (0.0, 19.88665, 176.3115, ()),
    (
        1.0,
        25.59102,
        186.85544,
        (
            6.83650e-01,
            6.51250e-03,
            -4.03163e-04,
            3.37944e-06,
            -1.87435e-08,
            5.88902e-11,
            -1.07685e-13,
            1.17751e-16,
            -7.60016e-20,
            2.67255e-23,
            -3.94954e-27,
        ),
    ),
    (
        2.0,
        28.72753,
        193.56834,
        (
            6.60925e-01,
            8.60627e-03,
            -1.72936e-04,
            7.44096e-07,
            -5.94866e-09,
            2.36734e-11,
            -4.83740e-14,
            5.56072e-17,
            -3.65397e-20,
            1.28405e-23,
            -1.87450e-27,
        ),
    ),
    (
        3.0,
        31.04318,
        198.90332,
        (
            1.15821e00,
            1.96116e-02,
            -4.70807e-04,
            3.67510e-06,
            -2.08786e-08,
            6.59752e-11,
            -1.19499e-13,
            1.28435e-16,
            -8.11574e-20,
            2.78802e-23,
            -4.02057e-27,
        ),
    ),
    (
        4.0,
        33.76214,
        204.77023,
        (
            8.72216e-01,
            1.70926e-02,
            -2.23370e-04,
            1.57526e-06,
            -1.32779e-08,
            5.08256e-11,
            -1.01251e-13,
            1.14633e-16,
            -7.46124e-20,
            2.60559e-23,
            -3.78724e-27,
        ),
    ),
    (
        5.0,
        34.57909,
        207.34309,
        (
            1.15294e00,
            1.03149e-02,
            -6.05199e-05,
            1.76086e-08,
            -6.46690e-09,
            3.39044e-11,
            -7.53872e-14,
            8.98185e-17,
            -6.00346e-20,
            2.12615e-23,
            -3.11099e-27,
        ),
    ),
)
"""Day, A and B of the sd [nA], coefficients of the shift in nA of a current in nA, lowest order first."""
