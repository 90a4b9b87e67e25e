"""Animated PNG: its first frame as a PNG of its own.

OpenCV reads the data of animations without looking whether they are whole, and returns memory that
was never written where they end early.
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

from keras_cvdata.codec.png_notes import chunks

_FIRST = 33  # where the second chunk begins
_LEFT_OUT = frozenset((b"acTL", b"fcTL", b"fdAT", b"IDAT", b"IEND"))


class Frame(NamedTuple):
    """A PNG, and where its pixels stand in the image."""

    data: bytes
    top: int
    left: int


def is_animated(data: bytes) -> bool:
    """Say whether a PNG is an animation.

    Args:
        data: The whole file.

    Returns:
        Whether a chunk that says so comes before the image.

    Example:
        >>> is_animated(bytes(33) + bytes(4) + b"IDAT" + bytes(4))
        False
    """
    kinds = (kind for kind, _, _ in chunks(data))
    return next((kind for kind in kinds if kind in (b"acTL", b"IDAT")), b"") == b"acTL"


def first_frame(data: bytes) -> Frame:
    """Make a PNG of the frame that an animation begins with.

    The image of a PNG that is animated by other frames only is left out, as viewers do.

    Args:
        data: The whole file.

    Returns:
        The first frame.

    Raises:
        ValueError: The frame lies outside the image.
    """
    count, place, before = 1, b"", [data[:_FIRST]]
    still: list[bytes] = []
    frame: list[bytes] = []
    for kind, start, after in chunks(data):
        content = data[start + 8 : after - 4]
        if kind == b"acTL":
            count = int.from_bytes(content[:4], "big")
        elif kind == b"fcTL" and count > 1:
            if frame:
                break
            place = content[4:20]
        elif kind == b"IDAT":
            (frame if place else still).append(content)
        elif kind == b"fdAT" and place:
            frame.append(content[4:])
        elif kind not in _LEFT_OUT and not (still or frame):
            before.append(data[start:after])
    return _assembled(before, frame, place) if frame else _assembled(before, still, data[16:24])


def _assembled(before: list[bytes], body: list[bytes], place: bytes) -> Frame:
    width, height, left, top = (int.from_bytes(place[at : at + 4], "big") for at in (0, 4, 8, 12))
    whole_width, whole_height = struct.unpack_from(">II", before[0], 16)
    if left + width > whole_width or top + height > whole_height:
        raise ValueError("A frame of the animated PNG lies outside the image. Save it again.")
    start = before[0][:8] + _chunk(b"IHDR", place[:8] + before[0][24:29])
    ends = (_chunk(b"IDAT", b"".join(body)), _chunk(b"IEND", b""))
    return Frame(b"".join((start, *before[1:], *ends)), top, left)


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check
