"""Spatter images with water or mud."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import choice, interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.kernels.hashing import seeds
from keras_cvdata.engine.kernels.textures import exceeded_by
from keras_cvdata.layers.forms import KernelLayer, PhotometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomSpatter(KernelLayer):
    """Cover blots of images with water, which brightens them, or with mud.

    Blots are where a normally distributed field exceeds a limit; their edge is soft over 0.3
    standard deviations. With the share c by which a pixel is covered, mud makes `v + c * (mud - v)`
    of a value v, and water `v + c * r * water`, where r falls from 1 at the edge to 0.3 within.
    Colours are pale turquoise and brown on 3 and 4 channels, their brightness on others. A fourth
    channel stays. Both executors agree within 1 level on uint8 and 0.02 / 255 of the value range on
    floats. Source: Hendrycks and Dietterich 2019, "Benchmarking neural network robustness to common
    corruptions and perturbations", whose blots are blurred noise with embossed edges. Its
    severities have here, at 224 x 224 pixels, the (kind, cover, size, opacity) of ("water", 0.03,
    10, 0.3), ("water", 0.12, 7, 0.33), ("water", 0.21, 5, 0.33), ("mud", 0.13, 5, 1) and ("mud",
    0.21, 5, 1), which change as many pixels on photographs by about the same error.

    Args:
        cover: Range (low, high) of the share of the image that is covered, 0 to 1, or a fixed
            number; 0 changes nothing.
        size: Range of the distance of blots in pixels, 1 to 400, or a fixed number.
        opacity: Range of how much of the image they hide, 0 to 1, or a fixed number.
        kind: `"water"`, `"mud"` or `"either"`, each on every other image.
        **options: `value_range`, see `RangedLayer`, and `rate`, `seed`, `data_format` and `name`,
            see `AugmentationLayer`.

    Raises:
        TypeError: A range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.full((1, 64, 64, 3), 200, "uint8")
        >>> muddy = np.asarray(RandomSpatter(0.3, opacity=1.0, kind="mud", seed=7)(image))
        >>> muddy.min(axis=(0, 1, 2)).tolist(), muddy.max(axis=(0, 1, 2)).tolist()
        ([63, 42, 20], [200, 200, 200])
    """

    num_uniforms = 6
    kernel = "spatter"

    def __init__(
        self,
        cover: float | Range = (0.05, 0.25),
        *,
        size: float | Range = (5, 20),
        opacity: float | Range = (0.5, 1.0),
        kind: str = "either",
        **options: Unpack[PhotometricOptions],
    ) -> None:
        super().__init__(**options)
        self.cover = interval(
            self._named("cover"), cover, unit="shares", low=0, high=1, single="fixed"
        )
        self.size = interval(
            self._named("size"), size, unit="pixels", low=1, high=400, single="fixed"
        )
        self.opacity = interval(
            self._named("opacity"), opacity, unit="shares", low=0, high=1, single="fixed"
        )
        self.kind = choice(self._named("kind"), kind, ("water", "mud", "either"))

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw blots, kind and the seed of their places."""
        return {
            "limit": exceeded_by(self.cover.at(u[:, 0]), xp),
            "size": self.size.at(u[:, 1]),
            "opacity": self.opacity.at(u[:, 2]),
            "mud": u[:, 3] < {"water": 0.0, "mud": 1.0, "either": 0.5}[self.kind],
            "seed": seeds(u[:, 4:6], xp),
        }
