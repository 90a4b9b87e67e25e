"""What a cache keeps of an image, and how it stands in the index of a file."""

from __future__ import annotations

import math
import struct
import zlib
from typing import NamedTuple

import numpy as np

from keras_cvdata.engine.opencv import Reduced
from keras_cvdata.types import Array


class Kept(NamedTuple):
    """An image as a cache keeps it.

    Attributes:
        pixels: (height, width, channels) uint8, uint16 or float32; never changed.
        whole: The image that the pixels stand for.
        done: Steps of a plan that have been carried out already.
    """

    pixels: Array
    whole: Reduced
    done: int = 0


class Entry(NamedTuple):
    """Where a file holds an image, without its pixels.

    Attributes:
        offset: Number of the first byte.
        shape: (height, width, channels) of the pixels.
        dtype: Their dtype, as `np.dtype.str`.
        whole: As in `Kept`.
        done: As in `Kept`.
        checksum: CRC-32 of the pixels.
    """

    offset: int
    shape: tuple[int, int, int]
    dtype: str
    whole: Reduced
    done: int
    checksum: int

    @property
    def end(self) -> int:
        """Number of the byte after the last."""
        return self.offset + math.prod(self.shape) * np.dtype(self.dtype).itemsize

    def memory(self) -> Array:
        """Memory for the pixels, with anything in it."""
        return np.empty(self.shape, self.dtype)


_FIELDS = struct.Struct("<16sQ3I3s2I2dBI")
_CHECKSUM = struct.Struct("<I")
_DTYPES = {np.dtype(name).str for name in ("uint8", "uint16", "float32")}
RECORD_BYTES = _FIELDS.size + _CHECKSUM.size


def checksum(pixels: Array) -> int:
    """CRC-32 of the pixels of an image, which are contiguous."""
    return zlib.crc32(pixels.reshape(-1).view(np.uint8).data)


def pack(key: bytes, kept: Kept, offset: int) -> bytes:
    """Write what is known of an image as a record of an index.

    Args:
        key: 16 bytes that name the image.
        kept: The image.
        offset: Number of its first byte in its file.

    Returns:
        `RECORD_BYTES` bytes, with a checksum.
    """
    pixels, whole = kept.pixels, kept.whole
    fields = _FIELDS.pack(
        key,
        offset,
        *pixels.shape,
        pixels.dtype.str.encode(),
        whole.height,
        whole.width,
        *whole.divisors,
        kept.done,
        checksum(pixels),
    )
    return fields + _CHECKSUM.pack(zlib.crc32(fields))


def unpack(record: bytes) -> tuple[bytes, Entry] | None:
    """Read a record of an index.

    Args:
        record: `RECORD_BYTES` bytes.

    Returns:
        The key and the entry; `None` where the record is not whole, or not of pixels.

    Example:
        >>> kept = Kept(np.zeros((2, 3, 1), np.uint8), Reduced(4, 6, 2.0, 2.0))
        >>> record = pack(b"k" * 16, kept, offset=7)
        >>> key, entry = unpack(record)
        >>> entry.offset, entry.shape, entry.whole.height
        (7, (2, 3, 1), 4)
        >>> unpack(record[:-1] + b"?") is None
        True
    """
    fields = record[: _FIELDS.size]
    if zlib.crc32(fields) != _CHECKSUM.unpack(record[_FIELDS.size :])[0]:
        return None
    key, offset, *rest, done, crc = _FIELDS.unpack(fields)
    tall, wide, channels, dtype, height, width, down, across = rest
    name, whole = dtype.decode("latin-1"), Reduced(height, width, down, across)
    if name not in _DTYPES:
        return None
    return key, Entry(offset, (tall, wide, channels), name, whole, done, crc)
