"""Reading local files that may be anything, on every operating system."""

from __future__ import annotations

import mmap
import os
import stat
import time
import weakref
from pathlib import Path

import numpy as np

from keras_cvdata.codec.limits import MAX_BYTES
from keras_cvdata.types import Array, ImageError, Ints

# Without O_NONBLOCK, opening a named pipe waits for somebody to write into it. Without O_BINARY,
# which only Windows has, bytes that look like the end of a line are changed there.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

_COARSEST_CLOCK = 2_000_000_000  # nanoseconds, of FAT

_NO_FILE = "It is {}, not a file. Remove it from the images."


def local_path(folder: str, relative: str, separator: str = os.sep) -> str:
    r"""Path of a file for the operating system.

    Indices keep paths with slashes, so that they are the same on every system.

    Args:
        folder: Path of a folder.
        relative: Path of a file below it, with slashes.
        separator: What the system writes between folders.

    Returns:
        The whole path.

    Example:
        >>> print(local_path("D:\\pets", "cats/1.jpg", separator="\\"))
        D:\pets\cats\1.jpg
    """
    return folder.rstrip(separator) + separator + relative.replace("/", separator)


class SharedFile:
    """An open file that many threads read at once, each from its own place.

    Args:
        path: The file.

    Raises:
        OSError: The file cannot be opened.
    """

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, _FLAGS)
        weakref.finalize(self, os.close, self._descriptor)
        # On Windows a file has one position for all threads.
        self._map = None if hasattr(os, "pread") else _mapped(self._descriptor)

    def status(self) -> os.stat_result:
        """Size, time of the last change and the like."""
        return os.fstat(self._descriptor)

    def read_into(self, data: Array, start: int) -> None:
        """Fill an array with the bytes from a place of the file on.

        Args:
            data: The array, contiguous; it is changed.
            start: Number of the first byte.

        Raises:
            EOFError: The file ends before the array is full.
        """
        self._fill(data.reshape(-1).view(np.uint8).data, start)

    def read_each(self, data: Array, starts: Ints) -> None:
        """Fill the rows of an array, each with the bytes from a place of its own on.

        Args:
            data: (N, ...) array, contiguous; it is changed.
            starts: (N,) number of the first byte of each row.

        Raises:
            EOFError: The file ends before a row is full.
        """
        whole = data.reshape(-1).view(np.uint8).data
        size = len(whole) // max(len(starts), 1)
        read, begin = self._read_some, 0
        for start in starts.tolist():
            row = whole[begin : begin + size]
            count = read(row, start)
            if count < size:  # some file systems hand out less at a time
                self._fill(row[count:], start + count)
            begin += size

    def _fill(self, rest: memoryview, start: int) -> None:
        while len(rest):
            count = self._read_some(rest, start)
            if not count:
                raise EOFError("it is shorter than it says")
            rest, start = rest[count:], start + count

    def _read_some(self, target: memoryview, start: int) -> int:
        if hasattr(os, "preadv"):
            count: int = os.preadv(self._descriptor, (target,), start)
            return count
        if self._map is not None:
            data: bytes | memoryview = self._map[start : start + len(target)]
        elif hasattr(os, "pread"):
            data = os.pread(self._descriptor, len(target), start)
        target[: len(data)] = data
        return len(data)


def _mapped(descriptor: int) -> memoryview:
    """A file as memory; an empty one cannot be mapped."""
    if not os.fstat(descriptor).st_size:
        return memoryview(b"")
    return memoryview(mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ))


def file_version(path: str) -> str:
    """What tells one content of a file from another: its size and its time of last change.

    Args:
        path: Path of the file.

    Returns:
        Both as text; empty where there is no such file, which reading it will tell. Within two
        seconds of a change, in which another might bear the same time, no two calls agree.

    Example:
        >>> file_version("cats/none.jpg")
        ''
    """
    try:
        status = os.stat(path)  # noqa: PTH116 # a third of the time of a Path
    except (OSError, ValueError):
        return ""
    version = f"{status.st_size} {status.st_mtime_ns}"
    now = time.time_ns()
    return version if abs(now - status.st_mtime_ns) > _COARSEST_CLOCK else f"{version} at {now}"


def read_file(path: str, max_bytes: int = MAX_BYTES) -> bytes:
    """Read a whole regular file, at most `max_bytes` long, without ever waiting.

    Args:
        path: Path of the file.
        max_bytes: Length from which on a file is refused before it is read.

    Returns:
        The bytes of the file.

    Raises:
        ImageError: The file is missing, no regular file, too long, or cannot be read.

    Example:
        >>> read_file("cats/none.jpg")
        Traceback (most recent call last):
        keras_cvdata.types.ImageError: cats/none.jpg: The file does not exist. ...
    """
    try:
        descriptor = os.open(path, _FLAGS)
        try:
            status = os.fstat(descriptor)
            size = status.st_size
            if size > max_bytes or not stat.S_ISREG(status.st_mode):
                raise ImageError(path, _refusal(status, max_bytes))
            data = os.read(descriptor, size)
            # Some file systems hand out less at a time.
            return data if len(data) == size else _read_rest(descriptor, data, size)
        finally:
            os.close(descriptor)
    except ImageError:
        raise
    except FileNotFoundError:
        reason = "The file does not exist. Correct the path, or list the images anew."
        raise ImageError(path, reason) from None
    except (OSError, ValueError) as error:  # ValueError: a zero character in the path
        if isinstance(error, PermissionError) and Path(path).is_dir():  # Windows opens no folders
            raise ImageError(path, _NO_FILE.format("a folder")) from None
        reason = getattr(error, "strerror", None) or str(error)
        raise ImageError(path, f"The file cannot be read: {reason}.") from error


def _refusal(status: os.stat_result, max_bytes: int) -> str:
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, socket or device"
        return _NO_FILE.format(kind)
    return (
        f"The file has {status.st_size:,} bytes; at most {max_bytes:,} are read. Save it smaller, "
        "or raise max_pixels of the sequence."
    )


def _read_rest(descriptor: int, data: bytes, size: int) -> bytes:
    parts, missing = [data], size - len(data)
    while missing > 0 and (part := os.read(descriptor, missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
