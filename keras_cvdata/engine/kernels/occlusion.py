"""What hides parts of an image: blocks, one rectangle, a grid of squares."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.kernels.base import Pair
from keras_cvdata.engine.kernels.hashing import halves, halves_batch
from keras_cvdata.types import Array, Range


def _pixelate_image(pixels: Array, p: Parameters, span: Range | None) -> Array:
    side = int(p["side"])
    if side == 1:
        return pixels
    height, width, channels = pixels.shape
    tall, wide = -(-height // side), -(-width // side)
    means = np.empty((tall, wide, channels), pixels.dtype)
    for row in _whole_and_rest(height, side):
        for column in _whole_and_rest(width, side):
            part = pixels[row, column]
            size = -(-part.shape[1] // side), -(-part.shape[0] // side)
            place = slice(row.start // side, row.start // side + size[1])
            across = slice(column.start // side, column.start // side + size[0])
            mean = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
            means[place, across] = mean.reshape(size[1], size[0], channels)
    whole = (wide * side, tall * side)
    blocks = cv2.resize(means, whole, interpolation=cv2.INTER_NEAREST)
    return blocks.reshape(tall * side, wide * side, channels)[:height, :width]


def _whole_and_rest(length: int, side: int) -> list[slice]:
    """Cut an axis into the part that whole blocks fill and the rest."""
    whole = length - length % side
    return [part for part in (slice(0, whole), slice(whole, length)) if part.stop > part.start]


def _pixelate_batch(
    pixels: Tensor,
    p: Parameters,
    span: Range | None,
    ops: Any,
) -> Tensor:
    batch, height, width, channels = ops.shape(pixels)
    side = p["side"][:, None, None]
    rows, columns = ops.arange(height, dtype="int32"), ops.arange(width, dtype="int32")
    image = ops.arange(batch, dtype="int32")[:, None, None]
    number = (image * height + ops.floor_divide(rows[None, :, None], side)) * width
    number = ops.reshape(number + ops.floor_divide(columns[None, None, :], side), (-1,))
    flat = ops.reshape(pixels, (-1, channels))
    flat = ops.concatenate([flat, ops.ones_like(flat[:, :1])], axis=1)
    sums = ops.take(ops.segment_sum(flat, number, batch * height * width), number, axis=0)
    return ops.reshape(sums[:, :-1] / sums[:, -1:], ops.shape(pixels))


def _erase_image(pixels: Array, p: Parameters, span: Range | None) -> Array:
    low, high = span or (0.0, 1.0)
    top, left, bottom, right = p["rectangle"].tolist()
    size = bottom - top, right - left, pixels.shape[2]
    result = pixels.copy()
    if "fill" in p:
        fill = low + p["fill"] * (high - low)
    else:
        noise = halves(int(np.prod(size)), p["seed"]).reshape(size)
        fill = noise * np.float32((high - low) / 65535) + np.float32(low)
    if pixels.dtype.kind == "u":
        fill = np.rint(fill)
    result[top:bottom, left:right] = fill
    return result


def _erase_batch(
    pixels: Tensor,
    p: Parameters,
    span: Range | None,
    ops: Any,
) -> Tensor:
    low, high = span or (0.0, 1.0)
    batch, height, width, channels = ops.shape(pixels)
    top, left, bottom, right = (p["rectangle"][:, i][:, None, None] for i in range(4))
    row = ops.arange(height, dtype="int32")[None, :, None] - top
    column = ops.arange(width, dtype="int32")[None, None, :] - left
    wide = right - left
    inside = ops.logical_and(
        ops.logical_and(row >= 0, row < bottom - top), ops.logical_and(column >= 0, column < wide)
    )[..., None]
    if "fill" in p:
        return ops.where(inside, _in_units(p["fill"], low, high), pixels)
    number = (row * wide + column)[..., None] * channels + ops.arange(channels, dtype="int32")
    number = ops.reshape(ops.where(inside, number, 0), (batch, -1))
    noise = halves_batch(height * width * channels, p["seed"], ops)
    noise = ops.reshape(ops.take_along_axis(noise, number, axis=1), ops.shape(pixels))
    noise = ops.cast(noise, "float32") * ((high - low) / 65535) + low
    return ops.where(inside, noise, pixels)


def _grid_image(pixels: Array, p: Parameters, span: Range | None) -> Array:
    low, high = span or (0.0, 1.0)
    unit, covered, top, left = (int(p[name]) for name in ("unit", "covered", "top", "left"))
    height, width, channels = pixels.shape
    rows = (np.arange(height) - top) % unit < covered
    columns = (np.arange(width) - left) % unit < covered
    fill = low + float(p["fill"]) * (high - low)
    if pixels.dtype.kind == "u":
        fill = np.rint(fill)
    kept = np.where(np.logical_and.outer(rows, columns), np.uint8(0), np.uint8(255))
    result = np.full_like(pixels, fill)
    return cv2.copyTo(pixels, kept, result).reshape(height, width, channels)


def _grid_batch(
    pixels: Tensor,
    p: Parameters,
    span: Range | None,
    ops: Any,
) -> Tensor:
    low, high = span or (0.0, 1.0)
    _, height, width, _ = ops.shape(pixels)
    unit, covered = p["unit"][:, None], p["covered"][:, None]
    rows = ops.arange(height, dtype="int32")[None, :] - p["top"][:, None]
    columns = ops.arange(width, dtype="int32")[None, :] - p["left"][:, None]
    rows, columns = ops.mod(rows, unit) < covered, ops.mod(columns, unit) < covered
    hidden = ops.logical_and(rows[:, :, None], columns[:, None, :])[..., None]
    return ops.where(hidden, _in_units(p["fill"], low, high), pixels)


def _in_units(fill: Tensor, low: float, high: float) -> Tensor:
    """Turn (B,) values of 0 to 1 into those of the pixels."""
    return (low + fill * (high - low))[:, None, None, None]


PIXELATE = Pair(_pixelate_image, _pixelate_batch)
ERASING = Pair(_erase_image, _erase_batch)
GRID_MASK = Pair(_grid_image, _grid_batch)
