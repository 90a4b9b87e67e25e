"""Sharpening by the distance from a 3 x 3 mean, in which the pixel itself counts five times."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.kernels.base import Pair
from keras_cvdata.types import Array, Range


def sharpen(pixels: Array, p: Parameters, span: Range | None) -> Array:
    """Sharpen one image; see `Pair.image`.

    Args:
        pixels: (height, width, channels) image.
        p: `sharpness`, share of the distance that is added.
        span: Not needed.

    Returns:
        An image of the same dtype, whose outermost pixels are as they were.
    """
    share = float(p["sharpness"])
    weights = np.full((3, 3), -share / 13, np.float32)
    weights[1, 1] = 1 + share * 8 / 13
    result: Array = cv2.filter2D(pixels, -1, weights).reshape(pixels.shape)
    for border in ([0, -1], np.s_[:, [0, -1]]):
        result[border] = pixels[border]
    return result


def sharpen_all(pixels: Tensor, p: Parameters, span: Range | None, ops: Any) -> Tensor:
    """Sharpen a batch; see `Pair.batch`.

    Args:
        pixels: (batch, height, width, channels) float32.
        p: `sharpness`, (batch,).
        span: Not needed.
        ops: `keras.ops`.

    Returns:
        A tensor of the same shape.
    """
    _, height, width, _ = ops.shape(pixels)
    padded = ops.pad(pixels, [[0, 0], [1, 1], [1, 1], [0, 0]])
    columns = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    around = columns[:, :, :-2] + columns[:, :, 1:-1] + columns[:, :, 2:]
    added = (pixels * 9 - around) / 13 * p["sharpness"][:, None, None, None]
    row, column = ops.arange(height)[:, None], ops.arange(width)[None, :]
    inner = (row > 0) & (row < height - 1) & (column > 0) & (column < width - 1)
    return pixels + ops.where(inner[None, :, :, None], added, 0.0)


SHARPNESS = Pair(sharpen, sharpen_all)
