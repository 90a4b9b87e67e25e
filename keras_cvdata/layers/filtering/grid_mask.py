"""Hide squares of images in a regular grid."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor, cast
from keras_cvdata.layers.forms import KernelLayer, PhotometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class GridMask(KernelLayer):
    """Cover a regular grid of squares.

    Use it to make a model look at the whole of a thing. With a period of d pixels, squares of l
    pixels and the offsets a and b, the pixel in row y and column x is covered where
    `(y - a) mod d < l` and `(x - b) mod d < l`. All four are whole numbers drawn for each image, a
    and b from 0 to d - 1; the squares are not turned. Both executors agree to the bit on uint8.
    Source: Chen et al. 2020, "GridMask data augmentation".

    Args:
        unit: Range (low, high) of the period d as a share of the shorter side, above 0 to 1, or a
            fixed number; at least 2 pixels.
        ratio: Range of l as a share of d, 0 to 1, or a fixed number: 0.5 covers a quarter of the
            area, 0 changes nothing.
        fill_value: What covers the squares, in units of the value range: 0 black, 1 white.
        **options: `value_range`, which floats need unless `fill_value` is 0, and `rate`,
            `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        TypeError: A range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.full((1, 8, 8, 1), 255, "uint8")
        >>> int((np.asarray(GridMask(0.5, 0.5)(image)) == 0).sum())
        16
    """

    num_uniforms = 4
    kernel = "grid_mask"

    def __init__(
        self,
        unit: float | Range = (0.2, 0.5),
        ratio: float | Range = (0.3, 0.6),
        fill_value: float = 0.0,
        **options: Unpack[PhotometricOptions],
    ) -> None:
        super().__init__(**options)
        self.unit = interval(
            self._named("unit"), unit, unit="shares", low=1e-6, high=1, single="fixed"
        )
        self.ratio = interval(
            self._named("ratio"), ratio, unit="shares", low=0, high=1, single="fixed"
        )
        self.fill_value = interval(
            self._named("fill_value"),
            fill_value,
            unit="the value range",
            low=0,
            high=1,
            single="fixed",
        ).low

    @property
    def needs_range(self) -> bool:
        """Whether it fills with something else than 0."""
        return self.fill_value != 0

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw period, side of the squares and offsets."""
        shorter = cast(xp.minimum(height, width), "float32", xp)
        unit = xp.maximum(xp.floor(self.unit.at(u[:, 0]) * shorter + 0.5), 2.0)
        covered = xp.floor(self.ratio.at(u[:, 1]) * unit + 0.5)
        drawn = {"unit": unit, "covered": covered}
        for name, number in (("top", 2), ("left", 3)):
            drawn[name] = xp.minimum(xp.floor(u[:, number] * unit), unit - 1)
        p = {name: cast(value, "int32", xp) for name, value in drawn.items()}
        return p | {"fill": 0 * u[:, 0] + self.fill_value}
