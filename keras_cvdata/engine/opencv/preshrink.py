"""Decoded images at the resolution that the largest zoom of a chain needs, to be kept for later."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import cv2
import numpy as np

from keras_cvdata.engine.opencv.geometry import Reduced
from keras_cvdata.engine.opencv.sampling import to_size
from keras_cvdata.engine.opencv.ways import shrink_factors
from keras_cvdata.engine.plan import Plan
from keras_cvdata.engine.steps import Resize, Size, Warp
from keras_cvdata.types import Array

_STEPS = 16  # scales are rounded up to parts of this, so that ranges that hardly differ share them
_WORTH = 0.9  # a side that would keep a larger share of its pixels is left as it is
_SLACK = 1.05  # by so much may a draw read finer than the images that are kept
_MOST_SIZES = 100_000  # that are remembered

_IDENTITY = np.eye(3)


class Form(NamedTuple):
    """How an image is kept.

    Attributes:
        shape: (height, width) that are kept.
        whole: What the pixels stand for.
        half: Factors (3, 1) of the rows of a matrix, from where it leads to half of the pixels that
            suffice; see `Preshrink.suffices`.
    """

    shape: Size
    whole: Reduced
    half: Array


class Preshrink:
    """Says how far images may be shrunk before the first step of a chain, whatever is drawn.

    Of each direction as many pixels stay as the largest zoom reads, so that a warp from the smaller
    image leaves none out; the pixels differ from those of a warp from the whole image as two
    resamplings differ from one. Nothing is shrunk without a resize, and none whose interpolation is
    not bilinear.

    Args:
        opening: The first step for many draws, see `Chain.opening`.

    Attributes:
        exact: Whether pixels are always those from the whole image, as decoders hand it over.

    Example:
        >>> from keras_cvdata.engine.chain import Chain
        >>> from keras_cvdata.layers import RandomZoomCrop
        >>> chain = Chain([RandomZoomCrop((0.8, 1.25))], size=(100, 100))
        >>> Preshrink(chain.opening(1000, 100, 100, 3)).size(600, 400)
        (125, 125)
    """

    def __init__(self, opening: Plan) -> None:
        first = opening.steps[0] if opening.steps else None
        resize = opening.resize
        self.exact = not opening.reduces
        kinds = {resize and resize.interpolation, getattr(first, "interpolation", None)}
        self._resize = resize if kinds == {"bilinear"} else None
        self._slopes = np.empty((0, 1, 2, 2))
        if self._resize is not None:
            self._slopes = _slopes(first, self._resize.size)
        self._found: dict[Size, tuple[Size, Array]] = {}

    def key(self) -> tuple[Any, ...]:
        """What the sizes depend on, beside those of the images."""
        resize = self._resize
        if resize is None:
            return ()
        if resize.windows is None:
            return resize.size, resize.fit, _scale(self._slopes)
        windows = [(name, _rounded(x)) for name, x in sorted(resize.windows.items())]
        return resize.size, windows, _rounded(self._slopes)

    def size(self, height: int, width: int) -> Size:
        """(height, width) that an image of a size may be shrunk to."""
        return self._needed(height, width)[0]

    def reduction(self, height: int, width: int) -> int:
        """Divisor of the size at which a decoder may hand over an image: 1, 2, 4 or 8."""
        tall, wide = self.size(height, width)
        factor = min(height / tall, width / wide)
        return next(divisor for divisor in (8, 4, 2, 1) if divisor <= factor)

    def form(self, height: int, width: int) -> Form:
        """How a JPEG of a size is kept, and any other image that no decoder would reduce."""
        size, rows = self._needed(height, width)
        reduce = self.reduction(height, width)
        before = -(-height // reduce), -(-width // reduce)
        _, shape, whole = _shrunk(before, size, Reduced(height, width, reduce, reduce))
        return Form(shape, whole, rows)

    def suffices(self, plan: Plan, b: int, height: int, width: int) -> bool:
        """Say whether an image that was shrunk is fine enough for what was drawn.

        Args:
            plan: A plan of the chain.
            b: Which image of the planned batch this is.
            height: Height of the whole image.
            width: Width of the whole image.

        Returns:
            Whether it is. It is not where the ranges of layers were changed meanwhile.
        """
        resize, (size, rows) = plan.resize, self._needed(height, width)
        if size == (height, width) or resize is None:
            return True
        first = plan.steps[0]
        matrix, into = _IDENTITY, resize.size
        if isinstance(first, Warp):
            matrix, into = first.matrix[b], first.size or into
        if resize.windows is not None:
            matrix = resize.sample(b).matrix(height, width, np)[0] @ matrix
        return min(shrink_factors((matrix * rows).tolist(), into)) >= 2

    def _needed(self, height: int, width: int) -> tuple[Size, Array]:
        """Size to shrink to, and factors (3, 1) of the rows of a matrix into half of its pixels.

        The matrix leads to the frame; with windows, to the whole image.
        """
        found = self._found.get((height, width))
        if found is None:
            if len(self._found) > _MOST_SIZES:
                self._found.clear()
            found = self._found[height, width] = self._find(height, width)
        return found

    def _find(self, height: int, width: int) -> tuple[Size, Array]:
        resize = self._resize
        if resize is None:
            return (height, width), np.ones((3, 1))
        steps = resize.matrix(height, width, np)[:, [0, 1], [0, 1]]  # (1 or B, 2), across and down
        finest = steps.min(axis=0)
        scale = _scale(self._slopes * (steps / finest)[:, None, :, None])
        across, down = (finest / scale).tolist()
        tall = min(height, math.ceil(height / down - 1e-6))
        wide = min(width, math.ceil(width / across - 1e-6))
        kept = np.full(2, scale) if resize.windows is None else scale / finest
        return (tall, wide), np.append(2 * _SLACK * kept, 1.0)[:, None]


def shrink(pixels: Array, size: Size, whole: Reduced) -> tuple[Array, Reduced]:
    """Shrink an image, each side by itself where it is worth it, without leaving pixels out.

    Args:
        pixels: (height, width, channels), as a decoder handed them over.
        size: (height, width) that it may be shrunk to, at most those of the pixels.
        whole: What the pixels stand for.

    Returns:
        The smaller image, and what its pixels stand for.

    Example:
        >>> small, stands_for = shrink(np.zeros((9, 6, 3), np.uint8), (3, 4), Reduced(9, 6, 1))
        >>> small.shape, stands_for
        ((3, 4, 3), Reduced(height=9, width=6, divisor=3.0, across=1.5))
    """
    before = pixels.shape[0], pixels.shape[1]
    (tall, wide), size, whole = _shrunk(before, size, whole)
    down, across = before[0] // tall, before[1] // wide
    blocks = to_size(pixels[: tall * down, : wide * across], (tall, wide), cv2.INTER_AREA, None)
    # Between 1 and 2 pixels a side this leaves none out, at an eighth of the time of an average.
    return to_size(blocks, size, cv2.INTER_LINEAR, None), whole


def _shrunk(before: Size, size: Size, whole: Reduced) -> tuple[Size, Size, Reduced]:
    """Number of whole blocks down and across, the size of the result, and what it stands for."""
    down, across = before[0] // size[0], before[1] // size[1]
    tall, wide = before[0] // down, before[1] // across
    size = _worthwhile(size[0], tall), _worthwhile(size[1], wide)
    rows = whole.divisors[0] * down * tall / size[0]
    columns = whole.divisors[1] * across * wide / size[1]
    return (tall, wide), size, Reduced(whole.height, whole.width, rows, columns)


def _worthwhile(side: int, before: int) -> int:
    return before if side > _WORTH * before else side


def _slopes(first: Any, size: Size) -> Array:
    """Linear parts of matrices, (B, P, 2, 2); of projective ones at the P corners of the result."""
    if isinstance(first, Resize):
        return np.eye(2)[None, None]
    matrices = np.asarray(first.matrix, np.float64)
    if not first.projective:
        return matrices[:, None, :2, :2]
    corners = [_slopes_at(matrices, *corner) for corner in _corners(first.size or size)]
    return np.stack(corners, axis=1)


def _corners(size: Size) -> Iterator[Size]:
    return ((y, x) for y in (0, size[0] - 1) for x in (0, size[1] - 1))


def _slopes_at(matrices: Array, y: int, x: int) -> Array:
    """Derivatives (B, 2, 2) of projective maps at a pixel."""
    points = matrices @ np.array([x, y, 1.0])
    depth = points[:, 2:, None]
    towards = points[:, :2, None] / depth
    slopes: Array = (matrices[:, :2, :2] - towards * matrices[:, 2:, :2]) / depth
    return slopes


def _scale(slopes: Array) -> float:
    """Pixels to keep for one of the frame, so that neighbours in the result are one apart."""
    squares = (slopes**2).sum(axis=3)
    across, down = squares[..., 0], squares[..., 1]
    mixed = (slopes[..., 0, :] * slopes[..., 1, :]).sum(axis=2)
    smallest = (across + down - np.sqrt((across - down) ** 2 + 4 * mixed**2)) / 2
    finest = math.sqrt(max(float(smallest.min()), 1e-6))
    return max(1, math.ceil(_STEPS / finest - 1e-3)) / _STEPS


def _rounded(values: Array) -> bytes:
    """Numbers as bytes, without the digits in which machines may differ."""
    return np.round(values, 4).astype(np.float32).tobytes()
