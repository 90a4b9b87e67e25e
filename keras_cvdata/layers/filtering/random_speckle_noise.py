"""Add noise that grows with brightness."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.kernels.hashing import seeds
from keras_cvdata.layers.forms import KernelLayer, PhotometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomSpeckleNoise(KernelLayer):
    """Add normally distributed noise in proportion to every value: `value * (1 + stddev * z)`.

    Use it for pictures by radar, ultrasound and laser. Black stays black. Every pixel and channel
    has its own z, which is that of `RandomGaussianNoise`; results saturate. Both executors agree
    within 1 level on uint8 and 1e-6 of the value range on floats. Source: Hendrycks and Dietterich
    2019, "Benchmarking neural network robustness to common corruptions and perturbations", which
    uses 0.15, 0.2, 0.35, 0.45 and 0.6.

    Args:
        stddev: Range (low, high) of the standard deviation as a share of each value, 0 to 2, or a
            fixed number; 0 changes nothing.
        **options: `value_range`, see `RangedLayer`, and `rate`, `seed`, `data_format` and `name`,
            see `AugmentationLayer`.

    Raises:
        TypeError: The range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.full((1, 64, 64, 3), 100, "uint8")
        >>> float(np.asarray(RandomSpeckleNoise(0.2, seed=7)(image)).std().round(-1))
        20.0
    """

    num_uniforms = 3
    kernel = "speckle_noise"

    def __init__(
        self, stddev: float | Range = (0.0, 0.3), **options: Unpack[PhotometricOptions]
    ) -> None:
        super().__init__(**options)
        self.stddev = interval(
            self._named("stddev"), stddev, unit="parts of a value", low=0, high=2, single="fixed"
        )

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the strength and the seed of the field."""
        return {"stddev": self.stddev.at(u[:, 0]), "seed": seeds(u[:, 1:3], xp)}
