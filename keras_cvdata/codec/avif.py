"""AVIF: its boxes, and the sizes that the pictures in it state themselves.

What a box says of a size (`ispe`) binds no decoder: it takes memory for the size in the picture.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from keras_cvdata.codec.limits import MAX_PARTS

# (quarter turns counter-clockwise, mirror) to EXIF; mirror 0: top to bottom, 1: left to right.
_ORIENTATION = {
    (0, None): 1, (1, None): 8, (2, None): 3, (3, None): 6,
    (0, 0): 4, (1, 0): 5, (2, 0): 2, (3, 0): 7,
    (0, 1): 2, (1, 1): 7, (2, 1): 4, (3, 1): 5,
}  # fmt: skip
_SEQUENCE = 1  # kind of the unit of AV1 that states the size
_UNITS = 8  # looked at from the beginning of a picture
_MOST_PICTURES = 4_096

Box = tuple[bytes, int, int]  # kind, start and end of the content


class Avif(NamedTuple):
    """What the boxes of an AVIF say; see `Header`. `pictures` has (height, width) of each."""

    height: int
    width: int
    orientation: int
    maximum: int
    pictures: tuple[tuple[int, int], ...]
    tiled: bool


def parse(data: bytes) -> Avif:
    """Read the boxes, and the beginning of each picture.

    Args:
        data: The whole file.

    Returns:
        What they say.

    Raises:
        ValueError: It lacks what must be there, or has too many boxes.

    Example:
        >>> import cv2, numpy as np
        >>> found = parse(cv2.imencode(".avif", np.zeros((20, 30, 3), np.uint8))[1].tobytes())
        >>> found[:4], found.pictures
        ((20, 30, 1, 0), ((20, 30),))
    """
    top = list(_top(data))
    meta = _within(data, top, b"meta")
    properties = _within(data, _within(data, meta, b"iprp"), b"ipco")
    height = width = turns = maximum = 0
    mirror = None
    for kind, start, _ in properties:
        if kind == b"ispe":
            w, h = struct.unpack_from(">II", data, start + 4)
            if w * h > width * height:  # further ones belong to thumbnails and tiles
                width, height = w, h
        elif kind == b"irot":
            turns = data[start] & 3
        elif kind == b"imir":
            mirror = data[start] & 1
        elif kind == b"av1C" and data[start + 2] & 0x40:
            maximum = 4095 if data[start + 2] & 0x20 else 1023
    places = _items(data, meta)
    if data[8:12] == b"avis":
        places += _frames(data, top)
    sizes = (_size(data, place) for place in dict.fromkeys(places))
    pictures = tuple(size for size in sizes if size)
    tiled = any(data[start:stop].find(b"grid") > 0 for kind, start, stop in meta if kind == b"iinf")
    return Avif(height, width, _ORIENTATION[turns, mirror], maximum, pictures, tiled)


def _top(data: bytes) -> Iterator[Box]:
    """Boxes of the file; what follows the last one and is none is left out, as by viewers."""
    awaited = {b"meta", b"moov"} if data[8:12] == b"avis" else {b"meta"}
    boxes = _boxes(data, 0, len(data))
    end = 0
    try:
        for box in boxes:
            awaited.discard(box[0])
            end = box[2]
            yield box
    except (ValueError, struct.error):
        if awaited or end == len(data) or data[end + 4 : end + 8] == b"mdat":
            raise


def _boxes(data: bytes, start: int, stop: int) -> Iterator[Box]:
    for _ in range(MAX_PARTS):
        if start + 8 > stop:
            return
        (size,) = struct.unpack_from(">I", data, start)
        content = start + 8
        if size == 1:
            size, content = struct.unpack_from(">Q", data, content)[0], start + 16
        end = start + size if size else stop
        if end > stop:
            raise ValueError("The AVIF is truncated. Copy the file again.")
        if end < content:
            raise ValueError("A box of the AVIF is shorter than its head. Save the image again.")
        yield data[start + 4 : start + 8], content, end
        start = end
    raise ValueError(f"The AVIF has more than {MAX_PARTS:,} boxes. Save the image again.")


def _within(data: bytes, boxes: list[Box], wanted: bytes) -> list[Box]:
    """Boxes in the first one of a kind."""
    for kind, start, stop in boxes:
        if kind == wanted:
            head = 4 if wanted == b"meta" else 0  # its version and flags
            return list(_boxes(data, start + head, stop))
    raise ValueError("The AVIF lacks its list of properties. Save the image again.")


def _items(data: bytes, meta: list[Box]) -> list[int]:
    """Where the first part of each item begins."""
    inside = next((start for kind, start, _ in meta if kind == b"idat"), 0)
    for kind, start, stop in meta:
        if kind == b"iloc":
            return list(_locations(data, start, stop, inside))
    return []


def _locations(data: bytes, start: int, stop: int, inside: int) -> Iterator[int]:
    version, sizes = data[start], struct.unpack_from(">H", data, start + 4)[0]
    of_offset, of_length, of_base, of_index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    of_id = 4 if version == 2 else 2
    count = int.from_bytes(data[start + 6 : start + 6 + of_id], "big")
    if count > _MOST_PICTURES:
        raise ValueError(f"The AVIF has {count:,} parts; at most {_MOST_PICTURES:,} are read.")
    position = start + 6 + of_id
    extent = of_offset + of_length + (of_index if version else 0)
    for _ in range(count):
        position += of_id
        method = data[position + 1] & 15 if version else 0
        position += 4 if version else 2
        base = int.from_bytes(data[position : position + of_base], "big")
        position += of_base
        parts = int.from_bytes(data[position : position + 2], "big")
        position += 2
        at = position + (of_index if version else 0)
        if parts and position + parts * extent <= stop:
            offset = int.from_bytes(data[at : at + of_offset], "big")
            yield base + offset + (inside if method == 1 else 0)
        position += parts * extent


def _frames(data: bytes, top: list[Box]) -> list[int]:
    """Where the pictures of the tracks of a sequence begin."""
    places: list[int] = []
    for kind, start, stop in _within(data, top, b"moov"):
        if kind != b"trak":
            continue
        table = _boxes(data, start, stop)
        for wanted in (b"mdia", b"minf", b"stbl"):
            table = iter(_within(data, list(table), wanted))
        for name, at, _ in table:
            if name in (b"stco", b"co64"):
                code = ">I" if name == b"stco" else ">Q"
                places.append(struct.unpack_from(code, data, at + 8)[0])
    return places


def _size(data: bytes, position: int) -> tuple[int, int] | None:
    """Height and width that a picture of AV1 states; `None` where it is something else."""
    for _ in range(_UNITS):
        if position >= len(data):
            return None
        head = data[position]
        if head & 0x81 or not head & 0x02:  # a forbidden bit, or a unit without its length
            return None
        size, content = _leb128(data, position + 1 + (head >> 2 & 1))
        if head >> 3 & 15 == _SEQUENCE:
            return _sequence_size(_Bits(data[content : content + min(size, 256)]))
        position = content + size
    return None


def _leb128(data: bytes, position: int) -> tuple[int, int]:
    """A number in groups of seven bits, and where what follows begins."""
    value = 0
    for shift in range(0, 56, 7):
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            break
    return value, position


class _Bits:
    """Reads bits, the highest of each byte first; zeros beyond the end."""

    def __init__(self, data: bytes) -> None:
        self.value, self.left = int.from_bytes(data, "big"), 8 * len(data)

    def take(self, count: int) -> int:
        self.left -= count
        return self.value >> max(self.left, 0) & ((1 << count) - 1) if self.left >= 0 else 0


def _sequence_size(bits: _Bits) -> tuple[int, int]:
    """Read a sequence header up to its size (AV1 specification, 5.5.1)."""
    bits.take(4)  # profile, whether it is a still picture
    if bits.take(1):  # reduced
        bits.take(5)
    else:
        _skip_levels(bits)
    across, down = bits.take(4) + 1, bits.take(4) + 1
    width = bits.take(across) + 1
    return bits.take(down) + 1, width


def _skip_levels(bits: _Bits) -> None:
    delay = model = 0
    if bits.take(1):  # timing
        bits.take(64)
        if bits.take(1):
            _skip_golomb(bits)
        model = bits.take(1)
        if model:
            delay = bits.take(5) + 1
            bits.take(42)
    display = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:
            bits.take(1)
        if model and bits.take(1):
            bits.take(2 * delay + 1)
        if display and bits.take(1):
            bits.take(4)


def _skip_golomb(bits: _Bits) -> None:
    zeros = 0
    while zeros < 32 and not bits.take(1):
        zeros += 1
    bits.take(zeros if zeros < 32 else 0)
