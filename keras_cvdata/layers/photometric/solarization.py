"""Exchange black and white in the lights of an image."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import Interval, interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.layers.forms import PhotometricLayer, PhotometricOptions
from keras_cvdata.types import Range

# A threshold such as 0.5 of uint8 lies at 127.5 and one of 128 / 255 at 128: the division must not
# decide to which side a value belongs.
_SLACK = 0.5 / 65535


@keras.saving.register_keras_serializable(package="keras_cvdata")
class Solarization(PhotometricLayer):
    """Add a number to all values, then turn those from a threshold up into their negative.

    `y = min(value + addition, 1)`, then `1 - y` where `y >= threshold`. It is a strong change that
    policies use; by itself it teaches a model that bright and dark mean the same. Sources:
    `PIL.ImageOps.solarize`, `keras.layers.Solarization`, whose default inverts all values and
    which reads the lower end of a pair in other units than the higher one.

    Args:
        addition_factor: Range (low, high) of the addition, 0 to 1 in units of the value range, or
            v for (0, v).
        threshold_factor: Range (low, high) of the threshold, likewise: 0 inverts all values.
        **options: `value_range`, see `PhotometricLayer`, and `rate`, `seed`, `data_format` and
            `name`, see `AugmentationLayer`.

    Raises:
        TypeError: A range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.array([100, 200], "uint8").reshape(1, 1, 2, 1)
        >>> np.asarray(Solarization()(image)).ravel()
        array([100,  55], dtype=uint8)
    """

    num_uniforms = 2

    def __init__(
        self,
        addition_factor: float | Range = 0.0,
        threshold_factor: float | Range = (0.5, 0.5),
        **options: Unpack[PhotometricOptions],
    ) -> None:
        super().__init__(**options)
        self.addition_factor = self._share("addition_factor", addition_factor)
        self.threshold_factor = self._share("threshold_factor", threshold_factor)

    def _share(self, argument: str, value: float | Range) -> Interval:
        return interval(
            self._named(argument), value, unit="value ranges", low=0, high=1, single="from zero"
        )

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw addition and threshold."""
        return {
            "addition": self.addition_factor.at(u[:, 0]),
            "threshold": self.threshold_factor.at(u[:, 1]),
        }

    def curve(self, p: Parameters, values: Tensor, xp: Any) -> Tensor:
        """Add, then invert the lights."""
        added = xp.clip(values + p["addition"][:, None, None], 0, 1)
        return xp.where(added >= p["threshold"][:, None, None] - _SLACK, 1 - added, added)
