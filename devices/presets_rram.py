"""Presets of filamentary RRAM and its kin.

Each docstring says where its numbers come from, and of every number whether it is *printed* (in the source),
*fitted* (to the source's data, by whom is said) or *assumed*.
"""

from __future__ import annotations

from .binary import BinaryVcm
from .curves import over
from .exp_step import ExpStep
from .levels import LevelRram, Miss
from .relaxing import RelaxingRram
from .soft_bounds import SoftBoundsRram

DAY = 86400.0


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
        program_poly=over(g_max, 0.348, 16.030, -43.853, 45.393, -16.815),
        retention=(
            Miss(after=DAY, poly=over(g_max, 0.701, 22.086, -50.773, 47.095, -16.458)),
            Miss(after=2 * DAY, poly=over(g_max, 0.782, 20.274, -43.507, 37.062, -11.934)),
        ),
        read_sigma=0.01,
    )


def rram_gong2018_exp() -> ExpStep:
    """Analog RRAM pulsed open-loop, fitted with exponential steps: fast first RESET pulses, noisy steps.

    Source: Gong et al., Nature Communications (2018), doi 10.1038/s41467-018-04485-1

    The numbers are those of ``ReRamESPresetDevice`` in IBM's aihwkit, the closer of its two fits to this paper.
    Weights there span -1..1; here g_min..g_max is that span.

    - `step_up` 0.00135 over 2; `step_down` that times 1 - 0.259359 (up_down): fitted (by aihwkit's authors).
    - `exp_up` -1.18445, `exp_down` -0.081404, both rates 5, `exp_scale` and `exp_offset` -0.5: fitted.
    - `d2d_sigma` 0.2, `up_down_sigma` 0.05, `g_max_sigma` and `g_min_sigma` 0.3 of 1 over 2: fitted (their dtod).
    - `c2c_sigma` 5: fitted (dw_min_std). `write_sigma` 75 x 0.00135 over 2: fitted (write_noise_std).
    - `g_max` 10 uS, `on_off_ratio` 17: assumed, as for `rram_gong2018`.
    - `program_sigma` and `read_sigma` 0, no faults: assumed, for lack of a number.
    """
    weights = 2.0
    return ExpStep(
        g_min=10e-6 / 17.0,
        g_max=10e-6,
        on_off_ratio=17.0,
        step_up=0.00135 / weights,
        step_down=0.00135 * (1.0 - 0.259359) / weights,
        exp_up=-1.18445,
        exp_down=-0.081404,
        rate_up=5.0,
        rate_down=5.0,
        exp_scale=-0.5,
        exp_offset=-0.5,
        d2d_sigma=0.2,
        up_down_sigma=0.05,
        g_max_sigma=0.3 / weights,
        g_min_sigma=0.3 / weights,
        c2c_sigma=5.0,
        write_sigma=75 * 0.00135 / weights,
    )


def rram_gongrasch2022_hfo2() -> SoftBoundsRram:
    """Array of HfO2 RRAM pulsed open-loop: few large steps, wide log-normal spread, a tenth of the cells dead.

    Source: Gong, Rasch et al., IEDM (2022)

    The numbers are those of ``ReRamArrayHfO2PresetDevice`` in IBM's aihwkit. Weights there span -1..1.

    - `step_up`, `step_down` 0.4622 (dw_min over the bound): fitted (by aihwkit's authors).
    - `d2d_sigma` 0.7125, log-normal; `up_down_sigma` 0.01: fitted (dw_min_dtod, up_down_dtod). That dw_min is the
      median of the log-normal is assumed.
    - `g_max_sigma` 0.4295, `g_min_sigma` 0.5990, of 1 over 2: fitted (w_max_dtod, w_min_dtod).
    - `c2c_sigma` 0.2174, `c2c_additive`; `write_sigma` 0.5841 x 0.4622 over 2: fitted.
    - `dead_fraction` 0.0977: measured on the array; off by default in aihwkit, on here. Where dead cells rest is
      assumed: anywhere in the range.
    - the reference subtracted there, with an error of 0.05, is not part of one cell.
    - `g_max` 10 uS, `on_off_ratio` 17: assumed, as for `rram_gong2018`; also `program_sigma` and `read_sigma` 0.
    """
    return _array(0.4622, d2d=0.7125, high=0.4295, low=0.5990, c2c=0.2174, write=0.5841, dead=0.0977)


def rram_gongrasch2022_optimised() -> SoftBoundsRram:
    """Array of RRAM of an optimised material pulsed open-loop: tens of steps, wide spread, dead cells.

    Source: Gong, Rasch et al., IEDM (2022)

    As `rram_gongrasch2022_hfo2`, with aihwkit's ``ReRamArrayOMPresetDevice``.

    - `step_up`, `step_down` 0.0949; `d2d_sigma` 0.7829, log-normal; `up_down_sigma` 0.01: fitted.
    - `g_max_sigma` 0.3499, `g_min_sigma` 0.5695, of 1 over 2: fitted.
    - `c2c_sigma` 0.4158, `c2c_additive`; `write_sigma` 1.4113 x 0.0949 over 2: fitted.
    - `dead_fraction` 0.1348: measured on the array; off by default in aihwkit, on here.
    - `g_max` 10 uS, `on_off_ratio` 17, where dead cells rest, `program_sigma` and `read_sigma` 0: assumed.
    """
    return _array(0.0949, d2d=0.7829, high=0.3499, low=0.5695, c2c=0.4158, write=1.4113, dead=0.1348)


def _array(
    dw_min: float, *, d2d: float, high: float, low: float, c2c: float, write: float, dead: float
) -> SoftBoundsRram:
    """Soft-bounds device of aihwkit's numbers over weights of -1..1."""
    weights = 2.0
    return SoftBoundsRram(
        g_min=10e-6 / 17.0,
        g_max=10e-6,
        on_off_ratio=17.0,
        step_up=dw_min,
        step_down=dw_min,
        d2d_sigma=d2d,
        d2d_law="log_normal",
        up_down_sigma=0.01,
        g_max_sigma=high / weights,
        g_min_sigma=low / weights,
        c2c_sigma=c2c,
        c2c_additive=True,
        write_sigma=write * dw_min / weights,
        dead_fraction=dead,
    )


def rram_milo2021() -> LevelRram:
    """Write-verified HfO2 RRAM behind transistors, with a bent I-V curve.

    Source: Milo et al., IRPS (2021), Figs. 1 and 4, algorithm IGVVA-100

    The numbers are those of ``RRAMMilo`` in Sandia's CrossSim. Valid for 50..225 uS and reads up to 0.5 V.

    - `program_poly` 4.782321 - 0.009107 g in uS: fitted (by CrossSim's authors).
    - `iv_square`, `iv_cubic`, polynomials of log10(g / 1 S): fitted (likewise).
    - `g_min` 50 uS, `g_max` 225 uS: the range of the fit.
    - `read_voltage` 0.2 V, no retention, `read_sigma` 0, no faults: assumed, for lack of a number.
    """
    g_max = 225.0  # [uS]
    return LevelRram(
        g_min=50e-6,
        g_max=225e-6,
        program_poly=over(g_max, 4.782321, -0.009107 * g_max),
        iv_square=(7.063e-3, 5.711e-3, 1.541e-3, 1.388e-4),
        iv_cubic=(1.2968e-3, 6.7919e-4, 8.8710e-5),
    )


def rram_cmo2024() -> RelaxingRram:
    """CMO/HfOx RRAM programmed to 2 % of the level: small misses, then relaxation with log time.

    Source: Falcone et al. (IBM Zurich); Lombardo et al., DRC (2024)

    The numbers are those of ``ReRamCMONoiseModel`` in IBM's aihwkit. Valid for 9..88.2 uS and from 1 s after
    programming; how it gets there in the first second is assumed.

    - `program_poly` 0.0112185391 + 0.01129027418 g in uS: fitted (by aihwkit's authors, like all below).
    - `relax_shift` -0.08900206, `relax_sigma` 0.41183342, `relax_growth` 0.04201137 uS: fitted, the same at every
      level. That a cell's deviation is one draw scaled is assumed.
    - `read_noise_k` 0.0277316483 uS, `read_noise_time` 1 us: fitted.
    - `g_min` 9 uS, `g_max` 88.2 uS: the range of the fit. No faults: assumed, for lack of a number.
    """
    return _cmo(0.0112185391, 0.01129027418)


def rram_cmo2024_fine() -> RelaxingRram:
    """CMO/HfOx RRAM programmed to 0.2 % of the level; what relaxes is the same.

    Source: Falcone et al. (IBM Zurich); Lombardo et al., DRC (2024)

    As `rram_cmo2024`, but for the narrower acceptance.

    - `program_poly` 0.00081107 + 0.00106879 g in uS: fitted (by aihwkit's authors).
    - all else, and what is assumed, as there.
    """
    return _cmo(0.00081107, 0.00106879)


def _cmo(offset: float, slope: float) -> RelaxingRram:
    """One acceptance: sd ``offset + slope g`` of the programming miss [uS]."""
    g_max = 88.2  # [uS]
    return RelaxingRram(
        g_min=9e-6,
        g_max=88.2e-6,
        program_poly=over(g_max, offset, slope * g_max),
        relax_shift=-0.08900206e-6,
        relax_sigma=0.41183342e-6,
        relax_growth=0.04201137e-6,
        read_noise_k=0.0277316483e-6,
        read_noise_time=1e-6,
    )


def vcm_binary() -> BinaryVcm:
    """Binary filamentary RRAM: on or off, switched abruptly with a probability per pulse.

    Source: the structural synapse of Bouhadjar et al., Neuromorphic Computing and Engineering 3, 034014 (2023)

    That paper's synapse is on or off by a permanence kept beside it. Its device numbers were not found, so every
    number here is assumed; they are there to be swept.

    - `g_max` 10 uS, `on_off_ratio` 17: assumed, as for `rram_gong2018`.
    - `set_probability`, `reset_probability` 0.1: assumed, weak pulses, so that single cells pulsed open-loop follow a
      permanence in the mean.
    - `on_sigma` 0.1, `off_sigma` 0.3: assumed, the off state being the wider.
    - `write_failure`, `read_sigma` 0, no faults: assumed.
    """
    return BinaryVcm(
        g_min=10e-6 / 17.0,
        g_max=10e-6,
        on_off_ratio=17.0,
        set_probability=0.1,
        reset_probability=0.1,
        on_sigma=0.1,
        off_sigma=0.3,
    )
