"""Shake the camera."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.kernels.blur import line_weights
from keras_cvdata.layers.forms import KernelLayer, PhotometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomMotionBlur(KernelLayer):
    """Blur images along a straight line of random length and direction.

    Use it for cameras and things that move. A neighbour weighs 1 minus its distance from the line,
    and at least 0; the line joins the centres of its first and last pixel, and the weights are
    divided by their sum. The image is mirrored beyond its border. Both executors agree within 1
    level on uint8 and 1e-6 of the value range on floats. Source: Hendrycks and Dietterich 2019,
    "Benchmarking neural network robustness to common corruptions and perturbations".

    Args:
        length: Range (low, high) of the length in pixels, 1 to 31, or a fixed number; 1 changes
            nothing. In a model the time grows with the square of `high`.
        degrees: Range of the direction, counter-clockwise from the right, or a fixed number.
        **options: `value_range`, which is not needed here, and `rate`, `seed`, `data_format` and
            `name`, see `AugmentationLayer`.

    Raises:
        TypeError: A range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.array([0, 0, 255, 0, 0], "uint8").reshape(1, 1, 5, 1)
        >>> np.asarray(RandomMotionBlur(3, degrees=0)(image)).ravel()
        array([ 0, 85, 85, 85,  0], dtype=uint8)
    """

    num_uniforms = 2
    kernel = "motion_blur"
    needs_range = False

    def __init__(
        self,
        length: float | Range = (3, 9),
        degrees: float | Range = (0, 180),
        **options: Unpack[PhotometricOptions],
    ) -> None:
        super().__init__(**options)
        self.length = interval(
            self._named("length"), length, unit="pixels", low=1, high=31, single="fixed"
        )
        self.degrees = interval(
            self._named("degrees"), degrees, unit="degrees", low=-360, high=360, single="fixed"
        )

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw length and direction; the weights follow from them."""
        length, degrees = self.length.at(u[:, 0]), self.degrees.at(u[:, 1])
        weights = line_weights(length, degrees, self.length.high, xp)
        return {"length": length, "degrees": degrees, "weights": weights}
