"""The digits scenarios: what a run says is true, and the ideal crossbar is the software."""

import numpy as np
import pytest

import scenarios
from devices.presets import DEVICES
from htm.encoders import ImageEncoder, ImageEncoderParams
from htm.pooler import SpatialPooler
from htm.software import SoftwareSubstrate
from hwsim.crossbar import CrossbarSubstrate
from scenarios.data import DataParams, load_images
from scenarios.digits import METRICS, run_point
from scenarios.hardware_metrics import DEFECTS, SPIKING

SMALL = ["data.train=300", "data.test=100", "robustness.records=5", "robustness.levels=3"]


def _run(*sets, name="digits8x8"):
    seen = []
    outcome = run_point(scenarios.load(name, [*SMALL, *sets]), lambda *step: seen.append(step))
    return outcome, seen


def test_ideal_crossbar_equals_software_after_learning_4000_digits():
    config = scenarios.load("digits", ["device=ideal"])
    images = load_images(DataParams())
    encoder = ImageEncoder(ImageEncoderParams(level=config.encoder.level), images.shape)
    software = SpatialPooler(config.pooler, images.shape, SoftwareSubstrate(), seed=3)
    hardware = SpatialPooler(
        config.pooler, images.shape, CrossbarSubstrate(DEVICES["ideal"](), seed=3), seed=3
    )
    for image in images.train_images:
        bits = encoder.encode(image)
        assert np.array_equal(software.compute(bits), hardware.compute(bits))
    assert np.array_equal(software.synapses.permanence, hardware.synapses.permanence)
    assert np.array_equal(software.boost, hardware.boost)
    assert software.synapses.permanence.std() > 0.2  # something was learned


def test_ideal_point_says_so():
    outcome, _ = _run("device=ideal")
    metrics = outcome.metrics
    assert metrics["fidelity"] == 1.0
    for stem in ("accuracy_{}", "sparsity_{}", "entropy_{}_bit", "noise_robustness_{}"):
        assert metrics[stem.format("software")] == metrics[stem.format("hardware")]
    assert np.array_equal(outcome.arrays["confusion_software"], outcome.arrays["confusion_hardware"])


def test_ideal_neurons_say_so_too_and_what_spiking_takes_stands_beside_a_crossbar():
    (spiking, _), (crossbar, _) = _run("device=ideal", "substrate=spiking"), _run("device=ideal")
    ours, theirs = spiking.metrics, crossbar.metrics
    assert ours["fidelity"] == 1.0
    assert ours["accuracy_hardware"] == ours["accuracy_software"]
    assert ours["spikes_per_record"] == 102
    assert ours["synaptic_events_per_record"] > 102
    assert ours["pulses_per_record"] > 0
    assert ours["energy_per_record_crossbar_J"] == pytest.approx(theirs["energy_per_record_J"])
    assert ours["latency_per_record_s"] > 0.1
    assert "dendritic_spikes_per_record" not in ours  # there are no segments
    assert set(ours) - set(theirs) == set(SPIKING) - {"dendritic_spikes_per_record"}


def test_every_metric_is_named_and_plausible():
    outcome, seen = _run()
    assert set(outcome.metrics) == set(METRICS) - set(DEFECTS) - set(SPIKING)
    metrics = outcome.metrics
    assert 0.5 < metrics["accuracy_hardware"] <= 1.0
    assert 0.0 < metrics["fidelity"] < 1.0
    assert metrics["energy_per_record_J"] > 0
    assert metrics["energy_learning_J"] > 100 * metrics["energy_per_record_J"]
    confusion = outcome.arrays["confusion_hardware"]
    assert confusion.sum() == 100
    assert np.trace(confusion) / 100 == pytest.approx(metrics["accuracy_hardware"])
    assert outcome.arrays["fidelity_per_record"].mean() == pytest.approx(metrics["fidelity"])
    assert seen[-1][0] == seen[-1][1]  # the bar ends full


def test_same_seed_same_run_with_or_without_a_kept_software_half():
    from scenarios import digits

    digits._KEPT.clear()
    first, _ = _run("device=rram_gong2018", "crossbar.readout=analog")
    second, _ = _run("device=rram_gong2018", "crossbar.readout=analog")
    assert first.metrics == second.metrics
    for name, array in first.arrays.items():
        assert np.array_equal(array, second.arrays[name], equal_nan=array.dtype.kind == "f"), name


def test_a_worse_device_shares_fewer_winners():
    fidelity = [_run(f"device.read_sigma={sigma}")[0].metrics["fidelity"] for sigma in (0.0, 0.3, 1.0)]
    assert fidelity[0] > fidelity[1] > fidelity[2]
    stuck = [_run(f"device.stuck_off_fraction={f}")[0].metrics["fidelity"] for f in (0.0, 0.3)]
    assert stuck[0] > stuck[1]


def test_a_pause_lets_devices_drift():
    now, _ = _run("device=pcm_joshi2020", "crossbar.readout=analog")
    later, _ = _run("device=pcm_joshi2020", "crossbar.readout=analog", "time.pause=30 d")
    assert later.metrics["fidelity"] < now.metrics["fidelity"]
    assert later.metrics["accuracy_software"] == now.metrics["accuracy_software"]


def test_software_as_its_own_hardware():
    outcome, _ = _run("substrate=software")
    assert outcome.metrics["fidelity"] == 1.0
    assert "energy_per_record_J" not in outcome.metrics


def test_settings_reach_the_hardware():
    """Every crossbar option changes a run that it should change."""
    base = ["device=rram_gong2018", "crossbar.readout=analog"]
    plain = _run(*base)[0].metrics
    for option in (
        "crossbar.adc_bits=3",
        "crossbar.adc_range=0.1",
        "crossbar.adc_offset_sigma=4",
        "crossbar.reference_column=false",
        "crossbar.comparator_sigma=5 uA",
        "crossbar.programming=write_verify",
        "crossbar.tile_rows=16",
        "crossbar.chip=1",
    ):
        assert _run(*base, option)[0].metrics != plain, option
    verify = [*base, "crossbar.programming=write_verify"]
    tight = _run(*verify, "crossbar.verify_tolerance=0.01")[0].metrics
    assert tight != _run(*verify)[0].metrics
    assert tight != _run(*verify, "crossbar.verify_tolerance=0.01", "crossbar.verify_cycles=2")[0].metrics
    columns = _run(*base, "crossbar.tile_columns=64")[0].metrics
    assert columns["area_m2"] != plain["area_m2"]


@pytest.mark.parametrize("seed", range(3))
def test_pooler_beats_raw_pixels(seed):
    """Ten seeds of it are in benchmarks/digits_accuracy.py."""
    config = scenarios.load("digits", [f"seed={seed}", "substrate=software", "robustness.records=1"])
    metrics = run_point(config, lambda *_: None).metrics
    assert metrics["accuracy_software"] > metrics["accuracy_raw"]
