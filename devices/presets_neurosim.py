"""Presets of the device table of MLP+NeuroSim.

Each docstring says where its numbers come from, and of every number whether it is *printed* (in the source),
*fitted* (to the source's data, by whom is said) or *assumed*.
"""

from __future__ import annotations

from .linear_step import NeuroSimDevice


def rram_jo2010() -> NeuroSimDevice:
    """Ag:a-Si memristor: 97 states, strongly bent curves.

    Source: Jo et al., Nano Letters (2010); table of the MLP+NeuroSim V3.0 manual (Chen, Peng, Yu; code of 2017)

    - R_on 26 MOhm, on/off 12.5, labels 2.4 and -4.88, 97 and 100 pulses, cycle noise 3.5 %: printed in
      NeuroSim's table.
    - `read_voltage` 0.5 V: NeuroSim's default. That a direct write misses by the noise of one pulse, and no drift,
      read noise, spread of cells, faults: assumed.
    """
    return _neurosim(26e6, 12.5, labels=(2.4, -4.88), pulses=(97, 100), sigma=0.035)


def rram_taox_tio2() -> NeuroSimDevice:
    """TaOx/TiO2 memristor: 102 states, an on/off ratio of only 2.

    Source: table of the MLP+NeuroSim V3.0 manual (Chen, Peng, Yu; code of 2017)

    - R_on 5 MOhm, on/off 2, labels 1.85 and -1.79, 102 states: printed in
      NeuroSim's table.
    - cycle noise 1 %: the table says below 1 %; assumed. 102 pulses each way: assumed.
    - `read_voltage` 0.5 V: NeuroSim's default. That a direct write misses by the noise of one pulse, and no drift,
      read noise, spread of cells, faults: assumed.
    """
    return _neurosim(5e6, 2.0, labels=(1.85, -1.79), pulses=(102, 102), sigma=0.01)


def rram_wu2018() -> NeuroSimDevice:
    """TaOx/HfOx RRAM: 128 states, nearly straight curves.

    Source: Wu et al. (2018); table of the MLP+NeuroSim V3.0 manual (Chen, Peng, Yu; code of 2017)

    - R_on 100 kOhm, on/off 10, labels 0.04 and -0.63, 128 states, cycle noise 3.7 %: printed in
      NeuroSim's table.
    - 128 pulses each way: assumed.
    - `read_voltage` 0.5 V: NeuroSim's default. That a direct write misses by the noise of one pulse, and no drift,
      read noise, spread of cells, faults: assumed.
    """
    return _neurosim(100e3, 10.0, labels=(0.04, -0.63), pulses=(128, 128), sigma=0.037)


def rram_park2013() -> NeuroSimDevice:
    """PCMO memristor: 50 states, the most bent curves of the table.

    Source: Park et al. (2013); table of the MLP+NeuroSim V3.0 manual (Chen, Peng, Yu; code of 2017)

    - R_on 23 MOhm, on/off 6.84, labels 3.68 and -6.76, 50 states: printed in
      NeuroSim's table.
    - cycle noise 1 %: the table says below 1 %; assumed. 50 pulses each way: assumed.
    - `read_voltage` 0.5 V: NeuroSim's default. That a direct write misses by the noise of one pulse, and no drift,
      read noise, spread of cells, faults: assumed.
    """
    return _neurosim(23e6, 6.84, labels=(3.68, -6.76), pulses=(50, 50), sigma=0.01)


def rram_woo2016() -> NeuroSimDevice:
    """AlOx/HfO2 RRAM: 40 states, noisy cycles.

    Source: Woo et al. (2016); table of the MLP+NeuroSim V3.0 manual (Chen, Peng, Yu; code of 2017)

    - R_on 16.9 kOhm, on/off 4.43, labels 1.94 and -0.61, 40 states, cycle noise 5 %: printed in
      NeuroSim's table.
    - 40 pulses each way: assumed.
    - `read_voltage` 0.5 V: NeuroSim's default. That a direct write misses by the noise of one pulse, and no drift,
      read noise, spread of cells, faults: assumed.
    """
    return _neurosim(16.9e3, 4.43, labels=(1.94, -0.61), pulses=(40, 40), sigma=0.05)


def rram_choi2018() -> NeuroSimDevice:
    """EpiRAM, Ag in dislocations of SiGe: 64 states, gently bent, a large on/off ratio.

    Source: Choi et al. (2018); table of the MLP+NeuroSim V3.0 manual (Chen, Peng, Yu; code of 2017)

    - R_on 81 kOhm, on/off 50.2, labels 0.5 and -0.5, 64 states, cycle noise 2 %: printed in
      NeuroSim's table.
    - 64 pulses each way: assumed.
    - `read_voltage` 0.5 V: NeuroSim's default. That a direct write misses by the noise of one pulse, and no drift,
      read noise, spread of cells, faults: assumed.
    """
    return _neurosim(81e3, 50.2, labels=(0.5, -0.5), pulses=(64, 64), sigma=0.02)


def pcm_kuzum2011() -> NeuroSimDevice:
    """GST phase-change synapse pulsed with rising amplitudes: 100 to 120 states.

    Source: Kuzum et al. (2011); table of the MLP+NeuroSim V3.0 manual (Chen, Peng, Yu; code of 2017)

    - R_on 4.71 kOhm, on/off 19.8, labels 0.105 and 2.4, 100-120 states, cycle noise 1.5 %: printed in
      NeuroSim's table.
    - 100 pulses up, 120 down: assumed of the 100-120. Depression starts slowly (its label is positive).
    - `read_voltage` 0.5 V: NeuroSim's default. That a direct write misses by the noise of one pulse, and no drift,
      read noise, spread of cells, faults: assumed.
    """
    return _neurosim(4.71e3, 19.8, labels=(0.105, 2.4), pulses=(100, 120), sigma=0.015)


def fefet_jerry2017() -> NeuroSimDevice:
    """HZO ferroelectric transistor pulsed with rising amplitudes: 32 states.

    Source: Jerry et al., IEDM (2017); table of the MLP+NeuroSim V3.0 manual (Chen, Peng, Yu; code of 2017)

    - R_on 559.28 kOhm, on/off 45, labels 1.75 and 1.46, 32 states: printed in
      NeuroSim's table.
    - cycle noise 0.5 %: the table says below 0.5-1 %; assumed. 32 pulses each way: assumed. Depression starts
      slowly (its label is positive).
    - `read_voltage` 0.5 V: NeuroSim's default. That a direct write misses by the noise of one pulse, and no drift,
      read noise, spread of cells, faults: assumed.
    """
    return _neurosim(559.28e3, 45.0, labels=(1.75, 1.46), pulses=(32, 32), sigma=0.005)


def _neurosim(
    r_on: float, ratio: float, *, labels: tuple[float, float], pulses: tuple[int, int], sigma: float
) -> NeuroSimDevice:
    """One row of the table.

    Parameters
    ----------
    r_on, ratio : on resistance [ohm] and on/off ratio
    labels : non-linearity of potentiation and depression, with NeuroSim's signs
    pulses : from end to end, up and down
    sigma : cycle noise of one pulse, over the range
    """
    mean_step = 0.5 * (1.0 / pulses[0] + 1.0 / pulses[1])  # over the range
    return NeuroSimDevice(
        g_min=1.0 / r_on / ratio,
        g_max=1.0 / r_on,
        on_off_ratio=ratio,
        read_voltage=0.5,
        nonlinearity_up=labels[0],
        nonlinearity_down=-labels[1],
        pulses_up=pulses[0],
        pulses_down=pulses[1],
        c2c_sigma=sigma / mean_step,
        program_sigma=sigma,
    )
