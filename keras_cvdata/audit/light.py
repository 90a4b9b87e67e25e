"""What light a picture was taken in, by its pixels: an estimate."""

from __future__ import annotations

import cv2
import numpy as np

from keras_cvdata.types import Array

LIGHTINGS = ("natural day", "natural dusk", "indoor well-lit", "indoor dimmed")

_NEARLY_GREY = np.float32(0.35)  # saturation up to which a pixel shows the colour of the light
_ENOUGH_GREY = 0.05  # share of such pixels that is needed
_COLORED = 1.0  # mean difference of red, green and blue in levels, below which a picture is grey


def warmth(small: Array) -> float:
    """Colour of the light, by the pixels that are nearly grey.

    Args:
        small: (H, W, 3) uint8 RGB.

    Returns:
        Red as a multiple of blue; 0 where too few pixels are nearly grey, or the picture has no
        colours at all.

    Example:
        >>> warmth(np.full((32, 32, 3), (200, 180, 160), np.uint8))
        1.25
    """
    red, green, blue = cv2.split(small)
    high, low = cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)
    spread = high - low
    if spread.mean() < _COLORED:
        return 0.0
    # Neither noise in the dark nor what is cut off at white tells a colour.
    told = (spread <= _NEARLY_GREY * high) & (high > 40) & (low < 250)
    if np.count_nonzero(told) < _ENOUGH_GREY * told.size:
        return 0.0
    means = cv2.mean(small, mask=told.view(np.uint8))
    return means[0] / means[2]


def lighting_of(brightness: Array, warmth: Array, dim: float, warm: float) -> Array:
    """Put pictures into `LIGHTINGS`.

    Args:
        brightness: (N,) level, 0 to 1, where the brightest tenth begins.
        warmth: (N,) red as a multiple of blue, 0 where unknown.
        dim: Brightness below which a picture is dim.
        warm: Warmth above which the light is that of lamps.

    Returns:
        (N,) int64 places in `LIGHTINGS`, -1 where the colour of the light is unknown.

    Example:
        >>> lighting_of(np.array([0.9, 0.2, 0.9]), np.array([1.0, 1.5, 0.0]), 0.5, 1.25)
        array([ 0,  3, -1])
    """
    places: Array = np.where(warmth > 0, 2 * (warmth > warm) + (brightness < dim), -1)
    return places.astype(np.int64)
