"""Put images out of the focus of a lens."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.kernels.blur import disc_weights
from keras_cvdata.layers.forms import KernelLayer, PhotometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomDefocusBlur(KernelLayer):
    """Blur images by a disc of random radius, as a lens does that is out of focus.

    Points of light become discs here and spots without an edge in `RandomGaussianBlur`. All pixels
    whose centre is within the radius weigh the same; then the disc is softened by a Gaussian over 3
    x 3 pixels. The image is mirrored beyond its border. Both executors agree within 1 level on
    uint8 and 1e-6 of the value range on floats. Source: Hendrycks and Dietterich 2019,
    "Benchmarking neural network robustness to common corruptions and perturbations", with (radius,
    softness) of (3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5) and (10, 0.5) at 224 x 224 pixels.

    Args:
        radius: Range (low, high) of the radius in pixels, 0 to 20, or a fixed number; below 1 the
            disc is one pixel. In a model the time grows with the square of `high`.
        softness: Range of the standard deviation of the Gaussian in pixels, 0 to 2, or a fixed
            number; 0 leaves a hard edge.
        **options: `value_range`, which is not needed here, and `rate`, `seed`, `data_format` and
            `name`, see `AugmentationLayer`.

    Raises:
        TypeError: A range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.zeros((1, 5, 5, 1), "uint8")
        >>> image[0, 2, 2] = 255
        >>> np.asarray(RandomDefocusBlur(1, softness=0)(image))[0, 1:4, 1:4, 0]
        array([[ 0, 51,  0],
               [51, 51, 51],
               [ 0, 51,  0]], dtype=uint8)
    """

    num_uniforms = 2
    kernel = "defocus_blur"
    needs_range = False

    def __init__(
        self,
        radius: float | Range = (1, 4),
        softness: float | Range = 0.5,
        **options: Unpack[PhotometricOptions],
    ) -> None:
        super().__init__(**options)
        self.radius = interval(
            self._named("radius"), radius, unit="pixels", low=0, high=20, single="fixed"
        )
        self.softness = interval(
            self._named("softness"), softness, unit="pixels", low=0, high=2, single="fixed"
        )

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw radius and softness; the weights follow from them."""
        radius, softness = self.radius.at(u[:, 0]), self.softness.at(u[:, 1])
        weights = disc_weights(radius, softness, self.radius.high, xp)
        return {"radius": radius, "softness": softness, "weights": weights}
