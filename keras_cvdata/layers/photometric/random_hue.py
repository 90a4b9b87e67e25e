"""Turn the hues of images."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.layers.forms import KernelLayer, PhotometricOptions, check_colors
from keras_cvdata.layers.uniforms import either_way
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomHue(KernelLayer):
    """Turn the hue of all colours of an image by one angle, with saturation and value of HSV kept.

    Use it sparingly, for lights and cameras that shift colours; a large turn changes what a thing
    is. The executors agree within one level on uint8 and 2e-6 of the value range on floats.
    Source: `keras.layers.RandomHue`.

    Args:
        factor: Range (low, high) of the angle in half turns, or v for (0, v): 1 turns red to cyan.
            From 0 up, the direction is drawn too; a pair whose lower end is negative, -1 to 1, is
            the range of the angle itself: 2/3 turns red to green, -2/3 to blue.
        **options: `value_range`, see `KernelLayer`, and `rate`, `seed`, `data_format` and `name`,
            see `AugmentationLayer`.

    Raises:
        TypeError: The range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range, or the images have no colours.

    Example:
        >>> import numpy as np
        >>> image = np.array([200, 100, 100], "uint8").reshape(1, 1, 1, 3)
        >>> np.asarray(RandomHue((1, 1))(image)).ravel()
        array([100, 200, 200], dtype=uint8)
    """

    num_uniforms = 1
    kernel = "hue"

    def __init__(self, factor: float | Range = 0.1, **options: Unpack[PhotometricOptions]) -> None:
        super().__init__(**options)
        self.factor = interval(
            self._named("factor"), factor, unit="half turns", low=-1, high=1, single="symmetric"
        )

    def check_channels(self, channels: int) -> None:
        """Refuse images without colours."""
        check_colors(self, channels)

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the angle in turns."""
        angle = self.factor.at(u[:, 0])
        if self.factor.low >= 0:
            angle = either_way(self.factor, u[:, 0], xp)
        return {"hue": angle / 2}
