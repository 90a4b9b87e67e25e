"""PNG: its chunks, and its data without what a bomb adds to them."""

from __future__ import annotations

import io
import struct
import zlib
from typing import NamedTuple

import numpy as np

from keras_cvdata.codec.exif import orientation_in
from keras_cvdata.codec.limits import MAX_PARTS
from keras_cvdata.codec.png_notes import chunks
from keras_cvdata.types import Array

_MOST_INFLATED = 3 << 28  # bytes, which OpenCV reads over in one to two seconds
# To how many times their size data inflate at most: any, and those that look random. What inflates
# to much is of few bits for each run, always the same ones, and the bytes of those are unequal.
_ANY, _DENSE = 1032, 200
_WINDOWS, _WINDOW, _DENSE_BITS = 64, 1024, 6.5  # random bytes have 7.8 bits each in such a window
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# First column and row, and steps, of the seven images that make up an interlaced one.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
           (0, 1, 1, 2))  # fmt: skip


class Png(NamedTuple):
    """What the chunks of a PNG say; see `Header`."""

    height: int
    width: int
    orientation: int
    channels: int


def parse(data: bytes) -> Png:
    """Walk over the chunks to the last one.

    Args:
        data: The whole file.

    Returns:
        Size, orientation, and channels where they are plain.

    Raises:
        ValueError: It is no whole PNG, or has too many chunks.

    Example:
        >>> import cv2, numpy as np
        >>> parse(cv2.imencode(".png", np.zeros((2, 3), np.uint8))[1].tobytes())
        Png(height=2, width=3, orientation=1, channels=1)
    """
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError("The PNG signature is damaged, as by a copy in text mode. Copy it again.")
    if data[12:16] == b"CgBI":
        raise ValueError("It is a PNG in the form of Apple's, which is not read. Save it as PNG.")
    width, height, bits, color = struct.unpack_from(">IIBB", data, 16)
    orientation = 1
    plain = bits <= 8 and color in (0, 2, 3)
    kind = b""
    for number, (kind, start, _) in enumerate(chunks(data)):
        if number == MAX_PARTS:
            raise ValueError(f"The PNG has more than {MAX_PARTS:,} chunks. Save the image again.")
        if kind in (b"tRNS", b"acTL"):
            plain = False
        elif kind == b"eXIf":
            orientation = orientation_in(data, start + 8)
    # OpenCV takes the memory that any chunk claims, the end chunk too, before it reads it.
    if kind != b"IEND":
        raise ValueError("The PNG is truncated: it has no end chunk. Copy the file again.")
    return Png(height, width, orientation, (1 if color == 0 else 3) if plain else 0)


def bits_per_pixel(data: bytes) -> int:
    """Bits of a pixel as it is decoded: 24 of a palette.

    Args:
        data: The file, or its beginning.

    Returns:
        Number of bits.

    Example:
        >>> import cv2, numpy as np
        >>> bits_per_pixel(cv2.imencode(".png", np.zeros((2, 3, 3), np.uint16))[1].tobytes())
        48
    """
    bits, color = data[24], data[25]
    return 24 if color == 3 else max(bits, 8) * _CHANNELS.get(color, 4)


def raw_size(data: bytes) -> int:
    """Bytes of the rows of an image, each with the number of its filter, before compression.

    Args:
        data: The file, or its beginning.

    Returns:
        Number of bytes.

    Example:
        >>> import cv2, numpy as np
        >>> raw_size(cv2.imencode(".png", np.zeros((2, 3, 3), np.uint8))[1].tobytes())
        20
    """
    width, height, bits, color = struct.unpack_from(">IIBB", data, 16)
    depth = bits * _CHANNELS.get(color, 4)
    total = 0
    for left, top, across, down in _PASSES if data[28] else ((0, 0, 1, 1),):
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * depth + 7) // 8)
    return total


def may_inflate_to_much(data: bytes) -> bool:
    """Say whether the data of a PNG may inflate to several gigabytes, whatever its size is.

    Large data are looked at in random places, so that nobody can prepare those.

    Args:
        data: The whole file, or its beginning.

    Returns:
        Whether they may; photographs of up to 4 MB do not.

    Example:
        >>> may_inflate_to_much(bytes(1 << 19)), may_inflate_to_much(bytes(1 << 20))
        (False, True)
    """
    if len(data) * _ANY <= _MOST_INFLATED:
        return False
    places = np.random.default_rng().integers(0, len(data) - _WINDOW, _WINDOWS)
    windows = np.frombuffer(data, np.uint8)[places[:, None] + np.arange(_WINDOW)]
    keys = windows + 256 * np.arange(_WINDOWS)[:, None]
    shares = np.bincount(keys.ravel(), minlength=256 * _WINDOWS).reshape(_WINDOWS, 256) / _WINDOW
    bits = -(shares * np.log2(shares, where=shares > 0, out=np.zeros_like(shares))).sum(axis=1)
    times = np.where(bits < _DENSE_BITS, _ANY, _DENSE).mean()
    return bool(len(data) * times > _MOST_INFLATED)


def decode_plain(data: bytes) -> Array | None:
    """Decode a PNG of 8 bits by Pillow, which reads no further than the image goes.

    It takes 1.3 times as long as OpenCV.

    Args:
        data: The whole file, without notes.

    Returns:
        (H, W) or (H, W, 3) uint8; `None` where it is of another kind, damaged, or beyond what
        Pillow takes without a warning.
    """
    from PIL import Image  # slow to import, and most images need none

    width, height, bits, color = struct.unpack_from(">IIBB", data, 16)
    if bits != 8 or color not in (0, 2) or width * height > (Image.MAX_IMAGE_PIXELS or 0):
        return None
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            return np.array(image)
    except (OSError, SyntaxError, ValueError):
        return None


def without_excess(data: bytes) -> bytes:
    """Cut off what the data of a PNG inflate to beyond its image.

    OpenCV inflates it all the same, in megabytes that stand for gigabytes. So the data are inflated
    here, as far as they are needed, and handed on uncompressed.

    Args:
        data: The whole file.

    Returns:
        The file itself where it is damaged or an animation, else one of the same pixels.
    """
    before, parts, behind = _split(data)
    if b"acTL" in before:
        return data
    size, inflate = raw_size(data), zlib.decompressobj()
    try:
        raw = inflate.decompress(b"".join(parts), size)
    except zlib.error:
        return data  # the decoder does not come further, and says so
    if len(raw) < size:
        return data
    stored = zlib.compress(raw, 0)
    del raw
    check = struct.pack(">I", zlib.crc32(stored, zlib.crc32(b"IDAT")))
    return b"".join((before, struct.pack(">I", len(stored)), b"IDAT", stored, check, behind))


def _split(data: bytes) -> tuple[bytes, list[memoryview], bytes]:
    """What comes before the image data, they themselves, and what comes behind them."""
    view, parts = memoryview(data), []
    first = behind = 0
    for kind, position, after in chunks(data):
        if kind == b"IDAT":
            first = first or position
            parts.append(view[position + 8 : after - 4])
        elif first or kind == b"IEND":
            behind = position
            break
    return data[: first or behind], parts, data[behind:]
