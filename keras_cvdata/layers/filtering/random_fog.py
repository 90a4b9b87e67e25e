"""Lay fog over images."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.kernels.hashing import seeds
from keras_cvdata.layers.forms import KernelLayer, PhotometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomFog(KernelLayer):
    """Add clouds and dim the result: `(v + thickness * clouds) * m / (m + thickness)`.

    m is the brightest value of the image, v a value of 0 to 1. The clouds are the same for all
    channels, reach from 0 to 1 in every image, and are as large as it: diamond-square on a map of
    128 x 128 points, which is read linearly. A fourth channel stays. Both executors agree within 1
    level on uint8 and 1e-6 of the value range on floats. Source: Hendrycks and Dietterich 2019,
    "Benchmarking neural network robustness to common corruptions and perturbations", with
    (thickness, decay) of (1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5) and (3, 1.4); its map has a point
    for each of 224 x 224 pixels, and other random numbers.

    Args:
        thickness: Range (low, high) of how much brighter the clouds are than white, 0 to 10, or a
            fixed number; 0 changes nothing.
        decay: Range of the root of how much weaker clouds of half the size are, 1 to 4, or a fixed
            number: large ones make mist, small ones smoke.
        **options: `value_range`, see `RangedLayer`, and `rate`, `seed`, `data_format` and `name`,
            see `AugmentationLayer`.

    Raises:
        TypeError: A range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.full((1, 64, 64, 3), 255, "uint8")
        >>> foggy = np.asarray(RandomFog(1.0, seed=7)(image))
        >>> int(foggy.min()), int(foggy.max())
        (128, 255)
    """

    num_uniforms = 4
    kernel = "fog"

    def __init__(
        self,
        thickness: float | Range = (0.3, 1.5),
        decay: float | Range = (1.5, 2.0),
        **options: Unpack[PhotometricOptions],
    ) -> None:
        super().__init__(**options)
        self.thickness = interval(
            self._named("thickness"), thickness, unit="whites", low=0, high=10, single="fixed"
        )
        self.decay = interval(
            self._named("decay"), decay, unit="parts", low=1, high=4, single="fixed"
        )

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw thickness, smoothness and the seed of the clouds."""
        return {
            "thickness": self.thickness.at(u[:, 0]),
            "decay": self.decay.at(u[:, 1]),
            "seed": seeds(u[:, 2:4], xp),
        }
