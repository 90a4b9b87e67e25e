"""Show images in coarse pixels."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import whole_interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.layers.forms import KernelLayer, PhotometricOptions
from keras_cvdata.layers.uniforms import pick
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomPixelate(KernelLayer):
    """Replace square blocks of pixels by their mean.

    Use it for pictures that were enlarged from a few pixels. Blocks begin at the upper left corner;
    those at the other ends may be cut. Both executors agree within 1 level on uint8 and 1e-6 of the
    value range on floats. Source: Hendrycks and Dietterich 2019, "Benchmarking neural network
    robustness to common corruptions and perturbations".

    Args:
        side: Range (low, high) of the side of a block in pixels, whole numbers from 1 to 256, each
            as often, or a fixed one; 1 changes nothing.
        **options: `value_range`, which is not needed here, and `rate`, `seed`, `data_format` and
            `name`, see `AugmentationLayer`.

    Raises:
        TypeError: The range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range or no whole number.

    Example:
        >>> import numpy as np
        >>> image = np.array([0, 10, 20, 40, 100], "uint8").reshape(1, 1, 5, 1)
        >>> np.asarray(RandomPixelate(2)(image)).ravel()
        array([  5,   5,  30,  30, 100], dtype=uint8)
    """

    num_uniforms = 1
    kernel = "pixelate"
    needs_range = False

    def __init__(self, side: int | Range = (2, 8), **options: Unpack[PhotometricOptions]) -> None:
        super().__init__(**options)
        self.side = whole_interval(self._named("side"), side, unit="pixels", low=1, high=256)

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the side of the blocks."""
        return {"side": pick(self.side, u[:, 0], xp)}
