"""Water and mud on the lens, by the formulas of ImageNet-C: uint8 images in and out.

Noise is a tuple (blur, mean, standard deviation, limit): normally distributed numbers, blurred by a
Gaussian of that many points, cut off below the limit. It is drawn on a square of so many points and
stretched over the image. Source: Hendrycks and Dietterich 2019, "Benchmarking neural network
robustness to common corruptions and perturbations".
"""

from __future__ import annotations

import cv2
import numpy as np

from keras_cvdata.engine.kernels.hashing import normals
from keras_cvdata.stateless_random import uniforms
from keras_cvdata.types import Array

Noise = tuple[float, float, float, float]
Color = tuple[int, int, int]

_WATER = (175, 238, 238)
_LIGHT_FROM_THE_CORNER = np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]])


def spatter_water(image: Array, seed: int, noise: Noise, opacity: float, points: int) -> Array:
    """Add drops of turquoise that shine at their edges.

    Args:
        image: (height, width, channels) pixels.
        seed: Selects the drops.
        noise: Of the drops.
        opacity: Of the brightest drop, 0 to 1.
        points: Sides of the square on which they are drawn.

    Returns:
        A new image.

    Example:
        >>> image = np.zeros((32, 32, 1), np.uint8)
        >>> int(spatter_water(image, 7, (2, 0.65, 0.3, 0.68), 0.5, 32).max()) > 60
        True
    """
    drops = np.clip(_liquid(seed, noise, points) * 255, 0, 255).astype(np.uint8)
    away = cv2.distanceTransform(255 - cv2.Canny(drops, 50, 150), cv2.DIST_L2, 5)
    near = cv2.equalizeHist(cv2.blur(np.minimum(away, 20), (3, 3)).astype(np.uint8))
    shine = cv2.filter2D(near, cv2.CV_8U, _LIGHT_FROM_THE_CORNER)
    wet = drops * cv2.blur(shine, (3, 3)).astype(np.float32)
    wet *= opacity / max(float(wet.max()), 1.0)
    return _laid(image, wet, _WATER, hides=0.0)


def spatter_mud(
    image: Array, seed: int, noise: Noise, soft: float, color: Color, points: int
) -> Array:
    """Hide parts of an image behind mud.

    Args:
        image: (height, width, channels) pixels.
        seed: Selects the mud.
        noise: Of the mud.
        soft: Standard deviation of the Gaussian that softens its edge, in points; what it covers by
            less than 0.8 stays clear.
        color: Red, green and blue of the mud.
        points: Sides of the square on which it is drawn.

    Returns:
        A new image.

    Example:
        >>> image = np.full((32, 32, 1), 200, np.uint8)
        >>> int(spatter_mud(image, 7, (1, 0.65, 0.3, 0.65), 0.5, (63, 63, 63), 32).min())
        63
    """
    cover = _blurred((_liquid(seed, noise, points) > 0).astype(np.float32), soft)
    cover[cover < 0.8] = 0
    return _laid(image, cover, color, hides=1.0)


def _liquid(seed: int, noise: Noise, points: int) -> Array:
    blur, mean, stddev, limit = noise
    table = normals()
    numbers = uniforms(seed, np.arange(points * points)).reshape(points, points)
    field = _blurred(mean + stddev * table[(numbers * len(table)).astype(int)], blur)
    return np.where(field > limit, field, 0)


def _blurred(field: Array, sigma: float) -> Array:
    size = 2 * int(4 * sigma + 0.5) + 1
    return cv2.GaussianBlur(field, (size, size), sigma, borderType=cv2.BORDER_REPLICATE)


def _laid(image: Array, cover: Array, color: Color, hides: float) -> Array:
    """Add a colour where there is a cover; images without colours get its brightness."""
    colors = min(image.shape[2], 3)
    paint = np.array(color, np.float32)
    if colors < 3:
        paint = paint @ np.array([0.299, 0.587, 0.114], np.float32)
    share = cv2.resize(cover, image.shape[1::-1])[..., None]
    values = image[..., :colors] * (1 - hides * share) + share * paint
    result = image.copy()
    result[..., :colors] = np.rint(np.clip(values, 0, 255))
    return result
