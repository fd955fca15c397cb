"""Digits from packages and IDX folders; everything that can be wrong with a file names the file."""

import gzip
import struct

import numpy as np
import pytest

from htm.pick import BadInput
from scenarios.data import DataParams, load_images, read_idx


def _idx(array):
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def _write(folder, name, array, packed=True):
    raw = _idx(array)
    path = folder / (f"{name}.gz" if packed else name)
    path.write_bytes(gzip.compress(raw) if packed else raw)
    return path


@pytest.fixture
def folder(tmp_path):
    """A small set as MNIST's owners name their files."""
    rng = np.random.default_rng(0)
    for prefix, n in (("train", 30), ("t10k", 12)):
        _write(tmp_path, f"{prefix}-images-idx3-ubyte", rng.integers(0, 256, (n, 5, 4)).astype(np.uint8))
        _write(tmp_path, f"{prefix}-labels-idx1-ubyte", (np.arange(n) % 3).astype(np.uint8))
    return tmp_path


def test_mnist5k_is_split_evenly_and_never_changes():
    data = load_images(DataParams())
    assert data.train_images.shape == (4000, 28, 28)
    assert data.test_images.shape == (1000, 28, 28)
    assert np.bincount(data.train_labels).tolist() == [400] * 10
    assert np.bincount(data.test_labels).tolist() == [100] * 10
    # frozen: the published numbers stand on this split
    assert int(data.test_images[:10].astype(np.int64).sum()) == 234422
    seen = {image.tobytes() for image in data.train_images}
    assert sum(image.tobytes() in seen for image in data.test_images) == 0


def test_a_short_set_is_balanced():
    data = load_images(DataParams(train=200, test=50))
    assert np.bincount(data.train_labels).tolist() == [20] * 10
    assert np.bincount(data.test_labels).tolist() == [5] * 10


def test_digits8x8():
    data = load_images(DataParams(source="digits8x8"))
    assert data.shape == (8, 8)
    assert len(data.train_labels) + len(data.test_labels) == 1797
    assert data.train_images.max() == 255


def test_idx_folder_plain_or_packed(folder):
    data = load_images(DataParams(path=str(folder)))
    assert data.train_images.shape == (30, 5, 4)
    assert data.classes == 3
    raw = gzip.decompress((folder / "train-images-idx3-ubyte.gz").read_bytes())
    (folder / "train-images-idx3-ubyte.gz").unlink()
    (folder / "train-images.idx3-ubyte").write_bytes(raw)
    again = load_images(DataParams(path=str(folder), train=7))
    assert np.array_equal(again.train_images, data.train_images[:7])


def test_full_mnist(mnist_folder):
    data = load_images(DataParams(path=str(mnist_folder)))
    assert data.train_images.shape == (60000, 28, 28)
    assert data.test_images.shape == (10000, 28, 28)


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda f: (f / "t10k-labels-idx1-ubyte.gz").unlink(), "no file t10k-labels-idx1-ubyte.gz"),
        (
            lambda f: (f / "train-images-idx3-ubyte.gz").write_bytes(b"\x1f\x8b junk"),
            "train-images-idx3-ubyte.gz: cannot be read",
        ),
        (
            lambda f: (f / "train-images-idx3-ubyte.gz").write_bytes(
                (f / "train-images-idx3-ubyte.gz").read_bytes()[:-20]
            ),
            "train-images-idx3-ubyte.gz: cannot be read",
        ),
        (
            lambda f: _write(f, "train-labels-idx1-ubyte", np.zeros(29, np.uint8)),
            "train has 30 images but 29 labels",
        ),
        (lambda f: _write(f, "t10k-images-idx3-ubyte", np.zeros((12, 5, 5), np.uint8)), "differ in size"),
        (
            lambda f: [
                _write(f, "t10k-images-idx3-ubyte", np.zeros((0, 5, 4), np.uint8)),
                _write(f, "t10k-labels-idx1-ubyte", np.zeros(0, np.uint8)),
            ],
            "t10k set is empty",
        ),
        (
            lambda f: _write(f, "train-labels-idx1-ubyte", np.zeros((30, 1), np.uint8)),
            "must have 1 dimensions, got 2",
        ),
    ],
)
def test_broken_folders(folder, break_it, message):
    break_it(folder)
    with pytest.raises(BadInput, match=message) as error:
        load_images(DataParams(path=str(folder)))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "not an IDX file"),
        (b"\x00\x00\x0d\x01\x00\x00\x00\x01", "not an IDX file of unsigned bytes"),
        (b"\x00\x00\x08\x03\x00\x00", "cut short inside its header"),
        (_idx(np.zeros((2, 3, 4), np.uint8))[:-1], "promises 24 bytes of data, the file holds 23"),
        (_idx(np.zeros((2, 3, 4), np.uint8)) + b"!", "promises 24 bytes of data, the file holds 25"),
    ],
)
def test_broken_files(tmp_path, raw, message):
    path = tmp_path / "x-idx3-ubyte"
    path.write_bytes(raw)
    with pytest.raises(BadInput, match=message):
        read_idx(path, 3)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (dict(path="/nowhere"), "no folder '/nowhere'"),
        (dict(train=4001), "data.train: only 4000 images are there, got 4001"),
        (dict(test=1001), "data.test: only 1000"),
    ],
)
def test_what_is_not_there(values, message):
    with pytest.raises(BadInput, match=message):
        load_images(DataParams(**values))


def test_idx_needs_a_path():
    with pytest.raises(BadInput, match="path: must name a folder"):
        DataParams(source="idx")
