"""Encoders of places, texts and records."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from htm.bits import overlap
from htm.encoders import (
    CoordinateEncoder,
    CoordinateEncoderParams,
    DocumentEncoder,
    DocumentEncoderParams,
    GeospatialEncoder,
    GeospatialEncoderParams,
    GridCellEncoder,
    GridCellEncoderParams,
    ImageEncoder,
    ImageEncoderParams,
    Record,
    RecordParams,
    ScalarEncoder,
    ScalarEncoderParams,
)
from htm.pick import BadInput


def scalar(**more: Any) -> ScalarEncoder:
    given_ = {"minimum": -50.0, "maximum": 50.0, "active_bits": 21, "size": 200} | more
    return ScalarEncoder(ScalarEncoderParams(**given_))


class TestCoordinate:
    def test_bits_are_those_of_the_highest_cells_of_the_neighbourhood(self):
        # So a step to the next cell keeps as many bits as if every cell had a place in one random order.
        encoder = CoordinateEncoder(CoordinateEncoderParams(active_bits=5, radius=10, size=10_000))
        shared = [overlap(encoder.encode((x, 0)), encoder.encode((x + 1, 0))) for x in range(0, 40_000, 50)]
        order = np.random.default_rng(0).random((800, 22, 21))
        both = []
        for cells in order:
            here, there = (np.sort(part, axis=None)[-5:] for part in (cells[:-1], cells[1:]))
            both.append(np.intersect1d(here, there).size)
        assert np.mean(shared) == pytest.approx(np.mean(both), abs=0.1)

    def test_places_of_one_cell_are_one(self):
        encoder = CoordinateEncoder(CoordinateEncoderParams(resolution=10.0))
        assert np.array_equal(encoder.encode((-0.1, 19.9)), encoder.encode((-9.9, 10.0)))
        assert not np.array_equal(encoder.encode((-0.1, 0)), encoder.encode((0.1, 0)))

    def test_three_dimensions_and_a_radius_of_ones_own(self):
        encoder = CoordinateEncoder(CoordinateEncoderParams(dimensions=3, radius=3))
        assert overlap(encoder.encode((0, 0, 0)), encoder.encode((0, 0, 1))) > 12
        a, b = (encoder.encode((0, 0, z), radius=9) for z in (0, 10))
        assert overlap(a, b) > 3

    @pytest.mark.parametrize("radius", [1, 10**6, 2.5, True])
    def test_bad_radius(self, radius):
        with pytest.raises(BadInput, match="radius: must"):
            CoordinateEncoder(CoordinateEncoderParams()).encode((0, 0), radius=radius)

    def test_bad_parameters(self):
        with pytest.raises(BadInput, match=r"radius: must lie in 2\.\.1023 for 21 active bits"):
            CoordinateEncoderParams(radius=1)
        with pytest.raises(BadInput, match=r"active_bits: must not exceed size \(20\), got 21"):
            CoordinateEncoderParams(size=20)


class TestGeospatial:
    def test_projection(self):
        encoder = GeospatialEncoder(GeospatialEncoderParams())
        assert encoder.project(180, 0) == pytest.approx((20_037_508.34, 0), abs=0.01)
        # The map is square, and angles are true: near a point both axes stretch by 1 / cos(latitude).
        assert encoder.project(0, 85.0511287798)[1] == pytest.approx(20_037_508.34, abs=0.1)
        (x0, y0), (x1, y1) = encoder.project(8, 47), encoder.project(8.001, 47.001)
        assert (x1 - x0) / (y1 - y0) == pytest.approx(math.cos(math.radians(47)), rel=1e-4)

    def test_radius_grows_with_speed(self):
        encoder = GeospatialEncoder(GeospatialEncoderParams(scale=30, timestep=60))
        assert [encoder.radius(v) for v in (0, 1, 2, 10, 50)] == [2, 2, 3, 15, 75]

    def test_latitude_can_be_clipped(self):
        encoder = GeospatialEncoder(GeospatialEncoderParams(outside="clip"))
        assert np.array_equal(encoder.encode((3, 90, 1)), encoder.encode((3, 86, 1)))
        with pytest.raises(BadInput, match=r"latitude must lie in -90\.\.90, got 91"):
            encoder.encode((3, 91, 1))


class TestGridCell:
    def test_active_cells_are_the_nearest_on_the_lattice(self):
        params = GridCellEncoderParams(periods=(6.0, 10.0), orientations=(0.3, 1.0), cells=40, active_bits=5)
        encoder = GridCellEncoder(params)
        rng = np.random.default_rng(0)
        steps = np.stack(np.meshgrid(np.arange(-9, 10), np.arange(-9, 10)), axis=-1).reshape(-1, 2)
        for place in rng.uniform(-20, 20, (30, 2)):
            expected = []
            for m, (period, theta) in enumerate(zip((6.0, 10.0), (0.3, 1.0), strict=True)):
                axes = period * np.array(
                    [
                        [math.cos(theta), math.sin(theta)],
                        [math.cos(theta + math.pi / 3), math.sin(theta + math.pi / 3)],
                    ]
                )
                phases = encoder._phase[:, m].T
                centres = (phases[:, None] + steps) @ axes
                nearest = np.linalg.norm(centres - place, axis=2).min(axis=1)
                expected += sorted(40 * m + np.argsort(nearest)[:5])
            assert encoder.encode(place).tolist() == expected

    def test_one_module_repeats_and_several_do_not(self):
        one = GridCellEncoder(GridCellEncoderParams(periods=(8.0,), orientations=(0.0,)))
        assert np.array_equal(one.encode((1.5, 2.5)), one.encode((17.5, 2.5)))
        assert np.array_equal(one.encode((1.5, 2.5)), one.encode((5.5, 2.5 + 4 * math.sqrt(3))))
        many = GridCellEncoder(GridCellEncoderParams(periods=(8.0, 11.0, 15.0)))
        assert overlap(many.encode((1.5, 2.5)), many.encode((17.5, 2.5))) < 14

    @pytest.mark.parametrize(
        ("given_", "message"),
        [
            ({"active_bits": 64}, r"active_bits: must be below cells \(64\), got 64"),
            ({"periods": (1.0, 0.0)}, "periods: must all be positive, got 0.0"),
            ({"periods": ()}, "GridCellEncoderParams.periods"),
            ({"orientations": (1.0,)}, r"orientations: must be as many as periods \(5\), got 1"),
        ],
    )
    def test_bad_parameters(self, given_, message):
        with pytest.raises(BadInput, match=message):
            GridCellEncoderParams(**given_)


class TestDocument:
    def encoder(self, **given_: Any) -> DocumentEncoder:
        return DocumentEncoder(DocumentEncoderParams(active_bits=40, **given_))

    def test_tokens(self):
        words = self.encoder()
        assert words.tokens("The cat, the CAT; don't!") == {"the": 2, "cat": 2, "don't": 1}
        assert self.encoder(case_sensitive=True, repeats=False).tokens("The the the") == {"The": 1, "the": 1}
        assert list(self.encoder(shingle=2).tokens("one two three")) == ["one two", "two three"]
        assert list(self.encoder(unit="character", shingle=3).tokens("a  bcd")) == ["a b", " bc", "bcd"]
        assert list(self.encoder(shingle=5).tokens("too short")) == ["too short"]
        assert words.tokens({"A": 1, "a": 2.5}) == {"a": 3.5}

    def test_order_counts_in_shingles_only(self):
        a, b = "the dog bites the man", "the man bites the dog"
        assert np.array_equal(self.encoder().encode(a), self.encoder().encode(b))
        assert not np.array_equal(self.encoder(shingle=2).encode(a), self.encoder(shingle=2).encode(b))

    def test_spelling_counts_in_characters_only(self):
        characters = self.encoder(unit="character", shingle=2)
        assert overlap(*map(characters.encode, ("international", "internationals"))) > 15
        assert overlap(*map(self.encoder().encode, ("international", "internationals"))) < 10

    def test_weights(self):
        encoder = self.encoder()
        mixed = encoder.encode({"cat": 5.0, "dog": 1.0})
        assert overlap(mixed, encoder.encode("cat")) > overlap(mixed, encoder.encode("dog")) + 10
        assert np.array_equal(encoder.encode({"cat": 2, "dog": 1}), encoder.encode("cat dog cat"))
        assert np.array_equal(encoder.encode({"cat": 2, "dog": 1}), encoder.encode({"dog": 1, "cat": 2}))

    def test_broken_text_is_text(self):
        assert self.encoder().encode(["\ud800"]).size == 40


class TestRecord:
    def test_parts_stand_side_by_side(self):
        inner = {
            "a": scalar(),
            "b": DocumentEncoder(DocumentEncoderParams(active_bits=40)),
            "c": ImageEncoder(ImageEncoderParams(), (8, 8)),
        }
        joined = Record(inner)
        values = {"a": 3.0, "b": "some words", "c": np.eye(8)}
        bits = joined.encode(values)
        assert joined.size == sum(encoder.size for encoder in inner.values())
        for name, encoder in inner.items():
            part = joined.parts[name]
            mine = bits[(bits >= part.start) & (bits < part.stop)] - part.start
            assert np.array_equal(mine, encoder.encode(values[name]))

    def test_parameters_survive_a_round_trip(self):
        fields: dict[str, Any] = {
            "load": ScalarEncoderParams(minimum=0, maximum=9, active_bits=3, radius=1),
            "when": {"encoder": "date_time", "weekend": 3, "holidays": [[1, 1]]},
        }
        params = RecordParams(fields=fields)
        again = RecordParams.model_validate_json(params.model_dump_json())
        assert again == params
        value = {"load": 4, "when": "2020-01-01"}
        assert np.array_equal(Record(again).encode(value), Record(params).encode(value))

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({}, "fields: at least one must be given"),
            ({"a": 3}, "RecordParams.fields.a: must be the parameters of an encoder, got 3"),
            ({"a": ImageEncoderParams()}, "RecordParams.fields.a: must be the parameters"),
            ({"a": {}}, "RecordParams.fields.a: encoder: must name one of scalar"),
            ({"a": {"encoder": "scaler"}}, r"encoder: unknown name 'scaler' \(did you mean scalar"),
            ({"a": {"encoder": "scalar", "minimum": 0}}, "ScalarEncoderParams.maximum: must be given"),
        ],
    )
    def test_bad_parameters(self, fields, message):
        with pytest.raises(BadInput, match=message) as caught:
            RecordParams(fields=fields)
        assert "\n" not in str(caught.value)

    def test_fields_without_encoders(self):
        with pytest.raises(BadInput, match="fields: at least one"):
            Record({})
        with pytest.raises(BadInput, match="fields: a must be an encoder, got 3"):
            Record({"a": 3})  # type: ignore[dict-item]
