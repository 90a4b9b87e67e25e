"""Shift images."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.geometry.matrices import shift
from keras_cvdata.layers.forms import GeometricLayer, GeometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomTranslation(GeometricLayer):
    """Shift images down and across, by parts of a pixel too, and fill what they leave.

    Use it for objects that are not centred. It means what `keras.layers.RandomTranslation` means.
    Sources: R63, R92, X21, X30 (a black fill leaks which way round the colours are).

    Args:
        height_factor: Range of the shift down as a fraction of the height, (low, high) or v for
            (-v, v); negative is up.
        width_factor: Range of the shift to the right as a fraction of the width, likewise.
        **options: `fill_mode`, `fill_value`, `interpolation`, see `GeometricLayer`, and `rate`,
            `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        TypeError: A range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.arange(4, dtype="uint8").reshape(1, 1, 4, 1)
        >>> shifted = RandomTranslation(0, (0.25, 0.25), fill_mode="nearest")(image)
        >>> np.asarray(shifted)[0, 0, :, 0]
        array([0, 0, 1, 2], dtype=uint8)
    """

    num_uniforms = 2

    def __init__(
        self,
        height_factor: float | Range = 0.1,
        width_factor: float | Range = 0.1,
        **options: Unpack[GeometricOptions],
    ) -> None:
        super().__init__(**options)
        self.height_factor = interval(
            self._named("height_factor"),
            height_factor,
            unit="heights",
            low=-1,
            high=1,
            single="symmetric",
        )
        self.width_factor = interval(
            self._named("width_factor"),
            width_factor,
            unit="widths",
            low=-1,
            high=1,
            single="symmetric",
        )

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the shifts in pixels."""
        return {
            "dy": self.height_factor.at(u[:, 0]) * height,
            "dx": self.width_factor.at(u[:, 1]) * width,
        }

    def matrix(self, p: Parameters, height: Tensor, width: Tensor, xp: Any) -> Tensor:
        """Read from where the pixels came from."""
        return shift(-p["dx"], -p["dy"], xp)
