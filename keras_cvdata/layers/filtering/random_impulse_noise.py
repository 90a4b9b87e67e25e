"""Lose values on the way from the sensor."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval, probability
from keras_cvdata.engine.array_api import Parameters, Tensor, cast
from keras_cvdata.engine.kernels.hashing import seeds
from keras_cvdata.layers.forms import KernelLayer, PhotometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomImpulseNoise(KernelLayer):
    """Replace values at random by white or black: salt and pepper.

    Use it for dead pixels and errors of transmission. Every pixel and channel is decided by itself;
    the others stay as they are. The field is a hash of two numbers that are drawn for each image,
    and shares count in steps of 1/65,536; both executors agree to the bit on uint8. Source:
    Hendrycks and Dietterich 2019, "Benchmarking neural network robustness to common corruptions
    and perturbations", which replaces 0.03, 0.06, 0.09, 0.17 and 0.27 of all values.

    Args:
        amount: Range (low, high) of the share of values that are replaced, 0 to 1, or a fixed
            number; 0 changes nothing.
        salt: Which share of these becomes white, 0 to 1; the rest becomes black.
        **options: `value_range`, see `RangedLayer`, and `rate`, `seed`, `data_format` and `name`,
            see `AugmentationLayer`.

    Raises:
        TypeError: The range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.full((1, 64, 64, 3), 128, "uint8")
        >>> noisy = np.asarray(RandomImpulseNoise(0.2, seed=7)(image))
        >>> np.unique(noisy).tolist(), float((noisy != 128).mean().round(1))
        ([0, 128, 255], 0.2)
    """

    num_uniforms = 3
    kernel = "impulse_noise"

    def __init__(
        self,
        amount: float | Range = (0.0, 0.1),
        salt: float = 0.5,
        **options: Unpack[PhotometricOptions],
    ) -> None:
        super().__init__(**options)
        self.amount = interval(
            self._named("amount"), amount, unit="shares", low=0, high=1, single="fixed"
        )
        self.salt = probability(self._named("salt"), salt, "share")

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw how many of 65,536 values become white and black, and the seed of the field."""
        both = xp.floor(self.amount.at(u[:, 0]) * 65536 + 0.5)
        white = xp.floor(both * self.salt + 0.5)
        return {
            "salt": cast(white, "int32", xp),
            "pepper": cast(both - white, "int32", xp),
            "seed": seeds(u[:, 1:3], xp),
        }
