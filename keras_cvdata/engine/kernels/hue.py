"""Turning the hue of colours, by HSV in floats on both executors."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.kernels.base import Pair
from keras_cvdata.engine.output import require
from keras_cvdata.types import Array, Range


def turn_hue(pixels: Array, p: Parameters, span: Range | None) -> Array:
    """Turn the hue of one image; see `Pair.image`.

    Args:
        pixels: (height, width, 3 or 4) image; a fourth channel stays.
        p: `hue`, turns.
        span: Lowest and highest value.

    Returns:
        An image of the same dtype.
    """
    low, high = require(span)
    colors: Array = pixels[..., :3].astype(np.float32)
    if pixels.dtype == np.float32:
        colors = (colors - np.float32(low)) / np.float32(high - low)
    hsv = cv2.cvtColor(colors, cv2.COLOR_RGB2HSV)
    cv2.add(hsv, np.array([float(p["hue"]) % 1 * 360, 0, 0, 0]), dst=hsv)
    colors = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB, dst=colors)
    if pixels.dtype == np.float32:
        colors = colors * np.float32(high - low) + np.float32(low)
    elif pixels.dtype == np.uint8:
        colors = cv2.convertScaleAbs(colors)
    else:
        colors = np.rint(colors).astype(pixels.dtype)
    return colors if pixels.shape[2] == 3 else np.dstack([colors, pixels[..., 3:]])


def turn_hues(pixels: Tensor, p: Parameters, span: Range | None, ops: Any) -> Tensor:
    """Turn the hues of a batch; see `Pair.batch`.

    Args:
        pixels: (batch, height, width, 3 or 4) float32; a fourth channel stays.
        p: `hue`, (batch,) turns.
        span: Lowest and highest value.
        ops: `keras.ops`.

    Returns:
        A tensor of the same shape.
    """
    low, high = require(span)
    red, green, blue = ((pixels[..., i] - low) / (high - low) for i in range(3))
    value = ops.maximum(ops.maximum(red, green), blue)
    chroma = value - ops.minimum(ops.minimum(red, green), blue)
    per = 1 / ops.where(chroma > 0, chroma, 1.0)
    sixth = ops.where(
        red >= value,
        (green - blue) * per,
        ops.where(green >= value, (blue - red) * per + 2, (red - green) * per + 4),
    )
    sixth = sixth + p["hue"][:, None, None] * 6
    # Red, green and blue lie 5, 3 and 1 sixths before the places where they begin to fall.
    ways = (ops.mod(sixth + ahead, 6.0) for ahead in (5, 3, 1))
    turned = [value - chroma * ops.clip(ops.minimum(way, 4 - way), 0, 1) for way in ways]
    colors = ops.stack(turned, axis=-1) * (high - low) + low
    return ops.concatenate([colors, pixels[..., 3:]], axis=-1)


HUE = Pair(turn_hue, turn_hues)
