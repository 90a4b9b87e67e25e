"""BMP of all kinds but those of 24 bits, which OpenCV reads exactly.

It takes palettes of OS/2 for grey, runs for rows where a program ends each of them, and bits that
mean nothing for alpha.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np

from keras_cvdata.codec.blocks import in_blocks
from keras_cvdata.codec.lookalikes import looks_like
from keras_cvdata.types import Array

_RGB, _RLE8, _RLE4, _BITFIELDS, _ALPHA_BITFIELDS = 0, 1, 2, 3, 6
_NAMES = {4: "JPEG data", 5: "PNG data", 11: "CMYK", 12: "CMYK", 13: "CMYK"}
_OS2 = {3: "the Huffman code of OS/2", 4: "runs of 24 bits"}
_CORE, _INFO = 12, 40
_PACKED = {(16, _RGB): (0x7C00, 0x3E0, 0x1F, 0), (32, _RGB): (0xFF0000, 0xFF00, 0xFF, 0)}
_LONGEST_RUNS = 4 << 20  # bytes; they are read one by one


class Bmp(NamedTuple):
    """What the head of a BMP says. `start` and `head` are where pixels begin and its length."""

    height: int
    width: int
    bits: int
    compression: int
    top_down: bool
    start: int
    head: int
    colors: int

    @property
    def is_plain(self) -> bool:
        """Whether it has 24 bits a pixel."""
        return self.bits == 24


def parse(data: bytes) -> Bmp:
    """Read the head.

    Args:
        data: The whole file.

    Returns:
        What it says.

    Raises:
        ValueError: It is no BMP, or of a kind that is not read.

    Example:
        >>> import cv2
        >>> parse(cv2.imencode(".bmp", np.zeros((2, 3, 3), np.uint8))[1].tobytes())[:4]
        (2, 3, 24, 0)
    """
    start, head = struct.unpack_from("<II", data, 10)
    compression = colors = 0
    if head == _CORE:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
    elif 16 <= head <= 124:
        width, height, _, bits = struct.unpack_from("<iiHH", data, 18)
        if head >= _INFO:
            compression, _, _, _, colors, _ = struct.unpack_from("<6I", data, 30)
    else:
        raise ValueError(looks_like(data))
    names = _NAMES | (_OS2 if head in (16, 24, 48, 64) else {})
    if compression in names:
        raise ValueError(f"A BMP of {names[compression]} is not read. Save it as PNG.")
    if compression in (_RLE8, _RLE4) and len(data) > _LONGEST_RUNS:
        raise ValueError(
            f"A BMP of runs (RLE) is read up to {_LONGEST_RUNS:,} bytes; this one has "
            f"{len(data):,}. Save it as PNG."
        )
    # A negative height: rows from top to bottom.
    return Bmp(
        abs(height), max(width, 0), bits, compression, height < 0, start, head, min(colors, 256)
    )


def decode(data: bytes) -> Array:
    """Decode a BMP of a palette, or of 16 or 32 bits a pixel.

    Args:
        data: The whole file.

    Returns:
        (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA, uint8; with alpha where a mask says where.

    Raises:
        ValueError: It is truncated, or of a kind that is not read.
        struct.error: It ends within its head.

    Example:
        >>> import cv2
        >>> decode(cv2.imencode(".bmp", np.full((2, 3), 7, np.uint8))[1].tobytes())[0]
        array([7, 7, 7], dtype=uint8)
    """
    bmp = parse(data)
    if bmp.bits in (1, 2, 4, 8):
        palette = _palette(data, bmp)
        runs = {(8, _RLE8), (4, _RLE4)}
        if (bmp.bits, bmp.compression) in runs:
            indices = _runs(data, bmp)
        elif bmp.compression == _RGB:
            indices = _unpacked(_rows(data, bmp, np.uint8), bmp)
        else:
            raise ValueError(_unknown(bmp))
        pixels = in_blocks(lambda rows: palette[rows], indices)
    elif bmp.bits in (16, 32):
        masks = _masks(data, bmp)
        words = _rows(data, bmp, np.dtype(f"<u{bmp.bits // 8}"))[:, : bmp.width]
        pixels = in_blocks(lambda rows: _fields(rows, masks), words)
    else:
        raise ValueError(_unknown(bmp))
    return np.ascontiguousarray(pixels if bmp.top_down else pixels[::-1])


def _unknown(bmp: Bmp) -> str:
    return (
        f"A BMP of {bmp.bits} bits a pixel and compression {bmp.compression} is not read. Save it "
        "as PNG."
    )


def _palette(data: bytes, bmp: Bmp) -> Array:
    """(256,) grey or (256, 3) RGB; black where the file has no colour."""
    size = 3 if bmp.head == _CORE else 4
    start = 14 + bmp.head
    count = min(bmp.colors or 1 << bmp.bits, 1 << bmp.bits, max(bmp.start - start, 0) // size)
    stored = np.frombuffer(data[start : start + count * size], np.uint8)
    if len(stored) < count * size:
        raise ValueError("The BMP ends within its palette. Copy the file again.")
    palette = np.zeros((256, 3), np.uint8)
    palette[:count] = stored.reshape(count, size)[:, 2::-1]
    return palette[:, 0] if (palette == palette[:, :1]).all() else palette


def _rows(data: bytes, bmp: Bmp, dtype: np.dtype[np.generic] | type[np.generic]) -> Array:
    """The rows as they are stored, with what pads them to four bytes."""
    stride = (bmp.width * bmp.bits + 31) // 32 * 4
    size = stride * bmp.height
    if len(data) < bmp.start + size:
        raise ValueError("The BMP is truncated. Copy the file again.")
    return np.frombuffer(data, np.uint8, size, bmp.start).reshape(bmp.height, stride).view(dtype)


def _unpacked(rows: Array, bmp: Bmp) -> Array:
    """(H, W) indices of rows in which several share a byte."""
    if bmp.bits == 8:
        return rows[:, : bmp.width]
    shifts = np.arange(8 - bmp.bits, -1, -bmp.bits, dtype=np.uint8)
    mask = np.uint8((1 << bmp.bits) - 1)

    def spread(part: Array) -> Array:
        return (part[:, :, None] >> shifts & mask).reshape(len(part), -1)[:, : bmp.width]

    return in_blocks(spread, rows)


def _masks(data: bytes, bmp: Bmp) -> tuple[int, ...]:
    """Which bits are red, green, blue and alpha."""
    if bmp.compression == _RGB:
        return _PACKED[bmp.bits, _RGB]
    if bmp.compression not in (_BITFIELDS, _ALPHA_BITFIELDS):
        raise ValueError(_unknown(bmp))
    # They follow the shortest head, and are part of the longer ones.
    has_alpha = bmp.head >= 56 or bmp.compression == _ALPHA_BITFIELDS
    masks = struct.unpack_from("<4I" if has_alpha else "<3I", data, 54)
    if not all(masks[:3]) or max(masks) >> bmp.bits:
        raise ValueError("The BMP does not say which bits are its colors. Save it again.")
    return masks if has_alpha else (*masks, 0)


def _fields(words: Array, masks: tuple[int, ...]) -> Array:
    """Cut words of bits into channels of 8 bits."""
    channels = []
    for mask in masks if masks[3] else masks[:3]:
        shift = (mask & -mask).bit_length() - 1
        full = mask >> shift
        values = (words & words.dtype.type(mask)) >> words.dtype.type(shift)
        if full != 255:
            values = (values.astype(np.uint64) * 255 + full // 2) // full
        channels.append(values.astype(np.uint8))
    return np.stack(channels, axis=-1)


def _runs(data: bytes, bmp: Bmp) -> Array:
    """(H, W) indices, the lowest row first, of runs of equal ones."""
    width, rows = bmp.width, bytearray(bmp.height * bmp.width)
    per_byte = 8 // bmp.bits
    position, x, y = bmp.start, 0, 0
    while y < bmp.height:
        count, value = data[position], data[position + 1]
        position += 2
        if count == 0 and value < 3:
            if value == 1:
                break
            if value == 0:
                x, y = 0, y + 1
            else:
                x, y = x + data[position], y + data[position + 1]
                position += 2
            continue
        if count:
            part = _nibbles(bytes([value]) * (-(-count // per_byte)), bmp.bits)[:count]
        else:
            count = value
            size = -(-count // per_byte)
            part = _nibbles(data[position : position + size], bmp.bits)[:count]
            position += size + (size & 1)
        part = part[: max(width - x, 0)]
        start = y * width + x
        rows[start : start + len(part)] = part
        x += count
    return np.frombuffer(rows, np.uint8).reshape(bmp.height, width)


def _nibbles(packed: bytes, bits: int) -> bytes:
    return packed if bits == 8 else bytes(n for byte in packed for n in (byte >> 4, byte & 15))
