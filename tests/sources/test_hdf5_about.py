"""What a pack holds beside its images, where it does not fit them."""

import h5py
import pytest

from keras_cvdata.conversion import convert
from keras_cvdata.sources.hdf5 import HDF5Source
from tests.sources.hdf5_files import PIXELS


def damaged_about(change):
    """A pack with one thing changed."""

    def fill(file):
        source = file.filename + ".pack.h5"
        with h5py.File(source) as whole:
            for name in whole:
                whole.copy(name, file)
            file.attrs.update(whole.attrs)
        change(file)

    return fill


def replaced(name, values):
    def change(file):
        if name in file:
            del file[name]
        file[name] = values

    return change


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (replaced("about/crc32", [1, 2]), "about/crc32 does not fit the 6 images"),
        (replaced("about/name_offsets", [0, 1]), "about/names does not fit the 6 images"),
        (replaced("a/slots", [0, 1, 3]), "'slots' must hold numbers from 0 to 2"),
        (lambda file: file.attrs.update(version=9), "of version 9, which a newer keras_cvdata"),
        (lambda file: file.__delitem__("about"), "there is no 'about' in the file"),
    ],
    ids=["crc32", "names", "slots", "version", "about"],
)
def test_packs_that_do_not_fit_are_refused(write, path, change, complaint):
    convert((PIXELS, list("abaabb")), f"{path}.pack.h5", verbose=0)
    with pytest.raises(ValueError, match=complaint):
        HDF5Source(write(damaged_about(change)))
