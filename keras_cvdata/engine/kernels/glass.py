"""What is seen through frosted glass: every pixel comes from somewhere near."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.kernels.base import Pair
from keras_cvdata.engine.kernels.blur import GAUSSIAN_BLUR
from keras_cvdata.engine.kernels.hashing import words, words_batch
from keras_cvdata.types import Array, Range


def _glass_image(pixels: Array, p: Parameters, span: Range | None) -> Array:
    height, width, _ = pixels.shape
    rounds, reach = len(p["rounds"]), int(p["reach"])
    blurred = GAUSSIAN_BLUR.image(pixels, p, span)
    random = words(rounds * height * width, p["seed"]).view("<u2").astype(np.int32)
    moves = (random * (2 * reach + 1) >> 16) - reach
    across, down = np.moveaxis(moves.reshape(rounds, height, width, 2).sum(axis=0), -1, 0)
    rows = np.clip(down + np.arange(height)[:, None], 0, height - 1)
    columns = np.clip(across + np.arange(width), 0, width - 1)
    return GAUSSIAN_BLUR.image(blurred[rows, columns], p, span)


def _glass_batch(
    pixels: Tensor,
    p: Parameters,
    span: Range | None,
    ops: Any,
) -> Tensor:
    batch, height, width, channels = ops.shape(pixels)
    rounds, reach = p["rounds"].shape[1], p["reach"][:, None, None, None]
    blurred = GAUSSIAN_BLUR.batch(pixels, p, span, ops)
    random = words_batch(rounds * height * width, p["seed"], ops)
    random = ops.reshape(random, (-1, rounds, height, width))
    across, down = (
        ops.sum(ops.right_shift(half * (2 * reach + 1), 16) - reach, axis=1)
        for half in (
            ops.bitwise_and(random, 0xFFFF),
            ops.bitwise_and(ops.right_shift(random, 16), 0xFFFF),
        )
    )
    rows = ops.clip(down + ops.arange(height, dtype="int32")[None, :, None], 0, height - 1)
    columns = ops.clip(across + ops.arange(width, dtype="int32"), 0, width - 1)
    image = ops.arange(batch, dtype="int32")[:, None, None]
    flat = ops.reshape(blurred, (-1, channels))
    moved = ops.take(flat, (image * height + rows) * width + columns, axis=0)
    return GAUSSIAN_BLUR.batch(moved, p, span, ops)


GLASS_BLUR = Pair(_glass_image, _glass_batch)
