"""HDF5 that another process reads, and may die of."""

import os
import pickle
import signal
import sys
import threading

import h5py
import numpy as np
import pytest

from keras_cvdata.sources import hdf5_child
from keras_cvdata.sources.hdf5 import HDF5Source
from keras_cvdata.types import ImageError

PIXELS = np.arange(6 * 4 * 5 * 3, dtype=np.uint8).reshape(6, 4, 5, 3)


@pytest.fixture
def path(tmp_path):
    """Chunks that only the library reads."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        options = {"chunks": (1, 4, 5, 3), "compression": "lzf"}
        file.create_dataset("images", data=PIXELS, **options)
        file["labels"] = ["cat", "dog"] * 3
    return tmp_path / "a.h5"


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
def test_what_kills_the_process_is_an_error_and_the_next_one_goes_on(path):
    source = pickle.loads(pickle.dumps(HDF5Source(path, untrusted=True)))
    assert source.labels["label"].counts() == {"cat": 3, "dog": 3}
    assert np.array_equal(source.fetch(5), PIXELS[5])
    os.kill(source._library._process.pid, signal.SIGSEGV)
    with pytest.raises(ImageError, match=r"\[1\] \(row 1\): .*a\.h5 cannot .*killed by signal 11"):
        source.fetch(1)
    assert np.array_equal(source.fetch(1), PIXELS[1])


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
def test_an_answer_that_was_not_waited_for_is_none_to_the_next_question(path):
    source = HDF5Source(path, untrusted=True)
    assert np.array_equal(source.fetch(5), PIXELS[5])
    pid = source._library._process.pid
    os.kill(pid, signal.SIGSTOP)
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
    threading.Timer(0.3, os.kill, (pid, signal.SIGCONT)).start()
    with pytest.raises(KeyboardInterrupt):
        source.fetch(1)
    assert np.array_equal(source.fetch(2), PIXELS[2])


@pytest.mark.slow
def test_what_never_ends_is_ended_and_named(path, monkeypatch):
    monkeypatch.setattr(hdf5_child, "_SECONDS", 0.01)
    with pytest.raises(ValueError, match=r"a\.h5: the HDF5 library ended .*no answer in 0\.0"):
        HDF5Source(path, untrusted=True)


@pytest.mark.slow
def test_errors_are_those_of_this_process(path, tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        HDF5Source(tmp_path / "none.h5", untrusted=True)
    with pytest.raises(ValueError, match=r"a\.h5: there is no 'x' in the file"):
        HDF5Source(path, image_key="x", untrusted=True)
