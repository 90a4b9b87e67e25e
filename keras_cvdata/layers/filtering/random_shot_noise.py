"""Count photons."""

from __future__ import annotations

import math
from typing import Any, Unpack

import keras

from keras_cvdata.arguments import Interval, interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.kernels.hashing import seeds
from keras_cvdata.engine.kernels.noise import MOST_PHOTONS
from keras_cvdata.layers.forms import KernelLayer, PhotometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomShotNoise(KernelLayer):
    """Replace every value by a count of photons with that mean: `Poisson(photons v) / photons`.

    Use it for pictures taken in little light, whose bright parts are noisier than the dark ones: a
    value v of 0 to 1 gets noise of standard deviation `sqrt(v / photons)`. Results saturate. Counts
    are read from a table of 2,048 equally probable ones for each mean, by a hash of two numbers
    that are drawn for each image: their mean and variance are those of the Poisson law within 0.01
    photons and 3 %. Both executors agree within 1 level on uint8 and 1e-6 of the value range on
    floats, but for one value in a million, which may be off by a photon. Source: Hendrycks and
    Dietterich 2019, "Benchmarking neural network robustness to common corruptions and
    perturbations", which uses 60 to 3 photons.

    Args:
        photons: Range (low, high) of the mean count for white, 1 to 1000, drawn evenly on a
            logarithmic scale, or a fixed number; fewer make more noise.
        **options: `value_range`, see `RangedLayer`, and `rate`, `seed`, `data_format` and `name`,
            see `AugmentationLayer`.

    Raises:
        TypeError: The range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.full((1, 64, 64, 3), 51, "uint8")
        >>> noisy = np.asarray(RandomShotNoise(5, seed=7)(image))
        >>> np.unique(noisy).tolist(), float(noisy.mean().round(-1))
        ([0, 51, 102, 153, 204, 255], 50.0)
    """

    num_uniforms = 3
    kernel = "shot_noise"

    def __init__(
        self, photons: float | Range = (20, 200), **options: Unpack[PhotometricOptions]
    ) -> None:
        super().__init__(**options)
        self.photons = interval(
            self._named("photons"),
            photons,
            unit="photons",
            low=1,
            high=MOST_PHOTONS,
            single="fixed",
        )

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the strength and the seed of the field."""
        logarithms = Interval(math.log(self.photons.low), math.log(self.photons.high))
        return {"photons": xp.exp(logarithms.at(u[:, 0])), "seed": seeds(u[:, 1:3], xp)}
