"""What light and weather lay over an image; one formula serves both executors."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_cvdata.engine.array_api import Parameters, Tensor, cast
from keras_cvdata.engine.kernels.base import formula
from keras_cvdata.engine.kernels.textures import blots, plasma
from keras_cvdata.engine.output import require
from keras_cvdata.types import Range

_LUMA = (0.299, 0.587, 0.114)
_WATER = (175 / 255, 238 / 255, 238 / 255)
_MUD = (63 / 255, 42 / 255, 20 / 255)
_ICE = (0.85, 0.94, 1.0)


def _shadow(pixels: Tensor, p: Parameters, span: Range | None, xp: Any) -> Tensor:
    low, _ = require(span)
    _, across = turned(pixels, -p["degrees"], xp)
    *_, shorter = _from_centre(pixels, xp)
    beside = xp.abs(across / shorter - p["place"][:, None, None])
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


def _snow(pixels: Tensor, p: Parameters, span: Range | None, xp: Any) -> Tensor:
    low, high = require(span)
    unit = (pixels - low) / (high - low)
    if pixels.shape[-1] == 3:
        gray = sum(unit[..., i : i + 1] * weight for i, weight in enumerate(_LUMA))
    else:
        gray = unit
    whiter = xp.maximum(unit, 1.5 * gray + 0.5)
    down, across = turned(pixels, p["degrees"], xp)
    length, size = p["length"][:, None, None], p["size"][:, None, None]
    flakes = _above(blots(p["seed"], across / size, down / length, xp), p["limit"], 0.5, xp)
    flakes = (flakes + xp.flip(flakes, axis=(1, 2))) * p["brightness"][:, None, None]
    unit = unit + p["whiteness"][:, None, None, None] * (whiter - unit) + flakes[..., None]
    return unit * (high - low) + low


def _spatter(pixels: Tensor, p: Parameters, span: Range | None, xp: Any) -> Tensor:
    low, high = require(span)
    unit = (pixels - low) / (high - low)
    down, across = turned(pixels, p["size"] * 0, xp)
    size = p["size"][:, None, None]
    field = blots(p["seed"], down / size, across / size, xp)
    cover = _above(field, p["limit"], 0.3, xp) * p["opacity"][:, None, None]
    rim = 1 - 0.7 * _above(field, p["limit"], 1.5, xp)
    water, mud = (_painted(color, pixels.shape[-1], xp) for color in (_WATER, _MUD))
    wet = unit + (cover * rim)[..., None] * water
    dirty = unit + cover[..., None] * (mud - unit)
    return xp.where(p["mud"][:, None, None, None], dirty, wet) * (high - low) + low


def _frost(pixels: Tensor, p: Parameters, span: Range | None, xp: Any) -> Tensor:
    low, high = require(span)
    needles, size = 0.0, p["size"][:, None, None]
    for turn, part in ((0.0, 1.0), (60.0, 0.5)):
        down, across = turned(pixels, p["degrees"] + turn, xp)
        field = blots(p["seed"], down / (3 * part * size), across / (part * size), xp)
        needles = xp.maximum(needles, xp.maximum(1 - 1.5 * xp.abs(field), 0.0))
    down, across = turned(pixels, p["degrees"] + 110.0, xp)
    clouds = xp.clip(0.5 + blots(p["seed"], down / (4 * size), across / (4 * size), xp) / 4, 0, 1)
    ice = (0.5 * clouds + 0.5 * needles)[..., None] * _painted(_ICE, pixels.shape[-1], xp)
    keep, amount = (p[name][:, None, None, None] for name in ("keep", "amount"))
    return (pixels - low) * keep + amount * (high - low) * ice + low


def _above(field: Tensor, limit: Tensor, softness: float, xp: Any) -> Tensor:
    """Rise from 0 to 1 where a field exceeds its limit by up to `softness`."""
    return xp.clip((field - limit[:, None, None]) / softness, 0, 1)


def _painted(color: tuple[float, float, float], channels: int, xp: Any) -> Tensor:
    """Give a colour to images of three channels, and its brightness to others."""
    gray = sum(part * weight for part, weight in zip(color, _LUMA, strict=True))
    return xp.array(color if channels == 3 else (gray,), dtype="float32")


def turned(pixels: Tensor, degrees: Tensor, xp: Any) -> tuple[Tensor, Tensor]:
    """Places of all pixels from the centre, in a frame that is turned.

    Args:
        pixels: (B, height, width, C).
        degrees: (B,) by how much, counter-clockwise.
        xp: `numpy` or `keras.ops`.

    Returns:
        (B, height, width) down and across in pixels, float32.
    """
    down, across, _ = _from_centre(pixels, xp)
    angle = degrees[:, None, None] * np.float32(np.pi / 180)
    cosine, sine = xp.cos(angle), xp.sin(angle)
    return cosine * down + sine * across, cosine * across - sine * down


def _from_centre(pixels: Tensor, xp: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Places of all pixels down and across from the centre, and the shorter side, in pixels."""
    _, height, width, _ = xp.shape(pixels)
    rows, columns = (cast(xp.arange(side), "float32", xp) for side in (height, width))
    height, width = cast(height, "float32", xp), cast(width, "float32", xp)
    down, across = rows - (height - 1) / 2, columns - (width - 1) / 2
    return down[None, :, None], across[None, None, :], xp.minimum(height, width)


SHADOW = formula(_shadow)
FOG = formula(_fog)
SNOW = formula(_snow)
SPATTER = formula(_spatter)
FROST = formula(_frost)
