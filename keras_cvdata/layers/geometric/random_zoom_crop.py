"""Zoom images about their centre."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.geometry.matrices import about_centre
from keras_cvdata.layers.forms import GeometricLayer, GeometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomZoomCrop(GeometricLayer):
    """Magnify the middle of images, or show more than the whole of them.

    Use it for objects that are photographed from different distances. The magnification is the same
    for both axes and means what it says (Keras's `zoom_range` means its inverse). Sources: R68,
    X19, X22.

    Args:
        magnification: Range (low, high): 1.3 shows the middle 1 / 1.3 of each side, 0.8 shrinks
            the image to 0.8 of each side and fills the rest.
        **options: `fill_mode`, `fill_value`, `interpolation`, see `GeometricLayer`, and `rate`,
            `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        TypeError: The range is no pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.zeros((1, 8, 8, 3), "uint8")
        >>> image[:, 2:6, 2:6] = 255
        >>> zoomed = RandomZoomCrop((2.0, 2.0), interpolation="nearest")(image)
        >>> int(np.asarray(zoomed).min())
        255
    """

    num_uniforms = 1

    def __init__(
        self, magnification: Range = (1.0, 1.3), **options: Unpack[GeometricOptions]
    ) -> None:
        super().__init__(**options)
        self.magnification = interval(
            self._named("magnification"), magnification, unit="times", low=0.01, high=100
        )
        self.keeps_inside = self.magnification.low >= 1

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the magnification."""
        return {"magnification": self.magnification.at(u[:, 0])}

    def matrix(self, p: Parameters, height: Tensor, width: Tensor, xp: Any) -> Tensor:
        """Take smaller steps from the centre."""
        step = 1 / p["magnification"]
        zero = xp.zeros_like(step)
        return about_centre((step, zero, zero, step), height, width, xp)
