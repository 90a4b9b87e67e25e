"""Reading local files that may be anything."""

from __future__ import annotations

import os
import stat

from keras_cvdata.codec.headers import MAX_BYTES
from keras_cvdata.types import ImageError

# Without O_NONBLOCK, opening a named pipe waits for somebody to write into it.
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


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
            return _read_regular(path, descriptor, max_bytes)
        finally:
            os.close(descriptor)
    except ImageError:
        raise
    except FileNotFoundError:
        reason = "The file does not exist. Correct the path, or list the images anew."
        raise ImageError(path, reason) from None
    except (OSError, ValueError) as error:  # ValueError: a zero character in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise ImageError(path, f"The file cannot be read: {reason}.") from error


def _read_regular(path: str, descriptor: int, max_bytes: int) -> bytes:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, socket or device"
        raise ImageError(path, f"It is {kind}, not a file. Remove it from the images.")
    size = status.st_size
    if size > max_bytes:
        reason = (
            f"The file has {size:,} bytes; at most {max_bytes:,} are read. Save it smaller, or "
            "raise max_pixels of the sequence."
        )
        raise ImageError(path, reason)
    data = os.read(descriptor, size)
    if len(data) < size:  # some file systems hand out less at a time
        data = _read_rest(descriptor, data, size)
    return data


def _read_rest(descriptor: int, data: bytes, size: int) -> bytes:
    parts, missing = [data], size - len(data)
    while missing > 0 and (part := os.read(descriptor, missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
