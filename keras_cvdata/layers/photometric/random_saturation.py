"""Change how colourful images are."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.colors import towards_gray
from keras_cvdata.layers.forms import ColorLayer, PhotometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomSaturation(ColorLayer):
    """Move colours away from the grey of equal brightness, or towards it.

    Use it for cameras and lights that show colours paler or stronger. The grey is that of ITU-R
    601, as in `PIL.ImageEnhance.Color`. Source: `torchvision.transforms.v2.ColorJitter`.

    Args:
        factor: Range (low, high) of the change, -1 and up, or v of 0 to 1 for (-v, v): 0 changes
            nothing, -1 leaves grey, 1 doubles the distance from grey.
        **options: `value_range`, see `RangedLayer`, and `rate`, `seed`, `data_format` and `name`,
            see `AugmentationLayer`.

    Raises:
        TypeError: The range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range, or the images have no colours.

    Example:
        >>> import numpy as np
        >>> image = np.array([200, 100, 50], "uint8").reshape(1, 1, 1, 3)
        >>> np.asarray(RandomSaturation((-1, -1))(image)).ravel()
        array([124, 124, 124], dtype=uint8)
    """

    num_uniforms = 1

    def __init__(self, factor: float | Range = 0.3, **options: Unpack[PhotometricOptions]) -> None:
        super().__init__(**options)
        self.factor = interval(
            self._named("factor"), factor, unit="times", low=-1, high=100, single="symmetric"
        )

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the gain of the distance from grey."""
        return {"saturation": 1 + self.factor.at(u[:, 0])}

    def mix(self, p: Parameters, xp: Any) -> Tensor:
        """Blend with grey."""
        return towards_gray(p["saturation"], xp)
