"""How an encoded image stores its pixels, beyond what decoding needs to know."""

from __future__ import annotations

import re
import struct

from keras_cvdata.codec import tiff
from keras_cvdata.codec.header import Header
from keras_cvdata.codec.headers import riff_chunks
from keras_cvdata.codec.jpeg_markers import jpeg_segments

RGB, GREY, CMYK, DEEP = "8-bit RGB", "8-bit grey", "CMYK", "16-bit"
PALETTE, ALPHA, OTHER_DEPTH = "palette", "alpha", "other depth"
OTHER_CHANNELS = "other channels"
MODES = (RGB, GREY, CMYK, DEEP, PALETTE, ALPHA, OTHER_DEPTH, OTHER_CHANNELS)

_STARTS = re.compile(
    rb"\xff\xd8\xff|\x89PNG|BM.{0,30}\0|GIF8[79]a|II[*+]\0|MM\0[*+]|P[1-6]\s"
    rb"|RIFF....WEBP|....ftypavi[fs]",
    re.DOTALL,
)


def starts_like_an_image(data: bytes) -> bool:
    """Say whether a file begins as one of the formats that are decoded does.

    Args:
        data: The file, which may be damaged.

    Returns:
        True also where the rest is missing.

    Example:
        >>> starts_like_an_image(b"GIF89a"), starts_like_an_image(b"<html>")
        (True, False)
    """
    return _STARTS.match(data) is not None


def mode_of(data: bytes, header: Header) -> tuple[str, bool]:
    """Say how an image stores its pixels.

    Args:
        data: The whole encoded file.
        header: What `sniff` said of it.

    Returns:
        One of `MODES`, and whether the file holds more than one image.

    Example:
        >>> import numpy as np
        >>> from keras_cvdata import codec
        >>> data = codec.encode(np.zeros((2, 2, 4), np.uint8))
        >>> mode_of(data, codec.sniff(data))
        ('alpha', False)
    """
    try:
        return _READERS[header.format](data, header)
    except (IndexError, struct.error, ValueError):  # damaged beyond what decoding needs
        return _plain(header), False


def _plain(header: Header) -> str:
    return GREY if header.channels == 1 else RGB


def _jpeg(data: bytes, _: Header) -> tuple[str, bool]:
    frame = jpeg_segments(data)[0]
    bits, components = data[frame + 4], data[frame + 9]
    if bits != 8:
        return OTHER_DEPTH, False
    return {1: GREY, 4: CMYK}.get(components, RGB), False


def _png(data: bytes, _: Header) -> tuple[str, bool]:
    bits, color = data[24], data[25]
    start = data.find(b"IDAT")
    animated = data.find(b"acTL", 0, start) > 0
    if color == 3:
        return PALETTE, animated
    if bits == 16:
        return DEEP, animated
    if color in (4, 6) or data.find(b"tRNS", 0, start) > 0:
        return ALPHA, animated
    return (GREY if color == 0 else RGB), animated


def _webp(data: bytes, header: Header) -> tuple[str, bool]:
    animated = any(kind == b"ANIM" for kind, _ in riff_chunks(data))
    return (ALPHA if header.channels == 0 and not animated else RGB), animated


def _bmp(data: bytes, _: Header) -> tuple[str, bool]:
    (size,) = struct.unpack_from("<I", data, 14)
    (bits,) = struct.unpack_from("<H", data, 24 if size == 12 else 28)
    return (PALETTE if bits <= 8 else ALPHA if bits == 32 else RGB), False


def _gif(data: bytes, _: Header) -> tuple[str, bool]:
    position = 13 + (3 << ((data[10] & 7) + 1) if data[10] & 0x80 else 0)
    images = 0
    while data[position] != 0x3B and images < 2:
        if data[position] == 0x2C:
            images += 1
            flags = data[position + 9]
            position += 10 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0) + 1
        else:
            position += 2
        while data[position]:
            position += 1 + data[position]
        position += 1
    return PALETTE, images > 1


def _ppm(data: bytes, header: Header) -> tuple[str, bool]:
    channels = 3 if data[:2] in (b"P3", b"P6") else 1
    deep = data[:2] in (b"P5", b"P6") and len(data) > 2 * header.height * header.width * channels
    return (DEEP if deep else GREY if channels == 1 else RGB), False


def _tiff(data: bytes, _: Header) -> tuple[str, bool]:
    directory = tiff.Directory(data)
    pages = directory.following() > 0
    photometric = directory.value(tiff.PHOTOMETRIC, 1)
    if photometric in (3, 5):
        return (PALETTE if photometric == 3 else CMYK), pages
    if directory.bits != 8:
        return (DEEP if directory.bits == 16 else OTHER_DEPTH), pages
    if directory.channels in (1, 3):
        return (GREY if directory.channels == 1 else RGB), pages
    return (ALPHA if directory.has_alpha() else OTHER_CHANNELS), pages


_AVIF_ALPHA = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"


def _avif(data: bytes, header: Header) -> tuple[str, bool]:
    animated = data[8:12] == b"avis"
    if header.maximum:
        return OTHER_DEPTH, animated
    return (ALPHA if data.find(_AVIF_ALPHA, 0, 4096) > 0 else RGB), animated


_READERS = {
    "jpeg": _jpeg,
    "png": _png,
    "webp": _webp,
    "bmp": _bmp,
    "gif": _gif,
    "ppm": _ppm,
    "tiff": _tiff,
    "avif": _avif,
}
