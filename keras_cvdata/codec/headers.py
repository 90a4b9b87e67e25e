"""What the first bytes of an encoded image say: its format and size, before anything is decoded."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator

from keras_cvdata.codec import avif, bmp, jpeg_markers, png, tiff
from keras_cvdata.codec.exif import orientation_in
from keras_cvdata.codec.header import Header
from keras_cvdata.codec.limits import (
    MAX_PARTS,
    MAX_PIXELS,
    MAX_PIXELS_PER_BYTE,
    PLAUSIBLE_PIXELS,
    max_bytes,
)
from keras_cvdata.codec.lookalikes import looks_like
from keras_cvdata.codec.memory import too_much
from keras_cvdata.types import ImageError

_HIDDEN = ("tiff", "avif")  # a small size says nothing of tiles, channels and parts


def sniff(
    data: bytes,
    name: str = "<bytes>",
    row: int | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Header:
    """Read the header of an encoded image and refuse what should not be decoded.

    It costs a few microseconds and allocates nothing. Refused are unknown formats, incomplete files
    and sizes beyond `max_pixels` and the limits of this module: `max_bytes`, `MAX_PIXELS_PER_BYTE`
    of large images (but for TIFF of one bit a pixel) and `MAX_JPEG_SCANS`.

    Args:
        data: The whole encoded file.
        name: Name of the image for messages.
        row: Row of the image in its source.
        max_pixels: Number of pixels beyond which an image is refused.

    Returns:
        Format, size and orientation.

    Raises:
        ImageError: The data are no complete image of a known format, or exceed a limit.

    Example:
        >>> sniff(b"GIF89a" + bytes([4, 0, 3, 0]))
        Header(format='gif', height=3, width=4, orientation=1, channels=0, maximum=0,
               plain_jpeg=False)
    """
    parse = _PARSERS.get(data[:2])
    if parse is None or len(data) > max_bytes(max_pixels):
        parse = _find_parser(data, max_bytes(max_pixels), name, row)
    try:
        header = parse(data)
    except (IndexError, OverflowError, struct.error):
        raise ImageError(name, "The file ends within its header. Copy it again.", row) from None
    except ValueError as error:
        raise ImageError(name, str(error), row) from None
    form, height, width, orientation, *_ = header
    if form in _HIDDEN or not 0 < height * width <= min(PLAUSIBLE_PIXELS, max_pixels):
        _check_size(data, header, max_pixels, name, row)
    return header if orientation < 5 else header._replace(height=width, width=height)


def _find_parser(
    data: bytes, longest: int, name: str, row: int | None
) -> Callable[[bytes], Header]:
    if not data:
        raise ImageError(name, "The file is empty. Copy it again or remove it.", row)
    if len(data) > longest:
        reason = (
            f"The encoded image has {len(data):,} bytes; at most {longest:,} are read. Save it "
            "smaller, or raise max_pixels of the sequence."
        )
        raise ImageError(name, reason, row)
    if data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis"):
        return _avif
    raise ImageError(name, looks_like(data), row)


def _check_size(data: bytes, header: Header, max_pixels: int, name: str, row: int | None) -> None:
    pixels = header.height * header.width
    size = f"The header claims {header.width:,} x {header.height:,} pixels"
    if pixels == 0:
        raise ImageError(name, f"{size}: nothing. Save the image again.", row)
    if pixels > max_pixels:
        reason = (
            f"{size}; at most {max_pixels:,} pixels are decoded. Save it smaller, or raise "
            "max_pixels of the sequence."
        )
        raise ImageError(name, reason, row)
    if pixels > max(MAX_PIXELS_PER_BYTE * len(data), PLAUSIBLE_PIXELS) and not (
        header.format == "tiff" and tiff.Directory(data).bits == 1
    ):
        reason = (
            f"{size} in {len(data):,} bytes, which no photograph reaches: it is damaged, or made "
            "to fill the memory. Save the image again."
        )
        raise ImageError(name, reason, row)
    problem = too_much(data, header.format, pixels, max_pixels)
    if problem:
        raise ImageError(name, f"{problem} Save it smaller, or raise max_pixels.", row)


def _png(data: bytes) -> Header:
    return Header("png", *png.parse(data))


def _webp(data: bytes) -> Header:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise ValueError(looks_like(data))
    kind, orientation = data[12:16], 1
    if len(data) < 8 + int.from_bytes(data[4:8], "little"):
        raise ValueError("The WebP is truncated. Copy the file again.")
    if kind == b"VP8 ":
        width, height = (size & 0x3FFF for size in struct.unpack_from("<HH", data, 26))
        return Header("webp", height, width, 1, 3)
    if kind == b"VP8L":
        (packed,) = struct.unpack_from("<I", data, 21)
        width, height = (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
        return Header("webp", height, width, 1, 0 if packed >> 28 & 1 else 3)
    if kind != b"VP8X":
        raise ValueError("The WebP begins with an unknown chunk. Save the image again.")
    flags = data[20]
    width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
    for kind, start in riff_chunks(data):
        if kind == b"EXIF" and flags & 0x08:
            orientation = _webp_exif(data, start)
    return Header("webp", height, width, orientation, 0 if flags & 0x12 else 3)  # alpha, animation


def _webp_exif(data: bytes, start: int) -> int:
    return orientation_in(data, start + 6 if data.startswith(b"Exif\0\0", start) else start)


def riff_chunks(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Kind and start of the content of each chunk."""
    position = 12
    for _ in range(MAX_PARTS):
        if position + 8 > len(data):
            return
        yield data[position : position + 4], position + 8
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        position += 8 + size + (size & 1)
    raise ValueError(f"The WebP has more than {MAX_PARTS:,} chunks. Save the image again.")


def _bmp(data: bytes) -> Header:
    found = bmp.parse(data)
    return Header("bmp", found.height, found.width, 1, 3 if found.is_plain else 0)


def _gif(data: bytes) -> Header:
    if data[:6] not in (b"GIF87a", b"GIF89a"):
        raise ValueError(looks_like(data))
    width, height = struct.unpack_from("<HH", data, 6)
    return Header("gif", height, width)


_LONGEST_PNM = 1 << 16  # comments, which come before the size
_BLANKS = rb"(?:\s|#[^\n]*+\n)++"
_PNM = re.compile(rb"P([1-6])%b(\d{1,9})%b(\d{1,9})(?:%b(\d{1,5}))?" % ((_BLANKS,) * 3))


def _ppm(data: bytes) -> Header:
    match = _PNM.match(data, 0, _LONGEST_PNM)
    if match is None:
        raise ValueError(looks_like(data))
    # OpenCV scales to 255 in the forms of text and of one bit, and not in the others.
    maximum = int(match[4] or 0) if match[1] in (b"5", b"6") else 0
    return Header(
        "ppm", int(match[3]), int(match[2]), 1, 0, 0 if maximum in (255, 65535) else maximum
    )


def _tiff(data: bytes) -> Header:
    directory = tiff.Directory(data)
    height, width = directory.height, directory.width
    return Header("tiff", height, width, directory.orientation)


def _avif(data: bytes) -> Header:
    found = avif.parse(data)
    height, width = found.height, found.width
    largest = max((h * w for h, w in found.pictures), default=0)
    if largest > height * width and not found.tiled:
        h, w = next((h, w) for h, w in found.pictures if h * w == largest)
        raise ValueError(
            f"The AVIF claims {width:,} x {height:,} pixels, but its picture has {w:,} x {h:,}. "
            "Save the image again."
        )
    return Header("avif", height, width, found.orientation, 0, found.maximum)


_PARSERS: dict[bytes, Callable[[bytes], Header]] = {
    b"\xff\xd8": jpeg_markers.parse,
    b"\x89P": _png,
    b"RI": _webp,
    b"BM": _bmp,
    b"GI": _gif,
    b"II": _tiff,
    b"MM": _tiff,
    **{b"P%d" % kind: _ppm for kind in range(1, 7)},
}
