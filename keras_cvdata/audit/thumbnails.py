"""Small pictures that stand inside a page."""

from __future__ import annotations

import base64

import cv2

from keras_cvdata.audit.sample import Sample
from keras_cvdata.sources import Source
from keras_cvdata.types import ImageError

SIDE = 176  # pixels of the longer side
_QUALITY = 75


def thumbnail(source: Source, position: int) -> tuple[str, int, int] | None:
    """One image as a small JPEG.

    Args:
        source: The collection.
        position: Position of the image.

    Returns:
        Its address, which holds the JPEG itself, width and height in pixels; None where the image
        cannot be read.
    """
    try:
        pixels = Sample(source, position).pixels
        height, width = pixels.shape[:2]
        scale = SIDE / max(height, width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
        small = cv2.resize(pixels, size, interpolation=method)
        done, data = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    except (ImageError, ValueError, MemoryError, cv2.error):
        return None
    text = base64.b64encode(data.tobytes()).decode()
    return (f"data:image/jpeg;base64,{text}", *size) if done else None
