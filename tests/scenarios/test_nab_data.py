"""The reader of series and of the NAB corpus, and NAB's result files."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from htm.pick import BadInput
from scenarios.nab_data import load_nab, read_result, read_series, result_path, write_result

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture
def nab_folder():
    """Folder of the benchmark's labelled files, which are not part of the project."""
    if not (SHARED / "nab").is_dir():
        pytest.skip("the data data/nab is not beside this checkout")
    return SHARED / "nab"


def write(path, rows, header="timestamp,value"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


ROWS = [f"2014-04-01 00:{minute:02}:00,{minute / 4}" for minute in range(0, 60, 5)]


@pytest.fixture
def corpus_folder(tmp_path):
    """A folder of two series laid out like a NAB checkout."""
    write(tmp_path / "data" / "one" / "a.csv", ROWS)
    write(tmp_path / "data" / "two" / "b.csv", ROWS)
    write(tmp_path / "data" / "two" / "c.csv", ROWS)
    windows = {
        "one/a.csv": [["2014-04-01 00:10:00.000000", "2014-04-01 00:20:00.000000"]],
        "two/b.csv": [],
        "two/gone.csv": [],
    }
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "combined_windows.json").write_text(json.dumps(windows))
    return tmp_path


class TestSeries:
    def test_reads_both_columns_wherever_they_are(self, tmp_path):
        path = write(
            tmp_path / "x.csv", ["1,2014-04-01 00:00:00,-2.5e3", "2,2014-04-01T00:00:00.5,7"], "id,when,load"
        )
        series = read_series(path, timestamp="when", value="load")
        assert series.values.tolist() == [-2500.0, 7.0]
        assert np.diff(series.timestamps)[0] == np.timedelta64(500, "ms")
        assert len(series) == 2

    def test_skips_the_three_header_rows_of_nupic(self, tmp_path):
        path = write(tmp_path / "x.csv", ["datetime,float", "T,", *ROWS])
        assert len(read_series(path)) == len(ROWS)

    def test_byte_order_mark_blank_lines_and_windows_line_ends(self, tmp_path):
        path = tmp_path / "x.csv"
        path.write_bytes(("\ufeff" + "timestamp,value\r\n\r\n" + "\r\n".join(ROWS)).encode())
        assert len(read_series(path)) == len(ROWS)

    def test_another_date_format(self, tmp_path):
        path = write(tmp_path / "x.csv", ["7/2/10 0:00,21.2", "7/2/10 13:00,16.4"])
        series = read_series(path, date_format="%m/%d/%y %H:%M")
        assert str(series.timestamps[1]).startswith("2010-07-02T13:00")
        with pytest.raises(BadInput, match="row 2: timestamp: must be a date like 2014-07-01"):
            read_series(path)

    def test_the_streams_of_the_papers(self, nab_folder):
        taxi = SHARED / "streams" / "nyc_taxi.csv"
        assert len(read_series(taxi, value="passenger_count")) == 17520

    @pytest.mark.parametrize(
        ("rows", "match"),
        [
            (["2014-04-01 00:00:00,1", "2014-04-01 00:05:00,nan"], "row 3: value: must be a finite number"),
            (["2014-04-01 00:00:00,1", "2014-04-01 00:05:00,inf"], "row 3: value: must be a finite number"),
            (["2014-04-01 00:00:00,", "x"], "row 2: value: must be a finite number, got ''"),
            (["2014-04-01 00:00:00"], "row 2: must have 2 fields, got 1"),
            (["yesterday,1"], "row 2: timestamp: must be a date like .* got 'yesterday'"),
            (["2014-02-30 00:00:00,1"], "row 2: timestamp: must be a date"),
            (["2014-04-01 00:00:00+02:00,1"], "row 2: timestamp: must bear no time zone"),
            ([*ROWS, "2014-04-01 00:10:00,1"], "row 14: timestamp: goes backwards"),
            ([], "holds no records"),
        ],
    )
    def test_bad_rows_name_file_and_row(self, tmp_path, rows, match):
        path = write(tmp_path / "series.csv", rows)
        with pytest.raises(BadInput, match=match) as error:
            read_series(path)
        assert str(error.value).startswith(str(path)) and "\n" not in str(error.value)

    def test_bad_files(self, tmp_path):
        with pytest.raises(BadInput, match="cannot be read"):
            read_series(tmp_path / "none.csv")
        with pytest.raises(BadInput, match="row 1: must have the columns timestamp, value, got time, value"):
            read_series(write(tmp_path / "x.csv", ROWS, "time,value"))
        (tmp_path / "empty.csv").write_text("")
        with pytest.raises(BadInput, match="got nothing"):
            read_series(tmp_path / "empty.csv")
        (tmp_path / "binary.csv").write_bytes(b"timestamp,value\n\xff\xfe\x00")
        with pytest.raises(BadInput, match="is no CSV text"):
            read_series(tmp_path / "binary.csv")

    def test_equal_timestamps_stand_and_backwards_ones_may(self, tmp_path):
        path = write(tmp_path / "x.csv", [ROWS[1], ROWS[1], ROWS[0]])
        assert len(read_series(path, backwards=True)) == 3
        with pytest.raises(BadInput, match="row 4: timestamp: goes backwards"):
            read_series(path)


class TestCorpus:
    def test_windows_become_records(self, corpus_folder):
        corpus = load_nab(corpus_folder)
        assert list(corpus.files) == ["one/a.csv", "two/b.csv"]
        assert corpus.missing == ("two/gone.csv",) and corpus.unlabelled == ("two/c.csv",)
        file = corpus.files["one/a.csv"]
        assert file.windows == ((2, 4),) and file.group == "one"
        assert np.flatnonzero(file.labels).tolist() == [2, 3, 4]
        assert list(corpus.group("two").files) == ["two/b.csv"]
        with pytest.raises(BadInput, match="group: must be one of one, two, got 'three'"):
            corpus.group("three")

    @pytest.mark.parametrize(
        ("windows", "match"),
        [
            ([["2014-04-01 00:11:00", "2014-04-01 00:20:00"]], "is no timestamp of the series"),
            ([["2014-04-01 00:20:00", "2014-04-01 00:10:00"]], "must begin before it ends"),
            ([["2014-04-01 00:20:00"]], "must be a pair"),
            (["2014-04-01 00:20:00"], "must be a pair"),
            ([["soon", "late"]], "must be a date"),
            (
                [
                    ["2014-04-01 00:10:00", "2014-04-01 00:20:00"],
                    ["2014-04-01 00:20:00", "2014-04-01 00:30:00"],
                ],
                "without overlap",
            ),
        ],
    )
    def test_bad_windows(self, corpus_folder, windows, match):
        labels = corpus_folder / "labels" / "combined_windows.json"
        labels.write_text(json.dumps({"one/a.csv": windows}))
        with pytest.raises(BadInput, match=match) as error:
            load_nab(corpus_folder)
        assert "combined_windows.json: one/a.csv" in str(error.value)

    def test_bad_folders(self, corpus_folder, tmp_path):
        with pytest.raises(BadInput, match="is no NAB checkout"):
            load_nab(tmp_path / "data")
        labels = corpus_folder / "labels" / "combined_windows.json"
        labels.write_text('{"x.csv": []}')
        with pytest.raises(BadInput, match="none of the 1 labelled series"):
            load_nab(corpus_folder)
        labels.write_text("[]")
        with pytest.raises(BadInput, match="must map file names"):
            load_nab(corpus_folder)
        labels.write_text("{")
        with pytest.raises(BadInput, match="is no JSON"):
            load_nab(corpus_folder)

    def test_the_benchmark_itself(self, nab_folder):
        corpus = load_nab(nab_folder)
        assert len(corpus.files) + len(corpus.missing) == 58 and not corpus.unlabelled
        taxi = corpus.files["realKnownCause/nyc_taxi.csv"]
        assert len(taxi) == 10320 and len(taxi.windows) == 5
        assert taxi.labels.sum() == 1035  # stored score files of NAB: 1035 records in windows


class TestResults:
    def test_written_as_nab_reads_it(self, corpus_folder, tmp_path):
        file = load_nab(corpus_folder).files["one/a.csv"]
        scores = np.linspace(0, 1, len(file)) ** 3
        path = write_result(tmp_path / "results", "ours", file, scores)
        assert path == tmp_path / "results" / "ours" / "one" / "ours_a.csv"
        assert path == result_path(tmp_path / "results", "ours", file.name)
        with path.open() as stored:
            rows = list(csv.DictReader(stored))
        assert list(rows[0]) == ["timestamp", "value", "anomaly_score", "label"]
        assert rows[2] == {
            "timestamp": "2014-04-01 00:10:00",
            "value": "2.5",
            "anomaly_score": repr(float(scores[2])),
            "label": "1",
        }
        assert np.array_equal(read_result(tmp_path / "results", "ours", file), scores)
        assert sorted(p.name for p in path.parent.iterdir()) == ["ours_a.csv"]

    @pytest.mark.parametrize("bad", [np.zeros(3), np.full(12, np.nan), np.full(12, 1.5), np.full(12, -0.1)])
    def test_bad_scores(self, corpus_folder, tmp_path, bad):
        file = load_nab(corpus_folder).files["one/a.csv"]
        with pytest.raises(BadInput, match=r"scores of one/a\.csv: must"):
            write_result(tmp_path, "ours", file, bad)

    def test_a_result_of_another_length(self, corpus_folder, tmp_path):
        file = load_nab(corpus_folder).files["one/a.csv"]
        path = write_result(tmp_path, "ours", file, np.zeros(12))
        path.write_text("\n".join(path.read_text().splitlines()[:-1]))
        with pytest.raises(BadInput, match="must have a score for each of 12 records, got 11"):
            read_result(tmp_path, "ours", file)

    def test_a_folder_that_cannot_be_written(self, corpus_folder, tmp_path):
        file = load_nab(corpus_folder).files["one/a.csv"]
        (tmp_path / "file").write_text("")
        with pytest.raises(BadInput, match="cannot be written"):
            write_result(tmp_path / "file", "ours", file, np.zeros(12))
