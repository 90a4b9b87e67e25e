"""Local files that may be anything."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import PureWindowsPath

import numpy as np
import pytest

from keras_cvdata.sources.files import SharedFile, _read_rest, file_version, local_path, read_file
from keras_cvdata.types import ImageError


def test_reads_a_whole_file(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(bytes(range(256)) * 1000)
    assert read_file(str(path)) == path.read_bytes()
    (tmp_path / "link.jpg").symlink_to(path)
    assert len(read_file(str(tmp_path / "link.jpg"))) == 256_000


def test_an_empty_file_is_left_to_the_codec(tmp_path):
    (tmp_path / "a.jpg").touch()
    assert read_file(str(tmp_path / "a.jpg")) == b""


def test_missing_file_is_named(tmp_path):
    path = str(tmp_path / "none.jpg")
    with pytest.raises(ImageError, match="The file does not exist") as caught:
        read_file(path)
    assert caught.value.name == path


def test_pipes_folders_and_sockets_are_refused_at_once(tmp_path):
    """Opening a pipe would wait for ever."""
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(ImageError, match="a pipe, socket or device, not a file"):
        read_file(str(tmp_path / "pipe.jpg"))
    with pytest.raises(ImageError, match="a folder, not a file"):
        read_file(str(tmp_path))
    with pytest.raises(ImageError, match="a pipe, socket or device"):
        read_file("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.jpg"))
        with pytest.raises(ImageError, match="cannot be read: No such device"):
            read_file(str(tmp_path / "s.jpg"))


def test_too_long_a_file_is_not_read(tmp_path):
    path = tmp_path / "huge.jpg"
    with path.open("wb") as file:
        file.truncate(10 << 30)
    with pytest.raises(ImageError, match="10,737,418,240 bytes; at most 67,108,864"):
        read_file(str(path))
    path.write_bytes(b"abcd")
    with pytest.raises(ImageError, match=r"^\S+huge\.jpg: The file has 4 bytes; at most 3"):
        read_file(str(path), max_bytes=3)


def test_strange_paths_are_data_errors():
    with pytest.raises(ImageError, match=r"cannot be read: .*embedded null"):
        read_file("a\0.jpg")
    with pytest.raises(ImageError, match="cannot be read: File name too long"):
        read_file("a" * 5000)


def test_reading_goes_on_where_less_came(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"abcdefgh")
    descriptor = os.open(path, os.O_RDONLY)
    try:
        assert _read_rest(descriptor, os.read(descriptor, 3), 8) == b"abcdefgh"
        assert _read_rest(descriptor, b"abc", 8) == b"abc"  # the file became shorter
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("missing", [(), ("preadv",), ("preadv", "pread")])
def test_many_threads_read_one_file_on_every_system(tmp_path, monkeypatch, missing):
    """MacOS may lack `preadv`, and Windows both: then the file is mapped into memory."""
    for name in missing:
        monkeypatch.delattr(os, name)
    path = tmp_path / "data"
    numbers = np.arange(20_000, dtype="<u4")
    path.write_bytes(numbers.tobytes())
    file, wrong = SharedFile(str(path)), []

    def check(start):
        data = np.empty((10, 10), "<u4")
        for first in range(start, 19_000, 311):
            file.read_into(data, 4 * first)
            wrong.extend([first] if data[0, 0] != first or data[-1, -1] != first + 99 else [])

    threads = [threading.Thread(target=check, args=(start,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    with pytest.raises(EOFError):
        file.read_into(np.empty(2, "<u4"), path.stat().st_size - 4)


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_system_that_hands_out_less_at_a_time(tmp_path, monkeypatch, at_once):
    """Network file systems, and signals that interrupt a call."""
    path = tmp_path / "data"
    path.write_bytes(b"abcdefgh")
    real = os.preadv
    monkeypatch.setattr(os, "preadv", lambda d, parts, at: real(d, [parts[0][:at_once]], at))
    data = np.empty(5, np.uint8)
    SharedFile(str(path)).read_into(data, 2)
    assert data.tobytes() == b"cdefg"


def test_a_closed_file_is_closed(tmp_path):
    path = tmp_path / "data"
    path.touch()
    file = SharedFile(str(path))
    descriptor = file._descriptor
    del file
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_paths_of_other_systems():
    r"""Indices hold slashes; the system gets what it writes itself, also below a drive or `/`."""
    for folder in ("C:\\data", "D:\\", "\\\\server\\share"):
        path = local_path(folder, "cats/1.jpg", separator="\\")
        assert path == str(PureWindowsPath(folder) / "cats" / "1.jpg")
    assert local_path("/", "cats/1.jpg", separator="/") == "/cats/1.jpg"


def test_a_folder_is_named_where_it_cannot_be_opened(tmp_path, monkeypatch):
    """Windows says that access is denied."""

    def denied(*_):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.jpg").touch()
    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(ImageError, match="It is a folder, not a file"):
        read_file(str(tmp_path))
    with pytest.raises(ImageError, match="cannot be read: Permission denied"):
        read_file(str(tmp_path / "a.jpg"))


@pytest.mark.parametrize("missing", [(), ("preadv",), ("preadv", "pread")], ids=str)
@pytest.mark.parametrize("at_once", [1, 3, 9])
def test_rows_from_places_of_their_own(tmp_path, monkeypatch, missing, at_once):
    """By positional reads, in pieces where the system hands out less, or by a map of the file."""
    path = tmp_path / "data"
    path.write_bytes(b"abcdefgh")
    real = os.preadv
    monkeypatch.setattr(os, "preadv", lambda d, parts, at: real(d, [parts[0][:at_once]], at))
    for name in missing:
        monkeypatch.delattr(os, name)
    file, data = SharedFile(str(path)), np.empty((3, 2), np.uint8)
    file.read_each(data, np.array([4, 0, 6]))
    assert data.tobytes() == b"efabgh"
    with pytest.raises(EOFError):
        file.read_each(data, np.array([4, 0, 7]))
    path.write_bytes(b"")
    with pytest.raises(EOFError):
        SharedFile(str(path)).read_into(data, 0)


def test_a_version_is_size_and_time_once_the_clock_has_gone_on(tmp_path):
    file = tmp_path / "a.jpg"
    file.write_bytes(b"four")
    new = file_version(str(file))
    assert new != file_version(str(file))  # another change might bear the same time
    os.utime(file, ns=(1, 10**18 + 1))
    assert file_version(str(file)) == f"4 {10**18 + 1}"
    file.write_bytes(b"five5")
    os.utime(file, ns=(1, 10**18 + 1))
    assert file_version(str(file)) == f"5 {10**18 + 1}"
    assert file_version(str(tmp_path / "none.jpg")) == file_version("a\0b") == ""
