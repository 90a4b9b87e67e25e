"""Weighted means of neighbouring pixels; beyond the border the image is mirrored (b a | a b)."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from keras_cvdata.engine.array_api import Parameters, Tensor, cast
from keras_cvdata.engine.kernels.base import Pair
from keras_cvdata.types import Array, Range


def gaussian_weights(sigma: Tensor, largest: float, xp: Any) -> Tensor:
    """Weigh the neighbours on one side by a Gaussian, cut after 4 sigmas.

    Args:
        sigma: (B,) standard deviations in pixels, 0 and up.
        largest: The largest that may come, which decides how many weights there are.
        xp: `numpy` or `keras.ops`.

    Returns:
        (B, n) weights of the pixel itself and those at distances 1, 2, ...

    Example:
        >>> gaussian_weights(np.array([0.5]), 0.5, np).round(3).tolist()
        [[0.787, 0.106, 0.0]]
    """
    away = cast(xp.arange(int(4 * largest + 0.5) + 1), "float32", xp)[None, :]
    wide = xp.maximum(sigma, 0.05)[:, None]  # below it the neighbours count nothing
    weights = xp.where(away <= 4 * wide + 0.5, xp.exp(-0.5 * (away / wide) ** 2), 0.0)
    return weights / (2 * xp.sum(weights, axis=1, keepdims=True) - weights[:, :1])


def line_weights(length: Tensor, degrees: Tensor, largest: float, xp: Any) -> Tensor:
    """Draw lines through the centre of a square: 1 minus the distance from the line, at least 0.

    Args:
        length: (B,) pixels, 1 and up; the line joins the centres of its first and last pixel.
        degrees: (B,) directions, counter-clockwise from the right.
        largest: The greatest length that may come, which decides the size of the square.
        xp: `numpy` or `keras.ops`.

    Returns:
        (B, n, n) weights that add up to 1.

    Example:
        >>> line_weights(np.array([3.0]), np.array([0.0]), 3.0, np).round(3).tolist()
        [[[0.0, 0.0, 0.0], [0.333, 0.333, 0.333], [0.0, 0.0, 0.0]]]
    """
    reach = int(np.ceil((largest - 1) / 2))
    at = cast(xp.arange(-reach, reach + 1), "float32", xp)
    angle = degrees[:, None, None] * (np.pi / 180)
    cosine, sine = xp.cos(angle), xp.sin(angle)
    along = at[None, None, :] * cosine - at[None, :, None] * sine
    across = at[None, None, :] * sine + at[None, :, None] * cosine
    beyond = xp.maximum(xp.abs(along) - (length[:, None, None] - 1) / 2, 0.0)
    weights = xp.maximum(1 - xp.sqrt(beyond * beyond + across * across), 0.0)
    return weights / xp.sum(weights, axis=(1, 2), keepdims=True)


def disc_weights(radius: Tensor, softness: Tensor, largest: float, xp: Any) -> Tensor:
    """Draw discs of the pixels whose centres lie within a radius, softened by a Gaussian.

    Args:
        radius: (B,) pixels, 0 and up.
        softness: (B,) standard deviations of a Gaussian over 3 x 3 pixels, 0 for none.
        largest: The greatest radius that may come, which decides the size of the square.
        xp: `numpy` or `keras.ops`.

    Returns:
        (B, n, n) weights that add up to 1.

    Example:
        >>> disc_weights(np.array([1.0]), np.array([0.0]), 1.0, np)[0, 2].round(3).tolist()
        [0.0, 0.2, 0.2, 0.2, 0.0]
    """
    reach = int(largest) + 1
    at = cast(xp.arange(-reach, reach + 1), "float32", xp)
    beside = xp.exp(-0.5 / xp.maximum(softness, 0.05) ** 2)[:, None, None]
    limit = radius[:, None, None] ** 2
    total = 0.0
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            away = (at[:, None] + down) ** 2 + (at[None, :] + across) ** 2
            total = total + beside ** (down * down + across * across) * xp.where(
                away[None] <= limit, 1.0, 0.0
            )
    return total / xp.sum(total, axis=(1, 2), keepdims=True)


def _gaussian_image(pixels: Array, p: Parameters, span: Range | None) -> Array:
    half = p["weights"][: np.count_nonzero(p["weights"])]
    weights = np.concatenate([half[:0:-1], half])
    blurred = cv2.sepFilter2D(pixels, -1, weights, weights, borderType=cv2.BORDER_REFLECT)
    return blurred.reshape(pixels.shape)


def _gaussian_batch(
    pixels: Tensor,
    p: Parameters,
    span: Range | None,
    ops: Any,
) -> Tensor:
    reach = p["weights"].shape[1] - 1
    for axis in (1, 2):
        length = ops.shape(pixels)[axis]
        laid = mirrored(pixels, reach, axis, ops)
        total = 0.0
        for away in range(reach + 1):
            near = _both_sides(laid, reach, away, length, axis)
            total = total + p["weights"][:, away][:, None, None, None] * near
        pixels = total
    return pixels


def _filter_image(pixels: Array, p: Parameters, span: Range | None) -> Array:
    weights = p["weights"]
    while len(weights) > 1 and not weights[[0, -1]].any() and not weights[:, [0, -1]].any():
        weights = weights[1:-1, 1:-1]
    blurred = cv2.filter2D(pixels, -1, weights, borderType=cv2.BORDER_REFLECT)
    return blurred.reshape(pixels.shape)


def _line_batch(
    pixels: Tensor,
    p: Parameters,
    span: Range | None,
    ops: Any,
) -> Tensor:
    size = p["weights"].shape[1]
    _, height, width, _ = ops.shape(pixels)
    laid = mirrored(mirrored(pixels, size // 2, 1, ops), size // 2, 2, ops)
    total = 0.0
    for row in range(size):
        line = shifted(laid, row, height, 1)
        for column in range(size):
            weight = p["weights"][:, row, column][:, None, None, None]
            total = total + weight * shifted(line, column, width, 2)
    return total


def _disc_batch(
    pixels: Tensor,
    p: Parameters,
    span: Range | None,
    ops: Any,
) -> Tensor:
    """Add up what lies mirrored about the centre before it is weighed: a quarter of the work."""
    reach = p["weights"].shape[1] // 2
    _, height, width, _ = ops.shape(pixels)
    laid = mirrored(mirrored(pixels, reach, 1, ops), reach, 2, ops)
    total = 0.0
    for down in range(reach + 1):
        line = _both_sides(laid, reach, down, height, 1)
        for across in range(reach + 1):
            if max(down - 1, 0) ** 2 + max(across - 1, 0) ** 2 >= reach**2:
                continue  # beyond the greatest disc
            weight = p["weights"][:, reach + down, reach + across][:, None, None, None]
            total = total + weight * _both_sides(line, reach, across, width, 2)
    return total


def _both_sides(laid: Tensor, reach: int, away: int, length: Tensor, axis: int) -> Tensor:
    near = shifted(laid, reach + away, length, axis)
    return near + shifted(laid, reach - away, length, axis) if away else near


def mirrored(pixels: Tensor, reach: int, axis: int, ops: Any) -> Tensor:
    """Lay a mirrored border before and behind the image.

    Args:
        pixels: (B, height, width, C).
        reach: How many pixels wide, as many as may be.
        axis: 1 for rows, 2 for columns.
        ops: `keras.ops`.

    Returns:
        A batch that is larger by 2 `reach` along the axis.
    """
    length = ops.shape(pixels)[axis]
    index = ops.mod(ops.arange(-reach, length + reach, dtype="int32"), 2 * length)
    index = ops.where(index < length, index, 2 * length - 1 - index)
    return ops.take(pixels, index, axis=axis)


def shifted(laid: Tensor, start: int, length: Tensor, axis: int) -> Tensor:
    """Take `length` rows (axis 1) or columns (axis 2) from `start` on."""
    return laid[:, start : start + length] if axis == 1 else laid[:, :, start : start + length]


GAUSSIAN_BLUR = Pair(_gaussian_image, _gaussian_batch)
MOTION_BLUR = Pair(_filter_image, _line_batch)
DEFOCUS_BLUR = Pair(_filter_image, _disc_batch)
