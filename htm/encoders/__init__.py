"""Encoders: what a record says, as sparse bits. `ENCODERS` maps one word to one encoder.

Each is made of its frozen parameters, has a `size` (number of bits), and turns a value into `Bits` by `encode`. The
same value gives the same bits in every process. Bad input is refused in one line; a missing value (None, NaN) gives an
error or no bits, as the parameter `missing` says.
"""

from __future__ import annotations

from typing import Any

from .category import CategoryEncoder, CategoryEncoderParams
from .coordinate import CoordinateEncoder, CoordinateEncoderParams, GeospatialEncoder, GeospatialEncoderParams
from .date_time import DateTimeEncoder, DateTimeEncoderParams
from .document import DocumentEncoder, DocumentEncoderParams
from .encoder import Encoder
from .grid_cell import GridCellEncoder, GridCellEncoderParams
from .image import ImageEncoder, ImageEncoderParams
from .random_scalar import RandomScalarEncoder, RandomScalarEncoderParams
from .record import FIELD_ENCODERS, Record, RecordParams
from .scalar import ScalarEncoder, ScalarEncoderParams

ENCODERS: dict[str, type[Any]] = {
    "image": ImageEncoder,
    **{word: encoder for word, (_, encoder) in FIELD_ENCODERS.items()},
    "record": Record,
}

__all__ = [
    "ENCODERS",
    "FIELD_ENCODERS",
    "CategoryEncoder",
    "CategoryEncoderParams",
    "CoordinateEncoder",
    "CoordinateEncoderParams",
    "DateTimeEncoder",
    "DateTimeEncoderParams",
    "DocumentEncoder",
    "DocumentEncoderParams",
    "Encoder",
    "GeospatialEncoder",
    "GeospatialEncoderParams",
    "GridCellEncoder",
    "GridCellEncoderParams",
    "ImageEncoder",
    "ImageEncoderParams",
    "RandomScalarEncoder",
    "RandomScalarEncoderParams",
    "Record",
    "RecordParams",
    "ScalarEncoder",
    "ScalarEncoderParams",
]
