"""Stretch the values of images over the whole range."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.layers.forms import HistogramLayer, PhotometricOptions


@keras.saving.register_keras_serializable(package="keras_cvdata")
class AutoContrast(HistogramLayer):
    """Stretch each channel from black to white: `(x - min) / (max - min)`.

    Use it to prepare images that were taken in haze or with little light. It acts outside training
    too, unless it has a `rate` below 1, which makes it an augmentation. A channel of one value
    stays. Results are rounded, so that they lie up to one level above those of
    `PIL.ImageOps.autocontrast`, which cuts them down. Sources: `keras.layers.AutoContrast`,
    `PIL.ImageOps.autocontrast`.

    Args:
        **options: `value_range`, see `RangedLayer`, and `rate`, `seed`, `data_format` and `name`,
            see `AugmentationLayer`.

    Raises:
        TypeError: A keyword is not known.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.array([100, 120, 140], "uint8").reshape(1, 1, 3, 1)
        >>> np.asarray(AutoContrast()(image)).ravel()
        array([  0, 128, 255], dtype=uint8)
    """

    kernel = "stretch"
    undone_by_samplewise = True

    def __init__(self, **options: Unpack[PhotometricOptions]) -> None:
        super().__init__(**options)

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw nothing: the image says all."""
        return {}
