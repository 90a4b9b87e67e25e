"""Resizing and warping of one image, from the size at which it was decoded."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import cv2
import numpy as np

from keras_cvdata.engine.geometry.windows import frame_matrix, letterbox, resized_crop
from keras_cvdata.engine.opencv.pixel_exact import read
from keras_cvdata.engine.opencv.sampling import (
    ENLARGING,
    LONGEST_SIDE,
    Sampling,
    displace,
    to_size,
)
from keras_cvdata.engine.output import bounds
from keras_cvdata.engine.plan import Plan
from keras_cvdata.engine.steps import Displace, Fit, Resize, Size, Warp
from keras_cvdata.types import Array, Range

_IDENTITY = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]


class Reduced(NamedTuple):
    """An image of which fewer pixels are there than it has.

    The last row and column may stand for less than the others, so their number does not tell the
    size of the whole image.

    Attributes:
        height: Height of the whole image.
        width: Width of the whole image.
        divisor: Rows of the whole image that each pixel stands for; 2, 4 or 8 from a decoder.
        across: Columns that each stands for; as many as rows by default.
    """

    height: int
    width: int
    divisor: float
    across: float | None = None


class Place(NamedTuple):
    """What a step needs to know of the image that it is carried out on.

    Attributes:
        plan: The plan that the step belongs to.
        b: Which image of the planned batch this is.
        reduced: The whole image, where a decoder handed over less and this is the first step.
        mask_fill: What fills the border of a segmentation mask; `None` for images.
    """

    plan: Plan
    b: int
    reduced: Reduced | None = None
    mask_fill: int | None = None


def reduction(plan: Plan, b: int, height: int, width: int) -> int:
    """Say how far a decoder may shrink an image without loss for what the plan does with it.

    Args:
        plan: A plan that was made with NumPy.
        b: Which image of the planned batch this is.
        height: Height of the full image.
        width: Width of the full image.

    Returns:
        1, 2, 4 or 8: the divisor of height and width.

    Example:
        >>> from keras_cvdata.engine.chain import Chain
        >>> plan = Chain([], size=(100, 100)).plan(np.empty((1, 0)), 100, 100, 3)
        >>> reduction(plan, 0, 450, 600)
        4
    """
    resize = plan.resize
    if resize is None or resize.interpolation == "nearest":
        return 1
    matrix, size, first = _towards(height, width, resize, b), resize.size, plan.steps[0]
    if isinstance(first, Warp):
        matrix, size = matrix @ first.matrix[b], first.size or size
    factor = min(shrink_factors(matrix, size))
    # Only warps know that the last row of a reduced image stands for less.
    whole = resize.interpolation != "bilinear"
    return max(
        divisor
        for divisor in (1, 2, 4, 8)
        if divisor <= factor and not (whole and (height % divisor or width % divisor))
    )


def apply_resize(step: Resize, pixels: Array, place: Place, out: Array | None) -> Array:
    """Bring a decoded image to its size; straight into `out` where that is possible."""
    if step.fit == "pad":
        return _letterbox(step, pixels, place)
    if step.interpolation in ("bilinear", "nearest"):
        how = Sampling(step.size, step.interpolation, "nearest", 0.0)
        return _warp_decoded(pixels, None, step, place, how, out)
    if step.windows is not None:
        pixels = _cut(pixels, step, place.b)
    elif step.fit == "crop":
        pixels = _central(pixels, step.size)
    return _resize(pixels, step.size, step.interpolation, out)


def apply_warp(step: Warp, pixels: Array, place: Place, out: Array | None) -> Array:
    """Warp an image; straight into `out` where that is possible."""
    matrix, resize = step.matrix[place.b], step.resize
    before = (pixels.shape[0], pixels.shape[1]) if resize is None else resize.size
    size = step.size or before
    if size == before and matrix.tolist() == _IDENTITY:
        return pixels if resize is None else apply_resize(resize, pixels, place, out)
    how = Sampling(size, step.interpolation, step.fill_mode, _fill(step, pixels, place))
    if resize is not None:
        return _warp_decoded(pixels, matrix, resize, place, how, out)
    return read(pixels, matrix, how, out)


def apply_displace(step: Displace, pixels: Array, place: Place, out: Array | None) -> Array:
    """Shift the pixels of an image by a smooth field."""
    grid = step.grid[place.b]
    if not grid.any():
        return pixels
    size = pixels.shape[0], pixels.shape[1]
    how = Sampling(size, step.interpolation, step.fill_mode, _fill(step, pixels, place))
    return displace(pixels, grid, how, out)


def in_units(value: Any, pixels: Array, value_range: Range | None) -> Any:
    """Turn values of 0 to 1 into those of the pixels."""
    low, high = bounds(pixels.dtype, value_range) or (0.0, 1.0)
    return low + value * (high - low)


def _fill(step: Warp | Displace, pixels: Array, place: Place) -> float:
    if step.fill_mode != "constant":
        return 0.0
    return _border(step.fill_value, pixels, place)


def _border(fill_value: float, pixels: Array, place: Place) -> float:
    if place.mask_fill is not None:
        return place.mask_fill
    return float(in_units(fill_value, pixels, place.plan.value_range))


def _warp_decoded(
    pixels: Array,
    matrix: Array | None,
    resize: Resize,
    place: Place,
    how: Sampling,
    out: Array | None,
) -> Array:
    """Resize and warp in one, from an image of any size; only resize without a matrix."""
    reduced = place.reduced
    if max(pixels.shape) > LONGEST_SIDE:
        pixels, reduced = _within_limit(pixels, resize), None
    height, width = pixels.shape[:2]
    if reduced is None:
        towards = _towards(height, width, resize, place.b)
    else:
        towards = _towards(reduced.height, reduced.width, resize, place.b)
        blocks = reduced.divisor, reduced.across or reduced.divisor
        towards = _into_blocks(towards, blocks, (0, 0))
    if matrix is not None:
        towards = towards @ matrix
    if how.interpolation == "bilinear":
        down, across = shrink_factors(towards, how.size)
        factors = min(down, height), min(across, width)
        start = height % factors[0] // 2, width % factors[1] // 2
        towards = _into_blocks(towards, factors, start)
        pixels = _shrink(pixels, factors)
    # Of two pixels at equal distance OpenCV's resize takes one or the other, the warp the later.
    blends = how.interpolation == "bilinear"
    if matrix is None and blends and _stretches(towards, pixels, resize.size):
        return to_size(pixels, resize.size, ENLARGING[how.interpolation], out)
    return read(pixels, towards, how, out)


def _towards(height: int, width: int, resize: Resize, b: int) -> Array:
    """Matrix from pixel centres of the resized image to those of the decoded one."""
    if resize.windows is None:
        return _frame(height, width, resize.size, resize.fit)
    matrix: Array = resize.sample(b).matrix(height, width, np)[0]
    return matrix


@lru_cache(maxsize=4096)
def _frame(height: int, width: int, size: Size, fit: Fit) -> Array:
    matrix: Array = frame_matrix(size, fit, height, width, np)[0]
    matrix.flags.writeable = False
    return matrix


def shrink_factors(matrix: Array, size: Size) -> Size:
    """Whole numbers (down, across) by which to average an image before a matrix reads from it.

    They are the largest for which neighbouring output pixels stay a pixel or more apart in the
    smaller image, in every direction: the smallest singular value of the linear part stays at 1.
    First both sides shrink alike, then each by itself as far as it can. A projective matrix is as
    fine as at the finest corner of the output.

    Args:
        matrix: (3, 3) from output to input pixel centres.
        size: (height, width) of the output.

    Returns:
        Two whole numbers of at least 1.
    """
    (a, b, x), (c, d, y), (e, f, w) = matrix.tolist()
    if (e, f, w) == (0, 0, 1):
        return _factors(a, b, c, d)
    found = []
    for at_y, at_x in ((0, 0), (0, size[1] - 1), (size[0] - 1, 0), (size[0] - 1, size[1] - 1)):
        depth = e * at_x + f * at_y + w
        to_x = (a * at_x + b * at_y + x) / depth
        to_y = (c * at_x + d * at_y + y) / depth
        slopes = (a - e * to_x, b - f * to_x, c - e * to_y, d - f * to_y)
        found.append(_factors(*(slope / depth for slope in slopes)))
    down, across = zip(*found, strict=True)
    return min(down), min(across)


def _factors(a: float, b: float, c: float, d: float) -> Size:
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
    height, width = min(pixels.shape[0], LONGEST_SIDE), min(pixels.shape[1], LONGEST_SIDE)
    return to_size(pixels, (height, width), cv2.INTER_AREA, None)


def _into_blocks(matrix: Array, factors: tuple[float, float], start: Size) -> Array:
    """Lead a matrix to the centres of blocks of (down, across) pixels, the first at `start`."""
    (down, across), (top, left) = factors, start
    if down == across == 1:
        return matrix
    x, y = left + (across - 1) / 2, top + (down - 1) / 2
    blocks = np.array([[1 / across, 0, -x / across], [0, 1 / down, -y / down], [0, 0, 1]])
    result: Array = blocks @ matrix
    return result


def _stretches(matrix: Array, pixels: Array, size: Size) -> bool:
    """Whether a matrix only stretches an image to a size, which OpenCV's resize does faster."""
    plain = _frame(pixels.shape[0], pixels.shape[1], size, "stretch")
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
    # Halfway between two pixels lies their mean, which takes OpenCV a fifth of the time.
    halves_one_side = {down, across} == {1, 2}
    method = cv2.INTER_LINEAR if halves_one_side else cv2.INTER_AREA
    return to_size(whole, (height, width), method, None)


def _central(pixels: Array, size: Size) -> Array:
    """Cut the largest central part with the aspect of `size`."""
    height, width = pixels.shape[:2]
    scale = min(height / size[0], width / size[1])
    tall, wide = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    top, left = (height - tall) // 2, (width - wide) // 2
    return pixels[top : top + tall, left : left + wide]


def _cut(pixels: Array, resize: Resize, b: int) -> Array:
    """Cut the whole pixels of a window."""
    height, width = pixels.shape[:2]
    p = {name: values[b : b + 1] for name, values in (resize.windows or {}).items()}
    window = {name: float(x[0]) for name, x in resized_crop(p, height, width, np).items()}
    top, left = round(window["top"]), round(window["left"])
    bottom = max(top + 1, round(window["top"] + window["tall"]))
    right = max(left + 1, round(window["left"] + window["wide"]))
    return pixels[top:bottom, left:right]


def _letterbox(step: Resize, pixels: Array, place: Place) -> Array:
    """Resize with the aspect kept and fill the rest (R34)."""
    whole = place.reduced
    height, width = (whole.height, whole.width) if whole else pixels.shape[:2]
    tall, wide = map(int, letterbox(height, width, step.size, np))
    fill = _border(step.pad_value, pixels, place)
    fill = round(fill) if pixels.dtype.kind == "u" else fill
    result = np.full((*step.size, pixels.shape[2]), fill, pixels.dtype)
    top, left = (step.size[0] - tall) // 2, (step.size[1] - wide) // 2
    inner = Resize((tall, wide), "stretch", step.interpolation)
    result[top : top + tall, left : left + wide] = apply_resize(inner, pixels, place, None)
    return result


def _resize(pixels: Array, size: Size, interpolation: str, out: Array | None) -> Array:
    """Resize: average where a side shrinks, interpolate where it grows (R33)."""
    smaller = min(size[0], pixels.shape[0]), min(size[1], pixels.shape[1])
    pixels = to_size(pixels, smaller, cv2.INTER_AREA, None)
    resized = to_size(pixels, size, ENLARGING[interpolation], out)
    if resized.dtype == np.float32 and interpolation in ("bicubic", "lanczos"):
        np.clip(resized, pixels.min(), pixels.max(), out=resized)  # integers end at their depth
    return resized
