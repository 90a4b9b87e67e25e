"""What the first bytes of an encoded image say."""

from __future__ import annotations

from typing import NamedTuple


class Header(NamedTuple):
    """What a header says of an image.

    Attributes:
        format: "jpeg", "png", "webp", "bmp", "tiff", "gif", "ppm" or "avif".
        height: Height in pixels, after the orientation was applied.
        width: Width in pixels, after the orientation was applied.
        orientation: How the stored pixels must be turned, 1 to 8 as in EXIF; 1 is upright.
        channels: 1 or 3 where all pixels are 8-bit grey or colour without alpha; 0 where only
            decoding tells.
        maximum: Value of a fully bright pixel where it is not the largest of the dtype, else 0.
        plain_jpeg: Whether it is a JPEG of the common kinds: Huffman-coded 8-bit grey, or colour
            whose chroma is stored once for one, two or four pixels.
    """

    format: str
    height: int
    width: int
    orientation: int = 1
    channels: int = 0
    maximum: int = 0
    plain_jpeg: bool = False
