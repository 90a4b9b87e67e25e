"""Spread the values of images evenly."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.layers.forms import HistogramLayer, PhotometricOptions


@keras.saving.register_keras_serializable(package="keras_cvdata")
class Equalization(HistogramLayer):
    """Give each value of a channel the share of pixels that are darker.

    Use it to prepare images whose values crowd in a part of the range. It acts outside training
    too, unless it has a `rate` below 1, which makes it an augmentation. On uint8 it equals
    `PIL.ImageOps.equalize`, which leaves a channel as it is that has fewer than 255 pixels below
    its brightest value. Other depths are counted on 256 levels and read from the same table along
    straight lines. Sources: `keras.layers.Equalization`,
    `PIL.ImageOps.equalize`.

    Args:
        bins: 256, the only number: values are counted on the levels of uint8.
        **options: `value_range`, see `RangedLayer`, and `rate`, `seed`, `data_format` and `name`,
            see `AugmentationLayer`.

    Raises:
        TypeError: A keyword is not known.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.repeat(np.array([10, 11, 12, 13], "uint8"), 255).reshape(1, 30, 34, 1)
        >>> np.unique(np.asarray(Equalization()(image)))
        array([  0,  85, 170, 255], dtype=uint8)
    """

    kernel = "equalize"

    def __init__(self, *, bins: int = 256, **options: Unpack[PhotometricOptions]) -> None:
        super().__init__(**options)
        if bins != 256:
            raise ValueError(
                f"{self._named('bins')} must be 256, the levels of uint8, on which the values of "
                f"all dtypes are counted; got {bins!r}. Fewer would only coarsen the result."
            )
        self.bins = 256

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw nothing: the image says all."""
        return {}
