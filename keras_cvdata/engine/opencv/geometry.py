"""Resizing and warping of one image, from the size at which it was decoded."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np

from keras_cvdata.engine.geometry.windows import letterbox, resized_crop
from keras_cvdata.engine.opencv.pixel_exact import read
from keras_cvdata.engine.opencv.sampling import (
    ENLARGING,
    LONGEST_SIDE,
    Sampling,
    displace,
    narrowed,
    to_size,
    warp_bordered,
)
from keras_cvdata.engine.opencv.ways import (
    IDENTITY,
    Way,
    frame,
    into_averages,
    into_blocks,
    shrink_factors,
    towards_whole,
)
from keras_cvdata.engine.output import bounds
from keras_cvdata.engine.plan import Plan
from keras_cvdata.engine.steps import Displace, Resize, Size, Warp
from keras_cvdata.types import Array, Empty, Range


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

    @property
    def divisors(self) -> tuple[float, float]:
        """Rows and columns of the whole image that each pixel stands for."""
        return self.divisor, self.across or self.divisor


class Place(NamedTuple):
    """What a step needs to know of the image that it is carried out on.

    Attributes:
        plan: The plan that the step belongs to.
        b: Which image of the planned batch this is.
        reduced: The whole image, where a decoder handed over less and this is the first step.
        mask_fill: What fills the border of a segmentation mask; `None` for images.
        empty: Where memory for intermediate results comes from.
        spare: Whether a channel of no meaning comes behind those of the image, and this is the
            first step, which drops it.
    """

    plan: Plan
    b: int
    reduced: Reduced | None = None
    mask_fill: int | None = None
    empty: Empty = np.empty
    spare: bool = False


def apply_resize(step: Resize, pixels: Array, place: Place, out: Array | None) -> Array:
    """Bring a decoded image to its size; straight into `out` where that is possible."""
    if step.fit == "pad":
        return _letterbox(step, pixels, place)
    if step.interpolation in ("bilinear", "nearest"):
        how = Sampling(step.size, step.interpolation, "nearest", 0.0, place.empty)
        return _warp_decoded(pixels, None, step, place, how, out)
    if step.windows is not None:
        pixels = _cut(pixels, step, place.b)
    elif step.fit == "crop":
        pixels = _central(pixels, step.size)
    return _resize(pixels, step, place, out)


def apply_warp(step: Warp, pixels: Array, place: Place, out: Array | None) -> Array:
    """Warp an image; straight into `out` where that is possible."""
    resize = step.resize
    way = None if resize is None else _known_way(pixels, place)
    if way is not None and way.edges is not None and step.interpolation == "bilinear":
        fill = _fill(step, pixels, place)
        how = Sampling(way.size, "bilinear", step.fill_mode, fill, place.empty)
        channels = pixels.shape[2] - place.spare
        pixels = _shrink(pixels, way.factors, place.empty, may_widen=True)
        return warp_bordered(pixels, way.matrix, way.edges, how, out, channels)
    if place.spare:
        pixels = narrowed(pixels, None, place.empty)
    matrix = step.matrix[place.b]
    before = (pixels.shape[0], pixels.shape[1]) if resize is None else resize.size
    size = step.size or before
    if size == before and matrix.tolist() == IDENTITY:
        return pixels if resize is None else apply_resize(resize, pixels, place, out)
    fill = _fill(step, pixels, place)
    how = Sampling(size, step.interpolation, step.fill_mode, fill, place.empty)
    if resize is not None:
        return _warp_decoded(pixels, matrix, resize, place, how, out)
    return read(pixels, matrix, how, out)


def _known_way(pixels: Array, place: Place) -> Way | None:
    """The way that was found beforehand for an image as it was decoded."""
    height, width, channels = pixels.shape
    shape, divisors = (height, width), (1.0, 1.0)
    if place.reduced is not None:
        height, width, divisors = place.reduced.height, place.reduced.width, place.reduced.divisors
    way: Way | None = place.plan.ways.get((place.b, height, width))
    if way is None or divisors != (way.reduce, way.reduce):
        way = place.plan.ways.get((place.b, height, width, *divisors))
    if way is None or way.shape != shape:
        return None
    return way if pixels.dtype == np.uint8 and channels in (1, 3, 4) else None


def apply_displace(step: Displace, pixels: Array, place: Place, out: Array | None) -> Array:
    """Shift the pixels of an image by a smooth field."""
    grid = step.grid[place.b]
    if not grid.any():
        return pixels
    size = pixels.shape[0], pixels.shape[1]
    fill = _fill(step, pixels, place)
    how = Sampling(size, step.interpolation, step.fill_mode, fill, place.empty)
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
    whole = reduced or Reduced(height, width, 1)
    towards = towards_whole(whole.height, whole.width, resize, place.b)
    towards = into_blocks(towards, whole.divisors, (0, 0))
    towards = towards if matrix is None else towards @ matrix
    # Of two pixels at equal distance OpenCV's resize takes one or the other, the warp the later.
    blends = how.interpolation == "bilinear"
    factors = shrink_factors(towards.tolist(), how.size) if blends else (1, 1)
    towards, factors = into_averages(towards, factors, (height, width))
    pixels = _shrink(pixels, factors, how.empty)
    if matrix is None and blends and _stretches(towards, pixels, resize.size):
        return to_size(pixels, resize.size, ENLARGING[how.interpolation], out, how.empty)
    return read(pixels, towards, how, out)


def _within_limit(pixels: Array, resize: Resize) -> Array:
    """Shrink very long images to what a warp can take."""
    if resize.fit == "crop":
        pixels = _central(pixels, resize.size)
    height, width = min(pixels.shape[0], LONGEST_SIDE), min(pixels.shape[1], LONGEST_SIDE)
    return to_size(pixels, (height, width), cv2.INTER_AREA, None)


def _stretches(matrix: Array, pixels: Array, size: Size) -> bool:
    """Whether a matrix only stretches an image to a size, which OpenCV's resize does faster."""
    plain = frame(pixels.shape[0], pixels.shape[1], size, "stretch")
    return bool(np.abs(matrix - plain).max() < 1e-6)


def _shrink(pixels: Array, factors: Size, empty: Empty, may_widen: bool = False) -> Array:
    """Average blocks of (down, across) pixels; an odd rest at the edges is left out.

    Whole blocks take OpenCV a twentieth of the time that a ratio with a fraction takes. Three
    channels that `may_widen` come with a fourth beside them where that is there anyway.
    """
    down, across = factors
    if down == across == 1:
        return pixels
    height, width = pixels.shape[0] // down, pixels.shape[1] // across
    y, x = pixels.shape[0] % down // 2, pixels.shape[1] % across // 2
    whole = pixels[y : y + height * down, x : x + width * across]
    if {down, across} != {1, 2}:
        return to_size(whole, (height, width), cv2.INTER_AREA, None, empty)
    if pixels.dtype == np.uint8 and down == 2:
        return _mean(whole[::2], whole[1::2], empty)
    if pixels.dtype == np.uint8 and pixels.shape[2] == 3:
        wide = empty((height, 2 * width, 4), np.uint8)
        wide = _halved_across(cv2.cvtColor(whole, cv2.COLOR_RGB2RGBA, wide), empty)
        return wide if may_widen else narrowed(wide, None, empty)
    if pixels.dtype == np.uint8 and pixels.shape[2] == 4 and whole.flags.c_contiguous:
        return _halved_across(whole, empty)
    # Halfway between two pixels lies their mean, which takes OpenCV a fifth of the time.
    return to_size(whole, (height, width), cv2.INTER_LINEAR, None, empty)


def _halved_across(pixels: Array, empty: Empty) -> Array:
    """Average neighbours across of four channels, faster than a resize."""
    height, width = pixels.shape[0], pixels.shape[1] // 2
    pairs = pixels.view(np.int32).reshape(height, width, 2)  # four bytes are one number
    halves = empty((2, height, width), np.int32)
    cv2.split(pairs, [*halves])
    first, second = halves.view(np.uint8).reshape(2, height, width, 4)
    return cv2.addWeighted(first, 0.5, second, 0.5, 0.25, first)


def _mean(first: Array, second: Array, empty: Empty) -> Array:
    """Average two uint8 images as a resize does, where halves go up."""
    return cv2.addWeighted(first, 0.5, second, 0.5, 0.25, empty(first.shape, np.uint8))


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


def _resize(pixels: Array, step: Resize, place: Place, out: Array | None) -> Array:
    """Resize: average where a side shrinks, interpolate where it grows (R33)."""
    size, interpolation = step.size, step.interpolation
    smaller = min(size[0], pixels.shape[0]), min(size[1], pixels.shape[1])
    pixels = to_size(pixels, smaller, cv2.INTER_AREA, None, place.empty)
    resized = to_size(pixels, size, ENLARGING[interpolation], out, place.empty)
    if resized.dtype == np.float32 and interpolation in ("bicubic", "lanczos"):
        np.clip(resized, pixels.min(), pixels.max(), out=resized)  # integers end at their depth
    return resized
