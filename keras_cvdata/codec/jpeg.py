"""JPEG by `simplejpeg`, where it is installed: the pixels of `cv2.imdecode` in less time."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_cvdata.codec.header import Header
from keras_cvdata.types import Array, Empty, ImageError

try:
    import simplejpeg
except ImportError:  # there are no wheels for every system
    simplejpeg = None

_SPACES = {"rgb": ("RGB", 3), "rgbx": ("RGBX", 4), "grayscale": ("GRAY", 1)}

# It takes the smallest part of the size that is large enough, which may be 3/8 of a tiny image
# where a half was meant.
_SMALLEST_REDUCED = 16


def decode_jpeg(
    data: bytes, header: Header, color_mode: str, reduce: int, empty: Empty, strict: bool = True
) -> Array | None:
    """Decode a JPEG of the common kinds, upright.

    Args:
        data: The whole encoded file.
        header: What `sniff` said of it.
        color_mode: "rgb", "rgbx" or "grayscale".
        reduce: Decode at 1/1, 1/2, 1/4 or 1/8 of the size, rounded up.
        empty: Where the memory of the pixels comes from.
        strict: Leave what is damaged to OpenCV.

    Returns:
        (H, W, 3), (H, W, 4) or (H, W, 1) uint8; `None` where this is a task for OpenCV, which tells
        damage from what can be read all the same.

    Example:
        >>> import cv2
        >>> from keras_cvdata.codec import sniff
        >>> data = cv2.imencode(".jpg", np.zeros((40, 60, 3), np.uint8))[1].tobytes()
        >>> pixels = decode_jpeg(data, sniff(data), "rgb", 2, np.empty)
        >>> pixels is None or pixels.shape == (20, 30, 3)
        True
    """
    if simplejpeg is None or not header.plain_jpeg or header.orientation != 1:
        return None
    height, width = -(-header.height // reduce), -(-header.width // reduce)
    if reduce > 1 and min(height, width) < _SMALLEST_REDUCED:
        return None
    space, channels = _SPACES[color_mode]
    out = empty((height, width, channels), np.uint8)
    try:
        pixels: Any = simplejpeg.decode_jpeg(
            data,
            space,
            min_height=height,
            min_width=width,
            buffer=out.reshape(-1),
            strict=strict,
        )
    except (ValueError, RuntimeError):
        return None
    return out if pixels.shape == out.shape else None


def decode_lossless(data: bytes, header: Header, name: str, row: int | None) -> Array | None:
    """Decode a JPEG that is stored without loss, as it is stored: grey or colour, not upright.

    Args:
        data: The whole encoded file.
        header: What `sniff` said of it.
        name: Name of the image for messages.
        row: Row of the image in its source.

    Returns:
        (H, W, 3) or (H, W, 1) uint8; `None` where `simplejpeg` is not there.

    Raises:
        ImageError: It is cut, or of a kind that is not supported, which cannot be told apart.
    """
    if simplejpeg is None:
        return None
    plain = as_stored(header)._replace(plain_jpeg=True)
    mode = "grayscale" if header.channels == 1 else "rgb"
    pixels = decode_jpeg(data, plain, mode, 1, np.empty)
    if pixels is None:
        reason = (
            "It is a JPEG stored without loss, and either of a kind that is not supported or cut. "
            "Save it as PNG, or copy it again."
        )
        raise ImageError(name, reason, row)
    return pixels


def as_stored(header: Header) -> Header:
    """Header of the image before it is turned upright.

    Args:
        header: What `sniff` said.

    Returns:
        The same, with the sides that are stored and no orientation.

    Example:
        >>> as_stored(Header("jpeg", 2, 3, orientation=6))[:4]
        ('jpeg', 3, 2, 1)
    """
    if header.orientation > 4:
        header = header._replace(height=header.width, width=header.height)
    return header._replace(orientation=1)
