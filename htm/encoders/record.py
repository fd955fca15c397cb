"""Records of named fields as one code: each field's bits side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias, final

import numpy as np
from pydantic import Field, PlainSerializer, PlainValidator, model_validator

from ..bits import Bits
from ..pick import BadInput, Params, nearest, pick
from .category import CategoryEncoder, CategoryEncoderParams
from .coordinate import CoordinateEncoder, CoordinateEncoderParams, GeospatialEncoder, GeospatialEncoderParams
from .date_time import DateTimeEncoder, DateTimeEncoderParams
from .document import DocumentEncoder, DocumentEncoderParams
from .encoder import MAX_SIZE, Encoder, shown
from .grid_cell import GridCellEncoder, GridCellEncoderParams
from .random_scalar import RandomScalarEncoder, RandomScalarEncoderParams
from .scalar import ScalarEncoder, ScalarEncoderParams

FIELD_ENCODERS: dict[str, tuple[type[Params], type[Any]]] = {
    "scalar": (ScalarEncoderParams, ScalarEncoder),
    "random_scalar": (RandomScalarEncoderParams, RandomScalarEncoder),
    "category": (CategoryEncoderParams, CategoryEncoder),
    "date_time": (DateTimeEncoderParams, DateTimeEncoder),
    "coordinate": (CoordinateEncoderParams, CoordinateEncoder),
    "geospatial": (GeospatialEncoderParams, GeospatialEncoder),
    "grid_cell": (GridCellEncoderParams, GridCellEncoder),
    "document": (DocumentEncoderParams, DocumentEncoder),
}
"""Parameters and class of every encoder that its parameters alone determine, by its name in `ENCODERS`."""


def _section(given: Any) -> Params:
    """Parameters of one field: as such, or as a table whose key ``encoder`` names the encoder."""
    if isinstance(given, Params):
        if not any(type(given) is params for params, _ in FIELD_ENCODERS.values()):
            raise ValueError(f"must be the parameters of an encoder, got {shown(given)}")
        return given
    if not isinstance(given, Mapping):
        raise ValueError(f"must be the parameters of an encoder, got {shown(given)}")
    settings = dict(given)
    if "encoder" not in settings:
        raise ValueError(f"encoder: must name one of {', '.join(FIELD_ENCODERS)}, got nothing")
    params, _ = pick(FIELD_ENCODERS, settings.pop("encoder"), "encoder")
    try:
        made = params(**settings)
    except BadInput as error:
        raise ValueError(f"in {error}") from None
    return made


def _table(params: Params) -> dict[str, Any]:
    """The table that `_section` reads."""
    return {"encoder": _word(params), **params.model_dump(exclude_none=True)}


def _word(params: Params) -> str:
    return next(word for word, (cls, _) in FIELD_ENCODERS.items() if type(params) is cls)


Section: TypeAlias = Annotated[Params, PlainValidator(_section), PlainSerializer(_table)]


class RecordParams(Params):
    """Parameters of a `Record`."""

    fields: dict[str, Section] = Field(
        description="for each field its encoder's parameters, or a table of them and 'encoder', its name"
    )

    @model_validator(mode="after")
    def _check(self) -> RecordParams:
        if not self.fields:
            raise ValueError("fields: at least one must be given, got none")
        return self


@final
class Record:
    """Records of named fields, such as the rows of a table: the bits of each field's encoder, side by side.

    Source: Purdy 2016 (arXiv 1602.05925), encoding multiple values; NuPIC's MultiEncoder.

    The fields' bits follow each other in the order in which the fields are given. What a record holds besides them is
    ignored; a field that it lacks is refused, unlike one that is there but missing (None, NaN), which its encoder
    judges.

    Parameters
    ----------
    fields : parameters, or ready encoders by field name

    Attributes
    ----------
    size : number of bits, all fields together
    encoders : the encoder of each field
    parts : bits that each field occupies
    """

    def __init__(self, fields: RecordParams | Mapping[str, Encoder]) -> None:
        if isinstance(fields, RecordParams):
            self.encoders: dict[str, Encoder] = {
                name: FIELD_ENCODERS[_word(params)][1](params) for name, params in fields.fields.items()
            }
        else:
            self.encoders = dict(fields)
        if not self.encoders:
            raise BadInput("fields: at least one must be given, got none")
        self.parts: dict[str, slice] = {}
        self.size = 0
        for name, encoder in self.encoders.items():
            if not (hasattr(encoder, "encode") and hasattr(encoder, "size")):
                raise BadInput(f"fields: {name} must be an encoder, got {shown(encoder)}")
            self.parts[name] = slice(self.size, self.size + encoder.size)
            self.size += encoder.size
        if self.size > MAX_SIZE:
            raise BadInput(f"fields: must make at most {MAX_SIZE} bits in all, got {self.size}")

    def encode(self, value: Mapping[str, Any]) -> Bits:
        """Bits of one record.

        Parameters
        ----------
        value : what each field holds, by name

        Returns
        -------
        indices of the active bits of all fields
        """
        parts = []
        for name, encoder in self.encoders.items():
            try:
                held = value[name]
            except (KeyError, TypeError, IndexError):
                raise BadInput(self._lacks(name, value)) from None
            try:
                bits = encoder.encode(held)
            except BadInput as error:
                raise BadInput(f"{name}.{error}") from None
            start = self.parts[name].start
            parts.append(bits + np.int32(start) if start else bits)
        return np.concatenate(parts)

    @staticmethod
    def _lacks(name: str, value: Any) -> str:
        if isinstance(value, Mapping):
            return f"{name}: must be in every record {nearest(name, map(str, value))}"
        return f"value: must be a mapping from field to value, got {shown(value)}"
