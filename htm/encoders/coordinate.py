"""Places on a grid, or on the earth, as hashed bits of which near places share many."""

from __future__ import annotations

import math
from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from ..bits import Bits
from ..pick import BadInput, Params
from .encoder import MAX_SIZE, MISSING, Missing, absent, number, shown
from .hashing import distinct_bits, mix, mix_array

_MOST_CELLS = 2**22
_EARTH = 6_378_137.0  # equatorial radius, the sphere of the Mercator projection of web maps [m]
_NORTH = 85.051_128_779_806_6  # latitude at which that projection's map is square [degrees]


class CoordinateEncoderParams(Params):
    """Parameters of a `CoordinateEncoder`."""

    size: int = Field(default=1000, ge=2, le=MAX_SIZE, description="number of bits of the code")
    active_bits: int = Field(default=21, ge=1, description="number of active bits")
    radius: int = Field(default=5, ge=0, description="reach of the neighbourhood along each axis [cells]")
    resolution: float = Field(default=1.0, gt=0.0, description="side of a cell [units of the coordinate]")
    dimensions: int = Field(default=2, ge=1, le=8, description="number of coordinates")
    seed: int = Field(default=0, ge=0, description="another seed gives codes that have nothing in common")
    missing: Missing = Field(default="refuse", description=MISSING)

    @model_validator(mode="after")
    def _check(self) -> CoordinateEncoderParams:
        _fits(self.active_bits, self.size)
        _check_radius(self.radius, self.dimensions, self.active_bits)
        return self


def _fits(active_bits: int, size: int) -> None:
    if active_bits > size:
        raise ValueError(f"active_bits: must not exceed size ({size}), got {active_bits}")


def _check_radius(radius: int, dimensions: int, active_bits: int) -> None:
    """Refuse a radius whose neighbourhood has fewer cells than active bits, or too many to look at."""
    if not active_bits <= (2 * radius + 1) ** dimensions <= _MOST_CELLS:
        low = _least_radius(dimensions, active_bits)
        high = (math.floor(_MOST_CELLS ** (1 / dimensions)) - 1) // 2
        raise ValueError(
            f"radius: must lie in {low}..{high} for {active_bits} active bits in {dimensions} dimensions, "
            f"got {radius}"
        )


def _least_radius(dimensions: int, active_bits: int) -> int:
    radius = 0
    while (2 * radius + 1) ** dimensions < active_bits:
        radius += 1
    return radius


@final
class CoordinateEncoder:
    """Places on a grid of any dimension: the bits of those cells of the neighbourhood whose hash is highest.

    Source: Purdy 2016 (arXiv 1602.05925), coordinate encoder; as Numenta's NuPIC, with our own hashes.

    Every cell of the endless grid has a fixed hashed order and a fixed hashed bit. The code of a place is the bits of
    the `active_bits` cells of highest order within the cube of side ``2 radius + 1`` around its cell. Two places share
    bits as far as their cubes overlap, so by chance only from 2 radius + 1 cells on. Where two of the cells have the
    same bit, the one of lower order takes the next free bit: every code has exactly `active_bits`.

    A coordinate that is missing (None or NaN) makes the place missing; an infinite one is refused.

    Parameters
    ----------
    params : size, active bits, radius

    Attributes
    ----------
    size : number of bits
    active_bits : number of active bits of every code
    """

    def __init__(self, params: CoordinateEncoderParams) -> None:
        self.params, self.size, self.active_bits = params, params.size, params.active_bits
        self._key = mix(params.seed)

    def encode(self, value: Any, radius: int | None = None) -> Bits:
        """Bits of one place.

        Parameters
        ----------
        value : (dimensions,) coordinates, [units of the coordinate]
        radius : reach of the neighbourhood, instead of the parameters' [cells]

        Returns
        -------
        (active_bits,) indices; empty for a missing value that is allowed
        """
        params = self.params
        place = _place(value, params.dimensions)
        if place is None or any(x != x for x in place):
            return absent(params.missing, f"{params.dimensions} numbers", value)
        cell = []
        for axis, x in enumerate(place):
            # Beyond 2^53 cells, neighbouring cells could not be told apart.
            if not abs(x / params.resolution) < 2**53:
                raise BadInput(f"value[{axis}]: must be finite, within 2^53 cells of the origin, got {x!r}")
            cell.append(math.floor(x / params.resolution))
        if radius is None:
            radius = params.radius
        else:
            if isinstance(radius, bool) or not isinstance(radius, int | np.integer):
                raise BadInput(f"radius: must be a whole number, got {shown(radius)}")
            try:
                _check_radius(int(radius), params.dimensions, self.active_bits)
            except ValueError as error:
                raise BadInput(str(error)) from None
        return self._bits(cell, int(radius))

    def _bits(self, cell: list[int], radius: int) -> Bits:
        reach = np.arange(-radius, radius + 1, dtype=np.int64)
        keys: NDArray[np.uint64] = np.full(1, self._key, dtype=np.uint64)
        for x in cell:
            keys = mix_array(keys[:, None] ^ mix_array(reach + x)[None, :]).ravel()
        w = self.active_bits
        if keys.size > w:
            keys = keys[np.argpartition(keys, keys.size - w)[-w:]]
        # The order is the hash itself, the bit a hash of the hash: a bit must not tell the order.
        return distinct_bits(mix_array(np.sort(keys)[::-1]), self.size)


def _place(value: Any, dimensions: int) -> list[float] | None:
    """The coordinates of a place; none where it is missing altogether."""
    if value is None:
        return None
    if isinstance(value, list | tuple | np.ndarray) and np.shape(value) == (dimensions,):
        return [number(x, f"value[{axis}]") for axis, x in enumerate(value)]
    raise BadInput(f"value: must be {dimensions} numbers, got {shown(value)}")


class GeospatialEncoderParams(Params):
    """Parameters of a `GeospatialEncoder`."""

    size: int = Field(default=1000, ge=2, le=MAX_SIZE, description="number of bits of the code")
    active_bits: int = Field(default=21, ge=1, description="number of active bits")
    scale: float = Field(default=30.0, gt=0.0, description="side of a cell of the map, at the equator [m]")
    timestep: float = Field(default=60.0, gt=0.0, description="time between records [s]")
    outside: Literal["refuse", "clip"] = Field(
        default="refuse", description="a latitude beyond the map's 85.05 degrees: an error, or the map's edge"
    )
    seed: int = Field(default=0, ge=0, description="another seed gives codes that have nothing in common")
    missing: Missing = Field(default="refuse", description=MISSING)

    @model_validator(mode="after")
    def _check(self) -> GeospatialEncoderParams:
        _fits(self.active_bits, self.size)
        _check_radius(_least_radius(2, self.active_bits), 2, self.active_bits)
        return self


@final
class GeospatialEncoder:
    """Positions on the earth with a speed: a coordinate code on the Mercator map, wider the faster one moves.

    Source: Purdy 2016 (arXiv 1602.05925), geospatial encoder; radius from the speed as Numenta's NuPIC.

    Longitude and latitude are projected by the spherical Mercator map (x = R lon, y = R ln tan(pi/4 + lat/2),
    R = 6,378,137 m) and divided into cells of `scale`. The radius is 3/4 of the cells passed in one `timestep`, so that
    successive positions of one path share bits, and never less than `active_bits` cells need.

    The map ends at 180 degrees east and west: places on either side of that line share no bits. A longitude out of
    -180..180 is refused, a latitude beyond the map treated as `outside` says, a negative or infinite speed refused.

    Parameters
    ----------
    params : size, active bits, scale and timestep

    Attributes
    ----------
    size : number of bits
    active_bits : number of active bits of every code
    """

    def __init__(self, params: GeospatialEncoderParams) -> None:
        self.params, self.size, self.active_bits = params, params.size, params.active_bits
        self._least = _least_radius(2, params.active_bits)
        self._coordinate = CoordinateEncoder(
            CoordinateEncoderParams(
                size=params.size,
                active_bits=params.active_bits,
                radius=self._least,
                resolution=params.scale,
                seed=params.seed,
            )
        )

    def encode(self, value: Any) -> Bits:
        """Bits of one position.

        Parameters
        ----------
        value : (longitude [degrees], latitude [degrees], speed [m/s])

        Returns
        -------
        (active_bits,) indices; empty for a missing value that is allowed
        """
        place = _place(value, 3)
        if place is None or any(x != x for x in place):
            return absent(self.params.missing, "longitude, latitude and speed", value)
        longitude, latitude, speed = place
        return self._coordinate.encode(self.project(longitude, latitude), self.radius(speed))

    def project(self, longitude: float, latitude: float) -> tuple[float, float]:
        """The position on the map, east and north of where the equator meets Greenwich's meridian [m].

        Parameters
        ----------
        longitude : -180..180 [degrees]
        latitude : -85.05..85.05 [degrees]
        """
        if not -180 <= longitude <= 180:
            raise BadInput(f"value: longitude must lie in -180..180, got {longitude!r}")
        if not -90 <= latitude <= 90 or (abs(latitude) > _NORTH and self.params.outside == "refuse"):
            limit = _NORTH if self.params.outside == "refuse" else 90
            raise BadInput(f"value: latitude must lie in -{limit:.5g}..{limit:.5g}, got {latitude!r}")
        latitude = min(max(latitude, -_NORTH), _NORTH)
        x = _EARTH * math.radians(longitude)
        return x, _EARTH * math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2))

    def radius(self, speed: float) -> int:
        """Reach of the neighbourhood of one who moves at `speed` [m/s], in cells."""
        cells = speed * self.params.timestep / self.params.scale
        if not (cells >= 0 and 3 * cells < _MOST_CELLS**0.5 * 2 - 4):
            limit = (_MOST_CELLS**0.5 * 2 - 4) / 3 * self.params.scale / self.params.timestep
            raise BadInput(f"value: speed must lie in 0..{limit:.4g} (scale, timestep), got {speed!r}")
        return max(self._least, math.floor(0.75 * cells + 0.5))
