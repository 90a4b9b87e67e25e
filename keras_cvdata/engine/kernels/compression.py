"""JPEG there and back: the codec itself on images, its integer arithmetic on tensors.

The arithmetic is that of libjpeg: colours and transforms in fixed-point numbers, chroma at half
size, and a triangle filter on the way back, so that both forms agree to the last level.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from keras_cvdata.engine.array_api import Parameters, Tensor, to_levels
from keras_cvdata.engine.kernels.base import Pair
from keras_cvdata.engine.output import require
from keras_cvdata.types import Array, Range

# ITU-T T.81, tables K.1 and K.2.
_LUMA = [
    [16, 11, 10, 16, 24, 40, 51, 61],
    [12, 12, 14, 19, 26, 58, 60, 55],
    [14, 13, 16, 24, 40, 57, 69, 56],
    [14, 17, 22, 29, 51, 87, 80, 62],
    [18, 22, 37, 56, 68, 109, 103, 77],
    [24, 35, 55, 64, 81, 104, 113, 92],
    [49, 64, 78, 87, 103, 121, 120, 101],
    [72, 92, 95, 98, 112, 100, 103, 99],
]
_CHROMA = [
    [17, 18, 24, 47, 99, 99, 99, 99],
    [18, 21, 26, 66, 99, 99, 99, 99],
    [24, 26, 56, 99, 99, 99, 99, 99],
    [47, 66, 99, 99, 99, 99, 99, 99],
    *[[99] * 8] * 4,
]

# The cosine transform of 8 values, times 8192 and the square root of 8, as libjpeg adds it up from
# rounded constants: a few entries are 1 away from the rounded cosine. The first of two halves, of
# which the other mirrors it, with the sign changed in every second row.
_HALF = np.array(
    [
        [8192, 8192, 8192, 8192],
        [11363, 9633, 6437, 2260],
        [10703, 4433, -4433, -10703],
        [9633, -2259, -11362, -6436],
        [8192, -8192, -8192, 8192],
        [6437, -11362, 2261, 9633],
        [4433, -10704, 10704, -4433],
        [2260, -6436, 9633, -11363],
    ],
    np.int32,
)
_SIGNS = np.tile([[1], [-1]], (4, 1)).astype(np.int32)
_TRANSFORM = np.concatenate([_HALF, _SIGNS * _HALF[:, ::-1]], axis=1)


def _image(pixels: Array, p: Parameters, span: Range | None) -> Array:
    low, high = require(span)
    levels = pixels
    if pixels.dtype != np.uint8:
        unit = (pixels.astype(np.float32) - np.float32(low)) / np.float32(high - low)
        levels = to_levels(np.clip(unit, 0, 1), 255, np).astype(np.uint8)
    colors = 1 if pixels.shape[2] == 1 else 3
    spoilt = _through_codec(levels[:, :, :colors], int(p["quality"]))
    if spoilt.dtype == pixels.dtype and spoilt.shape == pixels.shape:
        return spoilt
    result = pixels.copy()
    if pixels.dtype == np.uint8:
        result[:, :, :colors] = spoilt
    else:
        result[:, :, :colors] = spoilt * np.float32((high - low) / 255) + np.float32(low)
    return result


def _through_codec(levels: Array, quality: int) -> Array:
    how = [cv2.IMWRITE_JPEG_QUALITY, quality]
    if levels.shape[2] == 1:
        _, data = cv2.imencode(".jpg", levels, how)
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE))[:, :, None]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(levels, cv2.COLOR_RGB2BGR), how)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB))


def _batch(
    pixels: Tensor,
    p: Parameters,
    span: Range | None,
    ops: Any,
) -> Tensor:
    low, high = require(span)
    unit = ops.clip((pixels - low) / (high - low), 0, 1)
    levels = ops.cast(to_levels(unit, 255, ops), "int32")
    luma_table, chroma_table = (_scaled(t, p["quality"], ops) for t in (_LUMA, _CHROMA))
    if pixels.shape[-1] == 1:
        spoilt = _through_blocks(levels[..., 0], luma_table, ops)[..., None]
    else:
        luma, blue, red = _to_luma_chroma(levels)
        luma = _through_blocks(luma, luma_table, ops)
        blue, red = (_through_half(plane, chroma_table, ops) for plane in (blue, red))
        spoilt = _to_colors(luma, blue, red, ops)
    spoilt = ops.cast(spoilt, "float32") * ((high - low) / 255) + low
    return ops.concatenate([spoilt, pixels[..., 3:]], axis=-1)


def _scaled(table: list[list[int]], quality: Tensor, ops: Any) -> Tensor:
    """Quantisation table (B, 8, 8) for a quality of 1 to 100."""
    percent = ops.where(quality < 50, ops.floor_divide(5000, quality), 200 - 2 * quality)
    steps = ops.convert_to_tensor(table, dtype="int32") * percent[:, None, None] + 50
    return ops.clip(ops.floor_divide(steps, 100), 1, 255)


def _to_luma_chroma(levels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    red, green, blue = levels[..., 0], levels[..., 1], levels[..., 2]
    half, middle = 2**15, 128 * 2**16
    luma = (19595 * red + 38470 * green + 7471 * blue + half) // 2**16
    to_blue = (-11059 * red - 21709 * green + 32768 * blue + middle + half - 1) // 2**16
    to_red = (32768 * red - 27439 * green - 5329 * blue + middle + half - 1) // 2**16
    return luma, to_blue, to_red


def _to_colors(luma: Tensor, to_blue: Tensor, to_red: Tensor, ops: Any) -> Tensor:
    to_blue, to_red, half = to_blue - 128, to_red - 128, 2**15
    red = luma + (91881 * to_red + half) // 2**16
    green = luma + (-22554 * to_blue - 46802 * to_red + half) // 2**16
    blue = luma + (116130 * to_blue + half) // 2**16
    return ops.clip(ops.stack([red, green, blue], axis=-1), 0, 255)


def _through_half(plane: Tensor, table: Tensor, ops: Any) -> Tensor:
    """Halve a plane of chroma, lead it through the blocks, and double it."""
    _, height, width = ops.shape(plane)
    wide = (width + 15) // 16 * 16
    plane = _edged(plane, 0, height + height % 2, 1, ops)
    plane = _edged(plane, 0, wide, 2, ops)
    sums = plane[:, ::2, ::2] + plane[:, ::2, 1::2] + plane[:, 1::2, ::2] + plane[:, 1::2, 1::2]
    halved = (sums + 1 + ops.arange(wide // 2, dtype="int32") % 2) // 4
    halved = _through_blocks(halved, table, ops)
    halved = halved[:, :, : (width + 1) // 2]
    doubled = _doubled(_doubled(halved, 1, ops), 2, ops)
    bias = 8 - ops.arange(ops.shape(doubled)[2], dtype="int32") % 2
    return ((doubled + bias) // 16)[:, :height, :width]


def _doubled(plane: Tensor, axis: int, ops: Any) -> Tensor:
    """Double the length of an axis, with values times 4: three parts of the nearer, one beyond."""
    length = ops.shape(plane)[axis]
    laid = _edged(plane, -1, length + 1, axis, ops)
    before, after = (laid[:, :-2], laid[:, 2:]) if axis == 1 else (laid[:, :, :-2], laid[:, :, 2:])
    pairs = ops.stack([3 * plane + before, 3 * plane + after], axis=axis + 1)
    batch, height, width = ops.shape(plane)
    size = (batch, 2 * height, width) if axis == 1 else (batch, height, 2 * width)
    return ops.reshape(pairs, size)


def _through_blocks(plane: Tensor, table: Tensor, ops: Any) -> Tensor:
    """Round the cosine transform of blocks of 8 x 8 to the steps of a table, and take it back."""
    batch, height, width = ops.shape(plane)
    tall, wide = (height + 7) // 8, (width + 7) // 8
    plane = _edged(_edged(plane, 0, tall * 8, 1, ops), 0, wide * 8, 2, ops) - 128
    blocks = ops.reshape(plane, (batch, tall, 8, wide, 8))
    blocks = ops.transpose(blocks, (0, 1, 3, 2, 4))
    forward = ops.convert_to_tensor(_TRANSFORM)
    back = ops.transpose(forward)
    blocks = _down(_across(blocks, forward, 11, ops), forward, 15, ops)
    step = table[:, None, None]
    size = ops.floor_divide(ops.abs(blocks) + 4 * step, 8 * step)
    blocks = ops.sign(blocks) * size * step
    blocks = _across(_down(blocks, back, 11, ops), back, 18, ops)
    blocks = ops.transpose(ops.clip(blocks + 128, 0, 255), (0, 1, 3, 2, 4))
    return ops.reshape(blocks, (batch, tall * 8, wide * 8))[:, :height, :width]


def _across(blocks: Tensor, matrix: Tensor, bits: int, ops: Any) -> Tensor:
    """Transform the rows of blocks, and divide by a power of two."""
    return _rounded(ops.sum(blocks[..., None, :] * matrix, axis=-1), bits, ops)


def _down(blocks: Tensor, matrix: Tensor, bits: int, ops: Any) -> Tensor:
    """Transform the columns of blocks, and divide by a power of two."""
    return _rounded(ops.sum(blocks[..., None, :, :] * matrix[:, :, None], axis=-2), bits, ops)


def _rounded(x: Tensor, bits: int, ops: Any) -> Tensor:
    return ops.right_shift(x + 2 ** (bits - 1), bits)


def _edged(plane: Tensor, start: int, stop: Tensor, axis: int, ops: Any) -> Tensor:
    """Give the indices from `start` to `stop` of an axis, the outermost ones beyond its ends."""
    index = ops.arange(start, stop, dtype="int32")
    return ops.take(plane, ops.clip(index, 0, ops.shape(plane)[axis] - 1), axis=axis)


JPEG = Pair(_image, _batch)
