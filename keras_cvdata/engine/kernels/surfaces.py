"""What things are drawn on and with; one formula serves both executors."""

from __future__ import annotations

from typing import Any

from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.kernels.base import formula
from keras_cvdata.engine.kernels.textures import blots
from keras_cvdata.engine.kernels.weather import turned
from keras_cvdata.engine.output import require
from keras_cvdata.types import Range


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
    border = _border_color(pixels, xp)
    unlike = xp.max(xp.abs(pixels - border), axis=-1, keepdims=True) / (high - low)
    tolerance = p["tolerance"][:, None, None, None]
    behind = xp.clip(2 - unlike / tolerance, 0, 1)
    color = p["color"][:, None, None, :] * (high - low) + low
    if pixels.shape[-1] != 3:
        color = color[..., :1]
    return pixels + behind * (color - border)


def _border_color(pixels: Tensor, xp: Any) -> Tensor:
    """Give the (B, 1, 1, C) mean of the outermost rows and columns."""
    rows = xp.concatenate([pixels[:, :1], pixels[:, -1:]], axis=2)
    columns = xp.concatenate([pixels[:, :, :1], pixels[:, :, -1:]], axis=1)
    upright = xp.transpose(columns, (0, 2, 1, 3))
    return xp.mean(xp.concatenate([rows, upright], axis=2), axis=(1, 2), keepdims=True)


TEXTURE = formula(_texture)
BACKGROUND = formula(_background)
