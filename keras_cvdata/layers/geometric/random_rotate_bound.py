"""Rotate images without clipping."""

from __future__ import annotations

import math
from typing import Any, Unpack

import keras

from keras_cvdata.arguments import choice, interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.geometry.matrices import about_centre, affine, turn
from keras_cvdata.layers.forms import GeometricLayer, GeometricOptions
from keras_cvdata.types import Range

_PRESETS: dict[str, Range] = {
    "dead-on": (-15.0, 15.0),
    "incline": (-30.0, 30.0),
    "small-object": (-180.0, 180.0),
}


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomRotateBound(GeometricLayer):
    """Rotate images about their centre so that nothing is cut off, at their own size.

    Use it for objects that are photographed at different angles. The rotated image has
    `height * |sin| + width * |cos|` columns and `height * |cos| + width * |sin|` rows; it is
    brought back to its old size in the same step. At multiples of 90 degrees the result equals
    `numpy.rot90`. Sources: R66, R67, X24, X25.

    Args:
        degrees: Range of the angle, (low, high) or v for (-v, v); positive is counter-clockwise.
            By default that of `preset`, or (-30, 30).
        preset: Instead of `degrees`: `"dead-on"` (15 degrees either way, for cameras that face the
            object), `"incline"` (30) or `"small-object"` (180, for things that lie any way round).
        fit: `"stretch"` fills the frame, and changes the aspect where height and width differ;
            `"letterbox"` keeps the aspect.
        method: `"exact"` turns about the centre of the pixels; `"imutils"` repeats the geometry of
            `imutils.rotate_bound` (centre at width / 2, whole sizes), which loses a column and a
            row, for those who must match old results.
        **options: `fill_mode`, `fill_value`, `interpolation`, see `GeometricLayer`, and `rate`,
            `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        TypeError: The range is no pair of numbers, or both `degrees` and `preset` are given.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.arange(12, dtype="uint8").reshape(1, 2, 2, 3)
        >>> turned = RandomRotateBound(degrees=(90, 90))(image)
        >>> bool((np.asarray(turned)[0] == np.rot90(image[0])).all())
        True
    """

    num_uniforms = 1

    def __init__(
        self,
        degrees: float | Range | None = None,
        *,
        preset: str | None = None,
        fit: str = "stretch",
        method: str = "exact",
        **options: Unpack[GeometricOptions],
    ) -> None:
        super().__init__(**options)
        if preset is not None:
            choice(self._named("preset"), preset, tuple(_PRESETS))
            if degrees is not None:
                raise TypeError(
                    f"{type(self).__name__} takes degrees or preset, not both; got "
                    f"degrees={degrees!r} and preset={preset!r}. Leave one out."
                )
        if degrees is None:
            degrees = _PRESETS[preset or "incline"]
        self.preset = preset
        self.degrees = interval(
            self._named("degrees"), degrees, unit="degrees", low=-360, high=360, single="symmetric"
        )
        self.fit = choice(self._named("fit"), fit, ("stretch", "letterbox"))
        self.method = choice(self._named("method"), method, ("exact", "imutils"))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor; a preset stands for its range."""
        config = super().get_config()
        return config | {"degrees": None} if self.preset else config

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the angle in degrees, counter-clockwise."""
        return {"degrees": self.degrees.at(u[:, 0])}

    def matrix(self, p: Parameters, height: Tensor, width: Tensor, xp: Any) -> Tensor:
        """Turn, with the frame widened to hold the whole image."""
        angle = p["degrees"] * (math.pi / 180)
        cosine, sine = xp.cos(angle), xp.sin(angle)
        tall = height * xp.abs(cosine) + width * xp.abs(sine)
        wide = height * xp.abs(sine) + width * xp.abs(cosine)
        if self.method == "imutils":
            tall, wide = xp.floor(tall), xp.floor(wide)
        down, across = tall / height, wide / width
        if self.fit == "letterbox":
            down = across = xp.maximum(down, across)
        linear = turn(cosine, sine, (down, across))
        if self.method == "exact":
            return about_centre(linear, height, width, xp)
        # The first output pixel, from the middle of the canvas whose corner imutils puts at (0, 0).
        x, y = (1 - width) / 2 * across - 0.5, (1 - height) / 2 * down - 0.5
        return affine(
            linear, width / 2 + cosine * x - sine * y, height / 2 + sine * x + cosine * y, xp
        )
