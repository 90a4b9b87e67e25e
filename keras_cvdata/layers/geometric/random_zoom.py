"""Zoom images in the units of Keras."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.geometry.matrices import about_centre
from keras_cvdata.layers.forms import GeometricLayer, GeometricOptions
from keras_cvdata.types import Range

_LEAST = -0.99


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomZoom(GeometricLayer):
    """Zoom images about their centre, in the units of Keras: negative zooms in.

    Use it to bring over a model that was built with Keras's layer; `RandomZoomCrop` says the same
    as a magnification. At factor f the image shows 1 + f of each side: 0.2 shows 1.2 of a side and
    fills the rest, -0.2 shows 0.8 of it. Source: `keras.layers.RandomZoom`.

    Args:
        height_factor: Range of the zoom of the height, (low, high) or v for (-v, v), from -0.99
            to 1.
        width_factor: Range of that of the width, likewise; `None` for that of the height, so that
            the aspect stays.
        **options: `fill_mode`, `fill_value`, `interpolation`, see `GeometricLayer`, and `rate`,
            `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        TypeError: A range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.zeros((1, 8, 8, 3), "uint8")
        >>> image[:, 2:6, 2:6] = 255
        >>> zoomed = RandomZoom((-0.5, -0.5), interpolation="nearest")(image)
        >>> int(np.asarray(zoomed).min())
        255
    """

    def __init__(
        self,
        height_factor: float | Range = 0.2,
        width_factor: float | Range | None = None,
        **options: Unpack[GeometricOptions],
    ) -> None:
        super().__init__(**options)
        self.height_factor, self.width_factor = (
            None
            if factor is None and name == "width_factor"
            else interval(
                self._named(name),
                factor,
                unit="sides",
                low=_LEAST,
                high=1,
                single="symmetric",
            )
            for name, factor in (("height_factor", height_factor), ("width_factor", width_factor))
        )
        self.num_uniforms = 1 if width_factor is None else 2

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the shares of both sides that are shown."""
        assert self.height_factor is not None
        down = 1 + self.height_factor.at(u[:, 0])
        across = down if self.width_factor is None else 1 + self.width_factor.at(u[:, 1])
        return {"down": down, "across": across}

    def matrix(self, p: Parameters, height: Tensor, width: Tensor, xp: Any) -> Tensor:
        """Take other steps from the centre."""
        zero = xp.zeros_like(p["down"])
        return about_centre((p["across"], zero, zero, p["down"]), height, width, xp)
