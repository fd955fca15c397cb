"""CSV files of measurements: written and read back, and each wrong one refused with its row and reason."""

from __future__ import annotations

import re
import time
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from devices.measure import measure_iv, measure_pulses, measure_reads, measure_retention
from devices.measurements import Measurement, PulseTrains, RepeatedReads, RetentionRun
from devices.presets import device_from
from devices.read_csv import joined, read_csv, write_csv
from htm.pick import BadInput

PULSES = "pulse,polarity,conductance\n" + "".join(f"{k},1,{1e-6 * k}\n" for k in range(1, 11))
READS = "read,conductance\n" + "".join(f"{k},1e-5\n" for k in range(1, 13))
RETENTION = "time,conductance\n" + "".join(f"{10**k},1e-5\n" for k in range(5))
IV = "voltage,current\n" + "".join(f"{v / 10},{v * 1e-7}\n" for v in range(-3, 4))


def measured() -> dict[str, Measurement]:
    device = device_from({"preset": "pcm_joshi2020"})
    soft = device_from({"preset": "rram_gong2018", "read_sigma": 0.01, "iv_sinh": 2.0})
    warm = device_from({"preset": "pcm_joshi2020", "activation_energy": 0.2})
    return {
        "pulses": measure_pulses(soft, 3, 2, 7, seed=1),
        "retention": measure_retention(
            warm, [1e-5, 2e-5], [1.0, 10.0, 1e3, 1e5], 2, 1, temperatures=[300.0, 350.0]
        ),
        "reads": measure_reads(device, 2e-5, 2, 20, seed=1, times=np.arange(1.0, 21.0).tolist()),
        "iv": measure_iv(soft, [2e-6, 8e-6], np.linspace(-0.5, 0.5, 11).tolist(), seed=1),
    }


@pytest.mark.parametrize("kind", ["pulses", "retention", "reads", "iv"])
def test_what_is_written_is_read_back_to_the_last_bit(tmp_path: Path, kind: str) -> None:
    data = measured()[kind]
    found = read_csv(write_csv(data, tmp_path / "a.csv"))
    assert found.kind == kind
    assert found.notes == ()
    for field in fields(data):
        if field.name != "line":
            np.testing.assert_array_equal(
                getattr(found.data, field.name), getattr(data, field.name), field.name
            )
    np.testing.assert_array_equal(found.data.line, np.arange(2, found.data.line.size + 2))


def _read(tmp_path: Path, text: str) -> Measurement:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    return read_csv(path).data


def test_units_in_the_header_and_words_for_polarity(tmp_path: Path) -> None:
    words = ["SET", "+", "1", "Potentiation", "+1", "reset", "-", "-1", "DEPRESSION", "set"]
    rows = "".join(f"{k + 1};{word};{k + 1}\n" for k, word in enumerate(words))
    data = _read(tmp_path, f"\ufeff Pulse ; polarity;Conductance (µS)\n\n# a comment\n{rows}")
    assert isinstance(data, PulseTrains)
    assert data.polarity.tolist() == [1, 1, 1, 1, 1, -1, -1, -1, -1, 1]
    np.testing.assert_allclose(data.conductance, np.arange(1, 11) * 1e-6, rtol=1e-15)
    assert data.line.tolist() == list(range(4, 14))
    hours = _read(tmp_path, RETENTION.replace("time,", "temperature [C],time [h],").replace("\n1", "\n85,1"))
    assert isinstance(hours, RetentionRun)
    assert hours.temperature is not None
    np.testing.assert_allclose(hours.time, 3600.0 * 10.0 ** np.arange(5))
    np.testing.assert_allclose(hours.temperature, 358.15)


def test_devices_are_labels_and_repeated_pulse_numbers_belong_to_cycles(tmp_path: Path) -> None:
    rows = [f"{cell},{cycle},{k},1,{k}e-6" for k in range(1, 9) for cell in "BA" for cycle in (0, 1)]
    data = _read(tmp_path, "device,cycle,pulse,polarity,conductance\n" + "\n".join(rows))
    assert isinstance(data, PulseTrains)
    assert set(data.device.tolist()) == {0, 1}
    assert data.device[0] == 0
    with pytest.raises(BadInput, match=r"row 3: pulse 1 of this device is in row 2 already.*'cycle' tells"):
        _read(
            tmp_path,
            "device,pulse,polarity,conductance\n"
            + "\n".join(re.sub(",[01],", ",", r, count=1) for r in rows),
        )


def test_pulses_that_count_from_0_are_shifted_and_said_so(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("pulse,polarity,conductance\n" + "".join(f"{k},1,1e-6\n" for k in range(10)))
    found = read_csv(path)
    assert isinstance(found.data, PulseTrains)
    assert found.data.pulse.tolist() == list(range(1, 11))
    assert "count from 0" in found.notes[0]


def test_unknown_columns_are_named_and_ignored(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(READS.replace("conductance", "conductance,operator").replace("e-5", "e-5,me"))
    assert read_csv(path).notes == ("column 'operator' is not known and ignored",)


def test_a_device_at_two_temperatures_is_two_runs(tmp_path: Path) -> None:
    rows = "".join(f"7,{10**k},1e-5,{kelvin}\n" for kelvin in (300, 350) for k in range(4))
    data = _read(tmp_path, "device,time,conductance,temperature\n" + rows)
    assert np.unique(data.device).size == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("read,conductance\n", "is empty below its header"),
        ("a,b\n1,2\n", "row 1: the columns 'a', 'b' are of no known kind"),
        (PULSES.replace("conductance", "conductence"), "needs a column 'conductance' (did you mean conductence?)"),
        (PULSES.replace("polarity,", "extra,"), "row 1: a file of pulses needs a column 'polarity'"),
        (READS.replace("read,", "conductance,"), "row 1: column 'conductance' comes twice"),
        (READS.replace("conductance", "conductance [uA]"), "column 'conductance' must be in S with a prefix"),
        (READS.replace("read,", "read [s],"), "column 'read' has no unit, got [s]"),
        (READS.replace("\n3,1e-5", "\n3,x"), "row 4: conductance must be a number, got 'x'"),
        (READS.replace("\n3,1e-5", "\n3,"), "row 4: conductance must be a number, got ''"),
        (READS.replace("\n3,1e-5", '\n3,"1,5"'), "row 4: conductance must be a number, got '1,5' (a decimal comma?"),
        (READS.replace("\n3,1e-5", "\n3,nan"), "row 4: conductance must be finite, got 'nan'"),
        (READS.replace("\n3,1e-5", "\n3,1e999"), "row 4: conductance must be finite"),
        (READS.replace("\n3,1e-5", "\n3,-1e-5"), "row 4: conductance must not be negative, got -1e-05 S"),
        (READS.replace("\n3,1e-5", "\n3,1e-5,4"), "row 4: must have 2 cells as the header, got 3"),
        (READS.replace("\n3,", "\n2,"), "row 4: read 2 of this device is in row 3 already"),
        (READS.replace("\n3,", "\n1.5,"), "row 4: read must be a whole number"),
        (READS.replace("\n3,", "\n1,"), "row 4: read must rise within a device, got 1 after 2 in row 3"),
        (READS.replace("1e-5", "12"), "row 2: conductance 12 S is above 1 S: values in uS need the header 'conduct"),
        (READS.replace("1e-5", "1e-15"), "conductance has a median of 1e-15 S, below 1 pS"),
        (READS.replace("\n5,1e-5", "\n5,1e-2"), "row 6: conductance 0.01 S is more than 1000 times above the rows"),
        ("\n".join(READS.splitlines()[:6]), "needs at least 10 rows of one device, got 5: of fewer reads"),
        (PULSES.replace("\n3,1", "\n3,up"), "row 4: polarity must be 1 or -1, + or -, set or reset"),
        (PULSES.replace("\n3,1", "\n3,0"), "row 4: polarity must be 1 or -1 (0 or nothing at pulse 0 only)"),
        (PULSES.replace("\n3,", "\n-3,"), "row 4: pulse must be a whole number of at least 0, got -3"),
        (RETENTION.replace("\n100,", "\n5,"), "row 4: time must rise within a device, got 5 after 10 in row 3"),
        (RETENTION.replace("\n1,", "\n0,"), "row 2: time must be above 0 s"),
        (RETENTION.replace("\n1,", "\n-1,"), "row 2: time must not be negative"),
        (RETENTION.replace("\n10000,", "\n1e13,"), "row 6: time 1e+13 s is above 1e10 s, 300 years: values in "),
        (RETENTION.replace("e-5", "e-5,0").replace("ance", "ance,temperature"), "row 2: temperature must be above 0 K"),
        (IV.replace("0.3,", "300,"), "row 2: voltage -300 V is above 100 V: values in mV need the header 'vol"),
        (IV.replace("e-07", "").replace("e-", "e0"), "current over voltage has a median of"),
        (IV + IV.partition("\n")[2] , "row 9: from here on the rows repeat those from row 2 on"),
        ("voltage,current\n1,1e-6\n1,1e-6\n", "row 3: repeats row 2"),
        ("voltage,current\n0.1,1e-6\n0.2,2e-6\n", "needs at least 5 rows of one device, got 2"),
    ],
)  # fmt: skip
def test_wrong_files_are_refused_in_one_line_with_row_and_reason(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(BadInput) as refused:
        _read(tmp_path, text)
    assert str(refused.value).startswith(f"{tmp_path / 'a.csv'}: ")
    assert message in str(refused.value)


def test_files_that_are_no_text_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with pytest.raises(BadInput, match="there is no such file"):
        read_csv(path)
    path.write_text(READS, encoding="utf-16")
    with pytest.raises(BadInput, match="is no plain text"):
        read_csv(path)
    path.write_bytes(READS.replace("conductance", "conductance [µS]").encode("cp1252"))
    data = read_csv(path).data
    assert isinstance(data, RepeatedReads)
    np.testing.assert_allclose(data.conductance, 1e-11)


def test_an_abrupt_device_is_no_slip_of_the_unit(tmp_path: Path) -> None:
    """SET to 100 uS and RESET to 10 nS, a factor of 10,000, stays; so does a cell that flips every pulse."""
    steady = [1e-8] * 5 + [1e-4] * 10 + [1e-8] * 5
    flips = [1e-8, 1e-4] * 10
    for values in (steady, flips):
        rows = "".join(f"{k + 1},1,{g}\n" for k, g in enumerate(values))
        assert isinstance(_read(tmp_path, "pulse,polarity,conductance\n" + rows), PulseTrains)


def test_files_of_one_kind_are_different_devices(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(READS)
    (tmp_path / "b.csv").write_text(READS)
    both = joined([read_csv(tmp_path / "a.csv"), read_csv(tmp_path / "b.csv")])
    assert np.unique(both.device).size == 2
    (tmp_path / "b.csv").write_text(
        READS.replace("read,", "time,read,").replace("\n", "\n1,").rstrip("1,") + "\n"
    )
    with pytest.raises(BadInput, match=r"a\.csv: has no column 'time'"):
        joined([read_csv(tmp_path / "a.csv"), read_csv(tmp_path / "b.csv")])


def test_a_long_file_takes_time_in_proportion(tmp_path: Path) -> None:
    """A million rows in a few seconds: 50,000 in well under one, whatever else the machine does."""
    g = 1e-5 + 1e-7 * np.random.default_rng(0).standard_normal(50_000)
    data = RepeatedReads(np.zeros(g.size, np.int64), np.arange(1, g.size + 1), g, np.zeros(g.size, np.int64))
    path = write_csv(data, tmp_path / "a.csv")
    start = time.process_time()
    read_csv(path)
    assert time.process_time() - start < 1.0
