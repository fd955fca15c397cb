"""Quantities with units, as users write them."""

from __future__ import annotations

import pytest

from devices.ideal import IdealDevice
from devices.presets import device_from
from devices.units import parse_quantity, unit_of


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("100 uS", "S", 100e-6),
        ("100uS", "S", 100e-6),
        ("0.1 µS", "S", 0.1e-6),
        ("2.5e-5", "S", 2.5e-5),
        ("1e3 nS", "S", 1e-6),
        ("1.5 kohm", "ohm", 1500.0),
        ("2 Mohm", "ohm", 2e6),
        ("10 ns", "s", 10e-9),
        ("5 min", "s", 300.0),
        ("2 days", "s", 172800.0),
        ("-0.2 V", "V", -0.2),
        ("3 S", "S", 3.0),
        ("1 mS", "S", 1e-3),
        ("7 GW", "W", 7e9),
    ],
)
def test_text_becomes_the_nearest_number(text: str, unit: str, value: float) -> None:
    assert parse_quantity(text, unit) == value


@pytest.mark.parametrize("given", [3, 2.5, None, True, [1]])
def test_what_is_no_text_passes(given: object) -> None:
    assert parse_quantity(given, "S") is given


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        ("fast", "s", "must be a number in s, such as '1 s'"),
        ("", "S", "must be a number in S, such as '1 S'"),
        ("1,5 uS", "S", "must be"),
        ("10 ns", "S", "must be in S"),
        ("10 xS", "S", "must be in S"),
        ("10 u", "S", "must be in S"),
        ("10 min", "S", "must be in S"),
    ],
)
def test_another_unit_is_refused(text: str, unit: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        parse_quantity(text, unit)


def test_fields_know_their_unit() -> None:
    fields = IdealDevice.model_fields
    assert unit_of(fields["g_max"]) == "S"
    assert unit_of(fields["read_voltage"]) == "V"
    assert unit_of(fields["read_sigma"]) == ""
    assert unit_of(type(device_from("pcm_joshi2020")).model_fields["drift_t0"]) == "s"
