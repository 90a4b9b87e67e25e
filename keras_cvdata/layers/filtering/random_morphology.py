"""Thicken and thin strokes."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import whole_interval
from keras_cvdata.engine.array_api import Parameters, Tensor, cast
from keras_cvdata.layers.forms import KernelLayer, PhotometricOptions
from keras_cvdata.layers.uniforms import pick
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomMorphology(KernelLayer):
    """Make what is bright thicker (dilate) or thinner (erode) by whole pixels.

    Use it for handwriting: pens, brushes and crayons draw strokes of different width. Every value
    becomes the largest, or the smallest, within an octagon of that radius, which is a cross of 3 x
    3 pixels for 1. Nothing comes in from beyond the border. Both executors agree to the bit on
    uint8. Source: Serra 1982, "Image analysis and mathematical morphology".

    Args:
        pixels: Range (low, high) of whole numbers from -16 to 16, each as often, or a fixed one:
            2 makes a bright stroke 4 pixels thicker, -1 makes it 2 pixels thinner, and dark strokes
            the other way round; 0 changes nothing.
        **options: `value_range`, which is not needed here, and `rate`, `seed`, `data_format` and
            `name`, see `AugmentationLayer`.

    Raises:
        TypeError: The range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range or no whole number.

    Example:
        >>> import numpy as np
        >>> image = np.array([0, 0, 9, 9, 9, 0, 0], "uint8").reshape(1, 1, 7, 1)
        >>> for pixels in (1, -1):
        ...     np.asarray(RandomMorphology(pixels)(image)).ravel()
        array([0, 9, 9, 9, 9, 9, 0], dtype=uint8)
        array([0, 0, 0, 9, 0, 0, 0], dtype=uint8)
    """

    num_uniforms = 1
    kernel = "morphology"
    needs_range = False

    def __init__(
        self, pixels: int | Range = (-1, 1), **options: Unpack[PhotometricOptions]
    ) -> None:
        super().__init__(**options)
        self.pixels = whole_interval(self._named("pixels"), pixels, unit="pixels", low=-16, high=16)

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw how far and which way; steps of one pixel follow from it."""
        pixels = pick(self.pixels, u[:, 0], xp)
        most = int(max(abs(self.pixels.low), abs(self.pixels.high)))
        number = cast(xp.arange(most), "int32", xp)
        return {
            "sign": xp.where(pixels < 0, -1.0, 1.0),
            "steps": number[None, :] < xp.abs(pixels)[:, None],
        }
