"""Draw with crayons, brushes and chalk."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.kernels.hashing import seeds
from keras_cvdata.layers.forms import KernelLayer, PhotometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomTexture(KernelLayer):
    """Let a grain show through what is bright: `value * (1 - depth * grain)`.

    Use it for strokes on paper, wood and canvas (R94), and for paper itself where the ink is dark.
    The grain goes from 0 to 1 with a mean of 0.5, and may be longer in one direction. A fourth
    channel stays. Both executors agree within 1 level on uint8 and 0.02 / 255 of the value range on
    floats.

    Args:
        depth: Range (low, high) of how much darker the grain makes, 0 to 1, or a fixed number; 0
            changes nothing.
        size: Range of the distance of grains in pixels, 1 to 400, or a fixed number.
        stretch: Range of how many times as long as wide they are, 1 to 50, or a fixed number.
        degrees: Range of their direction, counter-clockwise from the right, or a fixed number.
        **options: `value_range`, see `RangedLayer`, and `rate`, `seed`, `data_format` and `name`,
            see `AugmentationLayer`.

    Raises:
        TypeError: A range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.full((1, 64, 64, 1), 200, "uint8")
        >>> rough = np.asarray(RandomTexture(0.5, seed=7)(image))
        >>> int(rough.min()), int(rough.max())
        (100, 200)
    """

    num_uniforms = 6
    kernel = "texture"

    def __init__(
        self,
        depth: float | Range = (0.2, 0.6),
        *,
        size: float | Range = (1.5, 4),
        stretch: float | Range = (1, 4),
        degrees: float | Range = (0, 180),
        **options: Unpack[PhotometricOptions],
    ) -> None:
        super().__init__(**options)
        self.depth = interval(
            self._named("depth"), depth, unit="parts of a value", low=0, high=1, single="fixed"
        )
        self.size = interval(
            self._named("size"), size, unit="pixels", low=1, high=400, single="fixed"
        )
        self.stretch = interval(
            self._named("stretch"), stretch, unit="widths", low=1, high=50, single="fixed"
        )
        self.degrees = interval(
            self._named("degrees"), degrees, unit="degrees", low=-360, high=360, single="fixed"
        )

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the grain and the seed of its places."""
        names = ("depth", "size", "stretch", "degrees")
        p = {name: getattr(self, name).at(u[:, i]) for i, name in enumerate(names)}
        return {**p, "seed": seeds(u[:, 4:6], xp)}
