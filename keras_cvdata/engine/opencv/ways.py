"""The way of an image from its size to its warp: numbers alone, before there are any pixels.

`batches.ways` finds the ways of many images in one go, where their sizes are known.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import numpy as np

from keras_cvdata.engine.geometry.windows import frame_matrix
from keras_cvdata.engine.opencv.pixel_exact import leads_to_pixels
from keras_cvdata.engine.opencv.sampling import LONGEST_SIDE, Edges, Rows, border_edges
from keras_cvdata.engine.plan import Plan
from keras_cvdata.engine.steps import Fit, Resize, Size, Warp
from keras_cvdata.types import Array

T = TypeVar("T")


class Numbers:
    """What `numpy` has for arrays, for single numbers: in a tenth of the time."""

    sqrt, floor, maximum, minimum = math.sqrt, math.floor, max, min

    @staticmethod
    def where(condition: bool, one: T, other: T) -> T:
        """The one or the other."""
        return one if condition else other


IDENTITY = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]


class Way(NamedTuple):
    """How an image is brought to the output of the first step of a plan.

    Attributes:
        reduce: 1, 2, 4 or 8: the divisor of the size at which a decoder may hand it over; 1 also
            where it was kept smaller before.
        shape: (height, width) of the image that it hands over then, or that was kept.
        size: (height, width) of the output.
        factors: (down, across) of the blocks that are averaged.
        matrix: (2, 3) from output to pixel centres of what was made so far, with its border.
        edges: The border of uint8 pixels; `None` where this is no bilinear affine warp, or one that
            leads from pixel to pixel.
    """

    reduce: int
    shape: Size
    size: Size
    factors: Size
    matrix: Array
    edges: Edges | None

    @property
    def takes_four(self) -> bool:
        """Whether three channels may come with a fourth of no meaning, which spares laying it.

        Neighbours across are averaged as pairs, which an odd width does not divide into.
        """
        halves_odd = self.factors == (1, 2) and self.shape[1] % 2
        return self.edges is not None and not halves_odd


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
    way = way_of(plan, b, height, width)
    return 1 if way is None else way.reduce


def way_of(plan: Plan, b: int, height: int, width: int) -> Way | None:
    """The way of an image, of which `reduction` tells a part; `None` where none is to be found."""
    if not plan.reduces:
        return None
    way: Way | None = plan.ways.get((b, height, width))
    if way is None:
        way = plan.ways[b, height, width] = _find(plan, b, height, width)
    return way


def _find(plan: Plan, b: int, height: int, width: int) -> Way:
    """Find the way of one image."""
    resize, warp = plan.resize, plan.steps[0]
    assert resize is not None
    towards = matrix = towards_whole(height, width, resize, b)
    size, own, fill_mode = resize.size, None, None
    if isinstance(warp, Warp):
        size, own = warp.size or size, warp.matrix[b]
        matrix, fill_mode = towards @ own, warp.fill_mode if moving(warp, own) else None
    reduce, shape, factors = 1, (height, width), shrink_factors(matrix.tolist(), size)
    if factors != (1, 1):
        reduce = divisor(min(factors), height, width, resize)
        if reduce > 1:
            shape = -(-height // reduce), -(-width // reduce)
            towards = into_blocks(towards, (reduce, reduce), (0, 0))
            matrix = towards if own is None else towards @ own
            factors = shrink_factors(matrix.tolist(), size)
        matrix, factors = into_averages(matrix, factors, shape)
    rows, edges = matrix.tolist(), None
    if fill_mode and max(shape) <= LONGEST_SIDE and not leads_to_pixels(rows):
        left = shape[0] // factors[0], shape[1] // factors[1]
        edges = border_edges(left, rows, size, fill_mode)
        matrix = matrix.copy()
        matrix[:2, 2] += edges[2], edges[0]
    return Way(reduce, shape, size, factors, matrix[:2], edges)


def moving(warp: Warp, matrices: Array) -> Array:
    """Whether images are warped by an affine matrix, (..., 3, 3), and not only resized: (...)."""
    assert warp.resize is not None
    both = warp.interpolation, warp.resize.interpolation
    if warp.projective or both != ("bilinear", "bilinear"):
        return np.zeros(matrices.shape[:-2], bool)
    if warp.size not in (None, warp.resize.size):
        return np.ones(matrices.shape[:-2], bool)
    moved: Array = (matrices != IDENTITY).any(axis=(-2, -1))
    return moved


def divisor(factor: Any, height: Any, width: Any, resize: Resize, xp: Any = Numbers) -> Any:
    """The largest divisor for a decoder, of images that may be averaged by a factor."""
    # Only warps know that the last row of a reduced image stands for less.
    ragged = resize.interpolation == "bilinear"
    largest = 1
    for number in (2, 4, 8):
        fits = ragged | ((height % number == 0) & (width % number == 0))
        largest = xp.where(fits & (number <= factor), number, largest)
    return largest


def towards_whole(height: int, width: int, resize: Resize, b: int) -> Array:
    """Matrix from pixel centres of the resized image to those of the whole one."""
    if resize.windows is None:
        return frame(height, width, resize.size, resize.fit)
    matrix: Array = resize.sample(b).matrix(height, width, np)[0]
    return matrix


@lru_cache(maxsize=4096)
def frame(height: int, width: int, size: Size, fit: Fit) -> Array:
    """Matrix from pixel centres of a size to those of a whole image."""
    matrix: Array = frame_matrix(size, fit, height, width, np)[0]
    matrix.flags.writeable = False
    return matrix


def shrink_factors(matrix: Rows, size: Size) -> Size:
    """Whole numbers (down, across) by which to average an image before a matrix reads from it.

    They are the largest for which neighbouring output pixels stay a pixel or more apart in the
    smaller image, in every direction: the smallest singular value of the linear part stays at 1.
    First both sides shrink alike, then each by itself as far as it can. A projective matrix is as
    fine as at the finest corner of the output.

    Args:
        matrix: Three rows of three, from output to input pixel centres.
        size: (height, width) of the output.

    Returns:
        Two whole numbers of at least 1.
    """
    (a, b, _), (c, d, _), last = matrix
    if last != [0, 0, 1]:
        return finest_factors(matrix, size, Numbers)
    if a * a + b * b < 3.99 and c * c + d * d < 3.99:  # neither side can lose half of its pixels
        return 1, 1
    return factors_of((a, b, c, d), Numbers)


def finest_factors(matrix: Any, size: Size, xp: Any) -> tuple[Any, Any]:
    """What `shrink_factors` returns, of projective matrices: 3 x 3 numbers or arrays of them."""
    (a, b, x), (c, d, y), (e, f, w) = matrix
    found = []
    for at_y, at_x in ((0, 0), (0, size[1] - 1), (size[0] - 1, 0), (size[0] - 1, size[1] - 1)):
        depth = e * at_x + f * at_y + w
        to_x = (a * at_x + b * at_y + x) / depth
        to_y = (c * at_x + d * at_y + y) / depth
        slopes = (a - e * to_x, b - f * to_x, c - e * to_y, d - f * to_y)
        found.append(factors_of([slope / depth for slope in slopes], xp))
    down, across = (functools.reduce(xp.minimum, each) for each in zip(*found, strict=True))
    return down, across


def factors_of(linear: Sequence[Any], xp: Any) -> tuple[Any, Any]:
    """What `shrink_factors` returns, of the four entries of the linear part of affine matrices."""
    a, b, c, d = linear
    across, down, mixed = a * a + b * b, c * c + d * d, a * c + b * d
    root = xp.sqrt((across - down) ** 2 + 4 * mixed * mixed)
    both = _whole((across + down - root) / 2, xp)
    wide = _alone(across, down, mixed, both, xp)
    return _alone(down, across, mixed, wide, xp), wide


def _alone(own: Any, other: Any, mixed: Any, factor: Any, xp: Any) -> Any:
    """Factor of one side where that of the other is known; arguments are squares and products."""
    rest = other - factor * factor
    left = xp.where(rest > 0, own - mixed * mixed / xp.where(rest > 0, rest, 1.0), 0.0)
    return _whole(xp.where(mixed * mixed > 1e-9 * own * other, left, own), xp)


def _whole(square: Any, xp: Any) -> Any:
    """Whole pixels, at least 1, in the root of a square."""
    return xp.maximum(1, xp.floor(xp.sqrt(xp.maximum(square, 0.0)) + 1e-6))


def into_averages(matrix: Array, factors: Size, shape: Size) -> tuple[Array, Size]:
    """Lead a matrix to averages of blocks in the middle of an image, of its own size at most."""
    down, across = factors = min(factors[0], shape[0]), min(factors[1], shape[1])
    return into_blocks(matrix, factors, (shape[0] % down // 2, shape[1] % across // 2)), factors


def into_blocks(matrix: Array, factors: tuple[float, float], start: Size) -> Array:
    """Lead a matrix to the centres of blocks of (down, across) pixels, the first at `start`."""
    if factors == (1, 1):
        return matrix
    result: Array = _blocks(factors, start).dot(matrix)
    return result


@lru_cache(maxsize=256)
def _blocks(factors: tuple[float, float], start: Size) -> Array:
    """Matrix from pixels to the centres of such blocks."""
    (down, across), (top, left) = factors, start
    x, y = left + (across - 1) / 2, top + (down - 1) / 2
    result = np.array([[1 / across, 0, -x / across], [0, 1 / down, -y / down], [0, 0, 1]])
    result.flags.writeable = False
    return result
