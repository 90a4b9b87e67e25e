"""What things are drawn on and with; one formula serves both executors."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_cvdata.engine.array_api import Parameters, Tensor, cast
from keras_cvdata.engine.colors import LUMA
from keras_cvdata.engine.kernels.base import formula
from keras_cvdata.engine.kernels.textures import blots
from keras_cvdata.engine.kernels.weather import turned
from keras_cvdata.engine.output import require
from keras_cvdata.types import Array, Range


def _texture(pixels: Tensor, p: Parameters, span: Range | None, xp: Any) -> Tensor:
    low, _ = require(span)
    down, across = turned(pixels, p["degrees"], xp)
    size = p["size"][:, None, None]
    field = blots(p["seed"], down / size, across / (size * p["stretch"][:, None, None]), xp)
    grain = xp.clip(0.5 + field / 3, 0, 1)
    shown = 1 - p["depth"][:, None, None] * grain
    return (pixels - low) * shown[..., None] + low


def _background(pixels: Tensor, p: Parameters, span: Range | None, xp: Any) -> Tensor:
    low, high = require(span)
    is_picture = "picture" in p
    new = _enlarged(p["picture"], pixels, xp) / 255 if is_picture else p["color"][:, None, None, :]
    if pixels.shape[-1] != 3:
        new = _luma(new) if is_picture else new[..., :1]
    new = new * (high - low) + low
    if "ground" in p:
        return pixels + p["ground"][..., None] * (new - pixels)
    border = _border_color(pixels, xp)
    unlike = xp.max(xp.abs(pixels - border), axis=-1, keepdims=True) / (high - low)
    behind = xp.clip(2 - unlike / p["tolerance"][:, None, None, None], 0, 1)
    return pixels + behind * (new - (pixels if is_picture else border))


def _luma(colors: Tensor) -> Tensor:
    red, green, blue = (share * colors[..., i : i + 1] for i, share in enumerate(LUMA))
    return red + green + blue


def _enlarged(pictures: Tensor, pixels: Tensor, xp: Any) -> Tensor:
    """Bring (B, S, S, 3) pictures to the size of images, cut to their aspect, as float32."""
    _, side, _, colors = pictures.shape
    _, height, width, _ = xp.shape(pixels)
    step = side / xp.maximum(cast(height, "float32", xp), cast(width, "float32", xp))
    down, across = (_reading(length, side, step, xp) for length in (height, width))
    if xp is np:  # one picture
        rows = _weighted(down, pictures[0])
        return _weighted(across, rows.transpose(1, 0, 2)).transpose(1, 0, 2)[None]
    rows = xp.reshape(cast(pictures, "float32", xp), (-1, side, side * colors))
    rows = xp.reshape(xp.matmul(down, rows), (-1, height, side, colors))
    columns = xp.matmul(xp.transpose(rows, (0, 1, 3, 2)), xp.transpose(across))
    return xp.transpose(columns, (0, 1, 3, 2))


def _weighted(weights: Array, rows: Array) -> Array:
    """Multiply (length, side) weights, of which each row has a few in a run, by (side, ...)."""
    acting = weights > 0
    count = int(acting.sum(axis=1).max())
    first = np.minimum(acting.argmax(axis=1), weights.shape[1] - count)
    places = first + np.arange(count)[:, None]
    parts = weights[np.arange(len(weights)), places]
    total: Array = sum(
        part[:, None, None] * rows[at] for part, at in zip(parts, places, strict=True)
    )
    return total


def _reading(length: Tensor, side: int, step: Tensor, xp: Any) -> Tensor:
    """Weights (length, side) of what each of `length` pixels, `step` apart, reads of `side`.

    They are triangles as wide as a step, so that what shrinks is averaged.
    """
    index = cast(xp.arange(length), "float32", xp)
    middle = (cast(length, "float32", xp) - 1) / 2
    at = (index - middle) * step + (side - 1) / 2
    away = xp.abs(at[:, None] - cast(xp.arange(side), "float32", xp)) / xp.maximum(step, 1.0)
    weights = xp.maximum(1 - away, 0.0)
    return weights / xp.sum(weights, axis=1, keepdims=True)


def _border_color(pixels: Tensor, xp: Any) -> Tensor:
    """Give the (B, 1, 1, C) mean of the outermost rows and columns."""
    rows = xp.concatenate([pixels[:, :1], pixels[:, -1:]], axis=2)
    columns = xp.concatenate([pixels[:, :, :1], pixels[:, :, -1:]], axis=1)
    upright = xp.transpose(columns, (0, 2, 1, 3))
    return xp.mean(xp.concatenate([rows, upright], axis=2), axis=(1, 2), keepdims=True)


TEXTURE = formula(_texture)
BACKGROUND = formula(_background)
