"""Hide a rectangle of images."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import Interval, interval, is_number
from keras_cvdata.engine.array_api import Parameters, Tensor, cast
from keras_cvdata.engine.kernels.hashing import seeds
from keras_cvdata.layers.forms import KernelLayer, PhotometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomErasing(KernelLayer):
    """Cover a rectangle of random size and place with noise, or with one value.

    Use it for things that are partly hidden. Each side is `sqrt(s)` of that of the image, with its
    own s drawn from `scale`, so the share of the area lies in `scale` too; the place is drawn
    evenly. Keras's `factor` is `rate` here. Keras's noise leaves half of the values black; this one
    is spread evenly over the value range, as in the paper, and a hash of two drawn numbers, so
    both executors agree within 1 level on uint8 and 1e-6 of the value range on floats. Sources:
    Zhong et al. 2017, "Random erasing data augmentation"; `keras.layers.RandomErasing`.

    Args:
        scale: Range (low, high) of the share of the area, 0 to 1; a number s is (0, s).
        fill_value: What covers it, in units of the value range: 0 black, 1 white; `None` for noise
            of every pixel and channel.
        **options: `value_range`, which floats need unless `fill_value` is 0, and `rate`,
            `seed`, `data_format` and `name`, see `AugmentationLayer`.

    Raises:
        TypeError: The range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.full((1, 10, 10, 1), 255, "uint8")
        >>> int((np.asarray(RandomErasing(scale=(0.25, 0.25), fill_value=0)(image)) == 0).sum())
        25
    """

    num_uniforms = 6
    kernel = "erasing"

    def __init__(
        self,
        *,
        scale: float | Range = (0.02, 0.33),
        fill_value: float | None = None,
        **options: Unpack[PhotometricOptions],
    ) -> None:
        super().__init__(**options)
        ends = interval(self._named("scale"), scale, unit="shares", low=0, high=1, single="fixed")
        self.scale = Interval(0.0, ends.high) if is_number(scale) else ends
        if fill_value is not None:
            fill_value = interval(
                self._named("fill_value"),
                fill_value,
                unit="the value range",
                low=0,
                high=1,
                single="fixed",
            ).low
        self.fill_value = fill_value

    @property
    def needs_range(self) -> bool:
        """Whether it fills with something else than 0."""
        return self.fill_value != 0

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw sides and place, and the seed of the noise."""
        top, bottom = self._span(u[:, 0], u[:, 1], height, xp)
        left, right = self._span(u[:, 2], u[:, 3], width, xp)
        rectangle = xp.stack([top, left, bottom, right], axis=-1)
        if self.fill_value is None:
            return {"rectangle": rectangle, "seed": seeds(u[:, 4:6], xp)}
        return {"rectangle": rectangle, "fill": 0 * u[:, 4] + self.fill_value}

    def _span(self, size: Tensor, place: Tensor, length: Tensor, xp: Any) -> tuple[Tensor, Tensor]:
        """Place a whole number of pixels along a side."""
        covered = xp.floor(xp.sqrt(self.scale.at(size)) * length + 0.5)
        start = xp.minimum(xp.floor(place * (length - covered + 1)), length - covered)
        return cast(start, "int32", xp), cast(start + covered, "int32", xp)
