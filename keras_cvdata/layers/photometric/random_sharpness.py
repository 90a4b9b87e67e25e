"""Make images sharper or softer."""

from __future__ import annotations

from typing import Any, Unpack

import keras

from keras_cvdata.arguments import interval
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.layers.forms import KernelLayer, PhotometricOptions
from keras_cvdata.types import Range


@keras.saving.register_keras_serializable(package="keras_cvdata")
class RandomSharpness(KernelLayer):
    """Move every pixel away from the mean of its surroundings, or towards it.

    `x + (2 f - 1) (x - smooth)`, where `smooth` is the mean of 3 x 3 pixels in which the middle one
    counts five times; the outermost pixels stay. Use it for lenses and for cameras that sharpen by
    themselves. The executors agree within one level on uint8 and 2e-6 of the value range on
    floats. Sources: `keras.layers.RandomSharpness`, whose pixels at the border mix with black;
    `PIL.ImageEnhance.Sharpness` and `torchvision.transforms.v2.functional.adjust_sharpness` at 2 f.

    Args:
        factor: Range (low, high) of f, 0 to 1, or v for (0, v): 0.5 changes nothing, 0 leaves the
            mean, 1 doubles the distance from it.
        **options: `value_range`, see `KernelLayer`, and `rate`, `seed`, `data_format` and `name`,
            see `AugmentationLayer`.

    Raises:
        TypeError: The range is neither a number nor a pair of numbers.
        ValueError: A value is out of its range.

    Example:
        >>> import numpy as np
        >>> image = np.zeros((1, 3, 3, 1), "uint8")
        >>> image[0, 1, 1] = 130
        >>> int(np.asarray(RandomSharpness((0, 0))(image))[0, 1, 1, 0])
        50
    """

    num_uniforms = 1
    kernel = "sharpness"

    def __init__(
        self, factor: float | Range = (0.25, 0.75), **options: Unpack[PhotometricOptions]
    ) -> None:
        super().__init__(**options)
        self.factor = interval(
            self._named("factor"), factor, unit="parts of 1", low=0, high=1, single="from zero"
        )

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw the share of the distance that is added."""
        return {"sharpness": 2 * self.factor.at(u[:, 0]) - 1}
