"""Segments counted as dense rows over all inputs: the same results, other events, energy and area."""

import numpy as np
import pytest

from devices.presets import device_from
from htm.pick import BadInput
from hwsim.cost import area, isaac_puma
from hwsim.crossbar import CrossbarSubstrate
from hwsim.params import CrossbarParams

ROWS, INPUTS, SLOTS = 70, 50, 24
DEVICE = {"preset": "ideal", "g_min": 1e-6, "g_max": 1e-5}
ACTIVE = np.array([0, 3, 19, 21, 41], dtype=np.int32)


def _segments(device=DEVICE, **crossbar):
    params = CrossbarParams(tile_rows=20, tile_columns=32, **crossbar)
    substrate = CrossbarSubstrate(device_from(device), params, seed=1)
    segments = substrate.segments(INPUTS, ROWS, SLOTS, 0.5)
    rng = np.random.default_rng(0)
    source = np.stack([rng.choice(INPUTS, SLOTS, replace=False) for _ in range(ROWS)]).astype(np.int32)
    rows, slots = np.nonzero(source >= 0)
    segments.connect(rows.astype(np.int32), slots.astype(np.int32), source[rows, slots], 0.6)
    substrate.events.clear()
    substrate.loads.clear()
    return substrate, segments


@pytest.mark.parametrize("readout", ["binary", "analog"])
@pytest.mark.parametrize("device", ["rram_gong2018", "pcm_joshi2020", DEVICE])
def test_results_are_the_same(readout, device):
    found = []
    for kind in ("registers", "dense"):
        substrate, segments = _segments(device, readout=readout, segment_rows=kind)
        seen = []
        for _ in range(5):
            seen += [array.tolist() for array in segments.activity(ACTIVE, 2)]
            segments.adapt(np.arange(9, dtype=np.int32), ACTIVE, 0.1, 0.1)
        found.append(
            (seen, segments.permanence.tolist(), substrate.events["pulse"], substrate.events["write"])
        )
    assert found[0] == found[1]


def test_an_analog_read_drives_converts_and_leaks_in_every_row():
    """Active inputs lie in tiles 0, 1 and 2 of 3 down; 3 across; a reference column each."""
    substrate, segments = _segments(readout="analog", segment_rows="dense")
    rows, _, driven = segments.activity(ACTIVE, 3)
    assert 0 < rows.size < ROWS
    lines = ROWS + 3
    assert substrate.events == {
        "line_drive": ACTIVE.size * 3, "tile_read": 9, "read_cycle": 1, "add": 2 * ROWS,
        "adc": 3 * lines, "adc_cycle": 32,
    }  # fmt: skip
    on, off = 1e-6 + 0.6 * 9e-6, 1e-6
    wired = driven.sum()
    assert substrate.loads["read"] == pytest.approx(
        wired * on + (ACTIVE.size * lines - wired) * off, rel=1e-5
    )


def test_a_binary_read_senses_every_cell_of_the_driven_lines():
    substrate, segments = _segments(segment_rows="dense")
    _, _, driven = segments.activity(ACTIVE, 3)
    assert substrate.events == {"line_drive": 15, "sense": 5 * ROWS, "sense_cycle": 5}
    wired = driven.sum()
    on, off = 1e-6 + 0.6 * 9e-6, 1e-6
    assert substrate.loads["sense"] == pytest.approx(wired * on + (5 * ROWS - wired) * off, rel=1e-5)


def test_in_a_differential_pair_that_is_off_one_cell_leaks_as_if_on():
    substrate, segments = _segments(readout="analog", segment_rows="dense", pairing="differential")
    segments.activity(ACTIVE, SLOTS)  # no row can match, so all there is is leakage
    assert substrate.loads["read"] == pytest.approx(ACTIVE.size * (ROWS + 3) * (1e-6 + 1e-5), rel=1e-6)


def test_area_is_that_of_a_device_for_each_segment_and_input():
    substrate, _ = _segments(readout="analog", segment_rows="dense")
    (tiling,) = substrate.tilings
    assert (tiling.rows, tiling.slots, tiling.tiles) == (ROWS, INPUTS, 9)
    beside, _ = _segments(readout="analog")
    ours, theirs = (area(one.tilings, isaac_puma(), with_adc=True) for one in (substrate, beside))
    assert ours == pytest.approx(theirs * 9 / 6)


def test_what_it_does_not_go_with_is_refused_in_one_line():
    for more, word in (
        ({"remap": {"on": True}}, "remap.on true"),
        ({"write_scheme": "half"}, "write_scheme half"),
    ):
        with pytest.raises(BadInput, match=f"segment_rows: must be registers with {word}, got dense"):
            CrossbarParams(segment_rows="dense", **more)
    substrate, _ = _segments(segment_rows="dense")
    with pytest.raises(BadInput, match="segment_rows: must be registers where parts fail"):
        substrate.arm()
