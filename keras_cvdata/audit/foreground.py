"""Where the object is in a thumbnail, and what it looks like: pure functions of pixels.

All of it is an estimate: the object is what differs most from the colours along the border, near
the middle of the picture. That holds for a thing before a calm background, and fails where the
object reaches the border on most sides or has its colours. `Foreground.contrast` tells how far to
believe it.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from keras_cvdata.types import Array

COLORS = (
    *("unclear", "black", "grey", "white", "brown", "red"),
    *("orange", "yellow", "green", "blue", "purple", "pink"),
)
# First hue of each colour, in half degrees as OpenCV counts them; red is at both ends.
_HUES = {0: "red", 8: "orange", 20: "yellow", 33: "green", 85: "blue", 130: "purple", 155: "pink"}
_HUE_ENDS = 172

SIDE = 32  # pixels of the thumbnails
_RING = 3  # pixels of the border
_PATCHES = 4  # parts of each side of the border, each of one mean colour
_ROW, _COLUMN = np.mgrid[0:SIDE, 0:SIDE] - (SIDE - 1) / 2
_NEAR_MIDDLE = np.exp(-(_ROW**2 + _COLUMN**2) / (2 * 11.0**2)).astype(np.float32)


class Foreground(NamedTuple):
    """The object of one picture.

    Attributes:
        mask: (32, 32) bool; at least one pixel is True.
        contrast: By how much the object is further from the colours of the border than the rest
            of the picture is, in levels of 255 of L*a*b*. Below about 15 the object is a guess.
    """

    mask: Array
    contrast: float


class Placing(NamedTuple):
    """How the object lies in the picture.

    Attributes:
        scale: Square root of the part of the picture that it covers, 0 to 1.
        x: Column of its centre, as a part of the width.
        y: Row of its centre, as a part of the height.
        angle: Direction of its longer axis in degrees clockwise from the rows, -90 to 90.
        elongation: Longer axis as a multiple of the shorter, from 1; the angle of a round object
            says nothing.
    """

    scale: float
    x: float
    y: float
    angle: float
    elongation: float


def find_foreground(small: Array) -> Foreground:
    """Find the object by its distance from the colours of the border.

    Each side of the border gives four mean colours. A pixel counts by its distance from the third
    nearest of these sixteen, so that an object may touch the border in two of them, weighted
    towards the middle; Otsu's threshold and the heaviest connected part make the mask.

    Args:
        small: (32, 32, 3) uint8 RGB.

    Returns:
        The object.

    Example:
        >>> picture = np.full((32, 32, 3), 200, np.uint8)
        >>> picture[10:20, 12:22] = 30, 90, 30
        >>> foreground = find_foreground(picture)
        >>> int(foreground.mask.sum()), foreground.contrast > 100
        (100, True)
    """
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    distance = _third_least_distance(lab.reshape(-1, 3), _border_colors(lab)).reshape(SIDE, SIDE)
    weight = cv2.GaussianBlur(distance, (3, 3), 0) * _NEAR_MIDDLE
    levels = cv2.convertScaleAbs(weight, alpha=255 / max(float(weight.max()), 1e-6))
    _, mask = cv2.threshold(levels, 0, 1, cv2.THRESH_OTSU)
    number, parts = cv2.connectedComponents(mask, connectivity=4)
    if number == 1:
        return Foreground(np.ones((SIDE, SIDE), bool), 0.0)
    weights = np.bincount(parts.ravel(), weight.ravel(), number)
    found = parts == 1 + int(np.argmax(weights[1:]))
    rest = distance[~found]
    outside = float(rest.mean()) if rest.size else 0.0
    return Foreground(found, float(distance[found].mean()) - outside)


def _border_colors(lab: Array) -> Array:
    """Mean colours of the patches along the border, (16, 3)."""
    columns = cv2.resize(lab, (_PATCHES, SIDE), interpolation=cv2.INTER_AREA)
    rows = cv2.resize(lab, (SIDE, _PATCHES), interpolation=cv2.INTER_AREA)
    sides = (columns[:_RING].mean(axis=0), columns[-_RING:].mean(axis=0))
    return np.concatenate([*sides, rows[:, :_RING].mean(axis=1), rows[:, -_RING:].mean(axis=1)])


def _third_least_distance(points: Array, colors: Array) -> Array:
    """Distance of each of (M, 3) points from the third nearest of (K, 3) colours, (M,)."""
    # |p - c|^2 without |p|^2, which does not change the order; three minima cost half a partition.
    parts = -2 * (colors @ points.T) + np.einsum("kc,kc->k", colors, colors)[:, None]
    first, second, third = np.full((3, len(points)), np.inf, np.float32)
    for part in parts:
        third = np.minimum(third, np.maximum(second, part))
        second = np.minimum(second, np.maximum(first, part))
        first = np.minimum(first, part)
    squares = third + np.einsum("mc,mc->m", points, points)
    distances: Array = np.sqrt(squares.clip(min=0))
    return distances


def placing(mask: Array, aspect: float = 1.0) -> Placing:
    """Say how large the object is, where, and how it is turned, by the moments of its mask.

    Args:
        mask: (H, W) bool with at least one True.
        aspect: Width of the picture as a multiple of its height, where the mask is squeezed.

    Returns:
        Scale, centre, angle and elongation.

    Example:
        >>> mask = np.zeros((32, 32), bool)
        >>> mask[4:28, 14:18] = True
        >>> scale, x, y, angle, elongation = placing(mask)
        >>> round(scale, 2), x, y, abs(angle), round(elongation)
        (0.31, 0.5, 0.5, 90.0, 6)
    """
    moments = cv2.moments(mask.astype(np.uint8), binaryImage=True)
    area = moments["m00"]
    wide = (moments["mu20"] / area + 1 / 12) * aspect**2  # 1/12: variance inside a pixel
    high = moments["mu02"] / area + 1 / 12
    across = moments["mu11"] / area * aspect
    radius = np.hypot(wide - high, 2 * across)
    elongation = np.sqrt((wide + high + radius) / (wide + high - radius))
    height, width = mask.shape
    x, y = (moments["m10"] / area + 0.5) / width, (moments["m01"] / area + 0.5) / height
    angle = np.degrees(np.arctan2(2 * across, wide - high)) / 2
    return Placing(float(np.sqrt(area / mask.size)), x, y, float(angle), float(elongation))


def outline(mask: Array) -> int:
    """Shape of an object whatever its size and place: its bounding box as 8 by 8 bits.

    Args:
        mask: (H, W) bool with at least one True.

    Returns:
        64 bits, each True where most of its cell is object.
    """
    left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
    inside = mask[top : top + height, left : left + width].astype(np.float32)
    cells = cv2.resize(inside, (8, 8), interpolation=cv2.INTER_AREA) > 0.5
    return int.from_bytes(np.packbits(cells).tobytes(), "little")


def _hue_table() -> Array:
    table = np.full(256, COLORS.index("red"), np.uint8)
    for first, name in _HUES.items():
        table[first:_HUE_ENDS] = COLORS.index(name)
    return table


_NAME_OF_HUE = _hue_table()
_BROWN, _PINK, _BLACK, _GREY, _WHITE, _RED, _ORANGE = (
    COLORS.index(name) for name in ("brown", "pink", "black", "grey", "white", "red", "orange")
)


def name_colors(pixels: Array) -> Array:
    """Name the colour of each pixel by hue, saturation and value.

    The eleven names are the basic colour terms of English (Berlin and Kay, 1969).

    Args:
        pixels: (M, 3) uint8 RGB.

    Returns:
        (M,) uint8, places in `COLORS`, from 1.

    Example:
        >>> found = name_colors(np.array([[220, 30, 20], [90, 50, 20], [240, 240, 240]], np.uint8))
        >>> [COLORS[place] for place in found]
        ['red', 'brown', 'white']
    """
    hue, saturation, value = cv2.cvtColor(pixels[None], cv2.COLOR_RGB2HSV)[0].T
    names: Array = _NAME_OF_HUE[hue]
    names[(names == _ORANGE) & (value < 150)] = _BROWN
    names[(names == _RED) & (saturation < 130) & (value > 150)] = _PINK
    pale = saturation < 45
    names[pale] = np.where(value[pale] < 180, _GREY, _WHITE)
    names[value < 50] = _BLACK
    return names


def main_color(pixels: Array) -> tuple[int, float]:
    """Colour that most pixels of an object have.

    Args:
        pixels: (M, 3) uint8 RGB.

    Returns:
        Its place in `COLORS`, and the share of the pixels that have it.
    """
    counts = np.bincount(name_colors(pixels), minlength=len(COLORS))
    most = int(counts.argmax())
    return most, float(counts[most] / counts.sum())
