"""What decoding a large image takes, worked out from its header."""

from __future__ import annotations

import struct
from collections.abc import Callable

from keras_cvdata.codec import avif, bmp, jpeg_markers, png, tiff
from keras_cvdata.codec.limits import MAX_PIXELS, max_memory, max_scanned

# Bytes a pixel at the worst moment, measured: what the decoder holds and what is made of it.
_JPEG, _GIF, _WEBP, _WEBP_ALPHA, _PNM = 3, 12, 6, 12, 6
_AVIF, _DEEP_AVIF = 16, 24
_BMP, _BMP_MADE_HERE = 6, 8
# Of PNG as OpenCV decodes them, those of `png.decode_plain` without alpha (Pillow keeps four bytes
# of three), and others that may be inflated before, which 0.4 is added to for the time.
_PNG_COPIES, _PLAIN_PNG_COPIES, _OTHER_PNG_COPIES = 2.0, 2.4, 3.4
_PREMULTIPLIED = 2.4  # copies of TIFF: two, and what is added for the time
# Strips or tiles that take about half a second: of JPEG, of what OpenCV does not read, and others.
_JPEG_TILES, _OTHER_TILES, _MOST_TILES = 32_768, 50_000, 200_000
# Nanoseconds for a byte of pixels, of compressions that OpenCV does not read: LZMA, then LERC,
# Zstandard (two codes), WebP and PNG; JPEG 2000, which takes longest, for all others.
_TIFF_TIMES = {34925: 23.0, **dict.fromkeys((34887, 34926, 50000, 50001, 34933), 6.5)}
_LONGEST_TIFF_TIME = 110.0
_MOST_SECONDS = 2.0
# Microseconds for a pixel and for a byte, measured.
_WEBP_TIME, _AVIF_TIME, _DEEP_AVIF_TIME = (0.0, 0.08), (0.02, 0.096), (0.11, 0.11)
_SMALL_AVIF = 4_000_000  # pixels and bytes that take no time to speak of, of any depth


def too_much(data: bytes, form: str, pixels: int, max_pixels: int) -> str | None:
    """Say what of an image exceeds a limit other than its number of pixels.

    Args:
        data: The whole encoded file.
        form: Its format, as of `Header`.
        pixels: Number of pixels that its header claims.
        max_pixels: The number that all limits grow with.

    Returns:
        What is too much; `None` where nothing is.

    Example:
        >>> too_much(b"GIF89a", "gif", 60_000_000, 64_000_000)
        'Decoding it takes about 720 MB of memory; at most 512 MB are taken.'
    """
    try:
        scans, problem = 1.0, None
        if form == "jpeg":
            scans, kept = jpeg_markers.passes(data)
            needed = pixels * (_JPEG + 2 * kept)
        elif form == "tiff":
            scans, needed, problem = _tiff(tiff.Directory(data), pixels, max_pixels)
        else:
            needed = pixels * _PER_PIXEL[form](data)
    except (IndexError, struct.error, ValueError, ZeroDivisionError):
        return None  # damaged beyond what the header needs, which the decoder says
    if needed > max_memory(max_pixels):
        return (
            f"Decoding it takes about {needed / 1e6:,.0f} MB of memory; at most "
            f"{max_memory(max_pixels) / 1e6:,.0f} MB are taken."
        )
    if problem:
        return problem
    if _seconds(data, form, pixels) * MAX_PIXELS > _MOST_SECONDS * max(max_pixels, MAX_PIXELS):
        return f"It has {len(data):,} bytes, too many for the time that {form.upper()} takes."
    if pixels * scans > max_scanned(max_pixels):
        return (
            f"The JPEG is made of {scans:,.0f} scans, each of which is decoded over the whole "
            "image, too often for its size."
        )
    return None


def _seconds(data: bytes, form: str, pixels: int) -> float:
    """About how long decoding takes, of formats that are slow."""
    if form == "webp":
        pixel, byte = _WEBP_TIME
    elif form == "avif":
        pixel, byte = _AVIF_TIME
        if pixels + len(data) > _SMALL_AVIF and avif.parse(data).maximum:
            pixel, byte = _DEEP_AVIF_TIME
    else:
        return 0.0
    return (pixel * pixels + byte * len(data)) / 1e6


def _png(data: bytes) -> float:
    copies = _PNG_COPIES
    if png.may_inflate_to_much(data):
        copies = _PLAIN_PNG_COPIES if png.parse(data).channels else _OTHER_PNG_COPIES
    return copies * png.bits_per_pixel(data) / 8


def _webp(data: bytes) -> float:
    return _WEBP if data[12:16] == b"VP8 " else _WEBP_ALPHA


def _bmp(data: bytes) -> float:
    return _BMP if bmp.parse(data).is_plain else _BMP_MADE_HERE


def _avif(data: bytes) -> float:
    found = avif.parse(data)
    each = _DEEP_AVIF if found.maximum else _AVIF
    pixels = sum(height * width for height, width in found.pictures)
    return each * max(1.0, pixels / (found.height * found.width))


def _tiff(
    directory: tiff.Directory, pixels: int, max_pixels: int
) -> tuple[float, float, str | None]:
    """Scans in strips of JPEG, bytes of memory, and what takes too long beside."""
    scans = directory.times(jpeg_markers.SCAN) if directory.is_jpeg else 1.0
    channels = max(directory.channels, 3 if directory.photometric == tiff.PALETTE else 1)
    each = channels * max(directory.bits, 8) / 8
    share = MAX_PIXELS / max(max_pixels, MAX_PIXELS)
    problem = _too_many_tiles(directory, share) or _too_slow(directory, pixels * each, share)
    height, width = directory.tile
    each *= _PREMULTIPLIED if directory.is_premultiplied() else 1
    copies = max(2, 1 + height * width / (directory.height * directory.width))
    return scans, pixels * each * copies, problem


def _too_many_tiles(directory: tiff.Directory, share: float) -> str | None:
    if directory.strips * share <= min(_JPEG_TILES, _OTHER_TILES):
        return None
    most = _MOST_TILES
    if directory.is_jpeg:
        most = _JPEG_TILES
    elif directory.beyond_opencv():
        most = _OTHER_TILES
    if directory.strips * share <= most:
        return None
    return f"The TIFF has more than {most / share:,.0f} strips or tiles."


def _too_slow(directory: tiff.Directory, size: float, share: float) -> str | None:
    compression = directory.value(tiff.COMPRESSION, 1)
    time = _TIFF_TIMES.get(compression, _LONGEST_TIFF_TIME)
    if compression in tiff.READ_BY_OPENCV or size * time * share / 1e9 <= _MOST_SECONDS:
        return None
    return f"Its pixels have {size:,.0f} bytes, too many for the time that its compression takes."


_PER_PIXEL: dict[str, Callable[[bytes], float]] = {
    "png": _png,
    "webp": _webp,
    "bmp": _bmp,
    "gif": lambda _: _GIF,
    "ppm": lambda _: _PNM,
    "avif": _avif,
}
