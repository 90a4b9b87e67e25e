"""Reading pixels between pixels by OpenCV: exact warps and resizes of any number of channels."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from keras_cvdata.engine.array_api import NUDGE
from keras_cvdata.engine.geometry.fields import weights
from keras_cvdata.engine.steps import Size
from keras_cvdata.types import Array

BORDERS = {
    "reflect": cv2.BORDER_REFLECT,
    "nearest": cv2.BORDER_REPLICATE,
    "wrap": cv2.BORDER_WRAP,
    "constant": cv2.BORDER_CONSTANT,
}
ENLARGING = {
    "nearest": cv2.INTER_NEAREST_EXACT,
    "bilinear": cv2.INTER_LINEAR,
    "area": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
    "lanczos": cv2.INTER_LANCZOS4,
}
_SAMPLINGS = {"bilinear": cv2.INTER_LINEAR, "nearest": cv2.INTER_NEAREST}

# OpenCV's warp refuses images of 32,767 pixels a side and more.
LONGEST_SIDE = 32766

# Border that is laid beforehand lets an image grow to this many times the area of the image or of
# the result at most.
_MOST_GROWTH = 6

# The nearest pixel of a point halfway between two must not hang on the last bit.
_NUDGE = np.array([[1, 0, NUDGE], [0, 1, NUDGE], [0, 0, 1]])


class Sampling(NamedTuple):
    """How pixels are read.

    Attributes:
        size: (height, width) of the result.
        interpolation: "bilinear" or "nearest".
        fill_mode: "reflect", "nearest", "wrap" or "constant".
        fill: What "constant" fills with, in units of the pixels.
    """

    size: Size
    interpolation: str
    fill_mode: str
    fill: float


def warp(pixels: Array, matrix: Array, how: Sampling, out: Array | None) -> Array:
    """Read every pixel from where a matrix says; straight into `out` where that is possible."""
    if max(pixels.shape) > LONGEST_SIDE:
        raise ValueError(
            f"The image is {pixels.shape[0]} x {pixels.shape[1]} pixels, and warping stops at "
            f"{LONGEST_SIDE} a side. Shrink the image beforehand."
        )
    if how.interpolation == "nearest":
        matrix = _NUDGE @ matrix
    return _in_channels(pixels, lambda part, target: _warp(part, matrix, how, target), out)


def displace(pixels: Array, grid: Array, how: Sampling, out: Array | None) -> Array:
    """Read every pixel from where a (rows, columns, 2) grid of shifts says, see `fields`."""
    height, width = pixels.shape[:2]
    nudge = np.float32(NUDGE if how.interpolation == "nearest" else 0)
    x, y = (_spread(grid[..., axis], height, width) for axis in (0, 1))
    x += np.arange(width, dtype=np.float32) + nudge
    y += np.arange(height, dtype=np.float32)[:, None] + nudge

    return remap(pixels, x, y, how, out)


def remap(pixels: Array, x: Array, y: Array, how: Sampling, out: Array | None) -> Array:
    """Read every pixel from a place of its own, (height, width) float32 across and down."""

    def read(part: Array, target: Array | None) -> Array:
        return cv2.remap(
            part,
            x,
            y,
            _SAMPLINGS[how.interpolation],
            dst=target,
            borderMode=BORDERS[how.fill_mode],
            borderValue=(how.fill,) * 4,
        )

    return _in_channels(pixels, read, out)


def _spread(grid: Array, height: int, width: int) -> Array:
    """Spread one direction of a grid over an image: two products of small matrices."""
    down, across = _weights(grid.shape[0], height), _weights(grid.shape[1], width)
    none = np.empty(0, np.float32)  # stands for the matrix that is not added
    points = np.ascontiguousarray(grid, np.float32)
    narrow = cv2.gemm(points, across, 1, none, 0, flags=cv2.GEMM_2_T)
    result: Array = np.asarray(cv2.gemm(down, narrow, 1, none, 0))
    return result


@lru_cache(maxsize=64)
def _weights(points: int, length: int) -> Array:
    result: Array = weights(points, length, np)
    result.flags.writeable = False
    return result


def to_size(pixels: Array, size: Size, interpolation: int, out: Array | None) -> Array:
    """Resize by one of OpenCV's interpolations; straight into `out` where that is possible."""
    if pixels.shape[:2] == size:
        return pixels
    if pixels.shape[2] > 4:
        return _in_parts(pixels, lambda part: to_size(part, size, interpolation, None))
    target = if_fits(out, pixels)
    result = cv2.resize(pixels, (size[1], size[0]), dst=target, interpolation=interpolation)
    return result if result is target else result.reshape(*size, pixels.shape[2])


def if_fits(out: Array | None, like: Array) -> Array | None:
    """Return `out` where OpenCV can write pixels of the dtype of `like` into it."""
    return out if out is not None and out.dtype == like.dtype else None


def _in_channels(
    pixels: Array, read: Callable[[Array, Array | None], Array], out: Array | None
) -> Array:
    """Read pixels of any number of channels by a function that serves 1 and 4."""
    channels = pixels.shape[2]
    if channels == 3:  # four channels take two thirds of the time, with equal pixels
        wide = read(cv2.cvtColor(pixels, cv2.COLOR_RGB2RGBA), None)
        return cv2.cvtColor(wide, cv2.COLOR_RGBA2RGB, dst=if_fits(out, pixels))
    if channels in (1, 4):
        target = if_fits(out, pixels)
        result = read(pixels, target)
        return result if result is target else result.reshape(*result.shape[:2], channels)
    return _in_parts(pixels, lambda part: read(part, None))


def _in_parts(pixels: Array, run: Callable[[Array], Array]) -> Array:
    """Run four channels or one at a time, which is what OpenCV serves, and join the results."""
    channels = pixels.shape[2]
    whole = channels - channels % 4
    starts = [*range(0, whole, 4), *range(whole, channels)]
    parts = [
        run(np.ascontiguousarray(pixels[:, :, start:stop]))
        for start, stop in zip(starts, [*starts[1:], channels], strict=True)
    ]
    return np.concatenate([np.atleast_3d(part) for part in parts], axis=2)


def _warp(pixels: Array, matrix: Array, how: Sampling, out: Array | None) -> Array:
    flags = _SAMPLINGS[how.interpolation] | cv2.WARP_INVERSE_MAP
    affine = matrix[2].tolist() == [0, 0, 1]
    if affine:
        pixels, matrix = _with_border(pixels, matrix, how)
    return (cv2.warpAffine if affine else cv2.warpPerspective)(
        pixels,
        matrix[:2] if affine else matrix,
        (how.size[1], how.size[0]),
        dst=out,
        flags=flags,
        borderMode=BORDERS[how.fill_mode],
        borderValue=(how.fill,) * 4,
    )


def _with_border(pixels: Array, matrix: Array, how: Sampling) -> tuple[Array, Array]:
    """Lay as much border round an image as a warp will read, and lead the matrix there.

    OpenCV's warp takes up to four times as long where it must find the border itself. Where the
    border would outgrow the image, that is still the better choice, and so it is for wider pixels,
    whose copy takes as long as the warp.
    """
    if how.fill_mode == "constant" or pixels.itemsize > 1:
        return pixels, matrix
    height, width = pixels.shape[:2]
    (a, b, x), (c, d, y), _ = matrix.tolist()
    last_y, last_x = how.size[0] - 1, how.size[1] - 1
    left = _beyond(-(x + min(0.0, a * last_x) + min(0.0, b * last_y)))
    top = _beyond(-(y + min(0.0, c * last_x) + min(0.0, d * last_y)))
    right = _beyond(x + max(0.0, a * last_x) + max(0.0, b * last_y) - (width - 1))
    bottom = _beyond(y + max(0.0, c * last_x) + max(0.0, d * last_y) - (height - 1))
    tall, wide = top + height + bottom, left + width + right
    if not left + top + right + bottom or outgrows((tall, wide), pixels, how.size):
        return pixels, matrix
    channels = pixels.shape[2]
    pixels = cv2.copyMakeBorder(pixels, top, bottom, left, right, BORDERS[how.fill_mode])
    shift = np.array([[0, 0, left], [0, 0, top], [0, 0, 0]])
    return pixels.reshape(tall, wide, channels), matrix + shift


def outgrows(bordered: Size, pixels: Array, size: Size) -> bool:
    """Whether an image with its border would take more memory than laying it beforehand is worth.

    Args:
        bordered: (height, width) with the border.
        pixels: The image.
        size: (height, width) of what will be read from it.

    Returns:
        Whether it would.
    """
    area: int = max(pixels.shape[0] * pixels.shape[1], size[0] * size[1])
    return bordered[0] * bordered[1] > _MOST_GROWTH * area


def _beyond(distance: float) -> int:
    """Whole pixels of border that reach as far, and one for the rounding of positions."""
    return math.ceil(distance) + 1 if distance > 0 else 0
