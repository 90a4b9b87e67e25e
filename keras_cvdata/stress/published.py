"""Perturbations by the formulas of ImageNet-C that no layer has: uint8 images in and out.

Each takes an image (height, width, channels), a seed and constants; a fourth channel, which says
how opaque pixels are, stays as it is. Source: Hendrycks and Dietterich 2019, "Benchmarking neural
network robustness to common corruptions and perturbations".
"""

from __future__ import annotations

import cv2
import numpy as np

from keras_cvdata.stateless_random import uniforms
from keras_cvdata.types import Array

_AFFINE, _ACROSS, _DOWN, _ANGLE = range(4)  # what the numbers of one seed are for


def lower_contrast(image: Array, seed: int, gain: float) -> Array:
    """Multiply the distance of every value from the mean of its channel: `mean + gain (v - mean)`.

    Args:
        image: Pixels.
        seed: Not needed: nothing is drawn.
        gain: 0 to 1.

    Returns:
        A new image.

    Example:
        >>> lower_contrast(np.array([[[0], [200]]], np.uint8), 0, 0.5).ravel().tolist()
        [50, 150]
    """
    values = image.astype(np.float32)
    mean = values.mean(axis=(0, 1), keepdims=True)
    return _like(mean + gain * (values - mean), image)


def brighten(image: Array, seed: int, offset: float) -> Array:
    """Raise the value of HSV, which is the brightest channel, with hue and saturation kept.

    Args:
        image: Pixels.
        seed: Not needed: nothing is drawn.
        offset: In whites, 0 to 1.

    Returns:
        A new image; black becomes grey.

    Example:
        >>> brighten(np.array([[[100, 50, 0]]], np.uint8), 0, 0.2).ravel().tolist()
        [151, 76, 0]
    """
    values = image.astype(np.float32)
    brightest = _colors(values).max(axis=2, keepdims=True)
    raised = np.minimum(brightest + 255 * offset, 255)
    gain = raised / np.maximum(brightest, 1)
    return _like(np.where(brightest > 0, values * gain, raised), image)


def saturate(image: Array, seed: int, gain: float, offset: float) -> Array:
    """Change the saturation of HSV to `gain * saturation + offset`, with hue and value kept.

    Args:
        image: Pixels; images without colours stay as they are.
        seed: Not needed: nothing is drawn.
        gain: 0 and up.
        offset: 0 to 1; pixels without a colour become reddish by it.

    Returns:
        A new image.

    Example:
        >>> saturate(np.array([[[200, 100, 150]]], np.uint8), 0, 0.5, 0.0).ravel().tolist()
        [200, 150, 175]
    """
    if image.shape[2] not in (3, 4):
        return image
    values = image[..., :3].astype(np.float32)
    brightest = values.max(axis=2, keepdims=True)
    away = brightest - values
    most = away.max(axis=2, keepdims=True)
    away = np.where(most > 0, away / np.maximum(most, 1), np.array([0, 1, 1], np.float32))
    saturation = np.clip(gain * most / np.maximum(brightest, 1) + offset, 0, 1)
    return _like(brightest * (1 - saturation * away), image)


def pixelate(image: Array, seed: int, share: float) -> Array:
    """Shrink an image to a share of its sides, and enlarge it again to blocks of equal pixels.

    Args:
        image: Pixels.
        seed: Not needed: nothing is drawn.
        share: Of each side that is left, above 0 to 1.

    Returns:
        A new image.

    Example:
        >>> pixelate(np.array([[[0], [10], [40], [60]]] * 2, np.uint8), 0, 0.5)[0].ravel().tolist()
        [5, 5, 50, 50]
    """
    values = image.astype(np.float32)
    for axis in (0, 1):
        length = values.shape[axis]
        count = max(int(length * share), 1)
        centre, half = (np.arange(count) + 0.5) * (length / count), length / count / 2
        ends = np.stack([np.floor(centre - half + 0.5), np.floor(centre + half + 0.5)]).astype(int)
        first, last = np.clip(ends, 0, length)
        added = np.cumsum(values, axis=axis, dtype=np.float64)
        added = np.insert(added, 0, 0, axis=axis)
        shape = [1, 1, 1]
        shape[axis] = count
        means = added.take(last, axis=axis) - added.take(first, axis=axis)
        means = np.rint(means / (last - first).reshape(shape))
        block = ((np.arange(length) + 0.5) * (count / length)).astype(int)
        values = means.take(block, axis=axis).astype(np.float32)
    return _like(values, image)


def blur_motion(image: Array, seed: int, radius: float, sigma: float) -> Array:
    """Blur to one side along a line, at an angle of at most 45 degrees from the horizontal.

    A neighbour on the line weighs by a Gaussian of its distance; the border is repeated.

    Args:
        image: Pixels.
        seed: Selects the angle.
        radius: Half the length of the line in pixels.
        sigma: Standard deviation of the Gaussian in pixels.

    Returns:
        A new image, whose things have moved along the line.

    Example:
        >>> image = np.zeros((3, 3, 1), np.uint8)
        >>> image[:, 2] = 255
        >>> blur_motion(image, 7, 2, 2)[1, :, 0].tolist()
        [92, 169, 255]
    """
    angle = np.deg2rad(90 * _number(seed, _ANGLE, 0) - 45)
    steps = np.arange(2 * int(np.ceil(radius)) + 1)
    weights = np.exp(-((steps / sigma) ** 2) / 2)
    across, down = (
        np.ceil(steps * part - 0.5).astype(int) for part in (np.cos(angle), np.sin(angle))
    )
    reach = int(np.abs(down).max())
    kernel = np.zeros((2 * reach + 1, int(across.max()) + 1), np.float32)
    np.add.at(kernel, (down + reach, across), weights / weights.sum())
    blurred = cv2.filter2D(
        image, -1, kernel, anchor=(0, reach), borderType=cv2.BORDER_REPLICATE
    ).reshape(image.shape)
    return _like(blurred, image)


def bend(image: Array, seed: int, shift: float, sigma: float, corner: float) -> Array:
    """Move three points of an image at random, then bend it by a blurred random field.

    The points are the corners of a square of two thirds of the side; beyond its border the image
    is mirrored.

    Args:
        image: Pixels.
        seed: Selects the moves.
        shift: By what random numbers of -1 to 1 are multiplied after they were blurred, in pixels.
        sigma: Standard deviation of the Gaussian that blurs them, in pixels.
        corner: How far each point moves at most, across and down, in pixels.

    Returns:
        A new image.

    Example:
        >>> bend(np.full((8, 8, 1), 90, np.uint8), 7, 12, 2, 1).max()
        np.uint8(90)
    """
    height, width, channels = image.shape
    middle, third = np.array([width // 2, height // 2]), min(height, width) // 3
    points = (middle + third * np.array([[1, 1], [1, -1], [-1, -1]])).astype(np.float32)
    moves = 2 * uniforms(seed, _AFFINE, np.arange(6)).reshape(3, 2) - 1
    moved = (points + corner * moves).astype(np.float32)
    planes = [np.ascontiguousarray(image[..., i], np.float32) for i in range(channels)]
    matrix = cv2.getAffineTransform(points, moved)
    columns, rows = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in (width, height)))
    across = columns + shift * _field(seed, _ACROSS, height, width, sigma)
    down = rows + shift * _field(seed, _DOWN, height, width, sigma)
    result = np.empty_like(image)
    for i, plane in enumerate(planes):
        turned = cv2.warpAffine(plane, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101)
        bent = cv2.remap(turned, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        result[..., i] = np.rint(bent)
    return result


def _field(seed: int, purpose: int, height: int, width: int, sigma: float) -> Array:
    """Blur random numbers of -1 to 1 by a Gaussian that is cut after 3 sigmas."""
    numbers = uniforms(seed, purpose, np.arange(height * width)).reshape(height, width)
    size = 2 * int(3 * sigma + 0.5) + 1
    field = (2 * numbers - 1).astype(np.float32)
    return cv2.GaussianBlur(field, (size, size), sigma, borderType=cv2.BORDER_REFLECT)


def _number(seed: int, purpose: int, place: int) -> float:
    return float(uniforms(seed, purpose, place)[0])


def _colors(values: Array) -> Array:
    return values[..., :3] if values.shape[2] == 4 else values


def _like(values: Array, image: Array) -> Array:
    """Round to uint8, with the fourth channel of the image."""
    result = image.copy()
    colors = _colors(result)
    colors[...] = np.rint(np.clip(_colors(values), 0, 255))
    return result
