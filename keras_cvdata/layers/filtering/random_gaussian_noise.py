"""Add the noise of a sensor."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.kernels.hashing import seeds
from keras_cvdata.layers.forms import KernelLayer, PhotometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomGaussianNoise(KernelLayer):
    """Add normally distributed noise to every value: `value + stddev * z`.

    Use it for pictures taken at high sensitivity. Every pixel and channel has its own z, the whole
    image one standard deviation; results saturate. The field is a hash of two numbers that are
    drawn for each image, the same on threads and in models: both executors agree within 1 level on
    uint8 and 1e-6 of the value range on floats. z is one of 65,536 equally probable numbers and so
    stays within 4.33. Sources: `torchvision.transforms.v2.GaussianNoise`,
    `keras.layers.GaussianNoise`.

    Args:
        stddev: Range (low, high) of the standard deviation in units of the value range, 0 to 1, or
            a fixed number: 0.1 are 25.5 levels of uint8. 0 changes nothing.
        **options: `value_range`, see `RangedLayer`, and `rate`, `seed`, `data_format` and `name`,
            see `AugmentationLayer`.

    Raises:
        TypeError: The range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.full((1, 64, 64, 3), 128, "uint8")
        >>> float(np.asarray(RandomGaussianNoise(0.08, seed=7)(image)).std().round(-1))
        20.0
    """

    num_uniforms = 3
    kernel = "gaussian_noise"

    def __init__(
        self, stddev: float | Range = (0.0, 0.1), **options: Unpack[PhotometricOptions]
    ) -> None:
        super().__init__(**options)
        self.stddev = interval(
            self._named("stddev"), stddev, unit="value ranges", low=0, high=1, single="fixed"
        )

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the strength and the seed of the field."""
        return {"stddev": self.stddev.at(u[:, 0]), "seed": seeds(u[:, 1:3], xp)}
