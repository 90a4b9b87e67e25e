"""HDF5 that another process reads, and may die of."""

import os
import pickle
import signal
import sys

import h5py
import numpy as np
import pytest

from keras_cvdata.child_process import ChildProcess
from keras_cvdata.sources import hdf5_child
from keras_cvdata.sources.hdf5 import HDF5Source
from keras_cvdata.sources.hdf5_library import version_of
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


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
def test_what_kills_the_process_is_an_error_and_the_next_one_goes_on(path):
    source = pickle.loads(pickle.dumps(HDF5Source(path, untrusted=True)))
    assert source.labels["label"].counts() == {"cat": 3, "dog": 3}
    assert np.array_equal(source.fetch(5), PIXELS[5])
    os.kill(source._library._process.pid, signal.SIGSEGV)
    with pytest.raises(ImageError, match=r"\[1\] \(row 1\): .*a\.h5 cannot .*killed by signal 11"):
        source.fetch(1)
    assert np.array_equal(source.fetch(1), PIXELS[1])


def interrupt(*_):
    raise KeyboardInterrupt


@pytest.mark.slow
def test_an_answer_that_nobody_awaited_is_not_that_of_the_next_question(path, monkeypatch):
    library = hdf5_child.LibraryProcess(str(path), version_of(path.stat()))
    assert np.array_equal(library.rows("/images", 1, 2), PIXELS[1:2])
    with monkeypatch.context() as patch:
        patch.setattr(ChildProcess, "_await_reply", interrupt)
        with pytest.raises(KeyboardInterrupt):
            library.rows("/images", 3, 4)
    assert np.array_equal(library.rows("/images", 5, 6), PIXELS[5:6])


@pytest.mark.slow
def test_time_is_counted_from_when_the_process_has_started(path, monkeypatch):
    """What it imports takes long where the disk is slow; the file is not to blame."""
    times, ask = [], ChildProcess.ask

    def noted(self, request, seconds=None):
        times.append(seconds)
        return ask(self, request, seconds)

    monkeypatch.setattr(ChildProcess, "ask", noted)
    HDF5Source(path, untrusted=True)
    assert times == [None, pytest.approx(10, abs=0.1)]


def test_a_process_that_does_not_start_is_no_fault_of_the_file(path, monkeypatch):
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(RuntimeError, match=r"did not start .*exit code 1"):
        HDF5Source(path, untrusted=True)


@pytest.mark.slow
def test_what_never_ends_is_ended_and_named(path, monkeypatch):
    monkeypatch.setattr(hdf5_child, "_SECONDS", 0.1)
    monkeypatch.setattr(hdf5_child, "_BYTES_PER_SECOND", 1 << 40)
    sent, send = [], ChildProcess._send

    def send_first(self, message):  # that it has started; of the file it is asked nothing
        if not sent:
            send(self, message)
        sent.append(message)

    monkeypatch.setattr(ChildProcess, "_send", send_first)
    with pytest.raises(ValueError, match=r"a\.h5: the HDF5 library ended .*no answer in 0\.1 s"):
        HDF5Source(path, untrusted=True)


@pytest.mark.slow
def test_errors_are_those_of_this_process(path, tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        HDF5Source(tmp_path / "none.h5", untrusted=True)
    with pytest.raises(ValueError, match=r"a\.h5: there is no 'x' in the file"):
        HDF5Source(path, image_key="x", untrusted=True)
