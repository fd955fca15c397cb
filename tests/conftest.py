"""Fixtures shared by all tests."""

import os

import pytest

os.environ.setdefault("MPLBACKEND", "Agg")


def _shared(*parts):
    from pathlib import Path

    folder = Path(__file__).resolve().parents[2].joinpath("shared", *parts)
    if not folder.is_dir():
        pytest.skip(f"the golden data {'/'.join(parts)} is not beside this checkout")
    return folder


@pytest.fixture
def htmcore_oracles():
    """Folder of htm.core's golden vectors, which are not part of the project."""
    return _shared("oracles", "htmcore")


@pytest.fixture
def mnist_folder():
    """Folder of MNIST in full, which is not part of the project."""
    return _shared("data", "mnist")


@pytest.fixture
def nyc_taxi():
    """NAB's series of taxi passengers, which is not part of the project."""
    return _shared("data", "nab") / "data" / "realKnownCause" / "nyc_taxi.csv"
