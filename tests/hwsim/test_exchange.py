"""Matrices in files: a round trip keeps every bit, and whatever is no matrix is refused."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from htm.pick import BadInput
from hwsim.exchange import export_matrix, import_matrix

matrices = arrays(float, array_shapes(min_dims=2, max_dims=2, max_side=8), elements=st.floats(0, 1))
roomy = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)


@roomy
@given(g=matrices, ending=st.sampled_from(["npz", "csv"]))
def test_a_round_trip_keeps_every_bit(tmp_path, g, ending):
    about = {"tile": [1, 2], "wire_ohm": 2.5}
    path = export_matrix(tmp_path / f"tile.{ending}", g, about)
    back, told = import_matrix(path)
    np.testing.assert_array_equal(back, g)
    assert told == (about if ending == "npz" else {})
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "1e-6,2e-6\n3e-6\n", "row 2: must have 2 values, got 1"),
        ("a.csv", "1e-6,x\n", "row 1: must hold numbers"),
        ("a.csv", "1e-6\n\n-2e-6\n", "row 3: must be finite and not negative, got -2e-06 S"),
        ("a.csv", "nan\n", "row 1: must be finite"),
        ("a.csv", "", "holds no numbers"),
        ("a.npz", "no zip", "is no matrix of conductances"),
        ("a.txt", "1", "must end in .npz or .csv, got .txt"),
    ],
)
def test_what_is_no_matrix_is_refused_in_one_line(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(BadInput, match=message) as error:
        import_matrix(tmp_path / name)
    assert "\n" not in str(error.value)


def test_another_npz_and_a_missing_file_are_refused(tmp_path):
    np.savez(tmp_path / "other.npz", g_S=np.ones((2, 2)))
    with pytest.raises(BadInput, match="is no matrix of conductances"):
        import_matrix(tmp_path / "other.npz")
    header = np.frombuffer(json.dumps({"format": "hwsim-conductance", "schema": 9}).encode(), dtype=np.uint8)
    np.savez(tmp_path / "later.npz", g_S=np.ones((2, 2)), header=header)
    with pytest.raises(BadInput, match="its header is not that of"):
        import_matrix(tmp_path / "later.npz")
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        import_matrix(tmp_path / "missing.csv")
    with pytest.raises(BadInput, match="g: must have word lines and bit lines"):
        export_matrix(tmp_path / "a.npz", np.ones(3))
    assert not (tmp_path / "a.npz").exists()
