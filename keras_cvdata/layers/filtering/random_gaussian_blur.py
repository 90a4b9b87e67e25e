"""Put images out of focus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.kernels.blur import gaussian_weights
from keras_cvdata.layers.forms import KernelLayer, PhotometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomGaussianBlur(KernelLayer):
    """Blur images by a Gaussian of random width: weights `exp(-d^2 / (2 sigma^2))` for distance d.

    Use it for photographs that are out of focus or were enlarged. The Gaussian is cut after 4
    sigmas, and the image mirrored beyond its border. There is no `kernel_size` as in Keras: its
    default of 3 pixels makes nearly the same blur of every sigma above 1. Both executors agree
    within 1 level on uint8 and 1e-6 of the value range on floats. Sources:
    `keras.layers.RandomGaussianBlur`, `torchvision.transforms.v2.GaussianBlur`.

    Args:
        sigma: Range (low, high) of the standard deviation in pixels, 0 to 20, or a fixed number; 0
            changes nothing.
        **options: `value_range`, which is not needed here, and `rate`, `seed`, `data_format` and
            `name`, see `AugmentationLayer`.

    Raises:
        TypeError: The range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.array([0, 0, 255, 0, 0], "uint8").reshape(1, 1, 5, 1)
        >>> np.asarray(RandomGaussianBlur(sigma=0.5)(image)).ravel()
        array([  0,  27, 201,  27,   0], dtype=uint8)
    """

    num_uniforms = 1
    kernel = "gaussian_blur"
    needs_range = False
    instead_of: ClassVar[Mapping[str, str]] = {
        "kernel_size": "The Gaussian is cut after 4 sigmas here; leave kernel_size out."
    }

    def __init__(
        self, *, sigma: float | Range = (0.1, 2.0), **options: Unpack[PhotometricOptions]
    ) -> None:
        super().__init__(**options)
        self.sigma = interval(
            self._named("sigma"), sigma, unit="pixels", low=0, high=20, single="fixed"
        )

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw sigma; the weights follow from it."""
        sigma = self.sigma.at(u[:, 0])
        return {"sigma": sigma, "weights": gaussian_weights(sigma, self.sigma.high, xp)}
