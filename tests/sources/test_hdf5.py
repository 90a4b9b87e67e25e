"""HDF5 files: reading images, also while the file changes."""

import multiprocessing
import pickle
import threading
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from keras_cvdata.sources.hdf5 import HDF5Source
from keras_cvdata.types import ImageError
from tests.sources.hdf5_files import PIXELS, pets


@pytest.mark.parametrize("chunked", [False, True])
def test_many_threads_and_processes_read_at_once(write, chunked):
    """Reading is safe from threads, after pickling and after a fork."""
    path = write(lambda f: f.create_dataset("images", data=PIXELS, chunks=chunked or None))
    source = pickle.loads(pickle.dumps(HDF5Source(path)))
    wrong = []

    def check():
        for _ in range(50):
            wrong.extend(i for i in range(6) if not np.array_equal(source.fetch(i), PIXELS[i]))

    threads = [threading.Thread(target=check) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert np.array_equal(pool.submit(source.fetch, 5).result(60), PIXELS[5])


def test_a_file_that_changes_is_noticed(write, path):
    """A file that was replaced or cut short after it was listed is no silent garbage."""
    source = HDF5Source(write(pets))
    again = pickle.loads(pickle.dumps(source))
    assert np.array_equal(source.fetch(0), PIXELS[2])
    with path.open("rb+") as file:
        file.truncate(100)
    with pytest.raises(ImageError, match=r"c/pictures\[0\] \(row 0\).*changed after"):
        again.fetch(0)
    with pytest.raises(ImageError, match="shorter than it says"):
        source.fetch(0)
    path.unlink()
    with pytest.raises(ImageError, match="No such file"):
        again.fetch(0)


def test_unknown_names_and_files(write, tmp_path):
    path = write(pets)
    with pytest.raises(ValueError, match=r"no 'x_test' in the file; it holds \['c', 'd'\]"):
        HDF5Source(path, image_key="x_test")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        HDF5Source(tmp_path / "none.h5")
    with pytest.raises(FileNotFoundError, match="is not a file"):
        HDF5Source(tmp_path)
    (tmp_path / "text.h5").write_text("label,location")
    with pytest.raises(ValueError, match="cannot be opened as HDF5"):
        HDF5Source(tmp_path / "text.h5")
