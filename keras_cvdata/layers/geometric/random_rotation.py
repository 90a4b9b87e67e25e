"""Rotate images within their frame."""

from __future__ import annotations

import math
from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.geometry.matrices import about_centre, turn
from keras_cvdata.layers.forms import GeometricLayer, GeometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomRotation(GeometricLayer):
    """Rotate images about their centre at their own scale; the corners are cut off.

    Use it for small angles, or where the scale must stay; `RandomRotateBound` cuts nothing off.
    Sources: `keras.layers.RandomRotation` (which takes any order of the ends of a range; here the
    lower end comes first), X24, X25.

    Args:
        factor: Range of the angle in full turns, (low, high) or v for (-v, v); positive is
            counter-clockwise. By default (-1/12, 1/12), which is 30 degrees either way.
        degrees: The same in degrees, instead of `factor`.
        **options: `fill_mode`, `fill_value`, `interpolation`, see `GeometricLayer`, and `rate`,
            `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        TypeError: The range is no pair of numbers, or both `factor` and `degrees` are given.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.arange(12, dtype="uint8").reshape(1, 2, 2, 3)
        >>> turned = RandomRotation(factor=(0.25, 0.25))(image)
        >>> bool((np.asarray(turned)[0] == np.rot90(image[0])).all())
        True
    """

    num_uniforms = 1

    def __init__(
        self,
        factor: float | Range | None = None,
        *,
        degrees: float | Range | None = None,
        **options: Unpack[GeometricOptions],
    ) -> None:
        super().__init__(**options)
        if factor is not None and degrees is not None:
            raise TypeError(
                f"{type(self).__name__} takes factor or degrees, not both; got factor={factor!r} "
                f"and degrees={degrees!r}. Leave one out."
            )
        if degrees is None:
            factor = 1 / 12 if factor is None else factor
            name, value, unit, full = "factor", factor, "full turns", 1
        else:
            name, value, unit, full = "degrees", degrees, "degrees", 360
        ends = interval(
            self._named(name), value, unit=unit, low=-full, high=full, single="symmetric"
        )
        self.factor = ends if degrees is None else None
        self.degrees = ends if degrees is not None else None

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the angle in degrees, counter-clockwise."""
        if self.factor is not None:
            return {"degrees": self.factor.at(u[:, 0]) * 360}
        assert self.degrees is not None
        return {"degrees": self.degrees.at(u[:, 0])}

    def matrix(self, p: Parameters, height: Tensor, width: Tensor, xp: Any) -> Tensor:
        """Turn about the centre."""
        angle = p["degrees"] * (math.pi / 180)
        one = xp.ones_like(angle)
        return about_centre(turn(xp.cos(angle), xp.sin(angle), (one, one)), height, width, xp)
