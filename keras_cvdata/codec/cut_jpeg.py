"""JPEG files whose data end too early although their end marker is there."""

from __future__ import annotations

import numpy as np

from keras_cvdata.codec.decoding import decode
from keras_cvdata.codec.headers import Header
from keras_cvdata.codec.jpeg_markers import jpeg_segments
from keras_cvdata.types import Array, ImageError

_GREY = 128  # what the decoder fills the rest with
_PROBE = bytes(range(7, 250, 3)) * 8  # any data; no byte of it begins a marker


def is_cut(data: bytes, header: Header, pixels: Array, reduce: int = 1) -> bool:
    """Say whether a JPEG lacks a part of its image, which a decoder fills with grey.

    Such files come from an interrupted copy that a program closed with an end marker. Where a
    corner is the grey of the filling, some bytes are put before the end marker: a decoder has no
    use for them after a whole image, and takes them for the missing part of another. So nothing
    whole is ever called cut; progressive files, of which a cut leaves a blurred image, are not
    found.

    Args:
        data: The whole encoded file.
        header: What `sniff` said of it.
        pixels: (H, W, 3) RGB, what `decode` gave.
        reduce: What it was decoded with.

    Returns:
        True where a part is missing.

    Example:
        >>> import cv2
        >>> from keras_cvdata.codec import sniff
        >>> noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
        >>> whole = cv2.imencode(".jpg", noise)[1].tobytes()
        >>> cut = whole[: len(whole) // 2] + whole[-2:]
        >>> [is_cut(data, sniff(data), decode(data)) for data in (whole, cut)]
        [False, True]
    """
    corners = pixels[:: max(len(pixels) - 1, 1), :: max(pixels.shape[1] - 1, 1)]
    if header.format != "jpeg" or not (corners == _GREY).all(axis=2).any():
        return False
    end = data.find(b"\xff\xd9", jpeg_segments(data)[2])
    while data[end - 1] == 0xFF:  # fill bytes, or half of one that was cut
        end -= 1
    longer = data[:end] + _PROBE + data[end:]
    try:
        again = decode(longer, "rgb", reduce=reduce, header=header)
    except ImageError:
        return True
    return not np.array_equal(again, pixels)
