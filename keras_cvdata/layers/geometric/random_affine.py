"""Rotate, scale, slant and shift images in one draw."""

from __future__ import annotations

import math
from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.geometry.matrices import about_centre, multiply, shift, turn
from keras_cvdata.layers.forms import GeometricLayer, GeometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomAffine(GeometricLayer):
    """Slant, scale, rotate and then shift images about their centre, in one step.

    Use it as a single layer for all changes of place that keep lines parallel. It does the same as
    the single layers in a row, which fuse as well. Source:
    `torchvision.transforms.v2.RandomAffine` (whose positive angles are clockwise, and whose slant
    is in degrees).

    Args:
        degrees: Range of the angle in degrees, (low, high) or v for (-v, v); positive is
            counter-clockwise.
        scale: Range (low, high) of the magnification; 1 keeps the size.
        shear: Range of the slant across, in pixels for each pixel of height, (low, high) or v for
            (-v, v), from -1 to 1; positive moves what is below to the right.
        height_factor: Range of the shift down as a fraction of the height, likewise.
        width_factor: Range of the shift to the right as a fraction of the width, likewise.
        **options: `fill_mode`, `fill_value`, `interpolation`, see `GeometricLayer`, and `rate`,
            `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        TypeError: A range is neither a number, where one is allowed, nor a pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.arange(12, dtype="uint8").reshape(1, 2, 2, 3)
        >>> turned = RandomAffine((90, 90), (1, 1), 0, 0, 0)(image)
        >>> bool((np.asarray(turned)[0] == np.rot90(image[0])).all())
        True
    """

    num_uniforms = 5

    def __init__(
        self,
        degrees: float | Range = 15,
        scale: Range = (0.9, 1.1),
        shear: float | Range = 0.1,
        height_factor: float | Range = 0.1,
        width_factor: float | Range = 0.1,
        **options: Unpack[GeometricOptions],
    ) -> None:
        super().__init__(**options)
        self.scale = interval(self._named("scale"), scale, unit="times", low=0.01, high=100)
        self.degrees, self.shear, self.height_factor, self.width_factor = (
            interval(self._named(name), value, unit=unit, low=-most, high=most, single="symmetric")
            for name, value, unit, most in (
                ("degrees", degrees, "degrees", 360),
                ("shear", shear, "pixels for each pixel of height", 1),
                ("height_factor", height_factor, "heights", 1),
                ("width_factor", width_factor, "widths", 1),
            )
        )

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the angle in degrees, magnification and slant, and the shifts in pixels."""
        return {
            "degrees": self.degrees.at(u[:, 0]),
            "scale": self.scale.at(u[:, 1]),
            "shear": self.shear.at(u[:, 2]),
            "dy": self.height_factor.at(u[:, 3]) * height,
            "dx": self.width_factor.at(u[:, 4]) * width,
        }

    def matrix(self, p: Parameters, height: Tensor, width: Tensor, xp: Any) -> Tensor:
        """Shift back, then turn back, shrink and slant back."""
        angle, step = p["degrees"] * (math.pi / 180), 1 / p["scale"]
        xx, xy, yx, yy = turn(xp.cos(angle), xp.sin(angle), (step, step))
        linear = (xx - p["shear"] * yx, xy - p["shear"] * yy, yx, yy)
        back = shift(-p["dx"], -p["dy"], xp)
        return multiply(about_centre(linear, height, width, xp), back, xp)
