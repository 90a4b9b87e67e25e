"""How much one encoded image may ask for, before anything of it is decoded.

All limits grow with `max_pixels`, so one number lets larger images in.
"""

from __future__ import annotations

# A few bytes can claim gigabytes: a 45-byte PNG took 2 GB, a JPEG of 20,000 scans over a minute.
MAX_PIXELS = 64_000_000
MAX_BYTES = 64 << 20
MAX_PIXELS_PER_BYTE = 2_000  # looked at beyond PLAUSIBLE_PIXELS only
PLAUSIBLE_PIXELS = 4_000_000
MAX_JPEG_SCANS = 200
MAX_JPEG_SEGMENTS = 10_000  # before the first scan
MAX_PARTS = 100_000  # chunks of PNG and WebP, boxes of AVIF

_BYTES_PER_PIXEL = 8
_PASSES = 12


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
    return MAX_BYTES if max_pixels <= MAX_PIXELS else _BYTES_PER_PIXEL * max_pixels


def max_memory(max_pixels: int) -> int:
    """Bytes that decoding one image may take beside its file: 512 MB by default.

    Args:
        max_pixels: Number of pixels beyond which an image is refused.

    Returns:
        Number of bytes.

    Example:
        >>> max_memory(MAX_PIXELS)
        512000000
    """
    return _BYTES_PER_PIXEL * max(max_pixels, MAX_PIXELS)


def max_scanned(max_pixels: int) -> int:
    """Pixels that the scans of a JPEG may run over, all scans together.

    Args:
        max_pixels: Number of pixels beyond which an image is refused.

    Returns:
        Number of pixels.

    Example:
        >>> max_scanned(MAX_PIXELS) // MAX_PIXELS
        12
    """
    return _PASSES * max(max_pixels, MAX_PIXELS)
