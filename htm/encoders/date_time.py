"""Dates and times of day as bits: season, day of the week, weekend, chosen days, holidays, hour."""

from __future__ import annotations

import datetime as dt
from typing import Any, final

import numpy as np
from pydantic import Field, model_validator

from ..bits import Bits
from ..pick import BadInput, Params, nearest
from .encoder import MISSING, Missing, absent, shown
from .scalar import ScalarEncoder, ScalarEncoderParams

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = 86_400  # [s]
_KEPT = 1000  # codes of each part

Holiday = tuple[int, int] | tuple[int, int, int]


class DateTimeEncoderParams(Params):
    """Parameters of a `DateTimeEncoder`: the active bits of every part, 0 where it is left out."""

    season: int = Field(default=0, ge=0, description="active bits of the day of the year")
    season_radius: float = Field(
        default=91.5, gt=0.0, description="distance from which days of the year share no bits [days]"
    )
    day_of_week: int = Field(default=0, ge=0, description="active bits of the day of the week")
    day_of_week_radius: float = Field(
        default=1.0, gt=0.0, description="distance from which moments of a week share no bits [days]"
    )
    weekend: int = Field(default=0, ge=0, description="active bits of weekend or not")
    custom: int = Field(default=0, ge=0, description="active bits of a day in custom_days or not")
    custom_days: tuple[str, ...] = Field(
        default=(), description="days of the week, by name or at least its first three letters"
    )
    holiday: int = Field(default=0, ge=0, description="active bits of holiday or not")
    holidays: tuple[Holiday, ...] = Field(
        default=((12, 25),), description="each (month, day), every year, or (year, month, day)"
    )
    time_of_day: int = Field(default=0, ge=0, description="active bits of the time of day")
    time_of_day_radius: float = Field(
        default=4.0, gt=0.0, description="distance from which times of day share no bits [hours]"
    )
    missing: Missing = Field(default="refuse", description=MISSING)

    @model_validator(mode="after")
    def _check(self) -> DateTimeEncoderParams:
        parts = ("season", "day_of_week", "weekend", "custom", "holiday", "time_of_day")
        if not any(getattr(self, part) for part in parts):
            raise ValueError(f"at least one of {', '.join(parts)} must have active bits, got none")
        for day in self.custom_days:
            _weekday(day)
        if bool(self.custom) != bool(self.custom_days):
            raise ValueError(
                f"custom, custom_days: go together, got {self.custom} bits and {len(self.custom_days)} days"
            )
        for holiday in self.holidays:
            try:
                # A leap year, so that 29 February can be a holiday.
                dt.date(*(holiday if len(holiday) == 3 else (2024, *holiday)))
            except ValueError:
                raise ValueError(
                    f"holidays: must be (month, day) or (year, month, day), got {holiday}"
                ) from None
        _parts(self)
        return self


def _weekday(word: str) -> int:
    """Number of a day of the week by its name or the start of it, Monday being 0."""
    matches = [i for i, day in enumerate(_DAYS) if len(word) >= 3 and day.startswith(word.lower())]
    if not matches:
        raise ValueError(f"custom_days: unknown day {word!r} {nearest(word.lower(), _DAYS)}")
    return matches[0]


def _ring(name: str, maximum: float, active: int, radius: float) -> ScalarEncoder | None:
    """Encoder of one part whose range closes to a ring; none where the part is left out."""
    if not active:
        return None
    try:
        params = ScalarEncoderParams(
            minimum=0.0, maximum=maximum, active_bits=active, radius=radius, periodic=True, outside="wrap"
        )
    except BadInput:
        raise ValueError(
            f"{name}_radius: must be well below {maximum:g} and not next to 0, got {radius}"
        ) from None
    return ScalarEncoder(params)


def _switch(active: int) -> ScalarEncoder | None:
    """Encoder of no (0) or yes (1); none where the part is left out."""
    if not active:
        return None
    return ScalarEncoder(ScalarEncoderParams(minimum=0, maximum=1, active_bits=active, category=True))


def _parts(params: DateTimeEncoderParams) -> dict[str, ScalarEncoder]:
    """Encoders of the parts that have bits, in the order of the layout."""
    parts = {
        "season": _ring("season", 366.0, params.season, params.season_radius),
        "day_of_week": _ring("day_of_week", 7.0, params.day_of_week, params.day_of_week_radius),
        "weekend": _switch(params.weekend),
        "custom": _switch(params.custom),
        "holiday": _ring("holiday", 2.0, params.holiday, 1.0),
        "time_of_day": _ring("time_of_day", 24.0, params.time_of_day, params.time_of_day_radius),
    }
    return {name: part for name, part in parts.items() if part is not None}


@final
class DateTimeEncoder:
    """Dates and times: season, day of the week, weekend, chosen days, holidays and time of day, side by side.

    Source: Purdy 2016 (arXiv 1602.05925), date-time encoder; layout and rounding of htm.core 2.2.

    Parts, in the order of their bits; each is a `ScalarEncoder`:

    - season: whole days since 1 January, a ring of 366
    - day_of_week: days since Monday noon, fraction included, a ring of 7
    - weekend: yes after Friday 18:00 until Sunday's end
    - custom: yes on the days of the week listed in `custom_days`
    - holiday: a ring of 2, at 1 all through a holiday, rising from 0 on its eve and going on to 2 the day after
    - time_of_day: hours since midnight, a ring of 24

    The wall clock counts, whatever its time zone, to the whole second. A holiday without a year has its eve and its
    morrow in the neighbouring year too, where there are such. None and NaT are treated as `missing` says.

    Parameters
    ----------
    params : active bits and radii of the parts

    Attributes
    ----------
    size : number of bits
    active_bits : number of active bits of every code
    parts : bits that each part occupies, by name
    """

    def __init__(self, params: DateTimeEncoderParams) -> None:
        self.params = params
        self._encoders = _parts(params)
        self.parts: dict[str, slice] = {}
        self.size = 0
        for name, part in self._encoders.items():
            self.parts[name] = slice(self.size, self.size + part.size)
            self.size += part.size
        self.active_bits = sum(part.active_bits for part in self._encoders.values())
        self._kept: dict[str, dict[int, Bits]] = {name: {} for name in self.parts}
        self._years: dict[int, set[int]] = {}
        self._custom = frozenset(_weekday(day) for day in params.custom_days)

    def encode(self, value: Any) -> Bits:
        """Bits of one moment.

        Parameters
        ----------
        value : datetime (also pandas' and numpy's), or ISO text, or None or NaT where missing

        Returns
        -------
        (active_bits,) indices; empty for a missing value that is allowed
        """
        moment = _moment(value)
        if moment is None:
            return absent(self.params.missing, "a date and time", value)
        second = moment.hour * 3600 + moment.minute * 60 + moment.second
        return np.concatenate([self._part(name, self._value(name, moment, second)) for name in self.parts])

    def _part(self, name: str, value: float) -> Bits:
        """The part's bits where they lie in the whole code; kept, since a part has few codes."""
        encoder, kept = self._encoders[name], self._kept[name]
        start = encoder.start(value)
        bits = kept.get(start)
        if bits is None:
            bits = encoder.block(start) + np.int32(self.parts[name].start)
            if len(kept) >= _KEPT:
                kept.clear()
            kept[start] = bits
        return bits

    def _value(self, name: str, moment: dt.datetime, second: int) -> float:
        """What a part encodes, in its own unit."""
        if name == "time_of_day":
            return second / 3600
        if name == "day_of_week":
            return moment.weekday() + second / _DAY - 0.5
        if name == "season":
            return moment.toordinal() - dt.date(moment.year, 1, 1).toordinal()
        if name == "weekend":
            day = moment.weekday()
            return float(day > 4 or (day == 4 and second > 18 * 3600))
        if name == "custom":
            return float(moment.weekday() in self._custom)
        return self._holiday(moment.toordinal(), moment.year, second)

    def _holiday(self, day: int, year: int, second: int) -> float:
        """0 far from every holiday, 1 on one, between 0 and 1 on the eve, between 1 and 2 the day after."""
        holidays = self._years.get(year)
        if holidays is None:
            holidays = self._years[year] = self._ordinals(year)
        if day in holidays:
            return 1.0
        if day - 1 in holidays:
            return 1.0 + second / _DAY
        return second / _DAY if day + 1 in holidays else 0.0

    def _ordinals(self, year: int) -> set[int]:
        """Day numbers of the holidays that can matter in `year`."""
        days = set()
        for holiday in self.params.holidays:
            if len(holiday) == 3:
                days.add(dt.date(*holiday).toordinal())
                continue
            month, day = holiday
            for near in (year - 1, year, year + 1):
                leap = near % 4 == 0 and (near % 100 != 0 or near % 400 == 0)
                if 1 <= near <= 9999 and (leap or (month, day) != (2, 29)):
                    days.add(dt.date(near, month, day).toordinal())
        return days


def _moment(value: Any) -> dt.datetime | None:
    """The wall clock time of `value`; none for None and NaT."""
    if isinstance(value, dt.datetime):
        return None if value != value else value  # NaT is not equal to itself
    if value is None or (isinstance(value, float | np.floating) and value != value):
        return None
    if isinstance(value, str):
        try:
            return dt.datetime.fromisoformat(value)
        except ValueError:
            raise BadInput(f"value: must be an ISO date and time, got {shown(value)}") from None
    if isinstance(value, np.datetime64):
        whole = value.astype("datetime64[s]").item()
        if whole is None or isinstance(whole, dt.datetime):
            return whole
    elif isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day)
    raise BadInput(f"value: must be a date and time, got {shown(value)}")
