"""Change how colourful images are."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.colors import towards_gray
from keras_cvdata.layers.forms import ColorLayer, PhotometricOptions
from keras_cvdata.types import Range

_LEAST = 0.01  # of 1 - f, so that f = 1 is no division by zero


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomSaturation(ColorLayer):
    """Move colours away from the grey of equal brightness, or towards it.

    Use it for cameras and lights that show colours paler or stronger. The distance from the grey of
    ITU-R 601 is multiplied by `f / (1 - f)`, at most by 100, with f drawn from `factor`. The unit
    is that of `keras.layers.RandomSaturation`, which multiplies the saturation of HSV and so
    changes brightness too. Sources: `keras.layers.RandomSaturation`, `PIL.ImageEnhance.Color` with
    the gain itself.

    Args:
        factor: Range (low, high) of f, 0 to 1, or v for (0, v): 0.5 changes nothing, 0 leaves grey,
            2/3 doubles the distance from grey.
        **options: `value_range`, see `RangedLayer`, and `rate`, `seed`, `data_format` and `name`,
            see `AugmentationLayer`.

    Raises:
        TypeError: The range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range, or the images have no colours.

    Example:
        >>> import numpy as np
        >>> image = np.array([200, 100, 50], "uint8").reshape(1, 1, 1, 3)
        >>> np.asarray(RandomSaturation((0, 0))(image)).ravel()
        array([124, 124, 124], dtype=uint8)
    """

    num_uniforms = 1

    def __init__(
        self, factor: float | Range = (0.4, 0.6), **options: Unpack[PhotometricOptions]
    ) -> None:
        super().__init__(**options)
        self.factor = interval(
            self._named("factor"), factor, unit="parts of 1", low=0, high=1, single="from zero"
        )

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the gain of the distance from grey."""
        factor = self.factor.at(u[:, 0])
        return {"saturation": factor / xp.maximum(1 - factor, _LEAST)}

    def mix(self, p: Parameters, xp: Any) -> Tensor:
        """Blend with grey."""
        return towards_gray(p["saturation"], xp)
