"""The mean of an image and of what a zoom makes of it while the shutter is open."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from keras_cvdata.engine.array_api import Parameters, Tensor, cast
from keras_cvdata.engine.kernels.base import Pair
from keras_cvdata.types import Array, Range


def _zoom_image(pixels: Array, p: Parameters, span: Range | None) -> Array:
    height, width, channels = pixels.shape
    x, y = (width - 1) / 2, (height - 1) / 2
    planes = [np.ascontiguousarray(pixels[..., i], np.float32) for i in range(channels)]
    result = np.stack(planes, axis=-1)
    for scale in p["scales"].tolist():
        matrix = np.array([[scale, 0, x - scale * x], [0, scale, y - scale * y]])
        for i, plane in enumerate(planes):
            result[..., i] += cv2.warpAffine(
                plane,
                matrix,
                (width, height),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            )
    result *= np.float32(1 / (len(p["scales"]) + 1))
    if pixels.dtype.kind == "u":
        np.rint(result, out=result)
    return result.astype(pixels.dtype, copy=False)


def _zoom_batch(
    pixels: Tensor,
    p: Parameters,
    span: Range | None,
    ops: Any,
) -> Tensor:
    total = ops.transpose(pixels, (0, 2, 1, 3))
    count = p["scales"].shape[1]
    for number in range(count):
        scale = p["scales"][:, number]
        tall = _stretched(pixels, scale, ops)
        total = total + _stretched(ops.transpose(tall, (0, 2, 1, 3)), scale, ops)
    return ops.transpose(total, (0, 2, 1, 3)) * (1 / (count + 1))


def _stretched(pixels: Tensor, scale: Tensor, ops: Any) -> Tensor:
    """Read rows of a batch nearer to its middle, between two of them."""
    batch, length, *_ = ops.shape(pixels)
    middle = (cast(length, "float32", ops) - 1) / 2
    place = cast(ops.arange(length), "float32", ops)[None, :] - middle
    place = place * scale[:, None] + middle
    first = ops.floor(place)
    share = (place - first)[:, :, None, None]
    flat = ops.reshape(pixels, (-1, *ops.shape(pixels)[2:]))
    image = ops.arange(batch, dtype="int32")[:, None] * length
    near = image + ops.clip(cast(first, "int32", ops), 0, length - 1)
    far = image + ops.clip(cast(first, "int32", ops) + 1, 0, length - 1)
    return ops.take(flat, near, axis=0) * (1 - share) + ops.take(flat, far, axis=0) * share


ZOOM_BLUR = Pair(_zoom_image, _zoom_batch)
