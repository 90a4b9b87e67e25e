"""Locks of open files."""

import os
import sys

import pytest

from keras_cvdata.writing import locks
from keras_cvdata.writing.locks import open_locked, try_lock


def test_a_lock_ends_with_its_file(tmp_path):
    first = open_locked(tmp_path / "lock")
    assert open_locked(tmp_path / "lock") is None
    os.close(first)
    second = open_locked(tmp_path / "lock")
    assert second is not None
    os.close(second)


def test_a_file_that_was_deleted_in_between_is_made_anew(tmp_path, monkeypatch):
    """The one that held it was about to end."""
    path, calls = tmp_path / "lock", []

    def lock(descriptor):
        calls.append(descriptor)
        if len(calls) < 3:
            path.unlink()
        if len(calls) == 2:
            path.touch()  # another one, which is locked by nobody
        return try_lock(descriptor)

    monkeypatch.setattr(locks, "try_lock", lock)
    descriptor = open_locked(path)
    assert len(calls) == 3
    assert os.path.samestat(os.fstat(descriptor), path.stat())
    os.close(descriptor)


@pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
def test_a_file_system_without_locks_says_so(tmp_path, monkeypatch):
    import fcntl

    def refuse(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    descriptor = open_locked(tmp_path / "lock")
    assert try_lock(descriptor) is None
    os.close(descriptor)
