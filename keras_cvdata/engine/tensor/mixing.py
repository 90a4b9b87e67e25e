"""Mixing of the images of a batch in `keras.ops`."""

from __future__ import annotations

import keras
from keras import ops

from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.tensor import sampling


def mix_images(images: Tensor, p: Parameters) -> Tensor:
    """Mix the images of a batch, like `engine.mixing.mix_images`.

    Args:
        images: (B, height, width, channels) whole numbers or floats.
        p: What a mixer drew, see `engine.mixing.Mixer`.

    Returns:
        A tensor of that shape and dtype.
    """
    partners = ops.take(images, p["partner"], axis=0)
    if "box" in p:
        _, height, width, _ = ops.shape(images)
        rows, columns = sampling.grid(height, width)
        box = tuple(p["box"][:, side][:, None, None] for side in range(4))
        return ops.where(sampling.within(box, rows, columns)[..., None], partners, images)
    dtype = keras.backend.standardize_dtype(images.dtype)
    share = ops.cast(p["share"], "float32")[:, None, None, None]
    mixed = ops.cast(images, "float32") * share + ops.cast(partners, "float32") * (1 - share)
    return ops.cast(mixed if keras.backend.is_float_dtype(dtype) else ops.round(mixed), dtype)
