"""Shifts by whole pixels, mirrorings and quarter turns of one image: copies instead of warps."""

from __future__ import annotations

import cv2

from keras_cvdata.engine.opencv.sampling import BORDERS, Rows, Sampling, if_fits, outgrows, warp
from keras_cvdata.engine.steps import Size
from keras_cvdata.types import Array

# Of sine and cosine, which leave quarter turns a hair beside whole numbers.
_SLACK = 1e-9


def read(pixels: Array, matrix: Array, how: Sampling, out: Array | None) -> Array:
    """Read every pixel from where a matrix says, between pixels only where it must.

    Args:
        pixels: (height, width, channels), never changed.
        matrix: (3, 3) from output to input pixel centres.
        how: How pixels are read.
        out: Where the result goes, if that is possible.

    Returns:
        (*how.size, channels) of the dtype of the pixels, perhaps a view of the image.

    Example:
        >>> import numpy as np
        >>> row = np.array([[[10], [20], [30]]], np.uint8)
        >>> half = np.array([[1, 0, 0.5], [0, 1, 0], [0, 0, 1]])
        >>> read(row, half, Sampling((1, 2), "bilinear", "nearest", 0), None).ravel().tolist()
        [15, 25]
    """
    copied = copy_whole(pixels, matrix, how, out)
    return warp(pixels, matrix, how, out) if copied is None else copied


def leads_to_pixels(matrix: Rows) -> bool:
    """Whether a matrix leads from pixel to pixel."""
    for row in matrix:
        for entry in row:  # in a fraction of the time of `all`
            if abs(entry - round(entry)) > _SLACK:
                return False
    return True


def copy_whole(pixels: Array, matrix: Array, how: Sampling, out: Array | None) -> Array | None:
    """Read pixels where a matrix leads from pixel to pixel, or return `None` where it does not.

    Args:
        pixels: (height, width, channels), never changed.
        matrix: (3, 3) from output to input pixel centres.
        how: How pixels are read.
        out: Where the result goes, if that is possible.

    Returns:
        The same pixels that a warp would give, perhaps a view of the image.
    """
    whole: list[int] = []
    for entry in matrix.ravel().tolist():  # faster than NumPy on nine numbers
        near = round(entry)
        if abs(entry - near) > _SLACK:
            return None
        whole.append(near)
    if pixels.shape[2] > 4 or whole[6:] != [0, 0, 1]:
        return None
    a, b, x, c, d, y = whole[:6]
    if (a, d) == (0, 0):
        (a, b, x), (c, d, y) = (c, 0, y), (0, b, x)
        pixels = _with_channels(cv2.transpose(pixels), pixels)
    if (abs(a), b, c, abs(d)) != (1, 0, 0, 1):
        return None
    corner = y if d > 0 else y - how.size[0] + 1, x if a > 0 else x - how.size[1] + 1
    mirror = None if a > 0 < d else (a < 0) - (d < 0)
    part = _part(pixels, corner, how, out if mirror is None else None)
    if part is None or mirror is None:
        return part
    flip = {1: 1, -1: 0, 0: -1}[mirror]
    return _with_channels(cv2.flip(part, flip, dst=if_fits(out, pixels)), pixels, out)


def _part(pixels: Array, corner: Size, how: Sampling, out: Array | None) -> Array | None:
    """Cut a part out of an image, with a border where it reaches beyond."""
    (top, left), (height, width) = corner, how.size
    before = max(0, -top), max(0, -left)
    after = max(0, top + height - pixels.shape[0]), max(0, left + width - pixels.shape[1])
    if any(before + after):
        tall, wide = (
            side + more + rest
            for side, more, rest in zip(pixels.shape[:2], before, after, strict=True)
        )
        if outgrows((tall, wide), (pixels.shape[0], pixels.shape[1]), how.size):
            return None
        edges = before[0], after[0], before[1], after[1]
        target = if_fits(out, pixels) if (tall, wide) == how.size else None
        border, fill = BORDERS[how.fill_mode], (how.fill,) * 4
        wider = cv2.copyMakeBorder(pixels, *edges, border, dst=target, value=fill)
        pixels = _with_channels(wider, pixels, target)
    top, left = top + before[0], left + before[1]
    if (top, left, *pixels.shape[:2]) == (0, 0, height, width):
        return pixels
    return pixels[top : top + height, left : left + width]


def _with_channels(result: Array, like: Array, out: Array | None = None) -> Array:
    """Give back the axis of channels, which OpenCV drops where there is one."""
    return result if result is out else result.reshape(*result.shape[:2], like.shape[2])
