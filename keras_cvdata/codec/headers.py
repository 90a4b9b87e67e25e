"""What the first bytes of an encoded image say: its format and size, before anything is decoded."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

from keras_cvdata.codec import tiff
from keras_cvdata.codec.lookalikes import looks_like
from keras_cvdata.types import ImageError

# A few bytes can claim gigabytes: a 45-byte PNG took 2 GB, a JPEG of 20,000 scans over a minute.
MAX_PIXELS = 64_000_000
MAX_BYTES = 64 << 20
MAX_PIXELS_PER_BYTE = 2_000  # looked at beyond PLAUSIBLE_PIXELS only
PLAUSIBLE_PIXELS = 4_000_000
MAX_JPEG_SCANS = 200
MAX_JPEG_SEGMENTS = 10_000  # before the first scan


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


def max_bytes(max_pixels: int) -> int:
    """Length beyond which an encoded image is refused: 8 bytes a pixel where more are allowed.

    Args:
        max_pixels: Number of pixels beyond which an image is refused.

    Returns:
        Number of bytes.

    Example:
        >>> max_bytes(MAX_PIXELS), max_bytes(200_000_000)
        (67108864, 1600000000)
    """
    return MAX_BYTES if max_pixels <= MAX_PIXELS else 8 * max_pixels


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
    _, height, width, orientation, *_ = header
    if not 0 < height * width <= min(PLAUSIBLE_PIXELS, max_pixels):
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
    one_bit = header.format == "tiff" and tiff.Directory(data).bits == 1
    if pixels > max(MAX_PIXELS_PER_BYTE * len(data), PLAUSIBLE_PIXELS) and not one_bit:
        reason = (
            f"{size} in {len(data):,} bytes, which no photograph reaches: it is damaged, or made "
            "to fill the memory. Save the image again."
        )
        raise ImageError(name, reason, row)


def _exif_orientation(data: bytes, start: int) -> int:
    """Orientation in EXIF data that begin at `start`; 1 where they are damaged or do not say."""
    try:
        order = "<" if data[start : start + 2] == b"II" else ">"
        directory = start + struct.unpack_from(order + "I", data, start + 4)[0]
        entry = directory + 2
        for _ in range(struct.unpack_from(order + "H", data, directory)[0]):
            tag, kind = struct.unpack_from(order + "HH", data, entry)
            if tag == tiff.ORIENTATION:
                code = "I" if kind == tiff.LONG else "H"
                value = struct.unpack_from(order + code, data, entry + 8)[0]
                return int(value) if 1 <= value <= 8 else 1
            entry += 12
    except struct.error:
        pass
    return 1


_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_COMMON = (0xC0, 0xC1, 0xC2)  # of Huffman codes and lossy
_SUBSAMPLINGS = (0x11, 0x21, 0x12, 0x22, 0x41)  # samples of luma across and down to one of chroma
_PROGRESSIVE = (0xC2, 0xC6, 0xCA, 0xCE)


def _jpeg(data: bytes) -> Header:
    frame, exif, scan = jpeg_segments(data)
    if not frame:
        raise ValueError("The JPEG does not say its size. Save the image again.")
    height, width, components = struct.unpack_from(">HHB", data, frame + 5)
    if data[frame + 1] in _PROGRESSIVE or data[scan + 4] < components:
        _check_scans(data, scan)
    # No such bytes can stand in compressed data, and thumbnails come before the scan.
    if not data.endswith(b"\xff\xd9") and data.rfind(b"\xff\xd9", scan) < 0:
        raise ValueError("The JPEG is truncated: it has no end marker. Copy the file again.")
    orientation = _exif_orientation(data, exif) if exif else 1
    channels = 1 if components == 1 else 3
    plain = data[frame + 1] in _COMMON and data[frame + 4] == 8
    if plain and components != 1:
        chroma = data[frame + 14 : frame + 18 : 3]
        plain = components == 3 and chroma == b"\x11\x11" and data[frame + 11] in _SUBSAMPLINGS
    return Header("jpeg", height, width, orientation, channels, 0, plain)


def jpeg_segments(data: bytes) -> tuple[int, int, int]:
    """Where the frame header, the EXIF data and the first scan begin; 0 for what is missing."""
    position, frame, exif = 2, 0, 0
    for _ in range(MAX_JPEG_SEGMENTS):
        marker = data[position + 1]
        if data[position] != 0xFF:
            raise ValueError("The JPEG is damaged between its segments. Save the image again.")
        if marker == 0xDA:
            return frame, exif, position
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        if marker in _FRAMES:
            frame = position
        elif marker == 0xE1 and data.startswith(b"Exif\0\0", position + 4):
            exif = position + 10
        position += 2 + (data[position + 2] << 8 | data[position + 3])
    raise ValueError("The JPEG has no image among its segments. Save the image again.")


def _check_scans(data: bytes, position: int) -> None:
    scans = data.count(b"\xff\xda", position)
    if scans > MAX_JPEG_SCANS:
        raise ValueError(
            f"The JPEG has {scans:,} scans, each of which is decoded over the whole image; at most "
            f"{MAX_JPEG_SCANS} are read. Save the image again."
        )


def _png(data: bytes) -> Header:
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError("The PNG signature is damaged, as by a copy in text mode. Copy it again.")
    width, height, bits, color = struct.unpack_from(">IIBB", data, 16)
    position, orientation = 33, 1
    plain = bits <= 8 and color in (0, 2, 3)
    while True:
        # OpenCV takes the memory that any chunk claims, the end chunk too, before it reads it.
        after = position + 12 + int.from_bytes(data[position : position + 4], "big")
        if after > len(data):
            raise ValueError("The PNG is truncated: it has no end chunk. Copy the file again.")
        kind = data[position + 4 : position + 8]
        if kind == b"IEND":
            break
        if kind in (b"tRNS", b"acTL"):
            plain = False
        elif kind == b"eXIf":
            orientation = _exif_orientation(data, position + 8)
        position = after
    channels = (1 if color == 0 else 3) if plain else 0
    return Header("png", height, width, orientation, channels)


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
    if flags & 0x08:
        orientation = next(
            (_webp_exif(data, start) for kind, start in riff_chunks(data) if kind == b"EXIF"), 1
        )
    return Header("webp", height, width, orientation, 0 if flags & 0x12 else 3)  # alpha, animation


def _webp_exif(data: bytes, start: int) -> int:
    return _exif_orientation(data, start + 6 if data.startswith(b"Exif\0\0", start) else start)


def riff_chunks(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Kind and start of the content of each chunk."""
    position = 12
    while position + 8 <= len(data):
        yield data[position : position + 4], position + 8
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        position += 8 + size + (size & 1)


def _bmp(data: bytes) -> Header:
    (size,) = struct.unpack_from("<I", data, 14)
    if size == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
    elif 40 <= size <= 124:
        width, height, _, bits = struct.unpack_from("<iiHH", data, 18)
    else:
        raise ValueError(looks_like(data))
    # A negative height: rows from top to bottom. OpenCV takes colours of OS/2 for grey if not told.
    return Header("bmp", abs(height), max(width, 0), 1, 3 if bits == 24 else 0)


def _gif(data: bytes) -> Header:
    if data[:6] not in (b"GIF87a", b"GIF89a"):
        raise ValueError(looks_like(data))
    width, height = struct.unpack_from("<HH", data, 6)
    return Header("gif", height, width)


_BLANKS = rb"(?:\s|#[^\n]*\n)+"
_PNM = re.compile(rb"P([1-6])%b(\d{1,9})%b(\d{1,9})(?:%b(\d{1,5}))?" % ((_BLANKS,) * 3))


def _ppm(data: bytes) -> Header:
    match = _PNM.match(data)
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


# (quarter turns counter-clockwise, mirror) to EXIF; mirror 0: top to bottom, 1: left to right.
_AVIF_ORIENTATION = {
    (0, None): 1, (1, None): 8, (2, None): 3, (3, None): 6,
    (0, 0): 4, (1, 0): 5, (2, 0): 2, (3, 0): 7,
    (0, 1): 2, (1, 1): 7, (2, 1): 4, (3, 1): 5,
}  # fmt: skip


def _avif(data: bytes) -> Header:
    properties = _inside(data, (b"meta", b"iprp", b"ipco"))
    height = width = turns = maximum = 0
    mirror = None
    for kind, start, _ in properties:
        if kind == b"ispe":
            w, h = struct.unpack_from(">II", data, start + 4)
            if w * h > width * height:  # further ones belong to thumbnails and tiles
                width, height = w, h
        elif kind == b"irot":
            turns = data[start] & 3
        elif kind == b"imir":
            mirror = data[start] & 1
        elif kind == b"av1C" and data[start + 2] & 0x40:
            maximum = 4095 if data[start + 2] & 0x20 else 1023
    return Header("avif", height, width, _AVIF_ORIENTATION[turns, mirror], 0, maximum)


def _inside(data: bytes, path: tuple[bytes, ...]) -> list[tuple[bytes, int, int]]:
    """Boxes of an ISO media file in the box that a path of kinds leads to."""
    start, stop = 0, len(data)
    for wanted in path:
        found = [box[1:] for box in _boxes(data, start, stop) if box[0] == wanted]
        if not found:
            raise ValueError("The AVIF lacks its list of properties. Save the image again.")
        start, stop = found[0]
        start += 4 if wanted == b"meta" else 0  # its version and flags
    return list(_boxes(data, start, stop))


def _boxes(data: bytes, start: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of the content of each box."""
    while start + 8 <= stop:
        size = int.from_bytes(data[start : start + 4], "big")
        if size < 8:  # to the end of the file, or longer than 4 GiB: image data, not properties
            return
        yield data[start + 4 : start + 8], start + 8, min(start + size, stop)
        start += size


_PARSERS: dict[bytes, Callable[[bytes], Header]] = {
    b"\xff\xd8": _jpeg,
    b"\x89P": _png,
    b"RI": _webp,
    b"BM": _bmp,
    b"GI": _gif,
    b"II": _tiff,
    b"MM": _tiff,
    **{b"P%d" % kind: _ppm for kind in range(1, 7)},
}
