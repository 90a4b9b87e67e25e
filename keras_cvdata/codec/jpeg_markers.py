"""JPEG: its segments up to the first scan, and what its scans cost."""

from __future__ import annotations

import re
import struct

from keras_cvdata.codec.exif import orientation_in
from keras_cvdata.codec.header import Header
from keras_cvdata.codec.limits import MAX_JPEG_SCANS, MAX_JPEG_SEGMENTS

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_COMMON = (0xC0, 0xC1, 0xC2)  # of Huffman codes and lossy
_UNREAD = {
    **dict.fromkeys((0xC7, 0xCB, 0xCF), "is stored without loss, in steps or arithmetic codes,"),
    **dict.fromkeys((0xC5, 0xC6, 0xCD, 0xCE), "is stored as steps of sizes"),
}
_SUBSAMPLINGS = (0x11, 0x21, 0x12, 0x22, 0x41)  # samples of luma across and down to one of chroma
_PROGRESSIVE = (0xC2, 0xCA)
_LOSSLESS = 0xC3
_LOSSLESS_SCANS = 8  # which a scan of it takes as long as
SCAN, _END = b"\xff\xda", b"\xff\xd9"

# A marker, after any bytes that are none: libjpeg skips them. A few kinds have no content.
_MARKER = re.compile(rb"\xff([^\x00\xff])")
_BARE = frozenset((0x01, *range(0xD0, 0xD8)))


def jpeg_segments(data: bytes) -> tuple[int, int, int]:
    """Find the parts of a JPEG.

    Args:
        data: The whole file.

    Returns:
        Where the frame header, the EXIF data and the first scan begin; 0 for what is missing.

    Raises:
        ValueError: There is no scan.
        IndexError: The file ends before.

    Example:
        >>> jpeg_segments(bytes.fromhex("ffd8 ffda"))
        (0, 0, 2)
    """
    position, frame, exif = 2, 0, 0
    for _ in range(MAX_JPEG_SEGMENTS):
        if data[position] != 0xFF or data[position + 1] in (0x00, 0xFF):
            position = _next_marker(data, position)
        marker = data[position + 1]
        if marker == 0xDA:
            return frame, exif, position
        if marker in _FRAMES:
            frame = position
        elif marker == 0xE1 and data.startswith(b"Exif\0\0", position + 4):
            exif = position + 10
        elif marker in _BARE:
            position += 2
            continue
        position += 2 + (data[position + 2] << 8 | data[position + 3])
    raise ValueError("The JPEG has no image among its segments. Save the image again.")


def _next_marker(data: bytes, position: int) -> int:
    found = _MARKER.search(data, position)
    if found is None:
        raise ValueError(
            "The JPEG is damaged between its segments: no image follows. Copy it again."
        )
    return found.start()


def is_lossless(data: bytes) -> bool:
    """Say whether a JPEG is stored without loss.

    Args:
        data: The whole file.

    Returns:
        Whether its frame says so.

    Example:
        >>> is_lossless(bytes.fromhex("ffd8 ffc3 0002 ffda"))
        True
    """
    return data[jpeg_segments(data)[0] + 1] == _LOSSLESS


def parse(data: bytes) -> Header:
    """Read the segments before the first scan, and look for the end marker.

    Args:
        data: The whole file.

    Returns:
        What they say.

    Raises:
        ValueError: It is damaged, not whole, or of a kind that is not read.
        IndexError: It ends within its header.

    Example:
        >>> import cv2, numpy as np
        >>> parse(cv2.imencode(".jpg", np.zeros((2, 3, 3), np.uint8))[1].tobytes())[:5]
        ('jpeg', 2, 3, 1, 3)
    """
    frame, exif, scan = jpeg_segments(data)
    if not frame:
        raise ValueError("The JPEG does not say its size. Save the image again.")
    kind, bits, height, width, components = struct.unpack_from(">B2xBHHB", data, frame + 1)
    what = _UNREAD.get(kind) or (f"has {bits} bits a sample" if bits != 8 else None)
    if kind == _LOSSLESS and components not in (1, 3):
        what = f"is stored without loss, in {components} components,"
    if what:
        raise ValueError(f"A JPEG that {what} is not read. Save it as JPEG of 8 bits, or as PNG.")
    if kind in _PROGRESSIVE or data[scan + 4] < components:
        _check_scans(data, scan)
    # No such bytes can stand in compressed data, and thumbnails come before the scan.
    if not data.endswith(_END) and data.rfind(_END, scan) < 0:
        raise ValueError("The JPEG is truncated: it has no end marker. Copy the file again.")
    orientation = orientation_in(data, exif) if exif else 1
    channels = 1 if components == 1 else 3
    plain = kind in _COMMON
    if plain and components != 1:
        chroma = data[frame + 14 : frame + 18 : 3]
        plain = components == 3 and chroma == b"\x11\x11" and data[frame + 11] in _SUBSAMPLINGS
    return Header("jpeg", height, width, orientation, channels, 0, plain)


def _check_scans(data: bytes, position: int) -> None:
    scans = data.count(SCAN, position)
    if scans > MAX_JPEG_SCANS:
        raise ValueError(
            f"The JPEG has {scans:,} scans, each of which is decoded over the whole image; at most "
            f"{MAX_JPEG_SCANS} are read. Save the image again."
        )


def passes(data: bytes) -> tuple[int, float]:
    """Say how often the image is run over, and what is kept of it meanwhile.

    Args:
        data: The whole file.

    Returns:
        Number of scans, and coefficients that are kept for each pixel: 0 where one scan is all.

    Example:
        >>> import cv2, numpy as np
        >>> passes(cv2.imencode(".jpg", np.zeros((2, 3, 3), np.uint8))[1].tobytes())
        (1, 0.0)
    """
    frame, _, scan = jpeg_segments(data)
    components, times = data[frame + 9], 1
    if data[frame + 1] == _LOSSLESS:
        times = _LOSSLESS_SCANS
    if data[frame + 1] not in _PROGRESSIVE and data[scan + 4] >= components:
        return times, 0.0
    factors = data[frame + 11 : frame + 11 + 3 * components : 3]
    areas = [(factor >> 4) * (factor & 15) for factor in factors]
    highest = max(f >> 4 for f in factors) * max(f & 15 for f in factors)
    return times * data.count(SCAN, scan), sum(areas) / highest
