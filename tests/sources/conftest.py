"""What tests of several HDF5 files of the package share."""

import h5py
import pytest


@pytest.fixture
def path(tmp_path):
    return tmp_path / "pets.h5"


@pytest.fixture
def write(path):
    """Write a file with a function that takes it."""

    def make(fill, **options):
        with h5py.File(path, "w", **options) as file:
            fill(file)
        return path

    return make
