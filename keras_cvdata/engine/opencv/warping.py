"""Resizing and warping of one image by OpenCV."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from keras_cvdata.engine.output import bounds
from keras_cvdata.engine.portable import NUDGE
from keras_cvdata.engine.steps import Resize, Size, Warp
from keras_cvdata.types import Array, Range

_BORDERS = {
    "reflect": cv2.BORDER_REFLECT,
    "nearest": cv2.BORDER_REPLICATE,
    "wrap": cv2.BORDER_WRAP,
    "constant": cv2.BORDER_CONSTANT,
}
_WARPS = {
    "bilinear": cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    "nearest": cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
}
_ENLARGING = {
    "nearest": cv2.INTER_NEAREST_EXACT,
    "bilinear": cv2.INTER_LINEAR,
    "area": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
    "lanczos": cv2.INTER_LANCZOS4,
}
_IDENTITY = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]

# OpenCV's warp refuses images of 32,767 pixels a side and more.
_LONGEST_SIDE = 32766

# Border that is made beforehand lets an image grow to this many times its area at most.
_MOST_GROWTH = 3

# The nearest pixel of a point halfway between two must not hang on the last bit.
_NUDGE = np.array([[0, 0, NUDGE], [0, 0, NUDGE], [0, 0, 0]])


class Reduced(NamedTuple):
    """An image that was decoded at a part of its size.

    Its last row and column may stand for less than the others, so its size does not tell that of
    the whole image.

    Attributes:
        height: Height of the whole image.
        width: Width of the whole image.
        divisor: 2, 4 or 8: each pixel is the mean of as many rows and columns.
    """

    height: int
    width: int
    divisor: int


def apply_resize(
    step: Resize,
    pixels: Array,
    value_range: Range | None,
    out: Array | None,
    reduced: Reduced | None = None,
) -> Array:
    """Bring a decoded image to its size; straight into `out` where that is possible."""
    if step.fit == "pad":
        return _letterbox(step, pixels, value_range, reduced)
    if step.interpolation in _WARPS:
        how = step.interpolation, "nearest", 0.0
        return _warp_decoded(pixels, None, step, how, out, reduced)
    if step.fit == "crop":
        pixels = _central(pixels, step.size)
    return _resize(pixels, step.size, step.interpolation, out)


def apply_warp(
    step: Warp,
    pixels: Array,
    b: int,
    value_range: Range | None,
    out: Array | None,
    reduced: Reduced | None = None,
) -> Array:
    """Warp image `b` of a batch; straight into `out` where that is possible."""
    matrix, resize = step.matrix[b], step.resize
    if matrix.tolist() == _IDENTITY:
        return pixels if resize is None else apply_resize(resize, pixels, value_range, out, reduced)
    fill = _fill(step.fill_value, pixels, value_range) if step.fill_mode == "constant" else 0.0
    how = step.interpolation, step.fill_mode, fill
    if resize is not None:
        return _warp_decoded(pixels, matrix, resize, how, out, reduced)
    return _warp(pixels, matrix, (pixels.shape[0], pixels.shape[1]), how, out)


def _warp_decoded(  # an image, where it comes from, and what becomes of it
    pixels: Array,
    matrix: Array | None,
    resize: Resize,
    how: tuple[str, str, float],
    out: Array | None,
    reduced: Reduced | None,
) -> Array:
    """Resize and warp in one, from an image of any size; only resize without a matrix."""
    if max(pixels.shape) > _LONGEST_SIDE:
        pixels, reduced = _within_limit(pixels, resize), None
    height, width = pixels.shape[:2]
    if reduced is None:
        towards = frame(height, width, resize)
    else:
        towards = frame(reduced.height, reduced.width, resize)
        towards = _into_blocks(towards, (reduced.divisor, reduced.divisor), (0, 0))
    if matrix is not None:
        towards = towards @ matrix
    if how[0] == "bilinear":
        down, across = shrink_factors(towards)
        factors = min(down, height), min(across, width)
        towards = _into_blocks(
            towards, factors, (height % factors[0] // 2, width % factors[1] // 2)
        )
        pixels = _shrink(pixels, factors)
    if matrix is None and _stretches(towards, pixels, resize.size):
        return _to_size(pixels, resize.size, _ENLARGING[how[0]], out)
    return _warp(pixels, towards, resize.size, how, out)


def _fill(value: float, pixels: Array, value_range: Range | None) -> float:
    """Turn a fill value in units of the value range into one of the pixels."""
    low, high = bounds(pixels.dtype, value_range) or (0.0, 1.0)
    return low + value * (high - low)


@lru_cache(maxsize=4096)
def frame(height: int, width: int, resize: Resize) -> Array:
    """Matrix from pixel centres of the resized image to those of the decoded one."""
    y, x = height / resize.size[0], width / resize.size[1]
    if resize.fit != "stretch":
        y = x = min(y, x) if resize.fit == "crop" else max(y, x)
    to_y = (height - 1) / 2 - y * (resize.size[0] - 1) / 2
    to_x = (width - 1) / 2 - x * (resize.size[1] - 1) / 2
    matrix = np.array([[x, 0, to_x], [0, y, to_y], [0, 0, 1]])
    matrix.flags.writeable = False
    return matrix


def shrink_factors(matrix: Array) -> Size:
    """Whole numbers (down, across) by which to average an image before a matrix reads from it.

    They are the largest for which neighbouring output pixels stay a pixel or more apart in the
    smaller image, in every direction: the smallest singular value of the linear part stays at 1.
    First both sides shrink alike, then each by itself as far as it can.
    """
    (a, b, _), (c, d, _), _ = matrix.tolist()
    across, down, mixed = a * a + b * b, c * c + d * d, a * c + b * d
    root = math.sqrt((across - down) ** 2 + 4 * mixed * mixed)
    both = max(1, int(math.sqrt(max(across + down - root, 0.0) / 2) + 1e-6))
    wide = _alone(across, down, mixed, both)
    return _alone(down, across, mixed, wide), wide


def _alone(own: float, other: float, mixed: float, factor: int) -> int:
    """Factor of one side where that of the other is known; arguments are squares and products."""
    rest = other - factor * factor
    if mixed * mixed > 1e-9 * own * other:
        own -= mixed * mixed / rest if rest > 0 else own
    return max(1, int(math.sqrt(max(own, 0.0)) + 1e-6))


def _within_limit(pixels: Array, resize: Resize) -> Array:
    """Shrink very long images to what a warp can take."""
    if resize.fit == "crop":
        pixels = _central(pixels, resize.size)
    height, width = min(pixels.shape[0], _LONGEST_SIDE), min(pixels.shape[1], _LONGEST_SIDE)
    return _to_size(pixels, (height, width), cv2.INTER_AREA, None)


def _into_blocks(matrix: Array, factors: Size, start: Size) -> Array:
    """Lead a matrix to the centres of blocks of (down, across) pixels, the first at `start`."""
    (down, across), (top, left) = factors, start
    if down == across == 1:
        return matrix
    result = matrix.copy()
    result[0, 2] -= left + (across - 1) / 2
    result[1, 2] -= top + (down - 1) / 2
    result[0] /= across
    result[1] /= down
    return result


def _stretches(matrix: Array, pixels: Array, size: Size) -> bool:
    """Whether a matrix only stretches an image to a size, which OpenCV's resize does faster."""
    plain = frame(pixels.shape[0], pixels.shape[1], Resize(size, "stretch", "bilinear"))
    return bool(np.abs(matrix - plain).max() < 1e-6)


def _shrink(pixels: Array, factors: Size) -> Array:
    """Average blocks of (down, across) pixels; an odd rest at the edges is left out.

    Whole blocks take OpenCV a twentieth of the time that a ratio with a fraction takes.
    """
    down, across = factors
    if down == across == 1:
        return pixels
    height, width = pixels.shape[0] // down, pixels.shape[1] // across
    y, x = pixels.shape[0] % down // 2, pixels.shape[1] % across // 2
    whole = pixels[y : y + height * down, x : x + width * across]
    return _to_size(whole, (height, width), cv2.INTER_AREA, None)


def _warp(
    pixels: Array, matrix: Array, size: Size, how: tuple[str, str, float], out: Array | None
) -> Array:
    """Warp pixels of any number of channels; `how` is interpolation, fill mode and fill value."""
    channels = pixels.shape[2]
    if channels == 3:  # four channels take two thirds of the time, with equal pixels
        wide = _warp_exact(cv2.cvtColor(pixels, cv2.COLOR_RGB2RGBA), matrix, size, how, None)
        return cv2.cvtColor(wide, cv2.COLOR_RGBA2RGB, dst=if_fits(out, pixels))
    if channels in (1, 4):
        return _warp_exact(pixels, matrix, size, how, if_fits(out, pixels))
    return _in_parts(pixels, lambda part: _warp_exact(part, matrix, size, how, None))


def _in_parts(pixels: Array, run: Callable[[Array], Array]) -> Array:
    """Run four channels or one at a time, which is what OpenCV serves, and join the results."""
    channels = pixels.shape[2]
    whole = channels - channels % 4
    starts = [*range(0, whole, 4), *range(whole, channels)]
    stops = [*starts[1:], channels]
    parts = (
        run(np.ascontiguousarray(pixels[:, :, start:stop]))
        for start, stop in zip(starts, stops, strict=True)
    )
    return np.concatenate(list(parts), axis=2)


def _with_border(pixels: Array, matrix: Array, size: Size, fill_mode: str) -> tuple[Array, Array]:
    """Lay as much border round an image as a warp will read, and lead the matrix there.

    OpenCV's warp takes up to four times as long where it must find the border itself. Where the
    border would outgrow the image, that is still the better choice.
    """
    if fill_mode == "constant":
        return pixels, matrix
    height, width = pixels.shape[:2]
    (a, b, x), (c, d, y), _ = matrix.tolist()
    right, down = size[1] - 1, size[0] - 1
    left = _beyond(-(x + min(0.0, a * right) + min(0.0, b * down)))
    top = _beyond(-(y + min(0.0, c * right) + min(0.0, d * down)))
    right, down = (
        _beyond(x + max(0.0, a * right) + max(0.0, b * down) - (width - 1)),
        _beyond(y + max(0.0, c * right) + max(0.0, d * down) - (height - 1)),
    )
    tall, wide = top + height + down, left + width + right
    if not left + top + right + down or tall * wide > _MOST_GROWTH * height * width:
        return pixels, matrix
    channels = pixels.shape[2]
    pixels = cv2.copyMakeBorder(pixels, top, down, left, right, _BORDERS[fill_mode])
    shift = np.array([[0, 0, left], [0, 0, top], [0, 0, 0]])
    return pixels.reshape(tall, wide, channels), matrix + shift


def _beyond(distance: float) -> int:
    """Whole pixels of border that reach as far, and one for the rounding of positions."""
    return math.ceil(distance) + 1 if distance > 0 else 0


def _warp_exact(
    pixels: Array, matrix: Array, size: Size, how: tuple[str, str, float], out: Array | None
) -> Array:
    interpolation, fill_mode, fill = how
    if max(pixels.shape) > _LONGEST_SIDE:
        raise ValueError(
            f"The image is {pixels.shape[0]} x {pixels.shape[1]} pixels, and warping stops at "
            f"{_LONGEST_SIDE} a side. Shrink the image beforehand."
        )
    if interpolation == "nearest":
        matrix = matrix + _NUDGE
    pixels, matrix = _with_border(pixels, matrix, size, fill_mode)
    result = cv2.warpAffine(
        pixels,
        matrix[:2],
        (size[1], size[0]),
        dst=out,
        flags=_WARPS[interpolation],
        borderMode=_BORDERS[fill_mode],
        borderValue=(fill, fill, fill, fill),
    )
    return result if result is out else result.reshape(*size, pixels.shape[2])


def _central(pixels: Array, size: Size) -> Array:
    """Cut the largest central part with the aspect of `size`."""
    height, width = pixels.shape[:2]
    scale = min(height / size[0], width / size[1])
    tall, wide = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    top, left = (height - tall) // 2, (width - wide) // 2
    return pixels[top : top + tall, left : left + wide]


def _letterbox(
    step: Resize, pixels: Array, value_range: Range | None, reduced: Reduced | None
) -> Array:
    """Resize with the aspect kept and fill the rest (R34)."""
    height, width = (reduced.height, reduced.width) if reduced else pixels.shape[:2]
    scale = max(height / step.size[0], width / step.size[1])
    tall, wide = max(1, round(height / scale)), max(1, round(width / scale))
    fill = _fill(step.pad_value, pixels, value_range)
    result = np.full((*step.size, pixels.shape[2]), fill, pixels.dtype)
    top, left = (step.size[0] - tall) // 2, (step.size[1] - wide) // 2
    inner = Resize((tall, wide), "stretch", step.interpolation)
    filled = apply_resize(inner, pixels, value_range, None, reduced)
    result[top : top + tall, left : left + wide] = filled
    return result


def _resize(pixels: Array, size: Size, interpolation: str, out: Array | None) -> Array:
    """Resize: average where a side shrinks, interpolate where it grows (R33)."""
    smaller = min(size[0], pixels.shape[0]), min(size[1], pixels.shape[1])
    pixels = _to_size(pixels, smaller, cv2.INTER_AREA, None)
    return _to_size(pixels, size, _ENLARGING[interpolation], out)


def _to_size(pixels: Array, size: Size, interpolation: int, out: Array | None) -> Array:
    if pixels.shape[:2] == size:
        return pixels
    if pixels.shape[2] > 4:
        return _in_parts(pixels, lambda part: _to_size(part, size, interpolation, None))
    target = if_fits(out, pixels)
    result = cv2.resize(pixels, (size[1], size[0]), dst=target, interpolation=interpolation)
    return result if result is target else result.reshape(*size, pixels.shape[2])


def if_fits(out: Array | None, like: Array) -> Array | None:
    """Return `out` where OpenCV can write pixels of the dtype of `like` into it."""
    return out if out is not None and out.dtype == like.dtype else None
