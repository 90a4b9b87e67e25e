"""Take colour out of images by parts, in the units of Keras."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.colors import towards_gray
from keras_cvdata.layers.forms import ColorLayer, PhotometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomColorDegeneration(ColorLayer):
    """Move colours towards the grey of equal brightness: `x + f (gray - x)`.

    Use it to bring over a model that was built with Keras's layer; `RandomSaturation` says the same
    in other units. The grey is that of ITU-R 601. Source: `keras.layers.RandomColorDegeneration`.

    Args:
        factor: Range (low, high) of f, -1 to 1, or v for (-v, v): 0 changes nothing, 1 leaves grey,
            -1 doubles the distance from grey.
        **options: `value_range`, see `RangedLayer`, and `rate`, `seed`, `data_format` and `name`,
            see `AugmentationLayer`.

    Raises:
        TypeError: The range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range, or the images have no colours.

    Example:
        >>> import numpy as np
        >>> image = np.array([200, 100, 50], "uint8").reshape(1, 1, 1, 3)
        >>> np.asarray(RandomColorDegeneration((0.5, 0.5))(image)).ravel()
        array([162, 112,  87], dtype=uint8)
    """

    num_uniforms = 1

    def __init__(self, factor: float | Range = 0.3, **options: Unpack[PhotometricOptions]) -> None:
        super().__init__(**options)
        self.factor = interval(
            self._named("factor"), factor, unit="parts of 1", low=-1, high=1, single="symmetric"
        )

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the share of the distance from grey that is left."""
        return {"saturation": 1 - self.factor.at(u[:, 0])}

    def mix(self, p: Parameters, xp: Any) -> Tensor:
        """Blend with grey."""
        return towards_gray(p["saturation"], xp)
