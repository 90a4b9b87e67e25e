"""Change contrast about the mean of each image."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.layers.forms import HistogramLayer, PhotometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomContrast(HistogramLayer):
    """Multiply the distance of every value from the mean of its channel: `mean + c (x - mean)`.

    Use it for scenes in haze and in hard light. Unlike `RandomLighting` it keeps the mean. Unlike
    `keras.layers.RandomContrast`, one number means both less and more contrast. Sources: R71,
    `keras.layers.RandomContrast`.

    Args:
        factor: Range (low, high) of the change, -1 and up, or v of 0 to 1 for (-v, v): 0 changes
            nothing, -1 leaves even grey, 1 doubles the contrast.
        **options: `value_range`, see `RangedLayer`, and `rate`, `seed`, `data_format` and `name`,
            see `AugmentationLayer`.

    Raises:
        TypeError: The range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.array([100, 140], "uint8").reshape(1, 1, 2, 1)
        >>> np.asarray(RandomContrast((0.5, 0.5))(image)).ravel()
        array([ 90, 150], dtype=uint8)
    """

    num_uniforms = 1
    kernel = "contrast"
    undone_by_samplewise = True

    def __init__(self, factor: float | Range = 0.2, **options: Unpack[PhotometricOptions]) -> None:
        super().__init__(**options)
        self.factor = interval(
            self._named("factor"), factor, unit="times", low=-1, high=100, single="symmetric"
        )

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the gain."""
        return {"contrast": 1 + self.factor.at(u[:, 0])}
