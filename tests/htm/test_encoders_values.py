"""Encoders of numbers, names and dates: layout, rules, exactness against htm.core."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from htm.bits import overlap
from htm.encoders import (
    CategoryEncoder,
    CategoryEncoderParams,
    DateTimeEncoder,
    DateTimeEncoderParams,
    RandomScalarEncoder,
    RandomScalarEncoderParams,
    ScalarEncoder,
    ScalarEncoderParams,
)
from htm.encoders.hashing import distinct_bits, mix, mix_array
from htm.pick import BadInput


def scalar(**more: Any) -> ScalarEncoder:
    given_ = {"minimum": -50.0, "maximum": 50.0, "active_bits": 21, "size": 200} | more
    return ScalarEncoder(ScalarEncoderParams(**given_))


def calendar(missing: str = "refuse") -> DateTimeEncoder:
    parts: dict[str, Any] = {
        "season": 9,
        "day_of_week": 7,
        "weekend": 5,
        "custom": 4,
        "holiday": 6,
        "time_of_day": 21,
    }
    holidays = ((12, 25), (2, 29), (2020, 7, 4))
    days = ("Monday", "fri")
    return DateTimeEncoder(
        DateTimeEncoderParams(**parts, custom_days=days, holidays=holidays, missing=missing)
    )


class TestHashing:
    def test_splitmix64_reference_values(self):
        # First outputs of the published generator seeded with 0, whose state grows by the golden ratio.
        golden = 0x9E3779B97F4A7C15
        known = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
        assert [mix(i * golden) for i in range(3)] == known

    @given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=20))
    def test_array_equals_integers(self, keys):
        assert mix_array(np.array(keys, dtype=np.int64)).tolist() == [mix(key) for key in keys]

    @given(st.integers(1, 30), st.integers(0, 2**64 - 31))
    def test_distinct_bits_fill_even_a_full_code(self, n, first):
        keys = np.arange(n, dtype=np.uint64) * np.uint64(7) + np.uint64(first)
        assert distinct_bits(keys, n).tolist() == list(range(n))


class TestScalar:
    @pytest.mark.parametrize(
        ("key", "given_"),
        [
            ("scalar_size", {"size": 200}),
            ("scalar_radius", {"radius": 5.0}),
            ("scalar_resolution", {"resolution": 0.5}),
        ],
    )
    def test_equals_htmcore(self, htmcore_oracles, key, given_):
        oracle = np.load(htmcore_oracles / "encoders.npz")
        encoder = scalar(**({"minimum": 0, "maximum": 100, "size": None} | given_))
        assert encoder.size == oracle[f"{key}_size"]
        for value, bits in zip(oracle["scalar_values"], oracle[key], strict=True):
            assert encoder.encode(value).tolist() == bits.tolist()

    def test_periodic_equals_htmcore(self, htmcore_oracles):
        oracle = np.load(htmcore_oracles / "encoders.npz")["scalar_periodic"]
        encoder = scalar(minimum=0, maximum=24, size=100, periodic=True)
        for value, bits in zip(np.linspace(0, 23.9, 240), oracle, strict=True):
            assert encoder.encode(value).tolist() == sorted(bits.tolist())

    def test_ends(self):
        line, ring = scalar(), scalar(periodic=True, outside="wrap")
        assert line.encode(-50).tolist() == list(range(21))
        assert line.encode(50).tolist() == list(range(179, 200))
        assert np.array_equal(ring.encode(-50), ring.encode(50))
        assert np.array_equal(ring.encode(-20), ring.encode(280))
        clipped = scalar(outside="clip")
        assert np.array_equal(clipped.encode(math.inf), line.encode(50))

    def test_radius_and_resolution_mean_what_they_say(self):
        encoder = scalar(size=None, radius=10.0)
        assert encoder.resolution == pytest.approx(10 / 21)
        a, b, c = (encoder.encode(x) for x in (0.0, 9.5, 10.5))
        assert overlap(a, b) > 0
        assert overlap(a, c) == 0
        assert not np.array_equal(a, encoder.encode(encoder.resolution))

    def test_sparsity_stands_for_active_bits(self):
        assert scalar(active_bits=None, sparsity=0.05).active_bits == 10

    @pytest.mark.parametrize(
        ("given_", "message"),
        [
            ({"maximum": -50}, r"maximum: must exceed minimum \(-50.0\), got -50.0"),
            ({"radius": 2}, "exactly one of size, radius, resolution, category must be given, got size and"),
            ({"size": 21}, r"size: must exceed active_bits \(21\), got 21"),
            ({"sparsity": 0.1}, "exactly one of active_bits, sparsity must be given"),
            ({"active_bits": None, "sparsity": 0.001}, "sparsity: must make at least one"),
            ({"size": None, "resolution": 1e-12}, "resolution: must make at most"),
            ({"size": None, "radius": 500.0, "periodic": True}, "radius, resolution: must be less"),
            ({"outside": "wrap"}, "outside: only a periodic range can wrap"),
            ({"outside": "clip", "periodic": True}, "outside: a periodic range has no ends"),
            ({"size": None, "category": True, "minimum": 0.5}, "minimum, maximum: must be whole"),
            ({"size": None, "category": True, "periodic": True}, "category: allows neither"),
            ({"minimum": -1e308, "maximum": 1e308}, "maximum: must exceed minimum"),
            ({"size": None, "radius": 5e-324}, "resolution: must make at most"),
            ({"minimum": math.nan}, "ScalarEncoderParams.minimum"),
            ({"sise": 3}, r"ScalarEncoderParams.sise: unknown key \(did you mean size"),
        ],
    )
    def test_bad_parameters(self, given_, message):
        with pytest.raises(BadInput, match=message) as caught:
            scalar(**given_)
        assert "\n" not in str(caught.value)


class TestRandomScalar:
    @given(st.integers(-(10**6), 10**6), st.integers(0, 80), st.integers(0, 99))
    @settings(max_examples=60, deadline=None)
    def test_neighbours_share_all_but_their_distance(self, bucket, distance, seed):
        params = RandomScalarEncoderParams(size=2000, active_bits=40, resolution=1.0, seed=seed)
        encoder = RandomScalarEncoder(params)
        shared = overlap(encoder.encode(bucket), encoder.encode(bucket + distance))
        assert shared >= max(0, 40 - distance)
        assert shared <= max(0, 40 - distance) + 8  # chance: 0.8 bits on average

    def test_overlap_law_of_htmcore(self, htmcore_oracles):
        oracle = np.load(htmcore_oracles / "encoders.npz")
        codes = []
        for seed in range(40):
            params = RandomScalarEncoderParams(size=2000, active_bits=40, resolution=1.0, seed=seed)
            encoder = RandomScalarEncoder(params)
            codes.append([encoder.encode(100.0 * seed + d) for d in oracle["rdse_distance"]])
        mean = np.mean([[overlap(code[0], other) for other in code] for code in codes], axis=0)
        assert np.abs(mean - oracle["rdse_overlap_mean"]).max() < 2

    def test_every_bit_is_used_alike_and_codes_overlap_by_chance(self):
        encoder = RandomScalarEncoder(RandomScalarEncoderParams(size=503, active_bits=20, resolution=1.0))
        codes = [encoder.encode(20 * i) for i in range(5000)]
        used = np.bincount(np.concatenate(codes), minlength=503)
        expected = 5000 * 20 / 503
        assert np.abs(used - expected).max() < 0.06 * expected + 5 * math.sqrt(expected)
        shared = [overlap(a, b) for a, b in zip(codes[::2], codes[1::2], strict=True)]
        assert np.mean(shared) == pytest.approx(20 * 20 / 503, rel=0.1)
        assert np.var(shared) == pytest.approx(20 * 20 / 503 * (1 - 20 / 503), rel=0.15)

    def test_seeds_have_nothing_in_common(self):
        a, b = (
            RandomScalarEncoder(RandomScalarEncoderParams(active_bits=40, resolution=1.0, seed=seed))
            for seed in (1, 2)
        )
        shared = [overlap(a.encode(x), b.encode(x)) for x in range(0, 4000, 40)]
        assert np.mean(shared) == pytest.approx(40 * 40 / 2048, abs=0.4)

    def test_forgetting_old_blocks_changes_nothing(self):
        encoder = RandomScalarEncoder(RandomScalarEncoderParams(active_bits=40, radius=5.0))
        encoder._most_blocks = 4
        before = [encoder.encode(x) for x in range(0, 200, 7)]
        assert all(np.array_equal(encoder.encode(7 * i), code) for i, code in enumerate(before))

    @pytest.mark.parametrize(
        ("given_", "message"),
        [
            ({}, "exactly one of radius, resolution, category must be given, got none"),
            ({"radius": 1.0, "category": True}, "exactly one of radius, resolution, category"),
            ({"radius": 1.0, "size": 30}, r"active_bits: must not exceed size \(30\), got 40"),
            ({"radius": 5e-324}, "radius: must not vanish"),
            ({"radius": -1.0}, "RandomScalarEncoderParams.radius: input should be greater than 0, got -1.0"),
        ],
    )
    def test_bad_parameters(self, given_, message):
        with pytest.raises(BadInput, match=message):
            RandomScalarEncoderParams(active_bits=40, **given_)


class TestCategory:
    def test_blocks_in_order_and_the_unknown_first(self):
        params = CategoryEncoderParams(categories=("a", "b"), active_bits=3, unknown="own")
        encoder = CategoryEncoder(params)
        assert encoder.size == 9
        assert [encoder.encode(x).tolist() for x in ("?", "a", "b")] == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]

    def test_drawn_codes_do_not_depend_on_the_list(self):
        few = CategoryEncoder(CategoryEncoderParams(categories=("b",), size=500, unknown="own"))
        many = CategoryEncoder(CategoryEncoderParams(size=500))
        assert np.array_equal(few.encode("b"), many.encode("b"))
        assert np.array_equal(few.encode("x"), few.encode("y"))
        assert not np.array_equal(few.encode("x"), many.encode("x"))

    @pytest.mark.parametrize(
        ("given_", "message"),
        [
            ({}, "categories: must be listed where size is not given"),
            ({"categories": ("a", "a")}, "categories: must all differ, got 'a' twice"),
            ({"size": 21}, r"size: must exceed active_bits \(21\), got 21"),
        ],
    )
    def test_bad_parameters(self, given_, message):
        with pytest.raises(BadInput, match=message):
            CategoryEncoderParams(**given_)


class TestDateTime:
    def test_equals_htmcore(self, htmcore_oracles):
        oracle = np.load(htmcore_oracles / "encoders.npz")
        params = DateTimeEncoderParams(
            season=9, day_of_week=7, weekend=5, time_of_day=21, time_of_day_radius=9.49
        )
        encoder = DateTimeEncoder(params)
        assert encoder.size == oracle["date_size"]
        dense = np.unpackbits(oracle["date_dense"], axis=1)[:, : encoder.size]
        for iso, bits in zip(oracle["date_iso"], dense, strict=True):
            assert np.array_equal(encoder.encode(str(iso)), np.flatnonzero(bits))

    def test_layout(self):
        encoder = calendar()
        widths = {name: part.stop - part.start for name, part in encoder.parts.items()}
        assert list(widths) == ["season", "day_of_week", "weekend", "custom", "holiday", "time_of_day"]
        assert widths == {
            "season": 36,
            "day_of_week": 49,
            "weekend": 10,
            "custom": 8,
            "holiday": 12,
            "time_of_day": 126,
        }

    @pytest.mark.parametrize(
        ("moment", "part", "first"),
        [
            ("2020-07-06 12:00", "custom", 4),  # a Monday
            ("2020-07-07 12:00", "custom", 0),
            ("2020-07-10 12:00", "custom", 4),  # a Friday
            ("2020-07-10 18:00", "weekend", 0),
            ("2020-07-10 18:00:01", "weekend", 5),
            ("2020-07-12 23:59:59", "weekend", 5),
            ("2020-07-13 00:00", "weekend", 0),
            ("2021-06-01 12:00", "holiday", 0),
            ("2021-12-24 12:00", "holiday", 3),
            ("2021-12-25 00:00", "holiday", 6),
            ("2021-12-25 23:59", "holiday", 6),
            ("2021-12-26 08:00", "holiday", 8),
            ("2020-07-04 08:00", "holiday", 6),
            ("2021-07-04 08:00", "holiday", 0),  # that year's only
            ("2020-02-29 08:00", "holiday", 6),
            ("2021-03-01 12:00", "holiday", 0),  # there was no 29 February
        ],
    )
    def test_days(self, moment, part, first):
        encoder = calendar()
        bits = encoder.encode(moment)
        at = encoder.parts[part]
        found = bits[(bits >= at.start) & (bits < at.stop)] - at.start
        assert found.tolist() == sorted((first + i) % (at.stop - at.start) for i in range(found.size))

    def test_new_year_has_an_eve(self):
        encoder = DateTimeEncoder(DateTimeEncoderParams(holiday=6, holidays=((1, 1),)))
        assert encoder.encode("2020-12-31 12:00")[0] == 3

    def test_all_kinds_of_dates_agree(self):
        encoder = calendar()
        moment = dt.datetime(2020, 7, 4)
        code = encoder.encode(moment)
        kinds = (
            "2020-07-04",
            "2020-07-04T00:00:00",
            dt.date(2020, 7, 4),
            np.datetime64("2020-07-04"),
            np.datetime64("2020-07-04T00:00:00.5"),
            moment.replace(tzinfo=dt.UTC),
        )
        assert all(np.array_equal(encoder.encode(kind), code) for kind in kinds)

    def test_pandas_timestamps(self):
        pandas = pytest.importorskip("pandas")
        encoder = calendar(missing="empty")
        at = pandas.Timestamp("2020-07-04 05:06")
        assert np.array_equal(encoder.encode(at), encoder.encode("2020-07-04 05:06"))
        assert encoder.encode(pandas.NaT).size == 0

    @pytest.mark.parametrize(
        ("given_", "message"),
        [
            ({}, "at least one of season, day_of_week, weekend, custom, holiday, time_of_day"),
            ({"custom": 3}, "custom, custom_days: go together"),
            ({"weekend": 3, "custom_days": ("monday",)}, "custom, custom_days: go together"),
            ({"custom": 3, "custom_days": ("moonday",)}, r"unknown day 'moonday' \(did you mean monday"),
            ({"holiday": 3, "holidays": ((2, 30),)}, r"holidays: must be \(month, day\).*got \(2, 30\)"),
            (
                {"time_of_day": 3, "time_of_day_radius": 99},
                "time_of_day_radius: must be well below 24 and not next to 0",
            ),
        ],
    )
    def test_bad_parameters(self, given_, message):
        with pytest.raises(BadInput, match=message):
            DateTimeEncoderParams(**given_)
