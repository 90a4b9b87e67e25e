"""How an encoded image stores its pixels, beyond what decoding needs to know."""

from __future__ import annotations

import struct

from keras_cvdata.codec.headers import Header, jpeg_segments, riff_chunks
from keras_cvdata.codec.tiff import Directory

MODES = ("8-bit grey or RGB", "CMYK", "16-bit", "palette", "alpha", "other depth")

_STARTS = (
    *(b"\xff\xd8\xff", b"\x89PNG", b"BM", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*"),
    *(b"P%d" % kind for kind in range(1, 7)),
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
    return (
        data.startswith(_STARTS)
        or (data.startswith(b"RIFF") and data[8:12] == b"WEBP")
        or (data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis"))
    )


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
        return MODES[0], False


def _jpeg(data: bytes, _: Header) -> tuple[str, bool]:
    frame = jpeg_segments(data)[0]
    bits, components = data[frame + 4], data[frame + 9]
    return ("CMYK" if components == 4 else "other depth" if bits != 8 else MODES[0]), False


def _png(data: bytes, _: Header) -> tuple[str, bool]:
    bits, color = data[24], data[25]
    start = data.find(b"IDAT")
    animated = data.find(b"acTL", 0, start) > 0
    if color == 3:
        return "palette", animated
    if bits == 16:
        return "16-bit", animated
    has_alpha = color in (4, 6) or data.find(b"tRNS", 0, start) > 0
    return ("alpha" if has_alpha else MODES[0]), animated


def _webp(data: bytes, header: Header) -> tuple[str, bool]:
    animated = any(kind == b"ANIM" for kind, _ in riff_chunks(data))
    return ("alpha" if header.channels == 0 and not animated else MODES[0]), animated


def _bmp(data: bytes, _: Header) -> tuple[str, bool]:
    (size,) = struct.unpack_from("<I", data, 14)
    (bits,) = struct.unpack_from("<H", data, 24 if size == 12 else 28)
    return ("palette" if bits <= 8 else "alpha" if bits == 32 else MODES[0]), False


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
    return "palette", images > 1


def _ppm(data: bytes, header: Header) -> tuple[str, bool]:
    deep = data[:2] in (b"P5", b"P6") and len(data) > 2 * header.height * header.width * (
        3 if data[:2] == b"P6" else 1
    )
    return ("16-bit" if deep else MODES[0]), False


def _tiff(data: bytes, _: Header) -> tuple[str, bool]:
    directory = Directory(data)
    return ("16-bit" if directory.bits == 16 else MODES[0]), False


def _avif(data: bytes, header: Header) -> tuple[str, bool]:
    return ("other depth" if header.maximum else MODES[0]), data[8:12] == b"avis"


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
