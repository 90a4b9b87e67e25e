"""Images of a collection as small pictures for a page."""

from __future__ import annotations

import cv2

from keras_cvdata.audit.sample import Sample
from keras_cvdata.pages.pictures import Thumbnail, encode_thumbnail
from keras_cvdata.sources import Source
from keras_cvdata.types import ImageError


def thumbnail(source: Source, position: int) -> Thumbnail | None:
    """One image as a small JPEG.

    Args:
        source: The collection.
        position: Position of the image.

    Returns:
        The picture; None where the image cannot be read.
    """
    try:
        return encode_thumbnail(Sample(source, position).pixels)
    except (ImageError, ValueError, MemoryError, cv2.error):
        return None
