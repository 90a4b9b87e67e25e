"""Throw a shadow over images."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.layers.forms import KernelLayer, PhotometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomShadow(KernelLayer):
    """Darken a strip across the image, as the shadow of a pole, a wall or a person does.

    The strip runs in a random direction at a random place. Where it covers a pixel by the share c,
    the value becomes `value * (1 - darkness * c)`; c falls linearly from 1 to 0 within `softness`
    across both edges, half of it outside. A fourth channel stays. Both executors agree within 1
    level on uint8 and 1e-6 of the value range on floats. Source: the shadows of
    `albumentations.RandomShadow`, which are polygons with a hard edge.

    Args:
        darkness: Range (low, high) of how much darker, 0 to 1, or a fixed number: 0.4 leaves 60 %
            of the light, 0 changes nothing.
        width: Range of the width of the strip in units of the shorter side, 0 to 2, or a fixed
            number.
        softness: Range of the width of its edges in that unit, above 0 to 1, or a fixed number.
        degrees: Range of the direction of the strip, clockwise from upright, or a fixed number.
        place: Range of how far the strip is from the centre of the image in that unit, -1 to 1,
            measured across it, or a fixed number.
        **options: `value_range`, see `RangedLayer`, and `rate`, `seed`, `data_format` and `name`,
            see `AugmentationLayer`.

    Raises:
        TypeError: A range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.full((1, 4, 4, 1), 200, "uint8")
        >>> shadow = RandomShadow(0.5, width=0.5, softness=0.01, degrees=0, place=0)
        >>> np.asarray(shadow(image))[0, 0, :, 0]
        array([200, 100, 100, 200], dtype=uint8)
    """

    num_uniforms = 5
    kernel = "shadow"

    def __init__(
        self,
        darkness: float | Range = (0.2, 0.6),
        *,
        width: float | Range = (0.2, 0.8),
        softness: float | Range = (0.02, 0.3),
        degrees: float | Range = (0, 180),
        place: float | Range = (-0.4, 0.4),
        **options: Unpack[PhotometricOptions],
    ) -> None:
        super().__init__(**options)
        shares: Any = {"unit": "shorter sides", "single": "fixed"}
        self.darkness = interval(
            self._named("darkness"),
            darkness,
            unit="parts of the light",
            low=0,
            high=1,
            single="fixed",
        )
        self.width = interval(self._named("width"), width, low=0, high=2, **shares)
        self.softness = interval(self._named("softness"), softness, low=1e-6, high=1, **shares)
        self.degrees = interval(
            self._named("degrees"), degrees, unit="degrees", low=-360, high=360, single="fixed"
        )
        self.place = interval(self._named("place"), place, low=-1, high=1, **shares)

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the strip."""
        names = ("darkness", "width", "softness", "degrees", "place")
        return {name: getattr(self, name).at(u[:, i]) for i, name in enumerate(names)}
