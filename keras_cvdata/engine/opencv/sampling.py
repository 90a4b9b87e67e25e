"""Reading pixels between pixels by OpenCV: exact warps and resizes of any number of channels."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import cv2
import numpy as np

from keras_cvdata.engine.array_api import NUDGE
from keras_cvdata.engine.geometry.fields import weights
from keras_cvdata.engine.steps import Size
from keras_cvdata.types import Array, Empty

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

Rows: TypeAlias = list[list[float]]
"""A matrix as Python numbers, whose arithmetic takes less time than that of small arrays."""

Edges: TypeAlias = tuple[int, int, int, int]
"""Rows and columns of border at the top, bottom, left and right."""

NO_EDGES: Edges = (0, 0, 0, 0)

# The nearest pixel of a point halfway between two must not hang on the last bit.
_NUDGE = np.array([[1, 0, NUDGE], [0, 1, NUDGE], [0, 0, 1]])


class Sampling(NamedTuple):
    """How pixels are read.

    Attributes:
        size: (height, width) of the result.
        interpolation: "bilinear" or "nearest".
        fill_mode: "reflect", "nearest", "wrap" or "constant".
        fill: What "constant" fills with, in units of the pixels.
        empty: Where memory for intermediate results comes from.
    """

    size: Size
    interpolation: str
    fill_mode: str
    fill: float
    empty: Empty = np.empty


def warp(pixels: Array, matrix: Array, how: Sampling, out: Array | None) -> Array:
    """Read every pixel from where a matrix says; straight into `out` where that is possible."""
    if max(pixels.shape) > LONGEST_SIDE:
        raise ValueError(
            f"The image is {pixels.shape[0]} x {pixels.shape[1]} pixels, and warping stops at "
            f"{LONGEST_SIDE} a side. Shrink the image beforehand."
        )
    if how.interpolation == "nearest":
        matrix = _NUDGE @ matrix
    if pixels.shape[2] in (1, 3, 4):
        return _warp(pixels, matrix, how, out)
    return _in_parts(pixels, lambda part: _warp(part, matrix, how, None))


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

    channels = pixels.shape[2]
    if channels == 3:  # four channels take two thirds of the time, with equal pixels
        return narrowed(read(_widened(pixels, NO_EDGES, how), None), out, how.empty)
    if channels in (1, 4):
        target = if_fits(out, pixels)
        result = read(pixels, target)
        return result if result is target else result.reshape(*result.shape[:2], channels)
    return _in_parts(pixels, lambda part: read(part, None))


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


def to_size(
    pixels: Array, size: Size, interpolation: int, out: Array | None, empty: Empty = np.empty
) -> Array:
    """Resize by one of OpenCV's interpolations; straight into `out` where that is possible."""
    if pixels.shape[:2] == size:
        return pixels
    if pixels.shape[2] > 4:
        return _in_parts(pixels, lambda part: to_size(part, size, interpolation, None))
    target = _target(out, pixels, size, empty)
    return cv2.resize(pixels, (size[1], size[0]), target, interpolation=interpolation)


def if_fits(out: Array | None, like: Array) -> Array | None:
    """Return `out` where OpenCV can write pixels of the dtype of `like` into it."""
    return out if out is not None and out.dtype == like.dtype else None


def _target(out: Array | None, like: Array, size: Size, empty: Empty) -> Array:
    """`out` where it fits, or other memory for pixels of this size."""
    if out is not None and out.dtype == like.dtype:
        return out
    return empty((*size, like.shape[2]), like.dtype)


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
    """Warp one, three or four channels."""
    if matrix[2].tolist() != [0, 0, 1]:
        return warp_bordered(pixels, matrix, NO_EDGES, how, out)
    edges = NO_EDGES
    if pixels.itemsize == 1:
        shape = pixels.shape[0], pixels.shape[1]
        edges = border_edges(shape, matrix.tolist(), how.size, how.fill_mode)
    matrix = matrix[:2].copy()
    matrix[0, 2] += edges[2]
    matrix[1, 2] += edges[0]
    return warp_bordered(pixels, matrix, edges, how, out)


def warp_bordered(
    pixels: Array,
    matrix: Array,
    edges: Edges,
    how: Sampling,
    out: Array | None,
    channels: int | None = None,
) -> Array:
    """Lay a border round an image and warp it.

    Args:
        pixels: (height, width, 1, 3 or 4), never changed.
        matrix: (2, 3), or (3, 3) of a projection, from output to the image with its border.
        edges: The border.
        how: How pixels are read.
        out: Where the result goes, if that is possible.
        channels: Channels of the result, 3 where a fourth is there for the time being only; by
            default those of the pixels.

    Returns:
        (*how.size, channels) of the dtype of the pixels.
    """
    three = (channels or pixels.shape[2]) == 3
    source = (_widened if pixels.shape[2] == 3 else _bordered)(pixels, edges, how)
    result = (cv2.warpAffine if len(matrix) == 2 else cv2.warpPerspective)(
        source,
        matrix,
        (how.size[1], how.size[0]),
        _target(None if three else out, source, how.size, how.empty),
        _SAMPLINGS[how.interpolation] | cv2.WARP_INVERSE_MAP,
        BORDERS[how.fill_mode],
        (how.fill,) * 4,
    )
    return narrowed(result, out, how.empty) if three else result


def _widened(pixels: Array, edges: Edges, how: Sampling) -> Array:
    """Lay a border round three channels and put a fourth beside them.

    OpenCV warps four channels in two thirds of the time of three, with equal pixels.
    """
    height, width = pixels.shape[:2]
    top, bottom, left, right = edges
    wide = how.empty((top + height + bottom, left + width + right, 4), pixels.dtype)
    inner = wide[top : top + height, left : left + width]
    cv2.cvtColor(pixels, cv2.COLOR_RGB2RGBA, inner)
    if edges is not NO_EDGES:  # what lies within stays as it is
        cv2.copyMakeBorder(inner, *edges, BORDERS[how.fill_mode], wide)
    return wide


def narrowed(wide: Array, out: Array | None, empty: Empty) -> Array:
    """Drop the fourth channel; straight into `out` where that is possible."""
    target = if_fits(out, wide)
    if target is None:
        target = empty((*wide.shape[:2], 3), wide.dtype)
    return cv2.cvtColor(wide, cv2.COLOR_RGBA2RGB, target)


def _bordered(pixels: Array, edges: Edges, how: Sampling) -> Array:
    if edges is NO_EDGES:
        return pixels
    top, bottom, left, right = edges
    size = top + pixels.shape[0] + bottom, left + pixels.shape[1] + right
    target = _target(None, pixels, size, how.empty)
    return cv2.copyMakeBorder(pixels, *edges, BORDERS[how.fill_mode], target)


def border_edges(shape: Size, matrix: Rows, size: Size, fill_mode: str) -> Edges:
    """Say how much border to lay round an image before it is warped.

    OpenCV's warp takes up to four times as long where it must find the border itself. Where the
    border would outgrow the image, that is still the better choice.

    Args:
        shape: (height, width) of the image, of one byte a value: copies of wider ones take as long
            as the warp.
        matrix: Three rows of three, affine, from output to input pixel centres.
        size: (height, width) of the output.
        fill_mode: As in `Sampling`.

    Returns:
        The border.
    """
    if fill_mode == "constant":
        return NO_EDGES
    height, width = shape
    (a, b, x), (c, d, y), _ = matrix
    last_y, last_x = size[0] - 1, size[1] - 1
    a, b, c, d = a * last_x, b * last_y, c * last_x, d * last_y
    left = _beyond(-(x + (a if a < 0 else 0.0) + (b if b < 0 else 0.0)))
    top = _beyond(-(y + (c if c < 0 else 0.0) + (d if d < 0 else 0.0)))
    right = _beyond(x + (a if a > 0 else 0.0) + (b if b > 0 else 0.0) - (width - 1))
    bottom = _beyond(y + (c if c > 0 else 0.0) + (d if d > 0 else 0.0) - (height - 1))
    if not (left or top or right or bottom):
        return NO_EDGES
    if outgrows((top + height + bottom, left + width + right), shape, size):
        return NO_EDGES
    return top, bottom, left, right


def outgrows(bordered: Any, shape: Any, size: Size) -> Any:
    """Whether an image with its border would take more memory than laying it beforehand is worth.

    Args:
        bordered: (height, width) with the border, or those of many images.
        shape: (height, width) of the image, likewise.
        size: (height, width) of what will be read from it.

    Returns:
        Whether it would.
    """
    area = bordered[0] * bordered[1]
    own, others = shape[0] * shape[1], size[0] * size[1]
    return (area > _MOST_GROWTH * own) & (area > _MOST_GROWTH * others)


def _beyond(distance: float) -> int:
    """Whole pixels of border that reach as far, and one for the rounding of positions."""
    return math.ceil(distance) + 1 if distance > 0 else 0
