"""Make images brighter or darker."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.layers.forms import PhotometricLayer, PhotometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomBrightness(PhotometricLayer):
    """Add one number to all values of an image: `value + b`.

    Use it for cameras that expose too long or too short. Results saturate at black and white.
    Sources: R71, X20, `keras.layers.RandomBrightness`.

    Args:
        factor: Range (low, high) of the offset in units of the value range, -1 to 1, or v for
            (-v, v): 0.1 adds 25.5 to uint8 pixels.
        **options: `value_range`, see `PhotometricLayer`, and `rate`, `seed`, `data_format` and
            `name`, see `AugmentationLayer`.

    Raises:
        TypeError: The range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.array([100, 250], "uint8").reshape(1, 1, 2, 1)
        >>> np.asarray(RandomBrightness((0.1, 0.1))(image)).ravel()
        array([126, 255], dtype=uint8)
    """

    num_uniforms = 1
    undone_by_samplewise = True

    def __init__(self, factor: float | Range = 0.2, **options: Unpack[PhotometricOptions]) -> None:
        super().__init__(**options)
        self.factor = interval(
            self._named("factor"), factor, unit="value ranges", low=-1, high=1, single="symmetric"
        )

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the offset."""
        return {"brightness": self.factor.at(u[:, 0])}

    def curve(self, p: Parameters, values: Tensor, xp: Any) -> Tensor:
        """Add the offset."""
        return values + p["brightness"][:, None, None]
