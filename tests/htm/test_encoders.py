"""Encoders: the laws that all of them keep, in one list, and what each has of its own."""

from __future__ import annotations

import datetime as dt
import hashlib
import inspect
import math
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from htm.bits import overlap
from htm.encoders import (
    ENCODERS,
    CategoryEncoder,
    CategoryEncoderParams,
    CoordinateEncoder,
    CoordinateEncoderParams,
    DateTimeEncoder,
    DateTimeEncoderParams,
    DocumentEncoder,
    DocumentEncoderParams,
    GeospatialEncoder,
    GeospatialEncoderParams,
    GridCellEncoder,
    GridCellEncoderParams,
    ImageEncoder,
    ImageEncoderParams,
    RandomScalarEncoder,
    RandomScalarEncoderParams,
    Record,
    RecordParams,
    ScalarEncoder,
    ScalarEncoderParams,
)
from htm.pick import BadInput

Pair = tuple[Any, Any]


@dataclass(frozen=True)
class Case:
    """An encoder, the values it must take, and those it must refuse."""

    make: Callable[..., Any]
    """Keyword `missing` says what a missing value gives."""
    values: st.SearchStrategy[Any]
    pair: Callable[[np.random.Generator, int], Pair]
    """Two values at a level of distance from 0 (the same) to 3 (nothing in common but by chance)."""
    bad: tuple[tuple[Any, str], ...]
    missing: tuple[Any, ...] = (None, math.nan, np.float32(math.nan))
    active: int | None = None
    """Number of active bits of every code, where it is promised."""
    levels: int = 4
    draw: Callable[[np.random.Generator], Any] | None = None


def spaced(low: float, high: float, steps: tuple[float, ...]) -> Callable[[np.random.Generator, int], Pair]:
    def pair(rng: np.random.Generator, level: int) -> Pair:
        x = float(rng.uniform(low, high))
        return x, x + steps[level]

    return pair


def moments(rng: np.random.Generator, level: int) -> Pair:
    at = dt.datetime(2020, 1, 1) + dt.timedelta(minutes=int(rng.integers(0, 10**6)))
    return at, at + dt.timedelta(hours=(0, 1, 3, 12)[level])


def places(*steps: float) -> Callable[[np.random.Generator, int], Pair]:
    def pair(rng: np.random.Generator, level: int) -> Pair:
        x, y = rng.uniform(-100, 100, 2)
        angle = rng.uniform(0, 2 * math.pi)
        return (x, y), (x + steps[level] * math.cos(angle), y + steps[level] * math.sin(angle))

    return pair


def positions(rng: np.random.Generator, level: int) -> Pair:
    here = (float(rng.uniform(-170, 170)), float(rng.uniform(-60, 60)), 5.0)
    return here, (here[0] + (0, 0.0006, 0.0015, 0.5)[level], *here[1:])


def documents(rng: np.random.Generator, level: int) -> Pair:
    words = [f"w{i}" for i in rng.integers(0, 10**9, 16)]
    keep = 8 - (0, 2, 5, 8)[level]
    return words[:8], words[:keep] + words[8 : 16 - keep]


def images(rng: np.random.Generator, level: int) -> Pair:
    image = (rng.random((8, 8)) < 0.3).astype(np.float32)
    other, flipped = image.copy(), rng.permutation(64)[: (0, 4, 12, 40)[level]]
    other.flat[flipped] = 1 - other.flat[flipped]
    return image, other


def records(rng: np.random.Generator, level: int) -> Pair:
    (t, u), (x, y) = moments(rng, level), spaced(-50, 50, (0, 2, 5, 40))(rng, level)
    return {"when": t, "load": x}, {"when": u, "load": y}


def scalar(**more: Any) -> Callable[..., ScalarEncoder]:
    given_ = {"minimum": -50.0, "maximum": 50.0, "active_bits": 21, "size": 200} | more
    return lambda **missing: ScalarEncoder(ScalarEncoderParams(**given_, **missing))


def of(encoder: type, params: type, **given_: Any) -> Callable[..., Any]:
    return lambda **missing: encoder(params(**given_, **missing))


def record(missing: str = "refuse") -> Record:
    when = {"encoder": "date_time", "time_of_day": 9, "missing": missing}
    load = {"encoder": "random_scalar", "active_bits": 21, "radius": 8, "missing": missing}
    return Record(RecordParams(fields={"when": when, "load": load}))


RANGE = r"value: must lie in -50\.0\.\.50\.0, got"
NOT_A_NUMBER = (
    ("x", "value: must be a number"),
    (True, "value: must be a number"),
    ([1], "value: must be a number"),
    (10**400, "value: must be finite"),
)
finite = st.floats(allow_nan=False, allow_infinity=False)
inside = st.floats(-50, 50)
plane = st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
dates = st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31))
every_part: dict[str, Any] = {
    "season": 9,
    "day_of_week": 7,
    "weekend": 5,
    "custom": 4,
    "custom_days": ("Monday", "fri"),
    "holiday": 6,
    "holidays": ((12, 25), (2, 29), (2020, 7, 4)),
    "time_of_day": 21,
}

CASES: dict[str, Case] = {
    "scalar": Case(
        make=scalar(),
        values=inside,
        pair=spaced(-50, 0, (0, 2, 5, 20)),
        bad=((50.1, RANGE), (-math.inf, RANGE), *NOT_A_NUMBER),
        active=21,
    ),
    "scalar clipped": Case(
        make=scalar(outside="clip"),
        values=st.floats(allow_nan=False),
        pair=spaced(-50, 0, (0, 2, 5, 20)),
        bad=NOT_A_NUMBER,
        active=21,
    ),
    "scalar wrapped": Case(
        make=scalar(outside="wrap", periodic=True),
        values=finite,
        pair=spaced(-500, 500, (0, 2, 5, 40)),
        bad=((math.inf, RANGE), *NOT_A_NUMBER),
        active=21,
    ),
    "scalar categories": Case(
        make=scalar(size=None, category=True),
        values=st.integers(-50, 50),
        pair=lambda rng, level: (float(n := rng.integers(-50, 40)), n + level),
        bad=((1.5, "value: must be a whole number, got 1.5"), (51, RANGE)),
        active=21,
        levels=2,
    ),
    "random_scalar": Case(
        make=of(RandomScalarEncoder, RandomScalarEncoderParams, active_bits=40, radius=5.0),
        values=st.floats(-1e300, 1e300),
        pair=spaced(-1e4, 1e4, (0, 1, 3, 8)),
        bad=((math.inf, "value: must be finite"), (1.7e308, "value: must be finite"), *NOT_A_NUMBER),
        active=40,
    ),
    "random_scalar categories": Case(
        make=of(RandomScalarEncoder, RandomScalarEncoderParams, sparsity=0.02, category=True),
        values=st.integers(-(10**9), 10**9),
        pair=lambda rng, level: (float(n := rng.integers(-1000, 1000)), n + level),
        bad=((0.5, "value: must be a whole number"), (math.inf, "value: must be a whole number")),
        active=41,
        levels=2,
    ),
    "category": Case(
        make=of(CategoryEncoder, CategoryEncoderParams, categories=("a", "b", "7"), unknown="refuse"),
        values=st.sampled_from(["a", "b", "7", 7]),
        pair=lambda rng, level: ("a", ("a", "b")[level]),
        bad=(("aa", r"value: unknown category 'aa' \(did you mean a"), (1.5, "value: must be a name")),
        active=21,
        levels=2,
    ),
    "category drawn": Case(
        make=of(CategoryEncoder, CategoryEncoderParams, size=2048, active_bits=40),
        values=st.one_of(st.text(), st.integers()),
        pair=lambda rng, level: (int(n := rng.integers(10**6)), str(n + level)),
        bad=((True, "value: must be a name"), (b"a", "value: must be a name")),
        active=40,
        levels=2,
    ),
    "date_time": Case(
        make=of(DateTimeEncoder, DateTimeEncoderParams, **every_part),
        values=dates,
        pair=moments,
        bad=(("2020-13-01", "value: must be an ISO date"), (5, "value: must be a date"), ([], "value: must")),
        missing=(None, math.nan, np.float32(math.nan), np.datetime64("NaT")),
        active=52,
    ),
    "coordinate": Case(
        make=of(CoordinateEncoder, CoordinateEncoderParams),
        values=plane,
        pair=places(0, 2, 6, 40),
        bad=(((1, math.inf), r"value\[1\]: must be finite"), ((1, 2, 3), "value: must be 2 numbers")),
        missing=(None, (math.nan, 1), (1, None)),
        active=21,
    ),
    "geospatial": Case(
        make=of(GeospatialEncoder, GeospatialEncoderParams),
        values=st.tuples(st.floats(-180, 180), st.floats(-85, 85), st.floats(0, 60)),
        pair=positions,
        bad=(
            ((181, 0, 0), "longitude must lie in -180..180, got 181"),
            ((0, 86, 0), "latitude must lie in -85.051..85.051, got 86"),
            ((0, 0, -1), "speed must lie in 0..682"),
            ((0, 0, math.inf), "speed must lie"),
            ((0, 0), "value: must be 3 numbers"),
            ((0, "x", 0), r"value\[1\]: must be a number"),
        ),
        missing=(None, (math.nan, 0, 0)),
        active=21,
    ),
    "grid_cell": Case(
        make=of(GridCellEncoder, GridCellEncoderParams),
        values=plane,
        pair=places(0, 0.7, 2, 31.7),
        bad=(((1e300, 0), r"value\[0\]: must lie"), (3, "value: must be 2 numbers")),
        missing=(None, (math.nan, 1)),
        active=30,
    ),
    "document": Case(
        make=of(DocumentEncoder, DocumentEncoderParams, active_bits=40),
        values=st.one_of(
            st.text("abc xyzÄß", min_size=1).map(lambda text: "a" + text),
            st.lists(st.text(max_size=5), min_size=1, max_size=5),
            st.dictionaries(st.text(max_size=5), st.floats(0.1, 9), min_size=1, max_size=5),
        ),
        pair=documents,
        bad=(
            (3, "value: must be a text"),
            ([3], "value: tokens must be text"),
            ({"a": -1}, r"value\['a'\]: weight must be positive"),
            ({"a": 1e300}, r"value\['a'\]: weight must be positive, at most 1e\+100, got 1e\+300"),
            ({"a": math.nan}, r"value\['a'\]: weight must be positive"),
        ),
        missing=(None, "", " .,", [], {}),
        active=40,
    ),
    "image": Case(
        make=lambda: ImageEncoder(ImageEncoderParams(), (8, 8)),
        values=st.integers(0, 2**32).map(lambda seed: np.random.default_rng(seed).random((8, 8))),
        pair=images,
        bad=((np.zeros((2, 2)), "image: must have shape"), (np.full((8, 8), math.nan), "image: brightness")),
        missing=(),
    ),
    "record": Case(
        make=record,
        values=st.fixed_dictionaries({"when": dates, "load": st.floats(-1e9, 1e9), "other": st.none()}),
        pair=records,
        bad=(
            ({"when": "2020-01-01", "load": "x"}, r"load\.value: must be a number"),
            ({"when": "2020-01-01", "laod": 1}, r"load: must be in every record \(did you mean laod\?\)"),
            (3, "value: must be a mapping"),
        ),
        missing=({"when": None, "load": math.nan},),
        active=30,
    ),
}

each = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def digest() -> str:
    """Hash of the codes of some values of every case."""
    hashed = hashlib.sha256()
    for case in CASES.values():
        encoder, rng = case.make(), np.random.default_rng(1)
        for _ in range(5):
            for value in case.pair(rng, case.levels - 1):
                hashed.update(encoder.encode(value).tobytes())
    return hashed.hexdigest()


class TestLaws:
    def test_every_encoder_is_in_the_list(self):
        made = {type(case.make()) for case in CASES.values()}
        assert made == set(ENCODERS.values())

    @pytest.mark.parametrize("encoder", ENCODERS.values(), ids=ENCODERS.keys())
    def test_is_described(self, encoder):
        lines = inspect.getdoc(encoder).splitlines()
        assert lines[0].endswith(".")
        assert any(line.startswith("Source: ") for line in lines)
        params = vars(sys.modules[encoder.__module__])[f"{encoder.__name__}Params"]
        assert all(field.description for field in params.model_fields.values())

    @each
    def test_size_sparsity_and_form(self, case):
        encoder = case.make()
        assert (
            case.active is None or not hasattr(encoder, "active_bits") or encoder.active_bits == case.active
        )

        @given(case.values)
        @settings(max_examples=60, deadline=None)
        def check(value):
            bits = encoder.encode(value)
            assert bits.dtype == np.int32
            assert bits.ndim == 1
            assert bits.flags.c_contiguous
            assert (np.diff(bits) > 0).all()
            assert not bits.size or (bits[0] >= 0 and bits[-1] < encoder.size)
            if case.active is not None:
                assert bits.size == case.active
            bits[:] = 0  # a code that a user overwrites must not spoil the next one
            again = encoder.encode(value)
            assert np.array_equal(again, case.make().encode(value))

        check()

    def test_same_bits_in_another_process(self):
        code = f"import runpy; print(runpy.run_path({str(Path(__file__))!r})['digest']())"
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": "1234"},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == digest()

    @each
    def test_overlap_falls_with_distance(self, case):
        encoder, rng = case.make(), np.random.default_rng(7)
        means = []
        for level in range(case.levels):
            pairs = [case.pair(rng, level) for _ in range(150)]
            means.append(np.mean([overlap(encoder.encode(a), encoder.encode(b)) for a, b in pairs]))
        size = np.mean([encoder.encode(case.pair(rng, 0)[0]).size for _ in range(50)])
        assert means[0] == pytest.approx(case.active or size, rel=0.1)
        assert (np.diff(means) < -0.04 * size).all(), means

    @each
    def test_bad_values_are_refused_in_one_line(self, case):
        encoder = case.make()
        for value, message in case.bad:
            with pytest.raises(BadInput, match=message) as caught:
                encoder.encode(value)
            assert "\n" not in str(caught.value)

    @each
    def test_missing_values(self, case):
        for value in case.missing:
            with pytest.raises(BadInput, match="value: must be"):
                case.make().encode(value)
            bits = case.make(missing="empty").encode(value)
            assert bits.size == 0
            assert bits.dtype == np.int32
