"""Local files that may be anything."""

from __future__ import annotations

import os
import socket

import pytest

from keras_cvdata.sources.files import _read_rest, read_file
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
