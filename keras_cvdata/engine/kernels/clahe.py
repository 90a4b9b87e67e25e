"""Contrast limited adaptive histogram equalization on tiles, as `cv2.createCLAHE` does it.

Brightness is counted on 256 levels for all dtypes. Images of 3 and 4 channels are equalized by
their brightness (ITU-R BT.601), and all colours move by as much, which keeps their differences.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from keras_cvdata.engine.array_api import Parameters, Tensor, cast
from keras_cvdata.engine.kernels.base import Pair
from keras_cvdata.engine.output import require
from keras_cvdata.types import Array, Range

# OpenCV's whole numbers for brightness, in parts of 2 ** 15; their sums are exact in float32.
_RED, _GREEN, _BLUE = 9798, 19235, 3735


def _levels(pixels: Tensor, span: Range | None, xp: Any) -> tuple[Tensor, int]:
    """Levels 0 to 255 of what is equalized, float32, and how many channels move with them."""
    low, high = require(span)
    scaled = (pixels - low) * (255 / (high - low))
    colors = 3 if pixels.shape[-1] in (3, 4) else 0
    if colors:
        red, green, blue = (scaled[..., i] for i in range(3))
        weighted = red * _RED + green * _GREEN + blue * _BLUE
        scaled = (weighted / (_RED + _GREEN + _BLUE))[..., None]
    return xp.clip(xp.floor(scaled + 0.5), 0, 255), colors


def equalize_tiles(pixels: Array, p: Parameters, span: Range | None) -> Array:
    """Equalize one image; see `Pair.image`.

    Args:
        pixels: (height, width, channels) image.
        p: `clip_limit`, (rows, columns), one number for all tiles.
        span: Lowest and highest value.

    Returns:
        An image of the same dtype.
    """
    down, across = p["clip_limit"].shape
    equalize = cv2.createCLAHE(float(p["clip_limit"].flat[0]), (across, down)).apply
    if pixels.dtype != np.uint8:
        return _equalize_deep(pixels, equalize, span)
    if pixels.shape[2] not in (3, 4):
        return np.dstack([equalize(np.ascontiguousarray(x)) for x in np.moveaxis(pixels, 2, 0)])
    clear = pixels.shape[2] - 3
    before = cv2.cvtColor(pixels, cv2.COLOR_RGBA2GRAY if clear else cv2.COLOR_RGB2GRAY)
    after = equalize(before)
    raised, lowered = (
        cv2.merge([x] * 3 + [np.zeros_like(x)] * clear)
        for x in (cv2.subtract(after, before), cv2.subtract(before, after))
    )
    return cv2.subtract(cv2.add(pixels, raised), lowered)


def _equalize_deep(pixels: Array, equalize: Any, span: Range | None) -> Array:
    levels, colors = _levels(pixels.astype(np.float32), span, np)
    after = [equalize(np.ascontiguousarray(x, np.uint8)) for x in np.moveaxis(levels, 2, 0)]
    low, high = require(span)
    moved = (np.stack(after, axis=2) - levels) * np.float32((high - low) / 255)
    result = pixels.astype(np.float32)
    result[..., : colors or None] += moved
    if pixels.dtype == np.uint16:
        return np.rint(np.clip(result, low, high)).astype(np.uint16)
    return result


def equalize_tiles_of_all(
    pixels: Tensor,
    p: Parameters,
    span: Range | None,
    ops: Any,
) -> Tensor:
    """Equalize a batch; see `Pair.batch`.

    Args:
        pixels: (batch, height, width, channels) float32.
        p: `clip_limit`, (batch, rows, columns), one number for all tiles of an image.
        span: Lowest and highest value.
        ops: `keras.ops`.

    Returns:
        A tensor of the same shape.
    """
    levels, colors = _levels(pixels, span, ops)
    batch, height, width, planes = ops.shape(levels)
    flat = ops.reshape(ops.transpose(levels, (0, 3, 1, 2)), (batch * planes, height, width))
    flat = _equalized(flat, ops.repeat(p["clip_limit"], planes, axis=0), ops)
    after = ops.transpose(ops.reshape(flat, (batch, planes, height, width)), (0, 2, 3, 1))
    low, high = require(span)
    moved = (after - levels) * ((high - low) / 255)
    if not colors:
        return pixels + moved
    return ops.concatenate([pixels[..., :3] + moved, pixels[..., 3:]], axis=-1)


def _equalized(levels: Tensor, limit: Tensor, ops: Any) -> Tensor:
    """Equalize (planes, height, width) levels; the limits say how many tiles there are."""
    planes, height, width = ops.shape(levels)
    tiles = limit.shape[1:]
    whole = ops.cast(levels, "int32")
    first = ops.arange(planes, dtype="int32")[:, None, None] * (tiles[0] * tiles[1])
    # As OpenCV does, both sides grow as soon as one of them is no multiple, by a whole tile even.
    uneven = -(-(height % tiles[0] + width % tiles[1]) // sum(tiles))
    tall, wide = (
        (x + uneven * (n - x % n)) // n for x, n in zip((height, width), tiles, strict=True)
    )
    tile, grown = _tiled(whole, tiles, tall, wide, ops)
    counts = ops.segment_sum(
        ops.reshape(ops.ones_like(grown), (-1,)),
        ops.reshape((first + tile) * 256 + grown, (-1,)),
        planes * (tiles[0] * tiles[1] * 256),
    )
    counts = ops.reshape(counts, (planes, tiles[0] * tiles[1], 256))
    tables = ops.reshape(_tables(counts, limit[:, 0, 0], tall * wide, ops), (-1,))
    above, below, down = _neighbours(height, tall, tiles[0], ops)
    left, right, across = _neighbours(width, wide, tiles[1], ops)

    def read(row: Tensor, column: Tensor) -> Tensor:
        place = first + row[None, :, None] * tiles[1] + column[None, None, :]
        return ops.take(tables, place * 256 + whole, axis=0)

    down, across = down[None, :, None], across[None, None, :]
    upper = read(above, left) * (1 - across) + read(above, right) * across
    lower = read(below, left) * (1 - across) + read(below, right) * across
    return ops.round(upper * (1 - down) + lower * down)


def _tiled(
    whole: Tensor, tiles: Sequence[int], tall: Tensor, wide: Tensor, ops: Any
) -> tuple[Tensor, Tensor]:
    """Number of the tile of each pixel, and the levels, grown to whole tiles."""
    _, height, width = ops.shape(whole)
    rows, columns = (
        ops.arange(side * n, dtype="int32") for side, n in zip((tall, wide), tiles, strict=True)
    )
    grown = ops.take(whole, _mirrored(rows, height, ops), axis=1)
    grown = ops.take(grown, _mirrored(columns, width, ops), axis=2)
    return (rows // tall * tiles[1])[None, :, None] + (columns // wide)[None, None, :], grown


def _mirrored(index: Tensor, length: Tensor, ops: Any) -> Tensor:
    """Lead indices beyond the last back from it, without reading it twice."""
    index = ops.mod(index, ops.maximum(2 * length - 2, 1))
    return ops.minimum(index, 2 * length - 2 - index)


def _neighbours(
    length: Tensor, side: Tensor, tiles: int, ops: Any
) -> tuple[Tensor, Tensor, Tensor]:
    """Tiles on both sides of every pixel, and how near it is to the second."""
    at = cast(ops.arange(length), "float32", ops) * (1 / _real(side, ops)) - 0.5
    before = ops.floor(at)
    tile = ops.cast(before, "int32")
    return ops.maximum(tile, 0), ops.minimum(tile + 1, tiles - 1), at - before


def _real(number: Tensor, ops: Any) -> Tensor:
    """A number of pixels as a float; in a graph of TensorFlow it may be a tensor."""
    return float(number) if isinstance(number, int) else ops.cast(number, "float32")


def _tables(counts: Tensor, limit: Tensor, pixels: Tensor, ops: Any) -> Tensor:
    """Turn (planes, tiles, 256) counts into levels, with what exceeds the limit spread evenly."""
    area = _real(pixels, ops)
    most = ops.maximum(ops.cast(ops.floor(limit * (area / 256)), "int32"), 1)[:, None, None]
    excess = ops.sum(ops.maximum(counts - most, 0), axis=2, keepdims=True)
    rest = excess % 256
    level = ops.arange(256, dtype="int32")
    stride = ops.maximum(256 // ops.maximum(rest, 1), 1)
    given = (level % stride == 0) & (level // stride < rest)
    counts = ops.minimum(counts, most) + excess // 256 + ops.cast(given, "int32")
    until = ops.cast(ops.cumsum(counts, axis=2), "float32")
    return ops.clip(ops.round(until * (255 / area)), 0, 255)


CLAHE = Pair(equalize_tiles, equalize_tiles_of_all)
