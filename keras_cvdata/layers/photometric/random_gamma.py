"""Change the brightness of middle tones."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.layers.forms import PhotometricLayer, PhotometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomGamma(PhotometricLayer):
    """Raise brightness to a power: `value ** gamma`, with black at 0 and white at 1.

    Use it for screens and cameras that show middle tones lighter (below 1) or darker (above 1).
    Unlike an offset it keeps black and white, so that nothing saturates. The executors agree but
    for one level in one of 10,000 table entries, because powers differ in their last bit. Source:
    `albumentations.RandomGamma`, whose unit is 1/100.

    Args:
        gamma: Range (low, high) of the power, 0.01 to 100; 1 changes nothing.
        **options: `value_range`, see `PhotometricLayer`, and `rate`, `seed`, `data_format` and
            `name`, see `AugmentationLayer`.

    Raises:
        TypeError: The range is no pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.array([0, 51, 255], "uint8").reshape(1, 1, 3, 1)
        >>> np.asarray(RandomGamma((2, 2))(image)).ravel()
        array([  0,  10, 255], dtype=uint8)
    """

    num_uniforms = 1

    def __init__(self, gamma: Range = (0.7, 1.4), **options: Unpack[PhotometricOptions]) -> None:
        super().__init__(**options)
        self.gamma = interval(
            self._named("gamma"), gamma, unit="powers of brightness", low=0.01, high=100
        )

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the power."""
        return {"gamma": self.gamma.at(u[:, 0])}

    def curve(self, p: Parameters, values: Tensor, xp: Any) -> Tensor:
        """Raise to the power; floats may lie a hair outside their range."""
        return xp.clip(values, 0, 1) ** p["gamma"][:, None, None]
