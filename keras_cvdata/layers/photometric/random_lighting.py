"""Change contrast and brightness."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import Interval, interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.layers.forms import PhotometricLayer, PhotometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomLighting(PhotometricLayer):
    """Multiply brightness by a gain and add an offset: `contrast * value + brightness`.

    Use it for scenes that are lit in different ways. Results saturate at black and white. Sources:
    R71, R77, X20, X23.

    Args:
        contrast: Range (low, high) of the gain, 0 and up; 1 changes nothing.
        brightness: Range of the offset in units of the value range, (low, high) or v for (-v, v):
            0.1 adds 25.5 to uint8 pixels.
        **options: `value_range`, see `PhotometricLayer`, and `rate`, `seed`, `data_format` and
            `name`, see `AugmentationLayer`.

    Raises:
        TypeError: A range is no pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.full((1, 2, 2, 1), 100, "uint8")
        >>> int(np.asarray(RandomLighting((0.5, 0.5), (0.2, 0.2))(image)).max())
        101
    """

    num_uniforms = 2

    def __init__(
        self,
        contrast: Range = (0.8, 1.2),
        brightness: float | Range = (-0.1, 0.1),
        **options: Unpack[PhotometricOptions],
    ) -> None:
        super().__init__(**options)
        self.contrast = interval(self._named("contrast"), contrast, unit="times", low=0, high=100)
        self.brightness = interval(
            self._named("brightness"),
            brightness,
            unit="value ranges",
            low=-1,
            high=1,
            single="symmetric",
        )
        acts = (self.contrast, self.brightness) != (Interval(1.0, 1.0), Interval(0.0, 0.0))
        self.undone_by_samplewise = acts

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw gain and offset."""
        return {"contrast": self.contrast.at(u[:, 0]), "brightness": self.brightness.at(u[:, 1])}

    def curve(self, p: Parameters, values: Tensor, xp: Any) -> Tensor:
        """Apply gain and offset."""
        return values * p["contrast"][:, None, None] + p["brightness"][:, None, None]
