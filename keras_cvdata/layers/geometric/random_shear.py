"""Slant images."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import Interval, interval, is_number
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.geometry.matrices import about_centre
from keras_cvdata.layers.forms import GeometricLayer, GeometricOptions
from keras_cvdata.layers.uniforms import either_way
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomShear(GeometricLayer):
    """Slant images about their centre, to either side.

    Use it for handwriting and for objects that are seen from aside. Pixel (x, y), counted from the
    centre, is read from (x + s_x y, y + s_y x). Source: `keras.layers.RandomShear`, which slants
    about the top left corner and so shifts the image too, and draws one direction for both axes;
    here each axis has its own.

    Args:
        x_factor: Range (low, high) of how far the image is slanted across, in pixels for each
            pixel of height, 0 to 1; v for (0, v). The direction is drawn too. 0 where not given.
        y_factor: How far it is slanted down, in pixels for each pixel of width, likewise.
        **options: `fill_mode`, `fill_value`, `interpolation`, see `GeometricLayer`, and `rate`,
            `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        TypeError: A range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> line = np.zeros((1, 3, 3, 1), "uint8")
        >>> line[:, :, 1] = 9
        >>> slanted = np.asarray(RandomShear((1, 1), 0, fill_mode="constant")(line))[0, :, :, 0]
        >>> slanted[0].tolist() in ([9, 0, 0], [0, 0, 9]), slanted[1].tolist()
        (True, [0, 9, 0])
    """

    num_uniforms = 2

    def __init__(
        self,
        x_factor: float | Range = 0.0,
        y_factor: float | Range = 0.0,
        **options: Unpack[GeometricOptions],
    ) -> None:
        super().__init__(**options)
        self.x_factor = self._factor("x_factor", x_factor)
        self.y_factor = self._factor("y_factor", y_factor)

    def _factor(self, argument: str, value: Any) -> Interval:
        ends = (0, value) if is_number(value) else value
        return interval(self._named(argument), ends, unit="sides", low=0, high=1)

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw both slants, with their directions as signs."""
        return {
            "x": either_way(self.x_factor, u[:, 0], xp),
            "y": either_way(self.y_factor, u[:, 1], xp),
        }

    def matrix(self, p: Parameters, height: Tensor, width: Tensor, xp: Any) -> Tensor:
        """Read aside, in proportion to the distance from the centre."""
        one = xp.ones_like(p["x"])
        return about_centre((one, p["x"], p["y"], one), height, width, xp)
