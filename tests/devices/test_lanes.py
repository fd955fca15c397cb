"""Lanes: one generator, several mechanisms that never shift one another."""

from __future__ import annotations

import numpy as np
import pytest

from devices.lanes import LANES, LONG_LANE, Lanes, lane_keys, normals
from devices.noise import expand


def test_a_lane_is_the_same_whatever_the_others_draw() -> None:
    alone, beside = np.random.default_rng(1), np.random.default_rng(1)
    with Lanes(alone) as lane:
        expected = lane(1).random(5)
    with Lanes(beside) as lane:
        lane(0).random(1000)
        first = lane(1).random(2)
        lane(2).random(7)
        rest = lane(1).random(3)  # continues where it was left
    np.testing.assert_array_equal(expected, np.concatenate([first, rest]))
    assert alone.bit_generator.state == beside.bit_generator.state


def test_lanes_and_uses_differ() -> None:
    rng = np.random.default_rng(1)
    drawn = []
    for _ in range(2):
        with Lanes(rng, LONG_LANE) as outer:
            for wide in range(LANES):
                with Lanes(outer(wide)) as lane:
                    drawn += [lane(number).random() for number in range(LANES)]
    assert len(set(drawn)) == 2 * LANES**2


def test_lanes_are_uncorrelated() -> None:
    """|z| < 4, standard error of a sample correlation 1 / sqrt(N)."""
    n, rng = 20_000, np.random.default_rng(2)
    with Lanes(rng) as lane:
        drawn = [lane(number).random(n) for number in range(LANES)]
    drawn.append(rng.random(n))
    correlation = np.corrcoef(drawn)[np.triu_indices(len(drawn), 1)]
    assert np.abs(correlation).max() < 4 / np.sqrt(n)


@pytest.mark.parametrize("lanes", [(), (0,), (2,), (0, 2), (1, 2, 3)])
def test_keys_of_lanes_are_what_normals_take_from_them(lanes: tuple[int, ...]) -> None:
    rng, twin = np.random.default_rng(3), np.random.default_rng(3)
    for _ in range(2):
        twin.integers(0, 9, dtype=np.uint32)  # leaves half a word behind
        rng.integers(0, 9, dtype=np.uint32)
        drawn = np.empty((len(lanes), 9), dtype=np.float32)
        for key, line in zip(lane_keys(rng, *lanes), drawn, strict=True):
            expand(key, line)
        with Lanes(twin) as lane:
            for number, line in zip(lanes, drawn, strict=True):
                np.testing.assert_array_equal(line, normals(lane(number), 9))
        assert rng.bit_generator.state == twin.bit_generator.state


def test_only_so_many_lanes() -> None:
    with (
        Lanes(np.random.default_rng(0)) as lane,
        pytest.raises(IndexError, match=r"lane must be 0\.\.3, got 4"),
    ):
        lane(4)
