"""What light and weather lay over an image; one formula serves both executors."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_cvdata.engine.array_api import Parameters, Tensor, cast
from keras_cvdata.engine.kernels.base import formula
from keras_cvdata.engine.kernels.textures import plasma
from keras_cvdata.engine.output import require
from keras_cvdata.types import Range


def _shadow(pixels: Tensor, p: Parameters, span: Range | None, xp: Any) -> Tensor:
    low, _ = require(span)
    down, across = centred(pixels, xp)
    angle = p["degrees"][:, None, None] * (np.pi / 180)
    beside = xp.abs(xp.cos(angle) * across + xp.sin(angle) * down - p["place"][:, None, None])
    inside = p["width"][:, None, None] / 2 - beside
    cover = xp.clip(inside / p["softness"][:, None, None] + 0.5, 0, 1)
    light = 1 - p["darkness"][:, None, None] * cover
    return (pixels - low) * light[..., None] + low


def _fog(pixels: Tensor, p: Parameters, span: Range | None, xp: Any) -> Tensor:
    low, high = require(span)
    _, height, width, _ = xp.shape(pixels)
    thickness = p["thickness"][:, None, None, None]
    clouds = plasma(p["seed"], p["decay"], height, width, xp)[..., None]
    brightest = (xp.max(pixels, axis=(1, 2, 3), keepdims=True) - low) / (high - low)
    shown = brightest / xp.maximum(brightest + thickness, 1e-6)
    return (pixels - low + thickness * (high - low) * clouds) * shown + low


def centred(pixels: Tensor, xp: Any) -> tuple[Tensor, Tensor]:
    """Places of all pixels from the centre, in units of the shorter side.

    Args:
        pixels: (B, height, width, C).
        xp: `numpy` or `keras.ops`.

    Returns:
        (1, height, 1) down and (1, 1, width) across, float32.
    """
    _, height, width, _ = xp.shape(pixels)
    shorter = cast(xp.minimum(height, width), "float32", xp)
    rows, columns = (cast(xp.arange(side), "float32", xp) for side in (height, width))
    down = (rows - (cast(height, "float32", xp) - 1) / 2) / shorter
    across = (columns - (cast(width, "float32", xp) - 1) / 2) / shorter
    return down[None, :, None], across[None, None, :]


SHADOW = formula(_shadow)
FOG = formula(_fog)
