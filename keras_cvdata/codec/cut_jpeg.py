"""JPEG files whose data end before their image although their end marker is there."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from keras_cvdata.codec.jpeg_markers import jpeg_segments
from keras_cvdata.types import Array

_GREY = 128  # what the decoder fills the rest with
_PROBE = bytes(range(7, 250, 3)) * 8  # any data; no byte of it begins a marker
_NEXT = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")


def is_cut(data: bytes, pixels: Array, decode: Callable[[bytes], Array | None]) -> bool:
    """Say whether a JPEG lacks a part of its image, which a decoder fills with grey.

    Such files come from an interrupted copy that a program closed with an end marker, or claim a
    larger size than they have. Where a corner is the grey of the filling, some bytes are put before
    the markers that end the first and the last scan: a decoder has no use for them after a whole
    image, and takes them for the missing part of another. So nothing whole is ever called cut;
    progressive files that lack later scans only are blurred, and not found.

    Args:
        data: The whole encoded file.
        pixels: (H, W) or (H, W, C), what `decode` gave for it.
        decode: Gives the pixels of a file; `None` where it cannot.

    Returns:
        True where a part is missing.

    Example:
        >>> import cv2
        >>> noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
        >>> whole = cv2.imencode(".jpg", noise)[1].tobytes()
        >>> cut = whole[: len(whole) // 2] + whole[-2:]
        >>> read = lambda data: cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        >>> [is_cut(data, read(data), read) for data in (whole, cut)]
        [False, True]
    """
    rows = pixels.reshape(len(pixels), pixels.shape[1], -1)
    corners = rows[:: max(len(rows) - 1, 1), :: max(rows.shape[1] - 1, 1)]
    if not (corners == _GREY).all(axis=2).any():
        return False
    again = decode(_longer(data))
    return again is None or not np.array_equal(again, pixels)


def _longer(data: bytes) -> bytes:
    scan = jpeg_segments(data)[2]
    last = data.find(b"\xff\xd9", scan)
    while data[last - 1] == 0xFF:  # fill bytes, or half of one that was cut
        last -= 1
    ending = _NEXT.search(data, scan + 2 + int.from_bytes(data[scan + 2 : scan + 4], "big"))
    first = ending.start() if ending else last
    if first >= last:
        return data[:last] + _PROBE + data[last:]
    return data[:first] + _PROBE + data[first:last] + _PROBE + data[last:]
