"""What a pair of kernels is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.output import require
from keras_cvdata.types import Array, Range


class Pair(NamedTuple):
    """One operation in two forms that agree within a tolerance that the layer states.

    Both are pure: they never change what they are given, and values beyond the range are clipped
    by the executor where the range is known.

    Attributes:
        image: `image(pixels, p, span)` on one (height, width, channels) image of uint8, uint16 or
            float32, with the parameters of this image and the lowest and highest value of its
            pixels (`None` for floats of unknown range); returns an image of the same dtype.
        batch: `batch(pixels, p, span, ops)` on (batch, height, width, channels) float32
            tensors, with the parameters of the batch and `keras.ops`; returns a float32 tensor,
            not rounded.
    """

    image: Callable[[Array, Parameters, Range | None], Array]
    batch: Callable[[Tensor, Parameters, Range | None, Any], Tensor]


def formula(function: Callable[[Tensor, Parameters, Range | None, Any], Tensor]) -> Pair:
    """Make a pair of one function that NumPy and tensors both can run.

    Where there are four channels, the last stays, which says how opaque pixels are.

    Args:
        function: `function(pixels, p, span, xp)`, like `Pair.batch`, where `xp` is `numpy` or
            `keras.ops`.

    Returns:
        The pair.
    """

    def batch(pixels: Tensor, p: Parameters, span: Range | None, xp: Any) -> Tensor:
        if pixels.shape[-1] != 4:
            return function(pixels, p, span, xp)
        colors = function(pixels[..., :3], p, span, xp)
        return xp.concatenate([colors, pixels[..., 3:]], axis=-1)

    def image(pixels: Array, p: Parameters, span: Range | None) -> Array:
        own = {name: np.asarray(value)[None] for name, value in p.items()}
        values: Array = batch(pixels.astype(np.float32)[None], own, span, np)[0]
        if pixels.dtype.kind == "u":
            values = np.rint(np.clip(values, *require(span)))
        return values.astype(pixels.dtype, copy=False)

    return Pair(image, batch)
