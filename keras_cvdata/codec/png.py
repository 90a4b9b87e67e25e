"""PNG: its chunks, and its data without what a bomb adds to them."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from keras_cvdata.codec.exif import orientation_in
from keras_cvdata.codec.limits import MAX_PARTS
from keras_cvdata.codec.png_notes import chunks
from keras_cvdata.types import Array

if TYPE_CHECKING:
    from PIL import Image

_MOST_INFLATED = 3 << 28  # bytes, which OpenCV reads over in one to two seconds
# To how many times their size data inflate at most: any, and those that look random. Long matches
# of random lengths and distances reach 400 times with 7.4 bits a byte in a window of 1024 bytes;
# pictures have 7.7 to 7.8.
_ANY, _DENSE = 1032, 400
_WINDOWS, _WINDOW, _DENSE_BITS = 64, 1024, 7.5
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# First column and row, and steps, of the seven images that make up an interlaced one.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
           (0, 1, 1, 2))  # fmt: skip
_ROWS = 32
_DAMAGED = "It is damaged or incomplete and cannot be decoded. Copy or save it again."
# Bits and color types that Pillow decodes as OpenCV does, and the form of rows, channels and dtype
# of its modes.
_PLAIN = ((8, 0), (8, 2), (8, 3), (8, 6), (16, 0))
_PLAIN_MODES = {"L": ("L", 1, "u1"), "RGB": ("RGBX", 3, "u1"), "P": ("P", 3, "u1"),
                "RGBA": ("RGBA", 4, "u1"), "I;16": ("I;16N", 1, "u2")}  # fmt: skip
_PIECE, _LONGEST_BLOCK = 1 << 15, 0xFFFF  # bytes


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
        Whether they may; photographs of up to 2 MB do not.

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
    """Decode a PNG of a common kind by Pillow, which reads no further than the image goes.

    Args:
        data: The whole file, without notes.

    Returns:
        (H, W) uint8 or uint16, or (H, W, 3 or 4) uint8; `None` where it is of another kind, or
        beyond what Pillow takes without a warning.

    Raises:
        ValueError: The data are damaged, or end before the image.
    """
    from PIL import Image  # slow to import, and most images need none

    width, height = struct.unpack_from(">II", data, 16)
    if (data[24], data[25]) not in _PLAIN or width * height > (Image.MAX_IMAGE_PIXELS or 0):
        return None
    try:
        image = Image.open(io.BytesIO(data), formats=["PNG"])
    except (OSError, SyntaxError, ValueError):
        return None
    with image:
        if "transparency" in image.info or image.mode not in _PLAIN_MODES:
            return None
        try:
            image.load()
        except OSError as error:
            raise ValueError(_DAMAGED) from error
        return _pixels(image)


def _pixels(image: Image.Image) -> Array:
    """A few rows at a time: memory for copies of the whole takes a quarter of the time."""
    form, channels, kind = _PLAIN_MODES[image.mode]
    width, height = image.size
    out = np.empty((height, width, channels), kind)
    colors = np.zeros((256, 1, 3), np.uint8)
    if image.mode == "P":
        known = np.array(image.getpalette(), np.uint8).reshape(-1, 1, 3)
        colors[: len(known)] = known
    for top in range(0, height, _ROWS):
        part = image.crop((0, top, width, min(top + _ROWS, height)))
        rows = np.frombuffer(part.tobytes("raw", form), kind).reshape(part.height, width, -1)
        if image.mode == "RGB":
            cv2.cvtColor(rows, cv2.COLOR_RGBA2RGB, out[top : top + _ROWS])
        elif image.mode == "P":
            cv2.LUT(cv2.merge([rows] * 3), colors, out[top : top + _ROWS])
        else:
            out[top : top + _ROWS] = rows
    return out if channels > 1 else out[:, :, 0]


def without_excess(data: bytes) -> bytes:
    """Cut off what the data of a PNG inflate to beyond its image.

    OpenCV inflates it all the same, in megabytes that stand for gigabytes. So the data are inflated
    here, as far as they are needed, and handed on uncompressed.

    Args:
        data: The whole file.

    Returns:
        A file of the same pixels.

    Raises:
        ValueError: The data are damaged, or end before the image.
    """
    before, parts, behind = _split(data)
    stored = _stored(parts, raw_size(data))
    check = zlib.crc32(b"IDAT")
    for piece in stored:
        check = zlib.crc32(piece, check)
    size = struct.pack(">I", sum(map(len, stored)))
    return b"".join((before, size, b"IDAT", *stored, struct.pack(">I", check), behind))


def _stored(parts: list[memoryview], size: int) -> list[bytes | memoryview]:
    """Inflate `size` bytes, and give them as a stream without compression."""
    pieces: list[bytes | memoryview] = [b"\x78\x01"]
    inflate, check = zlib.decompressobj(), 1
    for compressed in (
        part[at : at + _PIECE] for part in parts for at in range(0, len(part), _PIECE)
    ):
        try:
            raw = memoryview(inflate.decompress(compressed, size))
        except zlib.error:
            break
        check = zlib.adler32(raw, check)
        size -= len(raw)
        for at in range(0, len(raw), _LONGEST_BLOCK):
            block = raw[at : at + _LONGEST_BLOCK]
            pieces += (struct.pack("<BHH", 0, len(block), 0xFFFF - len(block)), block)
        if not size:
            return [*pieces, struct.pack("<BHH", 1, 0, 0xFFFF), struct.pack(">I", check)]
    raise ValueError(_DAMAGED)


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
