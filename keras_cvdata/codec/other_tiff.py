"""TIFF that OpenCV does not read, or reads wrong, by `tifffile`, where it is installed."""

from __future__ import annotations

import io
import logging
from typing import Any

import numpy as np

from keras_cvdata.codec.blocks import in_blocks
from keras_cvdata.codec.tiff import CMYK, PALETTE, WHITE_IS_ZERO, Directory
from keras_cvdata.types import Array

_SILENT = logging.NullHandler()  # what is wrong is told by the error
_INSTALL = "Install keras-cvdata[tiff] (tifffile and imagecodecs), or save it as PNG."


def decode(directory: Directory, what: str) -> Array:
    """Decode the first image of a TIFF.

    Args:
        directory: Its tags.
        what: What it has that OpenCV does not read.

    Returns:
        (H, W, C) in the order of the file; palettes and CMYK as RGB, fewer bits than 8 or 16 spread
        over them.

    Raises:
        ValueError: It cannot be read: what is missing, or what is wrong.

    Example:
        >>> from keras_cvdata.codec import tiff
        >>> data = tiff.encode(np.full((2, 3, 1), 7, np.uint8))
        >>> decode(Directory(data), "nothing special")[0, 0]  # doctest: +SKIP
        array([7], dtype=uint8)
    """
    try:
        import imagecodecs  # noqa: F401 # tifffile asks for it only at a strip
        import tifffile
    except ImportError:
        raise ValueError(
            f"It is a TIFF with {what}, which needs more to be read. {_INSTALL}"
        ) from None
    logging.getLogger("tifffile").addHandler(_SILENT)
    try:
        with tifffile.TiffFile(io.BytesIO(directory.data)) as file:
            page = file.pages[0]
            pixels = page.asarray(maxworkers=1)
            separate = page.planarconfig == 2 and page.samplesperpixel > 1
            colors = page.colormap
    except MemoryError:
        raise
    except Exception as error:  # whatever damaged data make it raise
        reason = " ".join(str(error).split())[:200]
        raise ValueError(
            f"It is a TIFF with {what} and cannot be decoded: {type(error).__name__}: {reason}."
        ) from None
    if separate:
        pixels = np.moveaxis(pixels, 0, -1)
    shape = (directory.height, directory.width, directory.channels)
    if pixels.size != np.prod(shape, dtype=np.int64):
        raise ValueError("The tags of the TIFF contradict each other. Save the image again.")
    try:
        return _as_channels(pixels.reshape(shape), directory, colors)
    except (TypeError, IndexError):  # a palette of floats, or of another number of columns
        raise ValueError("The tags of the TIFF contradict each other. Save it again.") from None


def _as_channels(pixels: Array, directory: Directory, colors: Any) -> Array:
    """Bring samples to levels of grey or red, green and blue."""
    kind, bits = directory.photometric, directory.bits
    if pixels.dtype.kind == "b":
        pixels = pixels.astype(np.uint8)
    if kind == PALETTE:
        if colors is None or pixels.shape[2] != 1:
            raise ValueError("The TIFF has no palette for its indices. Save the image again.")
        return _of_palette(pixels[:, :, 0], np.asarray(colors))
    if pixels.dtype.kind == "u" and bits < 8 * pixels.itemsize:
        pixels = _spread(pixels, bits)
    if kind == WHITE_IS_ZERO and pixels.dtype.kind == "u":
        pixels = np.iinfo(pixels.dtype).max - pixels
    return in_blocks(_from_cmyk, pixels) if kind == CMYK else pixels


def _of_palette(indices: Array, colors: Array) -> Array:
    """(H, W, 3) uint8 of (H, W) indices and (3, N) colors of 16 bits."""
    table = (colors.T >> 8).astype(np.uint8)
    if indices.size and int(indices.max()) >= len(table):
        raise ValueError("The palette of the TIFF is shorter than its indices. Save it again.")
    return in_blocks(lambda rows: table[rows], indices)


def _spread(pixels: Array, bits: int) -> Array:
    top, full = (1 << bits) - 1, np.iinfo(pixels.dtype).max
    return in_blocks(
        lambda rows: ((rows.astype(np.uint64) * full + top // 2) // top).astype(pixels.dtype),
        pixels,
    )


def _from_cmyk(pixels: Array) -> Array:
    full = np.iinfo(pixels.dtype).max
    inverse = (full - pixels[:, :, :4]).astype(np.uint64)
    return ((inverse[:, :, :3] * inverse[:, :, 3:] + full // 2) // full).astype(pixels.dtype)
