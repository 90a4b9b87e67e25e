"""Perturbations of digits by the formulas of MNIST-C that no layer has: uint8 images in and out.

Each takes an image (height, width, channels), a seed and constants. Lengths are in units of a 28th
of a side, which is a pixel of MNIST. Source: Mu and Gilmer 2019, "MNIST-C: A robustness benchmark
for computer vision".
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from keras_cvdata.engine.kernels.textures import plasma
from keras_cvdata.stateless_random import uniforms
from keras_cvdata.types import Array

_MAP = 224  # points of the map of clouds of which 28 x 28 are shown


def slant(image: Array, seed: int, radians: float) -> Array:
    """Slant an image about its centre to either side, before black.

    A pixel is read from `(x - sin(a) y, cos(a) y)`, so it also becomes `1 / cos(a)` times as high.

    Args:
        image: Pixels.
        seed: Selects the side.
        radians: The angle a.

    Returns:
        A new image.
    """
    angle = radians if _numbers(seed, 1)[0] < 0.5 else -radians
    sine, cosine = np.sin(angle), np.cos(angle)
    height, width, _ = image.shape
    y = (height - 1) / 2
    matrix = np.array([[1, -sine, sine * y], [0, cosine, y - cosine * y]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(image, matrix, (width, height), flags=flags).reshape(image.shape)


def invert_sides(image: Array, seed: int, share: float) -> Array:
    """Exchange light and dark in a strip along the left and the right side.

    Args:
        image: Pixels.
        seed: Not needed: nothing is drawn.
        share: Of the width, for each strip.

    Returns:
        A new image.

    Example:
        >>> invert_sides(np.array([[[0], [10], [20], [30]]], np.uint8), 0, 0.25).ravel().tolist()
        [255, 10, 20, 225]
    """
    width = round(image.shape[1] * share)
    result = image.copy()
    result[:, :width] = 255 - image[:, :width]
    result[:, image.shape[1] - width :] = 255 - image[:, image.shape[1] - width :]
    return result


def add_fog(image: Array, seed: int, thickness: float, decay: float) -> Array:
    """Add an eighth of a map of clouds and dim the result, as `RandomFog` does the whole map.

    Args:
        image: Pixels.
        seed: Selects the clouds.
        thickness: How much brighter the clouds are than white.
        decay: Root of how much weaker clouds of half the size are.

    Returns:
        A new image.
    """
    words = np.array([[seed, seed ^ 0x2545F491]], np.int32)
    clouds = plasma(words, np.array([decay]), _MAP, _MAP, np)[0, :28, :28]
    clouds = cv2.resize(clouds, image.shape[1::-1])[..., None]
    values = image / np.float32(255)
    most = values.max()
    return _pixels((values + thickness * clouds) * most / (most + thickness))


def add_dots(image: Array, seed: int) -> Array:
    """Draw a dotted line from side to side.

    Args:
        image: Pixels.
        seed: Selects where it begins and ends.

    Returns:
        A new image.
    """
    first, last = np.floor(27 * _numbers(seed, 2))
    columns, _ = _places(image)
    line = _line(image, (0, first), (27, last))
    line[:, np.floor((columns + 0.5) / 2) % 2 == 0] = 0
    return _added(image, line)


def add_zigzag(image: Array, seed: int) -> Array:
    """Draw a zigzag line from side to side: strokes of 4 to the right, from 2 above to 2 below it.

    Args:
        image: Pixels.
        seed: Selects where it begins, and how far above or below it ends, by 5 at most.

    Returns:
        A new image.
    """
    number = _numbers(seed, 2)
    begin = np.floor(27 * number[0])
    fall = np.floor(10 * number[1]) - 5
    length, angle = np.hypot(23, fall), np.arctan2(fall, 23)
    count = int((length - 2) // 4) + 1
    along = np.array([0, *(4 * np.arange(count) + 2), length])
    beside = np.array([0, *(2 * (-1.0) ** np.arange(count)), 0])
    columns = 2 + np.cos(angle) * along - np.sin(angle) * beside
    rows = begin + np.sin(angle) * along + np.cos(angle) * beside
    for start, end in pairwise(zip(columns, rows, strict=True)):
        image = _added(image, _line(image, start, end))
    return image


def find_edges(image: Array, seed: int) -> Array:
    """Leave the edges of an image, white on black, as Canny finds them.

    Args:
        image: Pixels.
        seed: Not needed: nothing is drawn.

    Returns:
        A new image, the same on all channels.

    Example:
        >>> image = np.zeros((9, 9, 1), np.uint8)
        >>> image[:, 5:] = 200
        >>> np.unique(find_edges(image, 0)).tolist()
        [0, 255]
    """
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if image.shape[2] == 3 else image[..., 0]
    smooth = cv2.GaussianBlur(np.ascontiguousarray(gray), (9, 9), 1)
    edges = cv2.Canny(smooth, 25.5, 51, L2gradient=True)
    return np.repeat(edges[..., None], image.shape[2], axis=2)


def _line(image: Array, start: tuple[float, float], end: tuple[float, float]) -> Array:
    """Give a line of 0 to 1, brightest in its middle, between two points (column, row)."""
    columns, rows = _places(image)
    (left, top), (right, bottom) = start, end
    slope = (bottom - top) / (right - left) if right > left else 0.0
    away = np.abs(rows[:, None] - (slope * (columns[None, :] - left) + top))
    line = np.clip(np.log(np.maximum(1 - away / 2.3, 1e-10)) + 1, 0, 1)
    inside = (columns > np.floor(left) - 0.5) & (columns < np.ceil(right) - 0.5)
    return np.where(inside[None, :], line, 0)


def _places(image: Array) -> tuple[Array, Array]:
    """Give the columns and rows of all pixels in units of a 28th of a side."""
    height, width, _ = image.shape
    columns, rows = ((np.arange(n) + 0.5) * (28 / n) - 0.5 for n in (width, height))
    return columns, rows


def _added(image: Array, white: Array) -> Array:
    return _pixels(image / np.float32(255) + white[..., None])


def _numbers(seed: int, count: int) -> Array:
    return uniforms(seed, np.arange(count))


def _pixels(values: Array) -> Array:
    pixels: Array = np.rint(np.clip(values * 255, 0, 255)).astype(np.uint8)
    return pixels
