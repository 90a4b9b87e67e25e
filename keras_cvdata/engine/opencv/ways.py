"""The way of an image from its size to its warp: numbers alone, before there are any pixels.

Where the sizes of images are known, the ways of a batch are found in one go: each then takes a
fraction of the time that it takes between the pixels of one image and the next.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from keras_cvdata.engine.geometry.windows import frame_matrix
from keras_cvdata.engine.opencv.pixel_exact import leads_to_pixels
from keras_cvdata.engine.opencv.sampling import LONGEST_SIDE, Edges, Rows, border_edges
from keras_cvdata.engine.plan import Plan
from keras_cvdata.engine.steps import Fit, Resize, Size, Warp
from keras_cvdata.types import Array, Ints

IDENTITY = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]


class Way(NamedTuple):
    """How an image is brought to the output of the first step of a plan.

    Attributes:
        reduce: 1, 2, 4 or 8: the divisor of the size at which a decoder may hand it over.
        shape: (height, width) of the image that it hands over then.
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
    if not plan.reduces:
        return 1
    way: Way | None = plan.ways.get((b, height, width))
    if way is None:
        assert plan.resize is not None
        towards = towards_whole(height, width, plan.resize, b)
        _find(plan, [(b, height, width)], towards[None])
        way = plan.ways[b, height, width]
    return way.reduce


def find_ways(plan: Plan, heights: Ints, widths: Ints) -> None:
    """Find the ways of all images of a batch, and note them in its plan.

    Args:
        plan: A plan that was made with NumPy for this batch.
        heights: Heights of the whole images, (B,); 0 where they are not known.
        widths: Their widths, (B,).

    Example:
        >>> from keras_cvdata.engine.chain import Chain
        >>> plan = Chain([], size=(100, 100)).plan(np.empty((1, 0)), 100, 100, 3)
        >>> find_ways(plan, np.array([450]), np.array([600]))
        >>> plan.ways[0, 450, 600].reduce
        4
    """
    if not plan.reduces or plan.resize is None:
        return
    towards = plan.resize.matrix(np.maximum(heights, 1), np.maximum(widths, 1), np)
    known = np.flatnonzero(heights)
    images = zip(known.tolist(), heights[known].tolist(), widths[known].tolist(), strict=True)
    _find(plan, list(images), towards[known])


def _find(plan: Plan, images: list[tuple[int, int, int]], towards: Array) -> None:
    """Find and note the ways of images; `towards`, (N, 3, 3), leads to them when resized."""
    resize, warp = plan.resize, plan.steps[0]
    assert resize is not None
    size, own, moving, fill_mode = resize.size, None, [False] * len(images), ""
    if isinstance(warp, Warp):
        size, own = warp.size or size, warp.matrix[[b for b, _, _ in images]]
        moving, fill_mode = _moving(warp, own), warp.fill_mode
    matrices = towards.copy() if own is None else towards @ own
    rows, shift = matrices.tolist(), np.zeros((len(images), 2))
    for n, (b, height, width) in enumerate(images):
        reduce, shape, factors = 1, (height, width), shrink_factors(rows[n], size)
        if factors != (1, 1):
            reduce = _divisor(min(factors), height, width, resize)
            if reduce > 1:
                shape = -(-height // reduce), -(-width // reduce)
                part = into_blocks(towards[n], (reduce, reduce), (0, 0))
                matrices[n] = part if own is None else part @ own[n]
                factors = shrink_factors(matrices[n].tolist(), size)
            matrices[n], factors = into_averages(matrices[n], factors, shape)
            rows[n] = matrices[n].tolist()
        edges = None
        if moving[n] and max(shape) <= LONGEST_SIDE and not leads_to_pixels(rows[n]):
            left = shape[0] // factors[0], shape[1] // factors[1]
            edges = border_edges(left, rows[n], size, fill_mode)
            shift[n] = edges[2], edges[0]
        plan.ways[b, height, width] = Way(reduce, shape, size, factors, matrices[n, :2], edges)
    matrices[:, :2, 2] += shift  # what the ways hold are views


def _moving(warp: Warp, matrices: Array) -> list[bool]:
    """Whether images are warped by an affine matrix, and not only resized."""
    assert warp.resize is not None
    both = warp.interpolation, warp.resize.interpolation
    if warp.projective or both != ("bilinear", "bilinear"):
        return [False] * len(matrices)
    if warp.size not in (None, warp.resize.size):
        return [True] * len(matrices)
    moved: list[bool] = (matrices != np.eye(3)).any(axis=(1, 2)).tolist()
    return moved


def _divisor(factor: int, height: int, width: int, resize: Resize) -> int:
    if factor == 1:
        return 1
    # Only warps know that the last row of a reduced image stands for less.
    whole = resize.interpolation != "bilinear"
    return max(
        divisor
        for divisor in (1, 2, 4, 8)
        if divisor <= factor and not (whole and (height % divisor or width % divisor))
    )


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
    (a, b, x), (c, d, y), (e, f, w) = matrix
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
    if across < 3.99 and down < 3.99:  # neither side can lose half of its pixels
        return 1, 1
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
